#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/vault/session.h"
#include "lib/vault/transit.h"
#include "tests/unit/expect.h"
#include "tests/unit/http_server.h"

#define HEADER "X-Vault-Inline-Auth-"
/* {"key":"jwt","value":"a.e30.c"}, {"key":"role","value":"demo"}, {"key":"name","value":"web?>"} */
#define JWT_LINE HEADER "Parameter-jwt: eyJrZXkiOiJqd3QiLCJ2YWx1ZSI6ImEuZTMwLmMifQ\r\n"
#define ROLE_LINE HEADER "Parameter-role: eyJrZXkiOiJyb2xlIiwidmFsdWUiOiJkZW1vIn0\r\n"
#define NAME_LINE HEADER "Parameter-name: eyJrZXkiOiJuYW1lIiwidmFsdWUiOiJ3ZWI_PiJ9\r\n"

static struct error err;
static struct vault vault;
static struct http_server *server;
static struct http_client *client;
static struct vault_session_settings settings;
static char file[] = "/tmp/test_inline_login.XXXXXX";

/* Set up a server with these responses, and a service account's token file. */
static void serve(const struct http_answer *answers, int count)
{
	int fd = mkstemp(file);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "a.e30.c\n", 8), 8);
	close(fd);
	log_init("test_inline_login", LOG_ERROR, LOG_TEXT);
	server = http_server_start(answers, count, NULL);
	client = http_client_new(0, &err);
	struct vault_settings address = {
	    .address = http_server_url(server), .retries = 1, .namespace = "team"};
	expect_ok(vault_init(&vault, &address, &err), err);
	settings = (struct vault_session_settings)VAULT_SESSION_DEFAULTS;
	settings.auth_inline = FEATURE_REQUIRED;
	settings.role = "demo";
	settings.jwt_file = file;
}

static void finish(void)
{
	http_client_free(client);
	vault_free(&vault);
	http_server_stop(server);
	unlink(file);
}

/* Decrypt one value. */
static int decrypt(void)
{
	struct transit_item item = {.input = "vault:v1:AAAA", .input_length = 13};
	struct transit_key key = {"transit", "key"};
	int result = transit_batch(client, &vault, &key, TRANSIT_DECRYPT, &item, 1, &err);

	if (result == 0)
		expect_text(item.output, "value");
	transit_items_free(&item, 1);
	return result;
}

#define DECRYPTED                                                                                  \
	{                                                                                          \
		200, NULL, "{\"data\":{\"batch_results\":[{\"plaintext\":\"dmFsdWU=\"}]}}"         \
	}
#define LOGGED_IN                                                                                  \
	{                                                                                          \
		200, NULL, "{\"auth\":{\"client_token\":\"s.token\",\"lease_duration\":10}}"       \
	}
#define DENIED                                                                                     \
	{                                                                                          \
		403, NULL, "{\"errors\":[\"permission denied\"]}"                                  \
	}

static const struct http_answer decrypted[] = {DECRYPTED};

START_TEST(each_request_has_the_login_and_no_token)
{
	serve(decrypted, 1);
	expect_ok(vault_session_begin(client, &vault, &settings, &err), err);
	ck_assert_int_eq(http_server_requests(server), 0);
	expect_ok(vault_session_check_uses(&vault, 1000, &err), err);
	for (int i = 0; i < 2; i++) {
		expect_ok(decrypt(), err);
		const char *request = http_server_request(server, i);
		expect_contains(request, "POST /v1/transit/decrypt/key HTTP/1.1\r\n");
		expect_contains(request, "\r\n" HEADER "Path: auth/kubernetes/login\r\n");
		expect_contains(request, "\r\n" JWT_LINE);
		expect_contains(request, "\r\n" ROLE_LINE);
		expect_contains(request, "\r\nX-Vault-Namespace: team\r\n");
		expect_lacks(request, "X-Vault-Token");
		expect_lacks(request, "a.e30.c");
	}
	expect_ok(vault_session_end(client, &vault, &settings, &err), err);
	ck_assert_int_eq(http_server_requests(server), 2);
	finish();
}
END_TEST

