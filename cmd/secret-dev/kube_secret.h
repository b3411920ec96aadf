/* kube_secret: a stored Secret: how requests change it, what makes it invalid, how it is written.
 */
#ifndef SECRET_DEV_KUBE_SECRET_H
#define SECRET_DEV_KUBE_SECRET_H

#include "cmd/secret-dev/kube_fields.h"
#include "cmd/secret-dev/random.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"

struct stored_secret {
	char *namespace, *name, *type;
	char uid[UUID_SIZE];
	int64_t created_s;
	int64_t revision; /* its resourceVersion */
	bool immutable;
	struct kube_map labels, annotations, data; /* data in base64, as it is sent */
	char *finalizers, *owners;		   /* JSON arrays; NULL: none */
};

/* An empty Secret of type Opaque. */
struct stored_secret *stored_secret_new(const char *namespace, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));
struct stored_secret *stored_secret_copy(const struct stored_secret *secret, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void stored_secret_free(struct stored_secret *secret);

/*
 * Lay a v1/Secret over it (RFC 7396: null removes).  ERROR_INVALID: it is no Secret, in the API
 * server's words.
 */
int stored_secret_merge(struct stored_secret *secret, const struct json *body, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Whether the API server would store it; `old` is NULL for a new Secret. */
void stored_secret_check(const struct stored_secret *secret, const struct stored_secret *old,
    struct kube_fault *fault) __attribute__((nonnull(1, 3)));

bool stored_secret_equal(const struct stored_secret *a, const struct stored_secret *b)
    __attribute__((nonnull));

struct kube_metadata stored_secret_metadata(const struct stored_secret *secret)
    __attribute__((nonnull));
void stored_secret_write(const struct stored_secret *secret, enum stored_form form,
    struct json_writer *writer) __attribute__((nonnull));

#endif
