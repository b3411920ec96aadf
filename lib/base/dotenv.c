#include "lib/base/dotenv.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

static const char first_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789.-";

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

/* One line, without its end; `at` is where reading it has come to, or what is wrong. */
struct line {
	const char *at, *end;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void skip_blanks(struct line *line)
{
	while (line->at < line->end && is_blank(*line->at))
		line->at++;
}

/* NULL, or what is wrong. */
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
		return "no NAME=value, and no comment (#)";
	if (line->at + length == line->end || line->at[length] != '=') {
		line->at += length;
		return "a name must be followed by '=' at once";
	}
	*name = strndup(line->at, length);
	line->at += length + 1;
	return *name ? NULL : "out of memory";
}

/* Behind a closing quote only a comment may follow. */
static const char *check_rest(struct line *line)
{
	bool blank = line->at < line->end && is_blank(*line->at);

	skip_blanks(line);
	if (line->at == line->end || (blank && *line->at == '#'))
		return NULL;
	return "something stands behind the closing quote";
}

static const char *take_single_quoted(
    struct line *line, struct secret_buffer *value, struct error *err)
{
	const char *start = line->at + 1;
	const char *quote = memchr(start, '\'', (size_t)(line->end - start));

	if (!quote)
		return "no closing quote on this line";
	line->at = quote + 1;
	if (secret_buffer_append(value, start, (size_t)(quote - start), err) < 0)
		return err->message;
	return check_rest(line);
}

static const char *take_double_quoted(
    struct line *line, struct secret_buffer *value, struct error *err)
{
	static const char escapes[] = "nrt\"\\$", meanings[] = "\n\r\t\"\\$";
	const char *opening = line->at;

	for (line->at++; line->at < line->end && *line->at != '"'; line->at++) {
		char byte = *line->at;
		if (byte == '$')
			return "$ in double quotes: nothing is expanded here: write \\$, or use "
			       "single quotes";
		if (byte == '\\') {
			const char *next = line->at + 1;
			const char *escape = next < line->end ? strchr(escapes, *next) : NULL;
			if (!escape)
				return "no such escape in double quotes";
			byte = meanings[escape - escapes];
			line->at = next;
		}
		if (secret_buffer_append(value, &byte, 1, err) < 0)
			return err->message;
	}
	if (line->at == line->end) {
		line->at = opening;
		return "no closing quote on this line";
	}
	line->at++;
	return check_rest(line);
}

/* The problem's place becomes the line's. */
static const char *refuse_at(struct line *line, const char *place, const char *problem)
{
	line->at = place;
	return problem;
}

/* The first place of either, or NULL. */
static const char *find_either(const struct line *line, const char *one, const char *other)
{
	size_t length = (size_t)(line->end - line->at);
	const char *first = memmem(line->at, length, one, strlen(one));
	const char *second = memmem(line->at, length, other, strlen(other));

	return !first || (second && second < first) ? second : first;
}

static const char *take_unquoted(struct line *line, struct secret_buffer *value, struct error *err)
{
	size_t length = (size_t)(line->end - line->at);
	const char *last = line->end - 1, *place;

	if (length && (is_blank(*line->at) || is_blank(*last)))
		return refuse_at(line, is_blank(*line->at) ? line->at : last,
		    "white space at an end of the value: put the value in quotes");
	if ((place = find_either(line, " #", "\t#")))
		return refuse_at(line, place + 1,
		    "a '#' behind white space: a comment, or the value's? put the value in "
		    "quotes");
	if ((place = find_either(line, "$(", "${")))
		return refuse_at(
		    line, place, "nothing is expanded here: put the value in single quotes");
	if (length && ((place = memchr(line->at, '`', length)) || *last == '\\'))
		return refuse_at(line, place ? place : last,
		    "a backslash at the end, or a backquote: put the value in single quotes");
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

/* The name and value of one line; *name stays NULL on one that sets nothing. */
static const char *read_line(
    struct line *line, char **name, struct secret_buffer *value, struct error *err)
{
	skip_blanks(line);
	if (line->at == line->end || *line->at == '#')
		return NULL;
	const char *problem = take_name(line, name);
	return problem ? problem : take_value(line, value, err);
}

/* Lines and columns count from 1, columns in characters, as editors do. */
static int refuse(
    const char *what, const char *text, const char *place, const char *problem, struct error *err)
{
	size_t line = 1, column = 1;

	for (const char *at = text; at < place; at++) {
		if (*at == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)*at & 0xC0) != 0x80) {
			column++;
		}
	}
	return error_set(
	    err, ERROR_INVALID, "%s: line %zu, column %zu: %s", what, line, column, problem);
}

static int check_text(const char *what, const char *text, const char *end, struct error *err)
{
	size_t length = (size_t)(end - text);
	const char *nul = memchr(text, '\0', length);
	const char *odd = text + json_utf8_length(text, length);

	if (odd < end && (!nul || odd < nul))
		return refuse(what, text, odd, "not UTF-8 text", err);
	return nul ? refuse(what, text, nul, "a NUL byte", err) : 0;
}

/* The caller's error may begin with the file's name already. */
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

	/* A byte order mark is no part of the first name. */
	if (text->length >= strlen(BYTE_ORDER_MARK) &&
	    strncmp(start, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
		start += strlen(BYTE_ORDER_MARK);
	if (check_text(what, start, end, err) < 0)
		return -1;
	const char *at = start;
	for (int number = 1; at < end; number++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		struct line line = {at, newline ? newline : end};
		cleanup_free char *name = NULL;
		cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;

		if (line.end > line.at && line.end[-1] == '\r')
			line.end--;
		const char *problem = read_line(&line, &name, &value, err);
		if (problem)
			return refuse(what, start, line.at, problem, err);
		if (name && each(context, name, &value, err) < 0)
			return wrap_line(what, number, err);
		at = newline ? newline + 1 : end;
	}
	return 0;
}
