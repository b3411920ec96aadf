/* connection_options: the options for Vault and the Kubernetes API, which all programs share. */
#ifndef CMD_CONNECTION_OPTIONS_H
#define CMD_CONNECTION_OPTIONS_H

#include <stddef.h>

#include "lib/base/options.h"
#include "lib/vault/session.h"

/* `type` is the program's configuration, with the members program, vault, session and kube. */
#define VAULT_OPTIONS(type)                                                                        \
	{.section = "Vault",                                                                       \
	    .usual = true,                                                                         \
	    .name = "vault-addr",                                                                  \
	    .kind = OPTION_STRING,                                                                 \
	    .argument = "URL",                                                                     \
	    .content = CONTENT_URL,                                                                \
	    .offset = offsetof(type, vault.address),                                               \
	    .environment = "VAULT_ADDR,BAO_ADDR,VAULT_URL",                                        \
	    .help = "URL of Vault"},                                                               \
	    {.usual = true,                                                                        \
		.name = "vault-cacert",                                                            \
		.kind = OPTION_STRING,                                                             \
		.argument = "FILE",                                                                \
		.offset = offsetof(type, vault.ca_file),                                           \
		.environment = "VAULT_CACERT,BAO_CACERT",                                          \
		.help = "CA certificate of Vault's TLS"},                                          \
	    {.name = "vault-cacert-bytes",                                                         \
		.kind = OPTION_STRING,                                                             \
		.argument = "PEM",                                                                 \
		.offset = offsetof(type, vault.ca_pem),                                            \
		.environment = "VAULT_CACERT_BYTES,BAO_CACERT_BYTES",                              \
		.help = "CA certificates as PEM text"},                                            \
	    {.name = "vault-capath",                                                               \
		.kind = OPTION_STRING,                                                             \
		.argument = "DIR",                                                                 \
		.offset = offsetof(type, vault.ca_directory),                                      \
		.environment = "VAULT_CAPATH,BAO_CAPATH",                                          \
		.help = "folder of CA certificates"},                                              \
	    {.name = "vault-client-cert",                                                          \
		.kind = OPTION_STRING,                                                             \
		.argument = "FILE",                                                                \
		.offset = offsetof(type, vault.certificate_file),                                  \
		.environment = "VAULT_CLIENT_CERT,BAO_CLIENT_CERT",                                \
		.help = "client certificate for Vault's TLS"},                                     \
	    {.name = "vault-client-key",                                                           \
		.kind = OPTION_STRING,                                                             \
		.argument = "FILE",                                                                \
		.offset = offsetof(type, vault.key_file),                                          \
		.environment = "VAULT_CLIENT_KEY,BAO_CLIENT_KEY",                                  \
		.help = "key of the client certificate"},                                          \
	    {.name = "vault-tls-server-name",                                                      \
		.kind = OPTION_STRING,                                                             \
		.argument = "NAME",                                                                \
		.offset = offsetof(type, vault.tls_server_name),                                   \
		.environment = "VAULT_TLS_SERVER_NAME,BAO_TLS_SERVER_NAME",                        \
		.help = "name that Vault's certificate must contain"},                             \
	    {.name = "vault-skip-verify",                                                          \
		.kind = OPTION_FLAG,                                                               \
		.offset = offsetof(type, vault.skip_verify),                                       \
		.environment = "VAULT_SKIP_VERIFY,BAO_SKIP_VERIFY",                                \
		.help = "do not verify Vault's TLS (never in production)"},                        \
	    {.name = "vault-namespace",                                                            \
		.kind = OPTION_STRING,                                                             \
		.argument = "NAME",                                                                \
		.offset = offsetof(type, vault.namespace),                                         \
		.environment = "VAULT_NAMESPACE,BAO_NAMESPACE",                                    \
		.help = "namespace within Vault"},                                                 \
	    {.name = "vault-proxy-addr",                                                           \
		.kind = OPTION_STRING,                                                             \
		.argument = "URL",                                                                 \
		.content = CONTENT_URL,                                                            \
		.offset = offsetof(type, vault.proxy),                                             \
		.environment = "VAULT_PROXY_ADDR,BAO_PROXY_ADDR,VAULT_HTTP_PROXY",                 \
		.help = "proxy to Vault (default HTTPS_PROXY and NO_PROXY)"},                      \
	    {.name = "vault-timeout",                                                              \
		.kind = OPTION_DURATION,                                                           \
		.argument = "TIME",                                                                \
		.offset = offsetof(type, vault.timeout_ms),                                        \
		.environment = "VAULT_CLIENT_TIMEOUT,BAO_CLIENT_TIMEOUT",                          \
		.help = "time limit of a request to Vault (default 30s)"},                         \
	    {.section = "Login to Vault",                                                          \
		.name = "auth-method",                                                             \
		.kind = OPTION_STRING,                                                             \
		.argument = "METHOD",                                                              \
		.offset = offsetof(type, session.method),                                          \
		.environment = "VAULT_AUTH_METHOD,BAO_AUTH_METHOD",                                \
		.help =                                                                            \
		    "kubernetes (default), jwt or token (default if one is set), approle, cert"},  \
	    {.name = "auth-mount",                                                                 \
		.kind = OPTION_STRING,                                                             \
		.argument = "PATH",                                                                \
		.offset = offsetof(type, session.auth_mount),                                      \
		.help = "mount path of the auth method (default its name)"},                       \
	    {.usual = true,                                                                        \
		.name = "role",                                                                    \
		.kind = OPTION_STRING,                                                             \
		.argument = "NAME",                                                                \
		.offset = offsetof(type, session.role),                                            \
		.environment = "VAULT_ROLE,BAO_ROLE",                                              \
		.help = "role of the login (not for approle)"},                                    \
	    {.name = "jwt-env",                                                                    \
		.kind = OPTION_STRING,                                                             \
		.argument = "NAME",                                                                \
		.offset = offsetof(type, session.jwt_variable),                                    \
		.help = "jwt: variable with the JWT, such as an ID token of CI"},                  \
	    {.name = "vault-jwt",                                                                  \
		.kind = OPTION_ENVIRONMENT,                                                        \
		.offset = offsetof(type, session.jwt),                                             \
		.environment = "VAULT_JWT,BAO_JWT",                                                \
		.help = "jwt: the JWT"},                                                           \
	    {.name = "actions-id-token-request-url",                                               \
		.kind = OPTION_ENVIRONMENT,                                                        \
		.offset = offsetof(type, session.github_url),                                      \
		.environment = VAULT_GITHUB_URL,                                                   \
		.shared = true,                                                                    \
		.help = "jwt: URL for a JWT, set by GitHub Actions"},                              \
	    {.name = "actions-id-token-request-token",                                             \
		.kind = OPTION_ENVIRONMENT,                                                        \
		.offset = offsetof(type, session.github_token),                                    \
		.environment = VAULT_GITHUB_TOKEN,                                                 \
		.shared = true,                                                                    \
		.help = "jwt: token for that URL, set by GitHub Actions"},                         \
	    {.name = "jwt-file",                                                                   \
		.kind = OPTION_STRING,                                                             \
		.argument = "FILE",                                                                \
		.offset = offsetof(type, session.jwt_file),                                        \
		.help =                                                                            \
		    "kubernetes, jwt: the JWT (default token in the service account's folder)"},   \
	    {.name = "service-account",                                                            \
		.kind = OPTION_STRING,                                                             \
		.argument = "NAME",                                                                \
		.offset = offsetof(type, session.service_account),                                 \
		.help =                                                                            \
		    "kubernetes, jwt: ask the Kubernetes API for a JWT of this service account"},  \
	    {.name = "audience",                                                                   \
		.kind = OPTION_STRING,                                                             \
		.argument = "NAME",                                                                \
		.offset = offsetof(type, session.audience),                                        \
		.help = "audience to request for a JWT, or that a JWT must have"},                 \
	    {.name = "token-lifetime",                                                             \
		.kind = OPTION_DURATION,                                                           \
		.argument = "TIME",                                                                \
		.offset = offsetof(type, session.jwt_lifetime_ms),                                 \
		.help = "lifetime of a JWT of --service-account (default 10m, the minimum)"},      \
	    {.name = "role-id",                                                                    \
		.kind = OPTION_STRING,                                                             \
		.argument = "ID",                                                                  \
		.offset = offsetof(type, session.role_id),                                         \
		.environment = "VAULT_ROLE_ID,BAO_ROLE_ID",                                        \
		.help = "approle: the role id"},                                                   \
	    {.name = "secret-id-file",                                                             \
		.kind = OPTION_STRING,                                                             \
		.argument = "FILE",                                                                \
		.offset = offsetof(type, session.secret_id_file),                                  \
		.environment = "VAULT_SECRET_ID_FILE,BAO_SECRET_ID_FILE",                          \
		.help = "approle: file with the secret id"},                                       \
	    {.name = "vault-secret-id",                                                            \
		.kind = OPTION_ENVIRONMENT,                                                        \
		.offset = offsetof(type, session.secret_id),                                       \
		.environment = "VAULT_SECRET_ID,BAO_SECRET_ID",                                    \
		.help = "approle: the secret id"},                                                 \
	    {.name = "token-file",                                                                 \
		.kind = OPTION_STRING,                                                             \
		.argument = "FILE",                                                                \
		.offset = offsetof(type, session.token_file),                                      \
		.environment = "VAULT_TOKEN_FILE,BAO_TOKEN_FILE",                                  \
		.help = "token: file with the token, such as a Vault Agent's sink"},               \
	    {.name = "vault-token",                                                                \
		.kind = OPTION_ENVIRONMENT,                                                        \
		.offset = offsetof(type, session.token),                                           \
		.environment = "VAULT_TOKEN,BAO_TOKEN",                                            \
		.help = "token: the token, neither limited nor revoked"},                          \
	{                                                                                          \
		.name = "max-token-ttl", .kind = OPTION_DURATION, .argument = "TIME",              \
		.offset = offsetof(type, session.max_token_ttl_ms),                                \
		.help = "reject a token with a longer TTL (default 10s)"                           \
	}

