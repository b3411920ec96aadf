#include "lib/seal/reveal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/input_file.h"
#include "lib/base/signals.h"
#include "lib/manifest/batch.h"
#include "lib/seal/manifest_secret.h"
#include "lib/seal/unseal.h"

struct reveal_run {
	struct seal_session *session;
	const struct reveal_settings *settings;
};

/* The Secrets of a document that have ciphertext; the state of the document. */
struct revealed {
	struct manifest_plaintext *plaintexts;
	struct unseal_result *unsealed; /* of each; zeroed until it is decrypted */
	size_t count;
};

static void job_release(struct manifest_document *document)
{
	struct revealed *revealed = document->state;

	if (!revealed)
		return;
	for (size_t i = 0; revealed->plaintexts && revealed->unsealed && i < revealed->count; i++) {
		free((void *)revealed->plaintexts[i].values);
		unseal_free(&revealed->unsealed[i]);
	}
	free(revealed->plaintexts);
	free(revealed->unsealed);
	free(revealed);
}

static int job_examine(void *context, struct manifest_document *document, struct error *err)
{
	const struct manifest *manifest = &document->manifest;
	struct revealed *revealed = document->state = calloc(1, sizeof(*revealed));

	(void)context;
	if (!revealed)
		return error_memory(err);
	revealed->plaintexts = calloc(manifest->count + 1, sizeof(*revealed->plaintexts));
	revealed->unsealed = calloc(manifest->count + 1, sizeof(*revealed->unsealed));
	if (!revealed->plaintexts || !revealed->unsealed)
		return error_memory(err);
	for (size_t i = 0; i < manifest->count; i++)
		if (sealed_secret_has_ciphertext(&manifest->secrets[i].object)) {
			revealed->plaintexts[revealed->count++].secret = &manifest->secrets[i];
			document->values += manifest->secrets[i].object.data_count;
		}
	return 0;
}

/* Fill the array of the Secret's plaintexts, which borrows from *unsealed. */
static int list_values(
    struct manifest_plaintext *plaintext, const struct unseal_result *unsealed, struct error *err)
{
	size_t count = unsealed->secret.data_count;
	const struct secret_buffer **values = calloc(count + 1, sizeof(*values));

	if (!values)
		return error_memory(err);
	for (size_t i = 0; i < count; i++)
		values[i] = &unsealed->values[i].plaintext;
	plaintext->values = values;
	plaintext->count = count;
	return 0;
}

static int decrypt_secret(struct reveal_run *run, const struct manifest_document *document,
    struct revealed *revealed, size_t index, struct error *err)
{
	struct manifest_plaintext *plaintext = &revealed->plaintexts[index];
	struct unseal_result *unsealed = &revealed->unsealed[index];
	struct manifest_secret *found =
	    &document->manifest.secrets[plaintext->secret - document->manifest.secrets];

	if (signals_check(err) < 0 || manifest_secret_complete(&found->object, document->file->name,
					  run->session->namespace, err) < 0)
		return -1;
	seal_session_restart_timeout(run->session);
	int result =
	    unseal_secret(run->session, &found->object, run->settings->transit_key, unsealed, err);
	if (result == 0) {
		unseal_accept_plaintext(unsealed);
		result = unseal_check(unsealed, err);
	}
	if (result < 0)
		return error_wrap(err, "%s", document->file->name);
	return list_values(plaintext, unsealed, err);
}

static int job_transform(void *context, struct manifest_document *first, struct error *err)
{
	for (struct manifest_document *document = first; document; document = document->next) {
		struct revealed *revealed = document->state;

		for (size_t i = 0; i < revealed->count; i++)
			if (decrypt_secret(context, document, revealed, i, err) < 0)
				return -1;
	}
	return 0;
}

static int job_settle(void *context, struct manifest_document *document, struct secret_buffer *text,
    struct error *err)
{
	const struct revealed *revealed = document->state;

	(void)context;
	return manifest_reveal(
	    &document->manifest, revealed->plaintexts, revealed->count, text, err);
}

static int job_print(void *context, const char *bytes, size_t length, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	const struct reveal_run *run = context;

	if (secret_buffer_append(&text, bytes, length, err) < 0)
		return -1;
	return run->settings->print(&text, err);
}

int reveal_file(
    struct seal_session *session, const struct reveal_settings *settings, struct error *err)
{
	struct reveal_run run = {session, settings};
	const struct manifest_job job = {.context = &run,
	    .print = job_print,
	    .examine = job_examine,
	    .transform = job_transform,
	    .settle = job_settle,
	    .release = job_release};
	struct manifest_batch batch;

	manifest_batch_init(&batch, &job);
	int result = strcmp(settings->file, "-") == 0
			 ? manifest_batch_read_stream(&batch, STDIN_FILENO, "standard input", err)
			 : manifest_batch_read_file(&batch, settings->file, err);
	if (result == 0)
		result = manifest_batch_flush(&batch, err);
	manifest_batch_free(&batch);
	return result;
}

int reveal_secret(struct seal_session *session, const struct reveal_settings *settings,
    const char *name, const char *key, struct secret_buffer *out, struct error *err)
{
	struct unseal_result unsealed;
	struct kube_secret secret;

	if (manifest_secret_read(settings->file, name, session->namespace, true, &secret, err) <
		0 ||
	    unseal_secret(session, &secret, settings->transit_key, &unsealed, err) < 0)
		return -1;
	unseal_accept_plaintext(&unsealed);
	int result = unseal_write(&unsealed, key, out, err);
	unseal_free(&unsealed);
	return result;
}
