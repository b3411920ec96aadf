/* write_whole: write(2) until all bytes are written. */
#ifndef SECRET_DEV_WRITE_WHOLE_H
#define SECRET_DEV_WRITE_WHOLE_H

#include <stddef.h>

/* 0, or -1 with errno set. */
int write_whole(int fd, const char *bytes, size_t length)
    __attribute__((nonnull, warn_unused_result));

#endif
