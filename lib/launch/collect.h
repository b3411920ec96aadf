/*
 * collect: from sources to variables.
 *
 * source_list.h says what there is: sources (source.h) of several kinds (source_kinds.h), some on
 * this machine, some in the Kubernetes API.  The login to Vault and the reads of the API run at the
 * same time; then all ciphertexts under one Transit key are decrypted in one request (decrypt.h);
 * then the values get their names (naming.h) and become variables, the stronger source last.
 */
#ifndef LAUNCH_COLLECT_H
#define LAUNCH_COLLECT_H

#include "lib/kube/kube.h"
#include "lib/launch/sources.h"
#include "lib/sealed/variables.h"
#include "lib/vault/session.h"

struct collect_settings {
	struct vault_settings vault;
	struct vault_session_settings session;
	struct kube_settings kube;
	struct source_settings sources;
	struct naming naming;
};

/*
 * Fill *variables.  The Vault token is given back before this returns, also after a failure.
 */
int collect(struct http_client *client, const struct collect_settings *settings,
    struct variables *variables, struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * SHA-256 over what the sources hold (source, data key, bytes), without a login to Vault: it tells
 * whether anything has changed.
 */
#define COLLECT_DIGEST_SIZE 32
int collect_fingerprint(struct http_client *client, const struct collect_settings *settings,
    uint8_t digest[COLLECT_DIGEST_SIZE], struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
