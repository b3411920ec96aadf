#include "lib/rotate/rotation.h"

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

static char *lease_name(const struct rotate_settings *settings, struct error *err)
{
	const struct shard *shard = &settings->selection.shard;

	if (shard->count == 0)
		return string_format(err, "%s", settings->lease);
	return string_format(err, "%s-shard-%lld-of-%lld", settings->lease, (long long)shard->index,
	    (long long)shard->count);
}

int rotation_hold(struct rotation *rotation, struct error *err)
{
	const struct rotate_settings *settings = rotation->settings;
	cleanup_free char *name = NULL;

	if (!settings->lease || settings->dry_run || settings->phase == ROTATE_VERIFY)
		return 0;
	name = lease_name(settings, err);
	if (!name)
		return -1;
	return lease_acquire(&rotation->lease, rotation->client, &rotation->kube,
	    rotation->kube.namespace, name, err);
}

int rotation_renew(struct rotation *rotation, struct error *err)
{
	if (rotation->renewing || clock_now_ms() < lease_due_ms(&rotation->lease))
		return 0;
	if (lease_renew_request(&rotation->lease, &rotation->renewal, err) < 0 ||
	    http_start(rotation->client, &rotation->renewal, err) < 0)
		return -1;
	rotation->renewing = true;
	return 0;
}

int rotation_renewed(struct rotation *rotation, struct error *err)
{
	int result = lease_renew_result(&rotation->lease, &rotation->renewal, err);

	http_exchange_free(&rotation->renewal);
	rotation->renewing = false;
	return result;
}

void rotation_let_go(struct rotation *rotation)
{
	http_cancel(rotation->client, &rotation->renewal);
	http_exchange_free(&rotation->renewal);
	lease_release(&rotation->lease);
}
