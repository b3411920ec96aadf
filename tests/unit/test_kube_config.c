#include <unistd.h>

#include "lib/base/log.h"
#include "lib/kube/secret.h"
#include "tests/unit/kube_scratch.h"

static struct error err;
static struct kube kube;

static void set_up(void)
{
	scratch_make();
	log_init("test", LOG_ERROR, LOG_TEXT);
	memset(&kube, 0, sizeof(kube));
	error_clear(&err);
}

static void tear_down(void)
{
	kube_free(&kube);
	scratch_remove();
}

static int configure(const char *kubeconfig)
{
	struct kube_settings settings = {.kubeconfig = kubeconfig};

	return kube_init(&kube, &settings, &err);
}

/* Configure from a kubeconfig of this text. */
static int configure_from(const char *text)
{
	return configure(scratch_write("kubeconfig", text));
}

/* Return a kubeconfig with one context, whose cluster and user have these members. */
static int configure_with(const char *cluster, const char *user)
{
	char text[4096];

	snprintf(text, sizeof(text),
	    "current-context: c\n"
	    "contexts: [{name: c, context: {cluster: k, user: u}}]\n"
	    "clusters: [{name: k, cluster: {%s}}]\n"
	    "users: [{name: u, user: {%s}}]\n",
	    cluster, user);
	return configure_from(text);
}

#define SERVER "server: 'https://k:6443'"

/* As kind and kubeadm write it. */
START_TEST(a_kubeconfig_of_kind_is_read)
{
	expect_ok(configure_from("apiVersion: v1\n"
				 "clusters:\n"
				 "- cluster:\n"
				 "    certificate-authority-data: " CA_BASE64 "\n"
				 "    server: https://127.0.0.1:36421\n"
				 "  name: kind-kind\n"
				 "contexts:\n"
				 "- context:\n"
				 "    cluster: kind-kind\n"
				 "    user: kind-kind\n"
				 "  name: kind-kind\n"
				 "current-context: kind-kind\n"
				 "kind: Config\n"
				 "preferences: {}\n"
				 "users:\n"
				 "- name: kind-kind\n"
				 "  user:\n"
				 "    client-certificate-data: " CA_BASE64 "\n"
				 "    client-key-data: " KEY_BASE64 "\n"),
	    err);
	ck_assert_str_eq(kube.endpoint.url, "https://127.0.0.1:36421");
	ck_assert_str_eq(kube.endpoint.ca_pem, CA_PEM);
	ck_assert_str_eq(kube.endpoint.certificate_pem, CA_PEM);
	expect_text(kube.endpoint.key_pem, KEY_PEM);
	ck_assert(!kube.endpoint.system_trust);
	ck_assert(!kube.endpoint.insecure);
	ck_assert(!kube.endpoint.proxy_from_environment);
	ck_assert_ptr_null(kube.endpoint.proxy);
	ck_assert_str_eq(kube.namespace, "default");
	ck_assert_uint_eq(kube.token.length, 0);
}
END_TEST

static const char two_contexts[] =
    "{\"apiVersion\": \"v1\", \"kind\": \"Config\", \"current-context\": \"dev\","
    " \"contexts\": ["
    "  {\"name\": \"dev\", \"context\": {\"cluster\": \"k1\", \"user\": \"u1\", \"namespace\": "
    "\"team\"}},"
    "  {\"name\": \"prod\", \"context\": {\"cluster\": \"k2\", \"user\": \"u2\"}}],"
    " \"clusters\": ["
    "  {\"name\": \"k1\", \"cluster\": {\"server\": \"https://dev/k8s/clusters/c-1/\"}},"
    "  {\"name\": \"k2\", \"cluster\": {\"server\": \"https://prod\", \"tls-server-name\": \"api\","
    "    \"proxy-url\": \"http://proxy:3128\"}}],"
    " \"users\": ["
    "  {\"name\": \"u1\", \"user\": {\"token\": \"token-1\"}},"
    "  {\"name\": \"u2\", \"user\": {\"token\": \"token-2\"}}]}";

