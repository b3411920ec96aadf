#include "cmd/secret-dev/keyring.h"

#include <inttypes.h>
#include <openssl/aead.h>
#include <openssl/digest.h>
#include <openssl/hkdf.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/base64.h"

#define KEY_BYTES 32
#define NONCE_BYTES 12
#define TAG_BYTES 16
#define CIPHERTEXT_PREFIX "vault:v"

int keyring_init(struct keyring *keyring, const char *name, bool derived, struct error *err)
{
	*keyring = (struct keyring){.derived = derived, .min_decryption_version = 1};
	keyring->name = strdup(name);
	if (!keyring->name)
		return error_memory(err);
	return keyring_rotate(keyring, err);
}

void keyring_free(struct keyring *keyring)
{
	for (size_t i = 0; i < keyring->count; i++)
		secret_buffer_free(&keyring->versions[i].key);
	free(keyring->versions);
	free(keyring->name);
	memset(keyring, 0, sizeof(*keyring));
}

int keyring_rotate(struct keyring *keyring, struct error *err)
{
	struct keyring_version version = {SECRET_BUFFER_INIT, time(NULL)};
	struct keyring_version *grown =
	    reallocarray(keyring->versions, keyring->count + 1, sizeof(*grown));

	if (!grown)
		return error_memory(err);
	keyring->versions = grown;
	if (secret_buffer_reserve(&version.key, KEY_BYTES, err) < 0)
		return -1;
	RAND_bytes((uint8_t *)version.key.data, KEY_BYTES);
	version.key.length = KEY_BYTES;
	grown[keyring->count++] = version;
	return 0;
}

void keyring_binding_free(struct keyring_binding *binding)
{
	secret_buffer_free(&binding->context);
	secret_buffer_free(&binding->associated_data);
}

/* Append the key that encrypts: the key of the version, or a key derived from it. */
static int message_key(const struct keyring *keyring, int64_t version,
    const struct secret_buffer *context, struct secret_buffer *key, struct error *err)
{
	const struct secret_buffer *own = &keyring->versions[version - 1].key;

	if (!keyring->derived)
		return secret_buffer_append(key, own->data, own->length, err);
	if (context->length == 0)
		return error_set(err, ERROR_INVALID,
		    "missing 'context' for key derivation; the key was created using a derived "
		    "key, which means additional, per-request information must be included in "
		    "order to perform operations with the key");
	if (secret_buffer_reserve(key, KEY_BYTES, err) < 0)
		return -1;
	if (!HKDF((uint8_t *)key->data, KEY_BYTES, EVP_sha256(), (const uint8_t *)own->data,
		own->length, NULL, 0, (const uint8_t *)context->data, context->length))
		return error_set(err, ERROR_SYSTEM, "deriving a key");
	key->length = KEY_BYTES;
	return 0;
}

static int cipher_init(EVP_AEAD_CTX *cipher, const struct keyring *keyring, int64_t version,
    const struct secret_buffer *context, struct error *err)
{
	cleanup_secret struct secret_buffer key = SECRET_BUFFER_INIT;

	if (message_key(keyring, version, context, &key, err) < 0)
		return -1;
	if (!EVP_AEAD_CTX_init(cipher, EVP_aead_aes_256_gcm(), (const uint8_t *)key.data,
		key.length, TAG_BYTES, NULL))
		return error_set(err, ERROR_SYSTEM, "setting up AES-256-GCM");
	return 0;
}

/* Append the nonce, the encrypted bytes and the tag. */
static int seal_message(const EVP_AEAD_CTX *cipher, const struct secret_buffer *associated_data,
    const struct secret_buffer *plaintext, struct secret_buffer *sealed, struct error *err)
{
	size_t length;

	if (secret_buffer_reserve(sealed, NONCE_BYTES + plaintext->length + TAG_BYTES, err) < 0)
		return -1;
	uint8_t *nonce = (uint8_t *)sealed->data;
	RAND_bytes(nonce, NONCE_BYTES);
	if (!EVP_AEAD_CTX_seal(cipher, nonce + NONCE_BYTES, &length, plaintext->length + TAG_BYTES,
		nonce, NONCE_BYTES, (const uint8_t *)plaintext->data, plaintext->length,
		(const uint8_t *)associated_data->data, associated_data->length))
		return error_set(err, ERROR_SYSTEM, "AES-256-GCM");
	sealed->length = NONCE_BYTES + length;
	return 0;
}

