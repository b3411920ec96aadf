/* Lack of memory in a TLS handshake never reads as a certificate that is not trusted. */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/http/http.h"
#include "tests/unit/expect.h"
#include "tests/unit/http_server.h"

/* How many allocations of this thread still succeed before one fails; then `failed` of them have.
 */
static _Thread_local long left = -1;
static _Thread_local long failed;

#ifndef __SANITIZE_ADDRESS__ /* which has allocators of its own */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);

static bool fails(void)
{
	if (left < 0 || left-- > 0)
		return false;
	failed++;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
	return fails() ? NULL : __libc_realloc(memory, size);
}
#endif

static struct error err;

enum trust { CA_TEXT, CA_FILE, CA_BUNDLE };

static void set_trust(struct http_endpoint *endpoint, enum trust trust, const char *pem)
{
	static char path[] = "/tmp/test_http_memory.XXXXXX";
	static int fd = -1;

	if (fd < 0)
		fd = mkstemp(path);
	ck_assert_int_eq(pwrite(fd, pem, strlen(pem), 0), (ssize_t)strlen(pem));
	ck_assert_int_eq(ftruncate(fd, (off_t)strlen(pem)), 0);
	setenv("SSL_CERT_FILE", path, 1);
	if (trust == CA_TEXT)
		endpoint->ca_pem = strdup(pem);
	else if (trust == CA_FILE)
		endpoint->ca_file = strdup(path);
	else
		endpoint->system_trust = true;
}

/* One request, in which the allocation of this number fails; false: there were fewer. */
static bool try_without(enum trust trust, long number)
{
	/* libcurl may leave a connection behind, for which a server would wait. */
	const struct http_answer fine[] = {{200, NULL, "{}"}};
	struct http_server *server = http_server_start(fine, 1, "IP:127.0.0.1");
	struct http_client *client = http_client_new(0, &err);
	struct http_endpoint endpoint;
	struct http_exchange exchange = {.endpoint = &endpoint, .method = "GET"};

	ck_assert_ptr_nonnull(client);
	http_endpoint_init(&endpoint, "Test server");
	endpoint.url = strdup(http_server_url(server));
	endpoint.retries = 0;
	set_trust(&endpoint, trust, http_server_certificate(server));
	expect_ok(secret_buffer_append_string(&exchange.path, "/", &err), err);
	error_clear(&err);
	left = number;
	failed = 0;
	int result = http_run_one(client, &exchange, &err);
	left = -1;
	if (result == 0 && exchange.status == 0)
		err = exchange.error;
	ck_assert_msg(
	    !strstr(err.message, "not trusted"), "allocation %ld: %s", number, err.message);
	ck_assert_msg(failed || exchange.status == 200, "allocation %ld: %s", number, err.message);
	http_exchange_free(&exchange);
	http_client_free(client);
	http_endpoint_free(&endpoint);
	http_server_stop(server);
	return failed > 0;
}

START_TEST(lack_of_memory_does_not_read_as_another_ca)
{
	long number = 0;

	log_init("test_http_memory", LOG_ERROR, LOG_TEXT);
	while (try_without((enum trust)_i, number))
		number++;
#ifndef __SANITIZE_ADDRESS__
	ck_assert_int_gt(number, 500);
#endif
	unlink(getenv("SSL_CERT_FILE"));
}
END_TEST

/* libcurl, once it has been initialized, reports a failed allocation as a malformed URL. */
START_TEST(lack_of_memory_does_not_read_as_a_bad_address)
{
	struct http_client *client = http_client_new(0, &err);
	struct http_endpoint endpoint;
	long number = 0;

	ck_assert_ptr_nonnull(client);
	do {
		http_endpoint_init(&endpoint, "Test server");
		error_clear(&err);
		left = number++;
		failed = 0;
		int result =
		    http_endpoint_set_url(&endpoint, "https://vault.example:8200", false, &err);
		if (result == 0)
			result = http_endpoint_set_tls_name(&endpoint, "vault.example", &err);
		left = -1;
		ck_assert_msg(result == 0 || strstr(err.message, "out of memory"),
		    "allocation %ld: %s", number, err.message);
		http_endpoint_free(&endpoint);
	} while (failed);
	http_client_free(client);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_test(tests, lack_of_memory_does_not_read_as_a_bad_address);
	tcase_add_loop_test(
	    tests, lack_of_memory_does_not_read_as_another_ca, CA_TEXT, CA_BUNDLE + 1);
}

int main(void)
{
	return run_tests("http_memory", add);
}
