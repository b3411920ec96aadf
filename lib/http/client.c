#include "lib/http/http.h"

#include <malloc.h>
#include <openssl/mem.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/utf8.h"
#include "lib/http/request.h"

struct http_client {
	CURLM *multi;
	int64_t deadline_ms;
	struct http_request *requests; /* running ones and those that wait for their next try */
	/* Ended while somebody waited for others: the next http_wait returns them, oldest first. */
	struct http_exchange *unasked, *unasked_last;
};

/* The longest sleep; what matters wakes it. */
#define POLL_MS 1000

/* Longer texts from a server are cut: they end up in one log line. */
#define DETAIL_MAX 512

#define KEY_LOG_VARIABLE "SSLKEYLOGFILE"

/* Set by a signal handler; the multi handle to wake from its poll. */
static volatile sig_atomic_t interrupted;
static CURLM *volatile polled;

/*
 * Memory functions for libcurl: headers hold tokens, so whatever it frees is wiped.  A failure is
 * noted, since libcurl has the same result code for an answer over one of its own limits.
 */
static bool memory_failed;

static void *noted(void *memory)
{
	memory_failed = memory_failed || !memory;
	return memory;
}

bool http_memory_failed(void)
{
	return memory_failed;
}

static void *noting_malloc(size_t size)
{
	return noted(malloc(size));
}

static void *noting_calloc(size_t count, size_t size)
{
	return noted(calloc(count, size));
}

static char *noting_strdup(const char *string)
{
	return noted(strdup(string));
}

static void wiping_free(void *memory)
{
	if (memory)
		OPENSSL_cleanse(memory, malloc_usable_size(memory));
	free(memory);
}

static void *wiping_realloc(void *memory, size_t size)
{
	void *moved = noting_malloc(size);

	if (!memory || !moved)
		return moved;
	size_t old = malloc_usable_size(memory);
	memcpy(moved, memory, old < size ? old : size);
	wiping_free(memory);
	return moved;
}

static int set_up_libcurl(struct error *err)
{
	static bool done;

	if (done)
		return 0;
	/* libcurl writes TLS keys to the file that this names; for the application it stays. */
	cleanup_free char *key_log = NULL;
	if (getenv(KEY_LOG_VARIABLE) && !(key_log = strdup(getenv(KEY_LOG_VARIABLE))))
		return error_memory(err);
	unsetenv(KEY_LOG_VARIABLE);
	CURLcode result = curl_global_init_mem(CURL_GLOBAL_DEFAULT, noting_malloc, wiping_free,
	    wiping_realloc, noting_strdup, noting_calloc);
	if (key_log && setenv(KEY_LOG_VARIABLE, key_log, 1) < 0)
		return error_memory(err);
	if (result != CURLE_OK)
		return error_set(err, ERROR_SYSTEM, "libcurl can't be set up");
	done = true;
	return 0;
}

struct http_client *http_client_new(int64_t deadline_ms, struct error *err)
{
	if (set_up_libcurl(err) < 0)
		return NULL;
	struct http_client *client = calloc(1, sizeof(*client));
	if (!client || !(client->multi = curl_multi_init())) {
		free(client);
		error_memory(err);
		return NULL;
	}
	client->deadline_ms = deadline_ms;
	polled = client->multi;
	return client;
}

void http_client_free(struct http_client *client)
{
	if (!client)
		return;
	while (client->requests) {
		struct http_request *request = client->requests;
		client->requests = request->next;
		curl_multi_remove_handle(client->multi, request->easy);
		request->exchange->request = NULL;
		http_request_free(request);
	}
	if (polled == client->multi)
		polled = NULL;
	curl_multi_cleanup(client->multi);
	free(client);
}

void http_client_set_deadline(struct http_client *client, int64_t deadline_ms)
{
	client->deadline_ms = deadline_ms;
}

int64_t http_client_deadline_ms(const struct http_client *client)
{
	return client->deadline_ms;
}

void http_interrupt(void)
{
	CURLM *multi = polled;

	interrupted = 1;
	if (multi)
		curl_multi_wakeup(multi);
}

