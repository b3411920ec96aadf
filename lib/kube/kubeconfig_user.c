#include <string.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/base/jwt.h"
#include "lib/kube/kubeconfig.h"

/* A token that expires within this time counts as expired, as in client-go. */
#define EXPIRY_DELTA_S 10

/* Return true if the user has this member, and it is neither null nor empty, as kubectl checks. */
static bool user_has(const struct kubeconfig_section *user, const char *name)
{
	json_node node = json_member(user->file->document, user->node, name);

	switch (json_type(user->file->document, node)) {
	case JSON_NOTHING:
	case JSON_NULL:
		return false;
	case JSON_STRING:
		return !json_string_is(user->file->document, node, "");
	case JSON_ARRAY:
	case JSON_OBJECT:
		return json_count(user->file->document, node) > 0;
	case JSON_BOOLEAN:
	case JSON_NUMBER:
		break;
	}
	return true;
}

/* Reject members without which requests would be made as another user than with kubectl. */
static int user_reject_unsupported(const struct kubeconfig_section *user, struct error *err)
{
	static const char *const passwords[] = {"username", "password", NULL};
	static const char *const impersonation[] = {
	    "as", "as-uid", "as-groups", "as-user-extra", NULL};

	for (const char *const *name = passwords; *name; name++)
		if (user_has(user, *name))
			return error_set(err, ERROR_USAGE,
			    "%s: Kubernetes has no password login any more; use a token, a client "
			    "certificate or an exec plugin",
			    *name);
	for (const char *const *name = impersonation; *name; name++)
		if (user_has(user, *name))
			return error_set(err, ERROR_USAGE,
			    "%s: impersonation is not supported; use credentials of that user",
			    *name);
	return 0;
}

static int read_client_certificate(
    const struct kubeconfig_section *user, struct http_endpoint *endpoint, struct error *err)
{
	if (kubeconfig_certificate(
		user, "client-certificate-data", &endpoint->certificate_pem, err) < 0 ||
	    kubeconfig_path(user, "client-certificate", &endpoint->certificate_file, err) < 0 ||
	    kubeconfig_pem(user, "client-key-data", &endpoint->key_pem, err) < 0 ||
	    kubeconfig_path(user, "client-key", &endpoint->key_file, err) < 0)
		return -1;
	bool certificate = endpoint->certificate_pem || endpoint->certificate_file;
	bool key = endpoint->key_pem.length || endpoint->key_file;
	if (certificate != key)
		return error_set(err, ERROR_USAGE,
		    "a client certificate without its key, or a key without its certificate");
	return 0;
}

static int read_token(const struct kubeconfig_section *user, struct kube *kube, struct error *err)
{
	if (kubeconfig_path(user, "tokenFile", &kube->token_file, err) < 0 ||
	    kubeconfig_secret(user, "token", &kube->token, err) < 0)
		return -1;
	return kube->token.length ? http_credential_check(&kube->token, "token", err) : 0;
}

/* -- auth-provider oidc ----------------------------------------------------------------------- */

/* Use the id-token as the token.  ERROR_USAGE if it has expired; only kubectl refreshes it. */
static int read_id_token(
    const struct kubeconfig_section *config, struct kube *kube, struct error *err)
{
	cleanup_secret struct secret_buffer token = SECRET_BUFFER_INIT;
	cleanup_jwt struct jwt_claims claims = JWT_CLAIMS_INIT;

	if (kubeconfig_secret(config, "id-token", &token, err) < 0)
		return -1;
	if (token.length == 0)
		return error_set(err, ERROR_USAGE,
		    "no id-token; run kubectl once, which gets one with the refresh-token");
	if (http_credential_check(&token, "id-token", err) < 0)
		return -1;
	if (jwt_read(&claims, token.data, err) < 0)
		return error_wrap(err, "id-token");
	if (jwt_time(&claims, "exp") <= (int64_t)time(NULL) + EXPIRY_DELTA_S)
		return error_set(err, ERROR_USAGE,
		    "the id-token has expired; run kubectl once, which refreshes it, or use an "
		    "exec plugin such as kubelogin");
	secret_buffer_move(&kube->token, &token);
	return 0;
}

/* Use the id-token unless another token is set, as client-go does. */
static int read_auth_provider(
    const struct kubeconfig_section *provider, struct kube *kube, struct error *err)
{
	const struct json *document = provider->file->document;
	const struct kubeconfig_section config = {
	    provider->file, json_member(document, provider->node, "config")};
	cleanup_free char *name = NULL, *issuer = NULL, *client = NULL;

	if (kubeconfig_text(provider, "name", &name, err) < 0)
		return -1;
	if (!name || strcmp(name, "oidc") != 0)
		return error_set(err, ERROR_USAGE,
		    "auth-provider %s: kubectl no longer has it; use the exec plugin that has replaced it",
		    name ? name : "without a name");
	if (kubeconfig_text(&config, "idp-issuer-url", &issuer, err) < 0 ||
	    kubeconfig_text(&config, "client-id", &client, err) < 0)
		return -1;
	if (!issuer || !client)
		return error_set(
		    err, ERROR_USAGE, "auth-provider oidc: idp-issuer-url or client-id is missing");
	if (kube->token_file || kube->token.length)
		return 0;
	return read_id_token(&config, kube, err) < 0 ? error_wrap(err, "auth-provider oidc") : 0;
}

/* -- users ------------------------------------------------------------------------------------ */

int kubeconfig_read_user(struct kube *kube, const struct kubeconfig_section *user,
    const struct kubeconfig_section *cluster, struct error *err)
{
	const struct json *document = user->file->document;
	const struct kubeconfig_section exec = {
	    user->file, json_member(document, user->node, "exec")};
	const struct kubeconfig_section provider = {
	    user->file, json_member(document, user->node, "auth-provider")};
	bool has_exec = json_type(document, exec.node) == JSON_OBJECT;
	bool has_provider = user_has(user, "auth-provider");

	if (user_reject_unsupported(user, err) < 0 ||
	    read_client_certificate(user, &kube->endpoint, err) < 0 ||
	    read_token(user, kube, err) < 0)
		return -1;
	if (has_exec && has_provider)
		return error_set(err, ERROR_USAGE, "auth-provider with exec; remove one of them");
	if (has_provider)
		return read_auth_provider(&provider, kube, err);
	/* kubectl does not run the plugin if the kubeconfig has a token. */
	if (!has_exec || kube->token_file || kube->token.length)
		return 0;
	return kubeconfig_run_exec_plugin(kube, &exec, cluster, err);
}
