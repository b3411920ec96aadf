/*
 * error: what went wrong, carried up to main.
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
 * One line on a terminal or in a log.  Longer texts lose their middle, marked by "...", so that a
 * long name hides neither the object nor the cause.
 */
#define ERROR_MESSAGE_MAX 1024

/* The class of a failure: what a caller may want to act on. */
enum error_code {
	ERROR_NONE = 0,
	ERROR_USAGE,	   /* the command line or the configuration is wrong */
	ERROR_SYSTEM,	   /* a system call or an allocation failed */
	ERROR_INVALID,	   /* input that can't be accepted: JSON, names, ciphertext */
	ERROR_NETWORK,	   /* no answer: resolving, connecting, TLS, timeout */
	ERROR_DENIED,	   /* the server refused: 401, 403 */
	ERROR_NOT_FOUND,   /* the server knows no such thing: 404 */
	ERROR_CONFLICT,	   /* somebody else changed it: 409 */
	ERROR_GONE,	   /* the continuation of a list has expired: 410 */
	ERROR_TOO_LARGE,   /* over one of our limits or one of the server's */
	ERROR_UNAVAILABLE, /* the server can't serve now: 429, 5xx, sealed */
	ERROR_REJECTED,	   /* any other refusal by the server: 400, 422 ... */
	ERROR_INTERRUPTED, /* a signal asked us to stop */
};

struct error {
	enum error_code code;
	char message[ERROR_MESSAGE_MAX];
};

#define ERROR_INIT                                                                                 \
	{                                                                                          \
		ERROR_NONE, ""                                                                     \
	}

/*
 * Fill *err; what stood there is replaced.  Control characters in the finished
 * text are replaced by '?', so that a server's message can't forge log lines.
 * Returns -1 always, so that a caller can say "return error_set(...)".
 */
int error_set(struct error *err, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4), nonnull(1, 3)));

/* As error_set with ": strerror(errno)" added; the code is ERROR_SYSTEM. */
int error_system(struct error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3), nonnull(1, 2)));

/* Put "format: " before the message: what was being done.  Returns -1. */
int error_wrap(struct error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3), nonnull(1, 2)));

/* Append "; format" to the message: what to do about it.  Returns -1. */
int error_hint(struct error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3), nonnull(1, 2)));

/* Fill *err with "what: line L, column C: problem".  Returns -1. */
int error_at(struct error *err, enum error_code code, const char *what, struct utf8_position at,
    const char *problem) __attribute__((nonnull));

/* "out of memory" as an error.  Returns -1. */
int error_memory(struct error *err) __attribute__((nonnull(1)));

#ifdef __clang_analyzer__
/* Analysis sees one file at a time: this tells it what these return. */
#define error_set(...) (error_set(__VA_ARGS__), -1)
#define error_system(...) (error_system(__VA_ARGS__), -1)
#define error_wrap(...) (error_wrap(__VA_ARGS__), -1)
#define error_hint(...) (error_hint(__VA_ARGS__), -1)
#define error_at(...) (error_at(__VA_ARGS__), -1)
#define error_memory(...) (error_memory(__VA_ARGS__), -1)
#endif

/* No server, no service, or we are to stop: the next request would fare no better. */
bool error_is_outage(const struct error *err) __attribute__((nonnull));

/* Back to ERROR_NONE and an empty message. */
void error_clear(struct error *err) __attribute__((nonnull(1)));

#endif
