/* Change Secrets in the text of a manifest. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/manifest/internal.h"
#include "lib/manifest/mapping.h"
#include "lib/sealed/sealed.h"

/* Columns of one indentation level, if the manifest does not show its level. */
#define STEP 2

/* One Secret with its change. */
struct edit_ctx {
	const struct manifest_tree *tree;
	const struct manifest_secret *secret;
	const struct kube_secret *set;
	bool move_text;
	const struct manifest_node *root, *metadata, *data, *text; /* NULL: absent */
	/* The section whose members move to the other section; NULL unless both have members. */
	const struct manifest_node *moved;
	size_t step;
	struct splice_list *splices;
};

static const struct manifest_node *key_of(const struct manifest_node *value)
{
	return value - 1; /* a key is a scalar, which is one node */
}

static bool has_members(const struct manifest_node *mapping)
{
	return mapping && mapping->kind == MANIFEST_MAPPING && mapping->first;
}

/*
 * Labels and annotations.
 */

/* Change a mapping.  If it is NULL, add it to `parent` under `key`. */
static void edit_mapping(struct edit_ctx *edit, const struct manifest_node *mapping,
    const struct manifest_node *parent, const char *key, const struct mapping_change *change)
{
	struct mapping_member member = {.key = key, .members = change, .step = edit->step};

	if (mapping)
		mapping_edit(edit->splices, mapping, change);
	else if (change->added_count > 0)
		mapping_edit(edit->splices, parent,
		    &(struct mapping_change){.added = &member, .added_count = 1});
}

static void edit_pairs(
    struct edit_ctx *edit, const char *name, const struct kube_pair *pairs, size_t count)
{
	const struct manifest_node *mapping = manifest_member(edit->tree, edit->metadata, name);
	struct mapping_change change;

	if (!mapping_change_init(&change, count, edit->splices))
		count = 0;
	for (size_t i = 0; i < count; i++) {
		const char *text = pairs[i].value;
		const struct manifest_node *old =
		    manifest_member(edit->tree, mapping, pairs[i].name);
		if (!old && text)
			change.added[change.added_count++] =
			    (struct mapping_member){.key = pairs[i].name,
				.value = text,
				.length = strlen(text),
				.quoted = true};
		else if (old && !text)
			change.removed[change.removed_count++] = key_of(old);
		else if (old && !manifest_node_is(edit->tree, old, text))
			mapping_replace(edit->splices, old, text, strlen(text), true);
	}
	edit_mapping(edit, mapping, edit->metadata, name, &change);
	mapping_change_free(&change);
}

/*
 * Change an existing mapping before the other mapping is added to metadata: text inserted at the
 * same place stays in this order.
 */
static void edit_metadata(struct edit_ctx *edit)
{
	const struct kube_secret *set = edit->set;
	bool labels_first = manifest_member(edit->tree, edit->metadata, "labels") ||
			    !manifest_member(edit->tree, edit->metadata, "annotations");

	if (labels_first)
		edit_pairs(edit, "labels", set->labels, set->label_count);
	edit_pairs(edit, "annotations", set->annotations, set->annotation_count);
	if (!labels_first)
		edit_pairs(edit, "labels", set->labels, set->label_count);
}

/*
 * Values.
 */

/* Return true if stringData is in braces and its members are added to data one by one. */
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

/* Return the added entry that an old entry was renamed to, or NULL. */
static const struct kube_entry *find_renamed(
    const struct edit_ctx *edit, const struct kube_entry *change)
{
	if (!change || !change->removed || !change->new_name ||
	    kube_secret_entry(&edit->secret->object, change->new_name))
		return NULL;
	const struct kube_entry *entry = kube_secret_entry(edit->set, change->new_name);
	return entry && !entry->removed ? entry : NULL;
}

/* Return true if an old entry was renamed to this entry. */
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
 * Replace a value in its place.  Line breaks of old ciphertext are kept.  Line breaks of old
 * plaintext are not, because they could reveal something about it.
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

static void add_value(
    struct mapping_change *change, const char *key, const struct secret_buffer *bytes)
{
	change->added[change->added_count++] = (struct mapping_member){.key = key,
	    .value = secret_buffer_string(bytes),
	    .length = bytes->length,
	    .base64 = true};
}

/*
 * Change one value in its place, or list it in *change: as removed, or as added if stringData is
 * dissolved.
 */
static void edit_value(struct edit_ctx *edit, size_t index, struct mapping_change *change)
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
		add_value(change, renamed ? renamed->key : old->key, bytes);
		return;
	}
	if (renamed)
		mapping_replace(edit->splices, key, renamed->key, strlen(renamed->key), false);
	edit_content(edit, index, bytes);
}

