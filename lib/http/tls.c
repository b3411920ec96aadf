#include <malloc.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/obj.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "lib/http/pem.h"
#include "lib/http/request.h"

/* OpenSSL's security level 2 (112 bits), as in Debian's curl. */
#define RSA_BITS_MIN 2048

/* The first group gets a key share. */
static const int groups[] = {NID_X25519, NID_X9_62_prime256v1, NID_secp384r1, NID_secp521r1};

/* BoringSSL's defaults, with P-521 and Ed25519 added and SHA-1 removed. */
static const uint16_t signatures[] = {
    SSL_SIGN_ECDSA_SECP256R1_SHA256,
    SSL_SIGN_RSA_PSS_RSAE_SHA256,
    SSL_SIGN_RSA_PKCS1_SHA256,
    SSL_SIGN_ECDSA_SECP384R1_SHA384,
    SSL_SIGN_RSA_PSS_RSAE_SHA384,
    SSL_SIGN_RSA_PKCS1_SHA384,
    SSL_SIGN_ECDSA_SECP521R1_SHA512,
    SSL_SIGN_RSA_PSS_RSAE_SHA512,
    SSL_SIGN_RSA_PKCS1_SHA512,
    SSL_SIGN_ED25519,
};

/* Some BoringSSL functions do not distinguish lack of memory from an invalid certificate. */
static bool allocation_failed;

/* BoringSSL's allocator (mem.h). */
void *OPENSSL_memory_alloc(size_t size);
void OPENSSL_memory_free(void *memory);
size_t OPENSSL_memory_get_size(void *memory);

void *OPENSSL_memory_alloc(size_t size)
{
	void *memory = malloc(size);

	allocation_failed = allocation_failed || !memory;
	return memory;
}

void OPENSSL_memory_free(void *memory)
{
	OPENSSL_cleanse(memory, malloc_usable_size(memory));
	free(memory);
}

size_t OPENSSL_memory_get_size(void *memory)
{
	return malloc_usable_size(memory);
}

bool http_tls_lacked_memory(void)
{
	bool failed = allocation_failed;

	allocation_failed = false;
	return failed;
}

/* Set *err with the certificate's subject.  Return false. */
static bool reject(struct error *err, X509 *certificate, const char *problem, const char *detail)
{
	char subject[128] = "";

	if (http_tls_lacked_memory()) {
		error_memory(err);
		return false;
	}
	X509_NAME_oneline(X509_get_subject_name(certificate), subject, sizeof(subject));
	error_set(
	    err, ERROR_NETWORK, "TLS certificate not trusted: %s: %s%s", subject, problem, detail);
	return false;
}

static bool has_strong_key(X509 *certificate, struct error *err)
{
	EVP_PKEY *key = X509_get_pubkey(certificate);
	int kind = key ? EVP_PKEY_id(key) : EVP_PKEY_NONE, bits = key ? EVP_PKEY_bits(key) : 0;

	EVP_PKEY_free(key);
	switch (kind) {
	case EVP_PKEY_RSA:
		return bits >= RSA_BITS_MIN ||
		       reject(err, certificate,
			   "its RSA key is too short; issue it with 2048 bits or more", "");
	case EVP_PKEY_EC:
	case EVP_PKEY_ED25519:
		return true;
	default:
		return reject(
		    err, certificate, "unknown kind of key; use RSA, ECDSA or Ed25519", "");
	}
}

static bool has_strong_signature(X509 *certificate, struct error *err)
{
	int nid = X509_get_signature_nid(certificate), digest = NID_undef;

	OBJ_find_sigid_algs(nid, &digest, NULL);
	switch (digest) {
	case NID_sha256:
	case NID_sha384:
	case NID_sha512:
		return true;
	default:
		/* With RSA-PSS, BoringSSL verifies only SHA-256 and longer. */
		return nid == NID_rsassaPss || nid == NID_ED25519 ||
		       reject(err, certificate,
			   "weak signature; issue it with SHA-256 or longer instead of ",
			   nid == NID_undef ? "an unknown one" : OBJ_nid2ln(nid));
	}
}

static bool has_alternative_name(X509 *certificate, struct error *err)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	bool found = false;

	for (size_t i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		int type = sk_GENERAL_NAME_value(names, i)->type;
		found = found || type == GEN_DNS || type == GEN_IPADD;
	}
	GENERAL_NAMES_free(names);
	return found ||
	       reject(err, certificate,
		   "no DNS name or IP address as subject alternative name; issue it with one", "");
}

