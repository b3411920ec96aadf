#include "lib/rotate/files.h"

#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "tests/unit/expect.h"
#include "tests/unit/http_server.h"

#define HEAD(name)                                                                                 \
	"---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: " name "\n  namespace: demo\n"      \
	"  annotations:\n    secretmanager/transit-key: "
#define KEY(version)                                                                               \
	{                                                                                          \
		200, NULL, "{\"data\":{\"latest_version\":" version "}}"                           \
	}
#define OLD "vault:v1:AAAA"
#define NEW "vault:v2:BBBB"

static struct error err;
static char folder[32], path[64], log_path[64];
static struct http_server *server;
static struct http_client *client;
static struct rotate_files_settings settings;
static struct rotate_files_summary summary;

static void set_up(void)
{
	strcpy(folder, "/tmp/rotate-files.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/app.yaml", folder);
	snprintf(log_path, sizeof(log_path), "%s.log", folder);
	log_init("secret-rotate", LOG_WARNING, LOG_TEXT);
	client = http_client_new(0, &err);
	settings = (struct rotate_files_settings){.session = VAULT_SESSION_DEFAULTS};
	settings.session.token = "s.token";
}

static void tear_down(void)
{
	http_client_free(client);
	http_server_stop(server);
	unlink(path);
	unlink(log_path);
	/* Fails when anything was left behind. */
	ck_assert_int_eq(rmdir(folder), 0);
}

static void write_manifest(const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void expect_file(const char *file, const char *part)
{
	cleanup_secret struct secret_buffer now = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_read_file(&now, file, &err), err);
	expect_contains(secret_buffer_string(&now), part);
}

/* Rotate the manifest, with these answers of Vault; messages go to log_path. */
static int rotate_with(const struct http_answer *answers, int count)
{
	char *paths[] = {path};
	int messages = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int terminal = dup(STDERR_FILENO);

	server = http_server_start(answers, count, NULL);
	settings.vault = (struct vault_settings){.address = http_server_url(server)};
	error_clear(&err);
	dup2(messages, STDERR_FILENO);
	int result = rotate_files(client, &settings, paths, 1, &summary, &err);
	dup2(terminal, STDERR_FILENO);
	close(terminal);
	close(messages);
	return result;
}
#define rotate(...)                                                                                \
	rotate_with((const struct http_answer[]){__VA_ARGS__},                                     \
	    sizeof((const struct http_answer[]){__VA_ARGS__}) / sizeof(struct http_answer))

/* "prefix" and so many letters. */
static char *long_text(const char *prefix, size_t letters)
{
	char *text = malloc(strlen(prefix) + letters + 1);

	strcpy(text, prefix);
	memset(text + strlen(prefix), 'A', letters);
	text[strlen(prefix) + letters] = '\0';
	return text;
}

/* Return Vault's answer with this one ciphertext: so large a value has a request of its own. */
static char *one_rewrapped(const char *ciphertext)
{
	return string_format(
	    &err, "{\"data\":{\"batch_results\":[{\"ciphertext\":\"%s\"}]}}", ciphertext);
}

START_TEST(a_value_that_would_grow_too_long_keeps_its_text)
{
	cleanup_free char *old = long_text("vault:v1:", 1048564);
	cleanup_free char *new = long_text("vault:v10000:", 1048564);
	cleanup_free char *text = string_format(&err,
	    HEAD("long") "k\nstringData: {A: %s}\n" HEAD("app") "k\nstringData: {A: " OLD "}\n",
	    old);
	cleanup_free char *answer = one_rewrapped(new);

	write_manifest(text);
	expect_failure(rotate(KEY("10000"), {200, NULL, answer},
			   {200, NULL,
			       "{\"data\":{\"batch_results\":[{\"ciphertext\":"
			       "\"vault:v10000:BBBB\"}]}}"}),
	    err, ERROR_REJECTED, "1 of 2 Secrets are not all on the newest version");
	expect_file(log_path, "app.yaml:9: Secret demo/long: data key \"A\": the new ciphertext "
			      "would have 1048577 characters");
	expect_file(path, old);
	expect_file(path, "{A: vault:v10000:BBBB}");
	ck_assert_uint_eq(summary.failed, 1);
	ck_assert_uint_eq(summary.rewrapped, 1);
}
END_TEST

