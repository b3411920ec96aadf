#include "lib/seal/unseal.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/base/utf8.h"
#include "lib/seal/edit_text.h"
#include "lib/seal/internal.h"

void unseal_free(struct unseal_result *unsealed)
{
	for (size_t i = 0; unsealed->values && i < unsealed->secret.data_count; i++) {
		secret_buffer_free(&unsealed->values[i].plaintext);
		free(unsealed->values[i].error);
	}
	free(unsealed->values);
	transit_key_free(&unsealed->key);
	kube_secret_free(&unsealed->secret);
	memset(unsealed, 0, sizeof(*unsealed));
}

/* Fill an item for each ciphertext.  places[i] is the index of items[i] in the Secret's data. */
static int make_items(const struct unseal_result *unsealed, struct transit_item *items,
    size_t *places, size_t *count, struct error *err)
{
	const struct kube_secret *secret = &unsealed->secret;

	for (size_t i = 0; i < secret->data_count; i++) {
		const struct kube_entry *entry = &secret->data[i];

		if (!sealed_entry_is_ciphertext(entry))
			continue;
		places[*count] = i;
		if (encrypt_item_fill(&items[(*count)++], &entry->value, unsealed->scope,
			secret->namespace, secret->name, entry->key, err) < 0)
			return -1;
	}
	return 0;
}

static void take_plaintexts(
    struct unseal_result *unsealed, struct transit_item *items, const size_t *places, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct unseal_value *value = &unsealed->values[places[i]];

		secret_buffer_move(&value->plaintext, &items[i].output);
		value->error = items[i].error;
		items[i].error = NULL;
	}
}

static int decrypt(struct seal_session *session, struct unseal_result *unsealed, struct error *err)
{
	size_t room = unsealed->secret.data_count + 1, count = 0;
	struct transit_item *items = calloc(room, sizeof(*items));
	cleanup_free size_t *places = calloc(room, sizeof(*places));
	int result =
	    items && places ? make_items(unsealed, items, places, &count, err) : error_memory(err);

	if (result == 0)
		result = transit_batch(session->client, &session->vault, &unsealed->key,
		    TRANSIT_DECRYPT, items, count, err);
	if (result == 0)
		take_plaintexts(unsealed, items, places, count);
	encrypt_items_free(items, count);
	return result;
}

/* Mark values that are not ciphertext as plaintext. */
static int mark_plaintext(struct unseal_result *unsealed, struct error *err)
{
	for (size_t i = 0; i < unsealed->secret.data_count; i++) {
		const struct kube_entry *entry = &unsealed->secret.data[i];

		if (sealed_entry_is_ciphertext(entry))
			continue;
		unsealed->values[i].error = strdup("plaintext; seal it with --adopt");
		if (!unsealed->values[i].error)
			return error_memory(err);
	}
	return 0;
}

/* Prefix the message with the Secret, because there may be thousands of Secrets. */
static int wrap_secret(const struct unseal_result *unsealed, struct error *err)
{
	return error_wrap(err, "Secret %s%s%s", KUBE_NAMED(&unsealed->secret));
}

static int decrypt_all(struct seal_session *session, struct unseal_result *unsealed,
    const char *transit_key, struct error *err)
{
	const char *key =
	    sealed_secret_key(&unsealed->secret, is_set(transit_key) ? transit_key : NULL, err);

	unsealed->values = calloc(unsealed->secret.data_count + 1, sizeof(*unsealed->values));
	if (!unsealed->values)
		return error_memory(err);
	if (!key)
		return -1;
	if (transit_key_parse(&unsealed->key, key, err) < 0)
		return wrap_secret(unsealed, err);
	if (sealed_secret_scope(&unsealed->secret, &unsealed->scope, err) < 0 ||
	    seal_session_log_in(session, err) < 0)
		return -1;
	if (decrypt(session, unsealed, err) < 0)
		return wrap_secret(unsealed, err);
	return mark_plaintext(unsealed, err);
}

