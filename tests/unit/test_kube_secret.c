#include "lib/kube/secret.h"
#include "tests/unit/expect.h"

static struct error err;

/*
 * Names.
 */

START_TEST(names_follow_dns)
{
	static const char *const good[] = {"a", "0", "app", "my-app", "a.b-c.d", "1.2.3"};
	static const char *const bad[] = {
	    "", "A", "a_b", "-a", "a-", ".a", "a.", "a..b", "a.-b", "a/b", "..", "\u00fc", "a b"};
	char longest[255];

	for (size_t i = 0; i < COUNT(good); i++)
		ck_assert_msg(kube_valid_name(good[i]), "%s", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		ck_assert_msg(!kube_valid_name(bad[i]), "%s", bad[i]);
	memset(longest, 'a', sizeof(longest));
	longest[254] = '\0';
	ck_assert(!kube_valid_name(longest));
	longest[253] = '\0';
	ck_assert(kube_valid_name(longest));
	ck_assert(!kube_valid_name(NULL));
}
END_TEST

START_TEST(namespaces_are_labels)
{
	char longest[65];

	ck_assert(kube_valid_namespace("kube-system"));
	ck_assert(kube_valid_namespace("0"));
	ck_assert(!kube_valid_namespace("a.b"));
	ck_assert(!kube_valid_namespace(""));
	ck_assert(!kube_valid_namespace("-a"));
	ck_assert(!kube_valid_namespace("a-"));
	ck_assert(!kube_valid_namespace("Demo"));
	ck_assert(!kube_valid_namespace(NULL));
	memset(longest, 'a', sizeof(longest));
	longest[64] = '\0';
	ck_assert(!kube_valid_namespace(longest));
	longest[63] = '\0';
	ck_assert(kube_valid_namespace(longest));
}
END_TEST

START_TEST(data_keys_can_be_file_names)
{
	static const char *const good[] = {"A", "secrets.json", ".env", "a_B-c.1", "-", "_", ".a"};
	static const char *const bad[] = {"", ".", "..", "..a", "a/b", "a b", "a=b", "\u00fc"};
	char longest[255];

	for (size_t i = 0; i < COUNT(good); i++)
		ck_assert_msg(kube_valid_data_key(good[i]), "%s", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		ck_assert_msg(!kube_valid_data_key(bad[i]), "%s", bad[i]);
	memset(longest, 'a', sizeof(longest));
	longest[254] = '\0';
	ck_assert(!kube_valid_data_key(longest));
	longest[253] = '\0';
	ck_assert(kube_valid_data_key(longest));
	ck_assert(!kube_valid_data_key(NULL));
}
END_TEST

/*
 * Requests.
 */

static struct kube kube;
static struct http_exchange exchange;
static struct kube_secret secret;

static void set_up(void)
{
	error_clear(&err);
	memset(&kube, 0, sizeof(kube));
	memset(&secret, 0, sizeof(secret));
	memset(&exchange, 0, sizeof(exchange));
	http_endpoint_init(&kube.endpoint, "Kubernetes API");
	kube.endpoint.url = strdup("https://k:6443");
	expect_ok(secret_buffer_append_string(&kube.token, "hunter2", &err), err);
}

static void tear_down(void)
{
	http_exchange_free(&exchange);
	kube_secret_free(&secret);
	kube_free(&kube);
}

START_TEST(a_get_names_the_secret)
{
	expect_ok(kube_secret_get_request(&kube, "demo", "app", &exchange, &err), err);
	ck_assert_str_eq(exchange.method, "GET");
	expect_text(exchange.path, "/api/v1/namespaces/demo/secrets/app");
	expect_text(exchange.credential, "Authorization: Bearer hunter2");
	ck_assert_uint_eq(exchange.body.length, 0);
	ck_assert_ptr_null(exchange.content_type);
	ck_assert_uint_eq(exchange.response_limit, HTTP_RESPONSE_SECRET);
}
END_TEST

START_TEST(names_are_escaped_in_paths)
{
	expect_ok(kube_secret_get_request(&kube, "a/b", "x?y#z%20", &exchange, &err), err);
	expect_text(exchange.path, "/api/v1/namespaces/a%2Fb/secrets/x%3Fy%23z%2520");
	http_exchange_free(&exchange);
	expect_failure(kube_secret_get_request(&kube, "demo", "..", &exchange, &err), err,
	    ERROR_USAGE, "\"..\"");
	http_exchange_free(&exchange);
	expect_failure(
	    kube_secret_get_request(&kube, ".", "app", &exchange, &err), err, ERROR_USAGE, "\".\"");
	http_exchange_free(&exchange);
	expect_failure(
	    kube_secret_get_request(&kube, "demo", "", &exchange, &err), err, ERROR_USAGE, "\"\"");
}
END_TEST

START_TEST(without_a_token_no_header_is_sent)
{
	secret_buffer_free(&kube.token);
	expect_ok(kube_secret_get_request(&kube, "demo", "app", &exchange, &err), err);
	ck_assert_uint_eq(exchange.credential.length, 0);
}
END_TEST

static void add_value(const char *key, const char *bytes, size_t length)
{
	struct secret_buffer value = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append(&value, bytes, length, &err), err);
	expect_ok(kube_secret_add(&secret, key, &value, &err), err);
	ck_assert_ptr_null(value.data);
}

static void name_secret(void)
{
	secret.namespace = strdup("demo");
	secret.name = strdup("app");
}

START_TEST(a_patch_contains_only_the_change)
{
	name_secret();
	secret.resource_version = strdup("42");
	secret.type = strdup("Opaque");
	add_value("A", "vault:v2:x", 10);
	expect_ok(
	    kube_secret_add_annotation(&secret, "secretmanager/transit-key", "transit/k", &err),
	    err);
	expect_ok(kube_secret_patch_request(&kube, &secret, &exchange, &err), err);
	ck_assert_str_eq(exchange.method, "PATCH");
	ck_assert_str_eq(exchange.content_type, "application/merge-patch+json");
	expect_text(exchange.path, "/api/v1/namespaces/demo/secrets/app");
	expect_text(exchange.body, "{\"metadata\":{\"resourceVersion\":\"42\","
				   "\"annotations\":{\"secretmanager/transit-key\":\"transit/k\"}},"
				   "\"data\":{\"A\":\"dmF1bHQ6djI6eA==\"}}");
	expect_text(exchange.credential, "Authorization: Bearer hunter2");
}
END_TEST

START_TEST(a_patch_can_request_only_metadata)
{
	name_secret();
	expect_ok(kube_secret_patch_request(&kube, &secret, &exchange, &err), err);
	ck_assert_ptr_null(exchange.accept);
	kube_ask_for_metadata(&exchange);
	ck_assert_str_eq(exchange.accept,
	    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json");
	kube_secret_free(&secret);
	exchange.status = 200;
	expect_ok(secret_buffer_append_string(&exchange.response,
		      "{\"kind\":\"PartialObjectMetadata\",\"metadata\":{\"name\":\"app\","
		      "\"namespace\":\"demo\",\"resourceVersion\":\"43\"}}",
		      &err),
	    err);
	expect_ok(kube_secret_result(&exchange, "demo", "app", &secret, &err), err);
	ck_assert_str_eq(secret.resource_version, "43");
	ck_assert_uint_eq(secret.data_count, 0);
	kube_secret_free(&secret);
	/* If it was not requested, it would look like a Secret without data. */
	exchange.accept = NULL;
	expect_failure(kube_secret_result(&exchange, "demo", "app", &secret, &err), err,
	    ERROR_INVALID, "not a Secret");
}
END_TEST

START_TEST(a_patch_without_a_precondition)
{
	name_secret();
	expect_ok(kube_secret_add_label(&secret, "secretmanager/sealed", "true", &err), err);
	expect_ok(kube_secret_patch_request(&kube, &secret, &exchange, &err), err);
	expect_text(
	    exchange.body, "{\"metadata\":{\"labels\":{\"secretmanager/sealed\":\"true\"}}}");
}
END_TEST

START_TEST(a_secret_is_written_as_json)
{
	cleanup_secret struct secret_buffer json = SECRET_BUFFER_INIT;

	name_secret();
	secret.resource_version = strdup("42");
	secret.immutable = true;
	add_value("zero", "a\0b", 3);
	add_value("empty", "", 0);
	expect_ok(kube_secret_add_label(&secret, "l", "\"quoted\"", &err), err);
	expect_ok(kube_secret_write_json(&secret, &json, &err), err);
	expect_text(json,
	    "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"app\","
	    "\"namespace\":\"demo\",\"labels\":{\"l\":\"\\\"quoted\\\"\"}},\"type\":\"Opaque\","
	    "\"immutable\":true,\"data\":{\"zero\":\"YQBi\",\"empty\":\"\"}}");
}
END_TEST

START_TEST(a_minimal_secret_is_written_as_json)
{
	cleanup_secret struct secret_buffer json = SECRET_BUFFER_INIT;

	secret.name = strdup("app");
	secret.type = strdup("kubernetes.io/tls");
	expect_ok(kube_secret_write_json(&secret, &json, &err), err);
	expect_text(json,
	    "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"app\"},"
	    "\"type\":\"kubernetes.io/tls\"}");
}
END_TEST

START_TEST(a_value_added_again_is_replaced)
{
	add_value("A", "one", 3);
	add_value("B", "two", 3);
	add_value("A", "three", 5);
	ck_assert_uint_eq(secret.data_count, 2);
	expect_text(kube_secret_entry(&secret, "A")->value, "three");
	ck_assert_ptr_null(kube_secret_entry(&secret, "C"));
	expect_ok(kube_secret_add_label(&secret, "l", "1", &err), err);
	expect_ok(kube_secret_add_label(&secret, "l", "2", &err), err);
	ck_assert_uint_eq(secret.label_count, 1);
	ck_assert_str_eq(kube_secret_label(&secret, "l"), "2");
	ck_assert_ptr_null(kube_secret_annotation(&secret, "l"));
}
END_TEST

/*
 * Answers.
 */

static int answer(const char *method, int status, const char *response)
{
	exchange.endpoint = &kube.endpoint;
	exchange.method = method;
	exchange.status = status;
	secret_buffer_reset(&exchange.response);
	secret_buffer_reset(&exchange.path);
	expect_ok(secret_buffer_append_string(&exchange.path, "/api/v1/x", &err), err);
	expect_ok(secret_buffer_append_string(&exchange.response, response, &err), err);
	return kube_secret_result(&exchange, "demo", "app", &secret, &err);
}

START_TEST(a_secret_is_read)
{
	expect_ok(
	    answer("GET", 200,
		"{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"app\","
		"\"namespace\":\"demo\",\"uid\":\"5d\",\"resourceVersion\":\"1234\","
		"\"creationTimestamp\":\"2025-01-01T00:00:00Z\","
		"\"labels\":{\"secretmanager/sealed\":\"true\",\"tier\":\"\"},"
		"\"annotations\":{\"secretmanager/transit-key\":\"transit\\/k\"},"
		"\"managedFields\":[{\"manager\":\"m\",\"fieldsV1\":{\"f:data\":{\".\":{}}}}]},"
		"\"data\":{\"A\":\"dmF1bHQ6djE6eA==\",\"slash\":\"\\/\\/4=\",\"empty\":\"\","
		"\"null\":null,\"zero\":\"AAE=\"},\"type\":\"Opaque\",\"immutable\":true}"),
	    err);
	ck_assert_str_eq(secret.namespace, "demo");
	ck_assert_str_eq(secret.name, "app");
	ck_assert_str_eq(secret.type, "Opaque");
	ck_assert_str_eq(secret.resource_version, "1234");
	ck_assert(secret.immutable);
	ck_assert_uint_eq(secret.label_count, 2);
	ck_assert_str_eq(kube_secret_label(&secret, "secretmanager/sealed"), "true");
	ck_assert_str_eq(kube_secret_label(&secret, "tier"), "");
	ck_assert_str_eq(kube_secret_annotation(&secret, "secretmanager/transit-key"), "transit/k");
	ck_assert_uint_eq(secret.data_count, 5);
	ck_assert_str_eq(secret.data[0].key, "A");
	expect_text(secret.data[0].value, "vault:v1:x");
	expect_bytes(kube_secret_entry(&secret, "slash")->value, "\xff\xfe", 2);
	expect_text(kube_secret_entry(&secret, "empty")->value, "");
	expect_text(kube_secret_entry(&secret, "null")->value, "");
	expect_bytes(kube_secret_entry(&secret, "zero")->value, "\0\1", 2);
}
END_TEST

START_TEST(a_secret_without_data_is_read)
{
	expect_ok(answer("POST", 201,
		      "{\"kind\":\"Secret\",\"metadata\":{\"name\":\"app\",\"namespace\":\"demo\","
		      "\"resourceVersion\":\"1\"}}"),
	    err);
	ck_assert_uint_eq(secret.data_count, 0);
	ck_assert(!secret.immutable);
	ck_assert_ptr_null(secret.type);
}
END_TEST

START_TEST(metadata_that_is_not_plain_text_is_skipped)
{
	expect_ok(answer("GET", 200,
		      "{\"kind\":\"Secret\",\"metadata\":{\"name\":\"app\",\"namespace\":\"demo\","
		      "\"resourceVersion\":\"1\",\"labels\":{\"a\":1,\"b\":\"kept\"},"
		      "\"annotations\":{\"c\":\"x\\u0000y\",\"d\":\"kept\"}}}"),
	    err);
	ck_assert_ptr_null(kube_secret_label(&secret, "a"));
	ck_assert_str_eq(kube_secret_label(&secret, "b"), "kept");
	ck_assert_ptr_null(kube_secret_annotation(&secret, "c"));
	ck_assert_str_eq(kube_secret_annotation(&secret, "d"), "kept");
}
END_TEST

#define META "\"metadata\":{\"name\":\"app\",\"namespace\":\"demo\",\"resourceVersion\":\"1\"}"

static const struct {
	const char *response, *message;
} malformed[] = {
    {"", "check the address https://k:6443"},
    {"<html>", "check the address https://k:6443"},
    {"{\"kind\":\"ConfigMap\"," META "}", "not a Secret"},
    {"{" META "}", "not a Secret"},
    {"{\"kind\":\"Secret\"}", "no namespace, name or resourceVersion"},
    {"{\"kind\":\"Secret\"," META ",\"data\":{\"A\":\"hunter2!\"}}", "data key \"A\": not base64"},
    {"{\"kind\":\"Secret\"," META ",\"data\":{\"A\":{}}}", "data key \"A\""},
    {"{\"kind\":\"Secret\"," META ",\"data\":{\"a\\u0000b\":\"\"}}", "data key is not plain text"},
    {"{\"kind\":\"Secret\",\"metadata\":{\"name\":\"other\",\"namespace\":\"demo\","
     "\"resourceVersion\":\"1\"}}",
	"another object: demo/other"},
    {"{\"kind\":\"Secret\",\"metadata\":{\"name\":\"app\",\"namespace\":\"prod\","
     "\"resourceVersion\":\"1\"}}",
	"another object: prod/app"},
};

START_TEST(malformed_responses_are_rejected)
{
	expect_failure(
	    answer("GET", 200, malformed[_i].response), err, ERROR_INVALID, malformed[_i].message);
	expect_contains(err.message, "Secret demo/app: ");
	expect_lacks(err.message, "hunter2");
	ck_assert_ptr_null(secret.name);
	ck_assert_ptr_null(secret.data);
}
END_TEST

#define STATUS(reason, message)                                                                    \
	"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","       \
	"\"message\":\"" message "\",\"reason\":\"" reason "\"}"

static const struct {
	const char *method;
	int status;
	const char *response;
	enum error_code code;
	const char *reason, *hint;
} failures[] = {
    {"GET", 401, STATUS("Unauthorized", "Unauthorized"), ERROR_DENIED, "status 401: Unauthorized; ",
	"is still valid"},
    {"GET", 403,
	STATUS(
	    "Forbidden", "secrets \\\"app\\\" is forbidden: User \\\"system:anonymous\\\" cannot"),
	ERROR_DENIED, "status 403: Forbidden: secrets \"app\" is forbidden",
	"a Role in namespace demo must allow get on secrets"},
    {"POST", 403, STATUS("Forbidden", "no"), ERROR_DENIED, "Forbidden: no",
	"must allow create on secrets"},
    {"PATCH", 403, STATUS("Forbidden", "no"), ERROR_DENIED, "Forbidden: no",
	"must allow patch on secrets"},
    {"GET", 404, STATUS("NotFound", "secrets \\\"app\\\" not found"), ERROR_NOT_FOUND,
	"NotFound: secrets \"app\" not found", "check the name and the namespace"},
    {"POST", 404, STATUS("NotFound", "namespaces \\\"demo\\\" not found"), ERROR_NOT_FOUND,
	"NotFound: namespaces", "check the name and the namespace"},
    {"POST", 409, STATUS("AlreadyExists", "secrets \\\"app\\\" already exists"), ERROR_CONFLICT,
	"AlreadyExists", "of this name"},
    {"PATCH", 409, STATUS("Conflict", "the object has been modified"), ERROR_CONFLICT,
	"Conflict: the object", "the object has been modified"},
    {"PATCH", 410, STATUS("Expired", "too old"), ERROR_GONE, "Expired: too old", ""},
    {"PATCH", 422, STATUS("Invalid", "field is\\nimmutable"), ERROR_REJECTED,
	"Invalid: field is immutable", "is immutable"},
    {"GET", 503, "upstream connect error", ERROR_UNAVAILABLE, "status 503: ", "check the address"},
    {"GET", 500, "{\"kind\":\"Pod\",\"message\":\"x\"}", ERROR_UNAVAILABLE, "status 500", ""},
};

#define ABSENT(kind, reason, details)                                                              \
	"{\"kind\":\"" kind "\",\"reason\":\"" reason "\",\"details\":" details "}"

static const struct {
	int status;
	const char *response;
	bool absent;
} absences[] = {
    {404, ABSENT("Status", "NotFound", "{\"name\":\"app\",\"kind\":\"secrets\"}"), true},
    {404, ABSENT("Status", "NotFound", "{\"name\":\"other\",\"kind\":\"secrets\"}"), false},
    {404, ABSENT("Status", "NotFound", "{\"name\":\"app\",\"kind\":\"pods\"}"), false},
    {404, ABSENT("Status", "NotFound", "{}"), false},
    {404, ABSENT("Status", "Gone", "{\"name\":\"app\",\"kind\":\"secrets\"}"), false},
    {404, ABSENT("Error", "NotFound", "{\"name\":\"app\",\"kind\":\"secrets\"}"), false},
    {403, ABSENT("Status", "NotFound", "{\"name\":\"app\",\"kind\":\"secrets\"}"), false},
    {404, "{\"errors\":[]}", false},
    {404, "404 page not found", false},
    {404, "", false},
};

START_TEST(an_object_is_absent_only_if_the_status_names_it)
{
	answer("GET", absences[_i].status, absences[_i].response);
	ck_assert_int_eq(
	    kube_object_is_absent(&exchange, &kube_secret_kind, "app"), absences[_i].absent);
}
END_TEST

START_TEST(errors_have_the_cause_and_advice)
{
	expect_failure(answer(failures[_i].method, failures[_i].status, failures[_i].response), err,
	    failures[_i].code, failures[_i].reason);
	expect_contains(err.message, failures[_i].hint);
	ck_assert_msg(strncmp(err.message, "Secret demo/app: ", 17) == 0, "%s", err.message);
}
END_TEST

START_TEST(a_network_error_is_reported)
{
	error_set(&exchange.error, ERROR_NETWORK, "cannot connect");
	expect_failure(answer("GET", 0, ""), err, ERROR_NETWORK, "Secret demo/app: cannot connect");
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, names_follow_dns);
	tcase_add_test(tests, namespaces_are_labels);
	tcase_add_test(tests, data_keys_can_be_file_names);
	tcase_add_test(tests, a_get_names_the_secret);
	tcase_add_test(tests, names_are_escaped_in_paths);
	tcase_add_test(tests, without_a_token_no_header_is_sent);
	tcase_add_test(tests, a_patch_contains_only_the_change);
	tcase_add_test(tests, a_patch_can_request_only_metadata);
	tcase_add_test(tests, a_patch_without_a_precondition);
	tcase_add_test(tests, a_secret_is_written_as_json);
	tcase_add_test(tests, a_minimal_secret_is_written_as_json);
	tcase_add_test(tests, a_value_added_again_is_replaced);
	tcase_add_test(tests, a_secret_is_read);
	tcase_add_test(tests, a_secret_without_data_is_read);
	tcase_add_test(tests, metadata_that_is_not_plain_text_is_skipped);
	tcase_add_loop_test(tests, malformed_responses_are_rejected, 0, COUNT(malformed));
	tcase_add_loop_test(tests, errors_have_the_cause_and_advice, 0, COUNT(failures));
	tcase_add_loop_test(
	    tests, an_object_is_absent_only_if_the_status_names_it, 0, COUNT(absences));
	tcase_add_test(tests, a_network_error_is_reported);
}

int main(void)
{
	return run_tests("kube_secret", add_tests);
}
