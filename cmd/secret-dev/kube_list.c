/* kube_list: pages of Secrets and of other kinds, chosen by their labels. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/secret-dev/kube_call.h"
#include "cmd/secret-dev/kube_store.h"
#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"

#define REQUIREMENTS_MAX 16
#define CONTINUE_MAX 4096

/* "key", "!key", "key=value" or "key!=value". */
struct requirement {
	char key[320], value[64];
	bool has_value, negated;
};

struct selector {
	struct requirement requirements[REQUIREMENTS_MAX];
	size_t count;
};

/* Copy without the spaces around it; false when it does not fit or has what only sets have. */
static bool copy_word(char *to, size_t size, const char *from, size_t length)
{
	while (length && *from == ' ')
		from++, length--;
	while (length && from[length - 1] == ' ')
		length--;
	if (length >= size || memchr(from, '(', length) || memchr(from, ' ', length))
		return false;
	memcpy(to, from, length);
	to[length] = '\0';
	return true;
}

static bool parse_requirement(struct requirement *requirement, const char *text, size_t length)
{
	const char *equals = memchr(text, '=', length);
	size_t key_length = equals ? (size_t)(equals - text) : length;

	if (equals && key_length && text[key_length - 1] == '!') {
		requirement->negated = true;
		key_length--;
	} else if (!equals && *text == '!') {
		requirement->negated = true;
		text++;
		key_length--;
	}
	requirement->has_value = equals != NULL;
	if (!copy_word(requirement->key, sizeof(requirement->key), text, key_length) ||
	    !*requirement->key)
		return false;
	if (!equals)
		return true;
	const char *value = equals + 1 + (equals[1] == '=');
	return copy_word(requirement->value, sizeof(requirement->value), value,
	    length - (size_t)(value - equals) - (size_t)(equals - text));
}

static bool parse_selector(struct selector *selector, const char *text)
{
	selector->count = 0;
	while (text && *text) {
		size_t length = strcspn(text, ",");
		struct requirement *next = &selector->requirements[selector->count];

		if (selector->count++ == REQUIREMENTS_MAX)
			return false;
		memset(next, 0, sizeof(*next));
		if (!parse_requirement(next, text, length))
			return false;
		text += length + (text[length] == ',');
	}
	return true;
}

static bool meets(const struct kube_map *labels, const struct requirement *requirement)
{
	const struct secret_buffer *value = kube_map_find(labels, requirement->key);
	bool holds = value && (!requirement->has_value ||
				  strcmp(secret_buffer_string(value), requirement->value) == 0);

	return holds != requirement->negated;
}

/* What can be listed: objects in the order of their namespaces and names. */
struct collection {
	const char *kind, *api_version; /* of the list */
	size_t (*count)(const struct kube_call *call);
	/* The place of the first that is not before namespace/name. */
	size_t (*from)(const struct kube_call *call, const char *namespace, const char *name);
	struct kube_metadata (*metadata)(const struct kube_call *call, size_t place);
	int (*write)(const struct kube_call *call, size_t place, enum stored_form form,
	    struct json_writer *writer, struct error *err);
};

/* One page: from which place, and how many. */
struct page {
	const struct collection *collection;
	struct selector selector;
	size_t begin, end; /* of what the path covers */
	size_t limit;	   /* 0: all */
	int64_t revision;  /* of the list's first page */
};

static bool is_selected(const struct kube_call *call, const struct page *page, size_t place)
{
	struct kube_metadata metadata = page->collection->metadata(call, place);

	for (size_t i = 0; i < page->selector.count; i++)
		if (!meets(metadata.labels, &page->selector.requirements[i]))
			return false;
	return true;
}

/*
 * A continue token is the base64 of {"v":"meta.k8s.io/v1","rv":REVISION,"start":"KEY\0"}, the key
 * relative to what the path covers.
 */
static int write_continue(const struct kube_call *call, const struct page *page, size_t last,
    struct json_writer *writer, struct error *err)
{
	struct kube_metadata end = page->collection->metadata(call, last);
	cleanup_secret struct secret_buffer key = SECRET_BUFFER_INIT, text = SECRET_BUFFER_INIT;
	cleanup_secret struct secret_buffer token = SECRET_BUFFER_INIT;
	struct json_writer inner;

	if ((!call->namespace &&
		secret_buffer_append_format(&key, err, "%s/", end.namespace) < 0) ||
	    secret_buffer_append(&key, end.name, strlen(end.name) + 1, err) < 0)
		return -1;
	json_writer_init(&inner, &text);
	json_write_object(&inner);
	json_write_member(&inner, "v", "meta.k8s.io/v1");
	json_write_name(&inner, "rv");
	json_write_integer(&inner, page->revision);
	json_write_name(&inner, "start");
	json_write_string_bytes(&inner, key.data, key.length);
	json_write_object_end(&inner);
	if (json_writer_finish(&inner, err) < 0 ||
	    base64url_encode(&token, text.data, text.length, err) < 0)
		return -1;
	json_write_member(writer, "continue", token.data);
	return 0;
}

