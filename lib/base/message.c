#include "lib/base/message.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"

/* Return the length of the text that the beginning of a format prints, or -1. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* a part of a literal */
__attribute__((format(printf, 1, 0))) static int length_of(
    const char *format, size_t format_length, va_list arguments)
{
	cleanup_free char *beginning = strndup(format, format_length);

	return beginning ? vsnprintf(NULL, 0, beginning, arguments) : -1;
}
#pragma GCC diagnostic pop

char *message_vformat(size_t *advice_length, const char *format, va_list arguments)
{
	const char *separator = strstr(format, MESSAGE_SEPARATOR);
	int before = -1, length;
	va_list again;
	char *text;

	if (separator) {
		va_copy(again, arguments);
		before = length_of(format, (size_t)(separator - format), again);
		va_end(again);
	}
	length = vasprintf(&text, format, arguments);
	*advice_length = before < 0 || length < before
			     ? 0
			     : (size_t)length - (size_t)before - strlen(MESSAGE_SEPARATOR);
	return length < 0 ? NULL : text;
}

const char *message_advice(const char *message, size_t advice_length)
{
	size_t length = strlen(message), end = advice_length + strlen(MESSAGE_SEPARATOR);

	if (advice_length == 0 || end > length ||
	    strncmp(message + length - end, MESSAGE_SEPARATOR, strlen(MESSAGE_SEPARATOR)) != 0)
		return NULL;
	return message + length - advice_length;
}
