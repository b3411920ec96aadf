#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"
#include "lib/base/utf8.h"
#include "lib/seal/internal.h"

void seal_changes_free(struct seal_changes *changes)
{
	variables_free(&changes->values);
	secret_buffer_free(&changes->members);
	strings_free(&changes->unset);
	strings_free(&changes->renamed);
}

/* Return true if OLD of a --rename OLD=NEW is `name`. */
static bool is_old_name(const char *item, const char *name)
{
	size_t length = strlen(name);

	return strncmp(item, name, length) == 0 && item[length] == '=';
}

const char *changes_new_name(const struct seal_changes *changes, const char *name)
{
	for (size_t i = 0; i < changes->renamed.count; i++)
		if (is_old_name(changes->renamed.items[i], name))
			return changes->renamed.items[i] + strlen(name) + 1;
	return NULL;
}

static int check_once(const struct seal_changes *changes, const char *name, struct error *err)
{
	int times = variables_find(&changes->values, name) != NULL;

	for (size_t i = 0; i < changes->unset.count; i++)
		times += strcmp(changes->unset.items[i], name) == 0;
	for (size_t i = 0; i < changes->renamed.count; i++) {
		const char *item = changes->renamed.items[i];
		times += is_old_name(item, name) + (strcmp(strchr(item, '=') + 1, name) == 0);
	}
	if (times == 1)
		return 0;
	return error_set(err, ERROR_USAGE,
	    "\"%s\": named twice; set, unset or rename it, only one of them in one run", name);
}

int changes_check(const struct seal_changes *changes, struct error *err)
{
	for (size_t i = 0; i < changes->renamed.count; i++) {
		const char *item = changes->renamed.items[i], *equals = strchr(item, '=');
		if (!equals || equals == item || !equals[1])
			return error_set(
			    err, ERROR_USAGE, "--rename \"%s\": not valid; write OLD=NEW", item);
	}
	for (size_t i = 0; i < changes->unset.count; i++)
		if (check_once(changes, changes->unset.items[i], err) < 0)
			return -1;
	for (size_t i = 0; i < changes->renamed.count; i++) {
		const char *item = changes->renamed.items[i], *new_name = strchr(item, '=') + 1;
		cleanup_free char *name = strndup(item, (size_t)(new_name - 1 - item));

		if (!name)
			return error_memory(err);
		if (check_once(changes, name, err) < 0 || check_once(changes, new_name, err) < 0)
			return -1;
	}
	return 0;
}

/*
 * A changed document.
 */

struct document_ctx {
	const struct seal_changes *changes;
	const struct json *document;
	struct json *members; /* `members` of the changes, parsed; NULL: none */
	const char *what;
	struct json_writer writer;
	size_t unset, renamed; /* numbers of members found */
};

static void write_raw(struct document_ctx *ctx, const struct json *from, json_node node)
{
	size_t length;
	const char *raw = json_raw(from, node, &length);

	json_write_raw(&ctx->writer, raw, length);
}

static int write_value(struct document_ctx *ctx, const struct variable *variable, struct error *err)
{
	const struct secret_buffer *value = &variable->value;

	if (!utf8_is_valid(secret_buffer_string(value), value->length))
		return error_set(err, ERROR_INVALID,
		    "%s: the value of %s is not UTF-8, which JSON needs; use --layout per-key",
		    variable->source, variable->name);
	json_write_name(&ctx->writer, variable->name);
	json_write_string_bytes(&ctx->writer, secret_buffer_string(value), value->length);
	return 0;
}

/* Write the name and the new value of a member.  Set *written to false if it has no new value. */
static int write_new_value(
    struct document_ctx *ctx, const char *name, bool *written, struct error *err)
{
	const struct json *members = ctx->members;
	const struct variable *value = variables_find(&ctx->changes->values, name);
	json_node node = members ? json_member(members, JSON_ROOT, name) : JSON_ABSENT;

	*written = value || node != JSON_ABSENT;
	if (!*written)
		return 0;
	/* A null does not count as a value, so the value comes from another input. */
	if (node == JSON_ABSENT || (value && json_type(members, node) == JSON_NULL))
		return write_value(ctx, value, err);
	json_write_name(&ctx->writer, name);
	write_raw(ctx, members, node);
	return 0;
}

static int write_member(struct document_ctx *ctx, json_node node, struct error *err)
{
	cleanup_secret struct secret_buffer name = SECRET_BUFFER_INIT;
	bool written;

	if (json_name(ctx->document, node, &name, err) < 0)
		return -1;
	const char *text = secret_buffer_string(&name);
	if (strings_contain(&ctx->changes->unset, text)) {
		ctx->unset++;
		return 0;
	}
	if (write_new_value(ctx, text, &written, err) < 0)
		return -1;
	if (written)
		return 0;
	const char *new_name = changes_new_name(ctx->changes, text);
	if (new_name) {
		if (json_member(ctx->document, JSON_ROOT, new_name) != JSON_ABSENT)
			return error_set(err, ERROR_USAGE, "%s: member \"%s\" already exists",
			    ctx->what, new_name);
		ctx->renamed++;
		json_write_name(&ctx->writer, new_name);
	} else {
		json_write_name_bytes(&ctx->writer, text, name.length);
	}
	write_raw(ctx, ctx->document, node);
	return 0;
}

static int write_members(struct document_ctx *ctx, struct error *err)
{
	const struct seal_changes *changes = ctx->changes;

	json_each (ctx->document, JSON_ROOT, node)
		if (write_member(ctx, node, err) < 0)
			return -1;
	for (size_t i = 0; i < changes->values.count; i++) {
		const char *name = changes->values.items[i].name;
		bool written;
		if (json_member(ctx->document, JSON_ROOT, name) == JSON_ABSENT &&
		    write_new_value(ctx, name, &written, err) < 0)
			return -1;
	}
	if (ctx->unset == changes->unset.count && ctx->renamed == changes->renamed.count)
		return 0;
	return error_set(err, ERROR_NOT_FOUND,
	    "%s: no such member to unset or rename; see secret-seal status", ctx->what);
}

int changes_apply(const struct seal_changes *changes, const struct secret_buffer *text,
    const char *what, struct secret_buffer *out, struct error *err)
{
	struct document_ctx ctx = {.changes = changes, .what = what};

	if (text && sealed_document_check(text, what, err) < 0)
		return -1;
	cleanup_json struct json *document = json_parse(
	    text ? secret_buffer_string(text) : "{}", text ? text->length : 2, what, err);
	if (!document)
		return -1;
	cleanup_json struct json *members = NULL;
	if (changes->members.length) {
		members = json_parse(secret_buffer_string(&changes->members),
		    changes->members.length, "--from-document", err);
		if (!members)
			return -1;
	}
	ctx.members = members;
	ctx.document = document;
	json_writer_init(&ctx.writer, out);
	json_write_object(&ctx.writer);
	if (write_members(&ctx, err) < 0)
		return -1;
	json_write_object_end(&ctx.writer);
	return json_writer_finish(&ctx.writer, err);
}
