#include "lib/seal/inputs.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/dotenv.h"
#include "lib/base/json.h"
#include "lib/sealed/sealed.h"

bool inputs_given(const struct inputs *inputs)
{
	return inputs->literals.count || inputs->files.count || inputs->env_files.count ||
	       inputs->document;
}

/* Where values go, and where they come from. */
struct destination {
	struct variables *values;
	const char *source;
};

static int add(void *context, const char *name, struct secret_buffer *value, struct error *err)
{
	struct destination *destination = context;

	return variables_add(destination->values, name, value, destination->source, err);
}

/* Split "NAME=rest"; *name is newly allocated. */
static int split(
    const char *option, const char *text, char **name, const char **rest, struct error *err)
{
	const char *equals = strchr(text, '=');

	/* Without a name, what stands there may be the secret itself: it is not repeated. */
	if (!equals || equals == text)
		return error_set(err, ERROR_USAGE, "%s: write %s NAME=...", option, option);
	*name = strndup(text, (size_t)(equals - text));
	if (!*name)
		return error_memory(err);
	*rest = equals + 1;
	return 0;
}

static int read_literal(const char *text, struct variables *values, struct error *err)
{
	cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;
	cleanup_free char *name = NULL;
	const char *rest;

	if (split("--from-literal", text, &name, &rest, err) < 0 ||
	    secret_buffer_append_string(&value, rest, err) < 0)
		return -1;
	return variables_add(values, name, &value, "--from-literal", err);
}

static int read_whole(const char *path, struct secret_buffer *text, struct error *err)
{
	text->limit = INPUT_BYTES_MAX;
	if (strcmp(path, "-") == 0)
		return secret_buffer_read_fd(text, STDIN_FILENO, "standard input", err);
	return secret_buffer_read_file(text, path, err);
}

static int read_file(const char *text, struct variables *values, struct error *err)
{
	cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;
	cleanup_free char *name = NULL;
	const char *path = text;

	if (strchr(text, '=')) {
		if (split("--from-file", text, &name, &path, err) < 0)
			return -1;
	} else if (strcmp(text, "-") == 0) {
		return error_set(err, ERROR_USAGE,
		    "--from-file -: standard input has no name: write --from-file NAME=-");
	} else {
		const char *slash = strrchr(text, '/');
		name = strdup(slash ? slash + 1 : text);
		if (!name)
			return error_memory(err);
	}
	if (read_whole(path, &value, err) < 0)
		return error_wrap(err, "--from-file");
	return variables_add(values, name, &value, path, err);
}

static int read_env_file(const char *path, struct variables *values, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	struct destination destination = {values, path};

	if (read_whole(path, &text, err) < 0)
		return error_wrap(err, "--from-env-file");
	return dotenv_each(&text, path, add, &destination, err);
}

int inputs_read(const struct inputs *inputs, struct variables *values, struct error *err)
{
	for (size_t i = 0; i < inputs->literals.count; i++)
		if (read_literal(inputs->literals.items[i], values, err) < 0)
			return -1;
	for (size_t i = 0; i < inputs->files.count; i++)
		if (read_file(inputs->files.items[i], values, err) < 0)
			return -1;
	for (size_t i = 0; i < inputs->env_files.count; i++)
		if (read_env_file(inputs->env_files.items[i], values, err) < 0)
			return -1;
	if (!inputs->document)
		return 0;
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	struct destination destination = {values, inputs->document};
	if (read_whole(inputs->document, &text, err) < 0)
		return error_wrap(err, "--from-document");
	return sealed_document_each(&text, inputs->document, add, &destination, err);
}

static int write_document(
    const struct variables *values, struct secret_buffer *text, struct error *err)
{
	struct json_writer writer;

	json_writer_init(&writer, text);
	json_write_object(&writer);
	for (size_t i = 0; i < values->count; i++) {
		const struct secret_buffer *value = &values->items[i].value;
		if (!json_is_utf8(secret_buffer_string(value), value->length))
			return error_set(err, ERROR_INVALID,
			    "%s: the value of %s is no UTF-8 text, which JSON needs: use --layout "
			    "per-key",
			    values->items[i].source, values->items[i].name);
		json_write_name(&writer, values->items[i].name);
		json_write_string_bytes(&writer, secret_buffer_string(value), value->length);
	}
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err);
}

int inputs_read_document(const struct inputs *inputs, struct secret_buffer *text, struct error *err)
{
	bool others = inputs->literals.count || inputs->files.count || inputs->env_files.count;
	struct variables values = {NULL, 0, 0};

	if (inputs->document && others)
		return error_set(err, ERROR_USAGE,
		    "--layout document: a --from-document is sealed as it is: give it alone");
	if (inputs->document) {
		if (read_whole(inputs->document, text, err) < 0)
			return error_wrap(err, "--from-document");
		return sealed_document_check(text, inputs->document, err);
	}
	int result = inputs_read(inputs, &values, err);
	if (result == 0)
		result = write_document(&values, text, err);
	variables_free(&values);
	return result;
}
