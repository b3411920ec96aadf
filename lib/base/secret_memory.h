/*
 * secret_memory: keep secrets out of core dumps and swap.
 *
 * All of malloc's heap is locked and excluded from core dumps, which includes copies of secrets in
 * libcurl and BoringSSL.  A block for which malloc maps separate pages is locked when a
 * secret_buffer takes it.  If GLIBC_TUNABLES makes malloc use large pages instead of the heap, only
 * the blocks of secret_buffers are locked.
 */
#ifndef BASE_SECRET_MEMORY_H
#define BASE_SECRET_MEMORY_H

#include <stddef.h>

/*
 * Lock the current heap, and enable secret_memory_lock.  Call it once, when a program starts.  A
 * forked child, which does not inherit locks, repeats it automatically.  If locking is not allowed
 * (RLIMIT_MEMLOCK), continue without it, and log that once at LOG_DEBUG.
 */
void secret_memory_protect(void);

/*
 * Lock the heap up to its end, or the separate pages of a block, before a secret is stored in the
 * block.  Costs a comparison if everything is locked already.  Does nothing before
 * secret_memory_protect.
 */
void secret_memory_lock(const void *block, size_t size) __attribute__((nonnull, access(none, 1)));

#endif
