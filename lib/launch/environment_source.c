/* environment_source: ciphertext in our own environment, as envFrom of a sealed Secret puts it. */
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/launch/naming.h"
#include "lib/launch/source_kinds.h"
#include "lib/sealed/sealed.h"

static bool is_document(const struct naming *naming, const char *name)
{
	return naming_is_document(naming, name, sealed_names_document(name));
}

/* A document's patterns are for its members. */
bool environment_source_takes(const struct naming *naming, const char *name)
{
	return is_document(naming, name) || naming_takes(naming, name);
}

static int add_variable(struct source *source, const struct source_context *context,
    const char *name, const char *text, struct error *err)
{
	struct source_value *value =
	    source_add(source, name, string_format(err, "environment variable %s", name), err);

	if (!value ||
	    source_value_seal(value, text, strlen(text), context->settings->transit_key, err) < 0)
		return -1;
	value->document = is_document(context->naming, name);
	/* In its place, under its own name. */
	if (!value->document && !(value->variable = strdup(name)))
		return error_memory(err);
	if (binding_context(context->binding, name, &value->context, err) < 0)
		return error_wrap(err, "%s", value->where);
	return 0;
}

static int read_environment(
    struct source *source, const struct source_context *context, struct error *err)
{
	for (char **entry = context->settings->environment; entry && *entry; entry++) {
		const char *equals = strchr(*entry, '=');
		if (!equals || !sealed_is_ciphertext(equals + 1, strlen(equals + 1)))
			continue;
		cleanup_free char *name = strndup(*entry, (size_t)(equals - *entry));
		if (!name)
			return error_memory(err);
		if (!is_document(context->naming, name) && !source_takes(source, context, name))
			continue;
		if (add_variable(source, context, name, equals + 1, err) < 0)
			return -1;
	}
	return 0;
}

const struct source_kind environment_source = {
    .read = read_environment,
    .hint_bound = BINDING_HINT_BOUND,
    .hint_unbound = BINDING_HINT_UNBOUND,
};
