/* clock: time on CLOCK_MONOTONIC in milliseconds, and durations as people write them. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#include "lib/base/error.h"

int64_t clock_now_ms(void);

/* "10s", "1m30s", "500ms", "2h", or a bare number of seconds (as the vault CLI reads them) -> ms.
 */
int clock_parse_duration(const char *text, int64_t *duration_ms, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
