/*
 * emulate: run PROGRAM, which is for another machine, in EMULATOR, which is qemu's path.
 *
 * argv and the environment are unchanged; a shell script in this place would add variables.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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
	execv(EMULATOR, arguments);
	perror(EMULATOR);
	return 125;
}
