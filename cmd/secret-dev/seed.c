#include "cmd/secret-dev/seed.h"

const char *const seed_accounts[] = {"app", "sealer", "rotator", "stranger", NULL};

static const char *const namespaces[] = {"default", SEED_NAMESPACE, NULL};

/* "long" is what our programs refuse, "narrow" logs in and may do nothing. */
static const struct vault_role roles[] = {
    {"secret-exec", {"app"}, SEED_NAMESPACE, {"secret-exec"}, true, 10, 0},
    {"secret-seal", {"sealer"}, SEED_NAMESPACE, {"secret-seal"}, true, 10, 0},
    {"secret-rotate", {"rotator"}, SEED_NAMESPACE, {"secret-rotate"}, true, 10, 0},
    {"demo", {"app", "sealer", "rotator"}, SEED_NAMESPACE, {"default", "demo"}, false, 10, 0},
    {"long", {"app"}, SEED_NAMESPACE, {"secret-exec"}, false, 3600, 0},
    {"single-use", {"app"}, SEED_NAMESPACE, {"secret-exec"}, false, 10, 1},
    {"narrow", {"app"}, SEED_NAMESPACE, {"default"}, true, 10, 0},
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
	vault->roles = roles;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		struct vault_mount *mount = vault_mount_find(vault, keys[i].mount);

		if (!mount)
			mount = vault_mount_add(vault, keys[i].mount, err);
		if (!mount || !vault_key_add(mount, keys[i].name, keys[i].derived, err))
			return -1;
	}
	return 0;
}

static int seed_kube(struct kube_server *kube, struct error *err)
{
	for (const char *const *name = namespaces; *name; name++)
		if (kube_namespace_add(kube, *name, err) < 0)
			return -1;
	for (const char *const *name = seed_accounts; *name; name++)
		if (kube_account_add(kube, SEED_NAMESPACE, *name, err) < 0)
			return -1;
	return 0;
}

int seed(struct vault_server *vault, struct kube_server *kube, struct error *err)
{
	vault->kube_tokens = &kube->tokens;
	if (seed_vault(vault, err) < 0)
		return -1;
	return seed_kube(kube, err);
}
