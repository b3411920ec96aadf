/*
 * http: an HTTP client on libcurl's multi interface.
 *
 * A client runs exchanges (a request and its response) in parallel on kept connections.  An
 * endpoint has the URL, trust and time limits of all requests to one server.  TLS is 1.2 or newer
 * and verified, unless the endpoint is `insecure`.  Redirects are not followed, except for one 307
 * of a standby if the endpoint allows it.
 *
 * Retries: failures of name resolution and connections, timeouts, incomplete answers, 429, 5xx and
 * the statuses of Vault's standbys (412, 472, 473) are tried again with exponential backoff and
 * full jitter (BASE << tries, at most MAX, shorter near the deadline), or after Retry-After.  Other
 * answers are final, as is a 5xx that the exchange's `permanent` callback recognises.  Each try
 * that is followed by another is logged in one line.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"
#include "lib/base/strings.h"

/* Answers with one small object: a login, a key, a token. */
#define HTTP_RESPONSE_SMALL ((size_t)64 * 1024)
/* A Secret of 1 MiB is 1.4 MiB in base64; managed fields are added. */
#define HTTP_RESPONSE_SECRET ((size_t)4 * 1024 * 1024)
/* A page of a list, or a batch. */
#define HTTP_RESPONSE_LARGE ((size_t)48 * 1024 * 1024)

#define HTTP_RETRY_BASE_MS 100
#define HTTP_RETRY_MAX_MS 5000
#define HTTP_RETRY_AFTER_MAX_MS 30000 /* limit of a wait that the server asks for */
#define HTTP_RETRIES_DEFAULT 4
#define HTTP_RETRIES_MAX 1000000 /* more than any time limit allows */
#define HTTP_CONNECT_TIMEOUT_MS 5000
#define HTTP_REQUEST_TIMEOUT_MS 30000

/* All strings are owned by the endpoint; NULL where not set. */
struct http_endpoint {
	const char *name;	/* for messages: "Vault", "Kubernetes API"; a literal */
	const char *trust_hint; /* advice for a failed TLS verification; a literal, or NULL */
	char *url;		/* scheme://host[:port][/prefix], no final slash */
	char *ca_file;
	char *ca_pem;		 /* takes precedence over the file */
	bool system_trust;	 /* without a CA: trust the system's bundle, if it exists */
	bool ignore_environment; /* ignore SSL_CERT_FILE */
	char *certificate_file, *certificate_pem; /* client certificate */
	char *key_file;
	struct secret_buffer key_pem; /* client key */
	char *tls_server_name;	      /* SNI and name check instead of the URL's host */
	bool insecure;		      /* no verification */
	char *proxy;		      /* NULL: none */
	bool proxy_from_environment;  /* HTTPS_PROXY, NO_PROXY, when proxy is NULL */
	bool follow_standby;	      /* follow one 307, from https to https */
	int64_t connect_timeout_ms, request_timeout_ms;
	int retries;		/* tries after the first */
	struct strings headers; /* "Name: value", sent with each request; no secrets here */
};

/* Set the default timeouts and retries; everything else is unset. */
void http_endpoint_init(struct http_endpoint *endpoint, const char *name) __attribute__((nonnull));
void http_endpoint_free(struct http_endpoint *endpoint) __attribute__((nonnull));
/* Set the number of retries; negative: as many as the client's deadline allows. */
void http_endpoint_set_retries(struct http_endpoint *endpoint, int64_t retries)
    __attribute__((nonnull));

/*
 * Set the URL, without its final slashes.  ERROR_USAGE unless it is an https URL of host, port and
 * path; plain http, which exposes every secret, only to loopback or with `allow_plain`.
 */
