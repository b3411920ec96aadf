#include "cmd/secret-seal/print_config.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/utf8.h"
#include "lib/manifest/batch.h"
#include "lib/seal/rule_search.h"
#include "lib/sealed/sealed.h"

struct print_ctx {
	const struct print_config_settings *settings;
	const char *namespace; /* of manifests without one; NULL: not known */
	struct rule_search rules;
};

/* Print text of a manifest. */
static void print_shown(const char *text)
{
	struct error ignored = ERROR_INIT;
	cleanup_free char *shown = string_format(&ignored, "%s", text);

	if (!shown)
		return;
	utf8_make_printable(shown);
	fputs(shown, stdout);
}

/* Print a value by its precedence: the option, the rule at `place`, the annotation. */
static void print_value(const struct print_ctx *ctx, const char *name, const char *option,
    const char *of_rule, const char *place, const char *annotation)
{
	const char *value = is_set(option) ? option : of_rule ? of_rule : annotation;

	if (!value)
		return;
	printf("  %s: ", name);
	print_shown(value);
	if (is_set(option)) {
		options_print_origin(ctx->settings->options, name, stdout);
	} else {
		fputs(" (", stdout);
		print_shown(of_rule ? place : "annotation");
		fputc(')', stdout);
	}
	fputc('\n', stdout);
}

/* Print the rule with its place, then the values. */
static int print_values(const struct print_ctx *ctx, const struct kube_secret *secret,
    const struct rule *rule, struct error *err)
{
	static const struct rule none;
	const struct print_config_settings *settings = ctx->settings;
	cleanup_free char *place =
	    string_format(err, "%s:%zu", rule ? rule->file : "", rule ? rule->line : 0);

	if (!place)
		return -1;
	fputs(rule ? "rule " : "no rule", stdout);
	if (rule)
		print_shown(place);
	else
		rule = &none;
	fputc('\n', stdout);
	print_value(ctx, "transit-key", settings->transit_key, rule->transit_key, place,
	    kube_secret_annotation(secret, SEALED_ANNOTATION_KEY));
	/* For plaintext, the annotations of a manifest count, except the scope. */
	print_value(ctx, "scope", settings->scope, rule->scope, place,
	    sealed_secret_has_ciphertext(secret)
		? kube_secret_annotation(secret, SEALED_ANNOTATION_SCOPE)
		: NULL);
	print_value(ctx, "layout", settings->layout, settings->keeps_layout ? NULL : rule->layout,
	    place, kube_secret_annotation(secret, SEALED_ANNOTATION_LAYOUT));
	return 0;
}

static void print_secret(const struct manifest_document *document,
    const struct manifest_secret *found, const struct kube_secret *named)
{
	const struct manifest_tree *tree = &document->manifest.tree;

	print_shown(document->file->name);
	printf(":%zu: Secret ", manifest_line(tree, tree->nodes[found->node].start));
	if (is_set(named->namespace)) {
		print_shown(named->namespace);
		fputc('/', stdout);
	}
	print_shown(named->name);
	fputs(": ", stdout);
}

/* Find the rule as sealing does, and fail where sealing fails. */
static int find_rule(struct print_ctx *ctx, const char *file, const struct kube_secret *secret,
    const struct rule **rule, struct error *err)
{
	const struct print_config_settings *settings = ctx->settings;
	bool own_layout = is_set(settings->layout) || settings->keeps_layout;
	struct seal_settings sealing = {.transit_key = settings->transit_key,
	    .scope = settings->scope,
	    .layout = own_layout ? LAYOUT_PER_KEY : LAYOUT_AS_IS};

	return rule_search_apply(&ctx->rules, file, secret->namespace, secret, &sealing, rule, err);
}

static int config_examine(void *context, struct manifest_document *document, struct error *err)
{
	const struct manifest *manifest = &document->manifest;
	struct print_ctx *ctx = context;

	for (size_t i = 0; i < manifest->count; i++) {
		const struct manifest_secret *found = &manifest->secrets[i];
		struct kube_secret named = found->object; /* borrows */
		const struct rule *rule;

		named.name = (char *)manifest_shown_name(&found->object);
		if (!named.namespace)
			named.namespace = (char *)ctx->namespace;
		if (find_rule(ctx, document->file->name, &named, &rule, err) < 0)
			return manifest_wrap(manifest, found, err);
		print_secret(document, found, &named);
		if (print_values(ctx, &named, rule, err) < 0)
			return -1;
	}
	return 0;
}

static int print_files(struct print_ctx *ctx, struct error *err)
{
	const struct strings *files = ctx->settings->files;
	const struct manifest_job job = {.context = ctx,
	    .refuse_foreign = !ctx->settings->force_foreign,
	    .examine = config_examine};
	struct manifest_batch batch;
	int result = 0;

	manifest_batch_init(&batch, &job);
	for (size_t i = 0; result == 0 && i < files->count; i++)
		if (strcmp(files->items[i], "-") != 0)
			result = manifest_batch_read_file(&batch, files->items[i], err);
	manifest_batch_free(&batch);
	rule_search_free(&ctx->rules);
	return result;
}

int print_config(const struct print_config_settings *settings, struct error *err)
{
	const struct kube_settings *kube_settings = &settings->connection->kube;
	struct print_ctx ctx = {.settings = settings};
	struct error unknown = ERROR_INIT;
	struct kube kube = {0};

	if (is_set(kube_settings->namespace))
		ctx.namespace = kube_settings->namespace;
	else if (!settings->offline && kube_init(&kube, kube_settings, &unknown) == 0)
		ctx.namespace = kube.namespace;
	options_print_configuration(settings->options, settings->connection, stdout);
	int result = print_files(&ctx, err);
	kube_free(&kube);
	if (fflush(stdout) != 0 && result == 0)
		result = error_system(err, "standard output");
	return result;
}
