#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/launch/init.h"
#include "tests/unit/expect.h"

static struct error err;

/* -- names of signals ------------------------------------------------------------------------- */

static const struct {
	const char *text;
	int number;
} names[] = {{"TERM", SIGTERM}, {"SIGTERM", SIGTERM}, {"sigterm", SIGTERM}, {"hup", SIGHUP},
    {"15", SIGTERM}, {"1", SIGHUP}, {"KILL", SIGKILL}, {"WINCH", SIGWINCH}, {"37", 37}};

START_TEST(a_signal_is_parsed_by_name_or_number)
{
	int number;

	expect_ok(command_parse_signal(names[_i].text, &number, &err), err);
	ck_assert_int_eq(number, names[_i].number);
}
END_TEST

START_TEST(a_real_time_signal_is_relative_to_the_first)
{
	int number;

	expect_ok(command_parse_signal("RTMIN+3", &number, &err), err);
	ck_assert_int_eq(number, SIGRTMIN + 3);
	expect_ok(command_parse_signal("SIGRTMIN+30", &number, &err), err);
	ck_assert_int_eq(number, SIGRTMAX);
}
END_TEST

static const char *const no_names[] = {"", "0", "-1", "65", "33", "SIG", "TERMINATE", "15x", " 15",
    "RTMIN+", "RTMIN+31", "RTMIN+-1", "99999999999999999999"};

START_TEST(an_invalid_signal_is_refused)
{
	int number;

	expect_failure(
	    command_parse_signal(no_names[_i], &number, &err), err, ERROR_USAGE, "is not a signal");
}
END_TEST

/* -- the channel ------------------------------------------------------------------------------ */

static const struct collect_digests digests_one = {.ciphertext = {1}, .plaintext = {2, 3}};

START_TEST(a_message_and_its_digests_pass_the_channel)
{
	struct channel near, far;
	struct collect_digests digests;

	expect_ok(channel_open(&near, &far, &err), err);
	ck_assert_int_eq(channel_receive(&near, &digests), CHANNEL_NOTHING);
	ck_assert_int_eq(channel_wait(&near, &digests, 1), CHANNEL_NOTHING);
	expect_ok(channel_send(&far, CHANNEL_READY, &digests_one, &err), err);
	expect_ok(channel_send(&far, CHANNEL_RENEWED, NULL, &err), err);
	ck_assert_int_eq(channel_wait(&near, &digests, -1), CHANNEL_READY);
	ck_assert_mem_eq(&digests, &digests_one, sizeof(digests));
	ck_assert_int_eq(channel_receive(&near, &digests), CHANNEL_RENEWED);
	ck_assert_int_eq(channel_receive(&near, &digests), CHANNEL_NOTHING);
	channel_close(&near);
	channel_close(&far);
	channel_close(&far);
	ck_assert_int_eq(far.fd, -1);
}
END_TEST

START_TEST(a_closed_channel_is_reported_after_its_messages)
{
	struct channel near, far;
	struct collect_digests digests;

	expect_ok(channel_open(&near, &far, &err), err);
	expect_ok(channel_send(&far, CHANNEL_READY, NULL, &err), err);
	channel_close(&far);
	ck_assert_int_eq(channel_receive(&near, &digests), CHANNEL_READY);
	ck_assert_int_eq(channel_receive(&near, &digests), CHANNEL_CLOSED);
	ck_assert_int_eq(channel_wait(&near, &digests, -1), CHANNEL_CLOSED);
	/* A message to a closed channel: no SIGPIPE. */
	expect_failure(channel_send(&near, CHANNEL_GO, NULL, &err), err, ERROR_SYSTEM, "channel");
	channel_close(&near);
}
END_TEST

/* -- init ------------------------------------------------------------------------------------- */

/* Children write a letter here for each step, and candidates their process number. */
static int events[2], candidates[2];
static int stopped[2]; /* and applications that they have been asked to stop */
static int status_of_start;
static char happened[64];
/*
 * Shared by all children.  A channel closes a moment before its process has ended, so that another
 * candidate may be started after the one that took over; it must not take part.
 */
static bool *taken_over;

static void note(char letter)
{
	ck_assert_int_eq(write(events[1], &letter, 1), 1);
}

