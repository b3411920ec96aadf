#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/http/request.h"
#include "tests/unit/expect.h"
#include "tests/unit/http_server.h"

static struct error err;
static struct http_server *server;
static struct http_client *client;
static struct http_endpoint endpoint;
static struct http_exchange exchange;

/* Start a server with these answers, and a client with an endpoint that leads to it. */
static void serve_names(const struct http_answer *answers, int count, const char *names)
{
	log_init("test_http", LOG_ERROR, LOG_TEXT);
	server = http_server_start(answers, count, names);
	client = http_client_new(0, &err);
	ck_assert_ptr_nonnull(client);
	http_endpoint_init(&endpoint, "Test server");
	endpoint.url = strdup(http_server_url(server));
	if (names)
		endpoint.ca_pem = strdup(http_server_certificate(server));
}

static void serve(const struct http_answer *answers, int count)
{
	serve_names(answers, count, NULL);
}

static void request(struct http_exchange *made, const char *method, const char *path)
{
	memset(made, 0, sizeof(*made));
	made->endpoint = &endpoint;
	made->method = method;
	expect_ok(secret_buffer_append_string(&made->path, path, &err), err);
}

static void run(void)
{
	struct http_exchange *one = &exchange;

	expect_ok(http_run(client, &one, 1, &err), err);
	ck_assert_ptr_null(exchange.request);
}

static void finish(void)
{
	http_exchange_free(&exchange);
	http_client_free(client);
	http_endpoint_free(&endpoint);
	http_server_stop(server);
}

static const struct http_answer fine[] = {{200, NULL, "{\"ok\":true}"}};

START_TEST(a_get_sends_its_headers_and_no_body)
{
	serve(fine, 1);
	request(&exchange, "GET", "/v1/sys/health?x=1");
	expect_ok(
	    secret_buffer_append_string(&exchange.credential, "X-Vault-Token: s.token", &err), err);
	expect_ok(strings_append(&endpoint.headers, "X-Vault-Request: true", &err), err);
	run();
	expect_ok(http_check(&exchange, NULL, &err), err);
	expect_text(exchange.response, "{\"ok\":true}");
	const char *sent = http_server_request(server, 0);
	ck_assert_int_eq(strncmp(sent, "GET /v1/sys/health?x=1 HTTP/1.1\r\n", 33), 0);
	expect_contains(sent, "\r\nAccept: application/json\r\n");
	expect_contains(sent, "\r\nX-Vault-Token: s.token\r\n");
	expect_contains(sent, "\r\nX-Vault-Request: true\r\n");
	expect_lacks(sent, "Content-Type");
	expect_lacks(sent, "Content-Length");
	finish();
}
END_TEST

static const char *const methods[] = {"POST", "PATCH", "PUT", "DELETE"};

START_TEST(a_body_is_sent_with_its_type)
{
	char first[64];

	serve(fine, 1);
	request(&exchange, methods[_i], "/thing");
	exchange.content_type = "application/merge-patch+json";
	exchange.accept = "text/plain;v=1,application/json";
	expect_ok(secret_buffer_append_string(&exchange.body, "{\"a\":1}", &err), err);
	run();
	const char *sent = http_server_request(server, 0);
	snprintf(first, sizeof(first), "%s /thing HTTP/1.1\r\n", methods[_i]);
	ck_assert_int_eq(strncmp(sent, first, strlen(first)), 0);
	expect_contains(sent, "\r\nContent-Type: application/merge-patch+json\r\n");
	expect_contains(sent, "\r\nAccept: text/plain;v=1,application/json\r\n");
	expect_contains(sent, "\r\nContent-Length: 7\r\n");
	expect_contains(sent, "\r\n\r\n{\"a\":1}");
	expect_lacks(sent, "Expect:");
	finish();
}
END_TEST

START_TEST(a_post_without_a_body_names_no_type)
{
	serve(fine, 1);
	request(&exchange, "POST", "/revoke");
	run();
	expect_contains(http_server_request(server, 0), "\r\nContent-Length: 0\r\n");
	expect_lacks(http_server_request(server, 0), "Content-Type");
	finish();
}
END_TEST

START_TEST(a_header_can_not_start_another)
{
	struct http_exchange *one = &exchange;

	serve(fine, 1);
	request(&exchange, "GET", "/");
	expect_ok(secret_buffer_append_string(
		      &exchange.credential, "X-Vault-Token: a\r\nX-Forged: b", &err),
	    err);
	expect_failure(http_run(client, &one, 1, &err), err, ERROR_INVALID, "line break");
	expect_lacks(err.message, "X-");
	ck_assert_int_eq(http_server_requests(server), 0);
	finish();
}
END_TEST

static const int retried[] = {412, 429, 472, 473, 500, 502, 503, 504};

START_TEST(a_temporary_failure_is_retried)
{
	const struct http_answer answers[] = {{retried[_i], NULL, "no"}, fine[0]};

	serve(answers, 2);
	request(&exchange, "POST", "/");
	expect_ok(secret_buffer_append_string(&exchange.body, "body", &err), err);
	run();
	ck_assert_int_eq(exchange.status, 200);
	expect_text(exchange.response, "{\"ok\":true}");
	ck_assert_int_eq(http_server_requests(server), 2);
	expect_contains(http_server_request(server, 1), "\r\n\r\nbody");
	finish();
}
END_TEST

static const struct {
	int status;
	enum error_code code;
} final[] = {
    {400, ERROR_REJECTED},
    {401, ERROR_DENIED},
    {403, ERROR_DENIED},
    {404, ERROR_NOT_FOUND},
    {405, ERROR_REJECTED},
    {408, ERROR_REJECTED},
    {409, ERROR_CONFLICT},
    {410, ERROR_GONE},
    {413, ERROR_TOO_LARGE},
    {422, ERROR_REJECTED},
    {301, ERROR_REJECTED},
    {307, ERROR_REJECTED},
};

