#include "lib/rotate/files_window.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/rotate/files_rewrap.h"

/* Read at once of what is copied as it is. */
#define COPY_STEP ((off_t)64 * 1024)

/*
 * What waits.
 */

static void free_documents(struct files_file *file)
{
	while (file->first) {
		struct files_document *document = file->first;

		file->first = document->next;
		files_document_free(document);
	}
	file->last = &file->first;
}

static void free_file(struct files_file *file)
{
	free_documents(file);
	if (file->writing)
		manifest_file_free(&file->out);
	free(file->path);
	free(file);
}

void files_window_init(struct files_window *window)
{
	*window = (struct files_window){.last = &window->first};
}

void files_window_free(struct files_window *window)
{
	if (window->reading && !window->reading->waiting)
		free_file(window->reading);
	while (window->first) {
		struct files_file *file = window->first;

		window->first = file->next;
		free_file(file);
	}
	files_window_init(window);
}

const struct files_file *files_window_begin(
    struct files_window *window, const char *path, const struct stat *before, struct error *err)
{
	struct files_file *file = calloc(1, sizeof(*file));

	if (file)
		file->path = strdup(path);
	if (!file || !file->path) {
		free(file);
		error_memory(err);
		return NULL;
	}
	file->before = *before;
	file->last = &file->first;
	window->reading = file;
	return file;
}

bool files_window_has(const struct files_window *window, const struct stat *file)
{
	for (const struct files_file *each = window->first; each; each = each->next)
		if (each->before.st_dev == file->st_dev && each->before.st_ino == file->st_ino)
			return true;
	return false;
}

/*
 * Back into the file.
 */

/* It can't be replaced: its Secrets stay as they are. */
static int lose(
    struct files_run *run, struct files_file *file, const struct error *reason, struct error *err)
{
	if (files_check_time(run, err) < 0)
		return -1;
	if (reason->code == ERROR_INTERRUPTED) {
		*err = *reason;
		return -1;
	}
	files_complain(run, reason);
	run->summary->failed += file->rewrapped;
	file->rewrapped = file->values = 0;
	file->lost = true;
	if (file->writing)
		manifest_file_free(&file->out);
	file->writing = false;
	return 0;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int refuse_changed(const struct files_file *file, struct error *reason)
{
	return error_set(reason, ERROR_CONFLICT,
	    "%s: somebody changed it meanwhile, and it is as they left it: run again", file->path);
}

static int begin_writing(struct files_file *file, struct error *reason)
{
	if (file->writing)
		return 0;
	if (manifest_file_open(&file->out, file->path, reason) < 0)
		return -1;
	file->writing = true;
	return is_same(&file->out.before, &file->before) ? 0 : refuse_changed(file, reason);
}

/* The file's own bytes from file->copied on, into *bytes. */
static int read_bytes(
    struct files_file *file, size_t length, struct secret_buffer *bytes, struct error *reason)
{
	secret_buffer_reset(bytes);
	if (secret_buffer_reserve(bytes, length, reason) < 0)
		return -1;
	while (bytes->length < length) {
		ssize_t count = pread(file->out.in, bytes->data + bytes->length,
		    length - bytes->length, file->copied + (off_t)bytes->length);
		if (count < 0)
			return error_system(reason, "%s", file->path);
		if (count == 0)
			return refuse_changed(file, reason);
		bytes->length += (size_t)count;
		bytes->data[bytes->length] = '\0';
	}
	return 0;
}

/* What stands before `until` stays as it is. */
static int copy(struct files_file *file, off_t until, struct error *reason)
{
	cleanup_secret struct secret_buffer bytes = SECRET_BUFFER_INIT;

	while (file->copied < until) {
		off_t left = until - file->copied;
		size_t length = (size_t)(left < COPY_STEP ? left : COPY_STEP);
		if (read_bytes(file, length, &bytes, reason) < 0 ||
		    manifest_file_write(&file->out, bytes.data, length, reason) < 0)
			return -1;
		file->copied += (off_t)length;
	}
	return 0;
}

/* A change of the same size within one tick of the clock leaves no other trace than the bytes. */
static int check_bytes(
    struct files_file *file, const struct secret_buffer *text, struct error *reason)
{
	cleanup_secret struct secret_buffer now = SECRET_BUFFER_INIT;