int unseal_secret(struct seal_session *session, struct kube_secret *secret, const char *transit_key,
    struct unseal_result *unsealed, struct error *err)
{
	*unsealed = (struct unseal_result){.secret = *secret};
	memset(secret, 0, sizeof(*secret));
	if (decrypt_all(session, unsealed, transit_key, err) == 0)
		return 0;
	unseal_free(unsealed);
	return -1;
}

int unseal(struct seal_session *session, const char *name, const char *transit_key,
    struct unseal_result *unsealed, struct error *err)
{
	struct kube_secret secret;

	if (seal_session_get_secret(session, name, &secret, err) < 0)
		return -1;
	return unseal_secret(session, &secret, transit_key, unsealed, err);
}

static int check_value(const struct unseal_result *unsealed, size_t index, struct error *err)
{
	const struct kube_secret *secret = &unsealed->secret;
	const struct kube_entry *entry = &secret->data[index];
	bool bound = unsealed->scope != SEALED_UNBOUND && sealed_entry_is_ciphertext(entry);

	if (!unsealed->values[index].error)
		return 0;
	return error_set(err, ERROR_INVALID, "Secret %s%s%s, data key %s: %s%s", KUBE_NAMED(secret),
	    entry->key, unsealed->values[index].error,
	    bound ? "; check that it was sealed for this Secret, to which it is bound" : "");
}

int unseal_check(const struct unseal_result *unsealed, struct error *err)
{
	for (size_t i = 0; i < unsealed->secret.data_count; i++)
		if (check_value(unsealed, i, err) < 0)
			return -1;
	return 0;
}

void unseal_accept_plaintext(struct unseal_result *unsealed)
{
	for (size_t i = 0; i < unsealed->secret.data_count; i++) {
		struct kube_entry *entry = &unsealed->secret.data[i];
		struct unseal_value *value = &unsealed->values[i];

		if (sealed_entry_is_ciphertext(entry))
			continue;
		secret_buffer_move(&value->plaintext, &entry->value);
		free(value->error);
		value->error = NULL;
	}
}

/* Revealing. */

bool unseal_is_printable(const struct secret_buffer *text)
{
	const char *bytes = secret_buffer_string(text);

	if (!utf8_is_valid(bytes, text->length))
		return false;
	for (size_t i = 0; i < text->length; i++) {
		unsigned char c = (unsigned char)bytes[i];
		bool c1 = c == 0xC2 && (unsigned char)bytes[i + 1] < 0xA0;
		if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7F || c1)
			return false;
	}
	return true;
}

/* Return the document if it is the Secret's only value, or NULL. */
static struct secret_buffer *only_document(struct unseal_result *unsealed)
{
	const struct kube_secret *secret = &unsealed->secret;

	if (secret->data_count != 1 || !sealed_secret_is_document(secret, secret->data[0].key))
		return NULL;
	return &unsealed->values[0].plaintext;
}

struct member_ctx {
	const char *name;
	struct secret_buffer *out;
	bool found;
};

static int append_member(
    void *context, const char *name, struct secret_buffer *value, struct error *err)
{
	struct member_ctx *ctx = context;

	if (strcmp(name, ctx->name) != 0)
		return 0;
	ctx->found = true;
	return secret_buffer_append(ctx->out, secret_buffer_string(value), value->length, err);
}

static int reveal_key(
    struct unseal_result *unsealed, const char *key, struct secret_buffer *out, struct error *err)
{
	const struct kube_secret *secret = &unsealed->secret;
	const struct secret_buffer *document = only_document(unsealed);
	struct member_ctx ctx = {key, out, false};

