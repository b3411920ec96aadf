#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/secret_memory.h"
#include "tests/unit/expect.h"

#ifdef __SANITIZE_ADDRESS__
#define ADDRESS_SANITIZER true
#else
#define ADDRESS_SANITIZER false
#endif

static struct error err;

/* More than the heap grows by in one step, and more than malloc keeps in the heap. */
#define PAST_ONE_STEP 20
#define SMALL 100000
#define LARGE (1024 * 1024)
#define LARGE_PAGES "GLIBC_TUNABLES"

/* The locked memory of this process in KiB. */
static long locked(void)
{
	char line[256];
	long amount = -1;
	FILE *status = fopen("/proc/self/status", "re");

	ck_assert_ptr_nonnull(status);
	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "VmLck: %ld", &amount) == 1)
			break;
	fclose(status);
	return amount;
}

/* The flags that the kernel has for the memory at this address, as smaps(5) names them. */
static void flags_of(const void *memory, char *flags, size_t size)
{
	char line[512];
	unsigned long from, to, wanted = (unsigned long)memory;
	bool there = false;
	FILE *smaps = fopen("/proc/self/smaps", "re");

	ck_assert_ptr_nonnull(smaps);
	*flags = '\0';
	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			there = from <= wanted && wanted < to;
		else if (there && strncmp(line, "VmFlags:", 8) == 0)
			snprintf(flags, size, "%s", line + 8);
	}
	fclose(smaps);
}

#define expect_flag(memory, flag, wanted)                                                          \
	do {                                                                                       \
		char flags_[512];                                                                  \
		flags_of((memory), flags_, sizeof(flags_));                                        \
		ck_assert_msg((strstr(flags_, " " flag " ") != NULL) == (wanted),                  \
		    "flags of the memory:%s", flags_);                                             \
	} while (0)

/* Both ends of what the buffer has. */
static void expect_covered(const struct secret_buffer *buffer, bool lock)
{
	const char *last = buffer->data + buffer->capacity - 1;

	expect_flag(buffer->data, "dd", true);
	expect_flag(last, "dd", true);
	expect_flag(buffer->data, "lo", lock);
	expect_flag(last, "lo", lock);
}

static void hold(struct secret_buffer *buffer, size_t size)
{
	expect_ok(secret_buffer_reserve(buffer, size, &err), err);
	memset(buffer->data, 's', size);
}

/* As an unprivileged process that may lock nothing. */
static void forbid_locking(void)
{
	struct rlimit none = {0, 0};

	ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(setuid(65534), 0);
	/* setuid took the right to read our own /proc with it. */
	prctl(PR_SET_DUMPABLE, 1);
}

START_TEST(no_memory_is_locked_before)
{
	cleanup_secret struct secret_buffer buffer = SECRET_BUFFER_INIT;

	hold(&buffer, SMALL);
	expect_flag(buffer.data, "dd", false);
	ck_assert_int_eq(locked(), 0);
}
END_TEST

START_TEST(a_buffer_is_locked_and_left_out_of_dumps)
{
	struct secret_buffer buffers[PAST_ONE_STEP] = {SECRET_BUFFER_INIT};
	cleanup_secret struct secret_buffer earlier = SECRET_BUFFER_INIT;

	hold(&earlier, 10);
	secret_memory_protect();
	expect_covered(&earlier, true);
	for (int i = 0; i < PAST_ONE_STEP; i++) {
		hold(&buffers[i], SMALL);
		expect_covered(&buffers[i], true);
	}
	ck_assert_int_ge(locked(), PAST_ONE_STEP * SMALL / 1024);
	for (int i = 0; i < PAST_ONE_STEP; i++)
		secret_buffer_free(&buffers[i]);
}
END_TEST

