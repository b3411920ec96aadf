/* Changes of Secrets in a manifest's text. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/manifest/internal.h"
#include "lib/manifest/mapping.h"
#include "lib/sealed/sealed.h"

/* Columns of one level, where the manifest itself has none. */
#define STEP 2

/* One Secret with its change. */
struct edit_ctx {
	const struct manifest_tree *tree;
	const struct manifest_secret *secret;
	const struct kube_secret *set;
	bool move_text;
	const struct manifest_node *root, *metadata, *data, *text; /* NULL: absent */
	/* Both data and stringData have members: the one whose members go into the other. */
	const struct manifest_node *moved;
	size_t step;
	struct splice_list *splices;
};

static const struct manifest_node *key_of(const struct manifest_node *value)
{
	return value - 1; /* keys are scalars: one node */
}

static bool has_members(const struct manifest_node *mapping)
{
	return mapping && mapping->kind == MANIFEST_MAPPING && mapping->first;
}

/*
 * Labels and annotations.
 */

/* Return the value in metadata that new labels (else annotations) follow. */
static const struct manifest_node *find_neighbour(const struct edit_ctx *edit, bool labels)
{
	static const char *const names[] = {"name", "generateName", "namespace"};
	const struct manifest_node *found =
	    labels ? NULL : manifest_member(edit->tree, edit->metadata, "labels");

	for (size_t i = 0; !(found && i == 0) && i < sizeof(names) / sizeof(*names); i++) {
		const struct manifest_node *member =
		    manifest_member(edit->tree, edit->metadata, names[i]);
		if (member && (!found || found->start < member->start))
			found = member;
	}
	return found;
}

static void edit_pairs(
    struct edit_ctx *edit, const char *name, const struct kube_pair *pairs, size_t count)
{
	const struct manifest_node *mapping = manifest_member(edit->tree, edit->metadata, name);
	cleanup_free struct mapping_member *added = calloc(count + 1, sizeof(*added));
	cleanup_free const struct manifest_node **removed = calloc(count + 1, sizeof(*removed));
	struct mapping_change change = {.removed = removed, .added = added};

	if (!added || !removed) {
		edit->splices->failed = error_memory(edit->splices->err) < 0;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		const char *text = pairs[i].value;
		const struct manifest_node *old =
		    manifest_member(edit->tree, mapping, pairs[i].name);
		if (!old && text)
			added[change.added_count++] = (struct mapping_member){.key = pairs[i].name,
			    .value = text,
			    .length = strlen(text),
			    .quoted = true};
		else if (old && !text)
			removed[change.removed_count++] = key_of(old);
		else if (old && !manifest_node_is(edit->tree, old, text))
			mapping_replace(edit->splices, old, text, strlen(text), true);
	}
	if (mapping) {
		mapping_edit(edit->splices, mapping, &change);
	} else if (change.added_count > 0) {
		struct mapping_member member = {
		    .key = name, .members = added, .count = change.added_count, .step = edit->step};
		mapping_edit(edit->splices, edit->metadata,
		    &(struct mapping_change){.added = &member,
			.added_count = 1,
			.after = find_neighbour(edit, strcmp(name, "labels") == 0)});
	}
}

/*
 * Values.
 */

/* Return true for a stringData in braces whose members become new ones of data. */
static bool is_dissolved(const struct edit_ctx *edit)
{
	return edit->moved && edit->moved == edit->text && edit->text->style == MANIFEST_FLOW;
}

/* Return the mapping that becomes the Secret's data, or NULL. */
static const struct manifest_node *find_home(const struct edit_ctx *edit)
{
	bool moves = edit->move_text && has_members(edit->text);

	return moves && (!edit->moved || edit->moved == edit->data) ? edit->text : edit->data;
}

/* Return the added entry that takes the place of the old one, or NULL. */
static const struct kube_entry *find_renamed(
    const struct edit_ctx *edit, const struct kube_entry *change)
{
	if (!change || !change->removed || !change->new_name ||
	    kube_secret_entry(&edit->secret->object, change->new_name))
		return NULL;
	const struct kube_entry *entry = kube_secret_entry(edit->set, change->new_name);
	return entry && !entry->removed ? entry : NULL;
}

/* Return true for an entry that takes the place of an old one. */
static bool is_new_name(const struct edit_ctx *edit, const struct kube_entry *entry)
{
	for (size_t i = 0; i < edit->set->data_count; i++) {
		const struct kube_entry *each = &edit->set->data[i];
		if (each->new_name && kube_secret_entry(&edit->secret->object, each->key) &&
		    find_renamed(edit, each) == entry)
			return true;
	}
	return false;
}

