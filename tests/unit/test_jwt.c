#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/jwt.h"
#include "tests/unit/expect.h"

static struct error err;

/* Read a JWT with this payload. */
static int read_payload(struct jwt_claims *claims, const char *payload)
{
	cleanup_secret struct secret_buffer token = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append_string(&token, "e30.", &err), err);
	expect_ok(base64_url_encode(&token, payload, strlen(payload), &err), err);
	expect_ok(secret_buffer_append_string(&token, ".c2ln", &err), err);
	return jwt_read(claims, token.data, &err);
}

static const char *const not_jwts[] = {"", "hunter2", "e30.e30", "e30.e30.c2ln.e30", "..",
    "e30..c2ln", "e30.hunter2.c2ln", "e30.e30=.c2ln", "e30.W10.c2ln", "e30.bnVsbA.c2ln",
    "e30.eyJhIjoxLCJhIjoyfQ.c2ln", "hvs.CAESIJlTz_token"};

START_TEST(other_text_is_rejected_and_not_repeated)
{
	cleanup_jwt struct jwt_claims claims = JWT_CLAIMS_INIT;

	expect_failure(jwt_read(&claims, not_jwts[_i], &err), err, ERROR_INVALID, "not a JWT");
	ck_assert_str_eq(err.message, "not a JWT");
}
END_TEST

static const struct {
	const char *payload;
	int64_t seconds;
} times[] = {
    {"{\"exp\":1}", 1},
    {"{\"exp\":4102444800}", 4102444800},
    {"{\"exp\":4102444800.9}", 4102444800},
    {"{\"exp\":4.1024448e9}", 4102444800},
    {"{\"exp\":-5}", 0},
    {"{\"exp\":1e15}", 0},
    {"{\"exp\":1e999}", 0},
    {"{\"exp\":\"4102444800\"}", 0},
    {"{\"exp\":null}", 0},
    {"{\"nbf\":1}", 0},
    {"{}", 0},
};

START_TEST(a_time_is_in_whole_seconds)
{
	cleanup_jwt struct jwt_claims claims = JWT_CLAIMS_INIT;

	expect_ok(read_payload(&claims, times[_i].payload), err);
	ck_assert_int_eq(jwt_time(&claims, "exp"), times[_i].seconds);
}
END_TEST

static const struct {
	const char *payload;
	bool is_for_vault;
} audiences[] = {
    {"{\"aud\":\"vault\"}", true},
    {"{\"aud\":[\"vault\"]}", true},
    {"{\"aud\":[\"other\",\"va\\u0075lt\"]}", true},
    {"{\"aud\":\"vault2\"}", false},
    {"{\"aud\":\"\"}", false},
    {"{\"aud\":[]}", false},
    {"{\"aud\":[\"other\",null,[\"vault\"]]}", false},
    {"{\"aud\":{\"name\":\"vault\"}}", false},
    {"{\"sub\":\"vault\"}", false},
};

START_TEST(the_audience_is_a_string_or_a_list)
{
	cleanup_jwt struct jwt_claims claims = JWT_CLAIMS_INIT;

	expect_ok(read_payload(&claims, audiences[_i].payload), err);
	ck_assert_int_eq(jwt_is_for(&claims, "vault"), audiences[_i].is_for_vault);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_loop_test(tests, other_text_is_rejected_and_not_repeated, 0, COUNT(not_jwts));
	tcase_add_loop_test(tests, a_time_is_in_whole_seconds, 0, COUNT(times));
	tcase_add_loop_test(tests, the_audience_is_a_string_or_a_list, 0, COUNT(audiences));
}

int main(void)
{
	return run_tests("jwt", add);
}
