#include "lib/manifest/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/input_file.h"
#include "lib/base/strings.h"

/* Bytes of the old text that are copied at a time. */
#define COPY_STEP ((off_t)64 * 1024)
/* Prefix of the temporary file's name. */
#define TEMPORARY_PREFIX ".secret-seal."

/*
 * Reading.
 */

static int file_begin(
    struct manifest_file *file, int fd, bool is_stream, const char *name, struct error *err)
{
	file->name = strdup(name);
	if (!file->name)
		return error_memory(err);
	file->in = fd;
	file->is_stream = is_stream;
	manifest_stream_begin(&file->stream, fd, file->name);
	return 0;
}

int manifest_file_open(struct manifest_file *file, const char *name, struct error *err)
{
	*file = (struct manifest_file){.in = -1, .out = OUTPUT_FILE_INIT, .old = -1};
	int fd = input_file_open_regular(AT_FDCWD, name, 0, name, &file->before, err);

	if (fd < 0)
		return -1;
	if (file_begin(file, fd, false, name, err) == 0)
		return 0;
	close(fd);
	return -1;
}

int manifest_file_open_stream(
    struct manifest_file *file, int fd, const char *name, struct error *err)
{
	*file = (struct manifest_file){.in = -1, .out = OUTPUT_FILE_INIT, .old = -1};
	return file_begin(file, fd, true, name, err);
}

int manifest_file_next(struct manifest_file *file, struct secret_buffer *text, size_t *line,
    off_t *offset, struct error *err)
{
	int found = manifest_stream_next(&file->stream, text, line, err);

	*offset = file->next;
	if (found > 0)
		file->next += (off_t)text->length;
	return found;
}

void manifest_file_end_reading(struct manifest_file *file)
{
	manifest_stream_end(&file->stream);
	if (!file->is_stream)
		cleanup_close_fd(&file->in);
	file->in = -1;
}

bool manifest_file_is_same(const struct manifest_file *a, const struct manifest_file *b)
{
	return !a->is_stream && !b->is_stream && a->before.st_dev == b->before.st_dev &&
	       a->before.st_ino == b->before.st_ino;
}

/*
 * The temporary file.
 */

static int file_refuse_changed(const struct manifest_file *file, struct error *err)
{
	return error_set(err, ERROR_CONFLICT,
	    "%s: changed by another process, and not written; run again", file->name);
}

static int file_check_unchanged(
    const struct manifest_file *file, const struct stat *now, struct error *err)
{
	const struct stat *before = &file->before;

	if (now->st_dev == before->st_dev && now->st_ino == before->st_ino &&
	    now->st_size == before->st_size && now->st_mtim.tv_sec == before->st_mtim.tv_sec &&
	    now->st_mtim.tv_nsec == before->st_mtim.tv_nsec)
		return 0;
	return file_refuse_changed(file, err);
}

/* Open the old file and its folder, following symbolic links. */
static int file_reopen(struct manifest_file *file, struct error *err)
{
	cleanup_free char *path = realpath(file->name, NULL);
	struct stat now;

	if (!path)
		return errno == ENOMEM ? error_memory(err) : error_system(err, "%s", file->name);
	if (output_file_open(&file->out, path, err) < 0)
		return -1;
	file->old = input_file_open_regular(
	    file->out.folder, file->out.name, O_NOFOLLOW, file->name, &now, err);
	return file->old < 0 ? -1 : file_check_unchanged(file, &now, err);
}

/* Set owner, group and mode.  The mode comes last: chown clears set-id bits. */
static int file_keep_owner(const struct manifest_file *file, struct error *err)
{
	const struct stat *before = &file->before;
	struct stat now;

	if (fstat(file->out.fd, &now) < 0)
		return error_system(err, "%s", file->name);
	if ((now.st_uid != before->st_uid || now.st_gid != before->st_gid) &&
	    fchown(file->out.fd, before->st_uid, before->st_gid) < 0)
		return error_system(err, "%s: keeping its owner (user %ld, group %ld)", file->name,
		    (long)before->st_uid, (long)before->st_gid);
	if (fchmod(file->out.fd, before->st_mode & 07777) < 0)
		return error_system(err, "%s: keeping its mode", file->name);
	return 0;
}