START_TEST(a_rejected_request_is_not_retried)
{
	const struct http_answer answers[] = {{final[_i].status, NULL, "why"}, fine[0]};
	char status[32];

	serve(answers, 2);
	request(&exchange, "GET", "/v1/thing?query=hidden");
	run();
	ck_assert_int_eq(http_server_requests(server), 1);
	expect_failure(http_check(&exchange, "the server's words", &err), err, final[_i].code,
	    "Test server: GET /v1/thing: status ");
	snprintf(status, sizeof(status), "status %d: the server's words", final[_i].status);
	expect_contains(err.message, status);
	expect_lacks(err.message, "hidden");
	finish();
}
END_TEST

START_TEST(the_number_of_retries_is_bounded)
{
	const struct http_answer answers[] = {{503, NULL, "sealed"}};

	serve(answers, 1);
	endpoint.retries = 2;
	request(&exchange, "GET", "/");
	run();
	ck_assert_int_eq(http_server_requests(server), 3);
	expect_failure(http_check(&exchange, "its words", &err), err, ERROR_UNAVAILABLE,
	    "Test server: GET /: tried 3 times in ");
	expect_contains(err.message, " s: status 503: its words");
	expect_text(exchange.response, "sealed");
	finish();
}
END_TEST

START_TEST(any_number_of_retries_is_accepted)
{
	http_endpoint_set_retries(&endpoint, 0);
	ck_assert_int_eq(endpoint.retries, 0);
	http_endpoint_set_retries(&endpoint, INT64_MAX);
	ck_assert_int_eq(endpoint.retries, HTTP_RETRIES_MAX);
	http_endpoint_set_retries(&endpoint, -1);
	ck_assert_int_eq(endpoint.retries, HTTP_RETRIES_MAX);
}
END_TEST

START_TEST(waits_grow_up_to_a_limit_and_shrink_near_the_end)
{
	struct http_request attempt = {.exchange = &exchange};

	for (attempt.tries = 1; attempt.tries < 100; attempt.tries++)
		for (int64_t left = 200; left < 100000; left = left * 3 / 2) {
			int64_t delay = http_request_delay(&attempt, left);
			ck_assert_int_ge(delay, 0);
			ck_assert_int_lt(delay, HTTP_RETRY_MAX_MS);
			ck_assert_int_lt(delay, left / 2);
			if (attempt.tries < 6)
				ck_assert_int_lt(delay, HTTP_RETRY_BASE_MS << (attempt.tries - 1));
		}
	attempt.tries = 50;
	ck_assert_int_ge(http_request_delay(&attempt, INT64_MAX), 0);
	ck_assert_int_eq(http_request_delay(&attempt, 199), -1);
	ck_assert_int_eq(http_request_delay(&attempt, -1), -1);
}
END_TEST

/* With no other limit the deadline decides; the last try comes close to it. */
START_TEST(tries_continue_until_the_deadline)
{
	const struct http_answer answers[] = {{503, NULL, "sealed"}};
	int64_t start = clock_now_ms();

	serve(answers, 1);
	http_client_free(client);
	client = http_client_new(start + 3000, &err);
	http_endpoint_set_retries(&endpoint, -1);
	request(&exchange, "GET", "/");
	run();
	ck_assert_int_eq(exchange.status, 503);
	ck_assert(exchange.out_of_time);
	ck_assert_int_ge(clock_now_ms() - start, 3000 - 2 * HTTP_RETRY_BASE_MS);
	finish();
}
END_TEST

/* Each retry is logged with its reason; the last failure is reported by the caller. */
START_TEST(each_retry_is_logged)
{
	const struct http_answer answers[] = {{503, NULL, NULL}, {HANG_UP, NULL, NULL}};
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	int ends[2];

	serve(answers, 2);
	log_init("prog", LOG_INFO, LOG_TEXT);
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_ge(dup2(ends[1], STDERR_FILENO), 0);
	close(ends[1]);
	endpoint.retries = 2;
	request(&exchange, "POST", "/v1/login?query=hidden");
	run();
	close(STDERR_FILENO);
	expect_ok(secret_buffer_read_fd(&text, ends[0], "stderr", &err), err);
	char *second = strchr(text.data, '\n') + 1;
	expect_contains(text.data, ": POST /v1/login: status 503; trying again in ");
	expect_contains(text.data, "prog: Test server at http://127.0.0.1:");
	expect_contains(second, " ms (2 of 2)\n");
	expect_contains(second, ": POST /v1/login: no answer: Empty reply from server; ");
	expect_contains(second, "https://; trying again");
	expect_lacks(text.data, "hidden");
	ck_assert_ptr_eq(strchr(second, '\n'), text.data + text.length - 1);
	finish();
}
END_TEST

START_TEST(once_is_retried_if_throttled)
{
	const struct http_answer answers[] = {{503, NULL, " {\"errors\":[\"sealed\"]}"}, fine[0]};

	serve(answers, 2);
	request(&exchange, "POST", "/");
	exchange.once = true;
	run();
	ck_assert_int_eq(exchange.status, 200);
	ck_assert_int_eq(http_server_requests(server), 2);
	ck_assert(!exchange.uncertain);
	finish();
}
END_TEST

/* A gateway's 503 may be about a server that has carried the request out. */
static const struct http_answer unclear[] = {{500, NULL, NULL}, {502, NULL, "<html>"},
    {503, NULL, "upstream connect error or disconnect/reset before headers"},
    {HANG_UP, NULL, NULL}};

START_TEST(once_is_not_retried_if_it_may_have_been_done)
{
	const struct http_answer answers[] = {unclear[_i], fine[0]};

	serve(answers, 2);
	request(&exchange, "POST", "/");
	exchange.once = true;
	run();
	ck_assert_int_eq(exchange.status, unclear[_i].status);
	ck_assert_int_eq(http_server_requests(server), 1);
	ck_assert(exchange.uncertain);
	finish();
}
END_TEST

