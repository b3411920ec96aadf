#include "lib/seal/edit.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/base/prompt.h"
#include "lib/base/signals.h"
#include "lib/seal/edit_text.h"
#include "lib/seal/editor.h"
#include "lib/seal/manifest_secret.h"
#include "lib/seal/rule_search.h"
#include "lib/seal/unseal.h"

/* Limit of conflicts: an editor that runs without a person could continue endlessly. */
#define CONFLICTS_MAX 5

struct edit_ctx {
	const struct seal_session_settings *session;
	const struct edit_settings *settings;
	struct rule_search rules;
	const char *transit_key;     /* of the settings, or of a rule; NULL: from the annotation */
	struct unseal_result base;   /* the Secret as it was last read */
	struct variables values;     /* its values; in the document layout, members as JSON */
	const char *document_key;    /* borrowed from base; NULL in the per-key layout */
	struct secret_buffer before; /* the values as text */
	struct secret_buffer text;   /* the edited text */
	struct seal_changes changes;
};

static void free_ctx(struct edit_ctx *ctx)
{
	rule_search_free(&ctx->rules);
	unseal_free(&ctx->base);
	variables_free(&ctx->values);
	secret_buffer_free(&ctx->before);
	secret_buffer_free(&ctx->text);
	seal_changes_free(&ctx->changes);
}

/*
 * Reading the Secret.
 */

/* Set the Transit key.  The layout of the rule does not count: an existing Secret keeps its own. */
static int apply_rule(struct edit_ctx *ctx, const struct kube_secret *secret, struct error *err)
{
	struct seal_settings settings = {
	    .transit_key = ctx->settings->transit_key, .layout = LAYOUT_PER_KEY};
	const char *namespace = is_set(secret->namespace) ? secret->namespace : NULL;

	if (rule_search_apply(
		&ctx->rules, ctx->settings->file, namespace, secret, &settings, NULL, err) < 0)
		return -1;
	ctx->transit_key = settings.transit_key;
	return 0;
}

static int unseal_file(struct seal_session *session, struct edit_ctx *ctx, struct error *err)
{
	const struct edit_settings *settings = ctx->settings;
	struct kube_secret secret;

	if (manifest_secret_read(settings->file, settings->name, session->namespace,
		settings->force_foreign, &secret, err) < 0)
		return -1;
	if (apply_rule(ctx, &secret, err) < 0) {
		kube_secret_free(&secret);
		return -1;
	}
	return unseal_secret(session, &secret, ctx->transit_key, &ctx->base, err);
}

/* Read and decrypt the Secret in a new session. */
static int read_secret(struct edit_ctx *ctx, struct error *err)
{
	const struct edit_settings *settings = ctx->settings;
	struct seal_session session;

	if (seal_session_begin(&session, ctx->session, err) < 0)
		return -1;
	ctx->transit_key = settings->transit_key;
	int result = settings->file
			 ? unseal_file(&session, ctx, err)
			 : unseal(&session, settings->name, ctx->transit_key, &ctx->base, err);
	seal_session_end(&session);
	return result < 0 ? -1 : unseal_check(&ctx->base, err);
}

/* Reject a Secret that cannot be sealed, before the person edits it. */
static int check_editable(const struct edit_ctx *ctx, struct error *err)
{
	const struct kube_secret *secret = &ctx->base.secret;

	if (secret->immutable)
		return error_set(
		    err, ERROR_REJECTED, "Secret %s%s%s: it is immutable", KUBE_NAMED(secret));
	if (secret->data_count == 0 && !is_set(ctx->transit_key))
		return error_set(err, ERROR_USAGE,
		    "Secret %s%s%s: no Transit key is known, because annotations without "
		    "ciphertext do not count; pass --transit-key [MOUNT/]NAME",
		    KUBE_NAMED(secret));
	if (secret->data_count > 1 && sealed_secret_is_document(secret, secret->data[0].key))
		return error_set(err, ERROR_INVALID,
		    "Secret %s%s%s: has several documents; change one with secret-seal --layout "
		    "document --data-key NAME",
		    KUBE_NAMED(secret));
	return 0;
}

