#include "lib/manifest/manifest.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/strings.h"
#include "lib/manifest/node.h"
#include "lib/manifest/template.h"

static void free_secret(struct manifest_secret *secret)
{
	kube_secret_free(&secret->object);
	free(secret->values);
}

void manifest_free(struct manifest *manifest)
{
	for (size_t i = 0; i < manifest->count; i++)
		free_secret(&manifest->secrets[i]);
	free(manifest->secrets);
	manifest_tree_free(&manifest->tree);
	secret_buffer_free(&manifest->text);
	*manifest = (struct manifest){0};
}

/*
 * Keys.
 */

static int compare_contents(const void *left, const void *right, void *context)
{
	const struct manifest_tree *tree = context;
	const struct manifest_node *a = *(struct manifest_node *const *)left;
	const struct manifest_node *b = *(struct manifest_node *const *)right;
	const char *contents = secret_buffer_string(&tree->contents);

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? -1 : 1;
	int order = memcmp(contents + a->value, contents + b->value, a->bytes);
	return order ? order : (a->start > b->start) - (a->start < b->start);
}

static bool same_content(
    const struct manifest_tree *tree, const struct manifest_node *a, const struct manifest_node *b)
{
	const char *contents = secret_buffer_string(&tree->contents);

	return a->bytes == b->bytes &&
	       memcmp(contents + a->value, contents + b->value, a->bytes) == 0;
}

static int check_key(
    const struct manifest_tree *tree, const struct manifest_node *key, struct error *err)
{
	if (key->kind != MANIFEST_SCALAR)
		return manifest_tree_refuse(tree, key->start, err, "a key that is no string");
	if (key->style == MANIFEST_PLAIN && manifest_node_is(tree, key, "<<"))
		return manifest_tree_refuse(
		    tree, key->start, err, "a merge key in a Secret: write out what it stands for");
	return 0;
}

/* The keys in the order of their contents; NULL on error. */
static struct manifest_node **sort_keys(const struct manifest_tree *tree,
    const struct manifest_node *mapping, size_t *count, struct error *err)
{
	size_t capacity = (mapping->behind - (size_t)(mapping - tree->nodes)) / 2 + 1;
	struct manifest_node **keys = calloc(capacity, sizeof(struct manifest_node *));

	*count = 0;
	if (!keys) {
		error_memory(err);
		return NULL;
	}
	manifest_each_key (tree, mapping, key) {
		if (check_key(tree, key, err) < 0) {
			free(keys);
			return NULL;
		}
		keys[(*count)++] = key;
	}
	qsort_r(keys, *count, sizeof(struct manifest_node *), compare_contents,
	    (struct manifest_tree *)(uintptr_t)tree);
	return keys;
}

/* Refuse what could hide a member of the mapping: keys that come twice, merge keys. */
static int check_keys(
    const struct manifest_tree *tree, const struct manifest_node *mapping, struct error *err)
{
	size_t count;
	cleanup_free struct manifest_node **keys = sort_keys(tree, mapping, &count, err);

	if (!keys)
		return -1;
	for (size_t i = 1; i < count; i++)
		if (same_content(tree, keys[i - 1], keys[i]))
			return manifest_tree_refuse(
			    tree, keys[i]->start, err, "a key for the second time");
	return 0;
}

struct manifest_node *manifest_member(
    const struct manifest_tree *tree, const struct manifest_node *mapping, const char *name)
{
	if (!mapping || mapping->kind != MANIFEST_MAPPING)
		return NULL;
	manifest_each_key (tree, mapping, key)
		if (manifest_node_is(tree, key, name))
			return manifest_next(tree, key);
	return NULL;
}

bool manifest_node_is_null(const struct manifest_tree *tree, const struct manifest_node *node)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL"};

	if (node->kind != MANIFEST_SCALAR || node->style != MANIFEST_PLAIN)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (manifest_node_is(tree, node, words[i]))
			return true;
	return false;
}

