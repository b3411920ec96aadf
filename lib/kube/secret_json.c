#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/kube/internal.h"

/* -- data ------------------------------------------------------------------------------------- */

static int data_read_entry(const struct json *document, json_node node, bool text,
    struct kube_entry *entry, struct error *err)
{
	if (json_copy_name(document, node, &entry->key, err) < 0)
		return -1;
	if (!entry->key)
		return error_set(err, ERROR_INVALID, "a data key is not plain text");
	if (json_type(document, node) == JSON_NULL)
		return 0;
	int result = text ? json_string(document, node, &entry->value, err)
			  : json_base64(document, node, &entry->value, err);
	return result < 0 ? error_wrap(err, "data key \"%s\"", entry->key) : 0;
}

int kube_data_read(const struct json *document, json_node object, bool text,
    struct kube_entry **entries, size_t *count, struct error *err)
{
	enum json_type type = json_type(document, object);
	size_t more = json_count(document, object);

	/* Do not take anything else for an object without data. */
	if (type != JSON_OBJECT && type != JSON_NULL && type != JSON_NOTHING)
		return error_set(err, ERROR_INVALID, "the data must be a JSON object");
	if (more == 0)
		return 0;
	struct kube_entry *grown = reallocarray(*entries, *count + more, sizeof(*grown));
	if (!grown)
		return error_memory(err);
	*entries = grown;
	json_each (document, object, node) {
		struct kube_entry *entry = &grown[(*count)++];
		*entry = (struct kube_entry){0};
		if (data_read_entry(document, node, text, entry, err) < 0)
			return -1;
	}
	return 0;
}

void kube_secret_write_data(struct json_writer *writer, const struct kube_secret *secret)
{
	if (secret->data_count == 0)
		return;
	json_write_name(writer, "data");
	json_write_object(writer);
	for (size_t i = 0; i < secret->data_count; i++) {
		const struct kube_entry *entry = &secret->data[i];
		json_write_name(writer, entry->key);
		if (entry->removed)
			json_write_null(writer);
		else
			json_write_base64(
			    writer, secret_buffer_string(&entry->value), entry->value.length);
	}
	json_write_object_end(writer);
}

/* -- metadata --------------------------------------------------------------------------------- */

/* Read a time in RFC 3339 and UTC, as the API server writes it; 0 for any other value. */
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

/* Copy an array as JSON.  *list stays NULL if the array is absent or empty. */
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

static int read_metadata(
    const struct json *document, json_node metadata, struct kube_secret *secret, struct error *err)
{
	if (kube_names_read(document, metadata, &secret->namespace, &secret->name, err) < 0 ||
	    json_copy_string(document, json_member(document, metadata, "resourceVersion"),
		&secret->resource_version, err) < 0 ||
	    read_time(document, json_member(document, metadata, "creationTimestamp"),
		&secret->created_s, err) < 0 ||
	    kube_pairs_read(document, json_member(document, metadata, "labels"), &secret->labels,
		&secret->label_count, err) < 0 ||
	    kube_pairs_read(document, json_member(document, metadata, "annotations"),
		&secret->annotations, &secret->annotation_count, err) < 0 ||
	    read_list(document, json_member(document, metadata, "finalizers"), &secret->finalizers,
		err) < 0)
		return -1;
	return read_list(
	    document, json_member(document, metadata, "ownerReferences"), &secret->owners, err);
}

static void write_list(struct json_writer *writer, const char *name, const char *list)
{
	if (!list)
		return;
	json_write_name(writer, name);
	json_write_raw(writer, list, strlen(list));
}

void kube_secret_write_metadata(struct json_writer *writer, const struct kube_secret *secret)
{
	kube_pairs_write(writer, "labels", secret->labels, secret->label_count);
	kube_pairs_write(writer, "annotations", secret->annotations, secret->annotation_count);
	write_list(writer, "finalizers", secret->finalizers);
	write_list(writer, "ownerReferences", secret->owners);
}

/* -- Secrets ---------------------------------------------------------------------------------- */

static int secret_read_members(const struct json *document, json_node node, bool stored,
    struct kube_secret *secret, struct error *err)
{
	if (read_metadata(document, json_member(document, node, "metadata"), secret, err) < 0 ||
	    json_copy_string(document, json_member(document, node, "type"), &secret->type, err) < 0)
		return -1;
	secret->immutable = json_boolean(document, json_member(document, node, "immutable"), false);
	if (!secret->namespace || !secret->name || (stored && !secret->resource_version))
		return error_set(err, ERROR_INVALID,
		    "Kubernetes API response: not a Secret: no namespace, name or resourceVersion");
	return kube_data_read(document, json_member(document, node, "data"), false, &secret->data,
	    &secret->data_count, err);
}

int kube_secret_read(const struct json *document, json_node node, bool stored,
    struct kube_secret *secret, struct error *err)
{
	int result = secret_read_members(document, node, stored, secret, err);

	if (result < 0)
		kube_secret_free(secret);
	return result;
}

/* Write without the resourceVersion, which is not allowed in a new object or a manifest. */
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
	kube_secret_write_metadata(&writer, secret);
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
