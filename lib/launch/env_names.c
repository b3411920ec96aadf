/* env_names: names of environment variables that can make programs run other code. */
#include <fnmatch.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "lib/launch/deliver.h"

/*
 * Patterns of fnmatch(3).  Permission to write a Secret must not become permission to run code in
 * the application.
 */
static const char *const dangerous[] = {
    /* the loader, the C library, allocators, sanitizers and profilers */
    "LD_*", "GCONV_PATH", "GETCONF_DIR", "GLIBC_TUNABLES", "HOSTALIASES", "LOCALDOMAIN", "LOCPATH",
    "I18NPATH", "MALLOC_*", "NIS_PATH", "NLSPATH", "RESOLV_HOST_CONF", "RES_OPTIONS", "TZDIR",
    "TMPDIR", "TERMINFO*", "TERMCAP", "*MALLOC_CONF", "MALLOCSTATS", "TCMALLOC_*", "MIMALLOC_*",
    "SCUDO_OPTIONS", "HEAPPROFILE*", "CPUPROFILE*", "HEAPCHECK*", "PERFTOOLS_*", "*SAN_OPTIONS",
    "*SYMBOLIZER_PATH", "LLVM_PROFILE_FILE", "GCOV_*", "GMON_OUT_PREFIX", "LTTNG_*", "VALGRIND_*",
    "QEMU_*", "FAKEROOT*", "FAKECHROOT*", "*PRELOAD", "*LIBRARY_PATH", "*_PLUGIN_PATH",
    "*_PLUGIN_DIR", "*_PLUGINS_PATH", "*_PLUGINS_DIR", "*_MODULE_PATH", "*_WRAPPER",
    /* shells and the programs that they start */
    "PATH", "SHELL", "IFS", "ENV", "CDPATH", "GLOBIGNORE", "PS0", "PS1", "PS2", "PS3", "PS4",
    "PROMPT*", "RPROMPT", "SHELLOPTS", "BASH*", "ZDOTDIR", "FPATH", "KSH*", "XONSHRC", "HISTFILE",
    "INPUTRC", "FCEDIT", "LESS*", "*EDITOR", "VISUAL", "*PAGER", "BROWSER", "VIM", "VIMRUNTIME",
    "VIMINIT", "GVIMINIT", "EXINIT", "NVIM_*", "EMACS*", "*ASKPASS", "SCREENRC", "WGETRC",
    "SYSTEM_WGETRC", "LYNX_CFG", "MAILRC", "TAR_OPTIONS", "ZIPOPT", "UNZIPOPT", "UNZIP", "RSYNC_*",
    "CVS_RSH", "SVN_SSH", "HGRCPATH", "HGEDITOR", "SSH_SK_*", "SSH_PKCS11_HELPER",
    /* builds */
    "MAKEFLAGS", "GNUMAKEFLAGS", "MFLAGS", "MAKEFILES", "CC", "CXX", "CPP", "CFLAGS", "CXXFLAGS",
    "LDFLAGS", "CMAKE_*", "CCACHE_*", "DISTCC_*", "PKG_CONFIG*", "ACLOCAL_PATH", "CARGO_*",
    "RUSTC*", "RUSTFLAGS", "RUSTDOC*", "RUSTUP_*", "CGO_*", "GOFLAGS", "GOPATH", "GOROOT", "GOENV",
    "GOPROXY", "GOSUMDB", "GONOSUM*", "GONOPROXY", "GOINSECURE", "GOTOOL*", "GOBIN", "GOVCS",
    "GOAUTH", "GOWORK", "GOCACHE*", "GOCOVERDIR", "GOTRACEBACK", "GODEBUG", "GHC*", "CABAL_*",
    "STACK_YAML", "OCAML*", "CAML*", "ZIG_*", "CRYSTAL_*", "DUB_*", "NIX_*", "GUIX_*",
    /* Python and programs that run it */
    "PYTHON*", "PIP_*", "PIPENV_*", "POETRY_*", "PDM_*", "UV_*", "CONDA_*", "MAMBA_*",
    "VIRTUAL_ENV", "VIRTUALENV_*", "SETUPTOOLS_*", "DISTUTILS_*", "IPYTHONDIR", "JUPYTER_CONFIG_*",
    "JUPYTER_PATH", "MPLCONFIGDIR", "MPLBACKEND", "PYTEST_*", "TOX_*", "UWSGI_*",
    "GUNICORN_CMD_ARGS", "UVICORN_*", "HYPERCORN_*", "CELERY_APP", "CELERY_CONFIG_MODULE",
    "CELERY_LOADER", "DJANGO_SETTINGS_MODULE", "SCRAPY_*", "FLASK_APP", "FLASK_DEBUG", "FLASK_ENV",
    "AIRFLOW_CONFIG", "AIRFLOW__*_CMD", "NUMBA_*", "TRITON_*", "TORCHINDUCTOR_*",
    /* Ruby, Perl, PHP, Lua, Tcl, R, Julia, Erlang and others */
    "RUBY*", "GEM_*", "BUNDLE_GEMFILE", "BUNDLE_PATH", "BUNDLE_BIN*", "BUNDLE_APP_CONFIG",
    "BUNDLE_CONFIG", "BUNDLE_USER_*", "BUNDLE_PLUGIN*", "BUNDLER_*", "BOOTSNAP_*", "IRBRC",
    "TRUFFLERUBYOPT", "PERL*", "PAR_*", "PHPRC", "PHP_INI*", "XDEBUG_*", "COMPOSER",
    "COMPOSER_VENDOR_DIR", "COMPOSER_BIN_DIR", "LUA_*", "LUAROCKS_*", "TCL*", "TK_LIBRARY",
    "GUILE_*", "R_*", "JULIA_*", "OCTAVE_*", "ERL_*", "ERLC_*", "ELIXIR_*", "IEX_*", "MIX_*",
    "REBAR_*", "ROOTDIR", "BINDIR", "RELEASE_*_ARGS", "RELEASE_VM_*", "RELEASE_SYS_*",
    "RELEASE_BOOT_*", "RELEASE_ROOT", "RELEASE_MODE", "DART_VM_*",
    /* JavaScript */
    "NODE_OPTIONS", "NODE_PATH", "NODE_REPL_*", "NODE_EXTRA_CA_CERTS", "NODE_TLS_*",
    "NODE_V8_COVERAGE", "NODE_ICU_DATA", "NODE_CHANNEL_*", "NODE_COMPILE_CACHE",
    "NODE_REDIRECT_WARNINGS", "NODE_PRESERVE_SYMLINKS*", "NPX_*", "YARN_*", "PNPM_*", "COREPACK_*",
    "DENO_*", "BUN_*", "TS_NODE_*", "BABEL_*", "PM2_*", "ELECTRON_*", "PRISMA_*", "PUPPETEER_*",
    "PLAYWRIGHT_*",
    /* Java and programs that run on it */
    "*JAVA_OPTS", "*JAVA_OPTIONS", "JAVA_OPTS*", "JAVA_TOOL_OPTIONS", "JAVA_ARGS", "JAVA_MAIN_*",
    "JAVA_AGENT*", "JAVA_APP_*", "JAVA_LIB_DIR", "JDK_*", "JVM_*", "*JVM_OPTIONS", "*_OPTS",
    "*CLASSPATH", "JBOSS_*", "CATALINA_*", "ANT_*", "MAVEN_*", "GRADLE_*", "SBT_*", "CLJ_*",
    "SPARK_*", "HADOOP_*", "LOG4J*", "log4j*", "LOGBACK_*", "LOADER_*", "MICRONAUT_CONFIG_*",
    "MICRONAUT_ENVIRONMENTS", "QUARKUS_CONFIG_*", "QUARKUS_LAUNCH*", "QUARKUS_PROFILE",
    "SMALLRYE_CONFIG_*", "OTEL_JAVAAGENT_*",
    /* .NET */
    "COMPlus_*", "CORECLR_*", "COR_*", "NUGET_*", "MSBUILD*", "MONO_*", "OTEL_DOTNET_AUTO_*",
    /* instrumentation, GPUs, MPI */
    "OTEL_PYTHON_*", "OTEL_NODE_*", "OTEL_PHP_*", "OTEL_CONFIG_FILE", "OTEL_EXPERIMENTAL_CONFIG_*",
    "DD_DOTNET_*", "DD_TRACE_*_FILE", "NEW_RELIC_CONFIG_FILE", "ELASTIC_APM_CONFIG_FILE",
    "OMP_TOOL*", "OMPT_*", "LIBOMPTARGET_*", "CUDA_INJECTION*", "NVTX_INJECTION*", "CUPTI_*",
    "NSYS_*", "NCCL_*", "NVSHMEM_*", "UCX_*", "UCC_*", "OMPI_*", "PMIX_*", "PRTE_*", "OPAL_*",
    "ORTE_*", "MPICH_*", "I_MPI_*", "HYDRA_*", "MV2_*", "FI_PROVIDER_PATH", "RDMAV_DRIVERS",
    "IBV_*", "HSA_*", "ROCP*", "ROCTRACER_*", "HIP_*", "ZE_*", "ZET_*", "SYCL_*", "ONEAPI_*",
    "INTEL_LIBITTNOTIFY*", "INTEL_JIT_PROFILER*", "SCOREP_*", "TAU_*", "EXTRAE_*", "PAPI_*",
    /* TLS, Kerberos and directory libraries */
    "OPENSSL_*", "SSLKEYLOGFILE", "SSL_CERT_FILE", "SSL_CERT_DIR", "*CA_BUNDLE",
    "HTTPLIB2_CA_CERTS", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "GNUTLS_*", "NSS_*", "P11_KIT_*",
    "PKCS11_MODULE*", "SOFTHSM2_CONF", "GNUPGHOME", "GSS_*", "KRB5*", "SASL_PATH", "SASL_CONF_PATH",
    "LDAPCONF", "LDAPRC", "LDAPTLS_*", "CARES_HOSTS",
    /* databases */
    "ODBC*", "TNS_ADMIN", "PGSERVICEFILE", "PGSYSCONFDIR", "PGPASSFILE", "PGOPTIONS", "PGSSLKEY",
    "LIBMYSQL_*", "MYSQL_TEST_LOGIN_FILE", "MARIADB_PLUGIN_DIR", "FREETDS*", "TDSDUMP*", "SYBASE*",
    /* version control, clouds, containers */
    "GIT_CONFIG*", "GIT_SSH*", "GIT_EXEC_PATH", "GIT_PROXY_*", "GIT_EXTERNAL_DIFF",
    "GIT_TEMPLATE_DIR", "GIT_DIR", "GIT_COMMON_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_*", "GIT_ALLOW_PROTOCOL", "GIT_SSL_*", "GIT_TRACE*",
    "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_ENDPOINT_URL*", "BOTO_CONFIG",
    "BOTO_PATH", "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES", "CLOUDSDK_*", "AZURE_CONFIG_DIR",
    "AZURE_EXTENSION_*", "KUBECONFIG", "KUBECTL_*", "HELM_*", "DOCKER_CONFIG", "DOCKER_HOST",
    "CONTAINERS_*CONF*", "TF_CLI_*", "TF_PLUGIN_*", "TF_DATA_DIR", "TF_REATTACH_*",
    "TERRAFORM_CONFIG", "ANSIBLE_*",
    /* desktop, media and document libraries */
    "DBUS_*", "GIO_*", "GI_TYPELIB_PATH", "GSETTINGS_*", "GTK_*", "GTK2_*", "GDK_*", "QT_*", "QML*",
    "GST_PLUGIN*", "GST_REGISTRY*", "LIBVA_*", "VDPAU_*", "LIBGL_*", "MESA_*", "VK_DRIVER_FILES",
    "VK_ICD_FILENAMES", "VK_LAYER_*", "VK_ADD_*", "VK_INSTANCE_*", "VK_LOADER_*", "__EGL_*",
    "__GLX_*", "EGL_*", "OCL_ICD_*", "OPENCL_*", "LADSPA_PATH", "LV2_PATH", "FREI0R_PATH",
    "FFREPORT", "ALSA_*", "PULSE_*", "SDL_*DYNAMIC_API", "FONTCONFIG_*", "MAGICK_*", "GS_LIB",
    "GS_OPTIONS", "GDAL_*", "OGR_*", "HDF5_*", "ASPELL_CONF", "TEXINPUTS", "TEXMF*", "APACHE_*",
    /* directories where programs look for their configuration */
    "HOME", "JAVA_HOME", "JRE_HOME", "CURL_HOME", "AIRFLOW_HOME", "NEW_RELIC_HOME", "M2_HOME",
    "ORACLE_HOME", "SCALA_HOME", "GROOVY_HOME", "KOTLIN_HOME", "HIVE_HOME", "KAFKA_HOME",
    "SBCL_HOME", "COMPOSER_HOME", "CUDA_HOME", "XDG_CONFIG_*", "XDG_DATA_*"};

