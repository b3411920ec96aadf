#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/vault/internal.h"

/* AES-GCM's nonce and tag, and the prefix with the longest key version. */
#define SEAL_OVERHEAD 28
#define PREFIX_MAX (sizeof("vault:v9223372036854775807:") - 1)

/* Size of one item of a response without its text: names, quotes, an error. */
#define ITEM_OVERHEAD 512

/*
 * Limit on bytes of requests and responses to search for secrets, which takes some tenths of a
 * second.
 */
#define REDACTED_BYTES_MAX ((size_t)64 * 1024 * 1024)

static const char *const operation_names[] = {"encrypt", "decrypt", "rewrap"};

/* "batch_input" */
#define REQUEST_STRINGS 1
#define REQUEST_BYTES (sizeof("{\"batch_input\":[]}") - 1)
/* Names, quotes and brackets of an item, its context and its version. */
#define ITEM_BYTES (sizeof("{\"ciphertext\":\"\"},") - 1)
#define CONTEXT_BYTES (sizeof(",\"context\":\"\"") - 1)
#define VERSION_BYTES (sizeof(",\"key_version\":9223372036854775807") - 1)

/* An item with a context has four strings. */
static const size_t strings_max = 4 * (size_t)TRANSIT_BATCH_ITEMS + REQUEST_STRINGS;

/* -- requests --------------------------------------------------------------------------------- */

void transit_items_free(struct transit_item *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		secret_buffer_free(&items[i].output);
		free(items[i].error);
		items[i].error = NULL;
	}
}

int transit_check_size(
    const struct transit_item *item, enum transit_operation operation, struct error *err)
{
	size_t text = item->input_length;

	if (operation == TRANSIT_ENCRYPT)
		text = (item->input_length + SEAL_OVERHEAD + 2) / 3 * 4 + PREFIX_MAX;
	if (text > TRANSIT_CIPHERTEXT_MAX)
		return error_set(err, ERROR_TOO_LARGE,
		    "a value of %zu bytes: too large: Vault cannot decrypt a ciphertext of more than %zu "
		    "characters; split it",
		    item->input_length, TRANSIT_CIPHERTEXT_MAX);
	return 0;
}

/*
 * Return true if the response reports that the request has too much JSON.  Vault returns 500,
 * OpenBao 400.  The same request can never succeed.
 */
static bool is_over_json_limit(const struct http_exchange *exchange)
{
	const char *text = exchange->response.length ? exchange->response.data : "";

	return strstr(text, "exceeds allowed") != NULL ||
	       strstr(text, "refused JSON input") != NULL;
}

static bool is_permanent(const struct http_exchange *exchange)
{
	return is_over_json_limit(exchange) || vault_inline_login_is_permanent(exchange);
}

static void write_item(
    struct json_writer *writer, enum transit_operation operation, const struct transit_item *item)
{
	json_write_object(writer);
	if (operation == TRANSIT_ENCRYPT) {
		json_write_name(writer, "plaintext");
		json_write_base64(writer, item->input, item->input_length);
	} else {
		json_write_name(writer, "ciphertext");
		json_write_string_bytes(writer, item->input, item->input_length);
	}
	if (item->context)
		json_write_member(writer, "context", item->context);
	if (item->key_version) {
		json_write_name(writer, "key_version");
		json_write_integer(writer, item->key_version);
	}
	json_write_object_end(writer);
}

int transit_batch_request(struct vault *vault, const struct transit_key *key,
    enum transit_operation operation, struct transit_item *items, size_t count,
    struct http_exchange *exchange, struct error *err)
{
	static const char *const secret[] = {"plaintext", NULL};
	struct json_writer writer;
	size_t response = HTTP_RESPONSE_SMALL;

