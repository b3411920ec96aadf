/* status: the Transit key and version of each sealed value, without decrypting. */
#ifndef SEAL_STATUS_H
#define SEAL_STATUS_H

#include "lib/base/text_stream.h"
#include "lib/seal/selection.h"
#include "lib/sealed/sealed.h"
#include "lib/vault/transit.h"

enum status_state {
	STATUS_CURRENT,	  /* sealed with the newest version of its key */
	STATUS_OLD,	  /* sealed with an older version; secret-rotate updates it */
	STATUS_SEALED,	  /* the newest version of the key is unknown */
	STATUS_RETIRED,	  /* below min_decryption_version: cannot be decrypted */
	STATUS_GARBLED,	  /* begins like ciphertext, but is malformed */
	STATUS_PLAINTEXT, /* not sealed */
	STATUS_EMPTY,	  /* for the row of a Secret without values */
};
const char *status_state_name(enum status_state state);

struct status_value {
	char *data_key;
	enum status_state state;
	int64_t version; /* 0: none */
	size_t size;	 /* bytes as stored */
};

struct status_secret {
	char *namespace, *name;
	char *transit_key; /* [MOUNT/]NAME; NULL: not annotated */
	int64_t latest;	   /* newest version of the key; 0: unknown */
	enum sealed_scope scope;
	bool document, immutable;
	int64_t created_s;
	/* the annotation of "kubectl apply" contains plaintext */
	bool plaintext_annotation;
	struct status_value *values;
	size_t count;
};

/* A Transit key, which is read once. */
struct status_key {
	char *name;		 /* MOUNT/NAME */
	int64_t latest, minimum; /* 0: unknown */
};

struct status {
	struct status_secret *secrets;
	size_t count;
	struct status_key *keys;
	size_t key_count;
	bool vault_failed; /* login failed or outage: newest versions are unknown */
};

/*
 * Read the selected Secrets and their annotated keys.  A key that cannot be read is logged as a
 * warning, and its newest version is unknown.
 */
int status_read(struct seal_session *session, const struct seal_selection *selection,
    struct status *status, struct error *err) __attribute__((nonnull, warn_unused_result));
void status_free(struct status *status) __attribute__((nonnull));

enum status_format { STATUS_TABLE, STATUS_JSON, STATUS_YAML, STATUS_PROMETHEUS };
/* Write the status and flush the stream.  `now_s` is the current unix time. */
int status_write(const struct status *status, enum status_format format, int64_t now_s,
    struct text_stream *out, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
