/* fd: inherited descriptors that contain secrets: full pipes and sealed memfds. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/launch/deliver.h"

/* -- pipes ------------------------------------------------------------------------------------ */

/* Report a failed dup to `number`.  EBADF: the number is above the limit of open files. */
static int number_failure(int number, struct error *err)
{
	bool limited = errno == EBADF;

	error_system(err, "--fd %d", number);
	return limited ? error_hint(err, "raise the limit of open files (ulimit -n)") : -1;
}

int fd_reserve(int number, struct error *err)
{
	int flags = fcntl(number, F_GETFD);

	if (flags >= 0)
		return flags & FD_CLOEXEC ? 0
					  : error_set(err, ERROR_USAGE,
						"--fd %d: descriptor is already open", number);
	/* Use / as the placeholder, because it always exists. */
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_system(err, "--fd %d: /", number);
	if (fd == number)
		return 0;
	int result = dup3(fd, number, O_CLOEXEC) < 0 ? number_failure(number, err) : 0;
	close(fd);
	return result;
}

/* Fill the pipe without blocking, since it has no reader yet.  Fail if the pipe is too small. */
static int fill_pipe(int fd, int number, const struct secret_buffer *content, struct error *err)
{
	if (content->length && fcntl(fd, F_SETPIPE_SZ, (int)content->length) < 0)
		return error_set(err, ERROR_TOO_LARGE,
		    "--fd %d: the kernel refuses a pipe of %zu bytes (%s); use --memfd, or raise "
		    "fs.pipe-max-size or fs.pipe-user-pages-soft",
		    number, content->length, strerror(errno));
	if (output_file_write_all(fd, secret_buffer_string(content), content->length) < 0)
		return error_system(err, "--fd %d: filling the pipe", number);
	return 0;
}

int fd_fill_pipe(int number, const struct secret_buffer *content, struct error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return error_system(err, "--fd %d: pipe", number);
	cleanup_close int reader = ends[0];
	cleanup_close int writer = ends[1];
	if (fill_pipe(writer, number, content, err) < 0)
		return -1;
	/* The application's reads block, as with any pipe; dup2 clears close-on-exec. */
	if (fcntl(reader, F_SETFL, 0) < 0)
		return error_system(err, "--fd %d: fcntl", number);
	return dup2(reader, number) < 0 ? number_failure(number, err) : 0;
}

/* -- memfds ----------------------------------------------------------------------------------- */

/* From linux/memfd.h, since Linux 6.3: the memfd cannot be executed. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Make the descriptor inherited, and renumber it if it is 0, 1 or 2. */
static int make_inherited(int fd)
{
	if (fd <= STDERR_FILENO)
		return fcntl(fd, F_DUPFD, STDERR_FILENO + 1);
	return fcntl(fd, F_SETFD, 0) < 0 ? -1 : fd;
}

static int create_memfd(void)
{
	static const char name[] = "secrets"; /* shown in /proc/PID/maps and /proc/PID/fd */
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

int fd_make_memfd(const struct secret_buffer *content, struct error *err)
{
	cleanup_close int fd = create_memfd();

	if (fd < 0) {
		error_system(err, "--memfd: memfd_create");
		return error_hint(err, "use --fd or --file");
	}
	if (output_file_write_all(fd, secret_buffer_string(content), content->length) < 0)
		return error_system(err, "--memfd: write");
	if (fchmod(fd, 0400) < 0 || lseek(fd, 0, SEEK_SET) < 0 || fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return error_system(err, "--memfd: sealing");
	int inherited = make_inherited(fd);
	if (inherited < 0)
		return error_system(err, "--memfd: fcntl");
	if (inherited == fd)
		fd = -1;
	return inherited;
}
