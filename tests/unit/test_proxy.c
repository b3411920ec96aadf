#include "lib/http/proxy.h"
#include "tests/unit/expect.h"

static struct error err;

/* The rules are golang.org/x/net/http/httpproxy's, whose own test cases are among these; final
 * dots do not count, as curl has it. */
static const struct {
	const char *list, *server;
	bool bypassed;
} cases[] = {
    {"", "https://vault.example:8200", false},
    {"*", "https://vault.example", true},
    {"other,*", "https://vault.example", true},
    {"vault.example", "https://vault.example:8200", true},
    {"VAULT.Example", "https://vault.EXAMPLE", true},
    {"vault.example", "https://vault.example.:8200", true},
    {"vault.example.", "https://vault.example:8200", true},
    {"example.:8200", "https://vault.example.:8200", true},
    {".", "https://vault.example", false},
    {"example", "https://vault.example", true},
    {"ample", "https://vault.example", false},
    {"vault.example", "https://example", false},
    {".example", "https://vault.example", true},
    {".example", "https://a.b.example", true},
    {".example", "https://example", false},
    {"*.example", "https://vault.example", true},
    {"*.example", "https://a.b.example", true},
    {"*.example", "https://example", false},
    {"*.example", "https://vaultexample", false},
    {"*.example:8200", "https://vault.example:8200", true},
    {"*.example:8200", "https://vault.example", false},
    {"v*.example", "https://vault.example", false},
    {"vault.example:8200", "https://vault.example:8200", true},
    {"vault.example:8200", "https://vault.example:8201", false},
    {"vault.example:443", "https://vault.example", true},
    {"vault.example:80", "http://vault.example", true},
    {"vault.example:", "https://vault.example:8200", true},
    {":8200", "https://vault.example:8200", false},
    {".example:8200", "https://vault.example:8200", true},
    {"other.example,vault.example", "https://vault.example", true},
    {" other.example , vault.example ", "https://vault.example", true},
    {"other.example vault.example", "https://vault.example", true},
    {",,", "https://vault.example", false},
    {"10.0.0.1", "https://10.0.0.1:8200", true},
    {"10.0.0.1:8200", "https://10.0.0.1:8200", true},
    {"10.0.0.1:8201", "https://10.0.0.1:8200", false},
    {"10.0.0", "https://10.0.0.1", false},
    {".0.0.1", "https://10.0.0.1", false},
    {"10.0.0.0/8", "https://10.1.2.3", true},
    {"10.0.0.0/8", "https://11.1.2.3", false},
    {"10.128.0.0/9", "https://10.127.2.3", false},
    {"10.128.0.0/9", "https://10.129.2.3", true},
    {"0.0.0.0/0", "https://10.129.2.3", true},
    {"10.0.0.0/33", "https://10.0.0.1", false},
    {"10.0.0.0/", "https://10.0.0.1", false},
    {"10.0.0.0/8x", "https://10.0.0.1", false},
    {"10.0.0.0/8", "https://vault.example", false},
    {"2001:db8::1", "https://[2001:db8::1]:8200", true},
    {"[2001:db8::1]", "https://[2001:db8::1]:8200", true},
    {"[2001:DB8::1]:8200", "https://[2001:db8::1]:8200", true},
    {"[2001:db8::1]:8201", "https://[2001:db8::1]:8200", false},
    {"2001:db8::/32", "https://[2001:db8:1::1]", true},
    {"2001:db8::/32", "https://[2001:db9::1]", false},
    {"2001:db8::/129", "https://[2001:db8::1]", false},
    {"::/0", "https://10.0.0.1", false},
    {"10.0.0.1", "https://[::ffff:10.0.0.1]", true},
    /* This machine is never asked by a proxy. */
    {"", "https://127.0.0.1:8200", true},
    {"", "https://127.9.9.9:8200", true},
    {"", "http://localhost:8200", true},
    {"", "https://[::1]:8200", true},
    {"", "https://vault.localhost", false},
};

START_TEST(no_proxy_is_read_as_go_reads_it)
{
	struct http_url server;

	expect_ok(http_url_parse(&server, cases[_i].server, &err), err);
	ck_assert_int_eq(http_proxy_is_bypassed(cases[_i].list, &server), cases[_i].bypassed);
	http_url_free(&server);
}
END_TEST

