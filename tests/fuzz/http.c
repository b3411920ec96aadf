/*
 * Answers as they come over a connection: status lines, headers (Location, Retry-After), bodies and
 * their framing.
 *
 * The first byte of the input sets retries and the limit of the answer, the rest is what the server
 * sends.
 */
#include "lib/http/http.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "tests/fuzz/fuzz.h"

/* Time for a try, and too little for a wait between two. */
#define RETRY_TIME_MS 20
#define LIMIT 512

static struct error err;
static struct http_endpoint endpoint;
/* A copy, since an exchange may end before all is sent. */
static char sent[1 << 16];
static size_t sent_length;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void serve(int connection)
{
	char request[4096];
	size_t length = 0;

	while (length < sizeof(request) - 1 && !memmem(request, length, "\r\n\r\n", 4)) {
		ssize_t count = read(connection, request + length, sizeof(request) - 1 - length);
		if (count <= 0)
			return;
		length += (size_t)count;
	}
	pthread_mutex_lock(&lock);
	if (send(connection, sent, sent_length, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
		shutdown(connection, SHUT_WR);
	pthread_mutex_unlock(&lock);
}

static void *serve_all(void *context)
{
	int listener = *(int *)context;

	for (;;) {
		int connection = accept(listener, NULL, NULL);
		FUZZ_CHECK(connection >= 0);
		serve(connection);
		close(connection);
	}
	return NULL;
}

static void start_server(void)
{
	static int listener;
	static char url[32];
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	pthread_t thread;

	listener = socket(AF_INET, SOCK_STREAM, 0);
	FUZZ_CHECK(
	    bind(listener, (struct sockaddr *)&address, length) == 0 && listen(listener, 64) == 0);
	FUZZ_CHECK(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
	FUZZ_CHECK(pthread_create(&thread, NULL, serve_all, &listener) == 0);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", ntohs(address.sin_port));
	http_endpoint_init(&endpoint, "Vault");
	endpoint.url = url;
	endpoint.follow_standby = true;
}

static void ask(struct http_client *client, struct http_exchange *exchange)
{
	FUZZ_MUST(secret_buffer_append_string(&exchange->path, "/v1/x", &err), &err);
	FUZZ_TRY(http_run_one(client, exchange, &err), &err);
	FUZZ_CHECK(exchange->response.length <= LIMIT && exchange->status >= 0);
	bool failed = fuzz_failed(http_check(exchange, NULL, &err), &err);
	FUZZ_CHECK(failed == (exchange->status < 200 || exchange->status > 299));
	(void)http_describe_body(exchange);
}

void fuzz_case(struct fuzz_input *input)
{
	static bool started;
	uint8_t select = fuzz_byte(input);
	struct http_exchange exchange = {
	    .endpoint = &endpoint, .method = "GET", .response_limit = LIMIT};

	fuzz_do_not_compare();
	if (!started) {
		start_server();
		started = true;
	}
	if (input->length > sizeof(sent))
		return;
	pthread_mutex_lock(&lock);
	memcpy(sent, input->data, input->length);
	sent_length = input->length;
	pthread_mutex_unlock(&lock);
	endpoint.retries = select & 1;
	struct http_client *client =
	    http_client_new(clock_now_ms() + (select & 1 ? RETRY_TIME_MS : 10000), &err);
	if (!fuzz_failed_for_memory(client ? 0 : -1, &err)) {
		ask(client, &exchange);
		http_exchange_free(&exchange);
		http_client_free(client);
	}
}
