/*
 * probe: print the environment that a program is started with, a fact per line.
 *
 *   probe FILE [ARGUMENT...]      write it to FILE ("-": stdout); twice the same gives the same
 * text probe --odd COMMAND...        become COMMAND under conditions that a launcher could lose
 *
 * Static, so that it runs in an image that holds nothing else.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define DESCRIPTORS_MAX 1024

/* All facts; written at the end, as writing needs a descriptor of its own. */
static char facts[4 * 1024 * 1024];
static size_t length;

static void __attribute__((format(printf, 1, 2))) fact(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int added = vsnprintf(facts + length, sizeof(facts) - length, format, arguments);
	va_end(arguments);
	if (added < 0 || (size_t)added + 1 >= sizeof(facts) - length)
		exit(1);
	length += (size_t)added;
	facts[length++] = '\n';
}

/* -- what it finds ------------------------------------------------------------------------------
 */

/* `target` without the number of a pipe or socket, which is another each time. */
static const char *kind(char *target)
{
	char *bracket = strstr(target, ":[");

	if (bracket)
		*bracket = '\0';
	return target;
}

static void descriptors(void)
{
	for (int fd = 0; fd < DESCRIPTORS_MAX; fd++) {
		int flags = fcntl(fd, F_GETFD);
		char link[64], target[4096] = "";
		if (flags < 0)
			continue;
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		if (readlink(link, target, sizeof(target) - 1) < 0)
			snprintf(target, sizeof(target), "?");
		fact("fd %d: %s flags 0%o offset %ld%s", fd, kind(target),
		    (unsigned)fcntl(fd, F_GETFL), (long)lseek(fd, 0, SEEK_CUR),
		    flags & FD_CLOEXEC ? " close-on-exec" : "");
	}
}

/* Lines of a file in /proc that begin with one of these, or all of them. */
static void lines_of(const char *path, const char *const *beginnings)
{
	char line[4096];
	FILE *file = fopen(path, "re");

	if (!file) {
		fact("%s: %s", path, strerror(errno));
		return;
	}
	while (fgets(line, sizeof(line), file)) {
		bool wanted = !beginnings;
		line[strcspn(line, "\n")] = '\0';
		for (size_t i = 0; beginnings && beginnings[i]; i++)
			wanted |= strncmp(line, beginnings[i], strlen(beginnings[i])) == 0;
		if (wanted)
			fact("%s: %s", path, line);
	}
	fclose(file);
}

static void process(void)
{
	static const char *const wanted[] = {"Name:", "Umask:", "Uid:", "Gid:", "Groups:",
	    "Threads:", "SigPnd:", "ShdPnd:", "SigBlk:", "SigIgn:", "SigCgt:", "Cap",
	    "NoNewPrivs:", "Seccomp", "Speculation",
	    "Cpus_allowed:", "Mems_allowed:", "VmLck:", "THP_enabled:", NULL};
	char folder[4096];

	lines_of("/proc/self/status", wanted);
	lines_of("/proc/self/limits", NULL);
	lines_of("/proc/self/oom_score_adj", NULL);
	lines_of("/proc/self/coredump_filter", NULL);
	fact("working directory: %s", getcwd(folder, sizeof(folder)) ? folder : "?");
	fact("session: %s", getsid(0) == getpid() ? "its leader" : "not its leader");
	fact("process group: %s", getpgrp() == getpid() ? "its leader" : "not its leader");
	fact("children: %s", waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD ? "none" : "some");
	const char *pid = getenv("PROBE_PID");
	if (pid)
		fact("process: %s", atoi(pid) == getpid() ? "the same" : "another");
	if (getpid() == 1)
		fact("process: 1");
	fact("executed as: %s", (const char *)getauxval(AT_EXECFN)); // NOLINT
	fact("secure execution: %lu", getauxval(AT_SECURE));
}

static void scheduling(void)
{
	errno = 0;
	fact("nice: %d", getpriority(PRIO_PROCESS, 0));
	fact("scheduler: %d", sched_getscheduler(0));
	fact("I/O priority: %ld", syscall(SYS_ioprio_get, 1, 0));
	fact("personality: %#x", (unsigned)personality(0xffffffff));
}

