#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/manifest/mapping.h"
#include "lib/sealed/sealed.h"

/* Columns of one level, where the manifest itself shows none. */
#define STEP 2

/* One Secret's change on its way to edits. */
struct changing {
	const struct manifest_tree *tree;
	const struct manifest_secret *secret;
	const struct kube_secret *set;
	bool move_text;
	const struct manifest_node *root, *metadata, *data, *text; /* NULL: there is none */
	/* Which of data and stringData goes into the other; its values' edits are apart. */
	const struct manifest_node *moved;
	struct manifest_edits *edits, moved_edits;
	struct error *err;
};

static const struct manifest_node *key_of(const struct manifest_node *value)
{
	return value - 1; /* keys are scalars: nothing stands between */
}

static bool has_members(const struct manifest_node *mapping)
{
	return mapping && mapping->kind == MANIFEST_MAPPING && mapping->first;
}

/*
 * Labels and annotations.
 */

static size_t step_of(const struct changing *changing)
{
	size_t inner = manifest_column(changing->tree, changing->metadata->start);
	size_t outer = manifest_column(changing->tree, changing->root->start);

	return inner > outer ? inner - outer : STEP;
}

/* The value in metadata that labels (else annotations) are to follow. */
static const struct manifest_node *neighbour(const struct changing *changing, bool labels)
{
	static const char *const names[] = {"name", "generateName", "namespace"};
	const struct manifest_node *found =
	    labels ? NULL : manifest_member(changing->tree, changing->metadata, "labels");

	if (found)
		return found;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct manifest_node *member =
		    manifest_member(changing->tree, changing->metadata, names[i]);
		if (member && (!found || found->start < member->start))
			found = member;
	}
	return found;
}

/* What of the pairs is not simply changed where it stands. */
struct pair_edits {
	struct manifest_new *missing;
	const struct manifest_node **leaving; /* keys */
	size_t missing_count, leaving_count;
};

static int sort_pair(struct changing *changing, const struct manifest_node *mapping,
    const struct kube_pair *pair, struct pair_edits *edits)
{
	const struct manifest_node *old = manifest_member(changing->tree, mapping, pair->name);

	if (!pair->value) {
		if (old)
			edits->leaving[edits->leaving_count++] = key_of(old);
		return 0;
	}
	if (!old) {
		edits->missing[edits->missing_count++] =
		    (struct manifest_new){pair->name, pair->value, strlen(pair->value), true};
		return 0;
	}
	if (manifest_node_is(changing->tree, old, pair->value))
		return 0;
	return manifest_replace(changing->tree, changing->edits, old, pair->value,
	    strlen(pair->value), true, changing->err);
}

/* What leaves gives its place to what comes, so that the mapping keeps its form. */
static int exchange_pair(
    struct changing *changing, const struct manifest_node *key, const struct manifest_new *pair)
{
	if (manifest_replace(changing->tree, changing->edits, key, pair->key, strlen(pair->key),
		false, changing->err) < 0)
		return -1;
	return manifest_replace(changing->tree, changing->edits, manifest_next(changing->tree, key),
	    pair->value, pair->length, true, changing->err);
}

static int edit_pairs(struct changing *changing, const char *name,
    const struct manifest_node *mapping, const struct pair_edits *edits)
{
	size_t done = 0;

	for (; done < edits->leaving_count && done < edits->missing_count; done++)
		if (exchange_pair(changing, edits->leaving[done], &edits->missing[done]) < 0)
			return -1;
	if (done < edits->leaving_count)
		return manifest_remove(changing->tree, changing->edits, mapping,
		    edits->leaving + done, edits->leaving_count - done, changing->err);
	const struct manifest_new *left = edits->missing + done;
	size_t count = edits->missing_count - done;
	if (count == 0)
		return 0;
	if (mapping)
		return manifest_add(
		    changing->tree, changing->edits, mapping, left, count, changing->err);
	return manifest_add_mapping(changing->tree, changing->edits, changing->metadata,
	    neighbour(changing, strcmp(name, "labels") == 0), name, step_of(changing), left, count,
	    changing->err);
}

