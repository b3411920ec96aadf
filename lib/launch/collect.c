#include "lib/launch/collect.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/sealed/sealed.h"

/* One --secret. */
struct wanted {
	char *namespace, *name, *data_key; /* data_key NULL: all of them */
	struct http_exchange exchange;
	struct kube_secret secret;
};

/* One ciphertext on its way to becoming variables. */
struct sealed_value {
	const char *key_text; /* the Transit key, [MOUNT/]NAME; borrowed */
	char *context;	      /* base64, or NULL */
	char *name;	      /* of the variable, or of the data key that holds a document */
	char *source;
	bool document;
	const struct secret_buffer *ciphertext; /* of a Secret; borrowed */
	const char *text;			/* of the environment; borrowed */
};

struct collection {
	const struct collect_settings *settings;
	struct http_client *client;
	struct vault vault;
	struct kube kube;
	struct http_exchange login;
	struct wanted *wanted;
	size_t wanted_count;
	struct sealed_value *values;
	size_t count, capacity;
};

static void free_collection(struct collection *collection)
{
	for (size_t i = 0; i < collection->wanted_count; i++) {
		struct wanted *wanted = &collection->wanted[i];
		free(wanted->namespace);
		free(wanted->name);
		free(wanted->data_key);
		http_exchange_free(&wanted->exchange);
		kube_secret_free(&wanted->secret);
	}
	for (size_t i = 0; i < collection->count; i++) {
		free(collection->values[i].context);
		free(collection->values[i].name);
		free(collection->values[i].source);
	}
	free(collection->wanted);
	free(collection->values);
	http_exchange_free(&collection->login);
	vault_free(&collection->vault);
	kube_free(&collection->kube);
}

/* Split [NAMESPACE/]NAME[:KEY]. */
static int parse_wanted(
    struct wanted *wanted, const char *text, const char *namespace, struct error *err)
{
	const char *slash = strchr(text, '/'), *name = slash ? slash + 1 : text;
	const char *colon = strchr(name, ':');

	wanted->namespace = slash ? strndup(text, (size_t)(slash - text)) : strdup(namespace);
	wanted->name = colon ? strndup(name, (size_t)(colon - name)) : strdup(name);
	wanted->data_key = colon ? strdup(colon + 1) : NULL;
	if (!wanted->namespace || !wanted->name || (colon && !wanted->data_key))
		return error_memory(err);
	if (!kube_valid_namespace(wanted->namespace) || !kube_valid_name(wanted->name) ||
	    (colon && !kube_valid_data_key(wanted->data_key)))
		return error_set(
		    err, ERROR_USAGE, "--secret \"%s\": write [NAMESPACE/]NAME[:KEY]", text);
	return 0;
}

static int prepare_secrets(struct collection *collection, struct error *err)
{
	const struct strings *names = &collection->settings->sources.secrets;

	if (names->count == 0)
		return 0;
	if (kube_init(&collection->kube, &collection->settings->kube, err) < 0)
		return -1;
	collection->wanted = calloc(names->count, sizeof(*collection->wanted));
	if (!collection->wanted)
		return error_memory(err);
	collection->wanted_count = names->count;
	for (size_t i = 0; i < names->count; i++) {
		struct wanted *wanted = &collection->wanted[i];
		if (parse_wanted(wanted, names->items[i], collection->kube.namespace, err) < 0 ||
		    kube_secret_get_request(&collection->kube, wanted->namespace, wanted->name,
			&wanted->exchange, err) < 0)
			return -1;
	}
	return 0;
}

static int read_secrets(struct collection *collection, struct error *err)
{
	for (size_t i = 0; i < collection->wanted_count; i++) {
		struct wanted *wanted = &collection->wanted[i];
		if (kube_secret_result(&wanted->exchange, wanted->namespace, wanted->name,
			&wanted->secret, err) < 0)
			return -1;
	}
	return 0;
}

/* All reads at once, without a login. */
static int fetch_secrets(struct collection *collection, struct error *err)
{
	cleanup_free struct http_exchange **running =
	    calloc(collection->wanted_count + 1, sizeof(*running));

	if (!running)
		return error_memory(err);
	for (size_t i = 0; i < collection->wanted_count; i++)
		running[i] = &collection->wanted[i].exchange;
	if (http_run(collection->client, running, collection->wanted_count, err) < 0)
		return -1;
	return read_secrets(collection, err);
}

/* Login and all reads at once. */
static int fetch(struct collection *collection, struct error *err)
{
	size_t count = 0;
	cleanup_free struct http_exchange **running =
	    calloc(collection->wanted_count + 1, sizeof(*running));

	if (!running)
		return error_memory(err);
	int login = vault_session_request(collection->client, &collection->vault,
	    &collection->settings->session, &collection->login, err);
	if (login < 0)
		return -1;
	if (login > 0)
		running[count++] = &collection->login;
	for (size_t i = 0; i < collection->wanted_count; i++)
		running[count++] = &collection->wanted[i].exchange;
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
	return read_secrets(collection, err);
}

