#include "lib/http/proxy.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/cleanup.h"
#include "lib/base/strings.h"

static const struct {
	const char *scheme;
	int port;
} schemes[] = {{"http://", 80}, {"https://", 443}, {"socks5://", 1080}, {"socks5h://", 1080}};

static int reject_proxy(struct error *err)
{
	return error_set(err, ERROR_USAGE,
	    "not the URL of a proxy; write http://[USER:PASSWORD@]HOST:PORT (or https, socks5), "
	    "with special characters percent-encoded");
}

/* Append HOST:PORT. */
static int append_host(
    struct secret_buffer *url, const char *text, int usual_port, struct error *err)
{
	cleanup_free char *whole = string_format(err, "http://%s", text);
	struct http_url parsed;

	if (!whole)
		return -1;
	if (http_url_parse(&parsed, whole, err) < 0)
		return err->code == ERROR_USAGE ? reject_proxy(err) : -1;
	bool named = text[strlen(parsed.host)] == ':';
	/* A proxy has no path, so this may be the rest of a password. */
	int result =
	    strcmp(http_url_prefix(whole), "") != 0 && strcmp(http_url_prefix(whole), "/") != 0
		? reject_proxy(err)
	    : named ? secret_buffer_append_format(url, err, "%s:%s", parsed.host, parsed.port)
		    : secret_buffer_append_format(url, err, "%s:%d", parsed.host, usual_port);
	http_url_free(&parsed);
	return result;
}

/* Append USER:PASSWORD@.  The last '@' ends the password, as in Go. */
static int append_user(
    struct secret_buffer *url, const char *text, const char *at, struct error *err)
{
	size_t length;

	if (strcspn(text, "/\\") < (size_t)(at - text))
		return reject_proxy(err);
	for (; text < at; text += length) {
		length = strcspn(text, "@");
		if (secret_buffer_append(url, text, length, err) < 0)
			return -1;
		if (text + length < at) {
			if (secret_buffer_append_string(url, "%40", err) < 0)
				return -1;
			length++;
		}
	}
	return secret_buffer_append_string(url, "@", err);
}

int http_proxy_normalize(struct secret_buffer *url, const char *proxy, struct error *err)
{
	const char *scheme = strstr(proxy, "://"), *host = scheme ? scheme + 3 : proxy;
	const char *at = strrchr(host, '@');
	size_t kind = 0, kinds = sizeof(schemes) / sizeof(schemes[0]);

	for (; scheme && kind < kinds; kind++)
		if (strncasecmp(proxy, schemes[kind].scheme, strlen(schemes[kind].scheme)) == 0)
			break;
	if (kind == kinds || strpbrk(proxy, "?# \t\r\n"))
		return reject_proxy(err);
	if (secret_buffer_append_string(url, schemes[kind].scheme, err) < 0 ||
	    (at && append_user(url, host, at, err) < 0))
		return -1;
	return append_host(url, at ? at + 1 : host, schemes[kind].port, err);
}

/* -- NO_PROXY --------------------------------------------------------------------------------- */

/* A host to compare with NO_PROXY, in lower case, without brackets and final dot. */
struct target {
	char host[256];
	const char *port;
	int family; /* of an IP address; 0 for a name */
	unsigned char address[16];
};

/* Parse an IP address and return its family, or 0.  Convert an IPv4-mapped IPv6 address to IPv4. */
static int read_address(const char *text, unsigned char address[16])
{
	static const unsigned char mapped[12] = {[10] = 0xFF, [11] = 0xFF};

	if (inet_pton(AF_INET, text, address) == 1)
		return AF_INET;
	if (inet_pton(AF_INET6, text, address) != 1)
		return 0;
	if (memcmp(address, mapped, sizeof(mapped)) != 0)
		return AF_INET6;
	memmove(address, address + sizeof(mapped), 4);
	return AF_INET;
}

/* Copy a host in lower case, without brackets and final dot. */
static void copy_host(char *to, size_t size, const char *from, size_t length)
{
	if (length > 1 && from[0] == '[' && from[length - 1] == ']') {
		from++;
		length -= 2;
	}
	if (length >= size)
		length = size - 1;
	for (size_t i = 0; i < length; i++)
		to[i] = (char)tolower((unsigned char)from[i]);
	if (length > 0 && to[length - 1] == '.')
		length--;
	to[length] = '\0';
}

