#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/secret-dev/stage.h"
#include "lib/base/cleanup.h"
#include "lib/base/output_file.h"

static int make_folder(struct stage_directory *directory, const char *path, struct error *err)
{
	if (mkdir(path, 0700) == 0)
		return strings_append(&directory->folders, path, err);
	return errno == EEXIST ? 0 : error_system(err, "%s", path);
}

static int make_temporary(struct stage_directory *directory, struct error *err)
{
	const char *parent = getenv("TMPDIR");

	directory->path =
	    string_format(err, "%s/secret-dev-XXXXXX", is_set(parent) ? parent : "/tmp");
	if (!directory->path)
		return -1;
	if (!mkdtemp(directory->path))
		return error_system(err, "%s", directory->path);
	return strings_append(&directory->folders, directory->path, err);
}

int stage_directory_open(struct stage_directory *directory, const char *path, struct error *err)
{
	memset(directory, 0, sizeof(*directory));
	if (!path)
		return make_temporary(directory, err);
	if (make_folder(directory, path, err) < 0)
		return -1;
	/* Make the path absolute, because clients run in other directories. */
	directory->path = realpath(path, NULL);
	return directory->path ? 0 : error_system(err, "%s", path);
}

/* Create the folders between the directory and a file. */
static int make_parents(struct stage_directory *directory, char *path, struct error *err)
{
	for (char *slash = path + strlen(directory->path) + 1; (slash = strchr(slash, '/'));
	     slash++) {
		*slash = '\0';
		int result = make_folder(directory, path, err);
		*slash = '/';
		if (result < 0)
			return -1;
	}
	return 0;
}

int stage_directory_write(struct stage_directory *directory, const char *name, const char *bytes,
    size_t length, struct error *err)
{
	cleanup_free char *path = string_format(err, "%s/%s", directory->path, name);

	if (!path || make_parents(directory, path, err) < 0)
		return -1;
	cleanup_close int fd =
	    open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_system(err, "%s", path);
	if (strings_append(&directory->files, path, err) < 0)
		return -1;
	return output_file_write_all(fd, bytes, length) < 0 ? error_system(err, "%s", path) : 0;
}

void stage_directory_remove(struct stage_directory *directory)
{
	for (size_t i = directory->files.count; i-- > 0;)
		unlink(directory->files.items[i]);
	for (size_t i = directory->folders.count; i-- > 0;)
		rmdir(directory->folders.items[i]);
	strings_free(&directory->files);
	strings_free(&directory->folders);
	free(directory->path);
	directory->path = NULL;
}
