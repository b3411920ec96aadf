#include "lib/rotate/keyset.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"

const struct keyset_key *keyset_find(const struct keyset *set, const char *text)
{
	for (size_t i = 0; i < set->count; i++)
		if (transit_key_is(&set->keys[i].key, text))
			return &set->keys[i];
	return NULL;
}

int keyset_add(struct keyset *set, const char *text, struct error *err)
{
	struct keyset_key added = {0};

	if (keyset_find(set, text))
		return 0;
	struct keyset_key *grown = reallocarray(set->keys, set->count + 1, sizeof(*grown));
	if (!grown)
		return error_memory(err);
	set->keys = grown;
	if (transit_key_parse(&added.key, text, err) < 0)
		return -1;
	set->keys[set->count++] = added;
	return 0;
}

int keyset_rotate(
    struct keyset *set, struct http_client *client, struct vault *vault, struct error *err)
{
	size_t failed = 0;

	for (size_t i = 0; i < set->count; i++) {
		struct keyset_key *key = &set->keys[i];
		struct transit_key_state state;

		if (transit_key_rotate(client, vault, &key->key, &state, err) < 0) {
			error_wrap(err, "rotating");
			if (error_is_outage(err) || ++failed == set->count)
				return -1;
			log_write(LOG_ERROR, "%s", err->message);
			error_clear(err);
			key->failed = true;
			continue;
		}
		key->latest_version = state.latest_version;
		log_write(LOG_INFO, "Transit key %s/%s: rotated to version %lld", key->key.mount,
		    key->key.name, (long long)key->latest_version);
	}
	return 0;
}

void keyset_free(struct keyset *set)
{
	for (size_t i = 0; i < set->count; i++)
		transit_key_free(&set->keys[i].key);
	free(set->keys);
	memset(set, 0, sizeof(*set));
}
