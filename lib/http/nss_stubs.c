/*
 * Stubs for name lookups of the C library.
 *
 * glibc loads plugins for lookups (NSS) from the root file system, even into a static program.
 * Names are resolved by c-ares and ports are numbers, so these functions are never called.  The
 * linker finds them before libc's (see the Makefile).
 */
#include <errno.h>
#include <netdb.h>
#include <stddef.h>

int getaddrinfo(
    const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
	(void)name, (void)service, (void)hints;
	*found = NULL;
	return EAI_FAIL;
}

void freeaddrinfo(struct addrinfo *found)
{
	(void)found;
}

struct servent *getservbyname(const char *name, const char *protocol)
{
	(void)name, (void)protocol;
	return NULL;
}

int getservbyport_r(int port, const char *protocol, struct servent *entry, char *buffer,
    size_t size, struct servent **found)
{
	(void)port, (void)protocol, (void)entry, (void)buffer, (void)size;
	*found = NULL;
	return ENOENT;
}
