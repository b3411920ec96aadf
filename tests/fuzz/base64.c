/* base64, in both alphabets: bytes come back, and a text has one spelling. */
#include "lib/base/base64.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

typedef int recode(struct secret_buffer *out, const void *bytes, size_t length, struct error *err);
typedef int decode(struct secret_buffer *out, const char *text, size_t length, struct error *err);

static struct error err;

static void round_trip(const struct fuzz_input *input, recode *to_text, decode *to_bytes)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT, bytes = SECRET_BUFFER_INIT;

	FUZZ_MUST(to_text(&text, input->data, input->length, &err), &err);
	fuzz_note_buffer(&text);
	FUZZ_MUST(to_bytes(&bytes, secret_buffer_string(&text), text.length, &err), &err);
	FUZZ_CHECK(bytes.length == input->length);
	FUZZ_CHECK(memcmp(secret_buffer_string(&bytes), input->data, bytes.length) == 0);
}

static void read_text(const struct fuzz_input *input, recode *to_text, decode *to_bytes)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT, bytes = SECRET_BUFFER_INIT;

	FUZZ_MUST(secret_buffer_append_string(&bytes, "before", &err), &err);
	int result = to_bytes(&bytes, input->data, input->length, &err);
	if (result < 0)
		FUZZ_CHECK(strcmp(secret_buffer_string(&bytes), "before") == 0);
	FUZZ_TRY(result, &err);
	FUZZ_MUST(
	    to_text(&text, bytes.data + strlen("before"), bytes.length - strlen("before"), &err),
	    &err);
	FUZZ_CHECK(text.length == input->length);
	FUZZ_CHECK(memcmp(secret_buffer_string(&text), input->data, text.length) == 0);
}

void fuzz_case(struct fuzz_input *input)
{
	round_trip(input, base64_encode, base64_decode);
	if (!fuzz_is_out_of_memory())
		round_trip(input, base64_url_encode, base64_url_decode);
	if (!fuzz_is_out_of_memory())
		read_text(input, base64_encode, base64_decode);
	if (!fuzz_is_out_of_memory())
		read_text(input, base64_url_encode, base64_url_decode);
}
