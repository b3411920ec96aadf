#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/kube/kubeconfig.h"

int kubeconfig_secret(const struct kubeconfig_section *section, const char *name,
    struct secret_buffer *to, struct error *err)
{
	json_node node = json_member(section->file->document, section->node, name);
	enum json_type type = json_type(section->file->document, node);

	if (type == JSON_NOTHING || type == JSON_NULL)
		return 0;
	if (type != JSON_STRING)
		return error_set(err, ERROR_USAGE, "%s: not a string; put it in quotes", name);
	if (json_string(section->file->document, node, to, err) < 0)
		return error_wrap(err, "%s", name);
	if (to->length && memchr(to->data, '\0', to->length))
		return error_set(err, ERROR_INVALID, "%s: contains a NUL", name);
	return 0;
}

int kubeconfig_text(
    const struct kubeconfig_section *section, const char *name, char **to, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	if (kubeconfig_secret(section, name, &text, err) < 0)
		return -1;
	if (text.length == 0)
		return 0;
	*to = strdup(text.data);
	return *to ? 0 : error_memory(err);
}

int kubeconfig_path(
    const struct kubeconfig_section *section, const char *name, char **to, struct error *err)
{
	cleanup_free char *path = NULL;

	if (kubeconfig_text(section, name, &path, err) < 0)
		return -1;
	if (!path)
		return 0;
	*to = path[0] == '/' ? strdup(path)
			     : string_format(err, "%s/%s", section->file->directory, path);
	return *to ? 0 : error_memory(err);
}

/* Remove line breaks, which kubectl (Go's base64) ignores. */
static void remove_line_breaks(struct secret_buffer *text)
{
	size_t kept = 0;

	for (size_t i = 0; i < text->length; i++)
		if (text->data[i] != '\n' && text->data[i] != '\r')
			text->data[kept++] = text->data[i];
	text->length = kept;
	text->data[kept] = '\0';
}

int kubeconfig_pem(const struct kubeconfig_section *section, const char *name,
    struct secret_buffer *to, struct error *err)
{
	cleanup_secret struct secret_buffer encoded = SECRET_BUFFER_INIT;

	if (kubeconfig_secret(section, name, &encoded, err) < 0)
		return -1;
	if (encoded.length == 0)
		return 0;
	remove_line_breaks(&encoded);
	if (base64_decode(to, encoded.data, encoded.length, err) < 0)
		return error_wrap(err, "%s", name);
	if (!strstr(to->data, "-----BEGIN ") || strlen(to->data) != to->length)
		return error_set(err, ERROR_INVALID, "%s: not PEM in base64", name);
	return 0;
}

int kubeconfig_certificate(
    const struct kubeconfig_section *section, const char *name, char **to, struct error *err)
{
	cleanup_secret struct secret_buffer pem = SECRET_BUFFER_INIT;

	if (kubeconfig_pem(section, name, &pem, err) < 0)
		return -1;
	if (pem.length == 0)
		return 0;
	*to = strdup(pem.data);
	return *to ? 0 : error_memory(err);
}

int kubeconfig_boolean(
    const struct kubeconfig_section *section, const char *name, bool *value, struct error *err)
{
	static const char *const words[] = {"False", "True", "FALSE", "TRUE"};
	const struct json *document = section->file->document;
	json_node node = json_member(document, section->node, name);
	enum json_type type = json_type(document, node);

	*value = json_boolean(document, node, false);
	if (type == JSON_NOTHING || type == JSON_NULL || type == JSON_BOOLEAN)
		return 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (json_string_is(document, node, words[i])) {
			*value = i % 2;
			return 0;
		}
	return error_set(err, ERROR_USAGE, "%s: not a boolean; write true or false", name);
}
