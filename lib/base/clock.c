#include "lib/base/clock.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

/* Ten years.  A longer duration is a typing error, and the sum of two does not overflow. */
#define DURATION_MAX_MS ((int64_t)10 * 365 * 24 * 3600 * 1000)

int64_t clock_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * Return the unit at *text in milliseconds and move *text after it, or return 0 if there is none.
 */
static int64_t take_unit(const char **text)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t length = strlen(units[i].name);
		if (strncmp(*text, units[i].name, length) == 0) {
			*text += length;
			return units[i].ms;
		}
	}
	return 0;
}

int clock_parse_duration(const char *text, int64_t *duration_ms, struct error *err)
{
	const char *at = text;
	int64_t total = 0;
	bool bare = true; /* no unit so far */

	do {
		int64_t number = 0;
		bool digits = false;
		for (; *at >= '0' && *at <= '9' && number <= DURATION_MAX_MS; at++, digits = true)
			number = number * 10 + (*at - '0');
		int64_t unit = take_unit(&at);
		if (unit == 0 && at[0] == '\0' && bare)
			unit = 1000;
		bare = false;
		if (!digits || unit == 0 || number > (DURATION_MAX_MS - total) / unit)
			return error_set(err, ERROR_USAGE,
			    "\"%s\" is not a duration; write 10s, 1m30s, 500ms or 2h", text);
		total += number * unit;
	} while (*at);
	*duration_ms = total;
	return 0;
}
