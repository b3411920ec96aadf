/* source: the values of a source, and the names of their variables. */
#include "lib/launch/source.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/utf8.h"

#define CAPACITY_MIN 16

/* -- names: the C locale, so ASCII letters only ----------------------------------------------- */

bool source_filter_accepts(const struct source_filter *filter, const char *name)
{
	if (filter->only.count && !strings_match(&filter->only, name))
		return false;
	return !strings_match(&filter->exclude, name);
}

bool source_filter_has_patterns(const struct source_filter *filter)
{
	return filter->only.count || filter->exclude.count;
}

bool source_filter_is_document(
    const struct source_filter *filter, const char *data_key, bool otherwise)
{
	return filter->documents.count ? strings_match(&filter->documents, data_key) : otherwise;
}

/* Replace each character that is not allowed by one '_', even if it has several bytes in UTF-8. */
static void sanitize(char *name)
{
	char *to = name;

	for (const char *from = name; *from; from++) {
		if (isalnum((unsigned char)*from))
			*to++ = *from;
		else if (!utf8_continues(*from))
			*to++ = '_';
	}
	*to = '\0';
}

char *source_filter_apply(const struct source_filter *filter, const char *name, struct error *err)
{
	const char *prefix = filter->prefix ? filter->prefix : "";
	/* Keep the '_' only before a digit. */
	char *applied = string_format(err, "_%s%s", prefix, name);

	if (!applied)
		return NULL;
	char *own = applied + 1 + strlen(prefix);
	for (char *byte = own; filter->upper_case && *byte; byte++)
		*byte = (char)toupper((unsigned char)*byte);
	if (filter->sanitize)
		sanitize(own);
	if (!filter->sanitize || !isdigit((unsigned char)applied[1]))
		memmove(applied, applied + 1, strlen(applied));
	return applied;
}

void source_ref_free(struct source_ref *ref)
{
	free(ref->namespace);
	free(ref->name);
	free(ref->key);
	free(ref->variable);
	memset(ref, 0, sizeof(*ref));
}

/* Split [NS/]NAME[:KEY].  The key still includes "=VARIABLE". */
static int ref_split(struct source_ref *ref, const char *text, struct error *err)
{
	size_t object = strcspn(text, ":");
	const char *slash = memchr(text, '/', object);
	size_t namespace = slash ? (size_t)(slash - text) + 1 : 0;

	memset(ref, 0, sizeof(*ref));
	ref->name = strndup(text + namespace, object - namespace);
	if (!ref->name || (slash && !(ref->namespace = strndup(text, namespace - 1))) ||
	    (text[object] && !(ref->key = strdup(text + object + 1)))) {
		source_ref_free(ref);
		return error_memory(err);
	}
	return 0;
}

/* Split "=VARIABLE" off the key. */
static int ref_split_variable(struct source_ref *ref, struct error *err)
{
	char *equals = ref->key ? strchr(ref->key, '=') : NULL;

	if (!equals)
		return 0;
	*equals = '\0';
	ref->variable = strdup(equals + 1);
	return ref->variable ? 0 : error_memory(err);
}

/* Strip the '?' of an optional object off the name. */
static void ref_split_optional(struct source_ref *ref)
{
	size_t length = strlen(ref->name);

	ref->optional = length && ref->name[length - 1] == '?';
	if (ref->optional)
		ref->name[length - 1] = '\0';
}

static bool ref_names_are_valid(const struct source_ref *ref)
{
	return kube_valid_name(ref->name) &&
	       (!ref->namespace || kube_valid_namespace(ref->namespace));
}

int source_ref_parse(
    struct source_ref *ref, const char *option, const char *text, struct error *err)
{
	if (ref_split(ref, text, err) < 0)
		return -1;
	ref_split_optional(ref);
	int result = ref_split_variable(ref, err);
	if (result == 0 &&
	    (!ref_names_are_valid(ref) || (ref->key && !kube_valid_data_key(ref->key)) ||
		(ref->variable && !*ref->variable)))
		result = error_set(err, ERROR_USAGE,
		    "%s \"%s\": not valid; write [NAMESPACE/]NAME[?][:KEY[=VARIABLE]]", option,
		    text);
	if (result < 0)
		source_ref_free(ref);
	return result;
}

