/* servers: the way to Vault and to the Kubernetes API for one command. */
#ifndef SEAL_SERVERS_H
#define SEAL_SERVERS_H

#include "lib/kube/secret.h"
#include "lib/vault/session.h"

struct servers_settings {
	struct vault_settings vault;
	struct vault_session_settings session;
	struct kube_settings kube;
	int64_t timeout_ms; /* from servers_begin, or the latest servers_next_step */
	bool offline;	    /* the Kubernetes API is not asked */
};

struct servers {
	const struct servers_settings *settings; /* borrowed */
	struct http_client *client;
	struct vault vault;
	struct kube kube; /* zeroed when offline */
	char *namespace;  /* NULL only when offline, where none is named */
	bool logged_in;
};

/* Set both up; nothing is asked yet.  On error there is nothing to end. */
int servers_begin(struct servers *servers, const struct servers_settings *settings,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/*
 * For work without a known end, such as a stream: a step of it begins, and with it the time limit.
 * A server that hangs so ends the work as early as ever, and its length does not.
 */
void servers_next_step(struct servers *servers) __attribute__((nonnull));
/* Log in to Vault, unless that was done and the token still lasts. */
int servers_log_in(struct servers *servers, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* GET one Secret of our namespace.  ERROR_USAGE: the name can't be one. */
int servers_get_secret(struct servers *servers, const char *name, struct kube_secret *secret,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Give the token back and free what there is; what fails in it is logged. */
void servers_end(struct servers *servers) __attribute__((nonnull));

#endif
