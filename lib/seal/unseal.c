#include "lib/seal/unseal.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/base/utf8.h"
#include "lib/seal/edit_text.h"

void unsealed_free(struct unsealed *unsealed)
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

/* One item for each data value that is ciphertext; places[i] is its index among them all. */
static int make_items(const struct unsealed *unsealed, struct transit_item *items, size_t *places,
    size_t *count, struct error *err)
{
	const struct kube_secret *secret = &unsealed->secret;

	for (size_t i = 0; i < secret->data_count; i++) {
		const struct kube_entry *entry = &secret->data[i];
		struct transit_item *item = &items[*count];

		if (!sealed_entry_is_ciphertext(entry))
			continue;
		item->input = secret_buffer_string(&entry->value);
		item->input_length = entry->value.length;
		places[(*count)++] = i;
		if (unsealed->scope == SEALED_UNBOUND)
			continue;
		item->context = sealed_context(
		    unsealed->scope, secret->namespace, secret->name, entry->key, err);
		if (!item->context)
			return -1;
	}
	return 0;
}

static void free_items(struct transit_item *items, size_t count)
{
	transit_items_free(items, count);
	for (size_t i = 0; i < count; i++)
		free((char *)(uintptr_t)items[i].context);
	free(items);
}

static void take(
    struct unsealed *unsealed, struct transit_item *items, const size_t *places, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct unsealed_value *value = &unsealed->values[places[i]];

		secret_buffer_move(&value->plaintext, &items[i].output);
		value->error = items[i].error;
		items[i].error = NULL;
	}
}

static int decrypt(struct seal_session *session, struct unsealed *unsealed, struct error *err)
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
		take(unsealed, items, places, count);
	if (items)
		free_items(items, count);
	return result;
}

/* What was not decrypted and has no word of Vault's is no ciphertext. */
static int note_plaintext(struct unsealed *unsealed, struct error *err)
{
	for (size_t i = 0; i < unsealed->secret.data_count; i++) {
		const struct kube_entry *entry = &unsealed->secret.data[i];

		if (sealed_entry_is_ciphertext(entry))
			continue;
		unsealed->values[i].error = strdup("it is plaintext: seal it with --adopt");
		if (!unsealed->values[i].error)
			return error_memory(err);
	}
	return 0;
}

/* What is wrong with a key says nothing of the Secret, of which there may be thousands. */
static int name_secret(const struct unsealed *unsealed, struct error *err)
{
	return error_wrap(err, "Secret %s%s%s", KUBE_NAMED(&unsealed->secret));
}

static int open_all(struct seal_session *session, struct unsealed *unsealed,
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
		return name_secret(unsealed, err);
	if (sealed_secret_scope(&unsealed->secret, &unsealed->scope, err) < 0 ||
	    seal_session_log_in(session, err) < 0)
		return -1;
	if (decrypt(session, unsealed, err) < 0)
		return name_secret(unsealed, err);
	return note_plaintext(unsealed, err);
}

int unseal_secret(struct seal_session *session, struct kube_secret *secret, const char *transit_key,
    struct unsealed *unsealed, struct error *err)
{
	*unsealed = (struct unsealed){.secret = *secret};
	memset(secret, 0, sizeof(*secret));
	if (open_all(session, unsealed, transit_key, err) == 0)
		return 0;
	unsealed_free(unsealed);
	return -1;
}

int unseal(struct seal_session *session, const char *name, const char *transit_key,
    struct unsealed *unsealed, struct error *err)
{
	struct kube_secret secret;

	if (seal_session_get_secret(session, name, &secret, err) < 0)
		return -1;
	return unseal_secret(session, &secret, transit_key, unsealed, err);
}

int unsealed_check(const struct unsealed *unsealed, struct error *err)
{
	const struct kube_secret *secret = &unsealed->secret;

	for (size_t i = 0; i < secret->data_count; i++)
		if (unsealed->values[i].error)
			return error_set(err, ERROR_INVALID, "Secret %s%s%s, data key %s: %s%s",
			    KUBE_NAMED(secret), secret->data[i].key, unsealed->values[i].error,
			    unsealed->scope == SEALED_UNBOUND
				? ""
				: ": it is bound to its Secret: was it copied from elsewhere?");
	return 0;
}

bool reveal_is_shown(const struct secret_buffer *text)
{
	const char *bytes = secret_buffer_string(text);

	if (!utf8_is_valid(bytes, text->length))
		return false;
	for (size_t i = 0; i < text->length; i++) {
		unsigned char c = (unsigned char)bytes[i];
		bool second = c == 0xC2 && (unsigned char)bytes[i + 1] < 0xA0; /* C1 */
		if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7F || second)
			return false;
	}
	return true;
}

