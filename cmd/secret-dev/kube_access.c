#include "cmd/secret-dev/kube_access.h"

#include <stddef.h>
#include <string.h>

/* Role bindings; a namespace or name of NULL stands for any. */
static const struct rule {
	const char *account, *namespace, *name, *verb;
} rules[] = {
    {"app", "demo", "app", "get"},
    {"sealer", "demo", NULL, "get"},
    {"sealer", "demo", NULL, "list"},
    {"sealer", "demo", NULL, "create"},
    {"sealer", "demo", NULL, "patch"},
    {"sealer", "demo", NULL, "update"},
    {"rotator", NULL, NULL, "get"},
    {"rotator", NULL, NULL, "list"},
    {"rotator", NULL, NULL, "patch"},
};

static bool covers(const char *granted, const char *asked)
{
	return !granted || (asked && strcmp(granted, asked) == 0);
}

bool kube_access(const char *account, const char *verb, const char *namespace, const char *name)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (strcmp(rules[i].account, account) == 0 && strcmp(rules[i].verb, verb) == 0 &&
		    covers(rules[i].namespace, namespace) && covers(rules[i].name, name))
			return true;
	return false;
}
