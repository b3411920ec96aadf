/* kube_access: verbs, and the permissions of the service accounts (RBAC), based on deploy/. */
#include <string.h>

#include "cmd/secret-dev/kube_server.h"

const char *kube_verb_name(enum kube_verb verb)
{
	static const char *const names[] = {[KUBE_GET] = "get",
	    [KUBE_LIST] = "list",
	    [KUBE_CREATE] = "create",
	    [KUBE_UPDATE] = "update",
	    [KUBE_PATCH] = "patch",
	    [KUBE_DELETE] = "delete"};

	return names[verb];
}

/* A namespace or name of NULL matches any. */
static const struct access_rule {
	const char *account, *namespace, *resource, *name;
	unsigned int verbs;
} rules[] = {
    {"app", "demo", "secrets", "app", KUBE_GET},
    {"sealer", "demo", "secrets", NULL, KUBE_GET | KUBE_LIST | KUBE_CREATE | KUBE_PATCH},
    {"rotator", NULL, "secrets", NULL, KUBE_GET | KUBE_LIST | KUBE_PATCH},
    {"rotator", NULL, "deployments", NULL, KUBE_LIST},
    {"rotator", NULL, "statefulsets", NULL, KUBE_LIST},
    {"rotator", NULL, "daemonsets", NULL, KUBE_LIST},
    {"rotator", NULL, "configmaps", NULL, KUBE_LIST},
    {"rotator", NULL, "pods", NULL, KUBE_LIST},
    {"rotator", NULL, "jobs", NULL, KUBE_LIST},
    {"rotator", NULL, "cronjobs", NULL, KUBE_LIST},
};

static bool covers(const char *granted, const char *asked)
{
	return !granted || (asked && strcmp(granted, asked) == 0);
}

bool kube_access(const char *account, enum kube_verb verb, const char *resource,
    const char *namespace, const char *name)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (strcmp(rules[i].account, account) == 0 &&
		    strcmp(rules[i].resource, resource) == 0 && (rules[i].verbs & verb) &&
		    covers(rules[i].namespace, namespace) && covers(rules[i].name, name))
			return true;
	return false;
}