START_TEST(the_current_context_is_the_default)
{
	expect_ok(configure_from(two_contexts), err);
	ck_assert_str_eq(kube.endpoint.url, "https://dev/k8s/clusters/c-1");
	ck_assert_str_eq(kube.namespace, "team");
	ck_assert(kube.endpoint.system_trust);
	expect_text(kube.token, "token-1");
}
END_TEST

START_TEST(a_named_context_is_used)
{
	struct kube_settings settings = {.kubeconfig = scratch_write("kubeconfig", two_contexts),
	    .context = "prod",
	    .namespace = "mine",
	    .timeout_ms = 1234};

	expect_ok(kube_init(&kube, &settings, &err), err);
	ck_assert_str_eq(kube.endpoint.url, "https://prod");
	ck_assert_str_eq(kube.endpoint.tls_server_name, "api");
	ck_assert_str_eq(kube.endpoint.proxy, "http://proxy:3128");
	ck_assert_str_eq(kube.namespace, "mine");
	ck_assert_int_eq(kube.endpoint.request_timeout_ms, 1234);
	expect_text(kube.token, "token-2");
}
END_TEST

START_TEST(relative_paths_are_relative_to_the_kubeconfig)
{
	const char *path = scratch_write("conf/kubeconfig",
	    "current-context: c\n"
	    "contexts: [{name: c, context: {cluster: k, user: u}}]\n"
	    "clusters: [{name: k, cluster: {server: 'https://k', certificate-authority: ca.crt}}]\n"
	    "users: [{name: u, user: {client-certificate: pki/u.crt, client-key: /abs/u.key,\n"
	    "  tokenFile: token}}]\n");

	expect_ok(configure(path), err);
	ck_assert_str_eq(kube.endpoint.ca_file, scratch_path("conf/ca.crt"));
	ck_assert_str_eq(kube.endpoint.certificate_file, scratch_path("conf/pki/u.crt"));
	ck_assert_str_eq(kube.endpoint.key_file, "/abs/u.key");
	ck_assert_str_eq(kube.token_file, scratch_path("conf/token"));
}
END_TEST

/*
 * KUBECONFIG with several files, as kubectl merges them.
 */

#define CONTEXT(name, cluster, user)                                                               \
	"contexts: [{name: " name ", context: {cluster: " cluster ", user: " user "}}]\n"

static int configure_list(const char *first, const char *second, const char *third)
{
	char list[1024];

	snprintf(list, sizeof(list), "%s::%s:%s:%s", scratch_path("missing"),
	    scratch_write("1/config", first), scratch_write("2/config", second),
	    scratch_write("3/config", third));
	return configure(list);
}

START_TEST(kubeconfigs_are_merged)
{
	expect_ok(
	    configure_list("current-context: c\nusers: [{name: u, user: {tokenFile: t}}]\n",
		CONTEXT("c", "k", "u") "current-context: other\n"
				       "users: [{name: u, user: {token: second}}]\n",
		"clusters: [{name: k, cluster: {server: 'https://third', certificate-authority: "
		"ca.crt}}]\n" CONTEXT("c", "none", "none")),
	    err);
	ck_assert_str_eq(kube.endpoint.url, "https://third");
	ck_assert_str_eq(kube.endpoint.ca_file, scratch_path("3/ca.crt"));
	ck_assert_str_eq(kube.token_file, scratch_path("1/t"));
	ck_assert_uint_eq(kube.token.length, 0);
}
END_TEST

START_TEST(empty_kubeconfigs_add_nothing)
{
	expect_ok(configure_list("", "# nothing\n", two_contexts), err);
	expect_text(kube.token, "token-1");
	kube_free(&kube);
	expect_ok(configure_list(
		      "current-context: ''\nclusters: []\ncontexts: null\n", "{}", two_contexts),
	    err);
	expect_text(kube.token, "token-1");
	kube_free(&kube);
	expect_failure(configure_list("", "---\n", "\n"), err, ERROR_USAGE, "not a kubeconfig");
}
END_TEST

