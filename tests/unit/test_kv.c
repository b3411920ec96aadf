#include "lib/base/log.h"
#include "lib/vault/kv.h"
#include "tests/unit/expect.h"

static struct error err;
static struct vault vault;
static struct http_exchange exchange;
static struct kv_ref ref;

static void set_up(const char *text)
{
	static const struct vault_settings settings = {.address = "https://vault.example"};

	log_init("test_kv", LOG_ERROR, LOG_TEXT);
	expect_ok(vault_init(&vault, &settings, &err), err);
	expect_ok(secret_buffer_append_string(&vault.token.value, "s.token", &err), err);
	expect_ok(kv_ref_parse(&ref, text, &err), err);
}

static void clean(void)
{
	http_exchange_free(&exchange);
	kv_ref_free(&ref);
	vault_free(&vault);
}

static void answered(int status, const char *body)
{
	exchange.endpoint = &vault.endpoint;
	exchange.method = "GET";
	exchange.status = status;
	expect_ok(secret_buffer_append_string(&exchange.path, "/v1/secret/data/app", &err), err);
	expect_ok(secret_buffer_append_string(&exchange.response, body, &err), err);
}

static const struct {
	const char *text, *path, *key;
	int64_t version;
} refs[] = {
    {"secret/data/app#password", "secret/data/app", "password", 0},
    {"secret/data/app#password#3", "secret/data/app", "password", 3},
    {"secret/data/app", "secret/data/app", NULL, 0},
    {"v1/app#a.b/c d", "v1/app", "a.b/c d", 0},
    {"/kv//app/#x", "kv/app", "x", 0},
    {"secret/data/...#x", "secret/data/...", "x", 0},
    {"authors/app#x", "authors/app", "x", 0},
};

START_TEST(a_reference_is_a_path_a_key_and_a_version)
{
	expect_ok(kv_ref_parse(&ref, refs[_i].text, &err), err);
	ck_assert_str_eq(ref.path, refs[_i].path);
	ck_assert_pstr_eq(ref.key, refs[_i].key);
	ck_assert_int_eq(ref.version, refs[_i].version);
	kv_ref_free(&ref);
}
END_TEST

static const struct {
	const char *text, *message;
} no_refs[] = {
    {"", "write a path such as"},
    {"#key", "write a path such as"},
    {"secret#key", "write a path such as"},
    {"secret/#key", "write a path such as"},
    {"/secret#key", "write a path such as"},
    {"secret//#key", "write a path such as"},
    {"./auth/token/lookup-self#id", "write a path such as"},
    {"secret/data/../../auth/token/lookup-self#id", "write a path such as"},
    {"secret/data/..#key", "write a path such as"},
    {"secret/data/app#", "write a path such as"},
    {"secret/data/app##1", "write a path such as"},
    {"secret/data/\x7f#key", "write a path such as"},
    {"secret/data/a\nb#key", "write a path such as"},
    {"auth/token/lookup-self#id", "not the path of a KV engine"},
    {"//auth/token/lookup-self#id", "not the path of a KV engine"},
    {"/auth//token/lookup-self#id", "not the path of a KV engine"},
    {"identity/oidc/token/app#token", "not the path of a KV engine"},
    {"sys/health#version", "not the path of a KV engine"},
    {"secret/data/app#key#", "must be a number from 1"},
    {"secret/data/app#key#0", "must be a number from 1"},
    {"secret/data/app#key#-1", "must be a number from 1"},
    {"secret/data/app#key#01", "must be a number from 1"},
    {"secret/data/app#key#1#2", "must be a number from 1"},
    {"secret/data/app#key#9999999999999999999", "must be a number from 1"},
};

START_TEST(other_texts_are_rejected)
{
	expect_failure(
	    kv_ref_parse(&ref, no_refs[_i].text, &err), err, ERROR_USAGE, no_refs[_i].message);
	ck_assert_ptr_null(ref.path);
	ck_assert_ptr_null(ref.key);
}
END_TEST

