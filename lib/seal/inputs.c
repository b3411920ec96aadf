#include "lib/seal/inputs.h"

#include <ctype.h>
#include <openssl/mem.h>
#include <openssl/rand.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/dotenv.h"
#include "lib/base/prompt.h"
#include "lib/base/yaml.h"
#include "lib/sealed/sealed.h"

#define DIGITS "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZ" LOWER DIGITS

/* Random bytes of one call. */
#define POOL 256

struct class
{
	const char *name;
	const char *characters; /* NULL: any byte */
};

static const struct class classes[] = {
    {"alnum", ALNUM},
    {"lower", LOWER DIGITS},
    {"digits", DIGITS},
    {"hex", DIGITS "abcdef"},
    {"base64", ALNUM "+/"},
    {"base64url", ALNUM "-_"},
    {"ascii", ALNUM "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"},
    {"bytes", NULL},
};

static const struct class *find_class(const char *name)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strcmp(classes[i].name, name) == 0)
			return &classes[i];
	return NULL;
}

static int parse_recipe(
    const char *recipe, size_t *length, const struct class **class, struct error *err)
{
	const char *colon = strchr(recipe, ':');
	char *end;
	unsigned long number = strtoul(recipe, &end, 10);

	if (!isdigit((unsigned char)recipe[0]) || (*end && end != colon) || number < 1 ||
	    number > GENERATE_LENGTH_MAX)
		return error_set(err, ERROR_USAGE,
		    "\"%s\": not valid; write LENGTH:CLASS, such as 32:alnum, with a length from 1 to %d",
		    recipe, GENERATE_LENGTH_MAX);
	*length = number;
	*class = find_class(colon ? colon + 1 : "alnum");
	if (!*class)
		return error_set(err, ERROR_USAGE,
		    "\"%s\": not a class; use alnum, lower, digits, hex, base64, base64url, ascii or bytes",
		    colon + 1);
	return 0;
}

/*
 * Draw random characters.  Drop bytes above the last multiple of the class's size, so that all
 * characters are equally likely.
 */
static void draw_characters(const char *characters, size_t length, char *out)
{
	unsigned int count = (unsigned int)strlen(characters), even = 256 - 256 % count;
	uint8_t pool[POOL];

	while (length > 0) {
		RAND_bytes(pool, sizeof(pool));
		for (size_t i = 0; i < sizeof(pool) && length > 0; i++) {
			if (pool[i] >= even)
				continue;
			*out++ = characters[pool[i] % count];
			length--;
		}
	}
	OPENSSL_cleanse(pool, sizeof(pool));
}

int inputs_generate(const char *recipe, struct secret_buffer *value, struct error *err)
{
	const struct class *class = NULL;
	size_t length = 0;

	if (parse_recipe(recipe, &length, &class, err) < 0 ||
	    secret_buffer_reserve(value, length, err) < 0)
		return -1;
	if (class->characters)
		draw_characters(class->characters, length, value->data + value->length);
	else
		RAND_bytes((uint8_t *)value->data + value->length, length);
	value->length += length;
	value->data[value->length] = '\0';
	return 0;
}

static bool has_values(const struct inputs *inputs)
{
	return inputs->literals.count || inputs->files.count || inputs->env_files.count ||
	       inputs->prompts.count || inputs->generated.count || inputs->kv.count;
}

bool inputs_given(const struct inputs *inputs)
{
	return inputs->document || has_values(inputs);
}

struct add_ctx {
	struct variables *values;
	const char *source;
};

static int add_value(
    void *context, const char *name, struct secret_buffer *value, struct error *err)
{
	struct add_ctx *ctx = context;

	return variables_add(ctx->values, name, value, ctx->source, err);
}

/* Split "NAME=REST".  *name is newly allocated, *rest borrowed. */
static int split_input(
    const char *option, const char *text, char **name, const char **rest, struct error *err)
{
	const char *equals = strchr(text, '=');

	/* Without a name, the text may be the secret, so it is not printed. */
	if (!equals || equals == text)
		return error_set(
		    err, ERROR_USAGE, "%s: without NAME=; write %s NAME=VALUE", option, option);
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

	if (split_input("--from-literal", text, &name, &rest, err) < 0 ||
	    secret_buffer_append_string(&value, rest, err) < 0)
		return -1;
	return variables_add(values, name, &value, "--from-literal", err);
}

/* Return the name of the input for messages. */
static const char *source_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

