#include "lib/base/yaml_plain.h"

#include <string.h>
#include <strings.h>

#define DIGITS "0123456789"

/* A scalar and the position in it.  go-yaml reads numbers without their underscores. */
struct scan {
	const char *text;
	size_t length, at;
};

static void skip_underscores(struct scan *scan)
{
	while (scan->at < scan->length && scan->text[scan->at] == '_')
		scan->at++;
}

/* Skip a character if it is in `letters`. */
static bool accept(struct scan *scan, const char *letters)
{
	skip_underscores(scan);
	if (scan->at == scan->length || !scan->text[scan->at] ||
	    !strchr(letters, scan->text[scan->at]))
		return false;
	scan->at++;
	return true;
}

/* Skip at most `most` characters of `letters` and return their number. */
static size_t accept_run(struct scan *scan, const char *letters, size_t most)
{
	size_t count = 0;

	while (count < most && accept(scan, letters))
		count++;
	return count;
}

static bool is_over(struct scan *scan)
{
	skip_underscores(scan);
	return scan->at == scan->length;
}

static bool is_word(const char *text, size_t length)
{
	/* Compared without case, as Psych does. */
	static const char *const words[] = {"", "~", "null", "true", "false", "yes", "no", "on",
	    "off", "y", "n", "<<", "=", ".inf", ".nan", "+.inf", "-.inf"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i]) == length && strncasecmp(words[i], text, length) == 0)
			return true;
	return false;
}

/* Match 0x1F, 0o17, 0b1; go-yaml also reads 0b-1; PyYAML reads 0x_ as a number, and then fails. */
static bool is_based(struct scan scan)
{
	static const struct {
		const char *letters, *digits;
	} bases[] = {{"xX", "0123456789abcdefABCDEF"}, {"oO", "01234567"}, {"bB", "01"}};

	accept(&scan, "+-");
	if (!accept(&scan, "0"))
		return false;
	for (size_t i = 0; i < sizeof(bases) / sizeof(*bases); i++) {
		if (!accept(&scan, bases[i].letters))
			continue;
		if (i > 0)
			accept(&scan, "+-");
		size_t digits = accept_run(&scan, bases[i].digits, scan.length);
		return is_over(&scan) && (digits > 0 || scan.text[scan.length - 1] == '_');
	}
	return false;
}

/* Match 12, -0777, 1_000, 1.5, .5, 5., 1e3; SnakeYAML reads ._ as a number. */
static bool is_decimal(struct scan scan)
{
	accept(&scan, "+-");
	size_t digits = accept_run(&scan, DIGITS, scan.length);
	if (accept(&scan, "."))
		digits += accept_run(&scan, DIGITS, scan.length);
	if (digits == 0)
		return is_over(&scan) && scan.text[0] == '.' && scan.length > 1;
	if (accept(&scan, "eE")) {
		accept(&scan, "+-");
		if (accept_run(&scan, DIGITS, scan.length) == 0)
			return false;
	}
	return is_over(&scan);
}

/* Match numbers in base 60: 1:30, -1:30:59.5.  Not 6379:80, since a minute ends at 59. */
static bool is_sexagesimal(struct scan scan)
{
	accept(&scan, "+-");
	if (accept_run(&scan, DIGITS, scan.length) == 0 || !accept(&scan, ":"))
		return false;
	do {
		if (accept(&scan, "012345"))
			accept_run(&scan, DIGITS, 1);
		else if (!accept(&scan, "6789"))
			return false;
	} while (accept(&scan, ":"));
	if (accept(&scan, "."))
		accept_run(&scan, DIGITS, scan.length);
	return is_over(&scan);
}

/* Skip `least` to `most` characters of `letters`, without underscores. */
static bool accept_exactly(struct scan *scan, const char *letters, size_t least, size_t most)
{
	size_t count = 0;

	while (count < most && scan->at < scan->length && scan->text[scan->at] &&
	       strchr(letters, scan->text[scan->at])) {
		scan->at++;
		count++;
	}
	return count >= least;
}

/* Match 2024-01-31, 2024-1-31 12:00, 2024-01-31T12:00:00.5Z. */
static bool is_time(struct scan scan)
{
	if (!accept_exactly(&scan, "-", 0, 1) || !accept_exactly(&scan, DIGITS, 4, 4) ||
	    !accept_exactly(&scan, "-", 1, 1) || !accept_exactly(&scan, DIGITS, 1, 2) ||
	    !accept_exactly(&scan, "-", 1, 1) || !accept_exactly(&scan, DIGITS, 1, 2))
		return false;
	if (scan.at == scan.length)
		return true;
	return accept_exactly(&scan, "Tt \t", 1, 1) &&
	       accept_exactly(&scan, DIGITS ":.Zz+- \t", 1, scan.length) && scan.at == scan.length;
}

bool yaml_plain_is_string(const char *text, size_t length)
{
	struct scan scan = {text, length, 0};

	if (is_word(text, length))
		return false;
	if (!strchr("+-." DIGITS, text[0]))
		return true;
	return !is_based(scan) && !is_decimal(scan) && !is_sexagesimal(scan) && !is_time(scan);
}

bool yaml_plain_is_null(const char *text, size_t length)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i]) == length && memcmp(words[i], text, length) == 0)
			return true;
	return false;
}
