#include "lib/manifest/batch.h"

#include <stdlib.h>

#include "lib/sealed/foreign.h"
#include "lib/vault/transit.h"

void manifest_batch_init(struct manifest_batch *batch, const struct manifest_job *job)
{
	*batch = (struct manifest_batch){.job = job, .last = &batch->first};
}

static void batch_free_file(struct manifest_file *file)
{
	manifest_file_free(file);
	free(file);
}

static void batch_free_document(struct manifest_batch *batch, struct manifest_document *document)
{
	if (batch->job->release)
		batch->job->release(document);
	manifest_free(&document->manifest);
	free(document);
}

/* Free the first document of the queue, and its file after the last document. */
static void batch_drop_first(struct manifest_batch *batch)
{
	struct manifest_document *document = batch->first;
	struct manifest_file *file = document->file;

	batch->first = document->next;
	if (!batch->first)
		batch->last = &batch->first;
	batch_free_document(batch, document);
	if (--file->waiting == 0 && file != batch->reading)
		batch_free_file(file);
}

void manifest_batch_free(struct manifest_batch *batch)
{
	while (batch->first)
		batch_drop_first(batch);
	if (batch->reading)
		batch_free_file(batch->reading);
	batch->reading = NULL;
}

/*
 * Writing.
 */

/*
 * Report that the file cannot be replaced.  It keeps its text, and its other documents are not
 * written.
 */
static int batch_lose_file(
    struct manifest_batch *batch, struct manifest_file *file, struct error *err)
{
	const struct manifest_job *job = batch->job;

	if (!job->fail || job->fail(job->context, file, NULL, err) < 0)
		return -1;
	error_clear(err);
	manifest_file_discard(file);
	file->lost = true;
	return 0;
}

static int batch_settle(
    struct manifest_batch *batch, struct manifest_document *document, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	const struct secret_buffer *old_text = &document->manifest.text;
	struct manifest_file *file = document->file;
	const struct manifest_job *job = batch->job;

	if (job->settle && job->settle(job->context, document, &text, err) < 0)
		return -1;
	if (job->print) {
		const struct secret_buffer *printed = text.length > 0 ? &text : old_text;
		return job->print(
		    job->context, secret_buffer_string(printed), printed->length, err);
	}
	if (text.length == 0 || file->lost ||
	    manifest_file_replace(file, document->offset, old_text, &text, err) == 0)
		return 0;
	return batch_lose_file(batch, file, err);
}

/* Replace the file if it was changed, and report it.  No document of it may be waiting. */
static int batch_finish_file(
    struct manifest_batch *batch, struct manifest_file *file, struct error *err)
{
	const struct manifest_job *job = batch->job;

	if (manifest_file_is_changed(file) && manifest_file_commit(file, err) < 0 &&
	    batch_lose_file(batch, file, err) < 0)
		return -1;
	if (job->finish)
		job->finish(job->context, file);
	return 0;
}

/* Settle the first document, and finish its file after the last document. */
static int batch_settle_first(struct manifest_batch *batch, struct error *err)
{
	struct manifest_file *file = batch->first->file;

	if (batch_settle(batch, batch->first, err) < 0)
		return -1;
	if (file->waiting == 1 && file != batch->reading && batch_finish_file(batch, file, err) < 0)
		return -1;
	batch_drop_first(batch);
	return 0;
}

int manifest_batch_flush(struct manifest_batch *batch, struct error *err)
{
	const struct manifest_job *job = batch->job;

	if (batch->first && job->transform && job->transform(job->context, batch->first, err) < 0)
		return -1;
	batch->values = batch->bytes = 0;
	while (batch->first)
		if (batch_settle_first(batch, err) < 0)
			return -1;
	return 0;
}

/*
 * Reading.
 */

/* Return true if adding the document would exceed the limits of one request. */
static bool batch_is_full(
    const struct manifest_batch *batch, const struct manifest_document *document)
{
	return batch->first &&
	       (batch->values + document->values > TRANSIT_BATCH_ITEMS ||
		   batch->bytes + document->manifest.text.length > MANIFEST_BATCH_BYTES);
}

/* Add the document to the queue, which takes it over unless an error is returned. */
static int batch_add(
    struct manifest_batch *batch, struct manifest_document *document, struct error *err)
{
	if (batch_is_full(batch, document) && manifest_batch_flush(batch, err) < 0)
		return -1;
	*batch->last = document;
	batch->last = &document->next;
	batch->values += document->values;
	batch->bytes += document->manifest.text.length;
	document->file->waiting++;
	return 0;
}

