/* vault_login_jwt: the auth methods that take a service account's JWT: kubernetes and jwt. */
#include <ctype.h>
#include <string.h>
#include <time.h>

#include "cmd/secret-dev/kube_token.h"
#include "cmd/secret-dev/vault_login.h"
#include "lib/base/cleanup.h"
#include "lib/base/json_reader.h"
#include "lib/base/strings.h"

/* Both let clocks differ by this much before they call a token expired. */
#define CLOCK_SKEW_SECONDS 60

#define EXPIRED "invalid expiration time (exp) claim: token is expired"
#define WRONG_AUDIENCE                                                                             \
	"invalid audience (aud) claim: audience claim does not match any expected audience"

/* The plugin's JWT reader skips white space, such as a final newline. */
static void drop_white_space(struct secret_buffer *jwt)
{
	size_t kept = 0;

	for (size_t i = 0; i < jwt->length; i++)
		if (!isspace((unsigned char)jwt->data[i]))
			jwt->data[kept++] = jwt->data[i];
	jwt->length = kept;
	jwt->data[kept] = '\0';
}

static bool is_expired(const struct kube_claims *claims)
{
	return claims->expires_s + CLOCK_SKEW_SECONDS < time(NULL);
}

static bool has_audience(const struct kube_claims *claims, const struct vault_role *role)
{
	return !role->audience || strcmp(role->audience, claims->audience) == 0;
}

static bool is_bound(const struct vault_role *role, const char *service_account)
{
	for (const char *const *one = role->service_accounts; *one; one++)
		if (strcmp(*one, service_account) == 0)
			return true;
	return false;
}

/* Role and JWT of the body; "" when absent. */
static int read_body(
    struct vault_call *call, char **role, struct secret_buffer *jwt, struct error *err)
{
	json_node member = vault_member(call, "jwt");

	*role = json_strdup(call->body, vault_member(call, "role"));
	if (json_type(call->body, member) == JSON_STRING &&
	    json_string(call->body, member, jwt, err) < 0)
		return -1;
	if (jwt->length)
		drop_white_space(jwt);
	return 0;
}

/* -- kubernetes ------------------------------------------------------------------------------- */

/* The checks of the plugin in its order: 0 passed, 1 refused and answered. */
static int check_kubernetes(struct vault_call *call, const struct vault_role *role, const char *jwt,
    const struct kube_claims *claims)
{
	if (is_expired(claims))
		vault_refuse(call, 403, EXPIRED);
	else if (!has_audience(claims, role))
		vault_refuse(call, 403, WRONG_AUDIENCE);
	else if (!is_bound(role, claims->service_account))
		vault_refuse(call, 403, "service account name not authorized");
	else if (strcmp(role->namespace, claims->namespace) != 0)
		vault_refuse(call, 403, "namespace not authorized");
	else if (!kube_token_is_valid(call->server->kube_tokens, jwt, claims))
		vault_refuse(call, 403, "permission denied");
	else
		return 0;
	return 1;
}

static int log_in_kubernetes(struct vault_call *call, const struct vault_role *role,
    const struct kube_claims *claims, struct error *err)
{
	const struct vault_metadata metadata[] = {{"role", role->name},
	    {"service_account_name", claims->service_account},
	    {"service_account_namespace", claims->namespace}, {"service_account_secret_name", ""},
	    {"service_account_uid", claims->uid}, {NULL, NULL}};

	return vault_log_in(call, role,
	    string_format(err, "kubernetes-%s-%s", claims->namespace, claims->service_account),
	    metadata, err);
}

int vault_login_kubernetes(struct vault_call *call, struct error *err)
{
	cleanup_free char *name = NULL;
	cleanup_secret struct secret_buffer jwt = SECRET_BUFFER_INIT;
	struct error reason = ERROR_INIT;
	struct kube_claims claims;

	if (read_body(call, &name, &jwt, err) < 0)
		return -1;
	if (!is_set(name))
		return vault_refuse(call, 400, "missing role");
	if (jwt.length == 0)
		return vault_refuse(call, 400, "missing jwt");
	const struct vault_role *role = vault_role_find(call, "kubernetes", name);
	if (!role)
		return vault_refuse(call, 400, "invalid role name \"%s\"", name);
	if (kube_token_read(jwt.data, &claims, &reason) < 0)
		return vault_refuse(call, 403, "permission denied");
	int result = 0;
	if (check_kubernetes(call, role, jwt.data, &claims) == 0)
		result = log_in_kubernetes(call, role, &claims, err);
	kube_claims_free(&claims);
	return result;
}

/* -- jwt -------------------------------------------------------------------------------------- */

#define INVALID_TOKEN "error validating token: "

/* The role's subject is its first service account. */
static int check_jwt(struct vault_call *call, const struct vault_role *role, const char *jwt,
    const struct kube_claims *claims)
{
	if (!kube_token_is_signed(call->server->kube_tokens, jwt))
		vault_refuse(call, 400,
		    INVALID_TOKEN "error verifying token signature: no known key successfully "
				  "validated the token signature");
	else if (is_expired(claims))
		vault_refuse(call, 400, INVALID_TOKEN EXPIRED);
	else if (!is_bound(role, claims->service_account) ||
		 strcmp(role->namespace, claims->namespace) != 0)
		vault_refuse(call, 400, INVALID_TOKEN "invalid subject (sub) claim");
	else if (!has_audience(claims, role))
		vault_refuse(call, 400, INVALID_TOKEN WRONG_AUDIENCE);
	else
		return 0;
	return 1;
}

static int log_in_jwt(struct vault_call *call, const struct vault_role *role,
    const struct kube_claims *claims, struct error *err)
{
	const struct vault_metadata metadata[] = {{"role", role->name}, {NULL, NULL}};

	return vault_log_in(call, role,
	    string_format(
		err, "jwt-system:serviceaccount:%s:%s", claims->namespace, claims->service_account),
	    metadata, err);
}

int vault_login_jwt(struct vault_call *call, struct error *err)
{
	cleanup_free char *name = NULL;
	cleanup_secret struct secret_buffer jwt = SECRET_BUFFER_INIT;
	struct error reason = ERROR_INIT;
	struct kube_claims claims;

	if (read_body(call, &name, &jwt, err) < 0)
		return -1;
	if (!is_set(name))
		return vault_refuse(call, 400, "missing role");
	const struct vault_role *role = vault_role_find(call, "jwt", name);
	if (!role)
		return vault_refuse(call, 400, "role \"%s\" could not be found", name);
	if (jwt.length == 0)
		return vault_refuse(call, 400, "missing token");
	if (kube_token_read(jwt.data, &claims, &reason) < 0)
		return vault_refuse(
		    call, 400, INVALID_TOKEN "error verifying token signature: %s", reason.message);
	int result = 0;
	if (check_jwt(call, role, jwt.data, &claims) == 0)
		result = log_in_jwt(call, role, &claims, err);
	kube_claims_free(&claims);
	return result;
}
