#include "lib/seal/verify.h"

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/seal/unseal.h"

struct verifying {
	struct servers *servers;
	const char *transit_key;
	struct verify_outcome *outcome;
};

/* What is wrong with a value, logged; false when nothing is. */
static bool is_wrong(const struct unsealed *unsealed, size_t index)
{
	const struct kube_secret *secret = &unsealed->secret;
	const struct unsealed_value *value = &unsealed->values[index];
	const char *data_key = secret->data[index].key;
	struct error err = ERROR_INIT;

	if (value->error) {
		log_write(LOG_ERROR, "Secret %s/%s, data key %s: %s%s", secret->namespace,
		    secret->name, data_key, value->error,
		    unsealed->scope == SEALED_UNBOUND
			? ""
			: ": it is bound to its Secret: was it copied from elsewhere?");
		return true;
	}
	if (!sealed_secret_is_document(secret, data_key) ||
	    sealed_document_check(&value->plaintext, "the document", &err) == 0)
		return false;
	log_write(LOG_ERROR, "Secret %s/%s, data key %s: %s", secret->namespace, secret->name,
	    data_key, err.message);
	return true;
}

static bool any_wrong(const struct unsealed *unsealed)
{
	bool wrong = false;

	for (size_t i = 0; i < unsealed->secret.data_count; i++)
		wrong |= is_wrong(unsealed, i);
	return wrong;
}

static int verify_one(void *context, struct kube_secret *secret, struct error *err)
{
	struct verifying *verifying = context;
	struct verify_outcome *outcome = verifying->outcome;
	struct unsealed unsealed;

	outcome->secrets++;
	outcome->values += secret->data_count;
	if (secret->data_count == 0)
		return 0;
	if (unseal_secret(verifying->servers, secret, verifying->transit_key, &unsealed, err) < 0) {
		if (error_is_outage(err))
			return -1;
		log_write(LOG_ERROR, "%s", err->message);
		error_clear(err);
		outcome->failed++;
		return 0;
	}
	outcome->failed += any_wrong(&unsealed);
	unsealed_free(&unsealed);
	return 0;
}

int verify(struct servers *servers, const struct selection *selection, const char *transit_key,
    struct verify_outcome *outcome, struct error *err)
{
	struct verifying verifying = {servers, transit_key, outcome};

	*outcome = (struct verify_outcome){0, 0, 0};
	return selection_each(servers, selection, "Verifying Secrets", verify_one, &verifying, err);
}
