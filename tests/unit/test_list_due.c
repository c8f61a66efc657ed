/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: list_due */
/* intervals, the next fetch after success and failure, and what shrank or grew absurdly */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "container.h"
#include "guard.h"
#include "limits.h"
#include "list_due.h"

static void intervals(void **state)
{
	static const struct { const char *text; uint32_t seconds; } row[] = {
		{ "1d", 86400 }, { "12h", 43200 }, { "90m", 5400 }, { "10m", 600 }, { "30d", 2592000 }, { "1D", 86400 },
		{ "007h", 25200 },
		{ "", 0 }, { "d", 0 }, { "1", 0 }, { "9m", 0 }, { "31d", 0 }, { "0d", 0 }, { "-1d", 0 }, { "1 d", 0 },
		{ "1w", 0 }, { "1.5d", 0 }, { "600s", 0 }, { "1dd", 0 }, { "9999999d", 0 }, { "99999999999999999999d", 0 },
	};
	char text[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		assert_int_equal(list_every_parse(guard_copy(span_of(row[i].text))), row[i].seconds);
	for (uint32_t s = LIST_EVERY_MIN; s <= LIST_EVERY_MAX; s += 60) {
		list_every_format(s, text);
		assert_int_equal(list_every_parse(span_of(text)), s);
	}
}

static void spread(void **state)
{
	int64_t least = INT64_MAX, most = 0;

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		int64_t next = list_due_next(1000000, 86400, i * 2654435761U);

		least = next < least ? next : least;
		most = next > most ? next : most;
	}
	assert_in_range(least, 1000000 + 86400 * 9 / 10, 1000000 + 86400 * 91 / 100);
	assert_in_range(most, 1000000 + 86400 * 109 / 100, 1000000 + 86400 * 11 / 10);
}

/* limits: FETCH_RETRY_MIN */
static void back_off(void **state)
{
	uint32_t wait = LIMIT_FETCH_RETRY_MIN;

	(void)state;
	for (unsigned n = 1; n < 60; n++) {
		uint32_t expected = wait > 86400 ? 86400 : wait;
		int64_t retry = list_due_retry(5000, 86400, n, false, 12345 * n);

		assert_in_range(retry - 5000, expected * 9 / 10, expected * 11 / 10);
		wait = wait > 86400 ? wait : wait * 2;
	}
	assert_in_range(list_due_retry(0, 86400, 1, true, 7), 3240, 3960);
	assert_in_range(list_due_retry(0, 600, 1, true, 7), 540, 660);
	assert_in_range(list_due_retry(0, 600, UINT32_MAX, false, 7), 540, 660);
}

static void due(void **state)
{
	(void)state;
	assert_true(list_due_now(0, 1700000000, 86400));
	assert_true(list_due_now(1700000000, 1700000000, 86400));
	assert_false(list_due_now(1700000001, 1700000000, 86400));
	assert_false(list_due_now(1700000000 + 86400 * 11 / 10, 1700000000, 86400));
	assert_true(list_due_now(1700000000 + 86400 * 2, 1700000000, 86400));	/* every was 30d when that was stored */
	assert_true(list_due_now(INT64_MAX, 0, 86400));
}

static void changes(void **state)
{
	static const struct { uint32_t before, after; enum list_change is; } row[] = {
		{ 0, 0, LIST_PLAUSIBLE }, { 0, 5000000, LIST_PLAUSIBLE }, { 100, 100, LIST_PLAUSIBLE },
		{ 100, 50, LIST_PLAUSIBLE }, { 100, 49, LIST_SHRANK }, { 100000, 1, LIST_SHRANK },
		{ 19, 1, LIST_PLAUSIBLE }, { 20, 9, LIST_SHRANK },
		{ 100, 10000, LIST_PLAUSIBLE }, { 100, 10001, LIST_GREW }, { 5000, 20003, LIST_PLAUSIBLE },
		{ 5000, 20004, LIST_GREW }, { UINT32_MAX, UINT32_MAX, LIST_PLAUSIBLE }, { 1, UINT32_MAX, LIST_GREW },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		assert_int_equal(list_change_judge(row[i].before, row[i].after), row[i].is);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(intervals), cmocka_unit_test(spread), cmocka_unit_test(back_off), cmocka_unit_test(due),
		cmocka_unit_test(changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
