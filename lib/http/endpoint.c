#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/base/folder.h"
#include "lib/base/input_file.h"
#include "lib/http/pem.h"
#include "lib/http/proxy.h"
#include "lib/http/request.h"
#include "lib/http/url.h"

/* For all CA certificates together; four times the system's bundle. */
#define CA_BYTES_MAX ((size_t)1024 * 1024)

void http_endpoint_init(struct http_endpoint *endpoint, const char *name)
{
	memset(endpoint, 0, sizeof(*endpoint));
	endpoint->name = name;
	endpoint->connect_timeout_ms = HTTP_CONNECT_TIMEOUT_MS;
	endpoint->request_timeout_ms = HTTP_REQUEST_TIMEOUT_MS;
	endpoint->retries = HTTP_RETRIES_DEFAULT;
}

void http_endpoint_set_retries(struct http_endpoint *endpoint, int64_t retries)
{
	endpoint->retries =
	    retries >= 0 && retries < HTTP_RETRIES_MAX ? (int)retries : HTTP_RETRIES_MAX;
}

int http_endpoint_set_user_agent(
    struct http_endpoint *endpoint, const char *text, struct error *err)
{
	if (!text)
		return 0;
	free(endpoint->user_agent);
	endpoint->user_agent = strdup(text);
	return endpoint->user_agent ? 0 : error_memory(err);
}

void http_endpoint_free(struct http_endpoint *endpoint)
{
	free(endpoint->url);
	free(endpoint->ca_file);
	free(endpoint->ca_pem);
	free(endpoint->certificate_file);
	free(endpoint->certificate_pem);
	free(endpoint->key_file);
	secret_buffer_free(&endpoint->key_pem);
	free(endpoint->tls_server_name);
	free(endpoint->proxy);
	free(endpoint->user_agent);
	strings_free(&endpoint->headers);
	memset(endpoint, 0, sizeof(*endpoint));
}

/* Return true if the URL's host is this machine. */
static bool is_loopback_url(const char *authority)
{
	static const char *const hosts[] = {"localhost", "127.", "[::1]"};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		size_t length = strlen(hosts[i]);
		if (strncmp(authority, hosts[i], length) != 0)
			continue;
		const char *rest = authority + length;
		if (hosts[i][length - 1] == '.')
			rest += strspn(rest, "0123456789.");
		if (*rest == '\0' || *rest == ':' || *rest == '/')
			return true;
	}
	return false;
}

/* Reject a URL that libcurl would read differently, and plain http to another machine. */
static int check_url(
    const struct http_endpoint *endpoint, const char *text, bool allow_plain, struct error *err)
{
	struct http_url url;

	if (http_url_parse(&url, text, err) < 0)
		return error_wrap(err, "%s address", endpoint->name);
	bool plain = strcmp(url.scheme, "http") == 0;
	http_url_free(&url);
	if (plain && !allow_plain && !is_loopback_url(strstr(text, "//") + 2))
		return error_set(err, ERROR_USAGE,
		    "%s address \"%s\": plain http would send secrets unencrypted; use https",
		    endpoint->name, text);
	return 0;
}

int http_endpoint_set_url(
    struct http_endpoint *endpoint, const char *url, bool allow_plain, struct error *err)
{
	/* Do not repeat such a URL, which may contain a password. */
	if (strpbrk(url, "@?# \t\r\n"))
		return error_set(err, ERROR_USAGE,
		    "%s address: not a URL of scheme, host and port; leave out user and query",
		    endpoint->name);
	if (check_url(endpoint, url, allow_plain, err) < 0)
		return -1;
	endpoint->url = strdup(url);
	if (!endpoint->url)
		return error_memory(err);
	for (char *c = endpoint->url; *c != ':'; c++)
		*c = (char)tolower((unsigned char)*c);
	for (size_t end = strlen(url); end > 0 && url[end - 1] == '/'; end--)
		endpoint->url[end - 1] = '\0';
	return 0;
}

bool http_is_https(const char *url)
{
	return strncmp(url, "https://", strlen("https://")) == 0;
}

char *http_bracketed(const char *name, struct error *err)
{
	return strchr(name, ':') ? string_format(err, "[%s]", name)
				 : string_format(err, "%s", name);
}

int http_endpoint_set_tls_name(struct http_endpoint *endpoint, const char *name, struct error *err)
{
	cleanup_free char *host = http_bracketed(name, err);
	cleanup_free char *text = host ? string_format(err, "https://%s", host) : NULL;
	struct http_url url;

	if (!text)
		return -1;
	/* A port, a path or another spelling of an address gives a different host. */
	bool valid = http_url_parse(&url, text, err) == 0 && strcasecmp(url.host, host) == 0;
	http_url_free(&url);
	if (!valid && err->code == ERROR_SYSTEM)
		return -1;
	if (!valid)
		return error_set(err, ERROR_USAGE,
		    "%s: TLS server name \"%s\": not a host name; write a name of its certificate",
		    endpoint->name, name);
	endpoint->tls_server_name = strdup(name);
	return endpoint->tls_server_name ? 0 : error_memory(err);
}

int http_endpoint_set_proxy(struct http_endpoint *endpoint, const char *proxy, struct error *err)
{
	cleanup_secret struct secret_buffer url = SECRET_BUFFER_INIT;

	if (http_proxy_normalize(&url, proxy, err) < 0)
		return -1;
	endpoint->proxy = strdup(url.data);
	return endpoint->proxy ? 0 : error_memory(err);
}

/* Append the text of a file that contains a certificate; skip any other file or folder. */
static int append_certificates(struct secret_buffer *pem, const char *path, struct error *err)
{
	cleanup_secret struct secret_buffer text = {.limit = CA_BYTES_MAX};
	struct error other = ERROR_INIT;
	struct stat status;

	if (stat(path, &status) < 0)
		return input_file_is_absent(errno) ? 0 : error_system(err, "%s", path);
	if (!S_ISREG(status.st_mode))
		return 0;
	if (secret_buffer_read_file(&text, path, err) < 0)
		return -1;
	if (http_pem_check(&text, HTTP_PEM_CERTIFICATE, &other) < 0)
		return 0;
	if (secret_buffer_append_string(pem, text.data, err) < 0 ||
	    secret_buffer_append(pem, "\n", 1, err) < 0)
		return error_wrap(err, "%s", path);
	return 0;
}

int http_endpoint_read_ca_directory(
    struct http_endpoint *endpoint, const char *directory, struct error *err)
{
	cleanup_secret struct secret_buffer pem = {.limit = CA_BYTES_MAX};
	struct strings names = {NULL, 0};
	int result = folder_list(AT_FDCWD, directory, directory, &names, err);

	for (size_t i = 0; result == 0 && i < names.count; i++) {
		cleanup_free char *path = string_format(err, "%s/%s", directory, names.items[i]);
		result = path ? append_certificates(&pem, path, err) : -1;
	}
	strings_free(&names);
	if (result < 0)
		return error_wrap(err, "%s: CA folder", endpoint->name);
	if (pem.length == 0)
		return error_set(err, ERROR_INVALID, "%s: CA folder %s: no certificate in PEM form",
		    endpoint->name, directory);
	endpoint->ca_pem = strdup(pem.data);
	return endpoint->ca_pem ? 0 : error_memory(err);
}
