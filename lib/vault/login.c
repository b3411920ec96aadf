#include "lib/vault/login.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/vault/internal.h"

/* The value with which vault-env gives the token of its login to the application. */
#define VAULT_ENV_LOGIN "vault:login"

static const struct {
	const char *name;
	const char *rejected, *denied; /* advice for status 400 and 403 */
} methods[] = {
    [VAULT_AUTH_TOKEN] = {"token", "", ""},
    [VAULT_AUTH_KUBERNETES] = {"kubernetes",
	"check the role's name, and that the auth method there has it",
	"check that the service-account token is valid and has the role's audience, that the role "
	"allows this service account, and that the method is mounted there (--auth-mount)"},
    [VAULT_AUTH_JWT] = {"jwt",
	"check the role's name, and that the JWT is valid and has the audience, subject and claims "
	"that the role requires",
	"check that the jwt auth method is mounted there (--auth-mount)"},
    [VAULT_AUTH_APPROLE] = {"approle",
	"check the role id; the secret id may have expired, or have no use left",
	"check that the approle auth method is mounted there (--auth-mount)"},
    [VAULT_AUTH_CERT] = {"cert",
	"check that a role there trusts the certificate in VAULT_CLIENT_CERT, and that TLS ends at "
	"Vault itself, not at a proxy",
	"check that the cert auth method is mounted there (--auth-mount)"},
};

const char *vault_auth_name(enum vault_auth method)
{
	return methods[method].name;
}

int vault_auth_parse(const char *text, enum vault_auth *method)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (strcmp(methods[i].name, text) == 0) {
			*method = (enum vault_auth)i;
			return 0;
		}
	return -1;
}

/* -- login call ------------------------------------------------------------------------------- */

const char *vault_login_mount(const struct vault_login *login)
{
	return is_set(login->mount) ? login->mount : vault_auth_name(login->method);
}

size_t vault_login_parameters(const struct vault_login *login,
    struct vault_login_parameter parameters[VAULT_LOGIN_PARAMETERS_MAX])
{
	size_t count = 0;

	switch (login->method) {
	case VAULT_AUTH_KUBERNETES:
	case VAULT_AUTH_JWT:
		if (is_set(login->role))
			parameters[count++] =
			    (struct vault_login_parameter){"role", login->role, NULL};
		parameters[count++] = (struct vault_login_parameter){"jwt", NULL, login->jwt};
		break;
	case VAULT_AUTH_APPROLE:
		parameters[count++] =
		    (struct vault_login_parameter){"role_id", login->role_id, NULL};
		if (login->secret_id)
			parameters[count++] =
			    (struct vault_login_parameter){"secret_id", NULL, login->secret_id};
		break;
	case VAULT_AUTH_CERT:
		if (is_set(login->role))
			parameters[count++] =
			    (struct vault_login_parameter){"name", login->role, NULL};
		break;
	case VAULT_AUTH_TOKEN:
		break;
	}
	return count;
}

void vault_login_write_value(
    struct json_writer *writer, const struct vault_login_parameter *parameter)
{
	if (parameter->secret)
		json_write_string_bytes(writer, parameter->secret->data, parameter->secret->length);
	else
		json_write_string(writer, parameter->text);
}

int vault_login_request(struct vault *vault, const struct vault_login *login,
    struct http_exchange *exchange, struct error *err)
{
	static const char *const secret[] = {"jwt", "secret_id", "client_token", NULL};
	struct vault_login_parameter parameters[VAULT_LOGIN_PARAMETERS_MAX];
	size_t count = vault_login_parameters(login, parameters);
	struct json_writer writer;

	memset(exchange, 0, sizeof(*exchange));
	cleanup_free char *path = string_format(err, "auth/%s", vault_login_mount(login));
	if (!path || vault_request(vault, true, path, "login", exchange, err) < 0)
		return -1;
	exchange->secret_members = secret;
	json_writer_init(&writer, &exchange->body);
	json_write_object(&writer);
	for (size_t i = 0; i < count; i++) {
		json_write_name(&writer, parameters[i].name);
		vault_login_write_value(&writer, &parameters[i]);
	}
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err);
}

static int take_token(
    struct vault_token *token, const struct json *document, json_node auth, struct error *err)
{
	vault_token_free(token);
	if (json_string(document, json_member(document, auth, "client_token"), &token->value, err) <
	    0)
		return err->code == ERROR_SYSTEM
			   ? -1
			   : error_set(err, ERROR_INVALID, "Vault response: no token");
	int64_t lease_s = json_integer(document, json_member(document, auth, "lease_duration"), -1);
	/* Limited, so that the value in milliseconds does not overflow. */
	token->lease_s = lease_s > INT32_MAX ? INT32_MAX : lease_s < 0 ? 0 : lease_s;
	token->expires_ms = clock_now_ms() + token->lease_s * 1000;
	token->num_uses = json_integer(document, json_member(document, auth, "num_uses"), 0);
	token->batch = json_string_is(document, json_member(document, auth, "token_type"), "batch");
	if (http_credential_check(&token->value, "token", err) < 0) {
		vault_token_free(token);
		return error_wrap(err, "Vault response");
	}
	if (lease_s < 0)
		return error_set(err, ERROR_INVALID,
		    "Vault response: no valid lease_duration; check that the address is Vault's own");
	return 0;
}

int vault_login_wrap(const struct vault_login *login, struct error *err)
{
	if (is_set(login->role) && login->method != VAULT_AUTH_APPROLE)
		return error_wrap(err, "login with role \"%s\"", login->role);
	return error_wrap(err, "login at auth/%s", vault_login_mount(login));
}

