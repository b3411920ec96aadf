/*
 * Read the secrets that secret-exec hands over a pipe, in nul form, and print the one that is
 * named.
 *
 *     cc -o read-pipe read-pipe.c
 *     secret-exec --secret app --fd 3:nul -- ./read-pipe PASSWORD
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The pipe's NAME=value texts, each ended by a NUL byte; NULL at its end, or when memory runs out.
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

int main(int argc, char **argv)
{
	const char *number = getenv("SECRETS_FD");
	FILE *pipe = number ? fdopen(atoi(number), "r") : NULL;
	size_t length = argc == 2 ? strlen(argv[1]) : 0;
	int status = EXIT_FAILURE;
	char *secret;

	if (!pipe || argc != 2) {
		fprintf(stderr, "usage: secret-exec --fd 3:nul ... -- %s NAME\n", argv[0]);
		return EXIT_FAILURE;
	}
	/* To the end: what is left in a pipe can be read by whoever has it next. */
	while ((secret = next_secret(pipe))) {
		if (strncmp(secret, argv[1], length) == 0 && secret[length] == '=') {
			puts(secret + length + 1);
			status = EXIT_SUCCESS;
		}
		free(secret);
	}
	fclose(pipe);
	return status;
}
