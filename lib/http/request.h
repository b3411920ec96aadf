/*
 * request: an exchange while the client runs it; the internal header of this folder.
 *
 * request.c sets up curl's handle, tls.c its TLS, bundle.c the system's CAs; client.c runs the
 * tries; retry.c judges how a try ended, with failure.c's explanation; exchange.c reports results.
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
	int tries;	      /* tries that have ended */
	int sent;	      /* requests of this try: libcurl repeats some by itself */
	int64_t retry_at_ms;  /* the time of the next try; 0: it is running */
	int64_t started_ms;   /* the time of the first try */
	char *active;	      /* scheme://host:port of a standby's redirect; NULL: none so far */
	const char *bundle;   /* the file of the system's CAs if they are trusted; else NULL */
	bool proxied;	      /* this try uses a proxy */
	bool overflow;	      /* the response exceeded its limit */
	bool enough;	      /* so did an error's response, of which the beginning is enough */
	struct error failure; /* an error in a callback */
};

/* request.c */

/* Create the request of an exchange. */
struct http_request *http_request_new(struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void http_request_free(struct http_request *request);
/* Prepare the next try: time limits from the deadline (0: none), an empty response. */
int http_request_prepare(struct http_request *request, int64_t deadline_ms, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Aim the next try at the active node if there is one, else at the endpoint's server. */
int http_request_set_target(struct http_request *request, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* retry.c */

enum http_verdict { HTTP_FINISHED, HTTP_TRY_AGAIN, HTTP_REDIRECTED };
/* Return what to do after a try that curl has ended with `result`. */
enum http_verdict http_request_judge(struct http_request *request, CURLcode result)
    __attribute__((nonnull));
/*
 * Return the milliseconds to wait before the next try: Retry-After, else backoff with full jitter,
 * shorter near the end.  -1 if the `left_ms` are not enough for another.
 */
int64_t http_request_delay(struct http_request *request, int64_t left_ms) __attribute__((nonnull));
/*
 * After the last try: record in the exchange the number of tries and their time, and prefix its
 * error with them and the server.
 */
void http_request_conclude(struct http_request *request, bool out_of_time) __attribute__((nonnull));

/* failure.c */

/* Set the exchange's error for a try without an answer.  Return true if another may succeed. */
bool http_request_explain(struct http_request *request, CURLcode result) __attribute__((nonnull));

/* exchange.c */

/* Return true if the server reports that it has not carried out the request and may do so later. */
bool http_is_throttled(int status);
/* Return the bytes of the path without its query. */
int http_path_length(const struct http_exchange *exchange) __attribute__((nonnull));
/* Write "tried 3 times in 1.5 s", or "" after a single try. */
#define HTTP_TRIES_TEXT 64
void http_tries_text(const struct http_exchange *exchange, char text[HTTP_TRIES_TEXT])
    __attribute__((nonnull));

/* endpoint.c */

/* Return the name as in a URL, an IPv6 address in brackets; newly allocated. */
char *http_bracketed(const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));
bool http_is_https(const char *url) __attribute__((nonnull));

/*
 * tls.c: the parts of TLS where BoringSSL's or libcurl's defaults are not enough.
 *
 * P-521 and Ed25519 are also offered, as by curl and Go's clients.  A chain that verifies is
 * rejected if the server's certificate has neither a DNS name nor an IP address as subject
 * alternative name (libcurl would compare its common name then), or if a certificate in it is weak:
 * an RSA key under 2048 bits, or a signature with SHA-1 or an older digest.
 */

/*
 * Set up TLS for the server and for a proxy with TLS; both are trusted by the same certificates, as
 * in Vault's own clients: those of `bundle` (a path that stays valid), or if it is NULL, the
 * endpoint's CAs.
 */
CURLcode http_tls_set_up(struct http_request *request, const char *bundle)
    __attribute__((nonnull(1)));
/* Return true if BoringSSL has failed to allocate since a connection began or the last call. */
bool http_tls_lacked_memory(void);

/*
 * bundle.c: trust in the system's bundle of public CAs, of which only what is needed is parsed.
 *
 * A start needs one certificate of some 140; to parse all of them (CURLOPT_CAINFO) takes 4 ms and
 * 1 MiB more.
 */

/*
 * Return $SSL_CERT_FILE, unless `ignore_environment`, or the path that a distribution uses; NULL:
 * not found.  Borrowed from the environment.
 */
const char *http_bundle_find(bool ignore_environment);
/* Trust the file's certificates, as libcurl would with CURLOPT_CAINFO.  The path must stay valid.
 */
void http_bundle_trust(SSL_CTX *ssl, const char *path) __attribute__((nonnull));
/* Set *err if the bundle could not be read since then. */
void http_bundle_failure(struct error *err) __attribute__((nonnull));

/* libcurl.c */

/* Initialise libcurl, once a process. */
int http_libcurl_init(struct error *err) __attribute__((nonnull, warn_unused_result));
/* Return true after a failed allocation of libcurl's. */
bool http_libcurl_lacked_memory(void);

#endif
