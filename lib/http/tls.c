#include "lib/http/tls.h"

#include <openssl/nid.h>
#include <openssl/obj.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "lib/http/bundle.h"

/* OpenSSL's security level 2, by which Debian's curl judges too: as strong as 112 bits. */
#define RSA_BITS_MIN 2048

/* The first is the one of which a key share is sent along. */
static const int groups[] = {NID_X25519, NID_X9_62_prime256v1, NID_secp384r1, NID_secp521r1};

/* BoringSSL's own, and P-521 and Ed25519, but not SHA-1. */
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

/* Refuse the certificate, with a message about it. */
static bool reject(struct error *err, X509 *certificate, const char *problem, const char *detail)
{
	char subject[128] = "";

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
		/* Of RSA-PSS, BoringSSL verifies SHA-256 and longer alone. */
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
		   "no DNS name or IP address as subject alternative name; issue it with one, "
		   "since a common name does not count",
		   "");
}

/* The last one is trusted by its bytes, so its own signature proves nothing. */
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

static int verify(X509_STORE_CTX *verifying, void *context)
{
	struct http_attempt *attempt = context;

	if (X509_verify_cert(verifying) <= 0)
		return 0;
	if (is_strong(X509_STORE_CTX_get0_chain(verifying), &attempt->failure))
		return 1;
	X509_STORE_CTX_set_error(verifying, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}

static CURLcode on_ssl_context(CURL *easy, void *ssl_context, void *context)
{
	struct http_attempt *attempt = context;
	SSL_CTX *ssl = ssl_context;

	(void)easy;
	if (!SSL_CTX_set1_curves(ssl, groups, sizeof(groups) / sizeof(groups[0])) ||
	    !SSL_CTX_set_verify_algorithm_prefs(
		ssl, signatures, sizeof(signatures) / sizeof(signatures[0])))
		return CURLE_OUT_OF_MEMORY;
	if (!attempt->exchange->endpoint->insecure)
		SSL_CTX_set_cert_verify_callback(ssl, verify, attempt);
	if (attempt->bundle)
		http_bundle_trust(ssl, attempt->bundle);
	return CURLE_OK;
}

CURLcode http_tls_set_up(struct http_attempt *attempt, const char *bundle)
{
	CURLcode result = curl_easy_setopt(attempt->easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_context);

	attempt->bundle = bundle;
	return result ? result : curl_easy_setopt(attempt->easy, CURLOPT_SSL_CTX_DATA, attempt);
}
