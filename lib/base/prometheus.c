#include "lib/base/prometheus.h"

#include "lib/base/cleanup.h"
#include "lib/base/strings.h"
#include "lib/base/utf8.h"

int prometheus_append_label(
    struct secret_buffer *out, const char *name, const char *value, struct error *err)
{
	cleanup_free char *printable = string_format(err, "%s", value);

	if (!printable || secret_buffer_append_format(out, err, "%s=\"", name) < 0)
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
