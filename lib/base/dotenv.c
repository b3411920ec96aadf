#include "lib/base/dotenv.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/utf8.h"

static const char first_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789.-";

/*
 * A line without its line break.  `at` is the current position, or the position of a problem.  A
 * quoted value moves `end` to the end of the line with its closing quote.
 */
struct line {
	const char *at, *end, *text_end;
};

/* Return the end of the line, without its CR. */
static const char *end_of_line(const char *at, const char *text_end)
{
	const char *newline = memchr(at, '\n', (size_t)(text_end - at));
	const char *end = newline ? newline : text_end;

	return newline && end > at && end[-1] == '\r' ? end - 1 : end;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void skip_blanks(struct line *line)
{
	while (line->at < line->end && is_blank(*line->at))
		line->at++;
}

/* Read the name and '='.  Return NULL, or the problem. */
static const char *take_name(struct line *line, char **name)
{
	static const char export[] = "export ";
	size_t length = 0;

	if ((size_t)(line->end - line->at) > strlen(export) &&
	    strncmp(line->at, export, strlen(export)) == 0) {
		line->at += strlen(export);
		skip_blanks(line);
	}
	while (line->at + length < line->end && strchr(letters, line->at[length]))
		length++;
	if (length == 0 || !strchr(first_letters, line->at[0]))
		return "neither NAME=value nor a comment (#)";
	if (line->at + length == line->end || line->at[length] != '=') {
		line->at += length;
		return "a name must be followed immediately by '='";
	}
	*name = strndup(line->at, length);
	line->at += length + 1;
	return *name ? NULL : "out of memory";
}

/* Move to the position of a problem, and return the problem. */
static const char *refuse_at(struct line *line, const char *place, const char *problem)
{
	line->at = place;
	return problem;
}

/*
 * Skip the closing quote at `quote` and a comment after it.  Ruby's dotenv 2.4 ends the value at
 * the last quote of the line, so reject a quote in the comment.
 */
static const char *close_quote(struct line *line, const char *quote)
{
	line->at = quote + 1;
	line->end = end_of_line(line->at, line->text_end);
	bool blank = line->at < line->end && is_blank(*line->at);

	skip_blanks(line);
	if (line->at < line->end && (!blank || *line->at != '#'))
		return "only a comment may follow the closing quote";
	const char *again = memchr(line->at, *quote, (size_t)(line->end - line->at));
	return again ? refuse_at(line, again, "the value's quote is in the comment too; remove it")
		     : NULL;
}

/* Append the bytes of a quoted value, with CRLF converted to LF. */
static int append_lines(
    struct secret_buffer *value, const char *from, const char *to, struct error *err)
{
	while (from < to) {
		const char *stop = memchr(from, '\r', (size_t)(to - from));
		size_t length = (size_t)((stop ? stop : to) - from);
		if (secret_buffer_append(value, from, length, err) < 0)
			return -1;
		from += length + (stop ? 1 : 0);
	}
	return 0;
}

/* Return the first occurrence of `text` before `end`, or NULL. */
static const char *find_text(const char *from, const char *end, const char *text)
{
	return memmem(from, (size_t)(end - from), text, strlen(text));
}

static const char *take_single_quoted(
    struct line *line, struct secret_buffer *value, struct error *err)
{
	const char *start = line->at + 1, *place;
	const char *quote = memchr(start, '\'', (size_t)(line->text_end - start));

	if (!quote)
		return "no closing quote";
	if ((place = find_text(start, quote, "\\\\")) || (quote[-1] == '\\' && (place = quote - 1)))
		return refuse_at(line, place,
		    "a backslash before a backslash or the closing quote is an escape to some readers");
	if ((place = find_text(start, quote, "${")))
		return refuse_at(line, place, "some readers expand ${ in single quotes too");
	if (append_lines(value, start, quote, err) < 0)
		return err->message;
	return close_quote(line, quote);
}

/* Accept only the escape \n, because some readers support no other. */
static const char *take_double_quoted(
    struct line *line, struct secret_buffer *value, struct error *err)
{
	const char *at = line->at + 1, *end = line->text_end;

	for (;;) {
		const char *stop = at;
		while (stop < end && !strchr("\"\\$`", *stop))
			stop++;
		if (append_lines(value, at, stop, err) < 0)
			return err->message;
		if (stop == end)
			return "no closing quote";
		if (*stop == '"')
			return close_quote(line, stop);
		if (*stop != '\\')
			return refuse_at(line, stop,
			    "some readers expand $ and backquotes in double quotes; use single quotes");
		if (stop + 1 == end || stop[1] != 'n')
			return refuse_at(line, stop,
			    "no such escape in double quotes, except \\n; use single quotes");
		if (secret_buffer_append(value, "\n", 1, err) < 0)
			return err->message;
		at = stop + 2;
	}
}

/*
 * Return the length of the white space or control character at `at`, or 0 for any other character,
 * for a space and for a tab.  Readers differ in which of these they trim.
 */
static size_t odd_space(const char *at, const char *end)
{
	static const char *const spaces[] = {"\xC2\x85", "\xC2\xA0", "\xE1\x9A\x80", "\xE2\x80\xA8",
	    "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80", UTF8_BYTE_ORDER_MARK};
	size_t left = (size_t)(end - at);

	if (((unsigned char)*at < ' ' && *at != '\t') || *at == '\x7F')
		return 1;
	/* U+2000 to U+200A. */
	if (left >= 3 && strncmp(at, "\xE2\x80", 2) == 0 && (unsigned char)at[2] <= 0x8A)
		return 3;
	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++)
		if (left >= strlen(spaces[i]) && strncmp(at, spaces[i], strlen(spaces[i])) == 0)
			return strlen(spaces[i]);
	return 0;
}

