/* Text that a person edits: values that are read can be written, and come back. */
#include "lib/seal/edit_text.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/normal_json.h"

static struct error err;

static void expect_same(const struct variables *some, const struct variables *others)
{
	FUZZ_CHECK(some->count == others->count);
	for (size_t i = 0; i < some->count; i++) {
		const struct variable *other = variables_find(others, some->items[i].name);
		FUZZ_CHECK(
		    other != NULL && secret_buffer_equal(&some->items[i].value, &other->value));
	}
}

static void write_and_read(const struct variables *values, struct variables *back)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	/* No data key is called so. */
	for (size_t i = 0; i < values->count; i++)
		if (strstr(values->items[i].name, " (base64)"))
			return;
	FUZZ_MUST(edit_text_write_values(values, "a title", &text, &err), &err);
	fuzz_note_buffer(&text);
	FUZZ_MUST(edit_text_read_values(&text, back, &err), &err);
	expect_same(values, back);
}

static void edit_values(const struct secret_buffer *text)
{
	struct variables values = {0}, back = {0};

	if (!fuzz_failed(edit_text_read_values(text, &values, &err), &err))
		write_and_read(&values, &back);
	variables_free(&values);
	variables_free(&back);
}

/* One value of all the bytes, whatever they are. */
static void edit_bytes(struct secret_buffer *bytes)
{
	struct variables values = {0}, back = {0};

	if (!fuzz_failed_for_memory(variables_add(&values, "A.b-c", bytes, "a test", &err), &err))
		write_and_read(&values, &back);
	variables_free(&values);
	variables_free(&back);
}

static void edit_document(const struct secret_buffer *document)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT, before = SECRET_BUFFER_INIT,
					    after = SECRET_BUFFER_INIT;

	FUZZ_TRY(edit_text_write_document(document, &text, &err), &err);
	fuzz_note_buffer(&text);
	fuzz_normalize_json(document, &before);
	if (!fuzz_is_out_of_memory())
		fuzz_normalize_json(&text, &after);
	if (!fuzz_is_out_of_memory())
		FUZZ_CHECK(secret_buffer_equal(&before, &after));
}

void fuzz_case(struct fuzz_input *input)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	FUZZ_MUST(secret_buffer_append(&text, input->data, input->length, &err), &err);
	edit_values(&text);
	if (!fuzz_is_out_of_memory())
		edit_document(&text);
	if (!fuzz_is_out_of_memory())
		edit_bytes(&text);
}
