#include "lib/seal/reveal.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/seal/edit_text.h"
#include "lib/seal/unseal.h"

bool reveal_is_shown(const struct secret_buffer *text)
{
	const char *bytes = secret_buffer_string(text);

	if (!json_is_utf8(bytes, text->length))
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

int reveal(struct servers *servers, const struct reveal_settings *settings,
    struct secret_buffer *out, struct error *err)
{
	struct unsealed unsealed;

	if (unseal(servers, settings->name, settings->transit_key, &unsealed, err) < 0)
		return -1;
	int result = unsealed_check(&unsealed, err);
	if (result == 0)
		result = settings->key ? reveal_key(&unsealed, settings->key, out, err)
				       : reveal_all(&unsealed, out, err);
	unsealed_free(&unsealed);
	return result;
}
