#include <stdio.h>

#include "lib/seal/rule.h"
#include "tests/unit/expect.h"

static struct rule_file file;
static struct error err;

static void begin(void)
{
	file = (struct rule_file){.name = strdup("rules")};
	error_clear(&err);
}

static void end(void)
{
	rule_file_free(&file);
}

static int parse(const char *text)
{
	cleanup_secret struct secret_buffer buffer = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append_string(&buffer, text, &err), err);
	return rule_file_parse(&file, &buffer, &err);
}

static const struct rule *match(const char *path, const char *namespace)
{
	const struct rule *rule;

	expect_ok(rule_file_match(&file, path, namespace, &rule, &err), err);
	return rule;
}

/*
 * Parsing.
 */

START_TEST(all_members_are_read)
{
	expect_ok(parse("# keys\nrules:\n- path: prod/**\n  namespace: \"prod-*\"\n  transit-key: "
			"team/prod\n  scope: namespace-wide\n  layout: document\n"
			"- {transit-key: dev}\n"),
	    err);
	ck_assert_uint_eq(file.count, 2);
	const struct rule *rule = &file.rules[0];
	ck_assert_uint_eq(rule->line, 3);
	ck_assert_str_eq(rule->file, "rules");
	ck_assert_str_eq(rule->path, "prod/**");
	ck_assert_str_eq(rule->namespace, "prod-*");
	ck_assert_str_eq(rule->transit_key, "team/prod");
	ck_assert_str_eq(rule->scope, "namespace-wide");
	ck_assert_str_eq(rule->layout, "document");
	rule = &file.rules[1];
	ck_assert_uint_eq(rule->line, 8);
	ck_assert_str_eq(rule->transit_key, "dev");
	ck_assert(!rule->path && !rule->namespace && !rule->scope && !rule->layout);
}
END_TEST

START_TEST(json_is_read)
{
	expect_ok(parse("{\"rules\": [\n{\"transit-key\": \"k\", \"path\": \"a/*\"}]}"), err);
	ck_assert_uint_eq(file.count, 1);
	ck_assert_uint_eq(file.rules[0].line, 2);
}
END_TEST

START_TEST(a_list_without_rules_is_valid)
{
	expect_ok(parse("rules: []\n"), err);
	ck_assert_ptr_null(match("a.yaml", NULL));
}
END_TEST

static const struct {
	const char *text, *problem;
} broken[] = {
    {"", "rules: no rules; "},
    {"# nothing\n", "rules: no rules; "},
    {"text", "rules: no rules; "},
    {"- transit-key: k", "rules: no rules; "},
    {"rule: []", "rules: no rules; "},
    {"rules:", "line 1, column 7: rules: not a list; "},
    {"rules: {transit-key: k}", "line 1, column 8: rules: not a list; "},
    {"vault-addr: https://vault\nrules: []", "line 1, column 1: unknown member; "},
    {"rules:\n- text", "line 2, column 3: not a rule; "},
    {"rules:\n- path: a\n", "line 2, column 3: no transit-key; "},
    {"rules:\n- transit-key: k\n  token: hvs.x\n", "line 3, column 3: unknown member; a rule has "},
    {"rules:\n- transit_key: k\n", "line 2, column 3: unknown member; "},
    {"rules:\n- transit-key: 7\n", "line 2, column 16: transit-key: not a string; "},
    {"rules:\n- transit-key: [k]\n", "line 2, column 16: transit-key: not a string; "},
    {"rules:\n- transit-key:\n", "transit-key: not a string; "},
    {"rules:\n- transit-key: \"a\\0b\"\n", "transit-key: not a string; "},
    {"rules:\n- transit-key: a//b\n", "line 2, column 16: transit-key: Transit key \"a//b\": "},
    {"rules:\n- transit-key: k\n  scope: loose\n", "line 3, column 10: scope: \"loose\" is not a"},
    {"rules:\n- transit-key: k\n  layout: flat\n", "line 3, column 11: layout: unknown layout; "},
    {"rules:\n- transit-key: k\n  transit-key: k\n", "line 3, column 3: duplicate key"},
    {"rules:\n- transit-key: &k k\n", "line 2, column 16: an anchor"},
    {"rules: []\n---\nrules: []\n", "a second document"},
    {"rules:\n- path: **/prod\n  transit-key: k\n", "; put patterns in quotes"},
    {"rules:\n- path: *prod\n  transit-key: k\n", "an alias; put patterns in quotes"},
    {"rules:\n- path: \"\"\n  transit-key: k\n", "path: empty; "},
    {"rules:\n- path: /prod\n  transit-key: k\n", "path: an empty name, "},
    {"rules:\n- path: prod/\n  transit-key: k\n", "path: an empty name, "},
    {"rules:\n- path: a//b\n  transit-key: k\n", "path: an empty name, "},
    {"rules:\n- path: ./prod\n  transit-key: k\n", "path: an empty name, "},
    {"rules:\n- path: ../prod\n  transit-key: k\n", "path: an empty name, "},
    {"rules:\n- path: prod**\n  transit-key: k\n", "path: \"**\" is a whole name; "},
    {"rules:\n- path: a/{b,c}\n  transit-key: k\n", "path: patterns have neither braces "},
    {"rules:\n- path: \"prod-[ab/*\"\n  transit-key: k\n", "path: a bracket that is not closed"},
    {"rules:\n- path: \"[a/b]\"\n  transit-key: k\n", "path: a bracket that is not closed"},
    {"rules:\n- namespace: \"[a][\"\n  transit-key: k\n",
	"namespace: a bracket that is not closed"},
    {"rules:\n- transit-key: a/../k\n", "transit-key: Transit key \"a/../k\": not of the form"},
    {"rules:\n- path: \"!a\"\n  transit-key: k\n", "path: patterns have neither braces "},
    {"rules:\n- namespace: \"{a,b}\"\n  transit-key: k\n", "namespace: patterns have neither "},
};

