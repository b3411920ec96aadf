/* connection_options: the options by which all programs reach Vault and the Kubernetes API. */
#ifndef CMD_CONNECTION_OPTIONS_H
#define CMD_CONNECTION_OPTIONS_H

#include <stddef.h>

#include "lib/base/options.h"
#include "lib/vault/session.h"

/* `type` is the program's configuration; program, vault, session and kube are its members. */
#define VAULT_OPTIONS(type)                                                                        \
	{.section = "Vault",                                                                       \
	    .name = "vault-addr",                                                                  \
	    .kind = OPTION_STRING,                                                                 \
	    .argument = "URL",                                                                     \
	    .offset = offsetof(type, vault.address),                                               \
	    .environment = "VAULT_ADDR,BAO_ADDR,VAULT_URL",                                        \
	    .help = "where Vault is"},                                                             \
	    {.name = "vault-cacert",                                                               \
		.kind = OPTION_STRING,                                                             \
		.argument = "FILE",                                                                \
		.offset = offsetof(type, vault.ca_file),                                           \
		.environment = "VAULT_CACERT,BAO_CACERT",                                          \
		.help = "CA certificate that Vault's TLS is verified with"},                       \
	    {.name = "vault-cacert-bytes",                                                         \
		.kind = OPTION_STRING,                                                             \
		.argument = "PEM",                                                                 \
		.offset = offsetof(type, vault.ca_pem),                                            \
		.environment = "VAULT_CACERT_BYTES,BAO_CACERT_BYTES",                              \
		.help = "the same, as text"},                                                      \
	    {.name = "vault-capath",                                                               \
		.kind = OPTION_STRING,                                                             \
		.argument = "DIR",                                                                 \
		.offset = offsetof(type, vault.ca_directory),                                      \
		.environment = "VAULT_CAPATH,BAO_CAPATH",                                          \
		.help = "the same, as a folder"},                                                  \
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
		.help = "its key"},                                                                \
	    {.name = "vault-tls-server-name",                                                      \
		.kind = OPTION_STRING,                                                             \
		.argument = "NAME",                                                                \
		.offset = offsetof(type, vault.tls_server_name),                                   \
		.environment = "VAULT_TLS_SERVER_NAME,BAO_TLS_SERVER_NAME",                        \
		.help = "the name that Vault's certificate must hold"},                            \
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
		.offset = offsetof(type, vault.proxy),                                             \
		.environment = "VAULT_PROXY_ADDR,BAO_PROXY_ADDR,VAULT_HTTP_PROXY",                 \
		.help = "proxy to Vault; else HTTPS_PROXY and NO_PROXY count"},                    \
	    {.name = "vault-timeout",                                                              \
		.kind = OPTION_DURATION,                                                           \
		.argument = "TIME",                                                                \
		.offset = offsetof(type, vault.timeout_ms),                                        \
		.environment = "VAULT_CLIENT_TIMEOUT,BAO_CLIENT_TIMEOUT",                          \
		.help = "limit for one request to Vault (default 30s)"},                           \
	    {.section = "Login to Vault",                                                          \
		.name = "auth-method",                                                             \
		.kind = OPTION_STRING,                                                             \
		.argument = "METHOD",                                                              \
		.offset = offsetof(type, session.method),                                          \
		.environment = "VAULT_AUTH_METHOD,BAO_AUTH_METHOD",                                \
		.help = "kubernetes (default), jwt, approle, cert, or token (default if given)"},  \
	    {.name = "auth-mount",                                                                 \
		.kind = OPTION_STRING,                                                             \
		.argument = "PATH",                                                                \
		.offset = offsetof(type, session.auth_mount),                                      \
		.help = "where the auth method is mounted (default its name)"},                    \
	    {.name = "role",                                                                       \
		.kind = OPTION_STRING,                                                             \
		.argument = "NAME",                                                                \
		.offset = offsetof(type, session.role),                                            \
		.environment = "VAULT_ROLE,BAO_ROLE",                                              \
		.help = "role to log in with (not approle)"},                                      \
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
		.help = "audience of that JWT (default the API server's own)"},                    \
	    {.name = "token-lifetime",                                                             \
		.kind = OPTION_DURATION,                                                           \
		.argument = "TIME",                                                                \
		.offset = offsetof(type, session.jwt_lifetime_ms),                                 \
		.help = "life of that JWT (default 10m, the API's minimum)"},                      \
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
		.help = "token: file with it, such as a Vault Agent's sink"},                      \
	    {.name = "vault-token",                                                                \
		.kind = OPTION_ENVIRONMENT,                                                        \
		.offset = offsetof(type, session.token),                                           \
		.environment = "VAULT_TOKEN,BAO_TOKEN",                                            \
		.help = "token: used as it is, neither limited nor revoked"},                      \
	{                                                                                          \
		.name = "max-token-ttl", .kind = OPTION_DURATION, .argument = "TIME",              \
		.offset = offsetof(type, session.max_token_ttl_ms),                                \
		.help = "refuse a token that would live longer (default 10s)"                      \
	}

#define KUBE_OPTIONS(type)                                                                         \
	{.section = "Kubernetes",                                                                  \
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
		.help =                                                                            \
		    "how to reach the Kubernetes API (default in-cluster, else ~/.kube/config)"},  \
	    {.name = "context",                                                                    \
		.kind = OPTION_STRING,                                                             \
		.argument = "NAME",                                                                \
		.offset = offsetof(type, kube.context),                                            \
		.help = "context of the kubeconfig"},                                              \
	{                                                                                          \
		.name = "service-account-dir", .kind = OPTION_STRING, .argument = "DIR",           \
		.offset = offsetof(type, kube.service_account_directory),                          \
		.environment = "SECRETMANAGER_SERVICE_ACCOUNT_DIR",                                \
		.help = "where the pod's token, CA and namespace are mounted"                      \
	}

#define COMMON_OPTIONS(type, default_timeout, default_retries)                                     \
	{.section = "General",                                                                     \
	    .name = "timeout",                                                                     \
	    .kind = OPTION_DURATION,                                                               \
	    .argument = "TIME",                                                                    \
	    .offset = offsetof(type, program.timeout_ms),                                          \
	    .help = "limit for all of it (default " default_timeout ")"},                          \
	    {.name = "retries",                                                                    \
		.kind = OPTION_NUMBER,                                                             \
		.argument = "N",                                                                   \
		.offset = offsetof(type, program.retries),                                         \
		.help = "tries after the first that fails for now (default " default_retries ")"}, \
	    {.name = "log-format",                                                                 \
		.kind = OPTION_STRING,                                                             \
		.argument = "text|json",                                                           \
		.offset = offsetof(type, program.log_format),                                      \
		.help = "messages for people or machines"},                                        \
	    {.name = "verbose",                                                                    \
		.letter = 'v',                                                                     \
		.kind = OPTION_FLAG,                                                               \
		.offset = offsetof(type, program.verbose),                                         \
		.help = "say more (never a secret)"},                                              \
	    {.name = "help", .letter = 'h', .kind = OPTION_HELP, .help = "show this and exit"},    \
	{                                                                                          \
		.name = "version", .kind = OPTION_VERSION, .help = "show the version and exit"     \
	}

/* For programs without commands; program_start sees to it. */
#define COMPLETION_OPTION(type)                                                                    \
	{                                                                                          \
		.name = "completion", .kind = OPTION_COMMAND_LINE, .argument = "bash|zsh|fish",    \
		.offset = offsetof(type, program.completion),                                      \
		.help = "print a script by which the shell completes options, and exit"            \
	}

#endif