/* libcurl would send it up to five times more, over connections of its own. */
static const struct {
	const char *method;
	bool once;
	int retries, requests, status;
} cut[] = {{"POST", false, 0, 2, 0}, {"PATCH", false, 0, 2, 0}, {"POST", true, 4, 2, 0},
    {"POST", false, 1, 3, 200}, {"DELETE", false, 1, 3, 200}};

START_TEST(a_request_lost_with_a_kept_connection_is_resent_only_by_a_retry)
{
	const struct http_answer answers[] = {fine[0], {HANG_UP, NULL, NULL}, fine[0]};

	serve(answers, 3);
	request(&exchange, "GET", "/");
	run();
	http_exchange_free(&exchange);
	endpoint.retries = cut[_i].retries;
	request(&exchange, cut[_i].method, "/");
	expect_ok(secret_buffer_append_string(&exchange.body, "body", &err), err);
	exchange.once = cut[_i].once;
	run();
	ck_assert_int_eq(http_server_requests(server), cut[_i].requests);
	ck_assert_int_eq(exchange.status, cut[_i].status);
	ck_assert_int_eq(exchange.tries, cut[_i].requests - 1);
	ck_assert(exchange.uncertain);
	if (exchange.status == 0)
		expect_failure(
		    http_check(&exchange, NULL, &err), err, ERROR_NETWORK, ": no answer: ");
	finish();
}
END_TEST

START_TEST(a_refusal_after_a_lost_answer_mentions_it)
{
	const struct http_answer answers[] = {{HANG_UP, NULL, NULL}, {403, NULL, NULL}};

	serve(answers, 2);
	request(&exchange, "POST", "/");
	run();
	expect_failure(http_check(&exchange, NULL, &err), err, ERROR_DENIED,
	    "status 403; check the result, because an earlier try got no answer and may have been carried out");
	finish();
}
END_TEST

static bool says_for_ever(const struct http_exchange *asked)
{
	return strstr(secret_buffer_string(&asked->response), "for ever") != NULL;
}

START_TEST(a_permanent_failure_is_not_retried)
{
	const struct http_answer answers[] = {
	    {500, NULL, "perhaps"}, {500, NULL, "for ever"}, fine[0]};

	serve(answers, 3);
	request(&exchange, "GET", "/");
	exchange.permanent = says_for_ever;
	run();
	ck_assert_int_eq(exchange.status, 500);
	ck_assert_int_eq(http_server_requests(server), 2);
	finish();
}
END_TEST

START_TEST(retry_after_is_waited_for)
{
	const struct http_answer answers[] = {{429, "Retry-After: 1\r\n", NULL}, fine[0]};

	serve(answers, 2);
	request(&exchange, "GET", "/");
	run();
	ck_assert_int_eq(exchange.status, 200);
	ck_assert_int_ge(http_server_time_ms(server, 1) - http_server_time_ms(server, 0), 990);
	finish();
}
END_TEST

static const char *const long_waits[] = {
    "Retry-After: 31\r\n", "Retry-After: 3600\r\n", "Retry-After: 9223372036854775807\r\n"};

/* A wait that the deadline does not allow is not begun. */
START_TEST(a_retry_after_beyond_the_deadline_returns_the_last_answer)
{
	const struct http_answer answers[] = {{429, long_waits[_i], "busy"}, fine[0]};
	int64_t start = clock_now_ms();

	serve(answers, 2);
	http_client_free(client);
	client = http_client_new(start + 20000, &err);
	request(&exchange, "GET", "/");
	run();
	ck_assert_int_eq(exchange.status, 429);
	expect_text(exchange.response, "busy");
	ck_assert_int_lt(clock_now_ms() - start, 19000);
	finish();
}
END_TEST

START_TEST(a_connection_that_is_cut_is_tried_again)
{
	const struct http_answer answers[] = {
	    {HANG_UP, NULL, NULL}, {HANG_UP, NULL, NULL}, fine[0]};

	serve(answers, 3);
	request(&exchange, "POST", "/");
	run();
	ck_assert_int_eq(exchange.status, 200);
	ck_assert_int_eq(http_server_requests(server), 3);
	finish();
}
END_TEST

START_TEST(a_refused_connection_is_explained)
{
	serve(fine, 1);
	http_server_stop(server);
	endpoint.retries = 1;
	request(&exchange, "GET", "/");
	run();
	ck_assert_int_eq(exchange.status, 0);
	expect_failure(http_check(&exchange, NULL, &err), err, ERROR_NETWORK,
	    " s: cannot connect: Connection refused; check the address");
	expect_contains(err.message, "Test server at http://127.0.0.1:");
	expect_contains(err.message, ": tried 2 times in ");
	server = http_server_start(fine, 1, NULL);
	finish();
}
END_TEST

START_TEST(a_silent_server_times_out)
{
	const struct http_answer answers[] = {{KEEP_SILENT, NULL, NULL}};

	serve(answers, 1);
	endpoint.request_timeout_ms = 100;
	endpoint.retries = 1;
	request(&exchange, "GET", "/");
	run();
	expect_failure(http_check(&exchange, NULL, &err), err, ERROR_NETWORK, "no answer");
	expect_contains(err.message, ": tried 2 times in ");
	finish();
}
END_TEST

