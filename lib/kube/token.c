#include <string.h>

#include "lib/kube/internal.h"

static const struct kube_object_kind service_account_kind = {
    .api = "/api/v1", .resource = "serviceaccounts", .name = "service account"};
/* Names the permission in errors. */
static const struct kube_object_kind token_kind = {
    .resource = "serviceaccounts/token", .name = "TokenRequest"};

static int token_request(struct kube *kube, const char *namespace, const char *service_account,
    const char *audience, int64_t lifetime_s, struct http_exchange *exchange, struct error *err)
{
	static const char *const secret[] = {"token", NULL};
	struct json_writer writer;

	memset(exchange, 0, sizeof(*exchange));
	if (!kube_valid_name(service_account))
		return error_set(err, ERROR_USAGE, "not the name of a service account");
	if (kube_request(kube, "POST", &service_account_kind, namespace, service_account, exchange,
		err) < 0 ||
	    secret_buffer_append_string(&exchange->path, "/token", err) < 0)
		return -1;
	exchange->secret_members = secret;
	json_writer_init(&writer, &exchange->body);
	json_write_object(&writer);
	json_write_member(&writer, "apiVersion", "authentication.k8s.io/v1");
	json_write_member(&writer, "kind", "TokenRequest");
	json_write_name(&writer, "spec");
	json_write_object(&writer);
	if (audience) {
		json_write_name(&writer, "audiences");
		json_write_array(&writer);
		json_write_string(&writer, audience);
		json_write_array_end(&writer);
	}
	json_write_name(&writer, "expirationSeconds");
	json_write_integer(&writer, lifetime_s);
	json_write_object_end(&writer);
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err);
}

int kube_token_result(const struct http_exchange *exchange, const char *namespace,
    struct secret_buffer *token, struct error *err)
{
	cleanup_secret struct secret_buffer received = SECRET_BUFFER_INIT;

	if (kube_check(exchange, &token_kind, namespace, err) < 0)
		return -1;
	cleanup_json struct json *document = kube_parse(exchange, token_kind.name, err);
	if (!document)
		return -1;
	if (json_string(document, json_path(document, JSON_ROOT, "status", "token", NULL),
		&received, err) < 0 ||
	    http_credential_check(&received, "token", err) < 0)
		return error_wrap(err, "Kubernetes API response");
	return secret_buffer_append(token, received.data, received.length, err);
}

int kube_token_request(struct http_client *client, struct kube *kube, const char *namespace,
    const char *service_account, const char *audience, int64_t lifetime_s,
    struct secret_buffer *token, struct error *err)
{
	struct http_exchange exchange;
	int result =
	    token_request(kube, namespace, service_account, audience, lifetime_s, &exchange, err);

	if (result == 0)
		result = http_run_one(client, &exchange, err);
	if (result == 0)
		result = kube_token_result(&exchange, namespace, token, err);
	http_exchange_free(&exchange);
	if (result < 0)
		return error_wrap(
		    err, "token of service account %s/%s", namespace, service_account);
	return 0;
}
