/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_sandbox - what a process is after sandbox_enter(), read from /proc and tried out
 *
 * Root only sees the change of user; without root the rest is tested.
 * links: sandbox log addr
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox.h"

enum { TEST_UID = 63129 };

/* status_line - the value of a line of /proc/self/status, read through a descriptor opened before */
static void status_line(int fd, const char *key, char out[128])
{
	char text[8192];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	char *at;

	out[0] = '\0';
	if (n <= 0)
		return;
	text[n] = '\0';
	at = strstr(text, key);
	if (!at)
		return;
	at += strlen(key);
	at += strspn(at, "\t ");
	snprintf(out, 128, "%.*s", (int)strcspn(at, "\n"), at);
}

#define CHECK(what) do { if (!(what)) { dprintf(2, "line %d: %s\n", __LINE__, #what); _exit(10); } } while (0)

static void check_status(int fd, enum role role)
{
	bool root = getuid() == TEST_UID;
	char v[128];

	status_line(fd, "Seccomp:", v);
	CHECK(v[0] == '2');
	status_line(fd, "NoNewPrivs:", v);
	CHECK(v[0] == '1');
	status_line(fd, "CapEff:", v);
	CHECK(strcmp(v, root && role == ROLE_QUEUE ? "0000000000001000" : "0000000000000000") == 0);
	status_line(fd, "CapPrm:", v);
	CHECK(strcmp(v, root && role == ROLE_QUEUE ? "0000000000001000" : "0000000000000000") == 0);
	if (!root)
		return;
	status_line(fd, "CapBnd:", v);
	CHECK(strcmp(v, "0000000000000000") == 0);
	status_line(fd, "Uid:", v);
	CHECK(strcmp(v, "63129\t63129\t63129\t63129") == 0);
	status_line(fd, "Gid:", v);
	CHECK(strcmp(v, "63129\t63129\t63129\t63129") == 0);
	status_line(fd, "Groups:", v);
	CHECK(v[0] == '\0');
}

static void *thread_runs(void *arg)
{
	return arg;
}

/* in a child: enter, look, try */
static void child_try(enum role role)
{
	int status = open("/proc/self/status", O_RDONLY), fd;
	struct rlimit files;
	void *p;
	bool has_landlock = syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 1;
	pthread_t thread;
	bool dials = role == ROLE_PROXY || role == ROLE_READER || role == ROLE_FETCH;

	CHECK(sandbox_enter(role, TEST_UID, TEST_UID, 64) == 0);
	check_status(status, role);
	CHECK(getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max == 64);

	/* what the role must not be able to do */
	CHECK(fork() < 0);
	CHECK(socket(AF_UNIX, SOCK_STREAM, 0) < 0);
	CHECK(socket(AF_PACKET, SOCK_RAW, 0) < 0);
	fd = open("/etc/passwd", O_RDONLY);
	CHECK(role == ROLE_COMPILE || (role == ROLE_FETCH && !has_landlock) ? fd >= 0 : fd < 0);
	fd = open("/etc/nsswitch.conf", O_RDONLY);
	CHECK(fd >= 0 || errno == ENOENT || (role != ROLE_COMPILE && role != ROLE_FETCH));
	CHECK(open("/tmp/dejunk-sandbox-test", O_WRONLY | O_CREAT, 0600) < 0);

	/* what it must */
	CHECK(epoll_create1(EPOLL_CLOEXEC) >= 0);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	CHECK((socket(AF_INET, SOCK_STREAM, 0) >= 0) == dials);
	CHECK((socket(AF_INET6, SOCK_DGRAM, 0) >= 0) == dials);
	CHECK((socket(AF_NETLINK, SOCK_RAW, 12) >= 0) == (role == ROLE_QUEUE));
	CHECK((memfd_create("x", 0) >= 0) == (role == ROLE_COMPILE));
	CHECK((pthread_create(&thread, NULL, thread_runs, NULL) == 0) == (role == ROLE_FETCH));
	_exit(0);
}

static int run(void (*what)(enum role), enum role role)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		what(role);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void each_role_has_what_it_needs_and_nothing_else(void **state)
{
	(void)state;
	for (enum role role = ROLE_COMPILE; role < ROLE_PROVE; role++) {
		int status = run(child_try, role);

		if (status)
			print_message("role %d: status %#x\n", (int)role, status);
		assert_int_equal(status, 0);
	}
}

static void child_alone(enum role role)
{
	int status = open("/proc/self/status", O_RDONLY), null = open("/dev/null", O_RDWR);
	FILE *stream = fdopen(status, "r");
	char line[128];
	void *p;

	CHECK(sandbox_enter_alone(TEST_UID, TEST_UID) == 0);
	/* what reads a file has: memory, a stream, the descriptors there are */
	CHECK(fgets(line, sizeof(line), stream) && strncmp(line, "Name:", 5) == 0);
	CHECK(write(null, "x", 1) == 1 && fprintf(stderr, "%s", "") == 0);
	p = malloc(1 << 22);
	CHECK(p && realloc(p, 1 << 23));
	/* and nothing else */
	CHECK(open("/etc/passwd", O_RDONLY) < 0 && fork() < 0 && dup(null) < 0 && getppid() < 0);
	CHECK(socket(AF_INET, SOCK_STREAM, 0) < 0 && socket(AF_NETLINK, SOCK_RAW, 12) < 0 && memfd_create("x", 0) < 0);
	CHECK(sendto(0, "x", 1, 0, NULL, 0) < 0 && epoll_create1(0) < 0);
	check_status(status, role);
	_exit(0);
}

static void what_reads_a_file_alone_has_less_than_any_role(void **state)
{
	(void)state;
	assert_int_equal(run(child_alone, ROLE_READER), 0);
}

static void child_exec(enum role role)
{
	char *const argv[] = { (char *)"true", NULL };

	CHECK(sandbox_enter(role, TEST_UID, TEST_UID, 0) == 0);
	execv("/bin/true", argv);
	_exit(0);
}

static void running_a_program_kills(void **state)
{
	int status = run(child_exec, ROLE_PROXY);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void child_root(enum role role)
{
	_exit(sandbox_enter(role, 0, 0, 0) == -EINVAL ? 0 : 1);
}

static void nobody_stays_root(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		print_message("SKIP nobody_stays_root: not root\n");
		skip();
	}
	assert_int_equal(run(child_root, ROLE_PROXY), 0);
	assert_int_equal(sandbox_enter(ROLE_MONITOR, TEST_UID, TEST_UID, 0), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_role_has_what_it_needs_and_nothing_else),
		cmocka_unit_test(what_reads_a_file_alone_has_less_than_any_role),
		cmocka_unit_test(running_a_program_kills),
		cmocka_unit_test(nobody_stays_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
