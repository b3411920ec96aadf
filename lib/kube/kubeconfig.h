/* kubeconfig: reading kubeconfigs, for the files of this folder only. */
#ifndef KUBE_KUBECONFIG_H
#define KUBE_KUBECONFIG_H

#include "lib/kube/internal.h"

struct kubeconfig_file {
	char *directory; /* relative paths in the file are relative to it */
	struct secret_buffer json;
	struct json *document;
};
/* An object in a file. */
struct kubeconfig_section {
	const struct kubeconfig_file *file;
	json_node node;
};

/*
 * Read the files of a list such as KUBECONFIG contains (`list` in messages) and merge them as
 * kubectl does.  Fill the endpoint, the credentials and, if set, the namespace of *kube, which
 * kube_init has zeroed and frees on error.  `context` NULL or "": the first current-context.
 */
int kubeconfig_read(struct kube *kube, const char *list, const struct strings *paths,
    const char *context, struct error *err)
    __attribute__((nonnull(1, 2, 3, 5), warn_unused_result));
/*
 * Read a member of a section, newly allocated.  Absent, null or "" leaves *to as it is, as in
 * kubectl.  ERROR_USAGE if it is not a string.
 */
int kubeconfig_secret(const struct kubeconfig_section *section, const char *name,
    struct secret_buffer *to, struct error *err) __attribute__((nonnull, warn_unused_result));
int kubeconfig_text(const struct kubeconfig_section *section, const char *name, char **to,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Read a path; make it relative to the file's directory. */
int kubeconfig_path(const struct kubeconfig_section *section, const char *name, char **to,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Read PEM in base64: a private key, or a certificate. */
int kubeconfig_pem(const struct kubeconfig_section *section, const char *name,
    struct secret_buffer *to, struct error *err) __attribute__((nonnull, warn_unused_result));
int kubeconfig_certificate(const struct kubeconfig_section *section, const char *name, char **to,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Read a boolean, false if absent.  Reject anything else: kubectl takes yes for true. */
int kubeconfig_boolean(const struct kubeconfig_section *section, const char *name, bool *value,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Read the credentials of a user into *kube, whose endpoint is set up already. */
int kubeconfig_read_user(struct kube *kube, const struct kubeconfig_section *user,
    const struct kubeconfig_section *cluster, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Run the plugin of users[].user.exec once (never with a shell) and put the token or client
 * certificate from its output into *kube.  Its stderr is ours.  Source:
 * https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
 */
int kubeconfig_run_exec_plugin(struct kube *kube, const struct kubeconfig_section *exec,
    const struct kubeconfig_section *cluster, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
