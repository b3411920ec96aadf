/* The Lease of a rotation, against an API server that says what stands here. */
#include <stdio.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/rotate/lease.h"
#include "tests/unit/expect.h"
#include "tests/unit/http_server.h"

static struct error err;
static struct kube kube;
static struct lease lease;
static struct http_client *client;
static struct http_server *server;
static struct http_exchange exchange;

static void serve(const struct http_answer *answers, int count)
{
	log_init("test_rotate_lease", LOG_ERROR, LOG_TEXT);
	server = http_server_start(answers, count, NULL);
	http_endpoint_init(&kube.endpoint, "Kubernetes API");
	kube.endpoint.url = strdup(http_server_url(server));
	kube.endpoint.retries = 0;
	client = http_client_new(0, &err);
}

static void finish(void)
{
	lease_free(&lease);
	http_client_free(client);
	http_server_stop(server);
	kube_free(&kube);
}

static int acquire(void)
{
	return lease_acquire(&lease, client, &kube, "demo", "l", &err);
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
#define MISSING STATUS(404, "NotFound")
#define CONFLICT STATUS(409, "Conflict")
#define DENIED STATUS(403, "Forbidden")
#define LEASE_FOR(seconds, version, holder, renewed)                                               \
	{                                                                                          \
		200, NULL,                                                                         \
		    "{\"kind\":\"Lease\",\"metadata\":{\"name\":\"l\",\"namespace\":\"demo\","     \
		    "\"resourceVersion\":\"" version "\"},\"spec\":{\"holderIdentity\":\"" holder  \
		    "\",\"leaseDurationSeconds\":" seconds ",\"renewTime\":\"" renewed             \
		    "\",\"leaseTransitions\":4}}"                                                  \
	}
#define LEASE(version, holder, renewed) LEASE_FOR("1", version, holder, renewed)
#define GET "GET /apis/coordination.k8s.io/v1/namespaces/demo/leases/l "
#define POST "POST /apis/coordination.k8s.io/v1/namespaces/demo/leases "
#define PATCH "PATCH /apis/coordination.k8s.io/v1/namespaces/demo/leases/l "

START_TEST(what_is_not_there_is_created)
{
	static const struct http_answer answers[] = {MISSING, LEASE("1", "me", "t0")};
	static const char *const lines[] = {GET, POST};
	char name[64];

	serve(answers, 2);
	int64_t begun = clock_now_ms();
	expect_ok(acquire(), err);
	expect_requests(lines, 2);
	const char *sent = http_server_request(server, 1);
	snprintf(name, sizeof(name), "_%d_", (int)getpid());
	expect_contains(sent, name);
	expect_contains(sent, lease.identity);
	expect_contains(sent, "\"leaseDurationSeconds\":15");
	ck_assert_int_ge(lease_due_ms(&lease), begun + LEASE_RENEW_MS);
	ck_assert_int_le(lease_due_ms(&lease), clock_now_ms() + LEASE_RENEW_MS);
	finish();
}
END_TEST

START_TEST(no_two_holders_have_one_name)
{
	static const struct http_answer answers[] = {
	    MISSING, LEASE("1", "me", "t0"), MISSING, LEASE("1", "me", "t0")};
	char first[300];

	serve(answers, 4);
	expect_ok(acquire(), err);
	snprintf(first, sizeof(first), "%s", lease.identity);
	lease_free(&lease);
	expect_ok(acquire(), err);
	ck_assert_str_ne(lease.identity, first);
	finish();
}
END_TEST

START_TEST(what_nobody_holds_is_taken)
{
	static const struct http_answer answers[] = {LEASE("7", "", "t0"), LEASE("8", "me", "t1")};
	static const char *const lines[] = {GET, PATCH};

	serve(answers, 2);
	expect_ok(acquire(), err);
	expect_requests(lines, 2);
	expect_contains(http_server_request(server, 1), "\"resourceVersion\":\"7\"");
	expect_contains(http_server_request(server, 1), "\"leaseTransitions\":5");
	ck_assert_str_eq(lease.stored.resource_version, "8");
	finish();
}
END_TEST

START_TEST(a_holder_who_renews_it_is_named)
{
	static const struct http_answer answers[] = {
	    LEASE("7", "other_1_x", "t0"), LEASE("8", "other_1_x", "t1")};
	static const char *const lines[] = {GET, GET};

	serve(answers, 2);
	expect_failure(acquire(), err, ERROR_CONFLICT, "other_1_x holds it and renews it");
	expect_contains(err.message, "Lease demo/l");
	expect_contains(err.message, "--no-lease");
	expect_requests(lines, 2);
	ck_assert_int_eq(lease_due_ms(&lease), INT64_MAX);
	finish();
}
END_TEST

START_TEST(another_holder_than_before_is_named)
{
	static const struct http_answer answers[] = {
	    LEASE("7", "other_1_x", "t0"), LEASE("8", "third_1_x", "t0")};

	serve(answers, 2);
	expect_failure(acquire(), err, ERROR_CONFLICT, "third_1_x holds it");
	finish();
}
END_TEST

START_TEST(a_holder_who_does_not_is_replaced_after_the_leases_duration)
{
	static const struct http_answer answers[] = {LEASE_FOR("2", "7", "other_1_x", "t0"),
	    LEASE_FOR("2", "7", "other_1_x", "t0"), LEASE_FOR("2", "7", "other_1_x", "t0"),
	    LEASE("8", "me", "t1")};
	static const char *const lines[] = {GET, GET, GET, PATCH};

	serve(answers, 4);
	int64_t begun = clock_now_ms();
	expect_ok(acquire(), err);
	ck_assert_int_ge(clock_now_ms() - begun, 2000);
	expect_requests(lines, 4);
	expect_contains(http_server_request(server, 3), "\"resourceVersion\":\"7\"");
	finish();
}
END_TEST

START_TEST(a_holder_who_gives_it_back_meanwhile_is_followed)
{
	static const struct http_answer answers[] = {
	    LEASE("7", "other_1_x", "t0"), LEASE("8", "", "t1"), LEASE("9", "me", "t2")};
	static const char *const lines[] = {GET, GET, PATCH};

	serve(answers, 3);
	expect_ok(acquire(), err);
	expect_requests(lines, 3);
	finish();
}
END_TEST

START_TEST(of_two_that_take_it_one_hears_of_the_other)
{
	static const struct http_answer answers[] = {
	    MISSING, CONFLICT, LEASE("7", "other_1_x", "t0"), LEASE("8", "other_1_x", "t1")};
	static const char *const lines[] = {GET, POST, GET, GET};

	serve(answers, 4);
	expect_failure(acquire(), err, ERROR_CONFLICT, "other_1_x holds it");
	expect_requests(lines, 4);
	finish();
}
END_TEST

static const struct http_answer denials[][2] = {
    {DENIED, DENIED},
    {MISSING, DENIED},
    {LEASE("7", "", "t0"), DENIED},
};
static const char *const verbs[] = {
    "must allow get on leases", "must allow create on leases", "must allow patch on leases"};

START_TEST(a_right_that_is_missing_is_named)
{
	serve(denials[_i], 2);
	expect_failure(acquire(), err, ERROR_DENIED, verbs[_i]);
	expect_contains(err.message, "--no-lease");
	finish();
}
END_TEST

START_TEST(an_api_server_that_fails_is_told)
{
	static const struct http_answer answers[] = {STATUS(503, "Unavailable")};

	serve(answers, 1);
	expect_failure(acquire(), err, ERROR_UNAVAILABLE, "Lease demo/l");
	finish();
}
END_TEST

/* -- renewing --------------------------------------------------------------------------------- */

/* As if it had been acquired: renewals are what the server is asked first. */
static void hold(const struct http_answer *answers, int count)
{
	serve(answers, count);
	lease = (struct lease){.kube = &kube, .identity = strdup("me"), .held = true};
	lease.stored = (struct kube_lease){
	    .namespace = strdup("demo"), .name = strdup("l"), .resource_version = strdup("7")};
}

static int renew(void)
{
	expect_ok(lease_renew_request(&lease, &exchange, &err), err);
	expect_ok(http_run_one(client, &exchange, &err), err);
	int result = lease_renew_result(&lease, &exchange, &err);
	http_exchange_free(&exchange);
	return result;
}

START_TEST(a_renewal_states_the_time_alone)
{
	static const struct http_answer answers[] = {
	    LEASE("8", "me", "t1"), LEASE("9", "me", "t2")};
	static const char *const lines[] = {PATCH, PATCH};

	hold(answers, 2);
	int64_t begun = clock_now_ms();
	expect_ok(renew(), err);
	ck_assert_int_ge(lease_due_ms(&lease), begun + LEASE_RENEW_MS);
	expect_ok(renew(), err);
	expect_requests(lines, 2);
	expect_contains(http_server_request(server, 0), "\"resourceVersion\":\"7\"},"
							"\"spec\":{\"renewTime\":\"20");
	expect_contains(http_server_request(server, 1), "\"resourceVersion\":\"8\"");
	finish();
}
END_TEST

START_TEST(what_somebody_else_holds_is_lost)
{
	static const struct http_answer answers[] = {CONFLICT, LEASE("9", "other_1_x", "t1")};
	static const char *const lines[] = {PATCH, GET};

	hold(answers, 2);
	expect_ok(renew(), err);
	ck_assert_int_le(lease_due_ms(&lease), clock_now_ms());
	expect_failure(renew(), err, ERROR_CONFLICT, "is lost: other_1_x holds it now");
	expect_requests(lines, 2);
	ck_assert_int_eq(lease_due_ms(&lease), INT64_MAX);
	lease_release(&lease);
	ck_assert_int_eq(http_server_requests(server), 2);
	finish();
}
END_TEST

START_TEST(what_somebody_marked_is_not)
{
	static const struct http_answer answers[] = {
	    CONFLICT, LEASE("9", "me", "t1"), LEASE("10", "me", "t2")};
	static const char *const lines[] = {PATCH, GET, PATCH};

	hold(answers, 3);
	expect_ok(renew(), err);
	expect_ok(renew(), err);
	ck_assert_int_le(lease_due_ms(&lease), clock_now_ms());
	expect_ok(renew(), err);
	expect_requests(lines, 3);
	expect_contains(http_server_request(server, 2), "\"resourceVersion\":\"9\"");
	ck_assert_int_gt(lease_due_ms(&lease), clock_now_ms());
	finish();
}
END_TEST

static const struct {
	struct http_answer answer;
	enum error_code code;
	const char *message;
} losses[] = {
    {MISSING, ERROR_CONFLICT, "is lost: somebody deleted it"},
    {LEASE("9", "", "t1"), ERROR_CONFLICT, "is lost: somebody emptied it"},
    {DENIED, ERROR_DENIED, "it can't be renewed any more"},
};

START_TEST(it_can_be_lost_otherwise)
{
	hold(&losses[_i].answer, 1);
	expect_failure(renew(), err, losses[_i].code, losses[_i].message);
	ck_assert_int_eq(lease_due_ms(&lease), INT64_MAX);
	finish();
}
END_TEST

START_TEST(an_outage_loses_nothing)
{
	static const struct http_answer answers[] = {
	    STATUS(503, "Unavailable"), {HANG_UP, NULL, NULL}, LEASE("8", "me", "t1")};

	hold(answers, 3);
	for (int i = 0; i < 2; i++) {
		expect_ok(renew(), err);
		ck_assert_int_eq(err.code, ERROR_NONE);
		ck_assert_int_gt(lease_due_ms(&lease), clock_now_ms());
		ck_assert_int_le(lease_due_ms(&lease), clock_now_ms() + LEASE_RETRY_MS);
	}
	expect_ok(renew(), err);
	ck_assert_int_gt(lease_due_ms(&lease), clock_now_ms() + LEASE_RETRY_MS);
	finish();
}
END_TEST

/* -- giving it back --------------------------------------------------------------------------- */

START_TEST(at_the_end_nobody_holds_it)
{
	static const struct http_answer answers[] = {LEASE("8", "", "t1")};
	static const char *const lines[] = {PATCH};

	hold(answers, 1);
	http_interrupt();
	lease_release(&lease);
	expect_requests(lines, 1);
	expect_contains(http_server_request(server, 0), "\"resourceVersion\":\"7\"");
	expect_contains(http_server_request(server, 0), "\"holderIdentity\":\"\"");
	lease_release(&lease);
	ck_assert_int_eq(http_server_requests(server), 1);
	finish();
}
END_TEST

START_TEST(it_is_given_back_also_when_it_was_renewed_unheard)
{
	static const struct http_answer answers[] = {
	    CONFLICT, LEASE("9", "me", "t1"), LEASE("10", "", "t2")};
	static const char *const lines[] = {PATCH, GET, PATCH};

	hold(answers, 3);
	lease_release(&lease);
	expect_requests(lines, 3);
	expect_contains(http_server_request(server, 2), "\"resourceVersion\":\"9\"");
	finish();
}
END_TEST

START_TEST(what_others_hold_is_not_given_back)
{
	static const struct http_answer answers[] = {CONFLICT, LEASE("9", "other_1_x", "t1")};
	static const char *const lines[] = {PATCH, GET};

	hold(answers, 2);
	lease_release(&lease);
	expect_requests(lines, 2);
	finish();
}
END_TEST

START_TEST(what_does_not_answer_holds_up_the_end_for_a_moment_only)
{
	static const struct http_answer answers[] = {{KEEP_SILENT, NULL, NULL}};

	hold(answers, 1);
	int64_t begun = clock_now_ms();
	lease_release(&lease);
	ck_assert_int_lt(clock_now_ms() - begun, LEASE_LAST_MS + 20000);
	finish();
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_test(tests, what_is_not_there_is_created);
	tcase_add_test(tests, no_two_holders_have_one_name);
	tcase_add_test(tests, what_nobody_holds_is_taken);
	tcase_add_test(tests, a_holder_who_renews_it_is_named);
	tcase_add_test(tests, another_holder_than_before_is_named);
	tcase_add_test(tests, a_holder_who_does_not_is_replaced_after_the_leases_duration);
	tcase_add_test(tests, a_holder_who_gives_it_back_meanwhile_is_followed);
	tcase_add_test(tests, of_two_that_take_it_one_hears_of_the_other);
	tcase_add_loop_test(tests, a_right_that_is_missing_is_named, 0, COUNT(denials));
	tcase_add_test(tests, an_api_server_that_fails_is_told);
	tcase_add_test(tests, a_renewal_states_the_time_alone);
	tcase_add_test(tests, what_somebody_else_holds_is_lost);
	tcase_add_test(tests, what_somebody_marked_is_not);
	tcase_add_loop_test(tests, it_can_be_lost_otherwise, 0, COUNT(losses));
	tcase_add_test(tests, an_outage_loses_nothing);
	tcase_add_test(tests, at_the_end_nobody_holds_it);
	tcase_add_test(tests, it_is_given_back_also_when_it_was_renewed_unheard);
	tcase_add_test(tests, what_others_hold_is_not_given_back);
	tcase_add_test(tests, what_does_not_answer_holds_up_the_end_for_a_moment_only);
}

int main(void)
{
	return run_tests("rotate_lease", add_tests);
}
