/* kv_inputs: read values to seal from KV engines of Vault (--from-vault). */
#ifndef SEAL_KV_INPUTS_H
#define SEAL_KV_INPUTS_H

#include "lib/base/strings.h"
#include "lib/seal/seal.h"
#include "lib/sealed/variables.h"

/*
 * Log in, and add the values that the references name: [NAME=][vault:]PATH[#KEY[#VERSION]].  PATH
 * is the path of the API, as in lib/vault/kv.h.  Without KEY, add each key under its own name.
 * NAME, which needs KEY, is the name of the value.  All references are checked before the login;
 * each version of a path is read once.  ERROR_USAGE for an invalid reference, ERROR_NOT_FOUND for a
 * missing key, and the errors of kv_result.
 */
int kv_inputs_read(struct seal_session *session, const struct strings *references,
    struct variables *values, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
