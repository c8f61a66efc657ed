/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: schedule */
/* spans of the week: reading them, midnight, and summer time */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "schedule.h"

static const struct {
	const char *text;
	unsigned spans;		/* 0: not understood */
	unsigned from, to;	/* of the first */
} rows[] = {
	{ "mon-fri 08:00-15:30", 5, 480, 930 },
	{ "21:00-06:30", 7, 1260, 1830 },
	{ "daily 21:00-6:30", 7, 1260, 1830 },
	{ "sat,sun", 2, 5 * 1440, 6 * 1440 },
	{ "sat, sun 10:00-12:00", 2, 5 * 1440 + 600, 5 * 1440 + 720 },
	{ "sat-mon", 3, 0, 1440 },
	{ "Wed 00:00-24:00", 1, 2 * 1440, 3 * 1440 },
	{ "sun 23:59-00:00", 1, 6 * 1440 + 1439, 7 * 1440 },
	{ "", 0, 0, 0 },
	{ "mon-", 0, 0, 0 },
	{ "mon,,tue", 0, 0, 0 },
	{ "montag", 0, 0, 0 },
	{ "08:00", 0, 0, 0 },
	{ "08:00-", 0, 0, 0 },
	{ "08:00-08:00", 0, 0, 0 },
	{ "24:00-08:00", 0, 0, 0 },
	{ "08:60-09:00", 0, 0, 0 },
	{ "25:00-26:00", 0, 0, 0 },
	{ "08:00-15:30 mon", 0, 0, 0 },
	{ "8:0-9:0", 0, 0, 0 },
	{ "-", 0, 0, 0 },
	{ ":", 0, 0, 0 },
};

static void reads(void **state)
{
	struct schedule_span s[7];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned n = schedule_parse(span_of(rows[i].text), s);

		if (n != rows[i].spans || (n && (s[0].from != rows[i].from || s[0].to != rows[i].to)))
			fail_msg("\"%s\": %u spans, %u-%u", rows[i].text, n, s[0].from, s[0].to);
		while (n)
			assert_true(schedule_valid(&s[--n]));
	}
}

static bool within(const char *text, unsigned minute)
{
	struct schedule_span s[7];
	unsigned n = schedule_parse(span_of(text), s);

	while (n)
		if (schedule_has(&s[--n], (uint16_t)minute))
			return true;
	return false;
}

static void midnight_belongs_to_the_day_it_starts(void **state)
{
	(void)state;
	assert_true(within("fri 21:00-06:30", 4 * 1440 + 1260));
	assert_true(within("fri 21:00-06:30", 5 * 1440 + 389));
	assert_false(within("fri 21:00-06:30", 5 * 1440 + 390));
	assert_false(within("fri 21:00-06:30", 4 * 1440 + 100));
	assert_true(within("sun 21:00-06:30", 0));		/* round the end of the week */
	assert_true(within("sun 21:00-06:30", 6 * 1440 + 1439));
	assert_false(within("sun 21:00-06:30", 390));
}

static time_t next(const char *text, time_t t)
{
	struct schedule_span s[7];

	return schedule_next(s, schedule_parse(span_of(text), s), t);
}

static void finds_the_next_boundary(void **state)
{
	/* 2024-03-30 was a Saturday; in Berlin the clocks went forward at 01:00 UTC on Sunday, from 02:00 to 03:00 */
	time_t saturday_noon = 1711796400;	/* 12:00 CET */

	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	assert_int_equal(schedule_minute(saturday_noon), 5 * 1440 + 720);
	assert_int_equal(next("sat 13:00-14:00", saturday_noon), saturday_noon + 3600);
	assert_int_equal(next("sat 11:00-14:00", saturday_noon), saturday_noon + 2 * 3600);
	assert_int_equal(next("sat 12:00-14:00", saturday_noon), saturday_noon + 2 * 3600);	/* after, not at */
	assert_int_equal(next("sat 12:00-14:00", saturday_noon + 30), saturday_noon + 2 * 3600);
	/* Sunday 05:00 is an hour nearer than it looks; the jump itself is a boundary */
	assert_int_equal(next("sun 05:00-06:00", saturday_noon), saturday_noon + 14 * 3600);
	assert_int_equal(next("sun 05:00-06:00", saturday_noon + 14 * 3600), saturday_noon + 16 * 3600);
	/* a span that begins in the hour that does not exist begins with the jump */
	assert_int_equal(next("sun 02:30-04:00", saturday_noon), saturday_noon + 14 * 3600);
	assert_int_equal(schedule_minute(saturday_noon + 14 * 3600), 6 * 1440 + 180);
	/* 2024-10-27: back from 03:00 to 02:00; a span that ends at 02:30 ends twice */
	assert_int_equal(next("sun 01:00-02:30", 1729987200), 1729989000);	/* from 02:00 CEST: 02:30 CEST */
	assert_int_equal(next("sun 01:00-02:30", 1729989000), 1729990800);	/* the jump, back into the span */
	assert_int_equal(next("sun 01:00-02:30", 1729990800), 1729992600);	/* 02:30 CET */
	assert_int_equal(schedule_next(NULL, 0, saturday_noon), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),
		cmocka_unit_test(midnight_belongs_to_the_day_it_starts),
		cmocka_unit_test(finds_the_next_boundary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