START_TEST(a_broken_file_is_rejected_with_its_place)
{
	expect_failure(parse(broken[_i].text), err, ERROR_INVALID, broken[_i].problem);
	ck_assert_int_eq(strncmp(err.message, "rules: ", 7), 0);
	expect_lacks(err.message, "hvs.x");
	ck_assert_uint_eq(file.count, 0);
}
END_TEST

START_TEST(a_name_that_is_too_long_is_rejected)
{
	char text[400] = "rules: [{transit-key: k, path: \"";
	size_t length = strlen(text);

	memset(text + length, 'x', 256);
	strcat(text, "\"}]");
	expect_failure(parse(text), err, ERROR_INVALID, "a name of more than 255 bytes");
}
END_TEST

/*
 * Matching.
 */

static const struct {
	const char *pattern, *path;
	bool matches;
} paths[] = {
    {"app.yaml", "app.yaml", true},
    {"app.yaml", "in/app.yaml", false},
    {"app.yaml", "app.yaml.orig", false},
    {"*.yaml", "app.yaml", true},
    {"*.yaml", ".app.yaml", true},
    {"*.yaml", "in/app.yaml", false},
    {"prod/*", "prod/app.yaml", true},
    {"prod/*", "prod/in/app.yaml", false},
    {"prod/*", "prod", false},
    {"prod", "prod/app.yaml", false},
    {"prod/**", "prod/app.yaml", true},
    {"prod/**", "prod/in/in/app.yaml", true},
    {"prod/**", "prod", false},
    {"prod/**", "product/app.yaml", false},
    {"prod/**", "in/prod/app.yaml", false},
    {"**", "app.yaml", true},
    {"**", "in/app.yaml", true},
    {"**/prod/**", "prod/app.yaml", true},
    {"**/prod/**", "a/b/prod/c/app.yaml", true},
    {"**/prod/**", "a/product/app.yaml", false},
    {"**/*.yaml", "app.yaml", true},
    {"**/*.yaml", "a/b/app.yaml", true},
    {"**/*.yaml", "a/b/app.json", false},
    {"**/**/app.yaml", "app.yaml", true},
    {"a/**/b/*.yaml", "a/b/c.yaml", true},
    {"a/**/b/*.yaml", "a/b/b/c.yaml", true},
    {"a/**/b/*.yaml", "a/x/b/y/b/c.yaml", true},
    {"a/**/b/*.yaml", "a/x/b/y/c.yaml", false},
    {"**/a/**/b", "a/a/x/b/a/b", true},
    {"**/a/b/**/c", "a/b/a/c/d", false},
    {"team-?/[ab].yaml", "team-1/a.yaml", true},
    {"team-?/[ab].yaml", "team-1/c.yaml", false},
    {"\\*.yaml", "*.yaml", true},
    {"\\*.yaml", "a.yaml", false},
    {"?", "/", false},
};

