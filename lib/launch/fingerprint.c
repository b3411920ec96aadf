/* fingerprint: whether anything that the sources hold has changed; no login, and no plaintext. */
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/launch/collect.h"
#include "lib/launch/source_list.h"

static int fetch(struct http_client *client, struct source_list *list, struct error *err)
{
	cleanup_free struct http_exchange **running =
	    calloc(list->objects.count + 1, sizeof(*running));

	if (!running)
		return error_memory(err);
	for (size_t i = 0; i < list->objects.count; i++)
		running[i] = &list->objects.items[i].exchange;
	return http_run(client, running, list->objects.count, err);
}

/* Each part with its length before it, so that no two lists of parts read alike. */
static void mix(SHA256_CTX *hash, const void *bytes, size_t length)
{
	uint64_t size = length;

	SHA256_Update(hash, &size, sizeof(size));
	SHA256_Update(hash, bytes, length);
}

static void mix_text(SHA256_CTX *hash, const char *text)
{
	mix(hash, text ? text : "", text ? strlen(text) : 0);
}

/* The key, the context and the layout too: they are annotations, which may change alone. */
static void mix_value(SHA256_CTX *hash, const struct source_value *value)
{
	mix_text(hash, value->where);
	mix_text(hash, value->name);
	mix_text(hash, value->transit_key);
	mix_text(hash, value->context);
	mix(hash, &value->document, sizeof(value->document));
	mix(hash, secret_buffer_string(&value->bytes), value->bytes.length);
}

static void digest_of(const struct source_list *list, uint8_t digest[COLLECT_DIGEST_SIZE])
{
	SHA256_CTX hash;

	SHA256_Init(&hash);
	for (size_t i = 0; i < list->count; i++)
		for (size_t k = 0; k < list->items[i].count; k++)
			mix_value(&hash, &list->items[i].values[k]);
	SHA256_Final(digest, &hash);
}

int collect_fingerprint(struct http_client *client, const struct collect_settings *settings,
    uint8_t digest[COLLECT_DIGEST_SIZE], struct error *err)
{
	struct source_list list;
	struct source_list_settings listing = {
	    &settings->sources, &settings->naming, &settings->kube, true};
	int result = source_list_open(&list, &listing, err);

	if (result == 0)
		result = fetch(client, &list, err);
	if (result == 0)
		result = source_list_finish(&list, err);
	if (result == 0)
		digest_of(&list, digest);
	source_list_free(&list);
	return result;
}
