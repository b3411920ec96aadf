#include "lib/launch/collect.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/launch/decrypt.h"
#include "lib/launch/source_list.h"

struct collection {
	const struct collect_settings *settings;
	struct http_client *client;
	struct source_list sources;
	struct vault vault;
	struct http_exchange login;
};

static void free_collection(struct collection *collection)
{
	source_list_free(&collection->sources);
	http_exchange_free(&collection->login);
	vault_free(&collection->vault);
}

/* Login and all reads at once.  Where all there is is plaintext, nothing of Vault is asked for. */
static int fetch(struct collection *collection, struct error *err)
{
	struct api_objects *objects = &collection->sources.objects;
	size_t count = 0;
	int login = 0;
	cleanup_free struct http_exchange **running = calloc(objects->count + 1, sizeof(*running));

	if (!running)
		return error_memory(err);
	if (source_list_needs_vault(&collection->sources)) {
		if (vault_init(&collection->vault, &collection->settings->vault, err) < 0)
			return -1;
		login = vault_session_request(collection->client, &collection->vault,
		    &collection->settings->session, &collection->login, err);
	}
	if (login < 0)
		return -1;
	if (login > 0)
		running[count++] = &collection->login;
	for (size_t i = 0; i < objects->count; i++)
		running[count++] = &objects->items[i].exchange;
	struct error failure = ERROR_INIT;
	int ran = http_run(collection->client, running, count, &failure);
	/* A login that was answered before another exchange failed has made a token to give back.
	 */
	if (login > 0 && (ran == 0 || collection->login.status) &&
	    vault_session_result(
		&collection->vault, &collection->settings->session, &collection->login, err) < 0)
		return -1;
	if (ran < 0) {
		*err = failure;
		return -1;
	}
	return 0;
}

static int decrypt(struct collection *collection, struct error *err)
{
	const struct source_list *sources = &collection->sources;
	size_t count = 0, room = 0;

	for (size_t i = 0; i < sources->count; i++)
		room += sources->items[i].count;
	cleanup_free struct source_value **sealed = calloc(room + 1, sizeof(struct source_value *));
	if (!sealed)
		return error_memory(err);
	for (size_t i = 0; i < sources->count; i++) {
		const struct source *source = &sources->items[i];
		for (size_t k = 0; k < source->count; k++)
			if (source->values[k].sealed)
				sealed[count++] = &source->values[k];
	}
	return decrypt_values(collection->client, &collection->vault, sealed, count, err);
}

/* Everything for which the servers are needed. */
static int gather(struct collection *collection, struct error *err)
{
	const struct collect_settings *settings = collection->settings;
	struct source_list_settings listing = {
	    &settings->sources, &settings->naming, &settings->kube, false};

	if (source_list_open(&collection->sources, &listing, err) < 0 ||
	    fetch(collection, err) < 0 || source_list_finish(&collection->sources, err) < 0)
		return -1;
	return decrypt(collection, err);
}

/* Two values of one source that get one name are an error always, of two sources it depends. */
static int name_source(struct collection *collection, struct source *source,
    struct variables *variables, struct error *err)
{
	const struct collect_settings *settings = collection->settings;
	bool override = settings->sources.override;
	struct variables own = {0};
	int result = source_name_values(source, &settings->naming, &own, err);

	if (result == 0 && variables_merge(variables, &own, override, err) < 0)
		result = override ? -1 : error_hint(err, "--override lets the stronger win");
	variables_free(&own);
	return result;
}

static int name_all(struct collection *collection, struct variables *variables, struct error *err)
{
	size_t left_out = 0;

	for (size_t i = 0; i < collection->sources.count; i++) {
		struct source *source = &collection->sources.items[i];
		if (name_source(collection, source, variables, err) < 0)
			return -1;
		left_out += source->left_out;
	}
	if (variables->count == 0 && left_out)
		return error_set(err, ERROR_INVALID,
		    "nothing is left: --only and --exclude leave out all %zu values", left_out);
	if (source_list_has_plaintext(&collection->sources))
		log_write(LOG_WARNING, "--allow-plaintext: values that nobody has sealed are "
				       "delivered: never do so in production");
	return 0;
}

int collect(struct http_client *client, const struct collect_settings *settings,
    struct variables *variables, struct error *err)
{
	struct collection collection = {.settings = settings, .client = client};
	struct error revoke = ERROR_INIT;
	int result = gather(&collection, err);

	if (vault_session_end(client, &collection.vault, &settings->session, &revoke) < 0) {
		if (result == 0)
			*err = revoke;
		else
			log_write(LOG_WARNING, "%s", revoke.message);
		result = -1;
	}
	if (result == 0)
		result = name_all(&collection, variables, err);
	free_collection(&collection);
	return result;
}
