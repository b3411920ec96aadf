#include "lib/base/json_scanner.h"

#include <string.h>

#include "lib/base/json_reader.h"
#include "lib/base/json_text.h"
#include "lib/base/utf8.h"

struct scan {
	const char *text;
	size_t length;
	size_t at;
	size_t tokens;
	int depth;
	uint64_t objects; /* bit d is set if the container at depth d is an object */
	enum error_code code;
	const char *problem;
};

_Static_assert(JSON_DEPTH_MAX <= 64, "struct scan keeps one bit for each level");

static bool scan_fail(struct scan *scan, enum error_code code, const char *problem)
{
	scan->code = code;
	scan->problem = problem;
	return false;
}

static bool scan_invalid(struct scan *scan, const char *problem)
{
	return scan_fail(scan, ERROR_INVALID, problem);
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

/* Return the byte at the cursor, or -1 at the end. */
static int scan_byte(const struct scan *scan)
{
	return scan->at < scan->length ? (unsigned char)scan->text[scan->at] : -1;
}

/* Skip white space and return the byte after it, or -1 at the end. */
static int scan_next(struct scan *scan)
{
	while (scan->at < scan->length && json_is_space(scan->text[scan->at]))
		scan->at++;
	return scan_byte(scan);
}

static bool scan_unicode_escape(struct scan *scan)
{
	const char *escape = scan->text + scan->at;
	size_t available = scan->length - scan->at;
	long low, unit = json_hex4(escape + 2, available - 2);

	if (unit < 0)
		return scan_invalid(scan, "\\u without four hexadecimal digits");
	scan->at += 6;
	if (unit < 0xD800 || unit > 0xDFFF)
		return true;
	if (unit <= 0xDBFF && available >= 12 && escape[6] == '\\' && escape[7] == 'u') {
		low = json_hex4(escape + 8, 4);
		if (low >= 0xDC00 && low <= 0xDFFF) {
			scan->at += 6;
			return true;
		}
	}
	scan->at -= 6;
	return scan_invalid(scan, "half of a surrogate pair");
}

static bool scan_escape(struct scan *scan)
{
	char c = scan->at + 1 < scan->length ? scan->text[scan->at + 1] : '\0';

	if (c == 'u')
		return scan_unicode_escape(scan);
	if (c == '\0' || !strchr("\"\\/bfnrt", c))
		return scan_invalid(scan, "no such escape in a string");
	scan->at += 2;
	return true;
}

/* Return true for the ASCII characters that a string contains unescaped. */
static bool is_unescaped(char c)
{
	return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

static bool scan_string(struct scan *scan)
{
	const char *end = scan->text + scan->length;

	scan->tokens++;
	scan->at++;
	for (;;) {
		const char *at = scan->text + scan->at, *run;

		while (at < end && is_unescaped(*at))
			at++;
		for (run = at; at < end && (unsigned char)*at >= 0x80;)
			at++;
		scan->at = (size_t)(run - scan->text);
		if (!utf8_is_valid(run, (size_t)(at - run)))
			return scan_invalid(scan, "not UTF-8");
		scan->at = (size_t)(at - scan->text);
		if (at == end)
			return scan_invalid(scan, "a string without a closing quote");
		if (*at == '"')
			break;
		if (*at == '\\' && !scan_escape(scan))
			return false;
		if ((unsigned char)*at < 0x20)
			return scan_invalid(scan, "an unescaped control character in a string");
	}
	scan->at++;
	return true;
}

static bool scan_digits(struct scan *scan)
{
	if (!is_digit(scan_byte(scan)))
		return scan_invalid(scan, "expected a digit");
	while (is_digit(scan_byte(scan)))
		scan->at++;
	return true;
}

/*
 * Scan a number.  Digits after a leading zero remain and fail later, because no token that may
 * follow begins with a digit.
 */
static bool scan_number(struct scan *scan)
{
	scan->tokens++;
	if (scan_byte(scan) == '-')
		scan->at++;
	if (scan_byte(scan) == '0')
		scan->at++;
	else if (!scan_digits(scan))
		return false;
	if (scan_byte(scan) == '.') {
		scan->at++;
		if (!scan_digits(scan))
			return false;
	}
	if (scan_byte(scan) == 'e' || scan_byte(scan) == 'E') {
		scan->at++;
		if (scan_byte(scan) == '+' || scan_byte(scan) == '-')
			scan->at++;
		return scan_digits(scan);
	}
	return true;
}

static bool scan_word(struct scan *scan, const char *word)
{
	size_t length = strlen(word);

	scan->tokens++;
	if (scan->length - scan->at < length || memcmp(scan->text + scan->at, word, length) != 0)
		return scan_invalid(
		    scan, "expected a value (the only words are true, false and null)");
	scan->at += length;
	return true;
}

/* Scan a member's name and its colon. */
static bool scan_name(struct scan *scan)
{
	if (scan_next(scan) != '"')
		return scan_invalid(scan, "expected a member's name in double quotes");
	if (!scan_string(scan))
		return false;
	if (scan_next(scan) != ':')
		return scan_invalid(scan, "expected ':'");
	scan->at++;
	return true;
}

static bool in_object(const struct scan *scan)
{
	return scan->objects >> (scan->depth - 1) & 1;
}

static char closing_bracket(const struct scan *scan)
{
	return in_object(scan) ? '}' : ']';
}

/* Scan '{' or '[', and the first name.  Set *due if the container is not empty: a value follows. */
static bool scan_open(struct scan *scan, bool *due)
{
	uint64_t bit;

	if (scan->depth == JSON_DEPTH_MAX)
		return scan_fail(scan, ERROR_TOO_LARGE, "nested too deep");
	bit = (uint64_t)1 << scan->depth++;
	if (scan->text[scan->at] == '{')
		scan->objects |= bit;
	else
		scan->objects &= ~bit;
	scan->tokens++;
	scan->at++;
	*due = scan_next(scan) != closing_bracket(scan);
	return !*due || !in_object(scan) || scan_name(scan);
}

static bool scan_value(struct scan *scan, bool *due)
{
	int c = scan_next(scan);

	*due = false;
	switch (c) {
	case '{':
	case '[':
		return scan_open(scan, due);
	case '"':
		return scan_string(scan);
	case 't':
		return scan_word(scan, "true");
	case 'f':
		return scan_word(scan, "false");
	case 'n':
		return scan_word(scan, "null");
	case -1:
		return scan_invalid(scan, "the text ends before a value");
	default:
		if (c == '-' || is_digit(c))
			return scan_number(scan);
		return scan_invalid(scan, "expected a value");
	}
}

/* Close the containers that end after a value.  Set *due if a comma, and so a value, follows. */
static bool scan_after_value(struct scan *scan, bool *due)
{
	while (scan->depth > 0 && scan_next(scan) == closing_bracket(scan)) {
		scan->at++;
		scan->depth--;
	}
	if (scan->depth == 0)
		return true;
	if (scan_byte(scan) == -1)
		return scan_invalid(scan, "the text ends within an object or array");
	if (scan_byte(scan) != ',')
		return scan_invalid(
		    scan, in_object(scan) ? "expected ',' or '}'" : "expected ',' or ']'");
	scan->at++;
	*due = true;
	return !in_object(scan) || scan_name(scan);
}

/* Scan the only value and the white space around it. */
static bool scan_text(struct scan *scan)
{
	bool due = true;

	if (utf8_mark_length(scan->text, scan->length) > 0)
		return scan_invalid(scan, "a byte order mark");
	while (due) {
		if (!scan_value(scan, &due))
			return false;
		if (!due && !scan_after_value(scan, &due))
			return false;
	}
	if (scan_next(scan) != -1)
		return scan_invalid(scan, "text after the value");
	return true;
}

int json_scan(const char *text, size_t length, const char *what, size_t line, size_t *tokens,
    struct error *err)
{
	struct scan scan = {.text = text, .length = length};

	if (!scan_text(&scan))
		return json_error_at(err, scan.code, what, line, text, scan.at, scan.problem);
	*tokens = scan.tokens;
	return 0;
}

int json_error_at(struct error *err, enum error_code code, const char *what, size_t line,
    const char *text, size_t offset, const char *problem)
{
	struct utf8_position at = utf8_position(text, offset);

	at.line += line - 1;
	return error_at(err, code, what, at, problem);
}
