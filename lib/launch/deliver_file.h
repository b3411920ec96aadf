/* deliver_file: one value as a file, in memory. */
#ifndef LAUNCH_DELIVER_FILE_H
#define LAUNCH_DELIVER_FILE_H

#include "lib/launch/file.h"
#include "lib/sealed/variables.h"

struct deliver_settings;

/* How files are made. */
struct file_rules {
	mode_t mode;
	uid_t user;  /* -1: ours */
	gid_t group; /* -1: ours */
	bool allow_disk;
};

/* ERROR_USAGE for a mode or an owner that is none. */
int file_rules_parse(struct file_rules *rules, const struct deliver_settings *settings,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Write the value beside `path`; file_place puts it there, and file_free frees it.  ERROR_USAGE
 * when that is not on tmpfs or ramfs and the rules do not allow it.
 */
int deliver_file(struct file *file, const char *path, const struct secret_buffer *value,
    const struct file_rules *rules, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