/* A listener whose queue is full: the kernel drops what comes after.  All to be closed. */
static int listen_to_nobody(struct sockaddr_in *address, int held[8])
{
	socklen_t length = sizeof(*address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	*address =
	    (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	ck_assert_int_eq(bind(listener, (struct sockaddr *)address, length), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)address, &length), 0);
	ck_assert_int_eq(listen(listener, 0), 0);
	for (int i = 0; i < 8; i++) {
		held[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(held[i], (struct sockaddr *)address, sizeof(*address));
	}
	return listener;
}

START_TEST(a_connection_attempt_times_out)
{
	struct sockaddr_in address;
	int held[8];
	int listener = listen_to_nobody(&address, held);

	serve(fine, 1);
	free(endpoint.url);
	ck_assert_int_gt(
	    asprintf(&endpoint.url, "http://127.0.0.1:%d", ntohs(address.sin_port)), 0);
	endpoint.connect_timeout_ms = 100;
	endpoint.retries = 1;
	request(&exchange, "GET", "/");
	run();
	expect_failure(http_check(&exchange, NULL, &err), err, ERROR_NETWORK, "no answer: ");
	expect_contains(err.message, ": tried 2 times in ");
	for (int i = 0; i < 8; i++)
		close(held[i]);
	close(listener);
	finish();
}
END_TEST

START_TEST(the_deadline_ends_everything)
{
	const struct http_answer answers[] = {{KEEP_SILENT, NULL, NULL}};
	int64_t start = clock_now_ms();

	serve(answers, 1);
	http_client_free(client);
	client = http_client_new(start + 300, &err);
	endpoint.retries = _i; /* none, and more */
	endpoint.request_timeout_ms = 2 * TEST_TIMEOUT_S * 1000;
	request(&exchange, "GET", "/");
	run();
	ck_assert_int_eq(exchange.error.code, ERROR_NETWORK);
	expect_failure(http_check(&exchange, NULL, &err), err, ERROR_NETWORK,
	    "raise --timeout, which leaves no time for another try");
	ck_assert_int_ge(clock_now_ms() - start, 298); /* whole milliseconds, at both ends */
	finish();
}
END_TEST

static char *repeat(char c, size_t count)
{
	char *text = malloc(count + 1);

	memset(text, c, count);
	text[count] = '\0';
	return text;
}

START_TEST(an_answer_of_the_limit_is_accepted)
{
	char *body = repeat('x', 1000);
	const struct http_answer answers[] = {{200, NULL, body}};

	serve(answers, 1);
	request(&exchange, "GET", "/");
	exchange.response_limit = 1000;
	run();
	expect_text(exchange.response, body);
	finish();
	free(body);
}
END_TEST

START_TEST(a_larger_answer_is_rejected_without_retry)
{
	char *body = repeat('x', 1001);
	const struct http_answer answers[] = {{200, NULL, body}};

	serve(answers, 1);
	request(&exchange, "GET", "/");
	exchange.response_limit = 1000;
	run();
	ck_assert_int_eq(http_server_requests(server), 1);
	expect_failure(http_check(&exchange, NULL, &err), err, ERROR_TOO_LARGE,
	    "the answer is larger than 1000 bytes; check the address");
	finish();
	free(body);
}
END_TEST

START_TEST(a_large_error_page_is_kept_up_to_the_limit)
{
	char *body = repeat('x', 200000);
	const struct http_answer answers[] = {{404, NULL, body}};

	serve(answers, 1);
	request(&exchange, "GET", "/");
	run();
	ck_assert_int_eq(exchange.status, 404);
	ck_assert_uint_eq(exchange.response.length, HTTP_RESPONSE_SMALL);
	finish();
	free(body);
}
END_TEST

static const struct {
	size_t line, count;
	bool taken;
} header_sizes[] = {{90000, 1, true}, {103000, 1, false}, {1000000, 1, false}, {50000, 7, false}};

START_TEST(too_long_headers_are_not_reported_as_lack_of_memory)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	char *line = repeat('x', header_sizes[_i].line);

	for (size_t i = 0; i < header_sizes[_i].count; i++) {
		expect_ok(secret_buffer_append_string(&text, "X-Long: ", &err), err);
		expect_ok(secret_buffer_append_string(&text, line, &err), err);
		expect_ok(secret_buffer_append_string(&text, "\r\n", &err), err);
	}
	const struct http_answer answers[] = {{200, text.data, "{}"}};
	serve(answers, 1);
	request(&exchange, "GET", "/");
	run();
	if (header_sizes[_i].taken)
		expect_ok(http_check(&exchange, NULL, &err), err);
	else
		expect_failure(http_check(&exchange, NULL, &err), err, ERROR_INVALID,
		    "the headers of the answer are too long");
	ck_assert_int_eq(http_server_requests(server), 1);
	finish();
	free(line);
}
END_TEST

static const struct {
	const char *body, *look;
} looks[] = {
    {"", NULL},
    {"{\"errors\":[\"Client sent an HTTP request to an HTTPS server.\"]}", NULL},
    {"[\"<html>\"]", NULL},
    {"hvs.hunter2", NULL},
    {"<!DOCTYPE html><html>hunter2", "an HTML page"},
    {"\xEF\xBB\xBF\r\n <html>", "an HTML page"},
    {"Client sent an HTTP request to an HTTPS server.\n", "use https://"},
    {"<html><h1>400 Bad Request</h1>The plain HTTP request was sent to HTTPS port", "use https://"},
};

START_TEST(an_answer_that_is_not_json_is_described)
{
	const struct http_answer answers[] = {{200, NULL, looks[_i].body}};

	serve(answers, 1);
	request(&exchange, "GET", "/");
	run();
	const char *look = http_describe_body(&exchange);
	if (looks[_i].look) {
		ck_assert_ptr_nonnull(look);
		expect_contains(look, looks[_i].look);
		expect_lacks(look, "hunter2");
	} else {
		ck_assert_ptr_null(look);
	}
	finish();
}
END_TEST

