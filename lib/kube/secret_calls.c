#include <string.h>

#include "lib/base/json_writer.h"
#include "lib/base/log.h"
#include "lib/kube/answer.h"
#include "lib/kube/secret_json.h"

#define DRY_RUN "?dryRun=All"

int kube_secret_get_request(struct kube *kube, const char *namespace, const char *name,
    struct http_exchange *exchange, struct error *err)
{
	if (kube_request(kube, "GET", namespace, "secrets", name, exchange, err) < 0)
		return -1;
	exchange->response_limit = HTTP_RESPONSE_SECRET;
	return 0;
}

/* "get", "create" or "patch": what a Role calls the request. */
static const char *verb_of(const struct http_exchange *exchange)
{
	if (strcmp(exchange->method, "POST") == 0)
		return "create";
	return strcmp(exchange->method, "PATCH") == 0 ? "patch" : "get";
}

static void add_hint(const struct http_exchange *exchange, const char *namespace, struct error *err)
{
	bool creating = strcmp(exchange->method, "POST") == 0;

	switch (exchange->status) {
	case 403:
		error_hint(err, "a Role in namespace %s must allow %s on secrets", namespace,
		    verb_of(exchange));
		break;
	case 404:
		if (creating)
			error_hint(err, "does the namespace exist?");
		else
			error_hint(err, "does it exist, and is it in this namespace?");
		break;
	case 409:
		error_hint(err, creating ? "a Secret of this name is there already"
					 : "somebody changed it since it was read");
		break;
	case 422:
		error_hint(err, "the API server refuses what it would hold: is it immutable, or "
				"larger than 1 MiB?");
		break;
	default:
		break;
	}
}

static bool is_dry_run(const struct http_exchange *exchange)
{
	return strstr(secret_buffer_string(&exchange->path), DRY_RUN) != NULL;
}

int kube_secret_result(const struct http_exchange *exchange, const char *namespace,
    const char *name, struct kube_secret *secret, struct error *err)
{
	memset(secret, 0, sizeof(*secret));
	if (kube_answer_check(exchange, err) < 0) {
		add_hint(exchange, namespace, err);
		return error_wrap(err, "Secret %s/%s", namespace, name);
	}
	cleanup_json struct json *document = kube_answer_parse(exchange, "Secret", err);
	if (!document ||
	    kube_secret_read(document, JSON_ROOT, !is_dry_run(exchange), secret, err) < 0) {
		http_redact(exchange, err->message);
		return error_wrap(err, "Secret %s/%s", namespace, name);
	}
	/* Values are bound to the name that was asked for, not to one that the answer claims. */
	if (strcmp(secret->namespace, namespace) == 0 && strcmp(secret->name, name) == 0)
		return 0;
	error_set(err, ERROR_INVALID,
	    "Secret %s/%s: the Kubernetes API's answer is another one: %s/%s", namespace, name,
	    secret->namespace, secret->name);
	http_redact(exchange, err->message);
	kube_secret_free(secret);
	return -1;
}

int kube_secret_get(struct http_client *client, struct kube *kube, const char *namespace,
    const char *name, struct kube_secret *secret, struct error *err)
{
	struct http_exchange exchange;
	int result = kube_secret_get_request(kube, namespace, name, &exchange, err);

	memset(secret, 0, sizeof(*secret));
	if (result == 0)
		result = http_run_one(client, &exchange, err);
	if (result == 0)
		result = kube_secret_result(&exchange, namespace, name, secret, err);
	http_exchange_free(&exchange);
	return result;
}

static int check_size(const struct kube_secret *secret, struct error *err)
{
	size_t bytes = 0;

	for (size_t i = 0; i < secret->data_count; i++)
		bytes += secret->data[i].value.length;
	if (bytes > KUBE_SECRET_BYTES_MAX)
		return error_set(err, ERROR_TOO_LARGE,
		    "Secret %s/%s: its values are %zu bytes together, and a Secret holds %zu: "
		    "split "
		    "it",
		    secret->namespace, secret->name, bytes, KUBE_SECRET_BYTES_MAX);
	return 0;
}

