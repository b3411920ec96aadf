#include "lib/launch/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/launch/file.h"

/* linux/memfd.h, since Linux 6.3: it can never be executed either. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* A number that is none of the standard streams', should one of them be closed. */
static int inheritable(int fd)
{
	if (fd <= STDERR_FILENO)
		return fcntl(fd, F_DUPFD, STDERR_FILENO + 1);
	return fcntl(fd, F_SETFD, 0) < 0 ? -1 : fd;
}

static int create(void)
{
	static const char name[] = "secrets"; /* in /proc/PID/maps only */
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

int memfd_make(const struct secret_buffer *content, struct error *err)
{
	cleanup_close int fd = create();

	if (fd < 0) {
		error_system(err, "--memfd: memfd_create");
		return error_hint(err, "use --fd or --file");
	}
	if (file_write(fd, secret_buffer_string(content), content->length, err) < 0)
		return error_wrap(err, "--memfd");
	if (fchmod(fd, 0400) < 0 || lseek(fd, 0, SEEK_SET) < 0 || fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return error_system(err, "--memfd: sealing it");
	int inherited = inheritable(fd);
	if (inherited < 0)
		return error_system(err, "--memfd: fcntl");
	if (inherited == fd)
		fd = -1;
	return inherited;
}
