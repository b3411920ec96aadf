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

/* Step of the heap's growth.  It is usually locked twice: at the start and after growing once. */
#define HEAP_STEP (1024 * 1024)

/* Larger blocks get separate pages, which return to the system when they are freed. */
#define BLOCK_MAX ((size_t)256 * 1024)

/* The heap is [heap, sbrk(0)), locked up to `locked`.  heap is 0 before secret_memory_protect. */
static uintptr_t heap, locked;
static bool may_lock;
/* malloc does not use the heap (GLIBC_TUNABLES=glibc.malloc.hugetlb=2), so lock each block. */
static bool scattered;

/* Lock the pages of these bytes, each at its first use, so that reserved pages cost nothing. */
static void lock_pages(uintptr_t from, uintptr_t to)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	void *start = (void *)(from & ~(page - 1)); // NOLINT(performance-no-int-to-ptr)
	size_t length = ((to + page - 1) & ~(page - 1)) - (uintptr_t)start;

	/* Continue if the kernel does not have these calls. */
	madvise(start, length, MADV_DONTDUMP);
	if (may_lock && mlock2(start, length, MLOCK_ONFAULT) < 0) {
		may_lock = false;
		log_write(LOG_DEBUG,
		    "memory is not locked, so secrets could be swapped: %s; raise RLIMIT_MEMLOCK",
		    strerror(errno));
	}
}

/* Lock the heap up to its end, including pages that malloc added for other callers. */
static void lock_heap(void)
{
	uintptr_t end = (uintptr_t)sbrk(0);

	if (end <= locked)
		return;
	lock_pages(locked, end);
	locked = end;
}

static void lock_all(void)
{
	void *block = malloc(1);
	uintptr_t end = (uintptr_t)sbrk(0);

	heap = locked = end - mallinfo2().arena;
	may_lock = true;
	scattered = (uintptr_t)block < heap || (uintptr_t)block >= end;
	free(block);
	if (!scattered)
		lock_heap();
}

void secret_memory_protect(void)
{
	/* Never shrink the heap.  Pages that it releases and gets back would not be locked. */
	mallopt(M_TRIM_THRESHOLD, -1);
	mallopt(M_MMAP_THRESHOLD, BLOCK_MAX);
	mallopt(M_TOP_PAD, HEAP_STEP);
	lock_all();
	pthread_atfork(NULL, NULL, lock_all);
}

void secret_memory_lock(const void *block, size_t size)
{
	uintptr_t start = (uintptr_t)block;

	if (heap == 0)
		return;
	if (scattered) {
		lock_pages(start, start + size);
		return;
	}
	lock_heap();
	if (size >= BLOCK_MAX && (start < heap || start >= locked))
		lock_pages(start, start + size);
}
