#include "lib/rotate/metrics_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "lib/base/cleanup.h"
#include "lib/base/input_file.h"
#include "lib/base/log.h"
#include "lib/base/strings.h"
#include "lib/base/utf8.h"
#include "lib/rotate/metrics.h"

/* A thousand keys with a hundred versions each: a larger file is not ours. */
#define FILE_MAX ((size_t)16 * 1024 * 1024)
#define SUFFIX ".prom"

static const char *name_in(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The folder as a path to be followed by a name: "" or "DIR/".  Newly allocated. */
static char *folder_of(const char *path, struct error *err)
{
	return string_format(err, "%.*s", (int)(name_in(path) - path), path);
}

int metrics_file_check(const char *path, struct error *err)
{
	cleanup_free char *folder = folder_of(path, err);
	struct stat old;

	if (!folder)
		return -1;
	if (!*name_in(path))
		return error_set(err, ERROR_USAGE, "--metrics-file %s: it names no file", path);
	if (lstat(path, &old) == 0) {
		if (!S_ISREG(old.st_mode))
			return error_set(
			    err, ERROR_USAGE, "--metrics-file %s: not a regular file", path);
	} else if (errno != ENOENT) {
		return error_system(err, "--metrics-file %s", path);
	}
	if (access(*folder ? folder : ".", W_OK | X_OK) < 0)
		return error_system(err, "--metrics-file %s: its folder", path);
	return 0;
}

/* What stands in the old file, if it can be; none is no error. */
static int64_t read_last_success(const char *path, int64_t now_s)
{
	struct secret_buffer text = {.limit = FILE_MAX};
	struct error err = ERROR_INIT;
	struct stat status;
	int64_t last = 0;

	if (access(path, F_OK) < 0 && input_file_is_absent(errno))
		return 0;
	cleanup_close int fd = input_file_open_regular(AT_FDCWD, path, 0, path, &status, &err);
	if (fd >= 0 && secret_buffer_read_fd(&text, fd, path, &err) == 0)
		last = metrics_last_success(secret_buffer_string(&text));
	secret_buffer_free(&text);
	if (last > 0 && last <= now_s)
		return last;
	log_write(LOG_WARNING, "--metrics-file %s: the old one tells of no success%s%s", path,
	    err.code == ERROR_NONE ? "" : ": ", err.message);
	return 0;
}

/* "DIR/rotate.prom": "rotate". */
static char *rotation_of(const char *path, struct error *err)
{
	const char *name = name_in(path);
	size_t length = strlen(name), suffix = strlen(SUFFIX);

	if (length > suffix && strcmp(name + length - suffix, SUFFIX) == 0)
		length -= suffix;
	char *rotation = string_format(err, "%.*s", (int)length, name);
	if (rotation)
		utf8_make_printable(rotation);
	return rotation;
}

/* A metrics file that is being written. */
struct target {
	const char *path;
	int fd;
};

/* A text_stream's write. */
static int write_piece(void *context, const struct secret_buffer *text, struct error *err)
{
	const struct target *target = context;
	size_t written = 0;

	while (written < text->length) {
		ssize_t count = write(target->fd, text->data + written, text->length - written);

		if (count < 0 && errno != EINTR)
			return error_system(err, "--metrics-file %s: writing it", target->path);
		written += count > 0 ? (size_t)count : 0;
	}
	return 0;
}

static int fill(struct target *target, const struct metrics_run *run,
    const struct rotate_summary *summary, struct error *err)
{
	struct text_stream stream = {.write = write_piece, .context = target};
	int result = metrics_write(run, summary, &stream, err);

	secret_buffer_free(&stream.text);
	if (result < 0)
		return -1;
	/* As the collector needs it, whatever the umask. */
	if (fchmod(target->fd, 0644) < 0 || fsync(target->fd) < 0)
		return error_system(err, "--metrics-file %s: writing it", target->path);
	return 0;
}

/* The collector reads *.prom: until it is in place, the file has another name. */
static int replace(const char *path, const struct metrics_run *run,
    const struct rotate_summary *summary, struct error *err)
{
	unsigned long long random;
	cleanup_free char *folder = folder_of(path, err);

	RAND_bytes((uint8_t *)&random, sizeof(random));
	cleanup_free char *beside =
	    folder ? string_format(err, "%s.secret-rotate.%016llx", folder, random) : NULL;
	if (!beside)
		return -1;
	cleanup_close int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_system(err, "--metrics-file %s: a new file beside it", path);
	if (fill(&(struct target){path, fd}, run, summary, err) == 0) {
		if (rename(beside, path) == 0)
			return 0;
		error_system(err, "--metrics-file %s: putting it in place", path);
	}
	unlink(beside);
	return -1;
}

int metrics_file_write(
    const char *path, const struct rotate_summary *summary, bool success, struct error *err)
{
	int64_t now_s = (int64_t)time(NULL);
	cleanup_free char *rotation = rotation_of(path, err);
	struct metrics_run run = {
	    rotation, success, now_s, success ? now_s : read_last_success(path, now_s)};

	return rotation ? replace(path, &run, summary, err) : -1;
}
