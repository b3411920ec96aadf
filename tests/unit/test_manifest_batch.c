#include "lib/manifest/batch.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/unit/expect.h"

#define SECRET(name, value)                                                                        \
	"---\napiVersion: v1\nkind: Secret\nmetadata: {name: " name "}\nstringData: {A: " value    \
	"}\n"
#define CONFIG "---\napiVersion: v1\nkind: ConfigMap # kept\n"

static struct error err;
static char folder[32], paths[3][64];

/* A job that replaces each Secret's value by "new", and records its calls in `calls`. */
static struct {
	struct manifest_batch batch;
	struct manifest_job job;
	char calls[400], printed[2000];
	size_t released;
	bool keep;		 /* change nothing */
	const char *broken_name; /* fail to examine this Secret */
	void (*while_transforming)(void);
} run;

__attribute__((format(printf, 1, 2))) static void record(const char *format, ...)
{
	size_t length = strlen(run.calls);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(run.calls + length, sizeof(run.calls) - length, format, arguments);
	va_end(arguments);
}

static const char *document_name(const struct manifest_document *document)
{
	return document->manifest.count ? document->manifest.secrets[0].object.name : "-";
}

static int examine(void *context, struct manifest_document *document, struct error *error)
{
	ck_assert_ptr_eq(context, &run);
	if (run.broken_name && strcmp(document_name(document), run.broken_name) == 0)
		return error_set(error, ERROR_INVALID, "broken");
	document->values = run.keep ? 0 : document->manifest.count;
	document->state = &run;
	return 0;
}

static int transform(void *context, struct manifest_document *first, struct error *error)
{
	(void)context, (void)error;
	record("transform");
	for (; first; first = first->next)
		record(" %s", document_name(first));
	record("; ");
	if (run.while_transforming)
		run.while_transforming();
	return 0;
}

static int settle(void *context, struct manifest_document *document, struct secret_buffer *text,
    struct error *error)
{
	cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;
	struct kube_secret set = {0};

	(void)context;
	if (document->values == 0)
		return 0;
	document->file->secrets++;
	expect_ok(secret_buffer_append_string(&value, "new", error), *error);
	expect_ok(kube_secret_add(&set, "A", &value, error), *error);
	struct manifest_change change = {document->manifest.secrets, &set, false};
	int result = manifest_change(&document->manifest, &change, 1, text, error);
	kube_secret_free(&set);
	return result;
}

static void release(struct manifest_document *document)
{
	(void)document;
	run.released++;
}

static void finish(void *context, const struct manifest_file *file)
{
	(void)context;
	record(
	    "%s %zu%s; ", strrchr(file->name, '/') + 1, file->secrets, file->lost ? " lost" : "");
}

static int report_failure(void *context, const struct manifest_file *file,
    const struct manifest_document *document, struct error *error)
{
	(void)context;
	record("fail%s: %.60s; ", document ? " document" : file ? " file" : "", error->message);
	return 0;
}

static int print(void *context, const char *bytes, size_t length, struct error *error)
{
	(void)context, (void)error;
	strncat(run.printed, bytes, length);
	return 0;
}