static int take_document(struct edit_ctx *ctx, struct error *err)
{
	ctx->document_key = ctx->base.secret.data[0].key;
	if (edit_text_write_document(&ctx->base.values[0].plaintext, &ctx->before, err) < 0)
		return -1;
	return edit_text_read_document(&ctx->before, &ctx->values, err);
}

static int take_values(struct edit_ctx *ctx, struct error *err)
{
	const struct kube_secret *secret = &ctx->base.secret;
	cleanup_free char *title = string_format(err, "Secret %s%s%s", KUBE_NAMED(secret));

	if (!title)
		return -1;
	for (size_t i = 0; i < secret->data_count; i++)
		if (variables_add(&ctx->values, secret->data[i].key, &ctx->base.values[i].plaintext,
			"the Secret", err) < 0)
			return -1;
	return edit_text_write_values(&ctx->values, title, &ctx->before, err);
}

static int load_secret(struct edit_ctx *ctx, struct error *err)
{
	const struct kube_secret *secret = &ctx->base.secret;

	if (read_secret(ctx, err) < 0 || check_editable(ctx, err) < 0)
		return -1;
	bool document =
	    secret->data_count && sealed_secret_is_document(secret, secret->data[0].key);
	int result = (document ? take_document : take_values)(ctx, err);
	if (result < 0 && err->code == ERROR_TOO_LARGE && ctx->values.count == VARIABLES_MAX)
		return error_set(err, ERROR_TOO_LARGE,
		    "Secret %s%s%s: more than %d values, too many to edit; change single values "
		    "with secret-seal --set NAME=VALUE",
		    KUBE_NAMED(secret), VARIABLES_MAX);
	return result;
}

/*
 * From text to changes.
 */

/*
 * Add "MARK NAME".  In the document layout, which may be forged, an invalid variable name may be
 * part of a secret and is not shown.
 */
static int add_line(
    struct strings *lines, char mark, const char *name, bool document, struct error *err)
{
	bool shown = !document || variable_valid_name(name);
	cleanup_free char *line =
	    string_format(err, "%c %s", mark, shown ? name : VARIABLE_NAME_NOT_SHOWN);

	return line ? strings_append(lines, line, err) : -1;
}

/*
 * Add a line for each changed name to *lines.  If `changes` is not NULL, also move the changes from
 * *now to it.
 */
static int compare_values(const struct variables *before, struct variables *now, bool document,
    struct strings *lines, struct seal_changes *changes, struct error *err)
{
	for (size_t i = 0; i < now->count; i++) {
		struct variable *variable = &now->items[i];
		const struct variable *old = variables_find(before, variable->name);

		if (old && secret_buffer_equal(&old->value, &variable->value))
			continue;
		if (add_line(lines, old ? '~' : '+', variable->name, document, err) < 0 ||
		    (changes && variables_add(&changes->values, variable->name, &variable->value,
				    variable->source, err) < 0))
			return -1;
	}
	for (size_t i = 0; i < before->count; i++) {
		const char *name = before->items[i].name;

		if (variables_find(now, name))
			continue;
		if (add_line(lines, '-', name, document, err) < 0 ||
		    (changes && strings_append(&changes->unset, name, err) < 0))
			return -1;
	}
	return 0;
}

static void log_lines(const struct strings *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		log_write(LOG_INFO, "%s", lines->items[i]);
}

static int read_text(const struct edit_ctx *ctx, struct variables *values, struct error *err)
{
	return (ctx->document_key ? edit_text_read_document : edit_text_read_values)(
	    &ctx->text, values, err);
}

