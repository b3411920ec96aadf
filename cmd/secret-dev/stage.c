#include "cmd/secret-dev/stage.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/secret-dev/certificate.h"
#include "lib/base/base64.h"
#include "lib/base/cleanup.h"

/* As long as the certificates, because a developer's instance runs for days. */
#define POD_TOKEN_SECONDS (30LL * 24 * 60 * 60)
/* Longer ago than Vault's clock skew. */
#define EXPIRED_SECONDS (-60LL * 60)

/* -- files ------------------------------------------------------------------------------------ */

static int write_buffer(
    struct stage *stage, const char *name, const struct secret_buffer *buffer, struct error *err)
{
	return stage_directory_write(
	    &stage->directory, name, secret_buffer_string(buffer), buffer->length, err);
}

static int write_text(struct stage *stage, const char *name, const char *text, struct error *err)
{
	return stage_directory_write(&stage->directory, name, text, strlen(text), err);
}

/* Write pod/POD/NAME. */
static int write_pod_file(struct stage *stage, const char *pod, const char *name,
    const struct secret_buffer *buffer, struct error *err)
{
	cleanup_free char *path = string_format(err, "pod/%s/%s", pod, name);

	return path ? write_buffer(stage, path, buffer, err) : -1;
}

/* Write pod/POD/{token,ca.crt,namespace}, which the kubelet would mount. */
static int write_pod(struct stage *stage, const char *pod, const char *account_name,
    int64_t lifetime_s, struct error *err)
{
	cleanup_secret struct secret_buffer jwt = SECRET_BUFFER_INIT;
	cleanup_secret struct secret_buffer namespace = SECRET_BUFFER_INIT;
	struct kube_identity account =
	    kube_account_identity(&stage->kube, STAGE_NAMESPACE, account_name);

	if (kube_token_make(&stage->kube.token_key, &account, KUBE_AUDIENCE,
		time(NULL) + lifetime_s, &jwt, err) < 0 ||
	    secret_buffer_append_string(&namespace, STAGE_NAMESPACE, err) < 0 ||
	    write_pod_file(stage, pod, "token", &jwt, err) < 0 ||
	    write_pod_file(stage, pod, "ca.crt", server_ca_pem(stage->kube_https), err) < 0)
		return -1;
	return write_pod_file(stage, pod, "namespace", &namespace, err);
}

/* Write pod/POD/client.{crt,key}.  Return the new CA that signed it, for X509_free, or NULL. */
static X509 *write_client(struct stage *stage, const char *pod, struct error *err)
{
	cleanup_secret struct secret_buffer certificate = SECRET_BUFFER_INIT;
	cleanup_secret struct secret_buffer key = SECRET_BUFFER_INIT;
	X509 *authority = certificate_client("secret-dev client CA", pod, &certificate, &key, err);

	if (authority && write_pod_file(stage, pod, "client.crt", &certificate, err) == 0 &&
	    write_pod_file(stage, pod, "client.key", &key, err) == 0)
		return authority;
	X509_free(authority);
	return NULL;
}

/* Write client certificates.  Vault trusts the CA of "app", but not the CA of "stranger". */
static int write_clients(struct stage *stage, struct error *err)
{
	X509 *other = write_client(stage, "stranger", err);

	X509_free(other);
	if (!other)
		return -1;
	stage->client_authority = stage->vault.client_authority = write_client(stage, "app", err);
	return stage->client_authority ? 0 : -1;
}

static int write_app_roles(struct stage *stage, struct error *err)
{
	const struct vault_role *role = vault_role_find(&stage->vault, "approle", "app-role");
	const struct vault_role *alone =
	    vault_role_find(&stage->vault, "approle", "app-role-alone");

	if (write_text(stage, "pod/app/role-id", role->role_id, err) < 0 ||
	    write_text(stage, "pod/app/secret-id", role->secret_id, err) < 0)
		return -1;
	return write_text(stage, "pod/app/role-id-alone", alone->role_id, err);
}

static int write_kubeconfig(struct stage *stage, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	const struct secret_buffer *ca = server_ca_pem(stage->kube_https);

	if (secret_buffer_append_string(&text,
		"apiVersion: v1\n"
		"kind: Config\n"
		"current-context: secret-dev\n"
		"contexts:\n"
		"- name: secret-dev\n"
		"  context: {cluster: secret-dev, user: admin, namespace: " STAGE_NAMESPACE "}\n"
		"clusters:\n"
		"- name: secret-dev\n"
		"  cluster:\n"
		"    server: ",
		err) < 0 ||
	    server_append_url(stage->kube_https, &text, err) < 0 ||
	    secret_buffer_append_string(&text, "\n    certificate-authority-data: ", err) < 0 ||
	    base64_encode(&text, ca->data, ca->length, err) < 0 ||
	    secret_buffer_append_format(&text, err,
		"\n"
		"users:\n"
		"- name: admin\n"
		"  user:\n"
		"    token: %s\n",
		stage->kube.admin_token.data) < 0)
		return -1;
	return write_buffer(stage, "kubeconfig", &text, err);
}

