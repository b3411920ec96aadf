/*
 * secret_memory: keep secrets out of core dumps and off the swap.
 *
 * There is no allocator of our own: all of malloc's heap is covered (locked, and left out of core
 * dumps), so that what libcurl and BoringSSL hold of a secret is covered too.  A block that malloc
 * gives pages of its own is covered when a secret_buffer takes it.  Where GLIBC_TUNABLES makes
 * malloc use large pages instead of the heap, only the secret_buffers' own blocks are covered.
 */
#ifndef BASE_SECRET_MEMORY_H
#define BASE_SECRET_MEMORY_H

#include <stddef.h>

/*
 * Cover what there is of the heap, and from now on what cover is asked for.  At a program's start,
 * once; a child that fork makes, which inherits no lock, does it by itself.  Where locking is not
 * allowed (RLIMIT_MEMLOCK) it goes on without, and says so once, to --verbose.
 */
void secret_memory_protect(void);

/*
 * A block from malloc is about to hold a secret: cover the heap as far as it has grown, or the
 * block's own pages.  Costs a comparison where all is covered; does nothing before protect.
 */
void secret_memory_cover(const void *block, size_t size) __attribute__((nonnull, access(none, 1)));

#endif
