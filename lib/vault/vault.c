
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/vault/answer.h"

void vault_token_free(struct vault_token *token)
{
	secret_buffer_free(&token->value);
	memset(token, 0, sizeof(*token));
}

bool vault_token_is_spent(const struct vault_token *token)
{
	return token->num_uses > 0 && token->requests >= token->num_uses;
}

void vault_free(struct vault *vault)
{
	vault_token_free(&vault->token);
	http_endpoint_free(&vault->endpoint);
}

static int set_address(
    struct vault *vault, const struct vault_settings *settings, struct error *err)
{
	if (!is_set(settings->address))
		return error_set(
		    err, ERROR_USAGE, "no Vault address: set VAULT_ADDR or --vault-addr");
	return http_endpoint_set_url(
	    &vault->endpoint, settings->address, settings->skip_verify, err);
}

static int copy(char **to, const char *from, struct error *err)
{
	if (!is_set(from))
		return 0;
	*to = strdup(from);
	return *to ? 0 : error_memory(err);
}

/* libcurl would tell of a missing file after the handshake has begun, and of no key at all. */
static int set_client_certificate(
    struct http_endpoint *endpoint, const struct vault_settings *settings, struct error *err)
{
	const char *files[] = {settings->certificate_file, settings->key_file};

	if (is_set(files[0]) != is_set(files[1]))
		return error_set(err, ERROR_USAGE,
		    "VAULT_CLIENT_CERT and VAULT_CLIENT_KEY go together: set both; a file that "
		    "holds both is named twice");
	for (size_t i = 0; i < 2; i++)
		if (is_set(files[i]) && access(files[i], R_OK) < 0)
			return error_system(
			    err, "Vault's client %s %s", i ? "key" : "certificate", files[i]);
	if (copy(&endpoint->certificate_file, files[0], err) < 0)
		return -1;
	return copy(&endpoint->key_file, files[1], err);
}

static int set_trust(
    struct http_endpoint *endpoint, const struct vault_settings *settings, struct error *err)
{
	endpoint->trust_hint = "set VAULT_CACERT (or VAULT_CACERT_BYTES, VAULT_CAPATH) to the "
			       "CA certificate of Vault, mounted into the container";
	if (copy(&endpoint->ca_pem, settings->ca_pem, err) < 0 ||
	    copy(&endpoint->ca_file, settings->ca_file, err) < 0 ||
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
		    "whoever answers at %s gets this pod's token and secrets",
		    endpoint->url);
	return 0;
}

/* As Vault's own clients have it. */
static int set_proxy(
    struct http_endpoint *endpoint, const struct vault_settings *settings, struct error *err)
{
	endpoint->proxy_from_environment = !settings->ignore_environment;
	if (is_set(settings->proxy) && http_endpoint_set_proxy(endpoint, settings->proxy, err) < 0)
		return error_wrap(err, "VAULT_PROXY_ADDR or --vault-proxy-addr");
	return 0;
}

/* A header's line ends nowhere else, and a space at either end would be dropped on the way. */
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
	if (set_address(vault, settings, err) < 0 || set_trust(endpoint, settings, err) < 0 ||
	    set_proxy(endpoint, settings, err) < 0)
		goto failed;
	endpoint->ignore_environment = settings->ignore_environment;
	/* Vault's own clients send it: a proxy in between can't be made to forward a forged one. */
	if (strings_append(&endpoint->headers, "X-Vault-Request: true", err) < 0)
		goto failed;
	if (is_set(settings->namespace) && add_namespace(endpoint, settings->namespace, err) < 0)
		goto failed;
	return 0;
failed:
	vault_free(vault);
	return -1;
}

int vault_revoke_self(struct http_client *client, struct vault *vault, struct error *err)
{
	struct http_exchange exchange;
	int result = -1;

	if (vault_request(vault, true, "auth/token", "revoke-self", &exchange, err) == 0 &&
	    http_run_one(client, &exchange, err) == 0)
		result = vault_answer_check(&exchange, err);
	/* Denied after a try without an answer: that one has revoked it. */
	if (result < 0 && exchange.status == 403 && exchange.uncertain) {
		error_clear(err);
		result = 0;
	}
	http_exchange_free(&exchange);
	return result < 0 ? error_wrap(err, "revoking the Vault token") : 0;
}
