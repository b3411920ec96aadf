/*
 * kube: the connection to a Kubernetes API server: its configuration, and what all kinds of objects
 * share.  Each kind has a header of its own: secret.h, config_map.h, list.h ...
 *
 * As in vault.h, kube_X_request fills an exchange and kube_X_result reads it.
 * Source of shapes: https://kubernetes.io/docs/reference/kubernetes-api/
 */
#ifndef KUBE_KUBE_H
#define KUBE_KUBE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"
#include "lib/base/strings.h"
#include "lib/http/http.h"

/* Where the kubelet mounts a pod's own token, CA and namespace. */
#define KUBE_SERVICE_ACCOUNT_DIRECTORY "/var/run/secrets/kubernetes.io/serviceaccount"

/* Options and environment variables; all borrowed, NULL or "" if unset. */
struct kube_settings {
	const char *kubeconfig; /* a path, or several with ':', merged as kubectl does */
	const char *context;	/* of the kubeconfig */
	const char *namespace;	/* overrides kubeconfig's and the pod's */
	const char *service_account_directory; /* default: KUBE_SERVICE_ACCOUNT_DIRECTORY */
	int64_t timeout_ms;		       /* of one request; 0: the default */
	int64_t deadline_ms;		       /* CLOCK_MONOTONIC, 0: none; kills an exec plugin */
	int64_t retries;		       /* see http_endpoint_set_retries */
};

struct kube {
	struct http_endpoint endpoint;
	char *namespace;	    /* the default namespace; not NULL after kube_init */
	char *token_file;	    /* read for each request; or NULL */
	struct secret_buffer token; /* a fixed bearer token; token_file overrides it */
	int64_t deadline_ms;	    /* of an exec plugin, as in the settings */
	bool dry_run;		    /* the server checks create and patch without storing */
};

/*
 * Configure from, in this order: the kubeconfig named by settings; in-cluster
 * (KUBERNETES_SERVICE_HOST and the service account's directory); $HOME/.kube/config.
 * kubeconfig: clusters (server, certificate-authority[-data], tls-server-name,
 * insecure-skip-tls-verify, proxy-url), users (client-certificate/key[-data], token, tokenFile,
 * exec credential plugins, which run once, here), contexts.  Relative paths are relative to the
 * kubeconfig.  A user with a password, an auth-provider other than oidc, or impersonation is
 * rejected: without them the requests would be made as another user than kubectl's.
 */
int kube_init(struct kube *kube, const struct kube_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void kube_free(struct kube *kube) __attribute__((nonnull));

/*
 * Read the pod's namespace from the service account's directory (NULL: the default) into
 * *namespace, newly allocated; NULL only if the file does not exist.
 */
int kube_pod_namespace(const char *service_account_directory, char **namespace, struct error *err)
    __attribute__((nonnull(2, 3), warn_unused_result));

/* A kind of object: its API path, its resource, and names for messages. */
struct kube_object_kind {
	const char *api, *resource; /* "/apis/apps/v1", "deployments" */
	const char *list_kind;	    /* "DeploymentList"; NULL unless it is listed */
	const char *name, *plural;  /* "Deployment", "Deployments" */
};

/* A label or annotation. */
struct kube_pair {
	char *name;
	char *value; /* NULL in a change: remove it */
};
/* A data key and its value. */
struct kube_entry {
	char *key;
	struct secret_buffer value; /* decoded bytes */
	bool removed;		    /* in a change: remove the key */
	char *new_name;		    /* in a change: the key that replaces it, or NULL */
};

/*
 * The three arguments for "%s%s%s" that name an object with namespace and name: NAMESPACE/NAME, or
 * the name alone if a manifest has no namespace (NULL or "").
 */
#define KUBE_NAMED(object)                                                                         \
	is_set((object)->namespace) ? (object)->namespace : "",                                    \
	    is_set((object)->namespace) ? "/" : "", (object)->name

/*
 * Return whether a name follows the API server's rules: a DNS-1123 subdomain (names) or label
 * (namespaces); [-._a-zA-Z0-9]+ up to 253 bytes, not "." and not beginning with ".." (data keys).
 * false for NULL.
 */
bool kube_valid_name(const char *name);
bool kube_valid_namespace(const char *name);
bool kube_valid_data_key(const char *key);

/*
 * POST serviceaccounts/NAME/token (TokenRequest): append the JWT to `token`.
 * `audience` NULL: the API server's own.
 */
int kube_token_request(struct http_client *client, struct kube *kube, const char *namespace,
    const char *service_account, const char *audience, int64_t lifetime_s,
    struct secret_buffer *token, struct error *err)
    __attribute__((nonnull(1, 2, 3, 4, 7, 8), warn_unused_result));

#endif
