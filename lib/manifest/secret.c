/* One Secret of a manifest: its metadata and its values. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/manifest/internal.h"

/*
 * Keys: duplicates and merge keys could hide a member of a mapping.
 */

static int compare_contents(const void *left, const void *right, void *context)
{
	const struct manifest_tree *tree = context;
	const struct manifest_node *a = *(struct manifest_node *const *)left;
	const struct manifest_node *b = *(struct manifest_node *const *)right;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? -1 : 1;
	return memcmp(manifest_node_content(tree, a), manifest_node_content(tree, b), a->bytes);
}

static int check_key(
    const struct manifest_tree *tree, const struct manifest_node *key, struct error *err)
{
	if (key->kind != MANIFEST_SCALAR)
		return manifest_tree_refuse(tree, key->start, err, "a key that is not a string");
	if (key->style == MANIFEST_PLAIN && manifest_node_is(tree, key, "<<"))
		return manifest_tree_refuse(
		    tree, key->start, err, "a merge key in a Secret; write out its members");
	return 0;
}

static int check_keys(
    const struct manifest_tree *tree, const struct manifest_node *mapping, struct error *err)
{
	size_t count = 0, most = (mapping->past - (size_t)(mapping - tree->nodes)) / 2 + 1;
	cleanup_free struct manifest_node **keys = calloc(most, sizeof(*keys));

	if (!keys)
		return error_memory(err);
	manifest_each_key (tree, mapping, key) {
		if (check_key(tree, key, err) < 0)
			return -1;
		keys[count++] = key;
	}
	qsort_r(
	    keys, count, sizeof(*keys), compare_contents, (struct manifest_tree *)(uintptr_t)tree);
	for (size_t i = 1; i < count; i++)
		if (compare_contents(&keys[i - 1], &keys[i], (void *)(uintptr_t)tree) == 0) {
			const struct manifest_node *a = keys[i - 1], *b = keys[i];
			return manifest_tree_refuse(
			    tree, a->start > b->start ? a->start : b->start, err, "duplicate key");
		}
	return 0;
}

/* Return a member that is a mapping with safe keys; NULL without an error if it is absent. */
static struct manifest_node *mapping_member(const struct manifest_tree *tree,
    const struct manifest_node *mapping, const char *name, struct error *err)
{
	struct manifest_node *member = manifest_member(tree, mapping, name);

	if (!member || manifest_node_is_null(tree, member))
		return NULL;
	if (member->kind == MANIFEST_MAPPING)
		return check_keys(tree, member, err) < 0 ? NULL : member;
	manifest_tree_refuse(tree, member->start, err,
	    "%s of a Secret is %s; write out its members", name,
	    member->kind == MANIFEST_ALIAS ? "an alias" : "not a mapping");
	return NULL;
}

/*
 * Strings.
 */

static int refuse_string(const struct manifest_tree *tree, const struct manifest_node *node,
    const char *name, struct error *err)
{
	const char *problem = "not a string";

	if (node->kind == MANIFEST_ALIAS)
		problem = "an alias; write out its value";
	else if (node->kind == MANIFEST_SCALAR && node->style == MANIFEST_PLAIN && !tree->json)
		problem = "not a string to every reader of YAML; put it in quotes";
	return manifest_tree_refuse(tree, node->start, err, "%s is %s", name, problem);
}

/* Return the content of a scalar, or NULL with an error. */
static char *copy_scalar(const struct manifest_tree *tree, const struct manifest_node *node,
    const char *name, struct error *err)
{
	char *text;

	if (manifest_node_copy(tree, node, &text, err) == 0 && !text)
		refuse_string(tree, node, name, err);
	return text;
}

/* Return the content of a node that must be a string, or NULL with an error. */
static char *read_string(const struct manifest_tree *tree, const struct manifest_node *node,
    const char *name, struct error *err)
{
	if (manifest_node_is_string(tree, node))
		return copy_scalar(tree, node, name, err);
	refuse_string(tree, node, name, err);
	return NULL;
}

/* Set *text to a member; it stays NULL where the member is absent, null or empty. */
static int read_member(const struct manifest_tree *tree, const struct manifest_node *mapping,
    const char *name, char **text, struct error *err)
{
	const struct manifest_node *member = manifest_member(tree, mapping, name);

	if (!member || manifest_node_is_null(tree, member) || manifest_node_is(tree, member, ""))
		return 0;
	*text = read_string(tree, member, name, err);
	return *text ? 0 : -1;
}

/*
 * Metadata.
 */

static int read_pairs(const struct manifest_tree *tree, const struct manifest_node *metadata,
    const char *name,
    int (*add)(struct kube_secret *secret, const char *name, const char *value, struct error *err),
    struct kube_secret *object, struct error *err)
{
	const struct manifest_node *mapping = mapping_member(tree, metadata, name, err);

