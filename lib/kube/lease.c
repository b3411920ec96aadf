#include <stdlib.h>
#include <string.h>

#include "lib/kube/answer.h"
#include "lib/kube/lease.h"

#include "lib/base/json_writer.h"

#define API "/apis/coordination.k8s.io/v1"

void kube_lease_free(struct kube_lease *lease)
{
	free(lease->namespace);
	free(lease->name);
	free(lease->uid);
	free(lease->resource_version);
	free(lease->holder);
	free(lease->acquired);
	free(lease->renewed);
	memset(lease, 0, sizeof(*lease));
}

/* -- requests --------------------------------------------------------------------------------- */

int kube_lease_get_request(struct kube *kube, const char *namespace, const char *name,
    struct http_exchange *exchange, struct error *err)
{
	return kube_group_request(kube, "GET", API, namespace, "leases", name, exchange, err);
}

static void write_metadata(struct json_writer *writer, const struct kube_lease *lease)
{
	json_write_name(writer, "metadata");
	json_write_object(writer);
	json_write_member(writer, "name", lease->name);
	if (lease->resource_version)
		json_write_member(writer, "resourceVersion", lease->resource_version);
	json_write_object_end(writer);
}

static void write_spec(struct json_writer *writer, const struct kube_lease *lease)
{
	json_write_name(writer, "spec");
	json_write_object(writer);
	if (lease->holder)
		json_write_member(writer, "holderIdentity", lease->holder);
	if (lease->duration_s > 0) {
		json_write_name(writer, "leaseDurationSeconds");
		json_write_integer(writer, lease->duration_s);
	}
	if (lease->acquired)
		json_write_member(writer, "acquireTime", lease->acquired);
	if (lease->renewed)
		json_write_member(writer, "renewTime", lease->renewed);
	if (lease->transitions >= 0) {
		json_write_name(writer, "leaseTransitions");
		json_write_integer(writer, lease->transitions);
	}
	json_write_object_end(writer);
}

static int write_lease(
    const struct kube_lease *lease, struct secret_buffer *body, struct error *err)
{
	struct json_writer writer;

	json_writer_init(&writer, body);
	json_write_object(&writer);
	json_write_member(&writer, "apiVersion", "coordination.k8s.io/v1");
	json_write_member(&writer, "kind", "Lease");
	write_metadata(&writer, lease);
	write_spec(&writer, lease);
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err);
}

int kube_lease_create_request(struct kube *kube, const struct kube_lease *lease,
    struct http_exchange *exchange, struct error *err)
{
	if (kube_group_request(kube, "POST", API, lease->namespace, "leases", NULL, exchange, err) <
	    0)
		return -1;
	return write_lease(lease, &exchange->body, err);
}

int kube_lease_patch_request(struct kube *kube, const struct kube_lease *change,
    struct http_exchange *exchange, struct error *err)
{
	if (kube_group_request(
		kube, "PATCH", API, change->namespace, "leases", change->name, exchange, err) < 0)
		return -1;
	exchange->content_type = "application/merge-patch+json";
	return write_lease(change, &exchange->body, err);
}

/* -- the answer ------------------------------------------------------------------------------- */

static int read_lease(const struct json *document, struct kube_lease *lease, struct error *err)
{
	json_node metadata = json_member(document, JSON_ROOT, "metadata");
	json_node spec = json_member(document, JSON_ROOT, "spec");

	lease->namespace = json_strdup(document, json_member(document, metadata, "namespace"));
	lease->name = json_strdup(document, json_member(document, metadata, "name"));
	lease->uid = json_strdup(document, json_member(document, metadata, "uid"));
	lease->resource_version =
	    json_strdup(document, json_member(document, metadata, "resourceVersion"));
	lease->holder = json_strdup(document, json_member(document, spec, "holderIdentity"));
	lease->duration_s =
	    json_integer(document, json_member(document, spec, "leaseDurationSeconds"), 0);
	lease->acquired = json_strdup(document, json_member(document, spec, "acquireTime"));
	lease->renewed = json_strdup(document, json_member(document, spec, "renewTime"));
	lease->transitions =
	    json_integer(document, json_member(document, spec, "leaseTransitions"), 0);
	if (lease->namespace && lease->name && lease->resource_version)
		return 0;
	return error_set(err, ERROR_INVALID,
	    "the Kubernetes API's answer holds no Lease: no namespace, name or resourceVersion");
}

/* "get", "create" or "patch": what a Role calls the request. */
static const char *verb_of(const struct http_exchange *exchange)
{
	if (strcmp(exchange->method, "POST") == 0)
		return "create";
	return strcmp(exchange->method, "PATCH") == 0 ? "patch" : "get";
}

static int read_answer(const struct http_exchange *exchange, const char *namespace,
    struct kube_lease *lease, struct error *err)
{
	if (kube_answer_check(exchange, err) < 0) {
		if (exchange->status == 403)
			error_hint(err,
			    "a Role in namespace %s must allow %s on leases of coordination.k8s.io",
			    namespace, verb_of(exchange));
		if (exchange->status == 404 && strcmp(exchange->method, "POST") == 0)
			error_hint(err, "does the namespace exist?");
		return -1;
	}
	cleanup_json struct json *document = kube_answer_parse(exchange, "Lease", err);
	return document ? read_lease(document, lease, err) : -1;
}

int kube_lease_result(const struct http_exchange *exchange, const char *namespace, const char *name,
    struct kube_lease *lease, struct error *err)
{
	memset(lease, 0, sizeof(*lease));
	if (read_answer(exchange, namespace, lease, err) == 0) {
		if (strcmp(lease->namespace, namespace) == 0 && strcmp(lease->name, name) == 0)
			return 0;
		error_set(err, ERROR_INVALID, "the Kubernetes API's answer is another one: %s/%s",
		    lease->namespace, lease->name);
	}
	kube_lease_free(lease);
	return error_wrap(err, "Lease %s/%s", namespace, name);
}

/* -- run -------------------------------------------------------------------------------------- */

/* Run what was prepared with this outcome, and free it. */
static int run(struct http_client *client, int prepared, struct http_exchange *exchange,
    const char *namespace, const char *name, struct kube_lease *stored, struct error *err)
{
	int result = prepared;

	memset(stored, 0, sizeof(*stored));
	if (result == 0)
		result = http_run_one(client, exchange, err);
	if (result == 0)
		result = kube_lease_result(exchange, namespace, name, stored, err);
	http_exchange_free(exchange);
	return result;
}

int kube_lease_get(struct http_client *client, struct kube *kube, const char *namespace,
    const char *name, struct kube_lease *stored, struct error *err)
{
	struct http_exchange exchange;
	int prepared = kube_lease_get_request(kube, namespace, name, &exchange, err);

	return run(client, prepared, &exchange, namespace, name, stored, err);
}

int kube_lease_create(struct http_client *client, struct kube *kube, const struct kube_lease *lease,
    struct kube_lease *stored, struct error *err)
{
	struct http_exchange exchange;
	int prepared = kube_lease_create_request(kube, lease, &exchange, err);

	return run(client, prepared, &exchange, lease->namespace, lease->name, stored, err);
}

int kube_lease_patch(struct http_client *client, struct kube *kube, const struct kube_lease *change,
    struct kube_lease *stored, struct error *err)
{
	struct http_exchange exchange;
	int prepared = kube_lease_patch_request(kube, change, &exchange, err);

	return run(client, prepared, &exchange, change->namespace, change->name, stored, err);
}