static int set_pairs(
    struct changing *changing, const char *name, const struct kube_pair *pairs, size_t count)
{
	const struct manifest_node *mapping =
	    manifest_member(changing->tree, changing->metadata, name);
	struct pair_edits edits = {.missing = calloc(count + 1, sizeof(*edits.missing)),
	    .leaving = calloc(count + 1, sizeof(struct manifest_node *))};
	int result = edits.missing && edits.leaving ? 0 : error_memory(changing->err);

	for (size_t i = 0; result == 0 && i < count; i++)
		result = sort_pair(changing, mapping, &pairs[i], &edits);
	if (result == 0)
		result = edit_pairs(changing, name, mapping, &edits);
	free(edits.missing);
	free(edits.leaving);
	return result;
}

/*
 * Values.
 */

/* Ciphertext that takes the place of ciphertext keeps the style; of plaintext nothing is to be
 * seen. */
static int write_content(const struct changing *changing, struct manifest_edits *edits,
    const struct manifest_node *node, bool rewrapped, const struct secret_buffer *content)
{
	const char *text = secret_buffer_string(content);

	if (rewrapped)
		return manifest_replace_word(
		    changing->tree, edits, node, text, content->length, changing->err);
	return manifest_replace(
	    changing->tree, edits, node, text, content->length, false, changing->err);
}

static struct manifest_edits *edits_of(struct changing *changing, bool text)
{
	const struct manifest_node *section = text ? changing->text : changing->data;

	return section == changing->moved ? &changing->moved_edits : changing->edits;
}

static int write_value(struct changing *changing, const struct manifest_value *value,
    bool rewrapped, const struct secret_buffer *bytes)
{
	const struct manifest_node *node = &changing->tree->nodes[value->value];
	cleanup_secret struct secret_buffer encoded = SECRET_BUFFER_INIT;
	struct manifest_edits *edits = edits_of(changing, value->text);

	if (value->text && !changing->move_text)
		return write_content(changing, edits, node, rewrapped, bytes);
	if (base64_encode(&encoded, secret_buffer_string(bytes), bytes->length, changing->err) < 0)
		return -1;
	return write_content(changing, edits, node, rewrapped, &encoded);
}

static int change_value(struct changing *changing, size_t index)
{
	const struct kube_entry *old = &changing->secret->object.data[index];
	const struct manifest_value *value = &changing->secret->values[index];
	const struct kube_entry *new = kube_secret_entry(changing->set, old->key);
	bool moves = value->text && changing->move_text;

	if (new &&new->removed)
		return 0;
	if (!moves && (!new || secret_buffer_equal(&new->value, &old->value)))
		return 0;
	return write_value(changing, value, !moves && sealed_entry_is_ciphertext(old),
	    new ? &new->value : &old->value);
}

/*
 * Values that come and go.  One that goes gives its place to one that comes, as a key that is
 * renamed does: comments stay beside it, and the only member in braces can be exchanged.
 */

/* A member that data is to get. */
struct arrival {
	const struct kube_entry *entry;
	const struct secret_buffer *bytes;
	struct secret_buffer encoded;
	bool placed;
};

struct arrivals {
	struct arrival *items;
	size_t count;
	bool *leaving; /* of the Secret's values */
};

/* Return the mapping that becomes the Secret's data, or NULL. */
static const struct manifest_node *find_home(const struct changing *changing)
{
	bool moves = changing->move_text && has_members(changing->text);

	if (moves && (!has_members(changing->data) || changing->moved == changing->data))
		return changing->text;
	return changing->data;
}

/* Return true for a stringData in braces whose members go to data. */
static bool is_dissolved(const struct changing *changing, const struct manifest_node *section)
{
	return section && section == changing->moved && section->style == MANIFEST_FLOW;
}

static int add_arrival(struct arrivals *arrivals, const struct kube_entry *entry,
    const struct secret_buffer *bytes, struct error *err)
{
	struct arrival *arrival = &arrivals->items[arrivals->count++];

	*arrival = (struct arrival){.entry = entry, .bytes = bytes};
	return base64_encode(&arrival->encoded, secret_buffer_string(bytes), bytes->length, err);
}

