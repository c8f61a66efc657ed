/* SPDX-License-Identifier: GPL-3.0-or-later */
/* schedule - spans of the local week */
#include "schedule.h"

static const char *const day_name[7] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

static int day_parse(struct span s)
{
	for (int d = 0; d < 7; d++)
		if (span_eq_nocase(s, span_of(day_name[d])))
			return d;
	return -1;
}

/* returns a bit a day, 0: not understood */
static unsigned days_parse(struct span text)
{
	unsigned days = 0;

	if (span_eq_nocase(text, SPAN_LIT("daily")))
		return 0x7f;
	for (;;) {
		struct span item = span_until(text, ',');
		struct span first = span_until(span_trim(item), '-');
		struct span second = span_skip(span_trim(item), first.len + 1);
		int from = day_parse(span_trim(first)), to = from;

		if (first.len < span_trim(item).len)
			to = day_parse(span_trim(second));
		if (from < 0 || to < 0)
			return 0;
		for (int d = from; ; d = (d + 1) % 7) {
			days |= 1u << d;
			if (d == to)
				break;
		}
		if (item.len == text.len)
			return days;
		text = span_skip(text, item.len + 1);
	}
}

/* "8:00", "08:00", "24:00"; -1: not a time */
static int time_parse(struct span s)
{
	struct span h = span_until(s, ':'), m = span_skip(s, h.len + 1);
	int hour = 0, minute = 0;

	if (h.len < 1 || h.len > 2 || m.len != 2 || s.len != h.len + 3)
		return -1;
	for (size_t i = 0; i < h.len; i++) {
		if (h.p[i] < '0' || h.p[i] > '9')
			return -1;
		hour = hour * 10 + h.p[i] - '0';
	}
	for (size_t i = 0; i < m.len; i++) {
		if (m.p[i] < '0' || m.p[i] > '9')
			return -1;
		minute = minute * 10 + m.p[i] - '0';
	}
	if (minute > 59 || hour > 24 || (hour == 24 && minute))
		return -1;
	return hour * 60 + minute;
}

unsigned schedule_parse(struct span text, struct schedule_span out[7])
{
	struct span days_text = text, time_text, first;
	unsigned days = 0x7f, n = 0;
	int from = 0, to = DAY_MINUTES;

	text = days_text = span_trim(text);
	if (text.len == 0)
		return 0;
	/* the times are the last word, when it holds a colon */
	time_text = (struct span){ text.p + text.len, 0 };
	if (memchr(text.p, ':', text.len)) {
		while (time_text.p > text.p && time_text.p[-1] != ' ' && time_text.p[-1] != '\t')
			time_text.p--, time_text.len++;
		days_text = span_trim((struct span){ text.p, (size_t)(time_text.p - text.p) });
		first = span_until(time_text, '-');
		from = time_parse(first);
		to = time_parse(span_skip(time_text, first.len + 1));
		if (from < 0 || from == DAY_MINUTES || to < 0 || from == to)
			return 0;
		if (to < from)
			to += DAY_MINUTES;
	}
	if (days_text.len)
		days = days_parse(days_text);
	for (unsigned d = 0; d < 7; d++)
		if (days & (1u << d)) {
			out[n].from = (uint16_t)(d * DAY_MINUTES + (unsigned)from);
			out[n].to = (uint16_t)(d * DAY_MINUTES + (unsigned)to);
			n++;
		}
	return n;
}

bool schedule_valid(const struct schedule_span *s)
{
	return s->from < WEEK_MINUTES && s->to > s->from && s->to - s->from <= DAY_MINUTES;
}

bool schedule_has(const struct schedule_span *s, uint16_t minute)
{
	return (minute >= s->from && minute < s->to) || minute + WEEK_MINUTES < s->to;
}

uint16_t schedule_minute(time_t t)
{
	struct tm tm;

	if (!localtime_r(&t, &tm))
		return 0;
	return (uint16_t)((tm.tm_wday + 6) % 7 * DAY_MINUTES + tm.tm_hour * 60 + tm.tm_min);
}

time_t schedule_next(const struct schedule_span *s, size_t count, time_t t)
{
	uint8_t boundary[WEEK_MINUTES / 8] = { 0 };
	unsigned last = schedule_minute(t);

	if (count == 0)
		return 0;
	for (size_t i = 0; i < count; i++) {
		unsigned from = s[i].from % WEEK_MINUTES, to = s[i].to % WEEK_MINUTES;

		boundary[from / 8] |= (uint8_t)(1u << from % 8);
		boundary[to / 8] |= (uint8_t)(1u << to % 8);
	}
	t -= t % 60;
	for (unsigned i = 0; i < 8 * DAY_MINUTES; i++) {
		unsigned minute;

		t += 60;
		minute = schedule_minute(t);
		/* a clock that jumps (summer time) may leave or enter a span without passing its ends */
		if (minute != (last + 1) % WEEK_MINUTES || (boundary[minute / 8] & (1u << minute % 8)))
			return t;
		last = minute;
	}
	return 0;
}
