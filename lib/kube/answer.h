/* answer: requests to the Kubernetes API and its answers, for the files of this folder only. */
#ifndef KUBE_ANSWER_H
#define KUBE_ANSWER_H

#include "lib/base/json_reader.h"
#include "lib/kube/list.h"

/*
 * A request to API/namespaces/NAMESPACE/RESOURCE[/NAME], with the bearer token where there is one.
 * `api` is the path of a group's version, such as KUBE_CORE; `namespace` NULL: all of them; `name`
 * NULL: the collection.
 */
int kube_group_request(struct kube *kube, const char *method, const char *api,
    const char *namespace, const char *resource, const char *name, struct http_exchange *exchange,
    struct error *err) __attribute__((nonnull(1, 2, 3, 5, 7, 8), warn_unused_result));
/* The same in the core group. */
int kube_request(struct kube *kube, const char *method, const char *namespace, const char *resource,
    const char *name, struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull(1, 2, 4, 6, 7), warn_unused_result));
#define KUBE_CORE "/api/v1"

/* 0 on 2xx; else http_check's error with the reason and message of the v1/Status in the answer. */
int kube_answer_check(const struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Parse an answer of this kind ("Secret"), or its metadata where that was asked for.  NULL when it
 * is anything else: err then says whether an API server stands there at all.
 */
struct json *kube_answer_parse(const struct http_exchange *exchange, const char *kind,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* One page of a list, of any kind of object. */

/* `api` and `resource` as in kube_group_request. */
int kube_list_request(struct kube *kube, const char *api, const char *resource,
    const struct kube_list *list, struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Parse an answer of this kind ("SecretList"); *next is newly allocated, NULL on the last page.
 * Hints say what right on `resource` ("secrets") is wanted.
 */
struct json *kube_list_parse(const struct http_exchange *exchange, const char *kind,
    const char *resource, char **next, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Put before an error what was being listed ("Secrets").  Returns -1. */
int kube_list_wrap(const struct kube_list *list, const char *what, struct error *err)
    __attribute__((nonnull));

#endif
