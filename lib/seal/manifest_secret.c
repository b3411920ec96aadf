#include "lib/seal/manifest_secret.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/manifest/batch.h"
#include "lib/seal/internal.h"
#include "lib/seal/rule_search.h"

struct secret_ctx {
	const char *file, *name; /* name NULL: the only Secret */
	const struct manifest_secret *found;

	/* manifest_secret_read */
	const char *namespace;
	struct kube_secret *secret;

	/* manifest_secret_seal */
	struct seal_settings settings; /* completed with a rule */
	struct rule_search rules;
	struct seal_task task;
};

/*
 * Finding the Secret.
 */

static int refuse_second(const struct secret_ctx *ctx, struct error *err)
{
	if (ctx->name)
		return error_set(err, ERROR_USAGE,
		    "%s: more than one Secret is called %s; give them different names", ctx->file,
		    ctx->name);
	return error_set(err, ERROR_USAGE, "%s: more than one Secret; name one of them", ctx->file);
}

/* Set *found to the Secret in a document, or NULL.  Reject a second match in the file. */
static int find_secret(struct secret_ctx *ctx, const struct manifest *manifest,
    struct manifest_secret **found, struct error *err)
{
	*found = NULL;
	for (size_t i = 0; i < manifest->count; i++) {
		const char *name = manifest->secrets[i].object.name;

		if (ctx->name && (!name || strcmp(name, ctx->name) != 0))
			continue;
		if (ctx->found)
			return refuse_second(ctx, err);
		ctx->found = *found = &manifest->secrets[i];
	}
	return 0;
}

static int check_found(const struct secret_ctx *ctx, struct error *err)
{
	if (ctx->found)
		return 0;
	if (ctx->name)
		return error_set(
		    err, ERROR_NOT_FOUND, "%s: no Secret is called %s", ctx->file, ctx->name);
	return error_set(err, ERROR_NOT_FOUND, "%s: no Secret found", ctx->file);
}

/* Return a hash of the document, newly allocated, for use as its resourceVersion. */
static char *hash_document(const struct manifest *manifest, struct error *err)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	char text[2 * SHA256_DIGEST_LENGTH + 1];

	SHA256((const uint8_t *)manifest->text.data, manifest->text.length, digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	return string_format(err, "%s", text);
}

/* Read the whole file, and check that the Secret was found. */
static int read_all(struct secret_ctx *ctx, struct manifest_batch *batch, struct error *err)
{
	return manifest_batch_read_file(batch, ctx->file, err) < 0 ? -1 : check_found(ctx, err);
}

/* Reading the Secret. */

static int check_namespace(
    const struct kube_secret *object, const char *file, const char *namespace, struct error *err)
{
	enum sealed_scope scope;

	if (sealed_secret_scope(object, &scope, err) < 0)
		return -1;
	if (object->namespace || namespace || scope == SEALED_UNBOUND ||
	    scope == SEALED_CLUSTER_WIDE)
		return 0;
	return error_set(err, ERROR_USAGE, "%s: scope %s binds to the namespace; pass -n NAMESPACE",
	    file, sealed_scope_name(scope));
}

int manifest_secret_complete(
    struct kube_secret *object, const char *file, const char *namespace, struct error *err)
{
	if (check_namespace(object, file, namespace, err) < 0)
		return -1;
	if (!object->name)
		object->name = strdup(manifest_shown_name(object));
	if (!object->namespace)
		object->namespace = strdup(namespace ? namespace : "");
	return object->name && object->namespace ? 0 : error_memory(err);
}

static int read_examine(void *context, struct manifest_document *document, struct error *err)
{
	struct secret_ctx *ctx = context;
	struct manifest_secret *found;

	if (find_secret(ctx, &document->manifest, &found, err) < 0 || !found)
		return err->code ? -1 : 0;
	struct kube_secret *object = &found->object;
	if (manifest_secret_complete(object, ctx->file, ctx->namespace, err) < 0)
		return -1;
	object->resource_version = hash_document(&document->manifest, err);
	if (!object->resource_version)
		return -1;
	*ctx->secret = *object;
	*object = (struct kube_secret){0};
	return 0;
}

