#include <sys/resource.h>

#include "lib/base/cleanup.h"
#include "lib/launch/deliver.h"
#include "tests/unit/secrets.h"

static struct env made;

struct configuration {
	const char *address;
};

static const struct option_spec table[] = {
    {.name = "vault-addr",
	.kind = OPTION_STRING,
	.argument = "URL",
	.content = CONTENT_URL,
	.offset = offsetof(struct configuration, address),
	.environment = "VAULT_ADDR,VAULT_URL",
	.help = "where Vault is"},
    {.name = "kubeconfig",
	.kind = OPTION_STRING,
	.argument = "FILE",
	.offset = offsetof(struct configuration, address),
	.environment = "KUBECONFIG",
	.shared = true,
	.help = "which cluster"},
    {.name = NULL},
};
static const struct options options = {
    .program = "secret-exec", .prefix = "SECRET_EXEC", .synopsis = "secret-exec", .table = table};

static struct launch_settings settings = {.deliver.options = &options};

static int make(char *const *ours, int fd)
{
	cleanup_free const struct variable **all = all_variables();

	return env_build(&made, ours, all, variables.count, fd, &settings, &err);
}

static void clean(void)
{
	env_free(&made);
	variables_free(&variables);
	strings_free(&settings.deliver.allow);
}

/* The environment made is just these strings, in this order. */
static void expect_environment(const char *const *wanted)
{
	size_t count = 0;

	for (; wanted[count]; count++) {
		ck_assert_ptr_nonnull(made.strings[count]);
		ck_assert_str_eq(made.strings[count], wanted[count]);
	}
	ck_assert_ptr_null(made.strings[count]);
	ck_assert_uint_eq(made.count, count);
}

static char *own[] = {"APP_HOME=/root", "PATH=/bin", "VAULT_ADDR=https://vault", "VAULT_URL=x",
    "SECRET_EXEC_FD=3", "KUBECONFIG=/kube", "SEALED=vault:v1:AAAA", "no equals sign", NULL};

START_TEST(secrets_are_added_and_our_configuration_is_removed)
{
	add_variable("PASSWORD", "hunter2");
	add_variable("EMPTY", "");
	expect_ok(make(own, -1), err);
	expect_environment((const char *const[]){"APP_HOME=/root", "PATH=/bin", "KUBECONFIG=/kube",
	    "no equals sign", "PASSWORD=hunter2", "EMPTY=", NULL});
	clean();
}
END_TEST

START_TEST(keep_config_keeps_our_configuration_but_not_ciphertext)
{
	settings.deliver.keep_config = true;
	expect_ok(make(own, -1), err);
	expect_environment(
	    (const char *const[]){"APP_HOME=/root", "PATH=/bin", "VAULT_ADDR=https://vault",
		"VAULT_URL=x", "SECRET_EXEC_FD=3", "KUBECONFIG=/kube", "no equals sign", NULL});
	clean();
}
END_TEST

START_TEST(a_clash_is_an_error_with_the_source)
{
	add_variable("APP_HOME", "secret home");
	expect_failure(
	    make(own, -1), err, ERROR_INVALID, "Secret demo/app: variable APP_HOME is already set");
	expect_contains(err.message, "--override");
	expect_lacks(err.message, "secret home");
	ck_assert_ptr_null(made.strings);
	clean();
}
END_TEST

static const char *const near_root[] = {"/roo", "/root/", ""};

START_TEST(a_variable_with_the_same_value_is_not_a_clash)
{
	add_variable("APP_HOME", near_root[_i]);
	expect_failure(make(own, -1), err, ERROR_INVALID, "APP_HOME is already set");
	clean();
	add_variable("APP_HOME", "/root");
	add_variable("B", "2");
	expect_ok(make(own, -1), err);
	expect_environment((const char *const[]){
	    "APP_HOME=/root", "PATH=/bin", "KUBECONFIG=/kube", "no equals sign", "B=2", NULL});
	clean();
}
END_TEST

START_TEST(with_override_the_secret_replaces_the_variable)
{
	char *twice[] = {"APP_HOME=a", "USER=u", "APP_HOME=b", NULL};

	settings.override = true;
	add_variable("APP_HOME", "secret home");
	expect_ok(make(twice, -1), err);
	expect_environment((const char *const[]){"USER=u", "APP_HOME=secret home", NULL});
	clean();
}
END_TEST

/* The first of two is the one that getenv(3) finds. */
START_TEST(a_variable_set_twice_and_equal_once_is_a_clash)
{
	char *twice[] = {"APP_HOME=a", "APP_HOME=b", NULL};

	add_variable("APP_HOME", "b");
	expect_failure(make(twice, -1), err, ERROR_INVALID, "APP_HOME is already set");
	settings.override = true;
	expect_ok(make(twice, -1), err);
	expect_environment((const char *const[]){"APP_HOME=b", NULL});
	clean();
}
END_TEST