/* The server answers none before all are there. */
START_TEST(exchanges_run_in_parallel)
{
	struct http_exchange several[5], *running[5];

	serve(fine, 1);
	http_server_gather(server, 5);
	endpoint.retries = 0;
	for (int i = 0; i < 5; i++) {
		request(&several[i], "GET", "/");
		running[i] = &several[i];
	}
	expect_ok(http_run(client, running, 5, &err), err);
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(several[i].status, 200);
		http_exchange_free(&several[i]);
	}
	finish();
}
END_TEST

START_TEST(each_exchange_is_returned_once)
{
	struct http_exchange second;

	serve(fine, 1);
	request(&exchange, "GET", "/one");
	request(&second, "GET", "/two");
	ck_assert_ptr_null(http_wait(client));
	expect_ok(http_start(client, &exchange, &err), err);
	expect_ok(http_start(client, &second, &err), err);
	struct http_exchange *a = http_wait(client), *b = http_wait(client);
	ck_assert_ptr_ne(a, b);
	ck_assert(a == &exchange || a == &second);
	ck_assert(b == &exchange || b == &second);
	ck_assert_ptr_null(http_wait(client));
	http_exchange_free(&second);
	finish();
}
END_TEST

START_TEST(waiting_for_an_exchange_keeps_the_others_for_the_next_wait)
{
	struct http_exchange second, *one = &second;

	serve(fine, 1);
	http_server_gather(server, 2);
	request(&exchange, "GET", "/one");
	request(&second, "GET", "/two");
	expect_ok(http_start(client, &exchange, &err), err);
	expect_ok(http_run(client, &one, 1, &err), err);
	ck_assert_int_eq(second.status, 200);
	ck_assert_ptr_eq(http_wait_until(client, clock_now_ms() + 600000), &exchange);
	ck_assert_int_eq(exchange.status, 200);
	ck_assert_ptr_null(http_wait(client));
	http_exchange_free(&second);
	finish();
}
END_TEST

START_TEST(waiting_ends_at_its_time)
{
	const struct http_answer answers[] = {{KEEP_SILENT, NULL, NULL}};

	serve(answers, 1);
	int64_t until = clock_now_ms() + 20;
	ck_assert_ptr_null(http_wait_until(client, until));
	ck_assert_int_ge(clock_now_ms(), until);
	request(&exchange, "GET", "/");
	expect_ok(http_start(client, &exchange, &err), err);
	ck_assert_ptr_null(http_wait_until(client, clock_now_ms() + 20));
	ck_assert_ptr_nonnull(exchange.request);
	http_client_free(client);
	client = NULL;
	finish();
}
END_TEST

START_TEST(a_cancelled_exchange_is_not_waited_for)
{
	const struct http_answer answers[] = {{KEEP_SILENT, NULL, NULL}};
	struct http_exchange second;

	serve(answers, 1);
	request(&exchange, "GET", "/");
	request(&second, "GET", "/");
	http_cancel(client, &exchange); /* never started */
	expect_ok(http_start(client, &exchange, &err), err);
	expect_ok(http_start(client, &second, &err), err);
	ck_assert_ptr_null(http_wait_until(client, clock_now_ms() + 20));
	http_cancel(client, &exchange);
	http_cancel(client, &second);
	ck_assert_ptr_null(exchange.request);
	ck_assert_ptr_null(http_wait(client));
	http_exchange_free(&second);
	finish();
}
END_TEST

START_TEST(an_ended_exchange_can_be_cancelled)
{
	struct http_exchange others[3], *one = &exchange;

	serve(fine, 1);
	http_server_gather(server, 4);
	for (int i = 0; i < 3; i++) {
		request(&others[i], "GET", "/");
		expect_ok(http_start(client, &others[i], &err), err);
	}
	request(&exchange, "GET", "/");
	expect_ok(http_run(client, &one, 1, &err), err);
	http_cancel(client, &others[2]);
	struct http_exchange *a = http_wait(client), *b = http_wait(client);
	ck_assert(a != &others[2] && b != &others[2] && a != b && a && b);
	ck_assert_ptr_null(http_wait(client));
	for (int i = 0; i < 3; i++)
		http_exchange_free(&others[i]);
	finish();
}
END_TEST

START_TEST(freeing_a_client_ends_running_exchanges)
{
	const struct http_answer answers[] = {{KEEP_SILENT, NULL, NULL}};

	serve(answers, 1);
	request(&exchange, "GET", "/");
	expect_ok(http_start(client, &exchange, &err), err);
	http_client_free(client);
	client = NULL;
	ck_assert_ptr_null(exchange.request);
	finish();
}
END_TEST

static void on_alarm(int number)
{
	(void)number;
	http_interrupt();
}

START_TEST(a_signal_ends_running_and_later_exchanges)
{
	const struct http_answer answers[] = {{KEEP_SILENT, NULL, NULL}};

	serve(answers, 1);
	signal(SIGALRM, on_alarm);
	ualarm(100000, 0);
	request(&exchange, "GET", "/");
	run();
	ck_assert_int_eq(exchange.error.code, ERROR_INTERRUPTED);
	http_exchange_free(&exchange);
	request(&exchange, "GET", "/");
	run();
	ck_assert_int_eq(exchange.error.code, ERROR_INTERRUPTED);
	finish();
}
END_TEST

START_TEST(tls_with_the_given_ca_is_trusted)
{
	serve_names(fine, 1, "IP:127.0.0.1");
	request(&exchange, "GET", "/");
	run();
	expect_ok(http_check(&exchange, NULL, &err), err);
	finish();
}
END_TEST

START_TEST(tls_with_another_ca_is_not_trusted_nor_tried_again)
{
	struct http_server *other = http_server_start(fine, 1, "IP:127.0.0.1");

	serve_names(fine, 1, "IP:127.0.0.1");
	free(endpoint.ca_pem);
	endpoint.ca_pem = strdup(http_server_certificate(other));
	endpoint.trust_hint = "set VAULT_CACERT";
	request(&exchange, "GET", "/");
	run();
	ck_assert_int_eq(http_server_requests(server), 0);
	expect_failure(
	    http_check(&exchange, NULL, &err), err, ERROR_NETWORK, "TLS certificate not trusted");
	expect_contains(err.message, "set VAULT_CACERT");
	finish();
	http_server_stop(other);
}
END_TEST

