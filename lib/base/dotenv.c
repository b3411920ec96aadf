#include "lib/base/dotenv.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

static const char first_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789.-";

/* One line, without its end. */
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
	if (line->at + length == line->end || line->at[length] != '=')
		return "a name must be followed by '=' at once";
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
	const char *start = ++line->at;
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

	for (line->at++; line->at < line->end && *line->at != '"'; line->at++) {
		char byte = *line->at;
		if (byte == '$')
			return "$ in double quotes: nothing is expanded here: write \\$, or use "
			       "single quotes";
		if (byte == '\\') {
			const char *escape =
			    ++line->at < line->end ? strchr(escapes, *line->at) : NULL;
			if (!escape)
				return "no such escape in double quotes";
			byte = meanings[escape - escapes];
		}
		if (secret_buffer_append(value, &byte, 1, err) < 0)
			return err->message;
	}
	if (line->at == line->end)
		return "no closing quote on this line";
	line->at++;
	return check_rest(line);
}

static const char *take_unquoted(struct line *line, struct secret_buffer *value, struct error *err)
{
	size_t length = (size_t)(line->end - line->at);

	if (length && (is_blank(line->at[0]) || is_blank(line->end[-1])))
		return "white space at an end of the value: put the value in quotes";
	if (memmem(line->at, length, " #", 2) || memmem(line->at, length, "\t#", 2))
		return "a '#' behind white space: a comment, or the value's? put the value in "
		       "quotes";
	if (memmem(line->at, length, "$(", 2) || memmem(line->at, length, "${", 2))
		return "nothing is expanded here: put the value in single quotes";
	if (length && (line->end[-1] == '\\' || memchr(line->at, '`', length)))
		return "a backslash at the end, or a backquote: put the value in single quotes";
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

int dotenv_each(const struct secret_buffer *text, const char *what,
    int (*each)(void *context, const char *name, struct secret_buffer *value, struct error *err),
    void *context, struct error *err)
{
	const char *at = secret_buffer_string(text), *end = at + text->length;

	if (memchr(at, '\0', text->length) || !json_is_utf8(at, text->length))
		return error_set(
		    err, ERROR_INVALID, "%s: not UTF-8 text, or it holds a NUL byte", what);
	for (int number = 1; at < end; number++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		struct line line = {at, newline ? newline : end};
		cleanup_free char *name = NULL;
		cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;

		if (line.end > line.at && line.end[-1] == '\r')
			line.end--;
		const char *problem = read_line(&line, &name, &value, err);
		if (problem)
			return error_set(
			    err, ERROR_INVALID, "%s: line %d: %s", what, number, problem);
		if (name && each(context, name, &value, err) < 0)
			return error_wrap(err, "%s: line %d", what, number);
		at = newline ? newline + 1 : end;
	}
	return 0;
}
