/*
 * secret_buffer: the only type that holds a token, a JWT, a request or
 * response body, or a plaintext.
 *
 * A growable run of bytes with a hard maximum.  Memory is wiped when it is
 * released, also when growing moves it.  The bytes are always followed by a
 * NUL (not counted), so that a buffer without inner NULs is a C string.
 * A zeroed struct is an empty buffer without a limit of its own
 * (SECRET_BUFFER_MAX applies).
 */
#ifndef BASE_SECRET_BUFFER_H
#define BASE_SECRET_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/error.h"

/* No message of either server is larger; also keeps size sums from wrapping. */
#define SECRET_BUFFER_MAX ((size_t)256 * 1024 * 1024)

struct secret_buffer {
	char *data;	 /* NULL only while capacity is 0 */
	size_t length;	 /* bytes in use, without the final NUL */
	size_t capacity; /* bytes allocated */
	size_t limit;	 /* most bytes it may hold; 0: SECRET_BUFFER_MAX */
};

#define SECRET_BUFFER_INIT                                                                         \
	{                                                                                          \
		NULL, 0, 0, 0                                                                      \
	}

/* Make room for `more` further bytes.  -1: over the limit, or no memory. */
int secret_buffer_reserve(struct secret_buffer *buffer, size_t more, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Append `length` bytes.  On error the buffer is as it was. */
int secret_buffer_append(struct secret_buffer *buffer, const void *bytes, size_t length,
    struct error *err) __attribute__((nonnull(1, 4), warn_unused_result));

/* Append a C string without its NUL. */
int secret_buffer_append_string(struct secret_buffer *buffer, const char *string, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Append formatted text; for short pieces (paths, numbers), under 4 KiB. */
int secret_buffer_append_format(struct secret_buffer *buffer, struct error *err, const char *format,
    ...) __attribute__((format(printf, 3, 4), nonnull, warn_unused_result));

/*
 * Append all of a file or pipe until its end, as input_file.h opens and reads it.  `name` is for
 * messages.
 * ERROR_TOO_LARGE when it holds more than the buffer's limit allows.
 */
int secret_buffer_read_fd(struct secret_buffer *buffer, int fd, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));
int secret_buffer_read_file(struct secret_buffer *buffer, const char *path, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* The buffer's bytes as a C string: "" while empty.  Borrowed until it changes. */
const char *secret_buffer_string(const struct secret_buffer *buffer) __attribute__((nonnull));

/* True when both hold the same bytes; takes time by the length only. */
bool secret_buffer_equal(const struct secret_buffer *a, const struct secret_buffer *b)
    __attribute__((nonnull));

/* Give the bytes of *from to *to (whose own are wiped and freed); *from is empty after. */
void secret_buffer_move(struct secret_buffer *to, struct secret_buffer *from)
    __attribute__((nonnull));

/* Wipe the bytes and keep the memory: length is 0 after. */
void secret_buffer_reset(struct secret_buffer *buffer) __attribute__((nonnull));

/* Wipe and free: a zeroed struct (limit kept) after.  For __attribute__((cleanup)) as well. */
void secret_buffer_free(struct secret_buffer *buffer) __attribute__((nonnull));

#define cleanup_secret __attribute__((cleanup(secret_buffer_free)))

#endif
