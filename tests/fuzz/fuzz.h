/*
 * fuzz: functions for the fuzz targets.
 *
 * A target is a file with one function, fuzz_case.  It uses the library as the programs do, and
 * checks conditions that hold for any input.  A second build of each target (allocations.c) runs
 * each input again with failing allocations: the outcome must then be the same, up to an
 * out-of-memory error.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/* The unread part of an input. */
struct fuzz_input {
	const char *data;
	size_t length;
};

/* The target's. */
void fuzz_case(struct fuzz_input *input) __attribute__((nonnull));

/* Take the first byte; 0 at the end. */
uint8_t fuzz_byte(struct fuzz_input *input) __attribute__((nonnull));
/* Take a line, without its end and cut at a NUL; "" at the end of the input.  It lives as long as
 * the run. */
char *fuzz_line(struct fuzz_input *input) __attribute__((nonnull));
/* Return a descriptor that reads these bytes from its beginning: the same one each time, which
 * stays open. */
int fuzz_file(const char *bytes, size_t length) __attribute__((nonnull));

/* Abort unless the condition holds. */
#define FUZZ_CHECK(condition)                                                                      \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fuzz_abort(__FILE__, __LINE__, #condition);                                \
	} while (0)
_Noreturn void fuzz_abort(const char *file, int line, const char *condition);

/*
 * Check a result and its error: they agree, and the text is one bounded line of UTF-8.  Returns
 * true after a failure; *err is cleared.
 */
bool fuzz_failed(int result, struct error *err) __attribute__((nonnull, warn_unused_result));
/* The same for a call that can fail only without memory. */
bool fuzz_failed_for_memory(int result, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* An allocation fails in this run. */
bool fuzz_is_failing(void);
/* An allocation has failed in this run and was reported, so that the run can end. */
bool fuzz_is_out_of_memory(void);

/* Return from the calling function, of type void, where the call fails. */
#define FUZZ_TRY(call, err)                                                                        \
	do {                                                                                       \
		if (fuzz_failed((call), (err)))                                                    \
			return;                                                                    \
	} while (0)
#define FUZZ_MUST(call, err)                                                                       \
	do {                                                                                       \
		if (fuzz_failed_for_memory((call), (err)))                                         \
			return;                                                                    \
	} while (0)

/* Note a part of the outcome, to compare two runs; NULL is a separate value. */
void fuzz_note(const void *bytes, size_t length);
void fuzz_note_string(const char *string);
void fuzz_note_buffer(const struct secret_buffer *buffer) __attribute__((nonnull));

/* The outcome depends on more than the input (a network): runs are not compared. */
void fuzz_do_not_compare(void);

/* Failing allocations, if they are linked. */
struct fuzz_allocations {
	/* Count allocations from now on, and let the one with this number fail (from 1; 0: none),
	 * or all from there. */
	void (*begin)(size_t number, bool all);
	size_t (*end)(void); /* the count */
};
extern const struct fuzz_allocations fuzz_allocations __attribute__((weak));

#endif