START_TEST(a_login_without_a_role_sends_none)
{
	serve(decrypted, 1);
	settings.method = "jwt";
	settings.auth_mount = "team/oidc";
	settings.role = NULL;
	expect_ok(vault_session_begin(client, &vault, &settings, &err), err);
	expect_ok(decrypt(), err);
	expect_contains(http_server_request(server, 0), HEADER "Path: auth/team/oidc/login\r\n");
	expect_contains(http_server_request(server, 0), JWT_LINE);
	expect_lacks(http_server_request(server, 0), "Parameter-role");
	finish();
}
END_TEST

START_TEST(a_login_by_certificate_sends_no_secret)
{
	struct vault_login login = {.method = VAULT_AUTH_CERT, .role = "web?>"};

	serve(decrypted, 1);
	expect_ok(vault_inline_login_set(&vault, &login, &err), err);
	expect_ok(decrypt(), err);
	expect_contains(http_server_request(server, 0), HEADER "Path: auth/cert/login\r\n");
	expect_contains(http_server_request(server, 0), NAME_LINE);
	expect_lacks(http_server_request(server, 0), "Parameter-jwt");
	finish();
}
END_TEST

static const struct {
	const char *method, *mount, *message;
} unusable[] = {
    {"token", NULL, "--auth-inline: not for auth method token; use kubernetes, jwt or cert"},
    {"approle", NULL, "--auth-inline: not for auth method approle"},
    {"kubernetes", "../sys", "not allowed in a Vault path"},
    {"kubernetes", "team/./k8s", "not allowed in a Vault path"},
    {"kubernetes", "team k8s", "auth mount \"team k8s\": only letters, digits"},
    {"kubernetes", "k8s\r\nX-Forged: a", "only letters, digits"},
    {"kubernetes", "k%38s", "only letters, digits"},
};

START_TEST(a_login_that_cannot_be_inline_is_a_usage_error)
{
	serve(decrypted, 1);
	settings.method = unusable[_i].method;
	settings.auth_mount = unusable[_i].mount;
	settings.token = settings.role_id = "given";
	expect_failure(vault_session_begin(client, &vault, &settings, &err), err, ERROR_USAGE,
	    unusable[_i].message);
	ck_assert_int_eq(http_server_requests(server), 0);
	finish();
}
END_TEST

#define MARKED "X-Vault-Inline-Auth-Failed: true\r\n"
#define FAILED "failed to perform inline authentication: "

static const struct {
	struct http_answer answer;
	enum error_code code;
	const char *begin, *message, *advice;
} refusals[] = {
    {{400, MARKED, "{\"errors\":[\"invalid role name \\\"demo\\\"\"]}"}, ERROR_REJECTED,
	"login with role \"demo\": Vault: POST", "invalid role name", "check the role's name"},
    {{403, "x-vault-inline-auth-failed:true\r\n", "{\"errors\":[\"permission denied\"]}"},
	ERROR_DENIED, "login with role \"demo\": Vault: POST", "permission denied",
	"that the method is mounted there"},
    {{403, NULL, "{\"errors\":[\"" FAILED "permission denied\"]}"}, ERROR_DENIED,
	"login with role \"demo\": ", FAILED "permission denied", "token is valid"},
    {{500, NULL,
	 "{\"errors\":[\"" FAILED "unable to perform inline authentication with login MFA\"]}"},
	ERROR_UNAVAILABLE, "login with role \"demo\": ", "login MFA", ""},
    {{500, NULL, "{\"errors\":[\"1 error occurred:\\n\\t* internal error\\n\\n\"]}"},
	ERROR_UNAVAILABLE, "decrypt with Transit key transit/key: ", "internal error",
	"set token_num_uses of the role to 0"},
    {DENIED, ERROR_UNSUPPORTED, "decrypt with Transit key transit/key: ", "permission denied",
	"is not OpenBao 2.4 or newer, omit --auth-inline"},
    {{400, NULL, "{\"errors\":[\"missing client token\"]}"}, ERROR_UNSUPPORTED, "decrypt",
	"missing client token", "is not OpenBao 2.4 or newer"},
    {{400, NULL, "{\"errors\":[\"encryption key not found\"]}"}, ERROR_NOT_FOUND, "decrypt",
	"encryption key not found; check --transit-key [MOUNT/]NAME", ""},
};

