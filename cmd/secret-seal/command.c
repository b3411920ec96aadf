#include "cmd/secret-seal/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/input_file.h"
#include "lib/base/output_file.h"

#define TOKEN_FILE ".vault-token"

int command_find_token(struct vault_session_settings *session, struct error *err)
{
	const char *home = getenv("HOME");

	if (is_set(session->method) || is_set(session->token) || is_set(session->token_file) ||
	    is_set(session->role) || is_set(session->role_id) || is_set(session->jwt_file) ||
	    is_set(session->jwt) || is_set(session->jwt_variable) ||
	    is_set(session->service_account) || !is_set(home))
		return 0;
	/* Not freed: the settings borrow it, like strings of the environment. */
	char *file = string_format(err, "%s/" TOKEN_FILE, home);
	if (!file)
		return -1;
	bool exists;
	int result = input_file_exists(file, &exists, err);
	if (result == 0 && exists)
		session->token_file = file;
	else
		free(file);
	return result < 0 ? error_wrap(err, "Vault token") : 0;
}

struct seal_session_settings command_session_settings(
    const struct command_connection *connection, bool offline)
{
	return (struct seal_session_settings){.vault = connection->vault,
	    .vault_session = connection->session,
	    .kube = connection->kube,
	    .timeout_ms = connection->program.timeout_ms,
	    .offline = offline};
}

/* Write "a, b or c". */
static void join_words(const char *const *words, char *text, size_t size)
{
	size_t length = 0;

	for (int i = 0; words[i] && length < size; i++)
		length += (size_t)snprintf(text + length, size - length, "%s%s",
		    i == 0	   ? ""
		    : words[i + 1] ? ", "
				   : " or ",
		    words[i]);
}

int command_choose(const char *option, const char *text, const char *const *words, int otherwise,
    struct error *err)
{
	char all[128];

	if (!is_set(text))
		return otherwise;
	for (int i = 0; words[i]; i++)
		if (strcmp(text, words[i]) == 0)
			return i;
	join_words(words, all, sizeof(all));
	return error_set(err, ERROR_USAGE, "%s \"%s\": not valid; write %s", option, text, all);
}

int command_print(const struct secret_buffer *text, struct error *err)
{
	if (output_file_write_all(STDOUT_FILENO, secret_buffer_string(text), text->length) < 0)
		return error_system(err, "standard output");
	return 0;
}
