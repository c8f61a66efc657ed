/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_handover - what one binary writes the next one reads, whatever else either of them knows
 * links: handover counters reached log addr
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "handover.h"

static struct handover a, b;
static char why[HANDOVER_WHY];

static int text(const char *s)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_int_equal(write(fd, s, strlen(s)), (ssize_t)strlen(s));
	return fd;
}

static void fill(struct handover *h)
{
	handover_init(h);
	strcpy(h->version, "1.2.3");
	strcpy(h->config, "/etc/a directory/rules.yaml");
	strcpy(h->warnings, "one\ntwo words\n");
	h->dir = 4, h->pid = 5, h->control = 6;
	h->digest = -3, h->since_ms = INT64_MAX;
	h->listeners = 2, h->listen[0] = 10, h->listen[1] = 11;
	h->procs = 1;
	h->proc[0] = (struct handover_proc){ .role = "proxy", .index = 3, .pid = 77, .sock = 12, .counters = -1, .ready = true,
					     .retired = true, .restarts = 2, .started_ms = 1, .leave_ms = UINT64_MAX,
					     .accepted = 9, .generation = 8 };
}

static void what_is_written_is_read(void **state)
{
	int fd;

	(void)state;
	fill(&a);
	fd = handover_write(&a);
	assert_true(fd >= 0);
	assert_int_equal(handover_read(&b, fd, why), 0);
	close(fd);
	assert_int_equal(b.counter_names, COUNTER_COUNT);
	assert_int_equal(b.limit_names, LIMIT_IDS);
	for (int i = 0; i < COUNTER_COUNT; i++)
		assert_int_equal(b.counter[i], i);
	b.counter_names = b.limit_names = 0;
	memset(b.counter, 0, sizeof(b.counter));
	memset(b.limit, 0, sizeof(b.limit));
	assert_memory_equal(&a, &b, sizeof(a));
}

static void other_versions_are_understood_or_refused(void **state)
{
	static const struct { const char *what, *why; } bad[] = {
		{ "", "not from a dejunk" }, { "x", "not from a dejunk" }, { "dejunk handove", "not from a dejunk" },
		{ "dejunk handover 1\nversion 9\ndir 4\n", "not complete" },
		{ "dejunk handover 2\nversion 9\nconfig /x\ndir 4\npid 5\ncontrol 6\n", "restart it" },
		{ "dejunk handover\n", "not from a dejunk" },
	};
	static char longest[70000];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int fd = text(bad[i].what);

		assert_int_equal(handover_read(&b, fd, why), -1);
		if (!strstr(why, bad[i].why))
			fail_msg("\"%s\" is said of \"%s\"", why, bad[i].what);
		close(fd);
	}
	/* keys that we do not know, that are missing, that have no value; more processes and longer words than there is room for */
	strcpy(longest, "dejunk handover 1\nconfig /x\ndir 4\npid 5\ncontrol 6\nfuture 1 2 3\nagain\nproc proxy 1\nproc x 1 1 1 1 1 1 1 1 1 1 1 1\n");
	for (int i = 0; i < CHILDREN_MAX + 5; i++)
		strcat(longest, "proc a_very_long_name_of_a_role 1 99 3 4 1 0 0 0 1 1 1 1\nlisten 7\n");
	strcat(longest, "warning ");
	memset(longest + strlen(longest), 'w', 20000);
	strcat(longest, "\nwarning w\nunterminated");
	int fd = text(longest);

	assert_int_equal(handover_read(&b, fd, why), 0);
	close(fd);
	assert_true(b.image == -1 && b.again == 0 && b.listeners == LIMIT_WORKERS && strlen(b.warnings) < sizeof(b.warnings));
}

static void counters_are_added_by_name(void **state)
{
	static uint64_t page[1024], last[2 * HANDOVER_NAMES];
	struct counters sum = { .n = { 0 } };
	char lines[512];
	int fd, map = memfd_create("test", MFD_CLOEXEC);

	(void)state;
	/* the other version had other counters before and between ours */
	snprintf(lines, sizeof(lines), "dejunk handover 1\nconfig /x\ndir 4\npid 5\ncontrol 6\ncounter old\ncounter %s\ncounter %s\n"
		 "limit OLD\nlimit HEAD_MS\n", counter_name(COUNTER_BLOCKED), counter_name(COUNTER_REQUESTS));
	fd = text(lines);
	assert_int_equal(handover_read(&b, fd, why), 0);
	close(fd);
	page[0] = 1, page[1] = 20, page[2] = 300, page[3] = 4000, page[4] = 50000;
	assert_int_equal(pwrite(map, page, sizeof(page), 0), sizeof(page));
	handover_fold(&b, map, last, &sum);
	page[1] = 21;
	assert_int_equal(pwrite(map, page, sizeof(page), 0), sizeof(page));
	handover_fold(&b, map, last, &sum);
	assert_true(sum.n[COUNTER_BLOCKED] == 21 && sum.n[COUNTER_REQUESTS] == 300);
	assert_int_equal(sum.reached[LIMIT_ID_HEAD_MS], 50000);
	sum.n[COUNTER_BLOCKED] = sum.n[COUNTER_REQUESTS] = sum.reached[LIMIT_ID_HEAD_MS] = 0;
	assert_memory_equal(&sum, &(struct counters){ .n = { 0 } }, sizeof(sum));
	handover_fold(&b, -1, last, &sum);	/* no page: nothing */
	close(map);
}

static void only_what_is_handed_over_survives(void **state)
{
	int kept = dup(1), other = dup(1);

	(void)state;
	handover_init(&a);
	a.image = kept;
	handover_keep(&a, -1, true);
	assert_int_equal(fcntl(kept, F_GETFD) & FD_CLOEXEC, 0);
	assert_int_equal(fcntl(other, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	handover_keep(&a, other, false);
	assert_int_equal(fcntl(kept, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(fcntl(1, F_GETFD) & FD_CLOEXEC, 0);
	close(kept);
	close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(other_versions_are_understood_or_refused),
		cmocka_unit_test(counters_are_added_by_name),
		cmocka_unit_test(only_what_is_handed_over_survives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
