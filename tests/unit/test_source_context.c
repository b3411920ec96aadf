/* References to objects, and the contexts of values. */
#include "lib/launch/source.h"

#include <stdlib.h>

#include "lib/base/base64.h"
#include "tests/unit/expect.h"

static struct error err;
static struct source_ref ref;
static struct source_context bound;

static void set_up(void)
{
	error_clear(&err);
}

static void tear_down(void)
{
	source_ref_free(&ref);
	source_context_free(&bound);
}

static const struct {
	const char *text, *namespace, *name, *key, *variable;
	bool optional;
} references[] = {
    {"app", NULL, "app", NULL, NULL, false},
    {"demo/app", "demo", "app", NULL, NULL, false},
    {"app:KEY", NULL, "app", "KEY", NULL, false},
    {"demo/app.v2:tls.crt", "demo", "app.v2", "tls.crt", NULL, false},
    {"app:KEY=VAR", NULL, "app", "KEY", "VAR", false},
    {"demo/app:KEY=a/b:c=d", "demo", "app", "KEY", "a/b:c=d", false},
    {"app?", NULL, "app", NULL, NULL, true},
    {"demo/app?:KEY=VAR", "demo", "app", "KEY", "VAR", true},
};

static void expect_string(const char *got, const char *wanted)
{
	if (wanted)
		ck_assert_str_eq(got, wanted);
	else
		ck_assert_ptr_null(got);
}

START_TEST(a_reference_has_namespace_name_key_and_variable)
{
	expect_ok(source_ref_parse(&ref, "--secret", references[_i].text, &err), err);
	expect_string(ref.namespace, references[_i].namespace);
	expect_string(ref.name, references[_i].name);
	expect_string(ref.key, references[_i].key);
	expect_string(ref.variable, references[_i].variable);
	ck_assert_int_eq(ref.optional, references[_i].optional);
}
END_TEST

static const char *const no_references[] = {"", "/app", "demo/", "a/b/c", "App", "app:", "app:=VAR",
    "app:a b", "app:KEY=", "app:..data", ":KEY", "Demo/app", "?", "?:KEY", "app??", "app:KEY?",
    "demo?/app", "?app"};

START_TEST(an_invalid_reference_is_refused)
{
	expect_failure(source_ref_parse(&ref, "--secret", no_references[_i], &err), err,
	    ERROR_USAGE, "write [NAMESPACE/]NAME[?][:KEY[=VARIABLE]]");
	expect_contains(err.message, "--secret \"");
}
END_TEST

START_TEST(a_prefix_can_be_any_text)
{
	expect_ok(source_ref_parse_prefix(&ref, "--bound-to", "demo/app:DB =/:", &err), err);
	ck_assert_str_eq(ref.key, "DB =/:");
	ck_assert_ptr_null(ref.variable);
	source_ref_free(&ref);
	expect_failure(source_ref_parse_prefix(&ref, "--bound-to", "a b:X", &err), err, ERROR_USAGE,
	    "--bound-to \"a b:X\": not valid; write [NAMESPACE/]NAME[:PREFIX]");
}
END_TEST

static const struct {
	const char *bound_to[3], *scope, *namespace, *name, *context; /* NULL: unbound */
} contexts[] = {
    {{NULL}, NULL, "demo", "A", NULL},
    {{"app"}, NULL, "demo", "A", "demo/app/A"},
    {{"app"}, "strict", "demo", "A", "demo/app/A"},
    {{"prod/app"}, NULL, "demo", "A", "prod/app/A"},
    {{"prod/app"}, NULL, NULL, "A", "prod/app/A"},
    {{"app:X_"}, NULL, "demo", "X_A", "demo/app/A"},
    {{"app:"}, NULL, "demo", "X_A", "demo/app/X_A"},
    {{"app", "other:X_"}, NULL, "demo", "X_A", "demo/other/A"},
    {{"other:X_", "app"}, NULL, "demo", "X_A", "demo/other/A"},
    {{"other:X_", "app"}, NULL, "demo", "Y", "demo/app/Y"},
    {{"one:X_", "two:X_Y_"}, NULL, "demo", "X_Y_A", "demo/two/A"},
    {{"two:X_Y_", "one:X_"}, NULL, "demo", "X_Y_A", "demo/two/A"},
    {{"two:X_Y_", "one:X_"}, NULL, "demo", "X_Y", "demo/one/Y"},
    {{"one", "two"}, NULL, "demo", "A", "demo/two/A"},
    {{NULL}, "namespace-wide", "demo", "A", "demo//A"},
    {{"prod/app:X_"}, "namespace-wide", "demo", "X_A", "prod//A"},
    {{NULL}, "cluster-wide", NULL, "A", "//A"},
    {{"app:X_"}, "cluster-wide", NULL, "X_A", "//A"},
};

