#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/vault/session.h"
#include "lib/vault/transit.h"
#include "tests/unit/expect.h"
#include "tests/unit/http_server.h"

static struct error err;
static struct vault vault;
static struct http_server *server;
static struct http_client *client;
static struct vault_session_settings settings = VAULT_SESSION_DEFAULTS;
static char file[] = "/tmp/test_session.XXXXXX";

static void fill_file(const char *text)
{
	FILE *out = fopen(file, "w");

	ck_assert_ptr_nonnull(out);
	ck_assert_int_ge(fputs(text, out), 0);
	ck_assert_int_eq(fclose(out), 0);
}

/* Set up a Vault with these responses, and a service account's token file. */
static void serve(const struct http_answer *answers, int count)
{
	int fd = mkstemp(file);

	ck_assert_int_ge(fd, 0);
	close(fd);
	fill_file("a.e30.c\n");
	log_init("test_session", LOG_ERROR, LOG_TEXT);
	server = http_server_start(answers, count, NULL);
	client = http_client_new(0, &err);
	struct vault_settings address = {.address = http_server_url(server)};
	expect_ok(vault_init(&vault, &address, &err), err);
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
	    http_server_request(server, 0), "\r\n\r\n{\"role\":\"demo\",\"jwt\":\"a.e30.c\"}");
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

/* Read a key: a request with the token. */
static void use_once(void)
{
	struct transit_key key = {"transit", "key"};
	struct transit_key_state state;

	expect_failure(
	    transit_key_read(client, &vault, &key, &state, &err), err, ERROR_INVALID, "");
}

START_TEST(batch_tokens_and_spent_tokens_are_not_revoked)
{
	serve(&nothing_to_revoke[_i], 1);
	expect_ok(vault_session_begin(client, &vault, &settings, &err), err);
	use_once();
	expect_ok(vault_session_end(client, &vault, &settings, &err), err);
	ck_assert_int_eq(http_server_requests(server), 2);
	finish();
}
END_TEST

START_TEST(an_unused_token_for_one_use_is_revoked)
{
	static const struct http_answer answers[] = {
	    LOGIN("\"lease_duration\":10,\"num_uses\":1"), {204, NULL, NULL}};

	serve(answers, 2);
	expect_ok(vault_session_begin(client, &vault, &settings, &err), err);
	expect_ok(vault_session_end(client, &vault, &settings, &err), err);
	ck_assert_int_eq(http_server_requests(server), 2);
	finish();
}
END_TEST

START_TEST(too_few_uses_are_rejected_before_the_first_request)
{
	static const struct http_answer answers[] = {
	    LOGIN("\"lease_duration\":10,\"num_uses\":2"), {204, NULL, NULL}};

	serve(answers, 2);
	expect_ok(vault_session_begin(client, &vault, &settings, &err), err);
	expect_ok(vault_session_check_uses(&vault, 2, &err), err);
	expect_failure(vault_session_check_uses(&vault, 3, &err), err, ERROR_REJECTED,
	    "valid for 2 requests, but 3 are needed");
	vault.token.requests = 1;
	expect_failure(vault_session_check_uses(&vault, 2, &err), err, ERROR_REJECTED,
	    "valid for 1 request, but 2 are needed");
	vault.token.num_uses = 0;
	expect_ok(vault_session_check_uses(&vault, 1000000, &err), err);
	finish();
}
END_TEST

#define LIVES(members, code, message)                                                              \
	{                                                                                          \
		{LOGIN(members), {204, NULL, NULL}}, code, message                                 \
	}
