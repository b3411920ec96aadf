/*
 * batch: the pipeline for Secrets in files, used by secret-seal -f and by secret-rotate --files.
 *
 * Files are read document by document.  The job examines each document; one that needs Vault waits
 * until enough documents, from any number of files, fill a request.  Then the job transforms the
 * values of all of them together and settles each in the order of reading: its new text replaces
 * the old one in its file, or is printed.  Memory is bounded by one request, whatever the number
 * and the size of the files.  Only the file that is being read is open.
 */
#ifndef MANIFEST_BATCH_H
#define MANIFEST_BATCH_H

#include "lib/manifest/file.h"
#include "lib/manifest/manifest.h"

/* Bytes of text that wait: their values are in memory several times while Vault has them. */
#define MANIFEST_BATCH_BYTES ((size_t)2 * 1024 * 1024)

struct manifest_document {
	struct manifest manifest;
	struct manifest_file *file;
	off_t offset;  /* of its text in the file, in bytes */
	void *state;   /* the job's; freed by its `release` */
	size_t values; /* for Vault: set by `examine` */
	bool waits;    /* set by `examine` for one that needs `transform` without values */
	struct manifest_document *next;
};

/*
 * The work of one command.  A callback gets `context` and returns 0, or -1 with *err to end the
 * run; files that are not finished keep their text then.  All but `examine` may be NULL.
 */
struct manifest_job {
	void *context;
	bool refuse_foreign; /* refuse a file that another tool has encrypted (sealed/foreign.h) */
	/* Print whole documents in the order of reading.  NULL: change the files. */
	int (*print)(void *context, const char *bytes, size_t length, struct error *err);

	/* Decide what to do: set document->state, values and waits. */
	int (*examine)(void *context, struct manifest_document *document, struct error *err);
	/* Encrypt or rewrap the values of these documents, which are linked by `next`. */
	int (*transform)(void *context, struct manifest_document *first, struct error *err);
	/*
	 * Append the new text to *text; nothing where the document stays as it is.  A document that
	 * does not wait is settled immediately, and must stay as it is.
	 */
	int (*settle)(void *context, struct manifest_document *document, struct secret_buffer *text,
	    struct error *err);
	/* Free document->state.  Called for each document that was passed to `examine`. */
	void (*release)(struct manifest_document *document);

	/* Report a file that was read and, if it was changed and is not lost, replaced. */
	void (*finish)(void *context, const struct manifest_file *file);
	/*
	 * Report why a document cannot be read (document NULL: the rest of the file; file NULL: it
	 * cannot be opened) or why the file cannot be replaced, and return 0 to go on.  NULL: every
	 * error ends the run.
	 */
	int (*fail)(void *context, const struct manifest_file *file,
	    const struct manifest_document *document, struct error *err);
};

struct manifest_batch {
	const struct manifest_job *job;		 /* borrowed */
	struct manifest_document *first, **last; /* waiting, in the order of reading */
	size_t values, bytes;			 /* of these */
	struct manifest_file *reading;		 /* NULL: none */
};

void manifest_batch_init(struct manifest_batch *batch, const struct manifest_job *job)
    __attribute__((nonnull));
/* Read a regular file; it is replaced when its documents are settled. */
int manifest_batch_read_file(struct manifest_batch *batch, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Read a stream from a descriptor, which is borrowed. */
int manifest_batch_read_stream(struct manifest_batch *batch, int fd, const char *name,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Transform and settle all documents that wait. */
int manifest_batch_flush(struct manifest_batch *batch, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Free the documents that wait.  Files that are not finished keep their text. */
void manifest_batch_free(struct manifest_batch *batch) __attribute__((nonnull));

#endif
