#include "lib/seal/seal.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/seal/inputs.h"
#include "lib/seal/internal.h"

/* As many characters as kustomize's hash has. */
#define SUFFIX_RECIPE "10:lower"

void seal_outcome_free(struct seal_outcome *outcome)
{
	kube_secret_free(&outcome->secret);
}

void sealing_free(struct sealing *sealing)
{
	free(sealing->name);
	kube_secret_free(&sealing->existing);
	transit_key_free(&sealing->key);
	variables_free(&sealing->values);
	kube_secret_free(&sealing->change);
}

/*
 * The name of the Secret to write.  An immutable one has a suffix of its own, drawn at random:
 * ciphertext is new with each run, a hash of the plaintext would tell when two are the same, and a
 * strictly bound value is sealed for its Secret's name, which must so be known before.
 */
static int find_name(struct sealing *sealing, struct error *err)
{
	cleanup_secret struct secret_buffer suffix = SECRET_BUFFER_INIT;
	const char *name = sealing->settings->name;

	if (sealing->settings->immutable && generate(SUFFIX_RECIPE, &suffix, err) < 0)
		return -1;
	sealing->name = string_format(err, "%s%s%s", name, sealing->settings->immutable ? "-" : "",
	    secret_buffer_string(&suffix));
	if (!sealing->name)
		return -1;
	if (kube_valid_name(name) && kube_valid_name(sealing->name))
		return 0;
	return error_set(err, ERROR_USAGE,
	    "\"%s\" can't be a Secret's name: lower case letters, digits, '-' and '.', up to %d, "
	    "beginning and ending with a letter or digit",
	    name, sealing->settings->immutable ? 242 : 253);
}

static int encrypt(struct sealing *sealing, struct error *err)
{
	struct sealing *failed;

	return sealings_encrypt(&sealing, 1, &failed, err);
}

static int run(struct sealing *sealing, struct seal_outcome *outcome, struct error *err)
{
	if (find_name(sealing, err) < 0 || sealing_check_marks(sealing, err) < 0 ||
	    sealing_look_up(sealing, err) < 0 || sealing_check_changes(sealing, err) < 0 ||
	    sealing_find_key(sealing, err) < 0 || seal_session_log_in(sealing->session, err) < 0 ||
	    sealing_find_scope(sealing, err) < 0)
		return -1;
	if (sealing_plan(sealing, err) < 0 || sealing_check_type(sealing, err) < 0)
		return -1;
	/* A check_only makes no key, and without one there is nothing more to know. */
	if (sealing->settings->check_only && sealing->key_missing)
		return 0;
	if (encrypt(sealing, err) < 0 || sealing_mark(sealing, err) < 0)
		return -1;
	return sealing->settings->check_only ? 0 : sealing_write(sealing, outcome, err);
}

int seal(struct seal_session *session, const struct seal_settings *settings,
    struct seal_changes *changes, struct seal_outcome *outcome, struct error *err)
{
	bool again = false;
	int result;

	for (int tries = 1; tries == 1 || again; tries++) {
		struct seal_changes copy;
		struct sealing sealing = {.settings = settings,
		    .session = session,
		    .changes = &copy,
		    .namespace = session->namespace};

		memset(outcome, 0, sizeof(*outcome));
		result = seal_changes_copy(changes, &copy, err);
		if (result == 0)
			result = run(&sealing, outcome, err);
		again = result < 0 && sealing_try_again(&sealing, tries, err);
		seal_changes_free(&copy);
		sealing_free(&sealing);
	}
	return result;
}
