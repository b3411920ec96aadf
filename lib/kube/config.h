/* config: where the configuration comes from, for the files of this folder only. */
#ifndef KUBE_CONFIG_H
#define KUBE_CONFIG_H

#include "lib/base/json_reader.h"
#include "lib/kube/kube.h"

/*
 * Each fills the endpoint and the credentials of *kube, which kube_init has zeroed and frees on
 * error; a kubeconfig also the namespace, where it names one.
 */
int kube_read_in_cluster(struct kube *kube, const char *host, const char *directory,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/*
 * Read the files of a list such as KUBECONFIG has, `list` in messages, and merge them as kubectl
 * does. `context` NULL or "": the first current-context.
 */
int kube_read_kubeconfig(struct kube *kube, const char *list, const struct strings *paths,
    const char *context, struct error *err)
    __attribute__((nonnull(1, 2, 3, 5), warn_unused_result));

/* Read a boolean member, false if absent.  Reject what is not one: kubectl takes yes for true. */
int kube_config_boolean(const struct json *document, json_node object, const char *name,
    bool *value, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