static struct sealed_value *add_value(struct collection *collection, struct error *err)
{
	if (collection->count == collection->capacity) {
		size_t capacity = collection->capacity ? 2 * collection->capacity : 16;
		struct sealed_value *grown =
		    reallocarray(collection->values, capacity, sizeof(*grown));
		if (!grown) {
			error_memory(err);
			return NULL;
		}
		collection->values = grown;
		collection->capacity = capacity;
	}
	struct sealed_value *value = &collection->values[collection->count++];
	memset(value, 0, sizeof(*value));
	return value;
}

static int add_secret(struct collection *collection, const struct wanted *wanted, struct error *err)
{
	const struct kube_secret *secret = &wanted->secret;
	enum sealed_scope scope;

	if (sealed_secret_check(secret, wanted->data_key, err) < 0 ||
	    sealed_secret_scope(secret, &scope, err) < 0)
		return -1;
	const char *key = sealed_secret_key(secret, collection->settings->sources.transit_key, err);
	if (!key)
		return -1;
	for (size_t i = 0; i < secret->data_count; i++) {
		const struct kube_entry *entry = &secret->data[i];
		if (wanted->data_key && strcmp(wanted->data_key, entry->key) != 0)
			continue;
		struct sealed_value *value = add_value(collection, err);
		if (!value)
			return -1;
		value->key_text = key;
		value->ciphertext = &entry->value;
		value->document = sealed_secret_is_document(secret, entry->key);
		value->name = strdup(entry->key);
		value->source = string_format(
		    err, "Secret %s/%s, data key %s", secret->namespace, secret->name, entry->key);
		if (!value->name || !value->source)
			return error_memory(err);
		if (scope != SEALED_UNBOUND &&
		    !(value->context = sealed_context(
			  scope, secret->namespace, secret->name, entry->key, err)))
			return -1;
	}
	return 0;
}

static int add_environment(struct collection *collection, struct error *err)
{
	const char *key = collection->settings->sources.transit_key;

	for (char **entry = collection->settings->sources.environment; *entry; entry++) {
		const char *equals = strchr(*entry, '=');
		if (!equals || !sealed_is_ciphertext(equals + 1, strlen(equals + 1)))
			continue;
		if (!key)
			return error_set(err, ERROR_USAGE,
			    "environment variable %.*s: no Transit key is known: name the key with "
			    "--transit-key",
			    (int)(equals - *entry), *entry);
		struct sealed_value *value = add_value(collection, err);
		if (!value)
			return -1;
		value->key_text = key;
		value->text = equals + 1;
		value->name = strndup(*entry, (size_t)(equals - *entry));
		if (!value->name)
			return error_memory(err);
		value->source = string_format(err, "environment variable %s", value->name);
		if (!value->source)
			return -1;
		/* A document-layout Secret in envFrom: its data key names a file, no variable. */
		value->document = strchr(value->name, '.') != NULL;
	}
	return 0;
}

/* What a document's members go to. */
struct members {
	struct variables *variables;
	const char *source;
};

static int add_member(
    void *context, const char *name, struct secret_buffer *value, struct error *err)
{
	struct members *members = context;

	return variables_add(members->variables, name, value, members->source, err);
}

static int take_plaintext(const struct sealed_value *value, struct transit_item *item,
    struct variables *variables, struct error *err)
{
	struct members members = {variables, value->source};

	if (item->error) {
		error_set(err, ERROR_INVALID, "%s: Vault can't decrypt it with Transit key %s: %s",
		    value->source, value->key_text, item->error);
		return error_hint(err,
		    value->context
			? "it is bound to its Secret: was it copied from another one, or garbled?"
			: "is it sealed with another key, or garbled?");
	}
	if (!value->document)
		return variables_add(variables, value->name, &item->output, value->source, err);
	return sealed_document_each(&item->output, value->source, add_member, &members, err);
}

/* Decrypt all values under the Transit key of values[first] that are not done yet. */
static int decrypt_group(struct collection *collection, size_t first, bool *done,
    struct transit_item *items, struct error *err)
{
	const char *text = collection->values[first].key_text;
	size_t count = 0;
	struct transit_key key;
	cleanup_free size_t *members = calloc(collection->count, sizeof(*members));

	if (!members)
		return error_memory(err);
	if (transit_key_parse(&key, text, err) < 0)
		return -1;
	for (size_t i = first; i < collection->count; i++)
		if (!done[i] && transit_key_is(&key, collection->values[i].key_text)) {
			done[i] = true;
			members[count++] = i;
		}
	cleanup_free struct transit_item *group = calloc(count, sizeof(*group));
	int result = group ? 0 : error_memory(err);
	for (size_t i = 0; group && i < count; i++)
		group[i] = items[members[i]];
	if (result == 0)
		result = transit_batch(collection->client, &collection->vault, &key,
		    TRANSIT_DECRYPT, group, count, err);
	for (size_t i = 0; group && i < count; i++)
		items[members[i]] = group[i];
	transit_key_free(&key);
	return result;
}