static int list_arrivals(struct changing *changing, struct arrivals *arrivals)
{
	const struct kube_secret *object = &changing->secret->object, *set = changing->set;

	for (size_t i = 0; i < object->data_count; i++) {
		const struct kube_entry *old = &object->data[i], *new;

		new = kube_secret_entry(set, old->key);
		arrivals->leaving[i] = new &&new->removed;
		if (!arrivals->leaving[i] && changing->secret->values[i].text &&
		    is_dissolved(changing, changing->text) &&
		    add_arrival(arrivals, old, new ? &new->value : &old->value, changing->err) < 0)
			return -1;
	}
	for (size_t i = 0; i < set->data_count; i++)
		if (!set->data[i].removed && !kube_secret_entry(object, set->data[i].key) &&
		    add_arrival(arrivals, &set->data[i], &set->data[i].value, changing->err) < 0)
			return -1;
	return 0;
}

/* Return the arrival of this name, or any for NULL, that has no place yet; or NULL. */
static struct arrival *find_arrival(const struct arrivals *arrivals, const char *name)
{
	for (size_t i = 0; i < arrivals->count; i++)
		if (!arrivals->items[i].placed &&
		    (!name || strcmp(arrivals->items[i].entry->key, name) == 0))
			return &arrivals->items[i];
	return NULL;
}

static int exchange_value(struct changing *changing, size_t index, const struct arrival *arrival)
{
	const struct manifest_value *value = &changing->secret->values[index];
	const struct kube_entry *old = &changing->secret->object.data[index];
	bool moves = value->text && changing->move_text;

	if (manifest_replace(changing->tree, edits_of(changing, value->text),
		&changing->tree->nodes[value->key], arrival->entry->key,
		strlen(arrival->entry->key), false, changing->err) < 0)
		return -1;
	if (!moves && secret_buffer_equal(arrival->bytes, &old->value))
		return 0;
	return write_value(
	    changing, value, !moves && sealed_entry_is_ciphertext(old), arrival->bytes);
}

/* Exchange renamed values, or else in braces, where a comma would be left over, one value for
 * another. */
static int exchange_values(struct changing *changing, struct arrivals *arrivals, bool renamed)
{
	const struct manifest_secret *secret = changing->secret;

	for (size_t i = 0; i < secret->object.data_count; i++) {
		const struct manifest_node *section =
		    secret->values[i].text ? changing->text : changing->data;
		if (!arrivals->leaving[i] || is_dissolved(changing, section))
			continue;
		const char *name =
		    kube_secret_entry(changing->set, secret->object.data[i].key)->new_name;
		if (renamed ? !name
			    : section->style != MANIFEST_FLOW || section != find_home(changing))
			continue;
		struct arrival *arrival = find_arrival(arrivals, renamed ? name : NULL);
		if (!arrival)
			continue;
		if (exchange_value(changing, i, arrival) < 0)
			return -1;
		arrivals->leaving[i] = false;
		arrival->placed = true;
	}
	return 0;
}

/* Remove the leaving values of one section; `keys` has room for all. */
static int remove_values(struct changing *changing, const struct arrivals *arrivals, bool text,
    const struct manifest_node **keys)
{
	const struct manifest_secret *secret = changing->secret;
	size_t count = 0;

	for (size_t i = 0; i < secret->object.data_count; i++)
		if (secret->values[i].text == text && arrivals->leaving[i])
			keys[count++] = &changing->tree->nodes[secret->values[i].key];
	if (count == 0)
		return 0;
	return manifest_remove(changing->tree, edits_of(changing, text),
	    text ? changing->text : changing->data, keys, count, changing->err);
}

static int add_members(struct changing *changing, const struct manifest_new *members, size_t count)
{
	const struct manifest_node *home = find_home(changing);

	if (count == 0)
		return 0;
	if (home)
		return manifest_add(
		    changing->tree, changing->edits, home, members, count, changing->err);
	return manifest_add_mapping(changing->tree, changing->edits, changing->root,
	    changing->metadata, "data", step_of(changing), members, count, changing->err);
}

static int place_values(struct changing *changing, struct arrivals *arrivals,
    const struct manifest_node **keys, struct manifest_new *members)
{
	size_t count = 0;

	if (list_arrivals(changing, arrivals) < 0 ||
	    exchange_values(changing, arrivals, true) < 0 ||
	    exchange_values(changing, arrivals, false) < 0 ||
	    remove_values(changing, arrivals, false, keys) < 0 ||
	    remove_values(changing, arrivals, true, keys) < 0)
		return -1;
	for (size_t i = 0; i < arrivals->count; i++) {
		const struct arrival *arrival = &arrivals->items[i];
		if (!arrival->placed)
			members[count++] = (struct manifest_new){arrival->entry->key,
			    secret_buffer_string(&arrival->encoded), arrival->encoded.length,
			    false};
	}
	return add_members(changing, members, count);
}