static void make_target(struct target *target, const struct http_url *server)
{
	copy_host(target->host, sizeof(target->host), server->host, strlen(server->host));
	target->port = server->port;
	target->family = read_address(target->host, target->address);
}

static bool is_loopback_target(const struct target *target)
{
	if (target->family == AF_INET)
		return target->address[0] == 127;
	return strcmp(target->host, "localhost") == 0 || strcmp(target->host, "::1") == 0;
}

/* Match the address with ADDRESS/BITS. */
static bool matches_network(const char *entry, const struct target *target)
{
	const char *slash = strchr(entry, '/');
	unsigned char network[16];
	char address[64], *end;

	copy_host(address, sizeof(address), entry, (size_t)(slash - entry));
	long bits = strtol(slash + 1, &end, 10);
	int family = read_address(address, network);
	if (family == 0 || family != target->family || !isdigit((unsigned char)slash[1]) || *end ||
	    bits > (family == AF_INET ? 32 : 128))
		return false;
	size_t whole = (size_t)bits / 8, rest = (size_t)bits % 8;
	return memcmp(network, target->address, whole) == 0 &&
	       (rest == 0 || (network[whole] ^ target->address[whole]) >> (8 - rest) == 0);
}

/*
 * Match the host with NAME, which includes its subdomains, or with .NAME or *.NAME, which match
 * only subdomains.
 */
static bool matches_name(const char *pattern, const char *host)
{
	if (strncmp(pattern, "*.", 2) == 0)
		pattern++;
	size_t length = strlen(pattern), whole = strlen(host);
	if (length == 0 || whole < length || strcmp(host + whole - length, pattern) != 0)
		return false;
	return pattern[0] == '.' ? whole > length
				 : whole == length || host[whole - length - 1] == '.';
}

/* Match the target with "*", ADDRESS/BITS, or an address or name with or without a port. */
static bool matches_entry(const char *entry, const struct target *target)
{
	const char *bracket = strchr(entry, ']'), *colon = strrchr(entry, ':');
	unsigned char address[16];
	char host[256];

	if (strcmp(entry, "*") == 0)
		return true;
	if (strchr(entry, '/'))
		return matches_network(entry, target);
	/* An IPv6 address without brackets has no port. */
	if (colon && (bracket ? colon < bracket : strchr(entry, ':') != colon))
		colon = NULL;
	if (colon && colon[1] && strcmp(colon + 1, target->port) != 0)
		return false;
	copy_host(host, sizeof(host), entry, colon ? (size_t)(colon - entry) : strlen(entry));
	int family = read_address(host, address);
	if (family)
		return family == target->family &&
		       memcmp(address, target->address, family == AF_INET ? 4 : 16) == 0;
	return target->family == 0 && matches_name(host, target->host);
}

bool http_proxy_is_bypassed(const char *list, const struct http_url *server)
{
	struct target target;
	size_t length;

	make_target(&target, server);
	if (is_loopback_target(&target))
		return true;
	for (; *(list += strspn(list, ", \t\r\n")); list += length) {
		char entry[512];
		length = strcspn(list, ", \t\r\n");
		if (length >= sizeof(entry))
			continue;
		memcpy(entry, list, length);
		entry[length] = '\0';
		if (matches_entry(entry, &target))
			return true;
	}
	return false;
}

/* -- environment ------------------------------------------------------------------------------ */

/* Return the value of the first variable that is set, and set *name to the variable's name. */
static const char *read_variable(const char *upper, const char *lower, const char **name)
{
	*name = is_set(getenv(upper)) ? upper : lower;
	return getenv(*name);
}

int http_proxy_from_environment(
    struct secret_buffer *url, const struct http_url *server, struct error *err)
{
	const char *name, *unused;
	const char *proxy = strcmp(server->scheme, "https") == 0
				? read_variable("HTTPS_PROXY", "https_proxy", &name)
				: read_variable("HTTP_PROXY", "http_proxy", &name);
	const char *except = read_variable("NO_PROXY", "no_proxy", &unused);

	if (!is_set(proxy) || http_proxy_is_bypassed(except ? except : "", server))
		return 0;
	return http_proxy_normalize(url, proxy, err) < 0 ? error_wrap(err, "%s", name) : 0;
}