START_TEST(tls_for_another_host_is_not_trusted)
{
	serve_names(fine, 1, "DNS:vault.example,IP:127.0.0.2");
	request(&exchange, "GET", "/");
	run();
	ck_assert_int_eq(http_server_requests(server), 0);
	expect_failure(
	    http_check(&exchange, NULL, &err), err, ERROR_NETWORK, "TLS certificate not trusted");
	finish();
}
END_TEST

START_TEST(the_tls_name_may_differ_from_the_host)
{
	char host[64];

	serve_names(fine, 1, "DNS:vault.example");
	endpoint.tls_server_name = strdup("vault.example");
	request(&exchange, "GET", "/v1/path");
	run();
	expect_ok(http_check(&exchange, NULL, &err), err);
	snprintf(host, sizeof(host), "\r\nHost: %s\r\n", endpoint.url + strlen("https://"));
	expect_contains(http_server_request(server, 0), host);
	finish();
}
END_TEST

START_TEST(the_tls_name_can_be_an_ipv6_address)
{
	serve_names(fine, 1, "IP:2001:db8::1");
	expect_ok(http_endpoint_set_tls_name(&endpoint, "2001:db8::1", &err), err);
	request(&exchange, "GET", "/v1/path");
	run();
	expect_ok(http_check(&exchange, NULL, &err), err);
	finish();
}
END_TEST

/* Whatever was let into it: nothing is sent where the URL does not read back as it was meant. */
START_TEST(a_url_of_another_server_is_not_used)
{
	struct http_exchange *one = &exchange;

	serve_names(fine, 1, "IP:127.0.0.1");
	endpoint.tls_server_name = strdup("evil.example:1234/");
	request(&exchange, "GET", "/v1/path");
	expect_failure(http_run(client, &one, 1, &err), err, ERROR_USAGE, "URL");
	ck_assert_int_eq(http_server_requests(server), 0);
	finish();
}
END_TEST

START_TEST(without_any_ca_nothing_is_sent)
{
	struct http_exchange *one = &exchange;

	serve_names(fine, 1, "IP:127.0.0.1");
	free(endpoint.ca_pem);
	endpoint.ca_pem = NULL;
	request(&exchange, "GET", "/");
	expect_failure(
	    http_run(client, &one, 1, &err), err, ERROR_USAGE, "no CA certificates to verify");
	finish();
}
END_TEST

/* A standby that leads to `path` of the server at `target`, asked by a POST with a credential. */
static void ask_standby_to(const char *target, const char *path, const char *names)
{
	static char location[128];
	static struct http_answer answers[1];

	snprintf(location, sizeof(location), "Location: %s%s\r\n", target, path);
	answers[0] = (struct http_answer){307, location, NULL};
	serve_names(answers, 1, names);
	endpoint.follow_standby = true;
	request(&exchange, "POST", "/v1/login");
	exchange.content_type = "application/json";
	expect_ok(secret_buffer_append_string(&exchange.credential, "X-Vault-Token: t", &err), err);
	expect_ok(secret_buffer_append_string(&exchange.body, "{\"a\":1}", &err), err);
}

static void ask_standby(const char *target, const char *names)
{
	ask_standby_to(target, "/v1/login", names);
}

/* Both servers' certificates as one bundle. */
static void trust_also(struct http_server *other)
{
	char *bundle = NULL;

	ck_assert_int_gt(
	    asprintf(&bundle, "%s%s", endpoint.ca_pem, http_server_certificate(other)), 0);
	free(endpoint.ca_pem);
	endpoint.ca_pem = bundle;
}

START_TEST(a_standbys_redirect_is_followed)
{
	struct http_server *active = http_server_start(fine, 1, "IP:127.0.0.1");

	ask_standby(http_server_url(active), "IP:127.0.0.1");
	trust_also(active);
	run();
	ck_assert_int_eq(exchange.status, 200);
	const char *sent = http_server_request(active, 0);
	ck_assert_int_eq(strncmp(sent, "POST /v1/login HTTP/1.1\r\n", 25), 0);
	expect_contains(sent, "\r\nX-Vault-Token: t\r\n");
	expect_contains(sent, "\r\nContent-Type: application/json\r\n");
	expect_contains(sent, "\r\n\r\n{\"a\":1}");
	finish();
	http_server_stop(active);
}
END_TEST

START_TEST(an_active_node_is_verified_by_the_same_tls_name)
{
	struct http_server *active = http_server_start(fine, 1, "DNS:vault.example");
	char host[64];

	ask_standby(http_server_url(active), "DNS:vault.example");
	trust_also(active);
	endpoint.tls_server_name = strdup("vault.example");
	run();
	expect_ok(http_check(&exchange, NULL, &err), err);
	snprintf(host, sizeof(host), "\r\nHost: %s\r\n", http_server_url(active) + 8);
	expect_contains(http_server_request(active, 0), host);
	finish();
	http_server_stop(active);
}
END_TEST

START_TEST(an_active_node_that_tls_does_not_verify_gets_nothing)
{
	struct http_server *active = http_server_start(fine, 1, "IP:127.0.0.1");

	ask_standby(http_server_url(active), "IP:127.0.0.1");
	run();
	ck_assert_int_eq(exchange.error.code, ERROR_NETWORK);
	ck_assert_int_eq(http_server_requests(active), 0);
	expect_contains(exchange.error.message, "TLS certificate not trusted");
	expect_contains(exchange.error.message, http_server_url(active));
	finish();
	http_server_stop(active);
}
END_TEST

