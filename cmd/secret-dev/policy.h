/* policy: which of Vault's paths a token may use, as the files in policies/ say. */
#ifndef SECRET_DEV_POLICY_H
#define SECRET_DEV_POLICY_H

#include <stdbool.h>

enum capability {
	CAPABILITY_CREATE = 1,
	CAPABILITY_READ = 2,
	CAPABILITY_UPDATE = 4,
	CAPABILITY_DELETE = 8,
	CAPABILITY_LIST = 16
};

#define POLICY_ROOT "root"

/* True when one of the policies (ended by NULL) gives the capability on the path. */
bool policy_allows(const char *const *policies, const char *path, enum capability capability);

#endif
