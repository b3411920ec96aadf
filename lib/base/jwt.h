/* jwt: the claims of a JWT (RFC 7519), read without verifying its signature. */
#ifndef BASE_JWT_H
#define BASE_JWT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/json_reader.h"
#include "lib/base/secret_buffer.h"

struct jwt_claims {
	struct secret_buffer text; /* the decoded payload */
	struct json *document;	   /* borrows the text */
};

#define JWT_CLAIMS_INIT                                                                            \
	{                                                                                          \
		SECRET_BUFFER_INIT, NULL                                                           \
	}

/*
 * Read the payload of HEADER.PAYLOAD.SIGNATURE into *claims, which must be empty.  ERROR_INVALID
 * "not a JWT" if it is not a JSON object in base64url.  The message never contains the token.
 */
int jwt_read(struct jwt_claims *claims, const char *token, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void jwt_claims_free(struct jwt_claims *claims) __attribute__((nonnull));
#define cleanup_jwt __attribute__((cleanup(jwt_claims_free)))

/* Return the whole seconds of a time ("exp", "nbf"; unix time), or 0 if it is not a valid time. */
int64_t jwt_time(const struct jwt_claims *claims, const char *name) __attribute__((nonnull));

/* Return true if "aud", a string or an array of strings, contains the audience. */
bool jwt_is_for(const struct jwt_claims *claims, const char *audience) __attribute__((nonnull));

#endif