/* The last redirect was not followed; the error has its target and the reason. */
static void expect_not_followed(const char *target, const char *reason)
{
	ck_assert_int_eq(exchange.status, 307);
	expect_failure(http_check(&exchange, "the server's words", &err), err, ERROR_REJECTED,
	    "Test server: POST /v1/login: status 307: redirect to ");
	expect_contains(err.message, target);
	expect_contains(err.message, " not followed: ");
	expect_contains(err.message, reason);
	expect_lacks(err.message, "hunter2");
}

static const char *const unsafe[][3] = {{"IP:127.0.0.1", NULL, "plain http would expose the token"},
    {NULL, NULL, "plain http would expose the token"}, {NULL, "IP:127.0.0.1", "use https"}};

START_TEST(a_redirect_from_or_to_plain_http_is_not_followed)
{
	struct http_server *active = http_server_start(fine, 1, unsafe[_i][1]);

	ask_standby(http_server_url(active), unsafe[_i][0]);
	run();
	expect_not_followed(http_server_url(active), unsafe[_i][2]);
	ck_assert_int_eq(http_server_requests(active), 0);
	finish();
	http_server_stop(active);
}
END_TEST

START_TEST(only_one_hop_is_followed)
{
	struct http_answer second[] = {{307, "Location: https://127.0.0.1:1/?hunter2\r\n", NULL}};
	struct http_server *active = http_server_start(second, 1, "IP:127.0.0.1");

	ask_standby(http_server_url(active), "IP:127.0.0.1");
	trust_also(active);
	run();
	expect_not_followed("https://127.0.0.1:1 not", "it is the second");
	ck_assert_int_eq(http_server_requests(active), 1);
	finish();
	http_server_stop(active);
}
END_TEST

static const char *const other_paths[] = {"/v1/sys/raw", "/v1/login/", "/v1/login/../other", "/",
    "", "/V1/login", "/prefix/other", "/v1/login%2Fx", "?/v1/login"};

START_TEST(a_redirect_to_another_path_is_not_followed)
{
	struct http_server *active = http_server_start(fine, 1, "IP:127.0.0.1");

	ask_standby_to(http_server_url(active), other_paths[_i], "IP:127.0.0.1");
	trust_also(active);
	run();
	expect_not_followed(http_server_url(active), "it leads to another path");
	ck_assert_int_eq(http_server_requests(active), 0);
	finish();
	http_server_stop(active);
}
END_TEST

/* As Go writes the path, with and without the prefix of a gateway; a query is not taken over. */
static const char *const same_paths[][2] = {{"/v1/a:b/login", "POST /v1/a%3Ab/login HTTP"},
    {"/v1/a%3ab/login", "POST /v1/a%3Ab/login HTTP"},
    {"/gateway/v1/a:b/login", "POST /gateway/v1/a%3Ab/login HTTP"},
    {"/v1/a:b/login?redirected=1", "POST /v1/a%3Ab/login HTTP"}};

START_TEST(a_redirect_to_the_same_path_is_followed)
{
	struct http_server *active = http_server_start(fine, 1, "IP:127.0.0.1");
	char *url;

	ask_standby_to(http_server_url(active), same_paths[_i][0], "IP:127.0.0.1");
	trust_also(active);
	ck_assert_int_gt(asprintf(&url, "%s/gateway", endpoint.url), 0);
	free(endpoint.url);
	endpoint.url = url;
	secret_buffer_reset(&exchange.path);
	expect_ok(secret_buffer_append_string(&exchange.path, "/v1/a%3Ab/login", &err), err);
	run();
	expect_ok(http_check(&exchange, NULL, &err), err);
	expect_contains(http_server_request(active, 0), same_paths[_i][1]);
	finish();
	http_server_stop(active);
}
END_TEST

START_TEST(a_redirect_is_not_followed_unless_the_endpoint_allows_it)
{
	struct http_server *active = http_server_start(fine, 1, "IP:127.0.0.1");

	ask_standby(http_server_url(active), "IP:127.0.0.1");
	trust_also(active);
	endpoint.follow_standby = false;
	run();
	expect_not_followed(http_server_url(active), "check the address");
	ck_assert_int_eq(http_server_requests(active), 0);
	finish();
	http_server_stop(active);
}
END_TEST

START_TEST(a_redirect_is_not_followed_without_verification)
{
	struct http_server *active = http_server_start(fine, 1, "IP:127.0.0.1");

	ask_standby(http_server_url(active), "IP:127.0.0.1");
	endpoint.insecure = true;
	run();
	expect_not_followed(http_server_url(active), "TLS would not verify");
	ck_assert_int_eq(http_server_requests(active), 0);
	finish();
	http_server_stop(active);
}
END_TEST

/* The node may not be the active one any more. */
START_TEST(after_a_failed_redirect_the_next_try_starts_at_the_endpoint)
{
	const struct http_answer failing[] = {{503, NULL, NULL}, fine[0]};
	struct http_server *active = http_server_start(failing, 2, "IP:127.0.0.1");

	ask_standby(http_server_url(active), "IP:127.0.0.1");
	trust_also(active);
	run();
	expect_ok(http_check(&exchange, NULL, &err), err);
	ck_assert_int_eq(exchange.tries, 2);
	ck_assert_int_eq(http_server_requests(server), 2);
	ck_assert_int_eq(http_server_requests(active), 2);
	finish();
	http_server_stop(active);
}
END_TEST

/* libcurl would send it as a password. */
START_TEST(a_redirect_with_a_user_is_not_followed)
{
	struct http_server *active = http_server_start(fine, 1, "IP:127.0.0.1");
	char target[128];

	snprintf(target, sizeof(target), "https://user:hunter2@%s", http_server_url(active) + 8);
	ask_standby(target, "IP:127.0.0.1");
	trust_also(active);
	run();
	ck_assert_int_eq(http_server_requests(active), 0);
	ck_assert_int_eq(http_check(&exchange, NULL, &err), -1);
	expect_lacks(err.message, "hunter2");
	finish();
	http_server_stop(active);
}
END_TEST

