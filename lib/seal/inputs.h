/*
 * inputs: the values to seal, from literals, files, .env files and a JSON document.
 *
 * The forms are those of kubectl create secret generic.  A name that comes twice is refused.
 */
#ifndef SEAL_INPUTS_H
#define SEAL_INPUTS_H

#include <stdbool.h>

#include "lib/base/strings.h"
#include "lib/kube/kube.h"
#include "lib/sealed/variables.h"

/* A Secret holds 1 MiB in all, so no input of one is larger. */
#define INPUT_BYTES_MAX KUBE_SECRET_BYTES_MAX

struct inputs {
	struct strings literals;  /* NAME=VALUE */
	struct strings files;	  /* [NAME=]PATH; the name is else the file's; bytes as they are */
	struct strings env_files; /* PATH, see lib/base/dotenv.h */
	const char *document;	  /* PATH or "-": a JSON object; NULL: none */
};

/* True when there is anything to seal. */
bool inputs_given(const struct inputs *inputs) __attribute__((nonnull));

/*
 * All values by name; a document's members as sealed_document_each gives them.  ERROR_USAGE or
 * ERROR_INVALID names the input, and in a file the line.
 */
int inputs_read(const struct inputs *inputs, struct variables *values, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * One JSON object of everything, for the document layout.  A document given alone is taken as it
 * is, to the last byte, once it is known to be a JSON object; values that are not UTF-8 are
 * refused.
 */
int inputs_read_document(const struct inputs *inputs, struct secret_buffer *text, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
