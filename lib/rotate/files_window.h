/*
 * files_window: documents with old values that wait until there are enough for a request, and then
 * go back into their files; for lib/rotate/files.c only.
 *
 * Nothing is open for what waits but, at most, the file that is being read.
 */
#ifndef ROTATE_FILES_WINDOW_H
#define ROTATE_FILES_WINDOW_H

#include <sys/stat.h>

#include "lib/manifest/file.h"
#include "lib/rotate/files_document.h"

/*
 * Text that waits: its values are in memory several times over while they are rewrapped.  With
 * Secrets of usual size TRANSIT_BATCH_ITEMS are reached before.
 */
#define FILES_WAITING_MAX ((size_t)2 * 1024 * 1024)

struct files_file {
	char *path;
	struct stat before;		      /* as it was when it was opened for reading */
	bool lost;			      /* it can't be replaced, which has been told */
	struct files_document *first, **last; /* those that wait */
	struct manifest_file out;	      /* once something of it is written */
	bool writing;
	off_t copied;	  /* up to here its text is in `out` */
	size_t rewrapped; /* Secrets that are all on the newest version then */
	size_t values;	  /* rewrapped */
	bool waiting;	  /* it is in the window's list */
	struct files_file *next;
};

struct files_window {
	struct files_file *first, **last; /* of which something waits, or was written */
	struct files_file *reading;	  /* NULL: none; it is the last of those, if any */
	size_t values, bytes;
};

/* An empty one. */
void files_window_init(struct files_window *window) __attribute__((nonnull));
/* Something of this very file waits. */
bool files_window_has(const struct files_window *window, const struct stat *file)
    __attribute__((nonnull));
/* A file is about to be read.  Borrowed; NULL: out of memory. */
const struct files_file *files_window_begin(struct files_window *window, const char *path,
    const struct stat *before, struct error *err) __attribute__((nonnull, warn_unused_result));
/* Its next document, which is taken over.  When too much waits then, it is dealt with before. */
int files_window_put(struct files_window *window, struct files_run *run,
    struct files_document *document, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* That file is read to its end. */
int files_window_complete(struct files_window *window, struct files_run *run, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * Rewrap all that waits and put it in place.  What fails is told and counted.  -1: the run can't go
 * on; each file is as it was, or done.
 */
int files_window_flush(struct files_window *window, struct files_run *run, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void files_window_free(struct files_window *window) __attribute__((nonnull));

#endif
