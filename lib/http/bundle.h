/*
 * bundle: the system's bundle of public CAs, as trust of which only what is needed is parsed.
 *
 * A start needs one certificate of some 140, whose parsing would take as long as all the rest of
 * the start together, and 1 MiB.
 */
#ifndef HTTP_BUNDLE_H
#define HTTP_BUNDLE_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "lib/base/error.h"

/* $SSL_CERT_FILE, unless `standard`, or where distributions keep it; NULL: nowhere.  Borrowed from
 * the environment. */
const char *http_bundle_find(bool standard);

/* Trust what is in the file (which must stay named so) as libcurl would trust CURLOPT_CAINFO. */
void http_bundle_trust(SSL_CTX *ssl, const char *path) __attribute__((nonnull));

/* Fill *err when the bundle could not be read since; leave it alone else. */
void http_bundle_failure(struct error *err) __attribute__((nonnull));

#endif
