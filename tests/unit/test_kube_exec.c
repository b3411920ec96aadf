#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/credential_environment.h"
#include "lib/base/log.h"
#include "lib/kube/kube.h"
#include "tests/unit/kube_scratch.h"

static struct error err;
static struct kube kube;

static void set_up(void)
{
	scratch_make();
	log_init("test", LOG_ERROR, LOG_TEXT);
	memset(&kube, 0, sizeof(kube));
	error_clear(&err);
	/* stdin is a file that a plugin must not read, and not a terminal. */
	int ends[2];
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(write(ends[1], "values", 6), 6);
	close(ends[1]);
	ck_assert_int_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	close(ends[0]);
}

static void tear_down(void)
{
	kube_free(&kube);
	scratch_remove();
}

static int configure_from(const char *text)
{
	struct kube_settings settings = {.kubeconfig = scratch_write("kubeconfig", text)};

	return kube_init(&kube, &settings, &err);
}

/* Return a kubeconfig with an exec plugin with these members; valid until the next call. */
static const char *kubeconfig_with(const char *cluster, const char *exec)
{
	static char text[4096];

	snprintf(text, sizeof(text),
	    "current-context: c\n"
	    "contexts: [{name: c, context: {cluster: k, user: u}}]\n"
	    "clusters: [{name: k, cluster: {server: 'https://k:6443' %s}}]\n"
	    "users: [{name: u, user: {exec: {%s}}}]\n",
	    cluster, exec);
	return text;
}

static int configure_with(const char *cluster, const char *exec)
{
	return configure_from(kubeconfig_with(cluster, exec));
}

#define VERSION_1 "apiVersion: client.authentication.k8s.io/v1"
#define VERSION_1_BETA "apiVersion: client.authentication.k8s.io/v1beta1"

/* Write a script that records its arguments, environment and stdin, and prints a token. */
static void write_plugin(const char *name, const char *version)
{
	char script[1024];

	snprintf(script, sizeof(script),
	    "#!/bin/sh\n"
	    "cd '%s'\n"
	    "printf '%%s\\n' \"$0\" \"$@\" >arguments\n"
	    "printf '%%s' \"$KUBERNETES_EXEC_INFO\" >info\n"
	    "env >environment\n"
	    "cat >stdin\n"
	    "echo run >>runs\n"
	    "cat <<END\n"
	    "{\"kind\": \"ExecCredential\", \"apiVersion\": \"client.authentication.k8s.io/%s\",\n"
	    " \"spec\": {\"interactive\": false},\n"
	    " \"status\": {\"expirationTimestamp\": \"2100-01-01T00:00:00Z\", \"token\": "
	    "\"k8s-aws-v1.abc\"}}\n"
	    "END\n",
	    scratch, version);
	scratch_write_script(name, script);
}

/* Write a script that prints this. */
static int configure_with_output(const char *output)
{
	char script[1024];

	snprintf(script, sizeof(script), "#!/bin/sh\ncat <<'END'\n%s\nEND\n", output);
	scratch_write_script("plugin", script);
	return configure_with("", "command: ./plugin, " VERSION_1);
}

static void expect_file(const char *name, const char *text)
{
	cleanup_secret struct secret_buffer content = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_read_file(&content, scratch_path(name), &err), err);
	expect_text(content, text);
}

static void expect_in_file(const char *name, const char *line)
{
	cleanup_secret struct secret_buffer content = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append_string(&content, "\n", &err), err);
	expect_ok(secret_buffer_read_file(&content, scratch_path(name), &err), err);
	expect_contains(content.data, line);
}

static void use_path(void)
{
	char path[256];

	snprintf(path, sizeof(path), "%s:/usr/bin:/bin", scratch);
	setenv("PATH", path, 1);
}

