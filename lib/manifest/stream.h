/*
 * stream: read a stream of YAML or JSON documents one by one, in bounded memory.
 *
 * The stream is split before each line that begins with "---", or after a line "..." that is
 * followed by such a line.  Directives, comments and blank lines before the first "---" belong to
 * its document.  JSON objects may also follow each other without marks, as in kubectl.  Every byte
 * belongs to a document, so that writing all documents reproduces the stream.
 */
#ifndef MANIFEST_STREAM_H
#define MANIFEST_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/*
 * Limit of a document, in bytes.  A Secret has at most 1 MiB, so a larger document is a List of
 * many Secrets or not a manifest.
 */
#define MANIFEST_DOCUMENT_MAX ((size_t)16 * 1024 * 1024)

struct manifest_stream {
	int fd;		  /* borrowed */
	const char *name; /* for messages; borrowed */
	struct secret_buffer buffer;
	size_t at;   /* offset of the next document in the buffer */
	size_t line; /* its first line, from 1 */
	bool ended;  /* everything has been read */
};

void manifest_stream_begin(struct manifest_stream *stream, int fd, const char *name)
    __attribute__((nonnull));

/*
 * Set *text to the next document, unchanged, and *line to the number of its first line.  Return 1
 * for a document, 0 at the end, -1 for an error: ERROR_TOO_LARGE for a document of more than
 * MANIFEST_DOCUMENT_MAX.
 */
int manifest_stream_next(struct manifest_stream *stream, struct secret_buffer *text, size_t *line,
    struct error *err) __attribute__((nonnull, warn_unused_result));

void manifest_stream_end(struct manifest_stream *stream) __attribute__((nonnull));

#endif