START_TEST(a_refused_login_differs_from_a_refused_request)
{
	serve(&refusals[_i].answer, 1);
	expect_ok(vault_session_begin(client, &vault, &settings, &err), err);
	expect_failure(decrypt(), err, refusals[_i].code, refusals[_i].message);
	ck_assert_ptr_eq(strstr(err.message, refusals[_i].begin), err.message);
	expect_contains(err.message, refusals[_i].advice);
	ck_assert_int_eq(http_server_requests(server), 1);
	finish();
}
END_TEST

START_TEST(a_denial_after_a_success_is_about_the_policy)
{
	static const struct http_answer answers[] = {DECRYPTED, DENIED};

	serve(answers, 2);
	settings.auth_inline = FEATURE_IF_POSSIBLE;
	expect_ok(vault_session_begin(client, &vault, &settings, &err), err);
	expect_ok(decrypt(), err);
	expect_failure(decrypt(), err, ERROR_DENIED, "policy must allow");
	expect_lacks(err.message, "OpenBao");
	ck_assert_int_eq(vault_session_fall_back(client, &vault, &settings, &err), 0);
	ck_assert_int_eq(http_server_requests(server), 2);
	finish();
}
END_TEST

START_TEST(a_token_is_used_if_the_server_does_not_notice_the_login)
{
	static const struct http_answer answers[] = {
	    DENIED, LOGGED_IN, DECRYPTED, {204, NULL, NULL}};

	serve(answers, 4);
	expect_ok(vault_session_begin(client, &vault, &settings, &err), err);
	expect_failure(decrypt(), err, ERROR_UNSUPPORTED, "");
	ck_assert_int_eq(vault_session_fall_back(client, &vault, &settings, &err), 0);
	ck_assert_int_eq(http_server_requests(server), 1);
	settings.auth_inline = FEATURE_IF_POSSIBLE;
	ck_assert_int_eq(vault_session_fall_back(client, &vault, &settings, &err), 1);
	expect_ok(decrypt(), err);
	expect_contains(http_server_request(server, 1), "POST /v1/auth/kubernetes/login HTTP");
	expect_contains(http_server_request(server, 2), "X-Vault-Token: s.token");
	expect_ok(vault_session_end(client, &vault, &settings, &err), err);
	for (int i = 1; i < 4; i++)
		expect_lacks(http_server_request(server, i), HEADER);
	finish();
}
END_TEST

START_TEST(a_refused_login_is_not_tried_with_a_token)
{
	serve(&refusals[_i].answer, 1);
	settings.auth_inline = FEATURE_IF_POSSIBLE;
	expect_ok(vault_session_begin(client, &vault, &settings, &err), err);
	ck_assert_int_eq(decrypt(), -1);
	ck_assert_int_eq(vault_session_fall_back(client, &vault, &settings, &err), 0);
	ck_assert_int_eq(http_server_requests(server), 1);
	finish();
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_test(tests, each_request_has_the_login_and_no_token);
	tcase_add_test(tests, a_login_without_a_role_sends_none);
	tcase_add_test(tests, a_login_by_certificate_sends_no_secret);
	tcase_add_loop_test(
	    tests, a_login_that_cannot_be_inline_is_a_usage_error, 0, COUNT(unusable));
	tcase_add_loop_test(
	    tests, a_refused_login_differs_from_a_refused_request, 0, COUNT(refusals));
	tcase_add_test(tests, a_denial_after_a_success_is_about_the_policy);
	tcase_add_test(tests, a_token_is_used_if_the_server_does_not_notice_the_login);
	tcase_add_loop_test(tests, a_refused_login_is_not_tried_with_a_token, 0, 5);
}

int main(void)
{
	return run_tests("inline_login", add);
}
