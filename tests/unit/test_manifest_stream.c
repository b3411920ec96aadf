#include "lib/manifest/stream.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "tests/unit/expect.h"

static struct error err;

/* Text for a pipe, which a thread writes. */
struct feeder {
	int fd;
	const char *text;
	size_t length, step;
	size_t times;
};

static void *feed(void *context)
{
	const struct feeder *feeder = context;

	for (size_t i = 0; i < feeder->times; i++)
		for (size_t at = 0; at < feeder->length;) {
			size_t step =
			    feeder->length - at < feeder->step ? feeder->length - at : feeder->step;
			ssize_t count = write(feeder->fd, feeder->text + at, step);
			if (count < 0)
				break;
			at += (size_t)count;
		}
	close(feeder->fd);
	return NULL;
}

/* Append all documents to *out, as "LINE:TEXT|". */
static int split(const char *text, size_t length, size_t step, struct secret_buffer *out)
{
	cleanup_secret struct secret_buffer document = SECRET_BUFFER_INIT;
	struct manifest_stream stream;
	pthread_t thread;
	size_t line;
	int fds[2], result;

	ck_assert_int_eq(pipe(fds), 0);
	struct feeder feeder = {fds[1], text, length, step, 1};
	ck_assert_int_eq(pthread_create(&thread, NULL, feed, &feeder), 0);
	manifest_stream_begin(&stream, fds[0], "app.yaml");
	while ((result = manifest_stream_next(&stream, &document, &line, &err)) == 1) {
		expect_ok(secret_buffer_append_format(out, &err, "%zu:", line), err);
		expect_ok(secret_buffer_append(out, document.data, document.length, &err), err);
		expect_ok(secret_buffer_append_string(out, "|", &err), err);
	}
	manifest_stream_end(&stream);
	close(fds[0]);
	pthread_join(thread, NULL);
	return result;
}

static const struct {
	const char *text, *documents;
} streams[] = {
    {"", ""},
    {"a", "1:a|"},
    {"# only\n", "1:# only\n|"},
    {"a: b\n", "1:a: b\n|"},
    {"a\n---\nb\n", "1:a\n|2:---\nb\n|"},
    {"---\na\n---\nb", "1:---\na\n|3:---\nb|"},
    {"---\n---\n---", "1:---\n|2:---\n|3:---|"},
    {"# c\n\n---\na\n", "1:# c\n\n---\na\n|"},
    {"%YAML 1.2\n%TAG ! x\n--- # c\na\n...\n# d\n%YAML 1.2\n---\nb\n",
	"1:%YAML 1.2\n%TAG ! x\n--- # c\na\n...\n|6:# d\n%YAML 1.2\n---\nb\n|"},
    /* After "..." only "---" begins a document, as for kubectl. */
    {"a\n...\nb\n...\n---\nc\n", "1:a\n...\nb\n...\n|5:---\nc\n|"},
    {"a\n...\n# b\n\n...\n---\nc\n", "1:a\n...\n# b\n\n...\n|6:---\nc\n|"},
    {"...\n{\"a\": 1}\n", "1:...\n{\"a\": 1}\n|"},
    {"a\n...\n# end\n", "1:a\n...\n|3:# end\n|"},
    {"a\r\n---\r\nb\r\n", "1:a\r\n|2:---\r\nb\r\n|"},
    {"a\n---b\n ---\n-- -\n----\n", "1:a\n---b\n ---\n-- -\n----\n|"},
    {"a\n--- b\n---\tc\n", "1:a\n|2:--- b\n|3:---\tc\n|"},
    {"a: |\n  ---\n  b\n---\nc\n", "1:a: |\n  ---\n  b\n|4:---\nc\n|"},
    {"\xEF\xBB\xBF---\na\n---\nb\n", "1:\xEF\xBB\xBF---\na\n|3:---\nb\n|"},
    {"\xEF\xBB\xBF{\"a\": 1}\n{\"b\": 1}\n", "1:\xEF\xBB\xBF{\"a\": 1}\n|2:{\"b\": 1}\n|"},
    /* JSON. */
    {"{\"a\": 1}", "1:{\"a\": 1}|"},
    {"{\"a\": 1}\n{\"b\": 2}\n", "1:{\"a\": 1}\n|2:{\"b\": 2}\n|"},
    {"{\"a\": 1} {\"b\": 2}{\n\"c\": 3}", "1:{\"a\": 1} |1:{\"b\": 2}|1:{\n\"c\": 3}|"},
    {"{\n  \"a\": {\"}\": [\"\\\"{\", {}]}\n}\n\n# c\n{\"b\": 2}\n",
	"1:{\n  \"a\": {\"}\": [\"\\\"{\", {}]}\n}\n|4:\n# c\n{\"b\": 2}\n|"},
    {"{\"a\": 1} # {\n{\"b\": 2}\n", "1:{\"a\": 1} # {\n|2:{\"b\": 2}\n|"},
    {"{\"a\": 1}\n---\n{\"b\": 2}\n", "1:{\"a\": 1}\n|2:---\n{\"b\": 2}\n|"},
    /* YAML that begins as JSON. */
    {"{a: '}', b: 1}\n---\nc\n", "1:{a: '}', b: 1}\n|2:---\nc\n|"},
    {"{\"a\": '}'\n, b: 1}\n---\nc\n", "1:{\"a\": '}'\n, b: 1}\n|3:---\nc\n|"},
    {"{\"a\": \"b\n c\"}\n---\nc\n", "1:{\"a\": \"b\n c\"}\n|3:---\nc\n|"},
    {"{\"a\": 1\n---\nc\n", "1:{\"a\": 1\n|2:---\nc\n|"},
    {"{\"a\": 1}: x\n---\nc\n", "1:{\"a\": 1}: x\n|2:---\nc\n|"},
    {"{\"a", "1:{\"a|"},
    {"{", "1:{|"},
};

