/*
 * Find ciphertext that is not the value of a Secret but can still be decrypted: in other text of
 * Secrets, in ConfigMaps, Pods and the pod templates of workloads.  A rotation does not rewrap it,
 * and retiring must keep its versions.
 */
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/kube/list.h"
#include "lib/rotate/pass.h"
#include "lib/sealed/sealed.h"

#define HELM_RELEASE "helm.sh/release.v1"
#define APPS "/apis/apps/v1"
#define BATCH "/apis/batch/v1"
#define CORE "/api/v1"

static const struct kube_object_kind object_kinds[] = {
    {CORE, "configmaps", "ConfigMapList", "ConfigMap", "ConfigMaps"},
    {CORE, "pods", "PodList", "Pod", "Pods"},
    {APPS, "deployments", "DeploymentList", "Deployment", "Deployments"},
    {APPS, "statefulsets", "StatefulSetList", "StatefulSet", "StatefulSets"},
    {APPS, "daemonsets", "DaemonSetList", "DaemonSet", "DaemonSets"},
    {BATCH, "jobs", "JobList", "Job", "Jobs"},
    {BATCH, "cronjobs", "CronJobList", "CronJob", "CronJobs"},
};

struct mention_ctx {
	struct rotate_run *run;
	const struct kube_object_kind *kind;
	const struct json *document;
	json_node object;
	struct keyset_key *key; /* NULL: unknown, or not in this run (`other_key`) */
	bool other_key;
	int64_t oldest; /* oldest version in the object; 0: none */
};

static int count_in_text(
    struct mention_ctx *ctx, const char *text, size_t length, struct error *err)
{
	const char *end = text + length;
	int64_t version;

	while ((text = sealed_find_mention(text, (size_t)(end - text), &version)) != NULL) {
		if (ctx->oldest == 0 || version < ctx->oldest)
			ctx->oldest = version;
		/* Text may contain any version number, so count only versions that the key has. */
		if (ctx->key && version <= ctx->key->state.latest_version &&
		    keyset_count_value(ctx->key, version, err) < 0)
			return -1;
		text++;
	}
	return 0;
}

static int count_in_string(struct mention_ctx *ctx, json_node node, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	size_t length;
	const char *plain = json_plain_string(ctx->document, node, &length);

	if (plain)
		return count_in_text(ctx, plain, length, err);
	if (json_string(ctx->document, node, &text, err) < 0)
		return -1;
	return count_in_text(ctx, secret_buffer_string(&text), text.length, err);
}

/* Count in a member of binaryData.  Decode it, since ciphertext may begin inside a base64 group. */
static int count_in_binary(struct mention_ctx *ctx, json_node value, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT, bytes = SECRET_BUFFER_INIT;

	if (json_string(ctx->document, value, &text, err) < 0 ||
	    base64_decode(&bytes, secret_buffer_string(&text), text.length, err) < 0)
		return -1;
	return count_in_text(ctx, secret_buffer_string(&bytes), bytes.length, err);
}

/* Count in every string of the value.  json_parse limits the depth of the recursion. */
static int count_in_value(struct mention_ctx *ctx, json_node value, struct error *err)
{
	if (json_type(ctx->document, value) == JSON_STRING)
		return count_in_string(ctx, value, err);
	json_each (ctx->document, value, node)
		if (count_in_value(ctx, node, err) < 0)
			return -1;
	return 0;
}

/* Set the key from an annotation.  Return false if the text is not the name of a key. */
static bool use_annotated_key(struct mention_ctx *ctx, const char *name)
{
	struct error ignored = ERROR_INIT;
	struct transit_key parsed;

	if (!name || transit_key_parse(&parsed, name, &ignored) < 0)
		return false;
	transit_key_free(&parsed);
	ctx->key = keyset_find(&ctx->run->keys, name);
	ctx->other_key = !ctx->key;
	return true;
}

/* Set the key from the annotation of the object, else of its pod template. */
static void find_object_key(struct mention_ctx *ctx)
{
	const struct json *document = ctx->document;
	json_node annotations = json_path(document, ctx->object, "metadata", "annotations", NULL);
	cleanup_free char *own =
	    json_strdup(document, json_member(document, annotations, SEALED_ANNOTATION_KEY));

	ctx->key = NULL;
	ctx->other_key = false;
	if (use_annotated_key(ctx, own))
		return;
	annotations =
	    json_path(document, ctx->object, "spec", "template", "metadata", "annotations", NULL);
	cleanup_free char *of_pods =
	    json_strdup(document, json_member(document, annotations, SEALED_ANNOTATION_KEY));
	use_annotated_key(ctx, of_pods);
}

static bool is_old(const struct mention_ctx *ctx)
{
	const struct keyset *keys = &ctx->run->keys;

	if (ctx->key)
		return ctx->oldest < ctx->key->wanted_version;
	for (size_t i = 0; i < keys->count; i++)
		if (!keys->keys[i]->failed && ctx->oldest < keys->keys[i]->wanted_version)
			return true;
	return false;
}

static void report_old_mention(
    const struct mention_ctx *ctx, const char *namespace, const char *name)
{
	struct error reason = ERROR_INIT;

	error_set(&reason, ERROR_REJECTED,
	    "%s %s/%s: holds ciphertext of version %lld of %s, and is not rewrapped; rewrap it "
	    "where it is made%s",
	    ctx->kind->name, namespace, name, (long long)ctx->oldest,
	    ctx->key ? "its Transit key" : "an unknown Transit key",
	    ctx->key ? "" : ", or name its key with annotation " SEALED_ANNOTATION_KEY);
	summary_fail(ctx->run->summary, namespace, name, &reason);
}

