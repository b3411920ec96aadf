#include <stdio.h>

#include "lib/launch/deliver.h"
#include "tests/unit/expect.h"

static struct error err;
static struct variables variables;
static struct strings allowed;

static int add_one(const char *name, const char *value, const char *source)
{
	cleanup_secret struct secret_buffer bytes = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append_string(&bytes, value, &err), err);
	return variables_add(&variables, name, &bytes, source, &err);
}

static int check(void)
{
	for (size_t i = 0; i < variables.count; i++)
		if (env_check_variable(&variables.items[i], &allowed, &err) < 0)
			return -1;
	return 0;
}

static void clean(void)
{
	variables_free(&variables);
	strings_free(&allowed);
}

START_TEST(variables_keep_their_order_when_the_array_grows)
{
	char name[32];

	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "NAME_%d", i);
		expect_ok(add_one(name, name, "test"), err);
	}
	ck_assert_uint_eq(variables.count, 100);
	ck_assert_str_eq(variables.items[99].name, "NAME_99");
	expect_text(variables.items[42].value, "NAME_42");
	clean();
}
END_TEST

START_TEST(a_value_is_taken_over)
{
	struct secret_buffer value = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append_string(&value, "x", &err), err);
	expect_ok(variables_add(&variables, "A", &value, "test", &err), err);
	ck_assert_ptr_null(value.data);
	clean();
}
END_TEST

START_TEST(a_name_from_two_sources_is_an_error_that_names_both)
{
	expect_ok(add_one("A", "hunter2", "Secret demo/one"), err);
	expect_failure(add_one("A", "hunter3", "Secret demo/two"), err, ERROR_INVALID,
	    "variable A comes from both Secret demo/one and Secret demo/two");
	expect_lacks(err.message, "hunter");
	clean();
}
END_TEST

START_TEST(each_variable_is_found_by_its_name)
{
	char name[16];

	for (int i = 0; i < VARIABLES_MAX; i++) {
		snprintf(name, sizeof(name), "V%d", i);
		expect_ok(add_one(name, name, "many"), err);
	}
	for (int i = 0; i < VARIABLES_MAX; i++) {
		snprintf(name, sizeof(name), "V%d", i);
		if (variables_find(&variables, name) != &variables.items[i])
			ck_abort_msg("%s is not found", name);
	}
	ck_assert_ptr_null(variables_find(&variables, "V10000"));
	clean();
	ck_assert_ptr_null(variables_find(&variables, "V1"));
}
END_TEST

static struct variables stronger;

/* A=1 and B=2 from one source, B=3 and C=4 from a stronger one. */
static void two_sources(void)
{
	struct secret_buffer value = SECRET_BUFFER_INIT;

	expect_ok(add_one("A", "1", "Secret demo/one"), err);
	expect_ok(add_one("B", "2", "Secret demo/one"), err);
	expect_ok(secret_buffer_append_string(&value, "3", &err), err);
	expect_ok(variables_add(&stronger, "B", &value, "Secret demo/two", &err), err);
	expect_ok(secret_buffer_append_string(&value, "4", &err), err);
	expect_ok(variables_add(&stronger, "C", &value, "Secret demo/two", &err), err);
}

START_TEST(with_override_the_stronger_source_replaces_a_variable)
{
	two_sources();
	expect_ok(variables_merge(&variables, &stronger, true, &err), err);
	ck_assert_uint_eq(variables.count, 3);
	ck_assert_uint_eq(stronger.count, 0);
	ck_assert_str_eq(variables.items[1].name, "B");
	expect_text(variables.items[1].value, "3");
	ck_assert_str_eq(variables.items[1].source, "Secret demo/two");
	expect_text(variables.items[0].value, "1");
	expect_text(variables.items[2].value, "4");
	clean();
}
END_TEST

START_TEST(without_override_a_duplicate_name_is_an_error)
{
	two_sources();
	expect_failure(variables_merge(&variables, &stronger, false, &err), err, ERROR_INVALID,
	    "variable B comes from both Secret demo/one and Secret demo/two");
	variables_free(&stronger);
	clean();
}
END_TEST

