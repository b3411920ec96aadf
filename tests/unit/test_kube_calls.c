/* Calls that run an exchange, with a server for one request. */
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/kube/list.h"
#include "tests/unit/expect.h"
#include "tests/unit/http_server.h"

static struct error err;
static struct kube kube;
static struct http_client *client;

static struct {
	int listener;
	pthread_t thread;
	int status;
	const char *body;
	bool broken;	     /* the client has hung up before the end */
	char request[65536]; /* head and body, as it came */
} server;

/* Return the Content-Length of the header. */
static size_t body_length(const char *head)
{
	const char *found = strcasestr(head, "\r\nContent-Length:");

	return found ? strtoul(found + strlen("\r\nContent-Length:"), NULL, 10) : 0;
}

static void read_request(int connection)
{
	size_t length = 0;

	for (;;) {
		char *end = strstr(server.request, "\r\n\r\n");
		if (end &&
		    length >= (size_t)(end + 4 - server.request) + body_length(server.request))
			return;
		ssize_t got =
		    read(connection, server.request + length, sizeof(server.request) - 1 - length);
		if (got <= 0)
			return;
		length += (size_t)got;
		server.request[length] = '\0';
	}
}

static void *serve(void *unused)
{
	int connection = accept(server.listener, NULL, NULL);
	char head[256];
	int length = snprintf(head, sizeof(head),
	    "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
	    "Connection: close\r\n\r\n",
	    server.status, strlen(server.body));

	read_request(connection);
	if (write(connection, head, (size_t)length) < 0 ||
	    write(connection, server.body, strlen(server.body)) < 0)
		server.broken = true;
	close(connection);
	return unused;
}

static void set_up(void)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	char url[64];

	error_clear(&err);
	memset(&kube, 0, sizeof(kube));
	memset(&server, 0, sizeof(server));
	server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(server.listener, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(listen(server.listener, 1), 0);
	ck_assert_int_eq(getsockname(server.listener, (struct sockaddr *)&address, &size), 0);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", ntohs(address.sin_port));
	http_endpoint_init(&kube.endpoint, "Kubernetes API");
	kube.endpoint.url = strdup(url);
	kube.endpoint.retries = 0;
	kube.namespace = strdup("demo");
	expect_ok(secret_buffer_append_string(&kube.token, "hunter2", &err), err);
	client = http_client_new(0, &err);
	ck_assert_ptr_nonnull(client);
}

static void tear_down(void)
{
	http_client_free(client);
	kube_free(&kube);
	close(server.listener);
}

/* Respond to the next request with this. */
static void will_answer(int status, const char *body)
{
	server.status = status;
	server.body = body;
	server.request[0] = '\0';
	ck_assert_int_eq(pthread_create(&server.thread, NULL, serve, NULL), 0);
}

static void expect_request(const char *line, const char *body)
{
	ck_assert_int_eq(pthread_join(server.thread, NULL), 0);
	ck_assert(!server.broken);
	ck_assert_msg(strncmp(server.request, line, strlen(line)) == 0, "%s", server.request);
	expect_contains(server.request, "\r\nAuthorization: Bearer hunter2\r\n");
	ck_assert_str_eq(strstr(server.request, "\r\n\r\n") + 4, body);
}

#define STATUS(reason, message)                                                                    \
	"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"message\":\"" message                        \
	"\",\"reason\":\"" reason "\"}"

#define ITEM(name, data)                                                                           \
	"{\"metadata\":{\"name\":\"" name                                                          \
	"\",\"namespace\":\"demo\",\"resourceVersion\":\"7\"},\"data\":" data "}"

START_TEST(a_secret_is_fetched)
{
	struct kube_secret secret;

	will_answer(200, "{\"kind\":\"Secret\"," /* the rest of an item */
			 "\"metadata\":{\"name\":\"app\",\"namespace\":\"demo\","
			 "\"resourceVersion\":\"7\"},\"data\":{\"A\":\"eA==\"}}");
	expect_ok(kube_secret_get(client, &kube, "demo", "app", &secret, &err), err);
	expect_request("GET /api/v1/namespaces/demo/secrets/app HTTP/1.1\r\n", "");
	expect_text(secret.data[0].value, "x");
	kube_secret_free(&secret);
}
END_TEST

