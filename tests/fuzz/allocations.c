/*
 * Failing allocations.  The linker redirects all calls of these functions here (--wrap), also those
 * of third-party libraries.
 */
#include <errno.h>
#include <sanitizer/common_interface_defs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

static size_t count, failing_number;
static bool all_fail;

static void begin(size_t number, bool all)
{
	count = 0;
	failing_number = number;
	all_fail = all;
}

static size_t end(void)
{
	failing_number = 0;
	return count;
}

const struct fuzz_allocations fuzz_allocations = {begin, end};

static bool fails(void)
{
	size_t number = __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);

	if (!failing_number || number < failing_number || (number > failing_number && !all_fail))
		return false;
	if (getenv("FUZZ_SHOW"))
		__sanitizer_print_stack_trace();
	errno = ENOMEM;
	return true;
}

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
void *__real_malloc(size_t size);
void *__real_calloc(size_t number, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_reallocarray(void *memory, size_t number, size_t size);
char *__real_strdup(const char *string);
char *__real_strndup(const char *string, size_t length);
int __real_vasprintf(char **text, const char *format, va_list arguments);

void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t number, size_t size);
void *__wrap_calloc(size_t number, size_t size)
{
	return fails() ? NULL : __real_calloc(number, size);
}

void *__wrap_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size)
{
	return fails() ? NULL : __real_realloc(memory, size);
}

void *__wrap_reallocarray(void *memory, size_t number, size_t size);
void *__wrap_reallocarray(void *memory, size_t number, size_t size)
{
	return fails() ? NULL : __real_reallocarray(memory, number, size);
}

char *__wrap_strdup(const char *string);
char *__wrap_strdup(const char *string)
{
	return fails() ? NULL : __real_strdup(string);
}

char *__wrap_strndup(const char *string, size_t length);
char *__wrap_strndup(const char *string, size_t length)
{
	return fails() ? NULL : __real_strndup(string, length);
}

int __wrap_vasprintf(char **text, const char *format, va_list arguments);
int __wrap_vasprintf(char **text, const char *format, va_list arguments)
{
	return fails() ? -1 : __real_vasprintf(text, format, arguments);
}

int __wrap_asprintf(char **text, const char *format, ...);
int __wrap_asprintf(char **text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int length = __wrap_vasprintf(text, format, arguments);
	va_end(arguments);
	return length;
}
/* NOLINTEND(bugprone-reserved-identifier) */
