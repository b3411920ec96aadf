#include <stdio.h>

#include "lib/base/log.h"
#include "lib/vault/login.h"
#include "lib/vault/transit.h"
#include "tests/unit/expect.h"
#include "tests/unit/http_server.h"

static struct error err;
static struct vault vault;
static struct http_exchange exchange;

static const struct vault_settings plain = {.address = "https://vault.example:8200"};

static void set_up(void)
{
	log_init("test_vault", LOG_ERROR, LOG_TEXT);
	expect_ok(vault_init(&vault, &plain, &err), err);
}

static void clean(void)
{
	http_exchange_free(&exchange);
	vault_free(&vault);
}

/* Set up an exchange that has run, with this response. */
static void answered(int status, const char *body)
{
	http_exchange_free(&exchange);
	exchange.endpoint = &vault.endpoint;
	exchange.method = "POST";
	exchange.status = status;
	expect_ok(
	    secret_buffer_append_string(&exchange.path, "/v1/auth/kubernetes/login", &err), err);
	expect_ok(secret_buffer_append_string(&exchange.response, body, &err), err);
}

static const struct {
	const char *given, *url;
} addresses[] = {
    {"https://vault.example:8200", "https://vault.example:8200"},
    {"https://vault.example/", "https://vault.example"},
    {"https://vault.example/prefix//", "https://vault.example/prefix"},
    {"https://[2001:db8::1]:8200", "https://[2001:db8::1]:8200"},
    {"http://127.0.0.1:8200", "http://127.0.0.1:8200"},
    {"http://127.9.9.9", "http://127.9.9.9"},
    {"http://localhost:8200/", "http://localhost:8200"},
    {"http://[::1]:8200", "http://[::1]:8200"},
    {"HTTPS://Vault.example:443/Prefix", "https://Vault.example:443/Prefix"},
};

START_TEST(valid_addresses_are_accepted)
{
	struct vault_settings settings = {.address = addresses[_i].given};

	expect_ok(vault_init(&vault, &settings, &err), err);
	ck_assert_str_eq(vault.endpoint.url, addresses[_i].url);
	clean();
}
END_TEST

static const struct {
	const char *given, *message;
} no_addresses[] = {
    {NULL, "set VAULT_ADDR or --vault-addr"},
    {"", "set VAULT_ADDR or --vault-addr"},
    {"vault.example:8200", "not an http or https URL"},
    {"https://", "not an http or https URL"},
    {"https:/vault.example", "not an http or https URL"},
    {"https://:8200", "not an http or https URL"},
    {"https://vault.example:", "not an http or https URL"},
    {"https://vault.example:/prefix", "not an http or https URL"},
    {"https://vault.example:99999", "not an http or https URL"},
    {"https://vault.example:8200x", "not an http or https URL"},
    {"https://va%75lt.example", "not an http or https URL"},
    {"https://0x7f.1", "not an http or https URL"},
    {"https:/vault/x//vault", "not an http or https URL"},
    {"https:///vault", "not an http or https URL"},
    {"https://vault.example\\.evil.example", "not an http or https URL"},
    {"https://vault.ex\x01mple", "not an http or https URL"},
    {"https://[::1", "not an http or https URL"},
    {"https://user:passwordvault.example:8200", "not an http or https URL"},
    {"user:passwordvault.example", "not an http or https URL"},
    {"ftp://vault.example", "not an http or https URL"},
    {"unix:///run/vault", "not an http or https URL"},
    {"http://vault.example:8200", "plain http would send secrets unencrypted"},
    {"http://10.0.0.1:8200", "plain http would send secrets unencrypted"},
    {"http://localhost.evil.example", "plain http would send secrets unencrypted"},
    {"http://127.evil.example", "plain http would send secrets unencrypted"},
    {"http://127.0.0.1.evil.example", "plain http would send secrets unencrypted"},
    {"http://[::1].evil.example", "not an http or https URL"},
    {"http://localhost@evil.example", "leave out user and query"},
    {"https://user:password@vault.example", "leave out user and query"},
    {"https://vault.example/?x", "leave out user and query"},
    {"https://vault.example/#x", "leave out user and query"},
    {"https://vault .example", "leave out user and query"},
};

