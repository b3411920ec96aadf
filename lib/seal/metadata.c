#include <ctype.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/seal/internal.h"

/* What reads these is Kubernetes itself, which can't decrypt. */
#define PULL_SECRET                                                                                \
	"the API server takes only JSON as its value, which ciphertext is not, and the kubelet "   \
	"that pulls images with it does not decrypt"
static const struct {
	const char *type, *why;
} unsealable[] = {
    {"kubernetes.io/dockerconfigjson", PULL_SECRET},
    {"kubernetes.io/dockercfg", PULL_SECRET},
    {"kubernetes.io/service-account-token", "Kubernetes itself writes the token into it"},
    {"bootstrap.kubernetes.io/token", "the API server reads it, and does not decrypt"},
};

/* What the API server demands of a type (ValidateSecret in its pkg/apis/core/validation). */
static const struct {
	const char *type;
	const char *keys[2];
	bool either; /* one of them is enough */
} demands[] = {
    {"kubernetes.io/tls", {"tls.crt", "tls.key"}, false},
    {"kubernetes.io/basic-auth", {"username", "password"}, true},
    {"kubernetes.io/ssh-auth", {"ssh-privatekey", NULL}, false},
};
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

int seal_type_check(const char *type, struct error *err)
{
	for (size_t i = 0; type && i < COUNT(unsealable); i++)
		if (strcmp(type, unsealable[i].type) == 0)
			return error_set(err, ERROR_USAGE,
			    "a Secret of type %s can't be sealed: %s", type, unsealable[i].why);
	return 0;
}

/* The Secret will have this data key. */
static bool will_have(const struct sealing *sealing, const char *data_key)
{
	const struct kube_entry *changed = kube_secret_entry(&sealing->change, data_key);

	if (variables_find(&sealing->values, data_key))
		return true;
	return changed ? !changed->removed
		       : kube_secret_entry(&sealing->existing, data_key) != NULL;
}

static int check_keys(const struct sealing *sealing, const char *type, struct error *err)
{
	for (size_t i = 0; i < COUNT(demands); i++) {
		const char *first = demands[i].keys[0], *second = demands[i].keys[1];

		if (strcmp(type, demands[i].type) != 0)
			continue;
		bool one = will_have(sealing, first);
		bool other = !second || will_have(sealing, second);
		if (demands[i].either ? one || other : one && other)
			continue;
		return error_set(err, ERROR_USAGE,
		    "a Secret of type %s must have the data key %s%s%s, or the API server refuses "
		    "it",
		    type, first,
		    !second		? ""
		    : demands[i].either ? " or "
					: " and the data key ",
		    second ? second : "");
	}
	return 0;
}

int sealing_check_type(const struct sealing *sealing, struct error *err)
{
	const char *type = sealing->settings->type;
	const char *existing = sealing->existing.type;

	if (sealing->exists && is_set(type) && existing && strcmp(type, existing) != 0)
		return error_set(err, ERROR_USAGE,
		    "--type %s: Secret %s%s%s is there with type %s, which can't change: use "
		    "another name",
		    type, KUBE_NAMED(&sealing->existing), existing);
	if (!is_set(type))
		type = existing;
	if (!type)
		return 0;
	return seal_type_check(type, err) < 0 ? -1 : check_keys(sealing, type, err);
}

#define OURS "secretmanager/"
#define LABEL_MAX 63
/* What "kubectl apply" leaves: the manifest, with the plaintext values in it. */
#define LAST_APPLIED "kubectl.kubernetes.io/last-applied-configuration"

static const char label_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				    "-._";

/* (alphanumeric (letters* alphanumeric)?) of 63 at most: a label's value, the name of a key. */
static bool is_label_text(const char *text, size_t length)
{
	return length > 0 && length <= LABEL_MAX && isalnum((unsigned char)text[0]) &&
	       isalnum((unsigned char)text[length - 1]) && strspn(text, label_letters) >= length;
}

/* [PREFIX/]NAME of a label or an annotation; the prefix is a DNS name. */
static bool is_qualified(const char *key)
{
	const char *slash = strchr(key, '/');
	const char *name = slash ? slash + 1 : key;

	if (!is_label_text(name, strlen(name)))
		return false;
	if (!slash)
		return true;
	cleanup_free char *prefix = strndup(key, (size_t)(slash - key));
	return prefix && kube_valid_name(prefix);
}

