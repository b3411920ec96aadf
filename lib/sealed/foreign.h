/*
 * foreign: recognise what other tools have encrypted already.
 *
 * Sealed once more it would reach the application as ciphertext, and a file that such a tool signs
 * would be broken by a change.  Recognised are SOPS (helm-secrets), sealed-secrets, Ansible Vault,
 * age, PGP, git-crypt, eyaml, ejson, kubesec, dotenvx, OpenSSL (transcrypt) and Vault's Transit.
 */
#ifndef SEALED_FOREIGN_H
#define SEALED_FOREIGN_H

#include <stddef.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/* Return the name of the tool that has encrypted a value or the text of a file; or NULL. */
const char *foreign_tool(const char *bytes, size_t length);

/* Refuse such a value; messages call it "SOURCE: NAME", as the program's user knows it. */
int foreign_check(const char *source, const char *name, const struct secret_buffer *value,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Refuse a JSON object, or one with such a member, whose name is not shown. */
int foreign_check_document(
    const char *source, const char *name, const struct secret_buffer *document, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Refuse a file that begins as such ciphertext; its offset stays.  A pipe is not looked at. */
int foreign_check_file(int fd, const char *file, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
