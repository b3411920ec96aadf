/*
 * Redaction: replace credentials in the text of a server by "***".
 *
 * A gateway may repeat the request in its error: complete or cut, escaped for JSON or a URL, or in
 * base64 with other text around the credential.  So runs of bytes are compared, not only complete
 * credentials.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/utf8.h"
#include "lib/http/http.h"

/* Longer text from a server is cut, because it is printed in one line. */
#define TEXT_MAX 2048
/*
 * This many bytes in a row that match a credential are not a coincidence.  A shorter credential
 * must match completely.
 */
#define RUN_MIN 6
/* The limit for a credential's beginning where the server has cut the text. */
#define CUT_MIN 4
/* Number of bytes that are looked up together. */
#define GRAM 4
/* Limit of comparisons, after which the whole text is withheld.  Only crafted text reaches it. */
#define STEPS_MAX ((size_t)1 << 28)

#define JSON_SPACE " \t\r\n"

/* The text with zero, one and two levels of escapes decoded. */
#define READINGS 3

struct reading {
	size_t length;
	uint8_t bytes[TEXT_MAX];
	uint16_t begin[TEXT_MAX], end[TEXT_MAX]; /* position of each byte in the text */
	uint8_t grams[(1 << 16) / 8];		 /* a bit for the hash of each gram */
};

struct search {
	struct reading readings[READINGS];
	size_t count;
	bool hidden[TEXT_MAX];
	size_t steps;
	bool given_up;
};

/* Map both base64 alphabets to one, and white space, with which lines are joined, to a blank. */
static uint8_t fold(uint8_t byte)
{
	if (byte <= ' ')
		return ' ';
	return byte == '-' ? '+' : byte == '_' ? '/' : byte;
}

static int hex_value(const uint8_t *digits, size_t count)
{
	int value = 0;

	for (size_t i = 0; i < count; i++) {
		if (!isxdigit(digits[i]))
			return -1;
		value = value * 16 +
			(isdigit(digits[i]) ? digits[i] - '0' : (digits[i] | 0x20) - 'a' + 10);
	}
	return value;
}

static int utf16_unit(const uint8_t *at, size_t left)
{
	return left >= 6 && at[0] == '\\' && at[1] == 'u' ? hex_value(at + 2, 4) : -1;
}

/* Decode an escape of JSON, a URL or Go's %q.  Return its length, or 1 without an escape. */
static size_t unescape(const uint8_t *at, size_t left, uint8_t out[4], size_t *written)
{
	int unit = utf16_unit(at, left), byte = -1;

	*written = 1;
	if (unit >= 0xD800 && unit < 0xDC00) {
		int low = utf16_unit(at + 6, left - 6);
		if (low >= 0xDC00 && low < 0xE000) {
			*written = utf8_encode(
			    (unsigned)(0x10000 + ((unit - 0xD800) << 10) + low - 0xDC00),
			    (char *)out);
			return 12;
		}
	}
	if (unit >= 0) {
		*written = utf8_encode((unsigned)unit, (char *)out);
		return 6;
	}
	if (*at == '%' && left >= 3 && (byte = hex_value(at + 1, 2)) >= 0) {
		out[0] = (uint8_t)byte;
		return 3;
	}
	if (*at == '\\' && left >= 4 && at[1] == 'x' && (byte = hex_value(at + 2, 2)) >= 0) {
		out[0] = (uint8_t)byte;
		return 4;
	}
	out[0] = *at;
	if (*at != '\\' || left < 2)
		return 1;
	out[0] = strchr("bfnrt", at[1]) ? ' ' : at[1];
	return 2;
}

static uint16_t gram_hash(const uint8_t *bytes)
{
	uint32_t gram;

	memcpy(&gram, bytes, sizeof(gram));
	return (uint16_t)((gram * 2654435761U) >> 16);
}

static void index_grams(struct reading *reading)
{
	memset(reading->grams, 0, sizeof(reading->grams));
	for (size_t i = 0; i + GRAM <= reading->length; i++) {
		uint16_t hash = gram_hash(reading->bytes + i);
		reading->grams[hash / 8] |= (uint8_t)(1 << hash % 8);
	}
}

static void read_plainly(struct reading *reading, const char *text, size_t length)
{
	reading->length = length;
	for (size_t i = 0; i < length; i++) {
		reading->bytes[i] = fold((uint8_t)text[i]);
		reading->begin[i] = (uint16_t)i;
		reading->end[i] = (uint16_t)(i + 1);
	}
	index_grams(reading);
}

/* Decode one more level of escapes.  Return false if there are no escapes. */
static bool read_unescaped(struct reading *to, const struct reading *from)
{
	size_t used, written;

	to->length = 0;
	for (size_t i = 0; i < from->length; i += used) {
		uint8_t out[4];
		used = unescape(from->bytes + i, from->length - i, out, &written);
		for (size_t k = 0; k < written; k++) {
			to->bytes[to->length] = fold(out[k]);
			to->begin[to->length] = from->begin[i];
			to->end[to->length++] = from->end[i + used - 1];
		}
	}
	index_grams(to);
	return to->length < from->length;
}

