#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/seal/inputs.h"
#include "lib/seal/internal.h"

/* As many characters as in kustomize's hash suffix. */
#define SUFFIX_RECIPE "10:lower"
#define SUFFIX_LENGTH 11 /* with its '-' */
#define NAME_MAX_LENGTH 253

/*
 * The Secret.
 */

/*
 * An immutable Secret gets a random suffix: strictly bound values are sealed for its name, so it
 * must be known before, and a hash of the plaintext would reveal equal values.
 */
int resolve_name(struct sealing *sealing, struct error *err)
{
	cleanup_secret struct secret_buffer suffix = SECRET_BUFFER_INIT;
	const char *name = sealing->settings->name;
	bool immutable = sealing->settings->immutable;

	if (immutable && generate(SUFFIX_RECIPE, &suffix, err) < 0)
		return -1;
	sealing->name =
	    string_format(err, "%s%s%s", name, immutable ? "-" : "", secret_buffer_string(&suffix));
	if (!sealing->name)
		return -1;
	if (kube_valid_name(name) && kube_valid_name(sealing->name))
		return 0;
	return error_set(err, ERROR_USAGE,
	    "\"%s\": not a valid Secret name; use lower-case letters, digits, '-' and '.', up to "
	    "%d, with a letter or digit first and last",
	    name, immutable ? NAME_MAX_LENGTH - SUFFIX_LENGTH : NAME_MAX_LENGTH);
}

