#include "lib/base/utf8.h"

#include <stdint.h>
#include <string.h>

/* Return the length of the well-formed sequence at `s` (RFC 3629, section 4), or 0. */
static size_t sequence_length(const unsigned char *s, size_t available)
{
	unsigned char lead = s[0], low = 0x80, high = 0xBF;
	size_t length;

	if (lead < 0x80)
		return 1;
	if (lead < 0xC2 || lead > 0xF4)
		return 0;
	length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
	if (length > available)
		return 0;
	if (lead == 0xE0)
		low = 0xA0; /* below: overlong */
	else if (lead == 0xED)
		high = 0x9F; /* above: surrogates */
	else if (lead == 0xF0)
		low = 0x90; /* below: overlong */
	else if (lead == 0xF4)
		high = 0x8F; /* above: past U+10FFFF */
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if (!utf8_continues((char)s[i]))
			return 0;
	return length;
}

/* Return the number of ASCII bytes at the beginning, rounded down to a multiple of 8. */
static size_t ascii_length(const char *text, size_t length)
{
	size_t at = 0;
	uint64_t eight;

	for (; at + sizeof(eight) <= length; at += sizeof(eight)) {
		memcpy(&eight, text + at, sizeof(eight));
		if (eight & UINT64_C(0x8080808080808080))
			break;
	}
	return at;
}

size_t utf8_valid_length(const char *text, size_t length)
{
	size_t at = ascii_length(text, length), sequence = 1;

	while (at < length && sequence > 0) {
		sequence = sequence_length((const unsigned char *)text + at, length - at);
		at += sequence;
	}
	return at;
}

bool utf8_is_valid(const char *text, size_t length)
{
	return utf8_valid_length(text, length) == length;
}

size_t utf8_mark_length(const char *text, size_t length)
{
	size_t mark = strlen(UTF8_BYTE_ORDER_MARK);

	return length >= mark && memcmp(text, UTF8_BYTE_ORDER_MARK, mark) == 0 ? mark : 0;
}

size_t utf8_encode(unsigned long code, char utf8[4])
{
	static const unsigned char leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
	size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	for (size_t i = length; i-- > 1; code >>= 6)
		utf8[i] = (char)(0x80 | (code & 0x3F));
	utf8[0] = (char)(leads[length] | code);
	return length;
}

struct utf8_position utf8_position(const char *text, size_t offset)
{
	struct utf8_position position = {1, 1};

	for (size_t i = 0; i < offset; i++) {
		if (text[i] == '\n')
			position = (struct utf8_position){position.line + 1, 1};
		else
			position.column += !utf8_continues(text[i]);
	}
	return position;
}

/* Return the code point of a UTF-8 character of `length` bytes. */
static unsigned int code_of(const char *text, size_t length)
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
	       code != 0x00AD && code != 0x180E && code != 0xFEFF && /* without width */
	       (code < 0x200B || code > 0x200D) && (code < 0x2060 || code > 0x2064) &&
	       (code < 0xFFF9 || code > 0xFFFB) && (code < 0xE0000 || code > 0xE007F);
}

size_t utf8_unprintable_length(const char *text, size_t length, unsigned int *code)
{
	size_t bytes = 1;

	if (utf8_continues(*text))
		return 0;
	while (bytes < length && utf8_continues(text[bytes]))
		bytes++;
	*code = code_of(text, bytes);
	return is_printable(*code) ? 0 : bytes;
}

void utf8_make_printable(char *text)
{
	while (*text) {
		size_t length = sequence_length((const unsigned char *)text, strnlen(text, 4));

		if (length == 0 || !is_printable(code_of(text, length)))
			*text++ = '?';
		else
			text += length;
	}
}

void utf8_shorten(char *text, size_t most)
{
	static const char mark[] = "...";
	size_t length = strlen(text), kept = most - (sizeof(mark) - 1);
	size_t head = kept / 2, tail = length - (kept - head);

	if (length <= most)
		return;
	while (head > 0 && utf8_continues(text[head]))
		head--;
	while (tail < length && utf8_continues(text[tail]))
		tail++;
	memcpy(text + head, mark, sizeof(mark) - 1);
	memmove(text + head + sizeof(mark) - 1, text + tail, length - tail + 1);
}