static int init(const char *const *bound_to, const char *scope, const char *namespace)
{
	struct launch_settings settings = {.sources.scope = scope,
	    .kube = {.namespace = namespace, .service_account_directory = "/nowhere"}};

	for (; *bound_to; bound_to++)
		expect_ok(strings_append(&settings.sources.bound_to, *bound_to, &err), err);
	int result = source_context_init(&bound, &settings, &err);
	strings_free(&settings.sources.bound_to);
	return result;
}

START_TEST(the_context_follows_from_the_longest_prefix_and_the_scope)
{
	struct secret_buffer plain = SECRET_BUFFER_INIT;
	char *context;

	expect_ok(init(contexts[_i].bound_to, contexts[_i].scope, contexts[_i].namespace), err);
	expect_ok(source_context_find(&bound, contexts[_i].name, &context, &err), err);
	if (!contexts[_i].context) {
		ck_assert_ptr_null(context);
		return;
	}
	expect_ok(base64_decode(&plain, context, strlen(context), &err), err);
	expect_text(plain, contexts[_i].context);
	secret_buffer_free(&plain);
	free(context);
}
END_TEST

static const struct {
	const char *bound_to[2], *scope, *namespace, *message;
} unknown[] = {
    {{"app:X_"}, NULL, "demo", "no PREFIX of a --bound-to fits"},
    {{"app:X_"}, "cluster-wide", "demo", "no PREFIX of a --bound-to fits"},
    {{NULL}, "strict", "demo", "pass --bound-to [NAMESPACE/]NAME"},
    {{"app"}, NULL, NULL, "unknown namespace"},
    {{NULL}, "namespace-wide", NULL, "unknown namespace"},
};

START_TEST(an_unknown_secret_or_namespace_is_an_error)
{
	char *context;

	expect_ok(init(unknown[_i].bound_to, unknown[_i].scope, unknown[_i].namespace), err);
	expect_failure(source_context_find(&bound, "A", &context, &err), err, ERROR_USAGE,
	    unknown[_i].message);
	ck_assert_ptr_null(context);
}
END_TEST

START_TEST(an_invalid_scope_or_name_is_refused)
{
	const char *const none[] = {NULL}, *const bad[] = {"a/b/c", NULL};

	expect_failure(
	    init(none, "wide", "demo"), err, ERROR_USAGE, "--scope: \"wide\" is not a scope");
	expect_failure(init(bad, NULL, "demo"), err, ERROR_USAGE, "--bound-to \"a/b/c\"");
	ck_assert_ptr_null(bound.secrets);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(
	    tests, a_reference_has_namespace_name_key_and_variable, 0, COUNT(references));
	tcase_add_loop_test(tests, an_invalid_reference_is_refused, 0, COUNT(no_references));
	tcase_add_test(tests, a_prefix_can_be_any_text);
	tcase_add_loop_test(
	    tests, the_context_follows_from_the_longest_prefix_and_the_scope, 0, COUNT(contexts));
	tcase_add_loop_test(tests, an_unknown_secret_or_namespace_is_an_error, 0, COUNT(unknown));
	tcase_add_test(tests, an_invalid_scope_or_name_is_refused);
}

int main(void)
{
	return run_tests("source_context", add);
}
