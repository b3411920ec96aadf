#include "lib/seal/rule_search.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/input_file.h"
#include "lib/base/log.h"
#include "lib/manifest/walk.h"

#define REPOSITORY ".git"

void rule_search_free(struct rule_search *search)
{
	while (search->files) {
		struct rule_file *file = search->files;

		search->files = file->next;
		rule_file_free(file);
		free(file);
	}
	free(search->path);
	free(search->folder);
	*search = (struct rule_search){0};
}

/*
 * Reading.
 */

/* Return the path from the working directory if the folder is below it, newly allocated. */
static char *show_path(const char *folder, struct error *err)
{
	cleanup_free char *here = getcwd(NULL, 0);
	size_t length = here ? strlen(here) : 0;

	if (length > 1 && strncmp(folder, here, length) == 0 &&
	    (folder[length] == '/' || !folder[length])) {
		folder += length + (folder[length] == '/');
		return string_format(err, "%s%s" MANIFEST_RULES, folder, *folder ? "/" : "");
	}
	return string_format(err, "%s/" MANIFEST_RULES, folder);
}

/* Append the file's text, and set its owner. */
static int read_text(
    const char *path, struct rule_file *file, struct secret_buffer *text, struct error *err)
{
	struct stat status;

	text->limit = RULE_FILE_BYTES_MAX;
	if (lstat(path, &status) == 0 && !S_ISREG(status.st_mode))
		return error_set(
		    err, ERROR_INVALID, "%s: not a regular file; links are refused", file->name);
	cleanup_close int fd =
	    input_file_open_regular(AT_FDCWD, path, O_NOFOLLOW, file->name, &status, err);
	if (fd < 0)
		return -1;
	file->owner = status.st_uid;
	return secret_buffer_read_fd(text, fd, file->name, err);
}

static int read_file(struct rule_file *file, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	cleanup_free char *path = string_format(err, "%s/" MANIFEST_RULES, file->folder);

	file->name = path ? show_path(file->folder, err) : NULL;
	if (!file->name || read_text(path, file, &text, err) < 0)
		return -1;
	return rule_file_parse(file, &text, err);
}

/* Set *found to the file in the folder, a real path without a final slash, and read it once. */
static int read_folder(
    struct rule_search *search, const char *folder, struct rule_file **found, struct error *err)
{
	for (*found = search->files; *found; *found = (*found)->next)
		if (strcmp((*found)->folder, folder) == 0)
			return 0;
	struct rule_file *file = *found = calloc(1, sizeof(*file));
	if (!file)
		return error_memory(err);
	file->next = search->files;
	search->files = file;
	file->folder = strdup(folder);
	return file->folder ? read_file(file, err) : error_memory(err);
}

/* Return the real path of a file's folder without a final slash, newly allocated. */
static char *find_folder(const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *folder =
	    slash ? string_format(err, "%.*s", (int)(slash - path + 1), path) : strdup(".");
	char *real = folder ? realpath(folder, NULL) : NULL;

	if (!real)
		error_system(err, "%s", path);
	else if (strcmp(real, "/") == 0)
		*real = '\0';
	return real;
}

int rule_search_read(
    struct rule_search *search, const char *path, struct rule_file **file, struct error *err)
{
	cleanup_free char *folder = find_folder(path, err);

	return folder ? read_folder(search, folder, file, err) : -1;
}

/*
 * Searching.
 */

/* Set *exists to whether the folder contains this name, also as a link that leads nowhere. */
static int find_name(
    const char *folder, const char *name, bool *exists, struct stat *status, struct error *err)
{
	cleanup_free char *path = string_format(err, "%s/%s", folder, name);

	if (!path)
		return -1;
	*exists = lstat(path, status) == 0;
	return *exists || input_file_is_absent(errno) ? 0 : error_system(err, "%s", path);
}

/* Reject a file that another user may have put above the manifest, such as in /tmp. */
static int check_owner(const char *folder, const struct rule_file *file, struct error *err)
{
	struct stat status;

	if (stat(*folder ? folder : "/", &status) < 0)
		return error_system(err, "%s", folder);
	if (file->owner == geteuid() || file->owner == 0 || file->owner == status.st_uid)
		return 0;
	return error_set(err, ERROR_DENIED,
	    "%s/" MANIFEST_RULES
	    ": owned by another user, and not by the owner of %s; remove it, or change its owner",
	    file->folder, folder);
}

/* Set search->found for the folder. */
static int search_upwards(struct rule_search *search, struct error *err)
{
	cleanup_free char *above = strdup(search->folder);
	struct stat status;
	bool exists;

	if (!above)
		return error_memory(err);
	search->found = NULL;
	for (;;) {
		if (find_name(above, MANIFEST_RULES, &exists, &status, err) < 0)
			return -1;
		if (exists)
			break;
		if (find_name(above, REPOSITORY, &exists, &status, err) < 0)
			return -1;
		if (exists || !*above)
			return 0;
		*strrchr(above, '/') = '\0';
	}
	if (read_folder(search, above, &search->found, err) < 0)
		return -1;
	return check_owner(search->folder, search->found, err);
}

/* Set search->folder to the folder of search->path.  Return true if it differs from the last. */
static bool change_folder(struct rule_search *search)
{
	size_t length = (size_t)(strrchr(search->path, '/') - search->path);

	if (search->folder && strlen(search->folder) == length &&
	    strncmp(search->folder, search->path, length) == 0)
		return false;
	free(search->folder);
	search->folder = strndup(search->path, length);
	return true;
}

int rule_search_find(struct rule_search *search, const char *path, struct rule_file **file,
    const char **relative, struct error *err)
{
	struct stat status;

	*file = NULL;
	if (stat(path, &status) < 0)
		return error_system(err, "%s", path);
	if (!S_ISREG(status.st_mode))
		return 0;
	free(search->path);
	search->path = realpath(path, NULL);
	if (!search->path)
		return error_system(err, "%s", path);
	if (change_folder(search)) {
		if (!search->folder)
			return error_memory(err);
		if (search_upwards(search, err) < 0) {
			search->found = NULL;
			return -1;
		}
	}
	*file = search->found;
	if (*file)
		*relative = search->path + strlen((*file)->folder) + 1;
	return 0;
}

int rule_search_apply(struct rule_search *search, const char *path, const char *namespace,
    const struct kube_secret *secret, struct seal_settings *settings, const struct rule **rule,
    struct error *err)
{
	const struct rule *found = NULL;
	struct rule_file *file = NULL;
	const char *relative;

	if (rule)
		*rule = NULL;
	if (path && rule_search_find(search, path, &file, &relative, err) < 0)
		return -1;
	if (!file)
		return 0;
	if (rule_file_match(file, relative, namespace, &found, err) < 0)
		return error_wrap(err, "Secret %s%s%s", KUBE_NAMED(secret));
	if (!found)
		return 0;
	if (rule)
		*rule = found;
	log_write(LOG_DEBUG, "%s: Secret %s%s%s: rule %s:%zu", path, KUBE_NAMED(secret), file->name,
	    found->line);
	return rule_apply(found, secret, settings, err);
}