static int change_values(struct changing *changing)
{
	size_t count = changing->secret->object.data_count;
	size_t most = count + changing->set->data_count + 1;
	struct arrivals arrivals = {.items = calloc(most, sizeof(*arrivals.items)),
	    .leaving = calloc(most, sizeof(*arrivals.leaving))};
	cleanup_free const struct manifest_node **keys = calloc(most, sizeof(*keys));
	cleanup_free struct manifest_new *members = calloc(most, sizeof(*members));
	int result =
	    arrivals.items && arrivals.leaving && keys && members ? 0 : error_memory(changing->err);

	for (size_t i = 0; result == 0 && i < count; i++)
		result = change_value(changing, i);
	if (result == 0)
		result = place_values(changing, &arrivals, keys, members);
	for (size_t i = 0; i < arrivals.count; i++)
		secret_buffer_free(&arrivals.items[i].encoded);
	free(arrivals.items);
	free(arrivals.leaving);
	return result;
}

/*
 * stringData to data.
 */

static int rename_section(struct changing *changing, const struct manifest_node *section,
    const char *name, struct manifest_edits *edits)
{
	return manifest_replace(
	    changing->tree, edits, key_of(section), name, strlen(name), false, changing->err);
}

/* A section whose lines can be taken out whole. */
static bool can_leave(const struct changing *changing, const struct manifest_node *section)
{
	const struct manifest_node *key = key_of(section);

	return manifest_begins_line(changing->tree, key->start) &&
	       manifest_line_behind(changing->tree, key->end) <= section->start;
}

static int append_indented(struct secret_buffer *out, const char *line, size_t length, size_t from,
    size_t to, struct error *err)
{
	size_t spaces = 0;

	while (spaces < from && spaces < length && line[spaces] == ' ')
		spaces++;
	if (spaces < length && line[spaces] != '\n' && line[spaces] != '\r')
		for (size_t i = 0; i < to; i++)
			if (secret_buffer_append_string(out, " ", err) < 0)
				return -1;
	return secret_buffer_append(out, line + spaces, length - spaces, err);
}

/* The lines of `text`, with columns 0 to `from` replaced by `to` spaces. */
static int indent(struct secret_buffer *out, const struct secret_buffer *text, size_t from,
    size_t to, struct error *err)
{
	size_t at = 0;

	while (at < text->length) {
		const char *newline = memchr(text->data + at, '\n', text->length - at);
		size_t end = newline ? (size_t)(newline - text->data) + 1 : text->length;
		if (append_indented(out, text->data + at, end - at, from, to, err) < 0)
			return -1;
		at = end;
	}
	return 0;
}

/* A comment behind "stringData:" comes to stand on a line of its own. */
static int append_heading(
    struct changing *changing, struct secret_buffer *lines, size_t column, size_t body)
{
	const struct manifest_tree *tree = changing->tree;
	size_t colon = key_of(changing->moved)->end;
	const char *comment = memchr(tree->text + colon, '#', body - colon);
	cleanup_secret struct secret_buffer line = SECRET_BUFFER_INIT;

	if (!comment)
		return 0;
	if (secret_buffer_append(
		&line, comment, (size_t)(tree->text + body - comment), changing->err) < 0)
		return -1;
	return indent(lines, &line, 0, column, changing->err);
}