/* A member that is a mapping whose keys can be trusted; NULL with no error where there is none. */
static struct manifest_node *mapping_member(const struct manifest_tree *tree,
    const struct manifest_node *mapping, const char *name, struct error *err)
{
	struct manifest_node *member = manifest_member(tree, mapping, name);

	if (!member || manifest_node_is_null(tree, member))
		return NULL;
	if (member->kind == MANIFEST_MAPPING)
		return check_keys(tree, member, err) < 0 ? NULL : member;
	manifest_tree_refuse(tree, member->start, err, "%s of a Secret is %s: write out its keys",
	    name, member->kind == MANIFEST_ALIAS ? "an alias" : "no mapping");
	return NULL;
}

/*
 * The parts of a Secret.
 */

static int refuse_string(const struct manifest_tree *tree, const struct manifest_node *node,
    const char *what, struct error *err)
{
	if (node->kind == MANIFEST_ALIAS)
		return manifest_tree_refuse(
		    tree, node->start, err, "%s is an alias: write out what it stands for", what);
	if (node->kind == MANIFEST_SCALAR && node->style == MANIFEST_PLAIN && !tree->json)
		return manifest_tree_refuse(tree, node->start, err,
		    "%s is no string, or not to every reader of YAML: put it in quotes", what);
	return manifest_tree_refuse(tree, node->start, err, "%s is no string", what);
}

/* Return the content of a node, or NULL with an error. */
static char *copy_string(const struct manifest_tree *tree, const struct manifest_node *node,
    const char *what, struct error *err)
{
	char *text;

	if (manifest_node_copy(tree, node, &text, err) == 0 && !text)
		refuse_string(tree, node, what, err);
	return text;
}

/* The text of a node that must be a string; NULL on error. */
static char *read_string(const struct manifest_tree *tree, const struct manifest_node *node,
    const char *what, struct error *err)
{
	if (manifest_node_is_string(tree, node))
		return copy_string(tree, node, what, err);
	refuse_string(tree, node, what, err);
	return NULL;
}

/* *text stays NULL where there is none, or "". */
static int read_member(const struct manifest_tree *tree, const struct manifest_node *mapping,
    const char *name, char **text, struct error *err)
{
	const struct manifest_node *member = manifest_member(tree, mapping, name);

	if (!member || manifest_node_is_null(tree, member) || manifest_node_is(tree, member, ""))
		return 0;
	*text = read_string(tree, member, name, err);
	return *text ? 0 : -1;
}

static int read_pairs(const struct manifest_tree *tree, const struct manifest_node *metadata,
    const char *name,
    int (*add)(struct kube_secret *secret, const char *name, const char *value, struct error *err),
    struct kube_secret *object, struct error *err)
{
	const struct manifest_node *mapping = mapping_member(tree, metadata, name, err);

	if (!mapping)
		return err->code ? -1 : 0;
	manifest_each_key (tree, mapping, key) {
		cleanup_free char *key_text = copy_string(tree, key, name, err);
		cleanup_free char *value =
		    key_text ? read_string(tree, manifest_next(tree, key), name, err) : NULL;

		if (!value || add(object, key_text, value, err) < 0)
			return -1;
	}
	return 0;
}

static int read_metadata(
    const struct manifest_tree *tree, struct manifest_secret *secret, struct error *err)
{
	const struct manifest_node *root = &tree->nodes[secret->node];
	const struct manifest_node *metadata = mapping_member(tree, root, "metadata", err);
	struct kube_secret *object = &secret->object;

	if (err->code)
		return -1;
	if (!metadata)
		return manifest_tree_refuse(tree, root->start, err, "a Secret without metadata");
	secret->generate_name = manifest_member(tree, metadata, "generateName") != NULL;
	if (read_member(tree, metadata, "name", &object->name, err) < 0 ||
	    read_member(tree, metadata, "namespace", &object->namespace, err) < 0 ||
	    read_pairs(tree, metadata, "labels", kube_secret_add_label, object, err) < 0 ||
	    read_pairs(tree, metadata, "annotations", kube_secret_add_annotation, object, err) < 0)
		return -1;
	if (!object->name && !secret->generate_name)
		return manifest_tree_refuse(
		    tree, metadata->start, err, "a Secret without metadata.name");
	return 0;
}

