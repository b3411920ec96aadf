#include "lib/seal/seal.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/sealed/sealed.h"

struct sealing {
	const struct seal_settings *settings;
	const struct variables *values;
	struct http_client *client;
	struct vault vault;
	struct kube kube;
	char *namespace; /* NULL: a manifest that leaves it open */
	struct kube_secret existing;
	bool exists;
	struct transit_key key;
	enum sealed_scope scope;
};

static void free_sealing(struct sealing *sealing)
{
	vault_free(&sealing->vault);
	kube_free(&sealing->kube);
	free(sealing->namespace);
	kube_secret_free(&sealing->existing);
	transit_key_free(&sealing->key);
}

void seal_outcome_free(struct seal_outcome *outcome)
{
	kube_secret_free(&outcome->secret);
}

static int check_names(const struct sealing *sealing, struct error *err)
{
	const char *name = sealing->settings->name;
	const struct variables *values = sealing->values;

	if (!kube_valid_name(name))
		return error_set(err, ERROR_USAGE,
		    "\"%s\" can't be a Secret's name: lower case letters, digits, '-' and '.', up "
		    "to "
		    "253, beginning and ending with a letter or digit",
		    name);
	for (size_t i = 0; i < values->count; i++)
		if (!kube_valid_data_key(values->items[i].name))
			return error_set(err, ERROR_INVALID,
			    "%s: \"%s\" can't be a data key of a Secret: letters, digits, '-', '_' "
			    "and "
			    "'.', up to 253",
			    values->items[i].source, values->items[i].name);
	return 0;
}

/* Without the API a kubeconfig may be missing; the namespace is then what -n says. */
static int find_namespace(struct sealing *sealing, struct error *err)
{
	const struct kube_settings *settings = &sealing->settings->kube;
	const char *namespace = settings->namespace;

	if (sealing->settings->offline && !given(namespace))
		return 0;
	if (!sealing->settings->offline) {
		if (kube_init(&sealing->kube, settings, err) < 0)
			return -1;
		namespace = sealing->kube.namespace;
	}
	if (!kube_valid_namespace(namespace))
		return error_set(err, ERROR_USAGE, "\"%s\" can't be a namespace's name", namespace);
	sealing->namespace = strdup(namespace);
	return sealing->namespace ? 0 : error_memory(err);
}

static bool replaces(const struct sealing *sealing, const char *data_key)
{
	for (size_t i = 0; i < sealing->values->count; i++)
		if (strcmp(sealing->values->items[i].name, data_key) == 0)
			return true;
	return false;
}

/* Values do not add to a document that is there: it would be replaced, and lose its other members.
 */
static int check_layout(const struct sealing *sealing, const char *data_key, struct error *err)
{
	const struct kube_secret *secret = &sealing->existing;
	bool document = sealing->settings->document;

	if (sealed_secret_is_document(secret, data_key) != document)
		return error_set(err, ERROR_USAGE,
		    "Secret %s/%s: its layout is %s: use --layout %s, or another name",
		    secret->namespace, secret->name, document ? "per-key" : "document",
		    document ? "per-key" : "document");
	if (document && !sealing->settings->whole_document && replaces(sealing, data_key))
		return error_set(err, ERROR_USAGE,
		    "Secret %s/%s: document \"%s\" is there, and would lose its other members: "
		    "give "
		    "all of it with --from-document",
		    secret->namespace, secret->name, data_key);
	return 0;
}

/* A Secret that nobody sealed belongs to somebody else, and half sealed ones hide plaintext. */
static int check_existing(const struct sealing *sealing, struct error *err)
{
	const struct kube_secret *secret = &sealing->existing;

	if (secret->immutable)
		return error_set(err, ERROR_REJECTED,
		    "Secret %s/%s: it is immutable: seal a Secret of another name, and let the "
		    "application use that",
		    secret->namespace, secret->name);
	if (secret->data_count > 0 && sealed_secret_check(secret, NULL, err) < 0)
		return error_hint(err, "it exists, so it is left as it is");
	for (size_t i = 0; i < secret->data_count; i++)
		if (check_layout(sealing, secret->data[i].key, err) < 0)
			return -1;
	return 0;
}

static int look_up(struct sealing *sealing, struct error *err)
{
	if (sealing->settings->offline)
		return 0;
	if (kube_secret_get(sealing->client, &sealing->kube, sealing->namespace,
		sealing->settings->name, &sealing->existing, err) < 0) {
		if (err->code != ERROR_NOT_FOUND)
			return -1;
		error_clear(err);
		return 0;
	}
	sealing->exists = true;
	return check_existing(sealing, err);
}

