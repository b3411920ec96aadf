/* transit: encryption, decryption and rewrapping by Transit, and its keys. */
#ifndef VAULT_TRANSIT_H
#define VAULT_TRANSIT_H

#include "lib/vault/vault.h"

/* A Transit key, as a person names it: [MOUNT/]NAME; the mount may hold slashes. */
struct transit_key {
	char *mount; /* "transit" unless named */
	char *name;
};
#define TRANSIT_KEY_MAX                                                                            \
	512 /* bytes of [MOUNT/]NAME: longer than any mount and name that are used */
/* ERROR_USAGE for a text that is too long, not printable ASCII or not of that form. */
int transit_key_parse(struct transit_key *key, const char *text, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void transit_key_free(struct transit_key *key) __attribute__((nonnull));
/* True when `text`, [MOUNT/]NAME, names this key. */
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
	char *error;		     /* the server's word on this item, or NULL */
};
void transit_items_free(struct transit_item *items, size_t count);

enum transit_operation { TRANSIT_ENCRYPT, TRANSIT_DECRYPT, TRANSIT_REWRAP };

/*
 * POST MOUNT/{encrypt,decrypt,rewrap}/NAME with a batch of at most TRANSIT_BATCH_ITEMS.  The
 * result is 0 when the batch was answered: look at each item's error.  ERROR_NOT_FOUND: there is no
 * such key; ERROR_TOO_LARGE: it is over one of the server's limits.
 */
#define TRANSIT_BATCH_ITEMS 5000 /* under Vault's 10,000 elements and 500,000 tokens */
#define TRANSIT_BATCH_BYTES ((size_t)16 * 1024 * 1024) /* of input; under Vault's 32 MiB body */
/* Longer text is over Vault's JSON limit: it would never decrypt it. */
#define TRANSIT_CIPHERTEXT_MAX ((size_t)1048576)

/*
 * Vault encrypts what it can't decrypt again: refuse it before anything is written.  Every request
 * checks its items so; this tells beforehand which one it is.
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
 * Batching, for all requests.  OpenBao accepts 1,000 JSON strings a request, names of members
 * included, and gateways often 1 MiB.  So the first request keeps to that.  Each one that is
 * accepted lets the next be larger, up to the limits above; after a refusal the size that was
 * accepted before remains.  A token with few uses left makes the first request as large as can be.
 */
#define TRANSIT_FIRST_STRINGS ((size_t)1000)
#define TRANSIT_FIRST_BYTES ((size_t)1000 * 1000)
#define TRANSIT_GROWTH 4

/* The size of a request so far; zeroed at first. */
struct transit_fill {
	size_t items, strings, bytes;
};
/* Add the item to the request, if it fits; the first one always does. */
bool transit_fits(const struct vault *vault, enum transit_operation operation,
    struct transit_fill *fill, const struct transit_item *item) __attribute__((nonnull));
/* Note that a request was accepted. */
void transit_accepted(struct vault *vault, const struct transit_fill *fill)
    __attribute__((nonnull));
/*
 * Return true, with *err cleared, when the request was refused for its size: its items are to be
 * sent again, in smaller requests.  False for one item, which then is too large by itself.
 */
bool transit_split(struct vault *vault, const struct transit_fill *fill,
    const struct http_exchange *exchange, struct error *err) __attribute__((nonnull));

/*
 * Any number of items, in as few requests as the limits allow, one after the other.  An item that
 * is too large by itself has an error.
 */
int transit_batch(struct http_client *client, struct vault *vault, const struct transit_key *key,
    enum transit_operation operation, struct transit_item *items, size_t count, struct error *err)
    __attribute__((nonnull(1, 2, 3, 7), warn_unused_result));

/* What is known of a key. */
struct transit_key_state {
	int64_t latest_version;
	int64_t min_decryption_version;
	int64_t min_encryption_version; /* 0: none is set: any version may be named */
	int64_t min_available_version;	/* 0: none was ever trimmed */
	int64_t latest_created_s;	/* unix time of the newest version; 0: unknown */
	bool derived;
};
/*
 * POST MOUNT/keys/NAME: a key of type aes256-gcm96, derived, which can't be exported.  One that is
 * there already stays as it is.
 */
int transit_key_create(struct http_client *client, struct vault *vault,
    const struct transit_key *key, struct error *err) __attribute__((nonnull, warn_unused_result));
/* GET MOUNT/keys/NAME. */
int transit_key_read(struct http_client *client, struct vault *vault, const struct transit_key *key,
    struct transit_key_state *state, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * POST MOUNT/keys/NAME/rotate, at most once.  `state` is the key's state as last read, with a
 * latest_version of 0 where it was not read yet, and becomes the state after.  A rotation without
 * a clear answer is looked for in the key itself before it counts as failed.
 */
int transit_key_rotate(struct http_client *client, struct vault *vault,
    const struct transit_key *key, struct transit_key_state *state, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * POST MOUNT/keys/NAME/config: let only this version and newer ones decrypt.  A
 * min_encryption_version that is set, and older, is raised with it, and stays when the other is
 * lowered again.
 */
int transit_key_retire(struct http_client *client, struct vault *vault,
    const struct transit_key *key, int64_t min_decryption_version, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Delete for ever the versions below: min_encryption_version has to follow first, since Vault wants
 * both limits at or above what stays available.
 */
int transit_key_trim(struct http_client *client, struct vault *vault, const struct transit_key *key,
    int64_t min_available_version, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