int vault_login_explain(
    const struct vault_login *login, const struct http_exchange *exchange, struct error *err)
{
	if (exchange->status == 400)
		error_hint(err, "%s", methods[login->method].rejected);
	if (exchange->status == 403)
		error_hint(err, "%s", methods[login->method].denied);
	return vault_login_wrap(login, err);
}

int vault_login_result(struct vault *vault, const struct vault_login *login,
    const struct http_exchange *exchange, struct error *err)
{
	if (vault_check(exchange, err) < 0)
		return vault_login_explain(login, exchange, err);
	cleanup_json struct json *document = http_json_parse(exchange, err);
	if (!document ||
	    take_token(&vault->token, document, json_member(document, JSON_ROOT, "auth"), err) < 0)
		return vault_login_wrap(login, err);
	return 0;
}

/* -- inputs from the settings ----------------------------------------------------------------- */

static int read_token_file(struct secret_buffer *token, const char *path, struct error *err)
{
	int result = http_credential_read_file(token, path, "Vault token", err);

	/* A Vault Agent can wrap or encrypt the token, and the file then contains JSON. */
	if (token->length > 0 && token->data[0] == '{')
		return error_set(err, ERROR_INVALID,
		    "%s: the Vault token is wrapped or encrypted; remove wrap_ttl, dh_type and dh_path "
		    "from the Vault Agent's sink",
		    path);
	return result;
}

int vault_login_use_token(
    struct vault *vault, const struct vault_session_settings *settings, struct error *err)
{
	struct vault_token *token = &vault->token;
	int result;

	if (!is_set(settings->token) && !is_set(settings->token_file))
		return error_set(err, ERROR_USAGE,
		    "auth method token: no token; set VAULT_TOKEN, VAULT_TOKEN_FILE or --token-file");
	if (is_set(settings->token) && is_set(settings->token_file))
		return error_set(err, ERROR_USAGE,
		    "a Vault token and a token file are both set; unset VAULT_TOKEN, or "
		    "VAULT_TOKEN_FILE and --token-file");
	if (is_set(settings->token) && strcmp(settings->token, VAULT_ENV_LOGIN) == 0)
		return error_set(err, ERROR_USAGE,
		    "VAULT_TOKEN=" VAULT_ENV_LOGIN ": not supported, because the application never "
		    "gets the token; unset VAULT_TOKEN");
	vault_token_free(token);
	if (is_set(settings->token_file))
		result = read_token_file(&token->value, settings->token_file, err);
	else if (secret_buffer_append_string(&token->value, settings->token, err) < 0)
		result = -1;
	else if (http_credential_check(&token->value, "Vault token in VAULT_TOKEN", err) < 0) {
		err->code = ERROR_USAGE;
		result = -1;
	} else
		result = 0;
	if (result < 0) {
		vault_token_free(token);
		return -1;
	}
	token->given = true;
	log_write(
	    LOG_DEBUG, "the configured Vault token is used as it is, neither limited nor revoked");
	return 0;
}

void vault_login_secrets_free(struct vault_login_secrets *secrets)
{
	secret_buffer_free(&secrets->jwt);
	secret_buffer_free(&secrets->secret_id);
}

/* Return 1 with a secret id, 0 if none is set, -1 on error. */
static int get_secret_id(const struct vault_session_settings *settings,
    struct secret_buffer *secret_id, struct error *err)
{
	if (is_set(settings->secret_id) && is_set(settings->secret_id_file))
		return error_set(err, ERROR_USAGE,
		    "a secret id and a file are both set; unset VAULT_SECRET_ID, or "
		    "VAULT_SECRET_ID_FILE and --secret-id-file");
	if (is_set(settings->secret_id_file))
		return http_credential_read_file(
			   secret_id, settings->secret_id_file, "secret id", err) < 0
			   ? -1
			   : 1;
	if (!is_set(settings->secret_id))
		return 0;
	if (secret_buffer_append_string(secret_id, settings->secret_id, err) < 0)
		return -1;
	http_credential_trim(secret_id);
	return http_credential_check(secret_id, "secret id", err) < 0 ? -1 : 1;
}

struct vault_login vault_login_from(
    const struct vault_session_settings *settings, enum vault_auth method)
{
	return (struct vault_login){.method = method,
	    .mount = settings->auth_mount,
	    .role = settings->role,
	    .role_id = settings->role_id};
}

int vault_login_get_secrets(struct http_client *client, const struct vault *vault,
    const struct vault_session_settings *settings, struct vault_login *login,
    struct vault_login_secrets *secrets, struct error *err)
{
	int with_secret_id;

	switch (login->method) {
	case VAULT_AUTH_KUBERNETES:
		if (!is_set(settings->role))
			return error_set(err, ERROR_USAGE,
			    "no Vault role to log in with; set VAULT_ROLE, --role or VAULT_TOKEN");
		/* fallthrough */
	case VAULT_AUTH_JWT:
		login->jwt = &secrets->jwt;
		return vault_login_get_jwt(
		    client, vault, settings, login->method, &secrets->jwt, err);
	case VAULT_AUTH_APPROLE:
		if (!is_set(settings->role_id))
			return error_set(err, ERROR_USAGE,
			    "auth method approle: no role id; set VAULT_ROLE_ID or --role-id");
		with_secret_id = get_secret_id(settings, &secrets->secret_id, err);
		if (with_secret_id > 0)
			login->secret_id = &secrets->secret_id;
		return with_secret_id < 0 ? -1 : 0;
	case VAULT_AUTH_CERT:
		if (!vault->endpoint.certificate_file)
			return error_set(err, ERROR_USAGE,
			    "auth method cert: no client certificate; set VAULT_CLIENT_CERT and "
			    "VAULT_CLIENT_KEY, or --vault-client-cert and --vault-client-key");
		return 0;
	default:
		return 0;
	}
}
