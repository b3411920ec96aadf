#include "cmd/secret-dev/kube_resource.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/secret-dev/kube_merge.h"
#include "lib/base/cleanup.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"

static void check_lease(
    const struct stored_resource *resource, const struct json *fields, struct kube_fault *fault)
{
	json_node seconds = json_path(fields, JSON_ROOT, "spec", "leaseDurationSeconds", NULL);
	int64_t value = json_integer(fields, seconds, 1);
	char message[64];

	(void)resource;
	if (value > 0)
		return;
	snprintf(
	    message, sizeof(message), "Invalid value: %" PRId64 ": must be greater than 0", value);
	kube_fault_set(fault, "FieldValueInvalid", "spec.leaseDurationSeconds", message);
}

const struct kube_kind kube_lease_kind = {.number = KUBE_LEASE,
    .group = "coordination.k8s.io",
    .resource = "leases",
    .qualified = "leases.coordination.k8s.io",
    .kind = "Lease",
    .qualified_kind = "Lease.coordination.k8s.io",
    .list_kind = "LeaseList",
    .api_version = "coordination.k8s.io/v1",
    .check = check_lease};

static void check_event(
    const struct stored_resource *resource, const struct json *fields, struct kube_fault *fault)
{
	json_node node = json_path(fields, JSON_ROOT, "involvedObject", "namespace", NULL);
	cleanup_free char *namespace = json_strdup(fields, node);
	char message[600];

	if (namespace && strcmp(namespace, resource->namespace) == 0)
		return;
	snprintf(message, sizeof(message),
	    "Invalid value: \"%.250s\": does not match event.namespace",
	    namespace ? namespace : "");
	kube_fault_set(fault, "FieldValueInvalid", "involvedObject.namespace", message);
}

const struct kube_kind kube_event_kind = {.number = KUBE_EVENT,
    .group = "",
    .resource = "events",
    .qualified = "events",
    .kind = "Event",
    .qualified_kind = "Event",
    .list_kind = "EventList",
    .api_version = "v1",
    .check = check_event};

const struct kube_kind kube_deployment_kind = {.number = KUBE_DEPLOYMENT,
    .group = "apps",
    .resource = "deployments",
    .qualified = "deployments.apps",
    .kind = "Deployment",
    .qualified_kind = "Deployment.apps",
    .list_kind = "DeploymentList",
    .api_version = "apps/v1"};

const struct kube_kind kube_stateful_set_kind = {.number = KUBE_STATEFUL_SET,
    .group = "apps",
    .resource = "statefulsets",
    .qualified = "statefulsets.apps",
    .kind = "StatefulSet",
    .qualified_kind = "StatefulSet.apps",
    .list_kind = "StatefulSetList",
    .api_version = "apps/v1"};

const struct kube_kind kube_daemon_set_kind = {.number = KUBE_DAEMON_SET,
    .group = "apps",
    .resource = "daemonsets",
    .qualified = "daemonsets.apps",
    .kind = "DaemonSet",
    .qualified_kind = "DaemonSet.apps",
    .list_kind = "DaemonSetList",
    .api_version = "apps/v1"};

const struct kube_kind kube_job_kind = {.number = KUBE_JOB,
    .group = "batch",
    .resource = "jobs",
    .qualified = "jobs.batch",
    .kind = "Job",
    .qualified_kind = "Job.batch",
    .list_kind = "JobList",
    .api_version = "batch/v1"};

const struct kube_kind kube_cron_job_kind = {.number = KUBE_CRON_JOB,
    .group = "batch",
    .resource = "cronjobs",
    .qualified = "cronjobs.batch",
    .kind = "CronJob",
    .qualified_kind = "CronJob.batch",
    .list_kind = "CronJobList",
    .api_version = "batch/v1"};

const struct kube_kind kube_pod_kind = {.number = KUBE_POD,
    .group = "",
    .resource = "pods",
    .qualified = "pods",
    .kind = "Pod",
    .qualified_kind = "Pod",
    .list_kind = "PodList",
    .api_version = "v1"};

/* -- one -------------------------------------------------------------------------------------- */