#define KUBE_OPTIONS(type)                                                                         \
	{.section = "Kubernetes",                                                                  \
	    .usual = true,                                                                         \
	    .name = "namespace",                                                                   \
	    .letter = 'n',                                                                         \
	    .kind = OPTION_STRING,                                                                 \
	    .argument = "NAME",                                                                    \
	    .offset = offsetof(type, kube.namespace),                                              \
	    .help = "namespace (default the pod's, or the context's)"},                            \
	    {.name = "kubeconfig",                                                                 \
		.kind = OPTION_STRING,                                                             \
		.argument = "FILE",                                                                \
		.offset = offsetof(type, kube.kubeconfig),                                         \
		.environment = "KUBECONFIG",                                                       \
		.shared = true,                                                                    \
		.help = "kubeconfig file (default in-cluster, else ~/.kube/config)"},              \
	    {.name = "context",                                                                    \
		.kind = OPTION_STRING,                                                             \
		.argument = "NAME",                                                                \
		.offset = offsetof(type, kube.context),                                            \
		.help = "context of the kubeconfig"},                                              \
	{                                                                                          \
		.name = "service-account-dir", .kind = OPTION_STRING, .argument = "DIR",           \
		.offset = offsetof(type, kube.service_account_directory),                          \
		.environment = "SECRETMANAGER_SERVICE_ACCOUNT_DIR",                                \
		.help = "folder of the pod's token, CA and namespace"                              \
	}