/*
 * Write a value where the old one was.  Ciphertext keeps the style of ciphertext; plaintext leaves
 * nothing that could be seen.
 */
static void edit_content(struct edit_ctx *edit, size_t index, const struct secret_buffer *bytes)
{
	const struct manifest_value *value = &edit->secret->values[index];
	const struct kube_entry *old = &edit->secret->object.data[index];
	const struct manifest_node *node = &edit->tree->nodes[value->value];
	cleanup_secret struct secret_buffer encoded = SECRET_BUFFER_INIT;
	bool moves = value->text && edit->move_text;

	if (!moves && secret_buffer_equal(bytes, &old->value))
		return;
	if (!value->text || moves) {
		if (base64_encode(&encoded, secret_buffer_string(bytes), bytes->length,
			edit->splices->err) < 0) {
			edit->splices->failed = true;
			return;
		}
		bytes = &encoded;
	}
	if (!moves && sealed_entry_is_ciphertext(old))
		mapping_replace_word(
		    edit->splices, node, secret_buffer_string(bytes), bytes->length);
	else
		mapping_replace(
		    edit->splices, node, secret_buffer_string(bytes), bytes->length, false);
}

static void list_added(struct mapping_change *change, struct mapping_member *added, const char *key,
    const struct secret_buffer *bytes)
{
	added[change->added_count++] = (struct mapping_member){.key = key,
	    .value = secret_buffer_string(bytes),
	    .length = bytes->length,
	    .base64 = true};
}

/* Change one value in its place, or list it in *change as removed or, from braces, as added. */
static void edit_value(struct edit_ctx *edit, size_t index, struct mapping_change *change,
    struct mapping_member *added)
{
	const struct manifest_value *value = &edit->secret->values[index];
	const struct kube_entry *old = &edit->secret->object.data[index];
	const struct manifest_node *key = &edit->tree->nodes[value->key];
	const struct kube_entry *new = kube_secret_entry(edit->set, old->key);
	const struct kube_entry *renamed = find_renamed(edit, new);
	bool dissolved = value->text && is_dissolved(edit);

	if (renamed)
		new = renamed;
	else if (new &&new->removed && !dissolved)
		change->removed[change->removed_count++] = key;
	if (new &&new->removed)
		return;
	const struct secret_buffer *bytes = new ? &new->value : &old->value;
	if (dissolved) {
		list_added(change, added, renamed ? renamed->key : old->key, bytes);
		return;
	}
	if (renamed)
		mapping_replace(edit->splices, key, renamed->key, strlen(renamed->key), false);
	edit_content(edit, index, bytes);
}

/* Remove and add the values that edit_values has listed. */
static void edit_sections(struct edit_ctx *edit, const struct mapping_change *change)
{
	const struct manifest_node *home = find_home(edit);
	struct mapping_change removal = *change;

	removal.added_count = 0;
	if (edit->data)
		mapping_edit(edit->splices, edit->data, edit->data == home ? change : &removal);
	if (edit->text && !is_dissolved(edit))
		mapping_edit(edit->splices, edit->text, edit->text == home ? change : &removal);
	if (!home && change->added_count > 0) {
		struct mapping_member member = {.key = "data",
		    .members = change->added,
		    .count = change->added_count,
		    .step = edit->step};
		mapping_edit(edit->splices, edit->root,
		    &(struct mapping_change){
			.added = &member, .added_count = 1, .after = edit->metadata});
	}
}

static void edit_values(struct edit_ctx *edit)
{
	const struct kube_secret *object = &edit->secret->object, *set = edit->set;
	size_t most = object->data_count + set->data_count + 1;
	cleanup_free struct mapping_member *added = calloc(most, sizeof(*added));
	cleanup_free const struct manifest_node **removed = calloc(most, sizeof(*removed));
	struct mapping_change change = {.removed = removed, .added = added};

	if (!added || !removed) {
		edit->splices->failed = error_memory(edit->splices->err) < 0;
		return;
	}
	for (size_t i = 0; i < object->data_count; i++)
		edit_value(edit, i, &change, added);
	for (size_t i = 0; i < set->data_count; i++)
		if (!set->data[i].removed && !kube_secret_entry(object, set->data[i].key) &&
		    !is_new_name(edit, &set->data[i]))
			list_added(&change, added, set->data[i].key, &set->data[i].value);
	edit_sections(edit, &change);
}

/*
 * stringData becomes data.
 */

