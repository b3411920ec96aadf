#include "lib/manifest/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/manifest/internal.h"
#include "lib/sealed/foreign.h"

void manifest_free(struct manifest *manifest)
{
	for (size_t i = 0; i < manifest->count; i++) {
		kube_secret_free(&manifest->secrets[i].object);
		free(manifest->secrets[i].values);
	}
	free(manifest->secrets);
	manifest_tree_free(&manifest->tree);
	secret_buffer_free(&manifest->text);
	*manifest = (struct manifest){0};
}

/*
 * The type of an object.  The members kind, apiVersion and items decide if it is a Secret, so they
 * must be written out: an alias, a tag or a merge key is rejected.
 */

static struct manifest_node *refuse_type(const struct manifest_tree *tree,
    const struct manifest_node *node, const char *name, const char *way, struct error *err)
{
	manifest_tree_refuse(tree, node->start, err,
	    "%s may come from %s, and the object may be a Secret; write it out", name, way);
	return NULL;
}

/* Return the value of the only member with this name.  NULL: it is absent, or *err is set. */
static struct manifest_node *type_member(const struct manifest_tree *tree,
    const struct manifest_node *object, const char *name, struct error *err)
{
	const struct manifest_node *found = NULL, *merge = NULL;

	manifest_each_key (tree, object, key) {
		if (key->kind == MANIFEST_ALIAS || key->tagged)
			return refuse_type(
			    tree, key, name, key->tagged ? "a tag" : "an alias", err);
		if (key->style == MANIFEST_PLAIN && manifest_node_is(tree, key, "<<"))
			merge = key;
		if (!manifest_node_is(tree, key, name))
			continue;
		if (found) {
			manifest_tree_refuse(tree, key->start, err, "duplicate key %s", name);
			return NULL;
		}
		found = key;
	}
	if (!found)
		return merge ? refuse_type(tree, merge, name, "a merge key", err) : NULL;
	struct manifest_node *value = manifest_next(tree, found);
	if (value->kind == MANIFEST_ALIAS || value->tagged)
		return refuse_type(tree, value, name, value->tagged ? "a tag" : "an alias", err);
	return value;
}

/*
 * Objects.
 */

/* Reject a Secret in an OpenShift Template, whose objects contain parameters. */
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

static int add_secret(
    struct manifest *manifest, const struct manifest_node *node, struct error *err)
{
	struct manifest_secret *secrets = manifest->secrets;
	size_t count = manifest->count;

	/*
	 * Begin with one item: most documents have one Secret, and many documents may be in memory.
	 */
	if (count == 0 || count == 1 || count % 64 == 0)
		secrets = reallocarray(secrets, count == 0 ? 1 : count + 64, sizeof(*secrets));
	if (!secrets)
		return error_memory(err);
	manifest->secrets = secrets;
	manifest->count++;
	secrets[count] = (struct manifest_secret){.node = (uint32_t)(node - manifest->tree.nodes)};
	return manifest_read_secret(&manifest->tree, &secrets[count], err);
}

static int add_secrets_of(
    struct manifest *manifest, const struct manifest_node *object, bool secret, struct error *err);

/* NOLINTNEXTLINE(misc-no-recursion): MANIFEST_DEPTH_MAX bounds it */
static int add_secrets_of_items(
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
			    "an alias in a List may be a Secret; write it out");
		if (add_secrets_of(manifest, item, secrets, err) < 0)
			return -1;
	}
	return 0;
}

/*
 * Add the Secrets in an object.  With `secret`, an object without a kind is a Secret, as in a
 * SecretList.
 */
/* NOLINTNEXTLINE(misc-no-recursion): MANIFEST_DEPTH_MAX bounds it */
static int add_secrets_of(
    struct manifest *manifest, const struct manifest_node *object, bool secret, struct error *err)
{
	const struct manifest_tree *tree = &manifest->tree;

	if (object->kind != MANIFEST_MAPPING)
		return 0;
	const struct manifest_node *kind = type_member(tree, object, "kind", err);
	if (err->code)
		return -1;
	if (!kind)
		return secret ? add_secret(manifest, object, err) : 0;
	bool is_secret = manifest_node_is(tree, kind, "Secret");
	bool is_secret_list = manifest_node_is(tree, kind, "SecretList");
	if (manifest_node_is(tree, kind, "Template"))
		return refuse_template(tree, object, err);
	if (!is_secret && !is_secret_list && !manifest_node_is(tree, kind, "List"))
		return 0;
	const struct manifest_node *version = type_member(tree, object, "apiVersion", err);
	if (err->code)
		return -1;
	if (!version && is_secret)
		return manifest_tree_refuse(
		    tree, kind->start, err, "a Secret without apiVersion; write apiVersion: v1");
	if (!version || !manifest_node_is(tree, version, "v1"))
		return 0;
	return is_secret ? add_secret(manifest, object, err)
			 : add_secrets_of_items(manifest, object, is_secret_list, err);
}

