#include "lib/vault/vault.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/vault/answer.h"

void vault_token_free(struct vault_token *token)
{
	secret_buffer_free(&token->value);
	memset(token, 0, sizeof(*token));
}

void vault_free(struct vault *vault)
{
	vault_token_free(&vault->token);
	http_endpoint_free(&vault->endpoint);
}

static int set_address(
    struct vault *vault, const struct vault_settings *settings, struct error *err)
{
	if (!given(settings->address))
		return error_set(
		    err, ERROR_USAGE, "no Vault address: set VAULT_ADDR or --vault-addr");
	return http_endpoint_set_url(
	    &vault->endpoint, settings->address, settings->skip_verify, err);
}

static int copy(char **to, const char *from, struct error *err)
{
	if (!given(from))
		return 0;
	*to = strdup(from);
	return *to ? 0 : error_memory(err);
}

static int set_trust(
    struct http_endpoint *endpoint, const struct vault_settings *settings, struct error *err)
{
	endpoint->trust_hint = "set VAULT_CACERT (or VAULT_CACERT_BYTES, VAULT_CAPATH) to the "
			       "CA certificate of Vault, mounted into the container";
	if (copy(&endpoint->ca_pem, settings->ca_pem, err) < 0 ||
	    copy(&endpoint->ca_file, settings->ca_file, err) < 0 ||
	    copy(&endpoint->certificate_file, settings->certificate_file, err) < 0 ||
	    copy(&endpoint->key_file, settings->key_file, err) < 0 ||
	    copy(&endpoint->tls_server_name, settings->tls_server_name, err) < 0)
		return -1;
	if (given(settings->ca_directory) && !endpoint->ca_pem && !endpoint->ca_file &&
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
	    copy(&endpoint->proxy, settings->proxy, err) < 0)
		goto failed;
	/* As Vault's own clients have it; and a proxy must not see what plain http keeps on
	 * loopback. */
	endpoint->proxy_from_environment = !http_endpoint_is_local(endpoint);
	/* Vault's own clients send it: a proxy in between can't be made to forward a forged one. */
	if (strings_append(&endpoint->headers, "X-Vault-Request: true", err) < 0)
		goto failed;
	if (given(settings->namespace)) {
		cleanup_free char *header =
		    string_format(err, "X-Vault-Namespace: %s", settings->namespace);
		if (!header || strings_append(&endpoint->headers, header, err) < 0)
			goto failed;
	}
	return 0;
failed:
	vault_free(vault);
	return -1;
}

/* The JWT's bytes without the final newline that a file tends to have. */
static int jwt_length(const struct secret_buffer *jwt, size_t *length, struct error *err)
{
	size_t end = jwt->length;

	while (end > 0 && strchr(" \t\r\n", jwt->data[end - 1]))
		end--;
	if (end == 0)
		return error_set(err, ERROR_INVALID, "the service-account token is empty");
	for (size_t i = 0; i < end; i++)
		if (jwt->data[i] <= ' ' || jwt->data[i] > '~')
			return error_set(err, ERROR_INVALID,
			    "the service-account token is no JWT: it holds white space or "
			    "control characters");
	*length = end;
	return 0;
}

int vault_login_request(struct vault *vault, const char *mount, const char *role,
    const struct secret_buffer *jwt, struct http_exchange *exchange, struct error *err)
{
	struct json_writer writer;
	size_t length = 0;

	memset(exchange, 0, sizeof(*exchange));
	if (!given(role))
		return error_set(err, ERROR_USAGE, "no Vault role: set VAULT_ROLE or --role");
	cleanup_free char *path = string_format(err, "auth/%s", mount);
	if (!path || jwt_length(jwt, &length, err) < 0 ||
	    vault_request(vault, true, path, "login", exchange, err) < 0)
		return -1;
	json_writer_init(&writer, &exchange->body);
	json_write_object(&writer);
	json_write_member(&writer, "role", role);
	json_write_name(&writer, "jwt");
	json_write_string_bytes(&writer, jwt->data, length);
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err);
}

