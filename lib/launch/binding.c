#include "lib/launch/binding.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/strings.h"

static int read_scope(struct binding *binding, const char *text, struct error *err)
{
	if (!is_set(text)) {
		binding->scope = binding->count ? SEALED_STRICT : SEALED_UNBOUND;
		return 0;
	}
	if (sealed_scope_parse(text, &binding->scope, err) < 0) {
		err->code = ERROR_USAGE;
		return error_wrap(err, "--scope");
	}
	return 0;
}

static int read_secrets(struct binding *binding, const struct strings *texts, struct error *err)
{
	if (texts->count == 0)
		return 0;
	binding->secrets = calloc(texts->count, sizeof(*binding->secrets));
	if (!binding->secrets)
		return error_memory(err);
	for (; binding->count < texts->count; binding->count++)
		if (reference_parse_prefix(&binding->secrets[binding->count], "--bound-to",
			texts->items[binding->count], err) < 0)
			return -1;
	return 0;
}

static int find_namespace(
    struct binding *binding, const char *namespace, const char *directory, struct error *err)
{
	if (!is_set(namespace))
		return kube_pod_namespace(directory, &binding->namespace, err);
	binding->namespace = strdup(namespace);
	return binding->namespace ? 0 : error_memory(err);
}

int binding_init(struct binding *binding, const struct source_settings *settings,
    const char *namespace, const char *service_account_directory, struct error *err)
{
	memset(binding, 0, sizeof(*binding));
	if (read_secrets(binding, &settings->bound_to, err) == 0 &&
	    read_scope(binding, settings->scope, err) == 0 &&
	    (binding->scope == SEALED_UNBOUND ||
		find_namespace(binding, namespace, service_account_directory, err) == 0))
		return 0;
	binding_free(binding);
	return -1;
}

void binding_free(struct binding *binding)
{
	for (size_t i = 0; i < binding->count; i++)
		reference_free(&binding->secrets[i]);
	free(binding->secrets);
	free(binding->namespace);
	memset(binding, 0, sizeof(*binding));
}

static size_t prefix_length(const struct reference *secret)
{
	return secret->key ? strlen(secret->key) : 0;
}

/* The one with the longest prefix; of two alike, the later. */
static const struct reference *find_secret(const struct binding *binding, const char *name)
{
	const struct reference *best = NULL;

	for (size_t i = 0; i < binding->count; i++) {
		const struct reference *secret = &binding->secrets[i];
		size_t length = prefix_length(secret);
		if (length && strncmp(name, secret->key, length) != 0)
			continue;
		if (!best || length >= prefix_length(best))
			best = secret;
	}
	return best;
}

static int refuse_unknown(const struct binding *binding, struct error *err)
{
	if (binding->count)
		return error_set(err, ERROR_USAGE,
		    "no PREFIX of a --bound-to fits it: name the Secret that it was sealed for, or "
		    "leave it out with --exclude");
	return error_set(err, ERROR_USAGE,
	    "--scope strict binds it to one Secret: name that with --bound-to [NAMESPACE/]NAME");
}

int binding_context(
    const struct binding *binding, const char *name, char **context, struct error *err)
{
	const struct reference *secret = find_secret(binding, name);
	const char *namespace =
	    secret && secret->namespace ? secret->namespace : binding->namespace;

	*context = NULL;
	if (binding->scope == SEALED_UNBOUND)
		return 0;
	if (!secret && (binding->count || binding->scope == SEALED_STRICT))
		return refuse_unknown(binding, err);
	if (!namespace && binding->scope != SEALED_CLUSTER_WIDE)
		return error_set(err, ERROR_USAGE,
		    "it is not known in which namespace it was sealed: name that with "
		    "--bound-to NAMESPACE/NAME or --namespace");
	*context = sealed_context(binding->scope, namespace ? namespace : "",
	    secret ? secret->name : "", secret ? name + prefix_length(secret) : name, err);
	return *context ? 0 : -1;
}
