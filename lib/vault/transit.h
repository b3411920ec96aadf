/* transit: what the files of this folder share about Transit. */
#ifndef VAULT_TRANSIT_H
#define VAULT_TRANSIT_H

#include "lib/vault/vault.h"

/*
 * Return true for an answer by which the request has too much JSON: Vault answers 500, OpenBao 400,
 * and the same request can never succeed.
 */
bool transit_over_json_limit(const struct http_exchange *exchange) __attribute__((nonnull));

#endif
