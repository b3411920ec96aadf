/* login_jwt: the JWT of a login: its source, and a check of its claims. */
#include "lib/base/jwt.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/vault/internal.h"

/* Clocks differ.  Vault accepts this difference, too. */
#define CLOCK_LEEWAY_S 60
/* A longer claim is shortened in messages. */
#define CLAIM_MAX 128
/* "2026-01-31T12:00:00Z", and years of more digits */
#define TIME_TEXT_MAX 40

/* -- sources ---------------------------------------------------------------------------------- */

/* Return the JWT in the variable of --jwt-env; NULL if it is not set. */
static const char *variable_value(const struct vault_session_settings *settings)
{
	const char *value = is_set(settings->jwt_variable) ? getenv(settings->jwt_variable) : NULL;

	return is_set(value) ? value : NULL;
}

/* Return true for VAULT_JWT, unless --jwt-env names the same JWT. */
static bool has_own_jwt(const struct vault_session_settings *settings)
{
	const char *other = variable_value(settings);

	return is_set(settings->jwt) && !(other && strcmp(other, settings->jwt) == 0);
}

static bool is_given(const struct vault_session_settings *settings)
{
	return is_set(settings->jwt) || is_set(settings->jwt_variable) ||
	       is_set(settings->jwt_file) || is_set(settings->service_account);
}

bool vault_login_uses_github(const struct vault_session_settings *settings, enum vault_auth method)
{
	return method == VAULT_AUTH_JWT && !is_given(settings) &&
	       (is_set(settings->github_url) || is_set(settings->github_token));
}

bool vault_session_has_jwt(const struct vault_session_settings *settings, enum vault_auth method)
{
	return is_given(settings) || vault_login_uses_github(settings, method);
}

static int check_one_source(const struct vault_session_settings *settings, struct error *err)
{
	const struct {
		bool set;
		const char *name;
	} sources[] = {{has_own_jwt(settings), "VAULT_JWT"},
	    {is_set(settings->jwt_variable), "--jwt-env"},
	    {is_set(settings->jwt_file), "--jwt-file"},
	    {is_set(settings->service_account), "--service-account"}};
	const char *first = NULL;

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		if (!sources[i].set)
			continue;
		if (first)
			return error_set(err, ERROR_USAGE,
			    "%s and %s are both set; use one of them", first, sources[i].name);
		first = sources[i].name;
	}
	return 0;
}

static int copy_variable(const char *value, struct secret_buffer *jwt, struct error *err)
{
	if (secret_buffer_append_string(jwt, value, err) < 0)
		return -1;
	http_credential_trim(jwt);
	return http_credential_check(jwt, "JWT", err);
}

static int read_variable(
    const struct vault_session_settings *settings, struct secret_buffer *jwt, struct error *err)
{
	const char *name = is_set(settings->jwt_variable) ? settings->jwt_variable : "VAULT_JWT";
	const char *value =
	    is_set(settings->jwt_variable) ? variable_value(settings) : settings->jwt;

	if (!value)
		return error_set(err, ERROR_USAGE,
		    "--jwt-env %s: the variable is not set; request an ID token for it in the job",
		    name);
	return copy_variable(value, jwt, err) < 0 ? error_wrap(err, "%s", name) : 0;
}

/* Return the advice for a missing file with a JWT. */
static const char *file_advice(
    const struct vault_session_settings *settings, enum vault_auth method)
{
	if (method == VAULT_AUTH_JWT)
		return "set VAULT_JWT, --jwt-env or --jwt-file, or in a workflow of GitHub "
		       "permissions: id-token: write";
	if (is_set(settings->github_url))
		return "to log in with GitHub's ID token, set VAULT_AUTH_METHOD to jwt";
	return "set automountServiceAccountToken, mount a projected token volume, or set --jwt-file";
}

static int read_file(const struct vault_session_settings *settings, enum vault_auth method,
    struct secret_buffer *jwt, struct error *err)
{
	const char *what = method == VAULT_AUTH_JWT ? "JWT" : "service-account token";

	if (http_credential_read_file(jwt, settings->jwt_file, what, err) == 0)
		return 0;
	return error_hint(err, "%s", file_advice(settings, method));
}

static int request_for_account(struct http_client *client,
    const struct vault_session_settings *settings, struct secret_buffer *jwt, struct error *err)
{
	if (settings->jwt_lifetime_ms < VAULT_JWT_LIFETIME_MS)
		return error_set(err, ERROR_USAGE,
		    "--token-lifetime %llds: too short for the Kubernetes API; pass at least %llds",
		    (long long)settings->jwt_lifetime_ms / 1000,
		    (long long)VAULT_JWT_LIFETIME_MS / 1000);
	return settings->request_jwt(settings, client, jwt, err);
}

/* -- claims ----------------------------------------------------------------------------------- */

static int append_name(
    const struct json *document, json_node node, struct secret_buffer *text, struct error *err)
{
	cleanup_free char *name = json_strdup(document, node);

	if (!name)
		return 0;
	utf8_shorten(name, CLAIM_MAX);
	return secret_buffer_append_format(text, err, "%s%s", text->length ? ", " : "", name);
}