START_TEST(the_first_entry_of_a_name_is_used_whole)
{
	expect_failure(
	    configure_list(CONTEXT("c", "k", "u") "current-context: c\n",
		"clusters: [{name: k, cluster: {tls-server-name: x}}]\nusers: [{name: u, "
		"user: {token: t}}]\n",
		"clusters: [{name: k, cluster: {" SERVER "}}]\n"),
	    err, ERROR_USAGE, "no server");
}
END_TEST

START_TEST(a_file_that_is_not_a_kubeconfig_is_rejected)
{
	expect_failure(configure_list(two_contexts, "", "no kubeconfig"), err, ERROR_USAGE,
	    "not a kubeconfig");
	expect_contains(err.message, scratch_path("3/config"));
	expect_failure(configure_list(two_contexts, "a: [", ""), err, ERROR_INVALID, "line");
	expect_contains(err.message, scratch_path("2/config"));
}
END_TEST

START_TEST(duplicate_names_are_rejected)
{
	expect_failure(
	    configure_from(CONTEXT("c", "k",
		"u") "current-context: c\n"
		     "clusters: [{name: k, cluster: {" SERVER "}}]\n"
		     "users: [{name: u, user: {token: a}}, {name: u, user: {token: b}}]\n"),
	    err, ERROR_USAGE, "users: duplicate name \"u\"");
}
END_TEST

START_TEST(forms_that_kubectl_accepts_are_accepted)
{
	expect_ok(configure_from("\xEF\xBB\xBF" CONTEXT("c", "k",
		      "u") "current-context: c\n"
			   "clusters:\n- name: k\n  cluster:\n    server: HTTPS://K:6443/\n"
			   "    proxy-url: HTTP://proxy:3128\n"
			   "    certificate-authority-data: |\n      "
			   "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tClky\n      "
			   "RT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=\n"
			   "users: [{name: u, user: {token: t}}]\n"),
	    err);
	ck_assert_str_eq(kube.endpoint.url, "https://K:6443");
	ck_assert_str_eq(kube.endpoint.proxy, "http://proxy:3128");
	ck_assert_str_eq(kube.endpoint.ca_pem, CA_PEM);
}
END_TEST

/*
 * auth-provider.
 */

#define OIDC "auth-provider: {name: oidc, config: {idp-issuer-url: 'https://i', client-id: c"

/* {"alg":"none"} . {"exp":4102444800 (2100-01-01), 4102444800.5, 1, none} . "" */
#define JWT(payload) "eyJhbGciOiJub25lIn0." payload ".c2ln"
#define JWT_2100 JWT("eyJleHAiOjQxMDI0NDQ4MDB9")
#define JWT_2100_5 JWT("eyJleHAiOjQxMDI0NDQ4MDAuNX0")
#define JWT_1970 JWT("eyJleHAiOjF9")
#define JWT_NO_TIME JWT("e30")

START_TEST(a_valid_id_token_is_used)
{
	expect_ok(configure_with(SERVER, OIDC ", id-token: " JWT_2100 "}}"), err);
	expect_text(kube.token, JWT_2100);
	kube_free(&kube);
	expect_ok(configure_with(SERVER, OIDC ", id-token: " JWT_2100_5 "}}"), err);
	kube_free(&kube);
	/* A token in the kubeconfig has priority. */
	expect_ok(configure_with(SERVER, "token: t, " OIDC ", id-token: " JWT_1970 "}}"), err);
	expect_text(kube.token, "t");
}
END_TEST

START_TEST(plain_http_to_loopback_is_accepted)
{
	expect_ok(configure_with("server: 'http://127.0.0.1:8080'", "token: t"), err);
	kube_free(&kube);
	expect_ok(configure_with("server: 'http://localhost:8080/'", "token: t"), err);
	ck_assert_str_eq(kube.endpoint.url, "http://localhost:8080");
	kube_free(&kube);
	expect_ok(configure_with("server: 'http://[::1]'", "token: t"), err);
}
END_TEST

START_TEST(insecure_skip_tls_verify_disables_verification)
{
	expect_ok(configure_with(SERVER ", insecure-skip-tls-verify: true", "token: t"), err);
	ck_assert(kube.endpoint.insecure);
	kube_free(&kube);
	expect_ok(configure_with(SERVER ", insecure-skip-tls-verify: True", "token: t"), err);
	ck_assert(kube.endpoint.insecure);
}
END_TEST

