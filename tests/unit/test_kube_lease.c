/* Leases: what is asked, and what is read of the answers. */
#include <regex.h>

#include "lib/kube/lease.h"
#include "tests/unit/expect.h"
#include "tests/unit/http_server.h"

static struct error err;
static struct kube kube;
static struct kube_lease stored;
static struct http_client *client;
static struct http_server *server;

static void serve(const struct http_answer *answer)
{
	server = http_server_start(answer, 1, NULL);
	http_endpoint_init(&kube.endpoint, "Kubernetes API");
	kube.endpoint.url = strdup(http_server_url(server));
	kube.endpoint.retries = 0;
	expect_ok(secret_buffer_append_string(&kube.token, "hunter2", &err), err);
	client = http_client_new(0, &err);
}

static void finish(void)
{
	kube_lease_free(&stored);
	http_client_free(client);
	http_server_stop(server);
	kube_free(&kube);
}

static void expect_request(const char *line, const char *body)
{
	const char *sent = http_server_request(server, 0);

	ck_assert_msg(strncmp(sent, line, strlen(line)) == 0, "%s", sent);
	expect_contains(sent, "\r\nAuthorization: Bearer hunter2\r\n");
	ck_assert_str_eq(strstr(sent, "\r\n\r\n") + 4, body);
}

#define PATH "/apis/coordination.k8s.io/v1/namespaces/demo/leases"
#define LEASE(spec)                                                                                \
	"{\"kind\":\"Lease\",\"metadata\":{\"name\":\"l\",\"namespace\":\"demo\","                 \
	"\"resourceVersion\":\"7\"},\"spec\":{" spec "}}"

static const struct http_answer held[] = {
    {200, NULL,
	LEASE("\"holderIdentity\":\"a_1_x\",\"leaseDurationSeconds\":15,"
	      "\"acquireTime\":\"2026-01-02T03:04:05.000000Z\","
	      "\"renewTime\":\"2026-01-02T03:04:06.000000Z\",\"leaseTransitions\":3")},
};

START_TEST(a_lease_is_read)
{
	serve(held);
	expect_ok(kube_lease_get(client, &kube, "demo", "l", &stored, &err), err);
	expect_request("GET " PATH "/l HTTP/1.1\r\n", "");
	ck_assert_str_eq(stored.holder, "a_1_x");
	ck_assert_int_eq(stored.duration_s, 15);
	ck_assert_str_eq(stored.acquired, "2026-01-02T03:04:05.000000Z");
	ck_assert_str_eq(stored.renewed, "2026-01-02T03:04:06.000000Z");
	ck_assert_int_eq(stored.transitions, 3);
	ck_assert_str_eq(stored.resource_version, "7");
	finish();
}
END_TEST

static const struct http_answer empty[] = {{200, NULL, LEASE("")}};

START_TEST(all_of_the_spec_may_be_missing)
{
	serve(empty);
	expect_ok(kube_lease_get(client, &kube, "demo", "l", &stored, &err), err);
	ck_assert_ptr_null(stored.holder);
	ck_assert_ptr_null(stored.renewed);
	ck_assert_int_eq(stored.duration_s, 0);
	ck_assert_int_eq(stored.transitions, 0);
	finish();
}
END_TEST

START_TEST(a_lease_is_created)
{
	struct kube_lease lease = {.namespace = (char[]){"demo"},
	    .name = (char[]){"l"},
	    .holder = (char[]){"me"},
	    .duration_s = 15,
	    .acquired = (char[]){"2026-01-02T03:04:05.000000Z"},
	    .renewed = (char[]){"2026-01-02T03:04:05.000001Z"}};

	serve(held);
	expect_ok(kube_lease_create(client, &kube, &lease, &stored, &err), err);
	expect_request("POST " PATH " HTTP/1.1\r\n",
	    "{\"apiVersion\":\"coordination.k8s.io/v1\",\"kind\":\"Lease\","
	    "\"metadata\":{\"name\":\"l\"},\"spec\":{\"holderIdentity\":\"me\","
	    "\"leaseDurationSeconds\":15,\"acquireTime\":\"2026-01-02T03:04:05.000000Z\","
	    "\"renewTime\":\"2026-01-02T03:04:05.000001Z\",\"leaseTransitions\":0}}");
	finish();
}
END_TEST

