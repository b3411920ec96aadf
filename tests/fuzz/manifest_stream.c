/* Streams of manifests: all documents together are the stream. */
#include "lib/manifest/stream.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

static struct error err;

static size_t count_lines(const struct secret_buffer *text)
{
	size_t count = 0;

	for (size_t i = 0; i < text->length; i++)
		count += text->data[i] == '\n';
	return count;
}

static void read_all(struct manifest_stream *stream, const struct fuzz_input *input)
{
	cleanup_secret struct secret_buffer document = SECRET_BUFFER_INIT, all = SECRET_BUFFER_INIT;
	size_t line, lines = 1;

	for (;;) {
		int result = manifest_stream_next(stream, &document, &line, &err);
		FUZZ_TRY(result, &err);
		if (result == 0)
			break;
		fuzz_note_buffer(&document);
		FUZZ_CHECK(document.length > 0 && line == lines);
		FUZZ_MUST(secret_buffer_append(&all, document.data, document.length, &err), &err);
		lines += count_lines(&document);
	}
	FUZZ_CHECK(all.length == input->length);
	FUZZ_CHECK(memcmp(secret_buffer_string(&all), input->data, all.length) == 0);
}

void fuzz_case(struct fuzz_input *input)
{
	struct manifest_stream stream;

	manifest_stream_begin(&stream, fuzz_file(input->data, input->length), "app.yaml");
	read_all(&stream, input);
	manifest_stream_end(&stream);
}
