#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "lib/base/base64.h"
#include "lib/sealed/sealed.h"

/* A libyaml emitter that writes to a secret_buffer; its first failure sticks. */
struct manifest {
	yaml_emitter_t emitter;
	struct secret_buffer *out;
	struct error *err;
	bool failed;
};

static int on_write(void *context, unsigned char *bytes, size_t length)
{
	struct manifest *manifest = context;

	return secret_buffer_append(manifest->out, bytes, length, manifest->err) == 0;
}

static void emit(struct manifest *manifest, yaml_event_t *event, int made)
{
	if (made && manifest->failed)
		yaml_event_delete(event);
	if (!made || manifest->failed) {
		manifest->failed = true;
		return;
	}
	if (!yaml_emitter_emit(&manifest->emitter, event))
		manifest->failed = true;
}

static void scalar(struct manifest *manifest, const char *text, bool quoted)
{
	yaml_event_t event;

	emit(manifest, &event,
	    yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text,
		(int)strlen(text), 1, 1,
		quoted ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE));
}

static void open_mapping(struct manifest *manifest)
{
	yaml_event_t event;

	emit(manifest, &event,
	    yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
}

static void close_mapping(struct manifest *manifest)
{
	yaml_event_t event;

	emit(manifest, &event, yaml_mapping_end_event_initialize(&event));
}

static void member(struct manifest *manifest, const char *name, const char *text)
{
	scalar(manifest, name, false);
	scalar(manifest, text, false);
}

/* Values of labels and annotations are strings always: "true" must not become a boolean. */
static void pairs(
    struct manifest *manifest, const char *name, const struct kube_pair *pair, size_t count)
{
	if (count == 0)
		return;
	scalar(manifest, name, false);
	open_mapping(manifest);
	for (size_t i = 0; i < count; i++) {
		scalar(manifest, pair[i].name, false);
		scalar(manifest, pair[i].value, true);
	}
	close_mapping(manifest);
}

static void data(struct manifest *manifest, const struct kube_secret *secret)
{
	scalar(manifest, "data", false);
	open_mapping(manifest);
	for (size_t i = 0; i < secret->data_count; i++) {
		cleanup_secret struct secret_buffer encoded = SECRET_BUFFER_INIT;
		const struct secret_buffer *value = &secret->data[i].value;

		if (base64_encode(
			&encoded, secret_buffer_string(value), value->length, manifest->err) < 0) {
			manifest->failed = true;
			return;
		}
		/* A data key may look like a number ("8080"), which a key must not be. */
		scalar(manifest, secret->data[i].key, true);
		scalar(manifest, secret_buffer_string(&encoded), encoded.length == 0);
	}
	close_mapping(manifest);
}

static void object(struct manifest *manifest, const struct kube_secret *secret)
{
	open_mapping(manifest);
	member(manifest, "apiVersion", "v1");
	member(manifest, "kind", "Secret");
	scalar(manifest, "metadata", false);
	open_mapping(manifest);
	scalar(manifest, "name", false);
	scalar(manifest, secret->name, true);
	if (secret->namespace) {
		scalar(manifest, "namespace", false);
		scalar(manifest, secret->namespace, true);
	}
	pairs(manifest, "labels", secret->labels, secret->label_count);
	pairs(manifest, "annotations", secret->annotations, secret->annotation_count);
	close_mapping(manifest);
	member(manifest, "type", secret->type ? secret->type : "Opaque");
	if (secret->immutable)
		member(manifest, "immutable", "true");
	data(manifest, secret);
	close_mapping(manifest);
}

int sealed_manifest_yaml(
    const struct kube_secret *secret, struct secret_buffer *out, struct error *err)
{
	struct manifest manifest = {.out = out, .err = err};
	yaml_event_t event;

	if (!yaml_emitter_initialize(&manifest.emitter))
		return error_memory(err);
	yaml_emitter_set_output(&manifest.emitter, on_write, &manifest);
	yaml_emitter_set_width(&manifest.emitter, -1); /* ciphertext is never folded */
	emit(&manifest, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
	emit(&manifest, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
	object(&manifest, secret);
	emit(&manifest, &event, yaml_document_end_event_initialize(&event, 1));
	emit(&manifest, &event, yaml_stream_end_event_initialize(&event));
	yaml_emitter_delete(&manifest.emitter);
	if (manifest.failed && err->code == ERROR_NONE)
		return error_set(err, ERROR_SYSTEM, "the manifest can't be written as YAML");
	return manifest.failed ? -1 : 0;
}
