#include "lib/launch/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/launch/file.h"

/* dup onto a number that the process's limit does not reach. */
static int number_failure(int number, struct error *err)
{
	bool limited = errno == EBADF;

	error_system(err, "--fd %d", number);
	return limited ? error_hint(err, "over the limit of open files (ulimit -n)") : -1;
}

int pipe_reserve(int number, struct error *err)
{
	int flags = fcntl(number, F_GETFD);

	if (flags >= 0)
		return flags & FD_CLOEXEC ? 0
					  : error_set(err, ERROR_USAGE,
						"--fd %d: this descriptor is open already", number);
	/* Only a placeholder: what is there in any root. */
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_system(err, "--fd %d: /", number);
	if (fd == number)
		return 0;
	int result = dup3(fd, number, O_CLOEXEC) < 0 ? number_failure(number, err) : 0;
	close(fd);
	return result;
}

/* Fill the pipe at once: nobody reads yet, so a write that would wait is one that doesn't fit. */
static int fill(int fd, int number, const struct secret_buffer *content, struct error *err)
{
	if (content->length && fcntl(fd, F_SETPIPE_SZ, (int)content->length) < 0)
		return error_set(err, ERROR_TOO_LARGE,
		    "--fd %d: the kernel gives no pipe of %zu bytes (%s): use --memfd, which has "
		    "no "
		    "limit, or raise fs.pipe-max-size or fs.pipe-user-pages-soft",
		    number, content->length, strerror(errno));
	if (file_write(fd, secret_buffer_string(content), content->length, err) < 0)
		return error_wrap(err, "--fd %d: filling the pipe", number);
	return 0;
}

int pipe_fill(int number, const struct secret_buffer *content, struct error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return error_system(err, "--fd %d: pipe", number);
	cleanup_close int reader = ends[0];
	cleanup_close int writer = ends[1];
	if (fill(writer, number, content, err) < 0)
		return -1;
	/* The reader must block like any other pipe's; dup2 drops close-on-exec. */
	if (fcntl(reader, F_SETFL, 0) < 0)
		return error_system(err, "--fd %d: fcntl", number);
	return dup2(reader, number) < 0 ? number_failure(number, err) : 0;
}
