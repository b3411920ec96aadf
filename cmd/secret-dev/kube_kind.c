/* kube_kind: the kinds of objects, with names, verbs, stored members and validation. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmd/secret-dev/kube_server.h"
#include "lib/base/base64.h"
#include "lib/base/cleanup.h"

#define KEY_LENGTH_MAX 253
#define DATA_BYTES_MAX ((size_t)1048576) /* of all values, decoded */
#define DATA_TOO_LONG "Too long: may not be more than 1048576 bytes"
#define ACCOUNT_NAME "kubernetes.io/service-account.name"
#define BASE64_GROUP 4

void kube_fault_set(
    struct kube_fault *fault, const char *reason, const char *field, const char *format, ...)
{
	va_list arguments;

	if (fault->reason)
		return;
	fault->reason = reason;
	snprintf(fault->field, sizeof(fault->field), "%s", field);
	va_start(arguments, format);
	vsnprintf(fault->message, sizeof(fault->message), format, arguments);
	va_end(arguments);
}

/* The name of a field, such as "data[KEY]". */
struct key_field {
	char text[300];
};

static struct key_field key_field(const char *member, const char *key)
{
	struct key_field field;

	snprintf(field.text, sizeof(field.text), "%s[%.256s]", member, key);
	return field;
}

/* -- maps of data ----------------------------------------------------------------------------- */

/* Check the alphabet, and decode the last group, which may contain padding. */
static bool is_base64(const struct json *document, json_node value)
{
	cleanup_secret struct secret_buffer last = SECRET_BUFFER_INIT;
	struct error ignored = ERROR_INIT;
	size_t length;
	const char *text = json_plain_string(document, value, &length);

	if (!text || length % BASE64_GROUP != 0)
		return false;
	if (length == 0)
		return true;
	for (size_t i = 0; i + BASE64_GROUP < length; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '+' && text[i] != '/')
			return false;
	return base64_decode(&last, text + length - BASE64_GROUP, BASE64_GROUP, &ignored) == 0;
}

int kube_check_map(const struct json *document, json_node map, bool base64, struct error *err)
{
	if (map != JSON_ABSENT && json_type(document, map) != JSON_OBJECT)
		return error_set(
		    err, ERROR_INVALID, "json: cannot unmarshal into Go value of type map");
	json_each (document, map, value) {
		if (json_type(document, value) != JSON_STRING)
			return error_set(err, ERROR_INVALID,
			    "json: cannot unmarshal into Go value of type string");
		if (base64 && !is_base64(document, value))
			return error_set(err, ERROR_INVALID, "illegal base64 data at input byte 0");
	}
	return 0;
}

/* Return whether the key is one or more of "-._a-zA-Z0-9", not "." and not beginning with "..". */
static bool is_data_key(const char *key)
{
	size_t length = strlen(key);

	if (length == 0 || length > KEY_LENGTH_MAX || strcmp(key, ".") == 0 ||
	    strncmp(key, "..", 2) == 0)
		return false;
	for (const char *c = key; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("-._", *c))
			return false;
	return true;
}

static void check_data_keys(const struct json *fields, const char *member, struct kube_fault *fault)
{
	json_each (fields, json_member(fields, JSON_ROOT, member), value) {
		cleanup_free char *key = json_name_strdup(fields, value);

		if (key && !is_data_key(key))
			kube_fault_set(fault, "FieldValueInvalid", key_field(member, key).text,
			    "Invalid value: \"%.250s\": a valid config key must consist of "
			    "alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
			    "'KEY_NAME',  or 'key-name', regex used for validation is "
			    "'[-._a-zA-Z0-9]+')",
			    key);
	}
}

/* Return the number of bytes that a valid map of base64 encodes. */
static size_t base64_bytes(const struct json *fields, const char *member)
{
	size_t bytes = 0;

	json_each (fields, json_member(fields, JSON_ROOT, member), value) {
		size_t length = 0;
		const char *text = json_plain_string(fields, value, &length);

		bytes += length / BASE64_GROUP * 3;
		while (length > 0 && text[--length] == '=')
			bytes--;
	}
	return bytes;
}

