/* Kustomize's generators: https://kubectl.docs.kubernetes.io/references/kustomize/ */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/input_file.h"
#include "lib/base/log.h"
#include "lib/base/strings.h"
#include "lib/base/utf8.h"
#include "lib/seal/check_run.h"
#include "lib/sealed/sealed.h"

/* A generated Secret or ConfigMap has at most 1 MiB. */
#define INPUT_BYTES_MAX ((size_t)1024 * 1024)
#define API_GROUP "kustomize.config.k8s.io/"

/* A generator, or one of its files. */
struct generator_ctx {
	struct check_run *run;
	const struct manifest_document *document;
	bool secret;   /* of a Secret; otherwise of a ConfigMap */
	bool labelled; /* the kustomization has the label of sealed Secrets */
	bool sealed;   /* a value is ciphertext */
	char *name;    /* for messages */
	size_t line;   /* of the generator */
	struct error *err;
};

/* A value of a generator. */
struct generated_value {
	const char *file;
	size_t line;
	const char *what; /* "literal", "variable" or "file" */
	const char *name;
	size_t name_length;
	bool hidden; /* the name may be a part of a secret */
	const char *bytes;
	size_t length;
};

/* -- values ----------------------------------------------------------------------------------- */

static int report_value(
    struct generator_ctx *ctx, const struct generated_value *value, struct error *problem)
{
	if (value->hidden)
		error_wrap(problem, "%s", value->what);
	else
		error_wrap(
		    problem, "%s \"%.*s\"", value->what, (int)value->name_length, value->name);
	error_wrap(problem, "%s:%zu: %s %s", value->file, value->line,
	    ctx->secret ? "secretGenerator" : "configMapGenerator", ctx->name);
	return check_run_report(ctx->run, problem, ctx->err);
}

static int check_generated(struct generator_ctx *ctx, const struct generated_value *value)
{
	struct error problem = ERROR_INIT;

	if (!ctx->secret) {
		if (!sealed_is_ciphertext(value->bytes, value->length))
			return 0;
		error_set(&problem, ERROR_INVALID,
		    "ciphertext that no rotation rewraps; move it to a sealed Secret");
		return report_value(ctx, value, &problem);
	}
	ctx->sealed |= sealed_is_ciphertext(value->bytes, value->length);
	if (check_run_value(value->bytes, value->length, &problem))
		return 0;
	error_hint(&problem, "seal the value, or list a sealed Secret under resources");
	return report_value(ctx, value, &problem);
}

/*
 * Check a pair NAME=VALUE.  A name alone has no value.  With `quotes`, a pair of quotes around the
 * value is dropped, as in kustomize.
 */
static int check_pair(struct generator_ctx *ctx, struct generated_value *value, const char *pair,
    size_t length, bool quotes)
{
	const char *sign = memchr(pair, '=', length);

	if (!sign)
		return 0;
	value->name = pair;
	value->name_length = (size_t)(sign - pair);
	value->bytes = sign + 1;
	value->length = length - value->name_length - 1;
	if (quotes && value->length >= 2 && strchr("\"'", *value->bytes) &&
	    value->bytes[value->length - 1] == *value->bytes) {
		value->bytes++;
		value->length -= 2;
	}
	return check_generated(ctx, value);
}

static int check_literal(struct generator_ctx *ctx, const struct manifest_node *node)
{
	const struct manifest_tree *tree = &ctx->document->manifest.tree;
	struct generated_value value = {.file = ctx->document->file->name,
	    .line = check_run_line(ctx->run, ctx->document, node->start),
	    .what = "literal"};

	return check_pair(ctx, &value, manifest_node_content(tree, node), node->bytes, true);
}

/* -- files ------------------------------------------------------------------------------------ */

/* Return the path of a file beside the kustomization, newly allocated, or NULL with an error. */
static char *find_path(const struct generator_ctx *ctx, const char *name)
{
	const char *own = ctx->document->file->name, *slash = strrchr(own, '/');

	if (*name == '/' || !slash)
		return string_format(ctx->err, "%s", name);
	return string_format(ctx->err, "%.*s/%s", (int)(slash - own), own, name);
}