	for (size_t i = 0; i < secret->data_count; i++)
		if (strcmp(secret->data[i].key, key) == 0)
			return secret_buffer_append(out,
			    secret_buffer_string(&unsealed->values[i].plaintext),
			    unsealed->values[i].plaintext.length, err);
	if (document &&
	    sealed_document_each(document, "the document", append_member, &ctx, err) < 0)
		return -1;
	if (ctx.found)
		return 0;
	return error_set(
	    err, ERROR_NOT_FOUND, "Secret %s%s%s: no value \"%s\"", KUBE_NAMED(secret), key);
}

static int reveal_all(struct unseal_result *unsealed, struct secret_buffer *out, struct error *err)
{
	const struct kube_secret *secret = &unsealed->secret;
	const struct secret_buffer *document = only_document(unsealed);
	struct variables values = {NULL, 0, 0};
	int result = 0;

	if (document)
		return secret_buffer_append(
		    out, secret_buffer_string(document), document->length, err);
	for (size_t i = 0; result == 0 && i < secret->data_count; i++)
		result = variables_add(&values, secret->data[i].key, &unsealed->values[i].plaintext,
		    "the Secret", err);
	if (result == 0)
		result = edit_text_write_values(&values, NULL, out, err);
	variables_free(&values);
	return result;
}

int unseal_write(
    struct unseal_result *unsealed, const char *key, struct secret_buffer *out, struct error *err)
{
	if (unseal_check(unsealed, err) < 0)
		return -1;
	return key ? reveal_key(unsealed, key, out, err) : reveal_all(unsealed, out, err);
}

int unseal_reveal(struct seal_session *session, const struct unseal_reveal_settings *settings,
    struct secret_buffer *out, struct error *err)
{
	struct unseal_result unsealed;

	if (unseal(session, settings->name, settings->transit_key, &unsealed, err) < 0)
		return -1;
	int result = unseal_write(&unsealed, settings->key, out, err);
	unseal_free(&unsealed);
	return result;
}

/* Verifying. */

struct verify_ctx {
	struct seal_session *session;
	const char *transit_key;
	struct unseal_verify_outcome *outcome;
};

static int check_document(const struct unseal_result *unsealed, size_t index, struct error *err)
{
	const struct kube_secret *secret = &unsealed->secret;
	const char *data_key = secret->data[index].key;

	if (!sealed_secret_is_document(secret, data_key) ||
	    sealed_document_check(&unsealed->values[index].plaintext, "the document", err) == 0)
		return 0;
	return error_wrap(err, "Secret %s%s%s, data key %s", KUBE_NAMED(secret), data_key);
}

/* Log each value that fails.  Return true if any fails. */
static bool has_failure(const struct unseal_result *unsealed)
{
	bool failure = false;

	for (size_t i = 0; i < unsealed->secret.data_count; i++) {
		struct error err = ERROR_INIT;

		if (check_value(unsealed, i, &err) == 0 && check_document(unsealed, i, &err) == 0)
			continue;
		log_error(LOG_ERROR, &err);
		failure = true;
	}
	return failure;
}

static int verify_secret(void *context, struct kube_secret *secret, struct error *err)
{
	struct verify_ctx *ctx = context;
	struct unseal_verify_outcome *outcome = ctx->outcome;
	struct unseal_result unsealed;

	outcome->secrets++;
	outcome->values += secret->data_count;
	if (secret->data_count == 0)
		return 0;
	if (unseal_secret(ctx->session, secret, ctx->transit_key, &unsealed, err) < 0) {
		if (error_is_outage(err))
			return -1;
		log_error(LOG_ERROR, err);
		error_clear(err);
		outcome->failed++;
		return 0;
	}
	outcome->failed += has_failure(&unsealed);
	unseal_free(&unsealed);
	return 0;
}

int unseal_verify(struct seal_session *session, const struct seal_selection *selection,
    const char *transit_key, struct unseal_verify_outcome *outcome, struct error *err)
{
	struct verify_ctx ctx = {session, transit_key, outcome};

	*outcome = (struct unseal_verify_outcome){0, 0, 0};
	return seal_selection_each(
	    session, selection, "Verifying Secrets", verify_secret, &ctx, err);
}
