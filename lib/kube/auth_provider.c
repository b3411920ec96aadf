#include "lib/kube/auth_provider.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/kube/credential.h"

/* client-go's: a token that ends sooner counts as expired. */
#define EXPIRY_DELTA_S 10

/* Return a time that may have a fraction or an exponent in whole seconds; 0 if it is not a number.
 */
static int64_t integer_part(const struct json *document, json_node node)
{
	size_t length;

	if (json_type(document, node) != JSON_NUMBER)
		return 0;
	double number = strtod(json_raw(document, node, &length), NULL);
	return number > 0 && number < 1e15 ? (int64_t)number : 0;
}

/* Read the member "exp" of a JWT's payload, or 0 if it has none. */
static int read_expiry(const struct secret_buffer *token, int64_t *expiry_s, struct error *err)
{
	cleanup_secret struct secret_buffer payload = SECRET_BUFFER_INIT;
	struct error ignored = ERROR_INIT;
	const char *start = strchr(secret_buffer_string(token), '.');
	const char *end = start ? strchr(start + 1, '.') : NULL;

	if (!end || strchr(end + 1, '.') ||
	    base64url_decode(&payload, start + 1, (size_t)(end - start) - 1, &ignored) < 0)
		return error_set(err, ERROR_INVALID, "id-token: not a JWT");
	cleanup_json struct json *claims =
	    json_parse(secret_buffer_string(&payload), payload.length, "id-token", &ignored);
	if (!claims)
		return error_set(err, ERROR_INVALID, "id-token: not a JWT");
	*expiry_s = integer_part(claims, json_member(claims, JSON_ROOT, "exp"));
	return 0;
}

static int take_id_token(
    struct kube *kube, const struct json *document, json_node config, struct error *err)
{
	json_node node = json_member(document, config, "id-token");
	cleanup_secret struct secret_buffer token = SECRET_BUFFER_INIT;
	int64_t expiry_s;

	if (json_type(document, node) == JSON_STRING &&
	    json_string(document, node, &token, err) < 0)
		return -1;
	if (token.length == 0)
		return error_set(err, ERROR_USAGE,
		    "no id-token; run kubectl once, which gets one with the refresh-token");
	if (kube_token_check(&token, err) < 0)
		return error_wrap(err, "id-token");
	if (read_expiry(&token, &expiry_s, err) < 0)
		return -1;
	if (expiry_s <= (int64_t)time(NULL) + EXPIRY_DELTA_S)
		return error_set(err, ERROR_USAGE,
		    "the id-token has expired; run kubectl once, which refreshes it, or use an "
		    "exec "
		    "plugin such as kubelogin");
	secret_buffer_move(&kube->token, &token);
	return 0;
}

static bool has_text(const struct json *document, json_node config, const char *name)
{
	json_node node = json_member(document, config, name);

	return json_type(document, node) == JSON_STRING && !json_string_is(document, node, "");
}

int kube_read_auth_provider(
    struct kube *kube, const struct json *document, json_node provider, struct error *err)
{
	cleanup_free char *name = NULL;
	json_node config = json_member(document, provider, "config");

	if (json_copy_string(document, json_member(document, provider, "name"), &name, err) < 0)
		return -1;
	if (!name || strcmp(name, "oidc") != 0)
		return error_set(err, ERROR_USAGE,
		    "auth-provider %s: kubectl no longer has it; use the exec plugin that has "
		    "replaced "
		    "it",
		    name ? name : "without a name");
	if (!has_text(document, config, "idp-issuer-url") ||
	    !has_text(document, config, "client-id"))
		return error_set(
		    err, ERROR_USAGE, "auth-provider oidc: idp-issuer-url or client-id is missing");
	if (kube->token_file || kube->token.length)
		return 0;
	if (take_id_token(kube, document, config, err) < 0)
		return error_wrap(err, "auth-provider oidc");
	return 0;
}
