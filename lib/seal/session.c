#include "lib/seal/seal.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"

/* Set the namespace.  Offline, a kubeconfig is not needed and the namespace may stay NULL. */
static int find_namespace(struct seal_session *session, struct error *err)
{
	const struct seal_session_settings *settings = session->settings;
	struct kube_settings kube = settings->kube;
	const char *namespace = kube.namespace;

	if (settings->offline && !is_set(namespace))
		return 0;
	if (!settings->offline) {
		/* Set the deadline now, because prompts or an editor may have taken long. */
		kube.deadline_ms = clock_now_ms() + settings->timeout_ms;
		if (kube_init(&session->kube, &kube, err) < 0)
			return -1;
		namespace = session->kube.namespace;
	}
	if (!kube_valid_namespace(namespace))
		return error_set(err, ERROR_USAGE, "\"%s\": not a valid namespace", namespace);
	session->namespace = strdup(namespace);
	return session->namespace ? 0 : error_memory(err);
}

int seal_session_begin(
    struct seal_session *session, const struct seal_session_settings *settings, struct error *err)
{
	memset(session, 0, sizeof(*session));
	session->settings = settings;
	session->client = http_client_new(clock_now_ms() + settings->timeout_ms, err);
	if (session->client && vault_init(&session->vault, &settings->vault, err) == 0 &&
	    find_namespace(session, err) == 0)
		return 0;
	seal_session_end(session);
	return -1;
}

void seal_session_restart_timeout(struct seal_session *session)
{
	int64_t deadline_ms = clock_now_ms() + session->settings->timeout_ms;

	http_client_set_deadline(session->client, deadline_ms);
	session->kube.deadline_ms = deadline_ms;
}

int seal_session_log_in(struct seal_session *session, struct error *err)
{
	if (session->logged_in)
		return vault_session_renew(
		    session->client, &session->vault, &session->settings->vault_session, err);
	session->logged_in = true;
	return vault_session_begin(
	    session->client, &session->vault, &session->settings->vault_session, err);
}

int seal_session_get_secret(
    struct seal_session *session, const char *name, struct kube_secret *secret, struct error *err)
{
	if (!kube_valid_name(name))
		return error_set(err, ERROR_USAGE, "\"%s\": not a valid Secret name", name);
	return kube_secret_get(
	    session->client, &session->kube, session->namespace, name, secret, err);
}

void seal_session_end(struct seal_session *session)
{
	struct error err = ERROR_INIT;

	if (session->logged_in && vault_session_end(session->client, &session->vault,
				      &session->settings->vault_session, &err) < 0)
		log_error(LOG_WARNING, &err);
	vault_free(&session->vault);
	kube_free(&session->kube);
	free(session->namespace);
	http_client_free(session->client);
	memset(session, 0, sizeof(*session));
}