int source_ref_parse_prefix(
    struct source_ref *ref, const char *option, const char *text, struct error *err)
{
	if (ref_split(ref, text, err) < 0)
		return -1;
	if (ref_names_are_valid(ref))
		return 0;
	source_ref_free(ref);
	return error_set(err, ERROR_USAGE, "%s \"%s\": not valid; write [NAMESPACE/]NAME[:PREFIX]",
	    option, text);
}

/* -- values ----------------------------------------------------------------------------------- */

static void value_free(struct source_value *value)
{
	free(value->where);
	free(value->name);
	free(value->variable);
	secret_buffer_free(&value->bytes);
	free(value->transit_key);
	free(value->context);
	kv_ref_free(&value->ref);
}

void source_clear(struct source *source)
{
	for (size_t i = 0; i < source->count; i++)
		value_free(&source->values[i]);
	source->count = source->excluded = 0;
}

void source_free(struct source *source)
{
	source_clear(source);
	free(source->values);
	source_ref_free(&source->ref);
	memset(source, 0, sizeof(*source));
}

static int source_grow(struct source *source, struct error *err)
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
	if (!where || !value.name ||
	    (source->count == source->capacity && source_grow(source, err) < 0)) {
		value_free(&value);
		return NULL;
	}
	source->values[source->count] = value;
	return &source->values[source->count++];
}

int source_value_set_ciphertext(struct source_value *value, const char *bytes, size_t length,
    const char *transit_key, struct error *err)
{
	int64_t version;

	if (!transit_key)
		return error_set(err, ERROR_USAGE,
		    "%s: no Transit key is known; pass --transit-key", value->where);
	if (sealed_version(bytes, length, &version, err) < 0)
		return error_wrap(err, "%s", value->where);
	value->form = SOURCE_CIPHERTEXT;
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
	    "%s: Vault ciphertext instead of plaintext; read a sealed Secret with --secret", where);
}

int source_value_set_plaintext(
    struct source_value *value, struct secret_buffer *bytes, struct error *err)
{
	if (refuse_ciphertext(value->where, bytes, err) < 0)
		return -1;
	secret_buffer_move(&value->bytes, bytes);
	return 0;
}

bool source_accepts(struct source *source, const struct source_filter *filter, const char *name)
{
	if (source_filter_accepts(filter, name))
		return true;
	source->excluded++;
	return false;
}

struct members_ctx {
	struct source *source;
	const struct source_value *document;
	const struct source_filter *filter;
	struct variables *variables;
	size_t number; /* of members so far */
};

/* Return the location of a member, for messages.  If its name may be a secret, use its number. */
static char *member_where(struct members_ctx *members, const char *name, struct error *err)
{
	const char *document = members->document->where;

	members->number++;
	if (variable_valid_name(name))
		return string_format(err, "%s, member %s", document, name);
	return string_format(
	    err, "%s, member %zu " VARIABLE_NAME_NOT_SHOWN, document, members->number);
}

static int move_member(
    void *context, const char *name, struct secret_buffer *value, struct error *err)
{
	struct members_ctx *members = context;

	cleanup_free char *where = member_where(members, name, err);
	if (!source_accepts(members->source, members->filter, name))
		return 0;
	cleanup_free char *variable = source_filter_apply(members->filter, name, err);
	if (!where || !variable ||
	    (members->source->kind->plaintext && refuse_ciphertext(where, value, err) < 0))
		return -1;
	if (variables_add(members->variables, variable, value, where, err) < 0)
		return -1;
	members->variables->items[members->variables->count - 1].secret_name =
	    !variable_valid_name(name);
	return 0;
}

static int move_value(struct source *source, struct source_value *value,
    const struct source_filter *filter, struct variables *variables, struct error *err)
{
	struct members_ctx members = {source, value, filter, variables, 0};

	if (value->document)
		return sealed_document_each(
		    &value->bytes, value->where, move_member, &members, err);
	cleanup_free char *variable = value->variable
					  ? strdup(value->variable)
					  : source_filter_apply(filter, value->name, err);
	if (!variable)
		return value->variable ? error_memory(err) : -1;
	if (variables_add(variables, variable, &value->bytes, value->where, err) < 0)
		return -1;
	variables->items[variables->count - 1].chosen = value->variable || source->ref.key;
	return 0;
}

int source_move_values(struct source *source, const struct source_filter *filter,
    struct variables *variables, struct error *err)
{
	for (size_t i = 0; i < source->count; i++)
		if (move_value(source, &source->values[i], filter, variables, err) < 0)
			return -1;
	return 0;
}