/* Return true if the lines of the section can be moved whole. */
static bool can_move(const struct edit_ctx *edit, const struct manifest_node *section)
{
	const struct manifest_node *key = key_of(section);

	return manifest_begins_line(edit->tree, key->start) &&
	       manifest_line_after(edit->tree, key->end) <= section->start;
}

/* Choose the section to move: stringData, unless data alone can be moved. */
static const struct manifest_node *choose_moved(const struct edit_ctx *edit)
{
	if (!edit->move_text || !has_members(edit->text) || !has_members(edit->data))
		return NULL;
	return edit->text->style == MANIFEST_BLOCK && edit->data->style == MANIFEST_BLOCK &&
		       !can_move(edit, edit->text)
		   ? edit->data
		   : edit->text;
}

/* Put a line of the text with `from` columns of indentation less, and `to` more. */
static void put_indented(
    struct splice_list *splices, const char *line, size_t length, size_t from, size_t to)
{
	size_t spaces = 0;

	while (spaces < from && spaces < length && line[spaces] == ' ')
		spaces++;
	if (length > 0 && line[length - 1] == '\r')
		length--;
	splice_begin_line(splices, spaces < length ? to : 0);
	splice_put(splices, line + spaces, length > spaces ? length - spaces : 0);
	splice_end_line(splices);
}

/* Move the lines of a section, with their comments, behind those of the other. */
static void move_lines(struct edit_ctx *edit, const struct manifest_node *kept)
{
	const struct manifest_tree *tree = edit->tree;
	const struct manifest_node *moved = edit->moved, *key = key_of(moved);
	size_t body = manifest_line_after(tree, key->end),
	       end = manifest_line_after(tree, moved->end);
	size_t from = manifest_column(tree, moved->start), to = manifest_column(tree, kept->start);
	const char *comment = memchr(tree->text + key->end, '#', body - key->end);
	cleanup_secret struct secret_buffer lines = SECRET_BUFFER_INIT;

	splice_apply(edit->splices, body, end, &lines);
	splice_begin_lines(edit->splices, manifest_line_after(tree, kept->end));
	if (comment)
		put_indented(edit->splices, comment, strcspn(comment, "\n"), 0, to);
	for (size_t at = 0; at < lines.length;) {
		size_t length = strcspn(lines.data + at, "\n");
		put_indented(edit->splices, lines.data + at, length, from, to);
		at += length + 1;
	}
	splice_begin(edit->splices, manifest_line_start(tree, key->start), end);
}

static void rename_section(
    struct edit_ctx *edit, const struct manifest_node *section, const char *name)
{
	mapping_replace(edit->splices, key_of(section), name, strlen(name), false);
}

/* Bring the members of data and stringData together. */
static void join_sections(struct edit_ctx *edit)
{
	const struct manifest_node *key = key_of(edit->text);

	if (is_dissolved(edit)) {
		if (mapping_has_comment(edit->tree, edit->text))
			splice_refuse(edit->splices, edit->text->start,
			    "stringData in braces, with comments, beside data; put all values "
			    "under one of them");
		mapping_edit(edit->splices, edit->root,
		    &(struct mapping_change){.removed = &key, .removed_count = 1});
	} else if (edit->data->style == MANIFEST_FLOW) {
		splice_refuse(edit->splices, edit->text->start,
		    "stringData beside data in braces; put all values under one of them");
	} else if (!can_move(edit, edit->moved)) {
		splice_refuse(edit->splices, edit->moved->start,
		    "data beside stringData; put all values under one of them");
	} else if (edit->moved == edit->data) {
		rename_section(edit, edit->text, "data");
		move_lines(edit, edit->text);
	} else {
		move_lines(edit, edit->data);
	}
}

static void move_text(struct edit_ctx *edit)
{
	if (!edit->move_text || !has_members(edit->text))
		return;
	if (edit->moved) {
		join_sections(edit);
		return;
	}
	/* An empty data becomes the empty stringData. */
	if (edit->data)
		rename_section(edit, edit->data, "stringData");
	rename_section(edit, edit->text, "data");
}

/*
 * All of it.
 */

static size_t find_step(const struct edit_ctx *edit)
{
	size_t inner = manifest_column(edit->tree, edit->metadata->start);
	size_t outer = manifest_column(edit->tree, edit->root->start);

	return inner > outer ? inner - outer : STEP;
}