START_TEST(empty_and_null_members_are_not_set)
{
	expect_ok(configure_with(SERVER ", certificate-authority-data: null, proxy-url: ''",
		      "token: t, username: '', auth-provider: null, as-groups: []"),
	    err);
	ck_assert_ptr_null(kube.endpoint.ca_pem);
	ck_assert_ptr_null(kube.endpoint.proxy);
}
END_TEST

static const struct {
	const char *cluster, *user, *message;
} refused[] = {
    {"certificate-authority: ca.crt", "token: t", "cluster \"k\": no server"},
    {"server: 'k:6443'", "token: t", "https://HOST:PORT"},
    {"server: 'https://me:pw@k'", "token: t", "not a URL of scheme, host and port"},
    {"server: 'https://k?x=y'", "token: t", "not a URL of scheme, host and port"},
    {"server: 'http://k:8080'", "token: t", "use https"},
    {"server: 'http://localhost.example.com'", "token: t", "use https"},
    {"server: 'http://127.0.0.1.example.com'", "token: t", "use https"},
    {"server: 'https://k:'", "token: t", "https://HOST:PORT"},
    {SERVER ", tls-server-name: 'evil:1234/'", "token: t", "\"evil:1234/\": not a host name"},
    {SERVER ", proxy-url: 'ftp://p'", "token: t", "proxy-url"},
    {SERVER ", proxy-url: 'proxy:3128'", "token: t", "proxy-url: no scheme"},
    {SERVER ", proxy-url: 'http://u:pproxy:3128'", "token: t", "proxy-url: not the URL"},
    {SERVER ", insecure-skip-tls-verify: yes", "token: t",
	"insecure-skip-tls-verify: not a boolean"},
    {SERVER ", insecure-skip-tls-verify: true, certificate-authority: c", "token: t",
	"insecure-skip-tls-verify with"},
    {SERVER ", certificate-authority-data: '%%%'", "token: t",
	"certificate-authority-data: not base64"},
    {SERVER ", certificate-authority-data: aGVsbG8=", "token: t",
	"certificate-authority-data: not PEM"},
    {SERVER, "username: me, password: hunter2", "user \"u\": username"},
    {SERVER, "password: hunter2", "password: Kubernetes has no password login"},
    {SERVER, "auth-provider: {name: gcp}", "auth-provider gcp: kubectl no longer has it"},
    {SERVER, "token: t, auth-provider: {name: azure}", "auth-provider azure: "},
    {SERVER, "auth-provider: {name: oidc}", "idp-issuer-url or client-id is missing"},
    {SERVER, OIDC "}}", "no id-token"},
    {SERVER, OIDC ", id-token: hunter2}}", "id-token: not a JWT"},
    {SERVER, OIDC ", id-token: a.hunter2.c}}", "id-token: not a JWT"},
    {SERVER, OIDC ", id-token: " JWT_1970 ", refresh-token: hunter2}}", "has expired; run kubectl"},
    {SERVER, OIDC ", id-token: " JWT_NO_TIME "}}", "has expired"},
    {SERVER, OIDC "}}, exec: {command: x}", "auth-provider with exec"},
    {SERVER, "token: t, as: admin", "as: impersonation"},
    {SERVER, "token: t, as-groups: [admins]", "as-groups: impersonation"},
    {SERVER, "token: 'hunter2 hunter2'", "the token contains white space"},
    {SERVER, "token: \"hunter2\\nX-Evil: 1\"", "the token contains white space"},
    {SERVER, "token: \"hunter2\\0\"", "token: contains a NUL"},
    {SERVER, "token: 12345", "token: not a string"},
    {SERVER, "client-certificate: c.crt", "without its key"},
    {SERVER, "client-key-data: " KEY_BASE64, "without its key"},
    {SERVER, "client-certificate: c, client-key-data: aGVsbG8=", "client-key-data: not PEM"},
};