static const struct {
	const char *text, *escaped;
} escapes[] = {
    {"", ""},
    {"plain-._~09AZaz", "plain-._~09AZaz"},
    {"a/b?c#d%e f&g=h+i", "a%2Fb%3Fc%23d%25e%20f%26g%3Dh%2Bi"},
    {"\xC3\xA9\n", "%C3%A9%0A"},
};

START_TEST(text_is_escaped_for_one_segment)
{
	cleanup_secret struct secret_buffer path = SECRET_BUFFER_INIT;

	expect_ok(http_append_escaped(&path, escapes[_i].text, &err), err);
	ck_assert_str_eq(secret_buffer_string(&path), escapes[_i].escaped);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_test(tests, a_get_sends_its_headers_and_no_body);
	tcase_add_loop_test(tests, a_body_is_sent_with_its_type, 0, COUNT(methods));
	tcase_add_test(tests, a_post_without_a_body_names_no_type);
	tcase_add_test(tests, a_header_can_not_start_another);
	tcase_add_loop_test(tests, a_temporary_failure_is_retried, 0, COUNT(retried));
	tcase_add_loop_test(tests, a_rejected_request_is_not_retried, 0, COUNT(final));
	tcase_add_test(tests, the_number_of_retries_is_bounded);
	tcase_add_test(tests, any_number_of_retries_is_accepted);
	tcase_add_test(tests, waits_grow_up_to_a_limit_and_shrink_near_the_end);
	tcase_add_test(tests, tries_continue_until_the_deadline);
	tcase_add_test(tests, each_retry_is_logged);
	tcase_add_test(tests, once_is_retried_if_throttled);
	tcase_add_loop_test(tests, once_is_not_retried_if_it_may_have_been_done, 0, COUNT(unclear));
	tcase_add_loop_test(
	    tests, a_request_lost_with_a_kept_connection_is_resent_only_by_a_retry, 0, COUNT(cut));
	tcase_add_test(tests, a_refusal_after_a_lost_answer_mentions_it);
	tcase_add_test(tests, a_permanent_failure_is_not_retried);
	tcase_add_test(tests, retry_after_is_waited_for);
	tcase_add_loop_test(
	    tests, a_retry_after_beyond_the_deadline_returns_the_last_answer, 0, COUNT(long_waits));
	tcase_add_test(tests, a_connection_that_is_cut_is_tried_again);
	tcase_add_test(tests, a_refused_connection_is_explained);
	tcase_add_test(tests, a_silent_server_times_out);
	tcase_add_test(tests, a_connection_attempt_times_out);
	tcase_add_loop_test(tests, the_deadline_ends_everything, 0, 2);
	tcase_add_test(tests, an_answer_of_the_limit_is_accepted);
	tcase_add_test(tests, a_larger_answer_is_rejected_without_retry);
	tcase_add_test(tests, a_large_error_page_is_kept_up_to_the_limit);
	tcase_add_loop_test(
	    tests, too_long_headers_are_not_reported_as_lack_of_memory, 0, COUNT(header_sizes));
	tcase_add_loop_test(tests, an_answer_that_is_not_json_is_described, 0, COUNT(looks));
	tcase_add_test(tests, exchanges_run_in_parallel);
	tcase_add_test(tests, each_exchange_is_returned_once);
	tcase_add_test(tests, waiting_for_an_exchange_keeps_the_others_for_the_next_wait);
	tcase_add_test(tests, waiting_ends_at_its_time);
	tcase_add_test(tests, a_cancelled_exchange_is_not_waited_for);
	tcase_add_test(tests, an_ended_exchange_can_be_cancelled);
	tcase_add_test(tests, freeing_a_client_ends_running_exchanges);
	tcase_add_test(tests, a_signal_ends_running_and_later_exchanges);
	tcase_add_test(tests, tls_with_the_given_ca_is_trusted);
	tcase_add_test(tests, tls_with_another_ca_is_not_trusted_nor_tried_again);
	tcase_add_test(tests, tls_for_another_host_is_not_trusted);
	tcase_add_test(tests, the_tls_name_may_differ_from_the_host);
	tcase_add_test(tests, the_tls_name_can_be_an_ipv6_address);
	tcase_add_test(tests, a_url_of_another_server_is_not_used);
	tcase_add_test(tests, without_any_ca_nothing_is_sent);
	tcase_add_test(tests, a_standbys_redirect_is_followed);
	tcase_add_test(tests, an_active_node_is_verified_by_the_same_tls_name);
	tcase_add_test(tests, an_active_node_that_tls_does_not_verify_gets_nothing);
	tcase_add_loop_test(
	    tests, a_redirect_from_or_to_plain_http_is_not_followed, 0, COUNT(unsafe));
	tcase_add_test(tests, only_one_hop_is_followed);
	tcase_add_loop_test(
	    tests, a_redirect_to_another_path_is_not_followed, 0, COUNT(other_paths));
	tcase_add_loop_test(tests, a_redirect_to_the_same_path_is_followed, 0, COUNT(same_paths));
	tcase_add_test(tests, a_redirect_is_not_followed_unless_the_endpoint_allows_it);
	tcase_add_test(tests, a_redirect_is_not_followed_without_verification);
	tcase_add_test(tests, after_a_failed_redirect_the_next_try_starts_at_the_endpoint);
	tcase_add_test(tests, a_redirect_with_a_user_is_not_followed);
	tcase_add_loop_test(tests, text_is_escaped_for_one_segment, 0, COUNT(escapes));
}

int main(void)
{
	return run_tests("http", add);
}
