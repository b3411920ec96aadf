/* install: copy the running program to a volume, for another container. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/input_file.h"
#include "lib/launch/deliver.h"

#define PROGRAM "/proc/self/exe"
#define NAME "secret-exec"
#define READABLE ".copy"
/* A process is not dumpable if its user may execute the program but not read it. */
#define MODE_OF_ROOT 0711
#define MODE_OF_USERS 0111
#define STEP 65536

/* Copy with read and write, which every kernel, sandbox and file system supports. */
static int copy_program(int from, int to, struct error *err)
{
	static char bytes[STEP];

	for (;;) {
		ssize_t got = read(from, bytes, sizeof(bytes));
		if (got == 0)
			return 0;
		if (got < 0 && errno != EINTR)
			return error_system(err, PROGRAM);
		if (got > 0 && output_file_write_all(to, bytes, (size_t)got) < 0)
			return error_system(err, "write");
	}
}

/* Open the readable copy beside the program, which its user may only execute. */
static int open_copy(struct error *err)
{
	struct stat status;
	char program[PATH_MAX];
	ssize_t length = readlink(PROGRAM, program, sizeof(program) - 1);

	if (length < 0)
		return error_system(err, PROGRAM);
	program[length] = '\0';
	cleanup_free char *copy = string_format(err, "%s" READABLE, program);
	if (!copy)
		return -1;
	int fd = input_file_open_regular(AT_FDCWD, copy, 0, copy, &status, err);
	if (fd < 0)
		error_wrap(err, "%s: not readable by user %u; run --install as root", program,
		    (unsigned)geteuid());
	return fd;
}

static int open_program(struct error *err)
{
	int fd = open(PROGRAM, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno == EACCES)
		return open_copy(err);
	return fd < 0 ? error_system(err, PROGRAM) : fd;
}

static int install_file(struct file *file, struct error *err)
{
	const struct file_rules rules = {.mode = geteuid() == 0 ? MODE_OF_ROOT : MODE_OF_USERS,
	    .user = (uid_t)-1,
	    .group = (gid_t)-1};
	cleanup_close int from = open_program(err);

	if (from < 0 || file_create(file, &rules, err) < 0 ||
	    copy_program(from, file->output.fd, err) < 0)
		return -1;
	return file_place(file, err);
}

int install(const char *path, struct error *err)
{
	struct file file;
	struct stat found;
	bool folder = stat(path, &found) == 0 && S_ISDIR(found.st_mode);
	cleanup_free char *target = string_format(err, "%s%s", path, folder ? "/" NAME : "");

	if (!target)
		return -1;
	if (file_open(&file, target, err) < 0)
		return error_wrap(err, "--install");
	int result = install_file(&file, err);
	if (result < 0)
		error_wrap(err, "--install %s", target);
	file_free(&file);
	return result;
}