static int read_others(
    const struct manifest_tree *tree, struct manifest_secret *secret, struct error *err)
{
	const struct manifest_node *root = &tree->nodes[secret->node];
	const struct manifest_node *immutable = manifest_member(tree, root, "immutable");

	if (read_member(tree, root, "type", &secret->object.type, err) < 0)
		return -1;
	if (!immutable || manifest_node_is_null(tree, immutable))
		return 0;
	secret->object.immutable = manifest_node_is(tree, immutable, "true");
	if (immutable->style == MANIFEST_PLAIN &&
	    (secret->object.immutable || manifest_node_is(tree, immutable, "false")))
		return 0;
	return manifest_tree_refuse(
	    tree, immutable->start, err, "immutable is neither true nor false");
}

/*
 * Values.
 */

/* A plain number that every reader makes the same text of. */
static bool is_count(const struct manifest_tree *tree, const struct manifest_node *node)
{
	const char *text = secret_buffer_string(&tree->contents) + node->value;

	if (node->style != MANIFEST_PLAIN || node->bytes < 1 || node->bytes > 18)
		return false;
	for (uint32_t i = 0; i < node->bytes; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return text[0] != '0' || node->bytes == 1;
}

static char *read_data_key(
    const struct manifest_tree *tree, const struct manifest_node *key, struct error *err)
{
	if (!manifest_node_is_string(tree, key) && !is_count(tree, key)) {
		refuse_string(tree, key, "a data key", err);
		return NULL;
	}
	char *text = copy_string(tree, key, "a data key", err);
	if (!text || kube_valid_data_key(text))
		return text;
	free(text);
	manifest_tree_refuse(tree, key->start, err,
	    "it can't be a data key of a Secret: letters, digits, '-', '_' and '.', up to 253");
	return NULL;
}

/* As the API server reads it: line breaks may stand in it, and nothing else. */
static int read_base64(const struct manifest_tree *tree, const struct manifest_node *node,
    struct secret_buffer *bytes, struct error *err)
{
	const char *text = secret_buffer_string(&tree->contents) + node->value;
	cleanup_secret struct secret_buffer joined = SECRET_BUFFER_INIT;
	struct error no_base64 = ERROR_INIT;

	if (secret_buffer_reserve(&joined, node->bytes, err) < 0)
		return -1;
	for (uint32_t i = 0; i < node->bytes; i++)
		if (text[i] != '\n' && text[i] != '\r')
			joined.data[joined.length++] = text[i];
	if (base64_decode(bytes, secret_buffer_string(&joined), joined.length, &no_base64) == 0)
		return 0;
	if (no_base64.code == ERROR_SYSTEM)
		return error_memory(err);
	return manifest_tree_refuse(tree, node->start, err,
	    "a value in data that is no base64: encode it, or let it stand in stringData");
}

static int read_value(const struct manifest_tree *tree, const struct manifest_node *node, bool text,
    struct secret_buffer *bytes, struct error *err)
{
	if (node->kind == MANIFEST_SCALAR && node->marked)
		return manifest_tree_refuse(tree, node->start, err,
		    "an anchor or a tag in the data of a Secret: leave it out");
	if (!manifest_node_is_string(tree, node))
		return refuse_string(
		    tree, node, text ? "a value in stringData" : "a value in data", err);
	if (!text)
		return read_base64(tree, node, bytes, err);
	return secret_buffer_append(
	    bytes, secret_buffer_string(&tree->contents) + node->value, node->bytes, err);
}

static int add_value(const struct manifest_tree *tree, struct manifest_secret *secret,
    const struct manifest_node *key, bool text, struct error *err)
{
	cleanup_secret struct secret_buffer bytes = SECRET_BUFFER_INIT;
	cleanup_free char *name = read_data_key(tree, key, err);
	const struct manifest_node *node = manifest_next(tree, key);
	struct manifest_value *values = secret->values;
	size_t count = secret->object.data_count;

	if (!name || read_value(tree, node, text, &bytes, err) < 0)
		return -1;
	if (kube_secret_entry(&secret->object, name))
		return manifest_tree_refuse(tree, key->start, err,
		    "the key stands in data and in stringData: which value counts?");
	if (count == MANIFEST_VALUES_MAX)
		return manifest_tree_refuse(
		    tree, key->start, err, "a Secret of more than %d values", MANIFEST_VALUES_MAX);
	if (count % 16 == 0)
		values = reallocarray(values, count + 16, sizeof(*values));
	if (!values)
		return error_memory(err);
	secret->values = values;
	values[count] = (struct manifest_value){
	    (uint32_t)(key - tree->nodes), (uint32_t)(node - tree->nodes), text};
	return kube_secret_add(&secret->object, name, &bytes, err);
}

static int read_values(
    const struct manifest_tree *tree, struct manifest_secret *secret, bool text, struct error *err)
{
	const struct manifest_node *mapping =
	    mapping_member(tree, &tree->nodes[secret->node], text ? "stringData" : "data", err);

	if (!mapping)
		return err->code ? -1 : 0;
	manifest_each_key (tree, mapping, key)
		if (add_value(tree, secret, key, text, err) < 0)
			return -1;
	return 0;
}

/* Is this key `name` but for its case, '-' and '_'? */
static bool resembles(
    const struct manifest_tree *tree, const struct manifest_node *key, const char *name)
{
	const char *text = secret_buffer_string(&tree->contents) + key->value;

	for (uint32_t i = 0; i < key->bytes; i++) {
		if (text[i] == '-' || text[i] == '_')
			continue;
		if (tolower((unsigned char)text[i]) != tolower((unsigned char)*name))
			return false;
		name++;
	}
	return *name == '\0';
}

/* Plaintext under a misspelt name would stay plaintext, and to Kubernetes be no value at all. */
static int refuse_misspelt(
    const struct manifest_tree *tree, const struct manifest_node *secret, struct error *err)
{
	static const char *const sections[] = {"data", "stringData"};

	manifest_each_key (tree, secret, key)
		for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++)
			if (key->kind == MANIFEST_SCALAR && resembles(tree, key, sections[i]) &&
			    !manifest_node_is(tree, key, sections[i]))
				return manifest_tree_refuse(tree, key->start, err,
				    "Kubernetes knows no such member of a Secret: write %s",
				    sections[i]);
	return 0;
}

