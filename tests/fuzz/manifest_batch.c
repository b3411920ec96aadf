/*
 * A batch: a file that is changed in place has the text that is printed for the same documents, and
 * after an error it keeps its text.
 *
 * The first byte of the input selects the Secrets that change, the rest is the file.
 */
#include "lib/manifest/batch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#define CIPHERTEXT "vault:v1:AAAA"

static struct error err;
static char path[64];

struct batch_ctx {
	uint8_t select;
	struct secret_buffer printed;
};

static int examine(void *context, struct manifest_document *document, struct error *error)
{
	const struct batch_ctx *ctx = context;

	(void)error;
	document->values = ctx->select & 1 ? document->manifest.count : 0;
	document->waits = ctx->select & 2;
	return 0;
}

static int settle(void *context, struct manifest_document *document, struct secret_buffer *text,
    struct error *error)
{
	const struct kube_secret *object;
	cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;
	struct kube_secret set = {0};
	int result = 0;

	(void)context;
	if (document->values == 0)
		return 0;
	object = &document->manifest.secrets[0].object;
	if (object->data_count > 0 &&
	    (secret_buffer_append_string(&value, CIPHERTEXT, error) < 0 ||
		kube_secret_add(&set, object->data[0].key, &value, error) < 0))
		result = -1;
	struct manifest_change change = {document->manifest.secrets, &set, true};
	if (result == 0)
		result = manifest_change(&document->manifest, &change, 1, text, error);
	kube_secret_free(&set);
	return result;
}

static int print(void *context, const char *bytes, size_t length, struct error *error)
{
	struct batch_ctx *ctx = context;

	return secret_buffer_append(&ctx->printed, bytes, length, error);
}

static void write_file(const struct fuzz_input *input)
{
	if (!path[0])
		snprintf(path, sizeof(path), "/dev/shm/fuzz-batch-%ld.yaml", (long)getpid());
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	FUZZ_CHECK(fd >= 0);
	FUZZ_CHECK(write(fd, input->data, input->length) == (ssize_t)input->length);
	close(fd);
}

static void expect_file(const char *bytes, size_t length)
{
	static char now[1 << 20];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	FUZZ_CHECK(fd >= 0);
	FUZZ_CHECK(read(fd, now, sizeof(now)) == (ssize_t)length);
	FUZZ_CHECK(memcmp(now, bytes, length) == 0);
	close(fd);
}

static int run_job(const struct manifest_job *job, int stream)
{
	struct manifest_batch batch;

	manifest_batch_init(&batch, job);
	int result = stream >= 0 ? manifest_batch_read_stream(&batch, stream, "stream", &err)
				 : manifest_batch_read_file(&batch, path, &err);
	if (result == 0)
		result = manifest_batch_flush(&batch, &err);
	manifest_batch_free(&batch);
	return result;
}

void fuzz_case(struct fuzz_input *input)
{
	struct batch_ctx ctx = {.select = fuzz_byte(input)};
	struct manifest_job job = {
	    .context = &ctx, .refuse_foreign = true, .examine = examine, .settle = settle};

	write_file(input);
	if (fuzz_failed(run_job(&job, -1), &err)) {
		expect_file(input->data, input->length);
	} else {
		job.print = print;
		int fd = fuzz_file(input->data, input->length);
		if (!fuzz_failed_for_memory(run_job(&job, fd), &err)) {
			fuzz_note_buffer(&ctx.printed);
			expect_file(secret_buffer_string(&ctx.printed), ctx.printed.length);
		}
	}
	secret_buffer_free(&ctx.printed);
	unlink(path);
}
