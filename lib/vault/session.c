#include "lib/vault/session.h"

#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"

static bool token_is_given(const struct vault_session_settings *settings)
{
	return settings->token && *settings->token;
}

int vault_session_request(struct vault *vault, const struct vault_session_settings *settings,
    struct http_exchange *exchange, struct error *err)
{
	cleanup_secret struct secret_buffer jwt = {.limit = HTTP_RESPONSE_SMALL};

	memset(exchange, 0, sizeof(*exchange));
	if (token_is_given(settings)) {
		if (strpbrk(settings->token, "\r\n \t"))
			return error_set(
			    err, ERROR_USAGE, "the Vault token given holds white space");
		return secret_buffer_append_string(&vault->token.value, settings->token, err);
	}
	if (!settings->role || !*settings->role)
		return error_set(
		    err, ERROR_USAGE, "no Vault role to log in with: set VAULT_ROLE or --role");
	if (!settings->jwt_file || !*settings->jwt_file)
		return error_set(err, ERROR_USAGE, "no service-account token: --jwt-file names it");
	if (secret_buffer_read_file(&jwt, settings->jwt_file, err) < 0) {
		error_wrap(err, "service-account token");
		return error_hint(err, "the pod needs automountServiceAccountToken or a projected "
				       "token volume; --jwt-file names another place");
	}
	if (vault_login_request(vault, settings->auth_mount, settings->role, &jwt, exchange, err) <
	    0)
		return -1;
	return 1;
}

int vault_session_result(struct vault *vault, const struct vault_session_settings *settings,
    const struct http_exchange *exchange, struct error *err)
{
	if (vault_login_result(vault, settings->auth_mount, settings->role, exchange, err) < 0)
		return -1;
	if (vault->token.lease_s <= 0 || vault->token.lease_s * 1000 > settings->max_token_ttl_ms)
		return error_set(err, ERROR_REJECTED,
		    "login with role \"%s\": the token would live %lld s, more than the %lld s "
		    "allowed: set token_ttl and token_max_ttl of the role, or --max-token-ttl",
		    settings->role, (long long)vault->token.lease_s,
		    (long long)settings->max_token_ttl_ms / 1000);
	return 0;
}

int vault_session_begin(struct http_client *client, struct vault *vault,
    const struct vault_session_settings *settings, struct error *err)
{
	struct http_exchange exchange;
	int result = vault_session_request(vault, settings, &exchange, err);

	if (result > 0) {
		result = http_run_one(client, &exchange, err);
		if (result == 0)
			result = vault_session_result(vault, settings, &exchange, err);
	}
	http_exchange_free(&exchange);
	return result;
}

int vault_session_renew(struct http_client *client, struct vault *vault,
    const struct vault_session_settings *settings, struct error *err)
{
	if (token_is_given(settings) ||
	    clock_now_ms() + VAULT_SESSION_MARGIN_MS < vault->token.expires_ms)
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
	http_resume();
	struct http_client *last = http_client_new(clock_now_ms() + VAULT_SESSION_LAST_MS, err);
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

	bool revocable = token->value.length && !token_is_given(settings) && !token->batch &&
			 token->num_uses != 1;
	if (revocable && revoke(client, vault, &failure) < 0) {
		if (token->lease_s * 1000 > settings->max_token_ttl_ms) {
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