/* Return a claim that is a string or an array of strings, for messages.  Newly allocated. */
static char *claim_text(const struct jwt_claims *claims, const char *name, struct error *err)
{
	json_node node = json_member(claims->document, JSON_ROOT, name);
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	int result = append_name(claims->document, node, &text, err);

	if (json_type(claims->document, node) == JSON_ARRAY)
		json_each (claims->document, node, each)
			result = result < 0 ? -1 : append_name(claims->document, each, &text, err);
	if (result < 0)
		return NULL;
	char *copy = string_format(err, "%s", text.length ? text.data : "none");
	if (copy)
		utf8_shorten(copy, CLAIM_MAX);
	return copy;
}

static const char *time_text(int64_t seconds, char text[TIME_TEXT_MAX])
{
	time_t time = (time_t)seconds;
	struct tm parts;

	if (!gmtime_r(&time, &parts) || strftime(text, TIME_TEXT_MAX, "%FT%TZ", &parts) == 0)
		snprintf(text, TIME_TEXT_MAX, "%lld", (long long)seconds);
	return text;
}

static int check_times(
    const struct jwt_claims *claims, const char *issuer, const char *audience, struct error *err)
{
	int64_t now = time(NULL), end = jwt_time(claims, "exp"), begin = jwt_time(claims, "nbf");
	char text[TIME_TEXT_MAX];

	if (end && end + CLOCK_LEEWAY_S <= now)
		return error_set(err, ERROR_INVALID,
		    "expired at %s (issuer %s, audience %s); get a new one, or check this machine's "
		    "clock",
		    time_text(end, text), issuer, audience);
	if (begin > now + CLOCK_LEEWAY_S)
		return error_set(err, ERROR_INVALID,
		    "not valid before %s (issuer %s, audience %s); check this machine's clock",
		    time_text(begin, text), issuer, audience);
	return 0;
}

/* Reject a JWT that Vault would reject, with its claims as the reason. */
static int check_claims(const char *jwt, const char *wanted, struct error *err)
{
	cleanup_jwt struct jwt_claims claims = JWT_CLAIMS_INIT;

	if (jwt_read(&claims, jwt, err) < 0)
		return err->code == ERROR_SYSTEM
			   ? -1
			   : error_hint(err, "pass the ID token, not another token of the job");
	cleanup_free char *issuer = claim_text(&claims, "iss", err);
	cleanup_free char *audience = issuer ? claim_text(&claims, "aud", err) : NULL;
	if (!audience || check_times(&claims, issuer, audience, err) < 0)
		return -1;
	if (!is_set(wanted) || jwt_is_for(&claims, wanted))
		return 0;
	return error_set(err, ERROR_INVALID,
	    "for the audience %s, not %s (issuer %s); request it for this audience, or correct "
	    "--audience",
	    audience, wanted, issuer);
}

/* -- all of it -------------------------------------------------------------------------------- */

/* Prefix an error with the JWT's place.  Return -1. */
static int wrap_place(const struct vault_session_settings *settings, struct error *err)
{
	if (is_set(settings->jwt_variable))
		return error_wrap(err, "JWT in %s", settings->jwt_variable);
	if (is_set(settings->jwt))
		return error_wrap(err, "JWT in VAULT_JWT");
	if (is_set(settings->jwt_file))
		return error_wrap(err, "JWT in %s", settings->jwt_file);
	if (is_set(settings->service_account))
		return error_wrap(err, "JWT of service account %s", settings->service_account);
	return error_wrap(err, "JWT from GitHub");
}

int vault_login_get_jwt(struct http_client *client, const struct vault *vault,
    const struct vault_session_settings *settings, enum vault_auth method,
    struct secret_buffer *jwt, struct error *err)
{
	bool checked = method == VAULT_AUTH_JWT;
	int result;

	if (check_one_source(settings, err) < 0)
		return -1;
	if (is_set(settings->audience) && !checked && !is_set(settings->service_account))
		return error_set(err, ERROR_USAGE,
		    "--audience is only for --service-account, and for auth method jwt, because a "
		    "token in a file has its audience already; omit it, or set VAULT_AUTH_METHOD to "
		    "jwt");
	if (is_set(settings->jwt) || is_set(settings->jwt_variable))
		result = read_variable(settings, jwt, err);
	else if (is_set(settings->service_account))
		result = request_for_account(client, settings, jwt, err);
	else if (vault_login_uses_github(settings, method))
		result = vault_github_request(client, vault, settings, jwt, err);
	else if (is_set(settings->jwt_file))
		result = read_file(settings, method, jwt, err);
	else
		return error_set(err, ERROR_USAGE,
		    "no service-account token; set --jwt-file or --service-account");
	if (result < 0 || !checked)
		return result;
	return check_claims(jwt->data, settings->audience, err) < 0 ? wrap_place(settings, err) : 0;
}
