#include "cmd/secret-dev/random.h"

#include <openssl/mem.h>
#include <openssl/rand.h>
#include <stdio.h>

#include "lib/base/base64.h"

void random_uuid(char uuid[UUID_SIZE])
{
	uint8_t b[16];

	RAND_bytes(b, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(uuid, UUID_SIZE,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
	    b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
	    b[15]);
}

int random_token(struct secret_buffer *out, const char *prefix, size_t bytes, struct error *err)
{
	uint8_t raw[128];

	if (bytes > sizeof(raw))
		return error_set(err, ERROR_INVALID, "a token of more than %zu bytes", sizeof(raw));
	RAND_bytes(raw, bytes);
	int result = secret_buffer_append_string(out, prefix, err);
	if (result == 0)
		result = base64_url_encode(out, raw, bytes, err);
	OPENSSL_cleanse(raw, sizeof(raw));
	return result;
}