START_TEST(a_patch_names_only_what_changes)
{
	struct kube_lease change = {.namespace = (char[]){"demo"},
	    .name = (char[]){"l"},
	    .resource_version = (char[]){"7"},
	    .holder = (char[]){""},
	    .transitions = -1};

	serve(held);
	expect_ok(kube_lease_patch(client, &kube, &change, &stored, &err), err);
	expect_request("PATCH " PATH "/l HTTP/1.1\r\n",
	    "{\"apiVersion\":\"coordination.k8s.io/v1\",\"kind\":\"Lease\","
	    "\"metadata\":{\"name\":\"l\",\"resourceVersion\":\"7\"},"
	    "\"spec\":{\"holderIdentity\":\"\"}}");
	expect_contains(
	    http_server_request(server, 0), "\r\nContent-Type: application/merge-patch+json\r\n");
	finish();
}
END_TEST

#define STATUS(reason, message)                                                                    \
	"{\"kind\":\"Status\",\"message\":\"" message "\",\"reason\":\"" reason "\"}"

static const struct {
	struct http_answer answer;
	enum error_code code;
	const char *message;
} failures[] = {
    {{404, NULL, STATUS("NotFound", "not found")}, ERROR_NOT_FOUND, "Lease demo/l: "},
    {{403, NULL, STATUS("Forbidden", "forbidden")}, ERROR_DENIED,
	"a Role in namespace demo must allow get on leases of coordination.k8s.io"},
    {{409, NULL, STATUS("Conflict", "modified")}, ERROR_CONFLICT, "Lease demo/l: "},
    {{200, NULL, "{\"kind\":\"LeaseList\"}"}, ERROR_INVALID, "no Lease"},
    {{200, NULL, "{\"kind\":\"Lease\",\"metadata\":{\"name\":\"l\"}}"}, ERROR_INVALID,
	"holds no Lease"},
    {{200, NULL,
	 "{\"kind\":\"Lease\",\"metadata\":{\"name\":\"m\",\"namespace\":\"demo\","
	 "\"resourceVersion\":\"7\"}}"},
	ERROR_INVALID, "another one: demo/m"},
};

START_TEST(what_is_no_lease_of_this_name_is_an_error)
{
	serve(&failures[_i].answer);
	expect_failure(kube_lease_get(client, &kube, "demo", "l", &stored, &err), err,
	    failures[_i].code, failures[_i].message);
	ck_assert_ptr_null(stored.name);
	finish();
}
END_TEST

START_TEST(times_are_written_to_the_microsecond)
{
	char now[KUBE_MICRO_TIME_SIZE];
	regex_t pattern;

	kube_micro_time(now);
	ck_assert_int_eq(regcomp(&pattern,
			     "^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]"
			     "\\.[0-9]{6}Z$",
			     REG_EXTENDED | REG_NOSUB),
	    0);
	ck_assert_msg(regexec(&pattern, now, 0, NULL, 0) == 0, "%s", now);
	regfree(&pattern);
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_test(tests, a_lease_is_read);
	tcase_add_test(tests, all_of_the_spec_may_be_missing);
	tcase_add_test(tests, a_lease_is_created);
	tcase_add_test(tests, a_patch_names_only_what_changes);
	tcase_add_loop_test(tests, what_is_no_lease_of_this_name_is_an_error, 0, COUNT(failures));
	tcase_add_test(tests, times_are_written_to_the_microsecond);
}

int main(void)
{
	return run_tests("kube_lease", add_tests);
}
