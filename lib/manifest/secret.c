/* Read one Secret of a manifest: its metadata and its values. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/manifest/internal.h"

struct read_ctx {
	const struct manifest_tree *tree;
	struct manifest_secret *secret; /* to fill */
	struct error *err;
};

static int refuse_node(
    const struct read_ctx *read, const struct manifest_node *node, const char *problem)
{
	return manifest_tree_refuse(read->tree, node->start, read->err, "%s", problem);
}

/* Keys.  Duplicate keys and merge keys could hide a member of a mapping. */

static int compare_contents(const void *left, const void *right, void *context)
{
	const struct read_ctx *read = context;
	const struct manifest_node *a = *(struct manifest_node *const *)left;
	const struct manifest_node *b = *(struct manifest_node *const *)right;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? -1 : 1;
	return memcmp(
	    manifest_node_content(read->tree, a), manifest_node_content(read->tree, b), a->bytes);
}

static int check_keys(struct read_ctx *read, const struct manifest_node *mapping)
{
	size_t count = 0, most = (mapping->past - (size_t)(mapping - read->tree->nodes)) / 2 + 1;
	cleanup_free struct manifest_node **keys = calloc(most, sizeof(*keys));

	if (!keys)
		return error_memory(read->err);
	manifest_each_key (read->tree, mapping, key) {
		if (key->kind != MANIFEST_SCALAR)
			return refuse_node(read, key, "a key that is not a string");
		if (key->style == MANIFEST_PLAIN && manifest_node_is(read->tree, key, "<<"))
			return refuse_node(
			    read, key, "a merge key in a Secret; write out its members");
		keys[count++] = key;
	}
	qsort_r(keys, count, sizeof(*keys), compare_contents, read);
	for (size_t i = 1; i < count; i++)
		if (compare_contents(&keys[i - 1], &keys[i], read) == 0)
			return refuse_node(read,
			    keys[i - 1]->start > keys[i]->start ? keys[i - 1] : keys[i],
			    "duplicate key");
	return 0;
}

/*
 * Return a member that is a mapping, with its keys checked.  NULL: it is absent, or an error is
 * set.
 */
static struct manifest_node *mapping_member(
    struct read_ctx *read, const struct manifest_node *mapping, const char *name)
{
	struct manifest_node *member = manifest_member(read->tree, mapping, name);

	if (!member || manifest_node_is_null(read->tree, member))
		return NULL;
	if (member->kind == MANIFEST_MAPPING)
		return check_keys(read, member) < 0 ? NULL : member;
	manifest_tree_refuse(read->tree, member->start, read->err,
	    "%s of a Secret is %s; write out its members", name,
	    member->kind == MANIFEST_ALIAS ? "an alias" : "not a mapping");
	return NULL;
}

/*
 * Strings.
 */

static int refuse_string(
    const struct read_ctx *read, const struct manifest_node *node, const char *name)
{
	const char *problem = "not a string";

	if (node->kind == MANIFEST_ALIAS)
		problem = "an alias; write out its value";
	else if (node->kind == MANIFEST_SCALAR && node->style == MANIFEST_PLAIN &&
		 !read->tree->json)
		problem = "not a string to every reader of YAML; put it in quotes";
	return manifest_tree_refuse(read->tree, node->start, read->err, "%s is %s", name, problem);
}

/* Return the content of a scalar, newly allocated, or NULL with an error. */
static char *copy_scalar(
    const struct read_ctx *read, const struct manifest_node *node, const char *name)
{
	char *text;

	if (manifest_node_copy(read->tree, node, &text, read->err) == 0 && !text)
		refuse_string(read, node, name);
	return text;
}

/* Return the content of a node that must be a string, newly allocated, or NULL with an error. */
static char *read_string(
    const struct read_ctx *read, const struct manifest_node *node, const char *name)
{
	if (manifest_node_is_string(read->tree, node))
		return copy_scalar(read, node, name);
	refuse_string(read, node, name);
	return NULL;
}

/* Set *text to a member, newly allocated.  It stays NULL if the member is absent, null or empty. */
static int read_member(
    const struct read_ctx *read, const struct manifest_node *mapping, const char *name, char **text)
{
	const struct manifest_node *member = manifest_member(read->tree, mapping, name);

	if (!member || manifest_node_is_null(read->tree, member) ||
	    manifest_node_is(read->tree, member, ""))
		return 0;
	*text = read_string(read, member, name);
	return *text ? 0 : -1;
}

