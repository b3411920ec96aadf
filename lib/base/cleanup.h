/* cleanup: release memory, descriptors and streams when a variable goes out of scope. */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free_pointer(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose_stream(FILE **stream)
{
	if (*stream)
		fclose(*stream);
}

#define cleanup_free __attribute__((cleanup(cleanup_free_pointer)))
#define cleanup_close __attribute__((cleanup(cleanup_close_fd)))
#define cleanup_fclose __attribute__((cleanup(cleanup_fclose_stream)))

#endif
