#include "lib/seal/edit.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/json_reader.h"
#include "lib/base/log.h"
#include "lib/base/signals.h"
#include "lib/seal/edit_text.h"
#include "lib/seal/editor.h"
#include "lib/seal/manifest_secret.h"
#include "lib/seal/prompt.h"
#include "lib/seal/seal.h"
#include "lib/seal/unseal.h"

/* Each try reads what somebody else has written meanwhile. */
#define CONFLICTS_MAX 5

struct editing {
	const struct seal_session_settings *session;
	const struct edit_settings *settings;
	struct unsealed base;	  /* as the person saw it */
	struct variables values;  /* its plaintexts, per key */
	const char *document_key; /* of the document layout; borrowed from base; else NULL */
	struct secret_buffer before, text; /* as first shown, and as it stands now */
	struct seal_changes changes;
};

static void free_editing(struct editing *editing)
{
	unsealed_free(&editing->base);
	variables_free(&editing->values);
	secret_buffer_free(&editing->before);
	secret_buffer_free(&editing->text);
	seal_changes_free(&editing->changes);
}

static int unseal_file(struct seal_session *session, const struct edit_settings *settings,
    struct unsealed *unsealed, struct error *err)
{
	struct kube_secret secret;

	if (manifest_secret_read(settings->file, settings->name, session->namespace,
		settings->force_foreign, &secret, err) < 0)
		return -1;
	return unseal_secret(session, &secret, settings->transit_key, unsealed, err);
}

/* Read and decrypt, in a stay of its own with the servers. */
static int read_secret(struct editing *editing, struct unsealed *unsealed, struct error *err)
{
	struct seal_session session;

	if (seal_session_begin(&session, editing->session, err) < 0)
		return -1;
	const struct edit_settings *settings = editing->settings;
	int result = settings->file
			 ? unseal_file(&session, settings, unsealed, err)
			 : unseal(&session, settings->name, settings->transit_key, unsealed, err);
	seal_session_end(&session);
	if (result == 0 && unsealed_check(unsealed, err) < 0) {
		unsealed_free(unsealed);
		return -1;
	}
	return result;
}

/* The values move from the unsealed Secret into a list by name. */
static int take_values(struct editing *editing, struct error *err)
{
	struct unsealed *base = &editing->base;

	for (size_t i = 0; i < base->secret.data_count; i++)
		if (variables_add(&editing->values, base->secret.data[i].key,
			&base->values[i].plaintext, "the Secret", err) < 0)
			return -1;
	return 0;
}

static int find_layout(struct editing *editing, struct error *err)
{
	const struct kube_secret *secret = &editing->base.secret;

	if (secret->data_count == 0 || !sealed_secret_is_document(secret, secret->data[0].key))
		return 0;
	if (secret->data_count > 1)
		return error_set(err, ERROR_INVALID,
		    "Secret %s%s%s: it holds several documents: change one with secret-seal "
		    "--layout document --data-key NAME",
		    KUBE_NAMED(secret));
	editing->document_key = secret->data[0].key;
	return 0;
}

static int write_text(struct editing *editing, struct error *err)
{
	const struct kube_secret *secret = &editing->base.secret;

	if (editing->document_key)
		return edit_text_write_document(
		    &editing->values.items[0].value, &editing->before, err);
	cleanup_free char *title = string_format(err, "Secret %s%s%s", KUBE_NAMED(secret));
	if (!title)
		return -1;
	return edit_text_write_values(&editing->values, title, &editing->before, err);
}

static int begin(struct editing *editing, struct error *err)
{
	if (read_secret(editing, &editing->base, err) < 0)
		return -1;
	if (editing->base.secret.immutable)
		return error_set(err, ERROR_REJECTED, "Secret %s%s%s: it is immutable",
		    KUBE_NAMED(&editing->base.secret));
	/* Else this is found out only when the person has written something. */
	if (editing->base.secret.data_count == 0 && !is_set(editing->settings->transit_key))
		return error_set(err, ERROR_USAGE,
		    "Secret %s%s%s: it holds no ciphertext, and without any its annotations do not "
		    "count; pass --transit-key [MOUNT/]NAME",
		    KUBE_NAMED(&editing->base.secret));
	if (take_values(editing, err) < 0 || find_layout(editing, err) < 0 ||
	    write_text(editing, err) < 0)
		return -1;
	return secret_buffer_append(
	    &editing->text, editing->before.data, editing->before.length, err);
}

static bool same(const struct secret_buffer *a, const struct secret_buffer *b)
{
	return secret_buffer_equal(a, b);
}

/* Names only, one line a change. */
static void tell(char mark, const char *name)
{
	log_write(LOG_INFO, "%c %s", mark, name);
}

