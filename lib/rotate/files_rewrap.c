#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/rotate/files_internal.h"

/* The values of a request to Vault.  All have the same key, and either all or none a context. */
struct rewrap_ctx {
	struct files_run *run;
	struct files_value **values;
	struct transit_item *items;
	size_t count;
};

/* -- rewrapping ------------------------------------------------------------------------------- */

/* Add a hint to check the scope.  Vault reports a wrong context like a garbled ciphertext. */
static void hint_binding(const struct files_secret *secret, struct error *reason)
{
	if (secret->scope == SEALED_STRICT)
		error_hint(reason, "check that it was sealed for %s/%s", secret->namespace,
		    secret->found->object.name);
	else if (secret->scope == SEALED_NAMESPACE_WIDE)
		error_hint(reason, "check that it was sealed for namespace %s", secret->namespace);
}

/*
 * Check that Vault returned ciphertext of the newest version, and that it can be decrypted again.
 */
static int check_rewrapped(
    const struct files_secret *secret, const struct transit_item *item, struct error *reason)
{
	const struct secret_buffer *output = &item->output;
	int64_t version;

	if (item->error) {
		error_set(reason, ERROR_REJECTED, "Vault can't rewrap it: %s", item->error);
		hint_binding(secret, reason);
		return -1;
	}
	if (sealed_version(secret_buffer_string(output), output->length, &version, reason) < 0 ||
	    version < secret->key->wanted_version)
		return error_set(reason, ERROR_INVALID,
		    "Vault's answer to rewrap is not ciphertext of the newest version");
	if (output->length > TRANSIT_CIPHERTEXT_MAX)
		return error_set(reason, ERROR_TOO_LARGE,
		    "the new ciphertext would have %zu characters, and Vault decrypts at most %zu; "
		    "seal the value again in two parts",
		    output->length, TRANSIT_CIPHERTEXT_MAX);
	return 0;
}

/* Move the new values into their Secrets' changes. */
static int take_rewrapped(struct rewrap_ctx *ctx, struct error *err)
{
	for (size_t i = 0; i < ctx->count; i++) {
		const struct kube_entry *entry = ctx->values[i]->entry;
		struct files_secret *secret = ctx->values[i]->secret;
		struct secret_buffer *output = &ctx->items[i].output;
		size_t length = output->length;
		struct error reason = ERROR_INIT;

		if (check_rewrapped(secret, &ctx->items[i], &reason) < 0) {
			files_report_secret(
			    ctx->run, ctx->values[i]->document, secret, entry, &reason);
			continue;
		}
		if (kube_secret_add(&secret->change, entry->key, output, err) < 0)
			return -1;
		secret->bytes = secret->bytes - entry->value.length + length;
	}
	return 0;
}

/* Report a failure of the whole request, once for each Secret. */
static void report_refused(const struct rewrap_ctx *ctx, const struct error *reason)
{
	const struct files_secret *reported = NULL;

	for (size_t i = 0; i < ctx->count; i++) {
		struct files_secret *secret = ctx->values[i]->secret;
		struct error copy = *reason;

		if (secret != reported)
			files_report_secret(
			    ctx->run, ctx->values[i]->document, secret, NULL, &copy);
		reported = secret;
	}
}

static int rewrap_request(struct rewrap_ctx *ctx, struct error *err)
{
	const struct keyset_key *key = ctx->values[0]->secret->key;
	struct files_run *run = ctx->run;

	for (size_t i = 0; i < ctx->count; i++) {
		const struct secret_buffer *value = &ctx->values[i]->entry->value;

		ctx->items[i] = (struct transit_item){.input = secret_buffer_string(value),
		    .input_length = value->length,
		    .context = ctx->values[i]->context};
	}
	if (vault_session_renew(run->client, &run->vault, &run->settings->session, err) < 0)
		return -1;
	if (transit_batch(run->client, &run->vault, &key->key, TRANSIT_REWRAP, ctx->items,
		ctx->count, err) == 0)
		return take_rewrapped(ctx, err);
	if (error_is_outage(err))
		return -1;
	report_refused(ctx, err);
	error_clear(err);
	return 0;
}

/*
 * Return whether a request to Vault may contain both values: they have the same key, and either
 * both or none has a context.
 */
static bool values_go_together(const struct files_value *a, const struct files_value *b)
{
	return a->secret->key == b->secret->key && (a->context == NULL) == (b->context == NULL);
}

/* Choose the values of the next request: `kind`, and all values that can be sent with it. */
static void pick_values(struct rewrap_ctx *ctx, const struct manifest_document *document,
    const struct files_value *kind)
{
	ctx->count = 0;
	for (; document; document = document->next) {
		const struct files_state *state = document->state;

		for (size_t i = 0; i < document->values; i++) {
			struct files_value *value = &state->values[i];

			if (value->taken || !values_go_together(kind, value) ||
			    ctx->count == TRANSIT_BATCH_ITEMS)
				continue;
			value->taken = true;
			ctx->values[ctx->count++] = value;
		}
	}
}

