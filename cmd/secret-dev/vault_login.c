/* vault_login: the auth methods kubernetes, jwt, approle and cert. */
#include <ctype.h>
#include <openssl/mem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/secret-dev/certificate.h"
#include "cmd/secret-dev/kube_token.h"
#include "cmd/secret-dev/vault_server.h"
#include "lib/base/cleanup.h"
#include "lib/base/strings.h"

/* Vault accepts expired tokens for this time, because clocks differ. */
#define CLOCK_SKEW_SECONDS 60
#define COMMON_NAME_MAX 65

#define EXPIRED "invalid expiration time (exp) claim: token is expired"
#define WRONG_AUDIENCE                                                                             \
	"invalid audience (aud) claim: audience claim does not match any expected audience"

/* The result of an auth method. */
struct login {
	const struct vault_role *role;
	char *display_name;
	struct secret_buffer metadata; /* a JSON object */
};

const struct vault_role *vault_role_find(
    const struct vault_server *server, const char *method, const char *name)
{
	for (const struct vault_role *role = server->roles; role->name; role++)
		if (strcmp(role->method, method) == 0 && strcmp(role->name, name) == 0)
			return role;
	return NULL;
}

/* Read a string of the body.  If it is absent, the buffer stays empty. */
static int read_credential(
    struct vault_call *call, const char *name, struct secret_buffer *credential, struct error *err)
{
	json_node member = vault_member(call, name);

	if (json_type(call->body, member) != JSON_STRING)
		return 0;
	return json_string(call->body, member, credential, err);
}

/* -- JWTs of service accounts ----------------------------------------------------------------- */

/* Read the JWT without white space such as a final newline, like Vault's plugins. */
static int read_jwt(struct vault_call *call, struct secret_buffer *jwt, struct error *err)
{
	size_t kept = 0;

	if (read_credential(call, "jwt", jwt, err) < 0)
		return -1;
	for (size_t i = 0; i < jwt->length; i++)
		if (!isspace((unsigned char)jwt->data[i]))
			jwt->data[kept++] = jwt->data[i];
	if (jwt->length)
		jwt->data[kept] = '\0';
	jwt->length = kept;
	return 0;
}

static bool is_expired(const struct kube_claims *claims)
{
	return claims->expires_s + CLOCK_SKEW_SECONDS < time(NULL);
}

static bool has_audience(const struct kube_claims *claims, const struct vault_role *role)
{
	return !role->audience || strcmp(role->audience, claims->audience) == 0;
}

static bool is_bound(const struct kube_claims *claims, const struct vault_role *role)
{
	for (const char *const *account = role->service_accounts; *account; account++)
		if (strcmp(*account, claims->service_account) == 0)
			return true;
	return false;
}

/* Check in the order of the kubernetes plugin.  Return Vault's message, or NULL. */
static const char *kubernetes_problem(const struct vault_call *call, const struct vault_role *role,
    const char *jwt, const struct kube_claims *claims)
{
	if (is_expired(claims))
		return EXPIRED;
	if (!has_audience(claims, role))
		return WRONG_AUDIENCE;
	if (!is_bound(claims, role))
		return "service account name not authorized";
	if (strcmp(role->namespace, claims->namespace) != 0)
		return "namespace not authorized";
	if (!kube_token_is_valid(call->server->kube_token_key, jwt, claims))
		return "permission denied";
	return NULL;
}