/* Return why the readers disagree on a character of an unquoted value, or NULL. */
static const char *unquoted_problem(const struct line *line, const char *at)
{
	if (*at == '#')
		return at > line->at && is_blank(at[-1]) ? "'#' after white space may begin a "
							   "comment; put the value in quotes"
							 : "'#' begins a comment to some readers; "
							   "put the value in quotes";
	if (*at == '$')
		return "'$' is not expanded; put the value in single quotes";
	if (strchr("\\'\"`", *at))
		return "a backslash, quote or backquote; put the value in single quotes";
	if (odd_space(at, line->end))
		return "a control character, or white space except space and tab; put the value in quotes";
	return NULL;
}

static const char *take_unquoted(struct line *line, struct secret_buffer *value, struct error *err)
{
	size_t length = (size_t)(line->end - line->at);
	const char *last = line->end - 1;

	if (length && (is_blank(*line->at) || is_blank(*last)))
		return refuse_at(line, is_blank(*line->at) ? line->at : last,
		    "white space at an end of the value; put the value in quotes");
	for (const char *at = line->at; at < line->end; at++) {
		const char *problem = unquoted_problem(line, at);
		if (problem)
			return refuse_at(line, at, problem);
	}
	if (secret_buffer_append(value, line->at, length, err) < 0)
		return err->message;
	return NULL;
}

static const char *take_value(struct line *line, struct secret_buffer *value, struct error *err)
{
	if (line->at < line->end && *line->at == '\'')
		return take_single_quoted(line, value, err);
	if (line->at < line->end && *line->at == '"')
		return take_double_quoted(line, value, err);
	return take_unquoted(line, value, err);
}

/* Read the name and value of a line.  *name stays NULL if the line sets nothing. */
static const char *read_setting(
    struct line *line, char **name, struct secret_buffer *value, struct error *err)
{
	skip_blanks(line);
	if (line->at == line->end || *line->at == '#')
		return NULL;
	const char *problem = take_name(line, name);
	return problem ? problem : take_value(line, value, err);
}

static int refuse_place(
    const char *what, const char *text, const char *place, const char *problem, struct error *err)
{
	return error_at(
	    err, ERROR_INVALID, what, utf8_position(text, (size_t)(place - text)), problem);
}

static int check_text(const char *what, const char *text, const char *end, struct error *err)
{
	size_t length = (size_t)(end - text);
	const char *nul = memchr(text, '\0', length);
	const char *odd = text + utf8_valid_length(text, length);

	if (odd < end && (!nul || odd < nul))
		return refuse_place(what, text, odd, "not UTF-8 text", err);
	if (nul)
		return refuse_place(what, text, nul, "a NUL byte", err);
	for (const char *cr = text; (cr = memchr(cr, '\r', (size_t)(end - cr))); cr++)
		if (cr + 1 == end || cr[1] != '\n')
			return refuse_place(what, text, cr,
			    "a carriage return without a line feed, where only some readers end the line; remove it",
			    err);
	return 0;
}

/* Prefix the error with the file and line, without repeating the file's name. */
static int wrap_line(const char *what, int number, struct error *err)
{
	size_t length = strlen(what);
	struct error inner = *err;
	bool named = strncmp(inner.message, what, length) == 0 &&
		     strncmp(inner.message + length, ": ", 2) == 0;

	return error_set(err, inner.code, "%s: line %d: %s", what, number,
	    inner.message + (named ? length + 2 : 0));
}

int dotenv_each(const struct secret_buffer *text, const char *what,
    int (*each)(void *context, const char *name, struct secret_buffer *value, struct error *err),
    void *context, struct error *err)
{
	const char *start = secret_buffer_string(text), *end = start + text->length;

	/* A byte order mark is not part of the first name. */
	start += utf8_mark_length(start, text->length);
	if (check_text(what, start, end, err) < 0)
		return -1;
	int number = 1;
	for (const char *at = start; at < end; number++) {
		struct line line = {at, end_of_line(at, end), end};
		cleanup_free char *name = NULL;
		cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;

		const char *problem = read_setting(&line, &name, &value, err);
		if (problem)
			return refuse_place(what, start, line.at, problem, err);
		if (name && each(context, name, &value, err) < 0)
			return wrap_line(what, number, err);
		for (; at < line.end; at++)
			number += *at == '\n';
		at += at < end && *at == '\r';
		at += at < end;
	}
	return 0;
}