/* An edit could change what another place refers to. */
static void find_obstacle(const struct manifest_tree *tree, struct manifest_secret *secret)
{
	for (uint32_t i = secret->node; i < tree->nodes[secret->node].behind; i++) {
		const struct manifest_node *node = &tree->nodes[i];

		if (node->kind != MANIFEST_ALIAS && !node->marked)
			continue;
		secret->obstacle = i;
		secret->obstacle_kind =
		    node->kind == MANIFEST_ALIAS ? "an alias" : "an anchor or a tag";
		return;
	}
}

static int read_secret(struct manifest *manifest, uint32_t node, struct error *err)
{
	const struct manifest_tree *tree = &manifest->tree;
	struct manifest_secret *secrets = manifest->secrets;

	/* Most documents hold one, and thousands of documents may wait at a time. */
	if (manifest->count == 0 || manifest->count == 1 || manifest->count % 64 == 0)
		secrets = reallocarray(
		    secrets, manifest->count == 0 ? 1 : manifest->count + 64, sizeof(*secrets));
	if (!secrets)
		return error_memory(err);
	manifest->secrets = secrets;
	struct manifest_secret *secret = &secrets[manifest->count++];
	*secret = (struct manifest_secret){.node = node};
	find_obstacle(tree, secret);
	if (check_keys(tree, &tree->nodes[node], err) < 0 ||
	    refuse_misspelt(tree, &tree->nodes[node], err) < 0 ||
	    read_metadata(tree, secret, err) < 0 || read_others(tree, secret, err) < 0 ||
	    read_values(tree, secret, false, err) < 0 || read_values(tree, secret, true, err) < 0)
		return -1;
	secret->template = manifest_has_placeholders(&secret->object);
	return 0;
}

