#include "cmd/secret-rotate/confirm.h"

#include <stdio.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/prompt.h"

/* Leaves room for the question on a small screen. */
#define KEYS_SHOWN_MAX 10

bool confirm_is_needed(
    const struct rotate_configuration *configuration, const struct rotate_settings *settings)
{
	return !configuration->yes && !settings->dry_run && settings->phase != ROTATE_VERIFY &&
	       isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

static const char *question_of(const struct rotate_settings *settings)
{
	if (settings->phase == ROTATE_ROTATE)
		return "Rotate these keys? [y/n] ";
	if (settings->phase == ROTATE_REWRAP)
		return "Rewrap these Secrets? [y/n] ";
	if (settings->phase == ROTATE_RETIRE)
		return settings->trim ? "Delete old versions of these keys? [y/n] "
				      : "Retire old versions of these keys? [y/n] ";
	if (settings->retire)
		return settings->trim
			   ? "Rotate these keys, rewrap these Secrets, and delete old versions? [y/n] "
			   : "Rotate these keys, rewrap these Secrets, and retire old versions? [y/n] ";
	return "Rotate these keys and rewrap these Secrets? [y/n] ";
}

static void show_plan(const struct rotate_settings *settings, const struct rotate_plan *plan)
{
	const char *context = settings->kube.context;

	fprintf(stderr, "Kubernetes API: %s%s%s\n", plan->server,
	    is_set(context) ? ", context " : "", is_set(context) ? context : "");
	fprintf(stderr, "Vault: %s\n", settings->vault.address);
	fprintf(stderr, "Sealed Secrets: %zu (%s)\n", plan->secrets, plan->where);
	fputs("Transit keys: ", stderr);
	for (size_t i = 0; i < plan->keys->count && i < KEYS_SHOWN_MAX; i++) {
		const struct transit_key *key = &plan->keys->keys[i]->key;
		fprintf(stderr, "%s%s/%s", i ? ", " : "", key->mount, key->name);
	}
	if (plan->keys->count > KEYS_SHOWN_MAX)
		fprintf(stderr, " and %zu more", plan->keys->count - KEYS_SHOWN_MAX);
	fputc('\n', stderr);
}

int confirm_plan(
    const struct rotate_settings *settings, const struct rotate_plan *plan, struct error *err)
{
	char choice;

	show_plan(settings, plan);
	if (prompt_choice(question_of(settings), "yn", &choice, err) < 0) {
		error_wrap(err, "confirmation");
		return err->code == ERROR_INTERRUPTED ? -1 : error_hint(err, "pass --yes");
	}
	return choice == 'y'
		   ? 0
		   : error_set(err, ERROR_INTERRUPTED, "not confirmed, and nothing was changed");
}
