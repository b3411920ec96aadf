/* inline_login: a login in the headers of each request, instead of a token. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/vault/internal.h"

/* OpenBao omits X-Vault-Inline-Auth-Failed if the auth method returns nothing but an error, and
 * adds this text. */
#define REFUSED_TEXT "failed to perform inline authentication"

/* Append "NAME: VALUE" with the base64url text of {"key":NAME,"value":VALUE}. */
static int append_parameter(
    struct secret_buffer *line, const struct vault_login_parameter *parameter, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	struct json_writer writer;

	json_writer_init(&writer, &text);
	json_write_object(&writer);
	json_write_member(&writer, "key", parameter->name);
	json_write_name(&writer, "value");
	vault_login_write_value(&writer, parameter);
	json_write_object_end(&writer);
	if (json_writer_finish(&writer, err) < 0 ||
	    secret_buffer_append_format(
		line, err, "X-Vault-Inline-Auth-Parameter-%s: ", parameter->name) < 0)
		return -1;
	return base64_url_encode(line, text.data, text.length, err);
}

/* Add the path of the login.  OpenBao does not decode escapes in it. */
static int add_path(struct vault_inline_login *inline_login, struct error *err)
{
	const char *mount = vault_login_mount(&inline_login->login);
	cleanup_secret struct secret_buffer path = SECRET_BUFFER_INIT;
	cleanup_free char *auth_mount = string_format(err, "auth/%s", mount);

	if (!auth_mount || vault_append_path(&path, auth_mount, "login", err) < 0)
		return -1;
	if (strchr(path.data, '%'))
		return error_set(err, ERROR_USAGE,
		    "auth mount \"%s\": only letters, digits and - . _ ~ / are allowed with "
		    "--auth-inline",
		    mount);
	cleanup_free char *line =
	    string_format(err, "X-Vault-Inline-Auth-Path: %s", path.data + strlen("/"));
	return line ? strings_append(&inline_login->headers, line, err) : -1;
}

static int add_parameters(struct vault_inline_login *inline_login, struct error *err)
{
	struct vault_login_parameter parameters[VAULT_LOGIN_PARAMETERS_MAX];
	size_t count = vault_login_parameters(&inline_login->login, parameters);

	for (size_t i = 0; i < count; i++) {
		cleanup_secret struct secret_buffer line = SECRET_BUFFER_INIT;
		bool secret = parameters[i].secret != NULL;

		if (append_parameter(
			secret ? &inline_login->parameter : &line, &parameters[i], err) < 0)
			return -1;
		if (!secret && strings_append(&inline_login->headers, line.data, err) < 0)
			return -1;
	}
	return 0;
}

int vault_inline_login_set(struct vault *vault, const struct vault_login *login, struct error *err)
{
	struct vault_inline_login *inline_login = calloc(1, sizeof(*inline_login));

	vault_inline_login_clear(vault);
	vault->inline_login = inline_login;
	if (!inline_login)
		return error_memory(err);
	inline_login->login = *login;
	inline_login->login.jwt = &inline_login->jwt;
	if (login->jwt &&
	    secret_buffer_append(&inline_login->jwt, login->jwt->data, login->jwt->length, err) < 0)
		return -1;
	return add_path(inline_login, err) < 0 ? -1 : add_parameters(inline_login, err);
}

/* -- failures --------------------------------------------------------------------------------- */

static bool response_contains(const struct http_exchange *exchange, const char *text)
{
	return strstr(secret_buffer_string(&exchange->response), text) != NULL;
}

bool vault_inline_login_is_refused(const struct http_exchange *exchange)
{
	return exchange->marked || (exchange->mark && response_contains(exchange, REFUSED_TEXT));
}

/* Return true if the server has not found a login in the request, as far as its response shows. */
static bool is_unnoticed(const struct http_exchange *exchange)
{
	return exchange->status == 403 ||
	       (exchange->status == 400 && response_contains(exchange, "missing client token"));
}

/*
 * Return true for the failure of a token that is not stored: OpenBao cannot count its uses.  Other
 * causes, such as a full audit log, do not end within seconds either.
 */
static bool is_internal_error(const struct http_exchange *exchange)
{
	return exchange->mark && exchange->status == 500 &&
	       response_contains(exchange, "internal error");
}

bool vault_inline_login_is_permanent(const struct http_exchange *exchange)
{
	static const char *const problems[] = {
	    "login MFA", "cannot layer inline authentication", "no client certificate found"};

	for (size_t i = 0; i < sizeof(problems) / sizeof(*problems); i++)
		if (vault_inline_login_is_refused(exchange) &&
		    response_contains(exchange, problems[i]))
			return true;
	return is_internal_error(exchange);
}

int vault_inline_login_explain(
    const struct vault *vault, const struct http_exchange *exchange, struct error *err)
{
	const struct vault_inline_login *inline_login = vault->inline_login;

	if (!inline_login)
		return -1;
	if (vault_inline_login_is_refused(exchange))
		return vault_login_explain(&inline_login->login, exchange, err);
	if (is_internal_error(exchange))
		return error_hint(err,
		    "set token_num_uses of the role to 0, and look into the log of the server");
	if (!is_unnoticed(exchange) || inline_login->accepted)
		return -1;
	err->code = ERROR_UNSUPPORTED;
	return error_hint(err,
	    "or if %s is not OpenBao 2.4 or newer, omit --auth-inline, or set it to if-possible",
	    vault->endpoint.url);
}
