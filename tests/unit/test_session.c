#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/vault/session.h"
#include "tests/unit/expect.h"
#include "tests/unit/http_server.h"

static struct error err;
static struct vault vault;
static struct http_server *server;
static struct http_client *client;
static struct vault_session_settings settings = VAULT_SESSION_DEFAULTS;
static char jwt_file[] = "/tmp/test_session.XXXXXX";

/* A Vault that gives these answers, and a service account's token file. */
static void serve(const struct http_answer *answers, int count)
{
	int fd = mkstemp(jwt_file);

	ck_assert_int_eq(write(fd, "a.b.c\n", 6), 6);
	close(fd);
	log_init("test_session", LOG_ERROR, LOG_TEXT);
	server = http_server_start(answers, count, NULL);
	client = http_client_new(0, &err);
	struct vault_settings address = {.address = http_server_url(server)};
	expect_ok(vault_init(&vault, &address, &err), err);
	settings.role = "demo";
	settings.jwt_file = jwt_file;
}

static void finish(void)
{
	http_client_free(client);
	vault_free(&vault);
	http_server_stop(server);
	unlink(jwt_file);
}

#define LOGIN(fields)                                                                              \
	{                                                                                          \
		200, NULL, "{\"auth\":{\"client_token\":\"s.token\"," fields "}}"                  \
	}

static const struct http_answer short_lived[] = {LOGIN("\"lease_duration\":10"), {204, NULL, NULL}};

START_TEST(a_session_logs_in_and_revokes)
{
	serve(short_lived, 2);
	expect_ok(vault_session_begin(client, &vault, &settings, &err), err);
	expect_text(vault.token.value, "s.token");
	expect_contains(
	    http_server_request(server, 0), "\r\n\r\n{\"role\":\"demo\",\"jwt\":\"a.b.c\"}");
	expect_ok(vault_session_end(client, &vault, &settings, &err), err);
	expect_contains(http_server_request(server, 1), "POST /v1/auth/token/revoke-self HTTP");
	ck_assert_uint_eq(vault.token.value.length, 0);
	finish();
}
END_TEST

static const struct http_answer nothing_to_revoke[] = {
    LOGIN("\"lease_duration\":10,\"token_type\":\"batch\""),
    LOGIN("\"lease_duration\":10,\"num_uses\":1"),
};

START_TEST(batch_and_single_use_tokens_are_not_revoked)
{
	serve(&nothing_to_revoke[_i], 1);
	expect_ok(vault_session_begin(client, &vault, &settings, &err), err);
	expect_ok(vault_session_end(client, &vault, &settings, &err), err);
	ck_assert_int_eq(http_server_requests(server), 1);
	finish();
}
END_TEST

static const struct http_answer long_lived[][2] = {
    {LOGIN("\"lease_duration\":11"), {204, NULL, NULL}},
    {LOGIN("\"lease_duration\":3600"), {204, NULL, NULL}},
    {LOGIN("\"lease_duration\":9223372036854775807"), {204, NULL, NULL}},
    {LOGIN("\"lease_duration\":18446744073709552"), {204, NULL, NULL}},
    {LOGIN("\"lease_duration\":0"), {204, NULL, NULL}},
    {LOGIN("\"lease_duration\":-1"), {204, NULL, NULL}},
    {LOGIN("\"lease_duration\":1e1"), {204, NULL, NULL}},
    {LOGIN("\"renewable\":true"), {204, NULL, NULL}},
};

START_TEST(a_token_that_lives_too_long_is_refused_and_given_back)
{
	serve(long_lived[_i], 2);
	expect_failure(vault_session_begin(client, &vault, &settings, &err), err, ERROR_REJECTED,
	    "more than the 10 s allowed");
	expect_ok(vault_session_end(client, &vault, &settings, &err), err);
	ck_assert_int_eq(http_server_requests(server), 2);
	finish();
}
END_TEST

START_TEST(the_limit_can_be_raised)
{
	serve(long_lived[1], 2);
	settings.max_token_ttl_ms = 3600000;
	expect_ok(vault_session_begin(client, &vault, &settings, &err), err);
	finish();
}
END_TEST

