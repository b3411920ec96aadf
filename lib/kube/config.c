#include "lib/kube/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/input_file.h"

void kube_free(struct kube *kube)
{
	http_endpoint_free(&kube->endpoint);
	free(kube->namespace);
	free(kube->token_file);
	secret_buffer_free(&kube->token);
	memset(kube, 0, sizeof(*kube));
}

/* Split a list, as KUBECONFIG has it, into the paths that exist. */
static int split_list(const char *list, struct strings *paths, struct error *err)
{
	cleanup_free char *copy = strdup(list);

	if (!copy)
		return error_memory(err);
	for (char *saved = NULL, *path = strtok_r(copy, ":", &saved); path;
	     path = strtok_r(NULL, ":", &saved))
		if ((access(path, F_OK) == 0 || !input_file_is_absent(errno)) &&
		    strings_append(paths, path, err) < 0)
			return -1;
	if (paths->count > 0)
		return 0;
	return error_set(err, ERROR_USAGE,
	    "kubeconfig %s: no such file: correct KUBECONFIG or --kubeconfig, or unset it", list);
}

static int read_listed(struct kube *kube, const struct kube_settings *settings, struct error *err)
{
	struct strings paths = {NULL, 0};
	int result = split_list(settings->kubeconfig, &paths, err);

	if (result == 0)
		result = kube_read_kubeconfig(
		    kube, settings->kubeconfig, &paths, settings->context, err);
	strings_free(&paths);
	return result;
}

/* Whether a token is mounted where the kubelet puts it. */
static int find_pod_token(const char *directory, bool *found, struct error *err)
{
	cleanup_free char *path = string_format(err, "%s/token", directory);

	if (!path)
		return -1;
	return input_file_exists(path, found, err);
}

/* kubectl's own kubeconfig; *path stays NULL where there is none. */
static int find_at_home(char **path, struct error *err)
{
	const char *home = getenv("HOME");

	if (!is_set(home))
		return 0;
	*path = string_format(err, "%s/.kube/config", home);
	if (!*path)
		return -1;
	bool exists;
	int result = input_file_exists(*path, &exists, err);
	if (result < 0 || !exists) {
		free(*path);
		*path = NULL;
	}
	return result < 0 ? error_wrap(err, "kubeconfig") : 0;
}

/* Nobody named a kubeconfig: look where a pod has its own account, then where kubectl looks. */
static int read_default(struct kube *kube, const struct kube_settings *settings, struct error *err)
{
	const char *directory = settings->service_account_directory;
	const char *host = getenv("KUBERNETES_SERVICE_HOST");
	bool in_cluster = is_set(host), mounted = false;
	cleanup_free char *path = NULL;

	if (!is_set(directory))
		directory = KUBE_SERVICE_ACCOUNT_DIRECTORY;
	if (in_cluster && find_pod_token(directory, &mounted, err) < 0)
		return -1;
	if (mounted) {
		if (kube_read_in_cluster(kube, host, directory, err) < 0)
			return -1;
		return is_set(settings->namespace)
			   ? 0
			   : kube_pod_namespace(directory, &kube->namespace, err);
	}
	if (find_at_home(&path, err) < 0)
		return -1;
	if (path) {
		const struct strings paths = {&path, 1};
		return kube_read_kubeconfig(kube, path, &paths, settings->context, err);
	}
	if (in_cluster)
		return error_set(err, ERROR_USAGE,
		    "no access to the Kubernetes API: there is no %s/token: the pod needs "
		    "automountServiceAccountToken or a projected token volume; "
		    "--service-account-dir names another place",
		    directory);
	return error_set(err, ERROR_USAGE,
	    "no access to the Kubernetes API: this is no pod, and there is no ~/.kube/config: set "
	    "KUBECONFIG or --kubeconfig");
}

static int set_namespace(char **namespace, const char *text, struct error *err)
{
	free(*namespace);
	*namespace = strdup(text);
	return *namespace ? 0 : error_memory(err);
}

static int configure(struct kube *kube, const struct kube_settings *settings, struct error *err)
{
	int result = is_set(settings->kubeconfig) ? read_listed(kube, settings, err)
						  : read_default(kube, settings, err);

	if (result < 0)
		return -1;
	if (is_set(settings->namespace))
		result = set_namespace(&kube->namespace, settings->namespace, err);
	else if (!is_set(kube->namespace))
		result = set_namespace(&kube->namespace, "default", err);
	if (result < 0)
		return -1;
	if (!kube_valid_namespace(kube->namespace))
		return error_set(err, ERROR_USAGE,
		    "namespace \"%s\": not a name that a namespace can have", kube->namespace);
	return 0;
}

int kube_init(struct kube *kube, const struct kube_settings *settings, struct error *err)
{
	memset(kube, 0, sizeof(*kube));
	http_endpoint_init(&kube->endpoint, "Kubernetes API");
	kube->deadline_ms = settings->deadline_ms;
	if (settings->timeout_ms)
		kube->endpoint.request_timeout_ms = settings->timeout_ms;
	http_endpoint_set_retries(&kube->endpoint, settings->retries);
	if (configure(kube, settings, err) == 0)
		return 0;
	kube_free(kube);
	return -1;
}
