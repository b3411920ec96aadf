#include "lib/http/url.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#include "lib/base/strings.h"
#include "lib/http/request.h"

static const char name_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";

/* Return true if the URL has exactly HOST or HOST:PORT between "//" and its path. */
static bool is_written_out(const char *text, const struct http_url *url)
{
	size_t scheme = strlen(url->scheme), host = strlen(url->host);
	const char *authority = text + scheme + strlen("://");

	/* libcurl also accepts one slash, or three. */
	if (strncasecmp(text, url->scheme, scheme) != 0 || strncmp(text + scheme, "://", 3) != 0)
		return false;
	size_t length = strcspn(authority, "/?#");
	if (length < host || strncasecmp(authority, url->host, host) != 0)
		return false;
	const char *rest = authority + host;
	length -= host;
	return length == 0 || (*rest == ':' && length - 1 == strlen(url->port) &&
				  memcmp(rest + 1, url->port, length - 1) == 0);
}

static bool is_acceptable(const char *text, const struct http_url *url)
{
	if (strcmp(url->scheme, "https") != 0 && strcmp(url->scheme, "http") != 0)
		return false;
	/* libcurl has already checked an address in brackets. */
	if (url->host[0] != '[' && url->host[strspn(url->host, name_letters)])
		return false;
	return is_written_out(text, url);
}

int http_url_parse(struct http_url *url, const char *text, struct error *err)
{
	const struct {
		CURLUPart part;
		char **to;
		unsigned flags;
	} parts[] = {{CURLUPART_SCHEME, &url->scheme, 0}, {CURLUPART_HOST, &url->host, 0},
	    {CURLUPART_PORT, &url->port, CURLU_DEFAULT_PORT},
	    {CURLUPART_PATH, &url->path, CURLU_URLDECODE}};
	CURLU *parsed = curl_url();
	CURLUcode code =
	    parsed ? curl_url_set(parsed, CURLUPART_URL, text, 0) : CURLUE_OUT_OF_MEMORY;

	memset(url, 0, sizeof(*url));
	for (size_t i = 0; code == CURLUE_OK && i < sizeof(parts) / sizeof(parts[0]); i++)
		code = curl_url_get(parsed, parts[i].part, parts[i].to, parts[i].flags);
	curl_url_cleanup(parsed);
	if (code == CURLUE_OK && is_acceptable(text, url))
		return 0;
	http_url_free(url);
	/* libcurl reports most failed allocations as a malformed URL. */
	if (code == CURLUE_OUT_OF_MEMORY || (code != CURLUE_OK && http_libcurl_lacked_memory()))
		return error_memory(err);
	return error_set(err, ERROR_USAGE, "not an http or https URL; write https://HOST:PORT");
}

void http_url_free(struct http_url *url)
{
	curl_free(url->scheme);
	curl_free(url->host);
	curl_free(url->port);
	curl_free(url->path);
	memset(url, 0, sizeof(*url));
}

char *http_url_origin(const struct http_url *url, struct error *err)
{
	const char *usual = strcmp(url->scheme, "https") == 0 ? "443" : "80";
	bool named = strcmp(url->port, usual) != 0;

	return string_format(
	    err, "%s://%s%s%s", url->scheme, url->host, named ? ":" : "", named ? url->port : "");
}

const char *http_url_prefix(const char *text)
{
	const char *authority = strstr(text, "//") + 2;

	return authority + strcspn(authority, "/");
}

bool http_url_same_server(const struct http_url *a, const struct http_url *b)
{
	return strcmp(a->scheme, b->scheme) == 0 && strcasecmp(a->host, b->host) == 0 &&
	       strcmp(a->port, b->port) == 0;
}
