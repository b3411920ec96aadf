/* kube_list: pages of the objects of a kind, selected by labels. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/secret-dev/kube_server.h"
#include "lib/base/base64.h"
#include "lib/base/cleanup.h"

#define REQUIREMENTS_MAX 16
#define CONTINUE_MAX 4096
#define CONTINUE_VERSION "meta.k8s.io/v1"
/* Sorted after all names, because no name begins with such a high byte. */
#define AFTER_ALL_NAMES "\xff"

#define EXPIRED_TEXT                                                                               \
	"The provided continue parameter is too old to display a consistent list result. You can " \
	"start a new list without the continue parameter, or use the continue token in this "      \
	"response to retrieve the remainder of the results. Continuing with the provided token "   \
	"results in an inconsistent list - objects that were created, modified, or deleted "       \
	"between the time the first chunk was returned and now may show up in the list."

/* -- label selectors -------------------------------------------------------------------------- */

/* A requirement: "key", "!key", "key=value" or "key!=value". */
struct requirement {
	char key[320], value[64];
	bool has_value, negated;
};

struct label_selector {
	struct requirement requirements[REQUIREMENTS_MAX];
	size_t count;
};

/*
 * Copy without surrounding spaces.  Return false if it does not fit, or the selector is set-based.
 */
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
	const char *equals = memchr(text, '=', length), *end = text + length;
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
	const char *value = equals + 1 + (equals + 1 < end && equals[1] == '=');
	return copy_word(
	    requirement->value, sizeof(requirement->value), value, (size_t)(end - value));
}

static bool parse_selector(struct label_selector *selector, const char *text)
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

static bool is_selected(const struct label_selector *selector, const struct kube_object *object)
{
	struct error ignored = ERROR_INIT;

	if (selector->count == 0)
		return true;
	cleanup_json struct json *metadata =
	    json_parse(object->metadata.data, object->metadata.length, "metadata", &ignored);
	for (size_t i = 0; i < selector->count; i++) {
		const struct requirement *requirement = &selector->requirements[i];
		json_node value = json_path(metadata, JSON_ROOT, "labels", requirement->key, NULL);
		bool holds = requirement->has_value
				 ? json_string_is(metadata, value, requirement->value)
				 : value != JSON_ABSENT;

		if (holds == requirement->negated)
			return false;
	}
	return true;
}

/* -- pages ------------------------------------------------------------------------------------ */

struct page {
	struct label_selector selector;
	size_t begin, end; /* of the page, as indexes in the store */
	size_t path_end;
	size_t limit;	  /* 0: no limit */
	int64_t revision; /* of the list's first page */
};

/*
 * A continue token is the base64 of {"v":"meta.k8s.io/v1","rv":REVISION,"start":"KEY\0"}.  The key
 * is relative to the path: NAME, or NAMESPACE/NAME for all namespaces.
 */
static int append_continue(const struct kube_call *call, const struct page *page,
    struct secret_buffer *token, struct error *err)
{
	cleanup_secret struct secret_buffer key = SECRET_BUFFER_INIT, text = SECRET_BUFFER_INIT;
	const struct kube_object *last = call->store->objects[page->end - 1];
	struct json_writer writer;

	if ((!call->namespace && !call->kind->cluster &&
		secret_buffer_append_format(&key, err, "%s/", last->namespace) < 0) ||
	    secret_buffer_append(&key, last->name, strlen(last->name) + 1, err) < 0)
		return -1;
	json_writer_init(&writer, &text);
	json_write_object(&writer);
	json_write_member(&writer, "v", CONTINUE_VERSION);
	json_write_name(&writer, "rv");
	json_write_integer(&writer, page->revision);
	json_write_name(&writer, "start");
	json_write_string_bytes(&writer, key.data, key.length);
	json_write_object_end(&writer);
	if (json_writer_finish(&writer, err) < 0)
		return -1;
	return base64_url_encode(token, text.data, text.length, err);
}

/* Return the index of the first object after `key`, which ended the previous page. */
static size_t index_after(const struct kube_call *call, const char *key)
{
	const char *slash = call->namespace ? NULL : strchr(key, '/');
	const char *name = slash ? slash + 1 : key;
	cleanup_free char *namespace = slash ? strndup(key, (size_t)(slash - key))
					     : strdup(call->namespace ? call->namespace : "");

	if (!namespace)
		return call->store->count;
	size_t index = kube_store_index(call->store, namespace, name);
	return index + (kube_store_find(call->store, namespace, name) != NULL);
}