int manifest_file_prepare(struct manifest_file *file, struct error *err)
{
	if (file->out.fd >= 0)
		return 0;
	if (file_reopen(file, err) < 0)
		return -1;
	if (output_file_create(&file->out, TEMPORARY_PREFIX, err) < 0)
		return error_wrap(err, "%s", file->name);
	return file_keep_owner(file, err);
}

static int file_write(
    const struct manifest_file *file, const struct secret_buffer *text, struct error *err)
{
	if (output_file_write_all(file->out.fd, secret_buffer_string(text), text->length) == 0)
		return 0;
	if (errno == EINTR)
		return error_set(err, ERROR_INTERRUPTED, "%s: interrupted", file->name);
	return error_system(err, "%s: writing its new text", file->name);
}

/* Read `length` bytes of the old text, from offset file->copied. */
static int file_read_old(
    struct manifest_file *file, size_t length, struct secret_buffer *bytes, struct error *err)
{
	secret_buffer_reset(bytes);
	if (secret_buffer_reserve(bytes, length, err) < 0)
		return -1;
	while (bytes->length < length) {
		ssize_t count = pread(file->old, bytes->data + bytes->length,
		    length - bytes->length, file->copied + (off_t)bytes->length);
		if (count < 0)
			return error_system(err, "%s", file->name);
		if (count == 0)
			return file_refuse_changed(file, err);
		bytes->length += (size_t)count;
		bytes->data[bytes->length] = '\0';
	}
	return 0;
}

/* Copy the old text up to an offset in bytes. */
static int file_copy(struct manifest_file *file, off_t until, struct error *err)
{
	cleanup_secret struct secret_buffer bytes = SECRET_BUFFER_INIT;

	while (file->copied < until) {
		off_t left = until - file->copied;
		size_t length = (size_t)(left < COPY_STEP ? left : COPY_STEP);
		if (file_read_old(file, length, &bytes, err) < 0 ||
		    file_write(file, &bytes, err) < 0)
			return -1;
		file->copied += (off_t)length;
	}
	return 0;
}

/* Compare the bytes, which also detects a change that kept size and modification time. */
static int file_check_bytes(
    struct manifest_file *file, const struct secret_buffer *old_text, struct error *err)
{
	cleanup_secret struct secret_buffer now = SECRET_BUFFER_INIT;

	if (file_read_old(file, old_text->length, &now, err) < 0)
		return -1;
	return secret_buffer_equal(&now, old_text) ? 0 : file_refuse_changed(file, err);
}

int manifest_file_replace(struct manifest_file *file, off_t offset,
    const struct secret_buffer *old_text, const struct secret_buffer *new_text, struct error *err)
{
	if (manifest_file_prepare(file, err) < 0 || file_copy(file, offset, err) < 0 ||
	    file_check_bytes(file, old_text, err) < 0 || file_write(file, new_text, err) < 0)
		return -1;
	file->copied += (off_t)old_text->length;
	return 0;
}

bool manifest_file_is_changed(const struct manifest_file *file)
{
	return file->out.fd >= 0;
}

/* Committing. */

static int file_check_in_place(const struct manifest_file *file, struct error *err)
{
	struct stat now;

	if (fstatat(file->out.folder, file->out.name, &now, AT_SYMLINK_NOFOLLOW) < 0)
		return file_refuse_changed(file, err);
	return file_check_unchanged(file, &now, err);
}

int manifest_file_commit(struct manifest_file *file, struct error *err)
{
	if (file_copy(file, file->before.st_size, err) < 0)
		return -1;
	/* Nothing slow may come between the check and the renaming: a change then would be lost. */
	if (output_file_close(&file->out, true, err) < 0)
		return error_wrap(err, "%s", file->name);
	if (file_check_in_place(file, err) < 0)
		return -1;
	return output_file_place(&file->out, true, err) < 0 ? error_wrap(err, "%s", file->name) : 0;
}

void manifest_file_discard(struct manifest_file *file)
{
	output_file_free(&file->out);
	cleanup_close_fd(&file->old);
	file->old = -1;
	file->copied = 0;
}

void manifest_file_free(struct manifest_file *file)
{
	manifest_file_end_reading(file);
	manifest_file_discard(file);
	free(file->name);
	file->name = NULL;
}