/* At least one character, and no white space or control characters: so it is with tokens and JWTs.
 */
static bool is_printable(const struct secret_buffer *text)
{
	for (size_t i = 0; i < text->length; i++)
		if (text->data[i] <= ' ' || text->data[i] > '~')
			return false;
	return text->length > 0;
}

static int take_token(
    struct vault_token *token, const struct json *document, json_node auth, struct error *err)
{
	vault_token_free(token);
	if (json_string(document, json_member(document, auth, "client_token"), &token->value, err) <
	    0)
		return error_set(err, ERROR_INVALID, "Vault's answer holds no token");
	token->lease_s = json_integer(document, json_member(document, auth, "lease_duration"), 0);
	/* Without overflow in milliseconds: "for ever", and nothing. */
	if (token->lease_s > INT32_MAX)
		token->lease_s = INT32_MAX;
	if (token->lease_s < 0)
		token->lease_s = 0;
	token->expires_ms = clock_now_ms() + token->lease_s * 1000;
	token->num_uses = json_integer(document, json_member(document, auth, "num_uses"), 0);
	token->renewable = json_boolean(document, json_member(document, auth, "renewable"), false);
	token->batch = json_string_is(document, json_member(document, auth, "token_type"), "batch");
	/* It becomes a header line: nothing in it may start another one. */
	if (is_printable(&token->value))
		return 0;
	vault_token_free(token);
	return error_set(err, ERROR_INVALID, "Vault's answer holds an empty or malformed token");
}

int vault_login_result(struct vault *vault, const char *mount, const char *role,
    const struct http_exchange *exchange, struct error *err)
{
	if (vault_answer_check(exchange, err) < 0) {
		if (exchange->status == 400)
			error_hint(
			    err, "check the role's name and that it exists under auth/%s", mount);
		if (exchange->status == 403)
			error_hint(err,
			    "is the service-account token still valid, has it the "
			    "audience that the role wants, and may this service account "
			    "use the role?");
		return error_wrap(err, "login with role \"%s\"", role);
	}
	cleanup_json struct json *document = vault_answer_parse(exchange, err);
	if (!document)
		return error_wrap(err, "login with role \"%s\"", role);
	return take_token(&vault->token, document, json_member(document, JSON_ROOT, "auth"), err);
}

int vault_lookup_self(struct http_client *client, struct vault *vault, struct error *err)
{
	struct http_exchange exchange;
	struct vault_token *token = &vault->token;
	int result = -1;

	if (vault_request(vault, false, "auth/token", "lookup-self", &exchange, err) == 0 &&
	    http_run_one(client, &exchange, err) == 0 && vault_answer_check(&exchange, err) == 0) {
		cleanup_json struct json *document = vault_answer_parse(&exchange, err);
		json_node data = json_member(document, JSON_ROOT, "data");
		if (document) {
			token->lease_s =
			    json_integer(document, json_member(document, data, "ttl"), 0);
			token->num_uses =
			    json_integer(document, json_member(document, data, "num_uses"), 0);
			token->batch =
			    json_string_is(document, json_member(document, data, "type"), "batch");
			result = 0;
		}
	}
	http_exchange_free(&exchange);
	return result < 0 ? error_wrap(err, "looking up the Vault token") : 0;
}

int vault_revoke_self(struct http_client *client, struct vault *vault, struct error *err)
{
	struct http_exchange exchange;
	int result = -1;

	if (vault_request(vault, true, "auth/token", "revoke-self", &exchange, err) == 0 &&
	    http_run_one(client, &exchange, err) == 0)
		result = vault_answer_check(&exchange, err);
	http_exchange_free(&exchange);
	return result < 0 ? error_wrap(err, "revoking the Vault token") : 0;
}
