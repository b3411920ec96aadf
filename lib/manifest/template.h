/* manifest_template: text that is a manifest only once a program has rendered it. */
#ifndef MANIFEST_TEMPLATE_H
#define MANIFEST_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/kube/secret.h"

/* Return true if the text has an action of Helm's: {{ .Values.x }}, {{- include "x" . }}. */
bool manifest_text_is_helm(const char *text, size_t length) __attribute__((nonnull));

/*
 * Return true if a Secret's names, labels or values are placeholders, {{ ... }} as Helm, Jinja and
 * others have them.  A value that only contains some, such as Alertmanager's configuration, is not
 * one.
 */
bool manifest_has_placeholders(const struct kube_secret *object) __attribute__((nonnull));

#endif
