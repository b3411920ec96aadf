/*
 * directory_source: a sealed Secret that is mounted as a volume: a file is a data key.
 *
 * The kubelet keeps the files in DIR/..TIMESTAMP, to which DIR/..data is a symbolic link, and each
 * DIR/KEY is one to ..data/KEY.  An update makes a new folder, turns ..data round at once and
 * removes the old one.  So everything is read through one opened ..data, and once more when it was
 * turned round meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/base/folder.h"
#include "lib/base/input_file.h"
#include "lib/launch/naming.h"
#include "lib/launch/source_kinds.h"
#include "lib/sealed/sealed.h"

#define DATA_LINK "..data"
/* More updates than a kubelet makes while we read. */
#define ATTEMPTS_MAX 8
#define FILE_BYTES_MAX KUBE_SECRET_BYTES_MAX

/* The folder of the present files: ..data, or the directory itself where there is none; or -1. */
static int open_data(int directory)
{
	int data = openat(directory, DATA_LINK, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return data >= 0 || errno != ENOENT
		   ? data
		   : openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Whether ..data still is what was opened; true where that can't be found out. */
static bool is_current(int directory, int data)
{
	struct stat now, then;
	cleanup_close int current = open_data(directory);

	return current < 0 || (fstat(current, &now) == 0 && fstat(data, &then) == 0 &&
				  now.st_dev == then.st_dev && now.st_ino == then.st_ino);
}

static int read_file(int data, const char *name, struct secret_buffer *bytes, struct error *err)
{
	struct stat status;
	cleanup_close int fd = input_file_open_regular(data, name, 0, name, &status, err);

	if (fd < 0)
		return err->code == ERROR_USAGE
			   ? error_hint(err,
				 "mount the data keys without folders, or pass --exclude %s", name)
			   : error_wrap(err, "file");
	bytes->limit = FILE_BYTES_MAX;
	return secret_buffer_read_fd(bytes, fd, name, err) < 0 ? error_wrap(err, "file") : 0;
}

/* A volume has no annotations. */
static bool is_document(const struct source_context *context, const char *name)
{
	return naming_is_document(context->naming, name, sealed_names_document(name));
}

/* 1: it holds no ciphertext. */
static int add_file(struct source *source, const struct source_context *context, int data,
    const char *name, struct error *err)
{
	cleanup_secret struct secret_buffer bytes = SECRET_BUFFER_INIT;

	if (read_file(data, name, &bytes, err) < 0)
		return error_wrap(err, "--secret-dir %s", source->argument);
	if (!sealed_is_ciphertext(secret_buffer_string(&bytes), bytes.length))
		return 1;
	struct source_value *value =
	    source_add(source, name, string_format(err, "%s/%s", source->argument, name), err);
	if (!value || source_value_seal(
			  value, bytes.data, bytes.length, context->settings->transit_key, err) < 0)
		return -1;
	value->document = is_document(context, name);
	if (binding_context(context->binding, name, &value->context, err) < 0)
		return error_wrap(err, "%s", value->where);
	return 0;
}

static int read_data(struct source *source, const struct source_context *context, int data,
    const struct strings *names, struct error *err)
{
	const char *plain = NULL;
	size_t keys = 0;

	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];
		if (strncmp(name, "..", 2) == 0) /* the kubelet's own: no data key begins so */
			continue;
		keys++;
		if (!is_document(context, name) && !source_takes(source, context, name))
			continue;
		int added = add_file(source, context, data, name, err);
		if (added < 0)
			return -1;
		if (added > 0 && !plain)
			plain = name;
	}
	if (keys == 0)
		return error_set(err, ERROR_INVALID,
		    "--secret-dir %s: it is empty: is a Secret mounted there?", source->argument);
	if (!plain)
		return 0;
	return error_set(err, ERROR_INVALID,
	    "--secret-dir %s: %s: file %s holds no Vault ciphertext: seal it with secret-seal, or "
	    "leave it out with --exclude",
	    source->argument, source->count ? "half sealed" : "not sealed", plain);
}

/* 1: everything was turned round meanwhile. */
static int read_once(
    struct source *source, const struct source_context *context, int directory, struct error *err)
{
	struct strings names = {NULL, 0};
	cleanup_close int data = open_data(directory);
	int result = data < 0 ? error_system(err, "%s", source->argument)
			      : folder_list(data, ".", source->argument, &names, err);

	if (result < 0)
		error_wrap(err, "--secret-dir");
	else
		result = read_data(source, context, data, &names, err);
	strings_free(&names);
	return data >= 0 && !is_current(directory, data) ? 1 : result;
}

static int read_directory(
    struct source *source, const struct source_context *context, struct error *err)
{
	cleanup_close int directory =
	    open(source->argument, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOCTTY);

	if (directory < 0)
		return error_system(err, "--secret-dir %s", source->argument);
	for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
		int result = read_once(source, context, directory, err);
		if (result <= 0)
			return result;
		source_forget(source);
		error_clear(err);
	}
	return error_set(
	    err, ERROR_SYSTEM, "--secret-dir %s: it changes again and again", source->argument);
}

const struct source_kind directory_source = {
    .option = "--secret-dir",
    .read = read_directory,
    .hint_bound = BINDING_HINT_BOUND,
    .hint_unbound = BINDING_HINT_UNBOUND,
};