static int run(int (*start)(struct init_child *, struct error *),
    int (*watch)(struct init_child *, struct error *), const char *renew_signal)
{
	struct launch_settings settings = {
	    .init = {.stop_signal = "TERM", .stop_timeout_ms = 60000},
	    .watch.signal = renew_signal};
	struct init_jobs jobs = {.start = start, .watch = watch};

	log_init("test_init", LOG_ERROR, LOG_TEXT);
	taken_over = mmap(
	    NULL, sizeof(*taken_over), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(taken_over, MAP_FAILED);
	ck_assert_int_eq(pipe(events), 0);
	ck_assert_int_eq(pipe(candidates), 0);
	ck_assert_int_eq(pipe(stopped), 0);
	error_clear(&err);
	int status = init_run(&settings, &jobs, &err);
	close(events[1]);
	ssize_t length = read(events[0], happened, sizeof(happened) - 1);
	ck_assert_int_ge(length, 0);
	happened[length] = '\0';
	return status;
}

static int exit_with_status(struct init_child *child, struct error *failure)
{
	(void)child;
	(void)failure;
	return status_of_start;
}

START_TEST(the_childs_exit_status_is_the_inits)
{
	status_of_start = _i;
	ck_assert_int_eq(run(exit_with_status, NULL, NULL), _i);
	ck_assert_int_eq(err.code, ERROR_NONE);
	ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

static const int deadly[] = {SIGKILL, SIGTERM, SIGABRT};

static int end_by_signal(struct init_child *child, struct error *failure)
{
	(void)child;
	(void)failure;
	kill(getpid(), deadly[status_of_start]);
	return 0;
}

START_TEST(a_childs_signal_is_128_and_its_number)
{
	status_of_start = _i;
	ck_assert_int_eq(run(end_by_signal, NULL, NULL), 128 + deadly[_i]);
}
END_TEST

START_TEST(a_signal_caught_before_the_start_ends_init)
{
	signal(SIGTERM, SIG_DFL);
	command_catch_signals(NULL);
	raise(SIGTERM);
	ck_assert_int_eq(run(exit_with_status, NULL, NULL), 128 + SIGTERM);
	ck_assert_int_eq(err.code, ERROR_INTERRUPTED);
	ck_assert_str_eq(happened, "");
}
END_TEST

/* The application: from here on it has no channel to init any more. */
static void become_application(struct init_child *child)
{
	sigset_t waited;

	/* Signals may come as soon as the channel is closed. */
	sigemptyset(&waited);
	sigaddset(&waited, SIGTERM);
	sigaddset(&waited, SIGUSR1);
	sigprocmask(SIG_BLOCK, &waited, NULL);
	/* The candidate starts when the channel is closed. */
	note('a');
	channel_close(&child->channel);
}

static int wait_for_signal(void)
{
	sigset_t waited;
	int number;

	sigemptyset(&waited);
	sigaddset(&waited, SIGTERM);
	sigaddset(&waited, SIGUSR1);
	sigwait(&waited, &number);
	return number;
}

static int start_until_term(struct init_child *child, struct error *failure)
{
	if (channel_send(&child->channel, CHANNEL_READY, &digests_one, failure) < 0)
		return 99;
	become_application(child);
	int number = wait_for_signal();
	note(number == SIGTERM ? 't' : '?');
	return 5;
}

static int take_over(struct init_child *child, struct error *failure)
{
	struct collect_digests digests;

	if (*taken_over)
		return wait_for_signal();
	if (memcmp(child->running, &digests_one, sizeof(digests_one)) != 0 ||
	    channel_send(&child->channel, CHANNEL_READY, &digests_one, failure) < 0)
		return 99;
	if (channel_wait(&child->channel, &digests, -1) != CHANNEL_GO)
		return 98;
	*taken_over = true;
	note('g');
	return 6;
}

START_TEST(a_candidate_takes_over_when_the_application_has_ended)
{
	ck_assert_int_eq(run(start_until_term, take_over, NULL), 6);
	ck_assert_str_eq(happened, "atg");
}
END_TEST

/* The first application ends after the candidate, the second immediately. */
static int start_and_outlive(struct init_child *child, struct error *failure)
{
	struct pollfd second = {.fd = candidates[0], .events = POLLIN};
	pid_t candidate;

	if (poll(&second, 1, 0) > 0)
		return 7;
	if (channel_send(&child->channel, CHANNEL_READY, &digests_one, failure) < 0)
		return 99;
	become_application(child);
	wait_for_signal();
	ck_assert_int_eq(write(stopped[1], "x", 1), 1);
	ck_assert_int_eq(read(candidates[0], &candidate, sizeof(candidate)), sizeof(candidate));
	while (kill(candidate, 0) == 0)
		usleep(1000);
	ck_assert_int_eq(write(candidates[1], &candidate, sizeof(candidate)), sizeof(candidate));
	note('t');
	return 5;
}

/* Not before it has been heard. */
static int get_ready_and_die(struct init_child *child, struct error *failure)
{
	pid_t self = getpid();
	char byte;

	ck_assert_int_eq(write(candidates[1], &self, sizeof(self)), sizeof(self));
	if (channel_send(&child->channel, CHANNEL_READY, &digests_one, failure) < 0)
		return 99;
	ck_assert_int_eq(read(stopped[0], &byte, 1), 1);
	kill(self, SIGKILL);
	return 98;
}

START_TEST(a_candidate_that_dies_when_ready_is_replaced_by_a_start)
{
	ck_assert_int_eq(run(start_and_outlive, get_ready_and_die, NULL), 7);
	ck_assert_str_eq(happened, "at");
}
END_TEST

/* Dies the first time, and is there again. */
static int die_once(struct init_child *child, struct error *failure)
{
	struct pollfd first = {.fd = candidates[0], .events = POLLIN};

	if (poll(&first, 1, 0) > 0)
		return take_over(child, failure);
	ck_assert_int_eq(write(candidates[1], "x", 1), 1);
	note('d');
	return 1;
}

START_TEST(a_candidate_that_ends_by_itself_is_replaced)
{
	ck_assert_int_eq(run(start_until_term, die_once, NULL), 6);
	ck_assert_str_eq(happened, "adtg");
}
END_TEST

static int start_until_two_signals(struct init_child *child, struct error *failure)
{
	if (channel_send(&child->channel, CHANNEL_READY, &digests_one, failure) < 0)
		return 99;
	become_application(child);
	for (int i = 0; i < 2; i++) {
		note(wait_for_signal() == SIGUSR1 ? 'u' : '?');
		/* The candidate may go on. */
		ck_assert_int_eq(write(candidates[1], "x", 1), 1);
	}
	return 5;
}

static const struct collect_digests digests_two = {.plaintext = {7}};

/* Each candidate renews once and ends; the second must know the digests of the first. */
static int renew_once(struct init_child *child, struct error *failure)
{
	struct collect_digests digests = digests_two;
	char letter;

	if (memcmp(child->running, &digests_one, sizeof(digests_one)) != 0)
		note(memcmp(child->running, &digests_two, sizeof(digests_two)) == 0 ? '2' : '?');
	if (channel_send(&child->channel, CHANNEL_RENEWED, &digests, failure) < 0)
		return 99;
	ck_assert_int_eq(read(candidates[0], &letter, 1), 1);
	return 0;
}

START_TEST(a_renewed_application_gets_a_signal_and_continues)
{
	ck_assert_int_eq(run(start_until_two_signals, renew_once, "USR1"), 5);
	ck_assert_str_eq(happened, "au2u");
}
END_TEST

static int end_at_once(struct init_child *child, struct error *failure)
{
	if (channel_send(&child->channel, CHANNEL_READY, &digests_one, failure) < 0)
		return 99;
	channel_close(&child->channel);
	char letter;
	ck_assert_int_eq(read(candidates[0], &letter, 1), 1);
	return 5;
}

static int wait_for_the_end(struct init_child *child, struct error *failure)
{
	struct collect_digests digests;

	(void)failure;
	signal(SIGTERM, SIG_IGN);
	ck_assert_int_eq(write(candidates[1], "x", 1), 1);
	if (channel_wait(&child->channel, &digests, -1) == CHANNEL_CLOSED)
		note('c');
	return 0;
}

START_TEST(an_application_that_ends_also_ends_the_candidate)
{
	ck_assert_int_eq(run(end_at_once, wait_for_the_end, NULL), 5);
	ck_assert_str_eq(happened, "c");
	ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_loop_test(tests, a_signal_is_parsed_by_name_or_number, 0, COUNT(names));
	tcase_add_test(tests, a_real_time_signal_is_relative_to_the_first);
	tcase_add_loop_test(tests, an_invalid_signal_is_refused, 0, COUNT(no_names));
	tcase_add_test(tests, a_message_and_its_digests_pass_the_channel);
	tcase_add_test(tests, a_closed_channel_is_reported_after_its_messages);
	tcase_add_loop_test(tests, the_childs_exit_status_is_the_inits, 0, 3);
	tcase_add_loop_test(tests, a_childs_signal_is_128_and_its_number, 0, COUNT(deadly));
	tcase_add_test(tests, a_signal_caught_before_the_start_ends_init);
	tcase_add_test(tests, a_candidate_takes_over_when_the_application_has_ended);
	tcase_add_test(tests, a_candidate_that_dies_when_ready_is_replaced_by_a_start);
	tcase_add_test(tests, a_candidate_that_ends_by_itself_is_replaced);
	tcase_add_test(tests, a_renewed_application_gets_a_signal_and_continues);
	tcase_add_test(tests, an_application_that_ends_also_ends_the_candidate);
}

int main(void)
{
	return run_tests("init", add);
}
