#include "cmd/secret-dev/kube_secret.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"

#define DATA_BYTES_MAX 1048576 /* of all values together, decoded */
#define NAME_MAX_LENGTH 253
#define OPAQUE "Opaque"

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
	if (!copy->type)
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
	free(secret);
}

static int not_handled(struct error *err, const char *problem)
{
	return error_set(err, ERROR_INVALID,
	    "Secret in version \"v1\" cannot be handled as a Secret: %s", problem);
}

/* A member's text as it will be stored: data must be base64, stringData becomes it. */
enum content { TEXT, BASE64, TO_BASE64 };

static int read_value(const struct json *body, json_node node, enum content content,
    struct secret_buffer *value, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT, decoded = SECRET_BUFFER_INIT;

	if (json_type(body, node) != JSON_STRING)
		return not_handled(err, "json: cannot unmarshal into Go value of type string");
	if (json_string(body, node, &text, err) < 0)
		return -1;
	if (content == TO_BASE64)
		return base64_encode(value, text.data, text.length, err);
	if (content == BASE64 && text.length &&
	    base64_decode(&decoded, text.data, text.length, err) < 0)
		return not_handled(err, "illegal base64 data at input byte 0");
	secret_buffer_move(value, &text);
	return 0;
}

static int merge_map(struct kube_map *map, const struct json *body, json_node node,
    enum content content, struct error *err)
{
	if (json_type(body, node) == JSON_NULL && content != TO_BASE64)
		kube_map_free(map);
	if (node != JSON_ABSENT && json_type(body, node) != JSON_OBJECT &&
	    json_type(body, node) != JSON_NULL)
		return not_handled(err, "json: cannot unmarshal into Go value of type map");
	json_each (body, node, member) {
		cleanup_free char *name = json_name_strdup(body, member);
		cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;

		if (!name)
			return not_handled(err, "a member's name holds a NUL");
		if (json_type(body, member) == JSON_NULL)
			kube_map_remove(map, name);
		else if (read_value(body, member, content, &value, err) < 0 ||
			 kube_map_set(map, name, &value, err) < 0)
			return -1;
	}
	return 0;
}

static int merge_type(struct stored_secret *secret, const struct json *body, struct error *err)
{
	json_node node = json_member(body, JSON_ROOT, "type");

	if (json_type(body, node) != JSON_STRING || json_string_is(body, node, ""))
		return 0;
	char *type = json_strdup(body, node);
	if (!type)
		return not_handled(err, "type holds a NUL");
	free(secret->type);
	secret->type = type;
	return 0;
}

int stored_secret_merge(struct stored_secret *secret, const struct json *body, struct error *err)
{
	json_node metadata = json_member(body, JSON_ROOT, "metadata");
	json_node kind = json_member(body, JSON_ROOT, "kind");
	json_node immutable = json_member(body, JSON_ROOT, "immutable");

	if (json_type(body, JSON_ROOT) != JSON_OBJECT)
		return not_handled(err, "json: cannot unmarshal into Go value of type v1.Secret");
	if (json_type(body, kind) == JSON_STRING && !json_string_is(body, kind, "Secret"))
		return error_set(err, ERROR_INVALID,
		    "the object provided is unrecognized (must be of type Secret)");
	if (immutable != JSON_ABSENT)
		secret->immutable = json_boolean(body, immutable, false);
	if (merge_type(secret, body, err) < 0 ||
	    merge_map(&secret->labels, body, json_member(body, metadata, "labels"), TEXT, err) <
		0 ||
	    merge_map(&secret->annotations, body, json_member(body, metadata, "annotations"), TEXT,
		err) < 0 ||
	    merge_map(&secret->data, body, json_member(body, JSON_ROOT, "data"), BASE64, err) < 0)
		return -1;
	return merge_map(
	    &secret->data, body, json_member(body, JSON_ROOT, "stringData"), TO_BASE64, err);
}

static void fault_set(
    struct kube_fault *fault, const char *reason, const char *field, const char *message)
{
	if (fault->reason)
		return;
	fault->reason = reason;
	snprintf(fault->field, sizeof(fault->field), "%s", field);
	snprintf(fault->message, sizeof(fault->message), "%s", message);
}

/* "[]-._a-zA-Z0-9" or a DNS-1123 subdomain. */
static bool is_data_key(const char *key)
{
	size_t length = strlen(key);

	if (length == 0 || length > NAME_MAX_LENGTH || strcmp(key, ".") == 0 ||
	    strncmp(key, "..", 2) == 0)
		return false;
	for (const char *c = key; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("-._", *c))
			return false;
	return true;
}

