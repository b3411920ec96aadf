/*
 * inputs: the values to seal: literals, files, .env files, a document, prompts, generated ones.
 *
 * The forms are those of kubectl create secret generic.  A name that comes twice is refused.
 *
 * A document that begins with '{' is JSON (lib/base/json.h: no comments, nothing behind it), any
 * other is YAML (lib/base/yaml.h: one document; comments are left out).  Neither may name a member
 * twice or hold what is no UTF-8.  Nested values become compact JSON.
 */
#ifndef SEAL_INPUTS_H
#define SEAL_INPUTS_H

#include <stdbool.h>

#include "lib/base/strings.h"
#include "lib/kube/secret.h"
#include "lib/sealed/variables.h"

/* A Secret holds 1 MiB in all, so no input of one is larger. */
#define INPUT_BYTES_MAX KUBE_SECRET_BYTES_MAX

struct inputs {
	struct strings literals;  /* NAME=VALUE */
	struct strings files;	  /* [NAME=]PATH; the name is else the file's; bytes as they are */
	struct strings env_files; /* PATH, see lib/base/dotenv.h */
	struct strings prompts;	  /* NAME: asked for on the terminal, see inputs_ask */
	struct strings generated; /* NAME=LENGTH:CLASS, see lib/seal/generate.h */
	const char *document;	  /* PATH or "-": a JSON or YAML object; NULL: none */
};

/* True when there is anything to seal. */
bool inputs_given(const struct inputs *inputs) __attribute__((nonnull));

/*
 * All values by name; a document's members as sealed_document_each gives them.  ERROR_USAGE or
 * ERROR_INVALID names the input, and in a file the line.  What is to be asked for is empty yet, but
 * there is a terminal for it.  *members is the document itself as JSON, with
 * the types that its values do not tell any more; it stays empty where none is given.
 */
int inputs_read(const struct inputs *inputs, struct variables *values,
    struct secret_buffer *members, struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Ask for the prompts among the values that inputs_read gave.  Apart from it, so that all that may
 * be in the way can be known before a person is asked.
 */
int inputs_ask(const struct inputs *inputs, struct variables *values, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * The document alone, for the document layout: JSON as it is, to the last byte, once it is known to
 * be an object; YAML as the JSON that it stands for.  ERROR_USAGE when other values are given too:
 * what would be kept of which?
 */
int inputs_read_document(const struct inputs *inputs, struct secret_buffer *text, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
