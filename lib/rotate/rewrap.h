/* rewrap: bring some Secrets, such as a page of a list, to the newest versions of their keys. */
#ifndef ROTATE_REWRAP_H
#define ROTATE_REWRAP_H

#include "lib/kube/kube.h"
#include "lib/rotate/keyset.h"
#include "lib/rotate/rotate.h"

struct rewrap {
	struct http_client *client;
	struct vault *vault;
	struct kube *kube;
	const struct keyset *keys;
	const struct rotate_settings *settings;
	struct rotate_summary *summary;
	struct strings *complained; /* NAMESPACE/NAME of those whose failure is logged already */
};

/*
 * Rewrap what is old in these Secrets and PATCH each that has something; a Secret that somebody
 * changed meanwhile is read and done again.  What can't be done is logged once a Secret, and stops
 * no other. *old becomes the number of Secrets in which something old was found and dealt with. -1:
 * the run can't go on.
 */
int rewrap_secrets(const struct rewrap *rewrap, struct kube_secret *secrets, size_t count,
    size_t *old, struct error *err) __attribute__((nonnull(1, 4, 5), warn_unused_result));

#endif