static const struct {
	struct http_answer answers[2];
	enum error_code code;
	const char *message;
} long_lived[] = {
    LIVES("\"lease_duration\":11", ERROR_REJECTED, "would live 11 s, more than the 10 s allowed"),
    LIVES("\"lease_duration\":3600", ERROR_REJECTED, "would live 3600 s, more than the 10 s"),
    LIVES("\"lease_duration\":9223372036854775807", ERROR_REJECTED, "more than the 10 s allowed"),
    LIVES("\"lease_duration\":18446744073709552", ERROR_REJECTED, "more than the 10 s allowed"),
    LIVES("\"lease_duration\":0", ERROR_REJECTED,
	"would never expire, and at most 10 s are allowed; set token_ttl"),
    LIVES("\"lease_duration\":-1", ERROR_INVALID, "no valid lease_duration"),
    LIVES("\"lease_duration\":-9223372036854775808", ERROR_INVALID, "no valid lease_duration"),
    LIVES("\"lease_duration\":\"10\"", ERROR_INVALID, "no valid lease_duration"),
    LIVES("\"lease_duration\":null", ERROR_INVALID, "no valid lease_duration"),
    LIVES("\"renewable\":true", ERROR_INVALID, "no valid lease_duration"),
};

START_TEST(a_token_that_never_expires_and_is_not_revoked_is_an_error)
{
	static const struct http_answer answers[] = {
	    LOGIN("\"lease_duration\":0"), {403, NULL, NULL}};

	serve(answers, 2);
	ck_assert_int_eq(vault_session_begin(client, &vault, &settings, &err), -1);
	expect_failure(vault_session_end(client, &vault, &settings, &err), err, ERROR_DENIED,
	    "revoking the Vault token");
	finish();
}
END_TEST

START_TEST(a_token_that_lives_too_long_is_rejected_and_revoked)
{
	serve(long_lived[_i].answers, 2);
	expect_failure(vault_session_begin(client, &vault, &settings, &err), err,
	    long_lived[_i].code, long_lived[_i].message);
	expect_contains(err.message, "login with role");
	expect_ok(vault_session_end(client, &vault, &settings, &err), err);
	ck_assert_int_eq(http_server_requests(server), 2);
	finish();
}
END_TEST