static int read_whole(const char *path, struct secret_buffer *text, struct error *err)
{
	text->limit = INPUT_BYTES_MAX;
	if (strcmp(path, "-") == 0)
		return secret_buffer_read_fd(text, STDIN_FILENO, source_name(path), err);
	return secret_buffer_read_file(text, path, err);
}

static int read_input_file(const char *text, struct variables *values, struct error *err)
{
	cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;
	cleanup_free char *name = NULL;
	const char *path = text;

	if (strchr(text, '=')) {
		if (split_input("--from-file", text, &name, &path, err) < 0)
			return -1;
	} else if (strcmp(text, "-") == 0) {
		return error_set(err, ERROR_USAGE,
		    "--from-file -: standard input has no name; write --from-file NAME=-");
	} else {
		const char *slash = strrchr(text, '/');
		name = strdup(slash ? slash + 1 : text);
		if (!name)
			return error_memory(err);
	}
	if (read_whole(path, &value, err) < 0)
		return error_wrap(err, "--from-file");
	return variables_add(values, name, &value, source_name(path), err);
}

static int read_env_file(const char *path, struct variables *values, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	struct add_ctx ctx = {values, source_name(path)};

	if (read_whole(path, &text, err) < 0)
		return error_wrap(err, "--from-env-file");
	return dotenv_each(&text, ctx.source, add_value, &ctx, err);
}

static int read_generated(const char *text, struct variables *values, struct error *err)
{
	cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;
	cleanup_free char *name = NULL;
	const char *recipe;

	if (split_input("--generate", text, &name, &recipe, err) < 0)
		return -1;
	if (inputs_generate(recipe, &value, err) < 0)
		return error_wrap(err, "--generate %s", name);
	return variables_add(values, name, &value, "--generate", err);
}

/* Add an empty value, which inputs_ask sets later. */
static int add_prompt(const char *name, struct variables *values, struct error *err)
{
	cleanup_secret struct secret_buffer none = SECRET_BUFFER_INIT;

	if (variables_find(values, name))
		return error_set(err, ERROR_USAGE, "--prompt: duplicate name %s", name);
	if (prompt_check_terminal(err) < 0)
		return error_wrap(err, "--prompt %s", name);
	return variables_add(values, name, &none, "--prompt", err);
}

static int ask_prompt(const char *name, struct variables *values, struct error *err)
{
	struct variable *variable = variables_find(values, name);

	if (prompt_hidden(name, &variable->value, err) < 0)
		return error_wrap(err, "--prompt %s", name);
	return 0;
}

/* Read a document, and convert it to JSON. */
static int read_document(const char *path, struct secret_buffer *json, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	if (read_whole(path, &text, err) < 0)
		return error_wrap(err, "--from-document");
	return yaml_to_json(secret_buffer_string(&text), text.length, source_name(path), json, err);
}

static int read_members(
    const char *path, struct variables *values, struct secret_buffer *members, struct error *err)
{
	struct add_ctx ctx = {values, source_name(path)};

	if (read_document(path, members, err) < 0)
		return -1;
	return sealed_document_each(members, ctx.source, add_value, &ctx, err);
}

static int read_each(const struct strings *list,
    int (*read)(const char *text, struct variables *values, struct error *err),
    struct variables *values, struct error *err)
{
	for (size_t i = 0; i < list->count; i++)
		if (read(list->items[i], values, err) < 0)
			return -1;
	return 0;
}

int inputs_read(const struct inputs *inputs, struct variables *values,
    struct secret_buffer *members, struct error *err)
{
	if (read_each(&inputs->literals, read_literal, values, err) < 0 ||
	    read_each(&inputs->files, read_input_file, values, err) < 0 ||
	    read_each(&inputs->env_files, read_env_file, values, err) < 0 ||
	    (inputs->document && read_members(inputs->document, values, members, err) < 0) ||
	    read_each(&inputs->generated, read_generated, values, err) < 0)
		return -1;
	return read_each(&inputs->prompts, add_prompt, values, err);
}

int inputs_ask(const struct inputs *inputs, struct variables *values, struct error *err)
{
	return read_each(&inputs->prompts, ask_prompt, values, err);
}

int inputs_read_document(const struct inputs *inputs, struct secret_buffer *text, struct error *err)
{
	if (has_values(inputs))
		return error_set(err, ERROR_USAGE,
		    "--layout document: --from-document cannot be used with other values");
	if (read_document(inputs->document, text, err) < 0)
		return -1;
	return sealed_document_check(text, source_name(inputs->document), err);
}
