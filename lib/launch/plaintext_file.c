#include "lib/launch/plaintext_file.h"

#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/base/input_file.h"
#include "lib/base/log.h"

static void warn_of_readers(const char *path, int fd)
{
	struct stat status;

	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_mode & S_IROTH)
		log_write(LOG_WARNING, "%s: every user may read it: chmod 600 it", path);
}

int plaintext_file_read(const char *path, bool quiet, struct secret_buffer *text, struct error *err)
{
	cleanup_close int fd = input_file_open(path, err);

	if (fd < 0)
		return -1;
	if (!quiet)
		warn_of_readers(path, fd);
	text->limit = PLAINTEXT_FILE_MAX;
	return secret_buffer_read_fd(text, fd, path, err);
}