/* Where the page begins, from the key of the last object of the page before it. */
static size_t place_behind(
    const struct kube_call *call, const struct collection *collection, const char *key)
{
	const char *slash = call->namespace ? NULL : strchr(key, '/');
	const char *name = slash ? slash + 1 : key;
	cleanup_free char *namespace = slash ? strndup(key, (size_t)(slash - key))
					     : strdup(call->namespace ? call->namespace : "");

	if (!namespace)
		return collection->count(call);
	size_t place = collection->from(call, namespace, name);
	if (place == collection->count(call))
		return place;
	struct kube_metadata next = collection->metadata(call, place);
	return place + (strcmp(next.namespace, namespace) == 0 && strcmp(next.name, name) == 0);
}

/* 0, or 1 when refused and answered. */
static int read_continue(struct kube_call *call, const char *token, struct page *page)
{
	cleanup_secret struct secret_buffer text = {.limit = CONTINUE_MAX};
	cleanup_secret struct secret_buffer key = SECRET_BUFFER_INIT;
	struct error err = ERROR_INIT;
	cleanup_json struct json *document = NULL;

	if (base64url_decode(&text, token, strlen(token), &err) == 0)
		document =
		    json_parse(secret_buffer_string(&text), text.length, "continue token", &err);
	if (!document ||
	    !json_string_is(document, json_member(document, JSON_ROOT, "v"), "meta.k8s.io/v1") ||
	    json_string(document, json_member(document, JSON_ROOT, "start"), &key, &err) < 0)
		return kube_bad_request(call, "continue key is not valid: %s", err.message), 1;
	page->revision = json_integer(document, json_member(document, JSON_ROOT, "rv"), 0);
	if (page->revision < call->server->compacted) {
		kube_refuse(call, &(struct kube_status){410, "Expired", NULL, NULL, NULL},
		    "The provided continue parameter is too old to display a consistent list "
		    "result. "
		    "You can start a new list without the continue parameter, or use the continue "
		    "token "
		    "in this response to retrieve the remainder of the results. Continuing with "
		    "the "
		    "provided token results in an inconsistent list - objects that were created, "
		    "modified, or deleted between the time the first chunk was returned and now "
		    "may show "
		    "up in the list.");
		return 1;
	}
	page->begin = place_behind(call, page->collection, secret_buffer_string(&key));
	if (page->begin > page->end)
		page->begin = page->end;
	return 0;
}

/* 0, or 1 when refused and answered. */
static int read_page(struct kube_call *call, struct page *page)
{
	const char *limit = request_query(call->request, "limit");
	const char *token = request_query(call->request, "continue");
	const char *selector = request_query(call->request, "labelSelector");
	char *end = NULL;

	page->revision = call->server->revision;
	page->begin = call->namespace ? page->collection->from(call, call->namespace, "") : 0;
	/* No name begins with a byte as high as that. */
	page->end = call->namespace ? page->collection->from(call, call->namespace, "\xff")
				    : page->collection->count(call);
	page->limit = limit && *limit ? strtoul(limit, &end, 10) : 0;
	if (end && *end)
		return kube_bad_request(call, "limit: \"%s\" is not a number", limit), 1;
	if (!parse_selector(&page->selector, selector))
		return kube_bad_request(call, "unable to parse requirement: \"%s\"", selector), 1;
	return token && *token ? read_continue(call, token, page) : 0;
}

/* The place behind the page's last object: where the limit is reached, or the end. */
static size_t end_of_page(const struct kube_call *call, const struct page *page)
{
	size_t place = page->begin, selected = 0;

	while (place < page->end && (!page->limit || selected < page->limit))
		selected += is_selected(call, page, place++);
	return place;
}

static int write_metadata(const struct kube_call *call, const struct page *page, size_t end,
    struct json_writer *writer, struct error *err)
{
	char revision[24];

	snprintf(revision, sizeof(revision), "%" PRId64, page->revision);
	json_write_name(writer, "metadata");
	json_write_object(writer);
	json_write_member(writer, "resourceVersion", revision);
	if (end < page->end) {
		if (write_continue(call, page, end - 1, writer, err) < 0)
			return -1;
		/* The count is not known when a selector leaves some out. */
		if (page->selector.count == 0) {
			json_write_name(writer, "remainingItemCount");
			json_write_integer(writer, (int64_t)(page->end - end));
		}
	}
	json_write_object_end(writer);
	return 0;
}

