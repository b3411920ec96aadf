/*
 * tls: the parts of TLS in which BoringSSL's or libcurl's defaults are not ours.
 *
 * Offered are also P-521 and Ed25519, as by curl and Go's clients.  A chain that verifies is
 * refused where the server's certificate has no DNS name and no IP address as a subject alternative
 * name (libcurl would compare its common name then), or where a certificate in it is weak: an RSA
 * key under 2048 bits, or a signature by SHA-1 or an older digest.
 */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include <curl/curl.h>

#include "lib/http/request.h"

/*
 * Set up the request's TLS, for the server and for a proxy that speaks TLS, which is trusted by the
 * same certificates, as Vault's own clients have it: `bundle`, the system's (a path that stays
 * valid, see bundle.h), or where that is NULL, the endpoint's CAs.
 */
CURLcode http_tls_set_up(struct http_request *request, const char *bundle)
    __attribute__((nonnull(1)));

/* Return whether an allocation of BoringSSL's has failed since a connection began or this was
 * asked. */
bool http_tls_lacked_memory(void);

#endif
