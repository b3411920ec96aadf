#include <stdio.h>

#include "lib/base/base64.h"
#include "lib/http/http.h"
#include "tests/unit/expect.h"

/* None of these decodes to text by chance. */
#define TOKEN "hvs.CAESIJ8Zq_tq9enXYZ-0123456789abcd"
#define JWT "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhcHAifQ.c2lnbmF0dXJl_LWlz-SGVyZQ"
#define SECRET_ID "7f0c\"1d\\2e/Zm+xyz"
#define VALUE "pa55word\nof the \xC3\xA4 database" /* cGE1NXdvcmQKb2YgdGhlIMOkIGRhdGFiYXNl */
#define SHORT_VALUE "ab"			   /* YWI= */
#define PROXY_PASSWORD "hunter2/x"

static struct error err;
static struct http_endpoint endpoint;
static struct http_exchange exchange;

#define INLINE_JWT "eyJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJiYW8ifQ.U2lnbmVkX2J5LXVzLg"
static struct secret_buffer inline_jwt;

static const char *const members[] = {"jwt", "secret_id", "plaintext", "client_token", NULL};

static void begin(void)
{
	http_endpoint_init(&endpoint, "Vault");
	endpoint.proxy = strdup("http://user:hunter2%2Fx@proxy.example:3128");
	exchange.endpoint = &endpoint;
	exchange.secret_members = members;
	expect_ok(
	    secret_buffer_append_string(&exchange.credential, "X-Vault-Token: " TOKEN, &err), err);
	expect_ok(secret_buffer_append_string(&inline_jwt, INLINE_JWT, &err), err);
	exchange.secret = &inline_jwt;
	expect_ok(secret_buffer_append_string(&exchange.body,
		      "{\"role\":\"application\",\"jwt\":\"" JWT
		      "\",\"secret_id\":\"7f0c\\\"1d\\\\2e\\/Zm+xyz\",\"batch_input\":[{"
		      "\"plaintext\":\"cGE1NXdvcmQKb2YgdGhlIMOkIGRhdGFiYXNl\"},"
		      "{\"plaintext\" : \"YWI=\"}]}",
		      &err),
	    err);
	expect_ok(secret_buffer_append_string(
		      &exchange.response, "{\"client_token\":\"hvs.another-one-of-these", &err),
	    err);
}

static void end(void)
{
	http_exchange_free(&exchange);
	http_endpoint_free(&endpoint);
	secret_buffer_free(&inline_jwt);
}

static const struct {
	const char *words, *redacted;
} cases[] = {
    {"", ""},
    {"permission denied", "permission denied"},
    {"invalid role name \"application\"", "invalid role name \"application\""},
    {"token " TOKEN ".", "token ***."},
    {"header X-Vault-Token: " TOKEN "; body jwt=" JWT, "header X-Vault-Token: ***; body jwt=***"},
    {"the id " SECRET_ID " is unknown", "the id *** is unknown"},
    {"an inline login with " INLINE_JWT "!", "an inline login with ***!"},
    {"{\"key\":\"jwt\",\"value\":\"" INLINE_JWT "\"}", "{\"key\":\"jwt\",\"value\":\"***\"}"},
    {"eyJrZXkiOiJqd3QiLCJ2YWx1ZSI6ImV5SmhiR2NpT2lKRlV6STFOaUo5LmV5SmhkV1FpT2lKaVlXOGlmUS5VMmxuYm1WayJ9",
	"eyJrZXkiOiJqd3QiLCJ2YWx1ZSI6I***yJ9"},
    {"the id 7f0c\\\"1d\\\\2e/Zm+xyz, escaped", "the id ***, escaped"},
    {"the id 7f0c\\\\\\\"1d\\\\\\\\2e\\/Zm+xyz, twice", "the id ***, twice"},
    {"the id 7f0c%221d%5c2e%2FZm%2Bxyz, in a URL", "the id ***, in a URL"},
    {"the id 7f0c%25221d%255c2e%252FZm%252Bxyz, twice", "the id ***, twice"},
    {"the id 7f0c\\u00221d\\u005c2e\\u002fZm\\u002bxyz, as code points",
	"the id ***, as code points"},
    {"value " VALUE "!", "value ***!"},
    {"value pa55word of the \xC3\xA4 database!", "value ***!"},
    {"value pa55word\\nof the \\u00e4 database!", "value ***!"},
    {"value pa55word%0Aof%20the%20%C3%A4%20database!", "value ***!"},
    {"value cGE1NXdvcmQKb2YgdGhlIMOkIGRhdGFiYXNl!", "value ***!"},
    {"value ab, YWI=, cab", "value **, ***, cab"},
    {"got hvs.another-one-of-these", "got ***"},
    {"proxy user:hunter2/x, hunter2/x, hunter2%2fx", "proxy ***, ***, ***"},
    {"Basic dXNlcjpodW50ZXIyL3g=", "Basic ***"},
    /* Parts of them. */
    {"bad token \""
     "hvs.CAESIJ8Z"
     "\"",
	"bad token \"***\""},
    {"bad token ...XYZ-0123456789", "bad token ...***"},
    {"bad token hvs.CA (cut)", "bad token *** (cut)"},
    {"bad token hvs.C", "bad token ***"},
    {"bad token hvs.C...", "bad token ***..."},
    {"bad token hvs.C\xE2\x80\xA6", "bad token ***\xE2\x80\xA6"},
    {"Bearer eyJhbGciOiJS***", "Bearer ******"},
};

