#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/kube/internal.h"

#define LABEL_MAX 63
#define NAME_MAX_LENGTH 253

/* -- names ------------------------------------------------------------------------------------ */

static const char alphanumeric[] = "abcdefghijklmnopqrstuvwxyz0123456789";
static const char label_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
static const char key_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";

/* Match [a-z0-9]([-a-z0-9]*[a-z0-9])?. */
static bool is_label(const char *text, size_t length)
{
	if (length == 0 || !memchr(alphanumeric, text[0], sizeof(alphanumeric) - 1) ||
	    !memchr(alphanumeric, text[length - 1], sizeof(alphanumeric) - 1))
		return false;
	return strspn(text, label_letters) >= length;
}

bool kube_valid_namespace(const char *name)
{
	return name && strlen(name) <= LABEL_MAX && is_label(name, strlen(name));
}

bool kube_valid_name(const char *name)
{
	if (!name || strlen(name) > NAME_MAX_LENGTH)
		return false;
	for (;;) {
		size_t length = strcspn(name, ".");
		if (!is_label(name, length))
			return false;
		if (name[length] == '\0')
			return true;
		name += length + 1;
	}
}

bool kube_valid_data_key(const char *key)
{
	if (!key)
		return false;
	size_t length = strlen(key);
	return length > 0 && length <= NAME_MAX_LENGTH && strspn(key, key_letters) == length &&
	       strcmp(key, ".") != 0 && strncmp(key, "..", 2) != 0;
}

int kube_names_read(const struct json *document, json_node metadata, char **namespace, char **name,
    struct error *err)
{
	if (json_copy_string(
		document, json_member(document, metadata, "namespace"), namespace, err) < 0)
		return -1;
	return json_copy_string(document, json_member(document, metadata, "name"), name, err);
}

/* -- labels and annotations ------------------------------------------------------------------- */

void kube_pairs_free(struct kube_pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(pairs[i].name);
		free(pairs[i].value);
	}
	free(pairs);
}

struct kube_pair *kube_pairs_find(struct kube_pair *pairs, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(pairs[i].name, name) == 0)
			return &pairs[i];
	return NULL;
}

int kube_pairs_set(
    struct kube_pair **pairs, size_t *count, const char *name, const char *value, struct error *err)
{
	struct kube_pair *pair = kube_pairs_find(*pairs, *count, name);
	struct kube_pair added = {pair ? NULL : strdup(name), strdup(value)};

	if (pair && added.value) {
		free(pair->value);
		pair->value = added.value;
		return 0;
	}
	struct kube_pair *grown =
	    added.name && added.value ? reallocarray(*pairs, *count + 1, sizeof(*grown)) : NULL;
	if (!grown) {
		free(added.name);
		free(added.value);
		return error_memory(err);
	}
	*pairs = grown;
	grown[(*count)++] = added;
	return 0;
}

int kube_pairs_read(const struct json *document, json_node object, struct kube_pair **pairs,
    size_t *count, struct error *err)
{
	size_t room = json_count(document, object);

	if (room == 0)
		return 0;
	*pairs = calloc(room, sizeof(**pairs));
	if (!*pairs)
		return error_memory(err);
	json_each (document, object, node) {
		struct kube_pair *pair = &(*pairs)[(*count)++];
		if (json_copy_name(document, node, &pair->name, err) < 0 ||
		    json_copy_string(document, node, &pair->value, err) < 0)
			return -1;
		if (pair->name && pair->value)
			continue;
		/* Skip a pair that is not plain text, so that the object can still be read. */
		free(pair->name);
		free(pair->value);
		*pair = (struct kube_pair){NULL, NULL};
		(*count)--;
	}
	return 0;
}

void kube_pairs_write(
    struct json_writer *writer, const char *name, const struct kube_pair *pairs, size_t count)
{
	if (count == 0)
		return;
	json_write_name(writer, name);
	json_write_object(writer);
	for (size_t i = 0; i < count; i++)
		if (pairs[i].value) {
			json_write_member(writer, pairs[i].name, pairs[i].value);
		} else {
			json_write_name(writer, pairs[i].name);
			json_write_null(writer);
		}
	json_write_object_end(writer);
}

/* -- finalizers and owners: JSON arrays ------------------------------------------------------- */

struct merge_ctx {
	const struct json *stored, *wanted; /* NULL if the list is missing */
	const char *key;
	struct json_writer writer;
	bool failed; /* with *err set */
	struct error *err;
};

/* Return the text that identifies an item, newly allocated; NULL if it has no such text. */
static char *item_identity(struct merge_ctx *ctx, const struct json *list, json_node item)
{
	char *name;

	if (json_copy_string(
		list, ctx->key ? json_member(list, item, ctx->key) : item, &name, ctx->err) < 0)
		ctx->failed = true;
	return name;
}

/* Return the item of the list that `name` identifies, or JSON_ABSENT. */
static json_node list_find(struct merge_ctx *ctx, const struct json *list, const char *name)
{
	if (!list || !name)
		return JSON_ABSENT;
	json_each (list, JSON_ROOT, item) {
		cleanup_free char *other = item_identity(ctx, list, item);
		if (other && strcmp(other, name) == 0)
			return item;
	}
	return JSON_ABSENT;
}

static void item_write(struct merge_ctx *ctx, const struct json *list, json_node item)
{
	size_t length;
	const char *raw = json_raw(list, item, &length);

	json_write_raw(&ctx->writer, raw, length);
}

static void list_merge(struct merge_ctx *ctx)
{
	if (ctx->stored)
		json_each (ctx->stored, JSON_ROOT, item) {
			cleanup_free char *name = item_identity(ctx, ctx->stored, item);
			json_node replacement = list_find(ctx, ctx->wanted, name);
			if (replacement == JSON_ABSENT)
				item_write(ctx, ctx->stored, item);
			else
				item_write(ctx, ctx->wanted, replacement);
		}
	if (!ctx->wanted)
		return;
	json_each (ctx->wanted, JSON_ROOT, item) {
		cleanup_free char *name = item_identity(ctx, ctx->wanted, item);
		if (list_find(ctx, ctx->stored, name) == JSON_ABSENT)
			item_write(ctx, ctx->wanted, item);
	}
}

static int list_parse(const char *list, struct json **parsed, struct error *err)
{
	if (!list)
		return 0;
	*parsed = json_parse(list, strlen(list), "list in metadata", err);
	return *parsed ? 0 : -1;
}

char *kube_metadata_list_merge(
    const char *stored, const char *wanted, const char *key, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	cleanup_json struct json *one = NULL;
	cleanup_json struct json *other = NULL;

	if (list_parse(stored, &one, err) < 0 || list_parse(wanted, &other, err) < 0)
		return NULL;
	struct merge_ctx ctx = {.stored = one, .wanted = other, .key = key, .err = err};
	json_writer_init(&ctx.writer, &text);
	json_write_array(&ctx.writer);
	list_merge(&ctx);
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
	if (list_parse(secret->owners, &owners, err) < 0)
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
