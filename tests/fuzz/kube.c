/*
 * Responses of the Kubernetes API.  A Secret that was read can be written and read again.
 *
 * The first byte of the input selects the kind of response, the second the status; the rest is the
 * body.
 */
#include "lib/kube/config_map.h"

#include <string.h>

#include "lib/kube/internal.h"
#include "tests/fuzz/fuzz.h"

static struct error err;
static struct http_endpoint endpoint = {
    .name = "Kubernetes API", .url = (char[]){"https://k:6443"}};
static struct http_exchange exchange;

static void note_entries(const struct kube_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		fuzz_note_string(entries[i].key);
		fuzz_note_buffer(&entries[i].value);
	}
}

static void note_pairs(const struct kube_pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		fuzz_note_string(pairs[i].name);
		fuzz_note_string(pairs[i].value);
	}
}

static void note_secret(const struct kube_secret *secret)
{
	fuzz_note_string(secret->namespace);
	fuzz_note_string(secret->name);
	fuzz_note_string(secret->type);
	fuzz_note_string(secret->resource_version);
	note_entries(secret->data, secret->data_count);
	note_pairs(secret->labels, secret->label_count);
	note_pairs(secret->annotations, secret->annotation_count);
}

static void expect_same_pairs(
    const struct kube_pair *some, size_t count, const struct kube_pair *others, size_t other_count)
{
	FUZZ_CHECK(count == other_count);
	for (size_t i = 0; i < count; i++)
		FUZZ_CHECK(strcmp(some[i].name, others[i].name) == 0 &&
			   strcmp(some[i].value, others[i].value) == 0);
}

static void expect_same(const struct kube_secret *some, const struct kube_secret *other)
{
	FUZZ_CHECK(strcmp(some->name, other->name) == 0 && some->data_count == other->data_count);
	for (size_t i = 0; i < some->data_count; i++)
		FUZZ_CHECK(strcmp(some->data[i].key, other->data[i].key) == 0 &&
			   secret_buffer_equal(&some->data[i].value, &other->data[i].value));
	expect_same_pairs(some->labels, some->label_count, other->labels, other->label_count);
	expect_same_pairs(
	    some->annotations, some->annotation_count, other->annotations, other->annotation_count);
}

static void write_and_read(const struct kube_secret *secret)
{
	struct kube_secret back = {0};
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	FUZZ_MUST(kube_secret_write_json(secret, &text, &err), &err);
	cleanup_json struct json *document =
	    json_parse(secret_buffer_string(&text), text.length, "the Secret", &err);
	FUZZ_MUST(document ? 0 : -1, &err);
	FUZZ_MUST(kube_secret_read(document, JSON_ROOT, false, &back, &err), &err);
	expect_same(secret, &back);
	kube_secret_free(&back);
}

static void read_secret(void)
{
	struct kube_secret secret = {0};

	FUZZ_TRY(kube_secret_result(&exchange, "demo", "app", &secret, &err), &err);
	note_secret(&secret);
	write_and_read(&secret);
	kube_secret_free(&secret);
}

static void read_list(void)
{
	struct kube_secret_page page = {0};
	struct kube_list list = {.limit = 500};

	FUZZ_TRY(kube_secret_list_result(&exchange, &list, &page, &err), &err);
	fuzz_note_string(page.next);
	for (size_t i = 0; i < page.count && !fuzz_is_out_of_memory(); i++) {
		note_secret(&page.secrets[i]);
		write_and_read(&page.secrets[i]);
	}
	kube_secret_page_free(&page);
}

static void read_config_map(void)
{
	struct kube_config_map map = {0};

	FUZZ_TRY(kube_config_map_result(&exchange, "demo", "app", &map, &err), &err);
	note_entries(map.data, map.data_count);
	kube_config_map_free(&map);
}

static void read_token(void)
{
	cleanup_secret struct secret_buffer token = SECRET_BUFFER_INIT;

	FUZZ_TRY(kube_token_result(&exchange, "demo", &token, &err), &err);
	fuzz_note_buffer(&token);
	FUZZ_CHECK(token.length > 0 && strlen(token.data) == token.length &&
		   !strpbrk(token.data, " \t\r\n"));
}

void fuzz_case(struct fuzz_input *input)
{
	static void (*const readers[])(void) = {
	    read_secret, read_list, read_config_map, read_token};
	static const int statuses[] = {
	    200, 201, 400, 401, 403, 404, 409, 410, 413, 422, 429, 500, 503};
	uint8_t kind = fuzz_byte(input), status = fuzz_byte(input);

	memset(&exchange, 0, sizeof(exchange));
	exchange.endpoint = &endpoint;
	exchange.method = "GET";
	exchange.status = statuses[status % (sizeof(statuses) / sizeof(statuses[0]))];
	exchange.response.limit = 0;
	int result = secret_buffer_append(&exchange.response, input->data, input->length, &err);
	if (!fuzz_failed_for_memory(result, &err))
		readers[kind % (sizeof(readers) / sizeof(readers[0]))]();
	http_exchange_free(&exchange);
}
