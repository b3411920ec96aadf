/* source_kinds: the kinds of sources there are, weakest first as in sources.h. */
#ifndef LAUNCH_SOURCE_KINDS_H
#define LAUNCH_SOURCE_KINDS_H

#include "lib/launch/source.h"

extern const struct source_kind document_source;     /* --from-document FILE */
extern const struct source_kind env_file_source;     /* --from-env-file FILE */
extern const struct source_kind plain_secret_source; /* --from-secret */
extern const struct source_kind config_map_source;   /* --from-config-map */
extern const struct source_kind definition_source;   /* --definition FILE */
extern const struct source_kind environment_source;  /* our own, decrypted in place */
extern const struct source_kind directory_source;    /* --secret-dir DIR */
extern const struct source_kind secret_source;	     /* --secret */

/*
 * True when ciphertext in our own environment variable `name` is decrypted: the application then
 * does not get the ciphertext.  The others stay as they are.
 */
bool environment_source_takes(const struct naming *naming, const char *name)
    __attribute__((nonnull));

#endif