int http_endpoint_set_url(struct http_endpoint *endpoint, const char *url, bool allow_plain,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/*
 * Verify the server's certificate by this name or IP address instead of the URL's host.
 * ERROR_USAGE if it is neither.
 */
int http_endpoint_set_tls_name(struct http_endpoint *endpoint, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Use this proxy; ERROR_USAGE unless it is the URL of a proxy, see proxy.h. */
int http_endpoint_set_proxy(struct http_endpoint *endpoint, const char *proxy, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * Trust every PEM certificate in the folder's files, whatever their names, as Vault's own clients
 * do.  Sets ca_pem.  ERROR_INVALID if there is none.
 */
int http_endpoint_read_ca_directory(struct http_endpoint *endpoint, const char *directory,
    struct error *err) __attribute__((nonnull, warn_unused_result));

struct http_client;

/* A request and, after it has run, its response.  Must not move while it runs. */
struct http_exchange {
	/* The request; members that are zero are not sent. */
	struct http_endpoint *endpoint;	 /* borrowed */
	const char *method;		 /* "GET", "POST" ...; a literal */
	struct secret_buffer path;	 /* "/v1/..." with its query, appended to the URL */
	const char *content_type;	 /* a literal; NULL without a body */
	const char *accept;		 /* a literal; NULL: application/json */
	struct secret_buffer credential; /* a whole header line: "X-Vault-Token: ..." */
	struct secret_buffer body;
	/*
	 * Names of JSON members of the body and the answer that contain a secret, ended by NULL; or
	 * NULL.  Literals.  See http_redact.
	 */
	const char *const *secret_members;
	size_t response_limit; /* bytes; 0: HTTP_RESPONSE_SMALL */
	/*
	 * It must not be carried out twice.  It gets a new connection, and is tried again only if
	 * it certainly was not carried out: there was no connection, or the server itself, not a
	 * gateway, throttled it (412, 429, 503).
	 */
	bool once;
	/* Return true if this answer is final although its status would be retried; or NULL. */
	bool (*permanent)(const struct http_exchange *exchange);

	/* The response. */
	int status; /* 0 if there was none: see `error` */
	struct secret_buffer response;
	/* Why there was no answer (ERROR_NETWORK ...), or why a redirect was not followed. */
	struct error error;
	int tries;	  /* sent, or attempted */
	int64_t took_ms;  /* of all tries and the waits between them */
	bool out_of_time; /* the deadline came before the next try */
	bool uncertain;	  /* not a GET, and a try without a clear answer may have succeeded */
	void *context;	  /* the caller's */

	/* The client's own. */
	struct http_request *request;		   /* while it runs */
	struct http_exchange *next_ended_exchange; /* in its queue of ended ones */
};

/* Wipe and free all that the exchange owns; it is zeroed after. */
void http_exchange_free(struct http_exchange *exchange) __attribute__((nonnull));

/*
 * Return a new client; `deadline_ms` (CLOCK_MONOTONIC) ends every exchange, 0: none.  libcurl is
 * initialised once a process, with memory functions that wipe on free.
 */
struct http_client *http_client_new(int64_t deadline_ms, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Set the deadline of later exchanges; a running one keeps its own. */
void http_client_set_deadline(struct http_client *client, int64_t deadline_ms)
    __attribute__((nonnull));
/* Return the deadline, or 0. */
int64_t http_client_deadline_ms(const struct http_client *client) __attribute__((nonnull));
/* End running exchanges, and free. */
void http_client_free(struct http_client *client);
/* Return true after the deadline or http_interrupt: no exchange would complete. */
bool http_client_is_over(const struct http_client *client) __attribute__((nonnull));
/*
 * Return a client for cleaning up, also after a signal or the time limit: exchanges run again, for
 * `limit_ms` at most.
 */
struct http_client *http_client_new_cleanup(int64_t limit_ms, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* End running and later exchanges with ERROR_INTERRUPTED.  Safe in a signal handler. */
void http_interrupt(void);
/* Return true after http_interrupt. */
bool http_is_interrupted(void);

/* Start an exchange.  -1 if it cannot be started (bad URL, no memory, no trust). */
int http_start(struct http_client *client, struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* End a started exchange without an answer: http_wait will not return it. */
void http_cancel(struct http_client *client, struct http_exchange *exchange)
    __attribute__((nonnull));

/* Wait for any started exchange to end and return it; NULL if none is running. */
struct http_exchange *http_wait(struct http_client *client) __attribute__((nonnull));
/*
 * The same until `until_ms` (CLOCK_MONOTONIC), also while none is running: NULL at that time, after
 * http_interrupt, and at the client's deadline.
 */
struct http_exchange *http_wait_until(struct http_client *client, int64_t until_ms)
    __attribute__((nonnull));

/*
 * Start these exchanges and wait for all of them.  0 also if some failed: check each.  Exchanges
 * that were started before continue, and the next http_wait returns any that ended.
 */
int http_run(struct http_client *client, struct http_exchange *const *exchanges, size_t count,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* The same for a single exchange. */
int http_run_one(struct http_client *client, struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Return 0 if the status is 2xx.  Otherwise set *err to exchange->error, or to the status's class
 * and "METHOD path: 403: detail"; `detail` is the server's message, already extracted, or NULL: it
 * is redacted and cut.
 */
int http_check(const struct http_exchange *exchange, const char *detail, struct error *err)
    __attribute__((nonnull(1, 3), warn_unused_result));

/*
 * Replace by "***" in the text of a server (cut to 2 KiB) every credential of the exchange, whole
 * or a part of at least 6 bytes, also in base64 or escaped: its header's, those of its
 * secret_members, and the password of a proxy.  If that fails, replace all of the text by a notice.
 */
void http_redact(const struct http_exchange *exchange, char *text) __attribute__((nonnull));

/*
 * Describe a response that is not JSON, for a message: "an HTML page (...)".  Return a literal, or
 * NULL.  It never quotes the response, which may contain anything.
 */
const char *http_describe_body(const struct http_exchange *exchange) __attribute__((nonnull));

/* Append `text` percent-encoded for one path segment or query value (RFC 3986). */
int http_append_escaped(struct secret_buffer *path, const char *text, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Return the versions for --version: of libcurl, Debian's version, which includes security patches,
 * if the recipes built it, else the library's own; of c-ares, the library's own.
 */
const char *http_curl_version(void);
const char *http_ares_version(void);

#endif
