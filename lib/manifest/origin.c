/* Recognise manifests that cannot be sealed yet: templates, and documents of other tools. */
#include <ctype.h>
#include <string.h>

#include "lib/manifest/internal.h"
#include "lib/sealed/foreign.h"

/*
 * Templates.
 */

/* Return true if the text contains the word, except as the end of a longer word. */
static bool has_word(const char *text, size_t length, const char *word)
{
	const char *at = text, *end = text + length;

	while ((at = memmem(at, (size_t)(end - at), word, strlen(word))) != NULL) {
		if (at == text || !(isalnum((unsigned char)at[-1]) || strchr("_)].", at[-1])))
			return true;
		at++;
	}
	return false;
}

/* Return true if the text between braces uses an object or function of Helm. */
static bool is_helm_action(const char *text, size_t length)
{
	static const char *const words[] = {".Values.", ".Release.", ".Chart.", ".Capabilities.",
	    ".Files.", ".Template.", "include \"", "include `", "required \"", "lookup \"", "tpl "};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (has_word(text, length, words[i]))
			return true;
	return false;
}

bool manifest_is_helm(const char *text, size_t length)
{
	const char *end = text + length, *open, *close;

	while ((open = memmem(text, (size_t)(end - text), "{{", 2)) != NULL) {
		open += 2;
		close = memmem(open, (size_t)(end - open), "}}", 2);
		if (!close)
			return false;
		if (is_helm_action(open, (size_t)(close - open)))
			return true;
		text = close;
	}
	return false;
}

static bool has_braces(const char *text)
{
	return text && strstr(text, "{{");
}

/* Return true if the value is a single placeholder, with optional white space around it. */
static bool is_placeholder(const struct secret_buffer *value)
{
	const char *text = secret_buffer_string(value);
	size_t length = value->length;

	while (length && isspace((unsigned char)text[length - 1]))
		length--;
	while (length && isspace((unsigned char)*text)) {
		text++;
		length--;
	}
	return length >= 4 && memcmp(text, "{{", 2) == 0 &&
	       memmem(text, length, "}}", 2) == text + length - 2;
}

bool manifest_has_placeholders(const struct kube_secret *object)
{
	if (has_braces(object->name) || has_braces(object->namespace) || has_braces(object->type))
		return true;
	for (size_t i = 0; i < object->label_count; i++)
		if (has_braces(object->labels[i].name) || has_braces(object->labels[i].value))
			return true;
	for (size_t i = 0; i < object->data_count; i++)
		if (is_placeholder(&object->data[i].value))
			return true;
	return false;
}

/*
 * Documents that cannot be read.
 */

static bool is_quote_or_blank(char byte)
{
	return byte == '"' || byte == '\'' || byte == ' ' || byte == '\t';
}

/* Return true if the text at `at` ends in "kind:", with quotes and blanks. */
static bool follows_kind(const char *text, const char *at)
{
	static const char kind[] = "kind";
	size_t length = strlen(kind);

	while (at > text && is_quote_or_blank(at[-1]))
		at--;
	if (at == text || *--at != ':')
		return false;
	while (at > text && is_quote_or_blank(at[-1]))
		at--;
	return (size_t)(at - text) >= length && memcmp(at - length, kind, length) == 0;
}

/* Return true if the text contains "kind: KIND", also as JSON. */
static bool has_kind(const char *text, size_t length, const char *kind)
{
	const char *at = text, *end = text + length;

	for (; (at = memmem(at, (size_t)(end - at), kind, strlen(kind))) != NULL; at++) {
		const char *after = at + strlen(kind);

		if (follows_kind(text, at) && (after == end || !isalnum((unsigned char)*after)))
			return true;
	}
	return false;
}

bool manifest_may_be_secret(const char *text, size_t length)
{
	return (has_kind(text, length, "Secret") || has_kind(text, length, "SecretList")) &&
	       !foreign_tool(text, length);
}

bool manifest_is_unread_secret(const char *text, size_t length)
{
	return manifest_may_be_secret(text, length) && !memmem(text, length, "{{", 2) &&
	       !has_kind(text, length, "Template");
}

/*
 * Other tools.
 */

static bool is_sealed_secret(const struct manifest_tree *tree, const struct manifest_node *object)
{
	const struct manifest_node *kind = manifest_member(tree, object, "kind");

	return kind && manifest_node_is(tree, kind, "SealedSecret");
}

const char *manifest_foreign_tool(const struct manifest_tree *tree)
{
	const struct manifest_node *root = tree->nodes;

	if (tree->count == 0)
		return NULL;
	if (root->kind == MANIFEST_SCALAR)
		return foreign_tool(manifest_node_content(tree, root), root->bytes);
	const struct manifest_node *sops = manifest_member(tree, root, "sops");
	if (sops && sops->kind == MANIFEST_MAPPING)
		return "SOPS";
	if (memmem(tree->text, tree->length, "# kubesec:v:", strlen("# kubesec:v:")))
		return "kubesec";
	if (is_sealed_secret(tree, root))
		return "sealed-secrets";
	const struct manifest_node *items = manifest_member(tree, root, "items");
	if (!items || items->kind != MANIFEST_SEQUENCE)
		return NULL;
	for (const struct manifest_node *item = manifest_first(tree, items); item;
	     item = manifest_next(tree, item))
		if (is_sealed_secret(tree, item))
			return "sealed-secrets";
	return NULL;
}