static void edit_secret(const struct manifest *manifest, const struct manifest_change *change,
    struct splice_list *splices)
{
	const struct manifest_tree *tree = &manifest->tree;
	const struct manifest_secret *secret = change->secret;
	const struct manifest_node *root = &tree->nodes[secret->node];
	struct edit_ctx edit = {.tree = tree,
	    .secret = secret,
	    .set = change->set,
	    .move_text = change->move_text,
	    .root = root,
	    .metadata = manifest_member(tree, root, "metadata"),
	    .data = manifest_member(tree, root, "data"),
	    .text = manifest_member(tree, root, "stringData"),
	    .splices = splices};

	if (secret->obstacle_kind) {
		splices->failed =
		    manifest_tree_refuse(tree, tree->nodes[secret->obstacle].start, splices->err,
			"%s in a Secret that is to be changed; write out its value",
			secret->obstacle_kind) < 0;
		return;
	}
	edit.moved = choose_moved(&edit);
	edit.step = find_step(&edit);
	edit_pairs(&edit, "labels", edit.set->labels, edit.set->label_count);
	edit_pairs(&edit, "annotations", edit.set->annotations, edit.set->annotation_count);
	edit_values(&edit);
	move_text(&edit);
}

/*
 * The result, read again.
 */

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Return true if the Secret's values beside those of the change are the same ones as before. */
static bool has_other_values(const struct kube_secret *after, const struct kube_secret *before,
    const struct kube_secret *set)
{
	size_t others = 0, wanted = 0;

	for (size_t i = 0; i < before->data_count; i++) {
		const struct kube_entry *old = &before->data[i];
		if (set && kube_secret_entry(set, old->key))
			continue;
		const struct kube_entry *entry = kube_secret_entry(after, old->key);
		if (!entry || !secret_buffer_equal(&entry->value, &old->value))
			return false;
		others++;
	}
	for (size_t i = 0; set && i < set->data_count; i++)
		wanted += !set->data[i].removed;
	return after->data_count == others + wanted;
}

static bool is_secret_right(const struct manifest_secret *after,
    const struct manifest_secret *before, const struct manifest_change *change)
{
	const struct kube_secret *object = &after->object, *old = &before->object;

	if (!same_text(object->name, old->name) || !same_text(object->namespace, old->namespace) ||
	    !same_text(object->type, old->type) || object->immutable != old->immutable ||
	    !has_other_values(object, old, change ? change->set : NULL) ||
	    (change && !kube_secret_has(object, change->set)))
		return false;
	for (size_t i = 0; change && change->move_text && i < object->data_count; i++)
		if (after->values[i].text)
			return false;
	return true;
}

static bool is_right(const struct manifest *after, const struct manifest *before,
    const struct manifest_change *changes, size_t count)
{
	size_t next = 0;

	if (after->count != before->count || after->tree.json != before->tree.json)
		return false;
	for (size_t i = 0; i < before->count; i++) {
		const struct manifest_secret *secret = &before->secrets[i];
		bool changes_it = next < count && changes[next].secret == secret;
		if (!is_secret_right(
			&after->secrets[i], secret, changes_it ? &changes[next] : NULL))
			return false;
		next += changes_it;
	}
	return next == count;
}

static int check_result(const struct manifest *before, const struct manifest_change *changes,
    size_t count, const char *text, size_t length, struct error *err)
{
	cleanup_secret struct secret_buffer copy = SECRET_BUFFER_INIT;
	struct error reason = ERROR_INIT;
	struct manifest after = {0};

	if (secret_buffer_append(&copy, text, length, err) < 0)
		return -1;
	int result = manifest_read(&after, &copy, before->tree.line, before->tree.what, &reason);
	bool right = result == 0 && is_right(&after, before, changes, count);
	manifest_free(&after);
	if (right)
		return 0;
	if (result < 0 && reason.code == ERROR_SYSTEM) {
		*err = reason;
		return -1;
	}
	return manifest_tree_refuse(&before->tree, before->tree.nodes[changes->secret->node].start,
	    err, "this Secret cannot be changed safely as it is written; write it as kubectl does");
}

int manifest_change(const struct manifest *manifest, const struct manifest_change *changes,
    size_t count, struct secret_buffer *out, struct error *err)
{
	struct splice_list splices = {.tree = &manifest->tree, .err = err};
	size_t before = out->length;

	for (size_t i = 0; i < count && !splices.failed; i++)
		edit_secret(manifest, &changes[i], &splices);
	splice_apply(&splices, 0, manifest->tree.length, out);
	bool failed = splices.failed;
	splice_free(&splices);
	if (failed)
		return -1;
	return count == 0 ? 0
			  : check_result(manifest, changes, count,
				secret_buffer_string(out) + before, out->length - before, err);
}
