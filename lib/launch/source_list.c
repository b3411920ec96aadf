#include "lib/launch/source_list.h"

#include <stdlib.h>
#include <string.h>

#include "lib/launch/source_kinds.h"

void source_list_free(struct source_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		source_free(&list->items[i]);
	free(list->items);
	binding_free(&list->binding);
	api_objects_free(&list->objects);
	kube_free(&list->kube);
	memset(list, 0, sizeof(*list));
}

static int add_source(struct source_list *list, const struct source_kind *kind,
    const char *argument, struct error *err)
{
	struct source *source = &list->items[list->count++];

	*source = (struct source){.kind = kind, .argument = argument};
	if (kind->plaintext && !list->context.settings->allow_plaintext)
		return error_set(err, ERROR_USAGE,
		    "%s %s: nobody has sealed what it holds, and plaintext is for development: if "
		    "it is meant, --allow-plaintext",
		    kind->option, argument);
	if (kind->resource == API_NONE)
		return 0;
	return reference_parse(&source->reference, kind->option, argument, err);
}

static int add_sources(struct source_list *list, const struct source_kind *kind,
    const struct strings *arguments, struct error *err)
{
	for (size_t i = 0; i < arguments->count; i++)
		if (add_source(list, kind, arguments->items[i], err) < 0)
			return -1;
	return 0;
}

static int add_plaintext(
    struct source_list *list, const struct source_settings *settings, struct error *err)
{
	const char *definition = settings->definition;

	if (add_sources(list, &document_source, &settings->documents, err) < 0)
		return -1;
	/* A definition takes what it names from the .env files, and nothing else is taken. */
	if (!definition && add_sources(list, &env_file_source, &settings->env_files, err) < 0)
		return -1;
	if (add_sources(list, &plain_secret_source, &settings->plain_secrets, err) < 0 ||
	    add_sources(list, &config_map_source, &settings->config_maps, err) < 0)
		return -1;
	return definition ? add_source(list, &definition_source, definition, err) : 0;
}

static int add_sealed(
    struct source_list *list, const struct source_settings *settings, struct error *err)
{
	if (add_source(list, &environment_source, NULL, err) < 0 ||
	    add_sources(list, &directory_source, &settings->directories, err) < 0)
		return -1;
	return add_sources(list, &secret_source, &settings->secrets, err);
}

static int make_room(
    struct source_list *list, const struct source_settings *settings, struct error *err)
{
	/* The definition and our own environment come once. */
	size_t count = 2 + settings->documents.count + settings->env_files.count +
		       settings->plain_secrets.count + settings->config_maps.count +
		       settings->directories.count + settings->secrets.count;

	list->items = calloc(count, sizeof(*list->items));
	return list->items ? 0 : error_memory(err);
}

static int read_here(struct source_list *list, struct error *err)
{
	for (size_t i = 0; i < list->count; i++) {
		struct source *source = &list->items[i];
		if (source->kind->resource == API_NONE &&
		    source->kind->read(source, &list->context, err) < 0)
			return -1;
	}
	return 0;
}

static int prepare_objects(
    struct source_list *list, const struct kube_settings *settings, struct error *err)
{
	for (size_t i = 0; i < list->count; i++) {
		struct source *source = &list->items[i];
		if (source->kind->resource == API_NONE)
			continue;
		if (!list->kube.namespace && kube_init(&list->kube, settings, err) < 0)
			return -1;
		if (api_objects_add(&list->objects, &list->kube, source->kind->resource,
			source->reference.namespace, source->reference.name, &source->object,
			err) < 0)
			return -1;
	}
	return 0;
}

/* No option names a source, and our own environment holds no ciphertext. */
static bool is_empty(const struct source_list *list)
{
	const struct source *first = &list->items[0];

	return list->count == 1 && first->count == 0 && first->left_out == 0;
}

int source_list_open(
    struct source_list *list, const struct source_list_settings *settings, struct error *err)
{
	const struct source_settings *sources = settings->sources;
	const struct kube_settings *kube = settings->kube;

	memset(list, 0, sizeof(*list));
	list->context =
	    (struct source_context){sources, settings->naming, &list->binding, settings->quiet};
	if (make_room(list, sources, err) < 0 || add_plaintext(list, sources, err) < 0 ||
	    add_sealed(list, sources, err) < 0)
		return -1;
	if (binding_init(&list->binding, sources, kube->namespace, kube->service_account_directory,
		err) < 0 ||
	    read_here(list, err) < 0)
		return -1;
	if (is_empty(list))
		return error_set(err, ERROR_USAGE,
		    "nothing to decrypt: name a Secret with --secret, or pass one by envFrom");
	return prepare_objects(list, kube, err);
}

int source_list_finish(struct source_list *list, struct error *err)
{
	if (api_objects_result(&list->objects, err) < 0)
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		struct source *source = &list->items[i];
		if (source->kind->resource == API_NONE)
			continue;
		source->fetched = &list->objects.items[source->object];
		if (source->kind->read(source, &list->context, err) < 0)
			return -1;
	}
	api_objects_free(&list->objects);
	return 0;
}

static bool may_be_sealed(const struct source *source)
{
	if (source->kind == &secret_source)
		return true;
	return source->count && source->values[0].sealed;
}

bool source_list_needs_vault(const struct source_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (may_be_sealed(&list->items[i]))
			return true;
	return false;
}

bool source_list_has_plaintext(const struct source_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].kind->plaintext)
			return true;
	return false;
}
