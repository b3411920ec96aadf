#include "cmd/secret-dev/kube_secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/base64.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"

#define KIND "Secret"
#define OPAQUE "Opaque"
#define ACCOUNT_NAME "kubernetes.io/service-account.name"

struct stored_secret *stored_secret_new(const char *namespace, const char *name, struct error *err)
{
	struct stored_secret *secret = calloc(1, sizeof(*secret));

	if (secret) {
		secret->namespace = strdup(namespace);
		secret->name = strdup(name);
		secret->type = strdup(OPAQUE);
		secret->created_s = time(NULL);
		random_uuid(secret->uid);
	}
	if (!secret || !secret->namespace || !secret->name || !secret->type) {
		stored_secret_free(secret);
		error_memory(err);
		return NULL;
	}
	return secret;
}

static int copy_list(const char *list, char **copy)
{
	*copy = list ? strdup(list) : NULL;
	return list && !*copy ? -1 : 0;
}

struct stored_secret *stored_secret_copy(const struct stored_secret *secret, struct error *err)
{
	struct stored_secret *copy = stored_secret_new(secret->namespace, secret->name, err);

	if (!copy)
		return NULL;
	memcpy(copy->uid, secret->uid, UUID_SIZE);
	copy->created_s = secret->created_s;
	copy->revision = secret->revision;
	copy->immutable = secret->immutable;
	free(copy->type);
	copy->type = strdup(secret->type);
	if (!copy->type || copy_list(secret->finalizers, &copy->finalizers) < 0 ||
	    copy_list(secret->owners, &copy->owners) < 0)
		error_memory(err);
	else if (kube_map_copy(&copy->labels, &secret->labels, err) == 0 &&
		 kube_map_copy(&copy->annotations, &secret->annotations, err) == 0 &&
		 kube_map_copy(&copy->data, &secret->data, err) == 0)
		return copy;
	stored_secret_free(copy);
	return NULL;
}

void stored_secret_free(struct stored_secret *secret)
{
	if (!secret)
		return;
	free(secret->namespace);
	free(secret->name);
	free(secret->type);
	kube_map_free(&secret->labels);
	kube_map_free(&secret->annotations);
	kube_map_free(&secret->data);
	free(secret->finalizers);
	free(secret->owners);
	free(secret);
}

static int merge_type(struct stored_secret *secret, const struct json *body, struct error *err)
{
	json_node node = json_member(body, JSON_ROOT, "type");

	if (json_type(body, node) != JSON_STRING || json_string_is(body, node, ""))
		return 0;
	char *type = json_strdup(body, node);
	if (!type)
		return kube_not_handled(KIND, err, "type holds a NUL");
	free(secret->type);
	secret->type = type;
	return 0;
}

/* A merge patch replaces a list as a whole. */
static int merge_list(const struct json *body, json_node node, char **list, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	if (node == JSON_ABSENT)
		return 0;
	free(*list);
	*list = NULL;
	if (json_type(body, node) == JSON_NULL || json_count(body, node) == 0)
		return 0;
	if (json_compact(body, node, &text, err) < 0)
		return -1;
	*list = strdup(secret_buffer_string(&text));
	return *list ? 0 : error_memory(err);
}

int stored_secret_merge(struct stored_secret *secret, const struct json *body, struct error *err)
{
	json_node metadata = json_member(body, JSON_ROOT, "metadata");
	json_node kind = json_member(body, JSON_ROOT, "kind");
	json_node immutable = json_member(body, JSON_ROOT, "immutable");

	if (json_type(body, JSON_ROOT) != JSON_OBJECT)
		return kube_not_handled(
		    KIND, err, "json: cannot unmarshal into Go value of type v1.Secret");
	if (json_type(body, kind) == JSON_STRING && !json_string_is(body, kind, "Secret"))
		return error_set(err, ERROR_INVALID,
		    "the object provided is unrecognized (must be of type Secret)");
	if (immutable != JSON_ABSENT)
		secret->immutable = json_boolean(body, immutable, false);
	if (merge_list(body, json_member(body, metadata, "finalizers"), &secret->finalizers, err) <
		0 ||
	    merge_list(body, json_member(body, metadata, "ownerReferences"), &secret->owners, err) <
		0)
		return -1;
	if (merge_type(secret, body, err) < 0 ||
	    kube_map_merge(&secret->labels, KIND, body, json_member(body, metadata, "labels"),
		KUBE_TEXT, err) < 0 ||
	    kube_map_merge(&secret->annotations, KIND, body,
		json_member(body, metadata, "annotations"), KUBE_TEXT, err) < 0 ||
	    kube_map_merge(&secret->data, KIND, body, json_member(body, JSON_ROOT, "data"),
		KUBE_BASE64, err) < 0)
		return -1;
	return kube_map_merge(&secret->data, KIND, body, json_member(body, JSON_ROOT, "stringData"),
	    KUBE_TO_BASE64, err);
}

static void check_data(const struct stored_secret *secret, struct kube_fault *fault)
{
	kube_check_keys(&secret->data, "data", fault);
	if (kube_decoded_length(&secret->data) > KUBE_DATA_BYTES_MAX)
		kube_fault_set(fault, "FieldValueTooLong", "data", KUBE_DATA_TOO_LONG);
}