/* Options of messages and help, also for commands that use no server. */
#define MESSAGE_OPTIONS(type)                                                                      \
	{.name = "log-format",                                                                     \
	    .kind = OPTION_STRING,                                                                 \
	    .argument = "text|json",                                                               \
	    .offset = offsetof(type, program.log_format),                                          \
	    .help = "format of messages"},                                                         \
	    {.name = "verbose",                                                                    \
		.letter = 'v',                                                                     \
		.kind = OPTION_FLAG,                                                               \
		.offset = offsetof(type, program.verbose),                                         \
		.help = "more messages (never a secret)"},                                         \
	    {.usual = true,                                                                        \
		.name = "help",                                                                    \
		.letter = 'h',                                                                     \
		.kind = OPTION_HELP,                                                               \
		.help = "show the usual options, or with --help=all every option, and exit"},      \
	{                                                                                          \
		.usual = true, .name = "version", .kind = OPTION_VERSION,                          \
		.help = "show the version and exit"                                                \
	}

#define COMMON_OPTIONS(type, default_timeout, default_retries)                                     \
	{.section = "General",                                                                     \
	    .name = "timeout",                                                                     \
	    .kind = OPTION_DURATION,                                                               \
	    .argument = "TIME",                                                                    \
	    .offset = offsetof(type, program.timeout_ms),                                          \
	    .help = "time limit of the whole run (default " default_timeout ")"},                  \
	    {.name = "retries",                                                                    \
		.kind = OPTION_NUMBER,                                                             \
		.argument = "N",                                                                   \
		.offset = offsetof(type, program.retries),                                         \
		.help = "retries of a request after a temporary failure (default " default_retries \
			")"},                                                                      \
	    MESSAGE_OPTIONS(type)

/* For programs without commands; program_start handles it. */
#define COMPLETION_OPTION(type)                                                                    \
	{                                                                                          \
		.name = "completion", .kind = OPTION_COMMAND_LINE, .argument = "bash|zsh|fish",    \
		.offset = offsetof(type, program.completion),                                      \
		.help = "print a shell's completion script, and exit"                              \
	}

#endif
