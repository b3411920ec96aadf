#include "cmd/secret-dev/kube_access.h"

#include <stddef.h>
#include <string.h>

/* Role bindings; a namespace or name of NULL stands for any. */
static const struct rule {
	const char *account, *namespace, *resource, *name;
	const char *verbs[6]; /* ended by NULL */
} rules[] = {
    {"app", "demo", "secrets", "app", {"get"}},
    {"sealer", "demo", "secrets", NULL, {"get", "list", "create", "patch", "update"}},
    {"rotator", NULL, "secrets", NULL, {"get", "list", "patch"}},
    {"rotator", "demo", "leases", NULL, {"get", "create", "patch"}},
    {"rotator", "demo", "events", NULL, {"create"}},
    {"rotator", NULL, "deployments", NULL, {"list", "patch"}},
    {"rotator", NULL, "statefulsets", NULL, {"list", "patch"}},
    {"rotator", NULL, "daemonsets", NULL, {"list", "patch"}},
    {"rotator", NULL, "configmaps", NULL, {"list"}},
    {"rotator", NULL, "pods", NULL, {"list"}},
    {"rotator", NULL, "jobs", NULL, {"list"}},
    {"rotator", NULL, "cronjobs", NULL, {"list"}},
};

static bool covers(const char *granted, const char *asked)
{
	return !granted || (asked && strcmp(granted, asked) == 0);
}

static bool grants(const struct rule *rule, const char *verb)
{
	for (size_t i = 0; rule->verbs[i]; i++)
		if (strcmp(rule->verbs[i], verb) == 0)
			return true;
	return false;
}

bool kube_access(const char *account, const char *verb, const char *resource, const char *namespace,
    const char *name)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (strcmp(rules[i].account, account) == 0 &&
		    strcmp(rules[i].resource, resource) == 0 && grants(&rules[i], verb) &&
		    covers(rules[i].namespace, namespace) && covers(rules[i].name, name))
			return true;
	return false;
}
