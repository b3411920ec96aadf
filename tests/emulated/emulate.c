/*
 * emulate: run PROGRAM, which is for another machine, in EMULATOR, which is qemu's path.
 *
 * The program gets argv and the environment unchanged; a shell script in this place would add
 * variables.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Reverse the order of the variables, as qemu does again. */
static void reverse(char **variables)
{
	size_t count = 0;

	while (variables[count])
		count++;
	for (size_t i = 0; i < count / 2; i++) {
		char *first = variables[i];

		variables[i] = variables[count - 1 - i];
		variables[count - 1 - i] = first;
	}
}

int main(int argc, char **argv)
{
	char **arguments = calloc((size_t)argc + 5, sizeof(*arguments));
	size_t count = 0;

	if (!arguments) {
		perror("emulate");
		return 125;
	}
	arguments[count++] = (char[]){EMULATOR};
	arguments[count++] = (char[]){"-0"};
	arguments[count++] = argc > 0 ? argv[0] : (char[]){""};
	arguments[count++] = (char[]){PROGRAM};
	for (int i = 1; i < argc; i++)
		arguments[count++] = argv[i];
	reverse(environ);
	execv(EMULATOR, arguments);
	perror(EMULATOR);
	return 125;
}