START_TEST(invalid_addresses_are_rejected)
{
	struct vault_settings settings = {.address = no_addresses[_i].given};

	expect_failure(
	    vault_init(&vault, &settings, &err), err, ERROR_USAGE, no_addresses[_i].message);
	expect_lacks(err.message, "password");
}
END_TEST

static const char *const tls_names[] = {
    "vault", "vault.vault.svc", "Vault_1.example.", "10.0.0.1", "::1", "2001:db8::1"};

START_TEST(valid_tls_names_are_accepted)
{
	struct vault_settings settings = {
	    .address = "https://vault.example", .tls_server_name = tls_names[_i]};

	expect_ok(vault_init(&vault, &settings, &err), err);
	ck_assert_str_eq(vault.endpoint.tls_server_name, tls_names[_i]);
	clean();
}
END_TEST

/* Each would change the URL, to which the JWT would be sent. */
static const char *const no_tls_names[] = {"evil:1234/", "evil:1234", "evil:443", "evil/", "evil?",
    "evil#", "user@evil", "user:x@evil/", "ev%69l", "a b", "a\r\nX-Forged: y", "*.example", "[::1]",
    "[::1]:1234", "::1]:1234/[", "0x7f.1", "127.1", "1", ":", "/", "\\evil", "v\xC3\xA4ult"};

START_TEST(invalid_tls_names_are_rejected)
{
	struct vault_settings settings = {
	    .address = "https://vault.example", .tls_server_name = no_tls_names[_i]};

	expect_failure(
	    vault_init(&vault, &settings, &err), err, ERROR_USAGE, "not a host name; write");
}
END_TEST

static const char *const no_namespaces[] = {" ", "a b", "a\r\nX-Vault-Token: x", "a\x7F", "a/\t"};

START_TEST(invalid_namespaces_are_rejected)
{
	struct vault_settings settings = {
	    .address = "https://vault.example", .namespace = no_namespaces[_i]};

	expect_failure(vault_init(&vault, &settings, &err), err, ERROR_USAGE,
	    "must not contain spaces or control characters");
}
END_TEST

START_TEST(the_settings_reach_the_endpoint)
{
	struct vault_settings settings = {.address = "https://vault.example",
	    .ca_file = "/ca.crt",
	    .tls_server_name = "vault",
	    .namespace = "team/a",
	    .proxy = "http://proxy:3128",
	    .timeout_ms = 1234};

	expect_ok(vault_init(&vault, &settings, &err), err);
	ck_assert_str_eq(vault.endpoint.ca_file, "/ca.crt");
	ck_assert(!vault.endpoint.system_trust);
	ck_assert_str_eq(vault.endpoint.tls_server_name, "vault");
	ck_assert_str_eq(vault.endpoint.proxy, "http://proxy:3128");
	ck_assert_int_eq(vault.endpoint.request_timeout_ms, 1234);
	ck_assert(strings_contain(&vault.endpoint.headers, "X-Vault-Namespace: team/a"));
	ck_assert(strings_contain(&vault.endpoint.headers, "X-Vault-Request: true"));
	ck_assert(vault.endpoint.follow_standby);
	clean();
}
END_TEST

static const struct {
	const char *certificate, *key, *message;
} bad_clients[] = {
    {"/dev/null", NULL, "only one of"},
    {NULL, "/dev/null", "only one of"},
    {"/nowhere/client.crt", "/dev/null", "client certificate /nowhere/client.crt: No such file"},
    {"/dev/null", "/nowhere/client.key", "client key /nowhere/client.key: No such file"},
};

START_TEST(a_client_certificate_needs_its_key)
{
	struct vault_settings settings = {.address = "https://vault.example",
	    .certificate_file = bad_clients[_i].certificate,
	    .key_file = bad_clients[_i].key};

	error_clear(&err);
	ck_assert_int_eq(vault_init(&vault, &settings, &err), -1);
	expect_contains(err.message, bad_clients[_i].message);
}
END_TEST

