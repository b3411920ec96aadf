#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"
#include "lib/base/log.h"
#include "lib/vault/answer.h"
#include "lib/vault/transit.h"

#define DEFAULT_MOUNT "transit"

/* AES-GCM's nonce and tag, and the prefix with a key version of any length. */
#define SEAL_OVERHEAD 28
#define PREFIX_MAX (sizeof("vault:v9223372036854775807:") - 1)

/* What one item of an answer takes beside its text: names, quotes, an error. */
#define ITEM_OVERHEAD 512

/* Of requests and answers, as often as they are searched: some tenths of a second. */
#define REDACTED_BYTES_MAX ((size_t)64 * 1024 * 1024)

static const char *const operation_names[] = {"encrypt", "decrypt", "rewrap"};

/* Whoever may annotate a Secret chooses the text: it goes into URLs, messages and metrics. */
static bool is_plain(const char *text)
{
	if (strlen(text) > TRANSIT_KEY_MAX)
		return false;
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7F)
			return false;
	return true;
}

int transit_key_parse(struct transit_key *key, const char *text, struct error *err)
{
	const char *slash = strrchr(text, '/');

	key->mount = slash ? strndup(text, (size_t)(slash - text)) : strdup(DEFAULT_MOUNT);
	key->name = strdup(slash ? slash + 1 : text);
	if (!key->mount || !key->name) {
		transit_key_free(key);
		return error_memory(err);
	}
	if (!is_plain(text) || !*key->name || *text == '/' || strstr(text, "//") ||
	    strpbrk(text, " \t\r\n?#%")) {
		transit_key_free(key);
		return error_set(err, ERROR_USAGE,
		    "Transit key \"%s\": write [MOUNT/]NAME, such as transit/aes256-key", text);
	}
	return 0;
}

void transit_key_free(struct transit_key *key)
{
	free(key->mount);
	free(key->name);
	key->mount = key->name = NULL;
}

bool transit_key_is(const struct transit_key *key, const char *text)
{
	const char *slash = strrchr(text, '/');
	size_t mount = slash ? (size_t)(slash - text) : 0;

	if (strcmp(key->name, slash ? slash + 1 : text) != 0)
		return false;
	if (!slash)
		return strcmp(key->mount, DEFAULT_MOUNT) == 0;
	return strlen(key->mount) == mount && strncmp(key->mount, text, mount) == 0;
}

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
		    "a value of %zu bytes: Vault could not decrypt it again: its ciphertext would "
		    "be "
		    "over %zu characters: split it",
		    item->input_length, TRANSIT_CIPHERTEXT_MAX);
	return 0;
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
	size_t answer = HTTP_RESPONSE_SMALL;

	memset(exchange, 0, sizeof(*exchange));
	cleanup_free char *rest =
	    string_format(err, "%s/%s", operation_names[operation], key->name);
	if (!rest || vault_request(vault, true, key->mount, rest, exchange, err) < 0)
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
		answer += items[i].input_length / 3 * 4 + ITEM_OVERHEAD;
	}
	json_write_array_end(&writer);
	json_write_object_end(&writer);
	exchange->response_limit = answer < HTTP_RESPONSE_LARGE ? answer : HTTP_RESPONSE_LARGE;
	exchange->permanent = transit_over_json_limit;
	return json_writer_finish(&writer, err);
}

/*
 * Return Vault's words on an item, newly allocated, without the batch's secrets.  To find these
 * takes time by the sizes of request and answer, so that words are shown of so many only.
 */
static char *item_error(const struct http_exchange *exchange, const struct json *document,
    json_node problem, size_t *redacted)
{
	*redacted += exchange->body.length + exchange->response.length;
	if (exchange->secret_members && *redacted > REDACTED_BYTES_MAX)
		return strdup("an error, not shown after so many others");
	char *words = json_strdup(document, problem);
	if (!words)
		return strdup("an error that is not plain text");
	http_redact(exchange, words);
	return words;
}

static int compare_outputs(const void *first, const void *second)
{
	const struct transit_item *const *a = first, *const *b = second;

	return strcmp(secret_buffer_string(&(*a)->output), secret_buffer_string(&(*b)->output));
}

/* The version with which the input of a rewrap begins; 0 for a plaintext. */
static long input_version(enum transit_operation operation, const struct transit_item *item)
{
	return operation == TRANSIT_REWRAP && item->input_length > strlen("vault:v")
		   ? strtol(item->input + strlen("vault:v"), NULL, 10)
		   : 0;
}

