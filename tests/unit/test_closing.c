/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_closing - what was given is closed at the end of the turn, nothing else ever is
 *
 * links: closing
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "closing.h"

enum { FIRST = 200, MANY = 600 };

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void open_all(void)
{
	for (int fd = FIRST; fd < FIRST + MANY; fd++)
		assert_int_equal(dup2(STDERR_FILENO, fd), fd);
}

static void runs_and_gaps(void **state)
{
	static const int given[] = { 210, 207, 208, 203, 220, 209, 201 };
	unsigned n = sizeof(given) / sizeof(given[0]);

	(void)state;
	open_all();
	for (unsigned i = 0; i < n; i++) {
		closing_add(given[i]);
		assert_true(is_open(given[i]));
		assert_int_equal(closing_count(), i + 1);
	}
	closing_run();
	assert_int_equal(closing_count(), 0);
	for (int fd = FIRST; fd < FIRST + MANY; fd++) {
		bool was_given = false;

		for (unsigned i = 0; i < n; i++)
			was_given |= given[i] == fd;
		assert_int_equal(is_open(fd), !was_given);
	}
	closing_run();		/* nothing to do */
}

static void more_than_wait(void **state)
{
	(void)state;
	open_all();
	for (int i = 0; i < MANY; i++)
		closing_add(FIRST + i * 7 % MANY);	/* 7 and 600 have no common factor: each once */
	assert_true(closing_count() < MANY);
	closing_run();
	for (int fd = FIRST; fd < FIRST + MANY; fd++)
		assert_false(is_open(fd));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_and_gaps),
		cmocka_unit_test(more_than_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