/* Move the lines of one section behind those of the other, with their comments. */
static int move_lines(struct changing *changing, const struct manifest_node *kept)
{
	const struct manifest_tree *tree = changing->tree;
	const struct manifest_node *moved = changing->moved;
	size_t body = manifest_line_behind(tree, key_of(moved)->end);
	size_t end = manifest_line_behind(tree, moved->end);
	size_t column = manifest_column(tree, kept->start);
	cleanup_secret struct secret_buffer changed = SECRET_BUFFER_INIT;
	cleanup_secret struct secret_buffer lines = SECRET_BUFFER_INIT;

	if (append_heading(changing, &lines, column, body) < 0 ||
	    manifest_edits_apply(
		&changing->moved_edits, tree->text, body, end, &changed, changing->err) < 0 ||
	    indent(&lines, &changed, manifest_column(tree, moved->start), column, changing->err) <
		0)
		return -1;
	if (lines.length && lines.data[lines.length - 1] != '\n' &&
	    secret_buffer_append_string(&lines, manifest_line_break(tree), changing->err) < 0)
		return -1;
	if (manifest_insert_lines(tree, changing->edits, manifest_line_behind(tree, kept->end),
		&lines, changing->err) < 0)
		return -1;
	return manifest_edits_add(changing->edits, manifest_line_start(tree, key_of(moved)->start),
	    end, "", 0, changing->err);
}

/* Take away a stringData in braces, whose members have gone to data. */
static int remove_section(struct changing *changing)
{
	const struct manifest_node *key = key_of(changing->text);

	if (manifest_has_comment(changing->tree, changing->text))
		return manifest_tree_refuse(changing->tree, changing->text->start, changing->err,
		    "stringData in braces, with comments, beside data: put all values under one");
	return manifest_remove(
	    changing->tree, changing->edits, changing->root, &key, 1, changing->err);
}

/* Both hold values: one must take the other's in. */
static int join_sections(struct changing *changing)
{
	const struct manifest_node *kept = changing->data;

	if (changing->text->style == MANIFEST_FLOW)
		return remove_section(changing);
	if (kept->style == MANIFEST_FLOW)
		return manifest_tree_refuse(changing->tree, changing->text->start, changing->err,
		    "stringData, beside data in braces: put all values under one of them");
	if (changing->moved == changing->data) {
		kept = changing->text;
		if (rename_section(changing, kept, "data", changing->edits) < 0)
			return -1;
	}
	if (!can_leave(changing, changing->moved))
		return manifest_tree_refuse(changing->tree, changing->moved->start, changing->err,
		    "data and stringData: put all values under one of them");
	return move_lines(changing, kept);
}

/* Which section goes, when both hold values: stringData, unless it can't. */
static void choose_moved(struct changing *changing)
{
	if (!changing->move_text || !has_members(changing->text) || !has_members(changing->data))
		return;
	changing->moved = changing->text;
	if (changing->text->style == MANIFEST_BLOCK && changing->data->style == MANIFEST_BLOCK &&
	    !can_leave(changing, changing->text))
		changing->moved = changing->data;
}

static int move_text(struct changing *changing)
{
	if (!changing->move_text || !has_members(changing->text))
		return 0;
	if (changing->moved)
		return join_sections(changing);
	/* An empty data is to be the empty stringData then. */
	if (changing->data &&
	    rename_section(changing, changing->data, "stringData", changing->edits) < 0)
		return -1;
	return rename_section(changing, changing->text, "data", changing->edits);
}

/*
 * All of it.
 */

static int refuse_obstacle(const struct changing *changing)
{
	const struct manifest_secret *secret = changing->secret;

	return manifest_tree_refuse(changing->tree, changing->tree->nodes[secret->obstacle].start,
	    changing->err, "%s in a Secret that is to be changed: write out what it stands for",
	    secret->obstacle_kind);
}

static int change_secret(const struct manifest *manifest, const struct manifest_change *change,
    struct manifest_edits *edits, struct error *err)
{
	const struct manifest_tree *tree = &manifest->tree;
	const struct manifest_node *root = &tree->nodes[change->secret->node];
	struct changing changing = {.tree = tree,
	    .secret = change->secret,
	    .set = change->set,
	    .move_text = change->move_text,
	    .root = root,
	    .metadata = manifest_member(tree, root, "metadata"),
	    .data = manifest_member(tree, root, "data"),
	    .text = manifest_member(tree, root, "stringData"),
	    .edits = edits,
	    .err = err};

	if (change->secret->obstacle_kind)
		return refuse_obstacle(&changing);
	choose_moved(&changing);
	int result = 0;
	if (set_pairs(&changing, "labels", change->set->labels, change->set->label_count) < 0 ||
	    set_pairs(&changing, "annotations", change->set->annotations,
		change->set->annotation_count) < 0 ||
	    change_values(&changing) < 0 || move_text(&changing) < 0)
		result = -1;
	manifest_edits_free(&changing.moved_edits);
	return result;
}

