/* rotation: what all parts of a run share. */
#ifndef ROTATE_ROTATION_H
#define ROTATE_ROTATION_H

#include "lib/rotate/keyset.h"
#include "lib/rotate/outage.h"
#include "lib/rotate/rotate.h"
#include "lib/rotate/summary.h"

struct rotation {
	const struct rotate_settings *settings;
	struct rotate_summary *summary;
	struct http_client *client;
	struct vault vault;
	struct kube kube;
	struct keyset keys;
	struct outage vault_outage, kube_outage;
	int64_t oldest_keyless; /* version, in the last pass, of values whose key nobody knows; 0 */
	bool release_seen;	/* a Helm release was reported */
	struct strings unseen;	/* kinds of objects, in the plural, that may not be listed */
};

#endif
