#include "lib/rotate/elsewhere.h"

#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/kube/list.h"
#include "lib/sealed/mention.h"
#include "lib/sealed/sealed.h"

#define HELM_RELEASE "helm.sh/release.v1"
#define APPS "/apis/apps/v1"
#define BATCH "/apis/batch/v1"
#define CORE "/api/v1"

static const struct kube_object_kind kinds[] = {
    {CORE, "configmaps", "ConfigMapList", "ConfigMap", "ConfigMaps"},
    {CORE, "pods", "PodList", "Pod", "Pods"},
    {APPS, "deployments", "DeploymentList", "Deployment", "Deployments"},
    {APPS, "statefulsets", "StatefulSetList", "StatefulSet", "StatefulSets"},
    {APPS, "daemonsets", "DaemonSetList", "DaemonSet", "DaemonSets"},
    {BATCH, "jobs", "JobList", "Job", "Jobs"},
    {BATCH, "cronjobs", "CronJobList", "CronJob", "CronJobs"},
};

struct look {
	struct rotation *rotation;
	const struct kube_object_kind *kind;
	const struct json *document;
	json_node object;
	struct keyset_key *key; /* NULL: unknown, or another one where `other_key` is set */
	bool other_key;
	int64_t oldest; /* version in the object; 0: none */
};

static int note_text(struct look *look, const char *text, size_t length, struct error *err)
{
	const char *end = text + length;
	int64_t version;

	while ((text = sealed_find_mention(text, (size_t)(end - text), &version)) != NULL) {
		if (look->oldest == 0 || version < look->oldest)
			look->oldest = version;
		/* Text can claim any version: those that the key has are few. */
		if (look->key && version <= look->key->state.latest_version &&
		    keyset_count_value(look->key, version, err) < 0)
			return -1;
		text++;
	}
	return 0;
}

static int note_string(struct look *look, json_node node, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	size_t length;
	const char *plain = json_plain_string(look->document, node, &length);

	if (plain)
		return note_text(look, plain, length, err);
	if (json_string(look->document, node, &text, err) < 0)
		return -1;
	return note_text(look, secret_buffer_string(&text), text.length, err);
}

/* Note the bytes of a binaryData member: the text in them need not begin at a letter of base64. */
static int note_binary(struct look *look, json_node value, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT, bytes = SECRET_BUFFER_INIT;

	if (json_string(look->document, value, &text, err) < 0 ||
	    base64_decode(&bytes, secret_buffer_string(&text), text.length, err) < 0)
		return -1;
	return note_text(look, secret_buffer_string(&bytes), bytes.length, err);
}

/* Note every string in the value; json_parse bounds the depth. */
static int note_value(struct look *look, json_node value, struct error *err)
{
	if (json_type(look->document, value) == JSON_STRING)
		return note_string(look, value, err);
	json_each (look->document, value, node)
		if (note_value(look, node, err) < 0)
			return -1;
	return 0;
}

/* Use the key that this annotation names; false when it names none. */
static bool use_annotation(struct look *look, const char *name)
{
	struct error ignored = ERROR_INIT;
	struct transit_key parsed;

	if (!name || transit_key_parse(&parsed, name, &ignored) < 0)
		return false;
	transit_key_free(&parsed);
	look->key = keyset_find(&look->rotation->keys, name);
	look->other_key = !look->key;
	return true;
}

/* Find the key that an annotation of the object, or of its pod template, names. */
static void find_key(struct look *look)
{
	const struct json *document = look->document;
	json_node annotations = json_path(document, look->object, "metadata", "annotations", NULL);
	cleanup_free char *own =
	    json_strdup(document, json_member(document, annotations, SEALED_ANNOTATION_KEY));

	look->key = NULL;
	look->other_key = false;
	if (use_annotation(look, own))
		return;
	annotations =
	    json_path(document, look->object, "spec", "template", "metadata", "annotations", NULL);
	cleanup_free char *of_pods =
	    json_strdup(document, json_member(document, annotations, SEALED_ANNOTATION_KEY));
	use_annotation(look, of_pods);
}

static bool is_old(const struct look *look)
{
	const struct keyset *keys = &look->rotation->keys;

	if (look->key)
		return look->oldest < look->key->wanted_version;
	for (size_t i = 0; i < keys->count; i++)
		if (!keys->keys[i]->failed && look->oldest < keys->keys[i]->wanted_version)
			return true;
	return false;
}

static void tell_old(const struct look *look, const char *namespace, const char *name)
{
	struct error reason = ERROR_INIT;

	error_set(&reason, ERROR_REJECTED,
	    "%s %s/%s: holds ciphertext of version %lld of %s, and is not rewrapped; rewrap it "
	    "where it is made%s",
	    look->kind->name, namespace, name, (long long)look->oldest,
	    look->key ? "its Transit key" : "an unknown Transit key",
	    look->key ? "" : ", or name its key with annotation " SEALED_ANNOTATION_KEY);
	summary_fail(look->rotation->summary, namespace, name, &reason);
}

