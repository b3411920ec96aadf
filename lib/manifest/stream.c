#include "lib/manifest/stream.h"

#include <string.h>

#include "lib/base/input_file.h"
#include "lib/base/utf8.h"
#include "lib/base/yaml_input.h"

#define READ_STEP ((size_t)128 * 1024)
#define MARK_LENGTH 3 /* of "---" and "..." */

/* A search for the end of the document at the beginning of `text`. */
struct search {
	const char *text;
	size_t length;
	bool all;     /* the text is the whole rest of the stream */
	size_t at;    /* offset of the next line to examine */
	bool started; /* a line other than blank lines, comments and directives was passed */
	size_t mark;  /* offset after a line "..." if only such lines follow; 0: none */
};

enum finding { MORE_NEEDED, NOT_JSON, FOUND };

void manifest_stream_begin(struct manifest_stream *stream, int fd, const char *name)
{
	*stream = (struct manifest_stream){.fd = fd, .name = name, .line = 1};
	stream->buffer.limit = MANIFEST_DOCUMENT_MAX + 2 * READ_STEP;
}

void manifest_stream_end(struct manifest_stream *stream)
{
	secret_buffer_free(&stream->buffer);
}

/*
 * Lines.
 */

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r';
}

static size_t skip_blanks(const struct search *search, size_t at)
{
	while (at < search->length && is_blank(search->text[at]))
		at++;
	return at;
}

/* Return true if only blanks or a comment follow on the line. */
static bool is_rest_empty(const struct search *search, size_t at)
{
	at = skip_blanks(search, at);
	return at == search->length || search->text[at] == '\n' || search->text[at] == '#';
}

/* Return true if the line at `at` begins with this mark, "---" or "...". */
static bool is_mark(const struct search *search, size_t at, const char *mark)
{
	if (search->length - at < MARK_LENGTH || memcmp(search->text + at, mark, MARK_LENGTH) != 0)
		return false;
	return search->length - at == MARK_LENGTH || is_blank(search->text[at + MARK_LENGTH]) ||
	       search->text[at + MARK_LENGTH] == '\n';
}

/* Return the offset after the line, or 0 if its end has not been read yet. */
static size_t line_end(const struct search *search, size_t at)
{
	const char *newline = memchr(search->text + at, '\n', search->length - at);

	if (newline)
		return (size_t)(newline - search->text) + 1;
	return search->all ? search->length : 0;
}

/*
 * JSON objects end at their closing brace.  Text that is not JSON throughout is split by the rules
 * of YAML.
 */

/* Set *end to the offset after the object that begins at `at`. */
static enum finding find_brace(const struct search *search, size_t at, size_t *end)
{
	size_t depth = 0;
	bool string = false;

	for (; at < search->length; at++) {
		char byte = search->text[at];

		if (string) {
			if (byte == '\n')
				return NOT_JSON;
			if (byte == '\\')
				at++;
			string = byte != '"';
		} else if (byte == '"') {
			string = true;
		} else if (byte == '{' || byte == '[') {
			depth++;
		} else if ((byte == '}' || byte == ']') && --depth == 0) {
			*end = at + 1;
			return FOUND;
		} else if (byte == '\n' && is_mark(search, at + 1, "---")) {
			return NOT_JSON;
		}
	}
	return search->all ? NOT_JSON : MORE_NEEDED;
}

/*
 * Check that a quote follows the brace.  YAML's flow style ({a: b}) has other strings, which
 * find_brace does not read.
 */
static enum finding begins_json(const struct search *search, size_t at)
{
	for (at++; at < search->length; at++)
		if (!is_blank(search->text[at]) && search->text[at] != '\n')
			return search->text[at] == '"' ? FOUND : NOT_JSON;
	return search->all ? NOT_JSON : MORE_NEEDED;
}

/*
 * Find the end of a document that is a JSON object.  The rest of its last line belongs to it,
 * unless another object begins there.
 */
static enum finding find_json_end(const struct search *search, size_t *end)
{
	size_t at = skip_blanks(search, search->at);

	if (at == search->length || search->text[at] != '{')
		return NOT_JSON;
	enum finding finding = begins_json(search, at);
	if (finding == FOUND)
		finding = find_brace(search, at, &at);
	if (finding != FOUND)
		return finding;
	*end = skip_blanks(search, at);
	if (*end < search->length && search->text[*end] == '{')
		return FOUND;
	if (!is_rest_empty(search, *end))
		return NOT_JSON;
	*end = line_end(search, *end);
	return *end ? FOUND : MORE_NEEDED;
}

