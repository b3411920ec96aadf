#include "lib/seal/servers.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"

/* Without the API a kubeconfig may be missing; the namespace is then what -n says. */
static int find_namespace(struct servers *servers, struct error *err)
{
	const struct servers_settings *settings = servers->settings;
	struct kube_settings kube = settings->kube;
	const char *namespace = kube.namespace;

	if (settings->offline && !is_set(namespace))
		return 0;
	if (!settings->offline) {
		/* A person may have been asked, or have edited, since the settings were made. */
		kube.deadline_ms = clock_now_ms() + settings->timeout_ms;
		if (kube_init(&servers->kube, &kube, err) < 0)
			return -1;
		namespace = servers->kube.namespace;
	}
	if (!kube_valid_namespace(namespace))
		return error_set(err, ERROR_USAGE, "\"%s\" can't be a namespace's name", namespace);
	servers->namespace = strdup(namespace);
	return servers->namespace ? 0 : error_memory(err);
}

int servers_begin(
    struct servers *servers, const struct servers_settings *settings, struct error *err)
{
	memset(servers, 0, sizeof(*servers));
	servers->settings = settings;
	servers->client = http_client_new(clock_now_ms() + settings->timeout_ms, err);
	if (servers->client && vault_init(&servers->vault, &settings->vault, err) == 0 &&
	    find_namespace(servers, err) == 0)
		return 0;
	servers_end(servers);
	return -1;
}

void servers_next_step(struct servers *servers)
{
	int64_t deadline_ms = clock_now_ms() + servers->settings->timeout_ms;

	http_client_set_deadline(servers->client, deadline_ms);
	servers->kube.deadline_ms = deadline_ms;
}

int servers_log_in(struct servers *servers, struct error *err)
{
	if (servers->logged_in)
		return vault_session_renew(
		    servers->client, &servers->vault, &servers->settings->session, err);
	servers->logged_in = true;
	return vault_session_begin(
	    servers->client, &servers->vault, &servers->settings->session, err);
}

int servers_get_secret(
    struct servers *servers, const char *name, struct kube_secret *secret, struct error *err)
{
	if (!kube_valid_name(name))
		return error_set(err, ERROR_USAGE, "\"%s\" can't be a Secret's name", name);
	return kube_secret_get(
	    servers->client, &servers->kube, servers->namespace, name, secret, err);
}

void servers_end(struct servers *servers)
{
	struct error err = ERROR_INIT;

	if (servers->logged_in && vault_session_end(servers->client, &servers->vault,
				      &servers->settings->session, &err) < 0)
		log_write(LOG_WARNING, "%s", err.message);
	vault_free(&servers->vault);
	kube_free(&servers->kube);
	free(servers->namespace);
	http_client_free(servers->client);
	memset(servers, 0, sizeof(*servers));
}
