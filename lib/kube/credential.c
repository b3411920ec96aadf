#include "lib/kube/credential.h"

#include <string.h>

/* Tokens of service accounts are about 1 KiB; servers refuse header lines of more than this. */
#define TOKEN_MAX ((size_t)64 * 1024)

int kube_token_check(const struct secret_buffer *token, struct error *err)
{
	if (token->length == 0)
		return error_set(err, ERROR_INVALID, "the token is empty");
	for (size_t i = 0; i < token->length; i++)
		if (token->data[i] <= ' ' || token->data[i] > '~')
			return error_set(err, ERROR_INVALID,
			    "this is no token: it holds white space or control characters");
	return 0;
}

/* The file's bytes without the final newline that a file tends to have. */
static int read_token_file(const char *path, struct secret_buffer *token, struct error *err)
{
	token->limit = TOKEN_MAX;
	if (secret_buffer_read_file(token, path, err) < 0)
		return -1;
	while (token->length && strchr(" \t\r\n", token->data[token->length - 1]))
		token->length--;
	token->data[token->length] = '\0';
	return kube_token_check(token, err) < 0 ? error_wrap(err, "%s", path) : 0;
}

int kube_add_credential(const struct kube *kube, struct http_exchange *exchange, struct error *err)
{
	cleanup_secret struct secret_buffer read = SECRET_BUFFER_INIT;
	const struct secret_buffer *token = &kube->token;

	if (kube->token_file) {
		if (read_token_file(kube->token_file, &read, err) < 0)
			return error_wrap(err, "token for the Kubernetes API");
		token = &read;
	}
	if (token->length == 0)
		return 0;
	if (secret_buffer_append_string(&exchange->credential, "Authorization: Bearer ", err) < 0)
		return -1;
	return secret_buffer_append(&exchange->credential, token->data, token->length, err);
}
