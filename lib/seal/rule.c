#include "lib/seal/rule.h"

#include <fnmatch.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/yaml.h"
#include "lib/manifest/tree.h"
#include "lib/sealed/sealed.h"

#define ANY_FOLDERS "**"
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define MEMBERS "path, namespace, transit-key, scope and layout"

/*
 * Values.
 */

/* Reject a name with a bracket that is not closed, which fnmatch would not match as a set. */
static int check_brackets(const char *name, size_t length, struct error *err)
{
	const char *last = memrchr(name, '[', length);

	if (!last || memchr(last, ']', length - (size_t)(last - name)))
		return 0;
	return error_set(err, ERROR_INVALID,
	    "a bracket that is not closed in the same name; write [[] for a bracket itself");
}

static int check_pattern(const char *text, struct error *err)
{
	if (*text == '!' || strpbrk(text, "{}"))
		return error_set(err, ERROR_INVALID,
		    "patterns have neither braces nor a '!' at the beginning; write several rules");
	if (!*text)
		return error_set(err, ERROR_INVALID, "empty; omit it to match anything");
	return check_brackets(text, strlen(text), err);
}

/* Reject a path that cannot match, and "**" in a name, which could be meant to match slashes. */
static int check_path(const char *text, struct error *err)
{
	if (check_pattern(text, err) < 0)
		return -1;
	for (const char *name = text;; name++) {
		size_t length = strcspn(name, "/");

		if (length == 0 || (length <= 2 && strspn(name, ".") == length))
			return error_set(err, ERROR_INVALID,
			    "an empty name, \".\" or \"..\"; write the path from the folder of "
			    "this file, such as prod/" ANY_FOLDERS);
		if (length > 2 && memmem(name, length, ANY_FOLDERS, strlen(ANY_FOLDERS)))
			return error_set(err, ERROR_INVALID,
			    "\"" ANY_FOLDERS "\" is a whole name; write prod/" ANY_FOLDERS
			    "/*.yaml");
		if (length > NAME_MAX)
			return error_set(
			    err, ERROR_INVALID, "a name of more than %d bytes", NAME_MAX);
		if (check_brackets(name, length, err) < 0)
			return -1;
		name += length;
		if (!*name)
			return 0;
	}
}

static int check_key(const char *text, struct error *err)
{
	struct transit_key key;

	if (transit_key_parse(&key, text, err) < 0)
		return -1;
	transit_key_free(&key);
	return 0;
}

static int check_scope(const char *text, struct error *err)
{
	enum sealed_scope scope;

	return sealed_scope_parse(text, &scope, err);
}

static int check_layout(const char *text, struct error *err)
{
	if (strcmp(text, "per-key") == 0 || strcmp(text, "document") == 0)
		return 0;
	return error_set(err, ERROR_INVALID, "unknown layout; write per-key or document");
}

static const struct member {
	const char *name;
	size_t offset; /* of a char * in struct rule */
	int (*check)(const char *text, struct error *err);
} members[] = {
    {"path", offsetof(struct rule, path), check_path},
    {"namespace", offsetof(struct rule, namespace), check_pattern},
    {"transit-key", offsetof(struct rule, transit_key), check_key},
    {"scope", offsetof(struct rule, scope), check_scope},
    {"layout", offsetof(struct rule, layout), check_layout},
};

static char **member_place(struct rule *rule, const struct member *member)
{
	return (char **)(void *)((char *)rule + member->offset);
}

/*
 * Parsing.
 */

static const struct member *find_member(
    const struct manifest_tree *tree, const struct manifest_node *name)
{
	for (size_t i = 0; i < COUNT(members); i++)
		if (manifest_node_is(tree, name, members[i].name))
			return &members[i];
	return NULL;
}

static int read_member(struct rule *rule, const struct manifest_tree *tree,
    const struct manifest_node *name, struct error *err)
{
	const struct member *member = find_member(tree, name);
	const struct manifest_node *value = manifest_next(tree, name);
	struct error problem = ERROR_INIT;

	if (!member)
		return manifest_tree_refuse(
		    tree, name->start, err, "unknown member; a rule has " MEMBERS);
	char **place = member_place(rule, member);
	if (manifest_node_is_string(tree, value) && manifest_node_copy(tree, value, place, err) < 0)
		return -1;
	if (!*place)
		return manifest_tree_refuse(
		    tree, value->start, err, "%s: not a string; put it in quotes", member->name);
	if (member->check(*place, &problem) == 0)
		return 0;
	if (problem.code == ERROR_SYSTEM) {
		*err = problem;
		return -1;
	}
	return manifest_tree_refuse(
	    tree, value->start, err, "%s: %s", member->name, problem.message);
}