/* Check a verified chain.  The last certificate is trusted by its bytes, without its signature. */
static bool is_strong(STACK_OF(X509) * chain, struct error *err)
{
	size_t count = sk_X509_num(chain);

	for (size_t i = 0; i < count; i++) {
		X509 *certificate = sk_X509_value(chain, i);
		if (!has_strong_key(certificate, err) ||
		    (i + 1 < count && !has_strong_signature(certificate, err)))
			return false;
	}
	return has_alternative_name(sk_X509_value(chain, 0), err);
}

static int verify_chain(X509_STORE_CTX *verifying, void *context)
{
	struct http_request *request = context;
	struct error *failure = &request->failure;

	if (X509_verify_cert(verifying) <= 0) {
		if (request->bundle)
			http_bundle_failure(failure);
		if (http_tls_lacked_memory())
			error_memory(failure);
		return 0;
	}
	if (is_strong(X509_STORE_CTX_get0_chain(verifying), failure))
		return 1;
	X509_STORE_CTX_set_error(verifying, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}

/* Trust all certificates of the PEM text. */
static int add_certificates(X509_STORE *store, const struct secret_buffer *text, struct error *err)
{
	BIO *bio = BIO_new_mem_buf(text->data, (int)text->length);
	X509 *certificate;
	size_t count = 0;
	bool added = bio != NULL;

	ERR_clear_error();
	for (; added && (certificate = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL)); count++) {
		added = X509_STORE_add_cert(store, certificate);
		X509_free(certificate);
	}
	BIO_free(bio);
	uint32_t problem = ERR_peek_last_error();
	if (!added || http_tls_lacked_memory())
		return error_memory(err);
	if (count > 0 && ERR_GET_REASON(problem) == PEM_R_NO_START_LINE)
		return 0;
	return error_set(err, ERROR_INVALID, "certificate %zu cannot be parsed: %s", count + 1,
	    ERR_reason_error_string(problem));
}

/* Trust the endpoint's CA certificates.  A file is read for each connection. */
static int trust_endpoint_ca(
    X509_STORE *store, const struct http_endpoint *endpoint, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	if (http_pem_load(&text, endpoint->ca_pem, endpoint->ca_file, HTTP_PEM_CERTIFICATE, err) <
	    0)
		return error_wrap(err, "CA certificate");
	if (add_certificates(store, &text, err) == 0)
		return 0;
	return error_wrap(err, "CA certificate%s%s", endpoint->ca_pem ? "" : ": ",
	    endpoint->ca_pem ? "" : endpoint->ca_file);
}

static CURLcode on_ssl_context(CURL *easy, void *ssl_context, void *context)
{
	struct http_request *request = context;
	const struct http_endpoint *endpoint = request->exchange->endpoint;
	SSL_CTX *ssl = ssl_context;

	(void)easy;
	allocation_failed = false;
	if (!SSL_CTX_set1_curves(ssl, groups, sizeof(groups) / sizeof(groups[0])) ||
	    !SSL_CTX_set_verify_algorithm_prefs(
		ssl, signatures, sizeof(signatures) / sizeof(signatures[0])))
		return CURLE_OUT_OF_MEMORY;
	if (endpoint->insecure)
		return CURLE_OK;
	SSL_CTX_set_cert_verify_callback(ssl, verify_chain, request);
	if (request->bundle)
		http_bundle_trust(ssl, request->bundle);
	else if ((endpoint->ca_pem || endpoint->ca_file) &&
		 trust_endpoint_ca(SSL_CTX_get_cert_store(ssl), endpoint, &request->failure) < 0)
		return CURLE_SSL_CACERT_BADFILE;
	return CURLE_OK;
}

CURLcode http_tls_set_up(struct http_request *request, const char *bundle)
{
	CURLcode result = curl_easy_setopt(request->easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_context);

	request->bundle = bundle;
	/* libcurl's cache would share the CAs of one endpoint with connections to another. */
	if (result == CURLE_OK)
		result = curl_easy_setopt(request->easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
	return result ? result : curl_easy_setopt(request->easy, CURLOPT_SSL_CTX_DATA, request);
}