START_TEST(unsupported_members_are_rejected)
{
	error_clear(&err);
	ck_assert_int_eq(configure_with(refused[_i].cluster, refused[_i].user), -1);
	expect_contains(err.message, refused[_i].message);
	expect_contains(err.message, scratch_path("kubeconfig"));
	expect_contains(err.message, "context \"c\": ");
	expect_lacks(err.message, "hunter2");
	ck_assert_ptr_null(kube.endpoint.url);
}
END_TEST

static const struct {
	const char *text, *message;
} incomplete[] = {
    {"", "not a kubeconfig"},
    {"[]", "not a kubeconfig"},
    {"a: [", "line 2, column 1"},
    {"contexts: []", "no current-context"},
    {"current-context: c", "no context \"c\""},
    {"current-context: c\ncontexts: [{name: d, context: {cluster: k}}]", "no context \"c\""},
    {"current-context: c\ncontexts: [{name: c, context: {user: u}}]", "context \"c\": no cluster"},
    {"current-context: c\ncontexts: [{name: c, context: {cluster: k}}]\n"
     "clusters: [{name: k, cluster: {server: 'https://k'}}]",
	"context \"c\": no user"},
    {"current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]",
	"context \"c\": no cluster \"k\""},
    {"current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n"
     "clusters: [{name: k, cluster: {server: 'https://k'}}]",
	"context \"c\": no user \"u\""},
    {"current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n"
     "clusters: [{name: k}]",
	"context \"c\": no cluster \"k\""},
};

START_TEST(a_missing_member_is_named)
{
	error_clear(&err);
	ck_assert_int_eq(configure_from(incomplete[_i].text), -1);
	expect_contains(err.message, incomplete[_i].message);
	expect_contains(err.message, scratch_path("kubeconfig"));
}
END_TEST

START_TEST(a_named_kubeconfig_must_exist)
{
	scratch_write(".kube/config", two_contexts);
	expect_failure(configure(scratch_path("missing")), err, ERROR_USAGE, "no such file");
	expect_failure(configure(scratch), err, ERROR_SYSTEM, "Is a directory");
}
END_TEST

START_TEST(invalid_namespaces_are_rejected)
{
	struct kube_settings settings = {
	    .kubeconfig = scratch_write("kubeconfig", two_contexts), .namespace = "../kube-system"};

	expect_failure(kube_init(&kube, &settings, &err), err, ERROR_USAGE, "namespace");
}
END_TEST

/*
 * In the cluster.
 */

static int configure_in_pod(const char *host, const char *port)
{
	struct kube_settings settings = {.service_account_directory = scratch_path("pod")};

	if (host)
		setenv("KUBERNETES_SERVICE_HOST", host, 1);
	if (port)
		setenv("KUBERNETES_SERVICE_PORT", port, 1);
	return kube_init(&kube, &settings, &err);
}

START_TEST(a_pod_uses_its_service_account)
{
	scratch_write("pod/token", "jwt");
	scratch_write("pod/namespace", "demo\n");
	scratch_write(".kube/config", two_contexts);
	expect_ok(configure_in_pod("10.96.0.1", "443"), err);
	ck_assert_str_eq(kube.endpoint.url, "https://10.96.0.1:443");
	ck_assert_str_eq(kube.endpoint.ca_file, scratch_path("pod/ca.crt"));
	ck_assert_str_eq(kube.token_file, scratch_path("pod/token"));
	ck_assert_str_eq(kube.namespace, "demo");
	ck_assert(!kube.endpoint.system_trust);
	ck_assert(!kube.endpoint.proxy_from_environment);
}
END_TEST

START_TEST(ipv6_addresses_get_brackets)
{
	scratch_write("pod/token", "jwt");
	expect_ok(configure_in_pod("fd00:10:96::1", "6443"), err);
	ck_assert_str_eq(kube.endpoint.url, "https://[fd00:10:96::1]:6443");
	ck_assert_str_eq(kube.namespace, "default");
}
END_TEST

START_TEST(invalid_addresses_are_rejected)
{
	scratch_write("pod/token", "jwt");
	expect_failure(configure_in_pod("evil/@host", "443"), err, ERROR_USAGE, "not a host");
	expect_failure(configure_in_pod("host", "4 43"), err, ERROR_USAGE, "not a host");
}
END_TEST

