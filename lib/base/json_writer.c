#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"
#include "lib/base/utf8.h"

void json_writer_init(struct json_writer *writer, struct secret_buffer *out)
{
	*writer = (struct json_writer){.out = out, .error = ERROR_INIT};
}

/* Record a failure; `result` is the 0 or -1 of a call. */
static void writer_note(struct json_writer *writer, int result)
{
	if (result < 0)
		writer->failed = true;
}

static void writer_fail(struct json_writer *writer, enum error_code code, const char *problem)
{
	if (!writer->failed)
		writer_note(writer, error_set(&writer->error, code, "writing JSON: %s", problem));
}

static void writer_put(struct json_writer *writer, const char *bytes, size_t length)
{
	if (!writer->failed)
		writer_note(
		    writer, secret_buffer_append(writer->out, bytes, length, &writer->error));
}

/* Write the comma before a value or a name, if one is due. */
static void writer_separate(struct json_writer *writer)
{
	if (!writer->comma)
		return;
	if (writer->depth == 0)
		writer_fail(writer, ERROR_INVALID, "a second value outside of an array");
	writer_put(writer, ",", 1);
	writer->comma = false;
}

/* Write a complete JSON value. */
static void put_value(struct json_writer *writer, const char *json, size_t length)
{
	writer_separate(writer);
	writer_put(writer, json, length);
	writer->comma = true;
}

static void open_container(struct json_writer *writer, const char *bracket)
{
	if (writer->depth == JSON_DEPTH_MAX)
		writer_fail(writer, ERROR_TOO_LARGE, "nested too deep");
	writer_separate(writer);
	writer_put(writer, bracket, 1);
	writer->depth++;
}

static void close_container(struct json_writer *writer, const char *bracket)
{
	if (writer->depth == 0)
		writer_fail(writer, ERROR_INVALID, "an end without a beginning");
	writer_put(writer, bracket, 1);
	writer->depth--;
	writer->comma = true;
}

void json_write_object(struct json_writer *writer)
{
	open_container(writer, "{");
}

void json_write_object_end(struct json_writer *writer)
{
	close_container(writer, "}");
}

void json_write_array(struct json_writer *writer)
{
	open_container(writer, "[");
}

void json_write_array_end(struct json_writer *writer)
{
	close_container(writer, "]");
}

/* Size of the longest escape and snprintf's NUL. */
#define ESCAPE_SIZE sizeof("\\ud800\\udc00")

/* Write the escape of a code point.  Return its length: 2, 6, or 12 for a surrogate pair. */
static size_t write_escape(unsigned int code, char escape[ESCAPE_SIZE])
{
	static const char bytes[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *found = code == 0 || code > 0x7F ? NULL : strchr(bytes, (int)code);

	if (code > 0xFFFF)
		return (size_t)snprintf(escape, ESCAPE_SIZE, "\\u%04x\\u%04x",
		    0xD800 + ((code - 0x10000) >> 10), 0xDC00 + (code & 0x3FF));
	if (!found)
		return (size_t)snprintf(escape, ESCAPE_SIZE, "\\u%04x", code);
	escape[0] = '\\';
	escape[1] = letters[found - bytes];
	return 2;
}

/*
 * Return the length of the first character if it must be escaped, otherwise 0.  This includes
 * characters that could control a terminal.
 */
static size_t special_length(const char *text, size_t length, unsigned int *code)
{
	*code = (unsigned char)*text;
	if (*text == '"' || *text == '\\' || *code < 0x20)
		return 1;
	return *code < 0x7F ? 0 : utf8_unprintable_length(text, length, code);
}

static void put_string(struct json_writer *writer, const char *text, size_t length)
{
	unsigned int code;

	if (!utf8_is_valid(text, length)) {
		writer_fail(writer, ERROR_INVALID, "a string that is not UTF-8");
		return;
	}
	writer_put(writer, "\"", 1);
	for (size_t at = 0, special = 0; at < length; at += special) {
		size_t run = at;
		char escape[ESCAPE_SIZE];

		while (
		    at < length && (special = special_length(text + at, length - at, &code)) == 0)
			at++;
		writer_put(writer, text + run, at - run);
		if (at < length)
			writer_put(writer, escape, write_escape(code, escape));
	}
	writer_put(writer, "\"", 1);
}

void json_write_name_bytes(struct json_writer *writer, const char *name, size_t length)
{
	writer_separate(writer);
	put_string(writer, name, length);
	writer_put(writer, ":", 1);
}

void json_write_name(struct json_writer *writer, const char *name)
{
	json_write_name_bytes(writer, name, strlen(name));
}

void json_write_string_bytes(struct json_writer *writer, const char *text, size_t length)
{
	writer_separate(writer);
	put_string(writer, text, length);
	writer->comma = true;
}

void json_write_string(struct json_writer *writer, const char *text)
{
	json_write_string_bytes(writer, text, strlen(text));
}

void json_write_base64(struct json_writer *writer, const void *bytes, size_t length)
{
	writer_separate(writer);
	writer_put(writer, "\"", 1);
	if (!writer->failed)
		writer_note(writer, base64_encode(writer->out, bytes, length, &writer->error));
	writer_put(writer, "\"", 1);
	writer->comma = true;
}

void json_write_integer(struct json_writer *writer, int64_t number)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRId64, number);

	put_value(writer, digits, (size_t)length);
}

void json_write_boolean(struct json_writer *writer, bool value)
{
	put_value(writer, value ? "true" : "false", value ? 4 : 5);
}

void json_write_null(struct json_writer *writer)
{
	put_value(writer, "null", 4);
}

void json_write_raw(struct json_writer *writer, const char *json, size_t length)
{
	if (length == 0)
		writer_fail(writer, ERROR_INVALID, "no value");
	put_value(writer, json, length);
}

void json_write_member(struct json_writer *writer, const char *name, const char *text)
{
	json_write_name(writer, name);
	json_write_string(writer, text);
}

int json_writer_finish(struct json_writer *writer, struct error *err)
{
	if (writer->depth != 0)
		writer_fail(writer, ERROR_INVALID, "an object or array is not closed");
	else if (!writer->comma)
		writer_fail(writer, ERROR_INVALID, "no value");
	if (!writer->failed)
		return 0;
	*err = writer->error;
	return -1;
}
