/*
 * kv: read secrets of KV engines, version 1 and 2.
 *
 * A path is the path of the API without "/v1/", as in policies: secret/data/app in an engine of
 * version 2, kv/app in an engine of version 1.
 * Source: https://developer.hashicorp.com/vault/api-docs/secret/kv
 */
#ifndef VAULT_KV_H
#define VAULT_KV_H

#include "lib/vault/vault.h"

/* More than any engine's paths and keys have. */
#define KV_REF_MAX 2048

/* A secret of a KV engine, or one of its keys.  Owned. */
struct kv_ref {
	char *path;	 /* with single slashes, without any at its ends */
	char *key;	 /* NULL: all keys */
	int64_t version; /* of the secret; 0: the latest */
};
/*
 * Parse PATH[#KEY[#VERSION]].  ERROR_USAGE, with a message that does not contain the text, if it
 * has another form, or the path is not a KV engine's.
 */
int kv_ref_parse(struct kv_ref *ref, const char *text, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void kv_ref_free(struct kv_ref *ref) __attribute__((nonnull));

/* The beginning of a reference in an environment variable, before PATH. */
#define KV_REF_PREFIX "vault:"

/* Compare paths and versions, for an order.  0: the same version of the same path. */
int kv_ref_compare_secrets(const struct kv_ref *a, const struct kv_ref *b) __attribute__((nonnull));

/* Prepare GET PATH[?version=VERSION].  The key is not used. */
int kv_request(struct vault *vault, const struct kv_ref *ref, struct http_exchange *exchange,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Append the keys and values of the response as a JSON object, whatever the engine's version.
 *
 * ERROR_NOT_FOUND if the path or the version does not exist, or the version is deleted.
 * ERROR_DENIED if the token's policy denies it.  ERROR_REJECTED for a dynamic secret, because its
 * lease ends with the token.  ERROR_INVALID if the response does not have the requested version.
 */
int kv_result(struct vault *vault, const struct kv_ref *ref, const struct http_exchange *exchange,
    struct secret_buffer *object, struct error *err) __attribute__((nonnull, warn_unused_result));

/* Run the request, and append the keys and values as kv_result does. */
int kv_read(struct http_client *client, struct vault *vault, const struct kv_ref *ref,
    struct secret_buffer *object, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
