/*
 * binding: which Secret a value was sealed for, where the value itself does not say it: in our own
 * environment and in mounted volumes (--bound-to and --scope).
 */
#ifndef LAUNCH_BINDING_H
#define LAUNCH_BINDING_H

#include "lib/launch/reference.h"
#include "lib/launch/sources.h"
#include "lib/sealed/sealed.h"

struct binding {
	enum sealed_scope scope;   /* SEALED_UNBOUND: neither option is given */
	struct reference *secrets; /* `key` is the prefix */
	size_t count;
	char *namespace; /* the default one; NULL: not known */
};

/*
 * The default namespace is `namespace` (NULL or "": not given), else the pod's own.  ERROR_USAGE: a
 * name or a scope that is none.
 */
int binding_init(struct binding *binding, const struct source_settings *settings,
    const char *namespace, const char *service_account_directory, struct error *err)
    __attribute__((nonnull(1, 2, 5), warn_unused_result));
void binding_free(struct binding *binding) __attribute__((nonnull));

/*
 * The context of the value called `name`: base64, newly allocated; NULL where nothing is bound.
 * The Secret is the one with the longest PREFIX that the name begins with, the data key the rest.
 * ERROR_USAGE: none fits, or it is not known in which namespace.
 */
int binding_context(const struct binding *binding, const char *name, char **context,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* What to do when Vault can't decrypt such a value, with a context and without. */
#define BINDING_HINT_BOUND                                                                         \
	"is it sealed for the Secret and data key that --bound-to says, or garbled?"
#define BINDING_HINT_UNBOUND                                                                       \
	"the key binds it to the Secret that it was sealed for: name that with --bound-to "        \
	"[NAMESPACE/]NAME"

#endif