static void search_begin(struct search *search, const char *text, size_t length)
{
	read_plainly(&search->readings[0], text, length);
	search->count = 1;
	while (search->count < READINGS && read_unescaped(&search->readings[search->count],
					       &search->readings[search->count - 1]))
		search->count++;
}

static void hide_range(
    struct search *search, const struct reading *reading, size_t at, size_t length)
{
	for (size_t i = reading->begin[at]; i < reading->end[at + length - 1]; i++)
		search->hidden[i] = true;
}

/* Return true if the text ends at `at`, or continues with dots. */
static bool is_cut(const struct reading *reading, size_t at)
{
	size_t left = reading->length - at;
	const uint8_t *rest = reading->bytes + at;

	return left == 0 ||
	       (left >= 3 && (memcmp(rest, "...", 3) == 0 || memcmp(rest, "\xE2\x80\xA6", 3) == 0));
}

/* Hide each place where the reading contains a run of `form` that starts at `from`. */
static void hide_runs(struct search *search, const struct reading *reading, const uint8_t *form,
    size_t length, size_t from)
{
	size_t wanted = length < RUN_MIN ? length : RUN_MIN;

	search->steps += reading->length;
	for (size_t at = 0; at + GRAM <= reading->length; at++) {
		size_t run = 0;
		while (from + run < length && at + run < reading->length &&
		       form[from + run] == reading->bytes[at + run])
			run++;
		search->steps += run;
		if (run >= wanted || (from == 0 && run >= CUT_MIN && is_cut(reading, at + run)))
			hide_range(search, reading, at, run);
	}
}

/* Hide a form shorter than a gram where it is a complete word. */
static void hide_word(
    struct search *search, const struct reading *reading, const uint8_t *form, size_t length)
{
	for (size_t at = 0; at + length <= reading->length; at++)
		if (memcmp(reading->bytes + at, form, length) == 0 &&
		    (at == 0 || !isalnum(reading->bytes[at - 1])) &&
		    (at + length == reading->length || !isalnum(reading->bytes[at + length])))
			hide_range(search, reading, at, length);
}

/* Hide one encoding of a credential.  Its bytes are folded in place. */
static void hide_form(struct search *search, char *bytes, size_t length)
{
	uint8_t *form = (uint8_t *)bytes;

	for (size_t i = 0; i < length; i++)
		form[i] = fold(form[i]);
	for (size_t r = 0; r < search->count && length > 0; r++) {
		const struct reading *reading = &search->readings[r];
		if (length < GRAM)
			hide_word(search, reading, form, length);
		for (size_t i = 0; i + GRAM <= length && !search->given_up; i++) {
			uint16_t hash = gram_hash(form + i);
			if (reading->grams[hash / 8] & 1 << hash % 8)
				hide_runs(search, reading, form, length, i);
			search->given_up = search->steps > STEPS_MAX;
		}
	}
}

/* Hide the base64 characters that depend only on the credential, after `before` other bytes. */
static void hide_base64(struct search *search, const char *bytes, size_t length, size_t before)
{
	static const size_t first[] = {0, 2, 3}, last[] = {0, 3, 2};
	cleanup_secret struct secret_buffer all = SECRET_BUFFER_INIT, text = SECRET_BUFFER_INIT;
	struct error ignored = ERROR_INIT;

	if (secret_buffer_append(&all, "\0\0", before, &ignored) < 0 ||
	    secret_buffer_append(&all, bytes, length, &ignored) < 0 ||
	    base64_encode(&text, all.data, all.length, &ignored) < 0) {
		search->given_up = true;
		return;
	}
	size_t end = text.length - (before ? last[all.length % 3] : 0);
	if (end >= first[before] + GRAM)
		hide_form(search, text.data + first[before], end - first[before]);
}

static void hide_credential(struct search *search, const char *bytes, size_t length)
{
	cleanup_secret struct secret_buffer copy = SECRET_BUFFER_INIT;
	struct error ignored = ERROR_INIT;

	if (length == 0)
		return;
	for (size_t before = 0; before < 3; before++)
		hide_base64(search, bytes, length, before);
	if (secret_buffer_append(&copy, bytes, length, &ignored) < 0)
		search->given_up = true;
	else
		hide_form(search, copy.data, copy.length);
}

/* Append the text, and decode the escapes that begin with `escape`. */
static void append_unescaped(
    struct search *search, struct secret_buffer *to, const char *text, size_t length, char escape)
{
	struct error ignored = ERROR_INIT;
	size_t used, written;

