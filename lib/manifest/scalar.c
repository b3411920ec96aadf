#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/yaml_writer.h"
#include "lib/sealed/sealed.h"

static void scalar(struct yaml_writer *writer, const char *text, bool quoted)
{
	yaml_write_scalar(writer, text, strlen(text), quoted ? YAML_QUOTED : YAML_PLAIN);
}

static void member(struct yaml_writer *writer, const char *name, const char *text)
{
	scalar(writer, name, false);
	scalar(writer, text, false);
}

/* Values of labels and annotations are strings always: "true" must not become a boolean. */
static void pairs(
    struct yaml_writer *writer, const char *name, const struct kube_pair *pair, size_t count)
{
	if (count == 0)
		return;
	scalar(writer, name, false);
	yaml_write_mapping(writer);
	for (size_t i = 0; i < count; i++) {
		scalar(writer, pair[i].name, false);
		scalar(writer, pair[i].value, true);
	}
	yaml_write_mapping_end(writer);
}

static void data(struct yaml_writer *writer, const struct kube_secret *secret)
{
	scalar(writer, "data", false);
	yaml_write_mapping(writer);
	for (size_t i = 0; i < secret->data_count; i++) {
		cleanup_secret struct secret_buffer encoded = SECRET_BUFFER_INIT;
		const struct secret_buffer *value = &secret->data[i].value;

		if (base64_encode(
			&encoded, secret_buffer_string(value), value->length, &writer->error) < 0) {
			writer->failed = true;
			return;
		}
		/* A data key may look like a number ("8080"), which a key must not be. */
		scalar(writer, secret->data[i].key, true);
		scalar(writer, secret_buffer_string(&encoded), encoded.length == 0);
	}
	yaml_write_mapping_end(writer);
}

/* A JSON array of metadata. */
static void list(struct yaml_writer *writer, const char *name, const char *text)
{
	if (!text)
		return;
	cleanup_json struct json *document = json_parse(text, strlen(text), name, &writer->error);
	writer->failed |= !document;
	if (!document)
		return;
	scalar(writer, name, false);
	yaml_write_json_node(writer, document, JSON_ROOT);
}

static void object(struct yaml_writer *writer, const struct kube_secret *secret)
{
	yaml_write_mapping(writer);
	member(writer, "apiVersion", "v1");
	member(writer, "kind", "Secret");
	scalar(writer, "metadata", false);
	yaml_write_mapping(writer);
	scalar(writer, "name", false);
	scalar(writer, secret->name, true);
	if (secret->namespace) {
		scalar(writer, "namespace", false);
		scalar(writer, secret->namespace, true);
	}
	pairs(writer, "labels", secret->labels, secret->label_count);
	pairs(writer, "annotations", secret->annotations, secret->annotation_count);
	list(writer, "finalizers", secret->finalizers);
	list(writer, "ownerReferences", secret->owners);
	yaml_write_mapping_end(writer);
	member(writer, "type", secret->type ? secret->type : "Opaque");
	if (secret->immutable)
		member(writer, "immutable", "true");
	data(writer, secret);
	yaml_write_mapping_end(writer);
}

int sealed_manifest_yaml(
    const struct kube_secret *secret, struct secret_buffer *out, struct error *err)
{
	struct yaml_writer writer;

	yaml_writer_init(&writer, out);
	/* Manifests are ASCII: annotations in other letters are written by their numbers. */
	yaml_emitter_set_unicode(&writer.emitter, 0);
	object(&writer, secret);
	return yaml_writer_finish(&writer, err);
}