/* They may contain a password anywhere, so that they are not printed. */
static const char *const bad_proxies[] = {"http://user:hunter2proxy:3128", "user:hunter2proxy:3128",
    "http://user:hun/ter2@proxy:3128", "http://user:3128/hunter2",
    "http://user:hunter2@bad host:3128", "http://user:hunter2@proxy:99999",
    "http://user:hun@ter2proxy:3128:1", "http://user:#hunter2@proxy", "http://user:hunter2!proxy",
    "ftp://user:hunter2@proxy:1", "http://hunter2@", "://hunter2",
    "http://user:hunter2@proxy:", "http://user:hun\\ter2@proxy", "http://user:?hunter2@proxy"};

START_TEST(an_invalid_proxy_is_rejected_and_not_printed)
{
	struct vault_settings settings = {
	    .address = "https://vault.example", .proxy = bad_proxies[_i]};

	expect_failure(vault_init(&vault, &settings, &err), err, ERROR_USAGE,
	    "VAULT_PROXY_ADDR or --vault-proxy-addr: not the URL of a proxy");
	expect_lacks(err.message, "hun");
	expect_lacks(err.message, "ter2");
}
END_TEST

/* The inputs of a login, as text. */
struct login_texts {
	enum vault_auth method;
	const char *mount, *role, *jwt, *role_id, *secret_id;
};

static int request_login(const struct login_texts *texts)
{
	cleanup_secret struct secret_buffer jwt = SECRET_BUFFER_INIT,
					    secret_id = SECRET_BUFFER_INIT;
	struct vault_login login = {.method = texts->method,
	    .mount = texts->mount,
	    .role = texts->role,
	    .jwt = &jwt,
	    .role_id = texts->role_id,
	    .secret_id = texts->secret_id ? &secret_id : NULL};

	if (texts->jwt)
		expect_ok(secret_buffer_append_string(&jwt, texts->jwt, &err), err);
	if (texts->secret_id)
		expect_ok(secret_buffer_append_string(&secret_id, texts->secret_id, &err), err);
	return vault_login_request(&vault, &login, &exchange, &err);
}

static const struct {
	struct login_texts login;
	const char *path, *body;
} logins[] = {
    {{VAULT_AUTH_KUBERNETES, NULL, "de\"mo", "aaa.bbb.ccc", NULL, NULL},
	"/v1/auth/kubernetes/login", "{\"role\":\"de\\\"mo\",\"jwt\":\"aaa.bbb.ccc\"}"},
    {{VAULT_AUTH_KUBERNETES, "team/k8s prod", "demo", "a.b.c", NULL, NULL},
	"/v1/auth/team/k8s%20prod/login", "{\"role\":\"demo\",\"jwt\":\"a.b.c\"}"},
    {{VAULT_AUTH_JWT, "", "demo", "a.b.c", NULL, NULL}, "/v1/auth/jwt/login",
	"{\"role\":\"demo\",\"jwt\":\"a.b.c\"}"},
    {{VAULT_AUTH_JWT, "oidc", NULL, "a.b.c", NULL, NULL}, "/v1/auth/oidc/login",
	"{\"jwt\":\"a.b.c\"}"},
    {{VAULT_AUTH_APPROLE, NULL, "ignored", NULL, "the-role", "the-secret"},
	"/v1/auth/approle/login", "{\"role_id\":\"the-role\",\"secret_id\":\"the-secret\"}"},
    {{VAULT_AUTH_APPROLE, "machines", NULL, NULL, "the-role", NULL}, "/v1/auth/machines/login",
	"{\"role_id\":\"the-role\"}"},
    {{VAULT_AUTH_CERT, NULL, "web", NULL, NULL, NULL}, "/v1/auth/cert/login", "{\"name\":\"web\"}"},
    {{VAULT_AUTH_CERT, NULL, NULL, NULL, NULL, NULL}, "/v1/auth/cert/login", "{}"},
};

START_TEST(a_login_posts_the_inputs_of_its_method)
{
	set_up();
	expect_ok(request_login(&logins[_i].login), err);
	expect_text(exchange.path, logins[_i].path);
	ck_assert_str_eq(exchange.method, "POST");
	ck_assert_str_eq(exchange.content_type, "application/json");
	expect_text(exchange.body, logins[_i].body);
	ck_assert_uint_eq(exchange.credential.length, 0);
	clean();
}
END_TEST

static const char *const no_mounts[] = {"../sys", "./x", "a/../b"};

