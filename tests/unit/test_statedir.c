/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: statedir */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "statedir.h"

static char top[] = "/tmp/dejunk-test-state.XXXXXX", path[64];
static int dir;

static int setup(void **state)
{
	(void)state;
	strcpy(top + strlen(top) - 6, "XXXXXX");
	if (!mkdtemp(top))
		return -1;
	snprintf(path, sizeof(path), "%s/state", top);
	dir = statedir_open(path);
	return dir < 0;
}

static int teardown(void **state)
{
	static const char *const names[] = { "a", "a.new", "link", "fifo" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlinkat(dir, names[i], 0);
	close(dir);
	return rmdir(path) || rmdir(top);
}

static void put(const char *text)
{
	int fd = statedir_create(dir, "a");

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void holds(const char *text)
{
	char buf[32] = "";
	int fd = statedir_read(dir, "a", 10);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, buf, sizeof(buf) - 1), strlen(text));
	assert_string_equal(buf, text);
	close(fd);
}

static void a_file_comes_whole_or_not_at_all(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(statedir_read(dir, "a", 10), -ENOENT);
	put("one");
	assert_int_equal(statedir_read(dir, "a", 10), -ENOENT);
	assert_int_equal(statedir_commit(dir, "a"), 0);
	holds("one");
	put("two");
	holds("one");
	statedir_discard(dir, "a");
	holds("one");
	assert_int_equal(statedir_commit(dir, "a"), -ENOENT);
	put("leftover");
	put("three");
	assert_int_equal(statedir_commit(dir, "a"), 0);
	holds("three");
	assert_int_equal(fstatat(dir, "a", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void only_small_regular_files_are_read(void **state)
{
	(void)state;
	put("12345678901");
	assert_int_equal(statedir_commit(dir, "a"), 0);
	assert_int_equal(statedir_read(dir, "a", 10), -EFBIG);
	assert_int_equal(symlinkat("a", dir, "link"), 0);
	assert_int_equal(statedir_read(dir, "link", 100), -ELOOP);
	assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
	assert_int_equal(statedir_read(dir, "fifo", 100), -EINVAL);
	assert_int_equal(statedir_read(dir, ".", 1 << 20), -EINVAL);
}

static void the_directory_is_made_once(void **state)
{
	char below[96];
	int again = statedir_open(path);

	(void)state;
	assert_true(again >= 0);
	close(again);
	snprintf(below, sizeof(below), "%s/no/parent", path);
	assert_int_equal(statedir_open(below), -ENOENT);
	put("x");
	assert_int_equal(statedir_commit(dir, "a"), 0);
	snprintf(below, sizeof(below), "%s/a", path);
	assert_int_equal(statedir_open(below), -ENOTDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_comes_whole_or_not_at_all, setup, teardown),
		cmocka_unit_test_setup_teardown(only_small_regular_files_are_read, setup, teardown),
		cmocka_unit_test_setup_teardown(the_directory_is_made_once, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
