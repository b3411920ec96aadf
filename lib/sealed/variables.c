#include "lib/sealed/variables.h"

#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

#define CAPACITY_MIN 16 /* every capacity is a power of two */

/*
 * Return the place of a name in the hash table.  FNV-1a suffices, because the number of names is
 * bounded.
 */
static size_t place_of(const char *name, size_t capacity)
{
	uint32_t hash = 2166136261U;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619U;
	return hash & (capacity - 1);
}

static void chain(struct variables *variables, size_t index)
{
	struct variable *variable = &variables->items[index];
	struct variable *head = &variables->items[place_of(variable->name, variables->capacity)];

	variable->next = head->first;
	head->first = (uint32_t)index + 1;
}

static int grow(struct variables *variables, struct error *err)
{
	size_t capacity = variables->capacity ? 2 * variables->capacity : CAPACITY_MIN;
	struct variable *grown = reallocarray(variables->items, capacity, sizeof(*grown));

	if (!grown)
		return error_memory(err);
	memset(grown + variables->count, 0, (capacity - variables->count) * sizeof(*grown));
	variables->items = grown;
	variables->capacity = capacity;
	for (size_t i = 0; i < variables->count; i++)
		grown[i].first = 0;
	for (size_t i = 0; i < variables->count; i++)
		chain(variables, i);
	return 0;
}

struct variable *variables_find(const struct variables *variables, const char *name)
{
	if (variables->count == 0)
		return NULL;
	uint32_t at = variables->items[place_of(name, variables->capacity)].first;
	while (at && strcmp(variables->items[at - 1].name, name) != 0)
		at = variables->items[at - 1].next;
	return at ? &variables->items[at - 1] : NULL;
}

bool variable_valid_name(const char *name)
{
	static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
	static const char rest[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

	return *name && strchr(first, *name) && name[strspn(name, rest)] == '\0';
}

const char *variable_shown_name(const struct variable *variable)
{
	return variable->secret_name ? VARIABLE_NAME_NOT_SHOWN : variable->name;
}

int variables_names(const struct variables *variables, struct secret_buffer *out, struct error *err)
{
	for (size_t i = 0; i < variables->count; i++)
		if (secret_buffer_append_string(out, i ? ", " : "", err) < 0 ||
		    secret_buffer_append_string(
			out, variable_shown_name(&variables->items[i]), err) < 0)
			return -1;
	return 0;
}

enum error_code variable_error_code(const char *source)
{
	return strncmp(source, "--", 2) == 0 ? ERROR_USAGE : ERROR_INVALID;
}

static int refuse_twice(const struct variable *there, const char *source, struct error *err)
{
	const char *name = variable_shown_name(there);
	enum error_code code = variable_error_code(there->source);

	if (strcmp(there->source, source) == 0)
		return error_set(err, code, "%s: duplicate name %s; name it once", source, name);
	if (code == ERROR_USAGE)
		code = variable_error_code(source);
	return error_set(err, code, "variable %s comes from both %s and %s; remove one of them",
	    name, there->source, source);
}

int variables_add(struct variables *variables, const char *name, struct secret_buffer *value,
    const char *source, struct error *err)
{
	const struct variable *there = variables_find(variables, name);

	if (there)
		return refuse_twice(there, source, err);
	if (variables->count == VARIABLES_MAX)
		return error_set(
		    err, ERROR_TOO_LARGE, "%s: more than %d values", source, VARIABLES_MAX);
	if (variables->count == variables->capacity && grow(variables, err) < 0)
		return -1;
	struct variable *added = &variables->items[variables->count];
	added->name = strdup(name);
	added->source = strdup(source);
	if (!added->name || !added->source) {
		free(added->name);
		free(added->source);
		added->name = added->source = NULL;
		return error_memory(err);
	}
	secret_buffer_move(&added->value, value);
	chain(variables, variables->count++);
	return 0;
}

static int replace(struct variable *there, struct variable *by, struct error *err)
{
	char *source = strdup(by->source);

	if (!source)
		return error_memory(err);
	free(there->source);
	there->source = source;
	there->chosen = by->chosen;
	there->secret_name = by->secret_name;
	secret_buffer_move(&there->value, &by->value);
	return 0;
}

int variables_merge(struct variables *to, struct variables *from, bool override, struct error *err)
{
	for (size_t i = 0; i < from->count; i++) {
		struct variable *moving = &from->items[i];
		struct variable *there = override ? variables_find(to, moving->name) : NULL;
		int result =
		    there ? replace(there, moving, err)
			  : variables_add(to, moving->name, &moving->value, moving->source, err);
		if (result < 0)
			return -1;
		if (!there) {
			to->items[to->count - 1].chosen = moving->chosen;
			to->items[to->count - 1].secret_name = moving->secret_name;
		}
	}
	variables_free(from);
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	const struct variable *const *first = a, *const *second = b;

	return strcmp((*first)->name, (*second)->name);
}

/*
 * Add the length of a part, then the part, so that different lists of parts have different bytes.
 */
static bool mix(HMAC_CTX *hmac, const void *bytes, size_t length)
{
	uint64_t size = length;

	return HMAC_Update(hmac, (const uint8_t *)&size, sizeof(size)) &&
	       HMAC_Update(hmac, bytes, length);
}

static bool mix_all(HMAC_CTX *hmac, const struct variable *const *sorted, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct secret_buffer *value = &sorted[i]->value;
		if (!mix(hmac, sorted[i]->name, strlen(sorted[i]->name)) ||
		    !mix(hmac, secret_buffer_string(value), value->length))
			return false;
	}
	return true;
}

int variables_digest(const struct variables *variables, const uint8_t key[VARIABLES_DIGEST_SIZE],
    uint8_t digest[VARIABLES_DIGEST_SIZE], struct error *err)
{
	unsigned int size = VARIABLES_DIGEST_SIZE;
	HMAC_CTX hmac;
	cleanup_free const struct variable **sorted =
	    calloc(variables->count + 1, sizeof(struct variable *));

	if (!sorted)
		return error_memory(err);
	for (size_t i = 0; i < variables->count; i++)
		sorted[i] = &variables->items[i];
	qsort(sorted, variables->count, sizeof(struct variable *), compare_names);
	HMAC_CTX_init(&hmac);
	bool made = HMAC_Init_ex(&hmac, key, VARIABLES_DIGEST_SIZE, EVP_sha256(), NULL) &&
		    mix_all(&hmac, sorted, variables->count) && HMAC_Final(&hmac, digest, &size);
	HMAC_CTX_cleanup(&hmac);
	return made ? 0 : error_memory(err);
}

void variables_free(struct variables *variables)
{
	for (size_t i = 0; i < variables->count; i++) {
		free(variables->items[i].name);
		free(variables->items[i].source);
		secret_buffer_free(&variables->items[i].value);
	}
	free(variables->items);
	memset(variables, 0, sizeof(*variables));
}
