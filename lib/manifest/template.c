#include "lib/manifest/template.h"

#include <ctype.h>
#include <string.h>

/* Search for a word that is not the end of a longer one. */
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

/* Search the text between two pairs of braces for Helm's own objects and functions. */
static bool is_helm_action(const char *text, size_t length)
{
	static const char *const words[] = {".Values.", ".Release.", ".Chart.", ".Capabilities.",
	    ".Files.", ".Template.", "include \"", "include `", "required \"", "lookup \"", "tpl "};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (has_word(text, length, words[i]))
			return true;
	return false;
}

bool manifest_text_is_helm(const char *text, size_t length)
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

/* Return true for a value that is one placeholder and nothing else. */
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
