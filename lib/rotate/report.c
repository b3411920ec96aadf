#include "lib/rotate/report.h"

#include "lib/base/log.h"
#include "lib/base/progress.h"

static struct {
	const char *what;
	size_t total; /* 0: not known */
	int64_t begun_ms;
	int64_t told_ms; /* in the log, by whichever pass; 0: never */
} report;

static const char *name_of(enum pass_mode mode)
{
	switch (mode) {
	case PASS_GATHER:
		return "Finding Secrets";
	case PASS_REWRAP:
		return "Rewrapping Secrets";
	case PASS_CENSUS:
		return "Looking at all Secrets";
	default:
		return "Looking at Secrets";
	}
}

void report_begin(const struct rotate_summary *summary, enum pass_mode mode, int64_t now_ms)
{
	report.what = name_of(mode);
	report.total = summary->listed;
	report.begun_ms = now_ms;
	if (report.told_ms == 0)
		report.told_ms = now_ms;
	progress_begin(report.what);
}

static void write_log(const struct rotate_summary *summary, size_t done, int64_t now_ms)
{
	int64_t elapsed_ms = now_ms - report.begun_ms;
	bool known = report.total > 0 && done <= report.total;
	const struct log_number numbers[] = {
	    {"done", (int64_t)done},
	    {"perSecond", elapsed_ms > 0 ? (int64_t)done * 1000 / elapsed_ms : 0},
	    {"rewrapped", (int64_t)summary->rewrapped},
	    {"conflicts", (int64_t)summary->conflicts},
	    {"failed", (int64_t)summary->failed},
	    {"total", (int64_t)report.total},
	};
	size_t count = sizeof(numbers) / sizeof(numbers[0]);
	char line[160];

	progress_format(line, sizeof(line), report.what, done, report.total, elapsed_ms);
	log_write_numbers(LOG_INFO, line, numbers, known ? count : count - 1);
	report.told_ms = now_ms;
}

void report_turn(const struct rotate_summary *summary, int64_t now_ms)
{
	size_t done = summary_done(summary);

	if (progress_has_terminal())
		progress_update(done, report.total);
	else if (now_ms - report.told_ms >= REPORT_INTERVAL_MS)
		write_log(summary, done, now_ms);
}

void report_end(void)
{
	progress_end();
}
