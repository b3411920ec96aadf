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

START_TEST(a_signal_has_a_name_or_a_number)
{
	int number;

	expect_ok(command_parse_signal(names[_i].text, &number, &err), err);
	ck_assert_int_eq(number, names[_i].number);
}
END_TEST

START_TEST(a_real_time_signal_counts_from_the_first)
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

START_TEST(anything_else_is_none)
{
	int number;

	expect_failure(
	    command_parse_signal(no_names[_i], &number, &err), err, ERROR_USAGE, "is not a signal");
}
END_TEST

/* -- the gate --------------------------------------------------------------------------------- */

static const struct collect_digests mark_one = {.ciphertext = {1}, .plaintext = {2, 3}};

START_TEST(a_word_and_its_mark_pass_the_gate)
{
	struct channel near, far;
	struct collect_digests mark;

	expect_ok(channel_open(&near, &far, &err), err);
	ck_assert_int_eq(channel_receive(&near, &mark), CHANNEL_NOTHING);
	ck_assert_int_eq(channel_wait(&near, &mark, 1), CHANNEL_NOTHING);
	expect_ok(channel_send(&far, CHANNEL_READY, &mark_one, &err), err);
	expect_ok(channel_send(&far, CHANNEL_RENEWED, NULL, &err), err);
	ck_assert_int_eq(channel_wait(&near, &mark, -1), CHANNEL_READY);
	ck_assert_mem_eq(&mark, &mark_one, sizeof(mark));
	ck_assert_int_eq(channel_receive(&near, &mark), CHANNEL_RENEWED);
	ck_assert_int_eq(channel_receive(&near, &mark), CHANNEL_NOTHING);
	channel_close(&near);
	channel_close(&far);
	channel_close(&far);
	ck_assert_int_eq(far.fd, -1);
}
END_TEST

START_TEST(a_closed_gate_is_heard_after_what_was_said)
{
	struct channel near, far;
	struct collect_digests mark;

	expect_ok(channel_open(&near, &far, &err), err);
	expect_ok(channel_send(&far, CHANNEL_READY, NULL, &err), err);
	channel_close(&far);
	ck_assert_int_eq(channel_receive(&near, &mark), CHANNEL_READY);
	ck_assert_int_eq(channel_receive(&near, &mark), CHANNEL_CLOSED);
	ck_assert_int_eq(channel_wait(&near, &mark, -1), CHANNEL_CLOSED);
	/* A message to a closed channel: no SIGPIPE. */
	expect_failure(channel_send(&near, CHANNEL_GO, NULL, &err), err, ERROR_SYSTEM, "channel");
	channel_close(&near);
}
END_TEST

/* -- init ------------------------------------------------------------------------------------- */

/* Children write here what they do, a letter each, and candidates their process's number. */
static int events[2], candidates[2];
static int stopped[2]; /* and applications that they have been asked to stop */
static int status_of_start;
static char happened[64];
/*
 * Shared by all children.  A gate closes a moment before its process has ended, so that another
 * candidate may be started behind the one that took over: it is to stay out of this.
 */
static bool *taken_over;

static void tell(char letter)
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

START_TEST(what_was_caught_before_ends_it)
{
	signal(SIGTERM, SIG_DFL);
	command_catch_signals(NULL);
	raise(SIGTERM);
	ck_assert_int_eq(run(exit_with_status, NULL, NULL), 128 + SIGTERM);
	ck_assert_int_eq(err.code, ERROR_INTERRUPTED);
	ck_assert_str_eq(happened, "");
}
END_TEST

/* The application: from here on it is none of init's children that have a gate. */
static void become_application(struct init_child *child)
{
	sigset_t waited;

	/* Signals may come as soon as the gate is closed. */
	sigemptyset(&waited);
	sigaddset(&waited, SIGTERM);
	sigaddset(&waited, SIGUSR1);
	sigprocmask(SIG_BLOCK, &waited, NULL);
	channel_close(&child->channel);
	tell('a');
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
	if (channel_send(&child->channel, CHANNEL_READY, &mark_one, failure) < 0)
		return 99;
	become_application(child);
	int number = wait_for_signal();
	tell(number == SIGTERM ? 't' : '?');
	return 5;
}

static int take_over(struct init_child *child, struct error *failure)
{
	struct collect_digests mark;

	if (*taken_over)
		return wait_for_signal();
	if (memcmp(child->running, &mark_one, sizeof(mark_one)) != 0 ||
	    channel_send(&child->channel, CHANNEL_READY, &mark_one, failure) < 0)
		return 99;
	if (channel_wait(&child->channel, &mark, -1) != CHANNEL_GO)
		return 98;
	*taken_over = true;
	tell('g');
	return 6;
}

START_TEST(a_candidate_takes_over_when_the_application_has_ended)
{
	ck_assert_int_eq(run(start_until_term, take_over, NULL), 6);
	ck_assert_str_eq(happened, "atg");
}
END_TEST

