/* source_context: find the Secret that a value was sealed for, by --bound-to and --scope. */
#include <stdlib.h>
#include <string.h>

#include "lib/launch/source.h"

static int parse_scope(struct source_context *context, const char *text, struct error *err)
{
	if (!is_set(text)) {
		context->scope = context->count ? SEALED_STRICT : SEALED_UNBOUND;
		return 0;
	}
	if (sealed_scope_parse(text, &context->scope, err) < 0) {
		err->code = ERROR_USAGE;
		return error_wrap(err, "--scope");
	}
	return 0;
}

static int parse_secrets(
    struct source_context *context, const struct strings *texts, struct error *err)
{
	if (texts->count == 0)
		return 0;
	context->secrets = calloc(texts->count, sizeof(*context->secrets));
	if (!context->secrets)
		return error_memory(err);
	for (; context->count < texts->count; context->count++)
		if (source_ref_parse_prefix(&context->secrets[context->count], "--bound-to",
			texts->items[context->count], err) < 0)
			return -1;
	return 0;
}

static int find_namespace(
    struct source_context *context, const struct kube_settings *kube, struct error *err)
{
	if (context->scope == SEALED_UNBOUND)
		return 0;
	if (!is_set(kube->namespace))
		return kube_pod_namespace(
		    kube->service_account_directory, &context->namespace, err);
	context->namespace = strdup(kube->namespace);
	return context->namespace ? 0 : error_memory(err);
}

int source_context_init(
    struct source_context *context, const struct launch_settings *settings, struct error *err)
{
	memset(context, 0, sizeof(*context));
	if (parse_secrets(context, &settings->sources.bound_to, err) == 0 &&
	    parse_scope(context, settings->sources.scope, err) == 0 &&
	    find_namespace(context, &settings->kube, err) == 0)
		return 0;
	source_context_free(context);
	return -1;
}

void source_context_free(struct source_context *context)
{
	for (size_t i = 0; i < context->count; i++)
		source_ref_free(&context->secrets[i]);
	free(context->secrets);
	free(context->namespace);
	memset(context, 0, sizeof(*context));
}

static size_t prefix_length(const struct source_ref *secret)
{
	return secret->key ? strlen(secret->key) : 0;
}

/* Return the Secret with the longest prefix of the name (of equal prefixes the last), or NULL. */
static const struct source_ref *find_secret(const struct source_context *context, const char *name)
{
	const struct source_ref *best = NULL;

	for (size_t i = 0; i < context->count; i++) {
		const struct source_ref *secret = &context->secrets[i];
		size_t length = prefix_length(secret);
		if (length && strncmp(name, secret->key, length) != 0)
			continue;
		if (!best || length >= prefix_length(best))
			best = secret;
	}
	return best;
}

int source_context_find(
    const struct source_context *context, const char *name, char **text, struct error *err)
{
	const struct source_ref *secret = find_secret(context, name);
	const char *namespace =
	    secret && secret->namespace ? secret->namespace : context->namespace;

	*text = NULL;
	if (context->scope == SEALED_UNBOUND)
		return 0;
	if (!secret && context->count)
		return error_set(err, ERROR_USAGE,
		    "no PREFIX of a --bound-to fits; name the Secret that it was sealed for, or pass --exclude");
	if (!secret && context->scope == SEALED_STRICT)
		return error_set(err, ERROR_USAGE,
		    "--scope strict requires the Secret; pass --bound-to [NAMESPACE/]NAME");
	if (!namespace && context->scope != SEALED_CLUSTER_WIDE)
		return error_set(err, ERROR_USAGE,
		    "unknown namespace; pass --bound-to NAMESPACE/NAME or --namespace");
	*text = sealed_context(context->scope, namespace ? namespace : "",
	    secret ? secret->name : "", secret ? name + prefix_length(secret) : name, err);
	return *text ? 0 : -1;
}
