#include "cmd/secret-dev/kube_merge.h"

#include "lib/base/cleanup.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"

static void write_value(const struct json *document, json_node node, struct json_writer *writer)
{
	size_t length;
	const char *raw = json_raw(document, node, &length);

	json_write_raw(writer, raw, length);
}

/* The members of the base that the patch leaves or changes. */
static void merge_base(const struct json *base_document, json_node base,
    const struct json *patch_document, json_node patch, struct json_writer *writer)
{
	json_each (base_document, base, member) {
		cleanup_free char *name = json_name_strdup(base_document, member);
		json_node change = name ? json_member(patch_document, patch, name) : JSON_ABSENT;

		if (!name || json_type(patch_document, change) == JSON_NULL)
			continue;
		json_write_name(writer, name);
		if (change == JSON_ABSENT)
			write_value(base_document, member, writer);
		else
			kube_merge(base_document, member, patch_document, change, writer);
	}
}

void kube_merge(const struct json *base_document, json_node base, const struct json *patch_document,
    json_node patch, struct json_writer *writer)
{
	if (json_type(patch_document, patch) != JSON_OBJECT) {
		write_value(patch_document, patch, writer);
		return;
	}
	if (base != JSON_ABSENT && json_type(base_document, base) != JSON_OBJECT)
		base = JSON_ABSENT;
	json_write_object(writer);
	if (base != JSON_ABSENT)
		merge_base(base_document, base, patch_document, patch, writer);
	json_each (patch_document, patch, member) {
		cleanup_free char *name = json_name_strdup(patch_document, member);

		if (!name || json_type(patch_document, member) == JSON_NULL ||
		    (base != JSON_ABSENT && json_member(base_document, base, name) != JSON_ABSENT))
			continue;
		json_write_name(writer, name);
		kube_merge(NULL, JSON_ABSENT, patch_document, member, writer);
	}
	json_write_object_end(writer);
}
