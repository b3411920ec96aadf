#include "lib/launch/signal_name.h"

#include <ctype.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool parse_number(const char *text, int *number)
{
	char *end;
	long value = strtol(text, &end, 10);

	*number = value > 0 && value <= SIGRTMAX ? (int)value : 0;
	return isdigit((unsigned char)*text) && *end == '\0';
}

int signal_name_parse(const char *text, int *number, struct error *err)
{
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;

	if (parse_number(text, number) && (*number >= SIGRTMIN || sigabbrev_np(*number)))
		return 0;
	for (*number = 1; *number < SIGRTMIN; ++*number) {
		const char *known = sigabbrev_np(*number);
		if (known && strcasecmp(name, known) == 0)
			return 0;
	}
	if (strncasecmp(name, "RTMIN+", 6) == 0 && parse_number(name + 6, number) &&
	    *number <= SIGRTMAX - SIGRTMIN) {
		*number += SIGRTMIN;
		return 0;
	}
	return error_set(
	    err, ERROR_USAGE, "\"%s\" is no signal: write TERM, SIGTERM, 15 or RTMIN+3", text);
}

void signal_name_write(int number, char name[SIGNAL_NAME_SIZE])
{
	const char *known = sigabbrev_np(number);

	if (known)
		snprintf(name, SIGNAL_NAME_SIZE, "SIG%s", known);
	else
		snprintf(name, SIGNAL_NAME_SIZE, "SIGRTMIN+%d", number - SIGRTMIN);
}
