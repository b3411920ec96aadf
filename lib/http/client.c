#include <signal.h>
#include <stdlib.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/http/request.h"

struct http_client {
	CURLM *multi;
	int64_t deadline_ms;
	struct http_request *requests; /* running or waiting for their next try */
	/* Exchanges that ended while waiting for others, oldest first, for the next http_wait. */
	struct http_exchange *ended, *ended_last;
};

/* The longest sleep.  Data, a due try and http_interrupt end it earlier. */
#define POLL_MS 1000

static volatile sig_atomic_t interrupted; /* set by a signal handler */
static CURLM *volatile polled;		  /* the handle to wake from a signal handler */

struct http_client *http_client_new(int64_t deadline_ms, struct error *err)
{
	if (http_libcurl_init(err) < 0)
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

/* Return true after the deadline.  libcurl's clock may be 1 ms ahead. */
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

struct http_client *http_client_new_cleanup(int64_t limit_ms, struct error *err)
{
	interrupted = 0;
	return http_client_new(clock_now_ms() + limit_ms, err);
}

/* Pass the request to curl for its next try. */
static int request_send(struct http_client *client, struct http_request *request, struct error *err)
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
	if (request_send(client, request, err) < 0) {
		http_request_free(request);
		return -1;
	}
	request->next = client->requests;
	client->requests = request;
	exchange->request = request;
	return 0;
}

/* Free the request and return its exchange to the caller. */
static struct http_exchange *request_end(struct http_client *client, struct http_request *request)
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

static void log_retry(const struct http_request *request, int64_t delay_ms)
{
	const struct http_exchange *exchange = request->exchange;
	int retries = exchange->endpoint->retries;
	char status[32], limit[32] = "";

	snprintf(status, sizeof(status), "status %d", exchange->status);
	if (retries < HTTP_RETRIES_MAX)
		snprintf(limit, sizeof(limit), " of %d", retries);
	log_write(LOG_INFO, "%s at %s: %s %.*s: %s; trying again in %lld ms (%d%s)",
	    exchange->endpoint->name, exchange->endpoint->url, exchange->method,
	    http_path_length(exchange), secret_buffer_string(&exchange->path),
	    exchange->status ? status : exchange->error.message, (long long)delay_ms,
	    request->tries, limit);
}

/* Schedule the next try.  Return false if the deadline is earlier. */
static bool request_schedule(const struct http_client *client, struct http_request *request)
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

/* Handle the end of a try.  Return the exchange if this was the last try, or NULL. */
static struct http_exchange *request_handle_end(
    struct http_client *client, struct http_request *request, CURLcode result)
{
	enum http_verdict verdict = http_request_judge(request, result);
	struct http_exchange *exchange = request->exchange;
	bool out_of_time = !exchange->status && is_past(client->deadline_ms);

	curl_multi_remove_handle(client->multi, request->easy);
	if (verdict == HTTP_REDIRECTED) {
		if (request_send(client, request, &request->failure) == 0)
			return NULL;
		exchange->status = 0;
		exchange->error = request->failure;
	}
	if (verdict == HTTP_TRY_AGAIN) {
		if (request_schedule(client, request))
			return NULL;
		out_of_time = true;
	}
	http_request_conclude(request, out_of_time);
	return request_end(client, request);
}

/* End the first request because of a signal. */
static struct http_exchange *request_interrupt(struct http_client *client)
{
	struct http_request *request = client->requests;
	struct http_exchange *exchange = request->exchange;

	if (!request->retry_at_ms)
		curl_multi_remove_handle(client->multi, request->easy);
	exchange->status = 0;
	error_set(&exchange->error, ERROR_INTERRUPTED, "interrupted by a signal");
	return request_end(client, request);
}