static void controls(void)
{
	static const struct {
		const char *name;
		int get;
		bool by_pointer;
	} all[] = {
	    {"dumpable", PR_GET_DUMPABLE, false},
	    {"parent death signal", PR_GET_PDEATHSIG, true},
	    {"subreaper", PR_GET_CHILD_SUBREAPER, true},
	    {"timer slack", PR_GET_TIMERSLACK, false},
	    {"securebits", PR_GET_SECUREBITS, false},
	    {"keep capabilities", PR_GET_KEEPCAPS, false},
	    {"no transparent huge pages", PR_GET_THP_DISABLE, false},
	    {"no new privileges", PR_GET_NO_NEW_PRIVS, false},
	    {"machine check policy", PR_MCE_KILL_GET, false},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		int value = 0;
		int result =
		    all[i].by_pointer ? prctl(all[i].get, &value) : prctl(all[i].get, 0, 0, 0, 0);
		fact("%s: %d", all[i].name, all[i].by_pointer ? value : result);
	}
}

static void timers(void)
{
	static const char *const names[] = {"real", "virtual", "profiling"};

	for (int i = 0; i < 3; i++) {
		struct itimerval timer;
		if (getitimer(i, &timer) == 0) /* NOLINT: the three are numbered so */
			fact("%s timer: %s, then every %ld s", names[i],
			    timer.it_value.tv_sec || timer.it_value.tv_usec ? "set" : "not set",
			    (long)timer.it_interval.tv_sec);
	}
}

static int tell(const char *path, int argc, char **argv)
{
	descriptors(); /* before any of our own */
	for (int i = 0; i < argc; i++)
		fact("argument %d: %s", i, argv[i]);
	for (char **entry = environ; *entry; entry++)
		if (strncmp(*entry, "PROBE_PID=", strlen("PROBE_PID=")) != 0)
			fact("environment: %s", *entry);
	process();
	scheduling();
	controls();
	timers();
	FILE *out = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
	if (!out || fwrite(facts, 1, length, out) != length || fflush(out) != 0)
		return 1;
	return 0;
}

static int show(int fd)
{
	char bytes[65536];
	ssize_t got;

	while ((got = read(fd, bytes, sizeof(bytes))) > 0)
		if (write(STDOUT_FILENO, bytes, (size_t)got) != got)
			return 1;
	return got < 0;
}

/* -- conditions that a launcher could lose -------------------------------------------------------
 */

static void odd_descriptors(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	lseek(fd, 5, SEEK_SET);
	dup2(fd, 7);
	dup2(fd, 400);
	close(fd);
}

static void odd_signals(void)
{
	static const int ignored[] = {SIGHUP, SIGUSR2, SIGCHLD, SIGPIPE, SIGWINCH};
	static const int blocked[] = {SIGUSR1, SIGQUIT, SIGALRM, SIGTSTP};
	struct itimerval timer = {{7, 0}, {100000, 0}};
	sigset_t set;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(blocked) / sizeof(blocked[0]); i++)
		sigaddset(&set, blocked[i]);
	sigaddset(&set, SIGRTMIN + 2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1); /* stays pending */
	kill(getpid(), SIGRTMIN + 2);
	setitimer(ITIMER_REAL, &timer, NULL);
	setitimer(ITIMER_VIRTUAL, &timer, NULL);
}

static void odd_limits(void)
{
	static const struct {
		int resource;
		rlim_t soft, hard;
	} limits[] = {{RLIMIT_NOFILE, 500, 700}, {RLIMIT_CORE, 4096, 8192},
	    {RLIMIT_MEMLOCK, 65536, 65536}, {RLIMIT_CPU, 600, 700},
	    {RLIMIT_STACK, 1 << 20, 1 << 22}};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		setrlimit((__rlimit_resource_t)limits[i].resource,
		    &(struct rlimit){limits[i].soft, limits[i].hard});
}

static void odd_attributes(void)
{
	cpu_set_t first;

	CPU_ZERO(&first);
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		CPU_SET(cpu, &first);
		if (sched_setaffinity(0, sizeof(first), &first) == 0)
			break;
		CPU_CLR(cpu, &first);
	}
	umask(027);
	setpriority(PRIO_PROCESS, 0, 3);
	syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 6);
	personality(ADDR_NO_RANDOMIZE);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	prctl(PR_SET_TIMERSLACK, 12345);
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	setsid();
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "777", 3) != 3 || close(fd) < 0)
		exit(1);
}

static int odd(char **command)
{
	char pid[32];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("PROBE_PID", pid, 1);
	odd_descriptors();
	odd_signals();
	odd_limits();
	odd_attributes();
	execv(command[0], command);
	perror(command[0]);
	return 1;
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "--odd") == 0)
		return odd(argv + 2);
	if (argc > 2 && strcmp(argv[1], "--read") == 0)
		return show(*argv[2] == '/' ? open(argv[2], O_RDONLY) : atoi(argv[2]));
	return tell(argc > 1 ? argv[1] : "-", argc, argv);
}