START_TEST(a_missing_secret_is_named)
{
	struct kube_secret secret;

	will_answer(404, STATUS("NotFound", "secrets not found"));
	expect_failure(kube_secret_get(client, &kube, "demo", "app", &secret, &err), err,
	    ERROR_NOT_FOUND, "Secret demo/app: ");
	expect_request("GET /api/v1/namespaces/demo/secrets/app HTTP/1.1\r\n", "");
	ck_assert_ptr_null(secret.name);
}
END_TEST

static struct kube_secret new_secret(void)
{
	struct kube_secret secret = {.namespace = strdup("demo"), .name = strdup("app")};
	struct secret_buffer value = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append_string(&value, "x", &err), err);
	expect_ok(kube_secret_add(&secret, "A", &value, &err), err);
	return secret;
}

START_TEST(a_secret_is_created)
{
	struct kube_secret secret = new_secret(), stored;

	will_answer(201, "{\"kind\":\"Secret\",\"metadata\":{\"name\":\"app\","
			 "\"namespace\":\"demo\",\"resourceVersion\":\"8\"}}");
	expect_ok(kube_secret_create(client, &kube, &secret, &stored, &err), err);
	expect_request("POST /api/v1/namespaces/demo/secrets HTTP/1.1\r\n",
	    "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"app\","
	    "\"namespace\":\"demo\"},\"type\":\"Opaque\",\"data\":{\"A\":\"eA==\"}}");
	expect_contains(server.request, "\r\nContent-Type: application/json\r\n");
	ck_assert_str_eq(stored.resource_version, "8");
	kube_secret_free(&stored);
	kube_secret_free(&secret);
}
END_TEST

START_TEST(an_existing_name_is_a_conflict)
{
	struct kube_secret secret = new_secret(), stored;

	will_answer(409, STATUS("AlreadyExists", "secrets already exists"));
	expect_failure(kube_secret_create(client, &kube, &secret, &stored, &err), err,
	    ERROR_CONFLICT, "Secret demo/app: ");
	pthread_join(server.thread, NULL);
	kube_secret_free(&secret);
}
END_TEST

#define HELD(value)                                                                                \
	{                                                                                          \
		200, NULL,                                                                         \
		    "{\"kind\":\"Secret\",\"metadata\":{\"name\":\"app\",\"namespace\":\"demo\","  \
		    "\"resourceVersion\":\"9\"},\"data\":{\"A\":\"" value "\"}}"                   \
	}
#define TAKEN                                                                                      \
	{                                                                                          \
		409, NULL, STATUS("Conflict", "it is another one")                                 \
	}
#define LOST                                                                                       \
	{                                                                                          \
		HANG_UP, NULL, NULL                                                                \
	}

/* A try without a response, the response to the next try, and to the read after it. */
static const struct {
	struct http_answer answers[3];
	int count, retries;
	enum error_code code;
	const char *message;
} doubts[] = {
    {{LOST, TAKEN, HELD("eA==")}, 3, 1, ERROR_NONE, NULL},
    {{LOST, HELD("eA==")}, 2, 0, ERROR_NONE, NULL},
    {{{504, NULL, NULL}, HELD("eA==")}, 2, 0, ERROR_NONE, NULL},
    {{LOST, TAKEN, HELD("eQ==")}, 3, 1, ERROR_CONFLICT, "it is another one"},
    {{LOST, {404, NULL, STATUS("NotFound", "none")}}, 2, 0, ERROR_NETWORK, "no answer"},
    {{LOST, {403, NULL, STATUS("Forbidden", "no")}}, 2, 0, ERROR_NETWORK,
	"read it before running again, because it may have been written"},
    /* After a clear response nothing is read. */
    {{TAKEN}, 1, 1, ERROR_CONFLICT, "it is another one"},
};