/*
 * Documents.
 */

/*
 * Return true and set *end if the document ends before the line at search->at, which ends at
 * `next`.  Otherwise go to the next line.  After "...", only "---" begins another document: kubectl
 * does not end a document at "...", but ignores the text after it.
 */
static bool ends_before_line(struct search *search, size_t next, size_t *end)
{
	size_t at = search->at;
	bool directive = search->text[at] == '%' && (!search->started || search->mark);

	if (is_mark(search, at, "---") && search->started) {
		*end = search->mark ? search->mark : at;
		return true;
	}
	if (is_mark(search, at, "...")) {
		search->started = true;
		search->mark = next;
	} else if (!is_rest_empty(search, at) && !directive) {
		search->started = true;
		search->mark = 0;
	}
	search->at = next;
	return false;
}

/*
 * Continue the search, and return true and set *end at the end of the document.  Only an unfinished
 * JSON object is examined again.
 */
static bool find_end(struct search *search, size_t *end)
{
	while (search->at < search->length) {
		enum finding json = search->started ? NOT_JSON : find_json_end(search, end);
		if (json != NOT_JSON)
			return json == FOUND;
		size_t next = line_end(search, search->at);
		if (next == 0)
			return false;
		if (ends_before_line(search, next, end))
			return true;
	}
	*end = search->mark ? search->mark : search->length;
	return search->all;
}

/*
 * The stream.
 */

/* Read more, after moving the rest to the beginning of the buffer. */
static int read_more(struct manifest_stream *stream, struct error *err)
{
	struct secret_buffer *buffer = &stream->buffer;
	size_t rest = buffer->length - stream->at;

	if (stream->at > 0) {
		memmove(buffer->data, buffer->data + stream->at, rest);
		buffer->length = rest;
		buffer->data[rest] = '\0';
		stream->at = 0;
	}
	/* Double the text in the buffer, so that an unfinished object is not examined too often. */
	size_t step = rest < READ_STEP ? READ_STEP : rest;
	if (step > buffer->limit - rest)
		step = buffer->limit - rest;
	if (secret_buffer_reserve(buffer, step, err) < 0)
		return -1;
	while (step > 0 && !stream->ended) {
		ssize_t count = input_file_read(stream->fd, buffer->data + buffer->length, step);
		if (count < 0)
			return input_file_fail(stream->name, err);
		stream->ended = count == 0;
		buffer->length += (size_t)count;
		buffer->data[buffer->length] = '\0';
		step -= (size_t)count;
	}
	/* UTF-16 and UTF-32 have other bytes for line breaks and marks. */
	return stream->line > 1 ? 0
				: yaml_check_encoding(secret_buffer_string(buffer), buffer->length,
				      stream->name, err);
}

static size_t count_lines(const char *text, size_t length)
{
	const char *end = text + length;
	size_t lines = 0;

	for (; (text = memchr(text, '\n', (size_t)(end - text))) != NULL; text++)
		lines++;
	return lines;
}

static int take_document(struct manifest_stream *stream, size_t length, struct secret_buffer *text,
    size_t *line, struct error *err)
{
	const char *from = stream->buffer.data + stream->at;

	secret_buffer_reset(text);
	if (secret_buffer_append(text, from, length, err) < 0)
		return -1;
	*line = stream->line;
	stream->line += count_lines(from, length);
	stream->at += length;
	return 1;
}

int manifest_stream_next(
    struct manifest_stream *stream, struct secret_buffer *text, size_t *line, struct error *err)
{
	struct search search = {0};
	size_t end = 0;

	for (;;) {
		search.length = stream->buffer.length - stream->at;
		search.text = search.length ? stream->buffer.data + stream->at : "";
		search.all = stream->ended;
		if (search.at == 0)
			search.at = utf8_mark_length(search.text, search.length);
		bool found = search.length > 0 && find_end(&search, &end);
		if ((found ? end : search.length) > MANIFEST_DOCUMENT_MAX)
			return error_set(err, ERROR_TOO_LARGE,
			    "%s: line %zu: the document that begins here has more than %zu MiB; "
			    "split it by \"---\", a List into its items",
			    stream->name, stream->line, MANIFEST_DOCUMENT_MAX / 1024 / 1024);
		if (found)
			return take_document(stream, end, text, line, err);
		if (stream->ended)
			return 0;
		if (read_more(stream, err) < 0)
			return -1;
	}
}