/*
 * The result, read again.
 */

static bool has_entry(const struct kube_secret *object, const struct kube_entry *wanted)
{
	const struct kube_entry *entry = kube_secret_entry(object, wanted->key);

	return entry && secret_buffer_equal(&entry->value, &wanted->value);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool has_data(
    const struct kube_secret *object, const struct kube_secret *old, const struct kube_secret *set)
{
	size_t count = old->data_count;

	for (size_t i = 0; set && i < set->data_count; i++) {
		const struct kube_entry *entry = &set->data[i];
		bool was_there = kube_secret_entry(old, entry->key) != NULL;

		if (entry->removed ? kube_secret_entry(object, entry->key) != NULL
				   : !has_entry(object, entry))
			return false;
		if (was_there && entry->removed)
			count--;
		if (!was_there && !entry->removed)
			count++;
	}
	for (size_t i = 0; i < old->data_count; i++)
		if (!(set && kube_secret_entry(set, old->data[i].key)) &&
		    !has_entry(object, &old->data[i]))
			return false;
	return object->data_count == count;
}

/* What was asked for is there, and what was there and not asked for is as it was. */
static bool says(
    const struct kube_secret *object, const struct kube_secret *old, const struct kube_secret *set)
{
	if (!same_text(object->name, old->name) || !same_text(object->namespace, old->namespace) ||
	    !same_text(object->type, old->type) || object->immutable != old->immutable ||
	    !has_data(object, old, set))
		return false;
	for (size_t i = 0; set && i < set->label_count; i++)
		if (!same_text(
			kube_secret_label(object, set->labels[i].name), set->labels[i].value))
			return false;
	for (size_t i = 0; set && i < set->annotation_count; i++)
		if (!same_text(kube_secret_annotation(object, set->annotations[i].name),
			set->annotations[i].value))
			return false;
	return true;
}

static bool is_right(const struct manifest *before, const struct manifest *after,
    const struct manifest_change *changes, size_t count)
{
	size_t next = 0;

	if (after->count != before->count || after->tree.json != before->tree.json)
		return false;
	for (size_t i = 0; i < before->count; i++) {
		const struct manifest_change *change =
		    next < count && changes[next].secret == &before->secrets[i] ? &changes[next++]
										: NULL;
		const struct manifest_secret *secret = &after->secrets[i];
		if (!says(&secret->object, &before->secrets[i].object, change ? change->set : NULL))
			return false;
		for (size_t j = 0; change && change->move_text && j < secret->object.data_count;
		     j++)
			if (secret->values[j].text)
				return false;
	}
	return next == count;
}

static int check(const struct manifest *before, const struct manifest_change *changes, size_t count,
    const char *text, size_t length, struct error *err)
{
	cleanup_secret struct secret_buffer copy = SECRET_BUFFER_INIT;
	struct error reason = ERROR_INIT;
	struct manifest after = {0};

	if (secret_buffer_append(&copy, text, length, err) < 0)
		return -1;
	int result = manifest_read(&after, &copy, before->tree.line, before->tree.what, &reason);
	bool right = result == 0 && is_right(before, &after, changes, count);
	manifest_free(&after);
	if (right)
		return 0;
	if (result < 0 && reason.code == ERROR_SYSTEM) {
		*err = reason;
		return -1;
	}
	const struct manifest_node *root = &before->tree.nodes[changes->secret->node];
	return manifest_tree_refuse(&before->tree, root->start, err,
	    "this Secret is written in a way that can't be changed safely: write it as kubectl "
	    "does");
}

int manifest_change(const struct manifest *manifest, const struct manifest_change *changes,
    size_t count, struct secret_buffer *out, struct error *err)
{
	struct manifest_edits edits = {0};
	size_t before = out->length;
	int result = 0;

	for (size_t i = 0; result == 0 && i < count; i++)
		result = change_secret(manifest, &changes[i], &edits, err);
	if (result == 0)
		result = manifest_edits_apply(
		    &edits, manifest->tree.text, 0, manifest->tree.length, out, err);
	if (result == 0 && count > 0)
		result = check(manifest, changes, count, secret_buffer_string(out) + before,
		    out->length - before, err);
	manifest_edits_free(&edits);
	return result;
}
