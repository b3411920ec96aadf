#include "lib/kube/config_map.h"
#include "tests/unit/expect.h"

static struct error err;
static struct kube kube;
static struct http_exchange exchange;
static struct kube_config_map map;

static void set_up(void)
{
	error_clear(&err);
	memset(&map, 0, sizeof(map));
	http_endpoint_init(&kube.endpoint, "Kubernetes API");
	kube.endpoint.url = strdup("https://k:6443");
}

static void tear_down(void)
{
	http_exchange_free(&exchange);
	kube_config_map_free(&map);
	kube_free(&kube);
}

START_TEST(a_get_names_the_config_map)
{
	expect_ok(kube_config_map_get_request(&kube, "demo", "app", &exchange, &err), err);
	ck_assert_str_eq(exchange.method, "GET");
	expect_text(exchange.path, "/api/v1/namespaces/demo/configmaps/app");
	ck_assert_uint_eq(exchange.response_limit, HTTP_RESPONSE_SECRET);
}
END_TEST

static int answer(int status, const char *response)
{
	exchange.endpoint = &kube.endpoint;
	exchange.method = "GET";
	exchange.status = status;
	expect_ok(secret_buffer_append_string(&exchange.path, "/api/v1/x", &err), err);
	expect_ok(secret_buffer_append_string(&exchange.response, response, &err), err);
	return kube_config_map_result(&exchange, "demo", "app", &map, &err);
}

#define META "\"metadata\":{\"name\":\"app\",\"namespace\":\"demo\"}"

START_TEST(text_and_bytes_are_read)
{
	expect_ok(answer(200, "{\"kind\":\"ConfigMap\"," META
			      ",\"data\":{\"A\":\"a \\\"b\\\"\\n\",\"empty\":\"\"},"
			      "\"binaryData\":{\"Z\":\"AP8=\"}}"),
	    err);
	ck_assert_str_eq(map.namespace, "demo");
	ck_assert_str_eq(map.name, "app");
	ck_assert_uint_eq(map.data_count, 3);
	ck_assert_str_eq(map.data[0].key, "A");
	expect_text(map.data[0].value, "a \"b\"\n");
	expect_text(map.data[1].value, "");
	ck_assert_str_eq(map.data[2].key, "Z");
	expect_bytes(map.data[2].value, "\0\xff", 2);
}
END_TEST

START_TEST(a_config_map_without_data_is_read)
{
	expect_ok(answer(200, "{\"kind\":\"ConfigMap\"," META "}"), err);
	ck_assert_uint_eq(map.data_count, 0);
}
END_TEST

static const struct {
	int status;
	const char *response;
	enum error_code code;
	const char *message;
} failures[] = {
    {200, "<html>", ERROR_INVALID, "check the address https://k:6443"},
    {200, "{\"kind\":\"Secret\"," META "}", ERROR_INVALID, "not a ConfigMap"},
    {200, "{\"kind\":\"ConfigMap\"}", ERROR_INVALID, "no namespace or name"},
    {200, "{\"kind\":\"ConfigMap\"," META ",\"data\":{\"A\":1}}", ERROR_INVALID, "data key \"A\""},
    {200, "{\"kind\":\"ConfigMap\"," META ",\"binaryData\":{\"A\":\"hunter2!\"}}", ERROR_INVALID,
	"data key \"A\": not base64"},
    {200, "{\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"other\",\"namespace\":\"demo\"}}",
	ERROR_INVALID, "another object: demo/other"},
    {403, "{\"kind\":\"Status\",\"message\":\"no\",\"reason\":\"Forbidden\"}", ERROR_DENIED,
	"Forbidden: no; a Role in namespace demo must allow get on configmaps"},
    {404, "{\"kind\":\"Status\",\"message\":\"no\",\"reason\":\"NotFound\"}", ERROR_NOT_FOUND,
	"check the name"},
    {503, "upstream connect error", ERROR_UNAVAILABLE, "status 503"},
};

START_TEST(errors_name_the_config_map)
{
	expect_failure(answer(failures[_i].status, failures[_i].response), err, failures[_i].code,
	    failures[_i].message);
	ck_assert_msg(strncmp(err.message, "ConfigMap demo/app: ", 20) == 0, "%s", err.message);
	expect_lacks(err.message, "hunter2");
	ck_assert_ptr_null(map.data);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_get_names_the_config_map);
	tcase_add_test(tests, text_and_bytes_are_read);
	tcase_add_test(tests, a_config_map_without_data_is_read);
	tcase_add_loop_test(tests, errors_name_the_config_map, 0, COUNT(failures));
}

int main(void)
{
	return run_tests("kube_config_map", add);
}
