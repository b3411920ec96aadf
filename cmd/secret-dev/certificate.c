#include "cmd/secret-dev/certificate.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "lib/base/cleanup.h"
#include "lib/base/strings.h"

#define VALID_BEFORE_SECONDS (-60L * 60) /* because clocks differ */
#define VALID_SECONDS (30L * 24 * 60 * 60)
#define SERIAL_BITS 127
static const uint8_t session_context[] = "secret-dev";

/* A certificate and its key. */
struct identity {
	X509 *certificate;
	EVP_PKEY *key;
};

static void identity_free(struct identity *identity)
{
	X509_free(identity->certificate);
	EVP_PKEY_free(identity->key);
}

static int crypto_error(struct error *err, const char *doing)
{
	return error_set(
	    err, ERROR_SYSTEM, "%s: %s", doing, ERR_reason_error_string(ERR_get_error()));
}

static EVP_PKEY *key_new(void)
{
	EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
	EVP_PKEY *key = EVP_PKEY_new();

	if (ec && key && EC_KEY_generate_key(ec) && EVP_PKEY_assign_EC_KEY(key, ec))
		return key;
	EC_KEY_free(ec);
	EVP_PKEY_free(key);
	return NULL;
}

static bool set_serial(X509 *certificate)
{
	BIGNUM *number = BN_new();
	bool done = number && BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
		    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));

	BN_free(number);
	return done;
}

static bool set_name(X509 *certificate, const char *name)
{
	return X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName,
	    MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
}

struct extension {
	int nid; /* 0 ends a list */
	const char *value;
};

static bool add_extension(X509 *certificate, X509 *issuer, const struct extension *added)
{
	X509V3_CTX context;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, &context, added->nid, added->value);
	bool done = extension && X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	return done;
}

/* Create a key, and a certificate that the issuer signs.  A CA is its own issuer. */
static bool identity_make(struct identity *identity, const struct identity *issuer,
    const char *name, const struct extension *extensions)
{
	X509 *certificate = identity->certificate = X509_new();

	identity->key = key_new();
	if (!certificate || !identity->key || !X509_set_version(certificate, X509_VERSION_3) ||
	    !set_serial(certificate) || !set_name(certificate, name) ||
	    !X509_gmtime_adj(X509_get_notBefore(certificate), VALID_BEFORE_SECONDS) ||
	    !X509_gmtime_adj(X509_get_notAfter(certificate), VALID_SECONDS) ||
	    !X509_set_pubkey(certificate, identity->key))
		return false;
	for (; extensions->nid; extensions++)
		if (!add_extension(certificate, issuer->certificate, extensions))
			return false;
	return X509_set_issuer_name(certificate, X509_get_subject_name(issuer->certificate)) &&
	       X509_sign(certificate, issuer->key, EVP_sha256()) > 0;
}

static bool make_authority(struct identity *authority, const char *name)
{
	static const struct extension extensions[] = {
	    {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
	    {NID_key_usage, "critical,keyCertSign,cRLSign"}, {NID_subject_key_identifier, "hash"},
	    {0, NULL}};

	return identity_make(authority, authority, name, extensions);
}

/* Create a certificate for this use and these names (NULL: none). */
static bool make_leaf(struct identity *leaf, const struct identity *authority, const char *name,
    const char *use, const char *alternative_names)
{
	const struct extension extensions[] = {{NID_basic_constraints, "critical,CA:FALSE"},
	    {NID_key_usage, "critical,digitalSignature"}, {NID_ext_key_usage, use},
	    {NID_authority_key_identifier, "keyid"},
	    {alternative_names ? NID_subject_alt_name : 0, alternative_names}, {0, NULL}};

	return identity_make(leaf, authority, name, extensions);
}

/* Append the text in `memory` to *pem, and free `memory`. */
static int append_memory(BIO *memory, bool written, struct secret_buffer *pem, struct error *err)
{
	const uint8_t *bytes;
	size_t length;
	int result = written && BIO_mem_contents(memory, &bytes, &length)
			 ? secret_buffer_append(pem, bytes, length, err)
			 : crypto_error(err, "writing PEM");

	BIO_free(memory);
	return result;
}

static int append_certificate_pem(X509 *certificate, struct secret_buffer *pem, struct error *err)
{
	BIO *memory = BIO_new(BIO_s_mem());

	return append_memory(memory, memory && PEM_write_bio_X509(memory, certificate), pem, err);
}

static int append_key_pem(EVP_PKEY *key, struct secret_buffer *pem, struct error *err)
{
	BIO *memory = BIO_new(BIO_s_mem());
	bool written =
	    memory && PEM_write_bio_PKCS8PrivateKey(memory, key, NULL, NULL, 0, NULL, NULL);

	return append_memory(memory, written, pem, err);
}

static int accept_any(int good, X509_STORE_CTX *store)
{
	(void)good;
	(void)store;
	return 1;
}

static SSL_CTX *context_new(const struct identity *server)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (context && SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) &&
	    SSL_CTX_use_certificate(context, server->certificate) &&
	    SSL_CTX_use_PrivateKey(context, server->key)) {
		SSL_CTX_set_mode(
		    context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
		SSL_CTX_set_verify(context, SSL_VERIFY_PEER, accept_any);
		/* A session resumes only here, with the certificate of its first connection. */
		SSL_CTX_set_session_id_context(
		    context, session_context, sizeof(session_context) - 1);
		return context;
	}
	SSL_CTX_free(context);
	return NULL;
}

SSL_CTX *certificate_server_context(const char *authority_name, const char *address,
    struct secret_buffer *ca_pem, struct error *err)
{
	struct identity authority = {NULL, NULL}, server = {NULL, NULL};
	cleanup_free char *names =
	    string_format(err, "DNS:localhost,IP:127.0.0.1,IP:::1,IP:%s", address);
	SSL_CTX *context = NULL;

	if (!names)
		return NULL;
	if (!make_authority(&authority, authority_name) ||
	    !make_leaf(&server, &authority, "secret-dev", "serverAuth", names))
		crypto_error(err, "making certificates");
	else if (append_certificate_pem(authority.certificate, ca_pem, err) == 0 &&
		 !(context = context_new(&server)))
		crypto_error(err, "setting up TLS");
	identity_free(&authority);
	identity_free(&server);
	return context;
}

X509 *certificate_client(const char *authority_name, const char *name,
    struct secret_buffer *certificate_pem, struct secret_buffer *key_pem, struct error *err)
{
	struct identity authority = {NULL, NULL}, client = {NULL, NULL};
	X509 *trusted = NULL;

	if (!make_authority(&authority, authority_name) ||
	    !make_leaf(&client, &authority, name, "clientAuth", NULL))
		crypto_error(err, "making certificates");
	else if (append_certificate_pem(client.certificate, certificate_pem, err) == 0 &&
		 append_key_pem(client.key, key_pem, err) == 0) {
		trusted = authority.certificate;
		authority.certificate = NULL;
	}
	identity_free(&authority);
	identity_free(&client);
	return trusted;
}

bool certificate_is_client_of(X509 *certificate, X509 *authority)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	bool trusted = store && context && X509_STORE_add_cert(store, authority) &&
		       X509_STORE_CTX_init(context, store, certificate, NULL) &&
		       X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_CLIENT) &&
		       X509_verify_cert(context) == 1;

	X509_STORE_CTX_free(context);
	X509_STORE_free(store);
	ERR_clear_error();
	return trusted;
}