static int read_rule(struct rule *rule, const struct manifest_tree *tree,
    const struct manifest_node *node, struct error *err)
{
	if (node->kind != MANIFEST_MAPPING)
		return manifest_tree_refuse(
		    tree, node->start, err, "not a rule; a rule has " MEMBERS);
	rule->line = manifest_line(tree, node->start);
	manifest_each_key (tree, node, name)
		if (read_member(rule, tree, name, err) < 0)
			return -1;
	if (!rule->transit_key)
		return manifest_tree_refuse(
		    tree, node->start, err, "no transit-key; each rule names one");
	return 0;
}

static int read_rules(struct rule_file *file, const struct manifest_tree *tree,
    const struct manifest_node *list, struct error *err)
{
	size_t count = 0;

	for (const struct manifest_node *node = manifest_first(tree, list); node;
	     node = manifest_next(tree, node))
		count++;
	file->rules = calloc(count + 1, sizeof(*file->rules));
	if (!file->rules)
		return error_memory(err);
	for (const struct manifest_node *node = manifest_first(tree, list); node;
	     node = manifest_next(tree, node)) {
		struct rule *rule = &file->rules[file->count++];

		rule->file = file->name;
		if (read_rule(rule, tree, node, err) < 0)
			return -1;
	}
	return 0;
}

static int read_tree(struct rule_file *file, const struct manifest_tree *tree, struct error *err)
{
	const struct manifest_node *root = tree->nodes;
	const struct manifest_node *list =
	    tree->count ? manifest_member(tree, root, "rules") : NULL;

	if (!list)
		return error_set(err, ERROR_INVALID,
		    "%s: no rules; write a list of rules under \"rules:\"", file->name);
	manifest_each_key (tree, root, name)
		if (!manifest_node_is(tree, name, "rules"))
			return manifest_tree_refuse(tree, name->start, err,
			    "unknown member; the file has only \"rules\", without addresses and "
			    "credentials");
	if (list->kind != MANIFEST_SEQUENCE)
		return manifest_tree_refuse(
		    tree, list->start, err, "rules: not a list; begin each rule with \"- \"");
	return read_rules(file, tree, list, err);
}

static void free_rules(struct rule_file *file)
{
	for (size_t i = 0; i < file->count; i++)
		for (size_t j = 0; j < COUNT(members); j++)
			free(*member_place(&file->rules[i], &members[j]));
	free(file->rules);
	file->rules = NULL;
	file->count = 0;
}

/*
 * Reject text that is not YAML, and anchors, aliases, tags, duplicate keys and a second document.
 */
static int check_text(
    const struct rule_file *file, const struct secret_buffer *text, struct error *err)
{
	cleanup_secret struct secret_buffer json = SECRET_BUFFER_INIT;
	const char *bytes = secret_buffer_string(text);

	if (yaml_to_json(bytes, text->length, file->name, &json, err) == 0)
		return 0;
	return err->code == ERROR_INVALID && !error_advice(err) && strstr(bytes, ": *")
		   ? error_hint(err, "put patterns in quotes")
		   : -1;
}

int rule_file_parse(struct rule_file *file, const struct secret_buffer *text, struct error *err)
{
	struct manifest_tree tree;

	if (check_text(file, text, err) < 0)
		return -1;
	int result =
	    manifest_tree_read(&tree, secret_buffer_string(text), text->length, 1, file->name, err);
	if (result == 0)
		result = read_tree(file, &tree, err);
	manifest_tree_free(&tree);
	if (result < 0)
		free_rules(file);
	return result;
}

void rule_file_free(struct rule_file *file)
{
	free_rules(file);
	free(file->name);
	free(file->folder);
}

/*
 * Matching.
 */

/* Return the rest of a path or pattern after its first name, "" for the last name. */
static const char *next_name(const char *path)
{
	path += strcspn(path, "/");
	return path + (*path == '/');
}

static bool is_any_folders(const char *pattern)
{
	return strncmp(pattern, ANY_FOLDERS, 2) == 0 && (!pattern[2] || pattern[2] == '/');
}

/* Match the first name of the path, of at most NAME_MAX bytes. */
static bool matches_name(const char *pattern, const char *path)
{
	char one[NAME_MAX + 1], other[NAME_MAX + 1];

	snprintf(one, sizeof(one), "%.*s", (int)strcspn(pattern, "/"), pattern);
	snprintf(other, sizeof(other), "%.*s", (int)strcspn(path, "/"), path);
	return fnmatch(one, other, 0) == 0;
}

/*
 * Match name by name.  Where a name does not match, the latest "**" matches one more folder.  An
 * earlier one need not: the latest can match whatever it would leave.
 */
