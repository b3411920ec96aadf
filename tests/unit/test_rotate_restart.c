/* Restarting workloads, against an API server that says what stands here. */
#include "lib/base/log.h"
#include "lib/kube/list.h"
#include "lib/kube/workload.h"
#include "lib/rotate/restart.h"
#include "tests/unit/expect.h"
#include "tests/unit/http_server.h"

static struct error err;
static struct kube kube;
static struct strings namespaces;
static struct restarts restarts;
static struct http_client *client;
static struct http_server *server;

static void serve(const struct http_answer *answers, int count)
{
	log_init("test_rotate_restart", LOG_ERROR, LOG_TEXT);
	server = http_server_start(answers, count, NULL);
	http_endpoint_init(&kube.endpoint, "Kubernetes API");
	kube.endpoint.url = strdup(http_server_url(server));
	kube.endpoint.retries = 0;
	client = http_client_new(0, &err);
	expect_ok(strings_append(&namespaces, "demo", &err), err);
}

static void finish(void)
{
	strings_free(&namespaces);
	http_client_free(client);
	http_server_stop(server);
	kube_free(&kube);
}

static int run(bool dry_run)
{
	return restart_annotated(client, &kube, &namespaces, dry_run, &restarts, &err);
}

static void expect_requests(const char *const *lines, int count)
{
	ck_assert_int_eq(http_server_requests(server), count);
	for (int i = 0; i < count; i++) {
		const char *sent = http_server_request(server, i);
		ck_assert_msg(strncmp(sent, lines[i], strlen(lines[i])) == 0, "%d: %s", i, sent);
	}
}

#define STATUS(code, reason)                                                                       \
	{                                                                                          \
		code, NULL, "{\"kind\":\"Status\",\"message\":\"told\",\"reason\":\"" reason "\"}" \
	}
#define ITEM(name, annotation)                                                                     \
	"{\"metadata\":{\"namespace\":\"demo\",\"name\":\"" name                                   \
	"\",\"annotations\":{\"secretmanager/restart-after-rotation\":\"" annotation "\"}}}"
#define LIST(next, items)                                                                          \
	{                                                                                          \
		200, NULL,                                                                         \
		    "{\"kind\":\"PartialObjectMetadataList\",\"metadata\":{\"continue\":\"" next   \
		    "\"},\"items\":[" items "]}"                                                   \
	}
/* As the API server writes it. */
#define NONE                                                                                       \
	{                                                                                          \
		200, NULL,                                                                         \
		    "{\"kind\":\"PartialObjectMetadataList\",\"metadata\":{},\"items\":null}"      \
	}
#define PATCHED                                                                                    \
	{                                                                                          \
		200, NULL, "{\"kind\":\"PartialObjectMetadata\"}"                                  \
	}
#define IN(namespace, rest) "/apis/apps/v1/namespaces/" namespace "/" rest

START_TEST(those_that_ask_for_it_are_restarted)
{
	static const struct http_answer answers[] = {
	    LIST("", ITEM("a", "true") "," ITEM("b", "false") ",{\"metadata\":{\"namespace\":"
							      "\"demo\",\"name\":\"c\"}}"),
	    PATCHED, LIST("", ITEM("d", "true")), PATCHED, LIST("", ITEM("e", "true")), PATCHED};
	static const char *const lines[] = {"GET " IN("demo", "deployments?limit="),
	    "PATCH " IN("demo", "deployments/a "), "GET " IN("demo", "statefulsets?limit="),
	    "PATCH " IN("demo", "statefulsets/d "), "GET " IN("demo", "daemonsets?limit="),
	    "PATCH " IN("demo", "daemonsets/e ")};

	serve(answers, 6);
	expect_ok(run(false), err);
	expect_requests(lines, 6);
	expect_contains(http_server_request(server, 0),
	    "\r\nAccept: application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,");
	const char *patch = http_server_request(server, 1);
	expect_contains(patch, "\r\nContent-Type: application/merge-patch+json\r\n");
	expect_contains(patch, "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{"
			       "\"kubectl.kubernetes.io/restartedAt\":\"20");
	ck_assert_uint_eq(restarts.restarted, 3);
	ck_assert_uint_eq(restarts.failed, 0);
	finish();
}
END_TEST

START_TEST(a_dry_run_restarts_nothing)
{
	static const struct http_answer answers[] = {LIST("", ITEM("a", "true")), NONE};

	serve(answers, 2);
	expect_ok(run(true), err);
	ck_assert_int_eq(http_server_requests(server), 3);
	ck_assert_uint_eq(restarts.restarted, 1);
	finish();
}
END_TEST

