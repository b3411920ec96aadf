/*
 * collect: read all sources, decrypt their values, and name the variables.
 *
 * The login to Vault and the reads of the Kubernetes API run concurrently.  Then the ciphertexts
 * are decrypted in batches, one for each Transit key (two if only some values have a context).
 * Concurrently, the secrets of KV engines that values refer to are read.  With --auth-inline, each
 * request contains the login.
 */
#include <openssl/sha.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/input_file.h"
#include "lib/base/log.h"
#include "lib/launch/source.h"

struct collection {
	const struct launch_settings *settings;
	struct http_client *client;
	struct source_list sources;
	char *user_agent; /* NULL: the default */
	struct vault vault;
	struct http_exchange login;
};

/* Name the pod and the Secrets in the requests to both servers. */
static int set_user_agent(struct collection *collection, struct error *err)
{
	const char *program = collection->settings->vault.user_agent;
	struct kube *kube = &collection->sources.kube;

	if (!program)
		return 0;
	collection->user_agent = user_agent_of_start(&collection->sources, program, err);
	if (!collection->user_agent)
		return -1;
	return http_endpoint_set_user_agent(&kube->endpoint, collection->user_agent, err);
}

/* Start the time limit and open the sources. */
static int collection_open(struct collection *collection, bool quiet, struct error *err)
{
	const struct launch_settings *settings = collection->settings;
	int64_t deadline_ms = clock_now_ms() + settings->timeout_ms;

	input_file_set_deadline(deadline_ms);
	collection->client = http_client_new(deadline_ms, err);
	if (!collection->client)
		return -1;
	if (source_list_open(&collection->sources, settings, deadline_ms, quiet, err) < 0)
		return -1;
	return set_user_agent(collection, err);
}

static void collection_free(struct collection *collection)
{
	source_list_free(&collection->sources);
	http_exchange_free(&collection->login);
	vault_free(&collection->vault);
	free(collection->user_agent);
	if (collection->client)
		http_client_free(collection->client);
}

/* Run the API reads concurrently, together with the login if `login` is true. */
static int run_exchanges(struct collection *collection, bool login, struct error *err)
{
	struct source_objects *objects = &collection->sources.objects;
	size_t count = 0;
	cleanup_free struct http_exchange **running = calloc(objects->count + 1, sizeof(*running));

	if (!running)
		return error_memory(err);
	if (login)
		running[count++] = &collection->login;
	for (size_t i = 0; i < objects->count; i++)
		running[count++] = &objects->items[i].exchange;
	return http_run(collection->client, running, count, err);
}

/* Log in and read the API.  If all sources are plaintext, Vault is not contacted. */
static int fetch(struct collection *collection, struct error *err)
{
	const struct launch_settings *settings = collection->settings;
	struct error failure = ERROR_INIT;
	int login = 0;

	if (source_list_needs_vault(&collection->sources)) {
		struct vault_settings vault = settings->vault;
		vault.user_agent = collection->user_agent;
		if (vault_init(&collection->vault, &vault, err) < 0)
			return -1;
		login = vault_session_request(collection->client, &collection->vault,
		    &settings->session, &collection->login, err);
	}
	if (login < 0)
		return -1;
	int ran = run_exchanges(collection, login > 0, &failure);
	/* The token of a login that succeeded must be revoked, even if another exchange failed. */
	if (login > 0 && (ran == 0 || collection->login.status) &&
	    vault_session_result(&collection->vault, &settings->session, &collection->login, err) <
		0)
		return -1;
	if (ran < 0)
		*err = failure;
	return ran;
}

/* -- decrypting and reading ------------------------------------------------------------------- */

/* Vault's error message if a derived key is used without a context. */
#define CONTEXT_MISSING "missing 'context'"

static int refuse_value(const struct source_value *value, const char *problem, struct error *err)
{
	error_set(err, ERROR_INVALID, "%s: Vault cannot decrypt it with Transit key %s: %s",
	    value->where, value->transit_key, problem);
	if (value->context)
		return error_hint(err, "%s", value->kind->hint_bound);
	if (strstr(problem, CONTEXT_MISSING))
		return error_hint(err, "%s", value->kind->hint_unbound);
	return error_hint(
	    err, "check the Transit key; it may be garbled, or sealed with another key");
}

static int set_plaintext(struct source_value *value, struct transit_item *item, struct error *err)
{
	if (item->error)
		return refuse_value(value, item->error, err);
	secret_buffer_move(&value->bytes, &item->output);
	value->form = SOURCE_PLAINTEXT;
	return 0;
}

