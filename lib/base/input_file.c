#include "lib/base/input_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/base/clock.h"

#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

static int64_t deadline;

void input_file_set_deadline(int64_t deadline_ms)
{
	deadline = deadline_ms;
}

bool input_file_is_absent(int number)
{
	return number == ENOENT || number == ENOTDIR;
}

int input_file_exists(const char *path, bool *exists, struct error *err)
{
	*exists = access(path, F_OK) == 0;
	return *exists || input_file_is_absent(errno) ? 0 : error_system(err, "%s", path);
}

/* Wait for data, the end of file or an error.  Return -1 with errno, ETIMEDOUT at the deadline. */
static int wait_for_input(int fd)
{
	struct pollfd waiting = {.fd = fd, .events = POLLIN};
	int64_t left = deadline ? deadline - clock_now_ms() : -1;

	if (deadline && left < 0)
		left = 0;
	int ready = poll(&waiting, 1, left > INT_MAX ? INT_MAX : (int)left);
	if (ready == 0)
		errno = ETIMEDOUT;
	return ready > 0 ? 0 : -1;
}

ssize_t input_file_read(int fd, void *bytes, size_t size)
{
	ssize_t count;

	while ((count = read(fd, bytes, size)) < 0 && errno == EAGAIN)
		if (wait_for_input(fd) < 0)
			return -1;
	return count;
}

/* Return true for a FIFO with a name, which appears empty until a writer has opened it. */
static bool is_named_pipe(int fd, const struct stat *status)
{
	struct statfs file_system;

	return S_ISFIFO(status->st_mode) && fstatfs(fd, &file_system) == 0 &&
	       file_system.f_type != PIPEFS_MAGIC;
}

int input_file_fail(const char *name, struct error *err)
{
	if (errno == EINTR)
		return error_set(err, ERROR_INTERRUPTED, "%s: read: interrupted by a signal", name);
	if (errno == ETIMEDOUT)
		return error_set(err, ERROR_SYSTEM,
		    "%s: not a regular file, and no data within the time limit; name a file", name);
	return error_system(err, "%s: read", name);
}

int input_file_open(const char *path, struct error *err)
{
	struct stat status;
	int fd = open(path, OPEN_FLAGS);

	if (fd < 0)
		return error_system(err, "%s", path);
	if (fstat(fd, &status) < 0)
		error_system(err, "%s", path);
	else if (!is_named_pipe(fd, &status) || wait_for_input(fd) == 0)
		return fd;
	else
		input_file_fail(path, err);
	close(fd);
	return -1;
}

int input_file_open_regular(int folder, const char *path, int flags, const char *name,
    struct stat *status, struct error *err)
{
	int fd = openat(folder, path, OPEN_FLAGS | flags);

	if (fd < 0)
		return error_system(err, "%s", name);
	if (fstat(fd, status) < 0)
		error_system(err, "%s", name);
	else if (S_ISREG(status->st_mode))
		return fd;
	else
		error_set(err, ERROR_USAGE, "%s: not a regular file", name);
	close(fd);
	return -1;
}
