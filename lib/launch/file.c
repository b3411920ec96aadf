/* file: a file that gets into its place whole, or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/launch/deliver.h"

/* Names are 64 random bits; only a user who may write to the directory could take one first. */
#define TRIES 4

#define MOUNT_HINT "mount an emptyDir volume with \"medium: Memory\" there"

/* "unchanged" for chown(2). */
#define KEEP_USER ((uid_t)-1)
#define KEEP_GROUP ((gid_t)-1)

/* Check that the place is free, or has a file or a symbolic link. */
static int check_place(const struct file *file, const char *path, struct error *err)
{
	struct stat found;

	if (fstatat(file->folder, file->name, &found, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : error_system(err, "%s", path);
	if (S_ISDIR(found.st_mode))
		return error_set(
		    err, ERROR_USAGE, "%s: is a directory; write the path of a file", path);
	if (!S_ISREG(found.st_mode) && !S_ISLNK(found.st_mode))
		return error_set(
		    err, ERROR_USAGE, "%s: not a regular file; choose another path", path);
	return 0;
}

/* Open the directory of a path, O_PATH; *name is the rest of the path. */
static int open_folder(const char *path, const char **name, struct error *err)
{
	const char *slash = strrchr(path, '/');

	*name = slash ? slash + 1 : path;
	if (!**name)
		return error_set(err, ERROR_USAGE, "\"%s\": not the path of a file", path);
	char *folder = !slash	       ? strdup(".")
		       : slash == path ? strdup("/")
				       : strndup(path, (size_t)(slash - path));
	if (!folder)
		return error_memory(err);
	int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		error_system(err, "%s", folder);
	free(folder);
	return fd;
}

int file_open(struct file *file, const char *path, struct error *err)
{
	const char *name;

	memset(file, 0, sizeof(*file));
	file->folder = open_folder(path, &name, err);
	if (file->folder < 0)
		return -1;
	file->name = strdup(name);
	if (file->name && check_place(file, path, err) == 0)
		return 0;
	if (!file->name) {
		close(file->folder);
		return error_memory(err);
	}
	file_free(file);
	return -1;
}

/* Create the file under a new temporary name, or return -1 with errno. */
static int create_temporary(struct file *file)
{
	uint64_t number;

	for (int i = 0; i < TRIES; i++) {
		if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
			return -1;
		snprintf(
		    file->temporary, sizeof(file->temporary), ".secret-exec-%016" PRIx64, number);
		int fd = openat(file->folder, file->temporary,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

static int change_owner(int fd, uid_t user, gid_t group, struct error *err)
{
	if ((user == KEEP_USER && group == KEEP_GROUP) || fchown(fd, user, group) == 0)
		return 0;
	error_system(err, "changing the owner");
	return error_hint(err, "only root with the capability CHOWN may change it");
}

int file_create(struct file *file, mode_t mode, uid_t user, gid_t group, struct error *err)
{
	int fd = create_temporary(file);

	if (fd < 0) {
		file->temporary[0] = '\0';
		return error_system(err, "creating a file in its directory");
	}
	/* The mode applies to the new group, and only the owner may change it: so between the two.
	 */
	if (change_owner(fd, KEEP_USER, group, err) == 0) {
		if (fchmod(fd, mode) < 0)
			error_system(err, "mode %04o", (unsigned)mode);
		else if (change_owner(fd, user, KEEP_GROUP, err) == 0)
			return fd;
	}
	close(fd);
	return -1;
}

int file_write(int fd, const void *bytes, size_t length, struct error *err)
{
	for (size_t done = 0; done < length;) {
		ssize_t written = write(fd, (const char *)bytes + done, length - done);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_system(err, "write");
		done += (size_t)written;
	}
	return 0;
}

/* Files on tmpfs are in memory (or swap), and gone with the mount. */
static int check_tmpfs(const struct file *file, const char *path, struct error *err)
{
	struct statfs system;

	if (fstatfs(file->folder, &system) < 0)
		return error_system(err, "%s", path);
	if (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC)
		return 0;
	return error_set(err, ERROR_USAGE,
	    "%s: not on tmpfs, so the secret would reach a disk; " MOUNT_HINT
	    ", or pass --allow-disk",
	    path);
}

int file_prepare(struct file *file, const char *path, const struct secret_buffer *value,
    const struct file_rules *rules, struct error *err)
{
	if (file_open(file, path, err) < 0)
		return err->code == ERROR_SYSTEM ? error_hint(err, MOUNT_HINT) : -1;
	if (!rules->allow_disk && check_tmpfs(file, path, err) < 0)
		return -1;
	cleanup_close int fd = file_create(file, rules->mode, rules->user, rules->group, err);
	if (fd < 0)
		return -1;
	return file_write(fd, secret_buffer_string(value), value->length, err);
}

int file_place(struct file *file, struct error *err)
{
	if (renameat(file->folder, file->temporary, file->folder, file->name) < 0)
		return error_system(err, "moving it to its place");
	file->temporary[0] = '\0';
	file->placed = true;
	return 0;
}

bool file_same_place(const struct file *a, const struct file *b)
{
	struct stat one, other;

	return strcmp(a->name, b->name) == 0 && fstat(a->folder, &one) == 0 &&
	       fstat(b->folder, &other) == 0 && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

void file_remove(struct file *file)
{
	if (file->temporary[0])
		unlinkat(file->folder, file->temporary, 0);
	if (file->placed)
		unlinkat(file->folder, file->name, 0);
	file->temporary[0] = '\0';
	file->placed = false;
}

void file_free(struct file *file)
{
	if (!file->name)
		return;
	file->placed = false;
	file_remove(file);
	close(file->folder);
	free(file->name);
	file->name = NULL;
}
