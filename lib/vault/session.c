#include "lib/vault/session.h"

#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/vault/internal.h"

/* Reject a JWT beside a Vault token. */
static int check_token_alone(const struct vault_session_settings *settings, struct error *err)
{
	const char *jwt = is_set(settings->service_account) ? "--service-account"
			  : is_set(settings->jwt)	    ? "VAULT_JWT"
			  : is_set(settings->jwt_variable)  ? "--jwt-env"
							    : NULL;

	if (!jwt)
		return 0;
	return error_set(err, ERROR_USAGE,
	    "a Vault token and %s are both set; use one of them, or choose with VAULT_AUTH_METHOD "
	    "or --auth-method",
	    jwt);
}

static int choose_method(
    const struct vault_session_settings *settings, enum vault_auth *method, struct error *err)
{
	if (is_set(settings->method)) {
		if (vault_auth_parse(settings->method, method) == 0)
			return 0;
		return error_set(err, ERROR_USAGE,
		    "auth method \"%s\": unknown; set VAULT_AUTH_METHOD or --auth-method to kubernetes, "
		    "jwt, approle, cert or token",
		    settings->method);
	}
	if (is_set(settings->token) || is_set(settings->token_file)) {
		*method = VAULT_AUTH_TOKEN;
		return check_token_alone(settings, err);
	}
	bool jwt = is_set(settings->jwt) || is_set(settings->jwt_variable);
	*method = jwt ? VAULT_AUTH_JWT : VAULT_AUTH_KUBERNETES;
	if (is_set(settings->role_id))
		return error_set(err, ERROR_USAGE,
		    "a role id is set, but the auth method is %s; set VAULT_AUTH_METHOD or "
		    "--auth-method to approle",
		    vault_auth_name(*method));
	return 0;
}

int vault_session_method(
    const struct vault_session_settings *settings, enum vault_auth *method, struct error *err)
{
	if (choose_method(settings, method, err) < 0)
		return -1;
	if (settings->auth_inline && (*method == VAULT_AUTH_TOKEN || *method == VAULT_AUTH_APPROLE))
		return error_set(err, ERROR_USAGE,
		    "--auth-inline: not for auth method %s; use kubernetes, jwt or cert, or omit "
		    "--auth-inline",
		    vault_auth_name(*method));
	return 0;
}

bool vault_session_uses_variable(const struct vault_session_settings *settings, const char *name)
{
	struct error ignored = ERROR_INIT; /* it is reported when the session begins */
	enum vault_auth method;

	if (is_set(settings->jwt_variable) && strcmp(settings->jwt_variable, name) == 0)
		return true;
	if (strcmp(name, VAULT_GITHUB_URL) != 0 && strcmp(name, VAULT_GITHUB_TOKEN) != 0)
		return false;
	return vault_session_method(settings, &method, &ignored) == 0 &&
	       vault_login_uses_github(settings, method);
}

/* Prepare a login: as the request of `exchange`, or for each later request with auth_inline. */
static int prepare_login(struct http_client *client, struct vault *vault,
    const struct vault_session_settings *settings, struct vault_login *login,
    struct http_exchange *exchange, struct error *err)
{
	struct vault_login_secrets secrets = {SECRET_BUFFER_INIT, SECRET_BUFFER_INIT};
	int result = vault_login_get_secrets(client, vault, settings, login, &secrets, err);

	if (result == 0 && settings->auth_inline)
		result = vault_inline_login_set(vault, login, err);
	else if (result == 0)
		result = vault_login_request(vault, login, exchange, err);
	vault_login_secrets_free(&secrets);
	return result;
}

int vault_session_request(struct http_client *client, struct vault *vault,
    const struct vault_session_settings *settings, struct http_exchange *exchange,
    struct error *err)
{
	enum vault_auth method;

	memset(exchange, 0, sizeof(*exchange));
	if (vault_session_method(settings, &method, err) < 0)
		return -1;
	if (method == VAULT_AUTH_TOKEN)
		return vault_login_use_token(vault, settings, err);
	struct vault_login login = vault_login_from(settings, method);
	if (prepare_login(client, vault, settings, &login, exchange, err) < 0)
		return -1;
	return settings->auth_inline ? 0 : 1;
}