/* The first application ends when the candidate has; the second at once. */
static int start_and_outlive(struct init_child *child, struct error *failure)
{
	struct pollfd second = {.fd = candidates[0], .events = POLLIN};
	pid_t candidate;

	if (poll(&second, 1, 0) > 0)
		return 7;
	if (channel_send(&child->channel, CHANNEL_READY, &mark_one, failure) < 0)
		return 99;
	become_application(child);
	wait_for_signal();
	ck_assert_int_eq(write(stopped[1], "x", 1), 1);
	ck_assert_int_eq(read(candidates[0], &candidate, sizeof(candidate)), sizeof(candidate));
	while (kill(candidate, 0) == 0)
		usleep(1000);
	ck_assert_int_eq(write(candidates[1], &candidate, sizeof(candidate)), sizeof(candidate));
	tell('t');
	return 5;
}

/* Not before it has been heard. */
static int get_ready_and_die(struct init_child *child, struct error *failure)
{
	pid_t self = getpid();
	char byte;

	ck_assert_int_eq(write(candidates[1], &self, sizeof(self)), sizeof(self));
	if (channel_send(&child->channel, CHANNEL_READY, &mark_one, failure) < 0)
		return 99;
	ck_assert_int_eq(read(stopped[0], &byte, 1), 1);
	kill(self, SIGKILL);
	return 98;
}

START_TEST(when_the_candidate_dies_meanwhile_a_start_takes_its_place)
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
	tell('d');
	return 1;
}

START_TEST(a_candidate_that_ends_unasked_is_replaced)
{
	ck_assert_int_eq(run(start_until_term, die_once, NULL), 6);
	ck_assert_str_eq(happened, "adtg");
}
END_TEST

static int start_until_two_signals(struct init_child *child, struct error *failure)
{
	if (channel_send(&child->channel, CHANNEL_READY, &mark_one, failure) < 0)
		return 99;
	become_application(child);
	for (int i = 0; i < 2; i++) {
		tell(wait_for_signal() == SIGUSR1 ? 'u' : '?');
		/* The candidate may go on. */
		ck_assert_int_eq(write(candidates[1], "x", 1), 1);
	}
	return 5;
}

static const struct collect_digests mark_two = {.plaintext = {7}};

/* Each candidate renews once, and ends; the second is to know what the first has done. */
static int renew_once(struct init_child *child, struct error *failure)
{
	struct collect_digests mark = mark_two;
	char letter;

	if (memcmp(child->running, &mark_one, sizeof(mark_one)) != 0)
		tell(memcmp(child->running, &mark_two, sizeof(mark_two)) == 0 ? '2' : '?');
	if (channel_send(&child->channel, CHANNEL_RENEWED, &mark, failure) < 0)
		return 99;
	ck_assert_int_eq(read(candidates[0], &letter, 1), 1);
	return 0;
}

START_TEST(a_renewed_application_gets_a_signal_and_stays)
{
	ck_assert_int_eq(run(start_until_two_signals, renew_once, "USR1"), 5);
	ck_assert_str_eq(happened, "au2u");
}
END_TEST

static int end_at_once(struct init_child *child, struct error *failure)
{
	if (channel_send(&child->channel, CHANNEL_READY, &mark_one, failure) < 0)
		return 99;
	channel_close(&child->channel);
	char letter;
	ck_assert_int_eq(read(candidates[0], &letter, 1), 1);
	return 5;
}

static int wait_for_the_gate(struct init_child *child, struct error *failure)
{
	struct collect_digests mark;

	(void)failure;
	signal(SIGTERM, SIG_IGN);
	ck_assert_int_eq(write(candidates[1], "x", 1), 1);
	if (channel_wait(&child->channel, &mark, -1) == CHANNEL_CLOSED)
		tell('c');
	return 0;
}

START_TEST(an_application_that_ends_ends_the_candidate_too)
{
	ck_assert_int_eq(run(end_at_once, wait_for_the_gate, NULL), 5);
	ck_assert_str_eq(happened, "c");
	ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_loop_test(tests, a_signal_has_a_name_or_a_number, 0, COUNT(names));
	tcase_add_test(tests, a_real_time_signal_counts_from_the_first);
	tcase_add_loop_test(tests, anything_else_is_none, 0, COUNT(no_names));
	tcase_add_test(tests, a_word_and_its_mark_pass_the_gate);
	tcase_add_test(tests, a_closed_gate_is_heard_after_what_was_said);
	tcase_add_loop_test(tests, the_childs_exit_status_is_the_inits, 0, 3);
	tcase_add_loop_test(tests, a_childs_signal_is_128_and_its_number, 0, COUNT(deadly));
	tcase_add_test(tests, what_was_caught_before_ends_it);
	tcase_add_test(tests, a_candidate_takes_over_when_the_application_has_ended);
	tcase_add_test(tests, when_the_candidate_dies_meanwhile_a_start_takes_its_place);
	tcase_add_test(tests, a_candidate_that_ends_unasked_is_replaced);
	tcase_add_test(tests, a_renewed_application_gets_a_signal_and_stays);
	tcase_add_test(tests, an_application_that_ends_ends_the_candidate_too);
}

int main(void)
{
	return run_tests("init", add);
}
