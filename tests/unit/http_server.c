#include "tests/unit/http_server.h"

#include <arpa/inet.h>
#include <check.h>
#include <inttypes.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"

#define CONNECTIONS_MAX 32
#define REQUESTS_MAX 64
#define REQUEST_BYTES_MAX 2097152 /* a value as long as Vault takes it */

struct connection {
	struct http_server *server;
	int fd;
	SSL *tls; /* NULL: plain */
	pthread_t thread;
};

struct http_server {
	const struct http_answer *answers;
	int answer_count, gather;
	int listener;
	SSL_CTX *tls;
	char url[64];
	char *certificate;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a request has come, or the server stops */
	bool stopping;
	struct connection connections[CONNECTIONS_MAX];
	int connection_count;
	char *requests[REQUESTS_MAX];
	int64_t times_ms[REQUESTS_MAX];
	int request_count;
};

static ssize_t receive(struct connection *connection, char *bytes, size_t size)
{
	return connection->tls ? SSL_read(connection->tls, bytes, (int)size)
			       : read(connection->fd, bytes, size);
}

static bool transmit(struct connection *connection, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t sent = connection->tls ? SSL_write(connection->tls, bytes, (int)size)
					       : write(connection->fd, bytes, size);
		if (sent <= 0)
			return false;
		bytes += sent;
		size -= (size_t)sent;
	}
	return true;
}

/* Return the length of the request at the beginning of `text`, or 0 if it is incomplete.
 */
static size_t request_length(const char *text, size_t length)
{
	const char *end = strstr(text, "\r\n\r\n");
	const char *header = strcasestr(text, "\r\nContent-Length:");
	size_t whole;

	if (!end)
		return 0;
	whole = (size_t)(end - text) + 4;
	if (header && header < end)
		whole += strtoul(header + strlen("\r\nContent-Length:"), NULL, 10);
	return whole <= length ? whole : 0;
}

/* Note a request and wait until it may be answered; returns its number, or -1 at the end. */
static int note(struct http_server *server, const char *request, size_t length)
{
	pthread_mutex_lock(&server->lock);
	int number = server->request_count;
	if (number < REQUESTS_MAX) {
		server->requests[number] = strndup(request, length);
		server->times_ms[number] = clock_now_ms();
		server->request_count++;
	}
	pthread_cond_broadcast(&server->changed);
	while (server->request_count < server->gather && !server->stopping)
		pthread_cond_wait(&server->changed, &server->lock);
	bool stopping = server->stopping;
	pthread_mutex_unlock(&server->lock);
	return stopping || number >= REQUESTS_MAX ? -1 : number;
}

static void wait_for_stop(struct http_server *server)
{
	pthread_mutex_lock(&server->lock);
	while (!server->stopping)
		pthread_cond_wait(&server->changed, &server->lock);
	pthread_mutex_unlock(&server->lock);
}

/* Send a copy: when it has been received, the test may end, and the given answer with it. */
static bool answer(struct connection *connection, int number)
{
	struct http_server *server = connection->server;
	int last = server->answer_count - 1;
	const struct http_answer *given = &server->answers[number < last ? number : last];
	const char *body = given->body ? given->body : "";
	char *text = NULL;

	if (given->status == KEEP_SILENT)
		wait_for_stop(server);
	if (given->status <= 0)
		return false;
	int length = asprintf(&text, "HTTP/1.1 %d Answer\r\nContent-Length: %zu\r\n%s\r\n%s",
	    given->status, strlen(body), given->headers ? given->headers : "", body);
	ck_assert_int_gt(length, 0);
	bool sent = transmit(connection, text, (size_t)length);
	free(text);
	return sent;
}

static void *serve_connection(void *context)
{
	struct connection *connection = context;
	char *text = calloc(1, REQUEST_BYTES_MAX);
	size_t length = 0, whole;

	ck_assert_ptr_nonnull(text);
	if (connection->tls && SSL_accept(connection->tls) != 1)
		goto ended;
	for (;;) {
		while ((whole = request_length(text, length)) == 0) {
			ssize_t got =
			    receive(connection, text + length, REQUEST_BYTES_MAX - 1 - length);
			if (got <= 0)
				goto ended;
			length += (size_t)got;
			text[length] = '\0';
		}
		int number = note(connection->server, text, whole);
		if (number < 0 || !answer(connection, number))
			goto ended;
		length -= whole;
		memmove(text, text + whole, length + 1);
	}
ended:
	free(text);
	shutdown(connection->fd, SHUT_RDWR);
	return NULL;
}

static void *serve(void *context)
{
	struct http_server *server = context;

	for (;;) {
		int fd = accept(server->listener, NULL, NULL);
		if (fd < 0 || server->connection_count == CONNECTIONS_MAX)
			return NULL;
		struct connection *connection = &server->connections[server->connection_count];
		connection->server = server;
		connection->fd = fd;
		if (server->tls) {
			connection->tls = SSL_new(server->tls);
			SSL_set_fd(connection->tls, fd);
		}
		if (pthread_create(&connection->thread, NULL, serve_connection, connection))
			return NULL;
		server->connection_count++;
	}
}

