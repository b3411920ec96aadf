/* rotation: what all parts of a run share. */
#ifndef ROTATE_ROTATION_H
#define ROTATE_ROTATION_H

#include "lib/rotate/keyset.h"
#include "lib/rotate/lease.h"
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
	struct lease lease;
	struct http_exchange renewal; /* of the Lease */
	bool renewing;
};

/*
 * Get the Lease, unless the run changes nothing or was told to do without: others are told apart by
 * their shard.
 */
int rotation_hold(struct rotation *rotation, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Start to renew it, when that is due. */
int rotation_renew(struct rotation *rotation, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* The renewal has ended.  -1: the Lease is lost, and the run has to end. */
int rotation_renewed(struct rotation *rotation, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Give the Lease back; the caller frees it. */
void rotation_let_go(struct rotation *rotation) __attribute__((nonnull));

#endif
