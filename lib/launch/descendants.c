#include "lib/launch/descendants.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

/* A kernel without this file (CONFIG_PROC_CHILDREN) shows none; the group remains. */
#define CHILDREN "/proc/thread-self/children"

bool descendants_signal(pid_t group, pid_t spared, int number)
{
	bool any = kill(-group, number) == 0;
	cleanup_fclose FILE *children = fopen(CHILDREN, "re");
	char word[16];

	while (children && fscanf(children, "%15s", word) == 1) {
		pid_t child = (pid_t)strtol(word, NULL, 10);
		if (child != spared && getpgid(child) != group && getpgid(child) != getpgrp())
			any |= kill(child, number) == 0;
	}
	return any;
}
