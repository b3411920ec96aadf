#include "cmd/secret-dev/write_whole.h"

#include <errno.h>
#include <unistd.h>

int write_whole(int fd, const char *bytes, size_t length)
{
	while (length) {
		ssize_t put = write(fd, bytes, length);

		if (put < 0 && errno != EINTR)
			return -1;
		if (put > 0) {
			bytes += put;
			length -= (size_t)put;
		}
	}
	return 0;
}