START_TEST(a_stream_is_split_into_documents)
{
	cleanup_secret struct secret_buffer whole = SECRET_BUFFER_INIT, bytes = SECRET_BUFFER_INIT;
	const char *text = streams[_i].text;

	expect_ok(split(text, strlen(text), 4096, &whole), err);
	expect_text(whole, streams[_i].documents);
	expect_ok(split(text, strlen(text), 1, &bytes), err);
	expect_text(bytes, streams[_i].documents);
}
END_TEST

static const struct {
	const char *text;
	size_t length;
	const char *encoding;
} encodings[] = {
    {"\xFF\xFE"
     "a\0:\0",
	6, "UTF-16"},
    {"\xFE\xFF\0a\0:", 6, "UTF-16"},
    {"a\0:\0 \0b\0", 8, "UTF-16"},
    {"\0a\0:\0 \0b", 8, "UTF-16"},
    {"\xFF\xFE\0\0a\0\0\0", 8, "UTF-32"},
    {"\0\0\xFE\xFF\0\0\0a", 8, "UTF-32"},
    {"a\0\0\0:\0\0\0", 8, "UTF-32"},
    {"\0\0\0a\0\0\0:", 8, "UTF-32"},
};

START_TEST(another_encoding_is_refused_by_name)
{
	cleanup_secret struct secret_buffer out = SECRET_BUFFER_INIT;

	for (size_t step = 1; step <= 4096; step *= 64) {
		expect_failure(split(encodings[_i].text, encodings[_i].length, step, &out), err,
		    ERROR_INVALID, encodings[_i].encoding);
		expect_contains(err.message, "convert it to UTF-8");
	}
}
END_TEST

/* Random text is split alike whether it arrives whole or in single bytes. */
START_TEST(all_documents_together_are_the_stream)
{
	static const char *const pieces[] = {"---", "...", "\n", "\n", "\r\n", " ", "\t", "#", "{",
	    "}", "\"", "\\", "[", "]", "a", "a: b", "%", "'", "\xEF\xBB\xBF", "{\"a\": 1}", ":",
	    "\xFF"};

	for (unsigned round = 0; round < 1000; round++) {
		cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
		cleanup_secret struct secret_buffer out = SECRET_BUFFER_INIT;
		cleanup_secret struct secret_buffer bytes = SECRET_BUFFER_INIT;
		unsigned seed = round;

		for (int i = 0; i < 40; i++)
			expect_ok(secret_buffer_append_string(
				      &text, pieces[(unsigned)rand_r(&seed) % COUNT(pieces)], &err),
			    err);
		expect_ok(split(text.data, text.length, 4096, &out), err);
		expect_ok(split(text.data, text.length, 1, &bytes), err);
		ck_assert_str_eq(out.data, bytes.data);
		/* Skip the numbers and bars of split(). */
		char *document = out.data;
		size_t at = 0;
		while (at < text.length) {
			document = strchr(document, ':') + 1;
			for (; *document != '|'; at++, document++)
				ck_assert_int_eq(*document, text.data[at]);
		}
	}
}
END_TEST

