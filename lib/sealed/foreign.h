/*
 * foreign: recognise ciphertext of other tools.
 *
 * Sealing it would give the application ciphertext instead of plaintext, and changing a file that a
 * tool signed would break it.  Recognised are SOPS (helm-secrets), sealed-secrets, Ansible Vault,
 * age, PGP, git-crypt, eyaml, ejson, kubesec, dotenvx, OpenSSL (transcrypt) and Vault's Transit.
 */
#ifndef SEALED_FOREIGN_H
#define SEALED_FOREIGN_H

#include <stddef.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/* Return the name of the tool that encrypted a value or the text of a file, or NULL. */
const char *foreign_tool(const char *bytes, size_t length);

/* Reject a value that another tool encrypted.  Messages name it "SOURCE: NAME". */
int foreign_check(const char *source, const char *name, const struct secret_buffer *value,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Reject a JSON object that is encrypted or has an encrypted member.  Messages do not contain the
 * member's name.
 */
int foreign_check_document(
    const char *source, const char *name, const struct secret_buffer *document, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Reject a file that begins with ciphertext of another tool.  The file offset does not change; a
 * pipe is not read.
 */
int foreign_check_file(int fd, const char *file, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
