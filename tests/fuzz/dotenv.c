/* .env files: what is accepted can be delivered as dotenv, and read again. */
#include "lib/base/dotenv.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/launch/deliver.h"
#include "tests/fuzz/fuzz.h"

static struct error err;

static int add(void *context, const char *name, struct secret_buffer *value, struct error *failure)
{
	struct variables *variables = context;

	return variables_find(variables, name)
		   ? 0
		   : variables_add(variables, name, value, "a file", failure);
}

static int write_dotenv(const struct variables *variables, struct secret_buffer *out)
{
	struct strings names = {0};
	cleanup_free const struct variable **all =
	    calloc(variables->count + 1, sizeof(struct variable *));
	int result = all ? 0 : error_memory(&err);

	for (size_t i = 0; result == 0 && i < variables->count; i++) {
		all[i] = &variables->items[i];
		result = strings_append(&names, all[i]->name, &err);
	}
	if (result == 0)
		result =
		    serialize_variables(all, variables->count, SERIALIZE_DOTENV, &names, out, &err);
	strings_free(&names);
	return result;
}

static void write_and_read(const struct variables *variables, struct variables *back)
{
	cleanup_secret struct secret_buffer written = SECRET_BUFFER_INIT;

	/* A name that no variable can have, or a value that readers disagree about. */
	FUZZ_TRY(write_dotenv(variables, &written), &err);
	fuzz_note_buffer(&written);
	FUZZ_MUST(dotenv_each(&written, "what was written", add, back, &err), &err);
	FUZZ_CHECK(back->count == variables->count);
	for (size_t i = 0; i < back->count; i++) {
		FUZZ_CHECK(strcmp(back->items[i].name, variables->items[i].name) == 0);
		FUZZ_CHECK(secret_buffer_equal(&back->items[i].value, &variables->items[i].value));
	}
}

void fuzz_case(struct fuzz_input *input)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	struct variables variables = {0}, back = {0};

	FUZZ_MUST(secret_buffer_append(&text, input->data, input->length, &err), &err);
	if (!fuzz_failed(dotenv_each(&text, "a file", add, &variables, &err), &err)) {
		for (size_t i = 0; i < variables.count; i++) {
			fuzz_note_string(variables.items[i].name);
			fuzz_note_buffer(&variables.items[i].value);
		}
		write_and_read(&variables, &back);
	}
	variables_free(&variables);
	variables_free(&back);
}
