#include "lib/base/prometheus.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/base/cleanup.h"
#include "lib/base/strings.h"
#include "lib/base/utf8.h"

static int append_label(
    struct secret_buffer *out, const struct prometheus_label *label, struct error *err)
{
	cleanup_free char *printable = string_format(err, "%s", label->value);

	if (!printable || secret_buffer_append_format(out, err, "%s=\"", label->name) < 0)
		return -1;
	utf8_make_printable(printable);
	for (const char *at = printable; *at; at++) {
		if ((*at == '"' || *at == '\\') && secret_buffer_append(out, "\\", 1, err) < 0)
			return -1;
		if (secret_buffer_append(out, at, 1, err) < 0)
			return -1;
	}
	return secret_buffer_append(out, "\"", 1, err);
}

static int append_header(struct prometheus_writer *writer)
{
	if (writer->has_header)
		return 0;
	writer->has_header = true;
	return secret_buffer_append_format(&writer->out->text, writer->err,
	    "# HELP %s %s\n# TYPE %s gauge\n", writer->name, writer->help, writer->name);
}

static int append_sample(struct prometheus_writer *writer, const struct prometheus_label *labels,
    size_t count, const char *number)
{
	struct secret_buffer *out = &writer->out->text;
	struct error *err = writer->err;

	if (append_header(writer) < 0 ||
	    secret_buffer_append_format(out, err, "%s{", writer->name) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if ((i > 0 && secret_buffer_append(out, ",", 1, err) < 0) ||
		    append_label(out, &labels[i], err) < 0)
			return -1;
	if (secret_buffer_append_format(out, err, "} %s\n", number) < 0)
		return -1;
	return text_stream_advance(writer->out, err);
}

void prometheus_begin(struct prometheus_writer *writer, const char *name, const char *help)
{
	writer->name = name;
	writer->help = help;
	writer->has_header = false;
}

void prometheus_write(struct prometheus_writer *writer, const struct prometheus_label *labels,
    size_t count, int64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, number);
	writer->failed = writer->failed || append_sample(writer, labels, count, text) < 0;
}

void prometheus_write_seconds(struct prometheus_writer *writer,
    const struct prometheus_label *labels, size_t count, int64_t milliseconds)
{
	char text[32];

	snprintf(
	    text, sizeof(text), "%" PRId64 ".%03" PRId64, milliseconds / 1000, milliseconds % 1000);
	writer->failed = writer->failed || append_sample(writer, labels, count, text) < 0;
}

int prometheus_flush(struct prometheus_writer *writer)
{
	return writer->failed ? -1 : text_stream_flush(writer->out, writer->err);
}
