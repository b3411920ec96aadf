/*
 * plain_object_source: for development: a Secret that nobody has sealed, or a ConfigMap, of the
 * Kubernetes API.
 */
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/launch/document_text.h"
#include "lib/launch/naming.h"
#include "lib/launch/source_kinds.h"
#include "lib/sealed/sealed.h"

/* A copy: another source may take the same. */
static int copy(const struct secret_buffer *from, struct secret_buffer *to, struct error *err)
{
	return secret_buffer_append(to, secret_buffer_string(from), from->length, err);
}

static int take_value(struct source *source, const struct naming *naming,
    struct source_value *value, const struct secret_buffer *bytes, struct error *err)
{
	const struct reference *reference = &source->reference;
	cleanup_secret struct secret_buffer plaintext = SECRET_BUFFER_INIT;

	if (copy(bytes, &plaintext, err) < 0 || source_value_take(value, &plaintext, err) < 0)
		return -1;
	if (reference->variable) {
		value->variable = strdup(reference->variable);
		return value->variable ? 0 : error_memory(err);
	}
	/* As in the original project: one data key that is asked for holds an object. */
	value->document = naming_is_document(naming, value->name, reference->key != NULL);
	return value->document ? document_text_to_json(&value->bytes, value->where, err) : 0;
}

static int read_entry(struct source *source, const struct source_context *context,
    const struct kube_entry *entry, struct error *err)
{
	cleanup_free char *title = api_object_title(source->fetched, err);

	if (!title)
		return -1;
	if (!source->reference.key && !naming_is_document(context->naming, entry->key, false) &&
	    !source_takes(source, context, entry->key))
		return 0;
	struct source_value *value = source_add(
	    source, entry->key, string_format(err, "%s, data key %s", title, entry->key), err);
	return value ? take_value(source, context->naming, value, &entry->value, err) : -1;
}

static int refuse_missing(const struct source *source, struct error *err)
{
	cleanup_free char *title = api_object_title(source->fetched, err);

	if (!title)
		return -1;
	if (source->reference.key)
		return error_set(err, ERROR_NOT_FOUND, "%s: it has no data key \"%s\"", title,
		    source->reference.key);
	return error_set(err, ERROR_INVALID, "%s: it is empty", title);
}

static int read_object(
    struct source *source, const struct source_context *context, struct error *err)
{
	size_t count;
	const struct kube_entry *data = api_object_data(source->fetched, &count);
	const char *key = source->reference.key;

	for (size_t i = 0; i < count; i++)
		if ((!key || strcmp(key, data[i].key) == 0) &&
		    read_entry(source, context, &data[i], err) < 0)
			return -1;
	return source->count || source->left_out ? 0 : refuse_missing(source, err);
}

const struct source_kind plain_secret_source = {
    .option = "--from-secret",
    .resource = API_SECRET,
    .plaintext = true,
    .read = read_object,
};

const struct source_kind config_map_source = {
    .option = "--from-config-map",
    .resource = API_CONFIG_MAP,
    .plaintext = true,
    .read = read_object,
};
