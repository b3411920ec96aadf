#include "lib/launch/reference.h"

#include <stdlib.h>
#include <string.h>

#include "lib/kube/kube.h"

void reference_free(struct reference *reference)
{
	free(reference->namespace);
	free(reference->name);
	free(reference->key);
	free(reference->variable);
	memset(reference, 0, sizeof(*reference));
}

/* Without "=VAR", which becomes part of the key. */
static int split(struct reference *reference, const char *text, struct error *err)
{
	size_t object = strcspn(text, ":");
	const char *slash = memchr(text, '/', object);
	size_t namespace = slash ? (size_t)(slash - text) + 1 : 0;

	memset(reference, 0, sizeof(*reference));
	reference->name = strndup(text + namespace, object - namespace);
	if (!reference->name || (slash && !(reference->namespace = strndup(text, namespace - 1))) ||
	    (text[object] && !(reference->key = strdup(text + object + 1)))) {
		reference_free(reference);
		return error_memory(err);
	}
	return 0;
}

static bool names_are_valid(const struct reference *reference)
{
	return kube_valid_name(reference->name) &&
	       (!reference->namespace || kube_valid_namespace(reference->namespace));
}

/* Cut "=VAR" off the key. */
static int split_variable(struct reference *reference, struct error *err)
{
	char *equals = reference->key ? strchr(reference->key, '=') : NULL;

	if (!equals)
		return 0;
	*equals = '\0';
	reference->variable = strdup(equals + 1);
	return reference->variable ? 0 : error_memory(err);
}

int reference_parse(
    struct reference *reference, const char *option, const char *text, struct error *err)
{
	if (split(reference, text, err) < 0)
		return -1;
	int result = split_variable(reference, err);
	if (result == 0 && (!names_are_valid(reference) ||
			       (reference->key && !kube_valid_data_key(reference->key)) ||
			       (reference->variable && !*reference->variable)))
		result = error_set(err, ERROR_USAGE,
		    "%s \"%s\": write [NAMESPACE/]NAME[:KEY[=VARIABLE]]", option, text);
	if (result < 0)
		reference_free(reference);
	return result;
}

int reference_parse_prefix(
    struct reference *reference, const char *option, const char *text, struct error *err)
{
	if (split(reference, text, err) < 0)
		return -1;
	if (names_are_valid(reference))
		return 0;
	reference_free(reference);
	return error_set(
	    err, ERROR_USAGE, "%s \"%s\": write [NAMESPACE/]NAME[:PREFIX]", option, text);
}
