#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/base/json.h"
#include "lib/launch/deliver.h"
#include "tests/unit/expect.h"

static struct error err;
static struct strings allowed;
static struct variables variables;
static struct deliver_environment made;

struct configuration {
	const char *address;
};

static const struct option_spec table[] = {
    {.name = "vault-addr",
	.kind = OPTION_STRING,
	.argument = "URL",
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

static struct deliver_settings to_environment(void)
{
	return (struct deliver_settings){.allow = &allowed, .options = &options, .fd = -1};
}

static struct deliver_settings to_pipe(int fd, enum deliver_format format)
{
	return (struct deliver_settings){
	    .allow = &allowed, .options = &options, .fd = fd, .format = format};
}

static void add_bytes(const char *name, const char *bytes, size_t length)
{
	struct secret_buffer value = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append(&value, bytes, length, &err), err);
	expect_ok(variables_add(&variables, name, &value, "Secret demo/app", &err), err);
}

static void add_variable(const char *name, const char *value)
{
	add_bytes(name, value, strlen(value));
}

static void clean(void)
{
	deliver_environment_free(&made);
	variables_free(&variables);
	strings_free(&allowed);
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

static char *own[] = {"HOME=/root", "PATH=/bin", "VAULT_ADDR=https://vault", "VAULT_URL=x",
    "SECRET_EXEC_FD=3", "KUBECONFIG=/kube", "SEALED=vault:v1:AAAA", "no equals sign", NULL};

START_TEST(secrets_join_what_is_not_ours)
{
	struct deliver_settings settings = to_environment();

	add_variable("PASSWORD", "hunter2");
	add_variable("EMPTY", "");
	expect_ok(deliver_environment(&made, own, &variables, &settings, &err), err);
	expect_environment((const char *const[]){"HOME=/root", "PATH=/bin", "KUBECONFIG=/kube",
	    "no equals sign", "PASSWORD=hunter2", "EMPTY=", NULL});
	clean();
}
END_TEST

START_TEST(our_configuration_stays_when_asked_but_ciphertext_never)
{
	struct deliver_settings settings = to_environment();

	settings.keep_config = true;
	expect_ok(deliver_environment(&made, own, &variables, &settings, &err), err);
	expect_environment(
	    (const char *const[]){"HOME=/root", "PATH=/bin", "VAULT_ADDR=https://vault",
		"VAULT_URL=x", "SECRET_EXEC_FD=3", "KUBECONFIG=/kube", "no equals sign", NULL});
	clean();
}
END_TEST

START_TEST(a_clash_is_an_error_that_names_the_source)
{
	struct deliver_settings settings = to_environment();

	add_variable("HOME", "secret home");
	expect_failure(deliver_environment(&made, own, &variables, &settings, &err), err,
	    ERROR_INVALID, "Secret demo/app: variable HOME is set already");
	expect_contains(err.message, "--override");
	expect_lacks(err.message, "secret home");
	ck_assert_ptr_null(made.strings);
	clean();
}
END_TEST

START_TEST(override_lets_the_secret_win)
{
	struct deliver_settings settings = to_environment();
	char *twice[] = {"HOME=a", "USER=u", "HOME=b", NULL};

	settings.override = true;
	add_variable("HOME", "secret home");
	expect_ok(deliver_environment(&made, twice, &variables, &settings, &err), err);
	expect_environment((const char *const[]){"USER=u", "HOME=secret home", NULL});
	clean();
}
END_TEST

START_TEST(a_ciphertext_gives_way_to_its_plaintext)
{
	struct deliver_settings settings = to_environment();

	add_variable("SEALED", "opened");
	expect_ok(deliver_environment(&made, own, &variables, &settings, &err), err);
	ck_assert_str_eq(made.strings[made.count - 1], "SEALED=opened");
	clean();
}
END_TEST

START_TEST(with_a_pipe_only_its_number_is_added)
{
	struct deliver_settings settings = to_pipe(7, DELIVER_JSON);
	char *stale[] = {"HOME=/root", "SECRETS_FD=5", NULL};

	add_variable("HOME", "secret home");
	add_variable("tls.crt", "no variable's name");
	expect_ok(deliver_environment(&made, stale, &variables, &settings, &err), err);
	expect_environment((const char *const[]){"HOME=/root", "SECRETS_FD=7", NULL});
	clean();
}
END_TEST

static const struct {
	const char *text;
	int fd;
	enum deliver_format format;
} numbers[] = {
    {"3", 3, DELIVER_JSON},
    {"1023", 1023, DELIVER_JSON},
    {"9:json", 9, DELIVER_JSON},
    {"9:dotenv", 9, DELIVER_DOTENV},
    {"9:nul", 9, DELIVER_NUL},
};

START_TEST(a_pipe_is_named_by_number_and_format)
{
	enum deliver_format format;
	int fd;

	expect_ok(deliver_parse_fd(numbers[_i].text, &fd, &format, &err), err);
	ck_assert_int_eq(fd, numbers[_i].fd);
	ck_assert_int_eq(format, numbers[_i].format);
}
END_TEST

static const char *const no_numbers[] = {"", "x", "2", "0", "-3", "+3", " 3", "3 ", "1024",
    "3:", "3:xml", "3:JSON", "3json", ":json", "99999999999999999999", "0x10"};

START_TEST(anything_else_is_no_pipe)
{
	enum deliver_format format;
	int fd;

	expect_failure(
	    deliver_parse_fd(no_numbers[_i], &fd, &format, &err), err, ERROR_USAGE, "--fd \"");
}
END_TEST

/* Deliver and read back to the end, which comes only when no writer is left. */
static void deliver_and_read(int fd, enum deliver_format format, struct secret_buffer *text)
{
	struct deliver_settings settings = to_pipe(fd, format);

	expect_ok(deliver_pipe(&variables, &settings, &err), err);
	ck_assert_int_eq(fcntl(fd, F_GETFD), 0);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	expect_ok(secret_buffer_read_fd(text, fd, "pipe", &err), err);
	close(fd);
}

static const struct {
	enum deliver_format format;
	const char *text;
	size_t length;
} formats[] = {
    {DELIVER_JSON, "{\"A\":\"it's \\\"5\\\" $x\\n\",\"B\":\"\"}", 30},
    {DELIVER_DOTENV, "A='it'\\''s \"5\" $x\n'\nB=''\n", 25},
    {DELIVER_NUL, "A=it's \"5\" $x\n\0B=\0", 18},
};

START_TEST(the_pipe_holds_all_in_its_format)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	add_variable("A", "it's \"5\" $x\n");
	add_variable("B", "");
	deliver_and_read(20, formats[_i].format, &text);
	expect_bytes(text, formats[_i].text, formats[_i].length);
	clean();
}
END_TEST

/* Low numbers are those that pipe(2) itself gives to its two ends. */
START_TEST(any_free_number_will_do)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	for (int fd = 3; fd < 10; fd++)
		close(fd);
	add_variable("A", "1");
	deliver_and_read(3 + _i, DELIVER_JSON, &text);
	expect_text(text, "{\"A\":\"1\"}");
	for (int fd = 3; fd < 10; fd++)
		ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
	clean();
}
END_TEST