/* The stream is longer than the buffer. */
START_TEST(a_long_stream_is_split_like_a_short_one)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT, out = SECRET_BUFFER_INIT;
	size_t bars = 0;

	for (int i = 0; i < 20000; i++)
		expect_ok(secret_buffer_append_format(&text, &err,
			      i % 3 ? "---\nnumber: %d\ntext: some more text\n"
				    : "...\n---\n{\"number\": %d, \"text\": \"some more text\"}\n",
			      i),
		    err);
	expect_ok(split(text.data, text.length, 65536, &out), err);
	for (size_t i = 0; i < out.length; i++)
		bars += out.data[i] == '|';
	/* Each "..." ends the document before it; the first has none. */
	ck_assert_uint_eq(bars, 20001);
}
END_TEST

START_TEST(a_document_over_the_limit_is_refused)
{
	cleanup_secret struct secret_buffer document = SECRET_BUFFER_INIT;
	struct manifest_stream stream;
	char line[1024];
	pthread_t thread;
	size_t number;
	int fds[2];

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	if (_i == 1)
		memcpy(line, "{\"", 2);
	ck_assert_int_eq(pipe(fds), 0);
	/* 1 GiB, but only the beginning is read. */
	struct feeder feeder = {fds[1], line, sizeof(line), sizeof(line), (size_t)1024 * 1024};
	ck_assert_ptr_ne(signal(SIGPIPE, SIG_IGN), SIG_ERR);
	ck_assert_int_eq(pthread_create(&thread, NULL, feed, &feeder), 0);
	manifest_stream_begin(&stream, fds[0], "app.yaml");
	expect_failure(manifest_stream_next(&stream, &document, &number, &err), err,
	    ERROR_TOO_LARGE,
	    "app.yaml: line 1: the document that begins here has more than 16 MiB");
	ck_assert_uint_le(stream.buffer.capacity, 2 * stream.buffer.limit);
	manifest_stream_end(&stream);
	close(fds[0]);
	pthread_join(thread, NULL);
}
END_TEST

START_TEST(a_document_at_the_limit_is_read)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT, out = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append_string(&text, "a: ", &err), err);
	expect_ok(secret_buffer_reserve(&text, MANIFEST_DOCUMENT_MAX, &err), err);
	memset(text.data + 3, 'x', MANIFEST_DOCUMENT_MAX - 3);
	text.data[MANIFEST_DOCUMENT_MAX - 1] = '\n';
	text.length = MANIFEST_DOCUMENT_MAX;
	expect_ok(secret_buffer_append_string(&text, "---\nb\n", &err), err);
	expect_ok(split(text.data, text.length, 65536, &out), err);
	ck_assert_uint_eq(out.length, MANIFEST_DOCUMENT_MAX + 3 + 6 + 3);
}
END_TEST

START_TEST(a_folder_is_an_error)
{
	cleanup_secret struct secret_buffer document = SECRET_BUFFER_INIT;
	struct manifest_stream stream;
	size_t line;
	int fd = open("/", O_RDONLY);

	manifest_stream_begin(&stream, fd, "/");
	expect_failure(manifest_stream_next(&stream, &document, &line, &err), err, ERROR_SYSTEM,
	    "/: read: Is a directory");
	manifest_stream_end(&stream);
	close(fd);
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_loop_test(tests, another_encoding_is_refused_by_name, 0, COUNT(encodings));
	tcase_add_loop_test(tests, a_stream_is_split_into_documents, 0, COUNT(streams));
	tcase_add_test(tests, all_documents_together_are_the_stream);
	tcase_add_test(tests, a_long_stream_is_split_like_a_short_one);
	tcase_add_loop_test(tests, a_document_over_the_limit_is_refused, 0, 2);
	tcase_add_test(tests, a_document_at_the_limit_is_read);
	tcase_add_test(tests, a_folder_is_an_error);
}

int main(void)
{
	return run_tests("manifest_stream", add_tests);
}
