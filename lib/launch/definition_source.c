/*
 * definition_source: for development: a file that says which name the application sees comes from
 * which variable of the .env files or of our own environment.
 */
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/dotenv.h"
#include "lib/base/json_reader.h"
#include "lib/launch/document_text.h"
#include "lib/launch/plaintext_file.h"
#include "lib/launch/source_kinds.h"

/* All that a definition may choose from, but for our own environment. */
struct choice {
	struct variables *variables;
	const char *path;
};

static int add_choice(
    void *context, const char *name, struct secret_buffer *value, struct error *err)
{
	struct choice *choice = context;

	return variables_add(choice->variables, name, value, choice->path, err);
}

static int read_choice(const char *path, const struct source_context *context,
    struct variables *choices, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	struct variables own = {0};
	struct choice choice = {&own, path};
	int result = plaintext_file_read(path, context->quiet, &text, err);

	if (result == 0)
		result = dotenv_each(&text, path, add_choice, &choice, err);
	if (result == 0)
		result = variables_merge(choices, &own, context->settings->override, err);
	variables_free(&own);
	return result;
}

static const char *find_in_environment(char *const *environment, const char *name)
{
	size_t length = strlen(name);

	for (; environment && *environment; environment++)
		if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
			return *environment + length + 1;
	return NULL;
}

/* As python-dotenv has it, a .env file does not change a variable that is set. */
static int look_up(const char *name, const struct source_context *context,
    const struct variables *choices, struct secret_buffer *value, struct error *err)
{
	const char *text = find_in_environment(context->settings->environment, name);
	const struct variable *variable = text ? NULL : variables_find(choices, name);

	if (text)
		return secret_buffer_append_string(value, text, err);
	if (variable)
		return secret_buffer_append(
		    value, secret_buffer_string(&variable->value), variable->value.length, err);
	return error_set(err, ERROR_NOT_FOUND,
	    "variable \"%s\" is set neither in the environment nor in a --from-env-file", name);
}

/* What a definition's members are looked up in. */
struct definition {
	struct source *source;
	const struct source_context *context;
	const struct variables *choices;
};

static int define(
    const struct definition *definition, const char *name, const char *variable, struct error *err)
{
	cleanup_secret struct secret_buffer bytes = SECRET_BUFFER_INIT;
	struct source_value *value = source_add(definition->source, name,
	    string_format(err, "%s, name %s", definition->source->argument, name), err);

	if (!value)
		return -1;
	if (look_up(variable, definition->context, definition->choices, &bytes, err) < 0)
		return error_wrap(err, "%s", value->where);
	value->variable = strdup(name);
	return value->variable ? source_value_take(value, &bytes, err) : error_memory(err);
}

static int define_each(
    const struct definition *definition, const struct secret_buffer *text, struct error *err)
{
	const char *path = definition->source->argument;
	cleanup_json struct json *document =
	    json_parse(secret_buffer_string(text), text->length, path, err);

	if (!document)
		return -1;
	if (json_type(document, JSON_ROOT) != JSON_OBJECT)
		return error_set(err, ERROR_INVALID,
		    "%s: no object: {\"NAME\": \"VARIABLE\", ...} is wanted", path);
	json_each (document, JSON_ROOT, node) {
		cleanup_free char *name = NULL, *variable = NULL;
		if (json_copy_name(document, node, &name, err) < 0 ||
		    json_copy_string(document, node, &variable, err) < 0)
			return -1;
		if (!name || !variable)
			return error_set(err, ERROR_INVALID,
			    "%s: name %s: a variable's name, as text, is wanted", path,
			    name ? name : "?");
		if (define(definition, name, variable, err) < 0)
			return -1;
	}
	return 0;
}

static int read_definition(
    struct source *source, const struct source_context *context, struct error *err)
{
	const struct strings *env_files = &context->settings->env_files;
	cleanup_secret struct secret_buffer text = {.limit = PLAINTEXT_FILE_MAX};
	struct variables choices = {0};
	struct definition definition = {source, context, &choices};
	int result = secret_buffer_read_file(&text, source->argument, err);

	if (result == 0)
		result = document_text_to_json(&text, source->argument, err);
	for (size_t i = 0; result == 0 && i < env_files->count; i++)
		result = read_choice(env_files->items[i], context, &choices, err);
	if (result == 0)
		result = define_each(&definition, &text, err);
	variables_free(&choices);
	return result;
}

const struct source_kind definition_source = {
    .option = "--definition",
    .plaintext = true,
    .read = read_definition,
};
