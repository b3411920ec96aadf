/* kubeconfig: read kubeconfigs.  Internal to this folder. */
#ifndef KUBE_KUBECONFIG_H
#define KUBE_KUBECONFIG_H

#include "lib/kube/internal.h"

struct kubeconfig_file {
	char *directory; /* base of relative paths in the file */
	struct secret_buffer json;
	struct json *document;
};
/* An object in a file. */
struct kubeconfig_section {
	const struct kubeconfig_file *file;
	json_node node;
};

/*
 * Read the files `paths` of a list such as KUBECONFIG (`list` in messages), and merge them as
 * kubectl does.  Fill the endpoint, the credentials and, if set, the namespace of *kube, which
 * kube_init has zeroed and frees on error.  If `context` is NULL or "", use the first
 * current-context.
 */
int kubeconfig_read(struct kube *kube, const char *list, const struct strings *paths,
    const char *context, struct error *err)
    __attribute__((nonnull(1, 2, 3, 5), warn_unused_result));
/*
 * Read a string member of a section, newly allocated.  If it is absent, null or "", leave *to
 * unchanged, as kubectl does.  ERROR_USAGE if it is not a string.
 */
int kubeconfig_secret(const struct kubeconfig_section *section, const char *name,
    struct secret_buffer *to, struct error *err) __attribute__((nonnull, warn_unused_result));
int kubeconfig_text(const struct kubeconfig_section *section, const char *name, char **to,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Read a path, and prefix a relative path with the file's directory. */
int kubeconfig_path(const struct kubeconfig_section *section, const char *name, char **to,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Read base64 of PEM: a private key or a certificate. */
int kubeconfig_pem(const struct kubeconfig_section *section, const char *name,
    struct secret_buffer *to, struct error *err) __attribute__((nonnull, warn_unused_result));
int kubeconfig_certificate(const struct kubeconfig_section *section, const char *name, char **to,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Read a boolean; false if absent.  Reject other words, because kubectl reads yes as true. */
int kubeconfig_boolean(const struct kubeconfig_section *section, const char *name, bool *value,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Read the credentials of a user into *kube, whose endpoint must already be set. */
int kubeconfig_read_user(struct kube *kube, const struct kubeconfig_section *user,
    const struct kubeconfig_section *cluster, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Run the plugin in users[].user.exec once, without a shell, and set the token or client
 * certificate of *kube from its output.  The plugin inherits stderr.
 * Source: https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
 */
int kubeconfig_run_exec_plugin(struct kube *kube, const struct kubeconfig_section *exec,
    const struct kubeconfig_section *cluster, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