static size_t text_bytes(const struct json *fields, const char *member)
{
	size_t bytes = 0;

	json_each (fields, json_member(fields, JSON_ROOT, member), value) {
		cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
		struct error ignored = ERROR_INIT;

		if (json_string(fields, value, &text, &ignored) == 0)
			bytes += text.length;
	}
	return bytes;
}

/* Write a member unchanged, unless it is absent or empty. */
static void write_map(const struct json *sent, const char *member, struct json_writer *writer)
{
	json_node map = json_member(sent, JSON_ROOT, member);
	size_t length;

	if (json_count(sent, map) == 0)
		return;
	json_write_name(writer, member);
	const char *raw = json_raw(sent, map, &length);
	json_write_raw(writer, raw, length);
}

static void write_immutable(const struct json *sent, struct json_writer *writer)
{
	if (!json_boolean(sent, json_member(sent, JSON_ROOT, "immutable"), false))
		return;
	json_write_name(writer, "immutable");
	json_write_boolean(writer, true);
}

/* -- Secret ----------------------------------------------------------------------------------- */

/* Write data, including the members of stringData in base64. */
static int write_string_data(const struct json *sent, struct json_writer *writer, struct error *err)
{
	cleanup_secret struct secret_buffer encoded = SECRET_BUFFER_INIT;
	struct kube_value data = {sent, json_member(sent, JSON_ROOT, "data")};
	struct json_writer encoder;

	json_writer_init(&encoder, &encoded);
	json_write_object(&encoder);
	json_each (sent, json_member(sent, JSON_ROOT, "stringData"), value) {
		cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
		cleanup_free char *name = NULL;

		if (json_copy_name(sent, value, &name, err) < 0 ||
		    json_string(sent, value, &text, err) < 0)
			return -1;
		json_write_name(&encoder, name);
		json_write_base64(&encoder, text.data, text.length);
	}
	json_write_object_end(&encoder);
	if (json_writer_finish(&encoder, err) < 0)
		return -1;
	cleanup_json struct json *overlay =
	    json_parse(encoded.data, encoded.length, "stringData", err);
	json_write_name(writer, "data");
	return overlay ? kube_merge(data, (struct kube_value){overlay, JSON_ROOT}, writer, err)
		       : -1;
}

static int store_secret(const struct json *sent, struct json_writer *writer, struct error *err)
{
	json_node text = json_member(sent, JSON_ROOT, "stringData");
	json_node type = json_member(sent, JSON_ROOT, "type");

	if (kube_check_map(sent, json_member(sent, JSON_ROOT, "data"), true, err) < 0 ||
	    kube_check_map(sent, text, false, err) < 0)
		return -1;
	json_write_object(writer);
	if (json_count(sent, text) == 0)
		write_map(sent, "data", writer);
	else if (write_string_data(sent, writer, err) < 0)
		return -1;
	write_immutable(sent, writer);
	if (json_type(sent, type) == JSON_STRING && !json_string_is(sent, type, "")) {
		size_t length;
		const char *raw = json_raw(sent, type, &length);

		json_write_name(writer, "type");
		json_write_raw(writer, raw, length);
	} else {
		json_write_member(writer, "type", "Opaque");
	}
	json_write_object_end(writer);
	return 0;
}

static json_node data_value(const struct json *fields, const char *key)
{
	return json_path(fields, JSON_ROOT, "data", key, NULL);
}

static void require_key(const struct json *fields, const char *key, struct kube_fault *fault)
{
	if (data_value(fields, key) == JSON_ABSENT)
		kube_fault_set(
		    fault, "FieldValueRequired", key_field("data", key).text, "Required value");
}

/* Check registry credentials, the only values that the API server reads. */
static void require_json(const struct json *fields, const char *key, struct kube_fault *fault)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	json_node value = data_value(fields, key);
	struct error err = ERROR_INIT;

	require_key(fields, key, fault);
	if (value == JSON_ABSENT || json_base64(fields, value, &text, &err) < 0)
		return;
	cleanup_json struct json *json =
	    json_parse(secret_buffer_string(&text), text.length, key, &err);
	if (!json || json_type(json, JSON_ROOT) != JSON_OBJECT)
		kube_fault_set(fault, "FieldValueInvalid", key_field("data", key).text,
		    "Invalid value: \"<secret contents redacted>\": not a JSON object");
}

