#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/input_file.h"
#include "lib/kube/config.h"

/* A name's longest, and more than any namespace has. */
#define NAMESPACE_FILE_MAX 4096

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

/* https://HOST:PORT of what the kubelet puts into every container's environment. */
static int set_address(struct kube *kube, const char *host, struct error *err)
{
	static const char address[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789.-_:";
	const char *port = getenv("KUBERNETES_SERVICE_PORT");

	if (!port || !*port)
		port = "443";
	if (host[strspn(host, address)] || port[strspn(port, "0123456789")])
		return error_set(err, ERROR_USAGE,
		    "KUBERNETES_SERVICE_HOST \"%s\", KUBERNETES_SERVICE_PORT \"%s\": not a host "
		    "and "
		    "a port",
		    host, port);
	cleanup_free char *url = strchr(host, ':')
				     ? string_format(err, "https://[%s]:%s", host, port)
				     : string_format(err, "https://%s:%s", host, port);
	return url ? http_endpoint_set_url(&kube->endpoint, url, false, err) : -1;
}

int kube_read_in_cluster(
    struct kube *kube, const char *host, const char *directory, struct error *err)
{
	kube->endpoint.trust_hint = "ca.crt beside the service account's token must be the CA of "
				    "this cluster's API server";
	kube->endpoint.ca_file = string_format(err, "%s/ca.crt", directory);
	kube->token_file = string_format(err, "%s/token", directory);
	if (!kube->endpoint.ca_file || !kube->token_file || set_address(kube, host, err) < 0)
		return -1;
	return 0;
}
