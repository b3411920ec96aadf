#include "lib/seal/editor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/folder.h"
#include "lib/base/log.h"
#include "lib/base/strings.h"

#define PREFIX "secret-seal-"
#define SUFFIX "XXXXXX" /* of mkdtemp(3) */

#define OPEN_FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* Limit of tries: another process may remove a new folder before it is locked. */
#define TRIES_MAX 8

bool private_folder_in_memory(const char *parent)
{
	struct statfs status;

	if (!is_set(parent) || parent[0] != '/' || statfs(parent, &status) < 0)
		return false;
	return status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC;
}

/* Lock the folder.  Return false if another process has locked or removed it. */
static bool folder_lock(int fd)
{
	struct stat status;

	return flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &status) == 0 && status.st_nlink > 0;
}

/* Create and lock a folder.  Return 1 if another process locked or removed it first. */
static int folder_try(struct private_folder *folder, const char *parent, struct error *err)
{
	cleanup_free char *path = string_format(err, "%s/" PREFIX SUFFIX, parent);

	if (!path)
		return -1;
	if (!mkdtemp(path))
		return error_system(err, "%s", parent);
	cleanup_close int fd = open(path, OPEN_FOLDER);
	if (fd < 0 && errno != ENOENT)
		error_system(err, "%s", path);
	if (fd < 0 || !folder_lock(fd)) {
		rmdir(path);
		return err->code ? -1 : 1;
	}
	*folder = (struct private_folder){path, fd};
	path = NULL;
	fd = -1;
	return 0;
}

int private_folder_make(struct private_folder *folder, const char *parent, struct error *err)
{
	for (int i = 0; i < TRIES_MAX; i++) {
		int result = folder_try(folder, parent, err);
		if (result <= 0)
			return result;
	}
	return error_set(err, ERROR_SYSTEM, "%s: cannot lock a new folder in it", parent);
}

/*
 * Open a file or folder.  If access is denied, set its mode to `mode` and try again: an editor may
 * have made it read-only.
 */
static int open_in(int folder, const char *name, int flags, mode_t mode)
{
	int fd = openat(folder, name, flags);

	if (fd < 0 && errno == EACCES && fchmodat(folder, name, mode, 0) == 0)
		fd = openat(folder, name, flags);
	return fd;
}

static size_t folder_empty(int folder, const char *path);

static void folder_empty_inner(int parent, const char *name, const char *path)
{
	cleanup_close int folder = open_in(parent, name, OPEN_FOLDER, 0700);

	if (folder >= 0)
		folder_empty(folder, path);
}

/* Overwrite a file with zeros, because removing it frees its pages without clearing them. */
static void overwrite(int fd)
{
	static const char zeros[4096];
	off_t size = lseek(fd, 0, SEEK_END);

	for (off_t at = 0; at < size; at += (off_t)sizeof(zeros))
		if (pwrite(fd, zeros, sizeof(zeros), at) < 0)
			return;
}

/*
 * Overwrite and remove a file or folder.  stat(2) is not called first, because it could fail and
 * leave the file.  Symbolic links, FIFOs and sockets cannot be opened, and are only removed.
 * `path` is the path of the folder, for messages.
 */
static void wipe(int folder, const char *name, const char *path)
{
	cleanup_close int fd =
	    open_in(folder, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);

	if (fd >= 0)
		overwrite(fd);
	else if (errno == EISDIR)
		folder_empty_inner(folder, name, path);
	if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
		return;
	if (errno != EISDIR || unlinkat(folder, name, AT_REMOVEDIR) < 0)
		log_write(LOG_WARNING, "%s: %s: %s: remove it, it may contain plaintext", path,
		    name, strerror(errno));
}

/* Wipe all files in the folder.  Return their number. */
static size_t folder_empty(int folder, const char *path)
{
	struct strings names = {NULL, 0};
	struct error err = ERROR_INIT;

	if (folder_list(folder, ".", path, &names, &err) < 0)
		log_write(LOG_WARNING, "%s: remove it, it may contain plaintext", err.message);
	for (size_t i = 0; i < names.count; i++)
		wipe(folder, names.items[i], path);
	size_t count = names.count;
	strings_free(&names);
	return count;
}

void private_folder_remove(struct private_folder *folder, const char *file)
{
	if (!folder->path)
		return;
	if (file)
		wipe(folder->fd, file, folder->path);
	folder_empty(folder->fd, folder->path);
	if (rmdir(folder->path) < 0)
		log_write(LOG_WARNING, "%s: %s: remove it, it may contain plaintext", folder->path,
		    strerror(errno));
	close(folder->fd);
	free(folder->path);
	*folder = (struct private_folder)PRIVATE_FOLDER_INIT;
}

static bool is_name(const char *name)
{
	return strlen(name) == strlen(PREFIX SUFFIX) && strncmp(name, PREFIX, strlen(PREFIX)) == 0;
}

static void sweep_one(int parent, const char *name, const char *parent_path)
{
	struct stat status;
	cleanup_close int folder = openat(parent, name, OPEN_FOLDER);

	if (folder < 0 || fstat(folder, &status) < 0 || status.st_uid != geteuid() ||
	    !folder_lock(folder))
		return;
	size_t count = folder_empty(folder, parent_path);
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0 && count > 0)
		log_write(LOG_INFO, "%s/%s: removed; a killed edit had left it", parent_path, name);
}

void private_folder_sweep(const char *parent)
{
	cleanup_close int folder = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct strings names = {NULL, 0};
	struct error err = ERROR_INIT;

	if (folder_list(folder, ".", parent, &names, &err) < 0)
		log_write(LOG_WARNING,
		    "%s; check the folder for plaintext that a killed edit has left", err.message);
	for (size_t i = 0; i < names.count; i++)
		if (is_name(names.items[i]))
			sweep_one(folder, names.items[i], parent);
	strings_free(&names);
}