START_TEST(all_pages_of_all_namespaces_are_looked_at)
{
	static const struct http_answer answers[] = {
	    LIST("n1", ITEM("a", "true")), LIST("", ITEM("b", "true")), PATCHED, PATCHED, NONE};
	static const char *const lines[] = {"GET /apis/apps/v1/deployments?limit=250 ",
	    "GET /apis/apps/v1/deployments?limit=250&continue=n1 ",
	    "PATCH " IN("demo", "deployments/a "), "PATCH " IN("demo", "deployments/b "),
	    "GET /apis/apps/v1/statefulsets?limit=250 ", "GET /apis/apps/v1/daemonsets?limit=250 "};

	serve(answers, 5);
	strings_free(&namespaces);
	expect_ok(run(false), err);
	expect_requests(lines, 6);
	ck_assert_uint_eq(restarts.restarted, 2);
	finish();
}
END_TEST

START_TEST(a_list_that_expires_begins_anew)
{
	static const struct http_answer answers[] = {LIST("n1", ITEM("a", "true")),
	    STATUS(410, "Expired"), LIST("", ITEM("a", "true")), PATCHED, NONE};

	serve(answers, 5);
	expect_ok(run(false), err);
	ck_assert_int_eq(http_server_requests(server), 6);
	ck_assert_uint_eq(restarts.restarted, 1);
	ck_assert_uint_eq(restarts.failed, 0);
	finish();
}
END_TEST

START_TEST(a_kind_that_is_denied_stops_no_other)
{
	static const struct http_answer answers[] = {
	    STATUS(403, "Forbidden"), LIST("", ITEM("d", "true")), PATCHED, NONE};

	serve(answers, 4);
	expect_ok(run(false), err);
	ck_assert_uint_eq(restarts.restarted, 1);
	ck_assert_uint_eq(restarts.failed, 1);
	finish();
}
END_TEST

START_TEST(one_that_fails_stops_no_other_and_one_that_is_gone_is_no_failure)
{
	static const struct http_answer answers[] = {
	    LIST("", ITEM("a", "true") "," ITEM("b", "true") "," ITEM("c", "true")),
	    STATUS(403, "Forbidden"), STATUS(404, "NotFound"), PATCHED, NONE};

	serve(answers, 5);
	expect_ok(run(false), err);
	ck_assert_uint_eq(restarts.restarted, 1);
	ck_assert_uint_eq(restarts.failed, 1);
	finish();
}
END_TEST

static const struct http_answer outages[][2] = {
    {STATUS(503, "Unavailable"), NONE},
    {LIST("", ITEM("a", "true")), STATUS(503, "Unavailable")},
};

START_TEST(an_outage_ends_it)
{
	serve(outages[_i], 2);
	expect_failure(run(false), err, ERROR_UNAVAILABLE, "restarting annotated workloads: ");
	ck_assert_int_eq(http_server_requests(server), _i + 1);
	finish();
}
END_TEST

START_TEST(a_right_that_is_missing_is_named)
{
	static const struct http_answer answers[] = {STATUS(403, "Forbidden")};
	struct kube_list list = {.limit = 1};
	struct kube_workload_page page;

	serve(answers, 1);
	expect_failure(kube_workload_list(client, &kube, KUBE_DAEMON_SET, &list, &page, &err), err,
	    ERROR_DENIED, "listing DaemonSets in all namespaces: ");
	expect_contains(err.message, "must allow list on daemonsets");
	expect_failure(
	    kube_workload_restart(client, &kube, KUBE_DEPLOYMENT, "demo", "a", "now", &err), err,
	    ERROR_DENIED, "Deployment demo/a: ");
	expect_contains(err.message, "must allow patch on deployments of apps");
	finish();
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_test(tests, those_that_ask_for_it_are_restarted);
	tcase_add_test(tests, a_dry_run_restarts_nothing);
	tcase_add_test(tests, all_pages_of_all_namespaces_are_looked_at);
	tcase_add_test(tests, a_list_that_expires_begins_anew);
	tcase_add_test(tests, a_kind_that_is_denied_stops_no_other);
	tcase_add_test(tests, one_that_fails_stops_no_other_and_one_that_is_gone_is_no_failure);
	tcase_add_loop_test(tests, an_outage_ends_it, 0, COUNT(outages));
	tcase_add_test(tests, a_right_that_is_missing_is_named);
}

int main(void)
{
	return run_tests("rotate_restart", add_tests);
}