START_TEST(a_secret_that_would_grow_too_large_keeps_its_text)
{
	cleanup_free char *old = long_text("vault:v1:", 524276);
	cleanup_free char *new = long_text("vault:v10000:", 524276);
	cleanup_free char *text =
	    string_format(&err, HEAD("large") "k\nstringData: {A: %s, B: %s}\n", old, old);
	cleanup_free char *answer = one_rewrapped(new);

	write_manifest(text);
	expect_failure(rotate(KEY("10000"), {200, NULL, answer}, {200, NULL, answer}), err,
	    ERROR_REJECTED, "1 of 1");
	expect_file(log_path, "app.yaml:2: Secret demo/large: its values would have 1048578 bytes");
	expect_file(path, text);
	ck_assert_uint_eq(summary.changed, 0);
}
END_TEST

/* Answers of Vault that are not a new ciphertext. */
static const char *const not_ciphertexts[] = {
    "vault:v1:AAAA", "", "plain", "vault:v2:", "vault:v2:A"};

START_TEST(an_answer_that_is_not_new_ciphertext_is_refused)
{
	cleanup_free char *answer = string_format(
	    &err, "{\"data\":{\"batch_results\":[{\"ciphertext\":\"%s\"}]}}", not_ciphertexts[_i]);

	write_manifest(HEAD("app") "k\nstringData: {A: " OLD "}\n");
	expect_failure(rotate(KEY("2"), {200, NULL, answer}), err, ERROR_REJECTED, "1 of 1");
	expect_file(log_path, "not ciphertext of the newest version");
	expect_file(path, "{A: " OLD "}");
}
END_TEST

START_TEST(bound_and_unbound_values_go_in_two_requests)
{
	write_manifest(HEAD(
	    "bound") "k\n    secretmanager/scope: strict\nstringData: {A: " OLD
		     "}\n" HEAD("app") "transit/k\nstringData: {A: " OLD ", B: " OLD "}\n" HEAD(
			 "wide") "k\n    secretmanager/scope: cluster-wide\nstringData: {A: " OLD
				 "}\n");
	expect_ok(rotate(KEY("2"),
		      {200, NULL,
			  "{\"data\":{\"batch_results\":[{\"ciphertext\":\"vault:v2:CCCC\"},"
			  "{\"ciphertext\":\"vault:v2:DDDD\"}]}}"},
		      {200, NULL,
			  "{\"data\":{\"batch_results\":[{\"ciphertext\":\"vault:v2:EEEE\"},"
			  "{\"ciphertext\":\"vault:v2:FFFF\"}]}}"}),
	    err);
	ck_assert_int_eq(http_server_requests(server), 3);
	expect_contains(http_server_request(server, 0), "GET /v1/transit/keys/k ");
	expect_contains(http_server_request(server, 2),
	    "{\"batch_input\":[{\"ciphertext\":\"" OLD "\"},{\"ciphertext\":\"" OLD "\"}]}");
	/* base64 of demo/bound/A and //A */
	expect_contains(http_server_request(server, 1),
	    "{\"batch_input\":[{\"ciphertext\":\"" OLD "\",\"context\":\"ZGVtby9ib3VuZC9B\"},"
	    "{\"ciphertext\":\"" OLD "\",\"context\":\"Ly9B\"}]}");
	expect_file(path, "{A: vault:v2:EEEE, B: vault:v2:FFFF}");
	expect_file(path, "strict\nstringData: {A: vault:v2:CCCC}");
	expect_file(path, "cluster-wide\nstringData: {A: vault:v2:DDDD}");
}
END_TEST

START_TEST(a_refused_request_does_not_stop_the_others)
{
	write_manifest(HEAD("one") "k\nstringData: {A: " OLD ", B: " OLD
				   "}\n" HEAD("two") "l\nstringData: {A: " OLD "}\n");
	expect_failure(
	    rotate(KEY("2"), KEY("2"), {400, NULL, "{\"errors\":[\"not this one\"]}"},
		{200, NULL, "{\"data\":{\"batch_results\":[{\"ciphertext\":\"" NEW "\"}]}}"}),
	    err, ERROR_REJECTED, "1 of 2");
	expect_file(log_path, "app.yaml:2: Secret demo/one: rewrap with Transit key transit/k: ");
	expect_file(log_path, "not this one");
	expect_file(path, "{A: " OLD ", B: " OLD "}");
	expect_file(path, "{A: " NEW "}");
}
END_TEST

#define ITEM(name, data)                                                                           \
	"- apiVersion: v1\n  kind: Secret\n  metadata:\n    name: " name "\n    annotations:\n"    \
	"      secretmanager/transit-key: k\n  " data "\n"