	if (!mapping)
		return err->code ? -1 : 0;
	manifest_each_key (tree, mapping, key) {
		cleanup_free char *key_text = copy_scalar(tree, key, name, err);
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

static int read_type(
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

/* Return true for a plain number whose text is the same for every reader. */
static bool is_count(const struct manifest_tree *tree, const struct manifest_node *node)
{
	const char *text = manifest_node_content(tree, node);

	if (node->style != MANIFEST_PLAIN || node->bytes < 1 || node->bytes > 18)
		return false;
	return strspn(text, "0123456789") >= node->bytes && (text[0] != '0' || node->bytes == 1);
}

static char *read_data_key(
    const struct manifest_tree *tree, const struct manifest_node *key, struct error *err)
{
	if (!manifest_node_is_string(tree, key) && !is_count(tree, key)) {
		refuse_string(tree, key, "a data key", err);
		return NULL;
	}
	char *text = copy_scalar(tree, key, "a data key", err);
	if (!text || kube_valid_data_key(text))
		return text;
	free(text);
	manifest_tree_refuse(tree, key->start, err,
	    "not a data key of a Secret; use letters, digits, '-', '_' and '.', at most 253");
	return NULL;
}

/* Decode base64 as the API server does, which ignores line breaks. */
static int read_base64(const struct manifest_tree *tree, const struct manifest_node *node,
    struct secret_buffer *bytes, struct error *err)
{
	const char *text = manifest_node_content(tree, node);
	cleanup_secret struct secret_buffer joined = SECRET_BUFFER_INIT;
	struct error reason = ERROR_INIT;

	if (secret_buffer_reserve(&joined, node->bytes, err) < 0)
		return -1;
	for (uint32_t i = 0; i < node->bytes; i++)
		if (text[i] != '\n' && text[i] != '\r')
			joined.data[joined.length++] = text[i];
	if (base64_decode(bytes, secret_buffer_string(&joined), joined.length, &reason) == 0)
		return 0;
	if (reason.code == ERROR_SYSTEM)
		return error_memory(err);
	return manifest_tree_refuse(tree, node->start, err,
	    "a value in data is not base64; encode it, or move it to stringData");
}

static int read_value(const struct manifest_tree *tree, const struct manifest_node *node, bool text,
    struct secret_buffer *bytes, struct error *err)
{
	if (node->kind == MANIFEST_SCALAR && node->marked)
		return manifest_tree_refuse(tree, node->start, err,
		    "an anchor or a tag in the data of a Secret; remove it");
	if (!manifest_node_is_string(tree, node))
		return refuse_string(
		    tree, node, text ? "a value in stringData" : "a value in data", err);
	if (!text)
		return read_base64(tree, node, bytes, err);
	return secret_buffer_append(bytes, manifest_node_content(tree, node), node->bytes, err);
}

static int read_data_value(const struct manifest_tree *tree, struct manifest_secret *secret,
    const struct manifest_node *key, bool text, struct error *err)
{
	cleanup_secret struct secret_buffer bytes = SECRET_BUFFER_INIT;
	cleanup_free char *name = read_data_key(tree, key, err);
	const struct manifest_node *node = manifest_next(tree, key);
	struct manifest_value *values = secret->values;
	size_t count = secret->object.data_count;

	if (!name || read_value(tree, node, text, &bytes, err) < 0)
		return -1;
	/* Keys of one mapping are known to differ. */
	if (text && kube_secret_entry(&secret->object, name))
		return manifest_tree_refuse(
		    tree, key->start, err, "a key in both data and stringData; remove one of them");
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
		if (read_data_value(tree, secret, key, text, err) < 0)
			return -1;
	return 0;
}

/* Return true if the key differs from `name` only in case, '-' and '_', and is not it. */
static bool is_misspelt(
    const struct manifest_tree *tree, const struct manifest_node *key, const char *name)
{
	const char *text = manifest_node_content(tree, key), *at = name;

	for (uint32_t i = 0; i < key->bytes; i++) {
		if (text[i] == '-' || text[i] == '_')
			continue;
		if (tolower((unsigned char)text[i]) != tolower((unsigned char)*at))
			return false;
		at++;
	}
	return *at == '\0' && !manifest_node_is(tree, key, name);
}

/* Plaintext under a misspelt name would stay plaintext, and Kubernetes would ignore it. */
static int refuse_misspelt(
    const struct manifest_tree *tree, const struct manifest_node *secret, struct error *err)
{
	static const char *const sections[] = {"data", "stringData"};

	manifest_each_key (tree, secret, key)
		for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++)
			if (is_misspelt(tree, key, sections[i]))
				return manifest_tree_refuse(tree, key->start, err,
				    "not a member of a Secret in Kubernetes; write %s",
				    sections[i]);
	return 0;
}

/* Find a node that other places may refer to, so that a change here would change them too. */
static void find_obstacle(const struct manifest_tree *tree, struct manifest_secret *secret)
{
	for (uint32_t i = secret->node; i < tree->nodes[secret->node].past; i++) {
		const struct manifest_node *node = &tree->nodes[i];

		if (node->kind != MANIFEST_ALIAS && !node->marked)
			continue;
		secret->obstacle = i;
		secret->obstacle_kind =
		    node->kind == MANIFEST_ALIAS ? "an alias" : "an anchor or a tag";
		return;
	}
}

int manifest_read_secret(
    const struct manifest_tree *tree, struct manifest_secret *secret, struct error *err)
{
	const struct manifest_node *root = &tree->nodes[secret->node];

	find_obstacle(tree, secret);
	if (check_keys(tree, root, err) < 0 || refuse_misspelt(tree, root, err) < 0 ||
	    read_metadata(tree, secret, err) < 0 || read_type(tree, secret, err) < 0 ||
	    read_values(tree, secret, false, err) < 0 || read_values(tree, secret, true, err) < 0)
		return -1;
	secret->template = manifest_has_placeholders(&secret->object);
	return 0;
}
