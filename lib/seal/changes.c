/* changes: what of a Secret is to become another, and what that makes of a document. */
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

static int copy_strings(const struct strings *from, struct strings *to, struct error *err)
{
	for (size_t i = 0; i < from->count; i++)
		if (strings_append(to, from->items[i], err) < 0)
			return -1;
	return 0;
}

int seal_changes_copy(const struct seal_changes *from, struct seal_changes *to, struct error *err)
{
	*to = (struct seal_changes){.whole_document = from->whole_document};
	if (secret_buffer_append(
		&to->members, secret_buffer_string(&from->members), from->members.length, err) < 0)
		return -1;
	for (size_t i = 0; i < from->values.count; i++) {
		const struct variable *variable = &from->values.items[i];
		cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;

		if (secret_buffer_append(&value, secret_buffer_string(&variable->value),
			variable->value.length, err) < 0 ||
		    variables_add(&to->values, variable->name, &value, variable->source, err) < 0)
			return -1;
	}
	if (copy_strings(&from->unset, &to->unset, err) < 0)
		return -1;
	return copy_strings(&from->renamed, &to->renamed, err);
}

static bool renames(const char *item, const char *name)
{
	size_t length = strlen(name);

	return strncmp(item, name, length) == 0 && item[length] == '=';
}

const char *changes_new_name(const struct seal_changes *changes, const char *name)
{
	for (size_t i = 0; i < changes->renamed.count; i++)
		if (renames(changes->renamed.items[i], name))
			return changes->renamed.items[i] + strlen(name) + 1;
	return NULL;
}

/* How many changes give or take this name. */
static int times_named(const struct seal_changes *changes, const char *name)
{
	int times = variables_find(&changes->values, name) != NULL;

	for (size_t i = 0; i < changes->unset.count; i++)
		times += strcmp(changes->unset.items[i], name) == 0;
	for (size_t i = 0; i < changes->renamed.count; i++) {
		const char *item = changes->renamed.items[i];
		times += renames(item, name) + (strcmp(strchr(item, '=') + 1, name) == 0);
	}
	return times;
}

static int check_once(const struct seal_changes *changes, const char *name, struct error *err)
{
	if (times_named(changes, name) == 1)
		return 0;
	return error_set(err, ERROR_USAGE,
	    "\"%s\" is named twice: set, unset or rename it, in one run one of them", name);
}

int changes_check(const struct seal_changes *changes, struct error *err)
{
	for (size_t i = 0; i < changes->renamed.count; i++) {
		const char *item = changes->renamed.items[i], *equals = strchr(item, '=');
		if (!equals || equals == item || !equals[1])
			return error_set(err, ERROR_USAGE, "--rename \"%s\": write OLD=NEW", item);
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

/* A document on its way from one text to the other. */
struct rewriting {
	const struct seal_changes *changes;
	const struct json *document;
	struct json *members; /* the changes'; NULL: none */
	const char *what;
	struct json_writer writer;
	size_t gone, renamed; /* how many of the names were met */
};

static int write_value(
    struct rewriting *rewriting, const struct variable *variable, struct error *err)
{
	const struct secret_buffer *value = &variable->value;

	if (!utf8_is_valid(secret_buffer_string(value), value->length))
		return error_set(err, ERROR_INVALID,
		    "%s: the value of %s is no UTF-8 text, which JSON needs: use --layout per-key",
		    variable->source, variable->name);
	json_write_name(&rewriting->writer, variable->name);
	json_write_string_bytes(&rewriting->writer, secret_buffer_string(value), value->length);
	return 0;
}

/* The new value of a name, with its name; *written false: it has none. */
static int write_given(
    struct rewriting *rewriting, const char *name, bool *written, struct error *err)
{
	const struct json *members = rewriting->members;
	const struct variable *value = variables_find(&rewriting->changes->values, name);
	json_node node = members ? json_member(members, JSON_ROOT, name) : JSON_ABSENT;
	size_t length;

	*written = value || node != JSON_ABSENT;
	if (node == JSON_ABSENT)
		return value ? write_value(rewriting, value, err) : 0;
	/* A null is no value: one by that name comes from elsewhere. */
	if (value && json_type(members, node) == JSON_NULL)
		return write_value(rewriting, value, err);
	json_write_name(&rewriting->writer, name);
	const char *raw = json_raw(members, node, &length);
	json_write_raw(&rewriting->writer, raw, length);
	return 0;
}

static int write_member(struct rewriting *rewriting, json_node node, struct error *err)
{
	bool written;

	cleanup_secret struct secret_buffer name = SECRET_BUFFER_INIT;
	size_t length;

	if (json_name(rewriting->document, node, &name, err) < 0)
		return -1;
	const char *text = secret_buffer_string(&name);
	if (strings_contain(&rewriting->changes->unset, text)) {
		rewriting->gone++;
		return 0;
	}
	if (write_given(rewriting, text, &written, err) < 0)
		return -1;
	if (written)
		return 0;
	const char *new_name = changes_new_name(rewriting->changes, text);
	if (new_name) {
		if (json_member(rewriting->document, JSON_ROOT, new_name) != JSON_ABSENT)
			return error_set(err, ERROR_USAGE, "%s: it has a \"%s\" already",
			    rewriting->what, new_name);
		rewriting->renamed++;
		json_write_name(&rewriting->writer, new_name);
	} else {
		json_write_name_bytes(&rewriting->writer, text, name.length);
	}
	const char *raw = json_raw(rewriting->document, node, &length);
	json_write_raw(&rewriting->writer, raw, length);
	return 0;
}

static int write_members(struct rewriting *rewriting, struct error *err)
{
	const struct seal_changes *changes = rewriting->changes;

	json_each (rewriting->document, JSON_ROOT, node)
		if (write_member(rewriting, node, err) < 0)
			return -1;
	for (size_t i = 0; i < changes->values.count; i++) {
		const char *name = changes->values.items[i].name;
		bool written;
		if (json_member(rewriting->document, JSON_ROOT, name) == JSON_ABSENT &&
		    write_given(rewriting, name, &written, err) < 0)
			return -1;
	}
	if (rewriting->gone == changes->unset.count && rewriting->renamed == changes->renamed.count)
		return 0;
	return error_set(err, ERROR_NOT_FOUND,
	    "%s: what is to be unset or renamed is not in it: see secret-seal status",
	    rewriting->what);
}

int changes_apply(const struct seal_changes *changes, const struct secret_buffer *text,
    const char *what, struct secret_buffer *out, struct error *err)
{
	static const char empty[] = "{}";
	struct rewriting rewriting = {.changes = changes, .what = what};

	if (text && sealed_document_check(text, what, err) < 0)
		return -1;
	cleanup_json struct json *document = json_parse(text ? secret_buffer_string(text) : empty,
	    text ? text->length : strlen(empty), what, err);
	if (!document)
		return -1;
	cleanup_json struct json *members = NULL;
	if (changes->members.length) {
		members = json_parse(secret_buffer_string(&changes->members),
		    changes->members.length, "--from-document", err);
		if (!members)
			return -1;
	}
	rewriting.members = members;
	rewriting.document = document;
	json_writer_init(&rewriting.writer, out);
	json_write_object(&rewriting.writer);
	if (write_members(&rewriting, err) < 0)
		return -1;
	json_write_object_end(&rewriting.writer);
	return json_writer_finish(&rewriting.writer, err);
}
