/* Plaintext documents: members, and the YAML that is taken for JSON. */
#include "lib/launch/source.h"

#include "lib/base/json_reader.h"
#include "lib/base/utf8.h"
#include "lib/sealed/sealed.h"
#include "tests/fuzz/fuzz.h"

static struct error err;

static int note(void *context, const char *name, struct secret_buffer *value, struct error *failure)
{
	(void)failure;
	FUZZ_CHECK(utf8_is_valid(secret_buffer_string(value), value->length));
	fuzz_note_string(name);
	fuzz_note_buffer(value);
	(*(size_t *)context)++;
	return 0;
}

void fuzz_case(struct fuzz_input *input)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	size_t count = 0, members = 0;

	FUZZ_MUST(secret_buffer_append(&text, input->data, input->length, &err), &err);
	FUZZ_TRY(source_document_to_json(&text, "a file", &err), &err);
	fuzz_note_buffer(&text);
	cleanup_json struct json *document =
	    json_parse(secret_buffer_string(&text), text.length, "the JSON", &err);
	FUZZ_MUST(document ? 0 : -1, &err);
	FUZZ_TRY(sealed_document_check(&text, "a file", &err), &err);
	FUZZ_TRY(sealed_document_each(&text, "a file", note, &count, &err), &err);
	json_each (document, JSON_ROOT, member)
		members += json_type(document, member) != JSON_NULL;
	FUZZ_CHECK(count == members);
}
