/* transit: encrypt, decrypt and rewrap with Transit, and manage its keys. */
#ifndef VAULT_TRANSIT_H
#define VAULT_TRANSIT_H

#include "lib/vault/vault.h"

/* A Transit key as written in options, [MOUNT/]NAME.  The mount may contain slashes. */
struct transit_key {
	char *mount; /* "transit" by default */
	char *name;
};
/* Maximum length of [MOUNT/]NAME in bytes, more than real mounts and names have. */
#define TRANSIT_KEY_MAX 512
/* Parse [MOUNT/]NAME.  ERROR_USAGE if it is too long, not printable ASCII, or has another form. */
int transit_key_parse(struct transit_key *key, const char *text, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void transit_key_free(struct transit_key *key) __attribute__((nonnull));
/* Return true if `text`, [MOUNT/]NAME, names this key. */
bool transit_key_is(const struct transit_key *key, const char *text) __attribute__((nonnull));

/* A value of a batch. */
struct transit_item {
	/* Input, borrowed: plaintext for encrypt, ciphertext text for decrypt and rewrap. */
	const char *input;
	size_t input_length;
	const char *context; /* base64; NULL if the key is not derived */
	int64_t key_version; /* for encrypt; 0: the latest version */
	/* Output. */
	struct secret_buffer output; /* ciphertext text, or plaintext bytes */
	char *error;		     /* the server's error for this item, or NULL */
};
void transit_items_free(struct transit_item *items, size_t count);

enum transit_operation { TRANSIT_ENCRYPT, TRANSIT_DECRYPT, TRANSIT_REWRAP };

/*
 * Send a batch of at most TRANSIT_BATCH_ITEMS with POST MOUNT/{encrypt,decrypt,rewrap}/NAME.  The
 * result is 0 if Vault processed the batch; check the error of each item.  ERROR_NOT_FOUND if the
 * key does not exist, ERROR_TOO_LARGE if the batch exceeds one of the server's limits.
 */
#define TRANSIT_BATCH_ITEMS 5000 /* under Vault's 10,000 elements and 500,000 tokens */
#define TRANSIT_BATCH_BYTES ((size_t)16 * 1024 * 1024) /* of input; under Vault's 32 MiB body */
/* Vault cannot decrypt a longer text, which exceeds its JSON limit. */
#define TRANSIT_CIPHERTEXT_MAX ((size_t)1048576)

/*
 * Reject a value that Vault could encrypt but not decrypt again.  Every request checks its items;
 * call this first for an error that names the value.
 */
int transit_check_size(const struct transit_item *item, enum transit_operation operation,
    struct error *err) __attribute__((nonnull, warn_unused_result));

int transit_batch_request(struct vault *vault, const struct transit_key *key,
    enum transit_operation operation, struct transit_item *items, size_t count,
    struct http_exchange *exchange, struct error *err) __attribute__((nonnull, warn_unused_result));
int transit_batch_result(enum transit_operation operation, const struct transit_key *key,
    struct transit_item *items, size_t count, const struct http_exchange *exchange,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * The size of requests.  OpenBao accepts 1,000 JSON strings per request, including names of
 * members, and gateways often 1 MiB, so the first request stays below both limits.  Each accepted
 * request allows a larger one, up to the limits above.  After a rejection, the size stays at the
 * last accepted size.  With a token of limited uses, the first request is as large as possible.
 */
#define TRANSIT_FIRST_STRINGS ((size_t)1000)
#define TRANSIT_FIRST_BYTES ((size_t)1000 * 1000)
#define TRANSIT_GROWTH 4

/* The size of a request that is being filled.  Initially zeroed. */
struct transit_fill {
	size_t items, strings, bytes;
};
/* Add the item to the request and return true if it fits.  The first item always fits. */
bool transit_fits(const struct vault *vault, enum transit_operation operation,
    struct transit_fill *fill, const struct transit_item *item) __attribute__((nonnull));
/* Record the size of an accepted request. */
void transit_accepted(struct vault *vault, const struct transit_fill *fill)
    __attribute__((nonnull));
/*
 * Return true, with *err cleared, if the request was rejected for its size; then send its items
 * again in smaller requests.  Return false for any other failure and for a single item.
 */
bool transit_split(struct vault *vault, const struct transit_fill *fill,
    const struct http_exchange *exchange, struct error *err) __attribute__((nonnull));

/*
 * Run any number of items in as few requests as the limits allow, one after another.  An item that
 * is too large for a request gets an error.
 */
int transit_batch(struct http_client *client, struct vault *vault, const struct transit_key *key,
    enum transit_operation operation, struct transit_item *items, size_t count, struct error *err)
    __attribute__((nonnull(1, 2, 3, 7), warn_unused_result));

/* A key's state as reported by Vault. */
struct transit_key_state {
	int64_t latest_version;
	int64_t min_decryption_version;
	int64_t min_encryption_version; /* 0: not set, any version can be used */
	int64_t min_available_version;	/* 0: never trimmed */
	int64_t latest_created_s;	/* unix time of the newest version; 0: unknown */
	bool derived;
};
/*
 * Create a derived key of type aes256-gcm96 that cannot be exported, with POST MOUNT/keys/NAME.  An
 * existing key stays unchanged.
 */
int transit_key_create(struct http_client *client, struct vault *vault,
    const struct transit_key *key, struct error *err) __attribute__((nonnull, warn_unused_result));
/* Read the key's state with GET MOUNT/keys/NAME. */
int transit_key_read(struct http_client *client, struct vault *vault, const struct transit_key *key,
    struct transit_key_state *state, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * Rotate the key at most once, with POST MOUNT/keys/NAME/rotate.  `state` is the state read last
 * (latest_version 0: not read yet), and is set to the state after the rotation.  If the response
 * was lost, read the key before reporting a failure.
 */
int transit_key_rotate(struct http_client *client, struct vault *vault,
    const struct transit_key *key, struct transit_key_state *state, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * Allow only this and newer versions to decrypt, with POST MOUNT/keys/NAME/config.  Also raise a
 * lower min_encryption_version if it is set.  Lowering min_decryption_version later does not lower
 * it again.
 */
int transit_key_retire(struct http_client *client, struct vault *vault,
    const struct transit_key *key, int64_t min_decryption_version, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Delete versions older than `min_available_version` permanently.  Raise min_encryption_version
 * first, because Vault requires both minimums to be at least min_available_version.
 */
int transit_key_trim(struct http_client *client, struct vault *vault, const struct transit_key *key,
    int64_t min_available_version, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
