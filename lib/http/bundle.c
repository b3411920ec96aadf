#include "lib/http/request.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/input_file.h"
#include "lib/base/secret_buffer.h"

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"

/* Debian's bundle has 220 KB; an organisation may add certificates. */
#define BUNDLE_BYTES_USUAL ((size_t)250 * 1024)
#define BUNDLE_BYTES_MAX ((size_t)16 * 1024 * 1024)

/* The first existing file is used. */
static const char *const usual_places[] = {
    "/etc/ssl/certs/ca-certificates.crt",		 /* Debian, Alpine, distroless */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, RHEL */
    "/etc/ssl/ca-bundle.pem",				 /* openSUSE */
    "/etc/ssl/cert.pem",				 /* another name on Alpine */
};

/* There is only one system bundle per process. */
static const char *bundle;
static struct error bundle_failure;

const char *http_bundle_find(bool ignore_environment)
{
	const char *named = ignore_environment ? NULL : getenv("SSL_CERT_FILE");

	if (named && *named)
		return named;
	for (size_t i = 0; i < sizeof(usual_places) / sizeof(usual_places[0]); i++)
		if (access(usual_places[i], F_OK) == 0 || !input_file_is_absent(errno))
			return usual_places[i];
	return NULL;
}

static int letter_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/*
 * Decode PEM's base64 in place and return the number of bytes.  BoringSSL's decoder takes constant
 * time, which only private keys need, and thirty times as many instructions.  The certificate
 * parser rejects invalid text.
 */
static size_t decode(char *text, size_t length)
{
	uint8_t *out = (uint8_t *)text;
	unsigned bits = 0, count = 0;

	for (size_t i = 0; i < length; i++) {
		int value = letter_value(text[i]);
		if (value < 0)
			continue;
		bits = bits << 6 | (unsigned)value;
		count += 6;
		if (count >= 8) {
			count -= 8;
			*out++ = (uint8_t)(bits >> count);
		}
	}
	return (size_t)(out - (uint8_t *)text);
}

static void add_certificate(X509_STORE *store, const uint8_t *der, size_t length)
{
	X509 *certificate = d2i_X509(NULL, &der, (long)length);

	if (certificate)
		X509_STORE_add_cert(store, certificate);
	X509_free(certificate);
}

/*
 * Add the certificates of the bundle that contain this name.  Comparing bytes is enough, because
 * the issuer and the CA's subject must be identical (CA/Browser Forum, Baseline Requirements
 * 7.1.4.1).
 */
static void add_named(X509_STORE *store, X509_NAME *name)
{
	cleanup_secret struct secret_buffer text = {.limit = BUNDLE_BYTES_MAX};
	const uint8_t *wanted;
	size_t size;

	if (secret_buffer_reserve(&text, BUNDLE_BYTES_USUAL, &bundle_failure) < 0 ||
	    secret_buffer_read_file(&text, bundle, &bundle_failure) < 0 ||
	    !X509_NAME_get0_der(name, &wanted, &size))
		return;
	for (char *at = text.data, *end; (at = strstr(at, BEGIN)); at = end) {
		at += strlen(BEGIN);
		if (!(end = strstr(at, END)))
			break;
		size_t length = decode(at, (size_t)(end - at));
		if (memmem(at, length, wanted, size))
			add_certificate(store, (const uint8_t *)at, length);
	}
	ERR_clear_error();
}

/* Return true if the server has sent the certificate's issuer. */
static bool is_issued_in_chain(X509_STORE_CTX *verifying, X509 *certificate)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_untrusted(verifying);

	for (size_t i = 0; i < sk_X509_num(chain); i++) {
		X509 *other = sk_X509_value(chain, i);
		if (X509_cmp(other, certificate) != 0 &&
		    X509_check_issued(other, certificate) == X509_V_OK)
			return true;
	}
	return false;
}

/*
 * Find the certificate's issuer among the trusted certificates, as X509_STORE_CTX_get1_issuer does.
 * If neither the bundle contains exactly this name nor the server has sent the issuer, verification
 * is about to fail.  In that case load the whole bundle, whose names may be encoded differently.
 * Do not open an unreadable bundle again, because BoringSSL would wait for a FIFO forever.
 */
static int get_issuer(X509 **issuer, X509_STORE_CTX *verifying, X509 *certificate)
{
	X509_STORE *store = X509_STORE_CTX_get0_store(verifying);
	int found = X509_STORE_CTX_get1_issuer(issuer, verifying, certificate);

	if (found != 0)
		return found;
	add_named(store, X509_get_issuer_name(certificate));
	found = X509_STORE_CTX_get1_issuer(issuer, verifying, certificate);
	if (found != 0 || bundle_failure.code || is_issued_in_chain(verifying, certificate))
		return found;
	X509_STORE_load_locations(store, bundle, NULL);
	ERR_clear_error();
	return X509_STORE_CTX_get1_issuer(issuer, verifying, certificate);
}

void http_bundle_trust(SSL_CTX *ssl, const char *path)
{
	bundle = path;
	error_clear(&bundle_failure);
	X509_STORE_set_get_issuer(SSL_CTX_get_cert_store(ssl), get_issuer);
}

void http_bundle_failure(struct error *err)
{
	if (!bundle_failure.code)
		return;
	*err = bundle_failure;
	error_wrap(err, "CA certificates of the system");
}
