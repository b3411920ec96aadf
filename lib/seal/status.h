/* status: what is sealed with what: per Secret and data key, without decrypting anything. */
#ifndef SEAL_STATUS_H
#define SEAL_STATUS_H

#include "lib/base/text_stream.h"
#include "lib/seal/selection.h"
#include "lib/sealed/sealed.h"
#include "lib/vault/transit.h"

enum status_state {
	STATUS_CURRENT,	  /* sealed with the newest version of its key */
	STATUS_OLD,	  /* with an older one: secret-rotate brings it up */
	STATUS_SEALED,	  /* the key's newest version is not known */
	STATUS_RETIRED,	  /* under the key's min_decryption_version: it decrypts no more */
	STATUS_GARBLED,	  /* begins as ciphertext does, but is none */
	STATUS_PLAINTEXT, /* not sealed at all */
	STATUS_EMPTY,	  /* not a value's state: the Secret has none */
};
const char *status_state_name(enum status_state state);

struct status_value {
	char *data_key;
	enum status_state state;
	int64_t version; /* 0 where there is none */
	size_t size;	 /* bytes, as they are stored */
};

struct status_secret {
	char *namespace, *name;
	char *transit_key; /* [MOUNT/]NAME; NULL: no annotation names one */
	int64_t latest;	   /* version of that key; 0: not known */
	enum sealed_scope scope;
	bool document, immutable;
	int64_t created_s;
	/* "kubectl apply" has left a copy of plaintext in an annotation. */
	bool plaintext_annotation;
	struct status_value *values;
	size_t count;
};

/* One Transit key, asked for once. */
struct status_key {
	char *name;		 /* MOUNT/NAME */
	int64_t latest, minimum; /* 0: Vault did not tell */
};

struct status {
	struct status_secret *secrets;
	size_t count;
	struct status_key *keys;
	size_t key_count;
	bool vault_failed; /* no login, or an outage: newest versions are missing */
};

/*
 * Look at the selected Secrets and at the keys that their annotations name.  A key that can't be
 * read is a warning, and its newest version not known.
 */
int status_read(struct seal_session *session, const struct seal_selection *selection,
    struct status *status, struct error *err) __attribute__((nonnull, warn_unused_result));
void status_free(struct status *status) __attribute__((nonnull));

enum status_format { STATUS_TABLE, STATUS_JSON, STATUS_YAML, STATUS_PROMETHEUS };
/* Write the status, and flush the stream.  `now_s` is the unix time that ages are counted from. */
int status_write(const struct status *status, enum status_format format, int64_t now_s,
    struct text_stream *out, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
