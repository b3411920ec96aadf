#include "lib/sealed/variables.h"

#include <stdlib.h>
#include <string.h>

int variables_add(struct variables *variables, const char *name, struct secret_buffer *value,
    const char *source, struct error *err)
{
	if (variables->count == VARIABLES_MAX)
		return error_set(err, ERROR_TOO_LARGE, "%s: more than %d secrets in one start",
		    source, VARIABLES_MAX);
	for (size_t i = 0; i < variables->count; i++)
		if (strcmp(variables->items[i].name, name) == 0)
			return strcmp(variables->items[i].source, source) == 0
				   ? error_set(
					 err, ERROR_INVALID, "%s: %s comes twice", source, name)
				   : error_set(err, ERROR_INVALID,
					 "variable %s comes from both %s and %s: take one of them "
					 "out",
					 name, variables->items[i].source, source);
	if (variables->count == variables->capacity) {
		size_t capacity = variables->capacity ? 2 * variables->capacity : 16;
		struct variable *grown = reallocarray(variables->items, capacity, sizeof(*grown));
		if (!grown)
			return error_memory(err);
		variables->items = grown;
		variables->capacity = capacity;
	}
	struct variable *added = &variables->items[variables->count];
	memset(added, 0, sizeof(*added));
	added->name = strdup(name);
	added->source = strdup(source);
	if (!added->name || !added->source) {
		free(added->name);
		free(added->source);
		return error_memory(err);
	}
	secret_buffer_move(&added->value, value);
	variables->count++;
	return 0;
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
