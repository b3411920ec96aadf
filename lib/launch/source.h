/*
 * source: where the values of a start come from, and how they are found, decrypted and named.
 *
 * A source is one --secret, one --secret-dir, our own environment, one --from-... option; its kind
 * knows how to read it.  Reading adds values: ciphertext, or plaintext for development.  collect.c
 * decrypts the ciphertext and turns the values into variables.  Internal to lib/launch.
 */
#ifndef LAUNCH_SOURCE_H
#define LAUNCH_SOURCE_H

#include "lib/launch/launch.h"
#include "lib/sealed/sealed.h"
#include "lib/sealed/variables.h"

/* The most bytes of a file of plaintext or of a mounted Secret: as many as a Secret can hold. */
#define SOURCE_FILE_BYTES_MAX KUBE_SECRET_BYTES_MAX

/* -- names ------------------------------------------------------------------------------------ */

/* Return whether the filter accepts a value of this name: of a data key, member or variable. */
bool source_filter_accepts(const struct source_filter *filter, const char *name)
    __attribute__((nonnull));

/* Return whether the filter has any pattern, so that values may be excluded. */
bool source_filter_has_patterns(const struct source_filter *filter) __attribute__((nonnull));

/*
 * Return whether the value of this data key is a JSON object whose members are the values: as
 * --document decides, else `otherwise`.
 */
bool source_filter_is_document(const struct source_filter *filter, const char *data_key,
    bool otherwise) __attribute__((nonnull));

/*
 * Return the name of the variable for a value of this name: in upper case (ASCII), sanitized, then
 * prefixed.  Sanitizing puts '_' before a digit at the start.  Newly allocated; NULL on error.
 */