/* Check like ValidateSecret.  Report only one fault, where the API server reports several. */
static void check_type(
    const struct json *metadata, const struct json *fields, struct kube_fault *fault)
{
	json_node type = json_member(fields, JSON_ROOT, "type");
	json_node account = json_path(metadata, JSON_ROOT, "annotations", ACCOUNT_NAME, NULL);

	if (json_string_is(fields, type, "kubernetes.io/tls")) {
		require_key(fields, "tls.crt", fault);
		require_key(fields, "tls.key", fault);
	} else if (json_string_is(fields, type, "kubernetes.io/basic-auth")) {
		if (data_value(fields, "password") == JSON_ABSENT)
			require_key(fields, "username", fault);
	} else if (json_string_is(fields, type, "kubernetes.io/ssh-auth")) {
		require_key(fields, "ssh-privatekey", fault);
		if (json_string_is(fields, data_value(fields, "ssh-privatekey"), ""))
			kube_fault_set(
			    fault, "FieldValueRequired", "data[ssh-privatekey]", "Required value");
	} else if (json_string_is(fields, type, "kubernetes.io/dockerconfigjson")) {
		require_json(fields, ".dockerconfigjson", fault);
	} else if (json_string_is(fields, type, "kubernetes.io/dockercfg")) {
		require_json(fields, ".dockercfg", fault);
	} else if (json_string_is(fields, type, "kubernetes.io/service-account-token")) {
		if (account == JSON_ABSENT)
			kube_fault_set(fault, "FieldValueRequired",
			    "metadata.annotations[" ACCOUNT_NAME "]", "Required value");
	}
}

/* Return whether both objects have the same member, or neither has it. */
static bool same_member(const struct json *a, const struct json *b, const char *name)
{
	json_node of_a = json_member(a, JSON_ROOT, name), of_b = json_member(b, JSON_ROOT, name);
	size_t length_a = 0, length_b = 0;

	if (of_a == JSON_ABSENT || of_b == JSON_ABSENT)
		return of_a == of_b;
	const char *raw_a = json_raw(a, of_a, &length_a), *raw_b = json_raw(b, of_b, &length_b);
	return length_a == length_b && memcmp(raw_a, raw_b, length_a) == 0;
}

static void check_secret_change(
    const struct json *fields, const struct json *old, struct kube_fault *fault)
{
	static const char forbidden[] = "Forbidden: field is immutable when `immutable` is set";
	cleanup_free char *type = json_strdup(fields, json_member(fields, JSON_ROOT, "type"));

	if (!same_member(fields, old, "type"))
		kube_fault_set(fault, "FieldValueInvalid", "type",
		    "Invalid value: \"%.250s\": field is immutable", type ? type : "");
	if (json_member(old, JSON_ROOT, "immutable") == JSON_ABSENT)
		return;
	if (!same_member(fields, old, "immutable"))
		kube_fault_set(fault, "FieldValueForbidden", "immutable", forbidden);
	if (!same_member(fields, old, "data"))
		kube_fault_set(fault, "FieldValueForbidden", "data", forbidden);
}

static void check_secret(const struct json *metadata, const struct json *fields,
    const struct json *old, struct kube_fault *fault)
{
	if (old)
		check_secret_change(fields, old, fault);
	check_data_keys(fields, "data", fault);
	if (base64_bytes(fields, "data") > DATA_BYTES_MAX)
		kube_fault_set(fault, "FieldValueTooLong", "data", DATA_TOO_LONG);
	check_type(metadata, fields, fault);
}

/* -- ConfigMap -------------------------------------------------------------------------------- */

