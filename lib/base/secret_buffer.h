/*
 * secret_buffer: the only type for tokens, JWTs, request and response bodies, and plaintext.
 *
 * A growable array of bytes with a maximum.  Memory is wiped when it is released, also after
 * growing.  A NUL (not counted) follows the bytes, so that a buffer without inner NULs is a C
 * string.  A zeroed struct is an empty buffer with the limit SECRET_BUFFER_MAX.
 */
#ifndef BASE_SECRET_BUFFER_H
#define BASE_SECRET_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/error.h"

/* Larger than any message of a server, and small enough that sums of sizes do not overflow. */
#define SECRET_BUFFER_MAX ((size_t)256 * 1024 * 1024)

struct secret_buffer {
	char *data;	 /* NULL only while capacity is 0 */
	size_t length;	 /* bytes in use, without the final NUL */
	size_t capacity; /* bytes allocated */
	size_t limit;	 /* maximum length; 0: SECRET_BUFFER_MAX */
};

#define SECRET_BUFFER_INIT                                                                         \
	{                                                                                          \
		NULL, 0, 0, 0                                                                      \
	}

/* Reserve memory for `more` further bytes.  ERROR_TOO_LARGE over the limit. */
int secret_buffer_reserve(struct secret_buffer *buffer, size_t more, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Append `length` bytes.  On error the buffer is unchanged. */
int secret_buffer_append(struct secret_buffer *buffer, const void *bytes, size_t length,
    struct error *err) __attribute__((nonnull(1, 4), warn_unused_result));

/* Append a C string without its NUL. */
int secret_buffer_append_string(struct secret_buffer *buffer, const char *string, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Append formatted text of less than 4 KiB (paths, numbers). */
int secret_buffer_append_format(struct secret_buffer *buffer, struct error *err, const char *format,
    ...) __attribute__((format(printf, 3, 4), nonnull, warn_unused_result));

/*
 * Append the content of a file or pipe, opened and read by input_file.h.  `name` is for messages.
 * ERROR_TOO_LARGE if the content exceeds the buffer's limit.
 */
int secret_buffer_read_fd(struct secret_buffer *buffer, int fd, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));
int secret_buffer_read_file(struct secret_buffer *buffer, const char *path, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Return the bytes as a C string, "" if empty.  Borrowed until the buffer changes. */
const char *secret_buffer_string(const struct secret_buffer *buffer) __attribute__((nonnull));

/* Return true if both have the same bytes, in a time that depends only on the length. */
bool secret_buffer_equal(const struct secret_buffer *a, const struct secret_buffer *b)
    __attribute__((nonnull));

/* Wipe and free *to, and move the bytes of *from to it.  *from is then empty. */
void secret_buffer_move(struct secret_buffer *to, struct secret_buffer *from)
    __attribute__((nonnull));

/* Wipe the bytes and set the length to 0, but keep the memory. */
void secret_buffer_reset(struct secret_buffer *buffer) __attribute__((nonnull));

/* Wipe and free; leave a zeroed struct with the same limit.  Also for __attribute__((cleanup)). */
void secret_buffer_free(struct secret_buffer *buffer) __attribute__((nonnull));

#define cleanup_secret __attribute__((cleanup(secret_buffer_free)))

#endif