char *source_filter_apply(const struct source_filter *filter, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* An object of the Kubernetes API in an option's argument.  All owned; NULL: not given. */
struct source_ref {
	char *namespace;
	char *name;
	char *key;	/* a data key, or the prefix */
	char *variable; /* never "" */
};

/* Parse [NS/]NAME[:KEY[=VARIABLE]].  ERROR_USAGE names the option. */
int source_ref_parse(struct source_ref *ref, const char *option, const char *text,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Parse [NS/]NAME[:PREFIX]; the prefix is any text, stored as the key. */
int source_ref_parse_prefix(struct source_ref *ref, const char *option, const char *text,
    struct error *err) __attribute__((nonnull, warn_unused_result));

void source_ref_free(struct source_ref *ref) __attribute__((nonnull));

/* -- contexts --------------------------------------------------------------------------------- */

/*
 * The Secret that a value was sealed for, where the value has no annotations: in our own
 * environment and in mounted volumes (--bound-to and --scope).
 */
struct source_context {
	enum sealed_scope scope;    /* SEALED_UNBOUND: neither option is given */
	struct source_ref *secrets; /* `key` is the prefix */
	size_t count;
	char *namespace; /* the default; NULL: not known */
};

/*
 * Parse the options.  The default namespace is that of the Kubernetes settings, else the pod's.
 * ERROR_USAGE for an invalid name or scope.
 */
int source_context_init(struct source_context *context, const struct launch_settings *settings,
    struct error *err) __attribute__((nonnull, warn_unused_result));
void source_context_free(struct source_context *context) __attribute__((nonnull));

/*
 * Set *text to the context of the value called `name`, in base64 and newly allocated, or to NULL
 * if values are not bound.  The Secret is the one whose PREFIX is the longest that the name begins
 * with; the rest of the name is the data key.  ERROR_USAGE when no PREFIX fits, or the namespace
 * is not known.
 */
int source_context_find(const struct source_context *context, const char *name, char **text,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* -- values and sources ----------------------------------------------------------------------- */

struct source;
struct source_list;

enum source_resource { API_NONE, API_SECRET, API_CONFIG_MAP };

struct source_kind {
	const char *option;	       /* "--secret"; NULL: our own environment */
	enum source_resource resource; /* API_NONE: on this machine */
	bool plaintext;		       /* requires --allow-plaintext */
	/* Add the values to source->values.  An API object has been fetched before. */
	int (*read)(struct source *source, const struct source_list *list, struct error *err);
	/* Advice when Vault cannot decrypt a value, with a context and without; or NULL. */
	const char *hint_bound, *hint_unbound;
};

extern const struct source_kind source_document;    /* --from-document FILE */
extern const struct source_kind source_env_file;    /* --from-env-file FILE */
extern const struct source_kind source_plain;	    /* --from-secret */
extern const struct source_kind source_config_map;  /* --from-config-map */
extern const struct source_kind source_definition;  /* --definition FILE */
extern const struct source_kind source_environment; /* our own, decrypted in place */
extern const struct source_kind source_directory;   /* --secret-dir DIR */
extern const struct source_kind source_secret;	    /* --secret */

/* One value of a source.  All owned but `kind`. */
struct source_value {
	const struct source_kind *kind;
	char *where;		    /* for messages: "Secret demo/app, data key PASSWORD" */
	char *name;		    /* of the data key, the file, the variable */
	char *variable;		    /* the variable's name, whatever the filter does; or NULL */
	bool document;		    /* a JSON object, whose members are the values */
	struct secret_buffer bytes; /* plaintext, unless `sealed` */

	bool sealed; /* ciphertext under transit_key */
	char *transit_key;
	char *context; /* base64; NULL: not bound */
};

struct source {
	const struct source_kind *kind;
	const char *argument;  /* of the option; borrowed */
	struct source_ref ref; /* of an API object */
	size_t object;	       /* its index in the list's source_objects */
	const struct source_object *fetched;
	struct source_value *values;
	size_t count, capacity;
	size_t excluded; /* values that --only and --exclude did not accept */
};

void source_free(struct source *source) __attribute__((nonnull));
/* Remove the values, before the source is read again. */
void source_clear(struct source *source) __attribute__((nonnull));

/*
 * Add a value and return it, or NULL.  `name` is copied; `where` is taken over, and NULL if making
 * it failed.  Valid until the next one is added.
 */
struct source_value *source_add(struct source *source, const char *name, char *where,
    struct error *err) __attribute__((nonnull(1, 2, 4), warn_unused_result));

/*
 * Set the value to ciphertext.  ERROR_USAGE without a Transit key, ERROR_INVALID for text that is
 * not ciphertext; the message names the value.
 */
int source_value_set_ciphertext(struct source_value *value, const char *bytes, size_t length,
    const char *transit_key, struct error *err)
    __attribute__((nonnull(1, 2, 5), warn_unused_result));

/* Set the value to plaintext; *bytes is moved.  Ciphertext is refused. */
int source_value_set_plaintext(struct source_value *value, struct secret_buffer *bytes,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Return whether to add a value of this name; count it as excluded if not. */
bool source_accepts(struct source *source, const struct source_filter *filter, const char *name)
    __attribute__((nonnull));

/* Move the values to *variables under their names; of documents, the members. */
int source_move_values(struct source *source, const struct source_filter *filter,
    struct variables *variables, struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Return whether ciphertext in our own environment variable `name` is decrypted, so that the
 * application does not get the ciphertext.
 */
bool source_decrypts_variable(const struct source_filter *filter, const char *name)
    __attribute__((nonnull));

/*
 * Convert YAML to JSON in place; JSON stays as it is.  `title` is for messages, which contain the
 * position, never the text.  ERROR_INVALID if the text is neither.
 */
int source_document_to_json(struct secret_buffer *text, const char *title, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* -- objects of the Kubernetes API ------------------------------------------------------------ */

/* A Secret or a ConfigMap, as `resource` selects; filled once it has been read. */
struct source_object {
	enum source_resource resource;
	char *namespace, *name;
	struct http_exchange exchange;
	struct kube_secret secret;
	struct kube_config_map config_map;
};

/* The objects that the sources name, each read once. */
struct source_objects {
	struct source_object *items;
	size_t count;
};

/*
 * Prepare the exchange that reads an object, unless the list has it already; *index is its place.
 * `namespace` NULL: the default of `kube`.
 */
int source_objects_add(struct source_objects *objects, struct kube *kube,
    enum source_resource resource, const char *namespace, const char *name, size_t *index,
    struct error *err) __attribute__((nonnull(1, 2, 5, 6, 7), warn_unused_result));

/* Parse the responses, after all exchanges have run. */
int source_objects_result(struct source_objects *objects, struct error *err)
    __attribute__((nonnull, warn_unused_result));

void source_objects_free(struct source_objects *objects) __attribute__((nonnull));

/* -- the list of sources, and their variables ------------------------------------------------- */

/* All sources of a start. */
struct source_list {
	const struct launch_settings *settings; /* borrowed */
	bool quiet;				/* no warnings */
	struct source *items;			/* the weakest first */
	size_t count;
	struct source_context context;
	struct kube kube; /* zeroed if no source needs it */
	struct source_objects objects;
};

/*
 * List the sources, read those on this machine, and prepare the exchanges for the others, which the
 * caller runs before source_list_finish.  `deadline_ms` (CLOCK_MONOTONIC) ends an exec plugin.
 * Free *list after a failure too.  ERROR_USAGE: plaintext that is not allowed, or no source.
 */
int source_list_open(struct source_list *list, const struct launch_settings *settings,
    int64_t deadline_ms, bool quiet, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Parse the responses of the exchanges into values, and free them. */
int source_list_finish(struct source_list *list, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Return whether any value is sealed, or may be.  After source_list_open. */
bool source_list_needs_vault(const struct source_list *list) __attribute__((nonnull));

void source_list_free(struct source_list *list) __attribute__((nonnull));

/*
 * Read all sources, decrypt, and fill *variables, all within the time limit of the settings.  The
 * Vault token is revoked before this returns, also after a failure.
 */
int collect(const struct launch_settings *settings, struct variables *variables, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Set *digest to the SHA-256 of the sources' values (source, data key, ciphertext), without a login
 * to Vault, to detect changes.
 */
#define COLLECT_DIGEST_SIZE 32
int collect_fingerprint(const struct launch_settings *settings, uint8_t digest[COLLECT_DIGEST_SIZE],
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Identify the values that an application was started with, without containing them. */
struct collect_digests {
	uint8_t ciphertext[COLLECT_DIGEST_SIZE];
	uint8_t plaintext[VARIABLES_DIGEST_SIZE]; /* keyed: the key never leaves the process tree */
};

/*
 * Collect the variables.  With a key of VARIABLES_DIGEST_SIZE bytes, set *digests too; that of the
 * ciphertext first, so that a change during collect is detected afterwards.
 */
int collect_with_digests(const struct launch_settings *settings, const uint8_t *key,
    struct collect_digests *digests, struct variables *variables, struct error *err)
    __attribute__((nonnull(1, 3, 4, 5), warn_unused_result));

#endif
