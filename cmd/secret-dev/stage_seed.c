/* stage_seed: the initial state of both servers. */
#include <string.h>

#include "cmd/secret-dev/stage.h"

const char *const stage_accounts[] = {"app", "sealer", "rotator", "stranger", NULL};

static const char *const seed_namespaces[] = {"default", STAGE_NAMESPACE, NULL};

#define ROLE(method_, name_, account, policy, seconds, ...)                                        \
	{                                                                                          \
		.method = (method_), .name = (name_), .service_accounts = {account},               \
		.namespace = STAGE_NAMESPACE, .policies = {policy}, .ttl_s = (seconds),            \
		__VA_ARGS__                                                                        \
	}

/*
 * Role "long" has a lifetime that the programs reject.  "narrow" can log in but has no permissions.
 * "brief" expires during a slow run.
 */
static struct vault_role roles[] = {
    ROLE("kubernetes", "secret-exec", "app", "secret-exec", 10, .batch = true),
    ROLE("kubernetes", "secret-seal", "sealer", "secret-seal", 10, .batch = true),
    ROLE("kubernetes", "brief", "sealer", "secret-seal", 2, .batch = false),
    ROLE("kubernetes", "secret-rotate", "rotator", "secret-rotate", 10, .batch = true),
    {.method = "kubernetes",
	.name = "demo",
	.service_accounts = {"app", "sealer", "rotator"},
	.namespace = STAGE_NAMESPACE,
	.policies = {"default", "demo"},
	.ttl_s = 10},
    ROLE("kubernetes", "long", "app", "secret-exec", 3600, .batch = false),
    ROLE("kubernetes", "single-use", "app", "secret-exec", 10, .uses = 1),
    ROLE("kubernetes", "two-uses", "app", "secret-exec", 10, .uses = 2),
    ROLE("kubernetes", "narrow", "app", "default", 10, .batch = true),
    {.method = "kubernetes",
	.name = "app-kv",
	.service_accounts = {"app"},
	.namespace = STAGE_NAMESPACE,
	.policies = {"kv", "secret-exec"},
	.batch = true,
	.ttl_s = 10},
    {.method = "kubernetes",
	.name = "sealer-kv",
	.service_accounts = {"sealer"},
	.namespace = STAGE_NAMESPACE,
	.policies = {"kv", "secret-seal"},
	.batch = true,
	.ttl_s = 10},
    ROLE("kubernetes", "app-vault", "app", "secret-exec", 10, .batch = true, .audience = "vault"),
    ROLE("jwt", "app-jwt", "app", "secret-exec", 10, .batch = true, .audience = KUBE_AUDIENCE),
    ROLE("jwt", "app-vault", "app", "secret-exec", 10, .batch = true, .audience = "vault"),
    ROLE("approle", "app-role", "app", "secret-exec", 10, .binds_secret_id = true),
    ROLE("approle", "app-role-alone", "app", "secret-exec", 10, .batch = true),
    ROLE("cert", "app-cert", "app", "secret-exec", 10, .batch = true),
    {.name = NULL},
};

static const struct {
	const char *mount, *name;
	bool derived;
} keys[] = {
    {"transit/", "aes256-key", false},
    {"transit/", "derived-key", true},
    {"team/transit/", "team-key", false},
};

static int seed_vault(struct vault_server *vault, struct error *err)
{
	for (struct vault_role *role = roles; role->name; role++) {
		random_uuid(role->role_id);
		random_uuid(role->secret_id);
	}
	vault->roles = roles;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		struct vault_mount *mount = vault_mount_find(vault, keys[i].mount);

		if (!mount)
			mount = vault_mount_add(vault, keys[i].mount, 0, err);
		if (!mount || !vault_key_add(mount, keys[i].name, keys[i].derived, err))
			return -1;
	}
	if (!vault_mount_add(vault, "secret/", 2, err) || !vault_mount_add(vault, "kv1/", 1, err))
		return -1;
	return 0;
}

int stage_seed(struct vault_server *vault, struct kube_server *kube, struct error *err)
{
	vault->kube_token_key = &kube->token_key;
	if (seed_vault(vault, err) < 0)
		return -1;
	for (const char *const *name = seed_namespaces; *name; name++)
		if (kube_namespace_add(kube, *name, err) < 0)
			return -1;
	for (const char *const *name = stage_accounts; *name; name++)
		if (kube_account_add(kube, STAGE_NAMESPACE, *name, err) < 0)
			return -1;
	return 0;
}
