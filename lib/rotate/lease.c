#include "lib/rotate/lease.h"

#include <inttypes.h>
#include <limits.h>
#include <openssl/rand.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"

static bool has_holder(const struct kube_lease *stored)
{
	return stored->holder && *stored->holder;
}

static bool is_ours(const struct lease *lease, const struct kube_lease *stored)
{
	return stored->holder && strcmp(stored->holder, lease->identity) == 0;
}

/* Take the Lease as it now is; *stored is empty after. */
static void keep(struct lease *lease, struct kube_lease *stored)
{
	kube_lease_free(&lease->stored);
	lease->stored = *stored;
	memset(stored, 0, sizeof(*stored));
}

static char *make_identity(struct error *err)
{
	char host[HOST_NAME_MAX + 1] = "";
	uint64_t unique;

	if (gethostname(host, sizeof(host)) < 0) {
		error_system(err, "making a name for the Lease's holder");
		return NULL;
	}
	RAND_bytes((uint8_t *)&unique, sizeof(unique));
	return string_format(err, "%s_%ld_%016" PRIx64, host, (long)getpid(), unique);
}

/* -- acquiring -------------------------------------------------------------------------------- */

/* 0: it is ours; 1: somebody was quicker; -1: error. */
static int judge_taking(
    struct lease *lease, int result, struct kube_lease *stored, int64_t begun, struct error *err)
{
	if (result < 0 && err->code != ERROR_CONFLICT)
		return -1;
	if (result < 0) {
		error_clear(err);
		return 1;
	}
	keep(lease, stored);
	lease->held = true;
	lease->due_ms = begun + LEASE_RENEW_MS;
	return 0;
}

static int create(struct lease *lease, struct http_client *client, struct error *err)
{
	char now[KUBE_MICRO_TIME_SIZE];
	int64_t begun = clock_now_ms();
	struct kube_lease stored;

	kube_micro_time(now);
	struct kube_lease wanted = {.namespace = lease->stored.namespace,
	    .name = lease->stored.name,
	    .holder = lease->identity,
	    .duration_s = LEASE_DURATION_S,
	    .acquired = now,
	    .renewed = now};
	int result = kube_lease_create(client, lease->kube, &wanted, &stored, err);
	return judge_taking(lease, result, &stored, begun, err);
}

/* Take what nobody holds, or who holds it does not renew; what was seen is the precondition. */
static int take(struct lease *lease, struct http_client *client, struct error *err)
{
	const struct kube_lease *seen = &lease->stored;
	char now[KUBE_MICRO_TIME_SIZE];
	int64_t begun = clock_now_ms();
	struct kube_lease stored;

	kube_micro_time(now);
	struct kube_lease wanted = {.namespace = seen->namespace,
	    .name = seen->name,
	    .resource_version = seen->resource_version,
	    .holder = lease->identity,
	    .duration_s = LEASE_DURATION_S,
	    .acquired = now,
	    .renewed = now,
	    .transitions = seen->transitions + 1};
	int result = kube_lease_patch(client, lease->kube, &wanted, &stored, err);
	return judge_taking(lease, result, &stored, begun, err);
}

/* Somebody else's Lease, watched until it changes or its time is over. */
struct watch {
	char *holder, *renewed;
	int64_t over_ms;
};

static void watch_free(struct watch *watch)
{
	free(watch->holder);
	free(watch->renewed);
}

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static int64_t duration_ms_of(const struct kube_lease *seen)
{
	if (seen->duration_s < 1 || seen->duration_s > LEASE_WATCH_MAX_S)
		return (int64_t)LEASE_DURATION_S * 1000;
	return seen->duration_s * 1000;
}

static int watch_begin(struct watch *watch, const struct kube_lease *seen, struct error *err)
{
	int64_t duration = duration_ms_of(seen);

	watch->holder = strdup(seen->holder);
	watch->renewed = strdup(seen->renewed ? seen->renewed : "");
	if (!watch->holder || !watch->renewed)
		return error_memory(err);
	watch->over_ms = clock_now_ms() + duration;
	log_write(LOG_INFO,
	    "Lease %s/%s: %s holds it: watching for %lld s whether it still renews it",
	    seen->namespace, seen->name, seen->holder, (long long)duration / 1000);
	return 0;
}