START_TEST(the_limit_can_be_raised)
{
	serve(long_lived[1].answers, 2);
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

START_TEST(a_failed_revocation_is_an_error_only_for_long_tokens)
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

START_TEST(a_configured_token_is_used_unchanged)
{
	serve(short_lived, 2);
	settings.token = "s.given";
	settings.role = NULL;
	expect_ok(vault_session_begin(client, &vault, &settings, &err), err);
	expect_text(vault.token.value, "s.given");
	expect_ok(vault_session_renew(client, &vault, &settings, &err), err);
	expect_text(vault.token.value, "s.given");
	expect_ok(vault_session_end(client, &vault, &settings, &err), err);
	ck_assert_int_eq(http_server_requests(server), 0);
	finish();
}
END_TEST

START_TEST(a_token_file_is_read_again_on_renewal)
{
	serve(short_lived, 2);
	settings.role = NULL;
	settings.token_file = file;
	fill_file("s.sink\n");
	expect_ok(vault_session_begin(client, &vault, &settings, &err), err);
	expect_text(vault.token.value, "s.sink");
	fill_file("s.newer");
	expect_ok(vault_session_renew(client, &vault, &settings, &err), err);
	expect_text(vault.token.value, "s.newer");
	expect_ok(vault_session_end(client, &vault, &settings, &err), err);
	ck_assert_int_eq(http_server_requests(server), 0);
	finish();
}
END_TEST

static const struct {
	const char *text, *message;
} bad_token_files[] = {
    {"", "the Vault token is empty"},
    {"\n", "the Vault token is empty"},
    {"s.secret x\n", "the Vault token contains white space"},
    {"s.secret\ns.secret\n", "the Vault token contains white space"},
    {"{\"token\":\"s.secret\",\"ttl\":300}\n", "remove wrap_ttl, dh_type and dh_path"},
    {"{\n  \"curve25519_public_key\": \"s.secret\"\n}\n", "remove wrap_ttl, dh_type and dh_path"},
};

START_TEST(an_invalid_token_file_is_rejected)
{
	serve(short_lived, 2);
	settings.token_file = file;
	fill_file(bad_token_files[_i].text);
	expect_failure(vault_session_begin(client, &vault, &settings, &err), err, ERROR_INVALID,
	    bad_token_files[_i].message);
	expect_contains(err.message, file);
	expect_lacks(err.message, "s.secret");
	ck_assert_uint_eq(vault.token.value.length, 0);
	ck_assert_int_eq(http_server_requests(server), 0);
	finish();
}
END_TEST

/* Return a JWT, and count the calls. */
static int jwts_asked_for;

static int make_jwt(const struct vault_session_settings *asked, struct http_client *over,
    struct secret_buffer *jwt, struct error *error)
{
	ck_assert_ptr_eq(over, client);
	ck_assert_str_eq(asked->service_account, "robot");
	ck_assert_ptr_eq(asked->jwt_context, &jwts_asked_for);
	jwts_asked_for++;
	return secret_buffer_append_string(jwt, "asked.e30.jwt", error);
}

static void use_service_account(void)
{
	settings.jwt_file = NULL;
	settings.service_account = "robot";
	settings.request_jwt = make_jwt;
	settings.jwt_context = &jwts_asked_for;
}

START_TEST(a_jwt_is_requested_for_each_login)
{
	static const struct http_answer answers[] = {
	    LOGIN("\"lease_duration\":10"), {204, NULL, NULL}, LOGIN("\"lease_duration\":10")};

	serve(answers, 3);
	use_service_account();
	expect_ok(vault_session_begin(client, &vault, &settings, &err), err);
	expect_contains(http_server_request(server, 0), "\"jwt\":\"asked.e30.jwt\"");
	vault.token.expires_ms -= 10000 - VAULT_SESSION_MARGIN_MS + 1;
	expect_ok(vault_session_renew(client, &vault, &settings, &err), err);
	ck_assert_int_eq(jwts_asked_for, 2);
	finish();
}
END_TEST

/* Claims that a login with the method jwt needs.  A time is relative to now; 0: without it. */
static const struct {
	int expires_s, begins_s;
	const char *claims; /* the rest of the object */
	const char *audience;
	const char *problem; /* NULL: accepted */
} claims[] = {
    {.claims = "\"iss\":\"https://ci.example\""},
    {.expires_s = 600, .begins_s = -5, .claims = "\"aud\":\"vault\""},
    {.expires_s = -30, .begins_s = 30, .claims = "\"aud\":\"vault\"", .audience = "vault"},
    {.expires_s = 600, .claims = "\"aud\":[\"a\",\"vault\"]", .audience = "vault"},
    {.expires_s = -90,
	.claims = "\"iss\":\"https://ci.example\",\"aud\":[\"a\",\"vault\"]",
	.problem = "Z (issuer https://ci.example, audience a, vault); get a new one"},
    {.expires_s = -90, .claims = "\"iss\":5", .problem = "(issuer none, audience none); get"},
    {.begins_s = 90,
	.claims = "\"aud\":\"vault\"",
	.problem = "Z (issuer none, audience vault); check this machine's clock"},
    {.expires_s = 600,
	.claims = "\"iss\":\"https://ci.example\",\"aud\":\"https://github.com/o\"",
	.audience = "vault",
	.problem =
	    "for the audience https://github.com/o, not vault (issuer https://ci.example); "},
    {.claims = "\"aud\":\"va\\u001b[31mult\\n\"",
	.audience = "vault",
	.problem = "for the audience va?[31mult?, not vault"},
    {.claims = "\"sub\":\"vault\"", .audience = "vault", .problem = "for the audience none, not"},
};

static void append_time(struct secret_buffer *payload, const char *name, int relative_s)
{
	if (relative_s)
		expect_ok(secret_buffer_append_format(payload, &err, "\"%s\":%lld,", name,
			      (long long)time(NULL) + relative_s),
		    err);
}

static void make_claims_jwt(struct secret_buffer *jwt, int i)
{
	cleanup_secret struct secret_buffer payload = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append_string(&payload, "{", &err), err);
	append_time(&payload, "exp", claims[i].expires_s);
	append_time(&payload, "nbf", claims[i].begins_s);
	expect_ok(secret_buffer_append_string(&payload, claims[i].claims, &err), err);
	expect_ok(secret_buffer_append_string(&payload, "}", &err), err);
	expect_ok(secret_buffer_append_string(jwt, "e30.", &err), err);
	expect_ok(base64_url_encode(jwt, payload.data, payload.length, &err), err);
	expect_ok(secret_buffer_append_string(jwt, ".c2ln", &err), err);
}

