#include "lib/manifest/stream.h"

#include <string.h>

#include "lib/base/input_file.h"
#include "lib/base/yaml_input.h"

#define READ_STEP ((size_t)128 * 1024)
#define MARK_LENGTH 3

static const char byte_order_mark[] = "\xEF\xBB\xBF";

/* Looking for the end of the document at the beginning of `text`. */
struct search {
	const char *text;
	size_t length;
	bool all;     /* nothing follows the text */
	size_t at;    /* of the line that is looked at */
	bool started; /* there was more than blank lines, comments and directives */
	size_t mark;  /* behind a line "..." that nothing but those has followed; 0: none */
};

enum verdict { MORE_NEEDED, NOT_JSON, FOUND };

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

/* Behind the blanks from `at` on. */
static size_t skip_blanks(const struct search *search, size_t at)
{
	while (at < search->length && is_blank(search->text[at]))
		at++;
	return at;
}

/* Nothing but blanks, or a comment, from `at` to the line's end. */
static bool is_rest_empty(const struct search *search, size_t at)
{
	at = skip_blanks(search, at);
	return at == search->length || search->text[at] == '\n' || search->text[at] == '#';
}

/* The line at `at` begins with "---" or "..." as a mark does. */
static bool is_mark(const struct search *search, size_t at, const char *mark)
{
	if (search->length - at < MARK_LENGTH || memcmp(search->text + at, mark, MARK_LENGTH) != 0)
		return false;
	return search->length - at == MARK_LENGTH || is_blank(search->text[at + MARK_LENGTH]) ||
	       search->text[at + MARK_LENGTH] == '\n';
}

/* Behind the line's end; 0: it is not there yet. */
static size_t line_end(const struct search *search, size_t at)
{
	const char *newline = memchr(search->text + at, '\n', search->length - at);

	if (newline)
		return (size_t)(newline - search->text) + 1;
	return search->all ? search->length : 0;
}

/*
 * JSON objects: ended by the brace that closes them.  What does not look like one throughout is
 * for YAML's rules.
 */

/* Behind the object that begins at `at`. */
static enum verdict find_brace(const struct search *search, size_t at, size_t *end)
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

/* YAML's own flow style ({a: b}) has other strings, so only what begins as JSON does. */
static enum verdict begins_json(const struct search *search, size_t at)
{
	for (at++; at < search->length; at++)
		if (!is_blank(search->text[at]) && search->text[at] != '\n')
			return search->text[at] == '"' ? FOUND : NOT_JSON;
	return search->all ? NOT_JSON : MORE_NEEDED;
}

/* The end of a document that is a JSON object, with the rest of its last line. */
static enum verdict find_json_end(const struct search *search, size_t *end)
{
	size_t behind, at = skip_blanks(search, search->at);
	enum verdict verdict = begins_json(search, at);

	if (verdict == FOUND)
		verdict = find_brace(search, at, &behind);
	if (verdict != FOUND)
		return verdict;
	at = skip_blanks(search, behind);
	*end = at;
	if (at < search->length && search->text[at] == '{')
		return FOUND;
	if (!is_rest_empty(search, at))
		return NOT_JSON;
	*end = line_end(search, at);
	return *end ? FOUND : MORE_NEEDED;
}

static bool is_at_json(const struct search *search)
{
	size_t at = skip_blanks(search, search->at);

	return at < search->length && search->text[at] == '{';
}

/*
 * Documents.
 */

/*
 * Return FOUND if the document ends at the line that `search` is at; else pass the line.  After
 * "..." only
 * "---" begins another: kubectl's reader does not end a document there, and reads no further.
 */
static enum verdict look_at_line(struct search *search, size_t behind, size_t *end)
{
	size_t at = search->at;
	bool directive = search->text[at] == '%' && (!search->started || search->mark);

	if (is_mark(search, at, "---") && search->started) {
		*end = search->mark ? search->mark : at;
		return FOUND;
	}
	if (is_mark(search, at, "...")) {
		search->started = true;
		search->mark = behind;
	} else if (!is_rest_empty(search, at) && !directive) {
		search->started = true;
		search->mark = 0;
	}
	search->at = behind;
	return MORE_NEEDED;
}

/* Look on; what was passed already is not looked at again, but for an object that has no end. */
static bool find_end(struct search *search, size_t *end)
{
	while (search->at < search->length) {
		if (!search->started && is_at_json(search)) {
			enum verdict verdict = find_json_end(search, end);
			if (verdict != NOT_JSON)
				return verdict == FOUND;
		}
		size_t behind = line_end(search, search->at);
		if (behind == 0)
			return false;
		if (look_at_line(search, behind, end) == FOUND)
			return true;
	}
	*end = search->mark ? search->mark : search->length;
	return search->all;
}

/* Reject UTF-16, whose line breaks and marks are other bytes. */
static int check_encoding(const struct manifest_stream *stream, struct error *err)
{
	return yaml_check_encoding(
	    secret_buffer_string(&stream->buffer), stream->buffer.length, stream->name, err);
}

/* Read on, after moving what is left to the buffer's beginning. */
static int read_more(struct manifest_stream *stream, struct error *err)
{
	struct secret_buffer *buffer = &stream->buffer;
	size_t left = buffer->length - stream->at;
	ssize_t count;

	if (stream->at > 0) {
		memmove(buffer->data, buffer->data + stream->at, left);
		buffer->length = left;
		buffer->data[left] = '\0';
		stream->at = 0;
	}
	/* As much again as is there, so that an object without an end is not looked at too often.
	 */
	size_t step = left < READ_STEP ? READ_STEP : left;
	if (step > buffer->limit - left)
		step = buffer->limit - left;
	if (secret_buffer_reserve(buffer, step, err) < 0)
		return -1;
	while (step > 0) {
		ssize_t got = input_file_read(stream->fd, buffer->data + buffer->length, step);
		if (got < 0)
			return input_file_fail(stream->name, err);
		count = got;
		buffer->length += (size_t)count;
		buffer->data[buffer->length] = '\0';
		stream->ended = count == 0;
		if (count == 0)
			break;
		step -= (size_t)count;
	}
	return stream->line > 1 ? 0 : check_encoding(stream, err);
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

static int refuse_size(const struct manifest_stream *stream, struct error *err)
{
	return error_set(err, ERROR_TOO_LARGE,
	    "%s: line %zu: the document that begins here has more than %zu MiB: split it by "
	    "\"---\", a List into its items",
	    stream->name, stream->line, MANIFEST_DOCUMENT_MAX / 1024 / 1024);
}

int manifest_stream_next(
    struct manifest_stream *stream, struct secret_buffer *text, size_t *line, struct error *err)
{
	struct search search = {0};
	size_t end = 0;

	for (;;) {
		size_t length = stream->buffer.length - stream->at;
		search.text = length ? stream->buffer.data + stream->at : "";
		search.length = length;
		search.all = stream->ended;
		/* The mark of a byte order is no content. */
		if (search.at == 0 && length >= 3 && memcmp(search.text, byte_order_mark, 3) == 0)
			search.at = 3;
		bool found = length > 0 && find_end(&search, &end);
		if ((found ? end : length) > MANIFEST_DOCUMENT_MAX)
			return refuse_size(stream, err);
		if (found)
			return take_document(stream, end, text, line, err);
		if (stream->ended)
			return 0;
		if (read_more(stream, err) < 0)
			return -1;
	}
}
