/* Write a Secret as a new manifest. */
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/json_reader.h"
#include "lib/base/yaml_writer.h"
#include "lib/manifest/manifest.h"

static void put_scalar(struct yaml_writer *writer, const char *text, bool quoted)
{
	yaml_write_scalar(writer, text, strlen(text), quoted ? YAML_QUOTED : YAML_PLAIN);
}

static void put_member(struct yaml_writer *writer, const char *name, const char *text)
{
	put_scalar(writer, name, false);
	put_scalar(writer, text, false);
}

/* Write labels or annotations.  Their values are always quoted, so that "true" is not a boolean. */
static void put_pairs(
    struct yaml_writer *writer, const char *name, const struct kube_pair *pair, size_t count)
{
	if (count == 0)
		return;
	put_scalar(writer, name, false);
	yaml_write_mapping(writer);
	for (size_t i = 0; i < count; i++) {
		put_scalar(writer, pair[i].name, false);
		put_scalar(writer, pair[i].value, true);
	}
	yaml_write_mapping_end(writer);
}

static void put_data(struct yaml_writer *writer, const struct kube_secret *secret)
{
	put_scalar(writer, "data", false);
	yaml_write_mapping(writer);
	for (size_t i = 0; i < secret->data_count; i++) {
		cleanup_secret struct secret_buffer encoded = SECRET_BUFFER_INIT;
		const struct secret_buffer *value = &secret->data[i].value;

		if (base64_encode(
			&encoded, secret_buffer_string(value), value->length, &writer->error) < 0) {
			writer->failed = true;
			return;
		}
		/* Quote the data key, because it may look like a number ("8080"). */
		put_scalar(writer, secret->data[i].key, true);
		put_scalar(writer, secret_buffer_string(&encoded), encoded.length == 0);
	}
	yaml_write_mapping_end(writer);
}

/* Write a list of metadata, given as a JSON array; NULL: none. */
static void put_list(struct yaml_writer *writer, const char *name, const char *text)
{
	if (!text)
		return;
	cleanup_json struct json *document = json_parse(text, strlen(text), name, &writer->error);
	writer->failed |= !document;
	if (!document)
		return;
	put_scalar(writer, name, false);
	yaml_write_json_node(writer, document, JSON_ROOT);
}

static void put_object(struct yaml_writer *writer, const struct kube_secret *secret)
{
	yaml_write_mapping(writer);
	put_member(writer, "apiVersion", "v1");
	put_member(writer, "kind", "Secret");
	put_scalar(writer, "metadata", false);
	yaml_write_mapping(writer);
	put_scalar(writer, "name", false);
	put_scalar(writer, secret->name, true);
	if (secret->namespace) {
		put_scalar(writer, "namespace", false);
		put_scalar(writer, secret->namespace, true);
	}
	put_pairs(writer, "labels", secret->labels, secret->label_count);
	put_pairs(writer, "annotations", secret->annotations, secret->annotation_count);
	put_list(writer, "finalizers", secret->finalizers);
	put_list(writer, "ownerReferences", secret->owners);
	yaml_write_mapping_end(writer);
	put_member(writer, "type", secret->type ? secret->type : "Opaque");
	if (secret->immutable)
		put_member(writer, "immutable", "true");
	put_data(writer, secret);
	yaml_write_mapping_end(writer);
}

int manifest_write(const struct kube_secret *secret, struct secret_buffer *out, struct error *err)
{
	struct yaml_writer writer;

	yaml_writer_init(&writer, out);
	/* Write ASCII only; other characters in annotations are escaped. */
	yaml_emitter_set_unicode(&writer.emitter, 0);
	put_object(&writer, secret);
	return yaml_writer_finish(&writer, err);
}
