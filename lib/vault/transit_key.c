#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/vault/internal.h"

#define DEFAULT_MOUNT "transit"

/* -- names ------------------------------------------------------------------------------------ */

/* Check text that may be in annotations, URLs, messages and metrics. */
static bool key_text_is_plain(const char *text)
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
	if (!key_text_is_plain(text) || !*key->name || *text == '/' || strstr(text, "//") ||
	    vault_path_has_dots(text) || strpbrk(text, " \t\r\n?#%")) {
		transit_key_free(key);
		return error_set(err, ERROR_USAGE,
		    "Transit key \"%s\": not of the form [MOUNT/]NAME, such as transit/aes256-key",
		    text);
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

/* -- calls ------------------------------------------------------------------------------------ */

/* Return the creation time of a version (keys{"N": time}) in Unix seconds; 0 if not a number. */
static int64_t creation_time(const struct json *document, json_node data, int64_t version)
{
	char name[24];

	snprintf(name, sizeof(name), "%lld", (long long)version);
	return json_integer(document, json_path(document, data, "keys", name, NULL), 0);
}

static int read_key_state(
    const struct http_exchange *exchange, struct transit_key_state *state, struct error *err)
{
	cleanup_json struct json *document = http_json_parse(exchange, err);
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
		return error_set(err, ERROR_INVALID, "Vault response: no key version");
	return 0;
}

struct key_call {
	const char *action; /* "", "/rotate" ... */
	const char *body;   /* NULL: GET */
	bool once;
	bool uncertain; /* output: the call failed but may have been carried out */
};

/*
 * Run a call on keys/NAME[/action], and read the key's state from the response unless `state` is
 * NULL.
 */
static int key_call(struct http_client *client, struct vault *vault, const struct transit_key *key,
    struct key_call *call, struct transit_key_state *state, struct error *err)
{
	struct http_exchange exchange;
	const char *body = call->body;
	int result = -1;

	cleanup_free char *path = string_format(err, "keys/%s%s", key->name, call->action);
	if (!path)
		return -1;
	int prepared = vault_request(vault, body != NULL, key->mount, path, &exchange, err);
	exchange.once = call->once;
	if (prepared == 0 &&
	    (!body || secret_buffer_append_string(&exchange.body, body, err) == 0) &&
	    http_run_one(client, &exchange, err) == 0)
		result = vault_check(&exchange, err);
	if (result < 0 && (exchange.status == 404 || strstr(err->message, "key not found")))
		error_hint(err, "check --transit-key; Vault has no such key");
	if (result < 0 && exchange.status == 403 && !vault_token_is_refused(&exchange))
		error_hint(err, "the token's policy must allow it on %s/%s", key->mount, path);
	if (result == 0 && state)
		result = read_key_state(&exchange, state, err);
	call->uncertain = exchange.uncertain;
	http_exchange_free(&exchange);
	if (result < 0)
		return error_wrap(err, "Transit key %s/%s", key->mount, key->name);
	return 0;
}

/* POST a change that may safely be carried out twice. */
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

/* Read the key after a rotation without a clear response, which failed with `lost`. */
static int check_rotated(struct http_client *client, struct vault *vault,
    const struct transit_key *key, struct transit_key_state *state, struct error *lost)
{
	struct error unread = ERROR_INIT;
	int64_t before = state->latest_version;

	if (transit_key_read(client, vault, key, state, &unread) < 0)
		return error_hint(
		    lost, "read the key before running again, because it may have been rotated");
	if (state->latest_version == before)
		return error_hint(
		    lost, "run again, because the key still has version %lld", (long long)before);
	error_wrap(
	    lost, "the key was read back, and has version %lld", (long long)state->latest_version);
	log_error(LOG_WARNING, lost);
	error_clear(lost);
	return 0;
}

int transit_key_rotate(struct http_client *client, struct vault *vault,
    const struct transit_key *key, struct transit_key_state *state, struct error *err)
{
	struct key_call call = {.action = "/rotate", .body = "{}", .once = true};

	if (state->latest_version == 0 && transit_key_read(client, vault, key, state, err) < 0)
		return -1;
	/* Read the key, because not every server returns it in the response. */
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
	/* Vault rejects a min_encryption_version that is set and below min_decryption_version. */
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
	/* Keep a higher minimum set by an operator. */
	if (state.min_encryption_version < version &&
	    key_post(client, vault, key, "/config", config, err) < 0)
		return -1;
	return key_post(client, vault, key, "/trim", trim, err);
}