START_TEST(a_very_long_reference_is_rejected)
{
	char text[KV_REF_MAX + 2];

	memset(text, 'a', sizeof(text) - 1);
	text[1] = '/';
	text[sizeof(text) - 1] = '\0';
	expect_failure(kv_ref_parse(&ref, text, &err), err, ERROR_USAGE, "not supported");
	text[sizeof(text) - 2] = '\0';
	expect_ok(kv_ref_parse(&ref, text, &err), err);
	kv_ref_free(&ref);
}
END_TEST

static const struct {
	const char *text, *path;
} requests[] = {
    {"secret/data/app#password", "/v1/secret/data/app"},
    {"secret/data/app#password#3", "/v1/secret/data/app?version=3"},
    {"/kv//a b?c%#x", "/v1/kv/a%20b%3Fc%25"},
};

START_TEST(a_secret_is_read_with_a_get)
{
	set_up(requests[_i].text);
	memset(&exchange, 0xA5, sizeof(exchange));
	expect_ok(kv_request(&vault, &ref, &exchange, &err), err);
	expect_text(exchange.path, requests[_i].path);
	expect_text(exchange.credential, "X-Vault-Token: s.token");
	ck_assert_str_eq(exchange.method, "GET");
	ck_assert_uint_eq(exchange.body.length, 0);
	ck_assert_int_eq(vault.token.requests, 1);
	clean();
}
END_TEST

#define METADATA(version) "\"metadata\":{\"version\":" version ",\"destroyed\":false}"

static const struct {
	const char *text, *response, *object;
} secrets[] = {
    {"kv/app#x", "{\"lease_id\":\"\",\"lease_duration\":2764800,\"data\":{\"x\":\"1\"}}",
	"{\"x\":\"1\"}"},
    {"secret/data/app#x",
	"{\"lease_id\":\"\",\"data\":{\"data\":{\"x\": \"1\", \"n\": [1, 2.50]}," METADATA(
	    "1") "}}",
	"{\"x\":\"1\",\"n\":[1,2.50]}"},
    {"secret/data/app#x#2", "{\"data\":{\"data\":{\"x\":\"1\"}," METADATA("2") "}}",
	"{\"x\":\"1\"}"},
    {"secret/data/app#x", "{\"data\":{\"data\":{}," METADATA("1") "}}", "{}"},
    /* Keys of version 1 with the names of members of version 2. */
    {"kv/app#data", "{\"data\":{\"data\":\"x\",\"metadata\":\"y\"}}",
	"{\"data\":\"x\",\"metadata\":\"y\"}"},
    {"kv/app#data", "{\"data\":{\"data\":{\"x\":\"1\"}}}", "{\"data\":{\"x\":\"1\"}}"},
};

START_TEST(the_keys_of_both_versions_are_an_object)
{
	cleanup_secret struct secret_buffer object = SECRET_BUFFER_INIT;

	set_up(secrets[_i].text);
	answered(200, secrets[_i].response);
	expect_ok(kv_result(&vault, &ref, &exchange, &object, &err), err);
	expect_text(object, secrets[_i].object);
	clean();
}
END_TEST

