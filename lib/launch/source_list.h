/*
 * source_list: all sources of one start, from the options to the values that they hold.
 *
 * It is filled in two steps, so that the caller can run the reads of the Kubernetes API beside
 * other exchanges: source_list_open, run objects' exchanges, source_list_finish.
 */
#ifndef LAUNCH_SOURCE_LIST_H
#define LAUNCH_SOURCE_LIST_H

#include "lib/launch/source.h"

/* All borrowed. */
struct source_list_settings {
	const struct source_settings *sources;
	const struct naming *naming;
	const struct kube_settings *kube;
	bool quiet; /* no warnings */
};

struct source_list {
	struct source *items; /* in the order of precedence, weakest first */
	size_t count;
	struct source_context context;
	struct binding binding;
	struct kube kube; /* zeroed where no source needs it */
	struct api_objects objects;
};

/*
 * List the sources, read what is on this machine, and prepare the exchanges for the rest.  *list is
 * to be freed after a failure too.  ERROR_USAGE: plaintext that is not allowed, or no source at
 * all.
 */
int source_list_open(struct source_list *list, const struct source_list_settings *settings,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Read the answers of the exchanges, and free them. */
int source_list_finish(struct source_list *list, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Whether any value is sealed, or may be.  After source_list_open. */
bool source_list_needs_vault(const struct source_list *list) __attribute__((nonnull));
/* Whether any source is plaintext, for development. */
bool source_list_has_plaintext(const struct source_list *list) __attribute__((nonnull));

void source_list_free(struct source_list *list) __attribute__((nonnull));

#endif
