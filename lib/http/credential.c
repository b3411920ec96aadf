#include "lib/http/credential.h"

#include <string.h>

/* Tokens have about 1 KiB, and servers reject longer header lines than this. */
#define CREDENTIAL_MAX ((size_t)64 * 1024)

void http_credential_trim(struct secret_buffer *text)
{
	while (text->length > 0 && strchr(" \t\r\n", text->data[text->length - 1]))
		text->data[--text->length] = '\0';
}

int http_credential_check(const struct secret_buffer *text, const char *what, struct error *err)
{
	if (text->length == 0)
		return error_set(err, ERROR_INVALID, "the %s is empty", what);
	for (size_t i = 0; i < text->length; i++)
		if (text->data[i] <= ' ' || text->data[i] > '~')
			return error_set(err, ERROR_INVALID,
			    "the %s contains white space or control characters", what);
	return 0;
}

int http_credential_read_file(
    struct secret_buffer *text, const char *path, const char *what, struct error *err)
{
	text->limit = CREDENTIAL_MAX;
	if (secret_buffer_read_file(text, path, err) < 0)
		return error_wrap(err, "%s", what);
	http_credential_trim(text);
	return http_credential_check(text, what, err) < 0 ? error_wrap(err, "%s", path) : 0;
}
