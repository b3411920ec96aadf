/*
 * http: an HTTP client on libcurl's multi interface.
 *
 * A client runs exchanges (a request and its response) in parallel on kept connections.  An
 * endpoint has the URL, trust and time limits for all requests to one server.  TLS is 1.2 or newer
 * and verified, unless the endpoint is `insecure`.  Redirects are not followed, except one 307 from
 * a standby if the endpoint allows it.
 *
 * Failures of name resolution and connections, timeouts, incomplete responses, 429, 5xx and the
 * statuses of Vault's standbys (412, 472, 473) are retried with exponential backoff and full jitter
 * (BASE << tries, at most MAX, shorter near the deadline), or after Retry-After.  Any other
 * response is final, and so is a response for which the exchange's `permanent` callback returns
 * true.  Each retry is logged in one line.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"
#include "lib/base/strings.h"

/* Responses with one small object: a login, a key, a token. */
#define HTTP_RESPONSE_SMALL ((size_t)64 * 1024)
/* A Secret of 1 MiB is 1.4 MiB in base64, plus its managed fields. */
#define HTTP_RESPONSE_SECRET ((size_t)4 * 1024 * 1024)
/* A page of a list, or a batch. */
#define HTTP_RESPONSE_LARGE ((size_t)48 * 1024 * 1024)

#define HTTP_RETRY_BASE_MS 100
#define HTTP_RETRY_MAX_MS 5000
#define HTTP_RETRY_AFTER_MAX_MS 30000 /* limit of a wait that the server requests */
#define HTTP_RETRIES_DEFAULT 4
#define HTTP_RETRIES_MAX 1000000 /* more than any time limit permits */
#define HTTP_CONNECT_TIMEOUT_MS 5000
#define HTTP_REQUEST_TIMEOUT_MS 30000

/* The endpoint owns all strings, except literals.  A string is NULL if it is not set. */
struct http_endpoint {
	const char *name;	/* for messages: "Vault", "Kubernetes API"; a literal */
	const char *trust_hint; /* advice for a failed TLS verification; a literal, or NULL */
	char *url;		/* scheme://host[:port][/prefix], without a final slash */
	char *ca_file;
	char *ca_pem;		 /* takes precedence over the file */
	bool system_trust;	 /* without a CA, trust the system's bundle, if it exists */
	bool ignore_environment; /* ignore SSL_CERT_FILE */
	char *certificate_file, *certificate_pem; /* client certificate */
	char *key_file;
	struct secret_buffer key_pem; /* client key */
	char *tls_server_name;	      /* SNI and verified name, instead of the URL's host */
	bool insecure;		      /* do not verify */
	char *proxy;		      /* NULL: no proxy */
	bool proxy_from_environment;  /* use HTTPS_PROXY and NO_PROXY if `proxy` is NULL */
	bool follow_standby;	      /* follow one 307, from https to https */
	int64_t connect_timeout_ms, request_timeout_ms;
	int retries;		/* tries after the first */
	char *user_agent;	/* sent to the server, not with CONNECT; NULL: a default */
	struct strings headers; /* "Name: value", sent with each request; not for secrets */
};

/* Set the default timeouts and retries, and zero the rest. */
void http_endpoint_init(struct http_endpoint *endpoint, const char *name) __attribute__((nonnull));
void http_endpoint_free(struct http_endpoint *endpoint) __attribute__((nonnull));
/* Set the number of retries; if negative, as many as the client's deadline permits. */
void http_endpoint_set_retries(struct http_endpoint *endpoint, int64_t retries)
    __attribute__((nonnull));

/*
 * Set the URL, without its final slashes.  ERROR_USAGE if it is not an https URL of host, port and
 * path.  Plain http, which exposes every secret, is accepted only to loopback or with
 * `allow_plain`.
 */
