#include <ctype.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/seal/internal.h"

#define OURS "secretmanager/"
#define LABEL_MAX 63
/* Annotation of "kubectl apply": the manifest, with plaintext values. */
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/*
 * The type.
 */

/* Types that Kubernetes itself reads, without decrypting them. */
#define PULL_SECRET                                                                                \
	"the API server accepts only JSON as its value, and the kubelet, which pulls images with " \
	"it, does not decrypt"
static const struct {
	const char *type, *why;
} unsealable[] = {
    {"kubernetes.io/dockerconfigjson", PULL_SECRET},
    {"kubernetes.io/dockercfg", PULL_SECRET},
    {"kubernetes.io/service-account-token", "Kubernetes itself writes the token into it"},
    {"bootstrap.kubernetes.io/token", "the API server reads it, and does not decrypt"},
};

/* Data keys that the API server requires (ValidateSecret in its pkg/apis/core/validation). */
static const struct {
	const char *type;
	const char *keys[2];
	bool either; /* one of the keys is enough */
} required[] = {
    {"kubernetes.io/tls", {"tls.crt", "tls.key"}, false},
    {"kubernetes.io/basic-auth", {"username", "password"}, true},
    {"kubernetes.io/ssh-auth", {"ssh-privatekey", NULL}, false},
};

static int check_sealable(const char *type, struct error *err)
{
	for (size_t i = 0; type && i < COUNT(unsealable); i++)
		if (strcmp(type, unsealable[i].type) == 0)
			return error_set(err, ERROR_USAGE,
			    "a Secret of type %s cannot be sealed: %s", type, unsealable[i].why);
	return 0;
}

/* Return true if the Secret will have this data key after the change. */
static bool will_have(const struct seal_task *task, const char *data_key)
{
	const struct kube_entry *changed = kube_secret_entry(&task->change, data_key);

	if (variables_find(&task->values, data_key))
		return true;
	return changed ? !changed->removed : kube_secret_entry(&task->existing, data_key) != NULL;
}

static int check_keys(const struct seal_task *task, const char *type, struct error *err)
{
	for (size_t i = 0; i < COUNT(required); i++) {
		const char *first = required[i].keys[0], *second = required[i].keys[1];

		if (strcmp(type, required[i].type) != 0)
			continue;
		bool has_first = will_have(task, first);
		bool has_second = !second || will_have(task, second);
		if (required[i].either ? has_first || has_second : has_first && has_second)
			continue;
		return error_set(err, ERROR_USAGE,
		    "a Secret of type %s must have the data key %s%s%s, or the API server rejects it",
		    type, first,
		    !second		 ? ""
		    : required[i].either ? " or "
					 : " and the data key ",
		    second ? second : "");
	}
	return 0;
}

int metadata_check_type(struct seal_task *task, struct error *err)
{
	const char *type = task->settings->type;
	const char *existing = task->existing.type;

	if (task->exists && is_set(type) && existing && strcmp(type, existing) != 0)
		return error_set(err, ERROR_USAGE,
		    "--type %s: Secret %s%s%s exists with type %s, which cannot change; use another name",
		    type, KUBE_NAMED(&task->existing), existing);
	if (!is_set(type))
		type = existing;
	if (!type)
		return 0;
	return check_sealable(type, err) < 0 ? -1 : check_keys(task, type, err);
}

/*
 * Labels and annotations.
 */

/*
 * Return true for a valid label value or name of a key: 1 to 63 of [A-Za-z0-9._-], with a letter or
 * digit first and last.
 */
static bool is_label_text(const char *text, size_t length)
{
	if (length == 0 || length > LABEL_MAX || !isalnum((unsigned char)text[0]) ||
	    !isalnum((unsigned char)text[length - 1]))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("-._", text[i]))
			return false;
	return true;
}

/* Return true for a valid key of a label or annotation, [DNS-NAME/]NAME. */
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