/*
 * Ciphertext has a random part, so that two inputs never give the same.  Convergent keys give it
 * for one plaintext, but then the inputs are the same too, or of different versions.
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
			    "Vault's answer to %s has one ciphertext for two values",
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
	size_t length;

	secret_buffer_reset(&item->output);
	free(item->error);
	item->error = NULL;
	/* Whatever stands there as an error is one: nothing is taken from such an item. */
	if (json_type(document, problem) > JSON_NULL && !json_string_is(document, problem, "")) {
		item->error = item_error(exchange, document, problem, redacted);
		return item->error ? 0 : error_memory(err);
	}
	json_node reference = json_member(document, node, "reference");
	if (json_type(document, reference) > JSON_NULL && !json_string_is(document, reference, ""))
		return error_set(err, ERROR_INVALID,
		    "Vault's answer to %s refers to another request", operation_names[operation]);
	/* Base64 has no escapes in JSON, but a server may write '/' as "\/". */
	cleanup_secret struct secret_buffer unescaped = SECRET_BUFFER_INIT;
	const char *text = json_plain_string(document, value, &length);
	if (!text) {
		if (json_string(document, value, &unescaped, err) < 0)
			return error_set(err, ERROR_INVALID, "Vault's answer lacks a %s", member);
		text = secret_buffer_string(&unescaped);
		length = unescaped.length;
	}
	if (operation == TRANSIT_DECRYPT)
		return base64_decode(&item->output, text, length, err) < 0
			   ? error_wrap(err, "Vault's answer: a %s", member)
			   : 0;
	return secret_buffer_append(&item->output, text, length, err);
}

static int describe_failure(enum transit_operation operation, const struct transit_key *key,
    const struct http_exchange *exchange, struct error *err)
{
	if (vault_answer_check(exchange, err) == 0)
		return 0;
	if (transit_over_json_limit(exchange) || exchange->status == 413)
		err->code = ERROR_TOO_LARGE;
	if (strstr(secret_buffer_string(&exchange->response), "encryption key not found")) {
		err->code = ERROR_NOT_FOUND;
		error_hint(err, "check the key's name and mount: --transit-key [MOUNT/]NAME");
	} else if (exchange->status == 403)
		error_hint(err, "the token's policy must allow \"update\" on %s/%s/%s", key->mount,
		    operation_names[operation], key->name);
	else if (exchange->status == 404)
		error_hint(err, "is a transit engine mounted at %s/?", key->mount);
	return error_wrap(
	    err, "%s with Transit key %s/%s", operation_names[operation], key->mount, key->name);
}

int transit_batch_result(enum transit_operation operation, const struct transit_key *key,
    struct transit_item *items, size_t count, const struct http_exchange *exchange,
    struct error *err)
{
	/* A batch with a bad item may answer 400 and yet carry all results. */
	bool partial = exchange->status == 400 &&
		       strstr(secret_buffer_string(&exchange->response), "\"batch_results\"");

	if (!partial && (exchange->status < 200 || exchange->status >= 300))
		return describe_failure(operation, key, exchange, err);
	cleanup_json struct json *document = vault_answer_parse(exchange, err);
	if (!document)
		return -1;
	json_node results = json_path(document, JSON_ROOT, "data", "batch_results", NULL);
	if (json_type(document, results) != JSON_ARRAY || json_count(document, results) != count)
		return error_set(err, ERROR_INVALID,
		    "Vault's answer to %s holds %zu results for %zu values",
		    operation_names[operation], json_count(document, results), count);
	size_t i = 0, redacted = 0;
	json_each (document, results, node)
		if (read_item(operation, &items[i++], exchange, document, node, &redacted, err) < 0)
			return -1;
	return operation == TRANSIT_DECRYPT ? 0 : check_distinct(operation, items, count, err);
}

/* Unix seconds of keys{"N": time}, for the newest version; derived keys give objects or text. */
static int64_t creation_time(const struct json *document, json_node data, int64_t version)
{
	char name[24];

	snprintf(name, sizeof(name), "%lld", (long long)version);
	return json_integer(document, json_path(document, data, "keys", name, NULL), 0);
}

static int read_key_state(
    const struct http_exchange *exchange, struct transit_key_state *state, struct error *err)
{
	cleanup_json struct json *document = vault_answer_parse(exchange, err);
	if (!document)
		return -1;
	json_node data = json_member(document, JSON_ROOT, "data");
	state->latest_version =
	    json_integer(document, json_member(document, data, "latest_version"), 0);
	state->min_decryption_version =
	    json_integer(document, json_member(document, data, "min_decryption_version"), 1);
	state->min_encryption_version =
	    json_integer(document, json_member(document, data, "min_encryption_version"), 0);
	state->min_available_version =
	    json_integer(document, json_member(document, data, "min_available_version"), 0);
	state->derived = json_boolean(document, json_member(document, data, "derived"), false);
	state->latest_created_s = creation_time(document, data, state->latest_version);
	if (state->latest_version < 1)
		return error_set(err, ERROR_INVALID, "Vault's answer names no key version");
	return 0;
}

struct key_call {
	const char *action; /* "", "/rotate" ... */
	const char *body;   /* NULL: GET */
	bool once;
	bool uncertain; /* out: it has failed, and may have been carried out */
};

