/*
 * source: one place that values come from, and what was found there.
 *
 * A source is one --secret, one --secret-dir, our own environment, one --from-...; its kind says
 * how it is read.  What is found becomes a list of values: ciphertext, which decrypt.h turns into
 * plaintext, or plaintext for development.  At last each value, or each member of a document, gets
 * its name and becomes a variable.
 */
#ifndef LAUNCH_SOURCE_H
#define LAUNCH_SOURCE_H

#include "lib/launch/api_object.h"
#include "lib/launch/binding.h"
#include "lib/launch/reference.h"
#include "lib/launch/sources.h"
#include "lib/sealed/variables.h"

/* What is common to the sources of one start; all borrowed. */
struct source_context {
	const struct source_settings *settings;
	const struct naming *naming;
	const struct binding *binding;
	bool quiet; /* no warnings: they have been given at the start */
};

struct source;

struct source_kind {
	const char *option;	    /* "--secret"; NULL: our own environment */
	enum api_resource resource; /* API_NONE: on this machine */
	bool plaintext;		    /* nobody has sealed it: needs --allow-plaintext */
	/* Add what is there to source->values.  An API object has been fetched before. */
	int (*read)(struct source *source, const struct source_context *context, struct error *err);
	/* What to do when Vault can't decrypt a value, by whether it has a context; or NULL. */
	const char *hint_bound, *hint_unbound;
};

/* One value as the source has it.  All owned but `kind`. */
struct source_value {
	const struct source_kind *kind;
	char *where;		    /* for messages: "Secret demo/app, data key PASSWORD" */
	char *name;		    /* of the data key, the file, the variable */
	char *variable;		    /* the name it gets whatever the naming says; NULL: none */
	bool document;		    /* the members of a JSON object are the values */
	struct secret_buffer bytes; /* plaintext, once it is no longer `sealed` */

	bool sealed; /* ciphertext under */
	char *transit_key;
	char *context; /* base64; NULL: not bound */
};

struct source {
	const struct source_kind *kind;
	const char *argument;	    /* of the option; borrowed */
	struct reference reference; /* of an API object */
	size_t object;		    /* its place among the api_objects */
	const struct api_object *fetched;
	struct source_value *values;
	size_t count, capacity;
	size_t left_out; /* values that --only and --exclude did not take */
};

void source_free(struct source *source) __attribute__((nonnull));
/* Drop what was found: it will be read anew. */
void source_forget(struct source *source) __attribute__((nonnull));

/*
 * A new value, or NULL: `name` is copied, `where` is taken over and may be NULL after a failure to
 * make it.  Valid until the next one.
 */
struct source_value *source_add(struct source *source, const char *name, char *where,
    struct error *err) __attribute__((nonnull(1, 2, 4), warn_unused_result));

/*
 * Make it ciphertext; `transit_key` NULL and text that is no ciphertext are errors that name the
 * value.
 */
int source_value_seal(struct source_value *value, const char *bytes, size_t length,
    const char *transit_key, struct error *err)
    __attribute__((nonnull(1, 2, 5), warn_unused_result));

/* Make it plaintext; *bytes is taken over.  Ciphertext is refused. */
int source_value_take(struct source_value *value, struct secret_buffer *bytes, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* True when a value of this name is to be added; counts those that are not. */
bool source_takes(struct source *source, const struct source_context *context, const char *name)
    __attribute__((nonnull));

/* Move the values to *variables, under the names that they get; documents by their members. */
int source_name_values(struct source *source, const struct naming *naming,
    struct variables *variables, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