/* One for each Transit key. */
static int count_requests(const struct collection *collection, size_t *requests, struct error *err)
{
	cleanup_free bool *counted = calloc(collection->count + 1, sizeof(*counted));

	*requests = 0;
	if (!counted)
		return error_memory(err);
	for (size_t i = 0; i < collection->count; i++) {
		struct transit_key key;
		if (counted[i])
			continue;
		if (transit_key_parse(&key, collection->values[i].key_text, err) < 0)
			return -1;
		for (size_t j = i; j < collection->count; j++)
			counted[j] |= transit_key_is(&key, collection->values[j].key_text);
		transit_key_free(&key);
		++*requests;
	}
	return 0;
}

static int decrypt(struct collection *collection, struct variables *variables, struct error *err)
{
	size_t count = collection->count, requests;
	int64_t version;
	int result = 0;
	cleanup_free struct transit_item *items = calloc(count + 1, sizeof(*items));
	cleanup_free bool *done = calloc(count + 1, sizeof(*done));

	if (!items || !done)
		return error_memory(err);
	for (size_t i = 0; i < count; i++) {
		const struct sealed_value *value = &collection->values[i];
		items[i].input = value->text ? value->text : value->ciphertext->data;
		items[i].input_length =
		    value->text ? strlen(value->text) : value->ciphertext->length;
		items[i].context = value->context;
		if (sealed_version(items[i].input, items[i].input_length, &version, err) < 0)
			return error_wrap(err, "%s", value->source);
	}
	if (count_requests(collection, &requests, err) < 0 ||
	    vault_session_check_uses(&collection->vault, requests, err) < 0)
		return -1;
	for (size_t i = 0; result == 0 && i < count; i++)
		if (!done[i])
			result = decrypt_group(collection, i, done, items, err);
	for (size_t i = 0; result == 0 && i < count; i++)
		result = take_plaintext(&collection->values[i], &items[i], variables, err);
	transit_items_free(items, count);
	return result;
}

static int run(struct collection *collection, struct variables *variables, struct error *err)
{
	if (add_environment(collection, err) < 0 || prepare_secrets(collection, err) < 0)
		return -1;
	if (collection->count == 0 && collection->wanted_count == 0)
		return error_set(err, ERROR_USAGE,
		    "nothing to decrypt: name a Secret with --secret, or pass one by envFrom");
	if (fetch(collection, err) < 0)
		return -1;
	for (size_t i = 0; i < collection->wanted_count; i++)
		if (add_secret(collection, &collection->wanted[i], err) < 0)
			return -1;
	return decrypt(collection, variables, err);
}

int collect(struct http_client *client, const struct collect_settings *settings,
    struct variables *variables, struct error *err)
{
	struct collection collection = {.settings = settings, .client = client};
	struct error revoke = ERROR_INIT;

	if (vault_init(&collection.vault, &settings->vault, err) < 0)
		return -1;
	int result = run(&collection, variables, err);
	if (vault_session_end(client, &collection.vault, &settings->session, &revoke) < 0) {
		if (result == 0)
			*err = revoke;
		else
			log_write(LOG_WARNING, "%s", revoke.message);
		result = -1;
	}
	free_collection(&collection);
	return result;
}

/* With its length before it, so that no two lists of parts read alike. */
static void mix(SHA256_CTX *hash, const void *bytes, size_t length)
{
	uint64_t size = length;

	SHA256_Update(hash, &size, sizeof(size));
	SHA256_Update(hash, bytes, length);
}

int collect_fingerprint(struct http_client *client, const struct collect_settings *settings,
    uint8_t digest[COLLECT_DIGEST_SIZE], struct error *err)
{
	struct collection collection = {.settings = settings, .client = client};
	SHA256_CTX hash;
	int result = -1;

	if (add_environment(&collection, err) == 0 && prepare_secrets(&collection, err) == 0)
		result = fetch_secrets(&collection, err);
	for (size_t i = 0; result == 0 && i < collection.wanted_count; i++)
		result = add_secret(&collection, &collection.wanted[i], err);
	SHA256_Init(&hash);
	for (size_t i = 0; i < collection.count; i++) {
		const struct sealed_value *value = &collection.values[i];
		const char *bytes =
		    value->text ? value->text : secret_buffer_string(value->ciphertext);
		mix(&hash, value->source, strlen(value->source));
		mix(&hash, bytes, value->text ? strlen(bytes) : value->ciphertext->length);
	}
	SHA256_Final(digest, &hash);
	free_collection(&collection);
	return result;
}
