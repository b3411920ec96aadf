#include "lib/sealed/sealed.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/json_reader.h"
#include "lib/base/strings.h"
#include "lib/vault/transit.h"

static const char *const scope_names[] = {
    [SEALED_UNBOUND] = "unbound",
    [SEALED_STRICT] = "strict",
    [SEALED_NAMESPACE_WIDE] = "namespace-wide",
    [SEALED_CLUSTER_WIDE] = "cluster-wide",
};

int sealed_scope_parse(const char *text, enum sealed_scope *scope, struct error *err)
{
	for (enum sealed_scope each = SEALED_STRICT; each <= SEALED_CLUSTER_WIDE; each++)
		if (strcmp(text, scope_names[each]) == 0) {
			*scope = each;
			return 0;
		}
	return error_set(err, ERROR_INVALID,
	    "\"%s\" is not a scope; use strict, namespace-wide or cluster-wide", text);
}

const char *sealed_scope_name(enum sealed_scope scope)
{
	return scope_names[scope];
}

char *sealed_context(enum sealed_scope scope, const char *namespace, const char *name,
    const char *data_key, struct error *err)
{
	cleanup_secret struct secret_buffer encoded = SECRET_BUFFER_INIT;
	cleanup_free char *plain =
	    string_format(err, "%s/%s/%s", scope == SEALED_CLUSTER_WIDE ? "" : namespace,
		scope == SEALED_STRICT ? name : "", data_key);

	if (!plain || base64_encode(&encoded, plain, strlen(plain), err) < 0)
		return NULL;
	return string_format(err, "%s", encoded.data);
}

bool sealed_secret_is_labelled(const struct kube_secret *secret)
{
	const char *label = kube_secret_label(secret, SEALED_LABEL);

	return secret->data_count > 0 && label && strcmp(label, SEALED_LABEL_VALUE) == 0;
}

int sealed_secret_scope(
    const struct kube_secret *secret, enum sealed_scope *scope, struct error *err)
{
	const char *text = kube_secret_annotation(secret, SEALED_ANNOTATION_SCOPE);

	*scope = SEALED_UNBOUND;
	if (!text)
		return 0;
	if (sealed_scope_parse(text, scope, err) < 0)
		return error_wrap(
		    err, "Secret %s%s%s: annotation " SEALED_ANNOTATION_SCOPE, KUBE_NAMED(secret));
	return 0;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length > end_length && strcmp(text + length - end_length, end) == 0;
}

bool sealed_names_document(const char *data_key)
{
	return strcmp(data_key, SEALED_DOCUMENT_KEY) == 0;
}

bool sealed_secret_is_document(const struct kube_secret *secret, const char *data_key)
{
	const char *layout = kube_secret_annotation(secret, SEALED_ANNOTATION_LAYOUT);

	/* The original project does not set the annotation, but its data keys end in ".json". */
	return layout ? strcmp(layout, "document") == 0 : ends_with(data_key, ".json");
}

int sealed_secret_check(const struct kube_secret *secret, const char *data_key, struct error *err)
{
	const char *plain = NULL;
	size_t checked = 0, sealed = 0;

	for (size_t i = 0; i < secret->data_count; i++) {
		const struct kube_entry *entry = &secret->data[i];
		if (data_key && strcmp(entry->key, data_key) != 0)
			continue;
		checked++;
		if (sealed_entry_is_ciphertext(entry))
			sealed++;
		else if (!plain)
			plain = entry->key;
	}
	if (checked == 0 && data_key)
		return error_set(err, ERROR_NOT_FOUND, "Secret %s%s%s: no data key \"%s\"",
		    KUBE_NAMED(secret), data_key);
	if (checked == 0)
		return error_set(err, ERROR_INVALID,
		    "Secret %s%s%s: empty; seal values into it with secret-seal",
		    KUBE_NAMED(secret));
	if (!plain)
		return 0;
	return error_set(err, ERROR_INVALID,
	    "Secret %s%s%s: %s: data key \"%s\" is not Vault ciphertext; seal it with secret-seal",
	    KUBE_NAMED(secret), sealed ? "half sealed" : "not sealed", plain);
}