static void digest_of(const char *const *pairs, uint8_t digest[VARIABLES_DIGEST_SIZE])
{
	static const uint8_t key[VARIABLES_DIGEST_SIZE] = "a key";

	for (; *pairs; pairs += 2)
		expect_ok(add_one(pairs[0], pairs[1], "test"), err);
	expect_ok(variables_digest(&variables, key, digest, &err), err);
	clean();
}

static const struct {
	const char *a[5], *b[5];
	bool same;
} digests[] = {
    {{"A", "1", "B", "2"}, {"B", "2", "A", "1"}, true},
    {{"A", "1", "B", "2"}, {"A", "1", "B", "3"}, false},
    {{"A", "1", "B", "2"}, {"A", "2", "B", "1"}, false},
    {{"A", "1", "B", "2"}, {"A", "1"}, false},
    {{"A", "1"}, {"a", "1"}, false},
    {{"A", "12"}, {"A1", "2"}, false},
    {{"A", ""}, {NULL}, false},
};

START_TEST(equal_names_and_values_have_the_same_digest)
{
	uint8_t a[VARIABLES_DIGEST_SIZE], b[VARIABLES_DIGEST_SIZE];

	digest_of(digests[_i].a, a);
	digest_of(digests[_i].b, b);
	ck_assert_int_eq(memcmp(a, b, sizeof(a)) == 0, digests[_i].same);
}
END_TEST

START_TEST(the_digest_depends_on_its_key)
{
	static const uint8_t one[VARIABLES_DIGEST_SIZE] = "1", two[VARIABLES_DIGEST_SIZE] = "2";
	uint8_t a[VARIABLES_DIGEST_SIZE], b[VARIABLES_DIGEST_SIZE];

	expect_ok(add_one("A", "1", "test"), err);
	expect_ok(variables_digest(&variables, one, a, &err), err);
	expect_ok(variables_digest(&variables, two, b, &err), err);
	ck_assert_mem_ne(a, b, sizeof(a));
	clean();
}
END_TEST

static const char *const good_names[] = {"A", "_", "a1", "DB_HOST", "_9", "lower"};

START_TEST(too_many_variables_are_refused)
{
	char name[16];

	for (int i = 0; i < VARIABLES_MAX; i++) {
		snprintf(name, sizeof(name), "V%d", i);
		expect_ok(add_one(name, "", "many"), err);
	}
	expect_failure(
	    add_one("ONE_MORE", "", "Secret demo/app"), err, ERROR_TOO_LARGE, "Secret demo/app");
	ck_assert_uint_eq(variables.count, VARIABLES_MAX);
}
END_TEST

START_TEST(a_good_name_passes)
{
	ck_assert(variable_valid_name(good_names[_i]));
	expect_ok(add_one(good_names[_i], "1", "test"), err);
	expect_ok(check(), err);
	clean();
}
END_TEST

static const char *const bad_names[] = {
    "", "1A", "A B", "A-B", "tls.crt", "A=B", "A\n", "\xC3\x84", "A;"};

START_TEST(a_bad_name_is_refused)
{
	ck_assert(!variable_valid_name(bad_names[_i]));
	expect_ok(add_one(bad_names[_i], "hunter2", "Secret demo/app"), err);
	expect_failure(check(), err, ERROR_INVALID, "is not a valid environment variable name");
	expect_contains(err.message, "Secret demo/app");
	expect_lacks(err.message, "hunter2");
	clean();
}
END_TEST

