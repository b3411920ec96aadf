#include "lib/kube/secret_json.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/json_writer.h"

int kube_names_read(const struct json *document, json_node metadata, char **namespace, char **name,
    struct error *err)
{
	if (json_copy_string(
		document, json_member(document, metadata, "namespace"), namespace, err) < 0)
		return -1;
	return json_copy_string(document, json_member(document, metadata, "name"), name, err);
}

int kube_pairs_read(const struct json *document, json_node object, struct kube_pair **pairs,
    size_t *count, struct error *err)
{
	size_t room = json_count(document, object);

	if (room == 0)
		return 0;
	*pairs = calloc(room, sizeof(**pairs));
	if (!*pairs)
		return error_memory(err);
	json_each (document, object, node) {
		struct kube_pair *pair = &(*pairs)[(*count)++];
		if (json_copy_name(document, node, &pair->name, err) < 0 ||
		    json_copy_string(document, node, &pair->value, err) < 0)
			return -1;
		if (pair->name && pair->value)
			continue;
		/* One that is no plain text names nothing that we know; it must not hide the
		 * Secret. */
		free(pair->name);
		free(pair->value);
		*pair = (struct kube_pair){NULL, NULL};
		(*count)--;
	}
	return 0;
}

int kube_data_read(
    const struct json *document, json_node node, struct kube_entry *entry, struct error *err)
{
	cleanup_secret struct secret_buffer unescaped = SECRET_BUFFER_INIT;
	size_t length;

	if (json_type(document, node) == JSON_NULL)
		return 0;
	/* Base64 has no escapes in JSON, but a server may write '/' as "\/". */
	const char *text = json_plain_string(document, node, &length);
	if (!text) {
		if (json_string(document, node, &unescaped, err) < 0)
			return error_wrap(err, "data key \"%s\"", entry->key);
		text = secret_buffer_string(&unescaped);
		length = unescaped.length;
	}
	if (base64_decode(&entry->value, text, length, err) < 0)
		return error_wrap(err, "data key \"%s\"", entry->key);
	return 0;
}

int kube_data_check(const struct json *document, json_node object, struct error *err)
{
	enum json_type type = json_type(document, object);

	if (type == JSON_OBJECT || type == JSON_NULL || type == JSON_NOTHING)
		return 0;
	return error_set(err, ERROR_INVALID, "the data must be a JSON object");
}

static int read_data(
    const struct json *document, json_node object, struct kube_secret *secret, struct error *err)
{
	size_t room = json_count(document, object);

	if (kube_data_check(document, object, err) < 0)
		return -1;
	if (room == 0)
		return 0;
	secret->data = calloc(room, sizeof(*secret->data));
	if (!secret->data)
		return error_memory(err);
	json_each (document, object, node) {
		struct kube_entry *entry = &secret->data[secret->data_count++];
		if (json_copy_name(document, node, &entry->key, err) < 0)
			return -1;
		if (!entry->key)
			return error_set(err, ERROR_INVALID, "a data key is no plain text");
		if (kube_data_read(document, node, entry, err) < 0)
			return -1;
	}
	return 0;
}

/* RFC 3339 in UTC, as the API server writes it; 0 for anything else. */
static int read_time(
    const struct json *document, json_node node, int64_t *time_s, struct error *err)
{
	struct tm utc = {0};
	cleanup_free char *text = NULL;

	if (json_copy_string(document, node, &text, err) < 0)
		return -1;
	const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%SZ", &utc) : NULL;
	*time_s = end && !*end ? timegm(&utc) : 0;
	return 0;
}

/* *list stays NULL where there is none, or an empty one. */
static int read_list(const struct json *document, json_node node, char **list, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	if (json_type(document, node) != JSON_ARRAY || json_count(document, node) == 0)
		return 0;
	if (json_compact(document, node, &text, err) < 0)
		return -1;
	*list = strdup(secret_buffer_string(&text));
	return *list ? 0 : error_memory(err);
}

static int read_secret(const struct json *document, json_node node, bool stored,
    struct kube_secret *secret, struct error *err)
{
	json_node metadata = json_member(document, node, "metadata");

