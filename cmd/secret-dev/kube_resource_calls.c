/* kube_resource_calls: reading, creating, patching and deleting one Lease, Event or workload. */
#include <string.h>

#include "cmd/secret-dev/kube_call.h"
#include "lib/base/cleanup.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"

static struct stored_resources *resources_of(const struct kube_call *call)
{
	return &call->server->resources[call->kind->number];
}

/* NULL when there is none of the path's name. */
static struct stored_resource *named_resource(const struct kube_call *call)
{
	const struct stored_resources *resources = resources_of(call);
	size_t place = stored_resources_find(resources, call->namespace, call->name);

	return place < resources->count ? resources->items[place] : NULL;
}

static int answer_resource(struct kube_call *call, unsigned int status,
    const struct stored_resource *resource, struct error *err)
{
	struct json_writer writer;

	call->answer->status = status;
	json_writer_init(&writer, &call->answer->body);
	if (stored_resource_write(resource,
		kube_wants_metadata(call) ? STORED_METADATA : STORED_WHOLE, &writer, err) < 0)
		return -1;
	return json_writer_finish(&writer, err);
}

int kube_resource_read(struct kube_call *call, struct error *err)
{
	if (!kube_allowed(call, "get", call->kind->resource, call->name))
		return 0;
	const struct stored_resource *resource = named_resource(call);
	return resource ? answer_resource(call, 200, resource, err)
			: kube_not_found(call, call->kind->resource, call->name);
}

/* 0: the body lies over it and the outcome may be stored; 1: refused and answered. */
static int change(struct kube_call *call, struct stored_resource *resource, struct error *err)
{
	struct kube_fault fault;

	if (stored_resource_merge(resource, call->body, err) < 0)
		return kube_refuse_body(call, err) < 0 ? -1 : 1;
	if (stored_resource_check(resource, &fault, err) < 0)
		return -1;
	if (!fault.reason)
		return 0;
	kube_refuse_invalid(call, call->kind->qualified_kind, resource->name, &fault);
	return 1;
}

static int create(struct kube_call *call, const char *name, struct error *err)
{
	struct stored_resource *resource =
	    stored_resource_new(call->kind, call->namespace, name, err);
	int result = resource ? change(call, resource, err) : -1;

	if (result == 0)
		result = stored_resources_insert(resources_of(call), resource, err);
	if (result != 0) {
		stored_resource_free(resource);
		return result < 0 ? -1 : 0;
	}
	resource->revision = ++call->server->revision;
	return answer_resource(call, 201, resource, err);
}

int kube_resource_post(struct kube_call *call, struct error *err)
{
	const struct kube_kind *kind = call->kind;
	const struct stored_resources *resources = resources_of(call);

	if (!kube_allowed(call, "create", kind->resource, NULL))
		return 0;
	if (!call->body)
		return kube_bad_request(call, "the body of the request was empty");
	if (kube_check_identity(call))
		return 0;
	if (!kube_namespace_find(call->server, call->namespace)) {
		call->kind = NULL; /* it is not the kind that is missing */
		return kube_not_found(call, "namespaces", call->namespace);
	}
	cleanup_free char *name = json_strdup(call->body, kube_metadata_member(call, "name"));
	if (!name || !*name) {
		static const struct kube_fault missing = {"FieldValueRequired", "metadata.name",
		    "Required value: name or generateName is required"};
		return kube_refuse_invalid(call, kind->qualified_kind, "", &missing);
	}
	if (stored_resources_find(resources, call->namespace, name) < resources->count)
		return kube_refuse(call,
		    &(struct kube_status){409, "AlreadyExists", name, kind->resource, NULL},
		    "%s \"%s\" already exists", kind->qualified, name);
	return create(call, name, err);
}

/* Put the changed one, which is taken over, in the old one's place. */
static int replace(struct kube_call *call, struct stored_resource *old,
    struct stored_resource *changed, struct error *err)
{
	struct stored_resources *resources = resources_of(call);

	/* As etcd's store has it: what changes nothing makes no new revision. */
	if (stored_resource_equal(changed, old)) {
		stored_resource_free(changed);
		return answer_resource(call, 200, old, err);
	}
	changed->revision = ++call->server->revision;
	resources->items[stored_resources_find(resources, old->namespace, old->name)] = changed;
	stored_resource_free(old);
	return answer_resource(call, 200, changed, err);
}

int kube_resource_patch(struct kube_call *call, struct error *err)
{
	const struct kube_kind *kind = call->kind;

	if (!kube_allowed(call, "patch", kind->resource, call->name))
		return 0;
	if (kube_check_patch_type(call, false))
		return 0;
	struct stored_resource *old = named_resource(call);
	if (!old)
		return kube_not_found(call, kind->resource, call->name);
	if (kube_check_patch_body(call) ||
	    kube_check_precondition(call, kind->qualified, old->name, old->revision))
		return 0;
	struct stored_resource *changed = stored_resource_copy(old, err);
	int result = changed ? change(call, changed, err) : -1;
	if (result == 0)
		return replace(call, old, changed, err);
	stored_resource_free(changed);
	return result < 0 ? -1 : 0;
}

int kube_resource_delete(struct kube_call *call, struct error *err)
{
	const struct kube_kind *kind = call->kind;
	struct stored_resources *resources = resources_of(call);

	if (!kube_allowed(call, "delete", kind->resource, call->name))
		return 0;
	const struct stored_resource *resource = named_resource(call);
	if (!resource)
		return kube_not_found(call, kind->resource, call->name);
	int result = kube_answer_deleted(call, kind->resource, resource->name, resource->uid, err);
	stored_resources_remove(
	    resources, stored_resources_find(resources, call->namespace, call->name));
	call->server->revision++;
	return result;
}