struct stored_resource *stored_resource_new(
    const struct kube_kind *kind, const char *namespace, const char *name, struct error *err)
{
	struct stored_resource *resource = calloc(1, sizeof(*resource));

	if (resource) {
		resource->kind = kind;
		resource->namespace = strdup(namespace);
		resource->name = strdup(name);
		resource->created_s = time(NULL);
		random_uuid(resource->uid);
	}
	if (!resource || !resource->namespace || !resource->name) {
		stored_resource_free(resource);
		error_memory(err);
		return NULL;
	}
	if (secret_buffer_append_string(&resource->fields, "{}", err) == 0)
		return resource;
	stored_resource_free(resource);
	return NULL;
}

struct stored_resource *stored_resource_copy(
    const struct stored_resource *resource, struct error *err)
{
	struct stored_resource *copy =
	    stored_resource_new(resource->kind, resource->namespace, resource->name, err);

	if (!copy)
		return NULL;
	memcpy(copy->uid, resource->uid, UUID_SIZE);
	copy->created_s = resource->created_s;
	copy->revision = resource->revision;
	secret_buffer_reset(&copy->fields);
	if (secret_buffer_append(
		&copy->fields, resource->fields.data, resource->fields.length, err) == 0 &&
	    kube_map_copy(&copy->labels, &resource->labels, err) == 0 &&
	    kube_map_copy(&copy->annotations, &resource->annotations, err) == 0)
		return copy;
	stored_resource_free(copy);
	return NULL;
}

void stored_resource_free(struct stored_resource *resource)
{
	if (!resource)
		return;
	free(resource->namespace);
	free(resource->name);
	kube_map_free(&resource->labels);
	kube_map_free(&resource->annotations);
	secret_buffer_free(&resource->fields);
	free(resource);
}

static struct json *parse_fields(const struct stored_resource *resource, struct error *err)
{
	return json_parse(resource->fields.data, resource->fields.length, "what is stored", err);
}

/* The members of an object but those that the metadata is made of. */
static void write_members(
    const struct json *document, bool (*leave_out)(const char *name), struct json_writer *writer)
{
	json_each (document, JSON_ROOT, member) {
		cleanup_free char *name = json_name_strdup(document, member);
		size_t length;

		if (!name || (leave_out && leave_out(name)))
			continue;
		json_write_name(writer, name);
		const char *raw = json_raw(document, member, &length);
		json_write_raw(writer, raw, length);
	}
}

static bool is_head(const char *name)
{
	return strcmp(name, "kind") == 0 || strcmp(name, "apiVersion") == 0 ||
	       strcmp(name, "metadata") == 0;
}

static int keep_fields(
    struct stored_resource *resource, const struct secret_buffer *merged, struct error *err)
{
	cleanup_json struct json *document =
	    json_parse(merged->data, merged->length, "what is to be stored", err);
	struct json_writer writer;

	if (!document)
		return -1;
	secret_buffer_reset(&resource->fields);
	json_writer_init(&writer, &resource->fields);
	json_write_object(&writer);
	write_members(document, is_head, &writer);
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err);
}

static int merge_fields(
    struct stored_resource *resource, const struct json *body, struct error *err)
{
	cleanup_secret struct secret_buffer merged = SECRET_BUFFER_INIT;
	cleanup_json struct json *base = parse_fields(resource, err);
	struct json_writer writer;

	if (!base)
		return -1;
	json_writer_init(&writer, &merged);
	kube_merge(base, JSON_ROOT, body, JSON_ROOT, &writer);
	if (json_writer_finish(&writer, err) < 0)
		return -1;
	/* The base borrows the fields' text, but is not looked at any more. */
	return keep_fields(resource, &merged, err);
}

int stored_resource_merge(
    struct stored_resource *resource, const struct json *body, struct error *err)
{
	const char *kind = resource->kind->kind;
	json_node metadata = json_member(body, JSON_ROOT, "metadata");
	json_node stated = json_member(body, JSON_ROOT, "kind");

