#include "lib/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/message.h"
#include "lib/base/utf8.h"

#undef error_set
#undef error_system
#undef error_wrap
#undef error_hint
#undef error_at
#undef error_memory

/* Set the message to the text, printable and cut to its size, and free the text. */
static void message_store(struct error *err, char *text, size_t advice_length)
{
	static const char none[] = "out of memory";

	err->advice_length = advice_length;
	if (!text) {
		memcpy(err->message, none, sizeof(none));
		return;
	}
	utf8_make_printable(text);
	utf8_shorten(text, sizeof(err->message) - 1);
	memcpy(err->message, text, strlen(text) + 1);
	free(text);
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
	size_t advice_length;

	va_start(arguments, format);
	char *text = message_vformat(&advice_length, format, arguments);
	va_end(arguments);
	message_store(err, text, advice_length);
	err->code = code;
	return -1;
}

int error_system(struct error *err, const char *format, ...)
{
	int number = errno;
	va_list arguments;
	size_t ignored;

	va_start(arguments, format);
	cleanup_free char *text = message_vformat(&ignored, format, arguments);
	va_end(arguments);
	message_store(err, join(text, ": ", strerror(number)), 0);
	err->code = ERROR_SYSTEM;
	return -1;
}

int error_wrap(struct error *err, const char *format, ...)
{
	va_list arguments;
	size_t ignored;

	va_start(arguments, format);
	cleanup_free char *text = message_vformat(&ignored, format, arguments);
	va_end(arguments);
	message_store(err, join(text, ": ", err->message), err->advice_length);
	return -1;
}

int error_hint(struct error *err, const char *format, ...)
{
	const char *advice = error_advice(err);
	size_t length = advice ? strlen(advice) + strlen(MESSAGE_SEPARATOR) : 0;
	va_list arguments;
	size_t ignored;

	va_start(arguments, format);
	cleanup_free char *text = message_vformat(&ignored, format, arguments);
	va_end(arguments);
	message_store(
	    err, join(err->message, MESSAGE_SEPARATOR, text), text ? length + strlen(text) : 0);
	return -1;
}

int error_at(struct error *err, enum error_code code, const char *what, struct utf8_position at,
    const char *problem)
{
	const char *separator = strstr(problem, MESSAGE_SEPARATOR);

	error_set(err, code, "%s: line %zu, column %zu: %s", what, at.line, at.column, problem);
	err->advice_length = separator ? strlen(separator + strlen(MESSAGE_SEPARATOR)) : 0;
	return -1;
}

int error_memory(struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "out of memory");
}

const char *error_advice(const struct error *err)
{
	return message_advice(err->message, err->advice_length);
}

bool error_is_outage(const struct error *err)
{
	return err->code == ERROR_NETWORK || err->code == ERROR_UNAVAILABLE ||
	       err->code == ERROR_INTERRUPTED;
}

void error_clear(struct error *err)
{
	err->code = ERROR_NONE;
	err->advice_length = 0;
	err->message[0] = '\0';
}
