#include <string.h>

#include "lib/base/json_writer.h"
#include "lib/base/log.h"
#include "lib/kube/internal.h"

#define DRY_RUN "?dryRun=All"

const struct kube_object_kind kube_secret_kind = {.api = "/api/v1",
    .resource = "secrets",
    .list_kind = "SecretList",
    .name = "Secret",
    .plural = "Secrets"};

int kube_secret_get_request(struct kube *kube, const char *namespace, const char *name,
    struct http_exchange *exchange, struct error *err)
{
	if (kube_request(kube, "GET", &kube_secret_kind, namespace, name, exchange, err) < 0)
		return -1;
	exchange->response_limit = HTTP_RESPONSE_SECRET;
	return 0;
}

/* Return true for a dry run.  A create then returns a Secret without a resourceVersion. */
static bool is_dry_run(const struct http_exchange *exchange)
{
	return strstr(secret_buffer_string(&exchange->path), DRY_RUN) != NULL;
}

int kube_secret_result(const struct http_exchange *exchange, const char *namespace,
    const char *name, struct kube_secret *secret, struct error *err)
{
	memset(secret, 0, sizeof(*secret));
	if (kube_check(exchange, &kube_secret_kind, namespace, err) < 0) {
		if (exchange->status == 422)
			error_hint(err, "check whether it is immutable, or larger than 1 MiB");
		return error_wrap(err, "Secret %s/%s", namespace, name);
	}
	cleanup_json struct json *document = kube_parse(exchange, kube_secret_kind.name, err);
	if (!document ||
	    kube_secret_read(document, JSON_ROOT, !is_dry_run(exchange), secret, err) < 0) {
		http_redact(exchange, err->message);
		return error_wrap(err, "Secret %s/%s", namespace, name);
	}
	/* Values are bound to the requested name, so the response must not have another name. */
	if (kube_check_same_object(
		exchange, namespace, name, secret->namespace, secret->name, err) == 0)
		return 0;
	kube_secret_free(secret);
	return error_wrap(err, "Secret %s/%s", namespace, name);
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

static int secret_check_size(const struct kube_secret *secret, struct error *err)
{
	size_t bytes = 0;

	for (size_t i = 0; i < secret->data_count; i++)
		bytes += secret->data[i].value.length;
	if (bytes > KUBE_SECRET_BYTES_MAX)
		return error_set(err, ERROR_TOO_LARGE,
		    "Secret %s/%s: its values are %zu bytes together, more than the %zu that a "
		    "Secret may hold; split it",
		    secret->namespace, secret->name, bytes, KUBE_SECRET_BYTES_MAX);
	return 0;
}

static int add_dry_run(const struct kube *kube, struct http_exchange *exchange, struct error *err)
{
	return kube->dry_run ? secret_buffer_append_string(&exchange->path, DRY_RUN, err) : 0;
}

static int secret_create_request(struct kube *kube, const struct kube_secret *secret,
    struct http_exchange *exchange, struct error *err)
{
	memset(exchange, 0, sizeof(*exchange));
	if (secret_check_size(secret, err) < 0 ||
	    kube_request(kube, "POST", &kube_secret_kind, secret->namespace, NULL, exchange, err) <
		0 ||
	    add_dry_run(kube, exchange, err) < 0)
		return -1;
	exchange->response_limit = HTTP_RESPONSE_SECRET;
	return kube_secret_write_json(secret, &exchange->body, err);
}

int kube_secret_patch_request(struct kube *kube, const struct kube_secret *change,
    struct http_exchange *exchange, struct error *err)
{
	struct json_writer writer;

	if (kube_request(kube, "PATCH", &kube_secret_kind, change->namespace, change->name,
		exchange, err) < 0 ||
	    add_dry_run(kube, exchange, err) < 0)
		return -1;
	exchange->response_limit = HTTP_RESPONSE_SECRET;
	json_writer_init(&writer, &exchange->body);
	json_write_object(&writer);
	json_write_name(&writer, "metadata");
	json_write_object(&writer);
	if (change->resource_version)
		json_write_member(&writer, "resourceVersion", change->resource_version);
	kube_secret_write_metadata(&writer, change);
	json_write_object_end(&writer);
	if (change->immutable) {
		json_write_name(&writer, "immutable");
		json_write_boolean(&writer, true);
	}
	kube_secret_write_data(&writer, change);
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err);
}

/* Read the Secret after a create or patch whose response was lost.  Return 0 if it was stored. */
static int secret_read_back(struct http_client *client, struct kube *kube,
    const struct kube_secret *sent, struct kube_secret *stored, struct error *err)
{
	struct error unread = ERROR_INIT;

	if (kube_secret_get(client, kube, sent->namespace, sent->name, stored, &unread) < 0)
		return unread.code == ERROR_NOT_FOUND
			   ? -1
			   : error_hint(err,
				 "read it before running again, because it may have been written");
	if (!kube_secret_has(stored, sent)) {
		kube_secret_free(stored);
		return -1;
	}
	log_write(LOG_WARNING,
	    "Secret %s/%s: written, although the response was lost: the Secret was read back",
	    sent->namespace, sent->name);
	error_clear(err);
	return 0;
}

/* Run a create or patch, unless preparing it has failed (prepared is -1). */
static int secret_store(struct http_client *client, struct kube *kube,
    const struct kube_secret *sent, int prepared, struct http_exchange *exchange,
    struct kube_secret *stored, struct error *err)
{
	int result = prepared;

	memset(stored, 0, sizeof(*stored));
	if (result == 0)
		result = http_run_one(client, exchange, err);
	if (result == 0)
		result = kube_secret_result(exchange, sent->namespace, sent->name, stored, err);
	if (result < 0 && exchange->uncertain && !kube->dry_run)
		result = secret_read_back(client, kube, sent, stored, err);
	http_exchange_free(exchange);
	return result;
}

int kube_secret_create(struct http_client *client, struct kube *kube,
    const struct kube_secret *secret, struct kube_secret *stored, struct error *err)
{
	struct http_exchange exchange;
	int prepared = secret_create_request(kube, secret, &exchange, err);

	return secret_store(client, kube, secret, prepared, &exchange, stored, err);
}

int kube_secret_patch(struct http_client *client, struct kube *kube,
    const struct kube_secret *change, struct kube_secret *stored, struct error *err)
{
	struct http_exchange exchange;
	int prepared = kube_secret_patch_request(kube, change, &exchange, err);

	return secret_store(client, kube, change, prepared, &exchange, stored, err);
}