	memset(exchange, 0, sizeof(*exchange));
	cleanup_free char *path =
	    string_format(err, "%s/%s", operation_names[operation], key->name);
	if (!path || vault_request(vault, true, key->mount, path, exchange, err) < 0)
		return -1;
	exchange->secret_members = operation == TRANSIT_REWRAP ? NULL : secret;
	json_writer_init(&writer, &exchange->body);
	json_write_object(&writer);
	json_write_name(&writer, "batch_input");
	json_write_array(&writer);
	for (size_t i = 0; i < count; i++) {
		if (transit_check_size(&items[i], operation, err) < 0)
			return -1;
		write_item(&writer, operation, &items[i]);
		response += items[i].input_length / 3 * 4 + ITEM_OVERHEAD;
	}
	json_write_array_end(&writer);
	json_write_object_end(&writer);
	exchange->response_limit = response < HTTP_RESPONSE_LARGE ? response : HTTP_RESPONSE_LARGE;
	exchange->permanent = is_permanent;
	return json_writer_finish(&writer, err);
}

/*
 * Return Vault's error for an item, newly allocated, with the batch's secrets redacted.  Redacting
 * takes time in proportion to the request and response, so only the first errors are shown.
 */
static char *item_error(const struct http_exchange *exchange, const struct json *document,
    json_node problem, size_t *redacted)
{
	*redacted += exchange->body.length + exchange->response.length;
	if (exchange->secret_members && *redacted > REDACTED_BYTES_MAX)
		return strdup("an error, not shown after so many others");
	char *message = json_strdup(document, problem);
	if (!message)
		return strdup("an error that is not plain text");
	http_redact(exchange, message);
	return message;
}

static int compare_outputs(const void *first, const void *second)
{
	const struct transit_item *const *a = first, *const *b = second;

	return strcmp(secret_buffer_string(&(*a)->output), secret_buffer_string(&(*b)->output));
}

/* Return the key version in the input of a rewrap, or 0 for a plaintext. */
static long input_version(enum transit_operation operation, const struct transit_item *item)
{
	return operation == TRANSIT_REWRAP && item->input_length > strlen("vault:v")
		   ? strtol(item->input + strlen("vault:v"), NULL, 10)
		   : 0;
}

/*
 * Reject the same ciphertext for two values, because ciphertext has a random part.  Convergent keys
 * return the same ciphertext for the same plaintext, but then the inputs are also the same, or have
 * different key versions.
 */
static int check_distinct(enum transit_operation operation, const struct transit_item *items,
    size_t count, struct error *err)
{
	cleanup_free const struct transit_item **sorted = calloc(count + 1, sizeof(*sorted));
	int result = 0;

	if (!sorted)
		return error_memory(err);
	for (size_t i = 0; i < count; i++)
		sorted[i] = &items[i];
	qsort(sorted, count, sizeof(*sorted), compare_outputs);
	for (size_t i = 1; i < count && result == 0; i++) {
		const struct transit_item *a = sorted[i - 1], *b = sorted[i];
		if (!a->error && !b->error && compare_outputs(&a, &b) == 0 &&
		    input_version(operation, a) == input_version(operation, b) &&
		    (a->input_length != b->input_length ||
			memcmp(a->input, b->input, a->input_length) != 0))
			result = error_set(err, ERROR_INVALID,
			    "Vault response to %s: the same ciphertext for two values",
			    operation_names[operation]);
	}
	return result;
}

static int read_item(enum transit_operation operation, struct transit_item *item,
    const struct http_exchange *exchange, const struct json *document, json_node node,
    size_t *redacted, struct error *err)
{
	const char *member = operation == TRANSIT_DECRYPT ? "plaintext" : "ciphertext";
	json_node value = json_member(document, node, member);
	json_node problem = json_member(document, node, "error");

	secret_buffer_reset(&item->output);
	free(item->error);
	item->error = NULL;
	if (json_type(document, problem) > JSON_NULL && !json_string_is(document, problem, "")) {
		item->error = item_error(exchange, document, problem, redacted);
		return item->error ? 0 : error_memory(err);
	}
	json_node reference = json_member(document, node, "reference");
	if (json_type(document, reference) > JSON_NULL && !json_string_is(document, reference, ""))
		return error_set(err, ERROR_INVALID,
		    "Vault response to %s: refers to another request", operation_names[operation]);
	if (json_type(document, value) != JSON_STRING)
		return error_set(err, ERROR_INVALID, "Vault response to %s: no %s for a value",
		    operation_names[operation], member);
	int result = operation == TRANSIT_DECRYPT
			 ? json_base64(document, value, &item->output, err)
			 : json_string(document, value, &item->output, err);
	return result < 0
		   ? error_wrap(err, "Vault response to %s: %s", operation_names[operation], member)
		   : 0;
}

