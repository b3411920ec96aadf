/*
 * secret_memory: keep secrets out of core dumps and off the swap.
 *
 * All of malloc's heap is locked and excluded from core dumps, so that copies of secrets in libcurl
 * and BoringSSL are included.  A block to which malloc gives its own pages is locked when a
 * secret_buffer takes it.  If GLIBC_TUNABLES makes malloc use large pages instead of the heap, only
 * the blocks of secret_buffers are locked.
 */
#ifndef BASE_SECRET_MEMORY_H
#define BASE_SECRET_MEMORY_H

#include <stddef.h>

/*
 * Lock the present heap, and let secret_memory_lock work from now on.  Call it once at a program's
 * start; a forked child, which does not inherit locks, repeats it automatically.  If locking is not
 * allowed (RLIMIT_MEMLOCK), continue without, and log that once at LOG_DEBUG.
 */
void secret_memory_protect(void);

/*
 * Lock the heap up to its end, or the block's own pages, before the block gets a secret.  Costs a
 * comparison if all is locked already; does nothing before secret_memory_protect.
 */
void secret_memory_lock(const void *block, size_t size) __attribute__((nonnull, access(none, 1)));

#endif