/* Compared without case, because npm, Spring Boot, .NET and Python ignore the case of these. */
static const char *const dangerous_in_any_case[] = {"npm_*", "spring_*", "spring.*",
    "logging.config", "logging_config", "dotnet_*", "aspnetcore_*", "*_proxy"};

/* Endings of names of credentials, compared without case.  They do not make programs run code. */
static const char *const harmless_ends[] = {
    "PASSWORD", "PASSPHRASE", "TOKEN", "USERNAME", "_API_KEY", "_SECRET", ".secret"};

static bool name_ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static bool is_credential(const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < sizeof(harmless_ends) / sizeof(harmless_ends[0]); i++) {
		size_t end_length = strlen(harmless_ends[i]);

		if (length >= end_length &&
		    strcasecmp(name + length - end_length, harmless_ends[i]) == 0)
			return true;
	}
	return false;
}

/* Return whether the name matches.  Use fnmatch only where necessary, because it is slow. */
static bool pattern_matches(const char *pattern, const char *name)
{
	if (*pattern == '*' && !strchr(pattern + 1, '*'))
		return name_ends_with(name, pattern + 1);
	return (*pattern == *name || *pattern == '*') && fnmatch(pattern, name, 0) == 0;
}

bool env_name_is_dangerous(const char *name)
{
	if (is_credential(name))
		return false;
	for (size_t i = 0; i < sizeof(dangerous) / sizeof(dangerous[0]); i++)
		if (pattern_matches(dangerous[i], name))
			return true;
	for (size_t i = 0; i < sizeof(dangerous_in_any_case) / sizeof(*dangerous_in_any_case); i++)
		if (fnmatch(dangerous_in_any_case[i], name, FNM_CASEFOLD) == 0)
			return true;
	return false;
}
