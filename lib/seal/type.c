#include <string.h>

#include "lib/seal/sealing.h"

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