/* The exchange can be freed, although it was not initialised before. */
START_TEST(a_mount_outside_auth_is_rejected)
{
	struct login_texts login = {
	    VAULT_AUTH_KUBERNETES, no_mounts[_i], "demo", "a.b.c", NULL, NULL};

	set_up();
	memset(&exchange, 0xA5, sizeof(exchange));
	expect_failure(request_login(&login), err, ERROR_USAGE, "not allowed in a Vault path");
	clean();
}
END_TEST

START_TEST(methods_are_parsed_by_name)
{
	enum vault_auth method;

	for (int i = VAULT_AUTH_TOKEN; i <= VAULT_AUTH_CERT; i++) {
		ck_assert_int_eq(vault_auth_parse(vault_auth_name((enum vault_auth)i), &method), 0);
		ck_assert_int_eq((int)method, i);
	}
	ck_assert_int_eq(vault_auth_parse("Kubernetes", &method), -1);
	ck_assert_int_eq(vault_auth_parse("", &method), -1);
}
END_TEST

static const struct vault_login kubernetes = {.method = VAULT_AUTH_KUBERNETES, .role = "demo"};

static const char login_answer[] =
    "{\"auth\":{\"client_token\":\"hvb.AAAA\",\"lease_duration\":10,\"token_type\":\"batch\","
    "\"num_uses\":3,\"renewable\":true,\"policies\":[\"demo\"]}}";

START_TEST(a_login_returns_a_token)
{
	set_up();
	answered(200, login_answer);
	expect_ok(vault_login_result(&vault, &kubernetes, &exchange, &err), err);
	expect_text(vault.token.value, "hvb.AAAA");
	ck_assert_int_eq(vault.token.lease_s, 10);
	ck_assert_int_eq(vault.token.num_uses, 3);
	ck_assert(vault.token.batch);
	ck_assert(!vault.token.given);
	clean();
}
END_TEST

static const struct {
	int status;
	const char *body;
	enum error_code code;
	const char *message, *hint;
} failures[] = {
    {400, "{\"errors\":[\"invalid role name \\\"demo\\\"\"]}", ERROR_REJECTED,
	"status 400: invalid role name \"demo\"", "check the role's name"},
    {403, "{\"errors\":[\"permission denied\"]}", ERROR_DENIED, "status 403: permission denied",
	"token is valid"},
    {403, "{\"errors\":[\"service account name not authorized\"]}", ERROR_DENIED,
	"service account name not authorized", "allows this service account"},
    {503, "{\"errors\":[\"Vault is sealed\"]}", ERROR_UNAVAILABLE, "status 503: Vault is sealed",
	"unseal it"},
    {500, "{\"errors\":[\"one\",\"two\\n\\t* three\"]}", ERROR_UNAVAILABLE, "one; two  * three",
	""},
    {400, "{\"errors\":[\"one:\\n\\t* two\\n\\n\"]}", ERROR_REJECTED, "one:  * two; check", ""},
    {404, "<html>not found</html>", ERROR_NOT_FOUND, "status 404", "check the address"},
    {404, "", ERROR_NOT_FOUND, "status 404", "check the address"},
    {200, "", ERROR_INVALID, "Vault response", "check the address"},
    {200, "<html>", ERROR_INVALID, "Vault response", "check the address"},
    {200, "{}", ERROR_INVALID, "no token", ""},
    {200, "{\"auth\":null}", ERROR_INVALID, "no token", ""},
    {200, "{\"auth\":{\"client_token\":7}}", ERROR_INVALID, "no token", ""},
    {200, "{\"auth\":{\"client_token\":\"\"}}", ERROR_INVALID, "the token", ""},
    {200, "{\"auth\":{\"client_token\":\"a\\r\\nX-Forged: b\"}}", ERROR_INVALID, "the token", ""},
    {200, "{\"auth\":{\"client_token\":\"a\\u0000b\"}}", ERROR_INVALID, "the token", ""},
};

START_TEST(a_failed_login_reports_the_cause_and_leaves_no_token)
{
	set_up();
	answered(failures[_i].status, failures[_i].body);
	expect_failure(vault_login_result(&vault, &kubernetes, &exchange, &err), err,
	    failures[_i].code, failures[_i].message);
	expect_contains(err.message, failures[_i].hint);
	ck_assert_uint_eq(vault.token.value.length, 0);
	clean();
}
END_TEST