static const struct {
	const char *lease;
	int result;
} unrevoked[] = {
    {"{\"auth\":{\"client_token\":\"t\",\"lease_duration\":10}}", 0},
    {"{\"auth\":{\"client_token\":\"t\",\"lease_duration\":3600}}", -1},
};

START_TEST(a_failed_revocation_counts_for_long_tokens_only)
{
	const struct http_answer answers[] = {
	    {200, NULL, unrevoked[_i].lease}, {403, NULL, "{\"errors\":[\"permission denied\"]}"}};

	serve(answers, 2);
	ck_assert_int_eq(
	    vault_session_begin(client, &vault, &settings, &err), unrevoked[_i].result);
	ck_assert_int_eq(vault_session_end(client, &vault, &settings, &err), unrevoked[_i].result);
	ck_assert_uint_eq(vault.token.value.length, 0);
	finish();
}
END_TEST

START_TEST(a_given_token_is_used_as_it_is)
{
	serve(short_lived, 2);
	settings.token = "s.given";
	settings.role = NULL;
	expect_ok(vault_session_begin(client, &vault, &settings, &err), err);
	expect_text(vault.token.value, "s.given");
	expect_ok(vault_session_end(client, &vault, &settings, &err), err);
	ck_assert_int_eq(http_server_requests(server), 0);
	finish();
}
END_TEST

static const struct {
	const char *token, *role, *jwt_file, *message;
} unusable[] = {
    {"s.given\n", "demo", jwt_file, "white space"},
    {NULL, NULL, jwt_file, "set VAULT_ROLE or --role"},
    {"", "", jwt_file, "set VAULT_ROLE or --role"},
    {NULL, "demo", NULL, "no service-account token"},
    {NULL, "demo", "/nowhere/token", "service-account token: /nowhere/token: No such file"},
    {NULL, "demo", "/dev/null", "the service-account token is empty"},
    {NULL, "demo", "/dev/zero", "larger than 65536 bytes"},
};

START_TEST(what_a_login_needs_is_asked_for)
{
	serve(short_lived, 2);
	settings.token = unusable[_i].token;
	settings.role = unusable[_i].role;
	settings.jwt_file = unusable[_i].jwt_file;
	ck_assert_int_eq(vault_session_begin(client, &vault, &settings, &err), -1);
	expect_contains(err.message, unusable[_i].message);
	expect_lacks(err.message, "s.given");
	ck_assert_int_eq(http_server_requests(server), 0);
	finish();
}
END_TEST

START_TEST(a_session_is_renewed_only_near_its_end)
{
	static const struct http_answer answers[] = {
	    LOGIN("\"lease_duration\":10"), {204, NULL, NULL}, LOGIN("\"lease_duration\":10")};

	serve(answers, 3);
	expect_ok(vault_session_begin(client, &vault, &settings, &err), err);
	expect_ok(vault_session_renew(client, &vault, &settings, &err), err);
	ck_assert_int_eq(http_server_requests(server), 1);
	vault.token.expires_ms -= 10000 - VAULT_SESSION_MARGIN_MS + 1;
	expect_ok(vault_session_renew(client, &vault, &settings, &err), err);
	ck_assert_int_eq(http_server_requests(server), 3);
	expect_text(vault.token.value, "s.token");
	finish();
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_test(tests, a_session_logs_in_and_revokes);
	tcase_add_loop_test(
	    tests, batch_and_single_use_tokens_are_not_revoked, 0, COUNT(nothing_to_revoke));
	tcase_add_loop_test(
	    tests, a_token_that_lives_too_long_is_refused_and_given_back, 0, COUNT(long_lived));
	tcase_add_test(tests, the_limit_can_be_raised);
	tcase_add_loop_test(
	    tests, a_failed_revocation_counts_for_long_tokens_only, 0, COUNT(unrevoked));
	tcase_add_test(tests, a_given_token_is_used_as_it_is);
	tcase_add_loop_test(tests, what_a_login_needs_is_asked_for, 0, COUNT(unusable));
	tcase_add_test(tests, a_session_is_renewed_only_near_its_end);
}

int main(void)
{
	return run_tests("session", add);
}