	if (kube_names_read(document, metadata, &secret->namespace, &secret->name, err) < 0 ||
	    json_copy_string(document, json_member(document, metadata, "resourceVersion"),
		&secret->resource_version, err) < 0 ||
	    json_copy_string(document, json_member(document, node, "type"), &secret->type, err) <
		0 ||
	    read_time(document, json_member(document, metadata, "creationTimestamp"),
		&secret->created_s, err) < 0)
		return -1;
	secret->immutable = json_boolean(document, json_member(document, node, "immutable"), false);
	if (!secret->namespace || !secret->name || (stored && !secret->resource_version))
		return error_set(err, ERROR_INVALID,
		    "the Kubernetes API's answer holds no Secret: no namespace, name or "
		    "resourceVersion");
	if (kube_pairs_read(document, json_member(document, metadata, "labels"), &secret->labels,
		&secret->label_count, err) < 0)
		return -1;
	if (kube_pairs_read(document, json_member(document, metadata, "annotations"),
		&secret->annotations, &secret->annotation_count, err) < 0)
		return -1;
	if (read_list(document, json_member(document, metadata, "finalizers"), &secret->finalizers,
		err) < 0 ||
	    read_list(document, json_member(document, metadata, "ownerReferences"), &secret->owners,
		err) < 0)
		return -1;
	return read_data(document, json_member(document, node, "data"), secret, err);
}

int kube_secret_read(const struct json *document, json_node node, bool stored,
    struct kube_secret *secret, struct error *err)
{
	int result = read_secret(document, node, stored, secret, err);

	if (result < 0)
		kube_secret_free(secret);
	return result;
}

static void write_pairs(
    struct json_writer *writer, const char *name, const struct kube_pair *pairs, size_t count)
{
	if (count == 0)
		return;
	json_write_name(writer, name);
	json_write_object(writer);
	for (size_t i = 0; i < count; i++)
		if (pairs[i].value) {
			json_write_member(writer, pairs[i].name, pairs[i].value);
		} else {
			json_write_name(writer, pairs[i].name);
			json_write_null(writer);
		}
	json_write_object_end(writer);
}

static void write_list(struct json_writer *writer, const char *name, const char *list)
{
	if (!list)
		return;
	json_write_name(writer, name);
	json_write_raw(writer, list, strlen(list));
}

void kube_secret_write_marks(struct json_writer *writer, const struct kube_secret *secret)
{
	write_pairs(writer, "labels", secret->labels, secret->label_count);
	write_pairs(writer, "annotations", secret->annotations, secret->annotation_count);
	write_list(writer, "finalizers", secret->finalizers);
	write_list(writer, "ownerReferences", secret->owners);
}

void kube_secret_write_data(struct json_writer *writer, const struct kube_secret *secret)
{
	if (secret->data_count == 0)
		return;
	json_write_name(writer, "data");
	json_write_object(writer);
	for (size_t i = 0; i < secret->data_count; i++) {
		json_write_name(writer, secret->data[i].key);
		if (secret->data[i].removed) {
			json_write_null(writer);
			continue;
		}
		json_write_base64(writer, secret_buffer_string(&secret->data[i].value),
		    secret->data[i].value.length);
	}
	json_write_object_end(writer);
}

/* Without the resourceVersion, which neither a new object nor a manifest may have. */
int kube_secret_write_json(
    const struct kube_secret *secret, struct secret_buffer *out, struct error *err)
{
	struct json_writer writer;

	json_writer_init(&writer, out);
	json_write_object(&writer);
	json_write_member(&writer, "apiVersion", "v1");
	json_write_member(&writer, "kind", "Secret");
	json_write_name(&writer, "metadata");
	json_write_object(&writer);
	json_write_member(&writer, "name", secret->name);
	if (secret->namespace)
		json_write_member(&writer, "namespace", secret->namespace);
	kube_secret_write_marks(&writer, secret);
	json_write_object_end(&writer);
	json_write_member(&writer, "type", secret->type ? secret->type : "Opaque");
	if (secret->immutable) {
		json_write_name(&writer, "immutable");
		json_write_boolean(&writer, true);
	}
	kube_secret_write_data(&writer, secret);
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err);
}