/* One K=V; *key is newly allocated, *value borrowed. */
static int split(
    const char *option, const char *text, char **key, const char **value, struct error *err)
{
	const char *equals = strchr(text, '=');

	*key = strndup(text, equals ? (size_t)(equals - text) : 0);
	if (!*key)
		return error_memory(err);
	if (!equals || !is_qualified(*key))
		return error_set(err, ERROR_USAGE,
		    "%s \"%s\": write [PREFIX/]NAME=VALUE, such as team=red", option, text);
	if (strncmp(*key, OURS, strlen(OURS)) == 0)
		return error_set(err, ERROR_USAGE,
		    "%s \"%s\": what begins with " OURS " is set by secret-seal itself", option,
		    text);
	*value = equals + 1;
	return 0;
}

/* Check, and add to *secret where it is not NULL. */
static int add_labels(const struct strings *list, struct kube_secret *secret, struct error *err)
{
	for (size_t i = 0; list && i < list->count; i++) {
		cleanup_free char *key = NULL;
		const char *value;

		if (split("--label", list->items[i], &key, &value, err) < 0)
			return -1;
		if (*value && !is_label_text(value, strlen(value)))
			return error_set(err, ERROR_USAGE,
			    "--label \"%s\": a label's value has letters, digits, '-', '_' and "
			    "'.', "
			    "63 at most: use --annotation for text",
			    list->items[i]);
		if (secret && kube_secret_add_label(secret, key, value, err) < 0)
			return -1;
	}
	return 0;
}

static int add_annotations(
    const struct strings *list, struct kube_secret *secret, struct error *err)
{
	for (size_t i = 0; list && i < list->count; i++) {
		cleanup_free char *key = NULL;
		const char *value;

		if (split("--annotation", list->items[i], &key, &value, err) < 0)
			return -1;
		if (secret && kube_secret_add_annotation(secret, key, value, err) < 0)
			return -1;
	}
	return 0;
}

int sealing_check_marks(const struct sealing *sealing, struct error *err)
{
	const struct seal_settings *settings = sealing->settings;

	if (seal_type_check(settings->type, err) < 0)
		return error_wrap(err, "--type");
	if (add_labels(settings->labels, NULL, err) < 0)
		return -1;
	return add_annotations(settings->annotations, NULL, err);
}

static int set_type(const struct sealing *sealing, struct kube_secret *change, struct error *err)
{
	const char *type =
	    is_set(sealing->settings->type) ? sealing->settings->type : sealing->existing.type;

	change->type = type ? strdup(type) : NULL;
	return type && !change->type ? error_memory(err) : 0;
}

int sealing_drop_scope(struct sealing *sealing, struct error *err)
{
	if (sealing->scope != SEALED_UNBOUND ||
	    !kube_secret_annotation(&sealing->existing, SEALED_ANNOTATION_SCOPE))
		return 0;
	return kube_secret_remove_annotation(&sealing->change, SEALED_ANNOTATION_SCOPE, err);
}

int sealing_drop_last_applied(struct sealing *sealing, struct error *err)
{
	if (!sealing->exists || !kube_secret_annotation(&sealing->existing, LAST_APPLIED))
		return 0;
	return kube_secret_remove_annotation(&sealing->change, LAST_APPLIED, err);
}

int sealing_mark(struct sealing *sealing, struct error *err)
{
	const struct seal_settings *settings = sealing->settings;
	struct kube_secret *change = &sealing->change;

	change->immutable = settings->immutable;
	if (set_type(sealing, change, err) < 0 || add_labels(settings->labels, change, err) < 0 ||
	    add_annotations(settings->annotations, change, err) < 0)
		return -1;
	if (settings->adopt && sealing_drop_last_applied(sealing, err) < 0)
		return -1;
	if (sealing_drop_scope(sealing, err) < 0)
		return -1;
	cleanup_free char *key = string_format(err, "%s/%s", sealing->key.mount, sealing->key.name);
	if (!key)
		return -1;
	return sealed_secret_mark(change, key, sealing->scope, sealing->document, err);
}