START_TEST(a_named_kubeconfig_overrides_the_pod)
{
	struct kube_settings settings = {.kubeconfig = scratch_write("kubeconfig", two_contexts),
	    .service_account_directory = scratch_path("pod")};

	scratch_write("pod/token", "jwt");
	setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1", 1);
	expect_ok(kube_init(&kube, &settings, &err), err);
	ck_assert_str_eq(kube.namespace, "team");
	ck_assert_ptr_null(kube.token_file);
}
END_TEST

START_TEST(the_kubeconfig_at_home_is_the_last_resort)
{
	scratch_write(".kube/config", two_contexts);
	expect_ok(configure_in_pod(NULL, NULL), err);
	ck_assert_str_eq(kube.namespace, "team");
	kube_free(&kube);
	/* A pod without a token mounted. */
	expect_ok(configure_in_pod("10.96.0.1", "443"), err);
	ck_assert_str_eq(kube.namespace, "team");
}
END_TEST

START_TEST(without_a_configuration_the_error_gives_advice)
{
	expect_failure(configure_in_pod(NULL, NULL), err, ERROR_USAGE, "KUBECONFIG");
	expect_failure(
	    configure_in_pod("10.96.0.1", "443"), err, ERROR_USAGE, "automountServiceAccountToken");
	expect_contains(err.message, scratch_path("pod/token"));
	unsetenv("HOME");
	unsetenv("KUBERNETES_SERVICE_HOST");
	expect_failure(configure_in_pod(NULL, NULL), err, ERROR_USAGE, "--kubeconfig");
}
END_TEST

START_TEST(the_namespace_of_the_pod_is_read)
{
	char *namespace;

	expect_ok(kube_pod_namespace(scratch_path("pod"), &namespace, &err), err);
	ck_assert_ptr_null(namespace);
	scratch_write("pod/namespace", "demo\n");
	expect_ok(kube_pod_namespace(scratch_path("pod"), &namespace, &err), err);
	ck_assert_str_eq(namespace, "demo");
	free(namespace);
}
END_TEST

/* In another namespace are other Secrets: only "not found" means no namespace. */
START_TEST(an_unreadable_namespace_file_is_an_error)
{
	char *namespace;

	scratch_write("pod/namespace", "\n");
	expect_failure(kube_pod_namespace(scratch_path("pod"), &namespace, &err), err,
	    ERROR_INVALID, "namespace: the file is empty");
	ck_assert_int_eq(unlink(scratch_path("pod/namespace")), 0);
	ck_assert_int_eq(mkdir(scratch_path("pod/namespace"), 0700), 0);
	expect_failure(kube_pod_namespace(scratch_path("pod"), &namespace, &err), err, ERROR_SYSTEM,
	    "Is a directory");
	ck_assert_int_eq(rmdir(scratch_path("pod/namespace")), 0);
	ck_assert_int_eq(symlink("namespace", scratch_path("pod/namespace")), 0);
	expect_failure(kube_pod_namespace(scratch_path("pod"), &namespace, &err), err, ERROR_SYSTEM,
	    "Too many levels of symbolic links");
	scratch_write("pod/token", "jwt");
	expect_failure(
	    configure_in_pod("10.96.0.1", "443"), err, ERROR_SYSTEM, "namespace of the pod");
}
END_TEST

START_TEST(an_inaccessible_token_or_kubeconfig_is_an_error)
{
	scratch_write("pod/namespace", "demo");
	scratch_write(".kube/other", "");
	ck_assert_int_eq(symlink("config", scratch_path(".kube/config")), 0);
	expect_failure(configure_in_pod(NULL, NULL), err, ERROR_SYSTEM, ".kube/config: Too many");
	ck_assert_int_eq(symlink("token", scratch_path("pod/token")), 0);
	expect_failure(
	    configure_in_pod("10.96.0.1", "443"), err, ERROR_SYSTEM, "pod/token: Too many");
}
END_TEST

/*
 * The token file.
 */

static int request(struct http_exchange *exchange)
{
	return kube_secret_get_request(&kube, "demo", "app", exchange, &err);
}

