#include "lib/sealed/mention.h"

#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"

#define PLAIN "vault:v"
#define ENCODED "dmF1bHQ6" /* base64 of "vault:" */
/* Enough for the longest prefix and LETTERS_MIN. */
#define ENCODED_LETTERS_MAX ((size_t)64)
/* Longer than the examples of documents: Transit adds at least 28 bytes to a value. */
#define LETTERS_MIN 16

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Return the number of base64 letters that the text begins with, at most `most`. */
static size_t count_letters(const char *text, size_t length, size_t most)
{
	size_t count = 0;

	while (count < length && count < most && memchr(letters, text[count], sizeof(letters) - 1))
		count++;
	return count;
}

/* Return the version of the ciphertext that the text begins with, or 0. */
static int64_t read_version(const char *text, size_t length)
{
	size_t at = sizeof(PLAIN) - 1;
	int64_t version = 0;

	if (length < at || memcmp(text, PLAIN, at) != 0)
		return 0;
	for (; at < length && text[at] >= '0' && text[at] <= '9' && version < INT32_MAX; at++)
		version = version * 10 + (text[at] - '0');
	if (at == length || text[at] != ':')
		return 0;
	at++;
	return count_letters(text + at, length - at, LETTERS_MIN) == LETTERS_MIN ? version : 0;
}

/* Return the version of the ciphertext that the text begins with in base64, or 0. */
static int64_t read_encoded_version(const char *text, size_t length)
{
	cleanup_secret struct secret_buffer bytes = SECRET_BUFFER_INIT;
	struct error ignored = ERROR_INIT;
	size_t count = count_letters(text, length, ENCODED_LETTERS_MAX) & ~(size_t)3;

	if (length < sizeof(ENCODED) - 1 || memcmp(text, ENCODED, sizeof(ENCODED) - 1) != 0 ||
	    base64_decode(&bytes, text, count, &ignored) < 0)
		return 0;
	return read_version(secret_buffer_string(&bytes), bytes.length);
}

const char *sealed_find_mention(const char *text, size_t length, int64_t *version)
{
	for (size_t at = 0; at < length; at++) {
		*version = 0;
		if (text[at] == PLAIN[0])
			*version = read_version(text + at, length - at);
		else if (text[at] == ENCODED[0])
			*version = read_encoded_version(text + at, length - at);
		if (*version > 0)
			return text + at;
	}
	return NULL;
}