START_TEST(a_path_matches_name_by_name)
{
	char text[200];

	snprintf(text, sizeof(text), "rules:\n- path: '%s'\n  transit-key: k\n", paths[_i].pattern);
	expect_ok(parse(text), err);
	const struct rule *rule = match(paths[_i].path, NULL);
	ck_assert_msg(
	    (rule != NULL) == paths[_i].matches, "%s, %s", paths[_i].pattern, paths[_i].path);
}
END_TEST

START_TEST(many_any_folders_do_not_take_long)
{
	char text[4000] = "rules: [{transit-key: k, path: \"", path[4000] = "";

	for (int i = 0; i < 300; i++)
		strcat(text, "**/a/");
	strcat(text, "b\"}]");
	for (int i = 0; i < 1500; i++)
		strcat(path, "a/");
	strcat(path, "c");
	expect_ok(parse(text), err);
	ck_assert_ptr_null(match(path, NULL));
}
END_TEST

static void parse_two_rules(void)
{
	expect_ok(
	    parse("rules:\n- {path: prod/**, namespace: prod-*, transit-key: prod}\n"
		  "- {path: prod/**, transit-key: other}\n- {namespace: dev, transit-key: dev}\n"),
	    err);
}

START_TEST(the_first_rule_that_matches_both_patterns_counts)
{
	parse_two_rules();
	ck_assert_str_eq(match("prod/a", "prod-1")->transit_key, "prod");
	ck_assert_str_eq(match("prod/a", "dev")->transit_key, "other");
	ck_assert_str_eq(match("a", "dev")->transit_key, "dev");
	ck_assert_ptr_null(match("a", "prod-1"));
}
END_TEST

START_TEST(an_unknown_namespace_is_an_error_where_it_decides)
{
	const struct rule *rule;

	parse_two_rules();
	expect_failure(rule_file_match(&file, "prod/a", NULL, &rule, &err), err, ERROR_USAGE,
	    "rules:2: the rule depends on the namespace; ");
	ck_assert_ptr_null(rule);
	expect_failure(
	    rule_file_match(&file, "a", NULL, &rule, &err), err, ERROR_USAGE, "rules:4: ");
	end();
	begin();
	expect_ok(parse("rules: [{path: a, transit-key: a}, {namespace: b, transit-key: b}]"), err);
	ck_assert_str_eq(match("a", NULL)->transit_key, "a");
}
END_TEST

static const struct {
	const char *first, *second;
	bool covered;
} covers[] = {
    {"", "", true},
    {"", "path: a", true},
    {"path: a", "", false},
    {"path: a", "path: a", true},
    {"path: a", "path: b", false},
    {"path: a", "path: a, namespace: ns", true},
    {"path: a, namespace: ns", "path: a", false},
    {"path: a, namespace: ns", "path: a, namespace: ns", true},
    {"path: a, namespace: ns", "path: a, namespace: ms", false},
    {"path: '**'", "namespace: ns", true},
    {"namespace: '*'", "path: a", true},
};

START_TEST(a_rule_covers_a_later_rule_with_the_same_patterns)
{
	char text[200];

	snprintf(text, sizeof(text), "rules:\n- {transit-key: k, %s}\n- {transit-key: k, %s}\n",
	    covers[_i].first, covers[_i].second);
	expect_ok(parse(text), err);
	ck_assert_ptr_null(rule_file_covering(&file, &file.rules[0]));
	ck_assert_ptr_eq(
	    rule_file_covering(&file, &file.rules[1]), covers[_i].covered ? &file.rules[0] : NULL);
}
END_TEST

/*
 * Using a rule.
 */

static void fill_secret(
    struct kube_secret *secret, const char *key, const char *scope, const char *layout)
{
	*secret = (struct kube_secret){.name = strdup("app"), .namespace = strdup("demo")};
	if (key)
		expect_ok(
		    kube_secret_add_annotation(secret, "secretmanager/transit-key", key, &err),
		    err);
	if (scope)
		expect_ok(
		    kube_secret_add_annotation(secret, "secretmanager/scope", scope, &err), err);
	if (layout)
		expect_ok(
		    kube_secret_add_annotation(secret, "secretmanager/layout", layout, &err), err);
}