START_TEST(claims_are_checked_before_a_request)
{
	cleanup_secret struct secret_buffer jwt = SECRET_BUFFER_INIT;

	make_claims_jwt(&jwt, _i);
	serve(short_lived, 1);
	settings.jwt_file = NULL;
	settings.jwt = jwt.data;
	settings.audience = claims[_i].audience;
	if (claims[_i].problem) {
		expect_failure(vault_session_begin(client, &vault, &settings, &err), err,
		    ERROR_INVALID, claims[_i].problem);
		expect_contains(err.message, "JWT in VAULT_JWT: ");
		expect_lacks(err.message, "e30.");
	} else {
		expect_ok(vault_session_begin(client, &vault, &settings, &err), err);
		expect_contains(http_server_request(server, 0), "POST /v1/auth/jwt/login");
	}
	ck_assert_int_eq(http_server_requests(server), claims[_i].problem ? 0 : 1);
	finish();
}
END_TEST

START_TEST(github_is_asked_for_each_login)
{
	static const struct http_answer logins[] = {
	    LOGIN("\"lease_duration\":10"), {204, NULL, NULL}, LOGIN("\"lease_duration\":10")};
	static const struct http_answer jwts[] = {
	    {200, NULL, "{\"count\":9,\"value\":\"one.e30.c\"}"},
	    {200, NULL, "{\"value\":\"two.e30.c\"}"}};
	struct http_server *github = http_server_start(jwts, 2, "IP:127.0.0.1");
	cleanup_free char *url = string_format(&err, "%s//a/b?x=1", http_server_url(github));

	serve(logins, 3);
	fill_file(http_server_certificate(github));
	setenv("SSL_CERT_FILE", file, 1);
	settings.method = "jwt";
	settings.jwt_file = NULL;
	settings.github_url = url;
	settings.github_token = "the-token";
	expect_ok(vault_session_begin(client, &vault, &settings, &err), err);
	expect_contains(http_server_request(github, 0), "GET //a/b?x=1 HTTP/1.1\r\n");
	expect_contains(http_server_request(github, 0), "\r\nAuthorization: Bearer the-token\r\n");
	expect_contains(http_server_request(server, 0), "\"jwt\":\"one.e30.c\"");
	vault.token.expires_ms -= 10000 - VAULT_SESSION_MARGIN_MS + 1;
	expect_ok(vault_session_renew(client, &vault, &settings, &err), err);
	expect_contains(http_server_request(server, 2), "\"jwt\":\"two.e30.c\"");
	http_server_stop(github);
	finish();
}
END_TEST

START_TEST(variables_of_a_login_are_known)
{
	struct vault_session_settings jwt = {
	    .method = "jwt", .github_url = "u", .github_token = "t"};

	ck_assert(vault_session_uses_variable(&jwt, "ACTIONS_ID_TOKEN_REQUEST_TOKEN"));
	ck_assert(vault_session_uses_variable(&jwt, "ACTIONS_ID_TOKEN_REQUEST_URL"));
	ck_assert(!vault_session_uses_variable(&jwt, "ACTIONS_ID_TOKEN_REQUEST"));
	jwt.jwt_variable = "ID_TOKEN";
	ck_assert(vault_session_uses_variable(&jwt, "ID_TOKEN"));
	ck_assert(!vault_session_uses_variable(&jwt, "ACTIONS_ID_TOKEN_REQUEST_TOKEN"));
	jwt.jwt_variable = NULL;
	jwt.method = NULL;
	ck_assert(!vault_session_uses_variable(&jwt, "ACTIONS_ID_TOKEN_REQUEST_TOKEN"));
}
END_TEST