/* Remove and add the values listed in *change. */
static void edit_sections(struct edit_ctx *edit, const struct mapping_change *change)
{
	const struct manifest_node *home = find_home(edit);
	const struct manifest_node *other = home == edit->data ? edit->text : edit->data;
	struct mapping_change removal = *change;

	removal.added_count = 0;
	edit_mapping(edit, home, edit->root, "data", change);
	if (other && !(other == edit->text && is_dissolved(edit)))
		mapping_edit(edit->splices, other, &removal);
}

static void edit_values(struct edit_ctx *edit)
{
	const struct kube_secret *object = &edit->secret->object, *set = edit->set;
	struct mapping_change change;

	if (mapping_change_init(&change, object->data_count + set->data_count, edit->splices)) {
		for (size_t i = 0; i < object->data_count; i++)
			edit_value(edit, i, &change);
		for (size_t i = 0; i < set->data_count; i++)
			if (!set->data[i].removed && !kube_secret_entry(object, set->data[i].key) &&
			    !is_new_name(edit, &set->data[i]))
				add_value(&change, set->data[i].key, &set->data[i].value);
		edit_sections(edit, &change);
	}
	mapping_change_free(&change);
}

/* Moving stringData to data. */

/* Return true if the section consists of whole lines, which can be moved. */
static bool can_move(const struct edit_ctx *edit, const struct manifest_node *section)
{
	const struct manifest_node *key = key_of(section);

	return manifest_begins_line(edit->tree, key->start) &&
	       manifest_line_after(edit->tree, key->end) <= section->start;
}

/*
 * Return the section to move, or NULL if none moves.  Choose stringData unless its lines cannot be
 * moved.
 */
static const struct manifest_node *choose_moved(const struct edit_ctx *edit)
{
	if (!edit->move_text || !has_members(edit->text) || !has_members(edit->data))
		return NULL;
	return edit->text->style == MANIFEST_BLOCK && edit->data->style == MANIFEST_BLOCK &&
		       !can_move(edit, edit->text)
		   ? edit->data
		   : edit->text;
}

/* Put a line, replacing up to `from` columns of its indentation by `to` columns. */
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

/* Move the lines of a section, with their comments, to the end of the kept section. */
static void move_lines(struct edit_ctx *edit, const struct manifest_node *kept)
{
	const struct manifest_tree *tree = edit->tree;
	const struct manifest_node *moved = edit->moved, *key = key_of(moved);
	size_t body = manifest_line_after(tree, key->end),
	       end = manifest_line_after(tree, moved->end);
	size_t from = manifest_column(tree, moved->start), to = manifest_column(tree, kept->start);
	size_t to_end = manifest_line_after(tree, kept->end);
	const char *comment = memchr(tree->text + key->end, '#', body - key->end);
	cleanup_secret struct secret_buffer lines = SECRET_BUFFER_INIT;

	splice_apply(edit->splices, body, end, &lines);
	splice_begin(edit->splices, to_end, to_end);
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

/* Join the members of data and stringData in one section. */
static void join_sections(struct edit_ctx *edit)
{
	const struct manifest_node *key = key_of(edit->text);
	bool dissolved = is_dissolved(edit);

	if (dissolved ? mapping_has_comment(edit->tree, edit->text)
		      : edit->data->style == MANIFEST_FLOW || !can_move(edit, edit->moved)) {
		splice_refuse(edit->splices, edit->moved->start,
		    "data and stringData cannot be joined as they are written; put all values "
		    "under one of them");
	} else if (dissolved) {
		mapping_edit(edit->splices, edit->root,
		    &(struct mapping_change){.removed = &key, .removed_count = 1});
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
	/* Rename an empty data, because stringData takes its name. */
	if (edit->data)
		rename_section(edit, edit->data, "stringData");
	rename_section(edit, edit->text, "data");
}

/* One Secret. */

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
	edit_metadata(&edit);
	edit_values(&edit);
	move_text(&edit);
}

/* Checking the result. */

static int check_result(const struct manifest *before, const struct manifest_change *changes,
    size_t count, const char *text, size_t length, struct error *err)
{
	struct manifest after;
	int result = manifest_read_again(&after, before, text, length, err);
	bool right = result > 0 && manifest_is_changed(&after, before, changes, count);

	manifest_free(&after);
	if (right || result < 0)
		return result < 0 ? -1 : 0;
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
