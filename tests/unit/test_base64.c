#include "lib/base/base64.h"
#include "tests/unit/expect.h"

static struct error err;

/* RFC 4648 section 10, and the two letters in which the alphabets differ. */
static const struct {
	const char *bytes, *base64, *base64url;
} vectors[] = {
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xfb\xff\xbf", "+/+/", "-_-_"},
    {"\xff\xfe", "//4=", "__4"},
};

START_TEST(the_vectors_encode)
{
	cleanup_secret struct secret_buffer plain = SECRET_BUFFER_INIT, url = SECRET_BUFFER_INIT;
	const char *bytes = vectors[_i].bytes;

	expect_ok(base64_encode(&plain, bytes, strlen(bytes), &err), err);
	expect_text(plain, vectors[_i].base64);
	expect_ok(base64_url_encode(&url, bytes, strlen(bytes), &err), err);
	expect_text(url, vectors[_i].base64url);
}
END_TEST

START_TEST(the_vectors_decode)
{
	cleanup_secret struct secret_buffer plain = SECRET_BUFFER_INIT, url = SECRET_BUFFER_INIT;
	const char *base64 = vectors[_i].base64, *base64url = vectors[_i].base64url;

	expect_ok(base64_decode(&plain, base64, strlen(base64), &err), err);
	expect_text(plain, vectors[_i].bytes);
	expect_ok(base64_url_decode(&url, base64url, strlen(base64url), &err), err);
	expect_text(url, vectors[_i].bytes);
}
END_TEST

START_TEST(existing_content_is_kept)
{
	cleanup_secret struct secret_buffer out = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append_string(&out, "a==", &err), err);
	expect_ok(base64_url_encode(&out, "f", 1, &err), err);
	expect_text(out, "a==Zg");
	expect_ok(base64_decode(&out, "Zm8=", 4, &err), err);
	expect_text(out, "a==Zgfo");
}
END_TEST

START_TEST(every_byte_survives)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT, back = SECRET_BUFFER_INIT;
	unsigned char bytes[256];

	for (int i = 0; i < 256; i++)
		bytes[i] = (unsigned char)i;
	expect_ok(base64_encode(&text, bytes, sizeof(bytes), &err), err);
	expect_ok(base64_decode(&back, text.data, text.length, &err), err);
	expect_bytes(back, bytes, sizeof(bytes));
}
END_TEST

static const struct {
	const char *text;
	size_t length;
} refused[] = {
    {"Z", 1},
    {"Zg", 2},
    {"Zg=", 3},
    {"Zg==\n", 5},
    {"Zm9v\nZg==", 9},
    {" Zg=", 4},
    {"Z===", 4},
    {"====", 4},
    {"=Zg=", 4},
    {"Zg==Zg==", 8},
    {"Zm9v====", 8},
    {"-_-_", 4},
    {"Zg=\0", 4},
    {"Zm9v\0\0\0\0", 8},
    {"Zm\xC3\xA9", 4},
    /* Bits that no encoder sets: two texts must not encode the same bytes. */
    {"Zh==", 4},
    {"Zm9=", 4},
};

START_TEST(inexact_base64_is_rejected_and_appends_nothing)
{
	cleanup_secret struct secret_buffer out = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append_string(&out, "before", &err), err);
	expect_failure(base64_decode(&out, refused[_i].text, refused[_i].length, &err), err,
	    ERROR_INVALID, "not base64");
	expect_text(out, "before");
}
END_TEST

static const char *const refused_url[] = {"Z", "Zg==", "+/+/", "Zm9vZ", "Zg\n", "Z g", "Zm9"};

START_TEST(the_url_alphabet_is_as_strict)
{
	cleanup_secret struct secret_buffer out = SECRET_BUFFER_INIT;
	const char *text = refused_url[_i];

	expect_failure(
	    base64_url_decode(&out, text, strlen(text), &err), err, ERROR_INVALID, "not base64");
	expect_text(out, "");
}
END_TEST

START_TEST(the_limit_of_the_buffer_holds)
{
	cleanup_secret struct secret_buffer out = {.limit = 4};

	expect_failure(base64_encode(&out, "foob", 4, &err), err, ERROR_TOO_LARGE, "4 bytes");
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_loop_test(tests, the_vectors_encode, 0, COUNT(vectors));
	tcase_add_loop_test(tests, the_vectors_decode, 0, COUNT(vectors));
	tcase_add_test(tests, existing_content_is_kept);
	tcase_add_test(tests, every_byte_survives);
	tcase_add_loop_test(
	    tests, inexact_base64_is_rejected_and_appends_nothing, 0, COUNT(refused));
	tcase_add_loop_test(tests, the_url_alphabet_is_as_strict, 0, COUNT(refused_url));
	tcase_add_test(tests, the_limit_of_the_buffer_holds);
}

int main(void)
{
	return run_tests("base64", add);
}
