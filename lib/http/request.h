/*
 * request: an exchange while the client runs it.  The internal header of this folder.
 *
 * request.c sets up curl's handle, tls.c its TLS, bundle.c the system's CAs.  client.c runs the
 * tries.  retry.c decides about a retry after each try, with the error from failure.c.  exchange.c
 * reports results.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <curl/curl.h>
#include <openssl/ssl.h>

#include "lib/http/http.h"

struct http_request {
	struct http_exchange *exchange;
	struct http_request *next; /* in the client's list */
	CURL *easy;
	struct curl_slist *headers;
	struct curl_slist *connect_to; /* for a TLS name that is not the URL's host */
	char reason[CURL_ERROR_SIZE];
	int tries;	     /* tries that have ended */
	int sent;	     /* requests sent in this try; libcurl repeats some on its own */
	int64_t retry_at_ms; /* time of the next try; 0 while a try runs */
	int64_t started_ms;  /* time of the first try */
	char *active; /* scheme://host:port[/prefix] of a standby's redirect; NULL without one */
	const char *bundle;   /* file of the system's CAs if they are trusted, or NULL */
	bool proxied;	      /* this try uses a proxy */
	bool overflow;	      /* the response exceeded its limit */
	bool enough;	      /* an error's response exceeded its limit; its beginning is enough */
	struct error failure; /* an error in a callback */
};

/* request.c */

/* Create the request for an exchange. */
struct http_request *http_request_new(struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void http_request_free(struct http_request *request);
/* Prepare the next try: set its time limit from the deadline (0: none), and empty the response. */
int http_request_prepare(struct http_request *request, int64_t deadline_ms, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Direct the next try to the active node if it is known, otherwise to the endpoint's server. */
int http_request_set_target(struct http_request *request, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* retry.c */

enum http_verdict { HTTP_FINISHED, HTTP_TRY_AGAIN, HTTP_REDIRECTED };
/* Return the next action after curl has ended a try with `result`. */
enum http_verdict http_request_judge(struct http_request *request, CURLcode result)
    __attribute__((nonnull));
/*
 * Return the time to wait before the next try in milliseconds: Retry-After, or backoff with full
 * jitter, shorter near the deadline.  Return -1 if `left_ms` is too short for another try.
 */
int64_t http_request_delay(struct http_request *request, int64_t left_ms) __attribute__((nonnull));
/*
 * Record the number and duration of the tries in the exchange after the last one, and prefix its
 * error with them and the server.
 */
void http_request_conclude(struct http_request *request, bool out_of_time) __attribute__((nonnull));

/* failure.c */

/* Set the exchange's error after a try without a response.  Return true if a retry may succeed. */
bool http_request_explain(struct http_request *request, CURLcode result) __attribute__((nonnull));

/* exchange.c */

/* Return true for a status that means "not carried out, try again later". */
bool http_is_throttled(int status);
/* Return the length of the path without its query, in bytes. */
int http_path_length(const struct http_exchange *exchange) __attribute__((nonnull));
/* Write "tried 3 times in 1.50 s", or "" after a single try. */
#define HTTP_TRIES_TEXT 64
void http_tries_text(const struct http_exchange *exchange, char text[HTTP_TRIES_TEXT])
    __attribute__((nonnull));

/* endpoint.c */

/* Return the name as in a URL, with brackets around an IPv6 address.  Newly allocated. */
char *http_bracketed(const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));
bool http_is_https(const char *url) __attribute__((nonnull));

/*
 * tls.c: TLS settings where the defaults of BoringSSL or libcurl are not enough.
 *
 * P-521 and Ed25519 are also offered, as by curl and Go's clients.  A verified chain is rejected if
 * the server's certificate has neither a DNS name nor an IP address as subject alternative name
 * (libcurl would compare its common name), or if a certificate in the chain is weak: an RSA key
 * under 2048 bits, or a signature with SHA-1 or an older digest.
 */

/*
 * Set up TLS for the server and for a proxy with TLS.  As in Vault's own clients, both are verified
 * with the same CA certificates: the file `bundle`, whose path must stay valid, or the endpoint's
 * if it is NULL.
 */
CURLcode http_tls_set_up(struct http_request *request, const char *bundle)
    __attribute__((nonnull(1)));
/* Return true if BoringSSL lacked memory since the connection began or since the last call. */
bool http_tls_lacked_memory(void);

/*
 * bundle.c: trust the system's bundle of public CAs, and parse only the needed certificates.
 *
 * A program usually needs one of some 140 certificates.  Parsing all of them (CURLOPT_CAINFO) takes
 * 4 ms and 1 MiB more.
 */

/*
 * Return $SSL_CERT_FILE, unless `ignore_environment`, or the path used by a distribution; NULL if
 * the file does not exist.  Borrowed from the environment.
 */
const char *http_bundle_find(bool ignore_environment);
/* Trust the certificates in the file, as CURLOPT_CAINFO does.  The path must stay valid. */
void http_bundle_trust(SSL_CTX *ssl, const char *path) __attribute__((nonnull));
/* Set *err if the bundle could not be read since http_bundle_trust. */
void http_bundle_failure(struct error *err) __attribute__((nonnull));

/* libcurl.c */

/* Initialise libcurl once per process. */
int http_libcurl_init(struct error *err) __attribute__((nonnull, warn_unused_result));
/* Return true if an allocation of libcurl has failed. */
bool http_libcurl_lacked_memory(void);

#endif
