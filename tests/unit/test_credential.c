/* lib/http: credentials and JSON responses. */
#include <stdlib.h>
#include <unistd.h>

#include "lib/http/credential.h"
#include "lib/http/json_response.h"
#include "tests/unit/expect.h"

static struct error err;

/* -- credentials ------------------------------------------------------------------------------ */

static const struct {
	const char *bytes;
	size_t length;
	const char *message; /* NULL: valid */
} credentials[] = {
    {"hvs.CAESI-_0", 12, NULL},
    {"", 0, "the token is empty"},
    {"a b", 3, "the token contains white space"},
    {"a\nb", 3, "the token contains white space"},
    {"a\0b", 3, "the token contains white space"},
    {"a\x7f", 2, "the token contains white space"},
    {"a\xC3\xA9", 3, "the token contains white space"},
};

START_TEST(a_credential_is_printable_ascii_without_spaces)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	expect_ok(
	    secret_buffer_append(&text, credentials[_i].bytes, credentials[_i].length, &err), err);
	if (credentials[_i].message)
		expect_failure(http_credential_check(&text, "token", &err), err, ERROR_INVALID,
		    credentials[_i].message);
	else
		expect_ok(http_credential_check(&text, "token", &err), err);
}
END_TEST

static const struct {
	const char *text;
	const char *value; /* NULL: rejected */
} files[] = {
    {"token", "token"},
    {"token\n", "token"},
    {"token \t\r\n\n", "token"},
    {" token\n", NULL},
    {"\n", NULL},
    {"", NULL},
};

START_TEST(a_credential_file_may_end_in_white_space)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	char path[] = "/tmp/test_credential.XXXXXX";
	int file = mkstemp(path);

	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(
	    write(file, files[_i].text, strlen(files[_i].text)), (ssize_t)strlen(files[_i].text));
	close(file);
	if (files[_i].value) {
		expect_ok(http_credential_read_file(&text, path, "token", &err), err);
		ck_assert_str_eq(text.data, files[_i].value);
	} else
		expect_failure(http_credential_read_file(&text, path, "token", &err), err,
		    ERROR_INVALID, path);
	unlink(path);
}
END_TEST

START_TEST(a_missing_credential_file_is_named)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	expect_failure(http_credential_read_file(&text, "/no/such/file", "token", &err), err,
	    ERROR_SYSTEM, "token: /no/such/file: ");
}
END_TEST

/* -- JSON responses ---------------------------------------------------------------------------- */

static struct http_endpoint endpoint = {.name = "Server", .url = (char[]){"https://s:1"}};
static struct http_exchange exchange;

static void responded(int status, const char *body)
{
	http_exchange_free(&exchange);
	exchange.endpoint = &endpoint;
	exchange.method = "GET";
	exchange.status = status;
	expect_ok(secret_buffer_append_string(&exchange.path, "/v1/x", &err), err);
	expect_ok(secret_buffer_append_string(&exchange.response, body, &err), err);
}

static char *read_message(const struct json *document)
{
	return json_strdup(document, json_member(document, JSON_ROOT, "message"));
}

static const struct {
	int status;
	const char *body;
	const char *message; /* NULL: success */
} responses[] = {
    {200, "{\"message\":\"fine\"}", NULL},
    {204, "", NULL},
    {403, "{\"message\":\"not\\tallowed\\nhere\"}", "GET /v1/x: status 403: not allowed here"},
    {403, "{\"other\":1}", "GET /v1/x: status 403"},
    {404, "<html>", "status 404: Server response: an HTML page"},
    {404, "<html>", "check the address https://s:1"},
    {500, "", "status 500: Server response: "},
};

START_TEST(an_error_quotes_the_message_on_one_line)
{
	responded(responses[_i].status, responses[_i].body);
	error_clear(&err);
	int result = http_json_check(&exchange, read_message, &err);
	ck_assert_int_eq(result, responses[_i].message ? -1 : 0);
	expect_contains(err.message, responses[_i].message ? responses[_i].message : "");
	http_exchange_free(&exchange);
}
END_TEST

START_TEST(a_response_that_is_not_json_names_the_server)
{
	responded(200, "no JSON");
	struct json *document = http_json_parse(&exchange, &err);
	ck_assert_ptr_null(document);
	ck_assert_int_eq((int)err.code, ERROR_INVALID);
	expect_contains(err.message, "Server response: ");
	expect_contains(err.message, "check the address https://s:1");
	expect_lacks(err.message, "no JSON");
	http_exchange_free(&exchange);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_loop_test(
	    tests, a_credential_is_printable_ascii_without_spaces, 0, COUNT(credentials));
	tcase_add_loop_test(tests, a_credential_file_may_end_in_white_space, 0, COUNT(files));
	tcase_add_test(tests, a_missing_credential_file_is_named);
	tcase_add_loop_test(tests, an_error_quotes_the_message_on_one_line, 0, COUNT(responses));
	tcase_add_test(tests, a_response_that_is_not_json_names_the_server);
}

int main(void)
{
	return run_tests("credential", add);
}