START_TEST(a_full_secret_fits)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	size_t size = 786000;
	char *value = malloc(size + 1);

	memset(value, 'x', size);
	value[size] = '\0';
	add_variable("A", value);
	deliver_and_read(20, DELIVER_NUL, &text);
	ck_assert_uint_eq(text.length, size + 3);
	free(value);
	clean();
}
END_TEST

START_TEST(a_number_in_use_is_refused)
{
	struct deliver_settings settings = to_pipe(20, DELIVER_JSON);

	ck_assert_int_eq(dup2(STDERR_FILENO, 20), 20);
	expect_failure(deliver_pipe(&variables, &settings, &err), err, ERROR_USAGE,
	    "--fd 20: this descriptor is open already");
}
END_TEST

START_TEST(a_number_beyond_the_process_limit_is_an_error)
{
	struct deliver_settings settings = to_pipe(500, DELIVER_JSON);
	struct rlimit limit = {100, 100};

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	expect_failure(deliver_pipe(&variables, &settings, &err), err, ERROR_SYSTEM, "--fd 500");
}
END_TEST

static const struct {
	enum deliver_format format;
	const char *name, *value;
	size_t length;
	const char *message;
} unfit[] = {
    {DELIVER_JSON, "A", "\xFF", 1, "no UTF-8 text"},
    {DELIVER_DOTENV, "A", "a\0b", 3, "NUL byte"},
    {DELIVER_NUL, "A", "a\0b", 3, "NUL byte"},
    /* What a shell that reads the dotenv form would run. */
    {DELIVER_DOTENV, "x; rm -rf /; A", "1", 1, "can't be a name in dotenv form"},
    {DELIVER_DOTENV, "A\nB", "1", 1, "can't be a name in dotenv form"},
    {DELIVER_DOTENV, "tls.crt", "1", 1, "can't be a name in dotenv form"},
    {DELIVER_DOTENV, "", "1", 1, "can't be a name in dotenv form"},
    {DELIVER_NUL, "A=B", "1", 1, "can't be a name before \"=\""},
    {DELIVER_NUL, "", "1", 1, "can't be a name before \"=\""},
};