/* Note the object's oldest version, and report the object if that is old. */
static void finish_object(const struct mention_ctx *ctx, const char *namespace, const char *name)
{
	struct rotate_run *run = ctx->run;

	if (ctx->oldest == 0)
		return;
	if (!ctx->key && (run->oldest_keyless == 0 || ctx->oldest < run->oldest_keyless))
		run->oldest_keyless = ctx->oldest;
	if (is_old(ctx))
		report_old_mention(ctx, namespace, name);
}

static int count_in_object(struct mention_ctx *ctx, struct error *err)
{
	const struct json *document = ctx->document;
	json_node metadata = json_member(document, ctx->object, "metadata");

	ctx->oldest = 0;
	find_object_key(ctx);
	if (ctx->other_key)
		return 0;
	if (count_in_value(ctx, json_member(document, ctx->object, "data"), err) < 0 ||
	    count_in_value(ctx, json_member(document, ctx->object, "spec"), err) < 0)
		return -1;
	json_each (document, json_member(document, ctx->object, "binaryData"), node)
		if (count_in_binary(ctx, node, err) < 0)
			return -1;
	cleanup_free char *namespace =
	    json_strdup(document, json_member(document, metadata, "namespace"));
	cleanup_free char *name = json_strdup(document, json_member(document, metadata, "name"));
	finish_object(ctx, namespace ? namespace : "", name ? name : "");
	return 0;
}

/* Warn once about Helm releases, whose manifests are compressed and cannot be searched. */
static void warn_of_release(struct rotate_run *run, const struct kube_secret *secret)
{
	if (run->release_seen || !secret->type || strcmp(secret->type, HELM_RELEASE) != 0)
		return;
	run->release_seen = true;
	log_write(LOG_WARNING,
	    "Secret %s/%s: a Helm release, which is compressed and not searched, and helm rollback may "
	    "bring back ciphertext of a retired version",
	    secret->namespace, secret->name);
}

int rotate_count_mentions(
    struct rotate_run *run, const struct kube_secret *secret, struct error *err)
{
	static const struct kube_object_kind kind = {.name = "Secret"};
	struct mention_ctx ctx = {.run = run, .kind = &kind};

	warn_of_release(run, secret);
	use_annotated_key(&ctx, kube_secret_annotation(secret, SEALED_ANNOTATION_KEY));
	if (ctx.other_key)
		return 0;
	for (size_t i = 0; i < secret->data_count; i++) {
		const struct secret_buffer *value = &secret->data[i].value;

		if (!sealed_entry_is_ciphertext(&secret->data[i]) &&
		    count_in_text(&ctx, secret_buffer_string(value), value->length, err) < 0)
			return -1;
	}
	finish_object(&ctx, secret->namespace, secret->name);
	return 0;
}

static int count_in_page(
    struct mention_ctx *ctx, const struct kube_object_page *page, struct error *err)
{
	ctx->document = page->document;
	ctx->run->summary->pages++;
	json_each (page->document, page->items, node) {
		ctx->object = node;
		if (count_in_object(ctx, err) < 0)
			return -1;
	}
	return 0;
}

static int count_in_namespace(struct mention_ctx *ctx, const char *namespace, struct error *err)
{
	struct rotate_run *run = ctx->run;
	struct kube_pager pager;
	int result = 0;

	kube_pager_init(&pager);
	do {
		struct kube_list list = kube_pager_list(&pager, namespace, NULL);
		struct kube_object_page page;

		if (list.limit == 1)
			list.bytes_max = KUBE_OBJECT_BYTES_MAX;
		result = kube_object_list(run->client, &run->kube, ctx->kind, &list, &page, err);
		if (result < 0) {
			/* A page may be counted twice, since only the oldest version matters. */
			if (kube_pager_retry(&pager, err) == KUBE_PAGER_FAILED)
				break;
			result = 1;
			continue;
		}
		kube_pager_advance(&pager, &page.next, page.count, page.bytes);
		result = count_in_page(ctx, &page, err);
		kube_object_page_free(&page);
	} while (result > 0 || (result == 0 && pager.next));
	kube_pager_free(&pager);
	return result;
}

/* Note that the kind cannot be listed.  Return -1 if the server does not answer. */
static int add_unseen(struct mention_ctx *ctx, struct error *err)
{
	struct rotate_run *run = ctx->run;

	if (error_is_outage(err) || err->code == ERROR_SYSTEM)
		return -1;
	if (strings_contain(&run->unseen, ctx->kind->plural)) {
		error_clear(err);
		return 0;
	}
	error_wrap(err, "ciphertext in %s is not counted", ctx->kind->plural);
	log_error(LOG_WARNING, err);
	error_clear(err);
	return strings_append(&run->unseen, ctx->kind->plural, err);
}

int rotate_scan_objects(struct rotate_run *run, const struct strings *namespaces, struct error *err)
{
	for (size_t i = 0; i < sizeof(object_kinds) / sizeof(*object_kinds); i++) {
		struct mention_ctx ctx = {.run = run, .kind = &object_kinds[i]};
		size_t at = 0;

		do {
			const char *in = namespaces->count ? namespaces->items[at] : NULL;
			if (count_in_namespace(&ctx, in, err) < 0 && add_unseen(&ctx, err) < 0)
				return -1;
		} while (++at < namespaces->count);
	}
	return 0;
}
