/*
 * kube: the connection to a Kubernetes API server, its configuration, and types shared by all kinds
 * of objects.  Each kind has its own header: secret.h, config_map.h, list.h ...
 *
 * As in vault.h, kube_X_request fills an exchange and kube_X_result reads its response.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/
 */
#ifndef KUBE_KUBE_H
#define KUBE_KUBE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"
#include "lib/base/strings.h"
#include "lib/http/http.h"

/* The kubelet mounts the pod's token, CA and namespace in this directory. */
#define KUBE_SERVICE_ACCOUNT_DIRECTORY "/var/run/secrets/kubernetes.io/serviceaccount"

/* Options and environment variables.  All are borrowed, and NULL or "" if unset. */
struct kube_settings {
	const char *kubeconfig; /* a path, or several with ':', merged as kubectl does */
	const char *context;	/* of the kubeconfig */
	const char *namespace;	/* overrides the namespace of the kubeconfig or the pod */
	const char *service_account_directory; /* default: KUBE_SERVICE_ACCOUNT_DIRECTORY */
	const char *user_agent;
	int64_t timeout_ms;  /* of one request; 0: the default */
	int64_t deadline_ms; /* CLOCK_MONOTONIC, 0: none; an exec plugin is killed then */
	int64_t retries;     /* see http_endpoint_set_retries */
};

struct kube {
	struct http_endpoint endpoint;
	char *namespace;	    /* the default namespace; not NULL after kube_init */
	char *token_file;	    /* read for each request; or NULL */
	struct secret_buffer token; /* a fixed bearer token, if token_file is NULL */
	int64_t deadline_ms;	    /* of an exec plugin, as in the settings */
	bool dry_run;		    /* the server checks create and patch without storing */
};

/*
 * Configure from the kubeconfig named by the settings, else in-cluster (KUBERNETES_SERVICE_HOST and
 * the service account's directory), else from $HOME/.kube/config.  These members of a kubeconfig
 * are supported: clusters (server, certificate-authority[-data], tls-server-name,
 * insecure-skip-tls-verify, proxy-url), users (client-certificate/key[-data], token, tokenFile,
 * auth-provider oidc, exec credential plugins, which run once, here), contexts.  Relative paths are
 * relative to the kubeconfig.  A user with a password, another auth-provider, or impersonation is
 * rejected, because requests would be made as another user than with kubectl.
 */
int kube_init(struct kube *kube, const struct kube_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void kube_free(struct kube *kube) __attribute__((nonnull));

/*
 * Set *namespace to the pod's namespace, from the service account's directory (NULL or "": the
 * default).  Newly allocated; NULL without an error only if the file does not exist.
 */
int kube_pod_namespace(const char *service_account_directory, char **namespace, struct error *err)
    __attribute__((nonnull(2, 3), warn_unused_result));

/* A kind of object: its API path, its resource, and its names in messages. */
struct kube_object_kind {
	const char *api, *resource; /* "/apis/apps/v1", "deployments" */
	const char *list_kind;	    /* "DeploymentList"; NULL if it is never listed */
	const char *name, *plural;  /* "Deployment", "Deployments" */
};
extern const struct kube_object_kind kube_secret_kind, kube_config_map_kind;

/*
 * Return true if the response shows that the requested object does not exist: a v1/Status that
 * names it, with the reason NotFound.  A proxy or a server of another kind also answers 404.
 */
bool kube_object_is_absent(const struct http_exchange *exchange,
    const struct kube_object_kind *kind, const char *name) __attribute__((nonnull));

/* A label or annotation. */
struct kube_pair {
	char *name;
	char *value; /* NULL in a change that removes the pair */
};
/* A data key and its value. */
struct kube_entry {
	char *key;
	struct secret_buffer value; /* decoded bytes */
	bool removed;		    /* in a change, remove the key */
	char *new_name;		    /* in a change, the key that replaces this one, or NULL */
};

/*
 * Three arguments for "%s%s%s" that name an object: NAMESPACE/NAME, or only NAME if a manifest has
 * no namespace (NULL or "").
 */
#define KUBE_NAMED(object)                                                                         \
	is_set((object)->namespace) ? (object)->namespace : "",                                    \
	    is_set((object)->namespace) ? "/" : "", (object)->name

/*
 * Return true if a name follows the API server's rules: a DNS-1123 subdomain (names) or label
 * (namespaces); [-._a-zA-Z0-9]+ up to 253 bytes, not "." and not beginning with ".." (data keys).
 * Return false for NULL.
 */
bool kube_valid_name(const char *name);
bool kube_valid_namespace(const char *name);
bool kube_valid_data_key(const char *key);

/*
 * Request a token with POST serviceaccounts/NAME/token (TokenRequest), and append the JWT to
 * `token`.  If `audience` is NULL, it is the API server's.
 */
int kube_token_request(struct http_client *client, struct kube *kube, const char *namespace,
    const char *service_account, const char *audience, int64_t lifetime_s,
    struct secret_buffer *token, struct error *err)
    __attribute__((nonnull(1, 2, 3, 4, 7, 8), warn_unused_result));

#endif