static const struct {
	struct vault_login login;
	int status;
	const char *who, *hint;
} refusals[] = {
    {{.method = VAULT_AUTH_JWT, .role = "demo"}, 400, "login with role \"demo\": ", "audience"},
    {{.method = VAULT_AUTH_JWT}, 400, "login at auth/jwt: ", "check the role's name"},
    {{.method = VAULT_AUTH_JWT, .mount = "oidc"}, 403, "login at auth/oidc: ", "--auth-mount"},
    {{.method = VAULT_AUTH_APPROLE, .role = "ignored"}, 400,
	"login at auth/approle: ", "secret id may have expired"},
    {{.method = VAULT_AUTH_APPROLE}, 403, "login at auth/approle: ", "--auth-mount"},
    {{.method = VAULT_AUTH_CERT, .role = "web"}, 400,
	"login with role \"web\": ", "VAULT_CLIENT_CERT"},
    {{.method = VAULT_AUTH_CERT}, 403, "login at auth/cert: ", "--auth-mount"},
};

START_TEST(each_method_has_its_own_advice)
{
	set_up();
	answered(refusals[_i].status, "{\"errors\":[\"the server's words\"]}");
	ck_assert_int_eq(vault_login_result(&vault, &refusals[_i].login, &exchange, &err), -1);
	ck_assert_ptr_eq(strstr(err.message, refusals[_i].who), err.message);
	expect_contains(err.message, "the server's words");
	expect_contains(err.message, refusals[_i].hint);
	clean();
}
END_TEST

START_TEST(a_spent_token_is_not_used)
{
	struct transit_item item = {.input = "vault:v1:AAAA", .input_length = 13};
	struct transit_key key = {"transit", "key"};

	set_up();
	expect_ok(secret_buffer_append_string(&vault.token.value, "s.token", &err), err);
	vault.token.num_uses = 2;
	for (int i = 0; i < 2; i++) {
		ck_assert(!vault_token_is_spent(&vault.token));
		expect_ok(
		    transit_batch_request(&vault, &key, TRANSIT_DECRYPT, &item, 1, &exchange, &err),
		    err);
		http_exchange_free(&exchange);
	}
	ck_assert(vault_token_is_spent(&vault.token));
	expect_failure(
	    transit_batch_request(&vault, &key, TRANSIT_DECRYPT, &item, 1, &exchange, &err), err,
	    ERROR_DENIED, "valid for 2 requests");
	expect_lacks(err.message, "s.token");
	clean();
}
END_TEST

START_TEST(a_network_error_is_reported)
{
	set_up();
	answered(0, "");
	error_set(&exchange.error, ERROR_NETWORK, "cannot connect");
	expect_failure(vault_login_result(&vault, &kubernetes, &exchange, &err), err, ERROR_NETWORK,
	    "login with role \"demo\": cannot connect");
	clean();
}
END_TEST

/* Set up a server, a vault with its address and a token, and a client. */
static struct http_client *serve(struct http_server **server, const struct http_answer *answer)
{
	*server = http_server_start(answer, 1, NULL);
	struct vault_settings settings = {.address = http_server_url(*server)};
	struct http_client *client = http_client_new(0, &err);

	log_init("test_vault", LOG_ERROR, LOG_TEXT);
	expect_ok(vault_init(&vault, &settings, &err), err);
	expect_ok(secret_buffer_append_string(&vault.token.value, "s.token", &err), err);
	return client;
}

START_TEST(each_request_has_the_namespace)
{
	static const struct http_answer answer = {204, NULL, NULL};
	struct http_server *server = http_server_start(&answer, 1, NULL);
	struct vault_settings settings = {
	    .address = http_server_url(server), .namespace = "team/a"};
	struct http_client *client = http_client_new(0, &err);

	log_init("test_vault", LOG_ERROR, LOG_TEXT);
	expect_ok(vault_init(&vault, &settings, &err), err);
	expect_ok(secret_buffer_append_string(&vault.token.value, "s.token", &err), err);
	expect_ok(vault_revoke_self(client, &vault, &err), err);
	expect_contains(http_server_request(server, 0), "\r\nX-Vault-Namespace: team/a\r\n");
	expect_contains(http_server_request(server, 0), "\r\nX-Vault-Token: s.token\r\n");
	http_client_free(client);
	clean();
	http_server_stop(server);
}
END_TEST