START_TEST(the_token_file_is_read_for_each_request)
{
	struct http_exchange exchange;

	scratch_write("pod/token", "first\n");
	expect_ok(configure_in_pod("10.96.0.1", "443"), err);
	expect_ok(request(&exchange), err);
	expect_text(exchange.credential, "Authorization: Bearer first");
	http_exchange_free(&exchange);
	scratch_write("pod/token", "second");
	expect_ok(request(&exchange), err);
	expect_text(exchange.credential, "Authorization: Bearer second");
	http_exchange_free(&exchange);
}
END_TEST

/* As in kubectl, because the file is updated. */
START_TEST(the_token_file_overrides_the_token)
{
	struct http_exchange exchange;

	scratch_write("token", "fresh");
	expect_ok(configure_with(SERVER, "token: stale, tokenFile: token"), err);
	expect_ok(request(&exchange), err);
	expect_text(exchange.credential, "Authorization: Bearer fresh");
	http_exchange_free(&exchange);
}
END_TEST

START_TEST(invalid_token_files_are_rejected)
{
	struct http_exchange exchange;

	scratch_write("pod/token", "hunter2\r\nX-Evil: 1");
	expect_ok(configure_in_pod("10.96.0.1", "443"), err);
	expect_failure(request(&exchange), err, ERROR_INVALID, scratch_path("pod/token"));
	expect_lacks(err.message, "hunter2");
	http_exchange_free(&exchange);
	scratch_write("pod/token", "\n");
	expect_failure(request(&exchange), err, ERROR_INVALID, "the Kubernetes API is empty");
	http_exchange_free(&exchange);
	remove(scratch_path("pod/token"));
	expect_failure(request(&exchange), err, ERROR_SYSTEM, "No such file");
	http_exchange_free(&exchange);
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_kubeconfig_of_kind_is_read);
	tcase_add_test(tests, the_current_context_is_the_default);
	tcase_add_test(tests, a_named_context_is_used);
	tcase_add_test(tests, relative_paths_are_relative_to_the_kubeconfig);
	tcase_add_test(tests, kubeconfigs_are_merged);
	tcase_add_test(tests, empty_kubeconfigs_add_nothing);
	tcase_add_test(tests, the_first_entry_of_a_name_is_used_whole);
	tcase_add_test(tests, a_file_that_is_not_a_kubeconfig_is_rejected);
	tcase_add_test(tests, duplicate_names_are_rejected);
	tcase_add_test(tests, forms_that_kubectl_accepts_are_accepted);
	tcase_add_test(tests, a_valid_id_token_is_used);
	tcase_add_test(tests, plain_http_to_loopback_is_accepted);
	tcase_add_test(tests, insecure_skip_tls_verify_disables_verification);
	tcase_add_test(tests, empty_and_null_members_are_not_set);
	tcase_add_loop_test(tests, unsupported_members_are_rejected, 0, COUNT(refused));
	tcase_add_loop_test(tests, a_missing_member_is_named, 0, COUNT(incomplete));
	tcase_add_test(tests, a_named_kubeconfig_must_exist);
	tcase_add_test(tests, invalid_namespaces_are_rejected);
	tcase_add_test(tests, a_pod_uses_its_service_account);
	tcase_add_test(tests, ipv6_addresses_get_brackets);
	tcase_add_test(tests, invalid_addresses_are_rejected);
	tcase_add_test(tests, a_named_kubeconfig_overrides_the_pod);
	tcase_add_test(tests, the_kubeconfig_at_home_is_the_last_resort);
	tcase_add_test(tests, without_a_configuration_the_error_gives_advice);
	tcase_add_test(tests, the_namespace_of_the_pod_is_read);
	tcase_add_test(tests, an_unreadable_namespace_file_is_an_error);
	tcase_add_test(tests, an_inaccessible_token_or_kubeconfig_is_an_error);
	tcase_add_test(tests, the_token_file_is_read_for_each_request);
	tcase_add_test(tests, the_token_file_overrides_the_token);
	tcase_add_test(tests, invalid_token_files_are_rejected);
}

int main(void)
{
	return run_tests("kube_config", add_tests);
}
