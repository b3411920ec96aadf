/*
 * kube_server: the part of the Kubernetes API that the programs call: Secrets, ConfigMaps,
 * namespaces, TokenRequest, Leases, Events, workloads.  Answers have the statuses and texts of
 * Kubernetes 1.35.
 *
 * One thing differs from a real server: the pages of a list show the Secrets as they are when
 * the page is asked for, not as they were at the first page.
 */
#ifndef SECRET_DEV_KUBE_SERVER_H
#define SECRET_DEV_KUBE_SERVER_H

#include <pthread.h>

#include "cmd/secret-dev/kube_config_map.h"
#include "cmd/secret-dev/kube_resource.h"
#include "cmd/secret-dev/kube_secret.h"
#include "cmd/secret-dev/kube_token.h"
#include "cmd/secret-dev/request.h"

/* The API server's own limit on a request. */
#define KUBE_BODY_MAX ((size_t)3 * 1024 * 1024)

struct stored_namespace {
	char *name;
	char uid[UUID_SIZE];
	int64_t created_s, revision;
};

struct stored_account {
	const char *namespace, *name;
	char uid[UUID_SIZE];
};

struct kube_server {
	struct kube_tokens tokens;
	struct secret_buffer admin_token;
	struct stored_account *accounts; /* fixed once the server runs */
	size_t account_count;
	pthread_mutex_t lock;		/* over all that follows */
	struct stored_secret **secrets; /* by namespace, then name */
	size_t secret_count, secret_room;
	struct stored_config_map **config_maps;
	size_t config_map_count;
	struct stored_resources resources[KUBE_KINDS];
	struct stored_namespace *namespaces;
	size_t namespace_count;
	int64_t revision;  /* of the latest change */
	int64_t compacted; /* what is older is gone, and so are the lists begun then */
};

int kube_server_init(struct kube_server *server, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void kube_server_free(struct kube_server *server) __attribute__((nonnull));

int kube_namespace_add(struct kube_server *server, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Both names are borrowed and must stay. */
int kube_account_add(struct kube_server *server, const char *namespace, const char *name,
    struct error *err) __attribute__((nonnull, warn_unused_result));
const struct stored_account *kube_account_find(const struct kube_server *server,
    const char *namespace, const char *name) __attribute__((nonnull));
struct stored_namespace *kube_namespace_find(struct kube_server *server, const char *name)
    __attribute__((nonnull));

/* An http_serve. */
int kube_serve(void *server, const struct request *request, struct answer *answer,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