/*
 * Metadata.
 */

static int read_pairs(struct read_ctx *read, const struct manifest_node *metadata, const char *name,
    int (*add)(struct kube_secret *secret, const char *name, const char *value, struct error *err))
{
	const struct manifest_node *mapping = mapping_member(read, metadata, name);

	if (!mapping)
		return read->err->code ? -1 : 0;
	manifest_each_key (read->tree, mapping, key) {
		cleanup_free char *key_text = copy_scalar(read, key, name);
		cleanup_free char *value =
		    key_text ? read_string(read, manifest_next(read->tree, key), name) : NULL;

		if (!value || add(&read->secret->object, key_text, value, read->err) < 0)
			return -1;
	}
	return 0;
}

static int read_metadata(struct read_ctx *read, const struct manifest_node *root)
{
	const struct manifest_node *metadata = mapping_member(read, root, "metadata");
	struct kube_secret *object = &read->secret->object;

	if (!metadata)
		return read->err->code ? -1 : refuse_node(read, root, "a Secret without metadata");
	read->secret->generate_name = manifest_member(read->tree, metadata, "generateName") != NULL;
	if (read_member(read, metadata, "name", &object->name) < 0 ||
	    read_member(read, metadata, "namespace", &object->namespace) < 0 ||
	    read_pairs(read, metadata, "labels", kube_secret_add_label) < 0 ||
	    read_pairs(read, metadata, "annotations", kube_secret_add_annotation) < 0)
		return -1;
	if (!object->name && !read->secret->generate_name)
		return refuse_node(read, metadata, "a Secret without metadata.name");
	return 0;
}

static int read_type(struct read_ctx *read, const struct manifest_node *root)
{
	const struct manifest_node *immutable = manifest_member(read->tree, root, "immutable");
	struct kube_secret *object = &read->secret->object;

	if (read_member(read, root, "type", &object->type) < 0)
		return -1;
	if (!immutable || manifest_node_is_null(read->tree, immutable))
		return 0;
	object->immutable = manifest_node_is(read->tree, immutable, "true");
	if (immutable->style == MANIFEST_PLAIN &&
	    (object->immutable || manifest_node_is(read->tree, immutable, "false")))
		return 0;
	return refuse_node(read, immutable, "immutable is neither true nor false");
}

/*
 * Values.
 */

/* Return true for a plain number that every YAML reader turns into the same text. */
static bool is_count(const struct manifest_tree *tree, const struct manifest_node *node)
{
	const char *text = manifest_node_content(tree, node);

	if (node->style != MANIFEST_PLAIN || node->bytes < 1 || node->bytes > 18)
		return false;
	return strspn(text, "0123456789") >= node->bytes && (text[0] != '0' || node->bytes == 1);
}

static char *read_data_key(const struct read_ctx *read, const struct manifest_node *key)
{
	if (!manifest_node_is_string(read->tree, key) && !is_count(read->tree, key)) {
		refuse_string(read, key, "a data key");
		return NULL;
	}
	char *text = copy_scalar(read, key, "a data key");
	if (!text || kube_valid_data_key(text))
		return text;
	free(text);
	refuse_node(read, key,
	    "not a data key of a Secret; use letters, digits, '-', '_' and '.', at most 253");
	return NULL;
}

/* Decode base64 like the API server, which ignores line breaks. */
static int read_base64(
    const struct read_ctx *read, const struct manifest_node *node, struct secret_buffer *bytes)
{
	const char *text = manifest_node_content(read->tree, node);
	cleanup_secret struct secret_buffer joined = SECRET_BUFFER_INIT;
	struct error reason = ERROR_INIT;

	if (secret_buffer_reserve(&joined, node->bytes, read->err) < 0)
		return -1;
	for (uint32_t i = 0; i < node->bytes; i++)
		if (text[i] != '\n' && text[i] != '\r')
			joined.data[joined.length++] = text[i];
	if (base64_decode(bytes, secret_buffer_string(&joined), joined.length, &reason) == 0)
		return 0;
	if (reason.code == ERROR_SYSTEM)
		return error_memory(read->err);
	return refuse_node(
	    read, node, "a value in data is not base64; encode it, or move it to stringData");
}