/* The document of a Secret that holds just one. */
static struct secret_buffer *only_document(struct unsealed *unsealed)
{
	const struct kube_secret *secret = &unsealed->secret;

	if (secret->data_count != 1 || !sealed_secret_is_document(secret, secret->data[0].key))
		return NULL;
	return &unsealed->values[0].plaintext;
}

struct search {
	const char *name;
	struct secret_buffer *out;
	bool found;
};

static int look_at_member(
    void *context, const char *name, struct secret_buffer *value, struct error *err)
{
	struct search *search = context;

	if (strcmp(name, search->name) != 0)
		return 0;
	search->found = true;
	return secret_buffer_append(search->out, secret_buffer_string(value), value->length, err);
}

static int reveal_key(
    struct unsealed *unsealed, const char *key, struct secret_buffer *out, struct error *err)
{
	const struct kube_secret *secret = &unsealed->secret;
	const struct secret_buffer *document = only_document(unsealed);
	struct search search = {key, out, false};

	for (size_t i = 0; i < secret->data_count; i++)
		if (strcmp(secret->data[i].key, key) == 0)
			return secret_buffer_append(out,
			    secret_buffer_string(&unsealed->values[i].plaintext),
			    unsealed->values[i].plaintext.length, err);
	if (document &&
	    sealed_document_each(document, "the document", look_at_member, &search, err) < 0)
		return -1;
	if (search.found)
		return 0;
	return error_set(
	    err, ERROR_NOT_FOUND, "Secret %s%s%s: it has no \"%s\"", KUBE_NAMED(secret), key);
}

static int reveal_all(struct unsealed *unsealed, struct secret_buffer *out, struct error *err)
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

int reveal(struct seal_session *session, const struct reveal_settings *settings,
    struct secret_buffer *out, struct error *err)
{
	struct unsealed unsealed;

	if (unseal(session, settings->name, settings->transit_key, &unsealed, err) < 0)
		return -1;
	int result = unsealed_check(&unsealed, err);
	if (result == 0)
		result = settings->key ? reveal_key(&unsealed, settings->key, out, err)
				       : reveal_all(&unsealed, out, err);
	unsealed_free(&unsealed);
	return result;
}

struct verifying {
	struct seal_session *session;
	const char *transit_key;
	struct verify_outcome *outcome;
};

/* What is wrong with a value, logged; false when nothing is. */
static bool is_wrong(const struct unsealed *unsealed, size_t index)
{
	const struct kube_secret *secret = &unsealed->secret;
	const struct unsealed_value *value = &unsealed->values[index];
	const char *data_key = secret->data[index].key;
	struct error err = ERROR_INIT;

	if (value->error) {
		log_write(LOG_ERROR, "Secret %s/%s, data key %s: %s%s", secret->namespace,
		    secret->name, data_key, value->error,
		    unsealed->scope == SEALED_UNBOUND
			? ""
			: ": it is bound to its Secret: was it copied from elsewhere?");
		return true;
	}
	if (!sealed_secret_is_document(secret, data_key) ||
	    sealed_document_check(&value->plaintext, "the document", &err) == 0)
		return false;
	log_write(LOG_ERROR, "Secret %s/%s, data key %s: %s", secret->namespace, secret->name,
	    data_key, err.message);
	return true;
}

static bool any_wrong(const struct unsealed *unsealed)
{
	bool wrong = false;

	for (size_t i = 0; i < unsealed->secret.data_count; i++)
		wrong |= is_wrong(unsealed, i);
	return wrong;
}

static int verify_one(void *context, struct kube_secret *secret, struct error *err)
{
	struct verifying *verifying = context;
	struct verify_outcome *outcome = verifying->outcome;
	struct unsealed unsealed;

	outcome->secrets++;
	outcome->values += secret->data_count;
	if (secret->data_count == 0)
		return 0;
	if (unseal_secret(verifying->session, secret, verifying->transit_key, &unsealed, err) < 0) {
		if (error_is_outage(err))
			return -1;
		log_write(LOG_ERROR, "%s", err->message);
		error_clear(err);
		outcome->failed++;
		return 0;
	}
	outcome->failed += any_wrong(&unsealed);
	unsealed_free(&unsealed);
	return 0;
}

int verify(struct seal_session *session, const struct seal_selection *selection,
    const char *transit_key, struct verify_outcome *outcome, struct error *err)
{
	struct verifying verifying = {session, transit_key, outcome};

	*outcome = (struct verify_outcome){0, 0, 0};
	return seal_selection_each(
	    session, selection, "Verifying Secrets", verify_one, &verifying, err);
}