START_TEST(a_secret_is_read_after_a_lost_response)
{
	static int (*const writes[])(struct http_client * client, struct kube * kube,
	    const struct kube_secret *secret, struct kube_secret *stored,
	    struct error *err) = {kube_secret_create, kube_secret_patch};

	log_init("test_kube_calls", LOG_ERROR, LOG_TEXT);
	for (int i = 0; i < 2; i++) {
		struct kube_secret secret = new_secret(), stored;
		struct http_server *many =
		    http_server_start(doubts[_i].answers, doubts[_i].count, NULL);

		free(kube.endpoint.url);
		kube.endpoint.url = strdup(http_server_url(many));
		kube.endpoint.retries = doubts[_i].retries;
		if (doubts[_i].message) {
			expect_failure(writes[i](client, &kube, &secret, &stored, &err), err,
			    doubts[_i].code, doubts[_i].message);
			ck_assert_ptr_null(stored.name);
		} else {
			expect_ok(writes[i](client, &kube, &secret, &stored, &err), err);
			ck_assert_str_eq(stored.resource_version, "9");
		}
		ck_assert_int_eq(http_server_requests(many), doubts[_i].count);
		error_clear(&err);
		kube_secret_free(&stored);
		kube_secret_free(&secret);
		http_server_stop(many);
	}
}
END_TEST

START_TEST(a_too_large_secret_is_not_sent)
{
	struct kube_secret secret = new_secret(), stored;
	struct secret_buffer value = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_reserve(&value, KUBE_SECRET_BYTES_MAX, &err), err);
	memset(value.data, 'x', KUBE_SECRET_BYTES_MAX);
	value.length = KUBE_SECRET_BYTES_MAX;
	expect_ok(kube_secret_add(&secret, "B", &value, &err), err);
	expect_failure(kube_secret_create(client, &kube, &secret, &stored, &err), err,
	    ERROR_TOO_LARGE, "1048577 bytes");
	kube_secret_free(&secret);
}
END_TEST

START_TEST(a_page_is_read)
{
	struct kube_secret_page page;

	will_answer(200, "{\"kind\":\"SecretList\",\"metadata\":{\"resourceVersion\":\"9\","
			 "\"continue\":\"tok=en\",\"remainingItemCount\":5},\"items\":[" ITEM(
			     "a", "{\"A\":\"eA==\"}") "," ITEM("b", "null") "]}");
	struct kube_list list = {
	    .namespace = "demo", .selector = "secretmanager/sealed=true", .limit = 2};
	expect_ok(kube_secret_list(client, &kube, &list, &page, &err), err);
	expect_request("GET /api/v1/namespaces/demo/secrets?limit=2"
		       "&labelSelector=secretmanager%2Fsealed%3Dtrue HTTP/1.1\r\n",
	    "");
	ck_assert_uint_eq(page.count, 2);
	ck_assert_uint_eq(page.bytes, strlen(server.body));
	ck_assert_str_eq(page.secrets[0].name, "a");
	expect_text(page.secrets[0].data[0].value, "x");
	ck_assert_str_eq(page.secrets[1].name, "b");
	ck_assert_str_eq(page.next, "tok=en");
	kube_secret_page_free(&page);
	ck_assert_ptr_null(page.next);
}
END_TEST

START_TEST(an_empty_list_may_be_null)
{
	struct kube_secret_page page;

	will_answer(200, "{\"kind\":\"SecretList\",\"items\":null}");
	struct kube_list list = {.limit = 500};
	expect_ok(kube_secret_list(client, &kube, &list, &page, &err), err);
	ck_assert_uint_eq(page.count, 0);
	kube_secret_page_free(&page);
}
END_TEST

START_TEST(the_last_page_has_no_continue_token)
{
	struct kube_secret_page page;

	will_answer(200, "{\"kind\":\"SecretList\",\"metadata\":{\"continue\":\"\"},\"items\":[]}");
	struct kube_list list = {.limit = 500, .next = "a+b/c="};
	expect_ok(kube_secret_list(client, &kube, &list, &page, &err), err);
	expect_request("GET /api/v1/secrets?limit=500&continue=a%2Bb%2Fc%3D HTTP/1.1\r\n", "");
	ck_assert_uint_eq(page.count, 0);
	ck_assert_ptr_null(page.next);
	kube_secret_page_free(&page);
}
END_TEST