int manifest_check_rendered(const struct manifest_secret *secret, struct error *err)
{
	if (!secret->template)
		return 0;
	return error_set(err, ERROR_INVALID,
	    "a template, such as Helm's, and not a Secret yet; seal the values that it is rendered "
	    "with, or render it first");
}

/*
 * What is a Secret.
 */

/* How the member of an object comes that nobody can read off the text; NULL: it does not. */
static const char *disguise(const struct manifest_tree *tree, const struct manifest_node *key)
{
	const struct manifest_node *value = manifest_next(tree, key);

	if (value->kind == MANIFEST_ALIAS)
		return "an alias";
	return value->tagged ? "a tag" : NULL;
}

static struct manifest_node *refuse_type(const struct manifest_tree *tree,
    const struct manifest_node *node, const char *name, const char *way, struct error *err)
{
	manifest_tree_refuse(tree, node->start, err,
	    "%s comes by %s: nobody can tell whether it is a Secret", name, way);
	return NULL;
}

/* The only member of this name; NULL with no error where there is none. */
static struct manifest_node *type_member(const struct manifest_tree *tree,
    const struct manifest_node *object, const char *name, struct error *err)
{
	const struct manifest_node *found = NULL, *merge = NULL;

	manifest_each_key (tree, object, key) {
		if (key->kind == MANIFEST_ALIAS || key->tagged)
			return refuse_type(tree, key, name,
			    key->tagged ? "a tag, perhaps" : "an alias, perhaps", err);
		if (key->style == MANIFEST_PLAIN && manifest_node_is(tree, key, "<<"))
			merge = key;
		if (!manifest_node_is(tree, key, name))
			continue;
		if (found) {
			manifest_tree_refuse(tree, key->start, err, "%s for the second time", name);
			return NULL;
		}
		found = key;
	}
	if (!found)
		return merge ? refuse_type(tree, merge, name, "a merge key, perhaps", err) : NULL;
	const char *way = disguise(tree, found);
	return way ? refuse_type(tree, manifest_next(tree, found), name, way, err)
		   : manifest_next(tree, found);
}

/* Reject a Secret in the list of an OpenShift Template, which has parameters in its objects. */
static int refuse_template(
    const struct manifest_tree *tree, const struct manifest_node *template, struct error *err)
{
	const struct manifest_node *objects = manifest_member(tree, template, "objects");

	if (!objects || objects->kind != MANIFEST_SEQUENCE)
		return 0;
	for (const struct manifest_node *object = manifest_first(tree, objects); object;
	     object = manifest_next(tree, object)) {
		const struct manifest_node *kind = manifest_member(tree, object, "kind");
		if (kind && manifest_node_is(tree, kind, "Secret"))
			return manifest_tree_refuse(tree, object->start, err,
			    "a Secret in an OpenShift Template; process the template first (oc "
			    "process), or take the Secret out of it");
	}
	return 0;
}

static int look_at_object(struct manifest *manifest, uint32_t node, bool secret, struct error *err);

/* NOLINTNEXTLINE(misc-no-recursion): MANIFEST_DEPTH_MAX bounds it */
static int look_at_items(
    struct manifest *manifest, const struct manifest_node *list, bool secrets, struct error *err)
{
	const struct manifest_tree *tree = &manifest->tree;
	const struct manifest_node *items = type_member(tree, list, "items", err);

