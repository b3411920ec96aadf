#include "lib/launch/deliver_file.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "lib/base/cleanup.h"
#include "lib/launch/deliver.h"

#define MODE_DEFAULT 0400
#define MODE_MAX 0777 /* no set-user-ID and its like */
#define MOUNT_ONE "mount an emptyDir volume with \"medium: Memory\" there"

/* -1 means "leave it" to chown(2), so it is no id. */
#define ID_MAX 4294967294L

/* Digits only; the end is where they end. */
static bool parse_number(const char *text, int base, long max, long *number, char **end)
{
	errno = 0;
	*number = strtol(text, end, base);
	return *text >= '0' && *text <= '9' && errno == 0 && *number <= max;
}

static int parse_mode(struct file_rules *rules, const char *text, struct error *err)
{
	char *end;
	long mode = MODE_DEFAULT;

	if (is_set(text) && (!parse_number(text, 8, MODE_MAX, &mode, &end) || *end))
		return error_set(err, ERROR_USAGE,
		    "--file-mode \"%s\": write permissions in octal, such as 0440", text);
	rules->mode = (mode_t)mode;
	return 0;
}

static int parse_owner(struct file_rules *rules, const char *text, struct error *err)
{
	char *end;
	long user, group;

	rules->user = (uid_t)-1;
	rules->group = (gid_t)-1;
	if (!is_set(text))
		return 0;
	bool valid = parse_number(text, 10, ID_MAX, &user, &end);
	if (valid && *end == ':') {
		valid = parse_number(end + 1, 10, ID_MAX, &group, &end);
		rules->group = (gid_t)group;
	}
	if (!valid || *end)
		return error_set(err, ERROR_USAGE,
		    "--file-owner \"%s\": write UID or UID:GID, as numbers", text);
	rules->user = (uid_t)user;
	return 0;
}

int file_rules_parse(
    struct file_rules *rules, const struct deliver_settings *settings, struct error *err)
{
	rules->allow_disk = settings->allow_disk;
	if (parse_mode(rules, settings->file_mode, err) < 0)
		return -1;
	return parse_owner(rules, settings->file_owner, err);
}

/* What tmpfs holds is in memory (or swap), and gone with its mount. */
static int check_memory(const struct file *file, const char *path, struct error *err)
{
	struct statfs system;

	if (fstatfs(file->folder, &system) < 0)
		return error_system(err, "%s", path);
	if (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC)
		return 0;
	return error_set(err, ERROR_USAGE,
	    "%s is not on tmpfs, so the secret would reach a disk: " MOUNT_ONE
	    ", or say --allow-disk",
	    path);
}

int deliver_file(struct file *file, const char *path, const struct secret_buffer *value,
    const struct file_rules *rules, struct error *err)
{
	if (file_open(file, path, err) < 0)
		return err->code == ERROR_SYSTEM ? error_hint(err, MOUNT_ONE) : -1;
	if (!rules->allow_disk && check_memory(file, path, err) < 0)
		return -1;
	cleanup_close int fd = file_create(file, rules->mode, rules->user, rules->group, err);
	if (fd < 0)
		return -1;
	return file_write(fd, secret_buffer_string(value), value->length, err);
}
