/*
 * search_list: look up a host by the search list of /etc/resolv.conf.
 *
 * c-ares stops at the first name of the list whose query fails, for example with SERVFAIL, REFUSED
 * or without an answer, although the next name may exist.  glibc continues after SERVFAIL, Go's
 * resolver after all of them.  The linker therefore replaces two functions that libcurl calls
 * (--wrap, see deps.mk): each name of the list is looked up as an absolute name, one by one.
 */
#include <ares.h>
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/strings.h"
#include "lib/http/request.h"

/*
 * Time until the next server, or the same server again, is asked too; doubled for each round.  All
 * names of a cluster's search list fit into HTTP_CONNECT_TIMEOUT_MS if the first server is dead.
 */
#define ANSWER_TIMEOUT_MS 1000

#define HOST_BYTES_MAX 253 /* RFC 1035, as text */

struct search {
	ares_channel channel;
	char *host, *service;
	struct ares_addrinfo_hints hints;
	ares_addrinfo_callback callback; /* libcurl's */
	void *context;
	struct ares_options options; /* has the domains of the list */
	int first, asked;	     /* index of the first name; names asked so far */
	int timeouts;
};

/*
 * The host and the index of the name at which the next search begins.  A search that libcurl ends,
 * at its time limit, is continued by the next try, which would otherwise get no further.
 */
static struct {
	char host[HOST_BYTES_MAX + 1];
	int next;
} interrupted;

/* The functions of c-ares, and their replacements. */
int __real_ares_init_options(ares_channel *channel, struct ares_options *options, int mask);
int __wrap_ares_init_options(ares_channel *channel, struct ares_options *options, int mask);
void __real_ares_getaddrinfo(ares_channel channel, const char *host, const char *service,
    const struct ares_addrinfo_hints *hints, ares_addrinfo_callback callback, void *context);
void __wrap_ares_getaddrinfo(ares_channel channel, const char *host, const char *service,
    const struct ares_addrinfo_hints *hints, ares_addrinfo_callback callback, void *context);

int __wrap_ares_init_options(ares_channel *channel, struct ares_options *options, int mask)
{
	options->timeout = ANSWER_TIMEOUT_MS;
	return __real_ares_init_options(channel, options, mask | ARES_OPT_TIMEOUTMS);
}

static void search_free(struct search *search)
{
	ares_destroy_options(&search->options);
	free(search->host);
	free(search->service);
	free(search);
}

static bool is_address(const char *host)
{
	struct in6_addr address;

	return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

static bool is_in_hosts_file(ares_channel channel, const char *host)
{
	static const int families[] = {AF_INET, AF_INET6};
	struct hostent *found;

	for (size_t i = 0; i < 2; i++)
		if (ares_gethostbyname_file(channel, host, families[i], &found) == ARES_SUCCESS) {
			ares_free_hostent(found);
			return true;
		}
	return false;
}

/* Return whether the host has only one name: an address, an absolute name, or a known host. */
static bool is_single(ares_channel channel, const char *host)
{
	size_t length = strlen(host);

	return length == 0 || length > HOST_BYTES_MAX || host[length - 1] == '.' ||
	       is_address(host) || strcmp(host, "localhost") == 0 ||
	       is_in_hosts_file(channel, host);
}

static int count_names(const struct search *search)
{
	return search->options.ndomains + 1;
}

static int count_dots(const char *host)
{
	int dots = 0;

	for (; *host; host++)
		dots += *host == '.';
	return dots;
}

/*
 * Return a name of the list, absolute and newly allocated, or NULL without memory.  The host itself
 * is the first name if it has `ndots` dots, otherwise the last.  A domain may end with a dot.
 */
static char *get_name(const struct search *search, int index)
{
	const struct ares_options *options = &search->options;
	struct error ignored = ERROR_INIT;
	bool whole_first = count_dots(search->host) >= options->ndots;
	int domain = whole_first ? index - 1 : index;

	if (domain < 0 || domain == options->ndomains)
		return string_format(&ignored, "%s.", search->host);
	const char *text = options->domains[domain];
	size_t length = strlen(text);
	bool ended = length > 0 && text[length - 1] == '.';
	return string_format(&ignored, "%s.%s%s", search->host, text, ended ? "" : ".");
}

/* Return the index of the name that is being asked. */
static int current(const struct search *search)
{
	return (search->first + search->asked) % count_names(search);
}

/*
 * Let the next search begin at this name if an earlier name was answered in the time, otherwise at
 * the next name.
 */
static void note_interrupted(const struct search *search)
{
	int next = current(search) + (search->asked == 0);

	strcpy(interrupted.host, search->host);
	interrupted.next = next % count_names(search);
}

static void search_end(struct search *search, int status, struct ares_addrinfo *found)
{
	if (status == ARES_ECANCELLED)
		note_interrupted(search);
	search->callback(search->context, status, search->timeouts, found);
	search_free(search);
}

static void on_answer(void *context, int status, int timeouts, struct ares_addrinfo *found);

static void ask(struct search *search)
{
	cleanup_free char *name = get_name(search, current(search));

	if (!name)
		search_end(search, ARES_ENOMEM, NULL);
	else
		__real_ares_getaddrinfo(
		    search->channel, name, search->service, &search->hints, on_answer, search);
}

static bool is_final(int status)
{
	return status == ARES_SUCCESS || status == ARES_ECANCELLED || status == ARES_EDESTRUCTION ||
	       status == ARES_ENOMEM;
}

static void on_answer(void *context, int status, int timeouts, struct ares_addrinfo *found)
{
	struct search *search = context;

	search->timeouts += timeouts;
	if (is_final(status) || search->asked + 1 == count_names(search)) {
		search_end(search, status, found);
		return;
	}
	search->asked++;
	ask(search);
}

/* Return the index at which the search begins, and forget it. */
static int take_first(const struct search *search)
{
	bool same = strcmp(interrupted.host, search->host) == 0;

	interrupted.host[0] = '\0';
	return same ? interrupted.next % count_names(search) : 0;
}

static struct search *search_new(
    ares_channel channel, const char *host, const char *service, ares_addrinfo_callback callback)
{
	struct search *search = calloc(1, sizeof(*search));
	int mask;

	if (!search)
		return NULL;
	search->channel = channel;
	search->callback = callback;
	search->host = strdup(host);
	search->service = strdup(service);
	if (search->host && search->service &&
	    ares_save_options(channel, &search->options, &mask) == ARES_SUCCESS)
		return search;
	search_free(search);
	return NULL;
}

void __wrap_ares_getaddrinfo(ares_channel channel, const char *host, const char *service,
    const struct ares_addrinfo_hints *hints, ares_addrinfo_callback callback, void *context)
{
	if (is_single(channel, host)) {
		__real_ares_getaddrinfo(channel, host, service, hints, callback, context);
		return;
	}
	struct search *search = search_new(channel, host, service, callback);
	if (!search) {
		callback(context, ARES_ENOMEM, 0, NULL);
		return;
	}
	search->hints = *hints;
	search->context = context;
	search->first = take_first(search);
	ask(search);
}