int manifest_secret_read(const char *file, const char *name, const char *namespace,
    bool force_foreign, struct kube_secret *secret, struct error *err)
{
	struct secret_ctx ctx = {
	    .file = file, .name = name, .namespace = namespace, .secret = secret};
	const struct manifest_job job = {
	    .context = &ctx, .refuse_foreign = !force_foreign, .examine = read_examine};
	struct manifest_batch batch;

	*secret = (struct kube_secret){0};
	manifest_batch_init(&batch, &job);
	int result = read_all(&ctx, &batch, err);
	manifest_batch_free(&batch);
	if (result < 0)
		kube_secret_free(secret);
	return result;
}

/* Changing the Secret. */

static int check_hash(
    const struct secret_ctx *ctx, const struct manifest *manifest, struct error *err)
{
	cleanup_free char *hash = hash_document(manifest, err);

	if (!hash)
		return -1;
	if (!ctx->settings.based_on || strcmp(ctx->settings.based_on, hash) == 0)
		return 0;
	return error_set(err, ERROR_CONFLICT, "%s: changed by another process", ctx->file);
}

/* Reject a template with plaintext: unchanged plaintext is sealed, too. */
static int check_plaintext(const struct secret_ctx *ctx, struct error *err)
{
	const struct kube_secret *object = &ctx->found->object;

	for (size_t i = 0; i < object->data_count; i++)
		if (!sealed_entry_is_ciphertext(&object->data[i]) &&
		    manifest_check_rendered(ctx->found, err) < 0)
			return error_wrap(err, "%s", ctx->file);
	return 0;
}

static int change_examine(void *context, struct manifest_document *document, struct error *err)
{
	struct secret_ctx *ctx = context;
	struct manifest_secret *found;

	if (find_secret(ctx, &document->manifest, &found, err) < 0 || !found)
		return err->code ? -1 : 0;
	document->waits = true;
	if (check_hash(ctx, &document->manifest, err) < 0 || check_plaintext(ctx, err) < 0 ||
	    manifest_file_prepare(document->file, err) < 0 ||
	    seal_task_begin_manifest(&ctx->task, &found->object, err) < 0 ||
	    rule_search_apply(&ctx->rules, ctx->file, ctx->task.namespace, &ctx->task.existing,
		&ctx->settings, NULL, err) < 0)
		return -1;
	return seal_task_run(&ctx->task, err);
}

static int change_settle(void *context, struct manifest_document *document,
    struct secret_buffer *text, struct error *err)
{
	struct secret_ctx *ctx = context;
	struct manifest_change change = {ctx->found, &ctx->task.change, true};

	return document->waits ? manifest_change(&document->manifest, &change, 1, text, err) : 0;
}

/* Move the change to the outcome. */
static int move_outcome(struct seal_task *task, struct seal_outcome *outcome, struct error *err)
{
	task->change.name = strdup(task->name);
	if (!task->change.name)
		return error_memory(err);
	outcome->secret = task->change;
	outcome->change = SEAL_UPDATED;
	task->change = (struct kube_secret){0};
	return 0;
}

int manifest_secret_seal(struct seal_session *session, const struct seal_settings *settings,
    const char *file, const struct seal_changes *changes, struct seal_outcome *outcome,
    struct error *err)
{
	struct secret_ctx ctx = {.file = file,
	    .name = settings->name,
	    .settings = *settings,
	    .task = {.kind = SEAL_TASK_FILE,
		.settings = &ctx.settings,
		.session = session,
		.changes = changes}};
	const struct manifest_job job = {.context = &ctx,
	    .refuse_foreign = !settings->force_foreign,
	    .examine = change_examine,
	    .settle = change_settle};
	struct manifest_batch batch;

	ctx.settings.adopt = true; /* a manifest may have plaintext beside ciphertext */
	*outcome = (struct seal_outcome){0};
	manifest_batch_init(&batch, &job);
	int result = read_all(&ctx, &batch, err);
	if (result == 0 && !settings->check_only &&
	    (result = manifest_batch_flush(&batch, err)) == 0)
		result = move_outcome(&ctx.task, outcome, err);
	/* The task borrows from the manifest. */
	seal_task_free(&ctx.task);
	manifest_batch_free(&batch);
	rule_search_free(&ctx.rules);
	return result;
}
