/* clock: CLOCK_MONOTONIC in milliseconds, and durations as text. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#include "lib/base/error.h"

int64_t clock_now_ms(void);

/* Parse "10s", "1m30s", "500ms", "2h", "1d", or a number of seconds, as the vault CLI does. */
int clock_parse_duration(const char *text, int64_t *duration_ms, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