int http_endpoint_set_url(struct http_endpoint *endpoint, const char *url, bool allow_plain,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/*
 * Verify the server's certificate against this name or IP address instead of the URL's host.
 * ERROR_USAGE if it is neither a name nor an address.
 */
int http_endpoint_set_tls_name(struct http_endpoint *endpoint, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Replace the User-Agent.  Keep it if `text` is NULL. */
int http_endpoint_set_user_agent(struct http_endpoint *endpoint, const char *text,
    struct error *err) __attribute__((nonnull(1, 3), warn_unused_result));
/* Use this proxy.  ERROR_USAGE if it is not the URL of a proxy, see proxy.h. */
int http_endpoint_set_proxy(struct http_endpoint *endpoint, const char *proxy, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * Trust every PEM certificate in the folder's files, of any name, as Vault's own clients do.  Sets
 * ca_pem.  ERROR_INVALID if the folder has no certificate.
 */
int http_endpoint_read_ca_directory(struct http_endpoint *endpoint, const char *directory,
    struct error *err) __attribute__((nonnull, warn_unused_result));

struct http_client;

/* A request and, when it has ended, its response.  Must not move while it runs. */
struct http_exchange {
	/* The request.  Zero members are not sent. */
	struct http_endpoint *endpoint;	 /* borrowed */
	const char *method;		 /* "GET", "POST" ...; a literal */
	struct secret_buffer path;	 /* "/v1/..." with the query, appended to the URL */
	const char *content_type;	 /* a literal; NULL without a body */
	const char *accept;		 /* a literal; NULL: application/json */
	const struct strings *headers;	 /* borrowed; as the endpoint's; or NULL */
	struct secret_buffer credential; /* a complete header line: "X-Vault-Token: ..." */
	/* Borrowed; a secret in the encoded value of `credential`, for http_redact; or NULL. */
	const struct secret_buffer *secret;
	struct secret_buffer body;
	/*
	 * Names of JSON members of the body and the response that are a secret, or an object with
	 * secrets, ended by NULL; or NULL.  Literals.  See http_redact.
	 */
	const char *const *secret_members;
	size_t response_limit; /* bytes; 0: HTTP_RESPONSE_SMALL */
	/*
	 * The request must not be carried out twice.  It gets a new connection, and is retried only
	 * if it was certainly not carried out: it was not sent, or the server itself, not a
	 * gateway, throttled it (http_is_throttled).
	 */
	bool once;
	/* Return true if this response is final although its status is usually retried; or NULL. */
	bool (*permanent)(const struct http_exchange *exchange);
	const char *mark; /* name of a header that marks some responses; a literal, or NULL */

	/* The response. */
	int status;  /* 0 without a response, see `error` */
	bool marked; /* the response has the header `mark` */
	struct secret_buffer response;
	/* Why the response is missing (ERROR_NETWORK ...), or why a redirect was not followed. */
	struct error error;
	int tries;	  /* tries that have ended */
	int64_t took_ms;  /* of all tries and the waits between them */
	bool out_of_time; /* the deadline is before the next try */
	bool uncertain;	  /* not a GET, and a try without a clear response may have succeeded */
	void *context;	  /* for the caller */

	/* Internal to the client. */
	struct http_request *request;		   /* while it runs */
	struct http_exchange *next_ended_exchange; /* in the client's queue of ended exchanges */
};

/* Wipe and free everything that the exchange owns, and zero it. */
void http_exchange_free(struct http_exchange *exchange) __attribute__((nonnull));

/*
 * Return a new client.  `deadline_ms` (CLOCK_MONOTONIC; 0: none) ends every exchange.  libcurl is
 * initialised once per process, with memory functions that wipe on free.
 */
struct http_client *http_client_new(int64_t deadline_ms, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Set the deadline of tries that start later. */
void http_client_set_deadline(struct http_client *client, int64_t deadline_ms)
    __attribute__((nonnull));
/* Return the deadline, or 0. */
int64_t http_client_deadline_ms(const struct http_client *client) __attribute__((nonnull));
/* End running exchanges, and free the client. */
void http_client_free(struct http_client *client);
/* Return true after the deadline or http_interrupt, when no exchange would complete. */
bool http_client_is_over(const struct http_client *client) __attribute__((nonnull));
/* Return a client for cleaning up, which works for `limit_ms` even after http_interrupt. */
struct http_client *http_client_new_cleanup(int64_t limit_ms, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* End running and later exchanges with ERROR_INTERRUPTED.  Safe in a signal handler. */
void http_interrupt(void);
/* Return true after http_interrupt. */
bool http_is_interrupted(void);

/* Start an exchange.  Return -1 if it cannot start: bad URL, no memory, or no CA certificates. */
int http_start(struct http_client *client, struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* End a started exchange without a response; http_wait will not return it. */
void http_cancel(struct http_client *client, struct http_exchange *exchange)
    __attribute__((nonnull));

/* Wait for any started exchange to end, and return it; NULL if none is running. */
struct http_exchange *http_wait(struct http_client *client) __attribute__((nonnull));
/*
 * Wait as http_wait does, but until `until_ms` (CLOCK_MONOTONIC), even if none is running.  Return
 * NULL at that time, after http_interrupt, or at the client's deadline.
 */
struct http_exchange *http_wait_until(struct http_client *client, int64_t until_ms)
    __attribute__((nonnull));

/*
 * Start these exchanges and wait for all of them.  Return 0 even if some failed; check each.  Other
 * running exchanges continue, and http_wait returns any of them that ended.
 */
int http_run(struct http_client *client, struct http_exchange *const *exchanges, size_t count,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Start an exchange and wait for it. */
int http_run_one(struct http_client *client, struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Return 0 if the status is 2xx.  Otherwise set *err to exchange->error, or to the status's class
 * and "NAME: METHOD path: status 403: detail".  `detail` is the server's message, or NULL; it is
 * redacted and shortened.
 */
int http_check(const struct http_exchange *exchange, const char *detail, struct error *err)
    __attribute__((nonnull(1, 3), warn_unused_result));

/*
 * Replace credentials of the exchange by "***" in the text of a server, which is cut to 2 KiB: the
 * header's, its secret, the values of its secret_members, and the password of a proxy.  They are
 * found complete or as a part of at least 6 bytes, also in base64 or escaped.  On failure, replace
 * all of the text by a notice.
 */
void http_redact(const struct http_exchange *exchange, char *text) __attribute__((nonnull));

/*
 * Return a description of a response that is not JSON, for a message: "an HTML page (...)"; or
 * NULL.  A literal, because the response itself may contain anything.
 */
const char *http_describe_body(const struct http_exchange *exchange) __attribute__((nonnull));

/* Append `text`, percent-encoded for one path segment or query value (RFC 3986). */
int http_append_escaped(struct secret_buffer *path, const char *text, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Return the version of libcurl for --version: Debian's version, which includes security patches,
 * if the recipes define it, otherwise the library's.
 */
const char *http_curl_version(void);
const char *http_ares_version(void);

#endif
