/*
 * Responses of Vault: logins, batches and secrets of KV engines.
 *
 * The first byte of the input selects the kind of response, the second the status; the rest is the
 * body.
 */
#include "lib/base/json_reader.h"
#include "lib/http/credential.h"
#include "lib/vault/kv.h"
#include "lib/vault/login.h"
#include "lib/vault/transit.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

#define ITEMS 3

static struct error err;
static struct vault vault;
static struct http_exchange exchange;
static struct transit_key key = {(char[]){"transit"}, (char[]){"k"}};

static void read_login(void)
{
	static const struct vault_login login = {.method = VAULT_AUTH_KUBERNETES, .role = "demo"};

	FUZZ_TRY(vault_login_result(&vault, &login, &exchange, &err), &err);
	fuzz_note_buffer(&vault.token.value);
	FUZZ_MUST(http_credential_check(&vault.token.value, "token", &err), &err);
	FUZZ_CHECK(vault.token.lease_s >= 0 && vault.token.num_uses >= 0 && !vault.token.given);
}

static void read_kv(int64_t version)
{
	struct kv_ref ref = {(char[]){"secret/data/app"}, (char[]){"x"}, version};
	cleanup_secret struct secret_buffer object = SECRET_BUFFER_INIT;

	FUZZ_TRY(kv_result(&vault, &ref, &exchange, &object, &err), &err);
	fuzz_note_buffer(&object);
	cleanup_json struct json *document =
	    json_parse(secret_buffer_string(&object), object.length, "keys", &err);
	FUZZ_MUST(document ? 0 : -1, &err);
	FUZZ_CHECK(json_type(document, JSON_ROOT) == JSON_OBJECT);
}

static void read_batch(enum transit_operation operation)
{
	struct transit_item items[ITEMS] = {0};

	for (size_t i = 0; i < ITEMS; i++) {
		items[i].input = "vault:v1:AAAA";
		items[i].input_length = strlen(items[i].input);
	}
	int result = transit_batch_result(operation, &key, items, ITEMS, &exchange, &err);
	if (!fuzz_failed(result, &err))
		for (size_t i = 0; i < ITEMS; i++) {
			fuzz_note_buffer(&items[i].output);
			/* Without memory its text may be missing. */
			fuzz_note_string(items[i].error ? "an error" : NULL);
			FUZZ_CHECK(!items[i].error || items[i].output.length == 0);
		}
	transit_items_free(items, ITEMS);
}

void fuzz_case(struct fuzz_input *input)
{
	static const int statuses[] = {200, 204, 400, 403, 404, 412, 413, 429, 472, 473, 500, 503};
	uint8_t kind = fuzz_byte(input) % 6, status = fuzz_byte(input);

	memset(&vault, 0, sizeof(vault));
	memset(&exchange, 0, sizeof(exchange));
	vault.endpoint.name = "Vault";
	vault.endpoint.url = (char[]){"https://vault:8200"};
	exchange.endpoint = &vault.endpoint;
	exchange.method = "POST";
	exchange.status = statuses[status % (sizeof(statuses) / sizeof(statuses[0]))];
	int result = secret_buffer_append(&exchange.response, input->data, input->length, &err);
	if (!fuzz_failed_for_memory(result, &err)) {
		if (kind == 3)
			read_login();
		else if (kind > 3)
			read_kv(kind == 4 ? 0 : 2);
		else
			read_batch((enum transit_operation)kind);
	}
	http_exchange_free(&exchange);
	vault_token_free(&vault.token);
}
