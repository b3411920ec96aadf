/* expect: assertions of the unit tests about results, errors and buffers. */
#ifndef UNIT_EXPECT_H
#define UNIT_EXPECT_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

#define expect_contains(text, part)                                                                \
	ck_assert_msg(strstr((text), (part)) != NULL, "\"%s\" is missing in \"%s\"", (part), (text))

#define expect_lacks(text, part)                                                                   \
	ck_assert_msg(                                                                             \
	    strstr((text), (part)) == NULL, "\"%s\" is contained in \"%s\"", (part), (text))

/* The call succeeds.  It reports only failures to Check, so that long loops are fast. */
#define expect_ok(call, err)                                                                       \
	do {                                                                                       \
		if ((call) != 0)                                                                   \
			ck_abort_msg("it failed: %s", (err).message);                              \
	} while (0)

/* The call fails with this code, and its message holds `part`. */
#define expect_failure(call, err, expected, part)                                                  \
	do {                                                                                       \
		error_clear(&(err));                                                               \
		int outcome_ = (call);                                                             \
		ck_assert_msg(outcome_ == -1, "it succeeded");                                     \
		ck_assert_msg((err).code == (expected), "code %d instead of %d: %s",               \
		    (int)(err).code, (int)(expected), (err).message);                              \
		expect_contains((err).message, (part));                                            \
	} while (0)

#define expect_bytes(buffer, bytes, size)                                                          \
	do {                                                                                       \
		ck_assert_uint_eq((buffer).length, (size));                                        \
		ck_assert_mem_eq(secret_buffer_string(&(buffer)), (bytes), (size));                \
	} while (0)

/* The buffer holds just this text. */
#define expect_text(buffer, text)                                                                  \
	do {                                                                                       \
		ck_assert_str_eq(secret_buffer_string(&(buffer)), (text));                         \
		ck_assert_uint_eq((buffer).length, strlen(text));                                  \
	} while (0)

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Check's default limit is 4 s, which a busy machine exceeds.  This one ends only tests that hang.
 */
#define TEST_TIMEOUT_S 600

/* Run a suite of one test case; for main. */
static inline int run_tests(const char *name, void (*add)(TCase *))
{
	Suite *suite = suite_create(name);
	TCase *tests = tcase_create(name);

	tcase_set_timeout(tests, TEST_TIMEOUT_S);
	add(tests);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