static const struct {
	const char *text;
	int status;
	const char *response;
	enum error_code code;
	const char *message;
} failures[] = {
    {"database/creds/app#password", 200,
	"{\"lease_id\":\"database/creds/app/Q1\",\"lease_duration\":3600,\"data\":{\"password\":"
	"\"leaked\"}}",
	ERROR_REJECTED,
	"KV path database/creds/app: a dynamic secret, which Vault revokes with the token"},
    {"secret/data/app#x", 403, "{\"errors\":[\"permission denied\"]}", ERROR_DENIED,
	"permission denied; the token's policy must allow \"read\" on secret/data/app"},
    {"secret/data/app#x", 404, "{\"errors\":[]}", ERROR_NOT_FOUND,
	"KV path secret/data/app: Vault: GET /v1/secret/data/app: status 404; check the path"},
    {"secret/data/app#x#7", 404, "{\"errors\":[]}", ERROR_NOT_FOUND,
	"check the path and version 7"},
    {"secret/data/app#x", 404, "{\"data\":{\"metadata\":{\"version\":1e99}}}", ERROR_NOT_FOUND,
	"status 404; check the path"},
    {"secret/data/app#x", 404, "not JSON", ERROR_NOT_FOUND, "status 404"},
    {"secret/app#x", 404,
	"{\"data\":null,\"warnings\":[\"Invalid path for a versioned K/V secrets engine.\"]}",
	ERROR_NOT_FOUND, "KV path secret/app: not found; in an engine of version 2, write data/"},
    {"secret/data/app#x", 404,
	"{\"data\":{\"data\":null,\"metadata\":{\"deletion_time\":\"2026-01-01T00:00:00Z\","
	"\"destroyed\":false,\"version\":3}}}",
	ERROR_NOT_FOUND,
	"KV path secret/data/app: version 3 is deleted; undelete it, or write the secret again"},
    {"secret/data/app#x", 404,
	"{\"data\":{\"data\":null,\"metadata\":{\"deletion_time\":\"\",\"destroyed\":true,"
	"\"version\":3}}}",
	ERROR_NOT_FOUND, "version 3 is destroyed; write the secret again"},
    {"kv/app#x#1", 200, "{\"data\":{\"x\":\"leaked\"}}", ERROR_USAGE,
	"the KV engine has version 1, without versions of a secret; omit #1"},
    {"secret/data/app#x#2", 200, "{\"data\":{\"data\":{\"x\":\"leaked\"}," METADATA("3") "}}",
	ERROR_INVALID, "version 3 instead of 2"},
    {"secret/data/app#x", 200, "{\"data\":{\"data\":null," METADATA("1") "}}", ERROR_INVALID,
	"not a secret of a KV engine"},
    {"secret/data/app#x", 200, "{\"data\":null,\"auth\":{\"client_token\":\"leaked\"}}",
	ERROR_INVALID, "not a secret of a KV engine"},
    {"secret/data/app#x", 200, "{\"data\":[\"leaked\"]}", ERROR_INVALID,
	"not a secret of a KV engine"},
    {"secret/data/app#x", 200, "[]", ERROR_INVALID, "not a secret of a KV engine"},
    {"secret/data/app#x", 200, "leaked", ERROR_INVALID, "KV path secret/data/app"},
    {"secret/data/app#x", 400,
	"{\"errors\":[\"cannot return leaked\"],\"data\":{\"data\":{\"x\":\"leaked\"}}}",
	ERROR_REJECTED, "cannot return ***"},
};

START_TEST(other_responses_are_rejected)
{
	cleanup_secret struct secret_buffer object = SECRET_BUFFER_INIT;

	set_up(failures[_i].text);
	expect_ok(kv_request(&vault, &ref, &exchange, &err), err);
	secret_buffer_reset(&exchange.path);
	answered(failures[_i].status, failures[_i].response);
	expect_failure(kv_result(&vault, &ref, &exchange, &object, &err), err, failures[_i].code,
	    failures[_i].message);
	expect_lacks(err.message, "leaked");
	ck_assert_uint_eq(object.length, 0);
	clean();
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_loop_test(tests, a_reference_is_a_path_a_key_and_a_version, 0, COUNT(refs));
	tcase_add_loop_test(tests, other_texts_are_rejected, 0, COUNT(no_refs));
	tcase_add_test(tests, a_very_long_reference_is_rejected);
	tcase_add_loop_test(tests, a_secret_is_read_with_a_get, 0, COUNT(requests));
	tcase_add_loop_test(tests, the_keys_of_both_versions_are_an_object, 0, COUNT(secrets));
	tcase_add_loop_test(tests, other_responses_are_rejected, 0, COUNT(failures));
}

int main(void)
{
	return run_tests("kv", add_tests);
}
