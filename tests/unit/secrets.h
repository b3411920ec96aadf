/* secrets: a list of variables for the tests of delivery. */
#ifndef UNIT_SECRETS_H
#define UNIT_SECRETS_H

#include "lib/sealed/variables.h"
#include "tests/unit/expect.h"

#define SECRETS_SOURCE "Secret demo/app"

static struct error err;
static struct variables variables;

static inline void add_bytes(const char *name, const char *bytes, size_t length)
{
	struct secret_buffer value = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append(&value, bytes, length, &err), err);
	expect_ok(variables_add(&variables, name, &value, SECRETS_SOURCE, &err), err);
}

static inline void add_variable(const char *name, const char *value)
{
	add_bytes(name, value, strlen(value));
}

/* Pointers to all of them, as the modules of delivery take them; free the array. */
static inline const struct variable **all_variables(void)
{
	const struct variable **all = calloc(variables.count + 1, sizeof(struct variable *));

	for (size_t i = 0; i < variables.count; i++)
		all[i] = &variables.items[i];
	return all;
}

#endif