static bool has(const struct stored_secret *secret, const char *data_key)
{
	return kube_map_find(&secret->data, data_key) != NULL;
}

static void demand(
    const struct stored_secret *secret, const char *data_key, struct kube_fault *fault)
{
	char field[64];

	snprintf(field, sizeof(field), "data[%s]", data_key);
	if (!has(secret, data_key))
		kube_fault_set(fault, "FieldValueRequired", field, "Required value");
}

/* Registry credentials: the only values that the API server looks into. */
static void demand_json(
    const struct stored_secret *secret, const char *data_key, struct kube_fault *fault)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	const struct secret_buffer *value = kube_map_find(&secret->data, data_key);
	struct error err = ERROR_INIT;
	char field[64];

	demand(secret, data_key, fault);
	if (!value || base64_decode(&text, value->data, value->length, &err) < 0)
		return;
	cleanup_json struct json *json = json_parse(text.data, text.length, data_key, &err);
	if (json && json_type(json, JSON_ROOT) == JSON_OBJECT)
		return;
	snprintf(field, sizeof(field), "data[%s]", data_key);
	kube_fault_set(fault, "FieldValueInvalid", field,
	    "Invalid value: \"<secret contents redacted>\": it is no JSON object");
}

/* ValidateSecret; of two faults the API server tells both. */
static void check_type(const struct stored_secret *secret, struct kube_fault *fault)
{
	const char *type = secret->type;

	if (strcmp(type, "kubernetes.io/tls") == 0) {
		demand(secret, "tls.crt", fault);
		demand(secret, "tls.key", fault);
	} else if (strcmp(type, "kubernetes.io/basic-auth") == 0) {
		if (!has(secret, "password"))
			demand(secret, "username", fault);
	} else if (strcmp(type, "kubernetes.io/ssh-auth") == 0) {
		const struct secret_buffer *key = kube_map_find(&secret->data, "ssh-privatekey");

		if (!key || key->length == 0)
			kube_fault_set(
			    fault, "FieldValueRequired", "data[ssh-privatekey]", "Required value");
	} else if (strcmp(type, "kubernetes.io/dockerconfigjson") == 0) {
		demand_json(secret, ".dockerconfigjson", fault);
	} else if (strcmp(type, "kubernetes.io/dockercfg") == 0) {
		demand_json(secret, ".dockercfg", fault);
	} else if (strcmp(type, "kubernetes.io/service-account-token") == 0) {
		if (!kube_map_find(&secret->annotations, ACCOUNT_NAME))
			kube_fault_set(fault, "FieldValueRequired",
			    "metadata.annotations[" ACCOUNT_NAME "]", "Required value");
	}
}

static void check_change(
    const struct stored_secret *secret, const struct stored_secret *old, struct kube_fault *fault)
{
	char message[600];

	snprintf(message, sizeof(message), "Invalid value: \"%.250s\": field is immutable",
	    secret->type);
	if (strcmp(secret->type, old->type) != 0)
		kube_fault_set(fault, "FieldValueInvalid", "type", message);
	if (!old->immutable)
		return;
	if (!secret->immutable)
		kube_fault_set(fault, "FieldValueForbidden", "immutable",
		    "Forbidden: field is immutable when `immutable` is set");
	if (!kube_map_equal(&secret->data, &old->data))
		kube_fault_set(fault, "FieldValueForbidden", "data",
		    "Forbidden: field is immutable when `immutable` is set");
}

void stored_secret_check(
    const struct stored_secret *secret, const struct stored_secret *old, struct kube_fault *fault)
{
	fault->reason = NULL;
	if (old)
		check_change(secret, old, fault);
	else
		kube_check_name(secret->name, fault);
	check_data(secret, fault);
	check_type(secret, fault);
}

static bool same_list(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool stored_secret_equal(const struct stored_secret *a, const struct stored_secret *b)
{
	return strcmp(a->type, b->type) == 0 && a->immutable == b->immutable &&
	       same_list(a->finalizers, b->finalizers) && same_list(a->owners, b->owners) &&
	       kube_map_equal(&a->labels, &b->labels) &&
	       kube_map_equal(&a->annotations, &b->annotations) &&
	       kube_map_equal(&a->data, &b->data);
}

struct kube_metadata stored_secret_metadata(const struct stored_secret *secret)
{
	return (struct kube_metadata){secret->namespace, secret->name, secret->uid,
	    secret->revision, secret->created_s, &secret->labels, &secret->annotations,
	    secret->finalizers, secret->owners};
}

void stored_secret_write(
    const struct stored_secret *secret, enum stored_form form, struct json_writer *writer)
{
	struct kube_metadata metadata = stored_secret_metadata(secret);

	if (form == STORED_METADATA) {
		kube_write_metadata_object(&metadata, writer);
		return;
	}
	json_write_object(writer);
	if (form == STORED_WHOLE) {
		json_write_member(writer, "kind", KIND);
		json_write_member(writer, "apiVersion", "v1");
	}
	kube_write_metadata(&metadata, writer);
	if (secret->immutable) {
		json_write_name(writer, "immutable");
		json_write_boolean(writer, true);
	}
	kube_map_write(&secret->data, "data", writer);
	json_write_member(writer, "type", secret->type);
	json_write_object_end(writer);
}
