#include "lib/manifest/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "lib/base/cleanup.h"
#include "lib/base/input_file.h"
#include "lib/base/strings.h"

/* Written at once. */
#define PENDING_MAX ((size_t)256 * 1024)
/* Names that are tried; each has 64 random bits. */
#define NAMES_MAX 8

void manifest_file_free(struct manifest_file *file)
{
	if (file->temporary)
		unlinkat(file->folder, file->temporary, 0);
	cleanup_close_fd(&file->in);
	cleanup_close_fd(&file->out);
	cleanup_close_fd(&file->folder);
	free(file->temporary);
	free(file->path);
	secret_buffer_free(&file->pending);
	*file = (struct manifest_file){.in = -1, .out = -1, .folder = -1};
}

static int open_old(struct manifest_file *file, struct error *err)
{
	file->path = realpath(file->name, NULL);
	if (!file->path)
		return error_system(err, "%s", file->name);
	file->in = input_file_open_regular(
	    AT_FDCWD, file->path, O_NOFOLLOW, file->name, &file->before, err);
	if (file->in < 0)
		return -1;
	char *slash = strrchr(file->path, '/');
	file->base = slash + 1;
	*slash = '\0';
	file->folder = open(*file->path ? file->path : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*slash = '/';
	return file->folder < 0 ? error_system(err, "%s: its folder", file->name) : 0;
}

static int create(struct manifest_file *file, struct error *err)
{
	for (int i = 0; i < NAMES_MAX; i++) {
		unsigned long long random;

		RAND_bytes((uint8_t *)&random, sizeof(random));
		file->temporary = string_format(err, ".secret-seal.%016llx", random);
		if (!file->temporary)
			return -1;
		file->out = openat(file->folder, file->temporary,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (file->out >= 0)
			return 0;
		free(file->temporary);
		file->temporary = NULL;
		if (errno != EEXIST)
			break;
	}
	return error_system(err, "%s: a new file beside it", file->name);
}

/* Mode last: a change of the owner takes set-id bits away. */
static int take_owner(const struct manifest_file *file, struct error *err)
{
	struct stat now;

	if (fstat(file->out, &now) < 0)
		return error_system(err, "%s", file->name);
	if ((now.st_uid != file->before.st_uid || now.st_gid != file->before.st_gid) &&
	    fchown(file->out, file->before.st_uid, file->before.st_gid) < 0)
		return error_system(err,
		    "%s: it belongs to user %ld, group %ld, and can't be replaced by a file of "
		    "theirs",
		    file->name, (long)file->before.st_uid, (long)file->before.st_gid);
	if (fchmod(file->out, file->before.st_mode & 07777) < 0)
		return error_system(err, "%s: its mode", file->name);
	return 0;
}

int manifest_file_open(struct manifest_file *file, const char *name, struct error *err)
{
	*file = (struct manifest_file){.in = -1, .out = -1, .folder = -1, .name = name};
	if (open_old(file, err) == 0 && create(file, err) == 0 && take_owner(file, err) == 0)
		return 0;
	manifest_file_free(file);
	return -1;
}

static int write_all(
    const struct manifest_file *file, const char *bytes, size_t length, struct error *err)
{
	while (length > 0) {
		ssize_t count = write(file->out, bytes, length);

		if (count < 0 && errno == EINTR)
			return error_set(err, ERROR_INTERRUPTED, "%s: interrupted", file->name);
		if (count < 0)
			return error_system(err, "%s: writing its new text", file->name);
		bytes += count;
		length -= (size_t)count;
	}
	return 0;
}

static int flush(struct manifest_file *file, struct error *err)
{
	struct secret_buffer *pending = &file->pending;

	if (write_all(file, secret_buffer_string(pending), pending->length, err) < 0)
		return -1;
	secret_buffer_reset(pending);
	return 0;
}

int manifest_file_write(
    struct manifest_file *file, const void *bytes, size_t length, struct error *err)
{
	if (file->pending.length + length > PENDING_MAX && flush(file, err) < 0)
		return -1;
	if (length > PENDING_MAX)
		return write_all(file, bytes, length, err);
	return secret_buffer_append(&file->pending, bytes, length, err);
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static int check_unchanged(const struct manifest_file *file, struct error *err)
{
	const struct stat *before = &file->before;
	struct stat now;

	if (fstatat(file->folder, file->base, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	    now.st_dev == before->st_dev && now.st_ino == before->st_ino &&
	    now.st_size == before->st_size && same_time(&now.st_mtim, &before->st_mtim))
		return 0;
	return error_set(err, ERROR_CONFLICT,
	    "%s: somebody changed it meanwhile, and it is as they left it: run again", file->name);
}

int manifest_file_commit(struct manifest_file *file, struct error *err)
{
	if (flush(file, err) < 0)
		return -1;
	if (fsync(file->out) < 0)
		return error_system(err, "%s: writing its new text", file->name);
	if (check_unchanged(file, err) < 0)
		return -1;
	if (renameat(file->folder, file->temporary, file->folder, file->base) < 0)
		return error_system(err, "%s: putting its new text in place", file->name);
	free(file->temporary);
	file->temporary = NULL;
	/* In place already; that it stays there through a power cut is up to the file system. */
	if (fsync(file->folder) < 0 && errno != EINVAL && errno != EROFS)
		return error_system(err, "%s: its folder", file->name);
	return 0;
}
