#include "lib/base/secret_memory.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/log.h"

/* The heap grows by this, so that a usual start covers it twice: at first and at its one growth. */
#define HEAP_STEP (1024 * 1024)

/* Larger blocks get pages of their own, which go back to the system when they are freed. */
#define BLOCK_MAX ((size_t)256 * 1024)

/* Addresses: the heap is [heap, sbrk(0)), its part below `covered` is done.  heap 0: not begun. */
static uintptr_t heap, covered;
static bool may_lock;
/* malloc takes its memory elsewhere (GLIBC_TUNABLES=glibc.malloc.hugetlb=2): each block is covered
 * by itself. */
static bool scattered;

/* Whole pages that hold these bytes.  A page is locked when it is first used: reserve costs none.
 */
static void cover(uintptr_t from, uintptr_t to)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	void *start = (void *)(from & ~(page - 1)); // NOLINT(performance-no-int-to-ptr)
	size_t length = ((to + page - 1) & ~(page - 1)) - (uintptr_t)start;

	/* A kernel without either call is no reason to stop. */
	madvise(start, length, MADV_DONTDUMP);
	if (may_lock && mlock2(start, length, MLOCK_ONFAULT) < 0) {
		may_lock = false;
		log_write(LOG_DEBUG,
		    "memory is not locked, so secrets could be swapped: %s: raise RLIMIT_MEMLOCK "
		    "to lock it",
		    strerror(errno));
	}
}

/* What others than secret_buffer have made the heap grow by is covered on the way. */
static void cover_heap(void)
{
	uintptr_t end = (uintptr_t)sbrk(0);

	if (end <= covered)
		return;
	cover(covered, end);
	covered = end;
}

static void cover_all(void)
{
	void *block = malloc(1);
	uintptr_t end = (uintptr_t)sbrk(0);

	heap = covered = end - mallinfo2().arena;
	may_lock = true;
	scattered = (uintptr_t)block < heap || (uintptr_t)block >= end;
	free(block);
	if (!scattered)
		cover_heap();
}

void secret_memory_protect(void)
{
	/* The heap never shrinks, or what it gives back and takes again would not be covered. */
	mallopt(M_TRIM_THRESHOLD, -1);
	mallopt(M_MMAP_THRESHOLD, BLOCK_MAX);
	mallopt(M_TOP_PAD, HEAP_STEP);
	cover_all();
	pthread_atfork(NULL, NULL, cover_all);
}

void secret_memory_cover(const void *block, size_t size)
{
	uintptr_t start = (uintptr_t)block;

	if (heap == 0)
		return;
	if (scattered) {
		cover(start, start + size);
		return;
	}
	cover_heap();
	if (size >= BLOCK_MAX && (start < heap || start >= covered))
		cover(start, start + size);
}