static const char *const dangerous_names[] = {"LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT",
    "GCONV_PATH", "BASH_ENV", "ENV", "PYTHONPATH", "NODE_OPTIONS", "JAVA_TOOL_OPTIONS", "PERL5OPT",
    "PATH", "IFS", "GLIBC_TUNABLES", "BASH_FUNC_x", "RUBYOPT", "OPENSSL_CONF", "SSLKEYLOGFILE",
    "IBM_JAVA_OPTIONS", "PYTHONPYCACHEPREFIX", "GIT_CONFIG_COUNT", "ZDOTDIR",
    "DOTNET_ADDITIONAL_DEPS", "ASPNETCORE_HOSTINGSTARTUPASSEMBLIES", "aspnetcore_urls",
    "LOGGING_CONFIG", "LOG4J_CONFIGURATION_FILE", "SPRING_APPLICATION_JSON", "SPRING_CONFIG_IMPORT",
    "SPRING_DATASOURCE_URL", "LOADER_PATH", "OTEL_JAVAAGENT_EXTENSIONS", "ODBCINI", "ODBCSYSINI",
    "SASL_PATH", "MAGICK_CODER_MODULE_PATH", "OMP_TOOL_LIBRARIES", "CUDA_INJECTION64_PATH",
    "PIP_INDEX_URL", "PIP_CONFIG_FILE", "CARGO_BUILD_RUSTC_WRAPPER", "RUSTC_WRAPPER", "GOFLAGS",
    "GOTOOLCHAIN", "CGO_CFLAGS", "UV_INDEX", "POETRY_REPOSITORIES_X_URL", "UWSGI_PLUGIN",
    "DJANGO_SETTINGS_MODULE", "FLASK_APP", "AIRFLOW__CORE__SQL_ALCHEMY_CONN_CMD",
    "RUBYGEMS_GEMDEPS", "BUNDLE_BIN_PATH", "YARN_RC_FILENAME", "DENO_CERT",
    "PRISMA_QUERY_ENGINE_LIBRARY", "KAFKA_OPTS", "APP_OPTS", "SPARK_CONF_DIR", "JULIA_LOAD_PATH",
    "R_LIBS", "ERL_FLAGS", "PHP_INI_SCAN_DIR", "XDEBUG_CONFIG", "HSA_TOOLS_LIB", "NCCL_NET_PLUGIN",
    "OMPI_MCA_mca_base_component_path", "UCX_MODULE_DIR", "_RJEM_MALLOC_CONF",
    "ASAN_SYMBOLIZER_PATH", "QEMU_SET_ENV", "TAR_OPTIONS", "RSYNC_RSH", "MAKEFLAGS", "PS1",
    "LESSKEYIN", "SSH_SK_PROVIDER", "DBUS_SESSION_BUS_ADDRESS", "GTK_MODULES", "QT_PLUGIN_PATH",
    "SDL_DYNAMIC_API", "KRB5_TRACE", "LDAPTLS_CACERT", "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CA_BUNDLE", "CLOUDSDK_PYTHON", "DOCKER_CONFIG", "TF_CLI_CONFIG_FILE", "ANSIBLE_LIBRARY",
    "HELM_PLUGINS", "ORACLE_HOME", "TNS_ADMIN", "MYAPP_PLUGIN_PATH", "LAMBDA_EXEC_WRAPPER",
    "TMPDIR", "all_proxy", "Https_Proxy", "Npm_Config_Script_Shell", "NPM_config_node_options",
    "Spring_Config_Import", "logging_config", "AspNetCore_Urls", "DotNet_Startup_Hooks"};

START_TEST(a_dangerous_name_is_refused_unless_it_is_meant)
{
	expect_ok(add_one(dangerous_names[_i], "x", "test"), err);
	expect_failure(check(), err, ERROR_INVALID, "--allow-env");
	expect_ok(strings_append(&allowed, dangerous_names[_i], &err), err);
	expect_ok(check(), err);
	clean();
}
END_TEST

/* Credentials and settings that Secrets usually hold. */
static const char *const harmless_names[] = {"DB_PASSWORD", "PGPASSWORD", "PGHOST", "DATABASE_URL",
    "REDIS_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    "SPRING_DATASOURCE_PASSWORD", "SPRING_DATASOURCE_USERNAME", "CARGO_REGISTRY_TOKEN", "NPM_TOKEN",
    "NODE_ENV", "NODE_AUTH_TOKEN", "GOOGLE_API_KEY", "OTEL_EXPORTER_OTLP_HEADERS", "RUST_LOG",
    "SSH_PRIVATE_KEY", "MYSQL_ROOT_PASSWORD", "RELEASE_COOKIE", "FLASK_SECRET_KEY", "GIT_TOKEN",
    "DJANGO_SECRET_KEY", "SECRET_KEY_BASE", "VK_APP_ID", "DD_API_KEY", "NEW_RELIC_LICENSE_KEY",
    "SENTRY_DSN", "ANSIBLE_VAULT_PASSWORD", "DOCKER_PASSWORD", "TF_VAR_x", "JWT_SECRET",
    "STRIPE_KEY", "SASL_PASSWORD", "KAFKA_SASL_JAAS_CONFIG", "QUARKUS_DATASOURCE_PASSWORD",
    "GODADDY_KEY", "COMPOSER_AUTH", "BUNDLE_GEMS__EXAMPLE__COM", "PULUMI_ACCESS_TOKEN",
    "JAVA_KEYSTORE_PASSWORD", "spring_datasource_password", "npm_config_token"};

