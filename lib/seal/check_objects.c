#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/seal/check_run.h"
#include "lib/sealed/sealed.h"

/* -- ciphertext in ConfigMaps and pod templates ----------------------------------------------- */

/* The objects whose text secret-exec may decrypt (lib/rotate/mentions.c), and their owners. */
static const char *const kinds[] = {"ConfigMap", "Pod", "PodTemplate", "Deployment", "StatefulSet",
    "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob"};

/* Return the kind of the object if it is one of `kinds`, or NULL. */
static const char *find_kind(const struct manifest_tree *tree, const struct manifest_node *object)
{
	const struct manifest_node *kind = manifest_member(tree, object, "kind");

	for (size_t i = 0; kind && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (manifest_node_is(tree, kind, kinds[i]))
			return kinds[i];
	return NULL;
}

static int report_ciphertext(struct check_run *run, const struct manifest_document *document,
    const struct manifest_node *object, size_t byte, struct error *err)
{
	const struct manifest_tree *tree = &document->manifest.tree;
	const struct manifest_node *name =
	    manifest_member(tree, manifest_member(tree, object, "metadata"), "name");
	cleanup_free char *text = NULL;
	struct error problem = ERROR_INIT;

	if (name && manifest_node_copy(tree, name, &text, err) < 0)
		return -1;
	error_set(&problem, ERROR_INVALID,
	    "%s:%zu: %s %s: ciphertext that no rotation rewraps; move it to a sealed Secret",
	    document->file->name, check_run_line(run, document, byte), find_kind(tree, object),
	    text ? text : "without a name");
	return check_run_report(run, &problem, err);
}

static int check_object(struct check_run *run, const struct manifest_document *document,
    const struct manifest_node *object, struct error *err)
{
	const char *text = document->manifest.tree.text;
	const char *at = text + object->start, *end = text + object->end;
	int64_t version;

	if (!find_kind(&document->manifest.tree, object))
		return 0;
	for (; (at = sealed_find_mention(at, (size_t)(end - at), &version)) != NULL; at++)
		if (report_ciphertext(run, document, object, (size_t)(at - text), err) < 0)
			return -1;
	return 0;
}

int check_objects_ciphertext(
    struct check_run *run, const struct manifest_document *document, struct error *err)
{
	const struct manifest_tree *tree = &document->manifest.tree;
	const struct manifest_node *root = tree->nodes;

	if (tree->count == 0)
		return 0;
	const struct manifest_node *items = manifest_member(tree, root, "items");
	if (!items || items->kind != MANIFEST_SEQUENCE)
		return check_object(run, document, root, err);
	for (const struct manifest_node *item = manifest_first(tree, items); item;
	     item = manifest_next(tree, item))
		if (check_object(run, document, item, err) < 0)
			return -1;
	return 0;
}

/* -- values ----------------------------------------------------------------------------------- */

/* Return true for ciphertext in base64. */
static bool is_encoded_ciphertext(const char *text, size_t length)
{
	cleanup_secret struct secret_buffer bytes = SECRET_BUFFER_INIT;
	struct error ignored = ERROR_INIT;
	int64_t version;

	return base64_decode(&bytes, text, length, &ignored) == 0 &&
	       sealed_version(secret_buffer_string(&bytes), bytes.length, &version, &ignored) == 0;
}

/* Check a value, which a template may still encode in base64.  Placeholders are unknown. */
static int check_member(struct check_run *run, const struct manifest_document *document,
    const struct manifest_node *key, struct error *err)
{
	const struct manifest_tree *tree = &document->manifest.tree;
	const struct manifest_node *value = manifest_next(tree, key);
	const char *text = manifest_node_content(tree, value);
	struct error problem = ERROR_INIT;
	cleanup_free char *name = NULL;

	if (value->kind != MANIFEST_SCALAR || manifest_node_is_null(tree, value) ||
	    memmem(text, value->bytes, "{{", 2) || is_encoded_ciphertext(text, value->bytes) ||
	    check_run_value(text, value->bytes, &problem))
		return 0;
	if (manifest_node_copy(tree, key, &name, err) < 0)
		return -1;
	error_wrap(&problem, "%s:%zu: values of a Secret: data key \"%s\"", document->file->name,
	    check_run_line(run, document, key->start), name ? name : "");
	error_hint(&problem, "seal the value");
	return check_run_report(run, &problem, err);
}

static int check_values(struct check_run *run, const struct manifest_document *document,
    const struct manifest_node *object, const char *member, struct error *err)
{
	const struct manifest_tree *tree = &document->manifest.tree;
	const struct manifest_node *values = manifest_member(tree, object, member);

	if (!values || values->kind != MANIFEST_MAPPING)
		return 0;
	manifest_each_key (tree, values, key)
		if (check_member(run, document, key, err) < 0)
			return -1;
	return 0;
}

/* Return true if annotations or labels of the mapping declare it as a sealed Secret. */
static bool is_declared(const struct manifest_tree *tree, const struct manifest_node *mapping)
{
	return manifest_member(
		   tree, manifest_member(tree, mapping, "annotations"), SEALED_ANNOTATION_KEY) ||
	       manifest_member(tree, manifest_member(tree, mapping, "labels"), SEALED_LABEL);
}

/*
 * Return true for a whole v1 Secret, and for a mapping without a kind that is declared as a sealed
 * Secret.
 */
static bool holds_values(const struct manifest_tree *tree, const struct manifest_node *mapping)
{
	const struct manifest_node *kind = manifest_member(tree, mapping, "kind");
	const struct manifest_node *version = manifest_member(tree, mapping, "apiVersion");

	if (kind)
		return manifest_node_is(tree, kind, "Secret") && version &&
		       manifest_node_is(tree, version, "v1");
	return is_declared(tree, mapping) ||
	       is_declared(tree, manifest_member(tree, mapping, "metadata"));
}

/* Return false if no mapping of the document can hold values of a Secret. */
static bool may_hold_values(const struct manifest_tree *tree)
{
	const char *contents = secret_buffer_string(&tree->contents);

	return memmem(contents, tree->contents.length, "Secret", strlen("Secret")) ||
	       memmem(contents, tree->contents.length, SEALED_LABEL, strlen(SEALED_LABEL)) ||
	       memmem(contents, tree->contents.length, SEALED_ANNOTATION_KEY,
		   strlen(SEALED_ANNOTATION_KEY));
}

int check_objects_values(
    struct check_run *run, const struct manifest_document *document, struct error *err)
{
	const struct manifest *manifest = &document->manifest;
	const struct manifest_tree *tree = &manifest->tree;
	size_t next = 0;

	if (!may_hold_values(tree))
		return 0;
	for (uint32_t i = 0; i < tree->count;) {
		const struct manifest_node *node = &tree->nodes[i];

		if (next < manifest->count && manifest->secrets[next].node == i) {
			next++;
			i = node->past; /* check_secret.c checks it */
			continue;
		}
		i++;
		if (node->kind != MANIFEST_MAPPING || !holds_values(tree, node))
			continue;
		run->summary->secrets++;
		if (check_values(run, document, node, "data", err) < 0 ||
		    check_values(run, document, node, "stringData", err) < 0)
			return -1;
	}
	return 0;
}
