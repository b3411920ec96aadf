/* transit: encryption, decryption and rewrapping by Transit, and its keys. */
#ifndef VAULT_TRANSIT_H
#define VAULT_TRANSIT_H

#include "lib/vault/vault.h"

/* A Transit key as options name it: [MOUNT/]NAME; the mount may contain slashes. */
struct transit_key {
	char *mount; /* "transit" by default */
	char *name;
};
/* Bytes of [MOUNT/]NAME: longer than real mounts and names. */
#define TRANSIT_KEY_MAX 512
/* Parse [MOUNT/]NAME.  ERROR_USAGE if it is too long, not printable ASCII or not of that form. */
int transit_key_parse(struct transit_key *key, const char *text, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void transit_key_free(struct transit_key *key) __attribute__((nonnull));
/* Return whether `text`, [MOUNT/]NAME, names this key. */
bool transit_key_is(const struct transit_key *key, const char *text) __attribute__((nonnull));

/* One value of a batch. */
struct transit_item {
	/* Input, borrowed: plaintext for encrypt, ciphertext text for decrypt and rewrap. */
	const char *input;
	size_t input_length;
	const char *context; /* base64; NULL unless the key is derived */
	int64_t key_version; /* to encrypt with; 0: the latest */
	/* Output. */
	struct secret_buffer output; /* ciphertext text, or the plaintext's bytes */
	char *error;		     /* the server's error for this item, or NULL */
};
void transit_items_free(struct transit_item *items, size_t count);

enum transit_operation { TRANSIT_ENCRYPT, TRANSIT_DECRYPT, TRANSIT_REWRAP };

/*
 * POST MOUNT/{encrypt,decrypt,rewrap}/NAME with a batch of at most TRANSIT_BATCH_ITEMS.  The
 * result is 0 if Vault processed the batch: check each item's error.  ERROR_NOT_FOUND: no such key;
 * ERROR_TOO_LARGE: the batch is over one of the server's limits.
 */
#define TRANSIT_BATCH_ITEMS 5000 /* under Vault's 10,000 elements and 500,000 tokens */
#define TRANSIT_BATCH_BYTES ((size_t)16 * 1024 * 1024) /* of input; under Vault's 32 MiB body */
/* Vault cannot decrypt longer text, which is over its JSON limit. */
#define TRANSIT_CIPHERTEXT_MAX ((size_t)1048576)

/*
 * Reject a value that Vault would encrypt and could not decrypt again.  Every request checks its
 * items with it; call it before to name the value in the error.
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
 * The size of requests.  OpenBao accepts 1,000 JSON strings a request, names of members included,
 * and gateways often 1 MiB, so that the first request stays below both.  Each accepted request
 * allows a larger one, up to the limits above; after a rejection the last accepted size remains.
 * With a token of limited uses the first request is as large as possible.
 */
#define TRANSIT_FIRST_STRINGS ((size_t)1000)
#define TRANSIT_FIRST_BYTES ((size_t)1000 * 1000)
#define TRANSIT_GROWTH 4

/* The size of a request so far; zeroed initially. */
struct transit_fill {
	size_t items, strings, bytes;
};
/* Add the item to the request if it fits; the first item always does. */
bool transit_fits(const struct vault *vault, enum transit_operation operation,
    struct transit_fill *fill, const struct transit_item *item) __attribute__((nonnull));
/* Note that a request was accepted. */
void transit_accepted(struct vault *vault, const struct transit_fill *fill)
    __attribute__((nonnull));
/*
 * Return true, with *err cleared, if the request was rejected for its size: send its items again in
 * smaller requests.  Return false for a single item, which is too large by itself.
 */
bool transit_split(struct vault *vault, const struct transit_fill *fill,
    const struct http_exchange *exchange, struct error *err) __attribute__((nonnull));

/*
 * Run any number of items in as few requests as the limits allow, one after the other.  An item
 * that is too large by itself gets an error.
 */
int transit_batch(struct http_client *client, struct vault *vault, const struct transit_key *key,
    enum transit_operation operation, struct transit_item *items, size_t count, struct error *err)
    __attribute__((nonnull(1, 2, 3, 7), warn_unused_result));

/* A key as Vault describes it. */
struct transit_key_state {
	int64_t latest_version;
	int64_t min_decryption_version;
	int64_t min_encryption_version; /* 0: unset; any version can be used */
	int64_t min_available_version;	/* 0: never trimmed */
	int64_t latest_created_s;	/* unix time of the newest version; 0: unknown */
	bool derived;
};
/*
 * POST MOUNT/keys/NAME: create a derived key of type aes256-gcm96 that cannot be exported.  An
 * existing key stays as it is.
 */
int transit_key_create(struct http_client *client, struct vault *vault,
    const struct transit_key *key, struct error *err) __attribute__((nonnull, warn_unused_result));
/* GET MOUNT/keys/NAME. */
int transit_key_read(struct http_client *client, struct vault *vault, const struct transit_key *key,
    struct transit_key_state *state, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * POST MOUNT/keys/NAME/rotate, at most once.  `state` is the key's state as last read
 * (latest_version 0: not read yet), and becomes the state after the rotation.  If the response was
 * lost, the key is read before the rotation counts as failed.
 */
int transit_key_rotate(struct http_client *client, struct vault *vault,
    const struct transit_key *key, struct transit_key_state *state, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * POST MOUNT/keys/NAME/config: allow only this and newer versions to decrypt.  Raise a
 * min_encryption_version that is set and older, too; it stays when min_decryption_version is
 * lowered again.
 */
int transit_key_retire(struct http_client *client, struct vault *vault,
    const struct transit_key *key, int64_t min_decryption_version, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Delete older versions permanently.  Raise min_encryption_version first, because Vault requires
 * both minimums to be at least min_available_version.
 */
int transit_key_trim(struct http_client *client, struct vault *vault, const struct transit_key *key,
    int64_t min_available_version, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
