#include "lib/base/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "lib/base/signals.h"

/* Attempts to find an unused name.  To take a name first, another process must guess 64 bits. */
#define NAMES_MAX 4

int output_file_write_all(int fd, const void *bytes, size_t length)
{
	const char *at = bytes;

	while (length > 0) {
		ssize_t written = write(fd, at, length);

		if (written < 0 && (errno != EINTR || signals_caught()))
			return -1;
		if (written > 0) {
			at += written;
			length -= (size_t)written;
		}
	}
	return 0;
}

/* Open the directory of a path, which is the first `length` bytes with the slash. */
static int open_folder(const char *path, size_t length, struct error *err)
{
	char *folder = length > 0 ? strndup(path, length) : strdup(".");

	if (!folder)
		return error_memory(err);
	int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		if (length > 1)
			folder[length - 1] = '\0';
		error_system(err, "%s", folder);
	}
	free(folder);
	return fd;
}

int output_file_open(struct output_file *file, const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	*file = (struct output_file)OUTPUT_FILE_INIT;
	if (!*name)
		return error_set(err, ERROR_USAGE, "\"%s\": not the path of a file", path);
	file->folder = open_folder(path, (size_t)(name - path), err);
	if (file->folder < 0)
		return -1;
	file->name = strdup(name);
	if (file->name)
		return 0;
	output_file_free(file);
	return error_memory(err);
}

int output_file_create(struct output_file *file, const char *prefix, struct error *err)
{
	uint64_t number;

	for (int i = 0; i < NAMES_MAX; i++) {
		if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
			break;
		snprintf(file->temporary, sizeof(file->temporary), "%s%016" PRIx64, prefix, number);
		file->fd = openat(file->folder, file->temporary,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (file->fd >= 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	file->temporary[0] = '\0';
	return error_system(err, "creating a file in its directory");
}

/*
 * Write the directory to the disk.  Not every file system supports that, and the rename has already
 * succeeded, so ignore the lack of support.
 */
static int sync_folder(const struct output_file *file, struct error *err)
{
	int fd = openat(file->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = 0;

	if (fd < 0)
		return errno == EACCES ? 0 : error_system(err, "its directory");
	if (fsync(fd) < 0 && errno != EINVAL && errno != EROFS)
		result = error_system(err, "its directory");
	close(fd);
	return result;
}

/*
 * Close before the rename.  A file that is open for writing cannot be executed, and only close(2)
 * reports some errors.
 */
int output_file_close(struct output_file *file, bool durable, struct error *err)
{
	int fd = file->fd;

	if (durable && fsync(fd) < 0)
		return error_system(err, "writing it");
	file->fd = -1;
	return close(fd) < 0 ? error_system(err, "writing it") : 0;
}

int output_file_place(struct output_file *file, bool durable, struct error *err)
{
	if (file->fd >= 0 && output_file_close(file, durable, err) < 0)
		return -1;
	if (renameat(file->folder, file->temporary, file->folder, file->name) < 0)
		return error_system(err, "moving it into its place");
	file->temporary[0] = '\0';
	return durable ? sync_folder(file, err) : 0;
}

void output_file_discard(struct output_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
	if (file->temporary[0])
		unlinkat(file->folder, file->temporary, 0);
	file->temporary[0] = '\0';
}

void output_file_free(struct output_file *file)
{
	output_file_discard(file);
	if (file->folder >= 0)
		close(file->folder);
	free(file->name);
	*file = (struct output_file)OUTPUT_FILE_INIT;
}