START_TEST(each_method_uses_its_inputs)
{
	static const struct {
		const char *method, *path, *body;
	} methods[] = {
	    {"kubernetes", "/auth/kubernetes/login", "{\"role\":\"demo\",\"jwt\":\"a.e30.c\"}"},
	    {"jwt", "/auth/jwt/login", "{\"role\":\"demo\",\"jwt\":\"a.e30.c\"}"},
	    {"approle", "/auth/approle/login",
		"{\"role_id\":\"the-role\",\"secret_id\":\"the-secret\"}"},
	};

	for (size_t i = 0; i < COUNT(methods); i++) {
		serve(short_lived, 1);
		settings.method = methods[i].method;
		settings.token = "s.given"; /* the method that is named wins */
		settings.role_id = "the-role";
		settings.secret_id = "the-secret";
		expect_ok(vault_session_begin(client, &vault, &settings, &err), err);
		expect_contains(http_server_request(server, 0), methods[i].path);
		expect_contains(http_server_request(server, 0), methods[i].body);
		expect_text(vault.token.value, "s.token");
		finish();
		strcpy(file, "/tmp/test_session.XXXXXX");
	}
}
END_TEST

START_TEST(a_secret_id_can_be_in_a_file_or_absent)
{
	serve(short_lived, 1);
	settings.method = "approle";
	settings.role_id = "the-role";
	expect_ok(vault_session_begin(client, &vault, &settings, &err), err);
	expect_contains(http_server_request(server, 0), "\r\n\r\n{\"role_id\":\"the-role\"}");
	vault_token_free(&vault.token);
	settings.secret_id_file = file;
	fill_file("from-file\n");
	expect_ok(vault_session_begin(client, &vault, &settings, &err), err);
	expect_contains(http_server_request(server, 1),
	    "\r\n\r\n{\"role_id\":\"the-role\",\"secret_id\":\"from-file\"}");
	finish();
}
END_TEST

#define NEEDS(...)                                                                                 \
	{                                                                                          \
		.jwt_lifetime_ms = VAULT_JWT_LIFETIME_MS, __VA_ARGS__                              \
	}

