/*
 * kube_fields: what stored objects have in common: metadata and maps of data, and what the API
 * server says about them.
 */
#ifndef SECRET_DEV_KUBE_FIELDS_H
#define SECRET_DEV_KUBE_FIELDS_H

#include <stdint.h>

#include "cmd/secret-dev/kube_map.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"

#define KUBE_DATA_BYTES_MAX ((size_t)1048576) /* of all values together, decoded */
#define KUBE_DATA_TOO_LONG "Too long: may not be more than 1048576 bytes"

/* Values are stored as they are sent: text, base64 that is checked, text that becomes base64. */
enum kube_content { KUBE_TEXT, KUBE_BASE64, KUBE_TO_BASE64 };

/*
 * Lay the object at `node` over the map (RFC 7396: null removes).  ERROR_INVALID: it can't be such
 * a map of this kind of object ("Secret"), in the API server's words.
 */
int kube_map_merge(struct kube_map *map, const char *kind, const struct json *body, json_node node,
    enum kube_content content, struct error *err) __attribute__((nonnull, warn_unused_result));

/* ERROR_INVALID: 'KIND in version "v1" cannot be handled as a KIND: problem'.  Returns -1. */
int kube_not_handled(const char *kind, struct error *err, const char *problem)
    __attribute__((nonnull));

/* Why the API server would not store it; `field` and `message` as in a Status' causes. */
struct kube_fault {
	const char *reason; /* NULL: no fault */
	char field[300];
	char message[600];
};
/* The first fault stays. */
void kube_fault_set(struct kube_fault *fault, const char *reason, const char *field,
    const char *message) __attribute__((nonnull));
void kube_check_name(const char *name, struct kube_fault *fault) __attribute__((nonnull));
/* `member` is "data", or what else the map is called. */
void kube_check_keys(const struct kube_map *map, const char *member, struct kube_fault *fault)
    __attribute__((nonnull));

/* Of a map of base64. */
size_t kube_decoded_length(const struct kube_map *map) __attribute__((nonnull));

/* "2026-01-02T03:04:05Z" */
#define KUBE_TIME_SIZE sizeof("2006-01-02T15:04:05Z")
void kube_time(int64_t seconds, char text[KUBE_TIME_SIZE]);

/* A whole object, one as an item of a list (without kind and apiVersion), or its metadata alone. */
enum stored_form { STORED_WHOLE, STORED_ITEM, STORED_METADATA };

struct kube_metadata {
	const char *namespace, *name, *uid;
	int64_t revision, created_s;
	const struct kube_map *labels, *annotations;
	const char *finalizers, *owners; /* JSON arrays; NULL: none */
};
void kube_write_metadata(const struct kube_metadata *metadata, struct json_writer *writer)
    __attribute__((nonnull));
/* All of a meta.k8s.io/v1 PartialObjectMetadata. */
void kube_write_metadata_object(const struct kube_metadata *metadata, struct json_writer *writer)
    __attribute__((nonnull));

#endif
