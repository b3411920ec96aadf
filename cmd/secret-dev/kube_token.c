#include "cmd/secret-dev/kube_token.h"

#include <openssl/digest.h>
#include <openssl/hmac.h>
#include <openssl/mem.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/secret-dev/json_format.h"
#include "cmd/secret-dev/random.h"
#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/jwt.h"
#include "lib/base/strings.h"

#define HEADER "{\"alg\":\"HS256\",\"kid\":\"secret-dev\"}"

static int append_claims(struct secret_buffer *out, const struct kube_identity *identity,
    const char *audience, int64_t expires_s, struct error *err)
{
	cleanup_free char *subject = string_format(
	    err, "system:serviceaccount:%s:%s", identity->namespace, identity->service_account);
	int64_t now = time(NULL), issued = now < expires_s ? now : expires_s - 1;
	char id[UUID_SIZE];

	if (!subject)
		return -1;
	random_uuid(id);
	return json_format_append(out, err,
	    "{'aud':[%s],'exp':%" PRId64 ",'iat':%" PRId64 ",'nbf':%" PRId64
	    ",'iss':'" KUBE_AUDIENCE "','jti':%s,'sub':%s,"
	    "'kubernetes.io':{'namespace':%s,'serviceaccount':{'name':%s,'uid':%s}}}",
	    audience, expires_s, issued, issued, id, subject, identity->namespace,
	    identity->service_account, identity->uid);
}

static void token_sign(const struct secret_buffer *key, const char *text, size_t length,
    uint8_t signature[SHA256_DIGEST_LENGTH])
{
	unsigned int size;

	HMAC(EVP_sha256(), key->data, key->length, (const uint8_t *)text, length, signature, &size);
}

int kube_token_make(const struct secret_buffer *key, const struct kube_identity *identity,
    const char *audience, int64_t expires_s, struct secret_buffer *jwt, struct error *err)
{
	cleanup_secret struct secret_buffer claims = SECRET_BUFFER_INIT;
	uint8_t signature[SHA256_DIGEST_LENGTH];
	size_t start = jwt->length;

	if (append_claims(&claims, identity, audience, expires_s, err) < 0 ||
	    base64_url_encode(jwt, HEADER, strlen(HEADER), err) < 0 ||
	    secret_buffer_append_string(jwt, ".", err) < 0 ||
	    base64_url_encode(jwt, claims.data, claims.length, err) < 0)
		return -1;
	token_sign(key, jwt->data + start, jwt->length - start, signature);
	if (secret_buffer_append_string(jwt, ".", err) < 0)
		return -1;
	return base64_url_encode(jwt, signature, sizeof(signature), err);
}

/* Return the signature in header.claims.signature, or NULL if the text does not have this form. */
static const char *signature_of(const char *jwt)
{
	const char *first = strchr(jwt, '.'), *last = strrchr(jwt, '.');

	return !first || first == last ? NULL : last + 1;
}

static int not_a_token(struct error *err)
{
	return error_set(err, ERROR_INVALID, "not the JWT of a service account");
}

int kube_token_read(const char *jwt, struct kube_claims *claims, struct error *err)
{
	cleanup_jwt struct jwt_claims payload = JWT_CLAIMS_INIT;

	memset(claims, 0, sizeof(*claims));
	if (jwt_read(&payload, jwt, err) < 0)
		return not_a_token(err);
	const struct json *document = payload.document;
	json_node own = json_member(document, JSON_ROOT, "kubernetes.io");
	json_node account = json_member(document, own, "serviceaccount");
	claims->namespace = json_strdup(document, json_member(document, own, "namespace"));
	claims->service_account = json_strdup(document, json_member(document, account, "name"));
	claims->uid = json_strdup(document, json_member(document, account, "uid"));
	claims->audience =
	    json_strdup(document, json_first(document, json_member(document, JSON_ROOT, "aud")));
	claims->expires_s = jwt_time(&payload, "exp");
	if (claims->namespace && claims->service_account && claims->uid && claims->audience)
		return 0;
	kube_claims_free(claims);
	return not_a_token(err);
}

void kube_claims_free(struct kube_claims *claims)
{
	free(claims->namespace);
	free(claims->service_account);
	free(claims->uid);
	free(claims->audience);
	memset(claims, 0, sizeof(*claims));
}

bool kube_token_is_signed(const struct secret_buffer *key, const char *jwt)
{
	cleanup_secret struct secret_buffer sent = SECRET_BUFFER_INIT;
	uint8_t expected[SHA256_DIGEST_LENGTH];
	struct error err = ERROR_INIT;
	const char *signature = signature_of(jwt);

	if (!signature || base64_url_decode(&sent, signature, strlen(signature), &err) < 0)
		return false;
	token_sign(key, jwt, (size_t)(signature - 1 - jwt), expected);
	return sent.length == sizeof(expected) &&
	       CRYPTO_memcmp(sent.data, expected, sizeof(expected)) == 0;
}

bool kube_token_is_valid(
    const struct secret_buffer *key, const char *jwt, const struct kube_claims *claims)
{
	return claims->expires_s > time(NULL) && kube_token_is_signed(key, jwt);
}
