#include "lib/base/credential_environment.h"

#include <string.h>
#include <unistd.h>

/* Suffixes of names, because an option's variable has a prefix (SECRET_SEAL_VAULT_TOKEN). */
static const char *const credentials[] = {"VAULT_TOKEN", "BAO_TOKEN", "VAULT_SECRET_ID",
    "BAO_SECRET_ID", "VAULT_JWT", "BAO_JWT", "SECRET_SEAL_FROM_LITERAL", "SECRET_SEAL_SET", NULL};
/* Credentials of GitHub's jobs, which a credential plugin may need. */
static const char *const shared[] = {"ACTIONS_ID_TOKEN_REQUEST_TOKEN", NULL};
/* Proxies to Vault, which are credentials if they have a password. */
static const char *const proxies[] = {
    "VAULT_PROXY_ADDR", "BAO_PROXY_ADDR", "VAULT_HTTP_PROXY", NULL};

/* Proxies that a credential plugin may need. */
static const char *const shared_proxies[] = {
    "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", NULL};

/* One more credential, or NULL. */
static const char *added;

void credential_environment_add(const char *name)
{
	added = name;
}

static bool is_added(const char *entry)
{
	size_t length = added ? strlen(added) : 0;

	return length > 0 && strncmp(entry, added, length) == 0 && entry[length] == '=';
}

static bool name_ends_in(const char *entry, const char *const *ends)
{
	size_t length = strcspn(entry, "=");

	for (; *ends; ends++) {
		size_t end = strlen(*ends);
		if (length >= end && strncmp(entry + length - end, *ends, end) == 0)
			return true;
	}
	return false;
}

bool credential_environment_entry(const char *entry)
{
	return name_ends_in(entry, credentials) || is_added(entry) ||
	       (name_ends_in(entry, proxies) && strchr(entry, '@'));
}

bool credential_environment_holds_any(void)
{
	for (char **entry = environ; *entry; entry++)
		if (credential_environment_entry(*entry) || name_ends_in(*entry, shared))
			return true;
	return false;
}

void credential_environment_drop(void)
{
	char **kept = environ;

	for (char **entry = environ; *entry; entry++)
		if (!credential_environment_entry(*entry) && !name_ends_in(*entry, shared) &&
		    !(name_ends_in(*entry, shared_proxies) && strchr(*entry, '@')))
			*kept++ = *entry;
	*kept = NULL;
}