/* Seal an edited document as it is, byte for byte. */
static int take_whole_document(struct edit_ctx *ctx, struct error *err)
{
	cleanup_secret struct secret_buffer copy = SECRET_BUFFER_INIT;

	ctx->changes.whole_document = true;
	if (secret_buffer_append(&copy, ctx->text.data, ctx->text.length, err) < 0)
		return -1;
	return variables_add(
	    &ctx->changes.values, ctx->document_key, &copy, "the edited text", err);
}

/* Set ctx->changes to the changes in the text; they may be empty. */
static int find_changes(struct edit_ctx *ctx, struct error *err)
{
	bool document = ctx->document_key;
	struct variables now = {NULL, 0, 0};
	struct strings lines = {NULL, 0};

	seal_changes_free(&ctx->changes);
	ctx->changes = (struct seal_changes){0};
	if (secret_buffer_equal(&ctx->text, &ctx->before))
		return 0;
	int result = read_text(ctx, &now, err);
	if (result == 0)
		result = compare_values(
		    &ctx->values, &now, document, &lines, document ? NULL : &ctx->changes, err);
	log_lines(&lines);
	strings_free(&lines);
	variables_free(&now);
	return result == 0 && document ? take_whole_document(ctx, err) : result;
}

static bool has_changes(const struct edit_ctx *ctx)
{
	return ctx->changes.values.count || ctx->changes.unset.count;
}

static int write_changes(struct edit_ctx *ctx, struct error *err)
{
	struct seal_settings settings = {.name = ctx->settings->name,
	    .transit_key = ctx->settings->transit_key,
	    .layout = ctx->document_key ? LAYOUT_DOCUMENT : LAYOUT_PER_KEY,
	    .data_key = ctx->document_key,
	    .force_foreign = ctx->settings->force_foreign,
	    .must_exist = true,
	    .based_on = ctx->base.secret.resource_version};
	const char *file = ctx->settings->file;
	struct seal_outcome outcome = {0};
	struct seal_session session;

	if (seal_session_begin(&session, ctx->session, err) < 0)
		return -1;
	int result =
	    file ? manifest_secret_seal(&session, &settings, file, &ctx->changes, &outcome, err)
		 : seal(&session, &settings, &ctx->changes, &outcome, err);
	seal_session_end(&session);
	seal_outcome_free(&outcome);
	return result;
}

static int seal_text(struct edit_ctx *ctx, struct error *err)
{
	if (find_changes(ctx, err) < 0)
		return -1;
	return has_changes(ctx) ? write_changes(ctx, err) : 0;
}

/*
 * After a failure.
 */

/* Append a comment that explains the merged text; only for YAML, because JSON has no comments. */
static int write_header(const struct kube_secret *secret, const struct strings *lines,
    struct secret_buffer *text, struct error *err)
{
	if (secret_buffer_append_format(text, err,
		"# Secret %s%s%s was changed by another process, and merged with your changes.\n"
		"# Where both changed a value, keep one of the versions between the markers.\n"
		"# The text is sealed when you leave the editor, also without a further change.\n"
		"# Changed by the other process:\n",
		KUBE_NAMED(secret)) < 0)
		return -1;
	for (size_t i = 0; i < lines->count; i++)
		if (secret_buffer_append_format(text, err, "#   %s\n", lines->items[i]) < 0)
			return -1;
	return 0;
}

/* Merge the edited text with the Secret in *now, and set now->text to the result. */
static int merge_text(
    struct edit_ctx *ctx, struct edit_ctx *now, const struct error *conflict, struct error *err)
{
	bool document = ctx->document_key;
	struct strings lines = {NULL, 0};
	struct variables mine = {NULL, 0, 0};
	int result = read_text(ctx, &mine, err);

