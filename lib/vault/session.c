#include "lib/vault/session.h"

#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"

int vault_session_method(
    const struct vault_session_settings *settings, enum vault_auth *method, struct error *err)
{
	if (is_set(settings->method)) {
		if (vault_auth_parse(settings->method, method) == 0)
			return 0;
		return error_set(err, ERROR_USAGE,
		    "auth method \"%s\": write kubernetes, jwt, approle, cert or token in "
		    "VAULT_AUTH_METHOD or --auth-method",
		    settings->method);
	}
	*method = VAULT_AUTH_KUBERNETES;
	if ((is_set(settings->token) || is_set(settings->token_file)) &&
	    is_set(settings->service_account))
		return error_set(err, ERROR_USAGE,
		    "a Vault token and --service-account are two ways to log in: unset VAULT_TOKEN "
		    "or VAULT_TOKEN_FILE, or leave --service-account out");
	if (is_set(settings->token) || is_set(settings->token_file))
		*method = VAULT_AUTH_TOKEN;
	else if (is_set(settings->role_id))
		return error_set(err, ERROR_USAGE,
		    "a role id is given, but the auth method is kubernetes: set VAULT_AUTH_METHOD "
		    "or --auth-method to approle");
	return 0;
}

/* What a file or variable holds, without the final newline that such files tend to have. */
static int check_credential(struct secret_buffer *text, const char *what, struct error *err)
{
	while (text->length > 0 && strchr(" \t\r\n", text->data[text->length - 1]))
		text->data[--text->length] = '\0';
	if (text->length == 0)
		return error_set(err, ERROR_INVALID, "the %s is empty", what);
	if (!vault_is_credential(text))
		return error_set(
		    err, ERROR_INVALID, "the %s holds white space or control characters", what);
	return 0;
}

static int read_credential(
    struct secret_buffer *text, const char *path, const char *what, struct error *err)
{
	text->limit = HTTP_RESPONSE_SMALL;
	if (secret_buffer_read_file(text, path, err) < 0)
		return error_wrap(err, "%s", what);
	return check_credential(text, what, err) < 0 ? error_wrap(err, "%s", path) : 0;
}

/* -- token ------------------------------------------------------------------------------------ */

static int read_token_file(struct secret_buffer *token, const char *path, struct error *err)
{
	int result = read_credential(token, path, "Vault token", err);

	/* A Vault Agent can wrap or encrypt what it writes; that is JSON then. */
	if (token->length > 0 && token->data[0] == '{')
		return error_set(err, ERROR_INVALID,
		    "%s: the Vault token is wrapped or encrypted, which can't be undone here: take "
		    "wrap_ttl, dh_type and dh_path out of the Vault Agent's sink",
		    path);
	return result;
}

static int use_token(
    struct vault *vault, const struct vault_session_settings *settings, struct error *err)
{
	struct vault_token *token = &vault->token;
	int result;

	if (!is_set(settings->token) && !is_set(settings->token_file))
		return error_set(err, ERROR_USAGE,
		    "auth method token: no token: set VAULT_TOKEN, or VAULT_TOKEN_FILE or "
		    "--token-file");
	if (is_set(settings->token) && is_set(settings->token_file))
		return error_set(err, ERROR_USAGE,
		    "a Vault token and a file with one are both given: unset VAULT_TOKEN, or "
		    "VAULT_TOKEN_FILE and --token-file");
	vault_token_free(token);
	if (is_set(settings->token_file))
		result = read_token_file(&token->value, settings->token_file, err);
	else if (secret_buffer_append_string(&token->value, settings->token, err) < 0)
		result = -1;
	else if (!vault_is_credential(&token->value))
		result = error_set(
		    err, ERROR_USAGE, "VAULT_TOKEN holds white space or control characters");
	else
		result = 0;
	if (result < 0) {
		vault_token_free(token);
		return -1;
	}
	token->given = true;
	log_write(LOG_DEBUG, "the Vault token given is used as it is, neither limited nor revoked");
	return 0;
}

/* -- what a login needs ----------------------------------------------------------------------- */

/* What a login reads or asks for. */
struct inputs {
	struct secret_buffer jwt, secret_id;
};

static void inputs_free(struct inputs *inputs)
{
	secret_buffer_free(&inputs->jwt);
	secret_buffer_free(&inputs->secret_id);
}

