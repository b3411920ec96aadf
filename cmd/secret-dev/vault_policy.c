/* vault_policy: the capabilities of the policies that the roles have. */
#include <string.h>

#include "cmd/secret-dev/vault_server.h"

#define R CAPABILITY_READ
#define U CAPABILITY_UPDATE

/*
 * Vault's own "default"; the files in policies/, for two keys; "demo", which is the original
 * project's policy with permission to rewrap; and "kv", for the secrets app and app/... of the KV
 * engines.  A "*" at the end of a path matches any text.
 */
static const struct rule {
	const char *policy, *path;
	unsigned int capabilities;
} rules[] = {
    {"default", "auth/token/lookup-self", R},
    {"default", "auth/token/revoke-self", U},

    {"secret-exec", "transit/decrypt/aes256-key", U},
    {"secret-exec", "transit/decrypt/derived-key", U},
    {"secret-exec", "auth/token/revoke-self", U},

    {"secret-seal", "transit/encrypt/aes256-key", U},
    {"secret-seal", "transit/encrypt/derived-key", U},
    {"secret-seal", "transit/decrypt/aes256-key", U},
    {"secret-seal", "transit/decrypt/derived-key", U},
    {"secret-seal", "transit/keys/aes256-key", R},
    {"secret-seal", "transit/keys/derived-key", R},
    {"secret-seal", "auth/token/revoke-self", U},

    {"secret-rotate", "transit/keys/aes256-key", R},
    {"secret-rotate", "transit/keys/aes256-key/rotate", U},
    {"secret-rotate", "transit/rewrap/aes256-key", U},
    {"secret-rotate", "transit/keys/derived-key", R},
    {"secret-rotate", "transit/keys/derived-key/rotate", U},
    {"secret-rotate", "transit/rewrap/derived-key", U},
    {"secret-rotate", "auth/token/revoke-self", U},

    {"demo", "transit/encrypt/aes256-key", U},
    {"demo", "transit/decrypt/aes256-key", U},
    {"demo", "transit/rewrap/aes256-key", U},
    {"demo", "transit/keys/aes256-key", R},
    {"demo", "transit/keys/aes256-key/rotate", U},
    {"demo", "transit/keys/aes256-key/config", U},

    {"kv", "secret/data/app*", R},
    {"kv", "kv1/app*", R},
};

static bool rule_matches(const struct rule *rule, const char *path)
{
	size_t length = strlen(rule->path);

	if (rule->path[length - 1] == '*')
		return strncmp(rule->path, path, length - 1) == 0;
	return strcmp(rule->path, path) == 0;
}

bool vault_policy_allows(
    const char *const *policies, const char *path, enum vault_capability capability)
{
	for (; *policies; policies++) {
		if (strcmp(*policies, VAULT_POLICY_ROOT) == 0)
			return true;
		for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
			if (strcmp(rules[i].policy, *policies) == 0 &&
			    rule_matches(&rules[i], path) && (rules[i].capabilities & capability))
				return true;
	}
	return false;
}
