/* Transit ciphertext: "vault:vN:" and base64. */
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/sealed/sealed.h"

#define PREFIX "vault:v"
#define PREFIX_LENGTH (sizeof(PREFIX) - 1)
/* Eighteen digits always fit an int64_t, and no key has that many versions. */
#define VERSION_DIGITS_MAX 18
#define ENCODED "dmF1bHQ6" /* base64 of "vault:" */
/* Enough for the longest prefix and MENTION_LETTERS_MIN. */
#define ENCODED_LETTERS_MAX ((size_t)64)
/*
 * Letters after the prefix of a mention.  Examples in documents have fewer; ciphertext has more,
 * because Transit adds at least 28 bytes to a value.
 */
#define MENTION_LETTERS_MIN 16

bool sealed_is_ciphertext(const char *bytes, size_t length)
{
	size_t at = PREFIX_LENGTH;

	if (length < PREFIX_LENGTH || memcmp(bytes, PREFIX, PREFIX_LENGTH) != 0)
		return false;
	while (at < length && bytes[at] >= '0' && bytes[at] <= '9')
		at++;
	return at > PREFIX_LENGTH && at < length && bytes[at] == ':';
}

bool sealed_entry_is_ciphertext(const struct kube_entry *entry)
{
	return sealed_is_ciphertext(secret_buffer_string(&entry->value), entry->value.length);
}

bool sealed_secret_has_ciphertext(const struct kube_secret *secret)
{
	for (size_t i = 0; i < secret->data_count; i++)
		if (sealed_entry_is_ciphertext(&secret->data[i]))
			return true;
	return false;
}

/*
 * Set *version to N if the bytes begin with "vault:vN:", and return the length of this prefix;
 * otherwise return 0.
 */
static size_t read_prefix(const char *bytes, size_t length, int64_t *version)
{
	size_t at = PREFIX_LENGTH;

	*version = 0;
	if (!sealed_is_ciphertext(bytes, length))
		return 0;
	for (; bytes[at] != ':' && at - PREFIX_LENGTH < VERSION_DIGITS_MAX; at++)
		*version = *version * 10 + (bytes[at] - '0');
	return *version < 1 || bytes[at] != ':' ? 0 : at + 1;
}

/* Return the number of base64 letters that the text begins with, at most `most`. */
static size_t count_letters(const char *text, size_t length, size_t most)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t count = 0;

	while (count < length && count < most && memchr(letters, text[count], sizeof(letters) - 1))
		count++;
	return count;
}

/* Return true if the text has the form of base64.  Only Vault can check if it decrypts. */
static bool is_base64(const char *text, size_t length)
{
	size_t padding = 0;

	while (padding < 2 && padding < length && text[length - padding - 1] == '=')
		padding++;
	return length > padding && length % 4 == 0 &&
	       count_letters(text, length, length - padding) == length - padding;
}

int sealed_version(const char *bytes, size_t length, int64_t *version, struct error *err)
{
	int64_t number;

	if (!sealed_is_ciphertext(bytes, length))
		return error_set(
		    err, ERROR_INVALID, "not sealed: the value does not start with \"vault:vN:\"");
	size_t prefix = read_prefix(bytes, length, &number);
	if (prefix == 0 || bytes[PREFIX_LENGTH] == '0')
		return error_set(err, ERROR_INVALID,
		    "garbled ciphertext: invalid key version after \"" PREFIX "\"");
	if (!is_base64(bytes + prefix, length - prefix))
		return error_set(err, ERROR_INVALID, "garbled ciphertext: %s",
		    bytes[length - 1] == '\n' ? "it ends in a newline, which was added to it"
					      : "not base64 after the key version");
	*version = number;
	return 0;
}

/*
 * Ciphertext in other text.
 */

/*
 * Return the version of the ciphertext that the text begins with, or 0.  Vault also decrypts
 * versions with leading zeros.
 */
static int64_t read_mention(const char *text, size_t length)
{
	int64_t version;
	size_t at = read_prefix(text, length, &version);

	return at > 0 && count_letters(text + at, length - at, MENTION_LETTERS_MIN) ==
			     MENTION_LETTERS_MIN
		   ? version
		   : 0;
}

/* Return the version of the ciphertext that the text begins with in base64, or 0. */
static int64_t read_encoded_mention(const char *text, size_t length)
{
	cleanup_secret struct secret_buffer bytes = SECRET_BUFFER_INIT;
	struct error ignored = ERROR_INIT;
	size_t count = count_letters(text, length, ENCODED_LETTERS_MAX) & ~(size_t)3;

	if (length < sizeof(ENCODED) - 1 || memcmp(text, ENCODED, sizeof(ENCODED) - 1) != 0 ||
	    base64_decode(&bytes, text, count, &ignored) < 0)
		return 0;
	return read_mention(secret_buffer_string(&bytes), bytes.length);
}

const char *sealed_find_mention(const char *text, size_t length, int64_t *version)
{
	for (size_t at = 0; at < length; at++) {
		*version = 0;
		if (text[at] == PREFIX[0])
			*version = read_mention(text + at, length - at);
		else if (text[at] == ENCODED[0])
			*version = read_encoded_mention(text + at, length - at);
		if (*version > 0)
			return text + at;
	}
	return NULL;
}
