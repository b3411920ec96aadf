#include "lib/seal/status.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/json_reader.h"
#include "lib/base/log.h"

const char *status_state_name(enum status_state state)
{
	static const char *const names[] = {
	    "current", "old", "sealed", "retired", "garbled", "plaintext", "empty"};

	return names[state];
}

static void free_secret(struct status_secret *secret)
{
	for (size_t i = 0; i < secret->count; i++)
		free(secret->values[i].data_key);
	free(secret->values);
	free(secret->namespace);
	free(secret->name);
	free(secret->transit_key);
}

void status_free(struct status *status)
{
	for (size_t i = 0; i < status->count; i++)
		free_secret(&status->secrets[i]);
	for (size_t i = 0; i < status->key_count; i++)
		free(status->keys[i].name);
	free(status->secrets);
	free(status->keys);
	*status = (struct status){0};
}

struct status_ctx {
	struct seal_session *session;
	struct status *status;
	bool no_login; /* a failed login is logged once */
};

static struct status_secret *add_secret(struct status *status, struct error *err)
{
	/* The capacity doubles at each power of two. */
	if ((status->count & (status->count - 1)) == 0) {
		size_t room = status->count ? status->count * 2 : 1;
		struct status_secret *grown = reallocarray(status->secrets, room, sizeof(*grown));
		if (!grown) {
			error_memory(err);
			return NULL;
		}
		status->secrets = grown;
	}
	struct status_secret *secret = &status->secrets[status->count++];
	*secret = (struct status_secret){0};
	return secret;
}

/* Read the versions of the key from Vault.  On failure, log a warning and leave zeros. */
static void read_key(struct status_ctx *ctx, const char *name, struct status_key *key)
{
	struct seal_session *session = ctx->session;
	struct error err = ERROR_INIT;
	struct transit_key_state state;
	struct transit_key parsed;

	if (ctx->no_login)
		return;
	if (seal_session_log_in(session, &err) < 0) {
		ctx->no_login = true;
		ctx->status->vault_failed = true;
		log_write(LOG_WARNING, "newest versions are unknown: %s", err.message);
		return;
	}
	if (transit_key_parse(&parsed, name, &err) == 0) {
		int result =
		    transit_key_read(session->client, &session->vault, &parsed, &state, &err);
		transit_key_free(&parsed);
		if (result == 0) {
			key->latest = state.latest_version;
			key->minimum = state.min_decryption_version;
			return;
		}
	}
	ctx->status->vault_failed |= error_is_outage(&err);
	log_error(LOG_WARNING, &err);
}

static const struct status_key *find_key(
    struct status_ctx *ctx, const char *name, struct error *err)
{
	struct status *status = ctx->status;

	for (size_t i = 0; i < status->key_count; i++)
		if (strcmp(status->keys[i].name, name) == 0)
			return &status->keys[i];
	struct status_key *grown =
	    reallocarray(status->keys, status->key_count + 1, sizeof(*grown));
	if (grown)
		status->keys = grown;
	char *copy = strdup(name);
	if (!grown || !copy) {
		free(copy);
		error_memory(err);
		return NULL;
	}
	struct status_key *key = &grown[status->key_count++];
	*key = (struct status_key){.name = copy};
	read_key(ctx, name, key);
	return key;
}

static enum status_state value_state(
    const struct kube_entry *entry, const struct status_key *key, int64_t *version)
{
	const char *bytes = secret_buffer_string(&entry->value);
	struct error ignored = ERROR_INIT;

	*version = 0;
	if (!sealed_entry_is_ciphertext(entry))
		return STATUS_PLAINTEXT;
	if (sealed_version(bytes, entry->value.length, version, &ignored) < 0)
		return STATUS_GARBLED;
	if (!key || key->latest == 0)
		return STATUS_SEALED;
	if (*version < key->minimum)
		return STATUS_RETIRED;
	return *version < key->latest ? STATUS_OLD : STATUS_CURRENT;
}