	if (read_bytes(file, text->length, &now, reason) < 0)
		return -1;
	return secret_buffer_equal(&now, text) ? 0 : refuse_changed(file, reason);
}

static int write_document(struct files_file *file, const struct files_document *document,
    const struct secret_buffer *text, struct error *reason)
{
	if (begin_writing(file, reason) < 0 || copy(file, document->offset, reason) < 0 ||
	    check_bytes(file, &document->manifest.text, reason) < 0 ||
	    manifest_file_write(&file->out, secret_buffer_string(text), text->length, reason) < 0)
		return -1;
	file->copied += (off_t)document->manifest.text.length;
	return 0;
}

static int finish_file(struct files_run *run, struct files_file *file, struct error *err)
{
	struct error reason = ERROR_INIT;

	if (!file->writing)
		return 0;
	if (copy(file, file->before.st_size, &reason) < 0 ||
	    manifest_file_commit(&file->out, &reason) < 0)
		return lose(run, file, &reason, err);
	run->summary->changed++;
	run->summary->rewrapped += file->rewrapped;
	run->summary->values += file->values;
	log_write(LOG_INFO, "%s: %zu value%s rewrapped", file->path, file->values,
	    file->values > 1 ? "s" : "");
	return 0;
}

/*
 * A document's new text.
 */

/* A value grows by a character when the version gets another digit. */
static void check_sizes(const struct files_run *run, struct files_document *document)
{
	for (size_t i = 0; i < document->manifest.count; i++) {
		struct files_secret *secret = &document->secrets[i];
		struct error reason = ERROR_INIT;

		if (secret->change.data_count == 0 || secret->bytes <= KUBE_SECRET_BYTES_MAX)
			continue;
		error_set(&reason, ERROR_TOO_LARGE,
		    "its values would have %zu bytes, and a Secret holds %zu: seal some of it into "
		    "another",
		    secret->bytes, KUBE_SECRET_BYTES_MAX);
		files_complain_secret(run, document, secret, NULL, &reason);
		kube_secret_free(&secret->change);
	}
}

/* The changes of the document, as many as *count says; NULL on error. */
static struct manifest_change *list_changes(
    const struct files_document *document, size_t *count, struct error *err)
{
	struct manifest_change *changes = calloc(document->manifest.count + 1, sizeof(*changes));

	*count = 0;
	if (!changes)
		error_memory(err);
	for (size_t i = 0; changes && i < document->manifest.count; i++)
		if (document->secrets[i].change.data_count > 0)
			changes[(*count)++] = (struct manifest_change){
			    &document->manifest.secrets[i], &document->secrets[i].change, false};
	return changes;
}

/* Keep those of the changes that can be made, by halves, and tell of the others.  Returns how many.
 */
static size_t sift(const struct files_run *run, struct files_document *document,
    struct manifest_change *changes, size_t count)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	struct error reason = ERROR_INIT;

	if (count == 0 || manifest_change(&document->manifest, changes, count, &text, &reason) == 0)
		return count;
	if (count == 1) {
		struct files_secret *secret =
		    &document->secrets[changes->secret - document->manifest.secrets];
		files_complain_secret(run, document, secret, NULL, &reason);
		kube_secret_free(&secret->change);
		return 0;
	}
	size_t half = count / 2;
	size_t kept = sift(run, document, changes, half);
	size_t more = sift(run, document, changes + half, count - half);
	memmove(changes + kept, changes + half, more * sizeof(*changes));
	return kept + more;
}

/* Append it to *text; nothing where no change can be made. */
static int make_text(const struct files_run *run, struct files_document *document,
    struct secret_buffer *text, struct error *err)
{
	size_t count;

	check_sizes(run, document);
	cleanup_free struct manifest_change *changes = list_changes(document, &count, err);
	if (!changes)
		return -1;
	if (count == 0)
		return 0;
	if (manifest_change(&document->manifest, changes, count, text, err) == 0)
		return 0;
	error_clear(err);
	secret_buffer_reset(text);
	count = sift(run, document, changes, count);
	if (count == 0)
		return 0;
	return manifest_change(&document->manifest, changes, count, text, err);
}

/*
 * All of it.
 */

