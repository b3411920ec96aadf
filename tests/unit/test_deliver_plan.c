#include "lib/launch/deliver.h"
#include "tests/unit/expect.h"

static struct error err;
static struct launch_settings settings;
static struct deliver_plan plan;

static void give(struct strings *list, const char *text)
{
	expect_ok(strings_append(list, text, &err), err);
}

static int parse(void)
{
	return deliver_plan_parse(&plan, &settings, &err);
}

static void clean(void)
{
	deliver_plan_free(&plan);
	strings_free(&settings.deliver.fds);
	strings_free(&settings.deliver.memfds);
	strings_free(&settings.deliver.files);
}

static const struct {
	const char *text;
	int fd;
	enum serialize_format format;
	const char *key;
} pipes[] = {
    {"3", 3, SERIALIZE_JSON, NULL},
    {"1023", 1023, SERIALIZE_JSON, NULL},
    {"9:json", 9, SERIALIZE_JSON, NULL},
    {"9:dotenv", 9, SERIALIZE_DOTENV, NULL},
    {"9:nul", 9, SERIALIZE_NUL, NULL},
    {"9=KEY", 9, SERIALIZE_JSON, "KEY"},
    {"9=tls.key:json=", 9, SERIALIZE_JSON, "tls.key:json="},
    {"9=", 9, SERIALIZE_JSON, ""},
};

START_TEST(a_pipe_is_parsed)
{
	give(&settings.deliver.fds, pipes[_i].text);
	expect_ok(parse(), err);
	const struct deliver_destination *pipe = &plan.items[0];
	ck_assert_int_eq(pipe->fd, pipes[_i].fd);
	ck_assert_int_eq(pipe->format, pipes[_i].format);
	if (pipes[_i].key)
		ck_assert_str_eq(pipe->key, pipes[_i].key);
	else
		ck_assert_ptr_null(pipe->key);
	ck_assert_ptr_eq(
	    deliver_plan_find_all(&plan, DESTINATION_PIPE), pipes[_i].key ? NULL : pipe);
	clean();
}
END_TEST

static const char *const no_pipes[] = {"", "x", "2", "0", "-3", "+3", " 3", "3 ", "1024",
    "3:", "3:xml", "3:JSON", "3json", ":json", "99999999999999999999", "0x10", "2=KEY", "=KEY"};

START_TEST(an_invalid_pipe_is_refused)
{
	give(&settings.deliver.fds, no_pipes[_i]);
	expect_failure(parse(), err, ERROR_USAGE, "--fd \"");
	clean();
}
END_TEST

START_TEST(a_memfd_is_parsed)
{
	give(&settings.deliver.memfds, ":nul");
	give(&settings.deliver.memfds, "KEY");
	expect_ok(parse(), err);
	ck_assert_int_eq(plan.items[0].format, SERIALIZE_NUL);
	ck_assert_ptr_null(plan.items[0].key);
	ck_assert_str_eq(plan.items[1].key, "KEY");
	ck_assert_int_eq(plan.items[1].fd, -1);
	ck_assert_str_eq(plan.items[1].label, "--memfd KEY");
	clean();
}
END_TEST

START_TEST(a_file_is_parsed)
{
	give(&settings.deliver.files, "tls.key=/run/a=b");
	expect_ok(parse(), err);
	ck_assert_str_eq(plan.items[0].key, "tls.key");
	ck_assert_str_eq(plan.items[0].path, "/run/a=b");
	clean();
}
END_TEST

static const char *const no_memfds[] = {"", ":", ":xml", ":JSON"};

START_TEST(an_invalid_memfd_is_refused)
{
	give(&settings.deliver.memfds, no_memfds[_i]);
	expect_failure(parse(), err, ERROR_USAGE, "--memfd \"");
	clean();
}
END_TEST

static const char *const no_files[] = {"", "KEY", "KEY=", "=/path", "="};

START_TEST(an_invalid_file_is_refused)
{
	give(&settings.deliver.files, no_files[_i]);
	expect_failure(parse(), err, ERROR_USAGE, "write KEY=PATH");
	clean();
}
END_TEST

static const struct {
	const char *fds[2], *memfds[2], *message;
} contradictions[] = {
    {{"3", "4:nul"}, {NULL, NULL}, "--fd 3 and --fd 4:nul: only one can take all"},
    {{"3", "3"}, {NULL, NULL}, "same number"},
    {{"3=A", "3=B"}, {NULL, NULL}, "--fd 3=A and --fd 3=B: same number"},
    {{NULL, NULL}, {":json", ":nul"}, "--memfd :json and --memfd :nul: only one"},
    {{NULL, NULL}, {"A", "A"}, "--memfd A: given twice"},
};

START_TEST(contradictions_are_refused)
{
	for (int i = 0; i < 2; i++) {
		if (contradictions[_i].fds[i])
			give(&settings.deliver.fds, contradictions[_i].fds[i]);
		if (contradictions[_i].memfds[i])
			give(&settings.deliver.memfds, contradictions[_i].memfds[i]);
	}
	expect_failure(parse(), err, ERROR_USAGE, contradictions[_i].message);
	clean();
}
END_TEST

START_TEST(a_pipe_and_a_memfd_for_all_with_one_key_repeated_are_accepted)
{
	give(&settings.deliver.fds, "3");
	give(&settings.deliver.fds, "4=A");
	give(&settings.deliver.fds, "5=A");
	give(&settings.deliver.memfds, ":json");
	give(&settings.deliver.memfds, "A");
	give(&settings.deliver.files, "A=/run/one");
	give(&settings.deliver.files, "A=/run/two");
	expect_ok(parse(), err);
	ck_assert_uint_eq(plan.count, 7);
	clean();
}
END_TEST

