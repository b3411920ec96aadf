/* secret_source: a sealed Secret of the Kubernetes API. */
#include <string.h>

#include "lib/launch/naming.h"
#include "lib/launch/source_kinds.h"
#include "lib/sealed/sealed.h"

/* How the values of one Secret are sealed. */
struct sealing {
	const char *transit_key;
	enum sealed_scope scope;
};

static int add_entry(struct source *source, const struct sealing *sealing,
    const struct kube_entry *entry, bool document, struct error *err)
{
	const struct kube_secret *secret = &source->fetched->secret;
	struct source_value *value = source_add(source, entry->key,
	    string_format(
		err, "Secret %s/%s, data key %s", secret->namespace, secret->name, entry->key),
	    err);

	if (!value || source_value_seal(value, secret_buffer_string(&entry->value),
			  entry->value.length, sealing->transit_key, err) < 0)
		return -1;
	value->document = document;
	if (source->reference.variable && !(value->variable = strdup(source->reference.variable)))
		return error_memory(err);
	if (sealing->scope == SEALED_UNBOUND)
		return 0;
	value->context =
	    sealed_context(sealing->scope, secret->namespace, secret->name, entry->key, err);
	return value->context ? 0 : -1;
}

/* As --document or the annotation decides; else as where there are no annotations. */
static bool is_document(
    const struct kube_secret *secret, const struct naming *naming, const char *data_key)
{
	bool annotated = kube_secret_annotation(secret, SEALED_ANNOTATION_LAYOUT) != NULL;

	return naming_is_document(naming, data_key,
	    annotated ? sealed_secret_is_document(secret, data_key)
		      : sealed_names_document(data_key));
}

static int read_entry(struct source *source, const struct source_context *context,
    const struct sealing *sealing, const struct kube_entry *entry, struct error *err)
{
	const struct reference *reference = &source->reference;
	const struct kube_secret *secret = &source->fetched->secret;

	if (reference->key && strcmp(reference->key, entry->key) != 0)
		return 0;
	/* One that is renamed is taken whole. */
	bool document = !reference->variable && is_document(secret, context->naming, entry->key);
	if (!document && !reference->variable && !source_takes(source, context, entry->key))
		return 0;
	if (!sealed_entry_is_ciphertext(entry))
		return sealed_secret_check(secret, entry->key, err);
	return add_entry(source, sealing, entry, document, err);
}

/* A whole Secret must be sealed as a whole; what patterns leave out is not looked at. */
static int check(
    const struct source *source, const struct source_context *context, struct error *err)
{
	const struct kube_secret *secret = &source->fetched->secret;
	const char *key = source->reference.key;

	if (!key && secret->data_count && naming_selects(context->naming))
		return 0;
	return sealed_secret_check(secret, key, err);
}

static int read_secret(
    struct source *source, const struct source_context *context, struct error *err)
{
	const struct kube_secret *secret = &source->fetched->secret;
	struct sealing sealing;

	if (check(source, context, err) < 0 || sealed_secret_scope(secret, &sealing.scope, err) < 0)
		return -1;
	sealing.transit_key = sealed_secret_key(secret, context->settings->transit_key, err);
	if (!sealing.transit_key)
		return -1;
	for (size_t i = 0; i < secret->data_count; i++)
		if (read_entry(source, context, &sealing, &secret->data[i], err) < 0)
			return -1;
	return 0;
}

const struct source_kind secret_source = {
    .option = "--secret",
    .resource = API_SECRET,
    .read = read_secret,
    .hint_bound = "it is bound to its Secret: was it copied from another one, or garbled?",
    .hint_unbound = "the key binds it to its Secret, whose annotation " SEALED_ANNOTATION_SCOPE
		    " must say how: seal it again with secret-seal",
};