/*
 * Read a file.  Return 1, 0 without its text, or -1 on error.  A missing file has no plaintext: a
 * pipeline may create it later.
 */
static int read_input(struct generator_ctx *ctx, const char *path, struct secret_buffer *text)
{
	struct error problem = ERROR_INIT;
	struct stat status;
	bool exists;

	if (input_file_exists(path, &exists, &problem) == 0 && !exists) {
		log_write(LOG_DEBUG, "%s: not checked, as the file does not exist", path);
		return 0;
	}
	cleanup_close int fd = input_file_open_regular(AT_FDCWD, path, 0, path, &status, &problem);
	text->limit = INPUT_BYTES_MAX;
	if (fd >= 0 && secret_buffer_read_fd(text, fd, path, &problem) == 0)
		return 1;
	return check_run_report(ctx->run, &problem, ctx->err);
}

/*
 * Check each line NAME=VALUE of an environment file as kustomize reads it.  The last line of a PEM
 * file in a value looks like a name: base64 ends with "=".
 */
static int check_lines(
    struct generator_ctx *ctx, const char *path, const struct secret_buffer *text)
{
	const char *at = secret_buffer_string(text), *end = at + text->length;
	struct generated_value value = {
	    .file = path, .line = 1, .what = "variable", .hidden = true};

	for (at += utf8_mark_length(at, text->length); at < end; value.line++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *next = newline ? newline + 1 : end;
		size_t length = (size_t)((newline ? newline : end) - at);

		if (length > 0 && at[length - 1] == '\r')
			length--;
		size_t blanks = 0;
		while (blanks < length && (at[blanks] == ' ' || at[blanks] == '\t'))
			blanks++;
		if (blanks < length && at[blanks] != '#' &&
		    check_pair(ctx, &value, at + blanks, length - blanks, false) < 0)
			return -1;
		at = next;
	}
	return 0;
}

static int check_environment(struct generator_ctx *ctx, const char *name)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	cleanup_free char *path = find_path(ctx, name);

	if (!path)
		return -1;
	int found = read_input(ctx, path, &text);
	return found > 0 ? check_lines(ctx, path, &text) : found;
}

/* Check a file [KEY=]PATH, whose bytes are one value.  kustomize reads a URL from the network. */
static int check_file(struct generator_ctx *ctx, const char *entry)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	const char *sign = strchr(entry, '='), *name = sign ? sign + 1 : entry;

	if (strstr(name, "://"))
		return 0;
	cleanup_free char *path = find_path(ctx, name);
	if (!path)
		return -1;
	int found = read_input(ctx, path, &text);
	if (found <= 0)
		return found;
	struct generated_value value = {.file = path,
	    .line = 1,
	    .what = "file",
	    .name = entry,
	    .name_length = sign ? (size_t)(sign - entry) : strlen(entry),
	    .bytes = secret_buffer_string(&text),
	    .length = text.length};
	return check_generated(ctx, &value);
}

/* -- generators ------------------------------------------------------------------------------- */

/* Call `check` with the text of a scalar, unless the kustomization is standard input. */
static int check_named(struct generator_ctx *ctx, const struct manifest_node *node,
    int (*check)(struct generator_ctx *ctx, const char *name))
{
	cleanup_free char *name = NULL;

	if (ctx->document->file->is_stream)
		return 0;
	if (manifest_node_copy(&ctx->document->manifest.tree, node, &name, ctx->err) < 0)
		return -1;
	return is_set(name) ? check(ctx, name) : 0;
}

static int check_input(
    struct generator_ctx *ctx, const char *member, const struct manifest_node *node)
{
	if (node->kind != MANIFEST_SCALAR)
		return 0;
	if (strcmp(member, "literals") == 0)
		return check_literal(ctx, node);
	return check_named(
	    ctx, node, strcmp(member, "files") == 0 ? check_file : check_environment);
}

