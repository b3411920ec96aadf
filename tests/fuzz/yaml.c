/* YAML: an accepted text becomes JSON, which as YAML has the same value. */
#include "lib/base/yaml.h"

#include "lib/base/yaml_writer.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/normal_json.h"

static struct error err;

void fuzz_case(struct fuzz_input *input)
{
	cleanup_secret struct secret_buffer json = SECRET_BUFFER_INIT, before = SECRET_BUFFER_INIT,
					    written = SECRET_BUFFER_INIT, back = SECRET_BUFFER_INIT,
					    after = SECRET_BUFFER_INIT;

	FUZZ_TRY(yaml_to_json(input->data, input->length, "a text", &json, &err), &err);
	fuzz_note_buffer(&json);
	fuzz_normalize_json(&json, &before);
	FUZZ_CHECK(before.length > 0 || fuzz_is_out_of_memory());
	/* Text with a NUL is not for the writer. */
	FUZZ_TRY(yaml_write_json(&json, &written, &err), &err);
	fuzz_note_buffer(&written);
	FUZZ_MUST(
	    yaml_to_json(secret_buffer_string(&written), written.length, "the YAML", &back, &err),
	    &err);
	fuzz_normalize_json(&back, &after);
	FUZZ_CHECK(fuzz_is_out_of_memory() || secret_buffer_equal(&before, &after));
}
