/*
 * Bundles of CA certificates: whatever else is in one, a certificate is trusted if its CA is in it,
 * and not without.
 *
 * The input is a bundle.
 */
#include "lib/http/request.h"

#include <openssl/ec_key.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define DAY_S 86400

static EVP_PKEY *ca_key;
static X509 *ca, *leaf;
static char ca_pem[4096];

static X509 *make_certificate(const char *subject, const char *issuer, bool is_ca)
{
	X509 *certificate = X509_new();
	X509V3_CTX context;

	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), is_ca ? 1 : 2);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY_S);
	X509_gmtime_adj(X509_getm_notAfter(certificate), DAY_S);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
	    (const uint8_t *)subject, -1, -1, 0);
	X509_NAME_add_entry_by_txt(X509_get_issuer_name(certificate), "CN", MBSTRING_UTF8,
	    (const uint8_t *)issuer, -1, -1, 0);
	X509_set_pubkey(certificate, ca_key);
	X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_nconf_nid(
	    NULL, &context, NID_basic_constraints, is_ca ? "critical,CA:TRUE" : "CA:FALSE");
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	FUZZ_CHECK(X509_sign(certificate, ca_key, EVP_sha256()) > 0);
	return certificate;
}

static void make_certificates(void)
{
	EC_KEY *key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
	BIO *out = BIO_new(BIO_s_mem());
	const uint8_t *text;
	size_t length;

	FUZZ_CHECK(key && out && EC_KEY_generate_key(key));
	ca_key = EVP_PKEY_new();
	FUZZ_CHECK(EVP_PKEY_assign_EC_KEY(ca_key, key));
	ca = make_certificate("a CA", "a CA", true);
	leaf = make_certificate("a server", "a CA", false);
	FUZZ_CHECK(PEM_write_bio_X509(out, ca) && BIO_mem_contents(out, &text, &length));
	FUZZ_CHECK(length < sizeof(ca_pem));
	memcpy(ca_pem, text, length);
	BIO_free(out);
}

/* Look up an issuer as libcurl does in a handshake.  -1: out of memory. */
static int is_trusted(const char *path)
{
	SSL_CTX *ssl = SSL_CTX_new(TLS_method());
	X509_STORE_CTX *verifying = X509_STORE_CTX_new();
	int trusted = -1;

	if (ssl)
		http_bundle_trust(ssl, path);
	if (ssl && verifying &&
	    X509_STORE_CTX_init(verifying, SSL_CTX_get_cert_store(ssl), leaf, NULL)) {
		trusted = X509_verify_cert(verifying) == 1;
		if (getenv("FUZZ_SHOW"))
			fprintf(stderr, "%s\n",
			    X509_verify_cert_error_string(X509_STORE_CTX_get_error(verifying)));
	}
	X509_STORE_CTX_free(verifying);
	SSL_CTX_free(ssl);
	return trusted;
}

void fuzz_case(struct fuzz_input *input)
{
	static char bundle[1 << 20];
	char path[64];
	size_t length = input->length;

	fuzz_do_not_compare();
	if (!leaf)
		make_certificates();
	if (length > sizeof(bundle) - sizeof(ca_pem))
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fuzz_file(input->data, length));
	FUZZ_CHECK(is_trusted(path) <= 0);
	memcpy(bundle, ca_pem, strlen(ca_pem));
	if (length)
		memcpy(bundle + strlen(ca_pem), input->data, length);
	fuzz_file(bundle, strlen(ca_pem) + length);
	int trusted = is_trusted(path);
	FUZZ_CHECK(trusted == 1 || (fuzz_is_failing() && trusted <= 0));
}