/* What became of the document's Secrets. */
static void count_document(
    struct files_run *run, struct files_file *file, const struct files_document *document)
{
	struct rotate_files_summary *summary = run->summary;

	for (size_t i = 0; document->secrets && i < document->manifest.count; i++) {
		const struct files_secret *secret = &document->secrets[i];
		bool changes = secret->change.data_count > 0;

		if (!secret->counts)
			continue;
		if (secret->failed || (changes && file->lost))
			summary->failed++;
		else if (run->pass == FILES_GATHER)
			continue;
		else if (changes)
			file->rewrapped++;
		else if (secret->old > 0)
			summary->old++;
		else
			summary->current++;
		if (changes && !file->lost)
			file->values += secret->change.data_count;
	}
}

static int put_document(struct files_run *run, struct files_file *file,
    struct files_document *document, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	struct error reason = ERROR_INIT;

	if (make_text(run, document, &text, err) < 0)
		return -1;
	if (text.length > 0 && !file->lost && write_document(file, document, &text, &reason) < 0 &&
	    lose(run, file, &reason, err) < 0)
		return -1;
	count_document(run, file, document);
	return 0;
}

/* `finished`: no more of it is to come. */
static int put_file(
    struct files_run *run, struct files_file *file, bool finished, struct error *err)
{
	if (files_check_time(run, err) < 0)
		return -1;
	while (file->first) {
		struct files_document *document = file->first;

		if (put_document(run, file, document, err) < 0)
			return -1;
		file->first = document->next;
		if (!file->first)
			file->last = &file->first;
		files_document_free(document);
	}
	return finished ? finish_file(run, file, err) : 0;
}

/* Those of all that waits; NULL on error. */
static struct files_value **list_values(const struct files_window *window, struct error *err)
{
	struct files_value **values = calloc(window->values + 1, sizeof(struct files_value *));
	size_t count = 0;

	if (!values)
		error_memory(err);
	for (struct files_file *file = window->first; values && file; file = file->next)
		for (struct files_document *document = file->first; document;
		     document = document->next)
			for (size_t i = 0; i < document->count; i++) {
				document->values[i].order = count;
				values[count++] = &document->values[i];
			}
	return values;
}

int files_window_flush(struct files_window *window, struct files_run *run, struct error *err)
{
	cleanup_free struct files_value **values = list_values(window, err);

	if (!values || files_check_time(run, err) < 0 ||
	    files_rewrap(run, values, window->values, err) < 0)
		return -1;
	window->values = window->bytes = 0;
	while (window->first) {
		struct files_file *file = window->first;

		if (put_file(run, file, file != window->reading, err) < 0)
			return -1;
		if (file == window->reading)
			return 0; /* more of it is to come */
		window->first = file->next;
		free_file(file);
	}
	window->last = &window->first;
	return 0;
}

/* One more would be too much for a request. */
static bool is_full(const struct files_window *window, const struct files_document *more)
{
	if (window->values == 0)
		return false;
	return window->values + more->count > TRANSIT_BATCH_ITEMS ||
	       window->bytes + more->manifest.text.length > FILES_WAITING_MAX;
}

static void append(struct files_window *window, struct files_document *document)
{
	struct files_file *file = window->reading;

	*file->last = document;
	file->last = &document->next;
	window->values += document->count;
	window->bytes += document->manifest.text.length;
	if (file->waiting)
		return;
	*window->last = file;
	window->last = &file->next;
	file->waiting = true;
}

int files_window_put(struct files_window *window, struct files_run *run,
    struct files_document *document, struct error *err)
{
	int result = 0;

	if (document->count == 0)
		count_document(run, window->reading, document);
	else if (is_full(window, document))
		result = files_window_flush(window, run, err);
	if (document->count > 0 && result == 0)
		append(window, document);
	else
		files_document_free(document);
	return result;
}

int files_window_complete(struct files_window *window, struct files_run *run, struct error *err)
{
	struct files_file *file = window->reading;
	int result = 0;

	window->reading = NULL;
	if (file->first)
		return 0;
	/* With nothing that waits it is in the list only when it is alone there. */
	if (file->waiting) {
		result = finish_file(run, file, err);
		window->first = NULL;
		window->last = &window->first;
	}
	free_file(file);
	return result;
}
