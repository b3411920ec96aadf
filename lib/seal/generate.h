/* generate: new random values, from BoringSSL's generator. */
#ifndef SEAL_GENERATE_H
#define SEAL_GENERATE_H

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/* Longer than any password, key or salt; larger things are files. */
#define GENERATE_LENGTH_MAX 65536

/*
 * Append a value as `recipe` says: "LENGTH:CLASS", or "LENGTH" for alnum.  LENGTH counts
 * characters, each drawn from its class with the same chance: alnum      A-Z a-z 0-9 lower      a-z
 * 0-9, which names in DNS and most databases take digits     0-9 hex        0-9 a-f base64     A-Z
 * a-z 0-9 + /      base64url  with - _ instead ascii      all that is printed, without space: ! to
 * ~ bytes      any byte at all: LENGTH bytes, not text ERROR_USAGE for what is no recipe.
 */
int generate(const char *recipe, struct secret_buffer *value, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
