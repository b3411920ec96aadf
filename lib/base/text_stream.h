/*
 * text_stream: text that is written in pieces, so that memory use does not grow with its length.
 *
 * Append to `text`, and call text_stream_advance between lines.
 */
#ifndef BASE_TEXT_STREAM_H
#define BASE_TEXT_STREAM_H

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

#define TEXT_STREAM_PIECE ((size_t)64 * 1024)

struct text_stream {
	struct secret_buffer text; /* not written yet; freed by the caller */
	/* Write all of the text.  If NULL, everything stays in `text`. */
	int (*write)(void *context, const struct secret_buffer *text, struct error *err);
	void *context;
};

/* Write the text if it is at least TEXT_STREAM_PIECE bytes long. */
int text_stream_advance(struct text_stream *stream, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Write all of the text. */
int text_stream_flush(struct text_stream *stream, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
