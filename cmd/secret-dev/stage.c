#include "cmd/secret-dev/stage.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/secret-dev/certificate.h"
#include "cmd/secret-dev/seed.h"
#include "lib/base/base64.h"
#include "lib/base/cleanup.h"

/* As long as the certificates: a developer's instance runs for days. */
#define POD_TOKEN_SECONDS (30LL * 24 * 60 * 60)
/* Further back than the clock skew that Vault allows. */
#define EXPIRED_SECONDS (-60LL * 60)

static int open_entrance(struct entrance *entrance, const char *authority, http_serve serve,
    void *server, size_t body_max, const struct loopback *loopback, uint16_t port,
    struct error *err)
{
	bool v6 = strchr(loopback->text, ':') != NULL;

	entrance->tls =
	    certificate_server_context(authority, loopback->text, &entrance->ca_pem, err);
	if (!entrance->tls)
		return -1;
	entrance->http = http_server_start(serve, server, body_max, err);
	if (!entrance->http)
		return -1;
	entrance->listener = listener_start(loopback, port, entrance->tls, entrance->http, err);
	if (!entrance->listener)
		return -1;
	entrance->url = string_format(err, v6 ? "https://[%s]:%u" : "https://%s:%u", loopback->text,
	    listener_port(entrance->listener));
	return entrance->url ? 0 : -1;
}

static void close_entrance(struct entrance *entrance)
{
	listener_stop(entrance->listener);
	http_server_stop(entrance->http);
	SSL_CTX_free(entrance->tls);
	secret_buffer_free(&entrance->ca_pem);
	free(entrance->url);
}

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

static int write_kubeconfig(struct stage *stage, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT, ca = SECRET_BUFFER_INIT;
	const struct entrance *entrance = &stage->kube_entrance;

	if (base64_encode(&ca, entrance->ca_pem.data, entrance->ca_pem.length, err) < 0 ||
	    secret_buffer_append_format(&text, err,
		"apiVersion: v1\n"
		"kind: Config\n"
		"clusters:\n"
		"- name: secret-dev\n"
		"  cluster:\n"
		"    server: %s\n"
		"    certificate-authority-data: %s\n"
		"contexts:\n"
		"- name: secret-dev\n"
		"  context:\n"
		"    cluster: secret-dev\n"
		"    namespace: " SEED_NAMESPACE "\n"
		"    user: admin\n"
		"current-context: secret-dev\n"
		"users:\n"
		"- name: admin\n"
		"  user:\n"
		"    token: %s\n",
		entrance->url, ca.data, secret_buffer_string(&stage->kube.admin_token)) < 0)
		return -1;
	return write_buffer(stage, "kubeconfig", &text, err);
}

/* pod/NAME/{token,ca.crt,namespace}: what the kubelet would mount. */
static int write_pod(struct stage *stage, const char *pod, const char *account_name,
    int64_t lifetime_s, struct error *err)
{
	const struct stored_account *account =
	    kube_account_find(&stage->kube, SEED_NAMESPACE, account_name);
	struct kube_identity identity = {account->namespace, account->name, account->uid};
	cleanup_secret struct secret_buffer jwt = SECRET_BUFFER_INIT;
	cleanup_free char *token = string_format(err, "pod/%s/token", pod);
	cleanup_free char *ca = string_format(err, "pod/%s/ca.crt", pod);
	cleanup_free char *namespace = string_format(err, "pod/%s/namespace", pod);

	if (!token || !ca || !namespace ||
	    kube_token_make(&stage->kube.tokens, &identity, KUBE_AUDIENCE, time(NULL) + lifetime_s,
		&jwt, err) < 0 ||
	    write_buffer(stage, token, &jwt, err) < 0 ||
	    write_buffer(stage, ca, &stage->kube_entrance.ca_pem, err) < 0)
		return -1;
	return write_text(stage, namespace, account->namespace, err);
}

/* pod/NAME/client.{crt,key}, by an authority of its own, which the caller releases. */
static X509 *write_client(struct stage *stage, const char *pod, struct error *err)
{
	cleanup_secret struct secret_buffer certificate = SECRET_BUFFER_INIT,
					    key = SECRET_BUFFER_INIT;
	cleanup_free char *certificate_name = string_format(err, "pod/%s/client.crt", pod);
	cleanup_free char *key_name = string_format(err, "pod/%s/client.key", pod);

	if (!certificate_name || !key_name)
		return NULL;
	X509 *authority = certificate_client("secret-dev client CA", pod, &certificate, &key, err);
	if (authority && write_buffer(stage, certificate_name, &certificate, err) == 0 &&
	    write_buffer(stage, key_name, &key, err) == 0)
		return authority;
	X509_free(authority);
	return NULL;
}

/* Vault trusts app's client certificate; stranger's is by somebody else. */
static int write_clients(struct stage *stage, struct error *err)
{
	X509 *other = write_client(stage, "stranger", err);

	X509_free(other);
	if (!other)
		return -1;
	stage->client_authority = write_client(stage, "app", err);
	stage->vault.client_authority = stage->client_authority;
	return stage->client_authority ? 0 : -1;
}

