#include "lib/launch/backoff.h"

int64_t backoff_begin(struct backoff *backoff, int64_t now_ms)
{
	int64_t longest = backoff->first_ms * BACKOFF_MAX;

	if (backoff->pause_ms == 0 ||
	    now_ms >= backoff->until_ms + BACKOFF_QUIET * backoff->pause_ms)
		backoff->pause_ms = backoff->first_ms;
	else
		backoff->pause_ms *= 2;
	if (backoff->pause_ms > longest)
		backoff->pause_ms = longest;
	backoff->until_ms = now_ms + backoff->pause_ms;
	return backoff->until_ms;
}
