#include "lib/base/strings.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/json.h"

int strings_append(struct strings *list, const char *string, struct error *err)
{
	char **grown = reallocarray(list->items, list->count + 2, sizeof(*grown));

	if (!grown)
		return error_memory(err);
	list->items = grown;
	grown[list->count] = strdup(string);
	if (!grown[list->count])
		return error_memory(err);
	grown[++list->count] = NULL;
	return 0;
}

bool strings_contain(const struct strings *list, const char *string)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], string) == 0)
			return true;
	return false;
}

bool strings_match(const struct strings *patterns, const char *text)
{
	for (size_t i = 0; i < patterns->count; i++)
		if (fnmatch(patterns->items[i], text, 0) == 0)
			return true;
	return false;
}

void strings_free(struct strings *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	list->items = NULL;
	list->count = 0;
}

static bool continues_character(char byte)
{
	return ((unsigned char)byte & 0xC0) == 0x80;
}

/* The character of `length` bytes, which are UTF-8. */
static unsigned int code_point(const char *text, size_t length)
{
	unsigned int code = (unsigned char)text[0];

	if (length > 1)
		code &= 0x7Fu >> length;
	for (size_t i = 1; i < length; i++)
		code = code << 6 | ((unsigned char)text[i] & 0x3F);
	return code;
}

static bool is_printable(unsigned int code)
{
	return code >= 0x20 && (code < 0x7F || code > 0x9F) &&	     /* C0, DEL, C1 */
	       code != 0x061C && code != 0x200E && code != 0x200F && /* direction marks */
	       (code < 0x2028 || code > 0x202E) && /* separators, embeddings, overrides */
	       (code < 0x2066 || code > 0x2069) && /* isolates */
	       code != 0x00AD && code != 0x180E && code != 0xFEFF && /* of no width */
	       (code < 0x200B || code > 0x200D) && (code < 0x2060 || code > 0x2064) &&
	       (code < 0xFFF9 || code > 0xFFFB) && (code < 0xE0000 || code > 0xE007F);
}

/* The length of the character at `text`, or 0 when there is no whole one or none to be shown. */
static size_t printable(const char *text)
{
	size_t left = strnlen(text, 4);

	for (size_t length = 1; length <= left; length++)
		if (json_is_utf8(text, length))
			return is_printable(code_point(text, length)) ? length : 0;
	return 0;
}

size_t string_unprintable(const char *text, size_t length, unsigned int *code)
{
	size_t bytes = 1;

	if (continues_character(*text))
		return 0;
	while (bytes < length && continues_character(text[bytes]))
		bytes++;
	*code = code_point(text, bytes);
	return is_printable(*code) ? 0 : bytes;
}

void string_make_printable(char *text)
{
	while (*text) {
		size_t length = printable(text);

		if (length == 0)
			*text++ = '?';
		else
			text += length;
	}
}

void string_shorten(char *text, size_t most)
{
	static const char mark[] = "...";
	size_t length = strlen(text), kept = most - (sizeof(mark) - 1);
	size_t head = kept / 2, tail = length - (kept - head);

	if (length <= most)
		return;
	while (head > 0 && continues_character(text[head]))
		head--;
	while (tail < length && continues_character(text[tail]))
		tail++;
	memcpy(text + head, mark, sizeof(mark) - 1);
	memmove(text + head + sizeof(mark) - 1, text + tail, length - tail + 1);
}

char *string_format(struct error *err, const char *format, ...)
{
	char *string = NULL;
	va_list arguments;

	va_start(arguments, format);
	int length = vasprintf(&string, format, arguments);
	va_end(arguments);
	if (length < 0) {
		error_memory(err);
		return NULL;
	}
	return string;
}
