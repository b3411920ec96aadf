#include "lib/base/secret_buffer.h"

#include <openssl/mem.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/input_file.h"
#include "lib/base/secret_memory.h"

#define CAPACITY_MIN 256
#define FORMAT_MAX 4096
#define READ_STEP 16384

static size_t limit_of(const struct secret_buffer *buffer)
{
	return buffer->limit ? buffer->limit : SECRET_BUFFER_MAX;
}

int secret_buffer_reserve(struct secret_buffer *buffer, size_t more, struct error *err)
{
	size_t limit = limit_of(buffer);

	if (more > limit || buffer->length > limit - more)
		return error_set(err, ERROR_TOO_LARGE, "larger than %zu bytes", limit);

	size_t needed = buffer->length + more + 1;
	if (needed <= buffer->capacity)
		return 0;

	/*
	 * Double the capacity, to keep the cost of copies linear.  Do not use realloc, which would
	 * not wipe the old bytes.
	 */
	size_t capacity = buffer->capacity ? buffer->capacity : CAPACITY_MIN;
	while (capacity < needed)
		capacity *= 2;
	char *grown = malloc(capacity);
	if (!grown)
		return error_memory(err);
	secret_memory_lock(grown, capacity);
	if (buffer->length)
		memcpy(grown, buffer->data, buffer->length);
	grown[buffer->length] = '\0';
	if (buffer->data) {
		OPENSSL_cleanse(buffer->data, buffer->capacity);
		free(buffer->data);
	}
	buffer->data = grown;
	buffer->capacity = capacity;
	return 0;
}

int secret_buffer_append(
    struct secret_buffer *buffer, const void *bytes, size_t length, struct error *err)
{
	if (secret_buffer_reserve(buffer, length, err) < 0)
		return -1;
	if (length)
		memcpy(buffer->data + buffer->length, bytes, length);
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
	return 0;
}

int secret_buffer_append_string(struct secret_buffer *buffer, const char *string, struct error *err)
{
	return secret_buffer_append(buffer, string, strlen(string), err);
}

int secret_buffer_append_format(
    struct secret_buffer *buffer, struct error *err, const char *format, ...)
{
	char text[FORMAT_MAX];
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= sizeof(text)) {
		OPENSSL_cleanse(text, sizeof(text));
		return error_set(err, ERROR_TOO_LARGE, "larger than %d bytes", FORMAT_MAX);
	}
	int result = secret_buffer_append(buffer, text, (size_t)length, err);
	OPENSSL_cleanse(text, (size_t)length);
	return result;
}

int secret_buffer_read_fd(struct secret_buffer *buffer, int fd, const char *name, struct error *err)
{
	size_t limit = limit_of(buffer);

	for (;;) {
		size_t room = limit - buffer->length;
		char surplus;
		ssize_t got;

		if (room == 0) {
			got = input_file_read(fd, &surplus, 1);
			OPENSSL_cleanse(&surplus, 1);
			if (got > 0)
				return error_set(
				    err, ERROR_TOO_LARGE, "%s: larger than %zu bytes", name, limit);
		} else {
			size_t step = room < READ_STEP ? room : READ_STEP;
			if (secret_buffer_reserve(buffer, step, err) < 0)
				return error_wrap(err, "%s", name);
			got = input_file_read(fd, buffer->data + buffer->length, step);
		}
		if (got < 0)
			return input_file_fail(name, err);
		if (got == 0)
			break;
		buffer->length += (size_t)got;
	}
	return secret_buffer_append(buffer, "", 0, err); /* the final NUL */
}

int secret_buffer_read_file(struct secret_buffer *buffer, const char *path, struct error *err)
{
	cleanup_close int fd = input_file_open(path, err);

	if (fd < 0)
		return -1;
	return secret_buffer_read_fd(buffer, fd, path, err);
}

const char *secret_buffer_string(const struct secret_buffer *buffer)
{
	return buffer->data ? buffer->data : "";
}

bool secret_buffer_equal(const struct secret_buffer *a, const struct secret_buffer *b)
{
	if (a->length != b->length)
		return false;
	return a->length == 0 || CRYPTO_memcmp(a->data, b->data, a->length) == 0;
}

void secret_buffer_move(struct secret_buffer *to, struct secret_buffer *from)
{
	secret_buffer_free(to);
	to->data = from->data;
	to->length = from->length;
	to->capacity = from->capacity;
	from->data = NULL;
	from->length = from->capacity = 0;
}

void secret_buffer_reset(struct secret_buffer *buffer)
{
	if (buffer->data)
		OPENSSL_cleanse(buffer->data, buffer->capacity);
	buffer->length = 0;
}

void secret_buffer_free(struct secret_buffer *buffer)
{
	secret_buffer_reset(buffer);
	free(buffer->data);
	buffer->data = NULL;
	buffer->capacity = 0;
}