static const char all_values[] = "rules: [{transit-key: k, scope: strict, layout: per-key}]";

START_TEST(a_rule_completes_the_settings)
{
	struct seal_settings settings = {0};
	struct kube_secret secret;

	expect_ok(parse(all_values), err);
	fill_secret(&secret, NULL, NULL, NULL);
	expect_ok(rule_apply(&file.rules[0], &secret, &settings, &err), err);
	ck_assert_str_eq(settings.transit_key, "k");
	ck_assert_str_eq(settings.scope, "strict");
	ck_assert_int_eq(settings.layout, LAYOUT_PER_KEY);
	kube_secret_free(&secret);
}
END_TEST

START_TEST(settings_win_over_a_rule_and_its_contradictions)
{
	struct seal_settings settings = {
	    .transit_key = "mine", .scope = "cluster-wide", .layout = LAYOUT_DOCUMENT};
	struct kube_secret secret;

	expect_ok(parse(all_values), err);
	fill_secret(&secret, "transit/mine", "cluster-wide", "document");
	expect_ok(rule_apply(&file.rules[0], &secret, &settings, &err), err);
	ck_assert_str_eq(settings.transit_key, "mine");
	ck_assert_str_eq(settings.scope, "cluster-wide");
	ck_assert_int_eq(settings.layout, LAYOUT_DOCUMENT);
	kube_secret_free(&secret);
}
END_TEST

static const struct {
	const char *key, *scope, *layout, *problem; /* NULL: not a contradiction */
} annotations[] = {
    {NULL, NULL, NULL, NULL},
    {"transit/k", "strict", "per-key", NULL},
    {"k", NULL, NULL, NULL},
    {"team/k", NULL, NULL, "sealed with Transit key team/k, but rule rules:1 names k; "},
    {"transit/k", "cluster-wide", NULL, "sealed with scope cluster-wide, but rule rules:1 names "},
    {"transit/k", NULL, "document", "sealed with layout document, but rule rules:1 names per-key"},
};

START_TEST(an_annotation_that_contradicts_a_rule_is_an_error)
{
	struct seal_settings settings = {0};
	struct kube_secret secret;

	expect_ok(parse(all_values), err);
	fill_secret(&secret, annotations[_i].key, annotations[_i].scope, annotations[_i].layout);
	if (annotations[_i].problem) {
		expect_failure(rule_check(&file.rules[0], &secret, &err), err, ERROR_USAGE,
		    annotations[_i].problem);
		expect_failure(rule_apply(&file.rules[0], &secret, &settings, &err), err,
		    ERROR_USAGE, annotations[_i].problem);
		expect_contains(err.message, "Secret demo/app: ");
		ck_assert_ptr_null(settings.transit_key);
	} else {
		expect_ok(rule_check(&file.rules[0], &secret, &err), err);
		expect_ok(rule_apply(&file.rules[0], &secret, &settings, &err), err);
	}
	kube_secret_free(&secret);
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, all_members_are_read);
	tcase_add_test(tests, json_is_read);
	tcase_add_test(tests, a_list_without_rules_is_valid);
	tcase_add_loop_test(tests, a_broken_file_is_rejected_with_its_place, 0, COUNT(broken));
	tcase_add_test(tests, a_name_that_is_too_long_is_rejected);
	tcase_add_loop_test(tests, a_path_matches_name_by_name, 0, COUNT(paths));
	tcase_add_test(tests, many_any_folders_do_not_take_long);
	tcase_add_test(tests, the_first_rule_that_matches_both_patterns_counts);
	tcase_add_test(tests, an_unknown_namespace_is_an_error_where_it_decides);
	tcase_add_loop_test(
	    tests, a_rule_covers_a_later_rule_with_the_same_patterns, 0, COUNT(covers));
	tcase_add_test(tests, a_rule_completes_the_settings);
	tcase_add_test(tests, settings_win_over_a_rule_and_its_contradictions);
	tcase_add_loop_test(
	    tests, an_annotation_that_contradicts_a_rule_is_an_error, 0, COUNT(annotations));
}

int main(void)
{
	return run_tests("rule", add_tests);
}