/* The annotation is about all values: it must not come to speak for ones that nobody knows. */
static int check_others(const struct sealing *sealing, struct error *err)
{
	const struct kube_secret *secret = &sealing->existing;

	if (kube_secret_annotation(secret, SEALED_ANNOTATION_KEY))
		return 0;
	for (size_t i = 0; i < secret->data_count; i++)
		if (!replaces(sealing, secret->data[i].key))
			return error_set(err, ERROR_USAGE,
			    "Secret %s/%s: it has no annotation " SEALED_ANNOTATION_KEY
			    ", so nobody knows what data key \"%s\" is sealed with: annotate it "
			    "first, or use another name",
			    secret->namespace, secret->name, secret->data[i].key);
	return 0;
}

static int find_key(struct sealing *sealing, struct error *err)
{
	const char *text = sealing->settings->transit_key;

	if (sealing->exists) {
		if (check_others(sealing, err) < 0)
			return -1;
		text = sealed_secret_key(&sealing->existing, given(text) ? text : NULL, err);
		if (!text)
			return -1;
	}
	if (!given(text))
		return error_set(
		    err, ERROR_USAGE, "no Transit key: name it with --transit-key [MOUNT/]NAME");
	return transit_key_parse(&sealing->key, text, err);
}

/* The scope by option and by the existing Secret, which must agree. */
static int asked_scope(const struct sealing *sealing, enum sealed_scope *scope, struct error *err)
{
	enum sealed_scope existing = SEALED_UNBOUND;

	*scope = SEALED_UNBOUND;
	if (sealing->exists && sealed_secret_scope(&sealing->existing, &existing, err) < 0)
		return -1;
	if (!given(sealing->settings->scope)) {
		*scope = existing;
		return 0;
	}
	if (sealed_scope_parse(sealing->settings->scope, scope, err) < 0) {
		err->code = ERROR_USAGE;
		return error_wrap(err, "--scope");
	}
	if (existing != SEALED_UNBOUND && existing != *scope)
		return error_set(err, ERROR_USAGE,
		    "Secret %s/%s: its values are bound with scope %s: leave out --scope, or use "
		    "another name",
		    sealing->namespace, sealing->settings->name, sealed_scope_name(existing));
	return 0;
}

static int find_scope(struct sealing *sealing, struct error *err)
{
	struct transit_key_state state;

	if (asked_scope(sealing, &sealing->scope, err) < 0 ||
	    transit_key_read(sealing->client, &sealing->vault, &sealing->key, &state, err) < 0)
		return -1;
	if (!state.derived) {
		if (sealing->scope == SEALED_UNBOUND)
			return 0;
		return error_set(err, ERROR_USAGE,
		    "--scope: Transit key %s/%s is not derived, so nothing can be bound with it: "
		    "leave out --scope, or use a derived key",
		    sealing->key.mount, sealing->key.name);
	}
	if (sealing->scope == SEALED_UNBOUND)
		sealing->scope = SEALED_STRICT;
	if (sealing->scope != SEALED_CLUSTER_WIDE && !sealing->namespace)
		return error_set(err, ERROR_USAGE,
		    "scope %s binds to the namespace: name it with -n",
		    sealed_scope_name(sealing->scope));
	return 0;
}

static void free_items(struct transit_item *items, size_t count)
{
	transit_items_free(items, count);
	for (size_t i = 0; i < count; i++)
		free((char *)(uintptr_t)items[i].context);
	free(items);
}

/* Give an item the context that a data key's value is bound with, if it is. */
static int bind_item(const struct sealing *sealing, const char *data_key, struct transit_item *item,
    struct error *err)
{
	if (sealing->scope == SEALED_UNBOUND)
		return 0;
	item->context = sealed_context(
	    sealing->scope, sealing->namespace, sealing->settings->name, data_key, err);
	return item->context ? 0 : -1;
}

/* One item a value: its bytes and its context. */
static struct transit_item *make_items(const struct sealing *sealing, struct error *err)
{
	const struct variables *values = sealing->values;
	struct transit_item *items = calloc(values->count, sizeof(*items));

	if (!items) {
		error_memory(err);
		return NULL;
	}
	for (size_t i = 0; i < values->count; i++) {
		items[i].input = secret_buffer_string(&values->items[i].value);
		items[i].input_length = values->items[i].value.length;
		if (bind_item(sealing, values->items[i].name, &items[i], err) < 0) {
			free_items(items, values->count);
			return NULL;
		}
	}
	return items;
}

