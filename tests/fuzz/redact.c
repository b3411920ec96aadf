/*
 * A server's words: of a credential, no eight bytes in a row remain, wherever it is in them, nor of
 * base64 of it and anything around it.
 *
 * The first line of the input is the credential, the rest the words around it.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/http/http.h"
#include "tests/fuzz/fuzz.h"

#define RUN 8
#define WORDS_MAX 2048

static struct error err;

/* The asterisks are http_redact's own, and what is cut is not there. */
static void check(const struct http_exchange *exchange, struct secret_buffer *words,
    const char *form, size_t length)
{
	size_t before = strlen(words->data);

	http_redact(exchange, words->data);
	size_t after = strlen(words->data);
	FUZZ_CHECK(after <= before && after <= WORDS_MAX);
	for (size_t i = 0; i + RUN <= length; i++)
		FUZZ_CHECK(
		    !memmem(words->data, after, form + i, RUN) || memchr(form + i, '*', RUN));
}

static void look_for_text(
    const struct http_exchange *exchange, const char *credential, const char *around)
{
	cleanup_secret struct secret_buffer words = SECRET_BUFFER_INIT;

	FUZZ_MUST(secret_buffer_append_string(&words, around, &err), &err);
	FUZZ_MUST(secret_buffer_append_string(&words, credential, &err), &err);
	FUZZ_MUST(secret_buffer_append_string(&words, around, &err), &err);
	check(exchange, &words, credential, strlen(credential));
}

static void look_for_base64(
    const struct http_exchange *exchange, const char *credential, const char *around)
{
	cleanup_secret struct secret_buffer inner = SECRET_BUFFER_INIT, words = SECRET_BUFFER_INIT,
					    form = SECRET_BUFFER_INIT;
	size_t before = strlen(around);

	FUZZ_MUST(secret_buffer_append_string(&inner, around, &err), &err);
	FUZZ_MUST(secret_buffer_append_string(&inner, credential, &err), &err);
	FUZZ_MUST(secret_buffer_append_string(&inner, around, &err), &err);
	FUZZ_MUST(base64_encode(&words, inner.data, inner.length, &err), &err);
	FUZZ_MUST(secret_buffer_append(&form, words.data, words.length, &err), &err);
	/* The characters whose six bits are all the credential's. */
	size_t first = (before * 8 + 5) / 6, end = (before + strlen(credential)) * 8 / 6;
	check(exchange, &words, form.data + first, end - first);
}

void fuzz_case(struct fuzz_input *input)
{
	struct http_endpoint endpoint;
	struct http_exchange exchange = {.endpoint = &endpoint, .method = "GET"};
	const char *credential = fuzz_line(input);
	char *around = strndup(input->data, input->length);

	fuzz_do_not_compare();
	http_endpoint_init(&endpoint, "Vault");
	if (around && strlen(credential) >= RUN && !strchr(credential, ' ') &&
	    !fuzz_failed_for_memory(secret_buffer_append_format(&exchange.credential, &err,
					"X-Vault-Token: %s", credential),
		&err)) {
		look_for_text(&exchange, credential, around);
		if (!fuzz_is_out_of_memory())
			look_for_base64(&exchange, credential, around);
	}
	http_exchange_free(&exchange);
	free(around);
}
