#include "lib/vault/vault.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/base/utf8.h"
#include "lib/vault/internal.h"

/* http_check shortens a longer message, so the rest is not needed. */
#define ERRORS_MAX 2048
/* A response with this header refuses the login of its request. */
#define INLINE_LOGIN_REFUSED "X-Vault-Inline-Auth-Failed"

/* -- configuration ---------------------------------------------------------------------------- */

void vault_token_free(struct vault_token *token)
{
	secret_buffer_free(&token->value);
	memset(token, 0, sizeof(*token));
}

bool vault_token_is_spent(const struct vault_token *token)
{
	return token->num_uses > 0 && token->requests >= token->num_uses;
}

void vault_inline_login_clear(struct vault *vault)
{
	struct vault_inline_login *inline_login = vault->inline_login;

	if (!inline_login)
		return;
	secret_buffer_free(&inline_login->jwt);
	secret_buffer_free(&inline_login->parameter);
	strings_free(&inline_login->headers);
	free(inline_login);
	vault->inline_login = NULL;
}

void vault_free(struct vault *vault)
{
	vault_token_free(&vault->token);
	vault_inline_login_clear(vault);
	http_endpoint_free(&vault->endpoint);
}

static int set_address(
    struct vault *vault, const struct vault_settings *settings, struct error *err)
{
	if (!is_set(settings->address))
		return error_set(
		    err, ERROR_USAGE, "no Vault address; set VAULT_ADDR or --vault-addr");
	return http_endpoint_set_url(
	    &vault->endpoint, settings->address, settings->skip_verify, err);
}

static int copy_setting(char **to, const char *from, struct error *err)
{
	if (!is_set(from))
		return 0;
	*to = strdup(from);
	return *to ? 0 : error_memory(err);
}

/* Check early: libcurl reports a missing file only in the handshake, and a missing key never. */
static int set_client_certificate(
    struct http_endpoint *endpoint, const struct vault_settings *settings, struct error *err)
{
	const char *files[] = {settings->certificate_file, settings->key_file};

	if (is_set(files[0]) != is_set(files[1]))
		return error_set(err, ERROR_USAGE,
		    "only one of VAULT_CLIENT_CERT and VAULT_CLIENT_KEY is set; set both, to the "
		    "same file if it contains both");
	for (size_t i = 0; i < 2; i++)
		if (is_set(files[i]) && access(files[i], R_OK) < 0)
			return error_system(
			    err, "Vault's client %s %s", i ? "key" : "certificate", files[i]);
	if (copy_setting(&endpoint->certificate_file, files[0], err) < 0)
		return -1;
	return copy_setting(&endpoint->key_file, files[1], err);
}

static int set_trust(
    struct http_endpoint *endpoint, const struct vault_settings *settings, struct error *err)
{
	endpoint->trust_hint = "set VAULT_CACERT (or VAULT_CACERT_BYTES, VAULT_CAPATH) to the "
			       "CA certificate of Vault, mounted into the container";
	if (copy_setting(&endpoint->ca_pem, settings->ca_pem, err) < 0 ||
	    copy_setting(&endpoint->ca_file, settings->ca_file, err) < 0 ||
	    set_client_certificate(endpoint, settings, err) < 0)
		return -1;
	if (is_set(settings->tls_server_name) &&
	    http_endpoint_set_tls_name(endpoint, settings->tls_server_name, err) < 0)
		return -1;
	if (is_set(settings->ca_directory) && !endpoint->ca_pem && !endpoint->ca_file &&
	    http_endpoint_read_ca_directory(endpoint, settings->ca_directory, err) < 0)
		return -1;
	endpoint->system_trust = !endpoint->ca_pem && !endpoint->ca_file;
	endpoint->insecure = settings->skip_verify;
	if (endpoint->insecure)
		log_write(LOG_WARNING,
		    "VAULT_SKIP_VERIFY: Vault's TLS certificate is NOT verified: "
		    "any server that answers at %s gets this pod's token and secrets",
		    endpoint->url);
	return 0;
}

/* Use a proxy as Vault's own clients do. */
static int set_proxy(
    struct http_endpoint *endpoint, const struct vault_settings *settings, struct error *err)
{
	endpoint->proxy_from_environment = !settings->ignore_environment;
	if (is_set(settings->proxy) && http_endpoint_set_proxy(endpoint, settings->proxy, err) < 0)
		return error_wrap(err, "VAULT_PROXY_ADDR or --vault-proxy-addr");
	return 0;
}

/* Reject characters that would end the header line or be removed by a proxy. */
static int add_namespace(struct http_endpoint *endpoint, const char *namespace, struct error *err)
{
	for (const char *c = namespace; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7F)
			return error_set(err, ERROR_USAGE,
			    "Vault namespace \"%s\": must not contain spaces or control characters",
			    namespace);
	cleanup_free char *header = string_format(err, "X-Vault-Namespace: %s", namespace);
	return header ? strings_append(&endpoint->headers, header, err) : -1;
}

