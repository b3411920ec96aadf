/* kube_secret_calls: reading, creating, replacing, patching and deleting one Secret. */
#include <stdlib.h>
#include <string.h>

#include "cmd/secret-dev/kube_call.h"
#include "cmd/secret-dev/kube_store.h"
#include "lib/base/cleanup.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"

static int answer_secret(struct kube_call *call, unsigned int status,
    const struct stored_secret *secret, struct error *err)
{
	struct json_writer writer;

	call->answer->status = status;
	json_writer_init(&writer, &call->answer->body);
	stored_secret_write(
	    secret, kube_wants_metadata(call) ? STORED_METADATA : STORED_WHOLE, &writer);
	return json_writer_finish(&writer, err);
}

static struct stored_secret *named_secret(const struct kube_call *call)
{
	return kube_store_find(call->server, call->namespace, call->name);
}

int kube_secret_read(struct kube_call *call, struct error *err)
{
	if (!kube_allowed(call, "get", "secrets", call->name))
		return 0;
	const struct stored_secret *secret = named_secret(call);
	return secret ? answer_secret(call, 200, secret, err)
		      : kube_not_found(call, "secrets", call->name);
}

static int refuse_invalid(struct kube_call *call, const char *name, const struct kube_fault *fault)
{
	return kube_refuse_invalid(call, "Secret", name, fault);
}

static int create(struct kube_call *call, const char *name, struct error *err)
{
	struct stored_secret *secret = stored_secret_new(call->namespace, name, err);
	struct kube_fault fault;

	if (!secret)
		return -1;
	if (stored_secret_merge(secret, call->body, err) < 0) {
		stored_secret_free(secret);
		return kube_refuse_body(call, err);
	}
	stored_secret_check(secret, NULL, &fault);
	if (fault.reason) {
		stored_secret_free(secret);
		return refuse_invalid(call, name, &fault);
	}
	if (call->dry_run) {
		int result = answer_secret(call, 201, secret, err);
		stored_secret_free(secret);
		return result;
	}
	if (kube_store_insert(call->server, secret, err) < 0) {
		stored_secret_free(secret);
		return -1;
	}
	return answer_secret(call, 201, secret, err);
}

int kube_secret_post(struct kube_call *call, struct error *err)
{
	if (!kube_allowed(call, "create", "secrets", NULL))
		return 0;
	if (!call->body)
		return kube_bad_request(call, "the body of the request was empty");
	if (kube_check_identity(call))
		return 0;
	if (!kube_namespace_find(call->server, call->namespace))
		return kube_not_found(call, "namespaces", call->namespace);
	cleanup_free char *name = json_strdup(call->body, kube_metadata_member(call, "name"));
	if (!name || !*name) {
		static const struct kube_fault missing = {"FieldValueRequired", "metadata.name",
		    "Required value: name or generateName is required"};
		return refuse_invalid(call, "", &missing);
	}
	if (kube_store_find(call->server, call->namespace, name))
		return kube_refuse(call,
		    &(struct kube_status){409, "AlreadyExists", name, "secrets", NULL},
		    "secrets \"%s\" already exists", name);
	return create(call, name, err);
}

/* Store the changed Secret in the old one's place.  Takes `changed` over. */
static int replace(struct kube_call *call, struct stored_secret *old, struct stored_secret *changed,
    struct error *err)
{
	struct kube_fault fault;

	stored_secret_check(changed, old, &fault);
	if (fault.reason) {
		stored_secret_free(changed);
		return refuse_invalid(call, old->name, &fault);
	}
	/* As etcd's store has it: what changes nothing makes no new revision. */
	if (stored_secret_equal(changed, old)) {
		stored_secret_free(changed);
		return answer_secret(call, 200, old, err);
	}
	if (call->dry_run) {
		changed->revision = old->revision;
		int result = answer_secret(call, 200, changed, err);
		stored_secret_free(changed);
		return result;
	}
	kube_store_replace(call->server, old, changed);
	return answer_secret(call, 200, changed, err);
}

/* Lay the body over `base` (taken over) and store the outcome. */
static int update(struct kube_call *call, struct stored_secret *old, struct stored_secret *base,
    struct error *err)
{
	if (!base)
		return -1;
	if (kube_check_precondition(call, "secrets", old->name, old->revision)) {
		stored_secret_free(base);
		return 0;
	}
	if (stored_secret_merge(base, call->body, err) < 0) {
		stored_secret_free(base);
		return kube_refuse_body(call, err);
	}
	return replace(call, old, base, err);
}

/* What replaces a Secret starts empty, but stays the same object. */
static struct stored_secret *successor_of(const struct stored_secret *secret, struct error *err)
{
	struct stored_secret *next = stored_secret_new(secret->namespace, secret->name, err);

	if (next) {
		memcpy(next->uid, secret->uid, UUID_SIZE);
		next->created_s = secret->created_s;
	}
	return next;
}

int kube_secret_put(struct kube_call *call, struct error *err)
{
	if (!kube_allowed(call, "update", "secrets", call->name))
		return 0;
	if (!call->body)
		return kube_bad_request(call, "the body of the request was empty");
	struct stored_secret *old = named_secret(call);
	if (!old)
		return kube_not_found(call, "secrets", call->name);
	if (kube_check_identity(call))
		return 0;
	return update(call, old, successor_of(old, err), err);
}

int kube_secret_patch(struct kube_call *call, struct error *err)
{
	if (!kube_allowed(call, "patch", "secrets", call->name))
		return 0;
	/* For a Secret's fields a strategic merge patch does the same as a merge patch. */
	if (kube_check_patch_type(call, true))
		return 0;
	struct stored_secret *old = named_secret(call);
	if (!old)
		return kube_not_found(call, "secrets", call->name);
	if (kube_check_patch_body(call))
		return 0;
	return update(call, old, stored_secret_copy(old, err), err);
}

int kube_secret_delete(struct kube_call *call, struct error *err)
{
	if (!kube_allowed(call, "delete", "secrets", call->name))
		return 0;
	struct stored_secret *secret = named_secret(call);
	if (!secret)
		return kube_not_found(call, "secrets", call->name);
	int result = kube_answer_deleted(call, "secrets", secret->name, secret->uid, err);
	kube_store_remove(call->server, secret);
	return result;
}
