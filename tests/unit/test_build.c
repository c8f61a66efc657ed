/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: build named list_store list_shown statedir children child ipc log counters lease reached addr */
/* The compile child is this program again (dejunk starts /proc/self/exe), and it is hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build.h"
#include "ipc.h"
#include "log.h"
#include "statedir.h"

static struct ipc_message in;

/* --- the child ------------------------------------------------------------------ */

static void child_next(uint16_t type)
{
	struct pollfd p = { .fd = IPC_FD, .events = POLLIN };
	int n;

	while ((n = ipc_recv(IPC_FD, &in)) == -EAGAIN || (n == 1 && in.head.type != type))
		if (n == -EAGAIN)
			poll(&p, 1, -1);
	if (n != 1)
		_exit(99);
}

static void child_say(uint16_t type, uint32_t seq, const void *body, size_t len, int fd)
{
	struct pollfd p = { .fd = IPC_FD, .events = POLLOUT };
	int err;

	while ((err = ipc_send(IPC_FD, type, seq, body, len, fd)) == -EAGAIN)
		poll(&p, 1, -1);
	if (err)
		_exit(98);
}

/* asks for a file; 0 and it is one, or the errno of the refusal */
static int child_ask(const void *path, size_t len)
{
	static uint32_t seq;
	struct msg_done done = { .error = 0 };
	struct stat st;
	int err;

	child_say(MSG_OPEN, ++seq, path, len, -1);
	child_next(MSG_OPENED);
	if (in.head.seq != seq)
		_exit(97);
	memcpy(&done, in.body, sizeof(done));
	if (in.fd < 0)
		return done.error ? done.error : 96;
	err = fstat(in.fd, &st) < 0 || !S_ISREG(st.st_mode) || (fcntl(in.fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
	close(in.fd);
	return err ? 95 : 0;
}

/* what each kind of path is answered with; a line of text for the test */
static void child_asks(const char *rules)
{
	char text[512] = "", long_path[PATH_MAX + 64], named[PATH_MAX + 64];
	int got[10];

	memset(long_path, 'x', sizeof(long_path));
	long_path[0] = '/';
	got[0] = child_ask("/etc/passwd", 11);			/* before rules.yaml was read */
	got[1] = child_ask(rules, strlen(rules));
	got[2] = child_ask("/etc/passwd", 11);
	got[3] = child_ask("/etc/passwd\0.txt", 16);
	got[4] = child_ask("", 0);
	got[5] = child_ask(long_path, sizeof(long_path));
	snprintf(named, sizeof(named), "%.*s/list.txt", (int)(strrchr(rules, '/') - rules), rules);
	got[6] = child_ask(named, strlen(named));
	snprintf(named, sizeof(named), "%.*s/../../etc/passwd", (int)(strrchr(rules, '/') - rules), rules);
	got[7] = child_ask(named, strlen(named));
	snprintf(named, sizeof(named), "%.*s/fifo", (int)(strrchr(rules, '/') - rules), rules);
	got[8] = child_ask(named, strlen(named));
	for (int i = 0; i < 2 * LIMIT_LISTS; i++)
		got[9] = child_ask(rules, strlen(rules));
	for (int i = 0; i < 10; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%d ", got[i]);
	child_say(MSG_FAILED, 0, text, strlen(text), -1);
}

/* hands over an image, and writes what it is asked to; @how says what is wrong */
static void child_saves(const char *how)
{
	struct msg_built built = { .save = 1 };
	int fd = memfd_create("image", 0);

	child_say(MSG_BUILT, 0, &built, sizeof(built), fd);
	child_next(MSG_SAVE);		/* or the end */
	if (in.fd < 0 || write(in.fd, how, strlen(how)) != (ssize_t)strlen(how))
		_exit(94);
	if (strcmp(how, "saves and hangs") == 0)
		poll(NULL, 0, 60000);
}

static int child_main(void)
{
	const char *how = getenv("HOSTILE");
	struct msg_built built = { .cache = 77 };
	char path[PATH_MAX];
	int fd;

	child_next(MSG_RULES);
	snprintf(path, sizeof(path), "%.*s", (int)(in.len - sizeof(struct msg_rules)),
		 (const char *)in.body + sizeof(struct msg_rules));
	if (strcmp(how, "asks") == 0) {
		child_asks(path);
	} else if (strcmp(how, "flood") == 0) {
		for (;;)
			child_say(MSG_OPEN, 0, "x", 1, -1);	/* answering takes longer than asking */
	} else if (strcmp(how, "images") == 0) {
		for (int i = 0; i < 300; i++) {
			fd = memfd_create("image", 0);
			child_say(MSG_BUILT, 0, "w\n", 2, fd);		/* too short to be one */
			child_say(MSG_BUILT, 0, &built, sizeof(built), fd);
			child_say(MSG_FAILED, 0, "f\n", 2, fd);
			child_say(MSG_PONG, 0, "", 0, fd);
			close(fd);
		}
		child_say(MSG_BUILT, 0, "last\n", 5, -1);
	} else if (strncmp(how, "saves", 5) == 0) {
		child_saves(how);
		return strcmp(how, "saves and fails") == 0 ? 3 : 0;
	} else if (strcmp(how, "words") == 0) {
		if (write(IPC_FD, "x", 1) < 0)
			return 3;
		poll(NULL, 0, 100);
	}
	return 7;
}

/* --- the monitor ------------------------------------------------------------------ */

static struct {
	struct build build;
	struct ev_loop *loop;
	unsigned done, ticks, patience;	/* ticks of 20 ms: so far, at most */
	bool linger, in_force;		/* the loop goes on after on_done, to the child's end; what that answers */
	int image;
	int dir;			/* the state directory, or -1 */
	char text[512];
} t = { .dir = -1, .patience = 500 };

static bool on_done(struct build *b, int image, const char *text)
{
	t.done++;
	t.image = image;
	snprintf(t.text, sizeof(t.text), "%s", text);
	if (!t.linger)
		ev_break(b->loop, EVBREAK_ALL);
	return t.in_force;
}

static void on_tick(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)w, (void)revents;
	if (++t.ticks == t.patience || (t.linger && t.done && t.build.pid == 0))
		ev_break(loop, EVBREAK_ALL);
}

static int files(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* a build by a child that is hostile in the way @how, for t.patience at most */
static void run(const char *how)
{
	static char dir[] = "/tmp/dejunk-test-build.XXXXXX";
	struct msg_settings settings = { .log_level = LOG_LEVEL_ERROR };
	char path[PATH_MAX], fifo[PATH_MAX], list[PATH_MAX];
	ev_timer tick;
	FILE *f;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/rules.yaml", dir);
	snprintf(list, sizeof(list), "%s/list.txt", dir);
	snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("# not /etc/passwd\nlists: [{file: list.txt}, {file: fifo}, {file: /etc/passwd.list}]\n", f);
	fclose(f);
	f = fopen(list, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	t.done = t.ticks = 0;
	t.image = -1;
	setenv("HOSTILE", how, 1);
	assert_int_equal(build_init(&t.build, t.loop, path, on_done), 0);
	t.build.dir = t.dir;
	assert_int_equal(build_start(&t.build, &settings, 1), 0);
	ev_timer_init(&tick, on_tick, 0.02, 0.02);
	ev_timer_start(t.loop, &tick);
	ev_run(t.loop, 0);
	ev_timer_stop(t.loop, &tick);
	build_cancel(&t.build);
	unlink(path);
	unlink(list);
	unlink(fifo);
	rmdir(dir);
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
}

static void hands_out_what_rules_name(void **state)
{
	char want[64];

	(void)state;
	run("asks");
	assert_int_equal(t.done, 1);
	assert_int_equal(t.image, -1);
	snprintf(want, sizeof(want), "%d 0 %d %d %d %d 0 %d %d %d ", EACCES, EACCES, ENAMETOOLONG, ENAMETOOLONG,
		 ENAMETOOLONG, EACCES, EINVAL, EMFILE);
	assert_string_equal(t.text, want);
}

/* who never stops talking must not keep the monitor from its lease */
static void does_not_listen_for_ever(void **state)
{
	(void)state;
	alarm(20);
	t.patience = 100;
	run("flood");
	t.patience = 500;
	alarm(0);
	assert_int_equal(t.done, 0);
	assert_int_equal(t.ticks, 100);
}

static void takes_one_image(void **state)
{
	(void)state;
	run("images");
	assert_int_equal(t.done, 1);
	assert_true(t.image >= 0);
	close(t.image);
}

static void says_how_it_ended(void **state)
{
	(void)state;
	run("silent");
	assert_int_equal(t.done, 1);
	assert_int_equal(t.image, -1);
	assert_string_equal(t.text, "the compile process ended with status 7\n");
	run("words");
	assert_int_equal(t.done, 1);
	assert_int_equal(t.image, -1);
}

/* what the state directory holds; empty: no such file */
static const char *kept(const char *name)
{
	static char text[64];
	int fd = openat(t.dir, name, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
	return text;
}

static void saves(const char *how, bool in_force, const char *then)
{
	t.in_force = in_force;
	run(how);
	assert_int_equal(t.done, 1);
	assert_true(t.image >= 0);
	close(t.image);
	assert_string_equal(kept("rules.image"), then);
	assert_string_equal(kept("rules.image.new"), "");
}

/* only what is in force, and was written to its end, takes the place of the older one */
static void keeps_an_image(void **state)
{
	static char dir[] = "/tmp/dejunk-test-state.XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(dir));
	t.dir = statedir_open(dir);
	assert_true(t.dir >= 0);
	t.linger = true;
	saves("saves and fails", true, "");
	saves("saves", false, "");
	saves("saves", true, "saves");
	t.patience = 100;
	saves("saves and hangs", true, "saves");
	t.patience = 500;
	saves("saves twice", true, "saves twice");
	unlinkat(t.dir, "rules.image", 0);
	close(t.dir);
	t.dir = -1;
	t.linger = false;
	rmdir(dir);
}

/* each test leaves as many descriptors as it found */
static int setup(void **state)
{
	*state = (void *)(intptr_t)files();
	return 0;
}

static int teardown(void **state)
{
	return files() != (int)(intptr_t)*state;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(hands_out_what_rules_name, setup, teardown),
		cmocka_unit_test_setup_teardown(does_not_listen_for_ever, setup, teardown),
		cmocka_unit_test_setup_teardown(takes_one_image, setup, teardown),
		cmocka_unit_test_setup_teardown(keeps_an_image, setup, teardown),
		cmocka_unit_test_setup_teardown(says_how_it_ended, setup, teardown),
	};

	if (argc == 3 && strcmp(argv[1], "child") == 0)
		return child_main();
	log_open("test", LOG_LEVEL_ERROR);
	t.loop = ev_default_loop(EVFLAG_AUTO);
	/* libev's own descriptors come with the first watcher of a child */
	run("silent");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