static void set_up(void)
{
	strcpy(folder, "/tmp/manifest-batch.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	for (int i = 0; i < 3; i++)
		snprintf(paths[i], sizeof(paths[i]), "%s/%d", folder, i);
	memset(&run, 0, sizeof(run));
	run.job = (struct manifest_job){.context = &run,
	    .examine = examine,
	    .transform = transform,
	    .settle = settle,
	    .release = release,
	    .finish = finish,
	    .fail = report_failure};
	manifest_batch_init(&run.batch, &run.job);
}

static void tear_down(void)
{
	manifest_batch_free(&run.batch);
	for (int i = 0; i < 3; i++)
		unlink(paths[i]);
	/* Fails if a temporary file is left. */
	ck_assert_int_eq(rmdir(folder), 0);
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void expect_file(const char *path, const char *text)
{
	cleanup_secret struct secret_buffer now = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_read_file(&now, path, &err), err);
	expect_text(now, text);
}

static void read_files(int count)
{
	for (int i = 0; i < count; i++)
		expect_ok(manifest_batch_read_file(&run.batch, paths[i], &err), err);
}

START_TEST(documents_of_several_files_are_transformed_together)
{
	write_text(paths[0], CONFIG SECRET("a", "one") CONFIG SECRET("b", "two") CONFIG);
	write_text(paths[1], CONFIG);
	write_text(paths[2], SECRET("c", "three"));
	read_files(3);
	expect_file(paths[2], SECRET("c", "three"));
	expect_ok(manifest_batch_flush(&run.batch, &err), err);
	ck_assert_str_eq(run.calls, "1 0; transform a b c; 0 2; 2 1; ");
	expect_file(paths[0], CONFIG SECRET("a", "new") CONFIG SECRET("b", "new") CONFIG);
	expect_file(paths[1], CONFIG);
	expect_file(paths[2], SECRET("c", "new"));
	ck_assert_uint_eq(run.released, 7);
}
END_TEST

START_TEST(without_flush_files_keep_their_text)
{
	write_text(paths[0], SECRET("a", "one"));
	read_files(1);
	manifest_batch_free(&run.batch);
	expect_file(paths[0], SECRET("a", "one"));
	ck_assert_uint_eq(run.released, 1);
	ck_assert_str_eq(run.calls, "");
}
END_TEST

START_TEST(a_file_that_is_named_twice_is_read_after_its_replacement)
{
	write_text(paths[0], SECRET("a", "one"));
	ck_assert_int_eq(link(paths[0], paths[1]), 0);
	read_files(1);
	expect_ok(manifest_batch_read_file(&run.batch, paths[0], &err), err);
	expect_ok(manifest_batch_flush(&run.batch, &err), err);
	ck_assert_str_eq(run.calls, "transform a; 0 1; transform a; 0 1; ");
}
END_TEST

static void change_first_file(void)
{
	write_text(paths[0], SECRET("other", "one"));
}

START_TEST(a_file_that_another_process_changed_is_lost)
{
	write_text(paths[0], SECRET("a", "one") SECRET("b", "two"));
	write_text(paths[1], SECRET("c", "three"));
	run.while_transforming = change_first_file;
	read_files(2);
	expect_ok(manifest_batch_flush(&run.batch, &err), err);
	expect_contains(run.calls, "transform a b c; fail file: ");
	expect_contains(run.calls, "0 2 lost; 1 1; ");
	expect_file(paths[0], SECRET("other", "one"));
	expect_file(paths[1], SECRET("c", "new"));
}
END_TEST

START_TEST(documents_and_files_that_cannot_be_read_are_reported)
{
	write_text(paths[0], SECRET("a", "one") "---\nbroken: [\n" SECRET("b", "two"));
	read_files(1);
	expect_ok(manifest_batch_read_file(&run.batch, paths[1], &err), err);
	expect_ok(manifest_batch_flush(&run.batch, &err), err);
	expect_contains(run.calls, "fail document: ");
	expect_contains(run.calls, "fail: ");
	expect_contains(run.calls, "transform a b; 0 2; ");
	expect_file(paths[0], SECRET("a", "new") "---\nbroken: [\n" SECRET("b", "new"));
}
END_TEST

START_TEST(without_fail_an_error_ends_the_run)
{
	write_text(paths[0], SECRET("a", "one") "---\nbroken: [\n");
	run.job.fail = NULL;
	ck_assert_int_eq(manifest_batch_read_file(&run.batch, paths[0], &err), -1);
	ck_assert_int_eq(err.code, ERROR_INVALID);
	manifest_batch_free(&run.batch);
	expect_file(paths[0], SECRET("a", "one") "---\nbroken: [\n");
}
END_TEST

START_TEST(an_error_of_examine_ends_the_run)
{
	write_text(paths[0], SECRET("a", "one") SECRET("b", "two"));
	run.broken_name = "b";
	expect_failure(
	    manifest_batch_read_file(&run.batch, paths[0], &err), err, ERROR_INVALID, "broken");
	ck_assert_uint_eq(run.released, 1);
}
END_TEST

START_TEST(a_stream_is_printed_in_order)
{
	int ends[2];

	run.job.print = print;
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_gt(write(ends[1], CONFIG SECRET("a", "one") CONFIG,
			     strlen(CONFIG SECRET("a", "one") CONFIG)),
	    0);
	close(ends[1]);
	expect_ok(manifest_batch_read_stream(&run.batch, ends[0], "/stream", &err), err);
	close(ends[0]);
	ck_assert_str_eq(run.printed, "");
	expect_ok(manifest_batch_flush(&run.batch, &err), err);
	ck_assert_str_eq(run.printed, CONFIG SECRET("a", "new") CONFIG);
}
END_TEST

START_TEST(nothing_to_change_writes_nothing)
{
	struct stat before, after;

	write_text(paths[0], SECRET("a", "one"));
	ck_assert_int_eq(stat(paths[0], &before), 0);
	run.keep = true;
	read_files(1);
	expect_ok(manifest_batch_flush(&run.batch, &err), err);
	ck_assert_str_eq(run.calls, "0 0; ");
	ck_assert_int_eq(stat(paths[0], &after), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
}
END_TEST

/* Documents of 300 KB: a few of them fill a request. */
START_TEST(a_large_file_takes_several_requests)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	static char filler[300001];
	int transforms = 0;

	memset(filler, 'x', sizeof(filler) - 1);
	for (int i = 0; i < 20; i++)
		expect_ok(secret_buffer_append_string(&text, SECRET("a", "one") "# ", &err) ||
			      secret_buffer_append_string(&text, filler, &err) ||
			      secret_buffer_append_string(&text, "\n", &err),
		    err);
	write_text(paths[0], secret_buffer_string(&text));
	read_files(1);
	ck_assert_uint_le(run.batch.bytes, MANIFEST_BATCH_BYTES);
	expect_ok(manifest_batch_flush(&run.batch, &err), err);
	for (const char *at = run.calls; (at = strstr(at, "transform")); at++)
		transforms++;
	ck_assert_int_eq(transforms, 4);
	expect_contains(run.calls, "0 20; ");
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, documents_of_several_files_are_transformed_together);
	tcase_add_test(tests, without_flush_files_keep_their_text);
	tcase_add_test(tests, a_file_that_is_named_twice_is_read_after_its_replacement);
	tcase_add_test(tests, a_file_that_another_process_changed_is_lost);
	tcase_add_test(tests, documents_and_files_that_cannot_be_read_are_reported);
	tcase_add_test(tests, without_fail_an_error_ends_the_run);
	tcase_add_test(tests, an_error_of_examine_ends_the_run);
	tcase_add_test(tests, a_stream_is_printed_in_order);
	tcase_add_test(tests, nothing_to_change_writes_nothing);
	tcase_add_test(tests, a_large_file_takes_several_requests);
}

int main(void)
{
	return run_tests("manifest_batch", add_tests);
}