/* Return whether the Secret is sealed but for plaintext that is now replaced or removed. */
static bool repairs_plaintext(const struct sealing *sealing)
{
	const struct kube_secret *secret = &sealing->existing;
	const struct seal_changes *changes = &sealing->changes;

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

/* An unsealed Secret belongs to others, and a half sealed one hides plaintext. */
static int check_existing(const struct sealing *sealing, struct error *err)
{
	const struct kube_secret *secret = &sealing->existing;

	if (secret->immutable)
		return error_set(err, ERROR_REJECTED,
		    "Secret %s%s%s: it is immutable; seal a new Secret under another name "
		    "(--immutable makes a new name each time) and use that in the application",
		    KUBE_NAMED(secret));
	if (sealing->settings->based_on &&
	    strcmp(sealing->settings->based_on, secret->resource_version) != 0)
		return error_set(err, ERROR_CONFLICT, "Secret %s%s%s: changed by another process",
		    KUBE_NAMED(secret));
	if (sealing->settings->adopt || secret->data_count == 0 || repairs_plaintext(sealing))
		return 0;
	if (sealed_secret_check(secret, NULL, err) < 0)
		return error_hint(err, "not changed; pass --adopt to seal its plaintext too");
	return 0;
}

/* A controller may write its plaintext again, and remove other data keys. */
static int warn_of_owner(const struct sealing *sealing, struct error *err)
{
	if (!sealing->settings->adopt || sealing->settings->check_only)
		return 0;
	cleanup_free char *owner = kube_secret_owner(&sealing->existing, err);
	if (owner)
		log_write(LOG_WARNING,
		    "Secret %s%s%s: owned by %s, which may write plaintext into it again; seal at "
		    "its source, or remove the owner",
		    KUBE_NAMED(&sealing->existing), owner);
	return err->code ? -1 : 0;
}

int resolve_existing(struct sealing *sealing, struct error *err)
{
	const struct seal_settings *settings = sealing->settings;
	struct seal_session *session = sealing->session;

	if (settings->dry_run == DRY_RUN_CLIENT || settings->immutable)
		return 0;
	if (kube_secret_get(session->client, &session->kube, sealing->namespace, sealing->name,
		&sealing->existing, err) == 0) {
		sealing->exists = true;
		return check_existing(sealing, err) < 0 ? -1 : warn_of_owner(sealing, err);
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

/* All sealed values must have one layout. */
static int check_layout(const struct sealing *sealing, struct error *err)
{
	const struct kube_secret *secret = &sealing->existing;

	for (size_t i = 0; i < secret->data_count; i++)
		if (sealed_entry_is_ciphertext(&secret->data[i]) &&
		    sealed_secret_is_document(secret, secret->data[i].key) != sealing->document)
			return error_set(err, ERROR_USAGE,
			    "Secret %s%s%s: its layout is %s; use --layout %s, or another name",
			    KUBE_NAMED(secret), layout_name(!sealing->document),
			    layout_name(!sealing->document));
	return 0;
}

static bool is_document(const struct kube_secret *secret)
{
	for (size_t i = 0; i < secret->data_count; i++)
		if (sealed_entry_is_ciphertext(&secret->data[i]))
			return sealed_secret_is_document(secret, secret->data[i].key);
	return false;
}

/* The annotation of a manifest is its author's choice also for plaintext. */
static int use_annotated_layout(struct sealing *sealing, const char *annotated, struct error *err)
{
	enum seal_layout layout = sealing->settings->layout;

	sealing->document = strcmp(annotated, "document") == 0;
	if (layout == LAYOUT_AS_IS || (layout == LAYOUT_DOCUMENT) == sealing->document)
		return 0;
	return error_set(err, ERROR_USAGE, "its layout is %s; leave out --layout", annotated);
}

int resolve_layout(struct sealing *sealing, struct error *err)
{
	const struct kube_secret *secret = &sealing->existing;
	const char *annotated = kube_secret_annotation(secret, SEALED_ANNOTATION_LAYOUT);
	enum seal_layout layout = sealing->settings->layout;

	if (sealing->kind == SEALING_MANIFEST && annotated)
		return use_annotated_layout(sealing, annotated, err);
	sealing->document =
	    layout == LAYOUT_AS_IS ? is_document(secret) : layout == LAYOUT_DOCUMENT;
	sealing->data_key = sealing->settings->data_key;
	if (!sealing->document && sealing->data_key)
		return error_set(err, ERROR_USAGE, "--data-key: only for --layout document");
	if (!sealing->data_key)
		sealing->data_key = secret->data_count == 1 && sealing->document
					? secret->data[0].key
					: SEAL_DOCUMENT_KEY;
	return check_layout(sealing, err);
}

/*
 * The Transit key.
 */

/* Return whether the changes replace or remove an existing value. */
static bool is_replaced(const struct sealing *sealing, const struct kube_entry *entry)
{
	const struct seal_changes *changes = &sealing->changes;

	if (kube_secret_entry(&sealing->change, entry->key))
		return true;
	if (sealing->document)
		return changes->whole_document && strcmp(entry->key, sealing->data_key) == 0;
	return variables_find(&changes->values, entry->key) ||
	       strings_contain(&changes->unset, entry->key);
}

/* Return the first existing ciphertext, or with `kept` the first that is not replaced; or NULL. */
static const struct kube_entry *first_ciphertext(const struct sealing *sealing, bool kept)
{
	const struct kube_secret *secret = &sealing->existing;

	for (size_t i = 0; sealing->exists && i < secret->data_count; i++)
		if (sealed_entry_is_ciphertext(&secret->data[i]) &&
		    !(kept && is_replaced(sealing, &secret->data[i])))
			return &secret->data[i];
	return NULL;
}

/* The annotation will hold for all values, so the key of each must be known. */
static int check_annotated(const struct sealing *sealing, struct error *err)
{
	const struct kube_secret *secret = &sealing->existing;
	const struct kube_entry *entry = first_ciphertext(sealing, true);

	if (!entry || kube_secret_annotation(secret, SEALED_ANNOTATION_KEY))
		return 0;
	return error_set(err, ERROR_USAGE,
	    "Secret %s%s%s: no annotation " SEALED_ANNOTATION_KEY
	    ", so the Transit key of data key \"%s\" is unknown; add the annotation, or use "
	    "another name",
	    KUBE_NAMED(secret), entry->key);
}

static int fail_without_key(const struct sealing *sealing, struct error *err)
{
	if (!sealing->exists)
		return error_set(
		    err, ERROR_USAGE, "no Transit key; pass --transit-key [MOUNT/]NAME");
	return error_set(err, ERROR_USAGE,
	    "Secret %s%s%s: no Transit key is known, because annotations without ciphertext do not "
	    "count; pass --transit-key [MOUNT/]NAME",
	    KUBE_NAMED(sealing));
}

/* Return the annotation of a manifest that holds only plaintext: its author has the values. */
static const char *manifest_key(const struct sealing *sealing)
{
	const struct kube_secret *secret = &sealing->existing;

	if (sealing->kind != SEALING_MANIFEST || secret->data_count == 0)
		return NULL;
	return kube_secret_annotation(secret, SEALED_ANNOTATION_KEY);
}

int resolve_key(struct sealing *sealing, struct error *err)
{
	const char *option = sealing->settings->transit_key;
	bool sealed = first_ciphertext(sealing, false) != NULL;

	if (!is_set(option))
		option = sealed ? NULL : manifest_key(sealing);
	const char *text = option;
	/* Annotations without ciphertext prove nothing: anyone who may write the Secret sets them.
	 */
	if (sealed || (is_set(option) && sealing->existing.data_count)) {
		if (check_annotated(sealing, err) < 0)
			return -1;
		text = sealed_secret_key(&sealing->existing, option, err);
		if (!text)
			return -1;
		sealing->from_annotations |= !is_set(option);
	}
	if (!is_set(text))
		return fail_without_key(sealing, err);
	if (transit_key_parse(&sealing->key, text, err) == 0)
		return 0;
	return sealing->from_annotations ? error_wrap(err, "Secret %s%s%s", KUBE_NAMED(sealing))
					 : -1;
}

/* The state of a key, read once in a run over many Secrets. */
struct sealing_key {
	struct transit_key key;
	struct transit_key_state state;
	bool missing; /* not created yet */
	struct sealing_key *next;
};

void sealing_keys_free(struct sealing_key **keys)
{
	while (*keys) {
		struct sealing_key *key = *keys;

		*keys = key->next;
		transit_key_free(&key->key);
		free(key);
	}
}

static struct sealing_key *find_key(const struct sealing *sealing)
{
	struct sealing_key *key = sealing->keys ? *sealing->keys : NULL;

	while (key && (strcmp(key->key.mount, sealing->key.mount) != 0 ||
			  strcmp(key->key.name, sealing->key.name) != 0))
		key = key->next;
	return key;
}

static int remember_key(const struct sealing *sealing, struct error *err)
{
	struct sealing_key *key = calloc(1, sizeof(*key));

	if (!key)
		return error_memory(err);
	key->key.mount = strdup(sealing->key.mount);
	key->key.name = strdup(sealing->key.name);
	key->state = sealing->state;
	key->missing = sealing->key_missing;
	key->next = *sealing->keys;
	*sealing->keys = key;
	return key->key.mount && key->key.name ? 0 : error_memory(err);
}

/* Read the key's state; a missing key that will be created gets its future state. */
static int read_key(struct sealing *sealing, struct error *err)
{
	struct seal_session *session = sealing->session;
	const struct sealing_key *known = find_key(sealing);
	struct transit_key_state *state = &sealing->state;

	if (known) {
		*state = known->state;
		sealing->key_missing = known->missing;
	}
	if (state->latest_version > 0)
		return 0;
	if (transit_key_read(session->client, &session->vault, &sealing->key, state, err) < 0) {
		if (err->code != ERROR_NOT_FOUND || !sealing->settings->create_key)
			return -1;
		error_clear(err);
		*state = (struct transit_key_state){
		    .latest_version = 1, .min_decryption_version = 1, .derived = true};
		sealing->key_missing = true;
	}
	return sealing->keys ? remember_key(sealing, err) : 0;
}

static int check_version(const struct sealing *sealing, struct error *err)
{
	const struct transit_key_state *state = &sealing->state;
	int64_t version = sealing->settings->key_version;

	if (version == 0 ||
	    (version >= state->min_decryption_version && version <= state->latest_version))
		return 0;
	return error_set(err, ERROR_USAGE,
	    "--key-version %lld: Transit key %s/%s decrypts only versions %lld to %lld",
	    (long long)version, sealing->key.mount, sealing->key.name,
	    (long long)state->min_decryption_version, (long long)state->latest_version);
}

int resolve_create_key(struct sealing *sealing, struct error *err)
{
	struct seal_session *session = sealing->session;
	const struct transit_key *key = &sealing->key;
	struct sealing_key *known = find_key(sealing);

	/* An earlier Secret of the run may have created it. */
	if (known && !known->missing) {
		sealing->state = known->state;
		return 0;
	}
	if (transit_key_create(session->client, &session->vault, key, err) < 0)
		return error_wrap(err, "--create-key");
	if (transit_key_read(session->client, &session->vault, key, &sealing->state, err) < 0)
		return -1;
	/* The plan already binds values with it. */
	if (!sealing->state.derived)
		return error_set(err, ERROR_CONFLICT,
		    "--create-key: Transit key %s/%s: created by another process, and not derived; "
		    "run again",
		    key->mount, key->name);
	if (known) {
		known->state = sealing->state;
		known->missing = false;
	}
	return 0;
}

/*
 * The scope.
 */

/* Find the scope by option and existing Secret, which must agree. */
static int find_scope(struct sealing *sealing, struct error *err)
{
	const char *option = sealing->settings->scope;
	enum sealed_scope existing = SEALED_UNBOUND;

	if (first_ciphertext(sealing, is_set(option)) &&
	    sealed_secret_scope(&sealing->existing, &existing, err) < 0)
		return -1;
	if (!is_set(option)) {
		sealing->scope = existing;
		/* Without an annotation values are strictly bound, or the key binds nothing. */
		sealing->from_annotations |= existing > SEALED_STRICT;
		return 0;
	}
	if (sealed_scope_parse(option, &sealing->scope, err) < 0) {
		err->code = ERROR_USAGE;
		return error_wrap(err, "--scope");
	}
	if (existing != SEALED_UNBOUND && existing != sealing->scope)
		return error_set(err, ERROR_USAGE,
		    "Secret %s%s%s: its values are bound with scope %s; leave out --scope, or use "
		    "another name",
		    KUBE_NAMED(sealing), sealed_scope_name(existing));
	return 0;
}

/* Warn if the Secret's author wrote another scope, which does not count without ciphertext. */
static void warn_of_scope(const struct sealing *sealing)
{
	const char *written = kube_secret_annotation(&sealing->existing, SEALED_ANNOTATION_SCOPE);

	if (!written || is_set(sealing->settings->scope) || sealing->settings->check_only ||
	    strcmp(written, sealed_scope_name(sealing->scope)) == 0)
		return;
	log_write(LOG_WARNING,
	    "Secret %s%s%s: annotation " SEALED_ANNOTATION_SCOPE
	    " does not count without ciphertext; sealing with scope %s; for another, pass --scope",
	    KUBE_NAMED(sealing), sealed_scope_name(sealing->scope));
}

/* Reject a scope that binds to a name or namespace which is not known yet. */
static int check_bound_names(const struct sealing *sealing, struct error *err)
{
	if (sealing->scope != SEALED_CLUSTER_WIDE && !sealing->namespace)
		return error_set(err, ERROR_USAGE,
		    "scope %s binds to the namespace; pass -n NAMESPACE",
		    sealed_scope_name(sealing->scope));
	if (sealing->scope == SEALED_STRICT && !kube_valid_name(sealing->name))
		return error_set(err, ERROR_USAGE,
		    "metadata.generateName: scope strict binds to the Secret's name; set "
		    "metadata.name, or pass --scope namespace-wide");
	return 0;
}

int resolve_scope(struct sealing *sealing, struct error *err)
{
	if (find_scope(sealing, err) < 0 || read_key(sealing, err) < 0 ||
	    check_version(sealing, err) < 0)
		return -1;
	if (!sealing->state.derived) {
		if (sealing->scope == SEALED_UNBOUND)
			return 0;
		return error_set(err, ERROR_USAGE,
		    "--scope: Transit key %s/%s is not derived and cannot bind values; leave out "
		    "--scope, or use a derived key",
		    sealing->key.mount, sealing->key.name);
	}
	if (sealing->scope == SEALED_UNBOUND)
		sealing->scope = SEALED_STRICT;
	warn_of_scope(sealing);
	return check_bound_names(sealing, err);
}
