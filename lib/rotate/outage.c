#include "lib/rotate/outage.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"

void outage_ends(struct outage *outage)
{
	outage->answered = true;
	outage->answers++;
	if (outage->wait_ms == 0)
		return;
	outage->wait_ms = outage->until_ms = 0;
	log_write(LOG_INFO, "%s answers again: going on", outage->server);
}

int outage_begins(struct outage *outage, struct error *err)
{
	bool away = err->code == ERROR_NETWORK || err->code == ERROR_UNAVAILABLE;

	if (!away || !outage->answered)
		return -1;
	if (outage->wait_ms == 0) {
		log_write(LOG_WARNING, "%s: waiting for it, within --timeout", err->message);
		outage->wait_ms = OUTAGE_WAIT_MIN_MS;
	} else if (outage->until_ms <= clock_now_ms()) {
		outage->wait_ms *= 2;
		if (outage->wait_ms > OUTAGE_WAIT_MAX_MS)
			outage->wait_ms = OUTAGE_WAIT_MAX_MS;
	}
	outage->until_ms = clock_now_ms() + outage->wait_ms;
	outage->why = *err;
	error_clear(err);
	return 0;
}

bool outage_holds(const struct outage *outage)
{
	return outage->wait_ms > 0 && clock_now_ms() < outage->until_ms;
}
