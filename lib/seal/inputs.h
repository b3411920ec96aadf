/*
 * inputs: read the values to seal from options: literals, files, .env files, a document, prompts
 * and generated values.
 *
 * The options have the same forms as in "kubectl create secret generic".  A duplicate name is an
 * error.
 *
 * A document that begins with '{' is JSON (lib/base/json_reader.h: without comments or text after
 * it).  Any other document is YAML (lib/base/yaml.h: one document; comments are dropped).
 * Duplicate members and invalid UTF-8 are errors.  Nested values become compact JSON.
 */
#ifndef SEAL_INPUTS_H
#define SEAL_INPUTS_H

#include <stdbool.h>

#include "lib/base/strings.h"
#include "lib/kube/secret.h"
#include "lib/sealed/variables.h"

/* Limit of one input in bytes; a Secret contains at most 1 MiB. */
#define INPUT_BYTES_MAX KUBE_SECRET_BYTES_MAX

struct inputs {
	struct strings literals;  /* NAME=VALUE */
	struct strings files;	  /* [NAME=]PATH; without NAME, the file's base name */
	struct strings env_files; /* PATH, see lib/base/dotenv.h */
	struct strings prompts;	  /* NAME, asked for on the terminal by inputs_ask */
	struct strings generated; /* NAME=RECIPE, see inputs_generate */
	struct strings kv;	  /* references to Vault, which kv_inputs_read reads */
	const char *document;	  /* PATH or "-": a JSON or YAML object; NULL: none */
};

/* Return true if there is any input. */
bool inputs_given(const struct inputs *inputs) __attribute__((nonnull));

/*
 * Read all values.  Values of prompts stay empty, after a check that a terminal exists.  Members of
 * a document become values as in sealed_document_each; *members is the document as JSON, which
 * keeps the types (empty without a document).  ERROR_USAGE or ERROR_INVALID names the input, and
 * the line in a file.
 */
int inputs_read(const struct inputs *inputs, struct variables *values,
    struct secret_buffer *members, struct error *err) __attribute__((nonnull, warn_unused_result));

/* Ask for the prompted values that inputs_read left empty. */
int inputs_ask(const struct inputs *inputs, struct variables *values, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Read only the document, for the document layout.  JSON is kept byte for byte, YAML is converted
 * to JSON.  ERROR_USAGE if there are other inputs.
 */
int inputs_read_document(const struct inputs *inputs, struct secret_buffer *text, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Limit of a generated value, longer than any password, key or salt. */
#define GENERATE_LENGTH_MAX 65536

/* clang-format off */
/*
 * Append a random value.  The recipe is "LENGTH:CLASS", or "LENGTH" for alnum.  LENGTH is the number
 * of characters.  BoringSSL's generator chooses each of them from the class with equal probability:
 *   alnum      A-Z a-z 0-9
 *   lower      a-z 0-9, valid in DNS names and most database names
 *   digits     0-9
 *   hex        0-9 a-f
 *   base64     A-Z a-z 0-9 + /
 *   base64url  A-Z a-z 0-9 - _
 *   ascii      ! to ~
 *   bytes      any byte
 * ERROR_USAGE for an invalid recipe.
 */
/* clang-format on */
int inputs_generate(const char *recipe, struct secret_buffer *value, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