START_TEST(a_ciphertext_is_replaced_by_its_plaintext)
{
	add_variable("SEALED", "opened");
	expect_ok(make(own, -1), err);
	ck_assert_str_eq(made.strings[made.count - 1], "SEALED=opened");
	clean();
}
END_TEST

START_TEST(an_excluded_ciphertext_stays)
{
	expect_ok(make((char *[]){"A=vault:v1:AAAA", NULL}, -1), err);
	expect_environment((const char *const[]){NULL});
	env_free(&made);
	expect_ok(strings_append(&settings.names.exclude, "A", &err), err);
	expect_ok(make((char *[]){"A=vault:v1:AAAA", "B=vault:v1:BBBB", NULL}, -1), err);
	expect_environment((const char *const[]){"A=vault:v1:AAAA", NULL});
	strings_free(&settings.names.exclude);
	clean();
}
END_TEST

START_TEST(the_number_of_the_pipe_is_set_once)
{
	char *stale[] = {"APP_HOME=/root", "SECRETS_FD=5", NULL};

	expect_ok(make(stale, 7), err);
	expect_environment((const char *const[]){"APP_HOME=/root", "SECRETS_FD=7", NULL});
	env_free(&made);
	settings.deliver.fd_variable = "PIPE";
	expect_ok(make(stale, 7), err);
	expect_environment((const char *const[]){"APP_HOME=/root", "SECRETS_FD=5", "PIPE=7", NULL});
	env_free(&made);
	expect_ok(make(stale, -1), err);
	expect_environment((const char *const[]){"APP_HOME=/root", "SECRETS_FD=5", NULL});
	clean();
}
END_TEST

START_TEST(a_secret_with_the_name_of_the_number_variable_is_refused)
{
	settings.deliver.fd_variable = "PIPE";
	add_variable("PIPE", "1");
	expect_failure(make(own, 7), err, ERROR_INVALID, "choose another with --fd-variable");
	clean();
}
END_TEST

START_TEST(each_secret_is_checked)
{
	add_variable("GOOD", "1");
	add_variable("LD_PRELOAD", "/evil.so");
	expect_failure(make(own, -1), err, ERROR_INVALID, "--allow-env LD_PRELOAD");
	expect_ok(strings_append(&settings.deliver.allow, "LD_PRELOAD", &err), err);
	expect_ok(make(own, -1), err);
	clean();
}
END_TEST

/* A quarter of the stack's limit, but 128 KiB at least and 6 MiB at most; pointers count. */
static const struct {
	rlim_t stack;
	size_t limit;
} totals[] = {
    {2 << 20, 512 << 10}, {1 << 20, 256 << 10}, {4096, 128 << 10}, {RLIM_INFINITY, 6 << 20}};

START_TEST(the_total_size_has_the_limit_of_execve)
{
	struct rlimit limit = {totals[_i].stack, RLIM_INFINITY};
	size_t room = totals[_i].limit - 2 * sizeof(char *) - strlen("A=") - strlen("true") - 2;
	char *command[] = {"true", NULL};

	ck_assert_int_eq(setrlimit(RLIMIT_STACK, &limit), 0);
	for (size_t more = 0; more < 2; more++) {
		char *entry = calloc(1, room + more + 3);
		memset(entry, 'x', room + more + 2);
		memcpy(entry, "A=", 2);
		struct env one = {.strings = (char *[]){entry, NULL}, .count = 1};
		if (more == 0)
			expect_ok(env_check_size(&one, command, &err), err);
		else
			expect_failure(env_check_size(&one, command, &err), err, ERROR_TOO_LARGE,
			    "deliver secrets with --fd, --memfd or --file");
		free(entry);
	}
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_test(tests, secrets_are_added_and_our_configuration_is_removed);
	tcase_add_test(tests, keep_config_keeps_our_configuration_but_not_ciphertext);
	tcase_add_test(tests, a_clash_is_an_error_with_the_source);
	tcase_add_loop_test(
	    tests, a_variable_with_the_same_value_is_not_a_clash, 0, COUNT(near_root));
	tcase_add_test(tests, with_override_the_secret_replaces_the_variable);
	tcase_add_test(tests, a_variable_set_twice_and_equal_once_is_a_clash);
	tcase_add_test(tests, a_ciphertext_is_replaced_by_its_plaintext);
	tcase_add_test(tests, an_excluded_ciphertext_stays);
	tcase_add_test(tests, the_number_of_the_pipe_is_set_once);
	tcase_add_test(tests, a_secret_with_the_name_of_the_number_variable_is_refused);
	tcase_add_test(tests, each_secret_is_checked);
	tcase_add_loop_test(tests, the_total_size_has_the_limit_of_execve, 0, COUNT(totals));
}

int main(void)
{
	return run_tests("env", add);
}
