/*
 * source_kv: references to KV engines in the variables of our own environment, as vault-env reads
 * them: vault:PATH#KEY[#VERSION].
 *
 * Each path and version is read with one request, while Transit decrypts other values.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/launch/source.h"

/* vault-env writes the data after it to Vault, and reads a key of the response. */
#define WRITING_PREFIX ">>" KV_REF_PREFIX
/* The beginning of a reference in other text, and of a template in place of a key. */
#define INLINE_BEGIN "${"
#define INLINE_END '}'

/* Each running request has a connection.  More of them would not be faster. */
#define RUNNING_MAX 16

/* -- recognising references ------------------------------------------------------------------- */

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Return whether the text is a port, and maybe a path, as in the address vault:8200/ui. */
static bool is_port(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits > 0 && (text[digits] == '\0' || text[digits] == '/');
}

/*
 * Return whether vault-env would replace a part of the text: ${vault:...#...}, or ciphertext.  A
 * shell's ${vault:-default} is not replaced.
 */
static bool has_inline_reference(const char *text)
{
	while ((text = strstr(text, INLINE_BEGIN))) {
		text += strlen(INLINE_BEGIN);
		const char *inside = starts_with(text, ">>") ? text + strlen(">>") : text;
		const char *end = strchr(inside, INLINE_END);
		if (end && starts_with(inside, KV_REF_PREFIX) &&
		    (memchr(inside, '#', (size_t)(end - inside)) ||
			sealed_is_ciphertext(inside, (size_t)(end - inside))))
			return true;
	}
	return false;
}

bool source_kv_is_reference(const char *text)
{
	if (sealed_is_ciphertext(text, strlen(text)))
		return false;
	if (starts_with(text, WRITING_PREFIX) || has_inline_reference(text))
		return true;
	if (!starts_with(text, KV_REF_PREFIX))
		return false;
	text += strlen(KV_REF_PREFIX);
	return strchr(text, '#') || (strchr(text, '/') && !is_port(text));
}

static int parse_reference(struct kv_ref *ref, const char *text, struct error *err)
{
	if (has_inline_reference(text))
		return error_set(err, ERROR_USAGE,
		    "references within other text, ${vault:...}, are not supported; let the whole "
		    "value be one reference");
	if (starts_with(text, WRITING_PREFIX))
		return error_set(err, ERROR_USAGE,
		    "writing to Vault with >>vault: is not supported; use vault:PATH#KEY");
	if (kv_ref_parse(ref, text + strlen(KV_REF_PREFIX), err) < 0)
		return -1;
	if (!ref->key)
		return error_set(
		    err, ERROR_USAGE, "a reference to Vault without a key; write vault:PATH#KEY");
	if (strstr(ref->key, INLINE_BEGIN))
		return error_set(err, ERROR_USAGE,
		    "templates in place of a key, ${...}, are not supported; write vault:PATH#KEY");
	return 0;
}

int source_value_set_reference(struct source_value *value, const char *text, struct error *err)
{
	value->form = SOURCE_REFERENCE;
	if (parse_reference(&value->ref, text, err) == 0)
		return secret_buffer_append_string(&value->bytes, text, err);
	if (err->code == ERROR_USAGE)
		error_hint(err, "or pass --exclude %s to leave it unchanged", value->name);
	return error_wrap(err, "%s", value->where);
}

/* -- reading the secrets ---------------------------------------------------------------------- */

static bool is_listed(
    const struct source_kv_secret *secrets, size_t count, const struct source_value *value)
{
	for (size_t i = 0; i < count; i++)
		if (kv_ref_is_same_secret(&secrets[i].value->ref, &value->ref))
			return true;
	return false;
}

int source_kv_init(
    struct source_kv *kv, struct source_value *const *values, size_t count, struct error *err)
{
	struct source_kv_secret *secrets = calloc(count + 1, sizeof(*secrets));
	size_t listed = 0;

	*kv = (struct source_kv){.values = values, .value_count = count};
	if (!secrets)
		return error_memory(err);
	for (size_t i = 0; i < count; i++)
		if (!is_listed(secrets, listed, values[i]))
			secrets[listed++].value = values[i];
	kv->items = secrets;
	kv->count = listed;
	return 0;
}

/* Start requests, until the maximum is running. */
static int start_requests(struct source_kv *kv, struct http_client *client, struct error *err)
{
	for (; kv->started < kv->count && kv->started - kv->ended < RUNNING_MAX; kv->started++)
		if (http_start(client, &kv->items[kv->started].exchange, err) < 0)
			return -1;
	return 0;
}

int source_kv_start(
    struct source_kv *kv, struct http_client *client, struct vault *vault, struct error *err)
{
	for (size_t i = 0; i < kv->count; i++) {
		struct source_kv_secret *secret = &kv->items[i];
		if (kv_request(vault, &secret->value->ref, &secret->exchange, err) < 0)
			return error_wrap(err, "%s", secret->value->where);
	}
	return start_requests(kv, client, err);
}

struct member_ctx {
	const struct source_kv *kv;
	const struct source_kv_secret *secret;
};

/* Set the values that refer to this key of the secret. */
static int set_member(
    void *context, const char *name, struct secret_buffer *member, struct error *err)
{
	const struct member_ctx *ctx = context;

	for (size_t i = 0; i < ctx->kv->value_count; i++) {
		struct source_value *value = ctx->kv->values[i];
		if (value->form != SOURCE_REFERENCE || strcmp(value->ref.key, name) != 0 ||
		    !kv_ref_is_same_secret(&value->ref, &ctx->secret->value->ref))
			continue;
		secret_buffer_reset(&value->bytes);
		if (secret_buffer_append(
			&value->bytes, secret_buffer_string(member), member->length, err) < 0)
			return -1;
		value->form = SOURCE_PLAINTEXT;
	}
	return 0;
}

static int read_secret(const struct source_kv *kv, const struct source_kv_secret *secret,
    struct vault *vault, struct error *err)
{
	cleanup_secret struct secret_buffer object = SECRET_BUFFER_INIT;
	struct member_ctx context = {kv, secret};

	if (kv_result(vault, &secret->value->ref, &secret->exchange, &object, err) < 0)
		return error_wrap(err, "%s", secret->value->where);
	return sealed_document_each(&object, secret->value->where, set_member, &context, err);
}

int source_kv_finish(
    struct source_kv *kv, struct http_client *client, struct vault *vault, struct error *err)
{
	for (; kv->ended < kv->count && http_wait(client); kv->ended++)
		if (start_requests(kv, client, err) < 0)
			return -1;
	for (size_t i = 0; i < kv->count; i++)
		if (read_secret(kv, &kv->items[i], vault, err) < 0)
			return -1;
	for (size_t i = 0; i < kv->value_count; i++) {
		const struct source_value *value = kv->values[i];
		if (value->form == SOURCE_REFERENCE)
			return error_set(err, ERROR_NOT_FOUND,
			    "%s: KV path %s: key \"%s\" not found; check the text after #",
			    value->where, value->ref.path, value->ref.key);
	}
	return 0;
}

void source_kv_free(struct source_kv *kv, struct http_client *client)
{
	for (size_t i = 0; i < kv->count; i++) {
		http_cancel(client, &kv->items[i].exchange);
		http_exchange_free(&kv->items[i].exchange);
	}
	free(kv->items);
	memset(kv, 0, sizeof(*kv));
}