static const struct {
	struct vault_session_settings settings;
	const char *message;
} unusable[] = {
    {NEEDS(.token = "s.given\n"), "VAULT_TOKEN contains white space"},
    {NEEDS(.jwt_file = file), "set VAULT_ROLE"},
    {NEEDS(.role = "", .token = "", .jwt_file = file), "set VAULT_ROLE"},
    {NEEDS(.role = "demo"), "no service-account token"},
    {NEEDS(.method = "jwt"), "no service-account token"},
    {NEEDS(.role = "demo", .jwt_file = "/nowhere/token"),
	"service-account token: /nowhere/token: No such file"},
    {NEEDS(.role = "demo", .jwt_file = "/dev/null"), "the service-account token is empty"},
    {NEEDS(.role = "demo", .jwt_file = "/proc/version"),
	"the service-account token contains white space"},
    {NEEDS(.role = "demo", .jwt_file = "/dev/zero"), "larger than 65536 bytes"},
    {NEEDS(.role = "demo", .jwt_file = file, .service_account = "robot"),
	"--jwt-file and --service-account"},
    {NEEDS(.role = "demo", .jwt_file = file, .audience = "vault"),
	"--audience is only for --service-account, and for auth method jwt"},
    {NEEDS(.jwt = "a.e30.c", .jwt_file = file), "VAULT_JWT and --jwt-file are both set"},
    {NEEDS(.jwt = "a.e30.c", .jwt_variable = "PATH"), "VAULT_JWT and --jwt-env are both set"},
    {NEEDS(.jwt_variable = "PATH", .jwt_file = file), "--jwt-env and --jwt-file are both set"},
    {NEEDS(.jwt_variable = "PATH", .service_account = "robot"),
	"--jwt-env and --service-account are both set"},
    {NEEDS(.jwt_variable = "UNSET_VARIABLE"), "--jwt-env UNSET_VARIABLE: the variable is not set"},
    {NEEDS(.token = "s.given", .jwt = "a.e30.c"), "a Vault token and VAULT_JWT are both set"},
    {NEEDS(.token_file = file, .jwt_variable = "PATH"), "a Vault token and --jwt-env are both set"},
    {NEEDS(.role_id = "the-role", .jwt = "a.e30.c"), "the auth method is jwt; set"},
    {NEEDS(.jwt = "s.given"), "JWT in VAULT_JWT: not a JWT; pass the ID token"},
    {NEEDS(.jwt = "s. given"), "VAULT_JWT: the JWT contains white space"},
    {NEEDS(.method = "jwt", .github_url = "https://github.example/"),
	"only one of ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN is set"},
    {NEEDS(.method = "jwt", .github_token = "s.given"), "only one of ACTIONS_ID_TOKEN_REQUEST"},
    {NEEDS(.method = "jwt", .github_url = "http://127.0.0.1/", .github_token = "s.given"),
	"ACTIONS_ID_TOKEN_REQUEST_URL: not an https URL"},
    {NEEDS(.method = "jwt", .github_url = "https://s.given@github.example/",
	 .github_token = "s.given"),
	"JWT from GitHub: ACTIONS_ID_TOKEN_REQUEST_URL: not an https URL"},
    {NEEDS(.method = "jwt", .github_url = "https://github.example/", .github_token = "s.given\n"),
	"the token in ACTIONS_ID_TOKEN_REQUEST_TOKEN contains white space"},
    {NEEDS(.method = "kubernetes", .role = "demo", .github_url = "https://github.example/",
	 .github_token = "s.given"),
	"no service-account token"},
    {{.role = "demo", .service_account = "robot", .jwt_lifetime_ms = 599999},
	"--token-lifetime 599s: too short for the Kubernetes API; pass at least 600s"},
    {NEEDS(.token = "s.given", .service_account = "robot"),
	"a Vault token and --service-account are both set"},
    {NEEDS(.method = "ldap"), "auth method \"ldap\": unknown"},
    {NEEDS(.role_id = "the-role"), "VAULT_AUTH_METHOD or --auth-method to approle"},
    {NEEDS(.method = "approle", .secret_id = "the-secret"), "set VAULT_ROLE_ID or --role-id"},
    {NEEDS(.method = "approle", .role_id = "r", .secret_id = "s", .secret_id_file = file),
	"unset VAULT_SECRET_ID, or"},
    {NEEDS(.method = "approle", .role_id = "r", .secret_id_file = "/nowhere/id"),
	"secret id: /nowhere/id: No such file"},
    {NEEDS(.method = "approle", .role_id = "r", .secret_id_file = "/dev/null"),
	"the secret id is empty"},
    {NEEDS(.method = "approle", .role_id = "r", .secret_id = "a b"),
	"the secret id contains white space"},
    {NEEDS(.method = "cert", .role = "web"), "set VAULT_CLIENT_CERT and"},
    {NEEDS(.method = "token"), "set VAULT_TOKEN, VAULT_TOKEN_FILE or"},
    {NEEDS(.token = "s.given", .token_file = file), "unset VAULT_TOKEN, or"},
    {NEEDS(.token_file = "/nowhere/sink"), "Vault token: /nowhere/sink: No such file"},
};

