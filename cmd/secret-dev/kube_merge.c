/* kube_merge: merge patches (RFC 7396) of JSON objects, with their members sorted by name. */
#include <stdlib.h>
#include <string.h>

#include "cmd/secret-dev/kube_server.h"

struct merge_member {
	char *name;
	json_node value;
};

struct merge_members {
	struct merge_member *items;
	size_t count;
};

static void members_free(struct merge_members *members)
{
	for (size_t i = 0; i < members->count; i++)
		free(members->items[i].name);
	free(members->items);
}

static int member_compare(const void *a, const void *b)
{
	return strcmp(
	    ((const struct merge_member *)a)->name, ((const struct merge_member *)b)->name);
}

/* List the members of an object, sorted by name; none if the value is not an object. */
static int members_list(struct kube_value object, struct merge_members *members, struct error *err)
{
	size_t count = json_type(object.document, object.node) == JSON_OBJECT
			   ? json_count(object.document, object.node)
			   : 0;

	*members = (struct merge_members){NULL, 0};
	if (count == 0)
		return 0;
	members->items = calloc(count, sizeof(*members->items));
	if (!members->items)
		return error_memory(err);
	json_each (object.document, object.node, value) {
		struct merge_member *member = &members->items[members->count];

		if (json_copy_name(object.document, value, &member->name, err) < 0)
			return -1;
		if (!member->name)
			return error_set(err, ERROR_INVALID, "a member's name contains a NUL");
		member->value = value;
		members->count++;
	}
	qsort(members->items, members->count, sizeof(*members->items), member_compare);
	return 0;
}

/* Write a value that is not an object in canonical form, for any escapes and white space. */
static int write_canonical(struct kube_value value, struct json_writer *writer, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	if (json_type(value.document, value.node) == JSON_STRING) {
		if (json_string(value.document, value.node, &text, err) < 0)
			return -1;
		json_write_string_bytes(writer, secret_buffer_string(&text), text.length);
		return 0;
	}
	if (json_compact(value.document, value.node, &text, err) < 0)
		return -1;
	json_write_raw(writer, text.data, text.length);
	return 0;
}

static void write_raw(struct kube_value value, struct json_writer *writer)
{
	size_t length;
	const char *raw = json_raw(value.document, value.node, &length);

	json_write_raw(writer, raw, length);
}

static int write_merged(const struct merge_members *base, const struct json *base_document,
    const struct merge_members *patch, const struct json *patch_document,
    struct json_writer *writer, struct error *err)
{
	size_t b = 0, p = 0;

	while (b < base->count || p < patch->count) {
		int order = b == base->count	? 1
			    : p == patch->count ? -1
						: member_compare(&base->items[b], &patch->items[p]);
		struct kube_value old = {
		    base_document, order <= 0 ? base->items[b].value : JSON_ABSENT};
		struct kube_value change = {
		    patch_document, order >= 0 ? patch->items[p].value : JSON_ABSENT};
		const char *name = order <= 0 ? base->items[b].name : patch->items[p].name;

		b += order <= 0;
		p += order >= 0;
		if (json_type(change.document, change.node) == JSON_NULL)
			continue;
		json_write_name(writer, name);
		if (kube_merge(old, change, writer, err) < 0)
			return -1;
	}
	return 0;
}

int kube_merge(
    struct kube_value base, struct kube_value patch, struct json_writer *writer, struct error *err)
{
	struct merge_members old, changes;
	int result = -1;

	if (patch.node == JSON_ABSENT) {
		write_raw(base, writer);
		return 0;
	}
	if (json_type(patch.document, patch.node) != JSON_OBJECT)
		return write_canonical(patch, writer, err);
	changes = (struct merge_members){NULL, 0};
	if (members_list(base, &old, err) == 0 && members_list(patch, &changes, err) == 0) {
		json_write_object(writer);
		result = write_merged(&old, base.document, &changes, patch.document, writer, err);
		json_write_object_end(writer);
	}
	members_free(&old);
	members_free(&changes);
	return result;
}