/* Read a continue token.  Return 0, or 1 after it was refused. */
static int read_continue(struct kube_call *call, const char *token, struct page *page)
{
	cleanup_secret struct secret_buffer text = {.limit = CONTINUE_MAX};
	cleanup_secret struct secret_buffer key = SECRET_BUFFER_INIT;
	cleanup_json struct json *document = NULL;
	struct error err = ERROR_INIT;

	if (base64_url_decode(&text, token, strlen(token), &err) == 0)
		document =
		    json_parse(secret_buffer_string(&text), text.length, "continue token", &err);
	if (!document ||
	    !json_string_is(document, json_member(document, JSON_ROOT, "v"), CONTINUE_VERSION) ||
	    json_string(document, json_member(document, JSON_ROOT, "start"), &key, &err) < 0) {
		kube_refuse(
		    call, KUBE_BAD_REQUEST, NULL, "continue key is not valid: %s", err.message);
		return 1;
	}
	page->revision = json_integer(document, json_member(document, JSON_ROOT, "rv"), 0);
	if (page->revision < call->server->compacted)
		return kube_refuse(call, KUBE_EXPIRED, NULL, "%s", EXPIRED_TEXT), 1;
	page->begin = index_after(call, secret_buffer_string(&key));
	if (page->begin > page->path_end)
		page->begin = page->path_end;
	return 0;
}

/* Read the parameters.  Return 0, or 1 after a parameter was refused. */
static int read_page(struct kube_call *call, struct page *page)
{
	const char *limit = server_request_query(call->request, "limit");
	const char *token = server_request_query(call->request, "continue");
	const char *selector = server_request_query(call->request, "labelSelector");
	char *end = NULL;

	page->revision = call->server->revision;
	page->begin = call->namespace ? kube_store_index(call->store, call->namespace, "") : 0;
	page->path_end = call->namespace
			     ? kube_store_index(call->store, call->namespace, AFTER_ALL_NAMES)
			     : call->store->count;
	page->limit = limit && *limit ? strtoul(limit, &end, 10) : 0;
	if (end && *end)
		kube_refuse(call, KUBE_BAD_REQUEST, NULL, "limit: \"%s\" is not a number", limit);
	else if (!parse_selector(&page->selector, selector))
		kube_refuse(
		    call, KUBE_BAD_REQUEST, NULL, "unable to parse requirement: \"%s\"", selector);
	else
		return token && *token ? read_continue(call, token, page) : 0;
	return 1;
}

/* Return the index where the page ends: at its limit, or at the end of the path's objects. */
static size_t page_end(const struct kube_call *call, const struct page *page)
{
	size_t end = page->begin, selected = 0;

	while (end < page->path_end && (!page->limit || selected < page->limit))
		selected += is_selected(&page->selector, call->store->objects[end++]);
	return end;
}

/* Write the list's metadata with a continue token, which the last page does not have. */
static int write_metadata(const struct kube_call *call, const struct page *page,
    struct json_writer *writer, struct error *err)
{
	cleanup_secret struct secret_buffer token = SECRET_BUFFER_INIT;

	json_format(writer, "'metadata':{'resourceVersion':'%" PRId64 "'", page->revision);
	if (page->end < page->path_end) {
		if (append_continue(call, page, &token, err) < 0)
			return -1;
		json_format(writer, ",'continue':%s", token.data);
		/* With a selector the number is unknown. */
		if (page->selector.count == 0)
			json_format(writer, ",'remainingItemCount':%" PRId64,
			    (int64_t)(page->path_end - page->end));
	}
	json_format(writer, "},");
	return 0;
}

static void write_items(const struct kube_call *call, const struct page *page, bool metadata,
    struct json_writer *writer)
{
	size_t first = page->begin;

	while (first < page->end && !is_selected(&page->selector, call->store->objects[first]))
		first++;
	json_write_name(writer, "items");
	/* The API server writes null for an empty list of metadata. */
	if (metadata && first == page->end) {
		json_write_null(writer);
		return;
	}
	json_write_array(writer);
	for (size_t i = first; i < page->end; i++)
		if (is_selected(&page->selector, call->store->objects[i]))
			kube_object_write(call->store->objects[i], call->kind,
			    metadata ? KUBE_METADATA : KUBE_ITEM, writer);
	json_write_array_end(writer);
}

int kube_object_list(struct kube_call *call, struct error *err)
{
	struct kube_qualified version = kube_api_version(call->kind);
	bool metadata = kube_wants_metadata(call);
	struct json_writer writer;
	struct page page;
	char list[64];

	if (read_page(call, &page))
		return 0;
	page.end = page_end(call, &page);
	snprintf(
	    list, sizeof(list), "%sList", metadata ? "PartialObjectMetadata" : call->kind->kind);
	json_writer_init(&writer, &call->answer->body);
	json_write_object(&writer);
	json_format(&writer, "'kind':%s,'apiVersion':%s,", list,
	    metadata ? CONTINUE_VERSION : version.text);
	if (write_metadata(call, &page, &writer, err) < 0)
		return -1;
	write_items(call, &page, metadata, &writer);
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err);
}
