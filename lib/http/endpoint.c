#include <stdlib.h>
#include <string.h>

#include "lib/http/http.h"

void http_endpoint_init(struct http_endpoint *endpoint, const char *name)
{
	memset(endpoint, 0, sizeof(*endpoint));
	endpoint->name = name;
	endpoint->connect_timeout_ms = HTTP_CONNECT_TIMEOUT_MS;
	endpoint->request_timeout_ms = HTTP_REQUEST_TIMEOUT_MS;
	endpoint->retries = HTTP_RETRIES_DEFAULT;
}

void http_endpoint_free(struct http_endpoint *endpoint)
{
	free(endpoint->url);
	free(endpoint->ca_file);
	free(endpoint->ca_directory);
	free(endpoint->ca_pem);
	free(endpoint->certificate_file);
	free(endpoint->certificate_pem);
	free(endpoint->key_file);
	secret_buffer_free(&endpoint->key_pem);
	free(endpoint->tls_server_name);
	free(endpoint->proxy);
	strings_free(&endpoint->headers);
	memset(endpoint, 0, sizeof(*endpoint));
}

/* The URL's host is this machine itself. */
static bool is_loopback(const char *authority)
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

bool http_endpoint_is_local(const struct http_endpoint *endpoint)
{
	const char *authority = endpoint->url ? strstr(endpoint->url, "//") : NULL;

	return authority && is_loopback(authority + 2);
}

int http_endpoint_set_url(
    struct http_endpoint *endpoint, const char *url, bool allow_plain, struct error *err)
{
	bool plain = strncmp(url, "http://", 7) == 0;

	/* What stands before '@' may be a password, so such a URL is not repeated. */
	if (strpbrk(url, "@?# \t\r\n"))
		return error_set(err, ERROR_USAGE,
		    "%s address: a URL of scheme, host and port is wanted, without user or query",
		    endpoint->name);
	if (!plain && strncmp(url, "https://", 8) != 0)
		return error_set(err, ERROR_USAGE,
		    "%s address \"%s\": not an http or https URL: write https://HOST:PORT",
		    endpoint->name, url);
	if (plain && !allow_plain && !is_loopback(url + 7))
		return error_set(err, ERROR_USAGE,
		    "%s address \"%s\": plain http would send secrets unencrypted: use https",
		    endpoint->name, url);
	endpoint->url = strdup(url);
	if (!endpoint->url)
		return error_memory(err);
	for (size_t end = strlen(url); end > 0 && url[end - 1] == '/'; end--)
		endpoint->url[end - 1] = '\0';
	return 0;
}
