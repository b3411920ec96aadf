#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/seal/sealing.h"

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
	if (!sealing->settings->adopt || sealing->settings->rehearsal)
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
	struct servers *servers = sealing->servers;

	if (settings->dry_run == DRY_RUN_CLIENT || settings->immutable)
		return sealing_settle_layout(sealing, err);
	if (kube_secret_get(servers->client, &servers->kube, sealing->namespace, sealing->name,
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
