#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/seal/internal.h"

/* It is ours, and what is plaintext in it is what is replaced or taken away now. */
static bool mends(const struct sealing *sealing)
{
	const struct kube_secret *secret = &sealing->existing;
	const struct seal_changes *changes = sealing->changes;

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

/* A Secret that nobody sealed belongs to somebody else, and half sealed ones hide plaintext. */
static int check_ours(const struct sealing *sealing, struct error *err)
{
	const struct kube_secret *secret = &sealing->existing;

	if (secret->immutable)
		return error_set(err, ERROR_REJECTED,
		    "Secret %s%s%s: it is immutable: seal a Secret of another name (with "
		    "--immutable, of a new one each time), and let the application use that",
		    KUBE_NAMED(secret));
	if (sealing->settings->based_on &&
	    strcmp(sealing->settings->based_on, secret->resource_version) != 0)
		return error_set(err, ERROR_CONFLICT,
		    "Secret %s%s%s: somebody changed it meanwhile", KUBE_NAMED(secret));
	if (sealing->settings->adopt || secret->data_count == 0 || mends(sealing))
		return 0;
	if (sealed_secret_check(secret, NULL, err) < 0)
		return error_hint(
		    err, "it exists, so it is left as it is; --adopt seals its other values too");
	return 0;
}

/* All of its sealed values have one layout: the first one's. */
static int check_layout(const struct sealing *sealing, bool document, struct error *err)
{
	const struct kube_secret *secret = &sealing->existing;

	for (size_t i = 0; i < secret->data_count; i++)
		if (sealed_entry_is_ciphertext(&secret->data[i]) &&
		    sealed_secret_is_document(secret, secret->data[i].key) != document)
			return error_set(err, ERROR_USAGE,
			    "Secret %s%s%s: its layout is %s: use --layout %s, or another name",
			    KUBE_NAMED(secret), document ? "per-key" : "document",
			    document ? "per-key" : "document");
	return 0;
}

static bool is_document(const struct kube_secret *secret)
{
	for (size_t i = 0; i < secret->data_count; i++)
		if (sealed_entry_is_ciphertext(&secret->data[i]))
			return sealed_secret_is_document(secret, secret->data[i].key);
	return false;
}

int sealing_settle_layout(struct sealing *sealing, struct error *err)
{
	const struct kube_secret *secret = &sealing->existing;
	enum seal_layout layout = sealing->settings->layout;

	sealing->document =
	    layout == LAYOUT_AS_IS ? is_document(secret) : layout == LAYOUT_DOCUMENT;
	sealing->data_key = sealing->settings->data_key;
	if (!sealing->document && sealing->data_key)
		return error_set(err, ERROR_USAGE, "--data-key goes with --layout document");
	if (!sealing->data_key)
		sealing->data_key = secret->data_count == 1 && sealing->document
					? secret->data[0].key
					: SEAL_DOCUMENT_KEY;
	return check_layout(sealing, sealing->document, err);
}

/* A controller writes its plaintext again, and may remove what else is there. */
static int warn_of_owner(const struct sealing *sealing, struct error *err)
{
	if (!sealing->settings->adopt || sealing->settings->check_only)
		return 0;
	cleanup_free char *owner = kube_secret_owner(&sealing->existing, err);
	if (owner)
		log_write(LOG_WARNING,
		    "Secret %s%s%s: owned by %s, which may write plaintext into it again; seal at "
		    "its "
		    "source, or remove the owner",
		    KUBE_NAMED(&sealing->existing), owner);
	return err->code ? -1 : 0;
}

int sealing_look_up(struct sealing *sealing, struct error *err)
{
	const struct seal_settings *settings = sealing->settings;
	struct seal_session *session = sealing->session;

	if (settings->dry_run == DRY_RUN_CLIENT || settings->immutable)
		return sealing_settle_layout(sealing, err);
	if (kube_secret_get(session->client, &session->kube, sealing->namespace, sealing->name,
		&sealing->existing, err) == 0) {
		sealing->exists = true;
		if (check_ours(sealing, err) < 0 || warn_of_owner(sealing, err) < 0)
			return -1;
	} else if (err->code != ERROR_NOT_FOUND || settings->must_exist) {
		return -1;
	} else {
		error_clear(err);
	}
	return sealing_settle_layout(sealing, err);
}

bool sealing_must_decrypt(const struct sealing *sealing, const struct kube_entry *entry)
{
	if (sealing_keeps(sealing, entry))
		return true;
	return sealing->claimed && sealing->values.count && sealed_entry_is_ciphertext(entry);
}

bool sealing_keeps(const struct sealing *sealing, const struct kube_entry *entry)
{
	const struct kube_entry *changed = kube_secret_entry(&sealing->change, entry->key);

	return !changed && !variables_find(&sealing->values, entry->key) &&
	       sealed_entry_is_ciphertext(entry);
}

/* Return whether the change replaces or removes the existing Secret's entry. */
static bool is_replaced(const struct sealing *sealing, const struct kube_entry *entry)
{
	const struct seal_changes *changes = sealing->changes;

	if (kube_secret_entry(&sealing->change, entry->key))
		return true;
	if (sealing->document)
		return changes->whole_document && strcmp(entry->key, sealing->data_key) == 0;
	return variables_find(&changes->values, entry->key) ||
	       strings_contain(&changes->unset, entry->key);
}

/* Return the first ciphertext of the existing Secret, or the first that stays; or NULL. */
static const struct kube_entry *first_ciphertext(const struct sealing *sealing, bool that_stays)
{
	const struct kube_secret *secret = &sealing->existing;

	for (size_t i = 0; sealing->exists && i < secret->data_count; i++)
		if (sealed_entry_is_ciphertext(&secret->data[i]) &&
		    !(that_stays && is_replaced(sealing, &secret->data[i])))
			return &secret->data[i];
	return NULL;
}

/*
 * The annotation is about all values: it must not count for unknown ones.  What a
 * rename or a change of a document would touch has to be known as well.
 */
static int check_others(const struct sealing *sealing, struct error *err)
{
	const struct kube_secret *secret = &sealing->existing;
	const struct kube_entry *entry = first_ciphertext(sealing, true);

	if (!entry || kube_secret_annotation(secret, SEALED_ANNOTATION_KEY))
		return 0;
	return error_set(err, ERROR_USAGE,
	    "Secret %s%s%s: it has no annotation " SEALED_ANNOTATION_KEY
	    ", so the Transit key of data key \"%s\" is unknown; annotate it "
	    "first, or use another name",
	    KUBE_NAMED(secret), entry->key);
}

static int refuse_no_key(const struct sealing *sealing, struct error *err)
{
	if (!sealing->exists)
		return error_set(
		    err, ERROR_USAGE, "no Transit key: name it with --transit-key [MOUNT/]NAME");
	return error_set(err, ERROR_USAGE,
	    "Secret %s%s%s: no Transit key is known: it holds no ciphertext, and without any its "
	    "annotations "
	    "do not count; pass --transit-key [MOUNT/]NAME",
	    KUBE_NAMED(sealing));
}

int sealing_find_key(struct sealing *sealing, struct error *err)
{
	const char *option = sealing->settings->transit_key;
	const char *text = option;

	/* Without ciphertext annotations prove nothing: anyone who may write the Secret sets them.
	 */
	if (first_ciphertext(sealing, false) || (is_set(option) && sealing->existing.data_count)) {
		if (check_others(sealing, err) < 0)
			return -1;
		text = sealed_secret_key(&sealing->existing, is_set(option) ? option : NULL, err);
		if (!text)
			return -1;
		sealing->claimed |= !is_set(option);
	}
	if (!is_set(text))
		return refuse_no_key(sealing, err);
	if (transit_key_parse(&sealing->key, text, err) == 0)
		return 0;
	return sealing->claimed ? error_wrap(err, "Secret %s%s%s", KUBE_NAMED(sealing)) : -1;
}

/* The scope by option and by the existing Secret, which must agree. */
static int asked_scope(struct sealing *sealing, enum sealed_scope *scope, struct error *err)
{
	const char *option = sealing->settings->scope;
	enum sealed_scope existing = SEALED_UNBOUND;

	*scope = SEALED_UNBOUND;
	if (first_ciphertext(sealing, is_set(option)) &&
	    sealed_secret_scope(&sealing->existing, &existing, err) < 0)
		return -1;
	if (!is_set(option)) {
		*scope = existing;
		/* Without an annotation they are strictly bound, or the key binds nothing. */
		sealing->claimed |= existing > SEALED_STRICT;
		return 0;
	}
	if (sealed_scope_parse(sealing->settings->scope, scope, err) < 0) {
		err->code = ERROR_USAGE;
		return error_wrap(err, "--scope");
	}
	if (existing != SEALED_UNBOUND && existing != *scope)
		return error_set(err, ERROR_USAGE,
		    "Secret %s%s%s: its values are bound with scope %s: leave out --scope, or use "
		    "another name",
		    KUBE_NAMED(sealing), sealed_scope_name(existing));
	return 0;
}

/* The key's state; of one that is still to be made, as it will be. */
static int read_key(struct sealing *sealing, struct error *err)
{
	struct seal_session *session = sealing->session;
	struct transit_key_state *state = &sealing->state;

	if (state->latest_version > 0)
		return 0;
	if (transit_key_read(session->client, &session->vault, &sealing->key, state, err) == 0)
		return 0;
	if (err->code != ERROR_NOT_FOUND || !sealing->settings->create_key)
		return -1;
	error_clear(err);
	*state = (struct transit_key_state){
	    .latest_version = 1, .min_decryption_version = 1, .derived = true};
	sealing->key_missing = true;
	return 0;
}

int sealing_check_none_kept(const struct sealing *sealing, struct error *err)
{
	const struct kube_secret *secret = &sealing->existing;

	for (size_t i = 0; i < secret->data_count; i++)
		if (sealing_must_decrypt(sealing, &secret->data[i]))
			return error_set(err, ERROR_NOT_FOUND,
			    "--create-key: Secret %s%s%s: data key \"%s\" is sealed with Transit "
			    "key %s/%s, which is gone: a new one would not decrypt it",
			    KUBE_NAMED(secret), secret->data[i].key, sealing->key.mount,
			    sealing->key.name);
	return 0;
}

int sealing_make_key(struct sealing *sealing, struct error *err)
{
	struct seal_session *session = sealing->session;

	if (transit_key_create(session->client, &session->vault, &sealing->key, err) < 0)
		return error_wrap(err, "--create-key");
	if (transit_key_read(
		session->client, &session->vault, &sealing->key, &sealing->state, err) < 0)
		return -1;
	/* What is bound with it is planned already. */
	if (!sealing->state.derived)
		return error_set(err, ERROR_CONFLICT,
		    "--create-key: Transit key %s/%s: somebody made it meanwhile, and not derived: "
		    "run again",
		    sealing->key.mount, sealing->key.name);
	return 0;
}

static int check_version(const struct sealing *sealing, struct error *err)
{
	const struct transit_key_state *state = &sealing->state;
	int64_t version = sealing->settings->key_version;

	if (version == 0 ||
	    (version >= state->min_decryption_version && version <= state->latest_version))
		return 0;
	return error_set(err, ERROR_USAGE,
	    "--key-version %lld: Transit key %s/%s has versions %lld to %lld that decrypt",
	    (long long)version, sealing->key.mount, sealing->key.name,
	    (long long)state->min_decryption_version, (long long)state->latest_version);
}

/* Values come to be bound otherwise than the Secret's author wrote. */
static void warn_of_scope(const struct sealing *sealing)
{
	const char *written = kube_secret_annotation(&sealing->existing, SEALED_ANNOTATION_SCOPE);

	if (!written || is_set(sealing->settings->scope) || sealing->settings->check_only ||
	    strcmp(written, sealed_scope_name(sealing->scope)) == 0)
		return;
	log_write(LOG_WARNING,
	    "Secret %s%s%s: its annotation " SEALED_ANNOTATION_SCOPE
	    " does not count without ciphertext; sealing with scope %s; for another, pass --scope",
	    KUBE_NAMED(sealing), sealed_scope_name(sealing->scope));
}

int sealing_find_scope(struct sealing *sealing, struct error *err)
{
	if (asked_scope(sealing, &sealing->scope, err) < 0 || read_key(sealing, err) < 0 ||
	    check_version(sealing, err) < 0)
		return -1;
	if (!sealing->state.derived) {
		if (sealing->scope == SEALED_UNBOUND)
			return 0;
		return error_set(err, ERROR_USAGE,
		    "--scope: Transit key %s/%s is not derived, so nothing can be bound with it: "
		    "leave out --scope, or use a derived key",
		    sealing->key.mount, sealing->key.name);
	}
	if (sealing->scope == SEALED_UNBOUND)
		sealing->scope = SEALED_STRICT;
	warn_of_scope(sealing);
	if (sealing->scope != SEALED_CLUSTER_WIDE && !sealing->namespace)
		return error_set(err, ERROR_USAGE,
		    "scope %s binds to the namespace: name it with -n",
		    sealed_scope_name(sealing->scope));
	return 0;
}