START_TEST(other_allocations_are_locked_with_the_next_buffer)
{
	cleanup_secret struct secret_buffer buffer = SECRET_BUFFER_INIT;
	char *blocks[PAST_ONE_STEP];

	secret_memory_protect();
	for (int i = 0; i < PAST_ONE_STEP; i++)
		ck_assert_ptr_nonnull(blocks[i] = malloc(SMALL));
	hold(&buffer, 1);
	for (int i = 0; i < PAST_ONE_STEP; i++) {
		expect_flag(blocks[i], "lo", true);
		free(blocks[i]);
	}
}
END_TEST

START_TEST(a_large_block_returns_to_the_system_when_freed)
{
	struct secret_buffer buffer = SECRET_BUFFER_INIT;

	secret_memory_protect();
	hold(&buffer, 1);
	long before = locked();
	hold(&buffer, LARGE);
	expect_covered(&buffer, true);
	ck_assert_int_ge(locked(), before + LARGE / 1024);
	secret_buffer_free(&buffer);
	ck_assert_int_eq(locked(), before);
}
END_TEST

START_TEST(a_child_is_protected_too)
{
	cleanup_secret struct secret_buffer buffer = SECRET_BUFFER_INIT;
	int status;

	secret_memory_protect();
	hold(&buffer, SMALL);
	pid_t child = fork();
	if (child == 0) {
		expect_covered(&buffer, true);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(each_block_outside_the_heap_is_locked)
{
	struct secret_buffer buffers[PAST_ONE_STEP] = {SECRET_BUFFER_INIT};

	secret_memory_protect();
	for (int i = 0; i < PAST_ONE_STEP; i++) {
		hold(&buffers[i], SMALL);
		expect_covered(&buffers[i], true);
	}
	for (int i = 0; i < PAST_ONE_STEP; i++)
		secret_buffer_free(&buffers[i]);
}
END_TEST

/* This program again, with a malloc that uses large pages instead of the heap. */
START_TEST(large_pages_are_locked)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		setenv(LARGE_PAGES, "glibc.malloc.hugetlb=2", 1);
		execl("/proc/self/exe", "test_secret_memory", NULL);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(without_the_right_to_lock_it_continues_and_logs_once)
{
	struct secret_buffer buffers[PAST_ONE_STEP] = {SECRET_BUFFER_INIT};
	char said[4096];
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	close(ends[1]);
	log_init("test", LOG_DEBUG, LOG_TEXT);
	forbid_locking();
	secret_memory_protect();
	for (int i = 0; i < PAST_ONE_STEP; i++) {
		hold(&buffers[i], SMALL);
		expect_covered(&buffers[i], false);
	}
	ck_assert_int_eq(locked(), 0);
	close(STDERR_FILENO);
	ssize_t length = read(ends[0], said, sizeof(said) - 1);
	ck_assert_int_gt(length, 0);
	said[length] = '\0';
	expect_contains(said, "memory is not locked, so secrets could be swapped: ");
	expect_contains(said, "RLIMIT_MEMLOCK");
	ck_assert_ptr_eq(strchr(said, '\n'), said + length - 1);
	for (int i = 0; i < PAST_ONE_STEP; i++)
		secret_buffer_free(&buffers[i]);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_test(tests, no_memory_is_locked_before);
	/* Its malloc is not the C library's, and has no heap to cover. */
	if (ADDRESS_SANITIZER)
		return;
	if (getenv(LARGE_PAGES)) {
		tcase_add_test(tests, each_block_outside_the_heap_is_locked);
		return;
	}
	tcase_add_test(tests, large_pages_are_locked);
	tcase_add_test(tests, a_buffer_is_locked_and_left_out_of_dumps);
	tcase_add_test(tests, other_allocations_are_locked_with_the_next_buffer);
	tcase_add_test(tests, a_child_is_protected_too);
	tcase_add_test(tests, without_the_right_to_lock_it_continues_and_logs_once);
	tcase_add_test(tests, a_large_block_returns_to_the_system_when_freed);
}

int main(void)
{
	return run_tests("secret_memory", add);
}
