/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: fetching list_shown list_state children child ipc log counters lease reached addr */
/* The fetch child is this program again (dejunk starts /proc/self/exe), and it is hostile: what it says is bounded, printable
 * and believed only where the file agrees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <ev.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "container.h"
#include "fetching.h"
#include "ipc.h"
#include "log.h"

/* --- the child ------------------------------------------------------------------ */

static struct ipc_message in;

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

static void child_says(const struct msg_fetched *head, const char *texts, size_t len)
{
	uint8_t body[4096];

	memcpy(body, head, sizeof(*head));
	memcpy(body + sizeof(*head), texts, len);
	ipc_send(IPC_FD, MSG_FETCHED, 0, body, sizeof(*head) + len, -1);
}

static int child_main(void)
{
	const char *how = getenv("HOSTILE");
	struct msg_fetched head = { .what = FETCH_NEW, .bytes = 4, .lines = 1, .rules = 1, .format = "hosts", .etag_len = 3 };
	struct msg_fetch asked;
	char text[600];

	child_next(MSG_FETCH);
	memcpy(&asked, in.body, sizeof(asked));
	if (in.fd < 0 || in.len != sizeof(asked) + asked.url_len + asked.etag_len + asked.modified_len || asked.checksum != 1 ||
	    asked.digest != 5 || memcmp(in.body + sizeof(asked), "http://a.example/\"e\"then", 24) != 0)
		_exit(98);
	memset(text, 'x', sizeof(text));
	if (write(in.fd, "body", 4) != 4)
		_exit(97);
	if (strcmp(how, "bytes") == 0)
		head.bytes = 5;
	else if (strcmp(how, "large") == 0)
		head.bytes = (uint64_t)LIMIT_LIST_BYTES + 1;
	else if (strcmp(how, "rules") == 0)
		head.rules = 0;
	else if (strcmp(how, "format") == 0)
		memset(head.format, '\0', sizeof(head.format));
	else if (strcmp(how, "what") == 0)
		head.what = 77;
	else if (strcmp(how, "lengths") == 0)
		head.why_len = UINT16_MAX;
	else if (strcmp(how, "etag") == 0)
		head.etag_len = LIST_ETAG_BYTES + 1;
	else if (strcmp(how, "control") == 0)
		memcpy(text, "a\r\n", 3);
	else if (strcmp(how, "format without an end") == 0)
		memset(head.format, 'f', sizeof(head.format));
	if (strcmp(how, "short") == 0)
		ipc_send(IPC_FD, MSG_FETCHED, 0, "x", 1, -1);
	else if (strcmp(how, "words") == 0)
		(void)!write(IPC_FD, "x", 1);
	else if (strcmp(how, "killed") == 0)
		abort();
	else if (strcmp(how, "silent") != 0)
		child_says(&head, text, 500);
	if (strcmp(how, "twice") == 0) {
		head.what = FETCH_SAME;
		child_says(&head, text, 500);
	}
	if (strcmp(how, "status") == 0)
		return 9;
	return 0;
}

/* --- the monitor ------------------------------------------------------------------ */

static struct {
	struct ev_loop *loop;
	struct fetching fetching;
	struct fetched got;
	unsigned done;
} t;

static void on_done(struct fetching *f, const struct fetched *got)
{
	(void)f;
	t.got = *got;
	t.done++;
	ev_break(t.loop, EVBREAK_ALL);
}

static void run(const char *how)
{
	struct msg_settings settings = { .log_level = LOG_LEVEL_ERROR };
	struct list_state s = { .url = "http://a.example/", .etag = "\"e\"", .modified = "then", .digest = 5 };
	int file = memfd_create("list", 0);

	t.done = 0;
	setenv("HOSTILE", how, 1);
	assert_int_equal(fetching_start(&t.fetching, &settings, &s, true, file), 0);
	ev_run(t.loop, 0);
	assert_int_equal(t.done, 1);
	assert_int_equal(t.fetching.pid, 0);
	close(file);
}

static void lies_are_failures(void **state)
{
	static const char *const how[] = { "bytes", "large", "rules", "format", "what", "lengths", "etag", "short", "words",
					   "killed", "silent" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(how); i++) {
		run(how[i]);
		if (t.got.what != FETCH_FAILED || !t.got.why[0])
			fail_msg("%s: %d, %s", how[i], (int)t.got.what, t.got.why);
	}
}

static void what_is_true_is_taken(void **state)
{
	(void)state;
	run("honest");
	assert_int_equal(t.got.what, FETCH_NEW);
	assert_int_equal(t.got.rules, 1);
	assert_string_equal(t.got.etag, "xxx");
	run("twice");
	assert_int_equal(t.got.what, FETCH_NEW);
	run("control");		/* nothing of it can be a second line, of a request or of our file */
	assert_string_equal(t.got.etag, "a??");
	run("format without an end");
	assert_int_equal(strlen(t.got.format), sizeof(t.got.format) - 1);
}

static void cancelled_is_quiet(void **state)
{
	struct msg_settings settings = { .log_level = LOG_LEVEL_ERROR };
	struct list_state s = { .url = "http://a.example/" };
	int file = memfd_create("list", 0);

	(void)state;
	t.done = 0;
	setenv("HOSTILE", "honest", 1);
	assert_int_equal(fetching_start(&t.fetching, &settings, &s, true, file), 0);
	fetching_cancel(&t.fetching);
	fetching_cancel(&t.fetching);
	ev_run(t.loop, EVRUN_NOWAIT);
	assert_int_equal(t.done, 0);
	close(file);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lies_are_failures), cmocka_unit_test(what_is_true_is_taken),
		cmocka_unit_test(cancelled_is_quiet),
	};

	if (argc == 3 && strcmp(argv[1], "child") == 0)
		return child_main();
	log_open("test", LOG_LEVEL_ERROR);
	t.loop = ev_default_loop(EVFLAG_AUTO);
	fetching_init(&t.fetching, t.loop, on_done);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
