/* answer: reading Vault's answers, for the files of this folder only. */
#ifndef VAULT_ANSWER_H
#define VAULT_ANSWER_H

#include "lib/base/json_reader.h"
#include "lib/vault/vault.h"

/*
 * Parse the response.  NULL when it is empty or no JSON: err then says whether a Vault stands there
 * at all.
 */
struct json *vault_answer_parse(const struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* 0 on 2xx; else http_check's error with the server's words, and a hint where Vault is sealed. */
int vault_answer_check(const struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* A POST (or GET when `post` is false) to /v1/MOUNT/rest with the token. */
int vault_request(struct vault *vault, bool post, const char *mount, const char *rest,
    struct http_exchange *exchange, struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Return true for an answer by which the request has too much JSON: Vault answers 500, OpenBao 400,
 * and the same request can never succeed.
 */
bool transit_over_json_limit(const struct http_exchange *exchange) __attribute__((nonnull));

#endif
