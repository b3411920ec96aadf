/* source_local: ciphertext and references on this machine: our own environment, mounted volumes. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/base/folder.h"
#include "lib/base/input_file.h"
#include "lib/launch/source.h"

#define HINT_BOUND "check --bound-to; it may be garbled, or sealed for another Secret and data key"
#define HINT_UNBOUND                                                                               \
	"pass --bound-to [NAMESPACE/]NAME; the key binds it to the Secret that it was sealed for"

/*
 * Return whether the value is a document: by --document, else by its name.  Environments and
 * volumes have no annotations.
 */
static bool name_is_document(const struct source_filter *filter, const char *name)
{
	return source_filter_is_document(filter, name, sealed_names_document(name));
}

/* Add ciphertext.  The name and the options decide whether it is a document, and its context. */
static struct source_value *local_add(struct source *source, const struct source_list *list,
    const char *name, char *where, const char *bytes, size_t length, struct error *err)
{
	const struct launch_settings *settings = list->settings;
	struct source_value *value = source_add(source, name, where, err);

	if (!value || source_value_set_ciphertext(
			  value, bytes, length, settings->sources.transit_key, err) < 0)
		return NULL;
	value->document = name_is_document(&settings->names, name);
	if (source_context_find(&list->context, name, &value->context, err) < 0) {
		error_wrap(err, "%s", value->where);
		return NULL;
	}
	return value;
}

/* -- our own environment ---------------------------------------------------------------------- */

static bool is_replaceable(const char *text)
{
	return sealed_is_ciphertext(text, strlen(text)) || source_kv_is_reference(text);
}

/* A document is always replaced, because the patterns apply to its members. */
bool source_replaces_variable(
    const struct source_filter *filter, const char *name, const char *text)
{
	return is_replaceable(text) &&
	       (name_is_document(filter, name) || source_filter_accepts(filter, name));
}

static struct source_value *add_reference(struct source *source, const struct source_list *list,
    const char *name, char *where, const char *text, struct error *err)
{
	struct source_value *value = source_add(source, name, where, err);

	if (!value || source_value_set_reference(value, text, err) < 0)
		return NULL;
	value->document = name_is_document(&list->settings->names, name);
	return value;
}

/* Add a variable.  It keeps its name, unless it is a document. */
static int environment_add(struct source *source, const struct source_list *list, const char *name,
    const char *text, struct error *err)
{
	char *where = string_format(err, "environment variable %s", name);
	struct source_value *value =
	    source_kv_is_reference(text)
		? add_reference(source, list, name, where, text, err)
		: local_add(source, list, name, where, text, strlen(text), err);

	if (!value)
		return -1;
	if (!value->document && !(value->variable = strdup(name)))
		return error_memory(err);
	return 0;
}

static int environment_read(
    struct source *source, const struct source_list *list, struct error *err)
{
	const struct source_filter *filter = &list->settings->names;

	for (char **entry = list->settings->sources.environment; entry && *entry; entry++) {
		const char *equals = strchr(*entry, '=');
		if (!equals || !is_replaceable(equals + 1))
			continue;
		cleanup_free char *name = strndup(*entry, (size_t)(equals - *entry));
		if (!name)
			return error_memory(err);
		if (!name_is_document(filter, name) && !source_accepts(source, filter, name))
			continue;
		if (environment_add(source, list, name, equals + 1, err) < 0)
			return -1;
	}
	return 0;
}

const struct source_kind source_environment = {
    .read = environment_read,
    .hint_bound = HINT_BOUND,
    .hint_unbound = HINT_UNBOUND,
};

/* -- mounted volumes -------------------------------------------------------------------------- */

/*
 * The kubelet keeps the files in DIR/..TIMESTAMP, with a symbolic link DIR/..data to that folder,
 * and a link DIR/KEY to ..data/KEY for each file.  An update creates a new folder, replaces ..data
 * atomically, and removes the old folder.  Therefore all files are read through one open ..data,
 * and are read again if it was replaced in that time.
 */
#define DATA_LINK "..data"
/* More than the number of updates that a kubelet can make during one read. */
#define READS_MAX 8

