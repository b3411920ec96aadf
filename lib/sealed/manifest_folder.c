#include "lib/sealed/manifest_folder.h"

#include <errno.h>
#include <fts.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#define PATTERNS "*.yaml, *.yml, *.json"

static bool is_folder(const char *path)
{
	struct stat about;

	return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

static bool is_manifest(const FTSENT *entry)
{
	static const char *const endings[] = {".yaml", ".yml", ".json"};
	const char *dot = strrchr(entry->fts_name, '.');

	for (size_t i = 0; dot && i < sizeof(endings) / sizeof(endings[0]); i++)
		if (strcmp(dot, endings[i]) == 0)
			return true;
	return false;
}

/* The kubelet mounts files as links.  What is neither file nor link would block, or be endless. */
static int take(const FTSENT *entry, struct strings *files, struct error *err)
{
	if (!is_manifest(entry) || (entry->fts_info == FTS_SL && is_folder(entry->fts_path)))
		return 0;
	if (entry->fts_info != FTS_F && entry->fts_info != FTS_SL)
		return error_set(err, ERROR_INVALID, "%s: it is no file", entry->fts_path);
	return strings_append(files, entry->fts_path, err);
}

static int visit(FTS *walk, FTSENT *entry, bool recursive, struct strings *files, struct error *err)
{
	switch (entry->fts_info) {
	case FTS_D:
		if (entry->fts_level > 0 && (!recursive || entry->fts_name[0] == '.'))
			fts_set(walk, entry, FTS_SKIP);
		return 0;
	case FTS_DP:
		return 0;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		errno = entry->fts_errno;
		return error_system(err, "%s", entry->fts_path);
	default:
		return take(entry, files, err);
	}
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int walk_folder(const char *path, bool recursive, struct strings *files, struct error *err)
{
	char *const paths[] = {(char *)(uintptr_t)path, NULL};
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
	FTSENT *entry;
	int result = 0;

	if (!walk)
		return error_system(err, "%s", path);
	while (result == 0 && (entry = fts_read(walk)))
		result = visit(walk, entry, recursive, files, err);
	if (result == 0 && errno != 0)
		result = error_system(err, "%s", path);
	fts_close(walk);
	return result;
}

int manifest_folder_list(const char *path, bool recursive, struct strings *files, struct error *err)
{
	size_t before = files->count;

	if (!is_folder(path))
		return strings_append(files, path, err);
	if (walk_folder(path, recursive, files, err) < 0)
		return -1;
	if (files->count > before)
		return 0;
	return error_set(err, ERROR_NOT_FOUND, "%s: the folder holds no manifest (" PATTERNS ")%s",
	    path, recursive ? "" : ": folders in it count with -R");
}
