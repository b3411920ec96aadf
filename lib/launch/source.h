/*
 * source: the sources of a start, and how their values are found, decrypted and named.
 *
 * A source is one --secret, --secret-dir or --from-... option, or our own environment.  Its kind
 * contains the function that reads it.  Reading adds values: ciphertext, references to KV, or
 * plaintext for development.  Then collect.c decrypts the ciphertext, reads what the references
 * name, and turns the values into variables.  Internal to lib/launch.
 */
#ifndef LAUNCH_SOURCE_H
#define LAUNCH_SOURCE_H

#include "lib/launch/launch.h"
#include "lib/sealed/sealed.h"
#include "lib/sealed/variables.h"
#include "lib/vault/kv.h"

/* The maximum size of a plaintext file or a mounted file: the most bytes that a Secret can hold. */
#define SOURCE_FILE_BYTES_MAX KUBE_SECRET_BYTES_MAX

/* -- names ------------------------------------------------------------------------------------ */

/* Return whether the filter accepts the name of a data key, member or variable. */
bool source_filter_accepts(const struct source_filter *filter, const char *name)
    __attribute__((nonnull));

/* Return whether the filter has patterns, which may exclude values. */
bool source_filter_has_patterns(const struct source_filter *filter) __attribute__((nonnull));

/*
 * Return whether the value of this data key is a JSON object whose members are the values.
 * --document decides this; without it, return `otherwise`.
 */
bool source_filter_is_document(const struct source_filter *filter, const char *data_key,
    bool otherwise) __attribute__((nonnull));

/*
 * Return the variable's name for a value with this name: in upper case (ASCII), sanitized, then
 * prefixed, as set in the filter.  Sanitizing adds '_' before a digit at the start.  Newly
 * allocated; NULL on error.
 */