/* Otherwise reading all pages would not end. */
START_TEST(a_list_of_another_kind_that_repeats_its_page_is_rejected)
{
	const struct kube_object_kind pods = {"/api/v1", "pods", "PodList", "Pod", "Pods"};
	struct kube_list list = {.limit = 2, .next = "again"};
	struct kube_object_page page;

	will_answer(
	    200, "{\"kind\":\"PodList\",\"metadata\":{\"continue\":\"again\"},\"items\":[]}");
	expect_failure(kube_object_list(client, &kube, &pods, &list, &page, &err), err,
	    ERROR_INVALID, "listing Pods in all namespaces: ");
	expect_contains(err.message, "continue token");
	pthread_join(server.thread, NULL);
}
END_TEST

static const struct {
	int status;
	const char *body;
	enum error_code code;
	const char *message;
} list_failures[] = {
    {410, STATUS("Expired", "the provided continue parameter is too old"), ERROR_GONE, "expired"},
    {403, STATUS("Forbidden", "secrets is forbidden"), ERROR_DENIED, "must allow list"},
    {200, "{\"kind\":\"Secret\"}", ERROR_INVALID, "not a SecretList"},
    {200, "{\"kind\":\"SecretList\",\"metadata\":{\"continue\":7},\"items\":[]}", ERROR_INVALID,
	"continue"},
    {200, "{\"kind\":\"SecretList\"}", ERROR_INVALID, "no list of items"},
    {200, "{\"kind\":\"SecretList\",\"items\":\"all\"}", ERROR_INVALID, "no list of items"},
    {200, "{\"kind\":\"SecretList\",\"items\":{\"a\":{}}}", ERROR_INVALID, "no list of items"},
    {200, "{\"kind\":\"SecretList\",\"items\":[" ITEM("a", "[]") "]}", ERROR_INVALID,
	"must be a JSON object"},
    {200, "{\"kind\":\"SecretList\",\"metadata\":{\"continue\":\"again\"},\"items\":[]}",
	ERROR_INVALID, "continue token"},
    {200, "{\"kind\":\"SecretList\",\"items\":[" ITEM("a", "{}") ",{}]}", ERROR_INVALID, "item 2"},
};

START_TEST(a_failed_list_reports_the_cause)
{
	struct kube_secret_page page;

	will_answer(list_failures[_i].status, list_failures[_i].body);
	struct kube_list list = {.namespace = "demo", .limit = 2, .next = "again"};
	expect_failure(kube_secret_list(client, &kube, &list, &page, &err), err,
	    list_failures[_i].code, list_failures[_i].message);
	pthread_join(server.thread, NULL);
	expect_contains(err.message, "listing Secrets in namespace demo: ");
	ck_assert_uint_eq(page.count, 0);
	ck_assert_ptr_null(page.secrets);
}
END_TEST

static const size_t page_limits[] = {0, 1000}; /* the default, the caller's */

START_TEST(a_too_large_page_has_its_own_error)
{
	struct kube_secret_page page;
	struct kube_list list = {.limit = 500, .bytes_max = page_limits[_i]};
	size_t limit = page_limits[_i] ? page_limits[_i] : HTTP_RESPONSE_LARGE;
	char *body = malloc(limit + 2);

	ck_assert_ptr_nonnull(body);
	memset(body, ' ', limit + 1);
	body[limit + 1] = '\0';
	signal(SIGPIPE, SIG_IGN); /* the client hangs up */
	will_answer(200, body);
	expect_failure(kube_secret_list(client, &kube, &list, &page, &err), err, ERROR_TOO_LARGE,
	    "listing Secrets in all namespaces: ");
	pthread_join(server.thread, NULL);
	free(body);
}
END_TEST

#define TOKEN_PATH "POST /api/v1/namespaces/demo/serviceaccounts/app/token HTTP/1.1\r\n"