static int write_items(const struct kube_call *call, const struct page *page, size_t end,
    bool partial, struct json_writer *writer, struct error *err)
{
	size_t first = page->begin;

	while (first < end && !is_selected(call, page, first))
		first++;
	/* The API server's empty lists of metadata hold null. */
	if (partial && first == end) {
		json_write_null(writer);
		return 0;
	}
	json_write_array(writer);
	for (size_t i = first; i < end; i++)
		if (is_selected(call, page, i) &&
		    page->collection->write(
			call, i, partial ? STORED_METADATA : STORED_ITEM, writer, err) < 0)
			return -1;
	json_write_array_end(writer);
	return 0;
}

static int list(struct kube_call *call, const struct collection *collection, struct error *err)
{
	bool partial = kube_wants_metadata(call);
	struct page page = {.collection = collection};
	struct json_writer writer;

	if (read_page(call, &page))
		return 0;
	size_t end = end_of_page(call, &page);
	json_writer_init(&writer, &call->answer->body);
	json_write_object(&writer);
	json_write_member(
	    &writer, "kind", partial ? "PartialObjectMetadataList" : collection->kind);
	json_write_member(
	    &writer, "apiVersion", partial ? "meta.k8s.io/v1" : collection->api_version);
	if (write_metadata(call, &page, end, &writer, err) < 0)
		return -1;
	json_write_name(&writer, "items");
	if (write_items(call, &page, end, partial, &writer, err) < 0)
		return -1;
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err);
}

/* -- Secrets ---------------------------------------------------------------------------------- */

static size_t secret_count(const struct kube_call *call)
{
	return call->server->secret_count;
}

static size_t secret_from(const struct kube_call *call, const char *namespace, const char *name)
{
	return kube_store_from(call->server, namespace, name);
}

static struct kube_metadata secret_metadata(const struct kube_call *call, size_t place)
{
	return stored_secret_metadata(call->server->secrets[place]);
}

static int secret_write(const struct kube_call *call, size_t place, enum stored_form form,
    struct json_writer *writer, struct error *err)
{
	(void)err;
	stored_secret_write(call->server->secrets[place], form, writer);
	return 0;
}

int kube_secrets_list(struct kube_call *call, struct error *err)
{
	static const struct collection secrets = {
	    "SecretList", "v1", secret_count, secret_from, secret_metadata, secret_write};

	return kube_allowed(call, "list", "secrets", NULL) ? list(call, &secrets, err) : 0;
}

/* -- ConfigMaps ------------------------------------------------------------------------------- */

static size_t config_map_count(const struct kube_call *call)
{
	return call->server->config_map_count;
}

static size_t config_map_from(const struct kube_call *call, const char *namespace, const char *name)
{
	return kube_config_maps_from(call->server, namespace, name);
}

static struct kube_metadata config_map_metadata(const struct kube_call *call, size_t place)
{
	return stored_config_map_metadata(call->server->config_maps[place]);
}

static int config_map_write(const struct kube_call *call, size_t place, enum stored_form form,
    struct json_writer *writer, struct error *err)
{
	(void)err;
	stored_config_map_write(call->server->config_maps[place], form, writer);
	return 0;
}

int kube_config_maps_list(struct kube_call *call, struct error *err)
{
	static const struct collection config_maps = {"ConfigMapList", "v1", config_map_count,
	    config_map_from, config_map_metadata, config_map_write};

	return kube_allowed(call, "list", "configmaps", NULL) ? list(call, &config_maps, err) : 0;
}

/* -- other kinds ------------------------------------------------------------------------------ */

static const struct stored_resources *resources_of(const struct kube_call *call)
{
	return &call->server->resources[call->kind->number];
}

static size_t resource_count(const struct kube_call *call)
{
	return resources_of(call)->count;
}

static size_t resource_from(const struct kube_call *call, const char *namespace, const char *name)
{
	return stored_resources_from(resources_of(call), namespace, name);
}

static struct kube_metadata resource_metadata(const struct kube_call *call, size_t place)
{
	return stored_resource_metadata(resources_of(call)->items[place]);
}

static int resource_write(const struct kube_call *call, size_t place, enum stored_form form,
    struct json_writer *writer, struct error *err)
{
	return stored_resource_write(resources_of(call)->items[place], form, writer, err);
}

int kube_resources_list(struct kube_call *call, struct error *err)
{
	struct collection resources = {call->kind->list_kind, call->kind->api_version,
	    resource_count, resource_from, resource_metadata, resource_write};

	return kube_allowed(call, "list", call->kind->resource, NULL) ? list(call, &resources, err)
								      : 0;
}