static int ask_for_jwt(struct http_client *client, const struct vault_session_settings *settings,
    struct secret_buffer *jwt, struct error *err)
{
	if (is_set(settings->jwt_file))
		return error_set(err, ERROR_USAGE,
		    "--jwt-file and --service-account are two ways to one token: give one of them");
	if (settings->jwt_lifetime_ms < VAULT_JWT_LIFETIME_MS)
		return error_set(err, ERROR_USAGE,
		    "--token-lifetime %llds: the Kubernetes API gives no token for less than %llds",
		    (long long)settings->jwt_lifetime_ms / 1000,
		    (long long)VAULT_JWT_LIFETIME_MS / 1000);
	return settings->request_jwt(settings, client, jwt, err);
}

static int get_jwt(struct http_client *client, const struct vault_session_settings *settings,
    struct secret_buffer *jwt, struct error *err)
{
	if (is_set(settings->service_account))
		return ask_for_jwt(client, settings, jwt, err);
	if (is_set(settings->audience))
		return error_set(err, ERROR_USAGE,
		    "--audience goes with --service-account: a token in a file has its audience "
		    "already");
	if (!is_set(settings->jwt_file))
		return error_set(err, ERROR_USAGE,
		    "no service-account token: --jwt-file names it, or --service-account whose");
	if (read_credential(jwt, settings->jwt_file, "service-account token", err) < 0)
		return error_hint(err, "the pod needs automountServiceAccountToken or a projected "
				       "token volume; --jwt-file names another place");
	return 0;
}

/* 1: there is a secret id; 0: there is none. */
static int get_secret_id(const struct vault_session_settings *settings,
    struct secret_buffer *secret_id, struct error *err)
{
	if (is_set(settings->secret_id) && is_set(settings->secret_id_file))
		return error_set(err, ERROR_USAGE,
		    "a secret id and a file with one are both given: unset VAULT_SECRET_ID, or "
		    "VAULT_SECRET_ID_FILE and --secret-id-file");
	if (is_set(settings->secret_id_file))
		return read_credential(secret_id, settings->secret_id_file, "secret id", err) < 0
			   ? -1
			   : 1;
	if (!is_set(settings->secret_id))
		return 0;
	if (secret_buffer_append_string(secret_id, settings->secret_id, err) < 0 ||
	    check_credential(secret_id, "secret id", err) < 0)
		return -1;
	return 1;
}

/* The login's public part; `method` is none that takes a token. */
static struct vault_login login_for(
    const struct vault_session_settings *settings, enum vault_auth method)
{
	return (struct vault_login){.method = method,
	    .mount = settings->auth_mount,
	    .role = settings->role,
	    .role_id = settings->role_id};
}

static int get_inputs(struct http_client *client, const struct vault *vault,
    const struct vault_session_settings *settings, struct vault_login *login, struct inputs *inputs,
    struct error *err)
{
	int with_secret_id;

	switch (login->method) {
	case VAULT_AUTH_KUBERNETES:
		if (!is_set(settings->role))
			return error_set(err, ERROR_USAGE,
			    "no Vault role to log in with: set VAULT_ROLE or --role, or "
			    "VAULT_TOKEN");
		/* fallthrough */
	case VAULT_AUTH_JWT:
		login->jwt = &inputs->jwt;
		return get_jwt(client, settings, &inputs->jwt, err);
	case VAULT_AUTH_APPROLE:
		if (!is_set(settings->role_id))
			return error_set(err, ERROR_USAGE,
			    "auth method approle: no role id: set VAULT_ROLE_ID or --role-id");
		with_secret_id = get_secret_id(settings, &inputs->secret_id, err);
		if (with_secret_id > 0)
			login->secret_id = &inputs->secret_id;
		return with_secret_id < 0 ? -1 : 0;
	case VAULT_AUTH_CERT:
		if (!vault->endpoint.certificate_file)
			return error_set(err, ERROR_USAGE,
			    "auth method cert: no client certificate: set VAULT_CLIENT_CERT and "
			    "VAULT_CLIENT_KEY, or --vault-client-cert and --vault-client-key");
		return 0;
	default:
		return 0;
	}
}

/* -- the session ------------------------------------------------------------------------------ */

int vault_session_request(struct http_client *client, struct vault *vault,
    const struct vault_session_settings *settings, struct http_exchange *exchange,
    struct error *err)
{
	struct inputs inputs = {SECRET_BUFFER_INIT, SECRET_BUFFER_INIT};
	enum vault_auth method;

	memset(exchange, 0, sizeof(*exchange));
	if (vault_session_method(settings, &method, err) < 0)
		return -1;
	if (method == VAULT_AUTH_TOKEN)
		return use_token(vault, settings, err);
	struct vault_login login = login_for(settings, method);
	int result = get_inputs(client, vault, settings, &login, &inputs, err);
	if (result == 0)
		result = vault_login_request(vault, &login, exchange, err);
	inputs_free(&inputs);
	return result < 0 ? -1 : 1;
}