START_TEST(credentials_are_redacted)
{
	char text[512];

	begin();
	snprintf(text, sizeof(text), "%s", cases[_i].words);
	http_redact(&exchange, text);
	ck_assert_str_eq(text, cases[_i].redacted);
	end();
}
END_TEST

/* In base64 of anything around it, in both alphabets, and in base64 of that. */
START_TEST(base64_of_more_than_the_credential_is_redacted)
{
	static const char *const credentials[] = {TOKEN, JWT, SECRET_ID, VALUE};

	begin();
	for (size_t i = 0; i < COUNT(credentials); i++)
		for (int before = 0; before < 9; before++) {
			cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT,
							    inner = SECRET_BUFFER_INIT;
			expect_ok(secret_buffer_append_format(&inner, &err, "%.*s%s%.*s", before,
				      "?????????", credentials[i], before % 4, "!!!!"),
			    err);
			if (before % 2)
				expect_ok(
				    base64_url_encode(&text, inner.data, inner.length, &err), err);
			else
				expect_ok(
				    base64_encode(&text, inner.data, inner.length, &err), err);
			http_redact(&exchange, text.data);
			ck_assert_uint_le(strlen(text.data), 12 + 4 + 3 + 12);
			expect_contains(text.data, "***");
		}
	end();
}
END_TEST

START_TEST(a_long_text_is_cut_and_one_made_to_take_long_is_withheld)
{
	static char text[100000];

	begin();
	memset(text, ' ', sizeof(text) - 1);
	http_redact(&exchange, text);
	ck_assert_uint_eq(strlen(text), 2048);
	secret_buffer_reset(&exchange.body);
	expect_ok(secret_buffer_append_string(&exchange.body, "{\"plaintext\":\"", &err), err);
	for (int i = 0; i < 100000; i++)
		expect_ok(secret_buffer_append_string(&exchange.body, "aaaaaaaa", &err), err);
	expect_ok(secret_buffer_append_string(&exchange.body, "\"}", &err), err);
	memset(text, 'a', sizeof(text) - 1);
	http_redact(&exchange, text);
	ck_assert_str_eq(text, "(withheld)");
	end();
}
END_TEST

START_TEST(an_exchange_without_secrets_changes_no_text)
{
	char text[] = "plaintext \\u0041%41";

	begin();
	http_exchange_free(&exchange);
	exchange.endpoint = &endpoint;
	http_redact(&exchange, text);
	ck_assert_str_eq(text, "plaintext \\u0041%41");
	end();
}
END_TEST

START_TEST(the_strings_of_an_object_are_redacted)
{
	static const char *const data[] = {"data", NULL};
	char text[] = "cannot return correct horse and battery \" staple in password of app";

	begin();
	exchange.secret_members = data;
	secret_buffer_reset(&exchange.response);
	expect_ok(secret_buffer_append_string(&exchange.response,
		      "{\"data\" : {\"data\":{\"password\":\"correct horse\",\"list\":[1,{\"x\" "
		      ":\"battery \\\" staple\"}]}},\"path\":\"app\"",
		      &err),
	    err);
	http_redact(&exchange, text);
	ck_assert_str_eq(text, "cannot return *** and *** in password of app");
	end();
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_loop_test(tests, credentials_are_redacted, 0, COUNT(cases));
	tcase_add_test(tests, base64_of_more_than_the_credential_is_redacted);
	tcase_add_test(tests, a_long_text_is_cut_and_one_made_to_take_long_is_withheld);
	tcase_add_test(tests, an_exchange_without_secrets_changes_no_text);
	tcase_add_test(tests, the_strings_of_an_object_are_redacted);
}

int main(void)
{
	return run_tests("redact", add);
}