int vault_session_result(struct vault *vault, const struct vault_session_settings *settings,
    const struct http_exchange *exchange, struct error *err)
{
	const struct vault_token *token = &vault->token;
	enum vault_auth method;

	if (vault_session_method(settings, &method, err) < 0)
		return -1;
	struct vault_login login = vault_login_from(settings, method);
	if (vault_login_result(vault, &login, exchange, err) < 0)
		return -1;
	if (token->lease_s > 0 && token->lease_s * 1000 <= settings->max_token_ttl_ms)
		return 0;
	if (token->lease_s == 0)
		error_set(err, ERROR_REJECTED,
		    "the token would never expire, and at most %lld s are allowed; set token_ttl and "
		    "token_max_ttl of the role",
		    (long long)settings->max_token_ttl_ms / 1000);
	else
		error_set(err, ERROR_REJECTED,
		    "the token would live %lld s, more than the %lld s allowed; set token_ttl and "
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
	    "the Vault token is valid for %lld request%s, but %zu are needed, one for each Transit "
	    "key and KV path; raise token_num_uses of the role to %zu, or set it to 0",
	    (long long)left, string_plural((size_t)left), requests, requests);
}

static bool token_lasts(const struct vault_token *token)
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
		return is_set(settings->token_file) ? vault_login_use_token(vault, settings, err)
						    : 0;
	if (token_lasts(token))
		return 0;
	/* If the old token cannot be revoked, it expires soon because of its short lifetime. */
	if (vault_session_end(client, vault, settings, err) < 0)
		return -1;
	return vault_session_begin(client, vault, settings, err);
}

int vault_session_fall_back(struct http_client *client, struct vault *vault,
    const struct vault_session_settings *settings, struct error *err)
{
	struct vault_session_settings with_token = *settings;

	if (err->code != ERROR_UNSUPPORTED || settings->auth_inline != FEATURE_IF_POSSIBLE)
		return 0;
	log_write(LOG_INFO,
	    "Vault at %s: the request with an inline login was denied; logging in for a token",
	    vault->endpoint.url);
	error_clear(err);
	vault_inline_login_clear(vault);
	with_token.auth_inline = FEATURE_OFF;
	return vault_session_begin(client, vault, &with_token, err) < 0 ? -1 : 1;
}

int vault_revoke_self(struct http_client *client, struct vault *vault, struct error *err)
{
	struct http_exchange exchange;
	int result = -1;

	if (vault_request(vault, true, "auth/token", "revoke-self", &exchange, err) == 0 &&
	    http_run_one(client, &exchange, err) == 0)
		result = vault_check(&exchange, err);
	/* Status 403 after a try without a response means that this try has revoked the token. */
	if (result < 0 && exchange.status == 403 && exchange.uncertain) {
		error_clear(err);
		result = 0;
	}
	http_exchange_free(&exchange);
	return result < 0 ? error_wrap(err, "revoking the Vault token") : 0;
}

/* Revoke the token, within a short time after a signal or the end of the program's time limit. */
static int session_revoke(struct http_client *client, struct vault *vault, struct error *err)
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

	/* Vault's clock started earlier, so the token has also expired there. */
	bool ended = token->lease_s > 0 && clock_now_ms() >= token->expires_ms;
	bool revocable = token->value.length && !token->given && !token->batch &&
			 !vault_token_is_spent(token) && !ended;
	if (revocable && session_revoke(client, vault, &failure) < 0) {
		if (token->lease_s == 0 || token->lease_s * 1000 > settings->max_token_ttl_ms) {
			*err = failure;
			result = -1;
		} else {
			/* Not advice, which would be a line of its own on a terminal. */
			log_write(LOG_WARNING, "%s (the token expires within %lld s)",
			    failure.message, (long long)token->lease_s);
		}
	}
	vault_token_free(token);
	return result;
}
