/* list: one page of a list, of any kind of object; for the files of this folder only. */
#ifndef KUBE_LIST_H
#define KUBE_LIST_H

#include "lib/base/json.h"
#include "lib/kube/kube.h"

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