static int batch_check(enum transit_operation operation, const struct transit_key *key,
    const struct http_exchange *exchange, struct error *err)
{
	if (vault_check(exchange, err) == 0)
		return 0;
	if (vault_inline_login_is_refused(exchange))
		return -1;
	if (is_over_json_limit(exchange) || exchange->status == 413)
		err->code = ERROR_TOO_LARGE;
	if (strstr(secret_buffer_string(&exchange->response), "encryption key not found")) {
		err->code = ERROR_NOT_FOUND;
		error_hint(err, "check --transit-key [MOUNT/]NAME");
	} else if (exchange->status == 403 && !vault_token_is_refused(exchange))
		error_hint(err, "the token's policy must allow \"update\" on %s/%s/%s", key->mount,
		    operation_names[operation], key->name);
	else if (exchange->status == 404)
		error_hint(err, "check that a transit engine is mounted at %s/", key->mount);
	return error_wrap(
	    err, "%s with Transit key %s/%s", operation_names[operation], key->mount, key->name);
}

int transit_batch_result(enum transit_operation operation, const struct transit_key *key,
    struct transit_item *items, size_t count, const struct http_exchange *exchange,
    struct error *err)
{
	/* The response to a batch with an invalid item may have status 400 and all results. */
	bool partial = exchange->status == 400 &&
		       strstr(secret_buffer_string(&exchange->response), "\"batch_results\"");

	if (!partial && (exchange->status < 200 || exchange->status >= 300))
		return batch_check(operation, key, exchange, err);
	cleanup_json struct json *document = http_json_parse(exchange, err);
	if (!document)
		return -1;
	json_node results = json_path(document, JSON_ROOT, "data", "batch_results", NULL);
	if (json_type(document, results) != JSON_ARRAY || json_count(document, results) != count)
		return error_set(err, ERROR_INVALID,
		    "Vault response to %s: %zu results for %zu values", operation_names[operation],
		    json_count(document, results), count);
	size_t i = 0, redacted = 0;
	json_each (document, results, node)
		if (read_item(operation, &items[i++], exchange, document, node, &redacted, err) < 0)
			return -1;
	return operation == TRANSIT_DECRYPT ? 0 : check_distinct(operation, items, count, err);
}

/* -- size of requests ------------------------------------------------------------------------- */

static size_t limit_of(
    const struct vault *vault, const struct vault_limit *limit, size_t first, size_t largest)
{
	if (limit->most > 0)
		return limit->most;
	return vault->token.num_uses > 0 ? largest : first;
}

static size_t count_strings(const struct transit_item *item)
{
	return 2 + (item->context ? 2u : 0) + (item->key_version ? 1u : 0);
}

static size_t count_bytes(enum transit_operation operation, const struct transit_item *item)
{
	size_t input =
	    operation == TRANSIT_ENCRYPT ? (item->input_length + 2) / 3 * 4 : item->input_length;

	return ITEM_BYTES + input + (item->context ? CONTEXT_BYTES + strlen(item->context) : 0) +
	       (item->key_version ? VERSION_BYTES : 0);
}

bool transit_fits(const struct vault *vault, enum transit_operation operation,
    struct transit_fill *fill, const struct transit_item *item)
{
	size_t strings = (fill->items ? fill->strings : REQUEST_STRINGS) + count_strings(item);
	size_t bytes = (fill->items ? fill->bytes : REQUEST_BYTES) + count_bytes(operation, item);

