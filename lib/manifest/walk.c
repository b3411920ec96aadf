#include "lib/manifest/walk.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/base/folder.h"

static bool is_folder(const char *path)
{
	struct stat about;

	return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

static bool is_manifest(const char *name)
{
	static const char *const endings[] = {".yaml", ".yml", ".json"};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < sizeof(endings) / sizeof(endings[0]); i++)
		if (strcmp(dot, endings[i]) == 0)
			return true;
	return false;
}

static int walk_folder(const char *path, bool recursive,
    const struct manifest_folder_visitor *visitor, struct error *err);

static int take(const char *path, const char *name, bool recursive,
    const struct manifest_folder_visitor *visitor, struct error *err)
{
	struct stat about;

	if (lstat(path, &about) < 0) {
		error_system(err, "%s", path);
		return visitor->fail(visitor->context, err);
	}
	if (S_ISDIR(about.st_mode))
		return recursive && *name != '.' ? walk_folder(path, recursive, visitor, err) : 0;
	if (!is_manifest(name) && !(visitor->wants_too && visitor->wants_too(name)))
		return 0;
	if (S_ISLNK(about.st_mode) && is_folder(path))
		return 0;
	return visitor->visit(visitor->context, path, err);
}

static int walk_folder(const char *path, bool recursive,
    const struct manifest_folder_visitor *visitor, struct error *err)
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
			result = inner ? take(inner, names.items[i], recursive, visitor, err) : -1;
		}
	strings_free(&names);
	return result;
}

int manifest_folder_walk(const char *path, bool recursive,
    const struct manifest_folder_visitor *visitor, struct error *err)
{
	return is_folder(path) ? walk_folder(path, recursive, visitor, err)
			       : visitor->visit(visitor->context, path, err);
}

/* The kubelet mounts files as links.  What is neither file nor link would block, or be endless. */
static int append(void *files, const char *path, struct error *err)
{
	struct stat about;

	if (stat(path, &about) == 0 && !S_ISREG(about.st_mode))
		return error_set(err, ERROR_INVALID, "%s: not a regular file", path);
	return strings_append(files, path, err);
}

static int give_up(void *files, struct error *err)
{
	(void)files, (void)err;
	return -1;
}

int manifest_folder_list(const char *path, bool recursive, struct strings *files, struct error *err)
{
	struct manifest_folder_visitor visitor = {
	    .visit = append, .fail = give_up, .context = files};
	size_t before = files->count;

	if (!is_folder(path))
		return strings_append(files, path, err);
	if (manifest_folder_walk(path, recursive, &visitor, err) < 0)
		return -1;
	if (files->count > before)
		return 0;
	return error_set(err, ERROR_NOT_FOUND,
	    "%s: the folder holds no manifest (" MANIFEST_PATTERNS ")%s", path,
	    recursive ? "" : ": folders in it count with -R");
}