static int add_dry_run(const struct kube *kube, struct http_exchange *exchange, struct error *err)
{
	return kube->dry_run ? secret_buffer_append_string(&exchange->path, DRY_RUN, err) : 0;
}

int kube_secret_create_request(struct kube *kube, const struct kube_secret *secret,
    struct http_exchange *exchange, struct error *err)
{
	memset(exchange, 0, sizeof(*exchange));
	if (check_size(secret, err) < 0 ||
	    kube_request(kube, "POST", secret->namespace, "secrets", NULL, exchange, err) < 0 ||
	    add_dry_run(kube, exchange, err) < 0)
		return -1;
	exchange->response_limit = HTTP_RESPONSE_SECRET;
	return kube_secret_write_json(secret, &exchange->body, err);
}

int kube_secret_patch_request(struct kube *kube, const struct kube_secret *change,
    struct http_exchange *exchange, struct error *err)
{
	struct json_writer writer;

	if (kube_request(kube, "PATCH", change->namespace, "secrets", change->name, exchange, err) <
		0 ||
	    add_dry_run(kube, exchange, err) < 0)
		return -1;
	exchange->content_type = "application/merge-patch+json";
	exchange->response_limit = HTTP_RESPONSE_SECRET;
	json_writer_init(&writer, &exchange->body);
	json_write_object(&writer);
	json_write_name(&writer, "metadata");
	json_write_object(&writer);
	if (change->resource_version)
		json_write_member(&writer, "resourceVersion", change->resource_version);
	kube_secret_write_marks(&writer, change);
	json_write_object_end(&writer);
	if (change->immutable) {
		json_write_name(&writer, "immutable");
		json_write_boolean(&writer, true);
	}
	kube_secret_write_data(&writer, change);
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err);
}

/* Read back what a failed create or patch may have stored: 0 when it is there. */
static int read_back(struct http_client *client, struct kube *kube, const struct kube_secret *sent,
    struct kube_secret *stored, struct error *err)
{
	struct error unread = ERROR_INIT;

	if (kube_secret_get(client, kube, sent->namespace, sent->name, stored, &unread) < 0)
		return unread.code == ERROR_NOT_FOUND
			   ? -1
			   : error_hint(
				 err, "it may have been written; read it before running again");
	if (!kube_secret_has(stored, sent)) {
		kube_secret_free(stored);
		return -1;
	}
	log_write(LOG_WARNING, "Secret %s/%s: written; the answer was lost, and it was read back",
	    sent->namespace, sent->name);
	error_clear(err);
	return 0;
}

/* Run a create or patch that was prepared with this outcome. */
static int store(struct http_client *client, struct kube *kube, const struct kube_secret *sent,
    int prepared, struct http_exchange *exchange, struct kube_secret *stored, struct error *err)
{
	int result = prepared;

	memset(stored, 0, sizeof(*stored));
	if (result == 0)
		result = http_run_one(client, exchange, err);
	if (result == 0)
		result = kube_secret_result(exchange, sent->namespace, sent->name, stored, err);
	if (result < 0 && exchange->uncertain && !kube->dry_run)
		result = read_back(client, kube, sent, stored, err);
	http_exchange_free(exchange);
	return result;
}

int kube_secret_create(struct http_client *client, struct kube *kube,
    const struct kube_secret *secret, struct kube_secret *stored, struct error *err)
{
	struct http_exchange exchange;
	int prepared = kube_secret_create_request(kube, secret, &exchange, err);

	return store(client, kube, secret, prepared, &exchange, stored, err);
}

int kube_secret_patch(struct http_client *client, struct kube *kube,
    const struct kube_secret *change, struct kube_secret *stored, struct error *err)
{
	struct http_exchange exchange;
	int prepared = kube_secret_patch_request(kube, change, &exchange, err);

	return store(client, kube, change, prepared, &exchange, stored, err);
}
