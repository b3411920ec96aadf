#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/input_file.h"
#include "lib/kube/kubeconfig.h"

/* Longer than any namespace's name. */
#define NAMESPACE_FILE_MAX 4096

/* -- configuration in a pod ------------------------------------------------------------------- */

static int read_namespace(const char *path, char **namespace, struct error *err)
{
	cleanup_secret struct secret_buffer text = {.limit = NAMESPACE_FILE_MAX};

	if (secret_buffer_read_file(&text, path, err) < 0)
		return error_wrap(err, "namespace of the pod");
	const char *name = secret_buffer_string(&text);
	name += strspn(name, " \t\r\n");
	size_t length = strlen(name);
	while (length > 0 && strchr(" \t\r\n", name[length - 1]))
		length--;
	if (length == 0)
		return error_set(
		    err, ERROR_INVALID, "namespace of the pod: %s: the file is empty", path);
	*namespace = strndup(name, length);
	if (!*namespace)
		return error_memory(err);
	if (name + strlen(name) == text.data + text.length && kube_valid_namespace(*namespace))
		return 0;
	free(*namespace);
	*namespace = NULL;
	return error_set(
	    err, ERROR_INVALID, "namespace of the pod: %s: not the name of a namespace", path);
}

int kube_pod_namespace(const char *service_account_directory, char **namespace, struct error *err)
{
	const char *directory = service_account_directory;
	bool exists;

	*namespace = NULL;
	if (!is_set(directory))
		directory = KUBE_SERVICE_ACCOUNT_DIRECTORY;
	cleanup_free char *path = string_format(err, "%s/namespace", directory);
	if (!path)
		return -1;
	if (input_file_exists(path, &exists, err) < 0)
		return error_wrap(err, "namespace of the pod");
	return exists ? read_namespace(path, namespace, err) : 0;
}

/* Set the URL from the variables that the kubelet sets in every container. */
static int set_address(struct kube *kube, const char *host, struct error *err)
{
	static const char address[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:";
	const char *port = getenv("KUBERNETES_SERVICE_PORT");

	if (!is_set(port))
		port = "443";
	if (host[strspn(host, address)] || port[strspn(port, "0123456789")])
		return error_set(err, ERROR_USAGE,
		    "KUBERNETES_SERVICE_HOST \"%s\", KUBERNETES_SERVICE_PORT \"%s\": not a host and a port",
		    host, port);
	cleanup_free char *url = strchr(host, ':')
				     ? string_format(err, "https://[%s]:%s", host, port)
				     : string_format(err, "https://%s:%s", host, port);
	return url ? http_endpoint_set_url(&kube->endpoint, url, false, err) : -1;
}

static int read_in_cluster(
    struct kube *kube, const char *host, const char *directory, struct error *err)
{
	kube->endpoint.trust_hint =
	    "ca.crt in the directory of the service account's token must be "
	    "the CA of this cluster's API server";
	kube->endpoint.ca_file = string_format(err, "%s/ca.crt", directory);
	kube->token_file = string_format(err, "%s/token", directory);
	if (!kube->endpoint.ca_file || !kube->token_file || set_address(kube, host, err) < 0)
		return -1;
	return 0;
}

/* -- selection of the configuration ----------------------------------------------------------- */

/* Split a list of paths such as KUBECONFIG, and skip paths that do not exist. */
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
	    "kubeconfig %s: no such file; correct or unset KUBECONFIG or --kubeconfig", list);
}

static int read_listed(struct kube *kube, const struct kube_settings *settings, struct error *err)
{
	struct strings paths = {NULL, 0};
	int result = split_list(settings->kubeconfig, &paths, err);

	if (result == 0)
		result =
		    kubeconfig_read(kube, settings->kubeconfig, &paths, settings->context, err);
	strings_free(&paths);
	return result;
}

/* Set *found if the directory contains the file "token", which the kubelet mounts. */
static int find_pod_token(const char *directory, bool *found, struct error *err)
{
	cleanup_free char *path = string_format(err, "%s/token", directory);

	if (!path)
		return -1;
	return input_file_exists(path, found, err);
}

/* Set *path to kubectl's default kubeconfig, newly allocated; NULL if it does not exist. */
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

/* Configure without a named kubeconfig, from the pod's service account or kubectl's default. */
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
		if (read_in_cluster(kube, host, directory, err) < 0)
			return -1;
		return is_set(settings->namespace)
			   ? 0
			   : kube_pod_namespace(directory, &kube->namespace, err);
	}
	if (find_at_home(&path, err) < 0)
		return -1;
	if (path) {
		const struct strings paths = {&path, 1};
		return kubeconfig_read(kube, path, &paths, settings->context, err);
	}
	if (in_cluster)
		return error_set(err, ERROR_USAGE,
		    "no access to the Kubernetes API: %s/token is missing; set "
		    "automountServiceAccountToken, mount a projected token volume, or set "
		    "--service-account-dir",
		    directory);
	return error_set(err, ERROR_USAGE,
	    "no access to the Kubernetes API: not in a pod, and ~/.kube/config is missing; set "
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
		return error_set(err, ERROR_USAGE, "namespace \"%s\": not the name of a namespace",
		    kube->namespace);
	return 0;
}

void kube_free(struct kube *kube)
{
	http_endpoint_free(&kube->endpoint);
	free(kube->namespace);
	free(kube->token_file);
	secret_buffer_free(&kube->token);
	memset(kube, 0, sizeof(*kube));
}

int kube_init(struct kube *kube, const struct kube_settings *settings, struct error *err)
{
	memset(kube, 0, sizeof(*kube));
	http_endpoint_init(&kube->endpoint, "Kubernetes API");
	kube->deadline_ms = settings->deadline_ms;
	if (settings->timeout_ms)
		kube->endpoint.request_timeout_ms = settings->timeout_ms;
	http_endpoint_set_retries(&kube->endpoint, settings->retries);
	if (http_endpoint_set_user_agent(&kube->endpoint, settings->user_agent, err) == 0 &&
	    configure(kube, settings, err) == 0)
		return 0;
	kube_free(kube);
	return -1;
}