static EVP_PKEY *make_key(void)
{
	EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
	EVP_PKEY *key = EVP_PKEY_new();

	ck_assert_int_eq(EC_KEY_generate_key(ec), 1);
	ck_assert_int_eq(EVP_PKEY_assign_EC_KEY(key, ec), 1);
	return key;
}

static X509 *make_certificate(EVP_PKEY *key, const char *names)
{
	X509 *certificate = X509_new();
	X509_NAME *subject = X509_get_subject_name(certificate);
	char common_name[64];
	uint64_t unique;
	X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, NULL, NID_subject_alt_name, names);

	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	/* Issuers are found by name, so each server has one of its own. */
	RAND_bytes((uint8_t *)&unique, sizeof(unique));
	snprintf(common_name, sizeof(common_name), "unit test %" PRIx64, unique);
	X509_NAME_add_entry_by_txt(
	    subject, "CN", MBSTRING_ASC, (unsigned char *)common_name, -1, -1, 0);
	X509_set_issuer_name(certificate, subject);
	X509_set_pubkey(certificate, key);
	ck_assert_ptr_nonnull(extension);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	ck_assert_int_ne(X509_sign(certificate, key, EVP_sha256()), 0);
	return certificate;
}

static char *to_pem(X509 *certificate)
{
	BIO *bio = BIO_new(BIO_s_mem());
	const uint8_t *bytes;
	size_t length;

	ck_assert_int_eq(PEM_write_bio_X509(bio, certificate), 1);
	BIO_mem_contents(bio, &bytes, &length);
	char *pem = strndup((const char *)bytes, length);
	BIO_free(bio);
	return pem;
}

static void set_up_tls(struct http_server *server, const char *names)
{
	EVP_PKEY *key = make_key();
	X509 *certificate = make_certificate(key, names);

	server->tls = SSL_CTX_new(TLS_method());
	ck_assert_int_eq(SSL_CTX_use_certificate(server->tls, certificate), 1);
	ck_assert_int_eq(SSL_CTX_use_PrivateKey(server->tls, key), 1);
	server->certificate = to_pem(certificate);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

struct http_server *http_server_start(
    const struct http_answer *answers, int count, const char *names)
{
	struct http_server *server = calloc(1, sizeof(*server));
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);

	signal(SIGPIPE, SIG_IGN);
	server->answers = answers;
	server->answer_count = count;
	if (names)
		set_up_tls(server, names);
	pthread_mutex_init(&server->lock, NULL);
	pthread_cond_init(&server->changed, NULL);
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(server->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(getsockname(server->listener, (struct sockaddr *)&address, &length), 0);
	ck_assert_int_eq(listen(server->listener, CONNECTIONS_MAX), 0);
	snprintf(server->url, sizeof(server->url), "%s://127.0.0.1:%d", names ? "https" : "http",
	    ntohs(address.sin_port));
	ck_assert_int_eq(pthread_create(&server->thread, NULL, serve, server), 0);
	return server;
}

void http_server_stop(struct http_server *server)
{
	shutdown(server->listener, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->listener);
	pthread_mutex_lock(&server->lock);
	server->stopping = true;
	pthread_cond_broadcast(&server->changed);
	pthread_mutex_unlock(&server->lock);
	for (int i = 0; i < server->connection_count; i++) {
		shutdown(server->connections[i].fd, SHUT_RDWR);
		pthread_join(server->connections[i].thread, NULL);
		SSL_free(server->connections[i].tls);
		close(server->connections[i].fd);
	}
	for (int i = 0; i < server->request_count; i++)
		free(server->requests[i]);
	SSL_CTX_free(server->tls);
	free(server->certificate);
	pthread_cond_destroy(&server->changed);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

void http_server_gather(struct http_server *server, int requests)
{
	pthread_mutex_lock(&server->lock);
	server->gather = requests;
	pthread_mutex_unlock(&server->lock);
}

const char *http_server_url(const struct http_server *server)
{
	return server->url;
}

const char *http_server_certificate(const struct http_server *server)
{
	return server->certificate;
}

int http_server_requests(struct http_server *server)
{
	pthread_mutex_lock(&server->lock);
	int count = server->request_count;
	pthread_mutex_unlock(&server->lock);
	return count;
}

const char *http_server_request(struct http_server *server, int number)
{
	ck_assert_int_lt(number, http_server_requests(server));
	return server->requests[number];
}

int64_t http_server_time_ms(struct http_server *server, int number)
{
	ck_assert_int_lt(number, http_server_requests(server));
	return server->times_ms[number];
}