/* libcurl's own clock may be a moment ahead. */
static bool is_past(int64_t deadline_ms)
{
	return deadline_ms && clock_now_ms() + 1 >= deadline_ms;
}

bool http_client_is_over(const struct http_client *client)
{
	return interrupted || is_past(client->deadline_ms);
}

bool http_is_interrupted(void)
{
	return interrupted;
}

void http_resume(void)
{
	interrupted = 0;
}

struct http_client *http_client_new_cleanup(int64_t last_ms, struct error *err)
{
	http_resume();
	return http_client_new(clock_now_ms() + last_ms, err);
}

/* Hand the request to curl for its next try. */
static int launch(struct http_client *client, struct http_request *request, struct error *err)
{
	if (http_request_prepare(request, client->deadline_ms, err) < 0)
		return -1;
	CURLMcode result = curl_multi_add_handle(client->multi, request->easy);
	if (result != CURLM_OK)
		return error_set(err, ERROR_SYSTEM, "libcurl: %s", curl_multi_strerror(result));
	return 0;
}

int http_start(struct http_client *client, struct http_exchange *exchange, struct error *err)
{
	struct http_request *request = http_request_new(exchange, err);

	if (!request)
		return -1;
	if (launch(client, request, err) < 0) {
		http_request_free(request);
		return -1;
	}
	request->next = client->requests;
	client->requests = request;
	exchange->request = request;
	return 0;
}

/* Take the request out of the client; its exchange is the caller's again. */
static struct http_exchange *finish(struct http_client *client, struct http_request *request)
{
	struct http_exchange *exchange = request->exchange;
	struct http_request **link = &client->requests;

	while (*link && *link != request)
		link = &(*link)->next;
	if (*link)
		*link = request->next;
	http_request_free(request);
	exchange->request = NULL;
	return exchange;
}

static int path_length(const struct http_exchange *exchange)
{
	return (int)strcspn(secret_buffer_string(&exchange->path), "?");
}

static void log_retry(const struct http_request *request, int64_t delay_ms)
{
	const struct http_exchange *exchange = request->exchange;
	int retries = exchange->endpoint->retries;
	char status[32], limit[32] = "";

	snprintf(status, sizeof(status), "status %d", exchange->status);
	if (retries < HTTP_RETRIES_MAX)
		snprintf(limit, sizeof(limit), " of %d", retries);
	log_write(LOG_INFO, "%s at %s: %s %.*s: %s: trying again in %lld ms (%d%s)",
	    exchange->endpoint->name, exchange->endpoint->url, exchange->method,
	    path_length(exchange), secret_buffer_string(&exchange->path),
	    exchange->status ? status : exchange->error.message, (long long)delay_ms,
	    request->tries, limit);
}

/* Put it by for its next try.  false: the deadline does not allow it. */
static bool postpone(const struct http_client *client, struct http_request *request)
{
	int64_t now = clock_now_ms();
	int64_t left = client->deadline_ms ? client->deadline_ms - now : INT64_MAX;
	int64_t delay = http_request_delay(request, left);

	if (delay < 0)
		return false;
	log_retry(request, delay);
	request->retry_at_ms = now + delay;
	return true;
}

/* Deal with a try that has ended: the exchange when that was the last, else NULL. */
static struct http_exchange *settle(
    struct http_client *client, struct http_request *request, CURLcode result)
{
	enum http_verdict verdict = http_request_judge(request, result);
	struct http_exchange *exchange = request->exchange;
	bool out_of_time = !exchange->status && is_past(client->deadline_ms);

	curl_multi_remove_handle(client->multi, request->easy);
	if (verdict == HTTP_REDIRECTED) {
		if (launch(client, request, &request->failure) == 0)
			return NULL;
		exchange->status = 0;
		exchange->error = request->failure;
	}
	if (verdict == HTTP_TRY_AGAIN) {
		if (exchange->throttled && http_is_throttled(exchange->status))
			exchange->throttled(exchange);
		if (postpone(client, request))
			return NULL;
		out_of_time = true;
	}
	http_request_conclude(request, out_of_time);
	return finish(client, request);
}