static int store_config_map(const struct json *sent, struct json_writer *writer, struct error *err)
{
	if (kube_check_map(sent, json_member(sent, JSON_ROOT, "data"), false, err) < 0 ||
	    kube_check_map(sent, json_member(sent, JSON_ROOT, "binaryData"), true, err) < 0)
		return -1;
	json_write_object(writer);
	write_map(sent, "binaryData", writer);
	write_map(sent, "data", writer);
	write_immutable(sent, writer);
	json_write_object_end(writer);
	return 0;
}

/* No verb changes a ConfigMap, so `old` is always NULL. */
static void check_config_map(const struct json *metadata, const struct json *fields,
    const struct json *old, struct kube_fault *fault)
{
	(void)metadata;
	(void)old;
	check_data_keys(fields, "data", fault);
	json_each (fields, json_member(fields, JSON_ROOT, "data"), value) {
		cleanup_free char *key = json_name_strdup(fields, value);

		if (key && json_path(fields, JSON_ROOT, "binaryData", key, NULL) != JSON_ABSENT)
			kube_fault_set(fault, "FieldValueInvalid", key_field("data", key).text,
			    "Invalid value: \"%.250s\": duplicate of key present in binaryData",
			    key);
	}
	check_data_keys(fields, "binaryData", fault);
	if (text_bytes(fields, "data") + base64_bytes(fields, "binaryData") > DATA_BYTES_MAX)
		kube_fault_set(fault, "FieldValueTooLong", "[]", DATA_TOO_LONG);
}

/* -- the table -------------------------------------------------------------------------------- */

static int store_namespace(const struct json *sent, struct json_writer *writer, struct error *err)
{
	(void)sent;
	(void)err;
	json_write_raw(writer, KUBE_NAMESPACE_FIELDS, strlen(KUBE_NAMESPACE_FIELDS));
	return 0;
}

#define CHANGED (KUBE_GET | KUBE_LIST | KUBE_CREATE | KUBE_PATCH | KUBE_DELETE)

/* Pods and workloads are stored without validation, and are not run. */
const struct kube_kind kube_kinds[KUBE_KINDS] = {
    [KUBE_SECRET] = {"", "secrets", "Secret", NULL, .strategic = true,
	.verbs = CHANGED | KUBE_UPDATE, .store = store_secret, .check = check_secret},
    [KUBE_CONFIG_MAP] = {"", "configmaps", "ConfigMap", "cm",
	.verbs = KUBE_GET | KUBE_LIST | KUBE_CREATE | KUBE_DELETE, .store = store_config_map,
	.check = check_config_map},
    [KUBE_NAMESPACE] = {"", "namespaces", "Namespace", "ns", .cluster = true,
	.verbs = KUBE_GET | KUBE_LIST | KUBE_CREATE, .store = store_namespace},
    [KUBE_ACCOUNT] = {"", "serviceaccounts", "ServiceAccount", "sa", .verbs = KUBE_GET | KUBE_LIST},
    {"", "pods", "Pod", "po", .verbs = CHANGED},
    {"apps", "deployments", "Deployment", "deploy", .verbs = CHANGED},
    {"apps", "statefulsets", "StatefulSet", "sts", .verbs = CHANGED},
    {"apps", "daemonsets", "DaemonSet", "ds", .verbs = CHANGED},
    {"batch", "jobs", "Job", NULL, .verbs = CHANGED},
    {"batch", "cronjobs", "CronJob", "cj", .verbs = CHANGED},
};

const struct kube_kind *kube_kind_find(const char *group, const char *resource)
{
	for (size_t i = 0; i < KUBE_KINDS; i++)
		if (strcmp(kube_kinds[i].group, group) == 0 &&
		    strcmp(kube_kinds[i].resource, resource) == 0)
			return &kube_kinds[i];
	return NULL;
}

struct kube_qualified kube_qualify(const struct kube_kind *kind, const char *word)
{
	struct kube_qualified result;

	snprintf(
	    result.text, sizeof(result.text), "%s%s%s", word, *kind->group ? "." : "", kind->group);
	return result;
}

struct kube_qualified kube_api_version(const struct kube_kind *kind)
{
	struct kube_qualified result;

	snprintf(result.text, sizeof(result.text), "%s%sv1", kind->group, *kind->group ? "/" : "");
	return result;
}
