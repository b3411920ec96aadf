/* kube_list: pages of Secrets, chosen by their labels. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/secret-dev/kube_call.h"
#include "cmd/secret-dev/kube_store.h"
#include "lib/base/base64.h"
#include "lib/base/cleanup.h"

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

static bool meets(const struct stored_secret *secret, const struct requirement *requirement)
{
	const struct secret_buffer *value = kube_map_find(&secret->labels, requirement->key);
	bool holds = value && (!requirement->has_value ||
				  strcmp(secret_buffer_string(value), requirement->value) == 0);

	return holds != requirement->negated;
}

static bool is_selected(const struct stored_secret *secret, const struct selector *selector)
{
	for (size_t i = 0; i < selector->count; i++)
		if (!meets(secret, &selector->requirements[i]))
			return false;
	return true;
}

/* One page: from which place, and how many. */
struct page {
	struct selector selector;
	size_t begin, end; /* of what the path covers */
	size_t limit;	   /* 0: all */
	int64_t revision;  /* of the list's first page */
};

/*
 * A continue token is the base64 of {"v":"meta.k8s.io/v1","rv":REVISION,"start":"KEY\0"}, the key
 * relative to what the path covers.
 */
static int write_continue(const struct kube_call *call, const struct page *page, size_t last,
    struct json_writer *writer, struct error *err)
{
	const struct stored_secret *secret = call->server->secrets[last];
	cleanup_secret struct secret_buffer key = SECRET_BUFFER_INIT, text = SECRET_BUFFER_INIT;
	cleanup_secret struct secret_buffer token = SECRET_BUFFER_INIT;
	struct json_writer inner;

	if ((!call->namespace &&
		secret_buffer_append_format(&key, err, "%s/", secret->namespace) < 0) ||
	    secret_buffer_append(&key, secret->name, strlen(secret->name) + 1, err) < 0)
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

/* Where the page begins, from the key of the last Secret of the page before it. */
static size_t place_behind(const struct kube_call *call, const char *key)
{
	const char *slash = call->namespace ? NULL : strchr(key, '/');
	const char *name = slash ? slash + 1 : key;
	cleanup_free char *namespace = slash ? strndup(key, (size_t)(slash - key))
					     : strdup(call->namespace ? call->namespace : "");

	if (!namespace)
		return call->server->secret_count;
	size_t place = kube_store_from(call->server, namespace, name);
	return place + (kube_store_find(call->server, namespace, name) != NULL);
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
	page->begin = place_behind(call, secret_buffer_string(&key));
	if (page->begin > page->end)
		page->begin = page->end;
	return 0;
}

static size_t end_of_namespace(const struct kube_call *call)
{
	size_t end = kube_store_from(call->server, call->namespace, "");

	while (end < call->server->secret_count &&
	       strcmp(call->server->secrets[end]->namespace, call->namespace) == 0)
		end++;
	return end;
}

/* 0, or 1 when refused and answered. */
static int read_page(struct kube_call *call, struct page *page)
{
	const char *limit = request_query(call->request, "limit");
	const char *token = request_query(call->request, "continue");
	const char *selector = request_query(call->request, "labelSelector");
	char *end = NULL;

	page->revision = call->server->revision;
	page->begin = call->namespace ? kube_store_from(call->server, call->namespace, "") : 0;
	page->end = call->namespace ? end_of_namespace(call) : call->server->secret_count;
	page->limit = limit && *limit ? strtoul(limit, &end, 10) : 0;
	if (end && *end)
		return kube_bad_request(call, "limit: \"%s\" is not a number", limit), 1;
	if (!parse_selector(&page->selector, selector))
		return kube_bad_request(call, "unable to parse requirement: \"%s\"", selector), 1;
	return token && *token ? read_continue(call, token, page) : 0;
}

/* The place behind the page's last Secret: where the limit is reached, or the end. */
static size_t end_of_page(const struct kube_call *call, const struct page *page)
{
	size_t place = page->begin, selected = 0;

	while (place < page->end && (!page->limit || selected < page->limit))
		selected += is_selected(call->server->secrets[place++], &page->selector);
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

int kube_secrets_list(struct kube_call *call, struct error *err)
{
	bool partial = kube_wants_metadata(call);
	struct json_writer writer;
	struct page page;

	if (!kube_allowed(call, "list", "secrets", NULL) || read_page(call, &page))
		return 0;
	size_t end = end_of_page(call, &page);
	json_writer_init(&writer, &call->answer->body);
	json_write_object(&writer);
	json_write_member(&writer, "kind", partial ? "PartialObjectMetadataList" : "SecretList");
	json_write_member(&writer, "apiVersion", partial ? "meta.k8s.io/v1" : "v1");
	if (write_metadata(call, &page, end, &writer, err) < 0)
		return -1;
	json_write_name(&writer, "items");
	json_write_array(&writer);
	for (size_t i = page.begin; i < end; i++)
		if (is_selected(call->server->secrets[i], &page.selector))
			stored_secret_write(call->server->secrets[i],
			    partial ? STORED_METADATA : STORED_ITEM, &writer);
	json_write_array_end(&writer);
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err);
}