/* Remove the exchange from the queue of ended exchanges, if it is in it. */
static void ended_remove(struct http_client *client, const struct http_exchange *exchange)
{
	struct http_exchange **link = &client->ended, *before = NULL;

	while (*link && *link != exchange) {
		before = *link;
		link = &(*link)->next_ended_exchange;
	}
	if (!*link)
		return;
	*link = exchange->next_ended_exchange;
	if (client->ended_last == exchange)
		client->ended_last = before;
}

void http_cancel(struct http_client *client, struct http_exchange *exchange)
{
	struct http_request *request = exchange->request;

	ended_remove(client, exchange);
	if (!request)
		return;
	if (!request->retry_at_ms)
		curl_multi_remove_handle(client->multi, request->easy);
	request_end(client, request);
	exchange->status = 0;
	error_set(&exchange->error, ERROR_INTERRUPTED, "cancelled");
}

/* Start the tries that are due.  Return the time until the next one in ms, at most `wait`. */
static int64_t send_due(struct http_client *client, int64_t wait)
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
		if (request_send(client, request, &request->failure) < 0)
			request->retry_at_ms = now + wait; /* out of memory; retry later */
		else
			wait = 0;
	}
	return wait;
}

/* Run the transfers for at most `wait` ms.  Return an exchange that has ended, or NULL. */
static struct http_exchange *client_run(struct http_client *client, int64_t wait)
{
	int running, queued;

	wait = send_due(client, wait);
	curl_multi_perform(client->multi, &running);
	CURLMsg *message = curl_multi_info_read(client->multi, &queued);
	if (message && message->msg == CURLMSG_DONE) {
		struct http_request *request = NULL;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
		return request_handle_end(client, request, message->data.result);
	}
	curl_multi_poll(client->multi, NULL, 0, (int)wait, NULL);
	return NULL;
}

/* Wait for any running exchange to end; NULL if none is running. */
static struct http_exchange *wait_for_any(struct http_client *client)
{
	while (client->requests) {
		if (interrupted)
			return request_interrupt(client);
		struct http_exchange *ended = client_run(client, POLL_MS);
		if (ended)
			return ended;
	}
	return NULL;
}

static void ended_append(struct http_client *client, struct http_exchange *exchange)
{
	exchange->next_ended_exchange = NULL;
	if (client->ended)
		client->ended_last->next_ended_exchange = exchange;
	else
		client->ended = exchange;
	client->ended_last = exchange;
}

static struct http_exchange *ended_take(struct http_client *client)
{
	struct http_exchange *exchange = client->ended;

	if (exchange)
		client->ended = exchange->next_ended_exchange;
	return exchange;
}

struct http_exchange *http_wait(struct http_client *client)
{
	return client->ended ? ended_take(client) : wait_for_any(client);
}

struct http_exchange *http_wait_until(struct http_client *client, int64_t until_ms)
{
	while (!client->ended) {
		int64_t left = until_ms - clock_now_ms();
		if (interrupted && client->requests)
			return request_interrupt(client);
		if (left <= 0 || http_client_is_over(client))
			return NULL;
		struct http_exchange *ended = client_run(client, left < POLL_MS ? left : POLL_MS);
		if (ended)
			return ended;
	}
	return ended_take(client);
}

static bool is_among(
    const struct http_exchange *exchange, struct http_exchange *const *exchanges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (exchanges[i] == exchange)
			return true;
	return false;
}

/* Wait until none of these exchanges is running. */
static void wait_for_all(
    struct http_client *client, struct http_exchange *const *exchanges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		while (exchanges[i]->request) {
			struct http_exchange *ended = wait_for_any(client);
			if (!is_among(ended, exchanges, count))
				ended_append(client, ended);
		}
}

int http_run(struct http_client *client, struct http_exchange *const *exchanges, size_t count,
    struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (http_start(client, exchanges[i], err) < 0) {
			wait_for_all(client, exchanges, i);
			return -1;
		}
	wait_for_all(client, exchanges, count);
	return 0;
}

int http_run_one(struct http_client *client, struct http_exchange *exchange, struct error *err)
{
	return http_run(client, &exchange, 1, err);
}
