#include "cmd/secret-dev/kube_fields.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"

#define NAME_MAX_LENGTH 253
#define BASE64_GROUP 4

int kube_not_handled(const char *kind, struct error *err, const char *problem)
{
	return error_set(err, ERROR_INVALID, "%s in version \"v1\" cannot be handled as a %s: %s",
	    kind, kind, problem);
}

/* Looked at only, since what is stored is the text; the last group decodes, or not, as a whole. */
static bool is_base64(const char *text, size_t length)
{
	cleanup_secret struct secret_buffer last = SECRET_BUFFER_INIT;
	struct error ignored = ERROR_INIT;

	if (length == 0)
		return true;
	for (size_t i = 0; i + BASE64_GROUP < length; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '+' && text[i] != '/')
			return false;
	return length % BASE64_GROUP == 0 &&
	       base64_decode(&last, text + length - BASE64_GROUP, BASE64_GROUP, &ignored) == 0;
}

/* A member's text as it will be stored. */
static int read_value(const struct json *body, json_node node, enum kube_content content,
    const char *kind, struct secret_buffer *value, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	if (json_type(body, node) != JSON_STRING)
		return kube_not_handled(
		    kind, err, "json: cannot unmarshal into Go value of type string");
	if (json_string(body, node, &text, err) < 0)
		return -1;
	if (content == KUBE_TO_BASE64)
		return base64_encode(value, text.data, text.length, err);
	if (content == KUBE_BASE64 && !is_base64(secret_buffer_string(&text), text.length))
		return kube_not_handled(kind, err, "illegal base64 data at input byte 0");
	secret_buffer_move(value, &text);
	return 0;
}

int kube_map_merge(struct kube_map *map, const char *kind, const struct json *body, json_node node,
    enum kube_content content, struct error *err)
{
	if (json_type(body, node) == JSON_NULL && content != KUBE_TO_BASE64)
		kube_map_free(map);
	if (node != JSON_ABSENT && json_type(body, node) != JSON_OBJECT &&
	    json_type(body, node) != JSON_NULL)
		return kube_not_handled(
		    kind, err, "json: cannot unmarshal into Go value of type map");
	json_each (body, node, member) {
		cleanup_free char *name = json_name_strdup(body, member);
		cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;

		if (!name)
			return kube_not_handled(kind, err, "a member's name holds a NUL");
		if (json_type(body, member) == JSON_NULL)
			kube_map_remove(map, name);
		else if (read_value(body, member, content, kind, &value, err) < 0 ||
			 kube_map_set(map, name, &value, err) < 0)
			return -1;
	}
	return 0;
}

void kube_fault_set(
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

void kube_check_name(const char *name, struct kube_fault *fault)
{
	char message[600];

	if (is_subdomain(name))
		return;
	snprintf(message, sizeof(message),
	    "Invalid value: \"%.250s\": a lowercase RFC 1123 subdomain must consist of lower case "
	    "alphanumeric characters, '-' or '.', and must start and end with an alphanumeric "
	    "character "
	    "(e.g. 'example.com', regex used for validation is "
	    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
	    name);
	kube_fault_set(fault, "FieldValueInvalid", "metadata.name", message);
}

void kube_check_keys(const struct kube_map *map, const char *member, struct kube_fault *fault)
{
	for (size_t i = 0; i < map->count; i++) {
		const char *key = map->entries[i].name;
		char field[300], message[600];

		if (is_data_key(key))
			continue;
		snprintf(field, sizeof(field), "%s[%.256s]", member, key);
		snprintf(message, sizeof(message),
		    "Invalid value: \"%.250s\": a valid config key must consist of alphanumeric "
		    "characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', "
		    "regex used for validation is '[-._a-zA-Z0-9]+')",
		    key);
		kube_fault_set(fault, "FieldValueInvalid", field, message);
	}
}

/* Of the base64 text, without padding. */
static size_t value_length(const struct secret_buffer *value)
{
	size_t length = value->length / 4 * 3;

	for (size_t i = value->length; i > 0 && value->data[i - 1] == '='; i--)
		length--;
	return length;
}

size_t kube_decoded_length(const struct kube_map *map)
{
	size_t length = 0;

	for (size_t i = 0; i < map->count; i++)
		length += value_length(&map->entries[i].value);
	return length;
}

void kube_time(int64_t seconds, char text[KUBE_TIME_SIZE])
{
	time_t when = seconds;
	struct tm utc;

	gmtime_r(&when, &utc);
	strftime(text, KUBE_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static void write_list(const char *list, const char *name, struct json_writer *writer)
{
	if (!list)
		return;
	json_write_name(writer, name);
	json_write_raw(writer, list, strlen(list));
}

void kube_write_metadata(const struct kube_metadata *metadata, struct json_writer *writer)
{
	char revision[24], created[KUBE_TIME_SIZE];

	snprintf(revision, sizeof(revision), "%" PRId64, metadata->revision);
	kube_time(metadata->created_s, created);
	json_write_name(writer, "metadata");
	json_write_object(writer);
	json_write_member(writer, "name", metadata->name);
	json_write_member(writer, "namespace", metadata->namespace);
	json_write_member(writer, "uid", metadata->uid);
	if (metadata->revision) /* none where nothing was stored */
		json_write_member(writer, "resourceVersion", revision);
	json_write_member(writer, "creationTimestamp", created);
	kube_map_write(metadata->labels, "labels", writer);
	kube_map_write(metadata->annotations, "annotations", writer);
	write_list(metadata->finalizers, "finalizers", writer);
	write_list(metadata->owners, "ownerReferences", writer);
	json_write_object_end(writer);
}

void kube_write_metadata_object(const struct kube_metadata *metadata, struct json_writer *writer)
{
	json_write_object(writer);
	json_write_member(writer, "kind", "PartialObjectMetadata");
	json_write_member(writer, "apiVersion", "meta.k8s.io/v1");
	kube_write_metadata(metadata, writer);
	json_write_object_end(writer);
}