static int write_app_roles(struct stage *stage, struct error *err)
{
	const struct vault_role *role = seed_role("approle", "app-role");
	const struct vault_role *alone = seed_role("approle", "app-role-alone");

	if (write_text(stage, "pod/app/role-id", role->role_id, err) < 0 ||
	    write_text(stage, "pod/app/secret-id", role->secret_id, err) < 0)
		return -1;
	return write_text(stage, "pod/app/role-id-alone", alone->role_id, err);
}

static int set_variable(struct stage *stage, const char *name, const char *value, struct error *err)
{
	cleanup_free char *variable = string_format(err, "%s=%s", name, value);

	return variable ? strings_append(&stage->environment, variable, err) : -1;
}

static int set_environment(
    struct stage *stage, const struct stage_settings *settings, struct error *err)
{
	const char *directory = stage->directory.path;
	cleanup_free char *ca = string_format(err, "%s/vault-ca.crt", directory);
	cleanup_free char *kubeconfig = string_format(err, "%s/kubeconfig", directory);
	cleanup_free char *port =
	    string_format(err, "%u", listener_port(stage->kube_entrance.listener));
	cleanup_free char *pid = string_format(err, "%d", getpid());

	if (!ca || !kubeconfig || !port || !pid ||
	    set_variable(stage, "VAULT_ADDR", stage->vault_entrance.url, err) < 0 ||
	    set_variable(stage, "VAULT_CACERT", ca, err) < 0 ||
	    set_variable(stage, "VAULT_TOKEN", stage->vault.root_token.data, err) < 0 ||
	    set_variable(stage, "KUBECONFIG", kubeconfig, err) < 0 ||
	    set_variable(stage, "KUBERNETES_SERVICE_HOST", settings->loopback.text, err) < 0 ||
	    set_variable(stage, "KUBERNETES_SERVICE_PORT", port, err) < 0 ||
	    set_variable(stage, "SECRET_DEV_DIR", directory, err) < 0)
		return -1;
	return set_variable(stage, "SECRET_DEV_PID", pid, err);
}

static int write_files(struct stage *stage, struct error *err)
{
	cleanup_secret struct secret_buffer exports = SECRET_BUFFER_INIT;

	for (const char *const *name = seed_accounts; *name; name++)
		if (write_pod(stage, *name, *name, POD_TOKEN_SECONDS, err) < 0)
			return -1;
	if (write_pod(stage, "app-expired", "app", EXPIRED_SECONDS, err) < 0 ||
	    write_clients(stage, err) < 0 || write_app_roles(stage, err) < 0 ||
	    write_kubeconfig(stage, err) < 0 ||
	    write_buffer(stage, "admin/token", &stage->kube.admin_token, err) < 0 ||
	    write_buffer(stage, "vault-ca.crt", &stage->vault_entrance.ca_pem, err) < 0 ||
	    write_buffer(stage, "vault-unseal-key", &stage->vault.unseal_key, err) < 0 ||
	    stage_exports(stage, &exports, err) < 0)
		return -1;
	return write_buffer(stage, "environment", &exports, err);
}

int stage_start(struct stage *stage, const struct stage_settings *settings, struct error *err)
{
	if (vault_server_init(&stage->vault, err) < 0 || kube_server_init(&stage->kube, err) < 0 ||
	    seed(&stage->vault, &stage->kube, err) < 0)
		return -1;
	stage->vault.strings_max = settings->vault_strings_max;
	if (open_entrance(&stage->vault_entrance, "secret-dev Vault CA", vault_serve, &stage->vault,
		settings->vault_body_max ? settings->vault_body_max : VAULT_BODY_MAX,
		&settings->loopback, settings->vault_port, err) < 0)
		return error_wrap(err, "Vault");
	if (open_entrance(&stage->kube_entrance, "secret-dev Kubernetes CA", kube_serve,
		&stage->kube, KUBE_BODY_MAX, &settings->loopback, settings->kube_port, err) < 0)
		return error_wrap(err, "Kubernetes API");
	if (stage_directory_open(&stage->directory, settings->directory, err) < 0 ||
	    set_environment(stage, settings, err) < 0)
		return -1;
	return write_files(stage, err);
}

static void wipe_environment(struct strings *environment)
{
	/* The root token stands in it. */
	for (size_t i = 0; i < environment->count; i++)
		explicit_bzero(environment->items[i], strlen(environment->items[i]));
	strings_free(environment);
}

void stage_stop(struct stage *stage)
{
	close_entrance(&stage->vault_entrance);
	close_entrance(&stage->kube_entrance);
	stage_directory_remove(&stage->directory);
	wipe_environment(&stage->environment);
	X509_free(stage->client_authority);
	vault_server_free(&stage->vault);
	kube_server_free(&stage->kube);
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
