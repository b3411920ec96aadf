#include "lib/manifest/walk.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/base/folder.h"

static bool is_folder(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool is_manifest(const char *name)
{
	static const char *const endings[] = {".yaml", ".yml", ".json"};
	const char *dot = strrchr(name, '.');

	if (strcmp(name, MANIFEST_RULES) == 0)
		return false;
	for (size_t i = 0; dot && i < sizeof(endings) / sizeof(endings[0]); i++)
		if (strcmp(dot, endings[i]) == 0)
			return true;
	return false;
}

static int walk_folder(const char *path, bool recursive,
    const struct manifest_walk_visitor *visitor, struct error *err);

static int walk_entry(const char *path, const char *name, bool recursive,
    const struct manifest_walk_visitor *visitor, struct error *err)
{
	struct stat status;

	if (lstat(path, &status) < 0) {
		error_system(err, "%s", path);
		return visitor->fail(visitor->context, err);
	}
	if (S_ISDIR(status.st_mode))
		return recursive && *name != '.' ? walk_folder(path, recursive, visitor, err) : 0;
	if (!is_manifest(name) && !(visitor->is_wanted && visitor->is_wanted(name)))
		return 0;
	if (S_ISLNK(status.st_mode) && is_folder(path))
		return 0;
	return visitor->visit(visitor->context, path, err);
}

static int walk_folder(const char *path, bool recursive,
    const struct manifest_walk_visitor *visitor, struct error *err)
{
	const char *slash = path[strlen(path) - 1] == '/' ? "" : "/";
	struct strings names = {NULL, 0};
	int result = 0;

	if (folder_list(AT_FDCWD, path, path, &names, err) < 0)
		result = visitor->fail(visitor->context, err);
	else
		for (size_t i = 0; result == 0 && i < names.count; i++) {
			cleanup_free char *inner =
			    string_format(err, "%s%s%s", path, slash, names.items[i]);
			result =
			    inner ? walk_entry(inner, names.items[i], recursive, visitor, err) : -1;
		}
	strings_free(&names);
	return result;
}

int manifest_walk(const char *path, bool recursive, const struct manifest_walk_visitor *visitor,
    struct error *err)
{
	return is_folder(path) ? walk_folder(path, recursive, visitor, err)
			       : visitor->visit(visitor->context, path, err);
}

int manifest_walk_fail_empty(const char *path, struct error *err)
{
	return error_set(err, ERROR_NOT_FOUND,
	    "%s: no manifest found (" MANIFEST_PATTERNS "); check the path", path);
}

/*
 * Append a regular file, or a link to one: the kubelet mounts files as links.  Reject pipes and
 * devices, which would block or never end.
 */
static int list_file(void *files, const char *path, struct error *err)
{
	struct stat status;

	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
		return error_set(err, ERROR_INVALID, "%s: not a regular file", path);
	return strings_append(files, path, err);
}

static int list_fail(void *files, struct error *err)
{
	(void)files, (void)err;
	return -1;
}

int manifest_walk_list(const char *path, bool recursive, struct strings *files, struct error *err)
{
	struct manifest_walk_visitor visitor = {
	    .visit = list_file, .fail = list_fail, .context = files};
	size_t before = files->count;

	if (!is_folder(path))
		return strings_append(files, path, err);
	if (manifest_walk(path, recursive, &visitor, err) < 0)
		return -1;
	if (files->count > before)
		return 0;
	return error_set(err, ERROR_NOT_FOUND,
	    "%s: no manifest in this folder (" MANIFEST_PATTERNS ")%s", path,
	    recursive ? "" : "; pass -R to include the folders in it");
}