char *source_filter_apply(const struct source_filter *filter, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* An object of the Kubernetes API, from the argument of an option.  All owned; NULL: not given. */
struct source_ref {
	char *namespace;
	char *name;
	char *key;	/* a data key, or the prefix */
	char *variable; /* never "" */
	bool optional;	/* NAME?: the object need not exist */
};

/* Parse [NS/]NAME[?][:KEY[=VARIABLE]].  ERROR_USAGE, with a message that names the option. */
int source_ref_parse(struct source_ref *ref, const char *option, const char *text,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Parse [NS/]NAME[:PREFIX]; the prefix is any text, stored as the key. */
int source_ref_parse_prefix(struct source_ref *ref, const char *option, const char *text,
    struct error *err) __attribute__((nonnull, warn_unused_result));

void source_ref_free(struct source_ref *ref) __attribute__((nonnull));

/* -- contexts --------------------------------------------------------------------------------- */

/*
 * The Secrets that values were sealed for, if the values have no annotations: in our own
 * environment and in mounted volumes (--bound-to and --scope).
 */
struct source_context {
	enum sealed_scope scope;    /* SEALED_UNBOUND if neither option is given */
	struct source_ref *secrets; /* `key` is the prefix */
	size_t count;
	char *namespace; /* the default; NULL: unknown */
};

/*
 * Parse the options.  The default namespace is from the Kubernetes settings, else the pod's
 * namespace.  ERROR_USAGE for an invalid name or scope.
 */
int source_context_init(struct source_context *context, const struct launch_settings *settings,
    struct error *err) __attribute__((nonnull, warn_unused_result));
void source_context_free(struct source_context *context) __attribute__((nonnull));

/*
 * Set *text to the context of the value `name`, in base64 and newly allocated, or to NULL if values
 * are not bound.  Choose the Secret whose PREFIX is the longest at the start of the name; the rest
 * of the name is the data key.  ERROR_USAGE if no PREFIX fits, or the namespace is unknown.
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
	/* Add the values to source->values.  An API object has already been fetched. */
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

/* The form of a value's bytes: ciphertext and references are replaced by their plaintext. */
enum source_form { SOURCE_PLAINTEXT, SOURCE_CIPHERTEXT, SOURCE_REFERENCE };

/* One value of a source.  All owned, except `kind`. */
struct source_value {
	const struct source_kind *kind;
	char *where;	/* for messages: "Secret demo/app, data key PASSWORD" */
	char *name;	/* name of the data key, file or variable */
	char *variable; /* the variable's name, if it is not filtered; or NULL */
	bool document;	/* a JSON object, whose members are the values */
	struct secret_buffer bytes;
	enum source_form form;

	/* Of ciphertext. */
	char *transit_key;
	char *context; /* base64; NULL: not bound */

	struct kv_ref ref; /* of a reference; its key is not NULL */
};

struct source {
	const struct source_kind *kind;
	const char *argument;  /* of the option, borrowed; NULL: our own environment */
	struct source_ref ref; /* of an API object, from the argument */
	size_t object;	       /* its index in the list's source_objects */
	const struct source_object *fetched;
	struct source_value *values;
	size_t count, capacity;
	size_t excluded; /* number of values that --only and --exclude excluded */
};

void source_free(struct source *source) __attribute__((nonnull));
/* Remove the values, before the source is read again. */
void source_clear(struct source *source) __attribute__((nonnull));

/*
 * Add a value and return it, or NULL on error.  `name` is copied.  `where` becomes owned; NULL
 * means that the caller failed to allocate it.  The pointer is valid until the next value is added.
 */
struct source_value *source_add(struct source *source, const char *name, char *where,
    struct error *err) __attribute__((nonnull(1, 2, 4), warn_unused_result));

/*
 * Set the value to ciphertext.  ERROR_USAGE without a Transit key, ERROR_INVALID if the text is not
 * ciphertext.  The message names the value.
 */
int source_value_set_ciphertext(struct source_value *value, const char *bytes, size_t length,
    const char *transit_key, struct error *err)
    __attribute__((nonnull(1, 2, 5), warn_unused_result));

/*
 * Set the value to a reference, for which source_kv_is_reference returns true.  ERROR_USAGE for
 * references of vault-env that are not supported, such as templates.  The message names the value.
 */
int source_value_set_reference(struct source_value *value, const char *text, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Set the value to plaintext, and move *bytes to it.  ERROR_INVALID for ciphertext. */
int source_value_set_plaintext(struct source_value *value, struct secret_buffer *bytes,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Return whether to add a value with this name.  If not, count it as excluded. */
bool source_accepts(struct source *source, const struct source_filter *filter, const char *name)
    __attribute__((nonnull));

/* Move the values, or the members of documents, to *variables under the variables' names. */
int source_move_values(struct source *source, const struct source_filter *filter,
    struct variables *variables, struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Return whether a variable of our own environment, ciphertext or a reference, is replaced by its
 * plaintext.  If so, the application does not get `text`.
 */
bool source_replaces_variable(const struct source_filter *filter, const char *name,
    const char *text) __attribute__((nonnull));

/*
 * Convert YAML to JSON in place; JSON is unchanged.  `title` is for messages, which contain the
 * position but never the text.  ERROR_INVALID if the text is neither.
 */
int source_document_to_json(struct secret_buffer *text, const char *title, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* -- secrets of KV engines -------------------------------------------------------------------- */

/*
 * Return whether the text of a variable is a reference, also one that is not supported or not well
 * formed: "vault:" with a '#', or with a path but no port after it; ">>vault:"; or
 * "${vault:...#...}" within it.  Ciphertext is not a reference.
 */
bool source_kv_is_reference(const char *text) __attribute__((nonnull));

/* A secret, and the values that refer to its path and version, in the order of their keys. */
struct source_kv_secret {
	struct source_value **values; /* borrowed */
	size_t value_count;
	struct http_exchange exchange;
};

/* The secrets that values refer to.  Each path and version is read only once. */
struct source_kv {
	struct source_kv_secret *items;
	size_t count, started, ended;
};

/*
 * List the secrets that the values refer to, and sort the values, which must live as long as the
 * list.  Call source_kv_free after a failure too.
 */
int source_kv_init(struct source_kv *kv, struct source_value **values, size_t count,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Start the requests.  They run while the caller runs other exchanges of the client. */
int source_kv_start(struct source_kv *kv, struct http_client *client, struct vault *vault,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Replace each reference by its plaintext, in the order of the responses.  End at the first error,
 * whose message names a value that refers to the path.  No other exchange may run.
 */
int source_kv_finish(struct source_kv *kv, struct http_client *client, struct vault *vault,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* End the requests that still run. */
void source_kv_free(struct source_kv *kv, struct http_client *client) __attribute__((nonnull));

/* -- objects of the Kubernetes API ------------------------------------------------------------ */

/* A Secret or a ConfigMap, depending on `resource`; empty until it has been read. */
struct source_object {
	enum source_resource resource;
	bool optional; /* it need not exist */
	bool absent;   /* it is optional, and does not exist */
	char *namespace, *name;
	struct http_exchange exchange;
	struct kube_secret secret;
	struct kube_config_map config_map;
};

/* The objects that the sources need.  Each is read only once. */
struct source_objects {
	struct source_object *items;
	size_t count;
};

/*
 * Prepare the exchange that reads an object, unless the list already contains the object.  Set
 * *index to its place.  The default namespace is that of `kube`.  An object is optional if all
 * references to it are.
 */
int source_objects_add(struct source_objects *objects, struct kube *kube,
    enum source_resource resource, const struct source_ref *ref, size_t *index, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Parse the responses, after all exchanges have run.  Mark optional objects that are absent. */
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
 * List the sources, read the local sources, and prepare the exchanges of API sources.  The caller
 * runs the exchanges before source_list_finish.  `deadline_ms` (CLOCK_MONOTONIC) is the time limit
 * of an exec plugin.  Call source_list_free after a failure too.  ERROR_USAGE if plaintext is not
 * allowed, or there are no sources.
 */
int source_list_open(struct source_list *list, const struct launch_settings *settings,
    int64_t deadline_ms, bool quiet, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Parse the responses into values, and free the objects. */
int source_list_finish(struct source_list *list, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Return whether any value is sealed, or may be.  Call it after source_list_open. */
bool source_list_needs_vault(const struct source_list *list) __attribute__((nonnull));

void source_list_free(struct source_list *list) __attribute__((nonnull));

/* -- the User-Agent --------------------------------------------------------------------------- */

/* The maximum length: a server's log line stays readable, and no proxy rejects the header. */
#define USER_AGENT_BYTES_MAX 256

/*
 * Return "PROGRAM (NAMESPACE/POD; NAMESPACE/SECRET, NAMESPACE/SECRET)", newly allocated, or NULL on
 * error.  Invalid names of the pod and its namespace are omitted, as is NULL.  A long pod name is
 * cut, and Secrets that do not fit are counted: ", +3".
 */
char *user_agent_format(const char *program, const char *namespace, const char *pod,
    const struct source_objects *objects, struct error *err)
    __attribute__((nonnull(1, 4, 5), warn_unused_result));

/*
 * Return the User-Agent of a start, newly allocated, or NULL on error.  The pod is from the
 * environment and the service account's directory, the Secrets are the objects of the list.
 */
char *user_agent_of_start(const struct source_list *list, const char *program, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Read all sources, decrypt their values, and fill *variables, within the time limit of the
 * settings.  The Vault token is revoked before the return, also after a failure.
 */
int collect(const struct launch_settings *settings, struct variables *variables, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Set *digest to the SHA-256 of the sources' values (source, data key, ciphertext), to detect
 * changes without a login to Vault.
 */
#define COLLECT_DIGEST_SIZE 32
int collect_fingerprint(const struct launch_settings *settings, uint8_t digest[COLLECT_DIGEST_SIZE],
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Digests that identify the values of an application without containing them. */
struct collect_digests {
	uint8_t ciphertext[COLLECT_DIGEST_SIZE];
	uint8_t plaintext[VARIABLES_DIGEST_SIZE]; /* keyed; the key never leaves the process tree */
};

/*
 * Collect the variables.  If `key` (VARIABLES_DIGEST_SIZE bytes) is not NULL, also set *digests.
 * The digest of the ciphertext is made first, so that a change during collect is detected later.
 */
int collect_with_digests(const struct launch_settings *settings, const uint8_t *key,
    struct collect_digests *digests, struct variables *variables, struct error *err)
    __attribute__((nonnull(1, 3, 4, 5), warn_unused_result));

#endif