static bool is_subdomain(const char *name)
{
	bool edge = true; /* at the start of a label */

	if (!*name || strlen(name) > NAME_MAX_LENGTH)
		return false;
	for (const char *c = name; *c; c++) {
		bool letter = islower((unsigned char)*c) || isdigit((unsigned char)*c);

		if (!letter && (edge || (*c != '-' && *c != '.')))
			return false;
		if (*c == '.' && c[-1] == '-')
			return false;
		edge = *c == '.';
	}
	return isalnum((unsigned char)name[strlen(name) - 1]);
}

static void check_name(const struct stored_secret *secret, struct kube_fault *fault)
{
	char message[600];

	if (is_subdomain(secret->name))
		return;
	snprintf(message, sizeof(message),
	    "Invalid value: \"%.250s\": a lowercase RFC 1123 subdomain must consist of lower case "
	    "alphanumeric characters, '-' or '.', and must start and end with an alphanumeric "
	    "character "
	    "(e.g. 'example.com', regex used for validation is "
	    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
	    secret->name);
	fault_set(fault, "FieldValueInvalid", "metadata.name", message);
}

/* Of the base64 text, without padding. */
static size_t decoded_length(const struct secret_buffer *value)
{
	size_t length = value->length / 4 * 3;

	for (size_t i = value->length; i > 0 && value->data[i - 1] == '='; i--)
		length--;
	return length;
}

static void check_data(const struct stored_secret *secret, struct kube_fault *fault)
{
	size_t total = 0;

	for (size_t i = 0; i < secret->data.count; i++) {
		const char *key = secret->data.entries[i].name;
		char field[300], message[600];

		total += decoded_length(&secret->data.entries[i].value);
		if (is_data_key(key))
			continue;
		snprintf(field, sizeof(field), "data[%.256s]", key);
		snprintf(message, sizeof(message),
		    "Invalid value: \"%.250s\": a valid config key must consist of alphanumeric "
		    "characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', "
		    "regex used for validation is '[-._a-zA-Z0-9]+')",
		    key);
		fault_set(fault, "FieldValueInvalid", field, message);
	}
	if (total > DATA_BYTES_MAX)
		fault_set(fault, "FieldValueTooLong", "data",
		    "Too long: may not be more than 1048576 bytes");
}

static void check_change(
    const struct stored_secret *secret, const struct stored_secret *old, struct kube_fault *fault)
{
	char message[600];

	snprintf(message, sizeof(message), "Invalid value: \"%.250s\": field is immutable",
	    secret->type);
	if (strcmp(secret->type, old->type) != 0)
		fault_set(fault, "FieldValueInvalid", "type", message);
	if (!old->immutable)
		return;
	if (!secret->immutable)
		fault_set(fault, "FieldValueForbidden", "immutable",
		    "Forbidden: field is immutable when `immutable` is set");
	if (!kube_map_equal(&secret->data, &old->data))
		fault_set(fault, "FieldValueForbidden", "data",
		    "Forbidden: field is immutable when `immutable` is set");
}

void stored_secret_check(
    const struct stored_secret *secret, const struct stored_secret *old, struct kube_fault *fault)
{
	fault->reason = NULL;
	if (old)
		check_change(secret, old, fault);
	else
		check_name(secret, fault);
	check_data(secret, fault);
}

bool stored_secret_equal(const struct stored_secret *a, const struct stored_secret *b)
{
	return strcmp(a->type, b->type) == 0 && a->immutable == b->immutable &&
	       kube_map_equal(&a->labels, &b->labels) &&
	       kube_map_equal(&a->annotations, &b->annotations) &&
	       kube_map_equal(&a->data, &b->data);
}

void kube_time(int64_t seconds, char text[KUBE_TIME_SIZE])
{
	time_t when = seconds;
	struct tm utc;

	gmtime_r(&when, &utc);
	strftime(text, KUBE_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

void stored_secret_write(const struct stored_secret *secret, bool item, struct json_writer *writer)
{
	char revision[24], created[KUBE_TIME_SIZE];

	snprintf(revision, sizeof(revision), "%" PRId64, secret->revision);
	kube_time(secret->created_s, created);
	json_write_object(writer);
	if (!item) {
		json_write_member(writer, "kind", "Secret");
		json_write_member(writer, "apiVersion", "v1");
	}
	json_write_name(writer, "metadata");
	json_write_object(writer);
	json_write_member(writer, "name", secret->name);
	json_write_member(writer, "namespace", secret->namespace);
	json_write_member(writer, "uid", secret->uid);
	json_write_member(writer, "resourceVersion", revision);
	json_write_member(writer, "creationTimestamp", created);
	kube_map_write(&secret->labels, "labels", writer);
	kube_map_write(&secret->annotations, "annotations", writer);
	json_write_object_end(writer);
	if (secret->immutable) {
		json_write_name(writer, "immutable");
		json_write_boolean(writer, true);
	}
	kube_map_write(&secret->data, "data", writer);
	json_write_member(writer, "type", secret->type);
	json_write_object_end(writer);
}
