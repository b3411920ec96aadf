/* kube_object: objects of all kinds, and the store of a kind. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/secret-dev/kube_server.h"
#include "lib/base/cleanup.h"

#define NAME_LENGTH_MAX 253
#define STORE_ROOM_MIN 64

/* -- one object ------------------------------------------------------------------------------- */

struct kube_object *kube_object_new(const char *namespace, const char *name, struct error *err)
{
	struct kube_object *object = calloc(1, sizeof(*object));

	if (object) {
		object->namespace = strdup(namespace);
		object->name = strdup(name);
		object->created_s = time(NULL);
		random_uuid(object->uid);
	}
	if (!object || !object->namespace || !object->name)
		error_memory(err);
	else if (secret_buffer_append_string(&object->metadata, "{}", err) == 0 &&
		 secret_buffer_append_string(&object->fields, "{}", err) == 0)
		return object;
	kube_object_free(object);
	return NULL;
}

void kube_object_free(struct kube_object *object)
{
	if (!object)
		return;
	free(object->namespace);
	free(object->name);
	secret_buffer_free(&object->metadata);
	secret_buffer_free(&object->fields);
	free(object);
}

typedef int (*store_function)(
    const struct json *sent, struct json_writer *writer, struct error *err);

static void copy_member(
    const struct json *document, json_node value, const char *name, struct json_writer *writer)
{
	size_t length;
	const char *raw = json_raw(document, value, &length);

	json_write_name(writer, name);
	json_write_raw(writer, raw, length);
}

/* Write the metadata that clients can set, without empty members. */
static int store_metadata(const struct json *sent, struct json_writer *writer, struct error *err)
{
	static const char *const maps[] = {"annotations", "labels"};
	static const char *const members[] = {
	    "annotations", "finalizers", "labels", "ownerReferences"};

	for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++)
		if (kube_check_map(sent, json_member(sent, JSON_ROOT, maps[i]), false, err) < 0)
			return -1;
	json_write_object(writer);
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		json_node value = json_member(sent, JSON_ROOT, members[i]);

		if (json_count(sent, value) > 0)
			copy_member(sent, value, members[i], writer);
	}
	json_write_object_end(writer);
	return 0;
}

static int store_all(const struct json *sent, struct json_writer *writer, struct error *err)
{
	json_write_object(writer);
	json_each (sent, JSON_ROOT, value) {
		cleanup_free char *name = NULL;

		if (json_copy_name(sent, value, &name, err) < 0)
			return -1;
		if (strcmp(name, "kind") != 0 && strcmp(name, "apiVersion") != 0 &&
		    strcmp(name, "metadata") != 0)
			copy_member(sent, value, name, writer);
	}
	json_write_object_end(writer);
	return 0;
}

/* Apply a patch to a stored JSON object.  `store` writes the part of the result that is stored. */
static int apply_patch(
    struct secret_buffer *stored, struct kube_value patch, store_function store, struct error *err)
{
	cleanup_secret struct secret_buffer merged = SECRET_BUFFER_INIT;
	cleanup_secret struct secret_buffer result = SECRET_BUFFER_INIT;
	cleanup_json struct json *base =
	    json_parse(stored->data, stored->length, "the stored object", err);
	struct json_writer writer;

	json_writer_init(&writer, &merged);
	if (!base || kube_merge((struct kube_value){base, JSON_ROOT}, patch, &writer, err) < 0 ||
	    json_writer_finish(&writer, err) < 0)
		return -1;
	cleanup_json struct json *sent =
	    json_parse(merged.data, merged.length, "the changed object", err);
	json_writer_init(&writer, &result);
	if (!sent || store(sent, &writer, err) < 0 || json_writer_finish(&writer, err) < 0)
		return -1;
	secret_buffer_move(stored, &result);
	return 0;
}

/* Add "KIND in version "v1" cannot be handled as a KIND" to the message.  Return -1. */
static int not_handled(const struct kube_kind *kind, struct error *err)
{
	if (err->code == ERROR_INVALID)
		error_wrap(
		    err, "%s in version \"v1\" cannot be handled as a %s", kind->kind, kind->kind);
	return -1;
}

int kube_object_merge(struct kube_object *object, const struct kube_kind *kind,
    const struct json *body, struct error *err)
{
	json_node metadata = json_member(body, JSON_ROOT, "metadata");
	json_node stated = json_member(body, JSON_ROOT, "kind");

	if (json_type(body, JSON_ROOT) != JSON_OBJECT ||
	    (metadata != JSON_ABSENT && json_type(body, metadata) != JSON_OBJECT)) {
		error_set(err, ERROR_INVALID, "json: cannot unmarshal into Go value of type v1.%s",
		    kind->kind);
		return not_handled(kind, err);
	}
	if (json_type(body, stated) == JSON_STRING && !json_string_is(body, stated, kind->kind))
		return error_set(err, ERROR_INVALID,
		    "the object provided is unrecognized (must be of type %s)", kind->kind);
	if ((metadata != JSON_ABSENT &&
		apply_patch(&object->metadata, (struct kube_value){body, metadata}, store_metadata,
		    err) < 0) ||
	    apply_patch(&object->fields, (struct kube_value){body, JSON_ROOT},
		kind->store ? kind->store : store_all, err) < 0)
		return not_handled(kind, err);
	return 0;
}

