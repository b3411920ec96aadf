#include "lib/http/pem.h"

#include <string.h>
#include <sys/stat.h>

#include "lib/base/utf8.h"

/* For all CA certificates together; four times the system's bundle. */
#define PEM_BYTES_MAX ((size_t)1024 * 1024)

static bool begins_with(const struct secret_buffer *text, const char *bytes)
{
	size_t length = strlen(bytes);

	return text->length >= length && memcmp(text->data, bytes, length) == 0;
}

static bool pem_has(const struct secret_buffer *text, const char *phrase)
{
	return strstr(secret_buffer_string(text), phrase) != NULL;
}

static bool has_certificate(const struct secret_buffer *text)
{
	return pem_has(text, "-----BEGIN CERTIFICATE-----") ||
	       pem_has(text, "-----BEGIN X509 CERTIFICATE-----") ||
	       pem_has(text, "-----BEGIN TRUSTED CERTIFICATE-----");
}

/* Return the problem with bytes that are not text, or NULL. */
static const char *binary_problem(const struct secret_buffer *text)
{
	if (text->length == 0)
		return "empty";
	if (begins_with(text, "\xFF\xFE") || begins_with(text, "\xFE\xFF") ||
	    (text->length > 1 && (!text->data[0] || !text->data[1])))
		return "UTF-16 text; save it as UTF-8";
	/* An ASN.1 SEQUENCE with a long length, or with exactly the length of the text. */
	if (text->length > 1 && text->data[0] == 0x30 &&
	    ((unsigned char)text->data[1] > 0x80 || (size_t)text->data[1] + 2 == text->length))
		return "DER or PKCS #12 instead of PEM; convert it with openssl";
	if (strlen(text->data) != text->length)
		return "not text; use PEM";
	return NULL;
}

static const char *certificate_problem(const struct secret_buffer *text)
{
	if (has_certificate(text))
		return NULL;
	if (pem_has(text, "PRIVATE KEY-----"))
		return "a private key and no certificate";
	if (pem_has(text, "CERTIFICATE REQUEST-----"))
		return "a certificate request; name the certificate that was issued for it";
	if (pem_has(text, "-----BEGIN PKCS7-----"))
		return "PKCS #7; convert it with openssl pkcs7 -print_certs";
	return "no certificate in PEM form";
}

static const char *key_problem(const struct secret_buffer *text)
{
	if (pem_has(text, "-----BEGIN ENCRYPTED PRIVATE KEY-----") ||
	    pem_has(text, "Proc-Type: 4,ENCRYPTED"))
		return "the private key is encrypted; decrypt it with openssl pkey";
	if (pem_has(text, "PRIVATE KEY-----"))
		return NULL;
	return has_certificate(text) ? "a certificate and no private key"
				     : "no private key in PEM form";
}

int http_pem_check(struct secret_buffer *text, enum http_pem kind, struct error *err)
{
	const char *problem = binary_problem(text);

	if (!problem)
		problem = kind == HTTP_PEM_KEY ? key_problem(text) : certificate_problem(text);
	if (problem)
		return error_set(err, ERROR_INVALID, "%s", problem);
	/* A byte order mark would hide the first line from the parser. */
	size_t mark = utf8_mark_length(secret_buffer_string(text), text->length);
	if (mark > 0) {
		text->length -= mark;
		memmove(text->data, text->data + mark, text->length + 1);
	}
	return 0;
}

static int pem_read(struct secret_buffer *text, const char *path, struct error *err)
{
	struct stat status;

	text->limit = PEM_BYTES_MAX;
	if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
		return error_set(err, ERROR_INVALID, "%s: a folder; name a file", path);
	return secret_buffer_read_file(text, path, err);
}

int http_pem_load(struct secret_buffer *text, const char *pem, const char *path, enum http_pem kind,
    struct error *err)
{
	if (pem)
		return secret_buffer_append_string(text, pem, err) < 0
			   ? -1
			   : http_pem_check(text, kind, err);
	if (pem_read(text, path, err) < 0)
		return -1;
	return http_pem_check(text, kind, err) < 0 ? error_wrap(err, "%s", path) : 0;
}