static int copy_values(struct status_secret *to, const struct kube_secret *from,
    const struct status_key *key, struct error *err)
{
	to->values = calloc(from->data_count + 1, sizeof(*to->values));
	if (!to->values)
		return error_memory(err);
	for (size_t i = 0; i < from->data_count; i++) {
		struct status_value *value = &to->values[i];
		value->data_key = strdup(from->data[i].key);
		if (!value->data_key)
			return error_memory(err);
		to->count++;
		value->size = from->data[i].value.length;
		value->state = value_state(&from->data[i], key, &value->version);
		if (value->state != STATUS_PLAINTEXT &&
		    sealed_secret_is_document(from, value->data_key))
			to->document = true;
	}
	return 0;
}

/* Return true if a value of the member, which `decode` decodes, is not ciphertext. */
static bool holds_plaintext(const struct json *manifest, const char *member,
    int (*decode)(const struct json *, json_node, struct secret_buffer *, struct error *))
{
	struct error ignored = ERROR_INIT;

	json_each (manifest, json_member(manifest, JSON_ROOT, member), node) {
		cleanup_secret struct secret_buffer bytes = SECRET_BUFFER_INIT;
		if (decode(manifest, node, &bytes, &ignored) < 0 ||
		    !sealed_is_ciphertext(secret_buffer_string(&bytes), bytes.length))
			return true;
	}
	return false;
}

/* Return true if kubectl's annotation, a copy of the applied manifest, contains plaintext. */
static bool keeps_plaintext(const struct kube_secret *secret)
{
	const char *text = kube_secret_annotation(secret, KUBE_LAST_APPLIED);
	struct error ignored = ERROR_INIT;
	cleanup_json struct json *manifest =
	    text ? json_parse(text, strlen(text), "annotation", &ignored) : NULL;

	return manifest && (holds_plaintext(manifest, "data", json_base64) ||
			       holds_plaintext(manifest, "stringData", json_string));
}

/* Return the annotated key, borrowed, or NULL.  Log a warning if it is invalid. */
static const char *key_name(const struct kube_secret *secret)
{
	const char *name = kube_secret_annotation(secret, SEALED_ANNOTATION_KEY);
	struct error err = ERROR_INIT;
	struct transit_key parsed;

	if (!name)
		return NULL;
	if (transit_key_parse(&parsed, name, &err) < 0) {
		log_write(LOG_WARNING, "Secret %s/%s: annotation " SEALED_ANNOTATION_KEY ": %s",
		    secret->namespace, secret->name, err.message);
		return NULL;
	}
	transit_key_free(&parsed);
	return name;
}

static int add_status(void *context, struct kube_secret *secret, struct error *err)
{
	struct status_ctx *ctx = context;
	struct status_secret *seen = add_secret(ctx->status, err);
	const char *name = key_name(secret);
	const struct status_key *key = NULL;
	struct error no_scope = ERROR_INIT;

	if (!seen || (name && !(key = find_key(ctx, name, err))))
		return -1;
	seen->namespace = strdup(secret->namespace);
	seen->name = strdup(secret->name);
	seen->transit_key = name ? strdup(name) : NULL;
	if (!seen->namespace || !seen->name || (name && !seen->transit_key))
		return error_memory(err);
	seen->latest = key ? key->latest : 0;
	seen->immutable = secret->immutable;
	seen->created_s = secret->created_s;
	seen->plaintext_annotation = keeps_plaintext(secret);
	if (sealed_secret_scope(secret, &seen->scope, &no_scope) < 0)
		log_error(LOG_WARNING, &no_scope);
	return copy_values(seen, secret, key, err);
}

int status_read(struct seal_session *session, const struct seal_selection *selection,
    struct status *status, struct error *err)
{
	struct status_ctx ctx = {.session = session, .status = status};

	*status = (struct status){0};
	if (seal_selection_each(session, selection, "Reading Secrets", add_status, &ctx, err) == 0)
		return 0;
	status_free(status);
	return -1;
}
