/*
 * manifest_stream: a stream of YAML or JSON documents, one after the other, in constant memory.
 *
 * The stream is cut where YAML begins or ends a document: before a line that begins with "---"
 * (only directives, comments and blank lines may precede it), and before the lines between a line
 * "..." and it.
 * JSON objects may also follow one another without marks between them, as kubectl takes them.
 * Every byte of the stream belongs to one of the documents, so that writing them all gives it back.
 */
#ifndef MANIFEST_STREAM_H
#define MANIFEST_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/* A Secret holds 1 MiB, so this is a List of many, or no manifest at all. */
#define MANIFEST_DOCUMENT_MAX ((size_t)16 * 1024 * 1024)

struct manifest_stream {
	int fd;		  /* borrowed */
	const char *name; /* for messages; borrowed */
	struct secret_buffer buffer;
	size_t at;   /* where the next document begins in the buffer */
	size_t line; /* the line of that, from 1 */
	bool ended;  /* all has been read */
};

void manifest_stream_begin(struct manifest_stream *stream, int fd, const char *name)
    __attribute__((nonnull));

/*
 * Put the next document, as it stands, into *text (what was there is wiped), and the number of its
 * first line into *line.  1: here it is; 0: there is none left; -1: error, ERROR_TOO_LARGE for one
 * of more than MANIFEST_DOCUMENT_MAX.
 */
int manifest_stream_next(struct manifest_stream *stream, struct secret_buffer *text, size_t *line,
    struct error *err) __attribute__((nonnull, warn_unused_result));

void manifest_stream_end(struct manifest_stream *stream) __attribute__((nonnull));

#endif