static int write_files(struct stage *stage, struct error *err)
{
	cleanup_secret struct secret_buffer exports = SECRET_BUFFER_INIT;

	for (const char *const *name = stage_accounts; *name; name++)
		if (write_pod(stage, *name, *name, POD_TOKEN_SECONDS, err) < 0)
			return -1;
	if (write_pod(stage, "app-expired", "app", EXPIRED_SECONDS, err) < 0 ||
	    write_app_roles(stage, err) < 0 || write_kubeconfig(stage, err) < 0 ||
	    write_buffer(stage, "admin/token", &stage->kube.admin_token, err) < 0 ||
	    write_buffer(stage, "vault-ca.crt", server_ca_pem(stage->vault_https), err) < 0 ||
	    write_buffer(stage, "vault-unseal-key", &stage->vault.unseal_key, err) < 0 ||
	    stage_exports(stage, &exports, err) < 0)
		return -1;
	return write_buffer(stage, "environment", &exports, err);
}

/* -- environment ------------------------------------------------------------------------------ */

static int set_environment(
    struct stage *stage, const struct stage_settings *settings, struct error *err)
{
	cleanup_secret struct secret_buffer url = SECRET_BUFFER_INIT;
	const char *directory = stage->directory.path;

	if (server_append_url(stage->vault_https, &url, err) < 0)
		return -1;
	char *variables[] = {
	    string_format(err, "VAULT_ADDR=%s", url.data),
	    string_format(err, "VAULT_CACERT=%s/vault-ca.crt", directory),
	    string_format(err, "VAULT_TOKEN=%s", stage->vault.root_token.data),
	    string_format(err, "KUBECONFIG=%s/kubeconfig", directory),
	    string_format(err, "KUBERNETES_SERVICE_HOST=%s", settings->loopback.text),
	    string_format(err, "KUBERNETES_SERVICE_PORT=%u", server_port(stage->kube_https)),
	    string_format(err, "SECRET_DEV_DIR=%s", directory),
	    string_format(err, "SECRET_DEV_PID=%d", getpid()),
	};
	int result = 0;
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++) {
		if (!variables[i] ||
		    (result == 0 && strings_append(&stage->environment, variables[i], err) < 0))
			result = -1;
		if (variables[i])
			explicit_bzero(variables[i], strlen(variables[i]));
		free(variables[i]);
	}
	return result;
}

/* Wipe the variables, which include the root token. */
static void wipe_environment(struct strings *environment)
{
	for (size_t i = 0; i < environment->count; i++)
		explicit_bzero(environment->items[i], strlen(environment->items[i]));
	strings_free(environment);
}

static int append_export(struct secret_buffer *out, const char *variable, struct error *err)
{
	size_t name_length = strcspn(variable, "=");

	if (secret_buffer_append_format(out, err, "export %.*s='", (int)name_length, variable) < 0)
		return -1;
	for (const char *c = variable + name_length + 1; *c; c++)
		if (secret_buffer_append_string(
			out, *c == '\'' ? "'\\''" : (const char[]){*c, '\0'}, err) < 0)
			return -1;
	return secret_buffer_append_string(out, "'\n", err);
}

int stage_exports(const struct stage *stage, struct secret_buffer *out, struct error *err)
{
	for (size_t i = 0; i < stage->environment.count; i++)
		if (append_export(out, stage->environment.items[i], err) < 0)
			return -1;
	return 0;
}

/* -- the stage -------------------------------------------------------------------------------- */

static int start_servers(
    struct stage *stage, const struct stage_settings *settings, struct error *err)
{
	const struct server_settings vault = {.authority = "secret-dev Vault CA",
	    .loopback = settings->loopback,
	    .port = settings->vault_port,
	    .body_max = settings->vault_body_max ? settings->vault_body_max : VAULT_BODY_MAX,
	    .handler = vault_serve,
	    .context = &stage->vault};
	const struct server_settings kube = {.authority = "secret-dev Kubernetes CA",
	    .loopback = settings->loopback,
	    .port = settings->kube_port,
	    .body_max = KUBE_BODY_MAX,
	    .handler = kube_serve,
	    .context = &stage->kube};

	stage->vault_https = server_start(&vault, err);
	if (!stage->vault_https)
		return error_wrap(err, "Vault");
	stage->kube_https = server_start(&kube, err);
	return stage->kube_https ? 0 : error_wrap(err, "Kubernetes API");
}

int stage_start(struct stage *stage, const struct stage_settings *settings, struct error *err)
{
	if (vault_server_init(&stage->vault, err) < 0 || kube_server_init(&stage->kube, err) < 0 ||
	    stage_seed(&stage->vault, &stage->kube, err) < 0)
		return -1;
	stage->vault.strings_max = settings->vault_strings_max;
	stage->vault.inline_auth = settings->vault_inline_auth;
	if (stage_directory_open(&stage->directory, settings->directory, err) < 0 ||
	    write_clients(stage, err) < 0 || start_servers(stage, settings, err) < 0 ||
	    set_environment(stage, settings, err) < 0)
		return -1;
	return write_files(stage, err);
}

void stage_stop(struct stage *stage)
{
	server_stop(stage->vault_https);
	server_stop(stage->kube_https);
	stage_directory_remove(&stage->directory);
	wipe_environment(&stage->environment);
	X509_free(stage->client_authority);
	vault_server_free(&stage->vault);
	kube_server_free(&stage->kube);
}