/* Run one operation over all items; the first that the server refuses is the error. */
static int run_batch(struct sealing *sealing, enum transit_operation operation, const char *doing,
    struct transit_item *items, struct error *err)
{
	const struct variables *values = sealing->values;

	if (transit_batch(sealing->client, &sealing->vault, &sealing->key, operation, items,
		values->count, err) < 0)
		return -1;
	for (size_t i = 0; i < values->count; i++)
		if (items[i].error)
			return error_set(err, ERROR_REJECTED,
			    "%s %s with Transit key %s/%s: %s: nothing was written", doing,
			    values->items[i].name, sealing->key.mount, sealing->key.name,
			    items[i].error);
	return 0;
}

/* Decrypt once what was sealed: Vault encrypts values that it can't decrypt again. */
static int verify(struct sealing *sealing, const struct transit_item *sealed, struct error *err)
{
	size_t count = sealing->values->count;
	struct transit_item *items = calloc(count, sizeof(*items));

	if (!items)
		return error_memory(err);
	for (size_t i = 0; i < count; i++)
		items[i] = (struct transit_item){.input = sealed[i].output.data,
		    .input_length = sealed[i].output.length,
		    .context = sealed[i].context};
	int result = run_batch(sealing, TRANSIT_DECRYPT, "reading back", items, err);
	if (result < 0 && err->code == ERROR_DENIED)
		error_hint(err, "or skip it with --no-verify");
	for (size_t i = 0; result == 0 && i < count; i++)
		if (!secret_buffer_equal(&items[i].output, &sealing->values->items[i].value))
			result = error_set(err, ERROR_INVALID,
			    "reading back %s: it decrypts to something else: nothing was written",
			    sealing->values->items[i].name);
	transit_items_free(items, count);
	free(items);
	return result;
}

/*
 * The annotations speak for the values that stay, too.  Whoever changed them could so have a new
 * value sealed with another key or bound to less: what stays must decrypt as they say.
 */
static int check_kept(struct sealing *sealing, struct error *err)
{
	const struct kube_secret *secret = &sealing->existing;
	size_t count = 0;
	int result = 0;
	struct transit_item *items = calloc(secret->data_count + 1, sizeof(*items));

	if (!items)
		return error_memory(err);
	for (size_t i = 0; result == 0 && i < secret->data_count; i++) {
		const struct kube_entry *entry = &secret->data[i];
		if (replaces(sealing, entry->key))
			continue;
		struct transit_item *item = &items[count++];
		item->input = secret_buffer_string(&entry->value);
		item->input_length = entry->value.length;
		result = bind_item(sealing, entry->key, item, err);
	}
	if (result == 0)
		result = transit_batch(sealing->client, &sealing->vault, &sealing->key,
		    TRANSIT_DECRYPT, items, count, err);
	for (size_t i = 0; result == 0 && i < count; i++)
		if (items[i].error)
			result = error_set(err, ERROR_INVALID,
			    "Secret %s/%s: a value that would be kept does not decrypt with "
			    "Transit key "
			    "%s/%s, scope %s (%s): were its annotations changed? nothing was "
			    "written",
			    secret->namespace, secret->name, sealing->key.mount, sealing->key.name,
			    sealed_scope_name(sealing->scope), items[i].error);
	free_items(items, count);
	return result;
}

/* The Secret that holds the ciphertexts, with label and annotations. */
static int fill_secret(const struct sealing *sealing, struct transit_item *items,
    struct kube_secret *secret, struct error *err)
{
	size_t bytes = 0;
	int64_t version;

	secret->name = strdup(sealing->settings->name);
	secret->namespace = sealing->namespace ? strdup(sealing->namespace) : NULL;
	if (!secret->name || (sealing->namespace && !secret->namespace))
		return error_memory(err);
	for (size_t i = 0; i < sealing->values->count; i++) {
		struct secret_buffer *ciphertext = &items[i].output;
		if (sealed_version(ciphertext->data, ciphertext->length, &version, err) < 0)
			return error_wrap(err, "Vault's answer to encrypt");
		bytes += ciphertext->length;
		if (kube_secret_add(secret, sealing->values->items[i].name, ciphertext, err) < 0)
			return -1;
	}
	if (bytes > KUBE_SECRET_BYTES_MAX)
		return error_set(err, ERROR_TOO_LARGE,
		    "Secret %s: its ciphertexts have %zu bytes, and a Secret holds %zu: seal some "
		    "of "
		    "it into another",
		    secret->name, bytes, KUBE_SECRET_BYTES_MAX);
	cleanup_free char *key = string_format(err, "%s/%s", sealing->key.mount, sealing->key.name);
	if (!key)
		return -1;
	return sealed_secret_mark(secret, key, sealing->scope, sealing->settings->document, err);
}