/* As `aws eks update-kubeconfig` writes it. */
START_TEST(a_kubeconfig_of_eks_is_read)
{
	write_plugin("aws", "v1beta1");
	use_path();
	setenv("AWS_PROFILE", "other", 1);
	expect_ok(configure_from("apiVersion: v1\n"
				 "clusters:\n"
				 "- cluster:\n"
				 "    certificate-authority-data: " CA_BASE64 "\n"
				 "    server: https://ABC.gr7.eu-west-1.eks.amazonaws.com\n"
				 "  name: arn:aws:eks:eu-west-1:111122223333:cluster/demo\n"
				 "contexts:\n"
				 "- context:\n"
				 "    cluster: arn:aws:eks:eu-west-1:111122223333:cluster/demo\n"
				 "    user: arn:aws:eks:eu-west-1:111122223333:cluster/demo\n"
				 "  name: demo\n"
				 "current-context: demo\n"
				 "kind: Config\n"
				 "preferences: {}\n"
				 "users:\n"
				 "- name: arn:aws:eks:eu-west-1:111122223333:cluster/demo\n"
				 "  user:\n"
				 "    exec:\n"
				 "      apiVersion: client.authentication.k8s.io/v1beta1\n"
				 "      args:\n"
				 "      - --region\n"
				 "      - eu-west-1\n"
				 "      - eks\n"
				 "      - get-token\n"
				 "      - $(touch hacked); 'a b'\n"
				 "      command: aws\n"
				 "      env:\n"
				 "      - name: AWS_PROFILE\n"
				 "        value: work\n"),
	    err);
	expect_text(kube.token, "k8s-aws-v1.abc");
	ck_assert_ptr_null(kube.endpoint.certificate_pem);
	expect_in_file(
	    "arguments", "--region\neu-west-1\neks\nget-token\n$(touch hacked); 'a b'\n");
	expect_file("info", "{\"apiVersion\":\"client.authentication.k8s.io/v1beta1\","
			    "\"kind\":\"ExecCredential\",\"spec\":{\"interactive\":false}}");
	expect_in_file("environment", "\nAWS_PROFILE=work\n");
	expect_in_file("environment", "\nHOME=");
	expect_file("stdin", "");
	expect_file("runs", "run\n");
	ck_assert_int_ne(access(scratch_path("hacked"), F_OK), 0);
}
END_TEST

/* As gke-gcloud-auth-plugin requires it, with the cluster's description. */
START_TEST(a_kubeconfig_of_gke_is_read)
{
	write_plugin("gke-gcloud-auth-plugin", "v1beta1");
	use_path();
	expect_ok(
	    configure_with(", certificate-authority-data: " CA_BASE64 ", tls-server-name: api,"
			   " extensions: [{name: other, extension: 1},"
			   " {name: client.authentication.k8s.io/exec, extension: {a: [b]}}]",
		VERSION_1_BETA
		", command: gke-gcloud-auth-plugin, installHint: Install it,"
		" provideClusterInfo: true, interactiveMode: IfAvailable, args: null,"
		" env: null"),
	    err);
	expect_text(kube.token, "k8s-aws-v1.abc");
	expect_file("info",
	    "{\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",\"kind\":\"ExecCredential\","
	    "\"spec\":{\"interactive\":false,\"cluster\":{\"server\":\"https://k:6443\","
	    "\"tls-server-name\":\"api\",\"certificate-authority-data\":\"" CA_BASE64 "\","
	    "\"config\":{\"a\":[\"b\"]}}}}");
}
END_TEST

START_TEST(a_ca_file_is_passed_as_data)
{
	write_plugin("plugin", "v1");
	scratch_write("ca.crt", CA_PEM);
	expect_ok(configure_with(", certificate-authority: ca.crt",
		      VERSION_1 ", command: ./plugin, provideClusterInfo: true"),
	    err);
	expect_in_file("info", "\"certificate-authority-data\":\"" CA_BASE64 "\"}}}");
}
END_TEST

START_TEST(a_command_with_a_slash_is_relative_to_the_kubeconfig)
{
	write_plugin("bin/plugin", "v1");
	expect_ok(configure_with("", VERSION_1 ", command: ./bin/plugin"), err);
	expect_text(kube.token, "k8s-aws-v1.abc");
}
END_TEST

START_TEST(with_a_token_the_plugin_is_not_run)
{
	static const char *const tokens[] = {"token: t", "tokenFile: t"};

	for (size_t i = 0; i < COUNT(tokens); i++) {
		char text[512];
		snprintf(text, sizeof(text),
		    "current-context: c\n"
		    "contexts: [{name: c, context: {cluster: k, user: u}}]\n"
		    "clusters: [{name: k, cluster: {server: 'https://k:6443'}}]\n"
		    "users: [{name: u, user: {%s, exec: {command: /missing}}}]\n",
		    tokens[i]);
		expect_ok(configure_from(text), err);
		kube_free(&kube);
	}
}
END_TEST

START_TEST(a_client_certificate_is_used)
{
	expect_ok(
	    configure_with_output(
		"{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\","
		"\"status\":{\"clientCertificateData\":"
		"\"-----BEGIN CERTIFICATE-----\\nY2E=\\n-----END CERTIFICATE-----\\n\","
		"\"clientKeyData\":"
		"\"-----BEGIN PRIVATE KEY-----\\na2V5\\n-----END PRIVATE KEY-----\\n\"}}"),
	    err);
	ck_assert_str_eq(kube.endpoint.certificate_pem, CA_PEM);
	expect_text(kube.endpoint.key_pem, KEY_PEM);
	ck_assert_uint_eq(kube.token.length, 0);
}
END_TEST

