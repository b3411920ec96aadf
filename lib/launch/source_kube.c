/* source_kube: Secrets and ConfigMaps of the Kubernetes API. */
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/launch/source.h"

/* -- objects ---------------------------------------------------------------------------------- */

static const struct kube_object_kind *const kinds[] = {
    [API_SECRET] = &kube_secret_kind,
    [API_CONFIG_MAP] = &kube_config_map_kind,
};

static bool object_is(const struct source_object *object, enum source_resource resource,
    const char *namespace, const char *name)
{
	return object->resource == resource && strcmp(object->namespace, namespace) == 0 &&
	       strcmp(object->name, name) == 0;
}

int source_objects_add(struct source_objects *objects, struct kube *kube,
    enum source_resource resource, const struct source_ref *ref, size_t *index, struct error *err)
{
	const char *namespace = ref->namespace ? ref->namespace : kube->namespace;

	for (*index = 0; *index < objects->count; (*index)++) {
		struct source_object *added = &objects->items[*index];
		if (!object_is(added, resource, namespace, ref->name))
			continue;
		added->optional &= ref->optional;
		return 0;
	}
	struct source_object *object =
	    reallocarray(objects->items, objects->count + 1, sizeof(*object));
	if (!object)
		return error_memory(err);
	objects->items = object;
	object += objects->count++;
	*object = (struct source_object){.resource = resource,
	    .optional = ref->optional,
	    .namespace = strdup(namespace),
	    .name = strdup(ref->name)};
	if (!object->namespace || !object->name)
		return error_memory(err);
	return resource == API_SECRET
		   ? kube_secret_get_request(kube, namespace, ref->name, &object->exchange, err)
		   : kube_config_map_get_request(
			 kube, namespace, ref->name, &object->exchange, err);
}

/* Read the response.  If an optional object does not exist, mark it and succeed. */
static int object_result(struct source_object *object, struct error *err)
{
	const struct kube_object_kind *kind = kinds[object->resource];
	int result = object->resource == API_SECRET
			 ? kube_secret_result(&object->exchange, object->namespace, object->name,
			       &object->secret, err)
			 : kube_config_map_result(&object->exchange, object->namespace,
			       object->name, &object->config_map, err);

	object->absent = result < 0 && object->optional &&
			 kube_object_is_absent(&object->exchange, kind, object->name);
	if (!object->absent)
		return result;
	error_clear(err);
	log_write(LOG_DEBUG, "%s %s/%s: not found, and optional", kind->name, object->namespace,
	    object->name);
	return 0;
}

int source_objects_result(struct source_objects *objects, struct error *err)
{
	for (size_t i = 0; i < objects->count; i++) {
		struct source_object *object = &objects->items[i];
		int result = object_result(object, err);
		http_exchange_free(&object->exchange);
		if (result < 0)
			return -1;
	}
	return 0;
}

void source_objects_free(struct source_objects *objects)
{
	for (size_t i = 0; i < objects->count; i++) {
		struct source_object *object = &objects->items[i];
		free(object->namespace);
		free(object->name);
		http_exchange_free(&object->exchange);
		kube_secret_free(&object->secret);
		kube_config_map_free(&object->config_map);
	}
	free(objects->items);
	memset(objects, 0, sizeof(*objects));
}

/* -- sealed Secrets --------------------------------------------------------------------------- */

/* The Transit key and the scope of a sealed Secret. */
struct secret_seal {
	const char *transit_key;
	enum sealed_scope scope;
};

static int secret_add(struct source *source, const struct secret_seal *seal,
    const struct kube_entry *entry, bool document, struct error *err)
{
	const struct kube_secret *secret = &source->fetched->secret;
	const char *variable = source->ref.variable;
	struct source_value *value = source_add(source, entry->key,
	    string_format(
		err, "Secret %s/%s, data key %s", secret->namespace, secret->name, entry->key),
	    err);

	if (!value || source_value_set_ciphertext(value, secret_buffer_string(&entry->value),
			  entry->value.length, seal->transit_key, err) < 0)
		return -1;
	value->document = document;
	if (variable && !(value->variable = strdup(variable)))
		return error_memory(err);
	if (seal->scope == SEALED_UNBOUND)
		return 0;
	value->context =
	    sealed_context(seal->scope, secret->namespace, secret->name, entry->key, err);
	return value->context ? 0 : -1;
}

/*
 * Return whether the value is a document: by --document, else by the annotation, else by the name
 * of the data key.
 */
static bool secret_is_document(
    const struct kube_secret *secret, const struct source_filter *filter, const char *data_key)
{
	bool annotated = kube_secret_annotation(secret, SEALED_ANNOTATION_LAYOUT) != NULL;

	return source_filter_is_document(filter, data_key,
	    annotated ? sealed_secret_is_document(secret, data_key)
		      : sealed_names_document(data_key));
}