static const struct {
	const char *proxy, *url;
} proxies[] = {
    {"http://proxy:3128", "http://proxy:3128"},
    {"http://proxy:3128/", "http://proxy:3128"},
    {"proxy:3128", "http://proxy:3128"},
    {"proxy", "http://proxy:80"},
    {"HTTPS://proxy", "https://proxy:443"},
    {"http://proxy:443", "http://proxy:443"},
    {"socks5://proxy", "socks5://proxy:1080"},
    {"socks5h://proxy:9050", "socks5h://proxy:9050"},
    {"http://[2001:db8::1]", "http://[2001:db8::1]:80"},
    {"http://user:p%40ss%2Fword@proxy:3128", "http://user:p%40ss%2Fword@proxy:3128"},
    {"user:password@proxy.example:3128", "http://user:password@proxy.example:3128"},
    {"http://user:p@ss@@proxy:3128", "http://user:p%40ss%40@proxy:3128"},
    {"http://@proxy:3128", "http://@proxy:3128"},
};

START_TEST(a_proxys_url_is_completed_as_go_does)
{
	cleanup_secret struct secret_buffer url = SECRET_BUFFER_INIT;

	expect_ok(http_proxy_normalize(&url, proxies[_i].proxy, &err), err);
	expect_text(url, proxies[_i].url);
}
END_TEST

/* The variables, in the order in which they count. */
static const char *const names[] = {
    "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "NO_PROXY", "no_proxy"};

static const struct {
	const char *values[7];
	const char *https, *http;
} environments[] = {
    {{NULL}, "", ""},
    {{"http://a:1"}, "http://a:1", ""},
    {{NULL, "http://b:1"}, "http://b:1", ""},
    {{"http://a:1", "http://b:1"}, "http://a:1", ""},
    {{"", "http://b:1"}, "http://b:1", ""},
    {{NULL, NULL, "http://c:1", "http://d:1"}, "", "http://c:1"},
    {{NULL, NULL, NULL, "http://d:1"}, "", "http://d:1"},
    {{NULL, NULL, NULL, NULL, "http://e:1"}, "", ""},
    {{"http://a:1", NULL, NULL, NULL, NULL, "vault.example"}, "", ""},
    {{"http://a:1", NULL, NULL, NULL, NULL, NULL, "vault.example"}, "", ""},
    {{"http://a:1", NULL, NULL, NULL, NULL, "other", "vault.example"}, "http://a:1", ""},
};

START_TEST(the_environment_is_read_as_go_reads_it)
{
	static const char *const servers[] = {"https://vault.example", "http://vault.example"};

	for (size_t i = 0; i < COUNT(names); i++)
		if (environments[_i].values[i])
			setenv(names[i], environments[_i].values[i], 1);
		else
			unsetenv(names[i]);
	for (int i = 0; i < 2; i++) {
		cleanup_secret struct secret_buffer url = SECRET_BUFFER_INIT;
		struct http_url server;

		expect_ok(http_url_parse(&server, servers[i], &err), err);
		expect_ok(http_proxy_from_environment(&url, &server, &err), err);
		ck_assert_str_eq(
		    secret_buffer_string(&url), i ? environments[_i].http : environments[_i].https);
		http_url_free(&server);
	}
}
END_TEST

START_TEST(a_mistyped_variable_is_named_and_not_repeated)
{
	cleanup_secret struct secret_buffer url = SECRET_BUFFER_INIT;
	struct http_url server;

	unsetenv("HTTPS_PROXY");
	unsetenv("NO_PROXY");
	setenv("https_proxy", "http://user:hunter2proxy:3128", 1);
	expect_ok(http_url_parse(&server, "https://vault.example", &err), err);
	expect_failure(http_proxy_from_environment(&url, &server, &err), err, ERROR_USAGE,
	    "https_proxy: not the URL of a proxy");
	expect_lacks(err.message, "hunter2");
	http_url_free(&server);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_loop_test(tests, no_proxy_is_read_as_go_reads_it, 0, COUNT(cases));
	tcase_add_loop_test(tests, a_proxys_url_is_completed_as_go_does, 0, COUNT(proxies));
	tcase_add_loop_test(tests, the_environment_is_read_as_go_reads_it, 0, COUNT(environments));
	tcase_add_test(tests, a_mistyped_variable_is_named_and_not_repeated);
}

int main(void)
{
	return run_tests("proxy", add);
}