START_TEST(a_usual_name_passes)
{
	expect_ok(add_one(harmless_names[_i], "x", "test"), err);
	expect_ok(check(), err);
	clean();
}
END_TEST

START_TEST(a_harmless_likeness_passes)
{
	expect_ok(add_one("LD", "x", "test"), err);
	expect_ok(add_one("MYPATH", "x", "test"), err);
	expect_ok(add_one("PATHS", "x", "test"), err);
	expect_ok(add_one("ENVIRONMENT", "x", "test"), err);
	expect_ok(add_one("GIT_TOKEN", "x", "test"), err);
	expect_ok(check(), err);
	clean();
}
END_TEST

static const struct {
	const char *bytes, *problem;
} binary[] = {{"z\0b", "contains a NUL byte"}, {"\xFFzz", "is binary"}, {"z\xC3(", "is binary"}};

START_TEST(a_binary_value_is_refused_and_told_where_to_go)
{
	struct secret_buffer value = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append(&value, binary[_i].bytes, 3, &err), err);
	expect_ok(variables_add(&variables, "KEY", &value, "Secret demo/app", &err), err);
	expect_failure(check(), err, ERROR_INVALID, "Secret demo/app: the value of KEY ");
	expect_contains(err.message, binary[_i].problem);
	expect_contains(err.message, "--file KEY=PATH, --memfd KEY or --fd N=KEY");
	expect_lacks(err.message, "z");
	clean();
}
END_TEST

/* "A=", the value and its NUL are to be 128 KiB at the most. */
START_TEST(a_value_is_bounded_to_the_byte)
{
	size_t size = ENV_STRING_MAX - 3 + (size_t)_i;
	struct secret_buffer value = SECRET_BUFFER_INIT;
	char *text = malloc(size);

	memset(text, 'x', size);
	expect_ok(secret_buffer_append(&value, text, size, &err), err);
	free(text);
	expect_ok(variables_add(&variables, "A", &value, "test", &err), err);
	if (_i == 0)
		expect_ok(check(), err);
	else
		expect_failure(check(), err, ERROR_TOO_LARGE, "or --fd N=A");
	clean();
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_test(tests, variables_keep_their_order_when_the_array_grows);
	tcase_add_test(tests, a_value_is_taken_over);
	tcase_add_test(tests, a_name_from_two_sources_is_an_error_that_names_both);
	tcase_add_test(tests, too_many_variables_are_refused);
	tcase_add_test(tests, each_variable_is_found_by_its_name);
	tcase_add_test(tests, with_override_the_stronger_source_replaces_a_variable);
	tcase_add_test(tests, without_override_a_duplicate_name_is_an_error);
	tcase_add_loop_test(tests, equal_names_and_values_have_the_same_digest, 0, COUNT(digests));
	tcase_add_test(tests, the_digest_depends_on_its_key);
	tcase_add_loop_test(tests, a_good_name_passes, 0, COUNT(good_names));
	tcase_add_loop_test(tests, a_bad_name_is_refused, 0, COUNT(bad_names));
	tcase_add_loop_test(
	    tests, a_dangerous_name_is_refused_unless_it_is_meant, 0, COUNT(dangerous_names));
	tcase_add_loop_test(tests, a_usual_name_passes, 0, COUNT(harmless_names));
	tcase_add_test(tests, a_harmless_likeness_passes);
	tcase_add_loop_test(
	    tests, a_binary_value_is_refused_and_told_where_to_go, 0, COUNT(binary));
	tcase_add_loop_test(tests, a_value_is_bounded_to_the_byte, 0, 2);
}

int main(void)
{
	return run_tests("variables", add);
}
