/*
 * Changes of manifests: no change keeps every byte; a change is found in the result, which has all
 * other values unchanged; the same change again changes nothing.  Plaintext that is shown in a
 * manifest is found in it.
 *
 * The first byte of the input selects the changes, the rest is the manifest.
 */
#include "lib/manifest/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/sealed/sealed.h"
#include "tests/fuzz/fuzz.h"

#define CIPHERTEXT "vault:v1:AAAA"
#define NEW_KEY "NEW"

enum {
	SET_ODD = 1,
	SET_EVEN = 2,
	ADD = 4,
	LABEL = 8,
	ANNOTATE = 16,
	MOVE_TEXT = 32,
	REMOVE = 64,
	REVEAL = 128
};

static struct error err;

/* A manifest, and one change for each of its Secrets. */
struct changes_ctx {
	struct manifest manifest;
	struct kube_secret *sets;
	struct manifest_change *changes;
};

static int read_manifest(struct changes_ctx *context, const char *bytes, size_t length)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	memset(context, 0, sizeof(*context));
	if (secret_buffer_append(&text, bytes, length, &err) < 0)
		return -1;
	return manifest_read_own(&context->manifest, &text, 1, "app.yaml", false, &err);
}

static void free_changing(struct changes_ctx *context)
{
	for (size_t i = 0; context->sets && i < context->manifest.count; i++)
		kube_secret_free(&context->sets[i]);
	free(context->sets);
	free(context->changes);
	manifest_free(&context->manifest);
}

static int set_value(struct kube_secret *set, const char *key)
{
	cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;

	if (secret_buffer_append_string(&value, CIPHERTEXT, &err) < 0)
		return -1;
	return kube_secret_add(set, key, &value, &err);
}

/* Select by the key, since a change may change the order of values. */
static bool key_is_set(uint8_t select, const char *key)
{
	return select & (key[0] % 2 ? SET_ODD : SET_EVEN);
}

static bool is_removed(uint8_t select, const struct kube_secret *object, size_t i)
{
	return (select & REMOVE) && i == 0 && !key_is_set(select, object->data[i].key);
}

static int prepare_secret(struct kube_secret *set, const struct kube_secret *object, uint8_t select)
{
	for (size_t i = 0; i < object->data_count; i++) {
		const char *key = object->data[i].key;
		if ((key_is_set(select, key) && set_value(set, key) < 0) ||
		    (is_removed(select, object, i) && kube_secret_remove(set, key, &err) < 0))
			return -1;
	}
	if ((select & ADD) && set_value(set, NEW_KEY) < 0)
		return -1;
	if ((select & LABEL) &&
	    kube_secret_add_label(set, SEALED_LABEL, SEALED_LABEL_VALUE, &err) < 0)
		return -1;
	return select & ANNOTATE
		   ? kube_secret_add_annotation(set, SEALED_ANNOTATION_KEY, "transit/k", &err)
		   : 0;
}

static int prepare(struct changes_ctx *context, uint8_t select)
{
	size_t count = context->manifest.count;

	context->sets = calloc(count + 1, sizeof(*context->sets));
	context->changes = calloc(count + 1, sizeof(*context->changes));
	if (!context->sets || !context->changes)
		return error_memory(&err);
	for (size_t i = 0; i < count; i++) {
		const struct manifest_secret *secret = &context->manifest.secrets[i];
		context->changes[i] =
		    (struct manifest_change){secret, &context->sets[i], select & MOVE_TEXT};
		if (prepare_secret(&context->sets[i], &secret->object, select) < 0)
			return -1;
	}
	return 0;
}

static void expect_value(
    const struct kube_secret *object, const char *key, const char *bytes, size_t length)
{
	const struct kube_entry *entry = kube_secret_entry(object, key);

	FUZZ_CHECK(entry != NULL && entry->value.length == length);
	FUZZ_CHECK(memcmp(secret_buffer_string(&entry->value), bytes, length) == 0);
}

