/*
 * landlock: deny the application the files with which the launcher logs in (--deny-token).
 *
 * Landlock allows files and folders, with all that is beneath them, and denies the rest.  So the
 * siblings of each denied path, and of each folder above it, are allowed.  These folders themselves
 * are not: a file that is created directly in them later cannot be read.  No other right is taken
 * away.  The application's children inherit the restriction; no process can remove it.
 *
 * Source: https://docs.kernel.org/userspace-api/landlock.html
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "lib/base/cleanup.h"
#include "lib/base/input_file.h"
#include "lib/base/log.h"
#include "lib/launch/deliver.h"

/*
 * Before this version, a restricted process cannot move or link a file to another folder (EXDEV),
 * whatever its rules are.
 */
#define ABI_WITH_MOVES 2

/* The most entries of one folder.  Each entry costs a rule, and so kernel memory and start time. */
#define FOLDER_ENTRIES_MAX 4096

/* -- the kernel ------------------------------------------------------------------------------- */

static int landlock_create(const struct landlock_ruleset_attr *attributes, size_t size, __u32 flags)
{
	return (int)syscall(SYS_landlock_create_ruleset, attributes, size, flags);
}

/* Return why the kernel cannot deny files, or NULL if it can. */
static const char *landlock_problem(void)
{
	int version = landlock_create(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (version >= ABI_WITH_MOVES)
		return NULL;
	if (version >= 0)
		return "this kernel's Landlock would also prevent moving files between folders";
	if (errno == EOPNOTSUPP)
		return "Landlock is disabled in this kernel";
	if (errno == EPERM)
		return "a seccomp profile forbids Landlock";
	return "this kernel has no Landlock, or a seccomp profile forbids it";
}

/* -- denied paths ----------------------------------------------------------------------------- */

struct denial {
	struct strings credentials; /* files with which the launcher logs in, as configured */
	struct strings paths;	    /* real paths to deny: of these files, or of their volumes */
};

static void denial_free(struct denial *denial)
{
	strings_free(&denial->credentials);
	strings_free(&denial->paths);
}

/* List the files with which the launcher logs in to Vault and to the Kubernetes API. */
static int list_credentials(
    const struct launch_settings *settings, struct strings *files, struct error *err)
{
	const struct vault_session_settings *session = &settings->session;
	const char *directory = settings->kube.service_account_directory;
	const char *const named[] = {session->jwt_file, session->token_file,
	    session->secret_id_file, settings->vault.key_file};
	cleanup_free char *token = string_format(
	    err, "%s/token", is_set(directory) ? directory : KUBE_SERVICE_ACCOUNT_DIRECTORY);

	if (!token || strings_append(files, token, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (is_set(named[i]) && !strings_contain(files, named[i]) &&
		    strings_append(files, named[i], err) < 0)
			return -1;
	return 0;
}

/*
 * Append a real path or, for a file in a volume of the kubelet, the volume.  The kubelet puts the
 * files of a volume into a folder such as ..2026_01_31_12_00_00.1, which the link ..data names, and
 * replaces both when it renews a file.
 */
static int append_place(struct strings *denied, char *path, struct error *err)
{
	char *dots = strstr(path, "/..");

	if (dots && dots > path) {
		cleanup_free char *link =
		    string_format(err, "%.*s/..data", (int)(dots - path), path);
		struct stat unused;
		if (!link)
			return -1;
		if (lstat(link, &unused) == 0)
			*dots = '\0';
	}
	return strings_contain(denied, path) ? 0 : strings_append(denied, path, err);
}

/* Append the real path of a file. */
static int append_file(struct strings *denied, const char *path, struct error *err)
{
	cleanup_free char *real = realpath(path, NULL);

	return real ? append_place(denied, real, err) : error_system(err, "%s", path);
}

/* Return the real path of the folder that contains the path, newly allocated, or NULL. */
static char *real_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *folder = slash ? strndup(path, (size_t)(slash - path + 1)) : strdup(".");

	return folder ? realpath(folder, NULL) : NULL;
}

/* Append the path of a link itself, which may be replaced by a file later. */
static int append_link(struct strings *denied, const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *folder = real_folder(path);

	if (!folder)
		return error_system(err, "%s", path);
	cleanup_free char *link =
	    string_format(err, "%s/%s", folder[1] ? folder : "", slash ? slash + 1 : path);
	return link ? append_place(denied, link, err) : -1;
}

/* Append what to deny for a credential.  A pipe is skipped, because it cannot be read again. */
static int append_credential(struct strings *paths, const char *path, struct error *err)
{
	struct stat named, file;

	if (lstat(path, &named) < 0 && input_file_is_absent(errno))
		return 0;
	if (stat(path, &file) < 0)
		return error_system(err, "%s", path);
	if (!S_ISREG(file.st_mode))
		return 0;
	if (append_file(paths, path, err) < 0)
		return -1;
	return S_ISLNK(named.st_mode) ? append_link(paths, path, err) : 0;
}

/* Fill *denial, which is empty.  The paths depend on the files that exist now. */
static int denial_list(
    struct denial *denial, const struct launch_settings *settings, struct error *err)
{
	if (list_credentials(settings, &denial->credentials, err) < 0)
		return -1;
	for (size_t i = 0; i < denial->credentials.count; i++)
		if (append_credential(&denial->paths, denial->credentials.items[i], err) < 0)
			return -1;
	return 0;
}

/* Return whether `path` is `above`, or beneath it. */
static bool is_beneath(const char *path, const char *above)
{
	size_t length = strlen(above);

	return strncmp(path, above, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static bool is_denied(const struct strings *denied, const char *path)
{
	for (size_t i = 0; i < denied->count; i++)
		if (is_beneath(path, denied->items[i]))
			return true;
	return false;
}

/* Return whether the path is denied, or a folder above a denied path. */
static bool leads_to_denied(const struct strings *denied, const char *path)
{
	for (size_t i = 0; i < denied->count; i++)
		if (is_beneath(denied->items[i], path))
			return true;
	return false;
}

/* -- rules ------------------------------------------------------------------------------------ */

/* Allow `rights` for the path, which is relative to the folder, and for all that is beneath it. */
static int allow(int rules, int folder, const char *path, __u64 rights, struct error *err)
{
	cleanup_close int fd = openat(folder, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = fd};

	if (fd < 0 && errno == ENOENT)
		return 0; /* removed since it was listed */
	if (fd < 0 ||
	    syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return error_system(err, "%s", path);
	return 0;
}

/* Allow reading the entries of a folder, except those that are or contain a denied path. */
static int allow_entries(
    int rules, const struct strings *denied, const char *path, DIR *folder, struct error *err)
{
	struct dirent *entry;
	size_t count = 0;

	while (errno = 0, (entry = readdir(folder)) != NULL) {
		char child[PATH_MAX + NAME_MAX];
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (++count > FOLDER_ENTRIES_MAX)
			return error_set(
			    err, ERROR_TOO_LARGE, "more than %d entries", FOLDER_ENTRIES_MAX);
		snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
		if (!leads_to_denied(denied, child) && allow(rules, dirfd(folder), entry->d_name,
							   LANDLOCK_ACCESS_FS_READ_FILE, err) < 0)
			return -1;
	}
	return errno == 0 ? 0 : error_system(err, "listing");
}

/* The same for a folder above a denied path; `path` is "" for the root folder. */
static int allow_folder(
    int rules, const struct strings *denied, const char *path, struct error *err)
{
	const char *name = *path ? path : "/";
	DIR *folder = opendir(name);

	if (!folder)
		error_system(err, "listing");
	int result = folder ? allow_entries(rules, denied, path, folder, err) : -1;
	if (folder)
		closedir(folder);
	if (result == 0)
		return 0;
	error_wrap(err, "%s", name);
	return error_hint(err, "mount the token in a folder of its own, because --deny-token "
			       "allows each entry of the folders above it");
}

/* Allow reading all but the denied paths, folder by folder from the root. */
static int allow_others(int rules, const struct strings *denied, struct error *err)
{
	/* Allow moves.  The kernel still forbids moves to a folder with more rights (EXDEV). */
	if (allow(rules, AT_FDCWD, "/", LANDLOCK_ACCESS_FS_REFER, err) < 0)
		return -1;
	for (size_t i = 0; i < denied->count; i++) {
		cleanup_free char *path = strdup(denied->items[i]);
		if (!path)
			return error_memory(err);
		for (char *slash = path; slash; slash = strchr(slash + 1, '/')) {
			*slash = '\0';
			bool skipped = is_denied(denied, path);
			for (size_t j = 0; j < i && !skipped; j++)
				skipped = is_beneath(denied->items[j], path);
			if (!skipped && allow_folder(rules, denied, path, err) < 0)
				return -1;
			*slash = '/';
		}
	}
	return 0;
}

/* Take away reading of the denied paths from this process. */
static int restrict_reading(const struct strings *denied, struct error *err)
{
	const struct landlock_ruleset_attr attributes = {
	    .handled_access_fs = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_REFER};
	cleanup_close int rules = landlock_create(&attributes, sizeof(attributes), 0);

	if (rules < 0)
		return error_system(err, "Landlock");
	if (allow_others(rules, denied, err) < 0)
		return -1;
	/* The kernel requires this: a setuid program must not run with another process's rules. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		return error_system(err, "Landlock");
	return 0;
}

/*
 * Check that no credential can be read.  A rule is for a file, not for its path: if a volume is
 * mounted a second time beside a folder above the token, that rule allows the token too.
 */
static int check_denied(const struct strings *credentials, struct error *err)
{
	for (size_t i = 0; i < credentials->count; i++) {
		const char *path = credentials->items[i];
		struct stat file;
		if (stat(path, &file) < 0 || !S_ISREG(file.st_mode))
			continue;
		cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		if (fd >= 0)
			return error_set(err, ERROR_SYSTEM,
			    "%s: can still be read; mount its volume only once", path);
	}
	return 0;
}

static int restrict_and_check(const struct denial *denial, struct error *err)
{
	for (size_t i = 0; i < denial->paths.count; i++)
		log_write(LOG_DEBUG, "denied to the command: %s", denial->paths.items[i]);
	if (denial->paths.count == 0)
		return 0;
	return restrict_reading(&denial->paths, err) < 0 ? -1
							 : check_denied(&denial->credentials, err);
}

int landlock_deny(const struct launch_settings *settings, struct error *err)
{
	struct denial denial = {.paths.count = 0};
	int result = denial_list(&denial, settings, err);

	if (result == 0)
		result = restrict_and_check(&denial, err);
	denial_free(&denial);
	return result < 0 ? error_wrap(err, "--deny-token") : 0;
}

/* -- plan ------------------------------------------------------------------------------------- */

static int check_command(const struct strings *denied, const char *command, struct error *err)
{
	cleanup_free char *real = strchr(command, '/') ? realpath(command, NULL) : NULL;

	if (!real || !is_denied(denied, real))
		return 0;
	return error_set(err, ERROR_USAGE,
	    "%s: cannot be executed, because it is beside a token; move it or the token", command);
}

/* Check that the command can read a file of --file, also when it has been renewed. */
static int check_file(const struct strings *denied, const struct deliver_destination *destination,
    bool renews, struct error *err)
{
	cleanup_free char *folder = real_folder(destination->path);

	if (folder && is_denied(denied, folder))
		return error_set(err, ERROR_USAGE,
		    "%s: cannot be read, because it is beside a token; choose another folder",
		    destination->label);
	if (folder && renews && leads_to_denied(denied, folder[1] ? folder : ""))
		return error_set(err, ERROR_USAGE,
		    "%s: the renewed file cannot be read, because a token is in or beneath its "
		    "folder; choose another folder",
		    destination->label);
	return 0;
}

static int check_plan(const struct deliver_plan *plan, char *const *command, struct error *err)
{
	bool renews = plan->settings->watch.signal != NULL;
	struct denial denial = {.paths.count = 0};
	int result = denial_list(&denial, plan->settings, err);

	if (result == 0)
		result = check_command(&denial.paths, command[0], err);
	for (size_t i = 0; i < plan->count && result == 0; i++)
		if (plan->items[i].kind == DESTINATION_FILE)
			result = check_file(&denial.paths, &plan->items[i], renews, err);
	denial_free(&denial);
	return result < 0 ? error_wrap(err, "--deny-token") : 0;
}

int landlock_plan(struct deliver_plan *plan, char *const *command, struct error *err)
{
	enum option_feature wanted = plan->settings->deny_token;
	const char *problem = wanted == FEATURE_OFF ? NULL : landlock_problem();

	if (problem && wanted == FEATURE_REQUIRED)
		return error_set(err, ERROR_SYSTEM,
		    "--deny-token: %s; use Linux 5.19 or newer with Landlock, or "
		    "--deny-token=if-possible",
		    problem);
	if (problem)
		log_write(LOG_WARNING,
		    "--deny-token=if-possible: %s, so the command can read the token", problem);
	plan->denies_token = wanted != FEATURE_OFF && !problem;
	return plan->denies_token ? check_plan(plan, command, err) : 0;
}
