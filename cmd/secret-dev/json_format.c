#include "cmd/secret-dev/json_format.h"

#include <stdarg.h>
#include <string.h>

#include "lib/base/json_writer.h"

static int append_string(struct secret_buffer *out, const char *text, struct error *err)
{
	struct json_writer writer;

	json_writer_init(&writer, out);
	json_write_string(&writer, text);
	return json_writer_finish(&writer, err);
}

/* Append the value of the conversion at *at, after its '%', and move *at past it. */
static int append_value(
    struct secret_buffer *out, const char **at, va_list *arguments, struct error *err)
{
	static const char raw[] = ".*s", number[] = PRId64;

	if (strncmp(*at, raw, strlen(raw)) == 0) {
		*at += strlen(raw);
		int length = va_arg(*arguments, int);
		return secret_buffer_append(
		    out, va_arg(*arguments, const char *), (size_t)length, err);
	}
	if (strncmp(*at, number, strlen(number)) == 0) {
		*at += strlen(number);
		return secret_buffer_append_format(
		    out, err, "%" PRId64, va_arg(*arguments, int64_t));
	}
	if (*(*at)++ == 'd')
		return secret_buffer_append_string(
		    out, va_arg(*arguments, int) ? "true" : "false", err);
	return append_string(out, va_arg(*arguments, const char *), err);
}

int json_format(struct secret_buffer *out, struct error *err, const char *template, ...)
{
	va_list arguments;
	int result = 0;

	va_start(arguments, template);
	while (*template && result == 0) {
		size_t plain = strcspn(template, "'%");

		result = secret_buffer_append(out, template, plain, err);
		template += plain;
		if (result < 0 || !*template)
			break;
		if (*template ++ == '%')
			result = append_value(out, &template, &arguments, err);
		else
			result = secret_buffer_append(out, "\"", 1, err);
	}
	va_end(arguments);
	return result;
}
