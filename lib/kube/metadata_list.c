#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"
#include "lib/base/strings.h"
#include "lib/kube/secret.h"

struct merge_ctx {
	const struct json *stored, *wanted; /* NULL: none */
	const char *key;
	struct json_writer writer;
	bool failed; /* with *err set */
	struct error *err;
};

/* Return what an item is known by, newly allocated; NULL where it has no such member. */
static char *identity(struct merge_ctx *ctx, const struct json *list, json_node item)
{
	char *name;

	if (json_copy_string(
		list, ctx->key ? json_member(list, item, ctx->key) : item, &name, ctx->err) < 0)
		ctx->failed = true;
	return name;
}

/* Return the item of the list that is known by `name`, or JSON_ABSENT. */
static json_node find(struct merge_ctx *ctx, const struct json *list, const char *name)
{
	if (!list || !name)
		return JSON_ABSENT;
	json_each (list, JSON_ROOT, item) {
		cleanup_free char *other = identity(ctx, list, item);
		if (other && strcmp(other, name) == 0)
			return item;
	}
	return JSON_ABSENT;
}

static void write_item(struct merge_ctx *ctx, const struct json *list, json_node item)
{
	size_t length;
	const char *raw = json_raw(list, item, &length);

	json_write_raw(&ctx->writer, raw, length);
}

static void merge(struct merge_ctx *ctx)
{
	if (ctx->stored)
		json_each (ctx->stored, JSON_ROOT, item) {
			cleanup_free char *name = identity(ctx, ctx->stored, item);
			json_node replacement = find(ctx, ctx->wanted, name);
			if (replacement == JSON_ABSENT)
				write_item(ctx, ctx->stored, item);
			else
				write_item(ctx, ctx->wanted, replacement);
		}
	if (!ctx->wanted)
		return;
	json_each (ctx->wanted, JSON_ROOT, item) {
		cleanup_free char *name = identity(ctx, ctx->wanted, item);
		if (find(ctx, ctx->stored, name) == JSON_ABSENT)
			write_item(ctx, ctx->wanted, item);
	}
}

static int parse(const char *list, struct json **parsed, struct error *err)
{
	if (!list)
		return 0;
	*parsed = json_parse(list, strlen(list), "a list in metadata", err);
	return *parsed ? 0 : -1;
}

char *kube_metadata_list_merge(
    const char *stored, const char *wanted, const char *key, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	cleanup_json struct json *one = NULL;
	cleanup_json struct json *other = NULL;

	if (parse(stored, &one, err) < 0 || parse(wanted, &other, err) < 0)
		return NULL;
	struct merge_ctx ctx = {.stored = one, .wanted = other, .key = key, .err = err};
	json_writer_init(&ctx.writer, &text);
	json_write_array(&ctx.writer);
	merge(&ctx);
	json_write_array_end(&ctx.writer);
	if (ctx.failed || json_writer_finish(&ctx.writer, err) < 0)
		return NULL;
	char *merged = strdup(secret_buffer_string(&text));
	if (!merged)
		error_memory(err);
	return merged;
}

char *kube_secret_owner(const struct kube_secret *secret, struct error *err)
{
	cleanup_json struct json *owners = NULL;
	json_node owner = JSON_ABSENT;

	if (!secret->owners)
		return NULL;
	if (parse(secret->owners, &owners, err) < 0)
		return NULL;
	json_each (owners, JSON_ROOT, item)
		if (owner == JSON_ABSENT ||
		    json_boolean(owners, json_member(owners, item, "controller"), false))
			owner = item;
	cleanup_free char *kind = json_strdup(owners, json_member(owners, owner, "kind"));
	cleanup_free char *name = json_strdup(owners, json_member(owners, owner, "name"));
	return string_format(
	    err, "%s %s", kind ? kind : "an object", name ? name : "without a name");
}