/* Split K=V.  *key is newly allocated, *value borrowed. */
static int split_pair(
    const char *option, const char *text, char **key, const char **value, struct error *err)
{
	const char *equals = strchr(text, '=');

	*key = strndup(text, equals ? (size_t)(equals - text) : 0);
	if (!*key)
		return error_memory(err);
	if (!equals || !is_qualified(*key))
		return error_set(err, ERROR_USAGE,
		    "%s \"%s\": not valid; write [PREFIX/]NAME=VALUE, such as team=red", option,
		    text);
	if (strncmp(*key, OURS, strlen(OURS)) == 0)
		return error_set(err, ERROR_USAGE,
		    "%s \"%s\": names with " OURS " are set by secret-seal itself", option, text);
	*value = equals + 1;
	return 0;
}

typedef int add_pair(
    struct kube_secret *secret, const char *name, const char *value, struct error *err);

/* Check the pairs of an option, and add them to *secret if it is not NULL. */
static int add_pairs(const char *option, const struct strings *list, add_pair *add,
    struct kube_secret *secret, struct error *err)
{
	for (size_t i = 0; list && i < list->count; i++) {
		cleanup_free char *key = NULL;
		const char *value = "";

		if (split_pair(option, list->items[i], &key, &value, err) < 0)
			return -1;
		if (add == kube_secret_add_label && *value && !is_label_text(value, strlen(value)))
			return error_set(err, ERROR_USAGE,
			    "--label \"%s\": a label's value has letters, digits, '-', '_' and "
			    "'.', up to 63; use --annotation for other text",
			    list->items[i]);
		if (secret && add(secret, key, value, err) < 0)
			return -1;
	}
	return 0;
}

static int add_all_pairs(
    const struct seal_settings *settings, struct kube_secret *secret, struct error *err)
{
	if (add_pairs("--label", settings->labels, kube_secret_add_label, secret, err) < 0)
		return -1;
	return add_pairs(
	    "--annotation", settings->annotations, kube_secret_add_annotation, secret, err);
}

int metadata_check_options(struct seal_task *task, struct error *err)
{
	if (check_sealable(task->settings->type, err) < 0)
		return error_wrap(err, "--type");
	return add_all_pairs(task->settings, NULL, err);
}

/* Remove an annotation, if the existing Secret has it. */
static int drop_annotation(struct seal_task *task, const char *name, struct error *err)
{
	if (!task->exists || !kube_secret_annotation(&task->existing, name))
		return 0;
	return kube_secret_remove_annotation(&task->change, name, err);
}

/* Remove kubectl's copy of the plaintext if adopt is set, and the scope if values are unbound. */
static int drop_annotations(struct seal_task *task, struct error *err)
{
	if (task->settings->adopt && drop_annotation(task, KUBE_LAST_APPLIED, err) < 0)
		return -1;
	return task->scope == SEALED_UNBOUND ? drop_annotation(task, SEALED_ANNOTATION_SCOPE, err)
					     : 0;
}

static int set_type(struct seal_task *task, struct error *err)
{
	const char *option = task->settings->type;
	const char *type = is_set(option) ? option : task->existing.type;

	task->change.type = type ? strdup(type) : NULL;
	return type && !task->change.type ? error_memory(err) : 0;
}

static int mark_sealed(struct seal_task *task, struct error *err)
{
	cleanup_free char *key = string_format(err, "%s/%s", task->key.mount, task->key.name);

	if (!key)
		return -1;
	return sealed_secret_mark(&task->change, key, task->scope, task->document, err);
}

int metadata_set(struct seal_task *task, struct error *err)
{
	/* The change already contains the rest, from the manifest. */
	if (task->kind == SEAL_TASK_APPLY)
		return drop_annotations(task, err);
	task->change.immutable = task->settings->immutable;
	if (set_type(task, err) < 0 || add_all_pairs(task->settings, &task->change, err) < 0 ||
	    drop_annotations(task, err) < 0)
		return -1;
	return mark_sealed(task, err);
}
