/* The User-Agent of a start: the pod and the Secrets, only valid names, and a bounded length. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/launch/source.h"
#include "tests/unit/expect.h"

#define PROGRAM "secret-exec/1.2.3"
#define TEN "abcdefghi-"
#define FIFTY TEN TEN TEN TEN TEN

static struct error err;

static const struct {
	const char *namespace, *pod, *wanted;
} pods[] = {
    {"demo", "web-1", PROGRAM " (demo/web-1)"},
    {NULL, NULL, PROGRAM},
    {"", "", PROGRAM},
    {"demo", NULL, PROGRAM " (demo/)"},
    {NULL, "web-1", PROGRAM " (/web-1)"},
    {"demo", "web-1); admin (kube-system/root", PROGRAM " (demo/)"},
    {"demo\r\nX-Vault-Token: t", "web-1", PROGRAM " (/web-1)"},
    {"demo", "web\x7f", PROGRAM " (demo/)"},
    {"demo",
	"w\xc3\xa9"
	"b",
	PROGRAM " (demo/)"},
    {"de;mo", "web,1", PROGRAM},
    {"demo", FIFTY "abcdefghi-abc", PROGRAM " (demo/" FIFTY "abcdefghi-abc)"},
    {"demo", FIFTY "abcdefghi-abcd", PROGRAM " (demo/" FIFTY "abcdefghi-abc...)"},
};

START_TEST(the_pod_is_named_by_valid_names_only)
{
	struct source_objects none = {NULL, 0};
	cleanup_free char *text =
	    user_agent_format(PROGRAM, pods[_i].namespace, pods[_i].pod, &none, &err);

	ck_assert_ptr_nonnull(text);
	ck_assert_str_eq(text, pods[_i].wanted);
}
END_TEST

START_TEST(the_secrets_of_the_api_are_listed)
{
	struct source_object items[] = {
	    {.resource = API_SECRET, .namespace = (char[]){"demo"}, .name = (char[]){"app"}},
	    {.resource = API_CONFIG_MAP, .namespace = (char[]){"demo"}, .name = (char[]){"plain"}},
	    {.resource = API_SECRET, .namespace = (char[]){"shared"}, .name = (char[]){"db.v2"}},
	};
	struct source_objects objects = {items, 3};
	cleanup_free char *full = user_agent_format(PROGRAM, "demo", "web-1", &objects, &err);
	cleanup_free char *no_pod = user_agent_format(PROGRAM, NULL, NULL, &objects, &err);

	ck_assert_ptr_nonnull(full);
	ck_assert_ptr_nonnull(no_pod);
	ck_assert_str_eq(full, PROGRAM " (demo/web-1; demo/app, shared/db.v2)");
	ck_assert_str_eq(no_pod, PROGRAM " (; demo/app, shared/db.v2)");
}
END_TEST

#define SECRETS 12

static void expect_bounded(const char *pod, const struct source_objects *objects)
{
	cleanup_free char *text =
	    user_agent_format(PROGRAM, FIFTY "abcdefghi-abc", pod, objects, &err);
	size_t listed = 0;

	ck_assert_ptr_nonnull(text);
	ck_assert_uint_le(strlen(text), USER_AGENT_BYTES_MAX);
	const char *rest = strstr(text, ", +");
	ck_assert_ptr_nonnull(rest);
	for (const char *at = text; (at = strstr(at, "demo/")); at++)
		listed++;
	ck_assert_uint_ge(listed, 1);
	ck_assert_uint_eq(listed + strtoul(rest + 3, NULL, 10), SECRETS);
	ck_assert_str_eq(strchr(rest, ')'), ")");
}

/* Each length of the pod's name puts the limit at another place of a Secret's name. */
START_TEST(the_length_is_bounded)
{
	struct source_object items[SECRETS];
	struct source_objects objects = {items, SECRETS};
	char pod[254] = "", namespace[] = "demo", name[] = "a-secret-with-a-long-name";

	for (size_t i = 0; i < SECRETS; i++)
		items[i] = (struct source_object){
		    .resource = API_SECRET, .namespace = namespace, .name = name};
	for (size_t length = 1; length < sizeof(pod); length++) {
		pod[length - 1] = 'a';
		expect_bounded(pod, &objects);
	}
}
END_TEST

START_TEST(a_secret_that_never_fits_is_counted)
{
	char name[254] = "", program[300] = "";
	struct source_object item = {
	    .resource = API_SECRET, .namespace = (char[]){"demo"}, .name = name};
	struct source_objects objects = {&item, 1};

	memset(name, 'a', sizeof(name) - 1);
	memset(program, 'p', sizeof(program) - 1);
	cleanup_free char *text = user_agent_format(PROGRAM, "demo", "web-1", &objects, &err);
	cleanup_free char *bounded = user_agent_format(program, "demo", "web-1", &objects, &err);
	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_nonnull(bounded);
	ck_assert_str_eq(text, PROGRAM " (demo/web-1; +1)");
	ck_assert_uint_le(strlen(bounded), USER_AGENT_BYTES_MAX);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_loop_test(tests, the_pod_is_named_by_valid_names_only, 0, COUNT(pods));
	tcase_add_test(tests, the_secrets_of_the_api_are_listed);
	tcase_add_test(tests, the_length_is_bounded);
	tcase_add_test(tests, a_secret_that_never_fits_is_counted);
}

int main(void)
{
	return run_tests("user_agent", add);
}