#define CREDENTIAL "{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\""

static const struct {
	const char *output, *message;
} bad_outputs[] = {
    {"", "its output"},
    {"hunter2", "its output"},
    {"{}", "not an ExecCredential"},
    {"{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1beta1\","
     "\"status\":{\"token\":\"hunter2\"}}",
	"not an ExecCredential of client.authentication.k8s.io/v1"},
    {CREDENTIAL "}", "neither a token"},
    {CREDENTIAL ",\"status\":{}}", "neither a token"},
    {CREDENTIAL ",\"status\":{\"clientCertificateData\":\"hunter2\"}}", "neither a token"},
    {CREDENTIAL ",\"status\":{\"token\":\"hunter2\",\"clientKeyData\":\"hunter2\"}}",
	"neither a token"},
    {CREDENTIAL ",\"status\":{\"token\":\"hunter2\\r\\nX-Evil: 1\"}}", "the token contains"},
    {CREDENTIAL ",\"status\":{\"token\":\"\"}}", "the token is empty"},
};

START_TEST(invalid_output_is_rejected)
{
	error_clear(&err);
	ck_assert_int_eq(configure_with_output(bad_outputs[_i].output), -1);
	expect_contains(err.message, bad_outputs[_i].message);
	expect_contains(err.message, "user \"u\": exec plugin ");
	expect_lacks(err.message, "hunter2");
}
END_TEST

static const struct {
	const char *exec, *message;
} bad_plugins[] = {
    {"command: x, apiVersion: client.authentication.k8s.io/v1alpha1", "apiVersion"},
    {"command: x", "apiVersion"},
    {VERSION_1, "no command"},
    {VERSION_1 ", command: x, args: [1]", "args"},
    {VERSION_1 ", command: x, env: [{name: A}]", "env"},
    {VERSION_1 ", command: x, env: [{name: A=B, value: c}]", "env"},
    {VERSION_1 ", command: x, interactiveMode: Always", "not a terminal"},
    {VERSION_1 ", command: no-such-plugin, installHint: \"Get it\\nfrom there\"",
	"exec plugin no-such-plugin: cannot run: No such file or directory; Get it from "
	"there"},
    {VERSION_1 ", command: ./no-such-plugin", "No such file or directory; install it"},
    {VERSION_1 ", command: ./kubeconfig", "Permission denied"},
};

START_TEST(a_plugin_that_cannot_run_is_an_error)
{
	error_clear(&err);
	ck_assert_int_eq(configure_with("", bad_plugins[_i].exec), -1);
	expect_contains(err.message, bad_plugins[_i].message);
	expect_contains(err.message, "exec plugin");
}
END_TEST

START_TEST(a_plugin_that_fails_is_an_error)
{
	scratch_write_script("plugin", "#!/bin/sh\nexit 3\n");
	expect_failure(configure_with("", VERSION_1 ", command: ./plugin"), err, ERROR_SYSTEM,
	    "exit status 3");
	scratch_write_script("plugin", "#!/bin/sh\nkill -TERM $$\n");
	expect_failure(
	    configure_with("", VERSION_1 ", command: ./plugin"), err, ERROR_SYSTEM, "signal 15");
}
END_TEST

/* execvp would run it with /bin/sh. */
START_TEST(a_file_without_an_interpreter_is_not_run_by_a_shell)
{
	char script[256];

	snprintf(script, sizeof(script), "touch '%s'\n", scratch_path("hacked"));
	scratch_write_script("plugin", script);
	expect_failure(configure_with("", VERSION_1 ", command: ./plugin"), err, ERROR_SYSTEM,
	    "Exec format error");
	ck_assert_int_ne(access(scratch_path("hacked"), F_OK), 0);
}
END_TEST

START_TEST(a_plugin_with_endless_output_is_killed)
{
	scratch_write_script("plugin", "#!/bin/sh\nexec yes\n");
	expect_failure(configure_with("", VERSION_1 ", command: ./plugin"), err, ERROR_TOO_LARGE,
	    "its output: larger than");
}
END_TEST