START_TEST(a_token_is_requested)
{
	cleanup_secret struct secret_buffer token = SECRET_BUFFER_INIT;

	will_answer(201, "{\"kind\":\"TokenRequest\",\"status\":{\"token\":\"a.b.c\","
			 "\"expirationTimestamp\":\"2100-01-01T00:00:00Z\"}}");
	expect_ok(
	    kube_token_request(client, &kube, "demo", "app", "vault", 600, &token, &err), err);
	expect_request(TOKEN_PATH,
	    "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenRequest\","
	    "\"spec\":{\"audiences\":[\"vault\"],\"expirationSeconds\":600}}");
	expect_text(token, "a.b.c");
}
END_TEST

START_TEST(without_an_audience_the_request_names_none)
{
	cleanup_secret struct secret_buffer token = SECRET_BUFFER_INIT;

	will_answer(201, "{\"kind\":\"TokenRequest\",\"status\":{\"token\":\"a.b.c\"}}");
	expect_ok(kube_token_request(client, &kube, "demo", "app", NULL, 3600, &token, &err), err);
	expect_request(TOKEN_PATH,
	    "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenRequest\","
	    "\"spec\":{\"expirationSeconds\":3600}}");
}
END_TEST

static const struct {
	int status;
	const char *body;
	enum error_code code;
	const char *message;
} token_failures[] = {
    {403, STATUS("Forbidden", "serviceaccounts is forbidden"), ERROR_DENIED,
	"must allow create on serviceaccounts/token"},
    {404, STATUS("NotFound", "serviceaccounts not found"), ERROR_NOT_FOUND, "check the name"},
    {422, STATUS("Invalid", "may not specify a duration less than 10 minutes"), ERROR_REJECTED,
	"10 minutes"},
    {201, "{\"kind\":\"TokenRequest\",\"status\":{}}", ERROR_INVALID, "Kubernetes API response"},
    {201, "{\"kind\":\"TokenRequest\",\"status\":{\"token\":\"hunter3\\n\"}}", ERROR_INVALID,
	"the token contains"},
    {201, "{\"kind\":\"Status\"}", ERROR_INVALID, "not a TokenRequest"},
};

START_TEST(a_denied_token_reports_the_cause)
{
	cleanup_secret struct secret_buffer token = SECRET_BUFFER_INIT;

	will_answer(token_failures[_i].status, token_failures[_i].body);
	expect_failure(kube_token_request(client, &kube, "demo", "app", NULL, 600, &token, &err),
	    err, token_failures[_i].code, token_failures[_i].message);
	pthread_join(server.thread, NULL);
	expect_contains(err.message, "token of service account demo/app: ");
	expect_lacks(err.message, "hunter");
	ck_assert_uint_eq(token.length, 0);
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_secret_is_fetched);
	tcase_add_test(tests, a_missing_secret_is_named);
	tcase_add_test(tests, a_secret_is_created);
	tcase_add_test(tests, an_existing_name_is_a_conflict);
	tcase_add_loop_test(tests, a_secret_is_read_after_a_lost_response, 0, COUNT(doubts));
	tcase_add_test(tests, a_too_large_secret_is_not_sent);
	tcase_add_test(tests, a_page_is_read);
	tcase_add_test(tests, the_last_page_has_no_continue_token);
	tcase_add_test(tests, a_list_of_another_kind_that_repeats_its_page_is_rejected);
	tcase_add_test(tests, an_empty_list_may_be_null);
	tcase_add_loop_test(tests, a_failed_list_reports_the_cause, 0, COUNT(list_failures));
	tcase_add_loop_test(tests, a_too_large_page_has_its_own_error, 0, COUNT(page_limits));
	tcase_add_test(tests, a_token_is_requested);
	tcase_add_test(tests, without_an_audience_the_request_names_none);
	tcase_add_loop_test(tests, a_denied_token_reports_the_cause, 0, COUNT(token_failures));
}

int main(void)
{
	return run_tests("kube_calls", add_tests);
}