/* End any one request because of a signal. */
static struct http_exchange *give_up(struct http_client *client)
{
	struct http_request *request = client->requests;
	struct http_exchange *exchange = request->exchange;

	if (!request->retry_at_ms)
		curl_multi_remove_handle(client->multi, request->easy);
	exchange->status = 0;
	error_set(&exchange->error, ERROR_INTERRUPTED, "interrupted by a signal");
	return finish(client, request);
}

static void forget_unasked(struct http_client *client, const struct http_exchange *exchange)
{
	struct http_exchange **link = &client->unasked, *before = NULL;

	while (*link && *link != exchange) {
		before = *link;
		link = &(*link)->next_unasked;
	}
	if (!*link)
		return;
	*link = exchange->next_unasked;
	if (client->unasked_last == exchange)
		client->unasked_last = before;
}

void http_cancel(struct http_client *client, struct http_exchange *exchange)
{
	struct http_request *request = exchange->request;

	forget_unasked(client, exchange);
	if (!request)
		return;
	if (!request->retry_at_ms)
		curl_multi_remove_handle(client->multi, request->easy);
	finish(client, request);
	exchange->status = 0;
	error_set(&exchange->error, ERROR_INTERRUPTED, "cancelled");
}

/* Start the tries that are due; returns how long to wait for the next, at most `wait`. */
static int64_t launch_due(struct http_client *client, int64_t wait)
{
	int64_t now = clock_now_ms();

	for (struct http_request *request = client->requests; request; request = request->next) {
		if (!request->retry_at_ms)
			continue;
		if (request->retry_at_ms > now) {
			if (request->retry_at_ms - now < wait)
				wait = request->retry_at_ms - now;
			continue;
		}
		if (launch(client, request, &request->failure) < 0)
			request->retry_at_ms = now + wait; /* no memory now: try once more */
		else
			wait = 0;
	}
	return wait;
}

/* Let all go on for `wait` ms at most, or until something happens: an exchange that has ended. */
static struct http_exchange *advance(struct http_client *client, int64_t wait)
{
	int running, queued;

	wait = launch_due(client, wait);
	curl_multi_perform(client->multi, &running);
	CURLMsg *message = curl_multi_info_read(client->multi, &queued);
	if (message && message->msg == CURLMSG_DONE) {
		struct http_request *request = NULL;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
		return settle(client, request, message->data.result);
	}
	curl_multi_poll(client->multi, NULL, 0, (int)wait, NULL);
	return NULL;
}

/* A running exchange that has ended; NULL when none is running. */
static struct http_exchange *next_ended(struct http_client *client)
{
	while (client->requests) {
		if (interrupted)
			return give_up(client);
		struct http_exchange *ended = advance(client, POLL_MS);
		if (ended)
			return ended;
	}
	return NULL;
}

static void keep_unasked(struct http_client *client, struct http_exchange *exchange)
{
	exchange->next_unasked = NULL;
	if (client->unasked)
		client->unasked_last->next_unasked = exchange;
	else
		client->unasked = exchange;
	client->unasked_last = exchange;
}

static struct http_exchange *take_unasked(struct http_client *client)
{
	struct http_exchange *exchange = client->unasked;

	if (exchange)
		client->unasked = exchange->next_unasked;
	return exchange;
}

struct http_exchange *http_wait(struct http_client *client)
{
	return client->unasked ? take_unasked(client) : next_ended(client);
}

struct http_exchange *http_wait_until(struct http_client *client, int64_t until_ms)
{
	while (!client->unasked) {
		int64_t left = until_ms - clock_now_ms();
		if (interrupted && client->requests)
			return give_up(client);
		if (left <= 0 || http_client_is_over(client))
			return NULL;
		struct http_exchange *ended = advance(client, left < POLL_MS ? left : POLL_MS);
		if (ended)
			return ended;
	}
	return take_unasked(client);
}

static bool is_among(
    const struct http_exchange *exchange, struct http_exchange *const *exchanges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (exchanges[i] == exchange)
			return true;
	return false;
}

