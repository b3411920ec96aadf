/*
 * foreign: recognise ciphertext of other tools.
 *
 * If it were sealed, the application would get that ciphertext; and a change would break a file
 * that the tool has signed.  Recognised are SOPS (helm-secrets), sealed-secrets, Ansible Vault,
 * age, PGP, git-crypt, eyaml, ejson, kubesec, dotenvx, OpenSSL (transcrypt) and Vault's Transit.
 */
#ifndef SEALED_FOREIGN_H
#define SEALED_FOREIGN_H

#include <stddef.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/* Return the name of the tool that has encrypted a value or the text of a file; or NULL. */
const char *foreign_tool(const char *bytes, size_t length);

/* Refuse a value that another tool has encrypted; messages name it "SOURCE: NAME". */
int foreign_check(const char *source, const char *name, const struct secret_buffer *value,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Refuse an encrypted JSON object, or a member; the name of the member is not shown. */
int foreign_check_document(
    const char *source, const char *name, const struct secret_buffer *document, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Refuse a file that begins with such ciphertext.  Its offset stays; a pipe is not read. */
int foreign_check_file(int fd, const char *file, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