/* Memfds get the numbers 10, 11 ... in order. */
static const struct {
	const char *memfds[3], *argument, *filled;
} placeholders[] = {
    {{NULL}, "{} {A}", "{} {A}"},
    {{":json"}, "{}", "/proc/self/fd/10"},
    {{":json"}, "--config={}", "--config=/proc/self/fd/10"},
    {{"A", "B"}, "{B}", "/proc/self/fd/11"},
    {{"A", "B"}, "-c={A}", "-c=/proc/self/fd/10"},
    {{"A"}, "{}", "/proc/self/fd/10"},
    {{"A"}, "{A}", "/proc/self/fd/10"},
    {{"{b"}, "{{b}", "/proc/self/fd/10"},
    {{":json"}, "{memfd}", "/proc/self/fd/10"},
    {{"A"}, "cat {memfd} {memfd:A}x", "cat /proc/self/fd/10 /proc/self/fd/10x"},
    {{"A", ":nul"}, "{memfd}{memfd:A}", "/proc/self/fd/11/proc/self/fd/10"},
    {{"memfd", "B"}, "{memfd}", "/proc/self/fd/10"},
    /* Others stay, and one more pair of braces is an escape. */
    {{"A"}, "x{A} ${A} {} {\"A\":{}} {A}{A} {B} {memfds} {{.A}}",
	"x{A} ${A} {} {\"A\":{}} {A}{A} {B} {memfds} {{.A}}"},
    {{"A"}, "x={}", "x={}"},
    {{"A"}, "{B}", "{B}"},
    {{"A"}, "{{}", "{{}"},
    {{"A"}, "{}}", "{}}"},
    {{"A"}, "{{}}", "{}"},
    {{"A"}, "{{{}}}", "{{}}"},
    {{"A"}, "{{A}}", "{A}"},
    {{"A"}, "--x={{A}}", "--x={A}"},
    {{"A"}, "x{{memfd}}{{{memfd:A}}}", "x{memfd}{{memfd:A}}"},
    {{"A"}, "{{B}}", "{{B}}"},
    {{"A"}, "--a={}=b", "--a={}=b"},
    {{"A"}, "--a=b={}", "--a=b={}"},
};

/* With `placed` each memfd has another argument of its own. */
static char **fill(const char *const *memfds, const char *argument, bool placed)
{
	char *command[6] = {"{}", strdup(argument)};

	for (int i = 0; i < 3 && memfds[i] && placed; i++)
		command[2 + i] = string_format(&err, "{memfd%s%s}", *memfds[i] == ':' ? "" : ":",
		    *memfds[i] == ':' ? "" : memfds[i]);
	for (int i = 0; i < 3 && memfds[i]; i++)
		give(&settings.deliver.memfds, memfds[i]);
	expect_ok(parse(), err);
	char **filled = deliver_fill_command(&plan, (int[]){10, 11, 12}, command, &err);
	for (int i = 1; command[i]; i++)
		free(command[i]);
	return filled;
}

START_TEST(a_placeholder_is_replaced_by_the_path)
{
	char **filled = fill(placeholders[_i].memfds, placeholders[_i].argument, true);

	ck_assert_msg(filled != NULL, "%s", err.message);
	ck_assert_str_eq(filled[0], "{}");
	ck_assert_str_eq(filled[1], placeholders[_i].filled);
	deliver_free_command(filled);
	clean();
}
END_TEST

static const struct {
	const char *memfds[3], *argument, *message;
} misplaced[] = {
    {{":json"}, "x", "--memfd :json: no place for its path in the command; write {}"},
    {{"A"}, "{B}", "--memfd A: no place for its path in the command; write {}"},
    {{"A", "B"}, "{A}", "--memfd B: no place for its path in the command; write {B}"},
    {{"A", ":json"}, "{A}", "--memfd :json: no place for its path"},
    {{"A", "B"}, "{A}{B}", "--memfd A: no place for its path"},
    {{"A"}, "${A}", "write {} as an argument, or {memfd} within one"},
    {{"A", "B"}, "{}", "{} in the command: ambiguous with 2 memfds; write {KEY}"},
    {{"A", "B"}, "x{memfd}", "{memfd} in the command: ambiguous with 2 memfds; write {KEY}"},
    {{"A", "B"}, "x{memfd:C}", "{memfd:C} in the command: no --memfd has this KEY"},
};

START_TEST(a_missing_or_ambiguous_placeholder_is_refused)
{
	ck_assert_ptr_null(fill(misplaced[_i].memfds, misplaced[_i].argument, false));
	ck_assert_int_eq(err.code, ERROR_USAGE);
	expect_contains(err.message, misplaced[_i].message);
	clean();
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_loop_test(tests, a_pipe_is_parsed, 0, COUNT(pipes));
	tcase_add_loop_test(tests, an_invalid_pipe_is_refused, 0, COUNT(no_pipes));
	tcase_add_test(tests, a_memfd_is_parsed);
	tcase_add_test(tests, a_file_is_parsed);
	tcase_add_loop_test(tests, an_invalid_memfd_is_refused, 0, COUNT(no_memfds));
	tcase_add_loop_test(tests, an_invalid_file_is_refused, 0, COUNT(no_files));
	tcase_add_loop_test(tests, contradictions_are_refused, 0, COUNT(contradictions));
	tcase_add_test(tests, a_pipe_and_a_memfd_for_all_with_one_key_repeated_are_accepted);
	tcase_add_loop_test(tests, a_placeholder_is_replaced_by_the_path, 0, COUNT(placeholders));
	tcase_add_loop_test(
	    tests, a_missing_or_ambiguous_placeholder_is_refused, 0, COUNT(misplaced));
}

int main(void)
{
	return run_tests("deliver_plan", add);
}
