#include "lib/base/base64.h"

#include <openssl/base64.h>
#include <openssl/mem.h>
#include <string.h>

int base64_encode(struct secret_buffer *out, const void *bytes, size_t length, struct error *err)
{
	size_t room;

	if (!EVP_EncodedLength(&room, length))
		return error_set(err, ERROR_TOO_LARGE, "too large for base64");
	if (secret_buffer_reserve(out, room, err) < 0)
		return -1;
	out->length += EVP_EncodeBlock((uint8_t *)out->data + out->length, bytes, length);
	out->data[out->length] = '\0';
	return 0;
}

/*
 * Return true if the last group is canonical.  BoringSSL ignores the unused bits before the
 * padding, but the same bytes must not have two encodings.
 */
static bool ends_exactly(const char *text, size_t length, const char *bytes, size_t count)
{
	uint8_t last[5];
	size_t rest = count % 3;

	if (rest == 0)
		return true;
	EVP_EncodeBlock(last, (const uint8_t *)bytes + count - rest, rest);
	bool same = memcmp(last, text + length - 4, 4) == 0;
	OPENSSL_cleanse(last, sizeof(last));
	return same;
}

int base64_decode(struct secret_buffer *out, const char *text, size_t length, struct error *err)
{
	size_t room, got;

	if (!EVP_DecodedLength(&room, length))
		return error_set(
		    err, ERROR_INVALID, "not base64: the length is not a multiple of 4");
	if (secret_buffer_reserve(out, room, err) < 0)
		return -1;
	int good = EVP_DecodeBase64(
	    (uint8_t *)out->data + out->length, &got, room, (const uint8_t *)text, length);
	good = good && ends_exactly(text, length, out->data + out->length, got);
	if (good)
		out->length += got;
	out->data[out->length] = '\0';
	return good ? 0 : error_set(err, ERROR_INVALID, "not base64");
}

/* Convert between the two alphabets, which differ in two characters. */
static void translate(char *text, size_t length, const char from[2], const char to[2])
{
	for (size_t i = 0; i < length; i++)
		for (int letter = 0; letter < 2; letter++)
			if (text[i] == from[letter]) {
				text[i] = to[letter];
				break;
			}
}

int base64_url_encode(
    struct secret_buffer *out, const void *bytes, size_t length, struct error *err)
{
	size_t start = out->length;

	if (base64_encode(out, bytes, length, err) < 0)
		return -1;
	while (out->length > start && out->data[out->length - 1] == '=')
		out->length--;
	out->data[out->length] = '\0';
	translate(out->data + start, out->length - start, "+/", "-_");
	return 0;
}

int base64_url_decode(struct secret_buffer *out, const char *text, size_t length, struct error *err)
{
	cleanup_secret struct secret_buffer standard = SECRET_BUFFER_INIT;

	if (length &&
	    (memchr(text, '+', length) || memchr(text, '/', length) || memchr(text, '=', length)))
		return error_set(err, ERROR_INVALID, "not base64url");
	if (secret_buffer_append(&standard, text, length, err) < 0)
		return -1;
	translate(standard.data, standard.length, "-_", "+/");
	while (standard.length % 4)
		if (secret_buffer_append(&standard, "=", 1, err) < 0)
			return -1;
	return base64_decode(out, standard.data, standard.length, err);
}
