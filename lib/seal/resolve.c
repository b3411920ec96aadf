#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/seal/inputs.h"
#include "lib/seal/internal.h"

/* The same length as kustomize's hash suffix. */
#define SUFFIX_RECIPE "10:lower"
#define SUFFIX_LENGTH 11 /* with its '-' */
#define NAME_MAX_LENGTH 253

/*
 * The Secret.
 */

/*
 * Set the name.  An immutable Secret gets a random suffix.  Strictly bound values are sealed for
 * its name, so the name must be known before, and a hash of the plaintext would reveal equal
 * values.
 */
int resolve_name(struct seal_task *task, struct error *err)
{
	cleanup_secret struct secret_buffer suffix = SECRET_BUFFER_INIT;
	const char *name = task->settings->name;
	bool immutable = task->settings->immutable;

	if (immutable && inputs_generate(SUFFIX_RECIPE, &suffix, err) < 0)
		return -1;
	task->name =
	    string_format(err, "%s%s%s", name, immutable ? "-" : "", secret_buffer_string(&suffix));
	if (!task->name)
		return -1;
	if (kube_valid_name(name) && kube_valid_name(task->name))
		return 0;
	return error_set(err, ERROR_USAGE,
	    "\"%s\": not a valid Secret name; use lower-case letters, digits, '-' and '.', up to "
	    "%d, with a letter or digit first and last",
	    name, immutable ? NAME_MAX_LENGTH - SUFFIX_LENGTH : NAME_MAX_LENGTH);
}

/* Return true if the Secret has the label, and all its plaintext is now replaced or removed. */
static bool repairs_plaintext(const struct seal_task *task)
{
	const struct kube_secret *secret = &task->existing;
	const struct seal_changes *changes = task->changes;

	if (!kube_secret_label(secret, SEALED_LABEL))
		return false;
	for (size_t i = 0; i < secret->data_count; i++) {
		const struct kube_entry *entry = &secret->data[i];
		if (!sealed_entry_is_ciphertext(entry) &&
		    !variables_find(&changes->values, entry->key) &&
		    !strings_contain(&changes->unset, entry->key))
			return false;
	}
	return true;
}

/*
 * Reject a Secret that must not be changed.  An unsealed Secret may belong to another application,
 * and a half sealed Secret hides plaintext.
 */
static int check_existing(const struct seal_task *task, struct error *err)
{
	const struct kube_secret *secret = &task->existing;

	if (secret->immutable)
		return error_set(err, ERROR_REJECTED,
		    "Secret %s%s%s: it is immutable; seal a new Secret under another name "
		    "(--immutable makes a new name each time) and use that in the application",
		    KUBE_NAMED(secret));
	if (task->settings->based_on &&
	    strcmp(task->settings->based_on, secret->resource_version) != 0)
		return error_set(err, ERROR_CONFLICT, "Secret %s%s%s: changed by another process",
		    KUBE_NAMED(secret));
	if (task->settings->adopt || secret->data_count == 0 || repairs_plaintext(task))
		return 0;
	if (sealed_secret_check(secret, NULL, err) < 0)
		return error_hint(err, "pass --adopt to seal its plaintext too");
	return 0;
}

/* Warn that the owner may write plaintext again, and remove other data keys. */
static int warn_of_owner(const struct seal_task *task, struct error *err)
{
	if (!task->settings->adopt || task->settings->check_only)
		return 0;
	cleanup_free char *owner = kube_secret_owner(&task->existing, err);
	if (owner)
		log_write(LOG_WARNING,
		    "Secret %s%s%s: owned by %s, which may write plaintext into it again; seal at "
		    "its source, or remove the owner",
		    KUBE_NAMED(&task->existing), owner);
	return err->code ? -1 : 0;
}

int resolve_existing(struct seal_task *task, struct error *err)
{
	const struct seal_settings *settings = task->settings;
	struct seal_session *session = task->session;

	if (settings->dry_run == DRY_RUN_CLIENT || settings->immutable)
		return 0;
	if (kube_secret_get(session->client, &session->kube, task->namespace, task->name,
		&task->existing, err) == 0) {
		task->exists = true;
		return check_existing(task, err) < 0 ? -1 : warn_of_owner(task, err);
	}
	if (err->code != ERROR_NOT_FOUND || settings->must_exist)
		return -1;
	error_clear(err);
	return 0;
}