static int read_value(const struct read_ctx *read, const struct manifest_node *node, bool text,
    struct secret_buffer *bytes)
{
	if (node->kind == MANIFEST_SCALAR && node->marked)
		return refuse_node(
		    read, node, "an anchor or a tag in the data of a Secret; remove it");
	if (!manifest_node_is_string(read->tree, node))
		return refuse_string(
		    read, node, text ? "a value in stringData" : "a value in data");
	if (!text)
		return read_base64(read, node, bytes);
	return secret_buffer_append(
	    bytes, manifest_node_content(read->tree, node), node->bytes, read->err);
}

static int read_data_value(struct read_ctx *read, const struct manifest_node *key, bool text)
{
	cleanup_secret struct secret_buffer bytes = SECRET_BUFFER_INIT;
	cleanup_free char *name = read_data_key(read, key);
	const struct manifest_node *node = manifest_next(read->tree, key);
	struct manifest_secret *secret = read->secret;
	struct manifest_value *values = secret->values;
	size_t count = secret->object.data_count;

	if (!name || read_value(read, node, text, &bytes) < 0)
		return -1;
	/* The keys of one mapping were checked to be different. */
	if (text && kube_secret_entry(&secret->object, name))
		return refuse_node(
		    read, key, "a key in both data and stringData; remove one of them");
	if (count == MANIFEST_VALUES_MAX)
		return manifest_tree_refuse(read->tree, key->start, read->err,
		    "a Secret of more than %d values", MANIFEST_VALUES_MAX);
	if (count % 16 == 0)
		values = reallocarray(values, count + 16, sizeof(*values));
	if (!values)
		return error_memory(read->err);
	secret->values = values;
	values[count] = (struct manifest_value){
	    (uint32_t)(key - read->tree->nodes), (uint32_t)(node - read->tree->nodes), text};
	return kube_secret_add(&secret->object, name, &bytes, read->err);
}

static int read_values(struct read_ctx *read, const struct manifest_node *root, bool text)
{
	const struct manifest_node *mapping =
	    mapping_member(read, root, text ? "stringData" : "data");

	if (!mapping)
		return read->err->code ? -1 : 0;
	manifest_each_key (read->tree, mapping, key)
		if (read_data_value(read, key, text) < 0)
			return -1;
	return 0;
}

/* Return true if the key differs from `name`, but only in case, '-' and '_'. */
static bool is_misspelt(
    const struct manifest_tree *tree, const struct manifest_node *key, const char *name)
{
	const char *text = manifest_node_content(tree, key), *at = name;

	for (uint32_t i = 0; i < key->bytes; i++) {
		if (text[i] == '-' || text[i] == '_')
			continue;
		/* The key may contain a NUL byte, which would match the end of the name. */
		if (*at == '\0' || tolower((unsigned char)text[i]) != tolower((unsigned char)*at))
			return false;
		at++;
	}
	return *at == '\0' && !manifest_node_is(tree, key, name);
}

/*
 * Reject misspelt names of data and stringData.  Their plaintext would not be sealed, and
 * Kubernetes would ignore it.
 */
static int refuse_misspelt(const struct read_ctx *read, const struct manifest_node *root)
{
	manifest_each_key (read->tree, root, key) {
		if (is_misspelt(read->tree, key, "data"))
			return refuse_node(
			    read, key, "not a member of a Secret in Kubernetes; write data");
		if (is_misspelt(read->tree, key, "stringData"))
			return refuse_node(
			    read, key, "not a member of a Secret in Kubernetes; write stringData");
	}
	return 0;
}

/* Find the first alias, anchor or tag.  Changing it could change other places that refer to it. */
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
	struct read_ctx read = {tree, secret, err};

	find_obstacle(tree, secret);
	if (check_keys(&read, root) < 0 || refuse_misspelt(&read, root) < 0 ||
	    read_metadata(&read, root) < 0 || read_type(&read, root) < 0 ||
	    read_values(&read, root, false) < 0 || read_values(&read, root, true) < 0)
		return -1;
	secret->template = manifest_has_placeholders(&secret->object);
	return 0;
}
