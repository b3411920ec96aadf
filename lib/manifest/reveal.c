/* Show plaintext in the place of ciphertext in the text of a manifest. */
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/utf8.h"
#include "lib/manifest/internal.h"
#include "lib/manifest/mapping.h"

#define STEP 2 /* columns of a block scalar's indentation */

/* Return true if the value can be in stringData, and is safe to show. */
static bool is_text(const struct secret_buffer *value)
{
	const char *text = secret_buffer_string(value);
	unsigned int code;

	if (!utf8_is_valid(text, value->length))
		return false;
	for (size_t i = 0; i < value->length; i++)
		if (!strchr("\n\t", text[i]) && !utf8_continues(text[i]) &&
		    utf8_unprintable_length(text + i, value->length - i, &code) > 0)
			return false;
	return memchr(text, '\0', value->length) == NULL;
}

/*
 * Return true if the data can become stringData: all values are text, and the Secret has no
 * stringData.
 */
static bool becomes_text(
    const struct manifest_tree *tree, const struct manifest_plaintext *plaintext)
{
	if (manifest_member(tree, &tree->nodes[plaintext->secret->node], "stringData"))
		return false;
	for (size_t i = 0; i < plaintext->count; i++)
		if (!is_text(plaintext->values[i]))
			return false;
	return true;
}

/* Return true if the value has lines that a literal block scalar can show unchanged. */
static bool has_lines(const char *text, size_t length)
{
	if (length < 2 || strchr(" \t\n", text[0]) || !memchr(text, '\n', length))
		return false;
	return text[length - 1] != '\n' || text[length - 2] != '\n';
}

/* Return true if key and value are alone on their lines, so that a block scalar can follow. */
static bool takes_lines(const struct manifest_tree *tree, const struct manifest_node *key)
{
	const struct manifest_node *value = manifest_next(tree, key);
	const char *after = tree->text + value->end;
	size_t rest = tree->length - value->end;

	return !tree->json && manifest_begins_line(tree, key->start) &&
	       (rest == 0 || *after == '\n' || *after == '\r');
}

static void put_lines(
    struct splice_list *splices, const struct manifest_node *key, const char *text, size_t length)
{
	const struct manifest_tree *tree = splices->tree;
	const struct manifest_node *value = manifest_next(tree, key);
	size_t column = manifest_column(tree, key->start) + STEP;
	bool ended = text[length - 1] == '\n';

	splice_begin(splices, value->start, value->end);
	splice_put_string(splices, ended ? "|" : "|-");
	length -= ended;
	for (const char *at = text, *end = text + length; at <= end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *next = newline ? newline : end;

		splice_end_line(splices);
		splice_begin_line(splices, next > at ? column : 0);
		splice_put(splices, at, (size_t)(next - at));
		at = next + 1;
	}
}

/* Replace a value by its plaintext: as text, or in base64. */
static void put_plaintext(struct splice_list *splices, const struct manifest_value *value,
    const struct secret_buffer *plaintext, bool as_text)
{
	const struct manifest_tree *tree = splices->tree;
	const struct manifest_node *key = &tree->nodes[value->key];
	cleanup_secret struct secret_buffer encoded = SECRET_BUFFER_INIT;
	const char *text = secret_buffer_string(plaintext);
	size_t length = plaintext->length;

	if (as_text && has_lines(text, length) && takes_lines(tree, key)) {
		put_lines(splices, key, text, length);
		return;
	}
	if (!as_text) {
		if (base64_encode(&encoded, text, length, splices->err) < 0) {
			splices->failed = true;
			return;
		}
		text = secret_buffer_string(&encoded);
		length = encoded.length;
	}
	mapping_replace(splices, &tree->nodes[value->value], text, length, false);
}

static void reveal_secret(struct splice_list *splices, const struct manifest_plaintext *plaintext)
{
	const struct manifest_tree *tree = splices->tree;
	const struct manifest_secret *secret = plaintext->secret;
	const struct manifest_node *data =
	    manifest_member(tree, &tree->nodes[secret->node], "data");
	bool as_text = becomes_text(tree, plaintext);

	for (size_t i = 0; i < plaintext->count; i++) {
		const struct manifest_value *value = &secret->values[i];

		if (value->text && !is_text(plaintext->values[i]))
			splice_refuse(splices, tree->nodes[value->key].start,
			    "the plaintext of a value in stringData is not text; move it to data");
		else
			put_plaintext(splices, value, plaintext->values[i], as_text || value->text);
	}
	if (as_text && data)
		mapping_replace(splices, data - 1, "stringData", strlen("stringData"), false);
}

/* Read the new text again, and compare its values. */
static int check_text(const struct manifest *before, const struct manifest_plaintext *plaintexts,
    size_t count, const char *text, size_t length, struct error *err)
{
	const struct manifest_tree *tree = &before->tree;
	struct manifest after;
	int result = manifest_read_again(&after, before, text, length, err);
	bool right = result > 0 && after.count == before->count;

	for (size_t i = 0; right && i < count; i++) {
		const struct manifest_plaintext *each = &plaintexts[i];
		const struct kube_secret *object =
		    &after.secrets[each->secret - before->secrets].object;

		right = object->data_count == each->count;
		for (size_t k = 0; right && k < each->count; k++)
			right = secret_buffer_equal(&object->data[k].value, each->values[k]);
	}
	manifest_free(&after);
	if (right || result < 0)
		return result < 0 ? -1 : 0;
	return manifest_tree_refuse(tree, tree->nodes[plaintexts->secret->node].start, err,
	    "the values cannot be shown as they are written; pass the Secret's name to show them "
	    "alone");
}

int manifest_reveal(const struct manifest *manifest, const struct manifest_plaintext *plaintexts,
    size_t count, struct secret_buffer *out, struct error *err)
{
	struct splice_list splices = {.tree = &manifest->tree, .err = err};
	size_t before = out->length;

	for (size_t i = 0; i < count && !splices.failed; i++)
		reveal_secret(&splices, &plaintexts[i]);
	splice_apply(&splices, 0, manifest->tree.length, out);
	bool failed = splices.failed;
	splice_free(&splices);
	if (failed || count == 0)
		return failed ? -1 : 0;
	return check_text(manifest, plaintexts, count, secret_buffer_string(out) + before,
	    out->length - before, err);
}