int vault_init(struct vault *vault, const struct vault_settings *settings, struct error *err)
{
	struct http_endpoint *endpoint = &vault->endpoint;

	memset(vault, 0, sizeof(*vault));
	http_endpoint_init(endpoint, "Vault");
	endpoint->follow_standby = true;
	if (settings->timeout_ms)
		endpoint->request_timeout_ms = settings->timeout_ms;
	http_endpoint_set_retries(endpoint, settings->retries);
	if (http_endpoint_set_user_agent(endpoint, settings->user_agent, err) < 0 ||
	    set_address(vault, settings, err) < 0 || set_trust(endpoint, settings, err) < 0 ||
	    set_proxy(endpoint, settings, err) < 0)
		goto failed;
	endpoint->ignore_environment = settings->ignore_environment;
	/*
	 * Vault's own clients send this header, and Vault can be configured to reject requests
	 * without it.
	 */
	if (strings_append(&endpoint->headers, "X-Vault-Request: true", err) < 0)
		goto failed;
	if (is_set(settings->namespace) && add_namespace(endpoint, settings->namespace, err) < 0)
		goto failed;
	return 0;
failed:
	vault_free(vault);
	return -1;
}

/* -- requests and responses ------------------------------------------------------------------- */

/* Add the token.  Reject a spent token, for which Vault would report only "permission denied". */
static int token_add(struct vault_token *token, struct http_exchange *exchange, struct error *err)
{
	if (vault_token_is_spent(token))
		return error_set(err, ERROR_DENIED,
		    "the Vault token was valid for %lld request%s, and more are needed; raise "
		    "token_num_uses of the role, or set it to 0",
		    (long long)token->num_uses, string_plural((size_t)token->num_uses));
	token->requests++;
	if (secret_buffer_append_string(&exchange->credential, "X-Vault-Token: ", err) < 0)
		return -1;
	return secret_buffer_append(
	    &exchange->credential, token->value.data, token->value.length, err);
}

bool vault_path_has_dots(const char *path)
{
	for (;; path++) {
		size_t length = strcspn(path, "/");

		if (length && length <= 2 && strspn(path, ".") == length)
			return true;
		path += length;
		if (!*path)
			return false;
	}
}

int vault_append_path(
    struct secret_buffer *text, const char *mount, const char *path, struct error *err)
{
	cleanup_free char *segments = string_format(err, "%s/%s", mount, path);
	if (!segments)
		return -1;
	if (vault_path_has_dots(segments))
		return error_set(err, ERROR_USAGE,
		    "\"%s\": \".\" and \"..\" are not allowed in a Vault path", segments);
	for (char *saved = NULL, *segment = strtok_r(segments, "/", &saved); segment;
	     segment = strtok_r(NULL, "/", &saved)) {
		if (secret_buffer_append_string(text, "/", err) < 0 ||
		    http_append_escaped(text, segment, err) < 0)
			return -1;
	}
	return 0;
}

/* Add the login to a request. */
static int inline_login_add(const struct vault_inline_login *inline_login,
    struct http_exchange *exchange, struct error *err)
{
	const struct secret_buffer *parameter = &inline_login->parameter;

	exchange->headers = &inline_login->headers;
	exchange->secret = &inline_login->jwt;
	exchange->mark = INLINE_LOGIN_REFUSED;
	return secret_buffer_append(&exchange->credential, parameter->data, parameter->length, err);
}

int vault_request(struct vault *vault, bool post, const char *mount, const char *path,
    struct http_exchange *exchange, struct error *err)
{
	memset(exchange, 0, sizeof(*exchange));
	exchange->endpoint = &vault->endpoint;
	exchange->method = post ? "POST" : "GET";
	if (post)
		exchange->content_type = "application/json";
	if (secret_buffer_append_string(&exchange->path, "/v1", err) < 0 ||
	    vault_append_path(&exchange->path, mount, path, err) < 0)
		return -1;
	if (vault->inline_login)
		return inline_login_add(vault->inline_login, exchange, err);
	return vault->token.value.length ? token_add(&vault->token, exchange, err) : 0;
}

/* Return the response's errors joined by "; ", newly allocated; NULL if there are none. */
static char *response_errors(const struct json *document)
{
	struct error ignored = ERROR_INIT;
	char *joined = NULL;

	json_each (document, json_member(document, JSON_ROOT, "errors"), node) {
		cleanup_free char *text = json_strdup(document, node);
		if (!text)
			continue;
		utf8_shorten(text, ERRORS_MAX);
		char *longer = joined ? string_format(&ignored, "%s; %s", joined, text)
				      : string_format(&ignored, "%s", text);
		free(joined);
		joined = longer;
		if (joined && strlen(joined) > ERRORS_MAX)
			break;
	}
	return joined;
}

bool vault_token_is_refused(const struct http_exchange *exchange)
{
	return exchange->status == 403 &&
	       strstr(secret_buffer_string(&exchange->response), "invalid token");
}

int vault_check(const struct http_exchange *exchange, struct error *err)
{
	if (http_json_check(exchange, response_errors, err) == 0)
		return 0;
	if (strstr(err->message, "Vault is sealed"))
		error_hint(err, "unseal it, or wait until an operator has unsealed it");
	if (vault_token_is_refused(exchange))
		error_hint(err, "get another Vault token; this one is not valid, or has expired");
	if (exchange->status == 472 || exchange->status == 473)
		error_hint(err,
		    "use the address of the active node, because this is a standby node of Vault");
	return -1;
}