const char *sealed_secret_key(
    const struct kube_secret *secret, const char *option, struct error *err)
{
	const char *annotation = kube_secret_annotation(secret, SEALED_ANNOTATION_KEY);
	struct transit_key key;

	if (!option && !annotation) {
		error_set(err, ERROR_USAGE,
		    "Secret %s%s%s: no Transit key is known, because annotation " SEALED_ANNOTATION_KEY
		    " is missing; pass --transit-key",
		    KUBE_NAMED(secret));
		return NULL;
	}
	if (!option || !annotation)
		return annotation ? annotation : option;
	if (transit_key_parse(&key, option, err) < 0)
		return NULL;
	bool same = transit_key_is(&key, annotation);
	transit_key_free(&key);
	if (same)
		return annotation;
	error_set(err, ERROR_USAGE,
	    "Secret %s%s%s: sealed with Transit key %s, but %s is requested; leave out --transit-key, or seal it again",
	    KUBE_NAMED(secret), annotation, option);
	return NULL;
}

int sealed_secret_mark(struct kube_secret *secret, const char *key, enum sealed_scope scope,
    bool document, struct error *err)
{
	if (kube_secret_add_label(secret, SEALED_LABEL, SEALED_LABEL_VALUE, err) < 0 ||
	    kube_secret_add_annotation(secret, SEALED_ANNOTATION_KEY, key, err) < 0)
		return -1;
	if (kube_secret_add_annotation(
		secret, SEALED_ANNOTATION_LAYOUT, document ? "document" : "per-key", err) < 0)
		return -1;
	if (scope == SEALED_UNBOUND)
		return 0;
	return kube_secret_add_annotation(
	    secret, SEALED_ANNOTATION_SCOPE, sealed_scope_name(scope), err);
}

/*
 * Documents.
 */

/* Append a JSON value as the content of a variable. */
static int append_value(
    const struct json *document, json_node node, struct secret_buffer *value, struct error *err)
{
	if (json_type(document, node) == JSON_STRING)
		return json_string(document, node, value, err);
	return json_compact(document, node, value, err);
}

/* Return the plaintext as a JSON object, newly allocated, or NULL with an error. */
static struct json *parse_object(
    const struct secret_buffer *plaintext, const char *title, struct error *err)
{
	struct json *document =
	    json_parse(secret_buffer_string(plaintext), plaintext->length, title, err);

	if (!document || json_type(document, JSON_ROOT) == JSON_OBJECT)
		return document;
	error_set(err, ERROR_INVALID,
	    "%s: the document is not a JSON object; write {\"NAME\": \"value\", ...}", title);
	json_free(document);
	return NULL;
}

int sealed_document_check(
    const struct secret_buffer *plaintext, const char *title, struct error *err)
{
	cleanup_json struct json *document = parse_object(plaintext, title, err);

	return document ? 0 : -1;
}

int sealed_document_each(const struct secret_buffer *plaintext, const char *title,
    int (*each)(void *context, const char *name, struct secret_buffer *value, struct error *err),
    void *context, struct error *err)
{
	cleanup_json struct json *document = parse_object(plaintext, title, err);

	if (!document)
		return -1;
	json_each (document, JSON_ROOT, node) {
		cleanup_secret struct secret_buffer name = SECRET_BUFFER_INIT;
		cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;

		if (json_type(document, node) == JSON_NULL)
			continue;
		if (json_name(document, node, &name, err) < 0 ||
		    append_value(document, node, &value, err) < 0)
			return -1;
		if (strlen(secret_buffer_string(&name)) != name.length)
			return error_set(err, ERROR_INVALID,
			    "%s: the name of a member contains a NUL byte", title);
		if (each(context, secret_buffer_string(&name), &value, err) < 0)
			return -1;
	}
	return 0;
}
