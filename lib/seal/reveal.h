/* reveal: a sealed Secret's plaintext, for a person's eyes. */
#ifndef SEAL_REVEAL_H
#define SEAL_REVEAL_H

#include "lib/base/secret_buffer.h"
#include "lib/seal/servers.h"
#include "lib/vault/transit.h"

struct reveal_settings {
	const char *name;	 /* of the Secret */
	const char *key;	 /* a data key, or a member of its one document; NULL: all */
	const char *transit_key; /* NULL: what the Secret says */
};

/*
 * Append one value's bytes, or all values as lib/seal/edit_text.h writes them (a document as it
 * is).
 */
int reveal(struct servers *servers, const struct reveal_settings *settings,
    struct secret_buffer *out, struct error *err) __attribute__((nonnull, warn_unused_result));

/* Text that a terminal only shows: UTF-8 without control characters but newline and tab. */
bool reveal_is_shown(const struct secret_buffer *text) __attribute__((nonnull));

#endif
