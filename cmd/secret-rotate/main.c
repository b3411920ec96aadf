/* secret-rotate: rotate Transit keys and bring every sealed Secret to their newest version. */
#include <signal.h>
#include <stdio.h>

#include "cmd/connection_options.h"
#include "cmd/program.h"
#include "lib/base/clock.h"
#include "lib/rotate/rotate.h"

#define STATUS_FAILED 1
#define STATUS_USAGE 2
/* A rotation of very many Secrets takes its time; a CronJob's own deadline is the better limit. */
#define TIMEOUT_MS ((int64_t)3600 * 1000)

struct configuration {
	struct program_settings program;
	struct vault_settings vault;
	struct vault_session_settings session;
	struct kube_settings kube;
	const char *transit_key;
	bool all_namespaces;
};

static const struct option_spec table[] = {
    {.name = "all-namespaces",
	.letter = 'A',
	.kind = OPTION_FLAG,
	.offset = offsetof(struct configuration, all_namespaces),
	.help = "look at the sealed Secrets of all namespaces"},
    {.name = "transit-key",
	.kind = OPTION_STRING,
	.argument = "[MOUNT/]NAME",
	.offset = offsetof(struct configuration, transit_key),
	.help = "rotate this Transit key alone (default each that a sealed Secret names)"},
    VAULT_OPTIONS(struct configuration),
    KUBE_OPTIONS(struct configuration),
    COMMON_OPTIONS(struct configuration, "1h", "4"),
    COMPLETION_OPTION(struct configuration),
    {.name = NULL},
};

static const struct options options = {
    .program = "secret-rotate",
    .prefix = "SECRET_ROTATE",
    .synopsis = "secret-rotate [OPTIONS]",
    .description =
	"Rotate Transit keys, then rewrap every Secret labelled secretmanager/sealed=true to the\n"
	"newest version. Plaintext never leaves Vault; what can't be done is said, and the exit\n"
	"status is 1. It can be ended anywhere and run again.",
    .table = table,
};

static void print_summary(const struct rotate_summary *summary)
{
	printf(
	    "keys rotated %zu, Secrets listed %zu, current %zu, rewrapped %zu, of other keys %zu, "
	    "deleted meanwhile %zu, conflicts %zu, failed %zu\n",
	    summary->keys, summary->listed, summary->current, summary->rewrapped,
	    summary->other_key, summary->deleted, summary->conflicts, summary->failed);
}

static void on_signal(int number)
{
	(void)number;
	http_interrupt();
}

static int run(const struct configuration *configuration, struct error *err)
{
	struct rotate_settings settings = {.vault = configuration->vault,
	    .session = configuration->session,
	    .kube = configuration->kube,
	    .all_namespaces = configuration->all_namespaces,
	    .transit_key = configuration->transit_key};
	struct rotate_summary summary;

	if (configuration->all_namespaces && configuration->kube.namespace)
		return error_set(
		    err, ERROR_USAGE, "--namespace and --all-namespaces exclude each other");
	struct http_client *client =
	    http_client_new(clock_now_ms() + configuration->program.timeout_ms, err);
	if (!client)
		return -1;
	int result = rotate(client, &settings, &summary, err);
	if (result == 0 || err->code != ERROR_USAGE)
		print_summary(&summary);
	http_client_free(client);
	return result;
}

int main(int argc, char **argv)
{
	static struct configuration configuration = {
	    .session = VAULT_SESSION_DEFAULTS, .program = {.timeout_ms = TIMEOUT_MS, .retries = 4}};
	struct sigaction stopping = {.sa_handler = on_signal};
	struct error err = ERROR_INIT;
	char **operands;
	int count, status = program_start(&options, &configuration, &configuration.program,
		       STATUS_USAGE, argc, argv, &operands, &count);

	if (status >= 0)
		return status;
	if (count > 0) {
		error_set(&err, ERROR_USAGE,
		    "\"%s\": no operand is wanted: see secret-rotate --help", operands[0]);
		return program_fail(&err, STATUS_USAGE);
	}
	/* Stop between two requests, so that the summary tells how far it came. */
	sigaction(SIGTERM, &stopping, NULL);
	sigaction(SIGINT, &stopping, NULL);
	if (program_complete_connection(&configuration.program, &configuration.vault,
		&configuration.session, &configuration.kube, &err) < 0 ||
	    run(&configuration, &err) < 0)
		return program_fail(&err, err.code == ERROR_USAGE ? STATUS_USAGE : STATUS_FAILED);
	return 0;
}
