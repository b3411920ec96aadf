/*
 * batch: the pipeline for Secrets in files, used by secret-seal -f and by secret-rotate --files.
 *
 * Files are read document by document.  The job examines each document; a document that needs Vault
 * waits until enough documents, from any number of files, fill a request.  Then the job transforms
 * the values of all of them together and settles each document in the order of reading: its new
 * text replaces the old text in the file, or is printed.  Memory is bounded by one request and one
 * document, for any number of files of any size.  At most two files are open at a time, one for
 * reading and one for writing.
 */
#ifndef MANIFEST_BATCH_H
#define MANIFEST_BATCH_H

#include "lib/manifest/file.h"
#include "lib/manifest/manifest.h"

/*
 * Limit of the text that waits, in bytes.  Its values are in memory several times during a request.
 */
#define MANIFEST_BATCH_BYTES ((size_t)2 * 1024 * 1024)

struct manifest_document {
	struct manifest manifest;
	struct manifest_file *file;
	off_t offset;  /* of the text in the file, in bytes */
	void *state;   /* owned by the job and freed by its `release` */
	size_t values; /* number of values for Vault; set by `examine` */
	bool waits;    /* set by `examine` if it needs `transform` without values */
	struct manifest_document *next;
};

/*
 * The work of one command.  Callbacks that return int return 0, or -1 with *err to end the run;
 * unfinished files then keep their text.  All callbacks except `examine` may be NULL.
 */
struct manifest_job {
	void *context;
	bool refuse_foreign; /* reject a file that another tool encrypted (sealed/foreign.h) */
	/*
	 * Print a whole document; called in the order of reading.  NULL: replace changed documents
	 * in their files.
	 */
	int (*print)(void *context, const char *bytes, size_t length, struct error *err);

	/* Decide what to do: set document->state, values and waits. */
	int (*examine)(void *context, struct manifest_document *document, struct error *err);
	/* Encrypt or rewrap the values of these documents, which are linked by `next`. */
	int (*transform)(void *context, struct manifest_document *first, struct error *err);
	/*
	 * Append the new text to *text, or nothing if the document does not change.  A document
	 * that does not wait is settled immediately and must not change.
	 */
	int (*settle)(void *context, struct manifest_document *document, struct secret_buffer *text,
	    struct error *err);
	/* Free document->state.  Called for each document that was passed to `examine`. */
	void (*release)(struct manifest_document *document);

	/* Report a file after it was read and, if it was changed and is not lost, replaced. */
	void (*finish)(void *context, const struct manifest_file *file);
	/*
	 * Report an error, and return 0 to continue or -1 to end the run.  If `document` is set, it
	 * cannot be read.  Otherwise the rest of the file cannot be read, or the file cannot be
	 * replaced.  If `file` is NULL, it cannot be opened.  If `fail` is NULL, every error ends
	 * the run.
	 */
	int (*fail)(void *context, const struct manifest_file *file,
	    const struct manifest_document *document, struct error *err);
};

struct manifest_batch {
	const struct manifest_job *job;		 /* borrowed */
	struct manifest_document *first, **last; /* waiting, in the order of reading */
	size_t values, bytes;			 /* of the waiting documents */
	struct manifest_file *reading;		 /* NULL: none */
};

void manifest_batch_init(struct manifest_batch *batch, const struct manifest_job *job)
    __attribute__((nonnull));
/* Read a regular file, and replace it when its documents are settled. */
int manifest_batch_read_file(struct manifest_batch *batch, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Read a stream from a borrowed descriptor. */
int manifest_batch_read_stream(struct manifest_batch *batch, int fd, const char *name,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Transform and settle all documents that wait. */
int manifest_batch_flush(struct manifest_batch *batch, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Free the documents that wait.  Files that are not finished keep their text. */
void manifest_batch_free(struct manifest_batch *batch) __attribute__((nonnull));

#endif
