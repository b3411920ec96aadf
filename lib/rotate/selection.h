/* selection: which Secrets a run looks at. */
#ifndef ROTATE_SELECTION_H
#define ROTATE_SELECTION_H

#include "lib/base/strings.h"
#include "lib/rotate/shard.h"

struct selection {
	struct strings namespaces; /* none: all of them */
	struct strings names;	   /* NAMESPACE/NAME: these alone, each read by itself */
	char *selector;		   /* of labels; NULL: every Secret */
	struct strings data_keys;  /* none: every data key */
	struct shard shard;
};

/* As a person says it; all borrowed. */
struct selection_settings {
	const char *namespace; /* the default one: a name without namespace is there */
	bool all_namespaces;
	bool all_secrets;	     /* not only those with the label */
	const char *selector;	     /* of labels, in addition */
	const struct strings *names; /* [NAMESPACE/]NAME */
	const struct strings *data_keys;
	struct shard shard;
};

/* ERROR_USAGE says what excludes what. */
int selection_init(struct selection *selection, const struct selection_settings *settings,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Every Secret of these namespaces; of all where there are none named. */
int selection_init_whole(struct selection *selection, const struct strings *namespaces,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* "namespace demo", "all namespaces", "the Secrets named": newly allocated. */
char *selection_describe(const struct selection *selection, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void selection_free(struct selection *selection) __attribute__((nonnull));

#endif
