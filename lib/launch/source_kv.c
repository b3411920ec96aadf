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
		if (!starts_with(inside, KV_REF_PREFIX))
			continue;
		const char *end = strchr(inside, INLINE_END);
		if (!end)
			return false;
		if (memchr(inside, '#', (size_t)(end - inside)) ||
		    sealed_is_ciphertext(inside, (size_t)(end - inside)))
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

static int compare_values(const void *a, const void *b)
{
	const struct kv_ref *one = &(*(struct source_value *const *)a)->ref;
	const struct kv_ref *other = &(*(struct source_value *const *)b)->ref;
	int secrets = kv_ref_compare_secrets(one, other);

	return secrets ? secrets : strcmp(one->key, other->key);
}

int source_kv_init(
    struct source_kv *kv, struct source_value **values, size_t count, struct error *err)
{
	*kv = (struct source_kv){.items = calloc(count + 1, sizeof(*kv->items))};
	if (!kv->items)
		return error_memory(err);
	if (count)
		qsort(values, count, sizeof(*values), compare_values);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || kv_ref_compare_secrets(&values[i - 1]->ref, &values[i]->ref) != 0)
			kv->items[kv->count++].values = &values[i];
		kv->items[kv->count - 1].value_count++;
	}
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
		const struct source_value *first = secret->values[0];
		if (kv_request(vault, &first->ref, &secret->exchange, err) < 0)
			return error_wrap(err, "%s", first->where);
		secret->exchange.context = secret;
	}
	return start_requests(kv, client, err);
}

/* Return the index of the first value whose key is not before `key`, in the order of strcmp. */
static size_t find_key(const struct source_kv_secret *secret, const char *key)
{
	size_t begin = 0, end = secret->value_count;

	while (begin < end) {
		size_t middle = begin + (end - begin) / 2;
		if (strcmp(secret->values[middle]->ref.key, key) < 0)
			begin = middle + 1;
		else
			end = middle;
	}
	return begin;
}

/* Set the values that refer to this key of the secret. */
static int set_member(
    void *context, const char *name, struct secret_buffer *member, struct error *err)
{
	const struct source_kv_secret *secret = context;

	for (size_t i = find_key(secret, name); i < secret->value_count; i++) {
		struct source_value *value = secret->values[i];
		if (strcmp(value->ref.key, name) != 0)
			break;
		secret_buffer_reset(&value->bytes);
		if (secret_buffer_append(
			&value->bytes, secret_buffer_string(member), member->length, err) < 0)
			return -1;
		value->form = SOURCE_PLAINTEXT;
	}
	return 0;
}

static int read_secret(struct source_kv_secret *secret, struct vault *vault, struct error *err)
{
	cleanup_secret struct secret_buffer object = SECRET_BUFFER_INIT;
	const struct source_value *first = secret->values[0];

	if (kv_result(vault, &first->ref, &secret->exchange, &object, err) < 0)
		return error_wrap(err, "%s", first->where);
	if (sealed_document_each(&object, first->where, set_member, secret, err) < 0)
		return -1;
	for (size_t i = 0; i < secret->value_count; i++) {
		const struct source_value *value = secret->values[i];
		if (value->form == SOURCE_REFERENCE)
			return error_set(err, ERROR_NOT_FOUND,
			    "%s: KV path %s: key \"%s\" not found; check the text after #",
			    value->where, value->ref.path, value->ref.key);
	}
	return 0;
}

int source_kv_finish(
    struct source_kv *kv, struct http_client *client, struct vault *vault, struct error *err)
{
	for (; kv->ended < kv->count; kv->ended++) {
		if (start_requests(kv, client, err) < 0)
			return -1;
		struct http_exchange *ended = http_wait(client);
		int result = read_secret(ended->context, vault, err);
		/* Responses may be large, and are not all kept. */
		http_exchange_free(ended);
		if (result < 0)
			return -1;
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