/* All of the object is noted. */
static void conclude(const struct look *look, const char *namespace, const char *name)
{
	struct rotation *rotation = look->rotation;

	if (look->oldest == 0)
		return;
	if (!look->key &&
	    (rotation->oldest_keyless == 0 || look->oldest < rotation->oldest_keyless))
		rotation->oldest_keyless = look->oldest;
	if (is_old(look))
		tell_old(look, namespace, name);
}

static int look_at_object(struct look *look, struct error *err)
{
	const struct json *document = look->document;
	json_node metadata = json_member(document, look->object, "metadata");

	look->oldest = 0;
	find_key(look);
	if (look->other_key)
		return 0;
	if (note_value(look, json_member(document, look->object, "data"), err) < 0 ||
	    note_value(look, json_member(document, look->object, "spec"), err) < 0)
		return -1;
	json_each (document, json_member(document, look->object, "binaryData"), node)
		if (note_binary(look, node, err) < 0)
			return -1;
	cleanup_free char *namespace =
	    json_strdup(document, json_member(document, metadata, "namespace"));
	cleanup_free char *name = json_strdup(document, json_member(document, metadata, "name"));
	conclude(look, namespace ? namespace : "", name ? name : "");
	return 0;
}

/* Warn once: Helm keeps a release's manifests compressed. */
static void warn_of_release(struct rotation *rotation, const struct kube_secret *secret)
{
	if (rotation->release_seen || !secret->type || strcmp(secret->type, HELM_RELEASE) != 0)
		return;
	rotation->release_seen = true;
	log_write(LOG_WARNING,
	    "Secret %s/%s: a Helm release, which is compressed and not searched; helm rollback may "
	    "bring back ciphertext of a retired version",
	    secret->namespace, secret->name);
}

int elsewhere_look_at_secret(
    struct rotation *rotation, const struct kube_secret *secret, struct error *err)
{
	static const struct kube_object_kind kind = {.name = "Secret"};
	struct look look = {.rotation = rotation, .kind = &kind};

	warn_of_release(rotation, secret);
	use_annotation(&look, kube_secret_annotation(secret, SEALED_ANNOTATION_KEY));
	if (look.other_key)
		return 0;
	for (size_t i = 0; i < secret->data_count; i++) {
		const struct secret_buffer *value = &secret->data[i].value;

		if (!sealed_entry_is_ciphertext(&secret->data[i]) &&
		    note_text(&look, secret_buffer_string(value), value->length, err) < 0)
			return -1;
	}
	conclude(&look, secret->namespace, secret->name);
	return 0;
}

static int look_at_page(struct look *look, const struct kube_object_page *page, struct error *err)
{
	look->document = page->document;
	look->rotation->summary->pages++;
	json_each (page->document, page->items, node) {
		look->object = node;
		if (look_at_object(look, err) < 0)
			return -1;
	}
	return 0;
}

static int look_in_namespace(struct look *look, const char *namespace, struct error *err)
{
	struct rotation *rotation = look->rotation;
	struct kube_pager pager;
	int result = 0;

	kube_pager_init(&pager);
	do {
		struct kube_list list = kube_pager_list(&pager, namespace, NULL);
		struct kube_object_page page;

		if (list.limit == 1)
			list.bytes_max = KUBE_OBJECT_BYTES_MAX;
		result = kube_object_list(
		    rotation->client, &rotation->kube, look->kind, &list, &page, err);
		if (result < 0) {
			/* Counting twice does no harm: only the oldest version matters. */
			if (kube_pager_retry(&pager, err) == KUBE_PAGER_FAILED)
				break;
			result = 1;
			continue;
		}
		kube_pager_advance(&pager, &page.next, page.count, page.bytes);
		result = look_at_page(look, &page, err);
		kube_object_page_free(&page);
	} while (result > 0 || (result == 0 && pager.next));
	kube_pager_free(&pager);
	return result;
}

/* The kind can't be listed: the run goes on without, unless no server answers. */
static int note_unseen(struct look *look, struct error *err)
{
	struct rotation *rotation = look->rotation;

	if (error_is_outage(err) || err->code == ERROR_SYSTEM)
		return -1;
	if (strings_contain(&rotation->unseen, look->kind->plural)) {
		error_clear(err);
		return 0;
	}
	log_write(
	    LOG_WARNING, "%s; ciphertext in %s is not counted", err->message, look->kind->plural);
	error_clear(err);
	return strings_append(&rotation->unseen, look->kind->plural, err);
}

int elsewhere_look(struct rotation *rotation, const struct strings *namespaces, struct error *err)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct look look = {.rotation = rotation, .kind = &kinds[i]};
		size_t at = 0;

		do {
			const char *in = namespaces->count ? namespaces->items[at] : NULL;
			if (look_in_namespace(&look, in, err) < 0 && note_unseen(&look, err) < 0)
				return -1;
		} while (++at < namespaces->count);
	}
	return 0;
}
