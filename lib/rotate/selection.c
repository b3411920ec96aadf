#include "lib/rotate/selection.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/sealed/sealed.h"

static int copy(struct strings *to, const struct strings *from, struct error *err)
{
	for (size_t i = 0; i < from->count; i++)
		if (!strings_contain(to, from->items[i]) &&
		    strings_append(to, from->items[i], err) < 0)
			return -1;
	return 0;
}

/* [NAMESPACE/]NAME -> NAMESPACE/NAME. */
static int add_name(
    struct selection *selection, const char *text, const char *namespace, struct error *err)
{
	const char *slash = strchr(text, '/');
	cleanup_free char *whole =
	    slash ? string_format(err, "%s", text) : string_format(err, "%s/%s", namespace, text);
	cleanup_free char *where = slash ? strndup(text, (size_t)(slash - text)) : NULL;

	if (!whole || (slash && !where))
		return error_memory(err);
	if ((slash && !kube_valid_namespace(where)) || !kube_valid_name(slash ? slash + 1 : text))
		return error_set(
		    err, ERROR_USAGE, "--name \"%s\": no Secret can be called so", text);
	if (strings_contain(&selection->names, whole))
		return 0;
	return strings_append(&selection->names, whole, err);
}

static int add_names(
    struct selection *selection, const struct selection_settings *settings, struct error *err)
{
	if (settings->all_namespaces || settings->all_secrets || is_set(settings->selector))
		return error_set(err, ERROR_USAGE,
		    "--name says which Secrets: leave out --all-namespaces, --all-secrets and "
		    "--selector");
	for (size_t i = 0; i < settings->names->count; i++)
		if (add_name(selection, settings->names->items[i], settings->namespace, err) < 0)
			return -1;
	return 0;
}

static int add_list(
    struct selection *selection, const struct selection_settings *settings, struct error *err)
{
	bool more = is_set(settings->selector);

	if (!settings->all_namespaces &&
	    strings_append(&selection->namespaces, settings->namespace, err) < 0)
		return -1;
	if (settings->all_secrets && !more)
		return 0;
	selection->selector =
	    string_format(err, "%s%s%s", settings->all_secrets ? "" : SEALED_SELECTOR,
		more && !settings->all_secrets ? "," : "", more ? settings->selector : "");
	return selection->selector ? 0 : -1;
}

int selection_init(
    struct selection *selection, const struct selection_settings *settings, struct error *err)
{
	memset(selection, 0, sizeof(*selection));
	selection->shard = settings->shard;
	if (copy(&selection->data_keys, settings->data_keys, err) < 0)
		return -1;
	return settings->names->count ? add_names(selection, settings, err)
				      : add_list(selection, settings, err);
}

/* "a,b" as well as one after the other: no namespace's name holds a comma. */
static int add_namespaces(struct selection *selection, const char *text, struct error *err)
{
	cleanup_free char *copy = strdup(text);
	char *saved = NULL;

	if (!copy)
		return error_memory(err);
	for (char *name = strtok_r(copy, ",", &saved); name; name = strtok_r(NULL, ",", &saved)) {
		if (!kube_valid_namespace(name))
			return error_set(
			    err, ERROR_USAGE, "--i-know-namespaces: \"%s\" is no namespace", name);
		if (!strings_contain(&selection->namespaces, name) &&
		    strings_append(&selection->namespaces, name, err) < 0)
			return -1;
	}
	return 0;
}

int selection_init_whole(
    struct selection *selection, const struct strings *namespaces, struct error *err)
{
	memset(selection, 0, sizeof(*selection));
	for (size_t i = 0; i < namespaces->count; i++)
		if (add_namespaces(selection, namespaces->items[i], err) < 0)
			return -1;
	if (namespaces->count > 0 && selection->namespaces.count == 0)
		return error_set(err, ERROR_USAGE, "--i-know-namespaces: none is named");
	return 0;
}

char *selection_describe(const struct selection *selection, struct error *err)
{
	const struct strings *in = &selection->namespaces;
	const char *which = selection->selector ? selection->selector : "";
	const char *with = selection->selector ? " with label " : "";

	if (selection->names.count)
		return string_format(err, "Secrets named");
	if (in->count == 0)
		return string_format(err, "Secrets%s%s in all namespaces", with, which);
	if (in->count == 1)
		return string_format(err, "Secrets%s%s in namespace %s", with, which, in->items[0]);
	return string_format(err, "Secrets%s%s in %zu namespaces", with, which, in->count);
}

void selection_free(struct selection *selection)
{
	strings_free(&selection->namespaces);
	strings_free(&selection->names);
	strings_free(&selection->data_keys);
	free(selection->selector);
	memset(selection, 0, sizeof(*selection));
}
