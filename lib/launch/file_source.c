/* file_source: for development: plaintext in files: a JSON or YAML document, or a .env file. */
#include <string.h>

#include "lib/base/dotenv.h"
#include "lib/launch/document_text.h"
#include "lib/launch/plaintext_file.h"
#include "lib/launch/source_kinds.h"

static int read_document(
    struct source *source, const struct source_context *context, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	const char *path = source->argument;

	if (plaintext_file_read(path, context->quiet, &text, err) < 0 ||
	    document_text_to_json(&text, path, err) < 0)
		return -1;
	struct source_value *value = source_add(source, path, strdup(path), err);
	if (!value)
		return error_memory(err);
	value->document = true;
	return source_value_take(value, &text, err);
}

/* Where the lines of a .env file go. */
struct lines {
	struct source *source;
	const struct source_context *context;
};

static int add_line(void *context, const char *name, struct secret_buffer *value, struct error *err)
{
	struct lines *lines = context;

	if (!source_takes(lines->source, lines->context, name))
		return 0;
	struct source_value *added =
	    source_add(lines->source, name, strdup(lines->source->argument), err);
	if (!added)
		return error_memory(err);
	return source_value_take(added, value, err);
}

static int read_env_file(
    struct source *source, const struct source_context *context, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	struct lines lines = {source, context};

	if (plaintext_file_read(source->argument, context->quiet, &text, err) < 0)
		return -1;
	return dotenv_each(&text, source->argument, add_line, &lines, err);
}

const struct source_kind document_source = {
    .option = "--from-document",
    .plaintext = true,
    .read = read_document,
};

const struct source_kind env_file_source = {
    .option = "--from-env-file",
    .plaintext = true,
    .read = read_env_file,
};
