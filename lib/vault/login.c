#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json_writer.h"
#include "lib/vault/answer.h"
#include "lib/vault/login.h"

static const struct {
	const char *name;
	const char *rejected, *denied; /* what to do about a 400 and a 403 */
} methods[] = {
    [VAULT_AUTH_TOKEN] = {"token", "", ""},
    [VAULT_AUTH_KUBERNETES] = {"kubernetes",
	"check the role's name, and that the auth method there has it",
	"is the service-account token still valid, has it the audience that the role wants, may "
	"this service account use the role, and is the method mounted there (--auth-mount)?"},
    [VAULT_AUTH_JWT] = {"jwt",
	"check the role's name, and that the JWT is still valid and has the audience, subject and "
	"claims that the role wants",
	"is the jwt auth method mounted there? --auth-mount names another place"},
    [VAULT_AUTH_APPROLE] = {"approle",
	"check the role id; the secret id may have expired, or be used up",
	"is the approle auth method mounted there? --auth-mount names another place"},
    [VAULT_AUTH_CERT] = {"cert",
	"does a role there trust the certificate in VAULT_CLIENT_CERT, and does TLS reach Vault "
	"itself, not something before it?",
	"is the cert auth method mounted there? --auth-mount names another place"},
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

bool vault_is_credential(const struct secret_buffer *text)
{
	for (size_t i = 0; i < text->length; i++)
		if (text->data[i] <= ' ' || text->data[i] > '~')
			return false;
	return text->length > 0;
}

static const char *mount_of(const struct vault_login *login)
{
	return is_set(login->mount) ? login->mount : vault_auth_name(login->method);
}

static void write_secret(
    struct json_writer *writer, const char *name, const struct secret_buffer *secret)
{
	json_write_name(writer, name);
	json_write_string_bytes(writer, secret->data, secret->length);
}

static void write_inputs(struct json_writer *writer, const struct vault_login *login)
{
	switch (login->method) {
	case VAULT_AUTH_KUBERNETES:
	case VAULT_AUTH_JWT:
		if (is_set(login->role))
			json_write_member(writer, "role", login->role);
		write_secret(writer, "jwt", login->jwt);
		break;
	case VAULT_AUTH_APPROLE:
		json_write_member(writer, "role_id", login->role_id);
		if (login->secret_id)
			write_secret(writer, "secret_id", login->secret_id);
		break;
	case VAULT_AUTH_CERT:
		if (is_set(login->role))
			json_write_member(writer, "name", login->role);
		break;
	case VAULT_AUTH_TOKEN:
		break;
	}
}

int vault_login_request(struct vault *vault, const struct vault_login *login,
    struct http_exchange *exchange, struct error *err)
{
	static const char *const secret[] = {"jwt", "secret_id", "client_token", NULL};
	struct json_writer writer;

	memset(exchange, 0, sizeof(*exchange));
	cleanup_free char *path = string_format(err, "auth/%s", mount_of(login));
	if (!path || vault_request(vault, true, path, "login", exchange, err) < 0)
		return -1;
	exchange->secret_members = secret;
	json_writer_init(&writer, &exchange->body);
	json_write_object(&writer);
	write_inputs(&writer, login);
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
			   : error_set(err, ERROR_INVALID, "Vault's answer holds no token");
	int64_t lease_s = json_integer(document, json_member(document, auth, "lease_duration"), -1);
	/* Without overflow in milliseconds. */
	token->lease_s = lease_s > INT32_MAX ? INT32_MAX : lease_s < 0 ? 0 : lease_s;
	token->expires_ms = clock_now_ms() + token->lease_s * 1000;
	token->num_uses = json_integer(document, json_member(document, auth, "num_uses"), 0);
	token->batch = json_string_is(document, json_member(document, auth, "token_type"), "batch");
	/* It becomes a header line: nothing in it may start another one. */
	if (!vault_is_credential(&token->value)) {
		vault_token_free(token);
		return error_set(
		    err, ERROR_INVALID, "Vault's answer holds an empty or malformed token");
	}
	if (lease_s < 0)
		return error_set(err, ERROR_INVALID,
		    "Vault's answer has no valid lease_duration; check that Vault itself answers");
	return 0;
}

int vault_login_wrap(const struct vault_login *login, struct error *err)
{
	if (is_set(login->role) && login->method != VAULT_AUTH_APPROLE)
		return error_wrap(err, "login with role \"%s\"", login->role);
	return error_wrap(err, "login at auth/%s", mount_of(login));
}

int vault_login_result(struct vault *vault, const struct vault_login *login,
    const struct http_exchange *exchange, struct error *err)
{
	if (vault_answer_check(exchange, err) < 0) {
		if (exchange->status == 400)
			error_hint(err, "%s", methods[login->method].rejected);
		if (exchange->status == 403)
			error_hint(err, "%s", methods[login->method].denied);
		return vault_login_wrap(login, err);
	}
	cleanup_json struct json *document = vault_answer_parse(exchange, err);
	if (!document ||
	    take_token(&vault->token, document, json_member(document, JSON_ROOT, "auth"), err) < 0)
		return vault_login_wrap(login, err);
	return 0;
}