static void expect_secret(
    const struct kube_secret *before, const struct kube_secret *after, uint8_t select)
{
	size_t added = select & ADD ? !kube_secret_entry(before, NEW_KEY) : 0, removed = 0;

	for (size_t i = 0; i < before->data_count; i++) {
		const struct kube_entry *entry = &before->data[i];
		if (key_is_set(select, entry->key) ||
		    ((select & ADD) && strcmp(entry->key, NEW_KEY) == 0))
			expect_value(after, entry->key, CIPHERTEXT, strlen(CIPHERTEXT));
		else if (is_removed(select, before, i))
			removed++;
		else
			expect_value(after, entry->key, secret_buffer_string(&entry->value),
			    entry->value.length);
	}
	FUZZ_CHECK(after->data_count == before->data_count + added - removed);
	if (select & LABEL)
		FUZZ_CHECK(strcmp(kube_secret_label(after, SEALED_LABEL), SEALED_LABEL_VALUE) == 0);
	if (select & ANNOTATE)
		FUZZ_CHECK(
		    strcmp(kube_secret_annotation(after, SEALED_ANNOTATION_KEY), "transit/k") == 0);
}

static void change(struct changes_ctx *context, uint8_t select)
{
	struct manifest *manifest = &context->manifest;
	struct changes_ctx after = {0};
	cleanup_secret struct secret_buffer out = SECRET_BUFFER_INIT, twice = SECRET_BUFFER_INIT;

	FUZZ_MUST(prepare(context, select), &err);
	FUZZ_TRY(manifest_change(manifest, context->changes, manifest->count, &out, &err), &err);
	fuzz_note_buffer(&out);
	int result = read_manifest(&after, secret_buffer_string(&out), out.length);
	if (!fuzz_failed_for_memory(result, &err)) {
		FUZZ_CHECK(after.manifest.count == manifest->count);
		for (size_t i = 0; i < manifest->count; i++)
			expect_secret(&manifest->secrets[i].object,
			    &after.manifest.secrets[i].object, select);
		result = prepare(&after, select & ~REMOVE);
		if (result == 0)
			result = manifest_change(
			    &after.manifest, after.changes, manifest->count, &twice, &err);
		if (!fuzz_failed_for_memory(result, &err) && !(select & REMOVE))
			FUZZ_CHECK(secret_buffer_equal(&out, &twice));
	}
	free_changing(&after);
}

/* Show the values of the first Secret, and the text of the manifest, as its plaintexts. */
static void reveal(const struct manifest *manifest, const struct fuzz_input *input)
{
	const struct manifest_secret *secret = manifest->secrets;
	cleanup_secret struct secret_buffer out = SECRET_BUFFER_INIT, text = SECRET_BUFFER_INIT;
	size_t count = secret->object.data_count;
	cleanup_free const struct secret_buffer **values = calloc(count + 1, sizeof(*values));

	FUZZ_MUST(values ? 0 : error_memory(&err), &err);
	FUZZ_MUST(secret_buffer_append(&text, input->data, input->length, &err), &err);
	for (size_t i = 0; i < count; i++)
		values[i] = i % 2 ? &text : &secret->object.data[i].value;
	const struct manifest_plaintext plaintext = {secret, values, count};
	FUZZ_TRY(manifest_reveal(manifest, &plaintext, 1, &out, &err), &err);
	fuzz_note_buffer(&out);
}

void fuzz_case(struct fuzz_input *input)
{
	uint8_t select = fuzz_byte(input);
	struct changes_ctx context;
	cleanup_secret struct secret_buffer out = SECRET_BUFFER_INIT;

	if (!fuzz_failed(read_manifest(&context, input->data, input->length), &err)) {
		int result = manifest_change(&context.manifest, context.changes, 0, &out, &err);
		if (!fuzz_failed_for_memory(result, &err)) {
			FUZZ_CHECK(
			    out.length == input->length &&
			    memcmp(secret_buffer_string(&out), input->data, out.length) == 0);
			change(&context, select);
			if ((select & REVEAL) && context.manifest.count > 0)
				reveal(&context.manifest, input);
		}
	}
	free_changing(&context);
}
