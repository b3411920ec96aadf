#include "cmd/secret-rotate/files_command.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/strings.h"
#include "lib/rotate/files.h"

static const struct {
	const char *name;
	enum rotate_files_phase phase;
} phases[] = {{"rewrap", ROTATE_FILES_REWRAP}, {"rotate", ROTATE_FILES_ROTATE},
    {"verify", ROTATE_FILES_VERIFY}, {"all", ROTATE_FILES_ALL}};

/*
 * Parse a phase.  Retiring is not allowed, because files do not show the versions in the cluster.
 */
static int parse_phase(const char *text, enum rotate_files_phase *phase, struct error *err)
{
	for (size_t i = 0; i < sizeof(phases) / sizeof(*phases); i++)
		if (strcmp(is_set(text) ? text : phases[0].name, phases[i].name) == 0) {
			*phase = phases[i].phase;
			return 0;
		}
	return error_set(err, ERROR_USAGE,
	    "--phase \"%s\": unknown with --files; write rewrap (the default), rotate, verify or all",
	    text);
}

static void print_old(const char *line)
{
	puts(line);
}

static void print_summary(const struct rotate_files_summary *summary)
{
	printf("keys rotated %zu, files %zu, changed %zu, Secrets %zu, current %zu, rewrapped %zu, "
	       "old %zu, of other keys %zu, failed %zu, not read or replaced %zu",
	    summary->keys, summary->files, summary->changed, summary->secrets, summary->current,
	    summary->rewrapped, summary->old, summary->other_key, summary->failed, summary->broken);
	if (summary->plaintext > 0)
		printf(", of plaintext %zu", summary->plaintext);
	if (summary->outside > 0)
		printf(", old outside Secrets %zu", summary->outside);
	putchar('\n');
}

int files_command(const struct rotate_configuration *configuration, char *const *paths,
    size_t count, struct error *err)
{
	struct rotate_files_settings settings = {.vault = configuration->vault,
	    .session = configuration->session,
	    .transit_key = is_set(configuration->transit_key) ? configuration->transit_key : NULL,
	    .namespace = configuration->kube.namespace,
	    .min_age_ms = configuration->min_age_ms,
	    .dry_run = configuration->dry_run,
	    .print_old = print_old};
	struct rotate_files_summary summary;

	if (rotate_configuration_check_files(configuration, err) < 0)
		return -1;
	if (count == 0)
		return error_set(err, ERROR_USAGE, "--files: name the files or folders");
	if (parse_phase(configuration->phase, &settings.phase, err) < 0)
		return -1;
	struct http_client *client =
	    http_client_new(clock_now_ms() + configuration->program.timeout_ms, err);
	if (!client)
		return -1;
	int result = rotate_files(client, &settings, paths, count, &summary, err);
	http_client_free(client);
	if (result == 0 || err->code != ERROR_USAGE)
		print_summary(&summary);
	if (fflush(stdout) != 0 && result == 0)
		return error_system(err, "standard output");
	return result;
}
