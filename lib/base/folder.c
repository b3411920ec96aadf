#include "lib/base/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Append all names.  Only errno distinguishes the end from an error, which fts(3) ignores. */
static int read_names(DIR *stream, const char *label, struct strings *names, struct error *err)
{
	struct dirent *entry;

	while (errno = 0, (entry = readdir(stream)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    strings_append(names, entry->d_name, err) < 0)
			return -1;
	return errno == 0 ? 0 : error_system(err, "%s: listing", label);
}

int folder_list(
    int parent, const char *path, const char *label, struct strings *names, struct error *err)
{
	size_t before = names->count;
	int fd = openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;

	if (!stream) {
		error_system(err, "%s", label);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	int result = read_names(stream, label, names, err);
	closedir(stream);
	if (names->count > before)
		qsort(names->items + before, names->count - before, sizeof(*names->items),
		    compare_names);
	return result;
}
