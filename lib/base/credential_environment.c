#include "lib/base/credential_environment.h"

#include <string.h>
#include <unistd.h>

bool credential_environment_entry(const char *entry)
{
	/* Ends, since an option's variable has the program's prefix: SECRET_SEAL_VAULT_TOKEN. */
	static const char *const ends[] = {
	    "VAULT_TOKEN", "BAO_TOKEN", "VAULT_SECRET_ID", "BAO_SECRET_ID"};
	size_t length = strcspn(entry, "=");

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t end = strlen(ends[i]);
		if (length >= end && strncmp(entry + length - end, ends[i], end) == 0)
			return true;
	}
	return false;
}

void credential_environment_drop(void)
{
	char **kept = environ;

	for (char **entry = environ; *entry; entry++)
		if (!credential_environment_entry(*entry))
			*kept++ = *entry;
	*kept = NULL;
}
