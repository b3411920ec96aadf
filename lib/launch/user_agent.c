/*
 * user_agent: the User-Agent of a start's requests, for the audit logs of Vault and of the API
 * server.  It contains only names, and neither server verifies it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/launch/source.h"

#define PROGRAM_BYTES_MAX 32
/* Longer pod names are cut, so that Secrets fit.  The kubelet cuts a pod's hostname there, too. */
#define POD_BYTES_MAX 63
/* ", +", a size_t, ")" and the end of the text */
#define REST_BYTES_MAX 25

/* Append Secrets to text[length] while they fit, then the number of the others. */
static void append_secrets(
    char *text, size_t length, size_t count, const struct source_objects *objects)
{
	const char *separator = "; ";

	for (size_t i = 0; count && i < objects->count; i++) {
		const struct source_object *object = &objects->items[i];
		size_t room = USER_AGENT_BYTES_MAX - REST_BYTES_MAX - length;
		if (object->resource != API_SECRET)
			continue;
		size_t more = (size_t)snprintf(
		    text + length, room, "%s%s/%s", separator, object->namespace, object->name);
		if (more >= room)
			break;
		length += more;
		separator = ", ";
		count--;
	}
	if (count)
		snprintf(text + length, REST_BYTES_MAX, "%s+%zu)", separator, count);
	else
		strcpy(text + length, ")");
}

static size_t count_api_secrets(const struct source_objects *objects)
{
	size_t count = 0;

	for (size_t i = 0; i < objects->count; i++)
		count += objects->items[i].resource == API_SECRET;
	return count;
}

char *user_agent_format(const char *program, const char *namespace, const char *pod,
    const struct source_objects *objects, struct error *err)
{
	char text[USER_AGENT_BYTES_MAX + 1];
	size_t count = count_api_secrets(objects);

	namespace = namespace && kube_valid_namespace(namespace) ? namespace : "";
	pod = pod && kube_valid_name(pod) ? pod : "";
	if (!*namespace && !*pod && !count)
		return string_format(err, "%.*s", PROGRAM_BYTES_MAX, program);
	int length = snprintf(text, sizeof(text), "%.*s (%s%s%.*s%s", PROGRAM_BYTES_MAX, program,
	    namespace, *namespace || *pod ? "/" : "", POD_BYTES_MAX, pod,
	    strlen(pod) > POD_BYTES_MAX ? "..." : "");
	append_secrets(text, (size_t)length, count, objects);
	return string_format(err, "%s", text);
}

/* Return the variable that the container's runtime sets, or NULL if the process is not in a pod. */
static const char *find_host_name(const char *namespace)
{
	return is_set(namespace) ? getenv("HOSTNAME") : NULL;
}

char *user_agent_of_start(const struct source_list *list, const char *program, struct error *err)
{
	const char *namespace = getenv("POD_NAMESPACE"), *pod = getenv("POD_NAME");
	cleanup_free char *mounted = NULL;
	struct error ignored = ERROR_INIT; /* a start does not depend on it */

	if (!kube_valid_namespace(namespace)) {
		if (kube_pod_namespace(
			list->settings->kube.service_account_directory, &mounted, &ignored) < 0)
			mounted = NULL;
		namespace = mounted;
	}
	if (!kube_valid_name(pod))
		pod = find_host_name(namespace);
	return user_agent_format(program, namespace, pod, &list->objects, err);
}