/*
 * Documents.
 */

static bool is_helm(const struct manifest *manifest)
{
	return manifest_is_helm(secret_buffer_string(&manifest->text), manifest->text.length);
}

int manifest_read(struct manifest *manifest, struct secret_buffer *text, size_t line,
    const char *file, struct error *err)
{
	*manifest = (struct manifest){0};
	error_clear(err);
	secret_buffer_move(&manifest->text, text);
	if (manifest_tree_read(&manifest->tree, secret_buffer_string(&manifest->text),
		manifest->text.length, line, file, err) < 0 ||
	    (manifest->tree.count > 0 &&
		add_secrets_of(manifest, manifest->tree.nodes, false, err) < 0)) {
		/* A syntax error, an invalid name or invalid base64 may come from a template. */
		if (err->code == ERROR_INVALID && is_helm(manifest))
			error_hint(err, "render the Helm template first (helm template)");
		return -1;
	}
	/* Search the whole text: Helm also evaluates actions in comments. */
	bool template = manifest->count > 0 && is_helm(manifest);
	for (size_t i = 0; i < manifest->count; i++)
		manifest->secrets[i].template |= template;
	return 0;
}

int manifest_read_again(struct manifest *after, const struct manifest *before, const char *text,
    size_t length, struct error *err)
{
	cleanup_secret struct secret_buffer copy = SECRET_BUFFER_INIT;
	struct error reason = ERROR_INIT;

	*after = (struct manifest){0};
	if (secret_buffer_append(&copy, text, length, err) < 0)
		return -1;
	if (manifest_read(after, &copy, before->tree.line, before->tree.file, &reason) == 0)
		return 1;
	if (reason.code != ERROR_SYSTEM)
		return 0;
	*err = reason;
	return -1;
}

int manifest_read_own(struct manifest *manifest, struct secret_buffer *text, size_t line,
    const char *file, bool force, struct error *err)
{
	int result = manifest_read(manifest, text, line, file, err);

	if (force || (result < 0 && err->code == ERROR_SYSTEM))
		return result;
	/* Ciphertext instead of base64 is already an error; report the tool as its cause. */
	const char *tool = manifest_foreign_tool(&manifest->tree);
	if (result < 0 && !tool)
		tool = foreign_tool(secret_buffer_string(&manifest->text), manifest->text.length);
	if (!tool)
		return result;
	return error_set(err, ERROR_INVALID,
	    "%s: line %zu: encrypted with %s already; decrypt it with that tool first, or pass "
	    "--allow-encrypted to take it as it is",
	    file, line, tool);
}

int manifest_check_rendered(const struct manifest_secret *secret, struct error *err)
{
	if (!secret->template)
		return 0;
	return error_set(err, ERROR_INVALID,
	    "a template, such as Helm's, and not a Secret yet; seal the values that it is rendered "
	    "with, or render it first");
}

const char *manifest_shown_name(const struct kube_secret *object)
{
	return object->name ? object->name : "(metadata.generateName)";
}

bool manifest_is_unknown(const struct manifest_secret *secret, const struct kube_entry *entry)
{
	return secret->template &&
	       memmem(secret_buffer_string(&entry->value), entry->value.length, "{{", 2);
}

int manifest_wrap(
    const struct manifest *manifest, const struct manifest_secret *secret, struct error *err)
{
	const struct manifest_tree *tree = &manifest->tree;

	return error_wrap(
	    err, "%s: line %zu", tree->file, manifest_line(tree, tree->nodes[secret->node].start));
}

/*
 * Comparing the manifest before and after changes.
 */

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/*
 * Return true if all values that the change does not mention are unchanged, and the number of
 * values is right.
 */
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

static bool is_secret_changed(const struct manifest_secret *after,
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

bool manifest_is_changed(const struct manifest *after, const struct manifest *before,
    const struct manifest_change *changes, size_t count)
{
	size_t next = 0;

	if (after->count != before->count || after->tree.json != before->tree.json)
		return false;
	for (size_t i = 0; i < before->count; i++) {
		const struct manifest_secret *secret = &before->secrets[i];
		bool changes_it = next < count && changes[next].secret == secret;
		if (!is_secret_changed(
			&after->secrets[i], secret, changes_it ? &changes[next] : NULL))
			return false;
		next += changes_it;
	}
	return next == count;
}
