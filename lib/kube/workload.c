#include <stdlib.h>
#include <string.h>

#include "lib/base/json_writer.h"
#include "lib/kube/answer.h"
#include "lib/kube/list.h"
#include "lib/kube/secret_json.h"
#include "lib/kube/workload.h"

#define API "/apis/apps/v1"
#define RESTARTED_AT "kubectl.kubernetes.io/restartedAt"

static const struct {
	const char *name, *plural, *list, *resource;
} kinds[] = {
    [KUBE_DEPLOYMENT] = {"Deployment", "Deployments", "DeploymentList", "deployments"},
    [KUBE_STATEFUL_SET] = {"StatefulSet", "StatefulSets", "StatefulSetList", "statefulsets"},
    [KUBE_DAEMON_SET] = {"DaemonSet", "DaemonSets", "DaemonSetList", "daemonsets"},
};

const char *kube_workload_kind_name(enum kube_workload_kind kind)
{
	return kinds[kind].name;
}

void kube_workload_page_free(struct kube_workload_page *page)
{
	for (size_t i = 0; i < page->count; i++) {
		struct kube_workload *workload = &page->workloads[i];
		free(workload->namespace);
		free(workload->name);
		kube_pairs_free(workload->annotations, workload->annotation_count);
	}
	free(page->workloads);
	free(page->next);
	memset(page, 0, sizeof(*page));
}

const char *kube_workload_annotation(const struct kube_workload *workload, const char *name)
{
	const struct kube_pair *pair =
	    kube_pairs_find(workload->annotations, workload->annotation_count, name);

	return pair ? pair->value : NULL;
}

/* -- list ------------------------------------------------------------------------------------- */

static int read_workload(
    const struct json *document, json_node node, struct kube_workload *workload, struct error *err)
{
	json_node metadata = json_member(document, node, "metadata");

	if (kube_names_read(document, metadata, &workload->namespace, &workload->name, err) < 0)
		return -1;
	if (!workload->namespace || !workload->name)
		return error_set(err, ERROR_INVALID,
		    "the Kubernetes API's answer holds a workload without namespace or name");
	return kube_pairs_read(document, json_member(document, metadata, "annotations"),
	    &workload->annotations, &workload->annotation_count, err);
}

static int read_items(
    const struct json *document, struct kube_workload_page *page, struct error *err)
{
	json_node items = json_member(document, JSON_ROOT, "items");
	size_t count = json_count(document, items);

	if (count == 0)
		return 0;
	page->workloads = calloc(count, sizeof(*page->workloads));
	if (!page->workloads)
		return error_memory(err);
	json_each (document, items, node)
		if (read_workload(document, node, &page->workloads[page->count++], err) < 0)
			return error_wrap(err, "item %zu", page->count);
	return 0;
}

static int read_page(const struct http_exchange *exchange, enum kube_workload_kind kind,
    struct kube_workload_page *page, struct error *err)
{
	cleanup_json struct json *document =
	    kube_list_parse(exchange, kinds[kind].list, kinds[kind].resource, &page->next, err);

	page->bytes = exchange->response.length;
	if (document && read_items(document, page, err) == 0)
		return 0;
	kube_workload_page_free(page);
	return -1;
}

int kube_workload_list(struct http_client *client, struct kube *kube, enum kube_workload_kind kind,
    const struct kube_list *list, struct kube_workload_page *page, struct error *err)
{
	struct http_exchange exchange;
	int result = kube_list_request(kube, API, kinds[kind].resource, list, &exchange, err);

	memset(page, 0, sizeof(*page));
	if (result == 0) {
		kube_ask_for_metadata_list(&exchange);
		result = http_run_one(client, &exchange, err);
	}
	if (result == 0)
		result = read_page(&exchange, kind, page, err);
	http_exchange_free(&exchange);
	return result < 0 ? kube_list_wrap(list, kinds[kind].plural, err) : 0;
}

/* -- restart ---------------------------------------------------------------------------------- */

static int write_restart(struct secret_buffer *body, const char *time, struct error *err)
{
	static const char *const path[] = {"spec", "template", "metadata", "annotations"};
	const size_t depth = sizeof(path) / sizeof(*path);
	struct json_writer writer;

	json_writer_init(&writer, body);
	json_write_object(&writer);
	for (size_t i = 0; i < depth; i++) {
		json_write_name(&writer, path[i]);
		json_write_object(&writer);
	}
	json_write_member(&writer, RESTARTED_AT, time);
	for (size_t i = 0; i < depth; i++)
		json_write_object_end(&writer);
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err);
}

static int check(const struct http_exchange *exchange, enum kube_workload_kind kind,
    const char *namespace, struct error *err)
{
	if (kube_answer_check(exchange, err) == 0)
		return 0;
	if (exchange->status == 403)
		error_hint(err, "a Role in namespace %s must allow patch on %s of apps", namespace,
		    kinds[kind].resource);
	return -1;
}

int kube_workload_restart(struct http_client *client, struct kube *kube,
    enum kube_workload_kind kind, const char *namespace, const char *name, const char *time,
    struct error *err)
{
	struct http_exchange exchange;
	int result = kube_group_request(
	    kube, "PATCH", API, namespace, kinds[kind].resource, name, &exchange, err);

	if (result == 0) {
		exchange.content_type = "application/merge-patch+json";
		exchange.response_limit = HTTP_RESPONSE_SECRET;
		kube_ask_for_metadata(&exchange);
		result = write_restart(&exchange.body, time, err);
	}
	if (result == 0)
		result = http_run_one(client, &exchange, err);
	if (result == 0)
		result = check(&exchange, kind, namespace, err);
	http_exchange_free(&exchange);
	return result < 0 ? error_wrap(err, "%s %s/%s", kinds[kind].name, namespace, name) : 0;
}
