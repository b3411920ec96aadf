/*
 * error: a failure, passed up to main.
 *
 * An error is set where the failure happens (error_set), gets the object or the operation as
 * a prefix on the way up (error_wrap), and is printed once by main.  Its text reads
 * "object: problem; advice" and never contains a secret.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/utf8.h"

/*
 * The size of a message, which is printed as one line.  The middle of a longer text is replaced by
 * "...", so that a long name hides neither the object nor the cause.
 */
#define ERROR_MESSAGE_MAX 1024

/* The class of a failure, for callers that handle some failures. */
enum error_code {
	ERROR_NONE = 0,
	ERROR_USAGE,	   /* the command line or the configuration is wrong */
	ERROR_SYSTEM,	   /* a system call or an allocation failed */
	ERROR_INVALID,	   /* invalid input: JSON, names, ciphertext */
	ERROR_NETWORK,	   /* no response: name resolution, connection, TLS, timeout */
	ERROR_DENIED,	   /* denied by the server: 401, 403 */
	ERROR_NOT_FOUND,   /* not found on the server: 404 */
	ERROR_CONFLICT,	   /* changed by another client: 409 */
	ERROR_GONE,	   /* a list's continue token has expired: 410 */
	ERROR_TOO_LARGE,   /* over a limit of this program or of the server */
	ERROR_UNAVAILABLE, /* the server is unavailable: 429, 5xx, sealed */
	ERROR_REJECTED,	   /* rejected by the server: 400, 422 ... */
	ERROR_INTERRUPTED, /* interrupted by a signal */
	ERROR_UNSUPPORTED, /* a feature that the server or the kernel lacks */
};

struct error {
	enum error_code code;
	size_t advice_length; /* of the advice at the end of the message, or 0 */
	char message[ERROR_MESSAGE_MAX];
};

#define ERROR_INIT                                                                                 \
	{                                                                                          \
		ERROR_NONE, 0, ""                                                                  \
	}

/*
 * Set *err, replacing its content.  The advice begins after "; " in the format.  Control characters
 * become '?', so that a server's message cannot forge log lines.  Return -1 always, for "return
 * error_set(...)".
 */
int error_set(struct error *err, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4), nonnull(1, 3)));

/* Set *err to ERROR_SYSTEM and the message with ": strerror(errno)" appended.  Return -1. */
int error_system(struct error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3), nonnull(1, 2)));

/* Prefix the message with "format: " (the object or the operation).  Return -1. */
int error_wrap(struct error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3), nonnull(1, 2)));

/* Append "; format" (the advice) to the message.  Return -1. */
int error_hint(struct error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3), nonnull(1, 2)));

/*
 * Set *err to "what: line L, column C: problem".  `problem` is text of this program, and may have
 * advice after "; ".  Return -1.
 */
int error_at(struct error *err, enum error_code code, const char *what, struct utf8_position at,
    const char *problem) __attribute__((nonnull));

/* Set *err to "out of memory".  Return -1. */
int error_memory(struct error *err) __attribute__((nonnull(1)));

#ifdef __clang_analyzer__
/* Show the analyser, which reads one file at a time, that these functions return -1. */
#define error_set(...) (error_set(__VA_ARGS__), -1)
#define error_system(...) (error_system(__VA_ARGS__), -1)
#define error_wrap(...) (error_wrap(__VA_ARGS__), -1)
#define error_hint(...) (error_hint(__VA_ARGS__), -1)
#define error_at(...) (error_at(__VA_ARGS__), -1)
#define error_memory(...) (error_memory(__VA_ARGS__), -1)
#endif

/* Return the advice at the end of the message, without the "; " before it, or NULL. */
const char *error_advice(const struct error *err) __attribute__((nonnull));

/* Return true for an outage or a signal, after which the next request would fail too. */
bool error_is_outage(const struct error *err) __attribute__((nonnull));

/* Reset to ERROR_NONE and an empty message. */
void error_clear(struct error *err) __attribute__((nonnull(1)));

#endif
