/* attempt: one exchange while the client runs it; shared by http.c and attempt.c only. */
#ifndef HTTP_ATTEMPT_H
#define HTTP_ATTEMPT_H

#include <curl/curl.h>

#include "lib/http/http.h"

struct http_attempt {
	struct http_exchange *exchange;
	struct http_attempt *next; /* in the client's list */
	CURL *easy;
	struct curl_slist *headers;
	struct curl_slist *connect_to; /* for a TLS name that is not the URL's host */
	char reason[CURL_ERROR_SIZE];
	int tries;	      /* attempts that have ended */
	int64_t retry_at_ms;  /* when to try again; 0: it is running */
	bool redirected;      /* the one hop is used up */
	bool overflow;	      /* the response grew over its limit */
	struct error failure; /* an error in a callback */
};

/* Make the curl handle of an exchange. */
struct http_attempt *http_attempt_new(struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void http_attempt_free(struct http_attempt *attempt);

/* Make ready for the next try: time limits against the deadline (0: none), an empty response. */
void http_attempt_prepare(struct http_attempt *attempt, int64_t deadline_ms)
    __attribute__((nonnull));

/* What to do with a try that curl has ended with `result`. */
enum http_verdict { HTTP_FINISHED, HTTP_TRY_AGAIN, HTTP_REDIRECTED };
enum http_verdict http_attempt_judge(struct http_attempt *attempt, CURLcode result)
    __attribute__((nonnull));

/* Milliseconds to wait before the next try: Retry-After, else backoff with full jitter. */
int64_t http_attempt_delay(struct http_attempt *attempt) __attribute__((nonnull));

#endif