START_TEST(what_a_format_can_not_hold_is_refused)
{
	struct deliver_settings settings = to_pipe(20, unfit[_i].format);

	add_bytes(unfit[_i].name, unfit[_i].value, unfit[_i].length);
	expect_failure(
	    deliver_pipe(&variables, &settings, &err), err, ERROR_INVALID, unfit[_i].message);
	ck_assert_int_eq(fcntl(20, F_GETFD), -1);
	clean();
}
END_TEST

START_TEST(a_name_that_is_no_variable_fits_json_and_nul)
{
	cleanup_secret struct secret_buffer json = SECRET_BUFFER_INIT, nul = SECRET_BUFFER_INIT;

	add_variable("tls.crt", "pem");
	deliver_and_read(20, DELIVER_JSON, &json);
	expect_text(json, "{\"tls.crt\":\"pem\"}");
	deliver_and_read(20, DELIVER_NUL, &nul);
	expect_bytes(nul, "tls.crt=pem", 12);
	clean();
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_test(tests, secrets_join_what_is_not_ours);
	tcase_add_test(tests, our_configuration_stays_when_asked_but_ciphertext_never);
	tcase_add_test(tests, a_clash_is_an_error_that_names_the_source);
	tcase_add_test(tests, override_lets_the_secret_win);
	tcase_add_test(tests, a_ciphertext_gives_way_to_its_plaintext);
	tcase_add_test(tests, with_a_pipe_only_its_number_is_added);
	tcase_add_loop_test(tests, a_pipe_is_named_by_number_and_format, 0, COUNT(numbers));
	tcase_add_loop_test(tests, anything_else_is_no_pipe, 0, COUNT(no_numbers));
	tcase_add_loop_test(tests, the_pipe_holds_all_in_its_format, 0, COUNT(formats));
	tcase_add_loop_test(tests, any_free_number_will_do, 0, 4);
	tcase_add_test(tests, a_full_secret_fits);
	tcase_add_test(tests, a_number_in_use_is_refused);
	tcase_add_test(tests, a_number_beyond_the_process_limit_is_an_error);
	tcase_add_loop_test(tests, what_a_format_can_not_hold_is_refused, 0, COUNT(unfit));
	tcase_add_test(tests, a_name_that_is_no_variable_fits_json_and_nul);
}

int main(void)
{
	return run_tests("deliver", add);
}
