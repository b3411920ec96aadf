#include "lib/base/text_stream.h"

int text_stream_flush(struct text_stream *stream, struct error *err)
{
	if (!stream->write)
		return 0;
	int result = stream->write(stream->context, &stream->text, err);
	secret_buffer_reset(&stream->text);
	return result;
}

int text_stream_advance(struct text_stream *stream, struct error *err)
{
	return stream->text.length < TEXT_STREAM_PIECE ? 0 : text_stream_flush(stream, err);
}