/* Decrypt values of one Transit key: either all have a context or none has, as Vault requires. */
static int decrypt_group(
    struct collection *collection, struct source_value **values, size_t count, struct error *err)
{
	struct transit_key key;
	cleanup_free struct transit_item *items = calloc(count, sizeof(*items));

	if (!items)
		return error_memory(err);
	if (transit_key_parse(&key, values[0]->transit_key, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		items[i].input = values[i]->bytes.data;
		items[i].input_length = values[i]->bytes.length;
		items[i].context = values[i]->context;
	}
	int result = transit_batch(
	    collection->client, &collection->vault, &key, TRANSIT_DECRYPT, items, count, err);
	for (size_t i = 0; result == 0 && i < count; i++)
		result = set_plaintext(values[i], &items[i], err);
	transit_items_free(items, count);
	transit_key_free(&key);
	return result;
}

/* Move all values of the group of values[0] to the front.  Return their number, or -1. */
static ssize_t gather_group(struct source_value **values, size_t count, struct error *err)
{
	struct transit_key key;
	size_t group = 0;
	bool bound = values[0]->context != NULL;

	if (transit_key_parse(&key, values[0]->transit_key, err) < 0)
		return error_wrap(err, "%s", values[0]->where);
	for (size_t i = 0; i < count; i++) {
		struct source_value *value = values[i];
		if ((value->context != NULL) != bound || !transit_key_is(&key, value->transit_key))
			continue;
		values[i] = values[group];
		values[group++] = value;
	}
	transit_key_free(&key);
	return (ssize_t)group;
}

/* Decrypt the values with one batch for each group, which changes their order. */
static int decrypt_values(
    struct collection *collection, struct source_value **values, size_t count, struct error *err)
{
	for (size_t done = 0; done < count;) {
		ssize_t group = gather_group(values + done, count - done, err);
		if (group < 0 || decrypt_group(collection, values + done, (size_t)group, err) < 0)
			return -1;
		done += (size_t)group;
	}
	return 0;
}

/* Check that the token may be used for one request for each group, and `others` more. */
static int check_uses(struct collection *collection, struct source_value **values, size_t count,
    size_t others, struct error *err)
{
	size_t requests = others;

	for (size_t done = 0; done < count; requests++) {
		ssize_t group = gather_group(values + done, count - done, err);
		if (group < 0)
			return -1;
		done += (size_t)group;
	}
	return vault_session_check_uses(&collection->vault, requests, err);
}

/* Values of all sources by their form.  Borrowed, in one array. */
struct values_by_form {
	struct source_value **sealed, **references;
	size_t sealed_count, reference_count;
};

/* Decrypt the sealed values and read the references concurrently. */
static int resolve_values(
    struct collection *collection, const struct values_by_form *values, struct error *err)
{
	struct http_client *client = collection->client;
	struct vault *vault = &collection->vault;
	struct source_kv kv;
	int result = source_kv_init(&kv, values->references, values->reference_count, err);

	if (result == 0)
		result =
		    check_uses(collection, values->sealed, values->sealed_count, kv.count, err);
	if (result == 0)
		result = source_kv_start(&kv, client, vault, err);
	if (result == 0)
		result = decrypt_values(collection, values->sealed, values->sealed_count, err);
	if (result == 0)
		result = source_kv_finish(&kv, client, vault, err);
	source_kv_free(&kv, client);
	return result;
}

/* Replace all sealed values and references by their plaintext, or fail at the first error. */
static int resolve(struct collection *collection, struct error *err)
{
	const struct source_list *sources = &collection->sources;
	size_t room = 0;

	for (size_t i = 0; i < sources->count; i++)
		room += sources->items[i].count;
	cleanup_free struct source_value **all = calloc(2 * room + 1, sizeof(*all));
	if (!all)
		return error_memory(err);
	struct values_by_form values = {.sealed = all, .references = all + room};
	for (size_t i = 0; i < sources->count; i++)
		for (size_t k = 0; k < sources->items[i].count; k++) {
			struct source_value *value = &sources->items[i].values[k];
			if (value->form == SOURCE_CIPHERTEXT)
				values.sealed[values.sealed_count++] = value;
			else if (value->form == SOURCE_REFERENCE)
				values.references[values.reference_count++] = value;
		}
	int result = resolve_values(collection, &values, err);
	/* No value has been replaced yet if the server does not support inline logins. */
	if (result < 0 && vault_session_fall_back(collection->client, &collection->vault,
			      &collection->settings->session, err) > 0)
		result = resolve_values(collection, &values, err);
	return result;
}

/* -- naming ----------------------------------------------------------------------------------- */

/*
 * Name the values of one source.  Reject two values with the same name in one source and, without
 * --override, in two sources.
 */
static int name_source(struct collection *collection, struct source *source,
    struct variables *variables, struct error *err)
{
	bool override = collection->settings->override;
	struct variables own = {0};
	int result = source_move_values(source, &collection->settings->names, &own, err);
	bool named = result == 0;