static int login_kubernetes(struct vault_call *call, struct login *login, struct error *err)
{
	cleanup_free char *name = json_strdup(call->body, vault_member(call, "role"));
	cleanup_secret struct secret_buffer jwt = SECRET_BUFFER_INIT;
	cleanup_claims struct kube_claims claims = {NULL};
	struct error reason = ERROR_INIT;

	if (read_jwt(call, &jwt, err) < 0)
		return -1;
	if (!is_set(name))
		return vault_refuse(call, 400, "missing role");
	if (jwt.length == 0)
		return vault_refuse(call, 400, "missing jwt");
	const struct vault_role *role = vault_role_find(call->server, "kubernetes", name);
	if (!role)
		return vault_refuse(call, 400, "invalid role name \"%s\"", name);
	if (kube_token_read(jwt.data, &claims, &reason) < 0)
		return vault_refuse(call, 403, "permission denied");
	const char *problem = kubernetes_problem(call, role, jwt.data, &claims);
	if (problem)
		return vault_refuse(call, 403, "%s", problem);
	login->role = role;
	login->display_name =
	    string_format(err, "kubernetes-%s-%s", claims.namespace, claims.service_account);
	return json_format_append(&login->metadata, err,
	    "{'role':%s,'service_account_name':%s,'service_account_namespace':%s,"
	    "'service_account_secret_name':'','service_account_uid':%s}",
	    role->name, claims.service_account, claims.namespace, claims.uid);
}

/* Check in the order of the jwt plugin.  A role's subject is its service account. */
static const char *jwt_problem(const struct vault_call *call, const struct vault_role *role,
    const char *jwt, const struct kube_claims *claims)
{
	if (!kube_token_is_signed(call->server->kube_token_key, jwt))
		return "error verifying token signature: no known key successfully validated the token signature";
	if (is_expired(claims))
		return EXPIRED;
	if (!is_bound(claims, role) || strcmp(role->namespace, claims->namespace) != 0)
		return "invalid subject (sub) claim";
	return has_audience(claims, role) ? NULL : WRONG_AUDIENCE;
}

static int login_jwt(struct vault_call *call, struct login *login, struct error *err)
{
	cleanup_free char *name = json_strdup(call->body, vault_member(call, "role"));
	cleanup_secret struct secret_buffer jwt = SECRET_BUFFER_INIT;
	cleanup_claims struct kube_claims claims = {NULL};
	struct error reason = ERROR_INIT;

	if (read_jwt(call, &jwt, err) < 0)
		return -1;
	if (!is_set(name))
		return vault_refuse(call, 400, "missing role");
	const struct vault_role *role = vault_role_find(call->server, "jwt", name);
	if (!role)
		return vault_refuse(call, 400, "role \"%s\" could not be found", name);
	if (jwt.length == 0)
		return vault_refuse(call, 400, "missing token");
	if (kube_token_read(jwt.data, &claims, &reason) < 0)
		return vault_refuse(call, 400,
		    "error validating token: error verifying token signature: %s", reason.message);
	const char *problem = jwt_problem(call, role, jwt.data, &claims);
	if (problem)
		return vault_refuse(call, 400, "error validating token: %s", problem);
	login->role = role;
	login->display_name = string_format(
	    err, "jwt-system:serviceaccount:%s:%s", claims.namespace, claims.service_account);
	return json_format_append(&login->metadata, err, "{'role':%s}", role->name);
}

/* -- approle ---------------------------------------------------------------------------------- */

static bool is_id(const char *sent, const char *id)
{
	size_t length = strlen(id);

	return strlen(sent) == length && CRYPTO_memcmp(sent, id, length) == 0;
}

static int login_approle(struct vault_call *call, struct login *login, struct error *err)
{
	cleanup_free char *role_id = json_strdup(call->body, vault_member(call, "role_id"));
	cleanup_secret struct secret_buffer secret_id = SECRET_BUFFER_INIT;
	const struct vault_role *role = call->server->roles;

	if (read_credential(call, "secret_id", &secret_id, err) < 0)
		return -1;
	if (!is_set(role_id))
		return vault_refuse(call, 500, "failed to determine alias name from login request");
	while (
	    role->name && (strcmp(role->method, "approle") != 0 || !is_id(role_id, role->role_id)))
		role++;
	if (!role->name)
		return vault_refuse(call, 400, "invalid role or secret ID");
	if (role->binds_secret_id && secret_id.length == 0)
		return vault_refuse(call, 400, "missing secret_id");
	if (role->binds_secret_id && !is_id(secret_id.data, role->secret_id))
		return vault_refuse(call, 400, "invalid role or secret ID");
	login->role = role;
	login->display_name = string_format(err, "approle");
	return json_format_append(&login->metadata, err, "{'role_name':%s}", role->name);
}

