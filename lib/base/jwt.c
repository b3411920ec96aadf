#include "lib/base/jwt.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"

/* A larger number of seconds is not a time. */
#define TIME_MAX_S 1e15

void jwt_claims_free(struct jwt_claims *claims)
{
	json_free(claims->document);
	secret_buffer_free(&claims->text);
	claims->document = NULL;
}

static int not_a_jwt(struct error *err)
{
	return err->code == ERROR_SYSTEM ? -1 : error_set(err, ERROR_INVALID, "not a JWT");
}

int jwt_read(struct jwt_claims *claims, const char *token, struct error *err)
{
	const char *start = strchr(token, '.');
	const char *end = start ? strchr(start + 1, '.') : NULL;

	error_clear(err);
	if (!end || strchr(end + 1, '.') ||
	    base64_url_decode(&claims->text, start + 1, (size_t)(end - start) - 1, err) < 0)
		return not_a_jwt(err);
	claims->document =
	    json_parse(secret_buffer_string(&claims->text), claims->text.length, "JWT", err);
	if (json_type(claims->document, JSON_ROOT) != JSON_OBJECT)
		return not_a_jwt(err);
	return 0;
}

int64_t jwt_time(const struct jwt_claims *claims, const char *name)
{
	json_node node = json_member(claims->document, JSON_ROOT, name);
	size_t length;

	if (json_type(claims->document, node) != JSON_NUMBER)
		return 0;
	/* It may have a fraction or an exponent. */
	double number = strtod(json_raw(claims->document, node, &length), NULL);
	return number > 0 && number < TIME_MAX_S ? (int64_t)number : 0;
}

bool jwt_is_for(const struct jwt_claims *claims, const char *audience)
{
	json_node node = json_member(claims->document, JSON_ROOT, "aud");

	if (json_string_is(claims->document, node, audience))
		return true;
	if (json_type(claims->document, node) != JSON_ARRAY)
		return false;
	json_each (claims->document, node, each)
		if (json_string_is(claims->document, each, audience))
			return true;
	return false;
}
