/* JSON: an accepted text can be written and read again, with the same value. */
#include "lib/base/json_reader.h"

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/normal_json.h"

static struct error err;

static void compact(const struct secret_buffer *text, struct secret_buffer *out)
{
	cleanup_json struct json *document =
	    json_parse(secret_buffer_string(text), text->length, "a text", &err);

	FUZZ_TRY(document ? 0 : -1, &err);
	FUZZ_MUST(json_compact(document, JSON_ROOT, out, &err), &err);
}

void fuzz_case(struct fuzz_input *input)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT, written = SECRET_BUFFER_INIT,
					    compacted = SECRET_BUFFER_INIT,
					    back = SECRET_BUFFER_INIT;

	FUZZ_MUST(secret_buffer_append(&text, input->data, input->length, &err), &err);
	fuzz_normalize_json(&text, &written);
	fuzz_note_buffer(&written);
	compact(&text, &compacted);
	fuzz_note_buffer(&compacted);
	if (fuzz_is_out_of_memory() || written.length == 0)
		return;
	fuzz_normalize_json(&compacted, &back);
	FUZZ_CHECK(fuzz_is_out_of_memory() || secret_buffer_equal(&back, &written));
	secret_buffer_reset(&back);
	fuzz_normalize_json(&written, &back);
	FUZZ_CHECK(fuzz_is_out_of_memory() || secret_buffer_equal(&back, &written));
}