/*
 * The layout.
 */

static const char *layout_name(bool document)
{
	return document ? "document" : "per-key";
}

/* Check that all sealed values have the layout of the task. */
static int check_layout(const struct seal_task *task, struct error *err)
{
	const struct kube_secret *secret = &task->existing;

	for (size_t i = 0; i < secret->data_count; i++)
		if (sealed_entry_is_ciphertext(&secret->data[i]) &&
		    sealed_secret_is_document(secret, secret->data[i].key) != task->document)
			return error_set(err, ERROR_USAGE,
			    "Secret %s%s%s: its layout is %s; use --layout %s, or another name",
			    KUBE_NAMED(secret), layout_name(!task->document),
			    layout_name(!task->document));
	return 0;
}

static bool is_document(const struct kube_secret *secret)
{
	for (size_t i = 0; i < secret->data_count; i++)
		if (sealed_entry_is_ciphertext(&secret->data[i]))
			return sealed_secret_is_document(secret, secret->data[i].key);
	return false;
}

/* Use the layout annotation of a manifest: its author chose it, also for plaintext. */
static int use_annotated_layout(struct seal_task *task, const char *annotated, struct error *err)
{
	enum seal_layout layout = task->settings->layout;

	task->document = strcmp(annotated, "document") == 0;
	if (layout == LAYOUT_AS_IS || (layout == LAYOUT_DOCUMENT) == task->document)
		return 0;
	return error_set(err, ERROR_USAGE, "its layout is %s; leave out --layout", annotated);
}

int resolve_layout(struct seal_task *task, struct error *err)
{
	const struct kube_secret *secret = &task->existing;
	const char *annotated = kube_secret_annotation(secret, SEALED_ANNOTATION_LAYOUT);
	enum seal_layout layout = task->settings->layout;

	if (task->kind == SEAL_TASK_MANIFEST && annotated)
		return use_annotated_layout(task, annotated, err);
	task->document = layout == LAYOUT_AS_IS ? is_document(secret) : layout == LAYOUT_DOCUMENT;
	task->data_key = task->settings->data_key;
	if (!task->document && task->data_key)
		return error_set(err, ERROR_USAGE, "--data-key: only for --layout document");
	if (!task->data_key)
		task->data_key = secret->data_count == 1 && task->document ? secret->data[0].key
									   : SEAL_DOCUMENT_KEY;
	return check_layout(task, err);
}

/*
 * The Transit key.
 */

/* Return true if the changes replace or remove an existing value. */
static bool is_replaced(const struct seal_task *task, const struct kube_entry *entry)
{
	const struct seal_changes *changes = task->changes;

	if (kube_secret_entry(&task->change, entry->key))
		return true;
	if (task->document)
		return changes->whole_document && strcmp(entry->key, task->data_key) == 0;
	return variables_find(&changes->values, entry->key) ||
	       strings_contain(&changes->unset, entry->key);
}

/* Return the first existing ciphertext (with `kept`, the first that is not replaced), or NULL. */
static const struct kube_entry *first_ciphertext(const struct seal_task *task, bool kept)
{
	const struct kube_secret *secret = &task->existing;

	for (size_t i = 0; task->exists && i < secret->data_count; i++)
		if (sealed_entry_is_ciphertext(&secret->data[i]) &&
		    !(kept && is_replaced(task, &secret->data[i])))
			return &secret->data[i];
	return NULL;
}

/*
 * Reject ciphertext that stays but has an unknown key, because the annotation applies to all
 * values.
 */
static int check_annotated(const struct seal_task *task, struct error *err)
{
	const struct kube_secret *secret = &task->existing;
	const struct kube_entry *entry = first_ciphertext(task, true);

	if (!entry || kube_secret_annotation(secret, SEALED_ANNOTATION_KEY))
		return 0;
	return error_set(err, ERROR_USAGE,
	    "Secret %s%s%s: no annotation " SEALED_ANNOTATION_KEY
	    ", so the Transit key of data key \"%s\" is unknown; add the annotation, or use another name",
	    KUBE_NAMED(secret), entry->key);
}