	if (result == 0)
		result = compare_values(&ctx->values, &now->values, document, &lines, NULL, err);
	if (result == 0 && !document)
		result = write_header(&now->base.secret, &lines, &now->text, err);
	if (result == 0)
		result = edit_text_write_merged(
		    &ctx->values, &mine, &now->values, document, &now->text, err);
	if (result == 0) {
		log_write(LOG_WARNING,
		    "%s. The editor opens again with your changes and those of the other process:",
		    conflict->message);
		log_lines(&lines);
	}
	variables_free(&mine);
	strings_free(&lines);
	return result;
}

/* Read the Secret again after a conflict, and continue with the merged text. */
static int rebase_text(struct edit_ctx *ctx, const struct error *conflict, struct error *err)
{
	struct edit_ctx now = {.session = ctx->session, .settings = ctx->settings};
	int result = load_secret(&now, err);

	if (result == 0 && !ctx->document_key != !now.document_key)
		result = error_set(err, ERROR_REJECTED, "Secret %s%s%s: its layout was changed",
		    KUBE_NAMED(&now.base.secret));
	if (result == 0)
		result = merge_text(ctx, &now, conflict, err);
	if (result == 0) {
		struct edit_ctx old = *ctx;
		*ctx = now;
		now = old;
	}
	free_ctx(&now);
	return result;
}

enum next { GIVE_UP, EDIT_AGAIN, TRY_AGAIN };

/* Ask how to continue.  Until the answer, the text is in the editor's file. */
static enum next ask_next(const struct editor *editor, const struct error *err)
{
	struct error ignored = ERROR_INIT;
	cleanup_free char *question = string_format(&ignored,
	    "%s\n"
	    "Your text is in %s until you answer.\n"
	    "(e)dit again, (t)ry again, or (g)ive up? ",
	    err->message, editor->file);
	char choice = 'g';

	if (!question || signals_caught() || prompt_choice(question, "etg", &choice, &ignored) < 0)
		return GIVE_UP;
	return choice == 'e' ? EDIT_AGAIN : choice == 't' ? TRY_AGAIN : GIVE_UP;
}

/*
 * Return true if a conflict was merged into the text; otherwise *err has the reason.  *conflicts
 * counts the conflicts since the last answer of a person.
 */
static bool is_merged(struct edit_ctx *ctx, int *conflicts, struct error *err)
{
	struct error conflict = *err;

	if (err->code != ERROR_CONFLICT || *conflicts == CONFLICTS_MAX || signals_caught())
		return false;
	++*conflicts;
	error_clear(err);
	return rebase_text(ctx, &conflict, err) == 0;
}

static int edit_until_sealed(struct edit_ctx *ctx, struct editor *editor, struct error *err)
{
	enum next next = EDIT_AGAIN;
	int conflicts = 0;

	for (;;) {
		if (next == EDIT_AGAIN &&
		    editor_run(editor, ctx->settings->editor, &ctx->text, err) < 0)
			return -1;
		if (seal_text(ctx, err) == 0)
			return 0;
		if (is_merged(ctx, &conflicts, err)) {
			next = EDIT_AGAIN;
			continue;
		}
		next = ask_next(editor, err);
		if (next == GIVE_UP)
			return error_wrap(err, "nothing was changed");
		error_clear(err);
		conflicts = 0;
	}
}

int edit(const struct seal_session_settings *session, const struct edit_settings *settings,
    bool *changed, struct error *err)
{
	struct edit_ctx ctx = {.session = session, .settings = settings};
	struct editor editor = EDITOR_INIT;
	int result = editor_check(settings->editor, err);

	if (result == 0)
		result = load_secret(&ctx, err);
	if (result == 0)
		result = secret_buffer_append(&ctx.text, ctx.before.data, ctx.before.length, err);
	if (result == 0)
		result = editor_check_terminal(settings->editor, err);
	if (result == 0)
		result =
		    editor_open(&editor, ctx.document_key ? "secret.json" : "secret.yaml", err);
	if (result == 0)
		result = edit_until_sealed(&ctx, &editor, err);
	editor_close(&editor);
	*changed = has_changes(&ctx);
	free_ctx(&ctx);
	return result;
}
