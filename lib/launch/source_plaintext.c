/* source_plaintext: plaintext files for development, and definitions that rename values. */
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/base/dotenv.h"
#include "lib/base/input_file.h"
#include "lib/base/json_reader.h"
#include "lib/base/log.h"
#include "lib/base/yaml.h"
#include "lib/launch/source.h"

/* -- files ------------------------------------------------------------------------------------- */

/* Append the whole file to *text.  Unless `quiet`, warn if every user may read it. */
static int read_plaintext(
    const char *path, bool quiet, struct secret_buffer *text, struct error *err)
{
	struct stat status;
	cleanup_close int fd = input_file_open(path, err);

	if (fd < 0)
		return -1;
	if (!quiet && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	    status.st_mode & S_IROTH)
		log_write(LOG_WARNING, "%s: readable by every user; chmod 600 it", path);
	text->limit = SOURCE_FILE_BYTES_MAX;
	return secret_buffer_read_fd(text, fd, path, err);
}

int source_document_to_json(struct secret_buffer *text, const char *title, struct error *err)
{
	cleanup_secret struct secret_buffer json = SECRET_BUFFER_INIT;

	if (yaml_to_json(secret_buffer_string(text), text->length, title, &json, err) < 0)
		return -1;
	secret_buffer_move(text, &json);
	return 0;
}

static int document_read(struct source *source, const struct source_list *list, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	const char *path = source->argument;

	if (read_plaintext(path, list->quiet, &text, err) < 0 ||
	    source_document_to_json(&text, path, err) < 0)
		return -1;
	struct source_value *value = source_add(source, path, strdup(path), err);
	if (!value)
		return error_memory(err);
	value->document = true;
	return source_value_set_plaintext(value, &text, err);
}

struct lines_ctx {
	struct source *source;
	const struct source_filter *filter;
};

static int env_file_add(
    void *context, const char *name, struct secret_buffer *value, struct error *err)
{
	struct lines_ctx *lines = context;

	if (!source_accepts(lines->source, lines->filter, name))
		return 0;
	struct source_value *added =
	    source_add(lines->source, name, strdup(lines->source->argument), err);
	if (!added)
		return error_memory(err);
	return source_value_set_plaintext(added, value, err);
}

static int env_file_read(struct source *source, const struct source_list *list, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	struct lines_ctx lines = {source, &list->settings->names};

	if (read_plaintext(source->argument, list->quiet, &text, err) < 0)
		return -1;
	return dotenv_each(&text, source->argument, env_file_add, &lines, err);
}

const struct source_kind source_document = {
    .option = "--from-document",
    .plaintext = true,
    .read = document_read,
};

const struct source_kind source_env_file = {
    .option = "--from-env-file",
    .plaintext = true,
    .read = env_file_read,
};

/* -- definitions, for development: variables under other names -------------------------------- */

struct choices_ctx {
	struct variables *variables;
	const char *path;
};

static int choices_add(
    void *context, const char *name, struct secret_buffer *value, struct error *err)
{
	struct choices_ctx *choices = context;

	return variables_add(choices->variables, name, value, choices->path, err);
}

/* Add the variables of a .env file to the variables that a definition can name. */
static int choices_read(
    const char *path, const struct source_list *list, struct variables *choices, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	struct variables own = {0};
	struct choices_ctx context = {&own, path};
	int result = read_plaintext(path, list->quiet, &text, err);

	if (result == 0)
		result = dotenv_each(&text, path, choices_add, &context, err);
	if (result == 0)
		result = variables_merge(choices, &own, list->settings->override, err);
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

struct definition_ctx {
	struct source *source;
	char *const *environment;
	const struct variables *choices;
};

/* Find a variable.  As in python-dotenv, the environment takes precedence over .env files. */
static int definition_look_up(const struct definition_ctx *definition, const char *name,
    struct secret_buffer *value, struct error *err)
{
	const char *text = find_in_environment(definition->environment, name);
	const struct variable *variable = text ? NULL : variables_find(definition->choices, name);

	if (text)
		return secret_buffer_append_string(value, text, err);
	if (variable)
		return secret_buffer_append(
		    value, secret_buffer_string(&variable->value), variable->value.length, err);
	return error_set(err, ERROR_NOT_FOUND,
	    "variable \"%s\": set neither in the environment nor in a --from-env-file", name);
}

static int definition_add(const struct definition_ctx *definition, const char *name,
    const char *variable, struct error *err)
{
	cleanup_secret struct secret_buffer bytes = SECRET_BUFFER_INIT;
	struct source_value *value = source_add(definition->source, name,
	    string_format(err, "%s, name %s", definition->source->argument, name), err);

	if (!value)
		return -1;
	if (definition_look_up(definition, variable, &bytes, err) < 0)
		return error_wrap(err, "%s", value->where);
	value->variable = strdup(name);
	return value->variable ? source_value_set_plaintext(value, &bytes, err) : error_memory(err);
}

static int definition_add_all(
    const struct definition_ctx *definition, const struct secret_buffer *text, struct error *err)
{
	const char *path = definition->source->argument;
	cleanup_json struct json *document =
	    json_parse(secret_buffer_string(text), text->length, path, err);

	if (!document)
		return -1;
	if (json_type(document, JSON_ROOT) != JSON_OBJECT)
		return error_set(err, ERROR_INVALID,
		    "%s: not an object; write {\"NAME\": \"VARIABLE\", ...}", path);
	json_each (document, JSON_ROOT, node) {
		cleanup_free char *name = NULL, *variable = NULL;
		if (json_copy_name(document, node, &name, err) < 0 ||
		    json_copy_string(document, node, &variable, err) < 0)
			return -1;
		if (!name || !variable)
			return error_set(err, ERROR_INVALID,
			    "%s: name %s: must be a string, the name of a variable", path,
			    name ? name : "?");
		if (definition_add(definition, name, variable, err) < 0)
			return -1;
	}
	return 0;
}

static int definition_read(struct source *source, const struct source_list *list, struct error *err)
{
	const struct strings *env_files = &list->settings->sources.env_files;
	cleanup_secret struct secret_buffer text = {.limit = SOURCE_FILE_BYTES_MAX};
	struct variables choices = {0};
	struct definition_ctx definition = {source, list->settings->sources.environment, &choices};
	int result = secret_buffer_read_file(&text, source->argument, err);

	if (result == 0)
		result = source_document_to_json(&text, source->argument, err);
	for (size_t i = 0; result == 0 && i < env_files->count; i++)
		result = choices_read(env_files->items[i], list, &choices, err);
	if (result == 0)
		result = definition_add_all(&definition, &text, err);
	variables_free(&choices);
	return result;
}

const struct source_kind source_definition = {
    .option = "--definition",
    .plaintext = true,
    .read = definition_read,
};
