#include "lib/rotate/event.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/kube/event.h"

#define COMPONENT "secret-rotate"

/* The object that it is about; false when there is none. */
static bool find_object(const struct lease *lease, struct kube_event *event)
{
	event->object_kind = "Lease";
	event->object_api_version = "coordination.k8s.io/v1";
	event->object_name = lease->stored.name;
	event->object_uid = lease->stored.uid;
	if (event->object_uid) {
		event->namespace = lease->stored.namespace;
		return true;
	}
	event->object_kind = "Pod";
	event->object_api_version = "v1";
	event->object_name = getenv("POD_NAME");
	event->object_uid = getenv("POD_UID");
	if (is_set(getenv("POD_NAMESPACE")))
		event->namespace = getenv("POD_NAMESPACE");
	return is_set(event->object_name);
}

/* As the field has it: the object's name and something that no other Event has. */
static char *make_name(const char *object, struct error *err)
{
	uint64_t unique;

	if (getrandom(&unique, sizeof(unique), 0) != (ssize_t)sizeof(unique)) {
		error_system(err, "making a name for the Event");
		return NULL;
	}
	return string_format(err, "%.200s.%016" PRIx64, object, unique);
}

static int tell(struct kube *kube, const struct kube_event *about, struct error *err)
{
	struct kube_event event = *about;
	char host[HOST_NAME_MAX + 1] = "";
	cleanup_free char *name = make_name(about->object_name, err);

	if (!name)
		return -1;
	gethostname(host, HOST_NAME_MAX);
	event.name = name;
	event.component = COMPONENT;
	event.instance = host;
	struct http_client *client = http_client_new_cleanup(EVENT_LAST_MS, err);
	int result = client ? kube_event_create(client, kube, &event, err) : -1;
	http_client_free(client);
	return result;
}

void event_tell(const struct lease *lease, struct kube *kube, bool failed, const char *message)
{
	struct error err = ERROR_INIT;
	struct kube_event event = {.namespace = kube->namespace,
	    .warning = failed,
	    .reason = failed ? EVENT_FAILED : EVENT_DONE,
	    .message = message};

	if (!find_object(lease, &event))
		log_write(LOG_DEBUG, "no Event: there is no Lease, and POD_NAME is not set");
	else if (tell(kube, &event, &err) < 0)
		log_write(err.code == ERROR_DENIED ? LOG_DEBUG : LOG_WARNING, "%s", err.message);
}