static int secret_read_entry(struct source *source, const struct source_filter *filter,
    const struct secret_seal *seal, const struct kube_entry *entry, struct error *err)
{
	const struct kube_secret *secret = &source->fetched->secret;
	const char *key = source->ref.key;
	bool renamed = source->ref.variable != NULL;

	if (key && strcmp(key, entry->key) != 0)
		return 0;
	/* A value whose variable is set by the option is used whole, and is not filtered. */
	bool document = !renamed && secret_is_document(secret, filter, entry->key);
	if (!document && !renamed && !source_accepts(source, filter, entry->key))
		return 0;
	if (!sealed_entry_is_ciphertext(entry))
		return sealed_secret_check(secret, entry->key, err);
	return secret_add(source, seal, entry, document, err);
}

static int secret_read(struct source *source, const struct source_list *list, struct error *err)
{
	const struct kube_secret *secret = &source->fetched->secret;
	const struct source_filter *filter = &list->settings->names;
	const char *key = source->ref.key;
	struct secret_seal seal;

	/* Without patterns all values of the Secret must be sealed; excluded values need not be. */
	bool filtered = !key && secret->data_count && source_filter_has_patterns(filter);
	if ((!filtered && sealed_secret_check(secret, key, err) < 0) ||
	    sealed_secret_scope(secret, &seal.scope, err) < 0)
		return -1;
	seal.transit_key = sealed_secret_key(secret, list->settings->sources.transit_key, err);
	if (!seal.transit_key)
		return -1;
	for (size_t i = 0; i < secret->data_count; i++)
		if (secret_read_entry(source, filter, &seal, &secret->data[i], err) < 0)
			return -1;
	return 0;
}

const struct source_kind source_secret = {
    .option = "--secret",
    .resource = API_SECRET,
    .read = secret_read,
    .hint_bound = "seal it again for this Secret; it may be garbled, or copied from another Secret",
    .hint_unbound =
	"seal it again with secret-seal; the key binds it to its Secret, and the annotation " SEALED_ANNOTATION_SCOPE
	" is missing",
};

/* -- plaintext, for development --------------------------------------------------------------- */

static char *plain_title(const struct source_object *object, struct error *err)
{
	return string_format(
	    err, "%s %s/%s", kinds[object->resource]->name, object->namespace, object->name);
}

/* Set the value to a copy of the bytes, because another source may use them too. */
static int plain_set(struct source *source, const struct source_filter *filter,
    struct source_value *value, const struct secret_buffer *bytes, struct error *err)
{
	const struct source_ref *ref = &source->ref;
	cleanup_secret struct secret_buffer copy = SECRET_BUFFER_INIT;

	if (secret_buffer_append(&copy, secret_buffer_string(bytes), bytes->length, err) < 0 ||
	    source_value_set_plaintext(value, &copy, err) < 0)
		return -1;
	if (ref->variable) {
		value->variable = strdup(ref->variable);
		return value->variable ? 0 : error_memory(err);
	}
	/*
	 * As in the original project, a data key that is selected by name is an object by default.
	 */
	value->document = source_filter_is_document(filter, value->name, ref->key != NULL);
	return value->document ? source_document_to_json(&value->bytes, value->where, err) : 0;
}

static int plain_read_entry(struct source *source, const struct source_filter *filter,
    const char *title, const struct kube_entry *entry, struct error *err)
{
	const char *key = source->ref.key;

	if (key && strcmp(key, entry->key) != 0)
		return 0;
	if (!key && !source_filter_is_document(filter, entry->key, false) &&
	    !source_accepts(source, filter, entry->key))
		return 0;
	struct source_value *value = source_add(
	    source, entry->key, string_format(err, "%s, data key %s", title, entry->key), err);
	return value ? plain_set(source, filter, value, &entry->value, err) : -1;
}

static int plain_read(struct source *source, const struct source_list *list, struct error *err)
{
	const struct source_object *object = source->fetched;
	bool secret = object->resource == API_SECRET;
	const struct kube_entry *data = secret ? object->secret.data : object->config_map.data;
	size_t count = secret ? object->secret.data_count : object->config_map.data_count;

	cleanup_free char *title = plain_title(object, err);
	if (!title)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (plain_read_entry(source, &list->settings->names, title, &data[i], err) < 0)
			return -1;
	if (source->count || source->excluded)
		return 0;
	if (source->ref.key)
		return error_set(
		    err, ERROR_NOT_FOUND, "%s: no data key \"%s\"", title, source->ref.key);
	return error_set(err, ERROR_INVALID, "%s: empty", title);
}

const struct source_kind source_plain = {
    .option = "--from-secret",
    .resource = API_SECRET,
    .plaintext = true,
    .read = plain_read,
};

const struct source_kind source_config_map = {
    .option = "--from-config-map",
    .resource = API_CONFIG_MAP,
    .plaintext = true,
    .read = plain_read,
};