/* Until the next look; a signal ends it. */
static void rest(const struct watch *watch)
{
	int64_t left = watch->over_ms - clock_now_ms();

	if (left > 0)
		poll(NULL, 0, (int)(left < LEASE_RETRY_MS ? left : LEASE_RETRY_MS));
}

static int refuse_held(const struct kube_lease *seen, struct error *err)
{
	return error_set(err, ERROR_CONFLICT,
	    "Lease %s/%s: %s holds it and renews it: another rotation is at work: wait for its "
	    "end, or run beside it with --no-lease",
	    seen->namespace, seen->name, seen->holder);
}

/* One look at a Lease that is there.  0: it is ours; 1: look again; -1: error. */
static int approach(
    struct lease *lease, struct http_client *client, struct watch *watch, struct error *err)
{
	const struct kube_lease *seen = &lease->stored;

	/* Ours: a request of which the answer was lost. */
	if (!has_holder(seen) || is_ours(lease, seen))
		return take(lease, client, err);
	if (!watch->holder) {
		if (watch_begin(watch, seen, err) < 0)
			return -1;
	} else if (!same_text(watch->holder, seen->holder) ||
		   !same_text(watch->renewed, seen->renewed)) {
		return refuse_held(seen, err);
	} else if (clock_now_ms() >= watch->over_ms) {
		log_write(LOG_INFO, "Lease %s/%s: %s does not renew it: taking it over",
		    seen->namespace, seen->name, seen->holder);
		return take(lease, client, err);
	}
	rest(watch);
	return 1;
}

/* 0: it is ours; 1: look again; -1: error. */
static int look(
    struct lease *lease, struct http_client *client, struct watch *watch, struct error *err)
{
	struct kube_lease seen;

	if (kube_lease_get(client, lease->kube, lease->stored.namespace, lease->stored.name, &seen,
		err) == 0) {
		keep(lease, &seen);
		return approach(lease, client, watch, err);
	}
	if (err->code != ERROR_NOT_FOUND)
		return -1;
	error_clear(err);
	return create(lease, client, err);
}

int lease_acquire(struct lease *lease, struct http_client *client, struct kube *kube,
    const char *namespace, const char *name, struct error *err)
{
	struct watch watch = {0};
	int result = 1;

	*lease = (struct lease){.kube = kube, .identity = make_identity(err)};
	if (!lease->identity)
		return -1;
	lease->stored = (struct kube_lease){.namespace = strdup(namespace), .name = strdup(name)};
	if (!lease->stored.namespace || !lease->stored.name)
		result = error_memory(err);
	while (result > 0)
		result = look(lease, client, &watch, err);
	watch_free(&watch);
	if (result == 0)
		log_write(LOG_DEBUG, "Lease %s/%s: %s holds it", namespace, name, lease->identity);
	else if (err->code == ERROR_DENIED)
		error_hint(err, "or run without a Lease, with --no-lease");
	if (result < 0)
		lease_free(lease);
	return result;
}

/* -- keeping ---------------------------------------------------------------------------------- */

int64_t lease_due_ms(const struct lease *lease)
{
	return lease->held ? lease->due_ms : INT64_MAX;
}

int lease_renew_request(struct lease *lease, struct http_exchange *exchange, struct error *err)
{
	const struct kube_lease *stored = &lease->stored;
	char now[KUBE_MICRO_TIME_SIZE];

	lease->requested_ms = clock_now_ms();
	if (lease->reread)
		return kube_lease_get_request(
		    lease->kube, stored->namespace, stored->name, exchange, err);
	kube_micro_time(now);
	struct kube_lease change = {.namespace = stored->namespace,
	    .name = stored->name,
	    .resource_version = stored->resource_version,
	    .renewed = now,
	    .transitions = -1};
	return kube_lease_patch_request(lease->kube, &change, exchange, err);
}