/* One call on keys/NAME[/action]; `state` NULL: the answer is not read. */
static int key_call(struct http_client *client, struct vault *vault, const struct transit_key *key,
    struct key_call *call, struct transit_key_state *state, struct error *err)
{
	struct http_exchange exchange;
	const char *body = call->body;
	int result = -1;

	cleanup_free char *rest = string_format(err, "keys/%s%s", key->name, call->action);
	if (!rest)
		return -1;
	int prepared = vault_request(vault, body != NULL, key->mount, rest, &exchange, err);
	exchange.once = call->once;
	if (prepared == 0 &&
	    (!body || secret_buffer_append_string(&exchange.body, body, err) == 0) &&
	    http_run_one(client, &exchange, err) == 0)
		result = vault_answer_check(&exchange, err);
	if (result < 0 && (exchange.status == 404 || strstr(err->message, "key not found")))
		error_hint(err, "there is no such key: check --transit-key");
	if (result < 0 && exchange.status == 403)
		error_hint(err, "the token's policy must allow it on %s/%s", key->mount, rest);
	if (result == 0 && state)
		result = read_key_state(&exchange, state, err);
	call->uncertain = exchange.uncertain;
	http_exchange_free(&exchange);
	if (result < 0)
		return error_wrap(err, "Transit key %s/%s", key->mount, key->name);
	return 0;
}

/* POST what leaves the key the same when it is carried out twice. */
static int key_post(struct http_client *client, struct vault *vault, const struct transit_key *key,
    const char *action, const char *body, struct error *err)
{
	struct key_call call = {.action = action, .body = body};

	return key_call(client, vault, key, &call, NULL, err);
}

int transit_key_read(struct http_client *client, struct vault *vault, const struct transit_key *key,
    struct transit_key_state *state, struct error *err)
{
	struct key_call call = {.action = ""};

	return key_call(client, vault, key, &call, state, err);
}

int transit_key_create(struct http_client *client, struct vault *vault,
    const struct transit_key *key, struct error *err)
{
	return key_post(client, vault, key, "",
	    "{\"type\":\"aes256-gcm96\",\"derived\":true,\"exportable\":false}", err);
}

/* Read the key after a rotation whose answer was lost, `lost`: a newer version was made by it. */
static int check_rotated(struct http_client *client, struct vault *vault,
    const struct transit_key *key, struct transit_key_state *state, struct error *lost)
{
	struct error unread = ERROR_INIT;
	int64_t before = state->latest_version;

	if (transit_key_read(client, vault, key, state, &unread) < 0)
		return error_hint(
		    lost, "the key may have been rotated; read it before running again");
	if (state->latest_version == before)
		return error_hint(
		    lost, "the key still has version %lld; run again", (long long)before);
	log_write(LOG_WARNING, "%s; the key was read back, and has version %lld", lost->message,
	    (long long)state->latest_version);
	error_clear(lost);
	return 0;
}

int transit_key_rotate(struct http_client *client, struct vault *vault,
    const struct transit_key *key, struct transit_key_state *state, struct error *err)
{
	struct key_call call = {.action = "/rotate", .body = "{}", .once = true};

	if (state->latest_version == 0 && transit_key_read(client, vault, key, state, err) < 0)
		return -1;
	/* Not every server describes the key in the answer, so ask. */
	if (key_call(client, vault, key, &call, NULL, err) == 0)
		return transit_key_read(client, vault, key, state, err);
	return call.uncertain ? check_rotated(client, vault, key, state, err) : -1;
}

int transit_key_retire(struct http_client *client, struct vault *vault,
    const struct transit_key *key, int64_t min_decryption_version, struct error *err)
{
	struct transit_key_state state = {0};
	long long lowest = (long long)min_decryption_version;
	cleanup_free char *body = NULL;

	if (transit_key_read(client, vault, key, &state, err) < 0)
		return -1;
	/* Vault refuses a minimum for encryption, where one is set, below the one for decryption.
	 */
	if (state.min_encryption_version > 0 && state.min_encryption_version < lowest)
		body = string_format(err,
		    "{\"min_decryption_version\":%lld,\"min_encryption_version\":%lld}", lowest,
		    lowest);
	else
		body = string_format(err, "{\"min_decryption_version\":%lld}", lowest);
	return body ? key_post(client, vault, key, "/config", body, err) : -1;
}

int transit_key_trim(struct http_client *client, struct vault *vault, const struct transit_key *key,
    int64_t min_available_version, struct error *err)
{
	struct transit_key_state state = {0};
	long long version = (long long)min_available_version;
	cleanup_free char *config =
	    string_format(err, "{\"min_encryption_version\":%lld}", version);
	cleanup_free char *trim = string_format(err, "{\"min_available_version\":%lld}", version);

	if (!config || !trim || transit_key_read(client, vault, key, &state, err) < 0)
		return -1;
	/* One that is higher is somebody's wish. */
	if (state.min_encryption_version < version &&
	    key_post(client, vault, key, "/config", config, err) < 0)
		return -1;
	return key_post(client, vault, key, "/trim", trim, err);
}