static int fail_without_key(const struct seal_task *task, struct error *err)
{
	if (!task->exists)
		return error_set(
		    err, ERROR_USAGE, "no Transit key; pass --transit-key [MOUNT/]NAME");
	return error_set(err, ERROR_USAGE,
	    "Secret %s%s%s: no Transit key is known, because annotations without ciphertext do not "
	    "count; pass --transit-key [MOUNT/]NAME",
	    KUBE_NAMED(task));
}

/*
 * Return the key annotation of a manifest, or NULL.  It is trusted for plaintext, because its
 * author has the values.
 */
static const char *manifest_key(const struct seal_task *task)
{
	const struct kube_secret *secret = &task->existing;

	if (task->kind != SEAL_TASK_MANIFEST || secret->data_count == 0)
		return NULL;
	return kube_secret_annotation(secret, SEALED_ANNOTATION_KEY);
}

int resolve_key(struct seal_task *task, struct error *err)
{
	const char *option = task->settings->transit_key;
	bool sealed = first_ciphertext(task, false) != NULL;

	if (!is_set(option))
		option = sealed ? NULL : manifest_key(task);
	const char *text = option;
	/* Annotations without ciphertext are not trusted: any writer of the Secret can set them. */
	if (sealed || (is_set(option) && task->existing.data_count)) {
		if (check_annotated(task, err) < 0)
			return -1;
		text = sealed_secret_key(&task->existing, option, err);
		if (!text)
			return -1;
		task->from_annotations |= !is_set(option);
	}
	if (!is_set(text))
		return fail_without_key(task, err);
	if (transit_key_parse(&task->key, text, err) == 0)
		return 0;
	return task->from_annotations ? error_wrap(err, "Secret %s%s%s", KUBE_NAMED(task)) : -1;
}

/* The state of a key, which is read once in a run over many Secrets. */
struct resolve_known_key {
	struct transit_key key;
	struct transit_key_state state;
	bool missing; /* not created yet */
	struct resolve_known_key *next;
};

void resolve_free_keys(struct resolve_known_key **keys)
{
	while (*keys) {
		struct resolve_known_key *key = *keys;

		*keys = key->next;
		transit_key_free(&key->key);
		free(key);
	}
}

static struct resolve_known_key *find_key(const struct seal_task *task)
{
	struct resolve_known_key *key = task->keys ? *task->keys : NULL;

	while (key && (strcmp(key->key.mount, task->key.mount) != 0 ||
			  strcmp(key->key.name, task->key.name) != 0))
		key = key->next;
	return key;
}

static int remember_key(const struct seal_task *task, struct error *err)
{
	struct resolve_known_key *key = calloc(1, sizeof(*key));

	if (!key)
		return error_memory(err);
	key->key.mount = strdup(task->key.mount);
	key->key.name = strdup(task->key.name);
	key->state = task->state;
	key->missing = task->key_missing;
	key->next = *task->keys;
	*task->keys = key;
	return key->key.mount && key->key.name ? 0 : error_memory(err);
}

/* Read the state of the key.  For a missing key that will be created, set its expected state. */
static int read_key(struct seal_task *task, struct error *err)
{
	struct seal_session *session = task->session;
	const struct resolve_known_key *known = find_key(task);
	struct transit_key_state *state = &task->state;

	if (known) {
		*state = known->state;
		task->key_missing = known->missing;
	}
	if (state->latest_version > 0)
		return 0;
	if (transit_key_read(session->client, &session->vault, &task->key, state, err) < 0) {
		if (err->code != ERROR_NOT_FOUND || !task->settings->create_key)
			return -1;
		error_clear(err);
		*state = (struct transit_key_state){
		    .latest_version = 1, .min_decryption_version = 1, .derived = true};
		task->key_missing = true;
	}
	return task->keys ? remember_key(task, err) : 0;
}

static int check_version(const struct seal_task *task, struct error *err)
{
	const struct transit_key_state *state = &task->state;
	int64_t version = task->settings->key_version;

	if (version == 0 ||
	    (version >= state->min_decryption_version && version <= state->latest_version))
		return 0;
	return error_set(err, ERROR_USAGE,
	    "--key-version %lld: Transit key %s/%s decrypts only versions %lld to %lld",
	    (long long)version, task->key.mount, task->key.name,
	    (long long)state->min_decryption_version, (long long)state->latest_version);
}

