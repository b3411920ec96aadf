#include "lib/rotate/files_walk.h"

#include <errno.h>
#include <fts.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

static const char *const endings[] = {".yaml", ".yml", ".json"};

static bool is_manifest(const FTSENT *entry)
{
	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		size_t length = strlen(endings[i]);
		if (entry->fts_namelen > length &&
		    strcmp(entry->fts_name + entry->fts_namelen - length, endings[i]) == 0)
			return true;
	}
	return false;
}

static void complain(const struct files_visitor *visitor, const FTSENT *entry)
{
	struct error reason = ERROR_INIT;

	errno = entry->fts_errno;
	error_system(&reason, "%s", entry->fts_path);
	visitor->complain(visitor->context, &reason);
}

static bool is_folder(const char *path)
{
	struct stat about;

	return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* A link to a file counts: what the folder is applied from would be old else. */
static bool is_wanted(const FTSENT *entry)
{
	if (entry->fts_level == FTS_ROOTLEVEL)
		return true;
	return is_manifest(entry) && !(entry->fts_info == FTS_SL && is_folder(entry->fts_path));
}

static int take(FTS *tree, FTSENT *entry, const struct files_visitor *visitor, struct error *err)
{
	switch (entry->fts_info) {
	case FTS_D:
		if (entry->fts_level > FTS_ROOTLEVEL && *entry->fts_name == '.')
			fts_set(tree, entry, FTS_SKIP);
		return 0;
	case FTS_DP:
		return 0;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
	case FTS_SLNONE:
		complain(visitor, entry);
		return 0;
	default:
		return is_wanted(entry) ? visitor->visit(visitor->context, entry->fts_path, err)
					: 0;
	}
}

static int by_name(const FTSENT **left, const FTSENT **right)
{
	return strcmp((*left)->fts_name, (*right)->fts_name);
}

int files_walk(const char *path, const struct files_visitor *visitor, struct error *err)
{
	char *const paths[] = {(char *)(uintptr_t)path, NULL};
	FTSENT *entry;
	int result = 0;

	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
	if (!tree)
		return error_system(err, "%s", path);
	errno = 0;
	while (result == 0 && (entry = fts_read(tree)) != NULL) {
		result = take(tree, entry, visitor, err);
		errno = 0;
	}
	if (result == 0 && errno != 0)
		result = error_system(err, "%s: reading this folder", path);
	fts_close(tree);
	return result;
}