static bool matches_path(const char *pattern, const char *path)
{
	const char *after = NULL, *from = NULL; /* the latest "**", and the names after it */

	while (*path) {
		if (is_any_folders(pattern)) {
			after = pattern = next_name(pattern);
			from = path;
			if (!*pattern)
				return true;
		} else if (*pattern && matches_name(pattern, path)) {
			pattern = next_name(pattern);
			path = next_name(path);
		} else if (after) {
			pattern = after;
			path = from = next_name(from);
		} else {
			return false;
		}
	}
	return !*pattern;
}

int rule_file_match(const struct rule_file *file, const char *path, const char *namespace,
    const struct rule **rule, struct error *err)
{
	*rule = NULL;
	for (size_t i = 0; i < file->count; i++) {
		const struct rule *each = &file->rules[i];

		if (each->path && !matches_path(each->path, path))
			continue;
		if (each->namespace && !namespace)
			return error_set(err, ERROR_USAGE,
			    "%s:%zu: the rule depends on the namespace; set metadata.namespace, or "
			    "pass -n NAMESPACE",
			    each->file, each->line);
		if (each->namespace && fnmatch(each->namespace, namespace, 0) != 0)
			continue;
		*rule = each;
		return 0;
	}
	return 0;
}

/* Return true if a pattern matches whatever another matches; NULL and `any` match anything. */
static bool covers(const char *pattern, const char *other, const char *any)
{
	return !pattern || strcmp(pattern, any) == 0 || (other && strcmp(pattern, other) == 0);
}

const struct rule *rule_file_covering(const struct rule_file *file, const struct rule *rule)
{
	for (const struct rule *each = file->rules; each < rule; each++)
		if (covers(each->path, rule->path, ANY_FOLDERS) &&
		    covers(each->namespace, rule->namespace, "*"))
			return each;
	return NULL;
}

/*
 * Using a rule.
 */

/* Reject an annotation that differs from the value of the rule.  NULL values do not differ. */
static int compare_annotation(const struct rule *rule, const struct kube_secret *secret,
    const char *annotation, const char *what, const char *value, struct error *err)
{
	const char *found = kube_secret_annotation(secret, annotation);

	if (!found || !value || strcmp(found, value) == 0)
		return 0;
	return error_set(err, ERROR_USAGE,
	    "sealed with %s %s, but rule %s:%zu names %s; change the rule, or seal the Secret again",
	    what, found, rule->file, rule->line, value);
}

static int compare_key(const struct rule *rule, const struct kube_secret *secret, struct error *err)
{
	const char *found = kube_secret_annotation(secret, SEALED_ANNOTATION_KEY);
	struct transit_key key;

	if (!found)
		return 0;
	if (transit_key_parse(&key, rule->transit_key, err) < 0)
		return -1;
	bool same = transit_key_is(&key, found);
	transit_key_free(&key);
	return same ? 0
		    : compare_annotation(rule, secret, SEALED_ANNOTATION_KEY, "Transit key",
			  rule->transit_key, err);
}

static int compare_scope(
    const struct rule *rule, const struct kube_secret *secret, struct error *err)
{
	return compare_annotation(rule, secret, SEALED_ANNOTATION_SCOPE, "scope", rule->scope, err);
}

static int compare_layout(
    const struct rule *rule, const struct kube_secret *secret, struct error *err)
{
	return compare_annotation(
	    rule, secret, SEALED_ANNOTATION_LAYOUT, "layout", rule->layout, err);
}

int rule_check(const struct rule *rule, const struct kube_secret *secret, struct error *err)
{
	if (compare_key(rule, secret, err) < 0 || compare_scope(rule, secret, err) < 0)
		return -1;
	return compare_layout(rule, secret, err);
}

static int use_values(const struct rule *rule, const struct kube_secret *secret,
    struct seal_settings *settings, struct error *err)
{
	bool own_key = is_set(settings->transit_key), own_scope = is_set(settings->scope);
	bool own_layout = settings->layout != LAYOUT_AS_IS;

	if ((!own_key && compare_key(rule, secret, err) < 0) ||
	    (!own_scope && compare_scope(rule, secret, err) < 0) ||
	    (!own_layout && compare_layout(rule, secret, err) < 0))
		return -1;
	if (!own_key)
		settings->transit_key = rule->transit_key;
	if (!own_scope)
		settings->scope = rule->scope;
	if (!own_layout && rule->layout)
		settings->layout =
		    strcmp(rule->layout, "document") == 0 ? LAYOUT_DOCUMENT : LAYOUT_PER_KEY;
	return 0;
}

int rule_apply(const struct rule *rule, const struct kube_secret *secret,
    struct seal_settings *settings, struct error *err)
{
	if (use_values(rule, secret, settings, err) == 0)
		return 0;
	return error_wrap(err, "Secret %s%s%s", KUBE_NAMED(secret));
}
