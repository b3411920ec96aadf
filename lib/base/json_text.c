#include "lib/base/json_text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/utf8.h"

long json_hex4(const char *text, size_t available)
{
	long value = 0;

	if (available < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = text[i];

		value *= 16;
		if (c >= '0' && c <= '9')
			value += c - '0';
		else if (c >= 'a' && c <= 'f')
			value += c - 'a' + 10;
		else if (c >= 'A' && c <= 'F')
			value += c - 'A' + 10;
		else
			return -1;
	}
	return value;
}

/* A cursor over the content of a string, which returns the unescaped bytes. */
struct walk {
	const char *at;
	const char *end;
	bool escapes;	 /* if false, a backslash is an ordinary byte */
	char decoded[4]; /* UTF-8 of the latest escape */
	int decoded_length;
	int decoded_at;
};

/* Decode the escape at the cursor, which is complete because the scanner has accepted it. */
static void walk_escape(struct walk *walk)
{
	static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *escape = walk->at;
	unsigned long point;

	walk->decoded_at = 0;
	if (escape[1] != 'u') {
		walk->decoded[0] = meanings[strchr(letters, escape[1]) - letters];
		walk->decoded_length = 1;
		walk->at += 2;
		return;
	}
	point = (unsigned long)json_hex4(escape + 2, 4);
	walk->at += 6;
	if (point >= 0xD800 && point <= 0xDBFF) {
		point = 0x10000 + ((point - 0xD800) << 10) +
			((unsigned long)json_hex4(escape + 8, 4) - 0xDC00);
		walk->at += 6;
	}
	walk->decoded_length = (int)utf8_encode(point, walk->decoded);
}

/* Return the next byte, or -1 at the end. */
static int walk_byte(struct walk *walk)
{
	if (walk->decoded_at == walk->decoded_length) {
		if (walk->at == walk->end)
			return -1;
		if (*walk->at != '\\' || !walk->escapes)
			return (unsigned char)*walk->at++;
		walk_escape(walk);
	}
	return (unsigned char)walk->decoded[walk->decoded_at++];
}

static struct walk walk_text(const struct json_text *content)
{
	return (struct walk){.at = content->text,
	    .end = content->text + content->text_length,
	    .escapes = content->text_length != content->length};
}

struct json_text json_text_of(const char *text, size_t length)
{
	struct json_text content = {text, length, length};

	if (memchr(text, '\\', length)) {
		struct walk walk = walk_text(&content);

		walk.escapes = true;
		for (content.length = 0; walk_byte(&walk) != -1;)
			content.length++;
	}
	return content;
}

int json_text_compare(const void *left, const void *right)
{
	const struct json_text *a = left, *b = right;
	struct walk walk_a, walk_b;
	int byte_a, byte_b;

	if (a->length != b->length)
		return a->length < b->length ? -1 : 1;
	if (a->text_length == a->length && b->text_length == b->length)
		return memcmp(a->text, b->text, a->length);
	walk_a = walk_text(a);
	walk_b = walk_text(b);
	do {
		byte_a = walk_byte(&walk_a);
		byte_b = walk_byte(&walk_b);
	} while (byte_a == byte_b && byte_a != -1);
	return byte_a - byte_b;
}

/* Write the unescaped bytes to `to`. */
static void text_copy(const struct json_text *content, char *to)
{
	struct walk walk = walk_text(content);

	if (content->text_length == content->length) {
		memcpy(to, content->text, content->length);
		return;
	}
	for (int byte = walk_byte(&walk); byte != -1; byte = walk_byte(&walk))
		*to++ = (char)byte;
}

int json_text_append(const struct json_text *content, struct secret_buffer *out, struct error *err)
{
	if (content->text_length == content->length)
		return secret_buffer_append(out, content->text, content->length, err);
	if (secret_buffer_reserve(out, content->length, err) < 0)
		return -1;
	text_copy(content, out->data + out->length);
	out->length += content->length;
	out->data[out->length] = '\0';
	return 0;
}

int json_text_dup(const struct json_text *content, char **text, struct error *err)
{
	char *copy = malloc(content->length + 1);

	if (!copy)
		return error_memory(err);
	text_copy(content, copy);
	copy[content->length] = '\0';
	if (memchr(copy, '\0', content->length))
		free(copy);
	else
		*text = copy;
	return 0;
}
