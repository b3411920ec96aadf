/* signal_name: signals as people write them. */
#ifndef LAUNCH_SIGNAL_NAME_H
#define LAUNCH_SIGNAL_NAME_H

#include "lib/base/error.h"

/* "HUP", "SIGHUP", "1" or "RTMIN+3" -> its number.  ERROR_USAGE. */
int signal_name_parse(const char *text, int *number, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* "SIGHUP", "SIGRTMIN+3". */
#define SIGNAL_NAME_SIZE 24
void signal_name_write(int number, char name[SIGNAL_NAME_SIZE]);

#endif
