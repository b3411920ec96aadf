/*
 * http: one HTTP client on libcurl's multi interface.
 *
 * A client runs exchanges (one request, one response) in parallel on kept connections.  An
 * endpoint holds what all requests to one server share: its URL, its trust, its time limits.
 * TLS is 1.2 or newer and verified, unless the endpoint says `insecure`.  Redirects are not
 * followed, but for one hop of a 307 where the endpoint allows it.
 *
 * Retries: failed look-ups of names, failed connections, timeouts, answers cut short, 429, 5xx and
 * what Vault's standbys say (412, 472, 473) are tried again with exponential backoff and full
 * jitter (BASE << tries, at most MAX, shorter near the deadline), or after Retry-After; other
 * answers never, nor a 5xx that the exchange's `permanent` callback recognises.  One log line a
 * try that is followed by another.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"
#include "lib/base/strings.h"

/* Answers that hold one small object: a login, a key, a token. */
#define HTTP_RESPONSE_SMALL ((size_t)64 * 1024)
/* A Secret of 1 MiB is 1.4 MiB in base64, and managed fields come on top. */
#define HTTP_RESPONSE_SECRET ((size_t)4 * 1024 * 1024)
/* A page of a list, or a batch: what a bounded client takes at once. */
#define HTTP_RESPONSE_LARGE ((size_t)48 * 1024 * 1024)

#define HTTP_RETRY_BASE_MS 100
#define HTTP_RETRY_MAX_MS 5000
#define HTTP_RETRY_AFTER_MAX_MS 30000 /* a longer wait asked for by the server is cut */
#define HTTP_RETRIES_DEFAULT 4
#define HTTP_RETRIES_MAX 1000000 /* no limit but time: more than it lets happen */
#define HTTP_CONNECT_TIMEOUT_MS 5000
#define HTTP_REQUEST_TIMEOUT_MS 30000

/* All strings are owned by the endpoint; NULL where not set. */
struct http_endpoint {
	const char *name;	/* for messages: "Vault", "Kubernetes API"; a literal */
	const char *trust_hint; /* what to do when TLS does not verify; a literal, or NULL */
	char *url;		/* scheme://host[:port][/prefix], no final slash */
	char *ca_file;
	char *ca_pem;		 /* wins over the file */
	bool system_trust;	 /* no CA given: the system's bundle, if there is one */
	bool ignore_environment; /* SSL_CERT_FILE names no bundle */
	char *certificate_file, *certificate_pem; /* client certificate */
	char *key_file;
	struct secret_buffer key_pem; /* client key */
	char *tls_server_name;	      /* SNI and name check instead of the URL's host */
	bool insecure;		      /* no verification */
	char *proxy;		      /* NULL: none */
	bool proxy_from_environment;  /* HTTPS_PROXY, NO_PROXY, when proxy is NULL */
	bool follow_standby;	      /* one hop of a 307, https to https */
	int64_t connect_timeout_ms, request_timeout_ms;
	int retries;		/* tries after the first */
	struct strings headers; /* "Name: value", sent with each request; no secrets here */
};

/* Defaults: timeouts, retries; everything else unset. */
void http_endpoint_init(struct http_endpoint *endpoint, const char *name) __attribute__((nonnull));
void http_endpoint_free(struct http_endpoint *endpoint) __attribute__((nonnull));
/* Set how often a request is tried again; negative: as often as the client's deadline allows. */
void http_endpoint_set_retries(struct http_endpoint *endpoint, int64_t retries)
    __attribute__((nonnull));

/*
 * Set the URL, without its final slashes.  ERROR_USAGE unless it is scheme, host, port and path of
 * https; plain http only to loopback, or where `allow_plain` says so: it shows every secret.
 */