/* Open the folder of the current files: ..data or, if that is missing, the directory itself. */
static int open_data(int directory)
{
	int data = openat(directory, DATA_LINK, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return data >= 0 || errno != ENOENT
		   ? data
		   : openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Return whether ..data is still the open folder.  Return true if ..data cannot be opened. */
static bool is_current(int directory, int data)
{
	struct stat now, then;
	cleanup_close int current = open_data(directory);

	return current < 0 || (fstat(current, &now) == 0 && fstat(data, &then) == 0 &&
				  now.st_dev == then.st_dev && now.st_ino == then.st_ino);
}

static int read_data_file(
    int data, const char *name, struct secret_buffer *bytes, struct error *err)
{
	struct stat status;
	cleanup_close int fd = input_file_open_regular(data, name, 0, name, &status, err);

	if (fd < 0)
		return err->code == ERROR_USAGE
			   ? error_hint(err,
				 "mount the data keys without folders, or pass --exclude %s", name)
			   : error_wrap(err, "file");
	bytes->limit = SOURCE_FILE_BYTES_MAX;
	return secret_buffer_read_fd(bytes, fd, name, err) < 0 ? error_wrap(err, "file") : 0;
}

/* Add the value of a file.  Return 1 if it is not ciphertext. */
static int directory_add(struct source *source, const struct source_list *list, int data,
    const char *name, struct error *err)
{
	cleanup_secret struct secret_buffer bytes = SECRET_BUFFER_INIT;

	if (read_data_file(data, name, &bytes, err) < 0)
		return error_wrap(err, "--secret-dir %s", source->argument);
	if (!sealed_is_ciphertext(secret_buffer_string(&bytes), bytes.length))
		return 1;
	char *where = string_format(err, "%s/%s", source->argument, name);
	return local_add(source, list, name, where, bytes.data, bytes.length, err) ? 0 : -1;
}

static int directory_add_all(struct source *source, const struct source_list *list, int data,
    const struct strings *names, struct error *err)
{
	const struct source_filter *filter = &list->settings->names;
	const char *plain = NULL;
	size_t keys = 0;

	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];
		if (strncmp(name, "..", 2) == 0) /* of the kubelet; not a valid data key */
			continue;
		keys++;
		if (!name_is_document(filter, name) && !source_accepts(source, filter, name))
			continue;
		int added = directory_add(source, list, data, name, err);
		if (added < 0)
			return -1;
		if (added > 0 && !plain)
			plain = name;
	}
	if (keys == 0)
		return error_set(err, ERROR_INVALID,
		    "--secret-dir %s: empty; check that a Secret is mounted there",
		    source->argument);
	if (!plain)
		return 0;
	return error_set(err, ERROR_INVALID,
	    "--secret-dir %s: %s: file %s is not Vault ciphertext; seal it with secret-seal, or pass --exclude",
	    source->argument, source->count ? "half sealed" : "not sealed", plain);
}

/* Read all files.  Return 1 if the kubelet replaced them during the read. */
static int directory_read_once(
    struct source *source, const struct source_list *list, int directory, struct error *err)
{
	struct strings names = {NULL, 0};
	cleanup_close int data = open_data(directory);
	int result = data < 0 ? error_system(err, "%s", source->argument)
			      : folder_list(data, ".", source->argument, &names, err);

	if (result < 0)
		error_wrap(err, "--secret-dir");
	else
		result = directory_add_all(source, list, data, &names, err);
	strings_free(&names);
	return data >= 0 && !is_current(directory, data) ? 1 : result;
}

static int directory_read(struct source *source, const struct source_list *list, struct error *err)
{
	cleanup_close int directory =
	    open(source->argument, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOCTTY);

	if (directory < 0)
		return error_system(err, "--secret-dir %s", source->argument);
	for (int i = 0; i < READS_MAX; i++) {
		int result = directory_read_once(source, list, directory, err);
		if (result <= 0)
			return result;
		source_clear(source);
		error_clear(err);
	}
	return error_set(err, ERROR_SYSTEM, "--secret-dir %s: replaced again during each read",
	    source->argument);
}

const struct source_kind source_directory = {
    .option = "--secret-dir",
    .read = directory_read,
    .hint_bound = HINT_BOUND,
    .hint_unbound = HINT_UNBOUND,
};