	if (fill->items > 0 &&
	    (fill->items >= TRANSIT_BATCH_ITEMS ||
		strings > limit_of(vault, &vault->strings, TRANSIT_FIRST_STRINGS, strings_max) ||
		bytes > limit_of(vault, &vault->bytes, TRANSIT_FIRST_BYTES, TRANSIT_BATCH_BYTES)))
		return false;
	*fill = (struct transit_fill){fill->items + 1, strings, bytes};
	return true;
}

/* Increase the limit after a request near the limit was accepted. */
static void limit_grow(struct vault_limit *limit, size_t accepted, size_t first, size_t largest)
{
	size_t most = limit->most > 0 ? limit->most : first;

	if (accepted > limit->taken)
		limit->taken = accepted;
	if (limit->fixed || accepted <= most / 2)
		return;
	limit->most = most > largest / TRANSIT_GROWTH ? largest : most * TRANSIT_GROWTH;
}

void transit_accepted(struct vault *vault, const struct transit_fill *fill)
{
	limit_grow(&vault->strings, fill->strings, TRANSIT_FIRST_STRINGS, strings_max);
	limit_grow(&vault->bytes, fill->bytes, TRANSIT_FIRST_BYTES, TRANSIT_BATCH_BYTES);
	if (vault->inline_login)
		vault->inline_login->accepted = true;
}

static void limit_shrink(struct vault_limit *limit, size_t refused)
{
	bool known = limit->taken > 0 && limit->taken < refused;

	limit->most = known && !limit->fixed ? limit->taken : refused / 2 + 1;
	limit->fixed = true;
}

bool transit_split(struct vault *vault, const struct transit_fill *fill,
    const struct http_exchange *exchange, struct error *err)
{
	bool too_many = is_over_json_limit(exchange) &&
			!strstr(exchange->response.data, "exceeds allowed length");

	if (fill->items < 2 || (!too_many && exchange->status != 413))
		return false;
	if (exchange->status == 413)
		limit_shrink(&vault->bytes, fill->bytes);
	else
		limit_shrink(&vault->strings, fill->strings);
	error_clear(err);
	return true;
}

/*
 * Handle the failure of a request.  Set *done to 0 if it must be split, or to 1 if the error was
 * moved to its only item, which is too large.
 */
static int batch_handle_failure(struct vault *vault, struct transit_item *items,
    const struct transit_fill *fill, const struct http_exchange *exchange, size_t *done,
    struct error *err)
{
	*done = 0;
	vault_inline_login_explain(vault, exchange, err);
	if (transit_split(vault, fill, exchange, err))
		return 0;
	if (fill->items != 1 || err->code != ERROR_TOO_LARGE || !exchange->status)
		return -1;
	items[0].error = strdup(err->message);
	if (!items[0].error)
		return error_memory(err);
	error_clear(err);
	*done = 1;
	return 0;
}

/* Run one request, and set *done to the number of its items, or 0 if it must be split. */
static int batch_run_one(struct http_client *client, struct vault *vault,
    const struct transit_key *key, enum transit_operation operation, struct transit_item *items,
    struct transit_fill *fill, size_t *done, struct error *err)
{
	struct http_exchange exchange;
	int result =
	    transit_batch_request(vault, key, operation, items, fill->items, &exchange, err);

	if (result == 0)
		result = http_run_one(client, &exchange, err);
	if (result == 0)
		result = transit_batch_result(operation, key, items, fill->items, &exchange, err);
	if (result == 0) {
		transit_accepted(vault, fill);
		*done = fill->items;
	} else {
		result = batch_handle_failure(vault, items, fill, &exchange, done, err);
	}
	http_exchange_free(&exchange);
	return result;
}

int transit_batch(struct http_client *client, struct vault *vault, const struct transit_key *key,
    enum transit_operation operation, struct transit_item *items, size_t count, struct error *err)
{
	while (count > 0) {
		struct transit_fill fill = {0};
		size_t done;

		while (
		    fill.items < count && transit_fits(vault, operation, &fill, &items[fill.items]))
			;
		if (batch_run_one(client, vault, key, operation, items, &fill, &done, err) < 0)
			return -1;
		items += done;
		count -= done;
	}
	return 0;
}
