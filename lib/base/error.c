#include "lib/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/strings.h"

#undef error_set
#undef error_system
#undef error_wrap
#undef error_hint
#undef error_memory

/* Put `text` into the message, with "..." at the end when it had to be cut. */
static void store(struct error *err, const char *text)
{
	size_t length = strlen(text);

	if (length < sizeof(err->message)) {
		memcpy(err->message, text, length + 1);
		return;
	}
	memcpy(err->message, text, sizeof(err->message) - 4);
	memcpy(err->message + sizeof(err->message) - 4, "...", 4);
}

/* Twice the message's room: a prefix or a suffix and what stood there. */
#define WORK_MAX (2 * ERROR_MESSAGE_MAX)

int error_set(struct error *err, enum error_code code, const char *format, ...)
{
	char text[WORK_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	string_make_printable(text);
	store(err, text);
	err->code = code;
	return -1;
}

int error_system(struct error *err, const char *format, ...)
{
	int number = errno;
	char text[WORK_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return error_set(err, ERROR_SYSTEM, "%s: %s", text, strerror(number));
}

int error_wrap(struct error *err, const char *format, ...)
{
	char text[WORK_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, ERROR_MESSAGE_MAX, format, arguments);
	va_end(arguments);
	strcat(text, ": ");
	strncat(text, err->message, sizeof(text) - strlen(text) - 1);
	string_make_printable(text);
	store(err, text);
	return -1;
}

int error_hint(struct error *err, const char *format, ...)
{
	char text[WORK_MAX];
	va_list arguments;
	int used = snprintf(text, sizeof(text), "%s: ", err->message);

	va_start(arguments, format);
	vsnprintf(text + used, sizeof(text) - (size_t)used, format, arguments);
	va_end(arguments);
	string_make_printable(text);
	store(err, text);
	return -1;
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