START_TEST(a_revocation_needs_no_response_body)
{
	static const struct http_answer answer = {204, NULL, NULL};
	struct http_server *server;
	struct http_client *client = serve(&server, &answer);

	expect_ok(vault_revoke_self(client, &vault, &err), err);
	expect_contains(http_server_request(server, 0), "POST /v1/auth/token/revoke-self HTTP");
	http_client_free(client);
	clean();
	http_server_stop(server);
}
END_TEST

START_TEST(a_denied_retry_of_a_revocation_is_a_success)
{
	static const struct http_answer answers[] = {
	    {HANG_UP, NULL, NULL}, {403, NULL, "{\"errors\":[\"permission denied\"]}"}};
	struct http_server *server = http_server_start(answers, 2, NULL);
	struct vault_settings settings = {.address = http_server_url(server), .retries = 1};
	struct http_client *client = http_client_new(0, &err);

	log_init("test_vault", LOG_ERROR, LOG_TEXT);
	expect_ok(vault_init(&vault, &settings, &err), err);
	expect_ok(secret_buffer_append_string(&vault.token.value, "s.token", &err), err);
	expect_ok(vault_revoke_self(client, &vault, &err), err);
	ck_assert_int_eq(http_server_requests(server), 2);
	http_client_free(client);
	clean();
	http_server_stop(server);
}
END_TEST

START_TEST(a_denied_revocation_is_an_error)
{
	static const struct http_answer answer = {
	    403, NULL, "{\"errors\":[\"permission denied\"]}"};
	struct http_server *server;
	struct http_client *client = serve(&server, &answer);

	expect_failure(vault_revoke_self(client, &vault, &err), err, ERROR_DENIED,
	    "revoking the Vault token: Vault: POST /v1/auth/token/revoke-self: status 403");
	expect_lacks(err.message, "s.token");
	http_client_free(client);
	clean();
	http_server_stop(server);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_loop_test(tests, valid_addresses_are_accepted, 0, COUNT(addresses));
	tcase_add_loop_test(tests, invalid_addresses_are_rejected, 0, COUNT(no_addresses));
	tcase_add_loop_test(tests, valid_tls_names_are_accepted, 0, COUNT(tls_names));
	tcase_add_loop_test(tests, invalid_tls_names_are_rejected, 0, COUNT(no_tls_names));
	tcase_add_loop_test(tests, invalid_namespaces_are_rejected, 0, COUNT(no_namespaces));
	tcase_add_test(tests, the_settings_reach_the_endpoint);
	tcase_add_loop_test(tests, a_client_certificate_needs_its_key, 0, COUNT(bad_clients));
	tcase_add_loop_test(
	    tests, an_invalid_proxy_is_rejected_and_not_printed, 0, COUNT(bad_proxies));
	tcase_add_loop_test(tests, a_login_posts_the_inputs_of_its_method, 0, COUNT(logins));
	tcase_add_loop_test(tests, a_mount_outside_auth_is_rejected, 0, COUNT(no_mounts));
	tcase_add_test(tests, methods_are_parsed_by_name);
	tcase_add_test(tests, a_login_returns_a_token);
	tcase_add_loop_test(
	    tests, a_failed_login_reports_the_cause_and_leaves_no_token, 0, COUNT(failures));
	tcase_add_loop_test(tests, each_method_has_its_own_advice, 0, COUNT(refusals));
	tcase_add_test(tests, a_spent_token_is_not_used);
	tcase_add_test(tests, a_network_error_is_reported);
	tcase_add_test(tests, each_request_has_the_namespace);
	tcase_add_test(tests, a_revocation_needs_no_response_body);
	tcase_add_test(tests, a_denied_retry_of_a_revocation_is_a_success);
	tcase_add_test(tests, a_denied_revocation_is_an_error);
}

int main(void)
{
	return run_tests("vault", add);
}
