#include "lib/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/utf8.h"

#undef error_set
#undef error_system
#undef error_wrap
#undef error_hint
#undef error_at
#undef error_memory

/* Set the message to the text, printable and cut to its size, and free the text. */
static void message_store(struct error *err, char *text)
{
	static const char none[] = "out of memory";

	if (!text) {
		memcpy(err->message, none, sizeof(none));
		return;
	}
	utf8_make_printable(text);
	utf8_shorten(text, sizeof(err->message) - 1);
	memcpy(err->message, text, strlen(text) + 1);
	free(text);
}

__attribute__((format(printf, 1, 0))) static char *vformat(const char *format, va_list arguments)
{
	char *text;

	return vasprintf(&text, format, arguments) < 0 ? NULL : text;
}

/* Return both texts joined by the separator, newly allocated; NULL if out of memory. */
static char *join(const char *first, const char *separator, const char *second)
{
	char *text;

	if (!first || !second)
		return NULL;
	return asprintf(&text, "%s%s%s", first, separator, second) < 0 ? NULL : text;
}

int error_set(struct error *err, enum error_code code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	message_store(err, vformat(format, arguments));
	va_end(arguments);
	err->code = code;
	return -1;
}

int error_system(struct error *err, const char *format, ...)
{
	int number = errno;
	va_list arguments;

	va_start(arguments, format);
	cleanup_free char *text = vformat(format, arguments);
	va_end(arguments);
	message_store(err, join(text, ": ", strerror(number)));
	err->code = ERROR_SYSTEM;
	return -1;
}

int error_wrap(struct error *err, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	cleanup_free char *text = vformat(format, arguments);
	va_end(arguments);
	message_store(err, join(text, ": ", err->message));
	return -1;
}

int error_hint(struct error *err, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	cleanup_free char *text = vformat(format, arguments);
	va_end(arguments);
	message_store(err, join(err->message, "; ", text));
	return -1;
}

int error_at(struct error *err, enum error_code code, const char *what, struct utf8_position at,
    const char *problem)
{
	return error_set(
	    err, code, "%s: line %zu, column %zu: %s", what, at.line, at.column, problem);
}

int error_memory(struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "out of memory");
}

bool error_is_outage(const struct error *err)
{
	return err->code == ERROR_NETWORK || err->code == ERROR_UNAVAILABLE ||
	       err->code == ERROR_INTERRUPTED;
}

void error_clear(struct error *err)
{
	err->code = ERROR_NONE;
	err->message[0] = '\0';
}
