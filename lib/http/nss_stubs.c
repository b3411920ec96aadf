/*
 * The C library's name lookups, left out.
 *
 * glibc's own load plugins (NSS), also into a static program, and with them whatever the root file
 * system holds.  Names are resolved by c-ares and ports are numbers, so nobody calls these; libc's
 * stay out of the programs because these are found first (see the Makefile).
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
