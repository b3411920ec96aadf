/*
 * A failed allocation is reported as such, and never as a missing value or as text that cannot be
 * changed.  Each allocation of a call fails once, in turn.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/kube/internal.h"
#include "lib/manifest/batch.h"
#include "tests/unit/expect.h"

static struct error err;
static size_t count, failing; /* failing 0: none */
static bool hit;

static bool fails(void)
{
	count++;
	if (count != failing)
		return false;
	errno = ENOMEM;
	hit = true;
	return true;
}

#ifndef __SANITIZE_ADDRESS__
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t number, size_t size);
void *__libc_realloc(void *block, size_t size);

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
	return fails() ? NULL : __libc_calloc(number, size);
}

void *realloc(void *block, size_t size)
{
	return fails() ? NULL : __libc_realloc(block, size);
}
#endif

/* Run the call with its first, second ... allocation failing, until none has; `call` returns 0 or
 * -1. */
static void fail_each(int (*call)(void))
{
	for (size_t number = 1;; number++) {
		error_clear(&err);
		count = 0;
		hit = false;
		failing = number;
		int result = call();
		failing = 0;
		if (result < 0) {
			ck_assert_msg(hit, "it fails by itself: %s", err.message);
			expect_contains(err.message, "out of memory");
			ck_assert_int_eq(err.code, ERROR_SYSTEM);
		}
		if (!hit)
			return;
	}
}

static const char secret_text[] =
    "{\"metadata\": {\"namespace\": \"demo\", \"name\": \"app\", \"resourceVersion\": \"7\","
    "\"labels\": {\"l\": \"1\"}, \"annotations\": {\"a\": \"2\"},"
    "\"creationTimestamp\": \"2026-01-01T00:00:00Z\", \"finalizers\": [\"f\"]},"
    "\"type\": \"t\", \"data\": {\"A\": \"YQ==\"}}";

static int read_secret(void)
{
	struct kube_secret secret = {0};
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	if (secret_buffer_append_string(&text, secret_text, &err) < 0)
		return -1;
	cleanup_json struct json *document = json_parse(text.data, text.length, "secret", &err);
	if (!document || kube_secret_read(document, JSON_ROOT, true, &secret, &err) < 0)
		return -1;
	failing = 0; /* Check allocates, too */
	ck_assert_str_eq(secret.type, "t");
	ck_assert_str_eq(kube_secret_label(&secret, "l"), "1");
	ck_assert_str_eq(kube_secret_annotation(&secret, "a"), "2");
	ck_assert_str_eq(secret.finalizers, "[\"f\"]");
	ck_assert_int_ne(secret.created_s, 0);
	kube_secret_free(&secret);
	return 0;
}

START_TEST(a_secret_is_read_whole_or_not_at_all)
{
	fail_each(read_secret);
}
END_TEST

static const char manifest_text[] = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n"
				    "  labels: {l: one}\n  annotations: {a: two}\ntype: Opaque\n"
				    "stringData:\n  A: a\n  B: 'b'\n";

static int change_manifest(void)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT, out = SECRET_BUFFER_INIT;
	cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;
	struct manifest manifest = {0};
	struct kube_secret set = {0};
	int result = -1;

	if (secret_buffer_append_string(&value, "vault:v1:AAAA", &err) == 0 &&
	    secret_buffer_append_string(&text, manifest_text, &err) == 0 &&
	    manifest_read(&manifest, &text, 1, "file", &err) == 0 &&
	    kube_secret_add(&set, "A", &value, &err) == 0) {
		struct manifest_change change = {manifest.secrets, &set, false};
		result = manifest_change(&manifest, &change, 1, &out, &err);
	}
	kube_secret_free(&set);
	manifest_free(&manifest);
	return result;
}

START_TEST(lack_of_memory_does_not_read_as_an_unsafe_manifest)
{
	fail_each(change_manifest);
}
END_TEST

/*
 * A file of two documents, in a batch.
 */

static char path[] = "/tmp/out-of-memory-XXXXXX";
static const char batch_text[] = "apiVersion: v1\nkind: ConfigMap\n---\napiVersion: v1\n"
				 "kind: Secret\nmetadata: {name: app}\nstringData: {A: a}\n";

static int examine(void *context, struct manifest_document *document, struct error *error)
{
	(void)context, (void)error;
	document->values = document->manifest.count;
	return 0;
}

static int settle(void *context, struct manifest_document *document, struct secret_buffer *text,
    struct error *error)
{
	cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;
	struct kube_secret set = {0};
	int result = -1;

	(void)context;
	if (document->values == 0)
		return 0;
	struct manifest_change change = {document->manifest.secrets, &set, false};
	if (secret_buffer_append_string(&value, "vault:v1:AAAA", error) == 0 &&
	    kube_secret_add(&set, "A", &value, error) == 0)
		result = manifest_change(&document->manifest, &change, 1, text, error);
	kube_secret_free(&set);
	return result;
}

static int change_file(void)
{
	static const struct manifest_job job = {.examine = examine, .settle = settle};
	struct manifest_batch batch;
	int fd = open(path, O_WRONLY | O_TRUNC);

	/* Check's assertions allocate, too. */
	if (write(fd, batch_text, strlen(batch_text)) != (ssize_t)strlen(batch_text))
		abort();
	close(fd);
	manifest_batch_init(&batch, &job);
	int result = manifest_batch_read_file(&batch, path, &err);
	if (result == 0)
		result = manifest_batch_flush(&batch, &err);
	manifest_batch_free(&batch);
	return result;
}

START_TEST(a_file_is_changed_or_keeps_its_text)
{
	cleanup_secret struct secret_buffer now = SECRET_BUFFER_INIT;

	close(mkstemp(path));
	fail_each(change_file);
	expect_ok(secret_buffer_read_file(&now, path, &err), err);
	expect_contains(secret_buffer_string(&now), "stringData: {A: vault:v1:AAAA}");
	unlink(path);
}
END_TEST

static void add(TCase *tests)
{
	tcase_set_timeout(tests, 0);
#ifndef __SANITIZE_ADDRESS__
	tcase_add_test(tests, a_secret_is_read_whole_or_not_at_all);
	tcase_add_test(tests, lack_of_memory_does_not_read_as_an_unsafe_manifest);
	tcase_add_test(tests, a_file_is_changed_or_keeps_its_text);
#else
	(void)a_secret_is_read_whole_or_not_at_all, (void)fails;
	(void)lack_of_memory_does_not_read_as_an_unsafe_manifest;
	(void)a_file_is_changed_or_keeps_its_text;
#endif
}

int main(void)
{
	return run_tests("out_of_memory", add);
}