int vault_session_result(struct vault *vault, const struct vault_session_settings *settings,
    const struct http_exchange *exchange, struct error *err)
{
	const struct vault_token *token = &vault->token;
	enum vault_auth method;

	if (vault_session_method(settings, &method, err) < 0)
		return -1;
	struct vault_login login = login_for(settings, method);
	if (vault_login_result(vault, &login, exchange, err) < 0)
		return -1;
	if (token->lease_s > 0 && token->lease_s * 1000 <= settings->max_token_ttl_ms)
		return 0;
	if (token->lease_s == 0)
		error_set(err, ERROR_REJECTED,
		    "the token would never expire, and %lld s are allowed: set token_ttl and "
		    "token_max_ttl of the role",
		    (long long)settings->max_token_ttl_ms / 1000);
	else
		error_set(err, ERROR_REJECTED,
		    "the token would live %lld s, more than the %lld s allowed: set token_ttl and "
		    "token_max_ttl of the role, or --max-token-ttl",
		    (long long)token->lease_s, (long long)settings->max_token_ttl_ms / 1000);
	return vault_login_wrap(&login, err);
}

int vault_session_begin(struct http_client *client, struct vault *vault,
    const struct vault_session_settings *settings, struct error *err)
{
	struct http_exchange exchange;
	int result = vault_session_request(client, vault, settings, &exchange, err);

	if (result > 0) {
		result = http_run_one(client, &exchange, err);
		if (result == 0)
			result = vault_session_result(vault, settings, &exchange, err);
	}
	http_exchange_free(&exchange);
	return result;
}

int vault_session_check_uses(const struct vault *vault, size_t requests, struct error *err)
{
	const struct vault_token *token = &vault->token;

	if (token->num_uses <= 0 || requests <= (size_t)(token->num_uses - token->requests))
		return 0;
	int64_t left = token->num_uses - token->requests;
	return error_set(err, ERROR_REJECTED,
	    "the Vault token is good for %lld request%s, but %zu are needed, one for each Transit "
	    "key: raise token_num_uses of the role to %zu, or set it to 0",
	    (long long)left, left == 1 ? "" : "s", requests, requests);
}

static bool lasts(const struct vault_token *token)
{
	int64_t half_ms = token->lease_s * 1000 / 2;
	int64_t margin_ms = half_ms < VAULT_SESSION_MARGIN_MS ? half_ms : VAULT_SESSION_MARGIN_MS;

	return !vault_token_is_spent(token) && clock_now_ms() + margin_ms < token->expires_ms;
}

int vault_session_renew(struct http_client *client, struct vault *vault,
    const struct vault_session_settings *settings, struct error *err)
{
	const struct vault_token *token = &vault->token;

	if (token->given)
		return is_set(settings->token_file) ? use_token(vault, settings, err) : 0;
	if (lasts(token))
		return 0;
	/* A short-lived token that can't be revoked any more is gone by itself. */
	if (vault_session_end(client, vault, settings, err) < 0)
		return -1;
	return vault_session_begin(client, vault, settings, err);
}

/* A stay that a signal or the time limit has ended gives its token back all the same, if quickly.
 */
static int revoke(struct http_client *client, struct vault *vault, struct error *err)
{
	if (!http_client_is_over(client))
		return vault_revoke_self(client, vault, err);
	struct http_client *last = http_client_new_cleanup(VAULT_SESSION_LAST_MS, err);
	if (!last)
		return -1;
	int result = vault_revoke_self(last, vault, err);
	http_client_free(last);
	return result;
}

int vault_session_end(struct http_client *client, struct vault *vault,
    const struct vault_session_settings *settings, struct error *err)
{
	struct vault_token *token = &vault->token;
	struct error failure = ERROR_INIT;
	int result = 0;

	/* By Vault's clock it ended a moment earlier than by ours. */
	bool ended = token->lease_s > 0 && clock_now_ms() >= token->expires_ms;
	bool revocable = token->value.length && !token->given && !token->batch &&
			 !vault_token_is_spent(token) && !ended;
	if (revocable && revoke(client, vault, &failure) < 0) {
		if (token->lease_s == 0 || token->lease_s * 1000 > settings->max_token_ttl_ms) {
			*err = failure;
			result = -1;
		} else {
			log_write(LOG_WARNING, "%s: it ends by itself within %lld s",
			    failure.message, (long long)token->lease_s);
		}
	}
	vault_token_free(token);
	return result;
}
