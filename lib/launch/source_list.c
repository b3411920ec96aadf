/* source_list: all sources of a start, from the options to their values. */
#include <stdlib.h>
#include <string.h>

#include "lib/launch/source.h"

void source_list_free(struct source_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		source_free(&list->items[i]);
	free(list->items);
	source_context_free(&list->context);
	source_objects_free(&list->objects);
	kube_free(&list->kube);
	memset(list, 0, sizeof(*list));
}

static int list_add(struct source_list *list, const struct source_kind *kind, const char *argument,
    struct error *err)
{
	struct source *source = &list->items[list->count++];

	*source = (struct source){.kind = kind, .argument = argument};
	if (kind->plaintext && !list->settings->sources.allow_plaintext)
		return error_set(err, ERROR_USAGE,
		    "%s %s: not sealed; for development, pass --allow-plaintext", kind->option,
		    argument);
	if (kind->resource == API_NONE)
		return 0;
	return source_ref_parse(&source->ref, kind->option, argument, err);
}

/* List the sources that options name, and our own environment. */
static int list_fill(struct source_list *list, struct error *err)
{
	const struct launch_settings *settings = list->settings;
	char *definition = (char *)settings->sources.definition, *none = NULL;
	struct strings env_files = {NULL, 0};

	/*
	 * A definition selects variables of the .env files, so the files themselves are not
	 * sources.
	 */
	if (!definition)
		env_files = settings->sources.env_files;
	const struct {
		const struct source_kind *kind;
		struct strings arguments;
	} kinds[] = {
	    {&source_document, settings->sources.documents},
	    {&source_env_file, env_files},
	    {&source_plain, settings->sources.plain_secrets},
	    {&source_config_map, settings->sources.config_maps},
	    {&source_definition, {&definition, definition != NULL}},
	    {&source_environment, {&none, 1}},
	    {&source_directory, settings->sources.directories},
	    {&source_secret, settings->sources.secrets},
	};
	size_t count = 0, kind_count = sizeof(kinds) / sizeof(kinds[0]);

	for (size_t i = 0; i < kind_count; i++)
		count += kinds[i].arguments.count;
	list->items = calloc(count, sizeof(*list->items));
	if (!list->items)
		return error_memory(err);
	for (size_t i = 0; i < kind_count; i++)
		for (size_t k = 0; k < kinds[i].arguments.count; k++)
			if (list_add(list, kinds[i].kind, kinds[i].arguments.items[k], err) < 0)
				return -1;
	return 0;
}

/* Read the local sources. */
static int list_read_local(struct source_list *list, struct error *err)
{
	for (size_t i = 0; i < list->count; i++) {
		struct source *source = &list->items[i];
		if (source->kind->resource == API_NONE && source->kind->read(source, list, err) < 0)
			return -1;
	}
	return 0;
}

static int list_prepare_objects(struct source_list *list, int64_t deadline_ms, struct error *err)
{
	struct kube_settings api = list->settings->kube;

	api.deadline_ms = deadline_ms;
	for (size_t i = 0; i < list->count; i++) {
		struct source *source = &list->items[i];
		if (source->kind->resource == API_NONE)
			continue;
		if (!list->kube.namespace && kube_init(&list->kube, &api, err) < 0)
			return -1;
		if (source_objects_add(&list->objects, &list->kube, source->kind->resource,
			&source->ref, &source->object, err) < 0)
			return -1;
	}
	return 0;
}

/* Return whether no option names a source, and our own environment has no values. */
static bool list_is_empty(const struct source_list *list)
{
	const struct source *first = &list->items[0];

	return list->count == 1 && first->count == 0 && first->excluded == 0;
}

int source_list_open(struct source_list *list, const struct launch_settings *settings,
    int64_t deadline_ms, bool quiet, struct error *err)
{
	*list = (struct source_list){.settings = settings, .quiet = quiet};
	if (list_fill(list, err) < 0 || source_context_init(&list->context, settings, err) < 0 ||
	    list_read_local(list, err) < 0)
		return -1;
	if (list_is_empty(list))
		return error_set(err, ERROR_USAGE,
		    "nothing to decrypt; name a Secret with --secret, or pass one by envFrom");
	return list_prepare_objects(list, deadline_ms, err);
}

int source_list_finish(struct source_list *list, struct error *err)
{
	if (source_objects_result(&list->objects, err) < 0)
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		struct source *source = &list->items[i];
		if (source->kind->resource == API_NONE)
			continue;
		source->fetched = &list->objects.items[source->object];
		if (!source->fetched->absent && source->kind->read(source, list, err) < 0)
			return -1;
	}
	source_objects_free(&list->objects);
	return 0;
}

bool source_list_needs_vault(const struct source_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct source *source = &list->items[i];
		if (source->kind == &source_secret ||
		    (source->count && source->values[0].form != SOURCE_PLAINTEXT))
			return true;
	}
	return false;
}
