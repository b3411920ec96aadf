/*
 * An application that takes its secrets in nul form from the pipe that secret-exec left for it.
 *
 *     cc -o app app.c
 *     secret-exec --secret app --fd 3:nul -- ./app
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Return the pipe, or NULL.  Remove its number from the environment of child processes. */
static FILE *open_secrets(void)
{
	const char *number = getenv("SECRETS_FD");
	FILE *pipe = number ? fdopen(atoi(number), "r") : NULL;

	unsetenv("SECRETS_FD");
	/* Without a buffer, in which the secrets would remain. */
	if (pipe)
		setvbuf(pipe, NULL, _IONBF, 0);
	return pipe;
}

/*
 * The next NAME=value, for forget_secret; NULL at the end.  Read on to there: what is left in a
 * pipe can be read by whoever has it next.
 */
static char *next_secret(FILE *pipe)
{
	char *text = NULL;
	size_t size = 0;

	if (getdelim(&text, &size, '\0', pipe) >= 0)
		return text;
	free(text);
	return NULL;
}

static void forget_secret(char *text)
{
	explicit_bzero(text, strlen(text));
	free(text);
}

int main(void)
{
	FILE *pipe = open_secrets();
	sigset_t stop;
	char *secret;
	int signal;

	if (!pipe) {
		fputs("usage: secret-exec --fd 3:nul ... -- app\n", stderr);
		return EXIT_FAILURE;
	}
	/* Process 1 does not get signals without a handler. */
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	while ((secret = next_secret(pipe))) {
		size_t name = strcspn(secret, "=");
		printf("%.*s: %zu bytes\n", (int)name, secret, strlen(secret) - name - 1);
		forget_secret(secret);
	}
	fclose(pipe);
	fflush(stdout);
	/* A real application works here. */
	return sigwait(&stop, &signal);
}