/* -- cert ------------------------------------------------------------------------------------- */

/* Return the role that the request names, or the first, since all trust the same authority. */
static const struct vault_role *certificate_role(const struct vault_call *call)
{
	cleanup_free char *name = json_strdup(call->body, vault_member(call, "name"));

	if (is_set(name))
		return vault_role_find(call->server, "cert", name);
	for (const struct vault_role *role = call->server->roles; role->name; role++)
		if (strcmp(role->method, "cert") == 0)
			return role;
	return NULL;
}

/* Log in by certificate.  Vault also returns its serial number and key ids, which are not used. */
static int login_cert(struct vault_call *call, struct login *login, struct error *err)
{
	X509 *certificate = call->request->certificate;
	char common_name[COMMON_NAME_MAX] = "";

	if (!certificate)
		return vault_refuse(call, 400, "client certificate must be supplied");
	const struct vault_role *role = certificate_role(call);
	if (!role || !certificate_is_client_of(certificate, call->server->client_authority))
		return vault_refuse(
		    call, 400, "failed to match all constraints for this login certificate");
	X509_NAME_get_text_by_NID(
	    X509_get_subject_name(certificate), NID_commonName, common_name, sizeof(common_name));
	login->role = role;
	login->display_name = string_format(err, "cert-%s", role->name);
	return json_format_append(
	    &login->metadata, err, "{'cert_name':%s,'common_name':%s}", role->name, common_name);
}

/* -- the calls -------------------------------------------------------------------------------- */

static const struct auth_method {
	const char *path;
	/* Fill *login.  Its role stays NULL if the login was refused. */
	int (*run)(struct vault_call *call, struct login *login, struct error *err);
} methods[] = {
    {"auth/kubernetes/login", login_kubernetes},
    {"auth/jwt/login", login_jwt},
    {"auth/approle/login", login_approle},
    {"auth/cert/login", login_cert},
};

/* Return the method with this path, or NULL. */
static const struct auth_method *find_method(const char *path)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (strcmp(methods[i].path, path) == 0)
			return &methods[i];
	return NULL;
}

bool vault_login_has_path(const char *path)
{
	return find_method(path) != NULL;
}

/* Create a token for the role.  Takes ownership of login->display_name. */
static struct vault_grant *create_grant(struct vault_call *call, const struct auth_method *method,
    struct login *login, struct error *err)
{
	const struct vault_role *role = login->role;
	struct vault_grant *grant =
	    vault_tokens_add(&call->server->tokens, role->batch, role->ttl_s, err);

	if (!grant)
		return NULL;
	grant->display_name = login->display_name;
	login->display_name = NULL;
	grant->path = method->path;
	memcpy(grant->policies, role->policies, sizeof(role->policies));
	grant->uses = role->uses;
	random_uuid(grant->entity);
	return grant;
}

int vault_login_grant(struct vault_call *call, struct vault_grant **grant,
    struct secret_buffer *metadata, struct error *err)
{
	const struct auth_method *method = find_method(call->path);
	struct login login = {.role = NULL};
	int result = method->run(call, &login, err);

	*grant = NULL;
	if (result == 0 && login.role) {
		*grant = login.display_name ? create_grant(call, method, &login, err) : NULL;
		result = *grant ? 0 : -1;
	}
	free(login.display_name);
	secret_buffer_move(metadata, &login.metadata);
	return result;
}

int vault_login(struct vault_call *call, struct error *err)
{
	cleanup_secret struct secret_buffer metadata = SECRET_BUFFER_INIT;
	struct vault_grant *grant;

	if (vault_login_grant(call, &grant, &metadata, err) < 0)
		return -1;
	return grant ? vault_answer_login(call, grant, &metadata, err) : 0;
}