	if (json_type(body, JSON_ROOT) != JSON_OBJECT)
		return kube_not_handled(
		    kind, err, "json: cannot unmarshal into Go value of this type");
	if (json_type(body, stated) == JSON_STRING && !json_string_is(body, stated, kind))
		return error_set(err, ERROR_INVALID,
		    "the object provided is unrecognized (must be of type %s)", kind);
	if (kube_map_merge(&resource->labels, kind, body, json_member(body, metadata, "labels"),
		KUBE_TEXT, err) < 0 ||
	    kube_map_merge(&resource->annotations, kind, body,
		json_member(body, metadata, "annotations"), KUBE_TEXT, err) < 0)
		return -1;
	return merge_fields(resource, body, err);
}

int stored_resource_check(
    const struct stored_resource *resource, struct kube_fault *fault, struct error *err)
{
	cleanup_json struct json *fields = parse_fields(resource, err);

	fault->reason = NULL;
	if (!fields)
		return -1;
	kube_check_name(resource->name, fault);
	if (resource->kind->check)
		resource->kind->check(resource, fields, fault);
	return 0;
}

bool stored_resource_equal(const struct stored_resource *a, const struct stored_resource *b)
{
	return secret_buffer_equal(&a->fields, &b->fields) &&
	       kube_map_equal(&a->labels, &b->labels) &&
	       kube_map_equal(&a->annotations, &b->annotations);
}

struct kube_metadata stored_resource_metadata(const struct stored_resource *resource)
{
	return (struct kube_metadata){resource->namespace, resource->name, resource->uid,
	    resource->revision, resource->created_s, &resource->labels, &resource->annotations,
	    NULL, NULL};
}

int stored_resource_write(const struct stored_resource *resource, enum stored_form form,
    struct json_writer *writer, struct error *err)
{
	struct kube_metadata metadata = stored_resource_metadata(resource);

	if (form == STORED_METADATA) {
		kube_write_metadata_object(&metadata, writer);
		return 0;
	}
	cleanup_json struct json *fields = parse_fields(resource, err);
	if (!fields)
		return -1;
	json_write_object(writer);
	if (form == STORED_WHOLE) {
		json_write_member(writer, "kind", resource->kind->kind);
		json_write_member(writer, "apiVersion", resource->kind->api_version);
	}
	kube_write_metadata(&metadata, writer);
	write_members(fields, NULL, writer);
	json_write_object_end(writer);
	return 0;
}

/* -- all of a kind ---------------------------------------------------------------------------- */

static int compare(const struct stored_resource *resource, const char *namespace, const char *name)
{
	int order = strcmp(resource->namespace, namespace);

	return order ? order : strcmp(resource->name, name);
}

size_t stored_resources_from(
    const struct stored_resources *resources, const char *namespace, const char *name)
{
	size_t place = 0;

	while (place < resources->count && compare(resources->items[place], namespace, name) < 0)
		place++;
	return place;
}

size_t stored_resources_find(
    const struct stored_resources *resources, const char *namespace, const char *name)
{
	size_t place = stored_resources_from(resources, namespace, name);

	if (place < resources->count && compare(resources->items[place], namespace, name) != 0)
		return resources->count;
	return place;
}

int stored_resources_insert(
    struct stored_resources *resources, struct stored_resource *resource, struct error *err)
{
	size_t place = stored_resources_from(resources, resource->namespace, resource->name);
	struct stored_resource **grown =
	    reallocarray(resources->items, resources->count + 1, sizeof(struct stored_resource *));

	if (!grown)
		return error_memory(err);
	resources->items = grown;
	memmove(grown + place + 1, grown + place,
	    (resources->count - place) * sizeof(struct stored_resource *));
	grown[place] = resource;
	resources->count++;
	return 0;
}

void stored_resources_remove(struct stored_resources *resources, size_t place)
{
	stored_resource_free(resources->items[place]);
	resources->count--;
	memmove(resources->items + place, resources->items + place + 1,
	    (resources->count - place) * sizeof(struct stored_resource *));
}

void stored_resources_free(struct stored_resources *resources)
{
	while (resources->count > 0)
		stored_resources_remove(resources, resources->count - 1);
	free(resources->items);
	resources->items = NULL;
}
