#include <stdio.h>
#include <time.h>

#include "lib/kube/kube.h"

#define TO_THE_SECOND "%Y-%m-%dT%H:%M:%S"

void kube_time(char text[KUBE_TIME_SIZE])
{
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(text, KUBE_TIME_SIZE, TO_THE_SECOND "Z", &utc);
}

void kube_micro_time(char text[KUBE_MICRO_TIME_SIZE])
{
	struct timespec now;
	struct tm utc;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	size_t length = strftime(text, KUBE_MICRO_TIME_SIZE, TO_THE_SECOND, &utc);
	snprintf(text + length, KUBE_MICRO_TIME_SIZE - length, ".%06uZ",
	    (unsigned)(now.tv_nsec / 1000) % 1000000U);
}
