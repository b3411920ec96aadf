/*
 * request: one exchange while the client runs it; for the files of this folder only.
 *
 * request.c prepares a try, retry.c judges how it ended, client.c runs them.
 */
#ifndef HTTP_ATTEMPT_H
#define HTTP_ATTEMPT_H

#include <curl/curl.h>

#include "lib/http/http.h"

struct http_request {
	struct http_exchange *exchange;
	struct http_request *next; /* in the client's list */
	CURL *easy;
	struct curl_slist *headers;
	struct curl_slist *connect_to; /* for a TLS name that is not the URL's host */
	char reason[CURL_ERROR_SIZE];
	int tries;	      /* attempts that have ended */
	int sent;	      /* requests of the present one: libcurl repeats by itself */
	int64_t retry_at_ms;  /* when to try again; 0: it is running */
	int64_t started_ms;   /* when the first try was */
	char *active;	      /* scheme://host:port that a standby led to: the one hop is used up */
	const char *bundle;   /* the system's CAs where they are the trust; else NULL */
	bool proxied;	      /* the present try goes by a proxy */
	bool overflow;	      /* the response grew over its limit */
	bool enough;	      /* so did an error's, whose beginning is enough */
	struct error failure; /* an error in a callback */
};

/* Make the curl handle of an exchange. */
struct http_request *http_request_new(struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void http_request_free(struct http_request *request);

/* Make ready for the next try: time limits against the deadline (0: none), an empty response. */
int http_request_prepare(struct http_request *request, int64_t deadline_ms, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Lead the next try to the endpoint's server, or to the active node where there is one. */
int http_request_set_target(struct http_request *request, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Return the name as a URL has it, an IPv6 address in brackets; newly allocated. */
char *http_bracketed(const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));

bool http_is_https(const char *url) __attribute__((nonnull));

/* Return true after libcurl was refused memory. */
bool http_memory_failed(void);

/* What to do with a try that curl has ended with `result`. */
enum http_verdict { HTTP_FINISHED, HTTP_TRY_AGAIN, HTTP_REDIRECTED };
enum http_verdict http_request_judge(struct http_request *request, CURLcode result)
    __attribute__((nonnull));

/* The server says that it has not done it, and may do it later. */
bool http_is_throttled(int status);

/*
 * Return the milliseconds to wait before the next try, for which `left_ms` are left: Retry-After,
 * else backoff with full jitter, shorter near the end.  -1: not enough time for another.
 */
int64_t http_request_delay(struct http_request *request, int64_t left_ms) __attribute__((nonnull));

/*
 * The last try is over: note in the exchange how often and how long it was tried, and complete its
 * error by the server's name and that.
 */
void http_request_conclude(struct http_request *request, bool out_of_time) __attribute__((nonnull));

/* "tried 3 times in 1.5 s", or "" when once was enough. */
#define HTTP_TRIES_TEXT 64
void http_tries_text(const struct http_exchange *exchange, char text[HTTP_TRIES_TEXT])
    __attribute__((nonnull));

#endif