/* Wait for those of them that run. */
static void wait_for(
    struct http_client *client, struct http_exchange *const *exchanges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		while (exchanges[i]->request) {
			struct http_exchange *ended = next_ended(client);
			if (!is_among(ended, exchanges, count))
				keep_unasked(client, ended);
		}
}

int http_run(struct http_client *client, struct http_exchange *const *exchanges, size_t count,
    struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (http_start(client, exchanges[i], err) < 0) {
			wait_for(client, exchanges, i);
			return -1;
		}
	wait_for(client, exchanges, count);
	return 0;
}

int http_run_one(struct http_client *client, struct http_exchange *exchange, struct error *err)
{
	return http_run(client, &exchange, 1, err);
}

static enum error_code status_code(int status)
{
	switch (status) {
	case 401:
	case 403:
		return ERROR_DENIED;
	case 404:
		return ERROR_NOT_FOUND;
	case 409:
		return ERROR_CONFLICT;
	case 410:
		return ERROR_GONE;
	case 413:
		return ERROR_TOO_LARGE;
	default:
		return http_is_throttled(status) || status >= 500 ? ERROR_UNAVAILABLE
								  : ERROR_REJECTED;
	}
}

/* Fill *err for an answer with this status, in which `detail` is the server's. */
static int describe_status(
    const struct http_exchange *exchange, const char *detail, struct error *err)
{
	char tries[HTTP_TRIES_TEXT];
	cleanup_free char *words = NULL;

	if (exchange->error.code)
		detail = exchange->error.message;
	if (detail && !(words = strdup(detail)))
		return error_memory(err);
	if (words) {
		http_redact(exchange, words);
		utf8_shorten(words, DETAIL_MAX);
	}
	http_tries_text(exchange, tries);
	return error_set(err, status_code(exchange->status), "%s: %s %.*s: %s%sstatus %d%s%s",
	    exchange->endpoint->name, exchange->method, path_length(exchange),
	    secret_buffer_string(&exchange->path), tries, tries[0] ? ": " : "", exchange->status,
	    words ? ": " : "", words ? words : "");
}

int http_check(const struct http_exchange *exchange, const char *detail, struct error *err)
{
	if (exchange->status >= 200 && exchange->status < 300)
		return 0;
	if (exchange->status == 0)
		*err = exchange->error;
	else
		describe_status(exchange, detail, err);
	if (exchange->uncertain && exchange->status >= 400 && exchange->status < 500)
		error_hint(err, "an earlier try got no answer and may have been carried out");
	if (exchange->out_of_time)
		error_hint(err, "--timeout leaves no time for another try");
	return -1;
}

/* Without regard to case, for all of the text: an answer that is kept is not large. */
static bool says(const struct http_exchange *exchange, const char *phrase)
{
	return strcasestr(secret_buffer_string(&exchange->response), phrase) != NULL;
}

const char *http_describe_body(const struct http_exchange *exchange)
{
	const char *text = secret_buffer_string(&exchange->response);

	text += strspn(text, UTF8_BYTE_ORDER_MARK " \t\r\n");
	if (*text == '{' || *text == '[')
		return NULL;
	if (says(exchange, "HTTP request to an HTTPS server") ||
	    says(exchange, "HTTP request was sent to HTTPS port"))
		return "that of a port for TLS (write https://)";
	if (*text == '<')
		return "an HTML page (a login page's, a proxy's, another server's)";
	return NULL;
}

void http_exchange_free(struct http_exchange *exchange)
{
	secret_buffer_free(&exchange->path);
	secret_buffer_free(&exchange->credential);
	secret_buffer_free(&exchange->body);
	secret_buffer_free(&exchange->response);
	memset(exchange, 0, sizeof(*exchange));
}

int http_append_escaped(struct secret_buffer *path, const char *text, struct error *err)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					 "0123456789-._~";

	for (; *text; text++) {
		int result = strchr(unreserved, *text) ? secret_buffer_append(path, text, 1, err)
						       : secret_buffer_append_format(path, err,
							     "%%%02X", (unsigned char)*text);
		if (result < 0)
			return -1;
	}
	return 0;
}