/* It closes its output and continues: its output is complete, but its exit status is open. */
START_TEST(a_plugin_is_killed_at_the_deadline)
{
	int64_t start = clock_now_ms();
	struct kube_settings settings = {.deadline_ms = start + 200};

	scratch_write_script("plugin", "#!/bin/sh\nexec sleep 1000 >/dev/null\n");
	settings.kubeconfig =
	    scratch_write("kubeconfig", kubeconfig_with("", VERSION_1 ", command: ./plugin"));
	expect_failure(kube_init(&kube, &settings, &err), err, ERROR_SYSTEM, "still running");
	ck_assert_int_ge(clock_now_ms() - start, 200);
	ck_assert_int_lt(clock_now_ms() - start, 100000);
	ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

static const char *const vault_tokens[] = {"VAULT_TOKEN", "BAO_TOKEN", "SECRET_EXEC_VAULT_TOKEN",
    "SECRET_SEAL_VAULT_TOKEN", "SECRET_ROTATE_VAULT_TOKEN", "VAULT_SECRET_ID", "BAO_SECRET_ID",
    "SECRET_EXEC_VAULT_SECRET_ID", "VAULT_JWT", "BAO_JWT", "SECRET_SEAL_VAULT_JWT", "ID_TOKEN"};

/* A program that a kubeconfig names must not get credentials for Vault, or values. */
START_TEST(a_plugin_does_not_get_the_vault_token)
{
	cleanup_secret struct secret_buffer environment = SECRET_BUFFER_INIT;

	for (size_t i = 0; i < COUNT(vault_tokens); i++)
		setenv(vault_tokens[i], "hvs.hunter2", 1);
	credential_environment_add("ID_TOKEN");
	setenv("SECRET_SEAL_FROM_LITERAL", "A=hunter2", 1);
	setenv("SECRET_SEAL_SET", "A=hunter2", 1);
	setenv("VAULT_PROXY_ADDR", "http://user:hunter2@proxy:3128", 1);
	setenv("SECRET_SEAL_VAULT_PROXY_ADDR", "http://user:hunter2@proxy:3128", 1);
	setenv("BAO_PROXY_ADDR", "http://proxy:3128", 1);
	setenv("VAULT_ADDR", "https://vault:8200", 1);
	setenv("MY_ID_TOKEN", "1", 1);
	setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "for-clouds", 1);
	write_plugin("plugin", "v1");
	expect_ok(configure_with("", VERSION_1 ", command: ./plugin"), err);
	expect_ok(secret_buffer_read_file(&environment, scratch_path("environment"), &err), err);
	expect_lacks(environment.data, "hunter2");
	expect_lacks(environment.data, "VAULT_TOKEN");
	expect_lacks(environment.data, "BAO_TOKEN");
	expect_contains(environment.data, "BAO_PROXY_ADDR=http://proxy:3128\n");
	expect_contains(environment.data, "VAULT_ADDR=https://vault:8200\n");
	expect_contains(environment.data, "MY_ID_TOKEN=1\n");
	expect_contains(environment.data, "ACTIONS_ID_TOKEN_REQUEST_TOKEN=for-clouds\n");
}
END_TEST

static void on_alarm(int number)
{
	(void)number;
}

/* As when a user presses Ctrl-C while the plugin waits for a login. */
START_TEST(a_signal_ends_the_wait)
{
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	struct itimerval soon = {.it_value.tv_usec = 50000, .it_interval.tv_usec = 50000};

	scratch_write_script("plugin", "#!/bin/sh\nexec sleep 1000\n");
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	int result = configure_with("", VERSION_1 ", command: ./plugin");
	setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
	ck_assert_int_eq(result, -1);
	ck_assert_int_eq(err.code, ERROR_INTERRUPTED);
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_kubeconfig_of_eks_is_read);
	tcase_add_test(tests, a_kubeconfig_of_gke_is_read);
	tcase_add_test(tests, a_ca_file_is_passed_as_data);
	tcase_add_test(tests, a_command_with_a_slash_is_relative_to_the_kubeconfig);
	tcase_add_test(tests, with_a_token_the_plugin_is_not_run);
	tcase_add_test(tests, a_client_certificate_is_used);
	tcase_add_loop_test(tests, invalid_output_is_rejected, 0, COUNT(bad_outputs));
	tcase_add_loop_test(tests, a_plugin_that_cannot_run_is_an_error, 0, COUNT(bad_plugins));
	tcase_add_test(tests, a_plugin_that_fails_is_an_error);
	tcase_add_test(tests, a_file_without_an_interpreter_is_not_run_by_a_shell);
	tcase_add_test(tests, a_plugin_with_endless_output_is_killed);
	tcase_add_test(tests, a_plugin_is_killed_at_the_deadline);
	tcase_add_test(tests, a_plugin_does_not_get_the_vault_token);
	tcase_add_test(tests, a_signal_ends_the_wait);
}

int main(void)
{
	return run_tests("kube_exec", add_tests);
}
