#include "lib/launch/source.h"

#include <stdlib.h>

#include "tests/unit/expect.h"

static struct error err;

static struct strings list_of(const char *const *patterns)
{
	struct strings list = {NULL, 0};

	for (; *patterns; patterns++)
		expect_ok(strings_append(&list, *patterns, &err), err);
	return list;
}

static const struct {
	const char *only[3], *exclude[3];
	const char *name;
	bool taken;
} selections[] = {
    {{NULL}, {NULL}, "DB_HOST", true},
    {{"DB_*"}, {NULL}, "DB_HOST", true},
    {{"DB_*"}, {NULL}, "API_KEY", false},
    {{"DB_*", "API_*"}, {NULL}, "API_KEY", true},
    {{NULL}, {"*_KEY"}, "API_KEY", false},
    {{NULL}, {"*_KEY"}, "DB_HOST", true},
    {{"DB_*"}, {"*_HOST"}, "DB_HOST", false},
    {{"DB_*"}, {"*_HOST"}, "DB_PORT", true},
    {{"db_*"}, {NULL}, "DB_HOST", false},
    {{"DB_?"}, {NULL}, "DB_A", true},
    {{"[AB]"}, {NULL}, "B", true},
    {{"tls.*"}, {NULL}, "tls.crt", true},
    {{"*"}, {NULL}, ".dockerconfigjson", true},
};

START_TEST(patterns_match_the_name_in_the_secret)
{
	struct source_filter filter = {
	    .only = list_of(selections[_i].only), .exclude = list_of(selections[_i].exclude)};

	ck_assert_int_eq(source_filter_accepts(&filter, selections[_i].name), selections[_i].taken);
	ck_assert_int_eq(source_filter_has_patterns(&filter),
	    selections[_i].only[0] || selections[_i].exclude[0]);
	strings_free(&filter.only);
	strings_free(&filter.exclude);
}
END_TEST

static const struct {
	struct source_filter filter;
	const char *name, *applied;
} names[] = {
    {{.prefix = NULL}, "db-host", "db-host"},
    {{.prefix = "APP_"}, "db-host", "APP_db-host"},
    {{.prefix = ""}, "a", "a"},
    {{.upper_case = true}, "db-host.1", "DB-HOST.1"},
    {{.upper_case = true, .prefix = "app_"}, "host", "app_HOST"},
    {{.sanitize = true}, "db-host.1", "db_host_1"},
    {{.sanitize = true}, "1st", "_1st"},
    {{.sanitize = true, .prefix = "A"}, "1st", "A1st"},
    {{.sanitize = true, .prefix = "my-"}, "a-b", "my-a_b"},
    {{.sanitize = true}, "gr\xC3\xBC\xC3\x9F", "gr__"},
    {{.sanitize = true}, "", ""},
    {{.sanitize = true, .upper_case = true, .prefix = "P_"}, ".env-file", "P__ENV_FILE"},
    {{.upper_case = true}, "\xC3\xBC", "\xC3\xBC"},
};

START_TEST(names_are_changed_in_a_fixed_order)
{
	char *applied = source_filter_apply(&names[_i].filter, names[_i].name, &err);

	ck_assert_str_eq(applied, names[_i].applied);
	free(applied);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_loop_test(tests, patterns_match_the_name_in_the_secret, 0, COUNT(selections));
	tcase_add_loop_test(tests, names_are_changed_in_a_fixed_order, 0, COUNT(names));
}

int main(void)
{
	return run_tests("source_filter", add);
}