static int check_encryption_version(
    const struct keyring *keyring, int64_t version, struct error *err)
{
	if (version < 0)
		return error_set(
		    err, ERROR_INVALID, "requested version for encryption is negative");
	if (version > (int64_t)keyring->count)
		return error_set(err, ERROR_INVALID,
		    "requested version for encryption is higher than the latest key version");
	if (version < keyring->min_encryption_version)
		return error_set(err, ERROR_INVALID,
		    "requested version for encryption is less than the minimum encryption key version");
	return 0;
}

int keyring_encrypt(const struct keyring *keyring, int64_t version,
    const struct keyring_binding *binding, const struct secret_buffer *plaintext,
    struct secret_buffer *ciphertext, struct error *err)
{
	cleanup_secret struct secret_buffer sealed = SECRET_BUFFER_INIT;
	EVP_AEAD_CTX cipher;

	if (version == 0)
		version = (int64_t)keyring->count;
	if (check_encryption_version(keyring, version, err) < 0 ||
	    cipher_init(&cipher, keyring, version, &binding->context, err) < 0)
		return -1;
	int result = seal_message(&cipher, &binding->associated_data, plaintext, &sealed, err);
	EVP_AEAD_CTX_cleanup(&cipher);
	if (result < 0 || secret_buffer_append_format(
			      ciphertext, err, CIPHERTEXT_PREFIX "%" PRId64 ":", version) < 0)
		return -1;
	return base64_encode(ciphertext, sealed.data, sealed.length, err);
}

/* Read "vault:vN:" into *version, and set *base64 to the text after it. */
static int split_ciphertext(const struct keyring *keyring, const char *text, int64_t *version,
    const char **base64, struct error *err)
{
	char *end;

	if (strncmp(text, CIPHERTEXT_PREFIX, strlen(CIPHERTEXT_PREFIX)) != 0)
		return error_set(err, ERROR_INVALID, "invalid ciphertext: no prefix");
	const char *digits = text + strlen(CIPHERTEXT_PREFIX), *colon = strchr(digits, ':');
	if (!colon)
		return error_set(err, ERROR_INVALID, "invalid ciphertext: wrong number of fields");
	*version = strtoll(digits, &end, 10);
	if (end != colon || end == digits || *digits == ' ')
		return error_set(
		    err, ERROR_INVALID, "invalid ciphertext: version number could not be decoded");
	if (*version == 0)
		*version = 1; /* Vault's first format began with version 0 */
	if (*version > (int64_t)keyring->count)
		return error_set(err, ERROR_INVALID, "invalid ciphertext: version is too new");
	if (*version < keyring->min_decryption_version)
		return error_set(err, ERROR_INVALID,
		    "ciphertext or signature version is disallowed by policy (too old)");
	*base64 = colon + 1;
	return 0;
}

static int open_message(const EVP_AEAD_CTX *cipher, const struct secret_buffer *associated_data,
    const struct secret_buffer *sealed, struct secret_buffer *plaintext, struct error *err)
{
	const uint8_t *nonce = (const uint8_t *)sealed->data;
	size_t length = sealed->length - NONCE_BYTES;

	if (secret_buffer_reserve(plaintext, length, err) < 0)
		return -1;
	if (!EVP_AEAD_CTX_open(cipher, (uint8_t *)plaintext->data, &plaintext->length, length,
		nonce, NONCE_BYTES, nonce + NONCE_BYTES, length,
		(const uint8_t *)associated_data->data, associated_data->length)) {
		plaintext->length = 0;
		return error_set(err, ERROR_INVALID, "cipher: message authentication failed");
	}
	plaintext->data[plaintext->length] = '\0';
	return 0;
}

int keyring_decrypt(const struct keyring *keyring, const struct keyring_binding *binding,
    const struct secret_buffer *ciphertext, struct secret_buffer *plaintext, struct error *err)
{
	cleanup_secret struct secret_buffer sealed = SECRET_BUFFER_INIT;
	const char *base64 = NULL;
	EVP_AEAD_CTX cipher;
	int64_t version = 0;

	secret_buffer_reset(plaintext);
	if (split_ciphertext(keyring, secret_buffer_string(ciphertext), &version, &base64, err) < 0)
		return -1;
	if (base64_decode(&sealed, base64, strlen(base64), err) < 0)
		return error_set(err, ERROR_INVALID, "invalid ciphertext: could not decode base64");
	if (sealed.length < NONCE_BYTES)
		return error_set(err, ERROR_INVALID, "invalid ciphertext length");
	if (cipher_init(&cipher, keyring, version, &binding->context, err) < 0)
		return -1;
	int result = open_message(&cipher, &binding->associated_data, &sealed, plaintext, err);
	EVP_AEAD_CTX_cleanup(&cipher);
	return result;
}
