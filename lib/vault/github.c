/*
 * github: a JWT for a job of GitHub Actions.
 * Source: https://docs.github.com/en/actions/reference/security/oidc
 */
#include <string.h>
#include <strings.h>

#include "lib/base/cleanup.h"
#include "lib/vault/internal.h"

#define HTTPS "https://"

/* Return the part of the URL after host and port, or NULL if it is not an https URL.  Borrowed. */
static const char *path_of(const char *url)
{
	if (strncasecmp(url, HTTPS, strlen(HTTPS)) != 0)
		return NULL;
	for (const char *c = url; *c; c++)
		if (*c <= ' ' || *c > '~' || *c == '#')
			return NULL;
	return url + strlen(HTTPS) + strcspn(url + strlen(HTTPS), "/?");
}

static int refuse_url(struct error *err)
{
	return error_set(err, ERROR_USAGE,
	    VAULT_GITHUB_URL
	    ": not an https URL of host, port, path and query; pass it as GitHub sets it");
}

static int set_endpoint(struct http_endpoint *endpoint, const struct vault *vault, const char *url,
    const char *path, struct error *err)
{
	const struct http_endpoint *model = &vault->endpoint;
	cleanup_free char *server = strndup(url, (size_t)(path - url));

	endpoint->trust_hint = "set SSL_CERT_FILE to a bundle of CA certificates that has its CA";
	endpoint->system_trust = true;
	endpoint->ignore_environment = model->ignore_environment;
	endpoint->proxy_from_environment = model->proxy_from_environment;
	endpoint->request_timeout_ms = model->request_timeout_ms;
	endpoint->retries = model->retries;
	if (!server)
		return error_memory(err);
	if (http_endpoint_set_user_agent(endpoint, model->user_agent, err) < 0)
		return -1;
	if (http_endpoint_set_url(endpoint, server, false, err) == 0)
		return 0;
	return err->code == ERROR_USAGE ? refuse_url(err) : -1;
}

static int prepare_request(struct http_exchange *exchange, const char *path,
    const struct vault_session_settings *settings, struct error *err)
{
	static const char *const secret[] = {"value", NULL};
	struct secret_buffer *line = &exchange->credential;

	exchange->method = "GET";
	exchange->secret_members = secret;
	if (secret_buffer_append_string(&exchange->path, *path == '/' ? "" : "/", err) < 0 ||
	    secret_buffer_append_string(&exchange->path, path, err) < 0)
		return -1;
	if (is_set(settings->audience) &&
	    (secret_buffer_append_format(
		 &exchange->path, err, "%saudience=", strchr(path, '?') ? "&" : "?") < 0 ||
		http_append_escaped(&exchange->path, settings->audience, err) < 0))
		return -1;
	if (secret_buffer_append_string(line, "Authorization: Bearer ", err) < 0)
		return -1;
	return secret_buffer_append_string(line, settings->github_token, err);
}

static char *response_message(const struct json *document)
{
	return json_strdup(document, json_member(document, JSON_ROOT, "message"));
}

static int read_response(
    const struct http_exchange *exchange, struct secret_buffer *jwt, struct error *err)
{
	if (http_json_check(exchange, response_message, err) < 0) {
		if (exchange->status == 401 || exchange->status == 403)
			error_hint(err, "set permissions: id-token: write in the job; its "
					"request token is valid only while it runs");
		return -1;
	}
	cleanup_json struct json *document = http_json_parse(exchange, err);
	if (!document)
		return -1;
	if (json_string(document, json_member(document, JSON_ROOT, "value"), jwt, err) < 0)
		return err->code == ERROR_SYSTEM
			   ? -1
			   : error_set(err, ERROR_INVALID, "GitHub response: no value with a JWT");
	return http_credential_check(jwt, "JWT", err) < 0 ? error_wrap(err, "GitHub response") : 0;
}

static int check_settings(const struct vault_session_settings *settings, struct error *err)
{
	cleanup_secret struct secret_buffer token = SECRET_BUFFER_INIT;

	if (!is_set(settings->github_url) || !is_set(settings->github_token))
		return error_set(err, ERROR_USAGE,
		    "only one of " VAULT_GITHUB_URL " and " VAULT_GITHUB_TOKEN
		    " is set; pass both to the program");
	if (!path_of(settings->github_url))
		return refuse_url(err);
	if (secret_buffer_append_string(&token, settings->github_token, err) < 0)
		return -1;
	return http_credential_check(&token, "token in " VAULT_GITHUB_TOKEN, err);
}

int vault_github_request(struct http_client *client, const struct vault *vault,
    const struct vault_session_settings *settings, struct secret_buffer *jwt, struct error *err)
{
	struct http_exchange exchange = {.status = 0};
	struct http_endpoint endpoint;

	if (check_settings(settings, err) < 0)
		return -1;
	const char *url = settings->github_url, *path = path_of(url);
	http_endpoint_init(&endpoint, "GitHub");
	exchange.endpoint = &endpoint;
	int result = set_endpoint(&endpoint, vault, url, path, err);
	if (result == 0)
		result = prepare_request(&exchange, path, settings, err);
	if (result == 0)
		result = http_run_one(client, &exchange, err);
	if (result == 0)
		result = read_response(&exchange, jwt, err);
	http_exchange_free(&exchange);
	http_endpoint_free(&endpoint);
	return result < 0 ? error_wrap(err, "JWT from GitHub") : 0;
}
