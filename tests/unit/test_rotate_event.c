/* The Event of a run, as the API server is sent it. */
#include <stdio.h>

#include "lib/base/log.h"
#include "lib/kube/event.h"
#include "lib/rotate/event.h"
#include "tests/unit/expect.h"
#include "tests/unit/http_server.h"

static struct error err;
static struct kube kube;
static struct lease lease;
static struct http_server *server;

static const struct http_answer created[] = {{201, NULL, "{\"kind\":\"Event\"}"}};

static void serve(const struct http_answer *answer)
{
	log_init("test_rotate_event", LOG_ERROR, LOG_TEXT);
	unsetenv("POD_NAME");
	unsetenv("POD_NAMESPACE");
	unsetenv("POD_UID");
	server = http_server_start(answer, 1, NULL);
	http_endpoint_init(&kube.endpoint, "Kubernetes API");
	kube.endpoint.url = strdup(http_server_url(server));
	kube.namespace = strdup("demo");
	kube.endpoint.retries = 0;
}

static void have_lease(void)
{
	lease.stored = (struct kube_lease){
	    .namespace = strdup("ops"), .name = strdup("secret-rotate"), .uid = strdup("u-1")};
}

static void finish(void)
{
	lease_free(&lease);
	http_server_stop(server);
	kube_free(&kube);
}

START_TEST(it_is_about_the_lease)
{
	serve(created);
	have_lease();
	setenv("POD_NAME", "pod-1", 1);
	event_tell(&lease, &kube, false, "all is new");
	ck_assert_int_eq(http_server_requests(server), 1);
	const char *sent = http_server_request(server, 0);
	expect_contains(sent, "POST /api/v1/namespaces/ops/events HTTP/1.1\r\n");
	expect_contains(sent, "\"metadata\":{\"name\":\"secret-rotate.");
	expect_contains(sent,
	    "\"involvedObject\":{\"apiVersion\":\"coordination.k8s.io/v1\",\"kind\":\"Lease\","
	    "\"namespace\":\"ops\",\"name\":\"secret-rotate\",\"uid\":\"u-1\"},"
	    "\"type\":\"Normal\",\"reason\":\"RotationDone\",\"message\":\"all is new\"");
	expect_contains(sent, "\"reportingComponent\":\"secret-rotate\"");
	expect_contains(sent, "\"lastTimestamp\":\"20");
	finish();
}
END_TEST

START_TEST(without_one_about_the_pod)
{
	serve(created);
	setenv("POD_NAME", "pod-1", 1);
	setenv("POD_UID", "u-2", 1);
	event_tell(&lease, &kube, true, "some are left");
	const char *sent = http_server_request(server, 0);
	expect_contains(sent, "POST /api/v1/namespaces/demo/events HTTP/1.1\r\n");
	expect_contains(sent,
	    "\"involvedObject\":{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"namespace\":\"demo\","
	    "\"name\":\"pod-1\",\"uid\":\"u-2\"},"
	    "\"type\":\"Warning\",\"reason\":\"RotationFailed\"");
	finish();
}
END_TEST

START_TEST(in_the_pods_namespace)
{
	serve(created);
	setenv("POD_NAME", "pod-1", 1);
	setenv("POD_NAMESPACE", "ops", 1);
	event_tell(&lease, &kube, false, "");
	const char *sent = http_server_request(server, 0);
	expect_contains(sent, "POST /api/v1/namespaces/ops/events HTTP/1.1\r\n");
	expect_contains(sent, "\"namespace\":\"ops\",\"name\":\"pod-1\"}");
	finish();
}
END_TEST

START_TEST(about_nothing_there_is_none)
{
	serve(created);
	event_tell(&lease, &kube, false, "all is new");
	ck_assert_int_eq(http_server_requests(server), 0);
	finish();
}
END_TEST

START_TEST(it_is_told_also_after_a_signal)
{
	serve(created);
	have_lease();
	http_interrupt();
	event_tell(&lease, &kube, true, "interrupted");
	ck_assert_int_eq(http_server_requests(server), 1);
	finish();
}
END_TEST

START_TEST(a_long_message_is_cut_at_a_character)
{
	char message[KUBE_EVENT_MESSAGE_MAX + 8], wanted[KUBE_EVENT_MESSAGE_MAX + 8];

	memset(message, 'x', KUBE_EVENT_MESSAGE_MAX - 1);
	strcpy(message + KUBE_EVENT_MESSAGE_MAX - 1, "\u00fcy");
	snprintf(wanted, sizeof(wanted), "%.*s\"", KUBE_EVENT_MESSAGE_MAX - 1, message);
	serve(created);
	have_lease();
	event_tell(&lease, &kube, false, message);
	expect_contains(http_server_request(server, 0), wanted);
	finish();
}
END_TEST

START_TEST(a_right_that_is_missing_is_named)
{
	static const struct http_answer denied[] = {
	    {403, NULL, "{\"kind\":\"Status\",\"message\":\"no\",\"reason\":\"Forbidden\"}"}};
	struct kube_event event = {.namespace = "demo",
	    .name = "n",
	    .object_api_version = "v1",
	    .object_kind = "Pod",
	    .object_name = "p",
	    .component = "c",
	    .instance = "i",
	    .reason = "R",
	    .message = "m"};

	serve(denied);
	struct http_client *client = http_client_new(0, &err);
	expect_failure(kube_event_create(client, &kube, &event, &err), err, ERROR_DENIED,
	    "a Role in namespace demo must allow create on events");
	http_client_free(client);
	finish();
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_test(tests, it_is_about_the_lease);
	tcase_add_test(tests, without_one_about_the_pod);
	tcase_add_test(tests, in_the_pods_namespace);
	tcase_add_test(tests, about_nothing_there_is_none);
	tcase_add_test(tests, it_is_told_also_after_a_signal);
	tcase_add_test(tests, a_long_message_is_cut_at_a_character);
	tcase_add_test(tests, a_right_that_is_missing_is_named);
}

int main(void)
{
	return run_tests("rotate_event", add_tests);
}
