#include "cmd/secret-dev/json_format.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void write_text(struct json_writer *writer, const char *text, size_t length)
{
	if (!writer->failed)
		writer->failed =
		    secret_buffer_append(writer->out, text, length, &writer->error) < 0;
}

/* Write the value of a conversion; `at` is after the '%'.  Return the text after the conversion. */
static const char *write_conversion(struct json_writer *writer, const char *at, va_list *arguments)
{
	static const char raw[] = ".*s", number[] = PRId64;
	char digits[24];

	if (strncmp(at, raw, strlen(raw)) == 0) {
		int length = va_arg(*arguments, int);
		write_text(writer, va_arg(*arguments, const char *), (size_t)length);
		return at + strlen(raw);
	}
	if (strncmp(at, number, strlen(number)) == 0) {
		snprintf(digits, sizeof(digits), "%" PRId64, va_arg(*arguments, int64_t));
		write_text(writer, digits, strlen(digits));
		return at + strlen(number);
	}
	writer->comma = false; /* the template contains it */
	if (*at == 'd')
		json_write_boolean(writer, va_arg(*arguments, int));
	else
		json_write_string(writer, va_arg(*arguments, const char *));
	return at + 1;
}

static void write_template(struct json_writer *writer, const char *template, va_list *arguments)
{
	const char *at = template;

	while (*at) {
		size_t plain = strcspn(at, "'%");

		write_text(writer, at, plain);
		at += plain;
		if (*at == '%')
			at = write_conversion(writer, at + 1, arguments);
		else if (*at++)
			write_text(writer, "\"", 1);
		else
			break;
	}
	/* Set whether another value would need a comma first. */
	writer->comma = *template && !strchr(":,[{", template[strlen(template) - 1]);
}

void json_format(struct json_writer *writer, const char *template, ...)
{
	va_list arguments;

	va_start(arguments, template);
	write_template(writer, template, &arguments);
	va_end(arguments);
}

int json_format_append(struct secret_buffer *out, struct error *err, const char *template, ...)
{
	struct json_writer writer;
	va_list arguments;

	json_writer_init(&writer, out);
	va_start(arguments, template);
	write_template(&writer, template, &arguments);
	va_end(arguments);
	return json_writer_finish(&writer, err);
}