/* Return whether the name is a lowercase RFC 1123 subdomain. */
static bool is_subdomain(const char *name)
{
	bool edge = true; /* at the start of a label */

	if (!*name || strlen(name) > NAME_LENGTH_MAX)
		return false;
	for (const char *c = name; *c; c++) {
		bool letter = islower((unsigned char)*c) || isdigit((unsigned char)*c);

		if (!letter && (edge || (*c != '-' && *c != '.')))
			return false;
		if (*c == '.' && c[-1] == '-')
			return false;
		edge = *c == '.';
	}
	return isalnum((unsigned char)name[strlen(name) - 1]);
}

static struct json *parse_stored(const struct secret_buffer *stored, struct error *err)
{
	return json_parse(stored->data, stored->length, "the stored object", err);
}

int kube_object_check(const struct kube_object *object, const struct kube_kind *kind,
    const struct kube_object *old, struct kube_fault *fault, struct error *err)
{
	cleanup_json struct json *metadata = parse_stored(&object->metadata, err);
	cleanup_json struct json *fields = metadata ? parse_stored(&object->fields, err) : NULL;
	cleanup_json struct json *old_fields = NULL;

	fault->reason = NULL;
	if (!fields || (old && !(old_fields = parse_stored(&old->fields, err))))
		return -1;
	if (!old && !is_subdomain(object->name))
		kube_fault_set(fault, "FieldValueInvalid", "metadata.name",
		    "Invalid value: \"%.250s\": a lowercase RFC 1123 subdomain must consist of "
		    "lower case alphanumeric characters, '-' or '.', and must start and end with "
		    "an alphanumeric character (e.g. 'example.com', regex used for validation is "
		    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
		    object->name);
	if (kind->check)
		kind->check(metadata, fields, old_fields, fault);
	return 0;
}

bool kube_object_equal(const struct kube_object *a, const struct kube_object *b)
{
	return secret_buffer_equal(&a->metadata, &b->metadata) &&
	       secret_buffer_equal(&a->fields, &b->fields);
}

struct kube_time kube_time(int64_t seconds)
{
	struct kube_time result;
	time_t when = seconds;
	struct tm utc;

	gmtime_r(&when, &utc);
	strftime(result.text, sizeof(result.text), "%Y-%m-%dT%H:%M:%SZ", &utc);
	return result;
}

/* Write a comma and the members of a JSON object, if it has any. */
static void write_members(const struct secret_buffer *object, struct json_writer *writer)
{
	size_t braces = strlen("{}");

	if (object->length > braces)
		json_format(writer, ",%.*s", (int)(object->length - braces), object->data + 1);
}

void kube_object_write(const struct kube_object *object, const struct kube_kind *kind,
    enum kube_form form, struct json_writer *writer)
{
	struct kube_qualified version = kube_api_version(kind);

	json_write_object(writer);
	if (form == KUBE_WHOLE)
		json_format(writer, "'kind':%s,'apiVersion':%s,", kind->kind, version.text);
	else if (form == KUBE_METADATA)
		json_format(
		    writer, "'kind':'PartialObjectMetadata','apiVersion':'meta.k8s.io/v1',");
	json_format(writer, "'metadata':{'name':%s,'uid':%s,'creationTimestamp':%s", object->name,
	    object->uid, kube_time(object->created_s).text);
	if (*object->namespace)
		json_format(writer, ",'namespace':%s", object->namespace);
	if (object->revision)
		json_format(writer, ",'resourceVersion':'%" PRId64 "'", object->revision);
	write_members(&object->metadata, writer);
	json_format(writer, "}");
	if (form != KUBE_METADATA)
		write_members(&object->fields, writer);
	json_write_object_end(writer);
}

/* -- the objects of a kind -------------------------------------------------------------------- */

static int compare_key(const struct kube_object *object, const char *namespace, const char *name)
{
	int order = strcmp(object->namespace, namespace);

	return order ? order : strcmp(object->name, name);
}

size_t kube_store_index(const struct kube_store *store, const char *namespace, const char *name)
{
	size_t low = 0, high = store->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_key(store->objects[middle], namespace, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct kube_object *kube_store_find(
    const struct kube_store *store, const char *namespace, const char *name)
{
	size_t index = kube_store_index(store, namespace, name);

	if (index == store->count || compare_key(store->objects[index], namespace, name) != 0)
		return NULL;
	return store->objects[index];
}

static int store_grow(struct kube_store *store, struct error *err)
{
	size_t room = store->room ? store->room * 2 : STORE_ROOM_MIN;
	struct kube_object **grown =
	    reallocarray(store->objects, room, sizeof(struct kube_object *));

	if (!grown)
		return error_memory(err);
	store->objects = grown;
	store->room = room;
	return 0;
}

int kube_store_put(struct kube_store *store, struct kube_object *object, struct error *err)
{
	size_t index = kube_store_index(store, object->namespace, object->name);

	if (index < store->count &&
	    compare_key(store->objects[index], object->namespace, object->name) == 0) {
		kube_object_free(store->objects[index]);
		store->objects[index] = object;
		return 0;
	}
	if (store->count == store->room && store_grow(store, err) < 0)
		return -1;
	memmove(store->objects + index + 1, store->objects + index,
	    (store->count++ - index) * sizeof(struct kube_object *));
	store->objects[index] = object;
	return 0;
}

void kube_store_remove(struct kube_store *store, struct kube_object *object)
{
	size_t index = kube_store_index(store, object->namespace, object->name);

	memmove(store->objects + index, store->objects + index + 1,
	    (--store->count - index) * sizeof(struct kube_object *));
	kube_object_free(object);
}

void kube_store_free(struct kube_store *store)
{
	for (size_t i = 0; i < store->count; i++)
		kube_object_free(store->objects[i]);
	free(store->objects);
}