START_TEST(a_missing_input_of_a_login_is_named)
{
	serve(short_lived, 2);
	error_clear(&err);
	ck_assert_int_eq(vault_session_begin(client, &vault, &unusable[_i].settings, &err), -1);
	expect_contains(err.message, unusable[_i].message);
	expect_lacks(err.message, "s.given");
	ck_assert_uint_eq(vault.token.value.length, 0);
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

START_TEST(a_short_token_is_used_for_half_of_its_life)
{
	static const struct http_answer answers[] = {
	    LOGIN("\"lease_duration\":2"), {204, NULL, NULL}, LOGIN("\"lease_duration\":2")};

	serve(answers, 3);
	expect_ok(vault_session_begin(client, &vault, &settings, &err), err);
	expect_ok(vault_session_renew(client, &vault, &settings, &err), err);
	ck_assert_int_eq(http_server_requests(server), 1);
	vault.token.expires_ms -= 1001;
	expect_ok(vault_session_renew(client, &vault, &settings, &err), err);
	ck_assert_int_eq(http_server_requests(server), 3);
	finish();
}
END_TEST

START_TEST(an_expired_token_is_not_revoked)
{
	static const struct http_answer answers[] = {
	    LOGIN("\"lease_duration\":2"), LOGIN("\"lease_duration\":2")};

	serve(answers, 2);
	expect_ok(vault_session_begin(client, &vault, &settings, &err), err);
	vault.token.expires_ms -= 2000;
	expect_ok(vault_session_renew(client, &vault, &settings, &err), err);
	ck_assert_int_eq(http_server_requests(server), 2);
	finish();
}
END_TEST

START_TEST(a_session_whose_token_is_spent_is_renewed)
{
	static const struct http_answer answers[] = {LOGIN("\"lease_duration\":10,\"num_uses\":1"),
	    {204, NULL, NULL}, LOGIN("\"lease_duration\":10,\"num_uses\":1")};

	serve(answers, 3);
	expect_ok(vault_session_begin(client, &vault, &settings, &err), err);
	use_once();
	expect_ok(vault_session_renew(client, &vault, &settings, &err), err);
	ck_assert_int_eq(http_server_requests(server), 3);
	ck_assert(!vault_token_is_spent(&vault.token));
	finish();
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_test(tests, a_session_logs_in_and_revokes);
	tcase_add_loop_test(
	    tests, batch_tokens_and_spent_tokens_are_not_revoked, 0, COUNT(nothing_to_revoke));
	tcase_add_loop_test(
	    tests, a_token_that_lives_too_long_is_rejected_and_revoked, 0, COUNT(long_lived));
	tcase_add_test(tests, a_token_that_never_expires_and_is_not_revoked_is_an_error);
	tcase_add_test(tests, the_limit_can_be_raised);
	tcase_add_loop_test(
	    tests, a_failed_revocation_is_an_error_only_for_long_tokens, 0, COUNT(unrevoked));
	tcase_add_test(tests, an_unused_token_for_one_use_is_revoked);
	tcase_add_test(tests, too_few_uses_are_rejected_before_the_first_request);
	tcase_add_test(tests, a_configured_token_is_used_unchanged);
	tcase_add_test(tests, a_token_file_is_read_again_on_renewal);
	tcase_add_loop_test(tests, an_invalid_token_file_is_rejected, 0, COUNT(bad_token_files));
	tcase_add_test(tests, a_jwt_is_requested_for_each_login);
	tcase_add_loop_test(tests, claims_are_checked_before_a_request, 0, COUNT(claims));
	tcase_add_test(tests, github_is_asked_for_each_login);
	tcase_add_test(tests, variables_of_a_login_are_known);
	tcase_add_test(tests, each_method_uses_its_inputs);
	tcase_add_test(tests, a_secret_id_can_be_in_a_file_or_absent);
	tcase_add_loop_test(tests, a_missing_input_of_a_login_is_named, 0, COUNT(unusable));
	tcase_add_test(tests, a_session_is_renewed_only_near_its_end);
	tcase_add_test(tests, a_short_token_is_used_for_half_of_its_life);
	tcase_add_test(tests, an_expired_token_is_not_revoked);
	tcase_add_test(tests, a_session_whose_token_is_spent_is_renewed);
}

int main(void)
{
	return run_tests("session", add);
}