static int encrypt(struct sealing *sealing, struct kube_secret *secret, struct error *err)
{
	struct transit_item *items = make_items(sealing, err);

	if (!items)
		return -1;
	int result = 0;
	if (sealing->exists && !sealing->settings->no_verify)
		result = check_kept(sealing, err);
	if (result == 0)
		result = run_batch(sealing, TRANSIT_ENCRYPT, "sealing", items, err);
	if (result == 0 && !sealing->settings->no_verify)
		result = verify(sealing, items, err);
	if (result == 0)
		result = fill_secret(sealing, items, secret, err);
	free_items(items, sealing->values->count);
	return result;
}

/* The server's answer must hold what was sent. */
static int compare(
    const struct kube_secret *sent, const struct kube_secret *stored, struct error *err)
{
	for (size_t i = 0; i < sent->data_count; i++) {
		const struct kube_entry *entry = kube_secret_entry(stored, sent->data[i].key);
		if (!entry || !secret_buffer_equal(&entry->value, &sent->data[i].value))
			return error_set(err, ERROR_INVALID,
			    "Secret %s/%s: data key \"%s\" was stored changed: does something "
			    "rewrite "
			    "Secrets in this cluster?",
			    sent->namespace, sent->name, sent->data[i].key);
	}
	return 0;
}

static int patch(struct sealing *sealing, struct kube_secret *change, struct kube_secret *stored,
    struct error *err)
{
	struct http_exchange exchange = {0};

	change->resource_version = strdup(sealing->existing.resource_version);
	if (!change->resource_version)
		return error_memory(err);
	int result = kube_secret_patch_request(&sealing->kube, change, &exchange, err);
	exchange.once = true; /* else a lost answer would read as somebody else's change */
	if (result == 0)
		result = http_run_one(sealing->client, &exchange, err);
	if (result == 0)
		result =
		    kube_secret_result(&exchange, change->namespace, change->name, stored, err);
	if (result < 0 && err->code == ERROR_CONFLICT)
		error_hint(
		    err, "somebody changed it meanwhile, and it is as they left it: run again");
	http_exchange_free(&exchange);
	return result;
}

static int write_secret(struct sealing *sealing, struct seal_outcome *outcome, struct error *err)
{
	struct kube_secret stored = {0};
	int result;

	if (sealing->exists)
		result = patch(sealing, &outcome->secret, &stored, err);
	else
		result = kube_secret_create(
		    sealing->client, &sealing->kube, &outcome->secret, &stored, err);
	if (result == 0)
		result = compare(&outcome->secret, &stored, err);
	if (result == 0)
		outcome->change = sealing->exists ? SEAL_UPDATED : SEAL_CREATED;
	kube_secret_free(&stored);
	return result;
}

static int run(struct sealing *sealing, struct seal_outcome *outcome, struct error *err)
{
	if (check_names(sealing, err) < 0 || find_namespace(sealing, err) < 0 ||
	    look_up(sealing, err) < 0 || find_key(sealing, err) < 0 ||
	    vault_session_begin(
		sealing->client, &sealing->vault, &sealing->settings->session, err) < 0 ||
	    find_scope(sealing, err) < 0 || encrypt(sealing, &outcome->secret, err) < 0)
		return -1;
	return sealing->settings->offline ? 0 : write_secret(sealing, outcome, err);
}

int seal(struct http_client *client, const struct seal_settings *settings,
    const struct variables *values, struct seal_outcome *outcome, struct error *err)
{
	struct sealing sealing = {.settings = settings, .values = values, .client = client};
	struct error revoke = ERROR_INIT;

	memset(outcome, 0, sizeof(*outcome));
	if (vault_init(&sealing.vault, &settings->vault, err) < 0)
		return -1;
	int result = run(&sealing, outcome, err);
	if (vault_session_end(client, &sealing.vault, &settings->session, &revoke) < 0)
		log_write(LOG_WARNING, "%s", revoke.message);
	free_sealing(&sealing);
	return result;
}