static int lose(struct lease *lease, const char *holder, struct error *err)
{
	const struct kube_lease *stored = &lease->stored;

	lease->held = false;
	if (!holder || !*holder)
		return error_set(err, ERROR_CONFLICT,
		    "Lease %s/%s is lost: somebody %s it: run again", stored->namespace,
		    stored->name, holder ? "emptied" : "deleted");
	return error_set(err, ERROR_CONFLICT,
	    "Lease %s/%s is lost: %s holds it now: run again when that has ended",
	    stored->namespace, stored->name, holder);
}

/* It is not known to be lost: try again soon. */
static int put_off(struct lease *lease, struct error *err)
{
	if (!lease->away && err->code != ERROR_INTERRUPTED)
		log_write(LOG_WARNING, "%s: it is not renewed now", err->message);
	error_clear(err);
	lease->away = true;
	lease->due_ms = clock_now_ms() + LEASE_RETRY_MS;
	return 0;
}

static int judge_failure(struct lease *lease, struct error *err)
{
	if (error_is_outage(err))
		return put_off(lease, err);
	if (err->code == ERROR_NOT_FOUND)
		return lose(lease, NULL, err);
	if (err->code != ERROR_CONFLICT) {
		lease->held = false;
		return error_hint(err, "it can't be renewed any more");
	}
	/* Its labels, our own renewal whose answer was lost, or another holder. */
	error_clear(err);
	lease->reread = true;
	lease->due_ms = clock_now_ms();
	return 0;
}

int lease_renew_result(struct lease *lease, const struct http_exchange *exchange, struct error *err)
{
	struct kube_lease stored;
	bool reread = lease->reread;

	if (kube_lease_result(exchange, lease->stored.namespace, lease->stored.name, &stored, err) <
	    0)
		return judge_failure(lease, err);
	if (!is_ours(lease, &stored)) {
		int result = lose(lease, stored.holder ? stored.holder : "", err);
		kube_lease_free(&stored);
		return result;
	}
	keep(lease, &stored);
	lease->away = lease->reread = false;
	lease->due_ms = reread ? clock_now_ms() : lease->requested_ms + LEASE_RENEW_MS;
	return 0;
}

/* -- giving it back --------------------------------------------------------------------------- */

static int give_back(struct lease *lease, struct http_client *client, struct error *err)
{
	char now[KUBE_MICRO_TIME_SIZE], nobody[] = "";
	struct kube_lease stored;

	kube_micro_time(now);
	struct kube_lease change = {.namespace = lease->stored.namespace,
	    .name = lease->stored.name,
	    .resource_version = lease->stored.resource_version,
	    .holder = nobody,
	    .duration_s = 1,
	    .renewed = now,
	    .transitions = -1};
	int result = kube_lease_patch(client, lease->kube, &change, &stored, err);
	kube_lease_free(&stored);
	return result;
}

/* A renewal may have been under way, which made the version that we know an old one. */
static int release(struct lease *lease, struct http_client *client, struct error *err)
{
	struct kube_lease seen;

	if (!lease->reread && give_back(lease, client, err) == 0)
		return 0;
	if (!lease->reread && err->code != ERROR_CONFLICT)
		return -1;
	if (kube_lease_get(
		client, lease->kube, lease->stored.namespace, lease->stored.name, &seen, err) < 0)
		return -1;
	keep(lease, &seen);
	return is_ours(lease, &lease->stored) ? give_back(lease, client, err) : 0;
}

void lease_release(struct lease *lease)
{
	struct error err = ERROR_INIT;

	if (!lease->held)
		return;
	lease->held = false;
	struct http_client *client = http_client_new_cleanup(LEASE_LAST_MS, &err);
	if (!client || release(lease, client, &err) < 0)
		log_write(
		    LOG_WARNING, "%s: it is free again within %d s", err.message, LEASE_DURATION_S);
	http_client_free(client);
}

void lease_free(struct lease *lease)
{
	free(lease->identity);
	kube_lease_free(&lease->stored);
	memset(lease, 0, sizeof(*lease));
}