int resolve_create_key(struct seal_task *task, struct error *err)
{
	struct seal_session *session = task->session;
	const struct transit_key *key = &task->key;
	struct resolve_known_key *known = find_key(task);

	/* An earlier Secret of the run may have created it. */
	if (known && !known->missing) {
		task->state = known->state;
		return 0;
	}
	if (transit_key_create(session->client, &session->vault, key, err) < 0)
		return error_wrap(err, "--create-key");
	if (transit_key_read(session->client, &session->vault, key, &task->state, err) < 0)
		return -1;
	/* The planned values are already bound, which needs a derived key. */
	if (!task->state.derived)
		return error_set(err, ERROR_CONFLICT,
		    "--create-key: Transit key %s/%s: created by another process, and not derived; run again",
		    key->mount, key->name);
	if (known) {
		known->state = task->state;
		known->missing = false;
	}
	return 0;
}

/*
 * The scope.
 */

/* Set the scope from the option or the existing Secret, which must agree. */
static int find_scope(struct seal_task *task, struct error *err)
{
	const char *option = task->settings->scope;
	enum sealed_scope existing = SEALED_UNBOUND;

	if (first_ciphertext(task, is_set(option)) &&
	    sealed_secret_scope(&task->existing, &existing, err) < 0)
		return -1;
	if (!is_set(option)) {
		task->scope = existing;
		/* Without an annotation, values are strictly bound or the key is not derived. */
		task->from_annotations |= existing > SEALED_STRICT;
		return 0;
	}
	if (sealed_scope_parse(option, &task->scope, err) < 0) {
		err->code = ERROR_USAGE;
		return error_wrap(err, "--scope");
	}
	if (existing != SEALED_UNBOUND && existing != task->scope)
		return error_set(err, ERROR_USAGE,
		    "Secret %s%s%s: its values are bound with scope %s; leave out --scope, or use another name",
		    KUBE_NAMED(task), sealed_scope_name(existing));
	return 0;
}

/* Warn if the annotation contains another scope, which does not count without ciphertext. */
static void warn_of_scope(const struct seal_task *task)
{
	const char *written = kube_secret_annotation(&task->existing, SEALED_ANNOTATION_SCOPE);

	if (!written || is_set(task->settings->scope) || task->settings->check_only ||
	    strcmp(written, sealed_scope_name(task->scope)) == 0)
		return;
	log_write(LOG_WARNING,
	    "Secret %s%s%s: annotation " SEALED_ANNOTATION_SCOPE
	    " does not count without ciphertext, so the scope is %s; for another, pass --scope",
	    KUBE_NAMED(task), sealed_scope_name(task->scope));
}

/*
 * Reject a scope that binds to a name or namespace that is not known yet: a manifest may have
 * metadata.generateName, or placeholders such as "${NAME}".
 */
static int check_bound_names(const struct seal_task *task, struct error *err)
{
	const char *scope = sealed_scope_name(task->scope);

	if (task->scope != SEALED_CLUSTER_WIDE && !task->namespace)
		return error_set(
		    err, ERROR_USAGE, "scope %s binds to the namespace; pass -n NAMESPACE", scope);
	if (task->scope != SEALED_CLUSTER_WIDE && !kube_valid_namespace(task->namespace))
		return error_set(err, ERROR_USAGE,
		    "\"%s\": not a valid namespace, and scope %s binds to it; set it, or pass "
		    "--scope cluster-wide",
		    task->namespace, scope);
	if (task->scope == SEALED_STRICT && !kube_valid_name(task->name))
		return error_set(err, ERROR_USAGE,
		    "Secret %s: scope %s binds to the Secret's name; set metadata.name, or pass "
		    "--scope namespace-wide",
		    task->name, scope);
	return 0;
}

int resolve_scope(struct seal_task *task, struct error *err)
{
	if (find_scope(task, err) < 0 || read_key(task, err) < 0 || check_version(task, err) < 0)
		return -1;
	if (!task->state.derived) {
		if (task->scope == SEALED_UNBOUND)
			return 0;
		return error_set(err, ERROR_USAGE,
		    "scope %s: Transit key %s/%s is not derived and cannot bind values; leave out "
		    "the scope, or use a derived key",
		    sealed_scope_name(task->scope), task->key.mount, task->key.name);
	}
	if (task->scope == SEALED_UNBOUND)
		task->scope = SEALED_STRICT;
	warn_of_scope(task);
	return check_bound_names(task, err);
}