	for (size_t i = 0; i < length; i += used) {
		uint8_t out[4] = {(uint8_t)text[i]};
		used = written = 1;
		if (text[i] == escape)
			used = unescape((const uint8_t *)text + i, length - i, out, &written);
		if (secret_buffer_append(to, out, written, &ignored) < 0)
			search->given_up = true;
	}
}

/* Hide the value of a JSON string (without quotes), and its decoded bytes if it is base64. */
static void hide_string(struct search *search, const char *literal, size_t length)
{
	cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT, bytes = SECRET_BUFFER_INIT;
	struct error ignored = ERROR_INIT;

	if (secret_buffer_reserve(&value, length, &ignored) < 0) {
		search->given_up = true;
		return;
	}
	append_unescaped(search, &value, literal, length, '\\');
	if (base64_decode(&bytes, value.data, value.length, &ignored) == 0)
		hide_credential(search, bytes.data, bytes.length);
	hide_credential(search, value.data, value.length);
}

/* Hide the value of the JSON string at `at`, unless it is a name.  Return its end. */
static const char *hide_string_at(struct search *search, const char *at)
{
	const char *end = ++at;

	while (*end && *end != '"')
		end += end[0] == '\\' && end[1] ? 2 : 1;
	const char *next = *end ? end + 1 : end;
	if (next[strspn(next, JSON_SPACE)] != ':')
		hide_string(search, at, (size_t)(end - at));
	return next;
}

/* Hide the strings in the JSON object or array at `at`.  Return its end. */
static const char *hide_strings_in(struct search *search, const char *at)
{
	int depth = 0;

	do {
		if (*at == '"') {
			at = hide_string_at(search, at);
			continue;
		}
		depth += *at == '{' || *at == '[';
		depth -= *at == '}' || *at == ']';
		at++;
	} while (*at && depth > 0);
	return at;
}

/*
 * Hide each member with this name in the body: a string, or the strings in an object or array.  The
 * body may be invalid JSON.
 */
static void hide_member(struct search *search, const struct secret_buffer *body, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = secret_buffer_string(body); (at = strstr(at, name));) {
		bool quoted = at > body->data && at[-1] == '"' && at[length] == '"';
		at += length;
		if (!quoted)
			continue;
		at++;
		at += strspn(at, JSON_SPACE ":");
		if (*at == '"')
			at = hide_string_at(search, at);
		else if (*at == '{' || *at == '[')
			at = hide_strings_in(search, at);
	}
}

/* Hide USER:PASSWORD of a proxy's URL, which may be percent-encoded. */
static void hide_proxy(struct search *search, const char *url)
{
	const char *scheme = url ? strstr(url, "://") : NULL, *begin = scheme ? scheme + 3 : url;
	const char *end = begin ? strrchr(begin, '@') : NULL;
	cleanup_secret struct secret_buffer user = SECRET_BUFFER_INIT;

	if (end)
		append_unescaped(search, &user, begin, (size_t)(end - begin), '%');
	if (user.length == 0)
		return;
	const char *colon = strchr(user.data, ':');
	if (colon)
		hide_credential(search, colon + 1, strlen(colon + 1));
	hide_credential(search, user.data, user.length);
}

static void hide_proxies(struct search *search, const struct http_endpoint *endpoint)
{
	static const char *const names[] = {
	    "https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"};

	hide_proxy(search, endpoint->proxy);
	for (size_t i = 0; endpoint->proxy_from_environment && i < sizeof(names) / sizeof(*names);
	     i++)
		hide_proxy(search, getenv(names[i]));
}

static void hide_all(struct search *search, const struct http_exchange *exchange)
{
	const char *header = secret_buffer_string(&exchange->credential);
	const char *space = strrchr(header, ' ');

	if (space)
		hide_credential(search, space + 1, strlen(space + 1));
	if (exchange->secret)
		hide_credential(search, exchange->secret->data, exchange->secret->length);
	hide_proxies(search, exchange->endpoint);
	for (const char *const *name = exchange->secret_members; name && *name; name++) {
		hide_member(search, &exchange->body, *name);
		hide_member(search, &exchange->response, *name);
	}
}

void http_redact(const struct http_exchange *exchange, char *text)
{
	size_t length = strnlen(text, TEXT_MAX), kept = 0;
	struct search *search = length ? calloc(1, sizeof(*search)) : NULL;

	if (search) {
		search_begin(search, text, length);
		hide_all(search, exchange);
	}
	for (size_t i = 0; search && !search->given_up && i < length; i++) {
		if (!search->hidden[i])
			text[kept++] = text[i];
		else if (i < 3 || !search->hidden[i - 1] || !search->hidden[i - 2] ||
			 !search->hidden[i - 3])
			text[kept++] = '*';
	}
	text[kept] = '\0';
	/* Print a notice instead of an empty message. */
	if (length && (!search || search->given_up))
		snprintf(text, length + 1, "%s",
		    search && search->steps > STEPS_MAX ? "(withheld)" : "out of memory");
	free(search);
}