#define OLD_64 "dmF1bHQ6djE6QUFBQQ=="
#define NEW_64 "dmF1bHQ6djI6QkJCQg=="
#define NEL "\xC2\x85" /* a line break of YAML 1.1 only */

START_TEST(a_secret_that_cannot_be_changed_does_not_stop_the_others_of_its_list)
{
	static const char *const odd =
	    "data:\n    A: |" NEL "        dmF1bHQ6\n        djE6QUFBQQ==";

	write_manifest("apiVersion: v1\nkind: List\nitems:\n" ITEM("a", "data: {A: " OLD_64 "}")
		ITEM("odd", "data:\n    A: |" NEL "        dmF1bHQ6\n        djE6QUFBQQ==")
		    ITEM("b", "data: {A: " OLD_64 "}"));
	expect_failure(rotate(KEY("2"),
			   {200, NULL,
			       "{\"data\":{\"batch_results\":[{\"ciphertext\":\"" NEW
			       "\"},{\"ciphertext\":\"" NEW "\"},{\"ciphertext\":\"" NEW "\"}]}}"}),
	    err, ERROR_REJECTED, "1 of 3 Secrets are not all on the newest version");
	expect_file(log_path, "app.yaml:11: Secret odd: ");
	expect_file(log_path, "changed safely");
	expect_file(path,
	    "name: a\n    annotations:\n      secretmanager/transit-key: k\n  data: {A: " NEW_64
	    "}");
	expect_file(path, odd);
	expect_file(path,
	    "name: b\n    annotations:\n      secretmanager/transit-key: k\n  data: {A: " NEW_64
	    "}");
	ck_assert_uint_eq(summary.rewrapped, 2);
}
END_TEST

static char printed[256];

static void print_old(const char *line)
{
	snprintf(printed + strlen(printed), sizeof(printed) - strlen(printed), "%s\n", line);
}

START_TEST(a_dry_run_reports_old_secrets_and_changes_nothing)
{
	settings.dry_run = true;
	settings.print_old = print_old;
	write_manifest("# nothing\n" HEAD("app") "k\nstringData: {A: " OLD
						 ", B: vault:v3:AAAA, C: vault:v4:AAAA}\n");
	expect_ok(rotate(KEY("4")), err);
	cleanup_free char *line =
	    string_format(&err, "%s: Secret demo/app: 2 values v1..v3 -> v4\n", path);
	ck_assert_str_eq(printed, line);
	ck_assert_int_eq(http_server_requests(server), 1);
	expect_file(path, "{A: " OLD ", B: ");
}
END_TEST

/* The age of the newest version (-1: Vault does not report it), and the number of requests with
 * --min-age 1h. */
static const struct {
	int64_t age_s;
	int requests;
} ages[] = {{30, 1}, {7200, 3}, {-1, 3}};

START_TEST(a_young_key_is_not_rotated)
{
	cleanup_free char *state =
	    string_format(&err, "{\"data\":{\"latest_version\":2,\"keys\":{\"2\":%lld}}}",
		ages[_i].age_s < 0 ? 0LL : (long long)(time(NULL) - ages[_i].age_s));

	settings.phase = ROTATE_FILES_ROTATE;
	settings.min_age_ms = 3600 * 1000;
	write_manifest(HEAD("app") "k\nstringData: {A: " OLD "}\n");
	expect_ok(rotate({200, NULL, state}, {200, NULL, "{}"}, KEY("3")), err);
	ck_assert_int_eq(http_server_requests(server), ages[_i].requests);
	ck_assert_uint_eq(summary.keys, ages[_i].requests == 3);
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_value_that_would_grow_too_long_keeps_its_text);
	tcase_add_test(tests, a_secret_that_would_grow_too_large_keeps_its_text);
	tcase_add_loop_test(
	    tests, an_answer_that_is_not_new_ciphertext_is_refused, 0, COUNT(not_ciphertexts));
	tcase_add_test(tests, bound_and_unbound_values_go_in_two_requests);
	tcase_add_test(tests, a_refused_request_does_not_stop_the_others);
	tcase_add_test(tests, a_secret_that_cannot_be_changed_does_not_stop_the_others_of_its_list);
	tcase_add_test(tests, a_dry_run_reports_old_secrets_and_changes_nothing);
	tcase_add_loop_test(tests, a_young_key_is_not_rotated, 0, COUNT(ages));
}

int main(void)
{
	return run_tests("rotate_files", add_tests);
}