/*
 * Read and examine the document.  Set *waits if it waits, and the queue takes it over unless an
 * error is returned.  Otherwise settle it immediately.
 */
static int batch_take(struct manifest_batch *batch, struct manifest_document *document,
    struct secret_buffer *text, size_t line, bool *waits, struct error *err)
{
	const struct manifest_job *job = batch->job;

	*waits = false;
	if (manifest_read_own(&document->manifest, text, line, document->file->name,
		!job->refuse_foreign, err) < 0) {
		if (!job->fail || job->fail(job->context, document->file, document, err) < 0)
			return -1;
		error_clear(err);
		return 0;
	}
	if (job->examine(job->context, document, err) < 0)
		return -1;
	*waits = document->values > 0 || document->waits || job->print;
	return *waits ? batch_add(batch, document, err) : batch_settle(batch, document, err);
}

static int batch_read_document(struct manifest_batch *batch, struct secret_buffer *text,
    size_t line, off_t offset, struct error *err)
{
	struct manifest_document *document = calloc(1, sizeof(*document));
	bool waits;

	if (!document)
		return error_memory(err);
	document->file = batch->reading;
	document->offset = offset;
	int result = batch_take(batch, document, text, line, &waits, err);
	if (result < 0 || !waits)
		batch_free_document(batch, document);
	return result;
}

static int batch_read_documents(struct manifest_batch *batch, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	struct manifest_file *file = batch->reading;
	const struct manifest_job *job = batch->job;
	size_t line;
	off_t offset;
	int found;

	if (job->refuse_foreign && foreign_check_file(file->in, file->name, err) < 0)
		return -1;
	while ((found = manifest_file_next(file, &text, &line, &offset, err)) > 0)
		if (batch_read_document(batch, &text, line, offset, err) < 0)
			return -1;
	if (found == 0)
		return 0;
	if (!job->fail || job->fail(job->context, file, NULL, err) < 0)
		return -1;
	error_clear(err);
	return 0;
}

/* Read the open file to its end, and finish it unless some of its documents wait. */
static int batch_read(struct manifest_batch *batch, struct manifest_file *file, struct error *err)
{
	batch->reading = file;
	if (batch_read_documents(batch, err) < 0)
		return -1;
	manifest_file_end_reading(file);
	if (file->waiting == 0 && batch_finish_file(batch, file, err) < 0)
		return -1;
	batch->reading = NULL;
	if (file->waiting == 0)
		batch_free_file(file);
	return 0;
}

/* Return true if documents of the same file wait, because it was named twice or has two links. */
static bool batch_holds(const struct manifest_batch *batch, const struct manifest_file *file)
{
	for (const struct manifest_document *document = batch->first; document;
	     document = document->next)
		if (manifest_file_is_same(document->file, file))
			return true;
	return false;
}

static int batch_fail_to_open(struct manifest_batch *batch, struct error *err)
{
	const struct manifest_job *job = batch->job;

	if (!job->fail || job->fail(job->context, NULL, NULL, err) < 0)
		return -1;
	error_clear(err);
	return 0;
}

int manifest_batch_read_file(struct manifest_batch *batch, const char *name, struct error *err)
{
	struct manifest_file *file = calloc(1, sizeof(*file));
	int opened;

	if (!file)
		return error_memory(err);
	opened = manifest_file_open(file, name, err);
	if (opened == 0 && batch_holds(batch, file)) {
		/* Open it again after the waiting documents were written. */
		manifest_file_free(file);
		if (manifest_batch_flush(batch, err) < 0) {
			free(file);
			return -1;
		}
		opened = manifest_file_open(file, name, err);
	}
	if (opened == 0)
		return batch_read(batch, file, err);
	free(file);
	return batch_fail_to_open(batch, err);
}

int manifest_batch_read_stream(
    struct manifest_batch *batch, int fd, const char *name, struct error *err)
{
	struct manifest_file *file = calloc(1, sizeof(*file));

	if (!file)
		return error_memory(err);
	if (manifest_file_open_stream(file, fd, name, err) == 0)
		return batch_read(batch, file, err);
	free(file);
	return -1;
}