	if (!items || items->kind != MANIFEST_SEQUENCE)
		return err->code ? -1 : 0;
	for (const struct manifest_node *item = manifest_first(tree, items); item;
	     item = manifest_next(tree, item)) {
		if (item->kind == MANIFEST_ALIAS)
			return manifest_tree_refuse(tree, item->start, err,
			    "an alias in a List: nobody can tell whether it is a Secret");
		if (look_at_object(manifest, (uint32_t)(item - tree->nodes), secrets, err) < 0)
			return -1;
	}
	return 0;
}

/* `secret`: one without a kind is a Secret, as the items of a SecretList are. */
/* NOLINTNEXTLINE(misc-no-recursion): MANIFEST_DEPTH_MAX bounds it */
static int look_at_object(struct manifest *manifest, uint32_t node, bool secret, struct error *err)
{
	const struct manifest_tree *tree = &manifest->tree;
	const struct manifest_node *object = &tree->nodes[node];

	if (object->kind != MANIFEST_MAPPING)
		return 0;
	const struct manifest_node *kind = type_member(tree, object, "kind", err);
	if (err->code)
		return -1;
	if (!kind)
		return secret ? read_secret(manifest, node, err) : 0;
	bool is_secret = manifest_node_is(tree, kind, "Secret");
	bool secret_list = manifest_node_is(tree, kind, "SecretList");
	if (manifest_node_is(tree, kind, "Template"))
		return refuse_template(tree, object, err);
	if (!is_secret && !secret_list && !manifest_node_is(tree, kind, "List"))
		return 0;
	const struct manifest_node *version = type_member(tree, object, "apiVersion", err);
	if (err->code)
		return -1;
	if (!version && is_secret)
		return manifest_tree_refuse(
		    tree, kind->start, err, "a Secret without apiVersion: write apiVersion: v1");
	if (!version || !manifest_node_is(tree, version, "v1"))
		return 0;
	return is_secret ? read_secret(manifest, node, err)
			 : look_at_items(manifest, object, secret_list, err);
}

/* Add that it is a template to any reason that one gives: a brace, a name, base64. */
static int explain_template(const struct manifest *manifest, struct error *err)
{
	const struct secret_buffer *text = &manifest->text;

	if (err->code == ERROR_INVALID &&
	    manifest_text_is_helm(secret_buffer_string(text), text->length))
		error_hint(err, "this is a Helm template; render it first (helm template)");
	return -1;
}

/* Mark the Secrets of a document with an action of Helm's, which may be in a comment too. */
static void mark_templates(struct manifest *manifest)
{
	const struct secret_buffer *text = &manifest->text;

	if (manifest->count == 0 ||
	    !manifest_text_is_helm(secret_buffer_string(text), text->length))
		return;
	for (size_t i = 0; i < manifest->count; i++)
		manifest->secrets[i].template = true;
}

int manifest_read(struct manifest *manifest, struct secret_buffer *text, size_t line,
    const char *file, struct error *err)
{
	*manifest = (struct manifest){0};
	error_clear(err);
	secret_buffer_move(&manifest->text, text);
	if (manifest_tree_read(&manifest->tree, secret_buffer_string(&manifest->text),
		manifest->text.length, line, file, err) < 0 ||
	    (manifest->tree.count && look_at_object(manifest, 0, false, err) < 0))
		return explain_template(manifest, err);
	mark_templates(manifest);
	return 0;
}

int manifest_wrap(
    const struct manifest *manifest, const struct manifest_secret *secret, struct error *err)
{
	const struct manifest_tree *tree = &manifest->tree;
	size_t line = tree->line;
	const char *end = tree->text + tree->nodes[secret->node].start;

	for (const char *at = tree->text; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
		line++;
	return error_wrap(err, "%s: line %zu", tree->what, line);
}