	if (named)
		result = variables_merge(variables, &own, override, err);
	if (result < 0 && err->code == ERROR_TOO_LARGE &&
	    (own.count == VARIABLES_MAX || variables->count == VARIABLES_MAX))
		error_hint(err, "select values with --only");
	else if (result < 0 && named && !override)
		error_hint(err, "or pass --override to use the stronger source");
	variables_free(&own);
	return result;
}

static int name_all(struct collection *collection, struct variables *variables, struct error *err)
{
	size_t excluded = 0;
	bool plaintext = false;

	for (size_t i = 0; i < collection->sources.count; i++) {
		struct source *source = &collection->sources.items[i];
		if (name_source(collection, source, variables, err) < 0)
			return -1;
		excluded += source->excluded;
		plaintext |= source->kind->plaintext;
	}
	if (variables->count == 0 && excluded)
		return error_set(err, ERROR_INVALID,
		    "--only and --exclude exclude all %zu value%s; change the patterns", excluded,
		    string_plural(excluded));
	if (plaintext)
		log_write(LOG_WARNING,
		    "--allow-plaintext: delivering values that are not sealed; do not use it in production");
	return 0;
}

static int gather(struct collection *collection, struct error *err)
{
	if (collection_open(collection, false, err) < 0 || fetch(collection, err) < 0 ||
	    source_list_finish(&collection->sources, err) < 0)
		return -1;
	return resolve(collection, err);
}

int collect(const struct launch_settings *settings, struct variables *variables, struct error *err)
{
	struct collection collection = {.settings = settings};
	struct error revoke = ERROR_INIT;
	int result = gather(&collection, err);

	if (collection.client && vault_session_end(collection.client, &collection.vault,
				     &settings->session, &revoke) < 0) {
		if (result == 0)
			*err = revoke;
		else
			log_error(LOG_WARNING, &revoke);
		result = -1;
	}
	if (result == 0)
		result = name_all(&collection, variables, err);
	collection_free(&collection);
	return result;
}

/* -- fingerprint ------------------------------------------------------------------------------ */

/* Hash each length before its part, so that different lists never have the same hash input. */
static void hash_part(SHA256_CTX *hash, const void *bytes, size_t length)
{
	uint64_t size = length;

	SHA256_Update(hash, &size, sizeof(size));
	SHA256_Update(hash, bytes, length);
}

static void hash_text(SHA256_CTX *hash, const char *text)
{
	hash_part(hash, text ? text : "", text ? strlen(text) : 0);
}

/* Include the key, the context and the layout, since annotations can change without the data. */
static void hash_value(SHA256_CTX *hash, const struct source_value *value)
{
	hash_text(hash, value->where);
	hash_text(hash, value->name);
	hash_text(hash, value->transit_key);
	hash_text(hash, value->context);
	hash_part(hash, &value->document, sizeof(value->document));
	hash_part(hash, secret_buffer_string(&value->bytes), value->bytes.length);
}

static void hash_sources(const struct source_list *list, uint8_t digest[COLLECT_DIGEST_SIZE])
{
	SHA256_CTX hash;

	SHA256_Init(&hash);
	for (size_t i = 0; i < list->count; i++)
		for (size_t k = 0; k < list->items[i].count; k++)
			hash_value(&hash, &list->items[i].values[k]);
	SHA256_Final(digest, &hash);
}

int collect_fingerprint(
    const struct launch_settings *settings, uint8_t digest[COLLECT_DIGEST_SIZE], struct error *err)
{
	struct collection collection = {.settings = settings};
	int result = collection_open(&collection, true, err);

	if (result == 0)
		result = run_exchanges(&collection, false, err);
	if (result == 0)
		result = source_list_finish(&collection.sources, err);
	if (result == 0)
		hash_sources(&collection.sources, digest);
	collection_free(&collection);
	return result;
}

int collect_with_digests(const struct launch_settings *settings, const uint8_t *key,
    struct collect_digests *digests, struct variables *variables, struct error *err)
{
	if (key && collect_fingerprint(settings, digests->ciphertext, err) < 0)
		return -1;
	if (collect(settings, variables, err) < 0)
		return -1;
	return key ? variables_digest(variables, key, digests->plaintext, err) : 0;
}