/* Per key: what is new or other is set, what is gone is unset, unless somebody else did that. */
static int compare_values(struct editing *editing, struct variables *now, struct error *err)
{
	struct seal_changes *changes = &editing->changes;

	for (size_t i = 0; i < now->count; i++) {
		struct variable *variable = &now->items[i];
		const struct variable *old = variables_find(&editing->values, variable->name);
		if (old && same(&old->value, &variable->value))
			continue;
		tell(old ? '~' : '+', variable->name);
		if (variables_add(&changes->values, variable->name, &variable->value,
			variable->source, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < editing->values.count; i++) {
		const char *name = editing->values.items[i].name;
		if (variables_find(now, name) || !kube_secret_entry(&editing->base.secret, name))
			continue;
		tell('-', name);
		if (strings_append(&changes->unset, name, err) < 0)
			return -1;
	}
	return 0;
}

static struct json *parse_document(const struct secret_buffer *text, struct error *err)
{
	if (sealed_document_check(text, "the edited text", err) < 0)
		return NULL;
	return json_parse(secret_buffer_string(text), text->length, "the edited text", err);
}

/* Whether both write the value in the same way, white space aside. */
static int same_member(const struct json *a, json_node node, const struct json *b, json_node other,
    bool *equal, struct error *err)
{
	cleanup_secret struct secret_buffer one = SECRET_BUFFER_INIT;
	cleanup_secret struct secret_buffer two = SECRET_BUFFER_INIT;

	if (json_compact(a, node, &one, err) < 0 || json_compact(b, other, &two, err) < 0)
		return -1;
	*equal = secret_buffer_equal(&one, &two);
	return 0;
}

/* Log a change; the layout may be forged, and the name part of a secret. */
static void tell_member(char mark, const char *name)
{
	tell(mark, variable_valid_name(name) ? name : VARIABLE_NAME_NOT_SHOWN);
}

/* Tell the members of `now` that `before` has not, or has otherwise. */
static int tell_members(const struct json *before, const struct json *now, struct error *err)
{
	json_each (now, JSON_ROOT, node) {
		cleanup_free char *name = NULL;
		if (json_copy_name(now, node, &name, err) < 0)
			return -1;
		if (!name)
			return error_set(err, ERROR_INVALID, "a member's name holds a NUL byte");
		json_node old = json_member(before, JSON_ROOT, name);
		bool equal = false;
		if (old != JSON_ABSENT && same_member(now, node, before, old, &equal, err) < 0)
			return -1;
		if (!equal)
			tell_member(old == JSON_ABSENT ? '+' : '~', name);
	}
	json_each (before, JSON_ROOT, node) {
		cleanup_free char *name = NULL;
		if (json_copy_name(before, node, &name, err) < 0)
			return -1;
		if (name && json_member(now, JSON_ROOT, name) == JSON_ABSENT)
			tell_member('-', name);
	}
	return 0;
}

/* A document is sealed as it was written. */
static int compare_documents(struct editing *editing, struct error *err)
{
	cleanup_secret struct secret_buffer copy = SECRET_BUFFER_INIT;
	cleanup_json struct json *before = parse_document(&editing->before, err);
	cleanup_json struct json *now = before ? parse_document(&editing->text, err) : NULL;

	if (!now || tell_members(before, now, err) < 0 ||
	    secret_buffer_append(&copy, editing->text.data, editing->text.length, err) < 0)
		return -1;
	editing->changes.whole_document = true;
	return variables_add(
	    &editing->changes.values, editing->document_key, &copy, "the edited text", err);
}

/* From the text to changes; none at all is no error. */
static int find_changes(struct editing *editing, struct error *err)
{
	struct variables now = {NULL, 0, 0};

	seal_changes_free(&editing->changes);
	editing->changes = (struct seal_changes){0};
	if (secret_buffer_equal(&editing->text, &editing->before))
		return 0;
	if (editing->document_key)
		return compare_documents(editing, err);
	int result = edit_text_read_values(&editing->text, &now, err);
	if (result == 0)
		result = compare_values(editing, &now, err);
	variables_free(&now);
	return result;
}

static bool anything(const struct seal_changes *changes)
{
	return changes->values.count || changes->unset.count;
}

/* One try to write; sealing uses the values up, so it gets a copy of them. */
static int write_changes(struct editing *editing, struct error *err)
{
	struct seal_settings settings = {.name = editing->settings->name,
	    .transit_key = editing->settings->transit_key,
	    .layout = editing->document_key ? LAYOUT_DOCUMENT : LAYOUT_PER_KEY,
	    .data_key = editing->document_key,
	    .force_foreign = editing->settings->force_foreign,
	    .must_exist = true,
	    .based_on = editing->base.secret.resource_version};
	struct seal_changes changes;
	struct seal_outcome outcome = {0};
	struct seal_session session;
	int result = seal_changes_copy(&editing->changes, &changes, err);

	if (result == 0 && (result = seal_session_begin(&session, editing->session, err)) == 0) {
		const char *file = editing->settings->file;
		result =
		    file ? manifest_secret_seal(&session, &settings, file, &changes, &outcome, err)
			 : seal(&session, &settings, &changes, &outcome, err);
		seal_session_end(&session);
	}
	seal_outcome_free(&outcome);
	seal_changes_free(&changes);
	return result;
}

/* What is to be changed must be as the person saw it. */
static int check_untouched(const struct editing *editing, const struct kube_secret *now,
    const char *name, struct error *err)
{
	const struct kube_entry *seen = kube_secret_entry(&editing->base.secret, name);
	const struct kube_entry *there = kube_secret_entry(now, name);

	if (!seen == !there && (!seen || secret_buffer_equal(&seen->value, &there->value)))
		return 0;
	return error_set(err, ERROR_CONFLICT,
	    "Secret %s%s%s: somebody else changed %s meanwhile: edit it anew", KUBE_NAMED(now),
	    name);
}

/* After a conflict: go on from the Secret as it is now, if others changed other values only. */
static int rebase(struct editing *editing, struct error *err)
{
	struct unsealed now;
	const struct seal_changes *changes = &editing->changes;
	int result = read_secret(editing, &now, err);

	if (result < 0)
		return -1;
	for (size_t i = 0; result == 0 && i < changes->values.count; i++)
		result = check_untouched(editing, &now.secret, changes->values.items[i].name, err);
	for (size_t i = 0; result == 0 && i < changes->unset.count; i++)
		result = check_untouched(editing, &now.secret, changes->unset.items[i], err);
	if (result == 0) {
		/* Only the version: the rest is still what the text is compared with. */
		char *version = editing->base.secret.resource_version;
		editing->base.secret.resource_version = now.secret.resource_version;
		now.secret.resource_version = version;
	}
	unsealed_free(&now);
	return result;
}

static int write_until_done(struct editing *editing, struct error *err)
{
	for (int tries = 0;; tries++) {
		if (write_changes(editing, err) == 0)
			return 0;
		if (err->code != ERROR_CONFLICT || tries == CONFLICTS_MAX)
			return -1;
		error_clear(err);
		if (rebase(editing, err) < 0)
			return -1;
	}
}

enum next { GIVE_UP, EDIT_AGAIN, TRY_AGAIN };

/*
 * After a failure: what the person wants, to whom the text is kept until they have said it.  Where
 * there is no terminal nobody can be asked.
 */
static enum next ask(const struct editor *editor, const struct error *err)
{
	static const char conflict[] = "Going on puts what you wrote in the place of theirs.\n";
	struct error ignored = ERROR_INIT;
	cleanup_free char *question = string_format(&ignored,
	    "%s\n%sWhat you wrote is in %s until you answer.\n"
	    "(e)dit again, (t)ry again as it is, or (g)ive up? ",
	    err->message, err->code == ERROR_CONFLICT ? conflict : "", editor->file);
	char choice = 'g';

	if (!question || signals_caught() || prompt_choice(question, "etg", &choice, &ignored) < 0)
		return GIVE_UP;
	return choice == 'e' ? EDIT_AGAIN : choice == 't' ? TRY_AGAIN : GIVE_UP;
}

/* From here on, what is there now counts as seen. */
static int take_theirs(struct editing *editing, struct error *err)
{
	bool document = editing->document_key;
	struct unsealed now;

	if (read_secret(editing, &now, err) < 0)
		return -1;
	unsealed_free(&editing->base);
	editing->base = now;
	editing->document_key = NULL;
	if (find_layout(editing, err) < 0)
		return -1;
	if (document == (editing->document_key != NULL))
		return 0;
	return error_set(err, ERROR_REJECTED, "Secret %s%s%s: it has another layout now",
	    KUBE_NAMED(&now.secret));
}

static int write_text_back(struct editing *editing, bool over_theirs, struct error *err)
{
	if (over_theirs && take_theirs(editing, err) < 0)
		return -1;
	if (find_changes(editing, err) < 0)
		return -1;
	return anything(&editing->changes) ? write_until_done(editing, err) : 0;
}

static int edit_until_done(struct editing *editing, struct editor *editor, struct error *err)
{
	enum next next = EDIT_AGAIN;
	bool over_theirs = false;

	for (;;) {
		if (next == EDIT_AGAIN &&
		    editor_run(editor, editing->settings->editor, &editing->text, err) < 0)
			return -1;
		if (write_text_back(editing, over_theirs, err) == 0)
			return 0;
		next = ask(editor, err);
		if (next == GIVE_UP)
			return error_wrap(err, "nothing was changed");
		over_theirs = err->code == ERROR_CONFLICT;
		error_clear(err);
	}
}

int edit(const struct seal_session_settings *session, const struct edit_settings *settings,
    bool *changed, struct error *err)
{
	struct editing editing = {.session = session, .settings = settings};
	struct editor editor = EDITOR_INIT;
	int result = editor_check(settings->editor, err);

	if (result == 0)
		result = begin(&editing, err);
	if (result == 0)
		result = editor_check_terminal(settings->editor, err);
	if (result == 0)
		result =
		    editor_open(&editor, editing.document_key ? "secret.json" : "secret.yaml", err);
	if (result == 0)
		result = edit_until_done(&editing, &editor, err);
	editor_close(&editor);
	*changed = anything(&editing.changes);
	free_editing(&editing);
	return result;
}