static int rewrap_documents(
    struct rewrap_ctx *ctx, const struct manifest_document *document, struct error *err)
{
	for (; document; document = document->next) {
		const struct files_state *state = document->state;

		for (size_t i = 0; i < document->values; i++) {
			if (state->values[i].taken)
				continue;
			pick_values(ctx, document, &state->values[i]);
			int result = rewrap_request(ctx, err);
			transit_items_free(ctx->items, ctx->count);
			if (result < 0)
				return -1;
		}
	}
	return 0;
}

int files_transform(void *context, struct manifest_document *first, struct error *err)
{
	struct files_run *run = context;
	size_t count = 1;

	for (const struct manifest_document *each = first; each; each = each->next)
		count += each->values;
	cleanup_free struct files_value **values = calloc(count, sizeof(struct files_value *));
	cleanup_free struct transit_item *items = calloc(count, sizeof(*items));
	struct rewrap_ctx ctx = {.run = run, .values = values, .items = items};

	if (!values || !items)
		return error_memory(err);
	return files_check_time(run, err) < 0 ? -1 : rewrap_documents(&ctx, first, err);
}

/* -- the new text ----------------------------------------------------------------------------- */

/* Drop changes that make a Secret too large, since a new version number may have one more digit. */
static void check_sizes(const struct files_run *run, const struct manifest_document *document)
{
	const struct files_state *state = document->state;

	for (size_t i = 0; i < document->manifest.count; i++) {
		struct files_secret *secret = &state->secrets[i];
		struct error reason = ERROR_INIT;

		if (secret->change.data_count == 0 || secret->bytes <= KUBE_SECRET_BYTES_MAX)
			continue;
		error_set(&reason, ERROR_TOO_LARGE,
		    "its values would have %zu bytes, and a Secret holds %zu; seal some of them in another Secret",
		    secret->bytes, KUBE_SECRET_BYTES_MAX);
		files_report_secret(run, document, secret, NULL, &reason);
		kube_secret_free(&secret->change);
	}
}

static size_t list_changes(
    const struct manifest_document *document, struct manifest_change *changes)
{
	const struct files_state *state = document->state;
	size_t count = 0;

	for (size_t i = 0; i < document->manifest.count; i++)
		if (state->secrets[i].change.data_count > 0)
			changes[count++] = (struct manifest_change){
			    &document->manifest.secrets[i], &state->secrets[i].change, false};
	return count;
}

/* Drop and report the changes that cannot be made.  Find them by bisection. */
static void drop_impossible(const struct files_run *run, const struct manifest_document *document,
    const struct manifest_change *changes, size_t count)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	const struct files_state *state = document->state;
	struct error reason = ERROR_INIT;

	if (count == 0 || manifest_change(&document->manifest, changes, count, &text, &reason) == 0)
		return;
	if (count > 1) {
		drop_impossible(run, document, changes, count / 2);
		drop_impossible(run, document, changes + count / 2, count - count / 2);
		return;
	}
	struct files_secret *secret = &state->secrets[changes->secret - document->manifest.secrets];
	files_report_secret(run, document, secret, NULL, &reason);
	kube_secret_free(&secret->change);
}

/* Append the new text of the document, or nothing if no change can be made. */
static int append_text(const struct files_run *run, const struct manifest_document *document,
    struct secret_buffer *text, struct error *err)
{
	const struct manifest *manifest = &document->manifest;
	cleanup_free struct manifest_change *changes =
	    calloc(manifest->count + 1, sizeof(*changes));

	if (!changes)
		return error_memory(err);
	check_sizes(run, document);
	size_t count = list_changes(document, changes);
	if (count == 0 || manifest_change(manifest, changes, count, text, err) == 0)
		return 0;
	error_clear(err);
	secret_buffer_reset(text);
	drop_impossible(run, document, changes, count);
	count = list_changes(document, changes);
	return count > 0 ? manifest_change(manifest, changes, count, text, err) : 0;
}

/*
 * Count the document's Secrets by result.  Rewrapped Secrets are counted once the file is replaced.
 */
static void count_secrets(const struct files_run *run, const struct manifest_document *document)
{
	struct rotate_files_summary *summary = run->summary;
	struct manifest_file *file = document->file;
	const struct files_state *state = document->state;

	for (size_t i = 0; i < document->manifest.count; i++) {
		const struct files_secret *secret = &state->secrets[i];
		size_t changed = secret->change.data_count;

		file->values += changed;
		if (!secret->counts)
			continue;
		if (secret->failed)
			summary->failed++;
		else if (changed > 0)
			file->secrets++;
		else if (run->pass == FILES_GATHER)
			continue;
		else if (secret->old > 0)
			summary->old++;
		else
			summary->current++;
	}
}

int files_settle(void *context, struct manifest_document *document, struct secret_buffer *text,
    struct error *err)
{
	const struct files_run *run = context;

	if (files_check_time(run, err) < 0)
		return -1;
	if (document->values > 0 && append_text(run, document, text, err) < 0)
		return -1;
	count_secrets(run, document);
	return 0;
}