int http_endpoint_set_url(struct http_endpoint *endpoint, const char *url, bool allow_plain,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/*
 * Verify the server's certificate by this name or IP address instead of the URL's host.
 * ERROR_USAGE unless it is one.
 */
int http_endpoint_set_tls_name(struct http_endpoint *endpoint, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Reach the server by this proxy; ERROR_USAGE unless it can be one's URL, see proxy.h. */
int http_endpoint_set_proxy(struct http_endpoint *endpoint, const char *proxy, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * Trust every PEM certificate in the folder's files, as Vault's own clients do: they need no hashed
 * names.  Fills ca_pem.  ERROR_INVALID when there is none.
 */
int http_endpoint_read_ca_directory(struct http_endpoint *endpoint, const char *directory,
    struct error *err) __attribute__((nonnull, warn_unused_result));

struct http_client;

/* One request and, after it has run, its response.  Must not move while it runs. */
struct http_exchange {
	/* The request; what is zero is not sent. */
	struct http_endpoint *endpoint;	 /* borrowed */
	const char *method;		 /* "GET", "POST" ...; a literal */
	struct secret_buffer path;	 /* "/v1/..." with its query, behind the endpoint's URL */
	const char *content_type;	 /* a literal; NULL when there is no body */
	const char *accept;		 /* a literal; NULL: application/json */
	struct secret_buffer credential; /* one whole header line: "X-Vault-Token: ..." */
	struct secret_buffer body;
	/*
	 * Names of JSON members of the body and the answer that hold a secret, up to a NULL; or
	 * NULL.  Literals.  See http_redact.
	 */
	const char *const *secret_members;
	size_t response_limit; /* bytes; 0: HTTP_RESPONSE_SMALL */
	/*
	 * Not to be carried out twice.  It gets a connection of its own, and is tried again only
	 * when it certainly was not carried out: there was no connection, or the server itself,
	 * not a gateway, put it off (412, 429, 503).
	 */
	bool once;
	/* true: this answer is final although its status would be retried. */
	bool (*permanent)(const struct http_exchange *exchange);
	/* Told of each try that the server puts off (429, 503 ...), with its status; or NULL. */
	void (*throttled)(const struct http_exchange *exchange);

	/* The response. */
	int status; /* 0 when none came: see `error` */
	struct secret_buffer response;
	/* Why there is no answer (ERROR_NETWORK ...), or why its redirect is not followed. */
	struct error error;
	int tries;	  /* how often it was sent, or was to be */
	int64_t took_ms;  /* all of them, with the waits between */
	bool out_of_time; /* the deadline came before the next try */
	bool uncertain;	  /* no GET, and a try without a clear answer may have been done */
	void *context;	  /* the caller's */

	/* The client's own. */
	struct http_request *request;	    /* while it runs */
	struct http_exchange *next_unasked; /* in its queue of those that nobody waited for */
};

/* Wipe and free what the exchange owns; it is zeroed after. */
void http_exchange_free(struct http_exchange *exchange) __attribute__((nonnull));

/*
 * A new client; `deadline_ms` (CLOCK_MONOTONIC) ends every exchange, 0: none.  libcurl is set up
 * once a process, with memory functions that wipe what they free.
 */
struct http_client *http_client_new(int64_t deadline_ms, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* For work in steps, each of which has its time.  What runs keeps the deadline it began with. */
void http_client_set_deadline(struct http_client *client, int64_t deadline_ms)
    __attribute__((nonnull));
/* 0: none. */
int64_t http_client_deadline_ms(const struct http_client *client) __attribute__((nonnull));
/* Ends what still runs. */
void http_client_free(struct http_client *client);
/* True after its deadline and after http_interrupt: no exchange would run to its end. */
bool http_client_is_over(const struct http_client *client) __attribute__((nonnull));
/*
 * A client for what must be done before the end, also after a signal or at the time limit of all
 * else: exchanges run again, for `last_ms` at most.
 */
struct http_client *http_client_new_cleanup(int64_t last_ms, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* From a signal handler: running and later exchanges end with ERROR_INTERRUPTED. */
void http_interrupt(void);
/* True after http_interrupt. */
bool http_is_interrupted(void);
/* Exchanges run again until the next http_interrupt: for what must be done before the end. */
void http_resume(void);

/* Start an exchange.  -1: it can't be started (bad URL, no memory, no trust); it has not run then.
 */
int http_start(struct http_client *client, struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* End a started exchange without an answer: http_wait will not return it any more. */
void http_cancel(struct http_client *client, struct http_exchange *exchange)
    __attribute__((nonnull));

/* Wait for any started exchange to end and return it; NULL when none is running. */
struct http_exchange *http_wait(struct http_client *client) __attribute__((nonnull));
/*
 * The same until `until_ms` (CLOCK_MONOTONIC), and till then also while none is running: NULL when
 * that time has come, after http_interrupt, and at the client's deadline.
 */
struct http_exchange *http_wait_until(struct http_client *client, int64_t until_ms)
    __attribute__((nonnull));

/*
 * Start and wait for all of them.  0 also when some failed: look at each.  Others that were started
 * before go on meanwhile, and the next http_wait returns those that ended.
 */
int http_run(struct http_client *client, struct http_exchange *const *exchanges, size_t count,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* The same for a single exchange. */
int http_run_one(struct http_client *client, struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * 0 when the status is 2xx.  Otherwise -1 and *err: exchange->error, or the status's class with
 * "METHOD path: 403: detail" in `err`; `detail` is the server's own message, already extracted,
 * or NULL: it is redacted and cut.
 */
int http_check(const struct http_exchange *exchange, const char *detail, struct error *err)
    __attribute__((nonnull(1, 3), warn_unused_result));

/*
 * Replace by "***" in a server's words (cut to 2 KiB) every credential of the exchange, whole or a
 * part of at least 6 bytes, also in base64 or escaped: its header's, those of its secret_members,
 * and the password of a proxy.  Where it cannot, the text is
 * replaced by words that report it, as far as they fit.
 */
void http_redact(const struct http_exchange *exchange, char *text) __attribute__((nonnull));

/*
 * What an answer that is no JSON looks like, for a message: "an HTML page (...)".  A literal, or
 * NULL when there is nothing to say.  Never a word of it: it may hold anything.
 */
const char *http_describe_body(const struct http_exchange *exchange) __attribute__((nonnull));

/* Append `text` percent-encoded for one path segment or query value (RFC 3986). */
int http_append_escaped(struct secret_buffer *path, const char *text, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * For --version.  Of libcurl Debian's version, which tells of security patches, where the recipes
 * built it; else, and of c-ares, the library's own.
 */
const char *http_curl_version(void);
const char *http_ares_version(void);

#endif
