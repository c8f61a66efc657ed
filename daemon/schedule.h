/* SPDX-License-Identifier: GPL-3.0-or-later */
/* schedule - spans of the local week: "mon-fri 08:00-15:30", "21:00-06:30", "sat,sun"
 *
 * A span past midnight belongs to the day it starts.  Minutes of the week count from
 * Monday 00:00.
 */
#ifndef DEJUNK_SCHEDULE_H
#define DEJUNK_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "span.h"

enum { DAY_MINUTES = 1440, WEEK_MINUTES = 7 * DAY_MINUTES };

struct schedule_span {		/* [from, to) */
	uint16_t from;		/* 0 to WEEK_MINUTES - 1 */
	uint16_t to;		/* more than from, at most from + DAY_MINUTES; over WEEK_MINUTES it goes on on Monday */
};

/* schedule_parse - one value of "between"
 * @out: filled, one span a day
 *
 * Days: mon tue wed thu fri sat sun, ranges (also sat-mon), commas, or daily; none means daily.  Times: HH:MM-HH:MM,
 * 24:00 allowed as the end; none means the whole day.  Returns how many spans, 0: not understood. */
unsigned schedule_parse(struct span text, struct schedule_span out[7]);
/* schedule_valid - are the bounds of struct schedule_span kept? */
bool schedule_valid(const struct schedule_span *s);
/* schedule_has - is @minute of the week inside? */
bool schedule_has(const struct schedule_span *s, uint16_t minute);
/* schedule_minute - local minute of the week at @t */
uint16_t schedule_minute(time_t t);
/* schedule_next - the first full minute after @t at which a span begins or ends or the local clock jumps
 * Returns 0 when nothing does within eight days (no spans). */
time_t schedule_next(const struct schedule_span *s, size_t count, time_t t);

#endif
