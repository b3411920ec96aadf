#include "lib/rotate/replacement.h"

#include <ctype.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/strings.h"

/* kubectl's copy of what it applied last: the old values, under the old name. */
#define LAST_APPLIED "kubectl.kubernetes.io/last-applied-configuration"
/* What DNS-1123 allows, without what could be read as a word. */
#define ALPHABET "bcdfghjklmnpqrstvwxz2456789"

/* The length of the name without a suffix as ours. */
static size_t base_length(const char *name)
{
	size_t length = strlen(name);

	if (length < REPLACEMENT_SUFFIX + 2 || name[length - REPLACEMENT_SUFFIX - 1] != '-')
		return length;
	for (size_t i = length - REPLACEMENT_SUFFIX; i < length; i++)
		if (!islower((unsigned char)name[i]) && !isdigit((unsigned char)name[i]))
			return length;
	return length - REPLACEMENT_SUFFIX - 1;
}

char *replacement_name(const char *namespace, const char *name, struct error *err)
{
	cleanup_free char *whole = string_format(err, "%s/%s", namespace, name);
	char suffix[REPLACEMENT_SUFFIX + 1] = "";
	uint8_t digest[SHA256_DIGEST_LENGTH];

	if (!whole)
		return NULL;
	SHA256((const uint8_t *)whole, strlen(whole), digest);
	for (size_t i = 0; i < REPLACEMENT_SUFFIX; i++)
		suffix[i] = ALPHABET[digest[i] % (sizeof(ALPHABET) - 1)];
	return string_format(err, "%.*s-%s", (int)base_length(name), name, suffix);
}

static void drop_annotation(struct kube_secret *secret, const char *name)
{
	for (size_t i = 0; i < secret->annotation_count; i++) {
		struct kube_pair *pair = &secret->annotations[i];

		if (strcmp(pair->name, name) != 0)
			continue;
		free(pair->name);
		free(pair->value);
		*pair = secret->annotations[--secret->annotation_count];
		return;
	}
}

int replacement_make(struct kube_secret *whole, struct kube_secret *change, struct error *err)
{
	char *name = replacement_name(whole->namespace, whole->name, err);

	if (!name)
		return -1;
	for (size_t i = 0; i < change->data_count; i++)
		if (kube_secret_add(whole, change->data[i].key, &change->data[i].value, err) < 0) {
			free(name);
			return -1;
		}
	drop_annotation(whole, LAST_APPLIED);
	drop_annotation(whole, REPLACEMENT_ANNOTATION);
	if (kube_secret_add_annotation(whole, REPLACEMENT_ANNOTATION, whole->name, err) < 0) {
		free(name);
		return -1;
	}
	free(whole->name);
	whole->name = name;
	return 0;
}
