/* file: write a secret to a file, which appears complete or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/launch/deliver.h"

#define MOUNT_HINT "mount an emptyDir volume with \"medium: Memory\" there"

/* For chown(2): leave unchanged. */
#define KEEP_USER ((uid_t)-1)
#define KEEP_GROUP ((gid_t)-1)

/* Check that the path is free, a regular file or a symbolic link. */
static int check_place(const struct file *file, const char *path, struct error *err)
{
	struct stat found;

	if (fstatat(file->output.folder, file->output.name, &found, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : error_system(err, "%s", path);
	if (S_ISDIR(found.st_mode))
		return error_set(
		    err, ERROR_USAGE, "%s: is a directory; write the path of a file", path);
	if (!S_ISREG(found.st_mode) && !S_ISLNK(found.st_mode))
		return error_set(
		    err, ERROR_USAGE, "%s: not a regular file; choose another path", path);
	return 0;
}

int file_open(struct file *file, const char *path, struct error *err)
{
	file->placed = false;
	if (output_file_open(&file->output, path, err) < 0)
		return -1;
	if (check_place(file, path, err) == 0)
		return 0;
	file_free(file);
	return -1;
}

static int change_owner(int fd, uid_t user, gid_t group, struct error *err)
{
	if ((user == KEEP_USER && group == KEEP_GROUP) || fchown(fd, user, group) == 0)
		return 0;
	error_system(err, "changing the owner");
	return error_hint(err, "run it as root with the capability CHOWN");
}

int file_create(struct file *file, const struct file_rules *rules, struct error *err)
{
	if (output_file_create(&file->output, ".secret-exec-", err) < 0)
		return -1;
	/*
	 * Set the mode after the group, which it applies to, and before the owner, since only the
	 * owner may set it.
	 */
	if (change_owner(file->output.fd, KEEP_USER, rules->group, err) < 0)
		return -1;
	if (fchmod(file->output.fd, rules->mode) < 0)
		return error_system(err, "mode %04o", (unsigned)rules->mode);
	return change_owner(file->output.fd, rules->user, KEEP_GROUP, err);
}

/*
 * Check that the directory is on tmpfs or ramfs, where files are in memory (or swap) and disappear
 * with the mount.
 */
static int check_tmpfs(const struct file *file, const char *path, struct error *err)
{
	struct statfs system;

	if (fstatfs(file->output.folder, &system) < 0)
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
	if (file_create(file, rules, err) < 0)
		return -1;
	if (output_file_write_all(file->output.fd, secret_buffer_string(value), value->length) < 0)
		return error_system(err, "write");
	return output_file_close(&file->output, false, err);
}

int file_place(struct file *file, struct error *err)
{
	if (output_file_place(&file->output, false, err) < 0)
		return -1;
	file->placed = true;
	return 0;
}

bool file_same_place(const struct file *a, const struct file *b)
{
	struct stat one, other;

	return strcmp(a->output.name, b->output.name) == 0 && fstat(a->output.folder, &one) == 0 &&
	       fstat(b->output.folder, &other) == 0 && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

void file_remove(struct file *file)
{
	output_file_discard(&file->output);
	if (file->placed)
		unlinkat(file->output.folder, file->output.name, 0);
	file->placed = false;
}

void file_free(struct file *file)
{
	if (file->output.name)
		output_file_free(&file->output);
}