static int check_inputs(struct generator_ctx *ctx, const struct manifest_node *generator)
{
	static const char *const members[] = {"literals", "envs", "env", "files"};
	const struct manifest_tree *tree = &ctx->document->manifest.tree;

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		const struct manifest_node *inputs = manifest_member(tree, generator, members[i]);

		if (inputs && inputs->kind == MANIFEST_SCALAR &&
		    check_input(ctx, members[i], inputs) < 0)
			return -1;
		if (!inputs || inputs->kind != MANIFEST_SEQUENCE)
			continue;
		for (const struct manifest_node *input = manifest_first(tree, inputs); input;
		     input = manifest_next(tree, input))
			if (check_input(ctx, members[i], input) < 0)
				return -1;
	}
	return 0;
}

/* Return true if the kustomization has the label of sealed Secrets anywhere. */
static bool is_labelled(const struct manifest_tree *tree)
{
	for (uint32_t i = 0; i < tree->count; i++)
		if (manifest_node_is(tree, &tree->nodes[i], SEALED_LABEL))
			return true;
	return false;
}

static int check_label(const struct generator_ctx *ctx)
{
	struct error problem = ERROR_INIT;

	if (!ctx->sealed || ctx->labelled)
		return 0;
	error_set(&problem, ERROR_INVALID,
	    "%s:%zu: secretGenerator %s: ciphertext that secret-rotate does not find; add the "
	    "label " SEALED_LABEL ": \"" SEALED_LABEL_VALUE "\" under options",
	    ctx->document->file->name, ctx->line, ctx->name);
	return check_run_report(ctx->run, &problem, ctx->err);
}

static int check_generator(struct generator_ctx *ctx, const struct manifest_node *generator)
{
	const struct manifest_tree *tree = &ctx->document->manifest.tree;
	const struct manifest_node *name = manifest_member(tree, generator, "name");

	ctx->sealed = false;
	/* Count lines only forward: a later call for an earlier line would begin again. */
	ctx->line = check_run_line(ctx->run, ctx->document, generator->start);
	ctx->run->summary->secrets += ctx->secret;
	if (name && manifest_node_copy(tree, name, &ctx->name, ctx->err) < 0)
		return -1;
	if (!ctx->name)
		ctx->name = strdup("without a name");
	int result = ctx->name ? check_inputs(ctx, generator) : error_memory(ctx->err);
	if (result == 0)
		result = check_label(ctx);
	free(ctx->name);
	ctx->name = NULL;
	return result;
}

static int check_generator_list(
    struct check_run *run, const struct manifest_document *document, bool secret, struct error *err)
{
	const struct manifest_tree *tree = &document->manifest.tree;
	const struct manifest_node *generators =
	    manifest_member(tree, tree->nodes, secret ? "secretGenerator" : "configMapGenerator");
	struct generator_ctx ctx = {.run = run,
	    .document = document,
	    .secret = secret,
	    .labelled = is_labelled(tree),
	    .err = err};

	if (!generators || generators->kind != MANIFEST_SEQUENCE)
		return 0;
	for (const struct manifest_node *generator = manifest_first(tree, generators); generator;
	     generator = manifest_next(tree, generator))
		if (check_generator(&ctx, generator) < 0)
			return -1;
	return 0;
}

bool check_generators_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	return strcmp(name, "kustomization.yaml") == 0 || strcmp(name, "kustomization.yml") == 0 ||
	       strcmp(name, "Kustomization") == 0;
}

static bool is_kustomization(const struct manifest_document *document)
{
	const struct manifest_tree *tree = &document->manifest.tree;
	const struct manifest_node *version = manifest_member(tree, tree->nodes, "apiVersion");

	return check_generators_name(document->file->name) ||
	       (version && version->bytes > strlen(API_GROUP) &&
		   strncmp(manifest_node_content(tree, version), API_GROUP, strlen(API_GROUP)) ==
		       0);
}

int check_generators_all(
    struct check_run *run, const struct manifest_document *document, struct error *err)
{
	if (document->manifest.tree.count == 0 || !is_kustomization(document))
		return 0;
	if (check_generator_list(run, document, true, err) < 0)
		return -1;
	return check_generator_list(run, document, false, err);
}
