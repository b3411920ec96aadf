/* exec_plugin: credentials from a program that a kubeconfig names, for the files of this folder
 * only. */
#ifndef KUBE_EXEC_PLUGIN_H
#define KUBE_EXEC_PLUGIN_H

#include "lib/base/json_reader.h"
#include "lib/kube/kube.h"

/* What the kubeconfig says; all borrowed. */
struct exec_plugin {
	const struct json *document;
	json_node exec;			     /* users[].user.exec */
	const struct json *cluster_document; /* may be another file */
	json_node cluster;		     /* clusters[].cluster, for its extensions */
	const char *directory; /* of the kubeconfig: a command such as ./login is relative to it */
};

/*
 * Run the plugin once (never through a shell) and put the token or client certificate that it
 * prints into *kube, whose endpoint is set up already.  Its stderr is ours. Source:
 * https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
 */
int kube_run_exec_plugin(struct kube *kube, const struct exec_plugin *plugin, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
