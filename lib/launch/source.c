#include "lib/launch/source.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/launch/naming.h"
#include "lib/sealed/sealed.h"

#define CAPACITY_MIN 16

static void free_value(struct source_value *value)
{
	free(value->where);
	free(value->name);
	free(value->variable);
	secret_buffer_free(&value->bytes);
	free(value->transit_key);
	free(value->context);
}

void source_forget(struct source *source)
{
	for (size_t i = 0; i < source->count; i++)
		free_value(&source->values[i]);
	source->count = source->left_out = 0;
}

void source_free(struct source *source)
{
	source_forget(source);
	free(source->values);
	reference_free(&source->reference);
	memset(source, 0, sizeof(*source));
}

static int grow(struct source *source, struct error *err)
{
	size_t capacity = source->capacity ? 2 * source->capacity : CAPACITY_MIN;
	struct source_value *grown = reallocarray(source->values, capacity, sizeof(*grown));

	if (!grown)
		return error_memory(err);
	source->values = grown;
	source->capacity = capacity;
	return 0;
}

struct source_value *source_add(
    struct source *source, const char *name, char *where, struct error *err)
{
	struct source_value value = {.kind = source->kind, .where = where, .name = strdup(name)};

	if (where && !value.name)
		error_memory(err);
	if (!where || !value.name || (source->count == source->capacity && grow(source, err) < 0)) {
		free_value(&value);
		return NULL;
	}
	source->values[source->count] = value;
	return &source->values[source->count++];
}

int source_value_seal(struct source_value *value, const char *bytes, size_t length,
    const char *transit_key, struct error *err)
{
	int64_t version;

	if (!transit_key)
		return error_set(err, ERROR_USAGE,
		    "%s: no Transit key is known: name the key with --transit-key", value->where);
	if (sealed_version(bytes, length, &version, err) < 0)
		return error_wrap(err, "%s", value->where);
	value->sealed = true;
	value->transit_key = strdup(transit_key);
	if (!value->transit_key)
		return error_memory(err);
	return secret_buffer_append(&value->bytes, bytes, length, err);
}

static int refuse_ciphertext(
    const char *where, const struct secret_buffer *bytes, struct error *err)
{
	if (!sealed_is_ciphertext(secret_buffer_string(bytes), bytes->length))
		return 0;
	return error_set(err, ERROR_INVALID,
	    "%s: this is ciphertext of Vault, not plaintext: a sealed Secret is taken with "
	    "--secret",
	    where);
}

int source_value_take(struct source_value *value, struct secret_buffer *bytes, struct error *err)
{
	if (refuse_ciphertext(value->where, bytes, err) < 0)
		return -1;
	secret_buffer_move(&value->bytes, bytes);
	return 0;
}

bool source_takes(struct source *source, const struct source_context *context, const char *name)
{
	if (naming_takes(context->naming, name))
		return true;
	source->left_out++;
	return false;
}

/* What a document's members go to. */
struct members {
	struct source *source;
	const struct source_value *document;
	const struct naming *naming;
	struct variables *variables;
	size_t number; /* of members so far, for messages that can't show a name */
};

/* Return where a member is, for messages. */
static char *member_where(struct members *members, const char *name, struct error *err)
{
	const char *document = members->document->where;

	members->number++;
	if (variable_valid_name(name))
		return string_format(err, "%s, member %s", document, name);
	return string_format(
	    err, "%s, member %zu " VARIABLE_NAME_NOT_SHOWN, document, members->number);
}

static int name_member(
    void *context, const char *name, struct secret_buffer *value, struct error *err)
{
	struct members *members = context;

	cleanup_free char *where = member_where(members, name, err);
	if (!naming_takes(members->naming, name)) {
		members->source->left_out++;
		return 0;
	}
	cleanup_free char *variable = naming_apply(members->naming, name, err);
	if (!where || !variable ||
	    (members->source->kind->plaintext && refuse_ciphertext(where, value, err) < 0))
		return -1;
	if (variables_add(members->variables, variable, value, where, err) < 0)
		return -1;
	members->variables->items[members->variables->count - 1].secret_name =
	    !variable_valid_name(name);
	return 0;
}

static int name_value(struct source *source, struct source_value *value,
    const struct naming *naming, struct variables *variables, struct error *err)
{
	struct members members = {source, value, naming, variables, 0};

	if (value->document)
		return sealed_document_each(
		    &value->bytes, value->where, name_member, &members, err);
	cleanup_free char *variable =
	    value->variable ? strdup(value->variable) : naming_apply(naming, value->name, err);
	if (!variable)
		return value->variable ? error_memory(err) : -1;
	if (variables_add(variables, variable, &value->bytes, value->where, err) < 0)
		return -1;
	variables->items[variables->count - 1].chosen = value->variable || source->reference.key;
	return 0;
}

int source_name_values(struct source *source, const struct naming *naming,
    struct variables *variables, struct error *err)
{
	for (size_t i = 0; i < source->count; i++)
		if (name_value(source, &source->values[i], naming, variables, err) < 0)
			return -1;
	return 0;
}
