/* Read the members of a Secret's manifest that only the Kubernetes API needs. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/json_writer.h"
#include "lib/manifest/internal.h"

/*
 * ObjectMeta:
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/
 */
static const char *const secret_members[] = {
    "apiVersion", "kind", "metadata", "type", "immutable", "data", "stringData", NULL};
static const char *const metadata_members[] = {"name", "namespace", "labels", "annotations",
    "finalizers", "generateName", "ownerReferences",
    /* set by the API server */
    "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation",
    "managedFields", "resourceVersion", "selfLink", "uid", NULL};

static bool is_listed(
    const struct manifest_tree *tree, const struct manifest_node *key, const char *const *names)
{
	for (; *names; names++)
		if (manifest_node_is(tree, key, *names))
			return true;
	return false;
}

static int check_members(const struct manifest_tree *tree, const struct manifest_node *mapping,
    const char *const *names, const char *where, struct error *err)
{
	manifest_each_key (tree, mapping, key) {
		if (is_listed(tree, key, names))
			continue;
		cleanup_free char *name = NULL;
		if (manifest_node_copy(tree, key, &name, err) < 0)
			return -1;
		return manifest_tree_refuse(tree, key->start, err,
		    "%s%s: not a member of a Secret that can be written to the Kubernetes API; remove it",
		    where, name ? name : "");
	}
	return 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): MANIFEST_DEPTH_MAX bounds it */
static int write_node(const struct manifest_tree *tree, const struct manifest_node *node,
    struct json_writer *writer, struct error *err)
{
	if (node->kind == MANIFEST_SCALAR && manifest_node_is_string(tree, node)) {
		json_write_string_bytes(writer, manifest_node_content(tree, node), node->bytes);
		return 0;
	}
	if (node->kind == MANIFEST_SCALAR && node->style == MANIFEST_PLAIN &&
	    (manifest_node_is(tree, node, "true") || manifest_node_is(tree, node, "false"))) {
		json_write_boolean(writer, manifest_node_is(tree, node, "true"));
		return 0;
	}
	if (node->kind != MANIFEST_MAPPING)
		return manifest_tree_refuse(
		    tree, node->start, err, "neither a string nor true or false");
	json_write_object(writer);
	manifest_each_key (tree, node, key) {
		cleanup_free char *name = NULL;
		if (manifest_node_copy(tree, key, &name, err) < 0)
			return -1;
		if (!name)
			return manifest_tree_refuse(
			    tree, key->start, err, "a key that is not a string");
		json_write_name(writer, name);
		if (write_node(tree, manifest_next(tree, key), writer, err) < 0)
			return -1;
	}
	json_write_object_end(writer);
	return 0;
}

/* Set *list to a list as a JSON array, newly allocated.  It stays NULL if the member is absent. */
static int read_list(const struct manifest_tree *tree, const struct manifest_node *metadata,
    const char *name, char **list, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	const struct manifest_node *node = manifest_member(tree, metadata, name);
	struct json_writer writer;

	if (!node || manifest_node_is_null(tree, node))
		return 0;
	if (node->kind != MANIFEST_SEQUENCE)
		return manifest_tree_refuse(
		    tree, node->start, err, "metadata.%s is not a list", name);
	json_writer_init(&writer, &text);
	json_write_array(&writer);
	for (const struct manifest_node *item = manifest_first(tree, node); item;
	     item = manifest_next(tree, item))
		if (write_node(tree, item, &writer, err) < 0)
			return error_wrap(err, "metadata.%s", name);
	json_write_array_end(&writer);
	if (json_writer_finish(&writer, err) < 0)
		return -1;
	*list = strdup(secret_buffer_string(&text));
	return *list ? 0 : error_memory(err);
}

/* Read the resourceVersion, newly allocated.  Null and an empty string count as absent. */
static int read_version(const struct manifest_tree *tree, const struct manifest_node *metadata,
    char **version, struct error *err)
{
	const struct manifest_node *node = manifest_member(tree, metadata, "resourceVersion");

	if (!node || manifest_node_is_null(tree, node) || manifest_node_is(tree, node, ""))
		return 0;
	if (manifest_node_is_string(tree, node) && manifest_node_copy(tree, node, version, err) < 0)
		return -1;
	if (*version)
		return 0;
	return manifest_tree_refuse(
	    tree, node->start, err, "metadata.resourceVersion is not a string; put it in quotes");
}

int manifest_read_metadata(const struct manifest *manifest, struct manifest_secret *secret,
    char **version, struct error *err)
{
	const struct manifest_tree *tree = &manifest->tree;
	const struct manifest_node *root = &tree->nodes[secret->node];
	const struct manifest_node *metadata = manifest_member(tree, root, "metadata");
	struct kube_secret *object = &secret->object;

	if (secret->generate_name && object->name)
		return manifest_tree_refuse(tree, metadata->start, err,
		    "both metadata.generateName and metadata.name; remove one of them");
	if (check_members(tree, root, secret_members, "", err) < 0 ||
	    check_members(tree, metadata, metadata_members, "metadata.", err) < 0)
		return -1;
	if (read_list(tree, metadata, "finalizers", &object->finalizers, err) < 0 ||
	    read_list(tree, metadata, "ownerReferences", &object->owners, err) < 0)
		return -1;
	return read_version(tree, metadata, version, err);
}
