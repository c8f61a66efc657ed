/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list_due - when a list is to be fetched, and whether what came may take the place of what was there */
#include "list_due.h"

#include <stdio.h>

#include "container.h"
#include "limits.h"

enum { DUE_REFUSED = 3600 };	/* s: a list that was refused is not asked for again before */

static const struct {
	char letter;
	uint32_t seconds;
} unit[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 } };

uint32_t list_every_parse(struct span text)
{
	uint64_t n = 0;

	if (text.len < 2 || text.len > 8)
		return 0;
	for (size_t i = 0; i + 1 < text.len; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return 0;
		n = n * 10 + (uint64_t)(text.p[i] - '0');
	}
	for (size_t i = 0; i < ARRAY_LEN(unit); i++)
		if (char_lower(text.p[text.len - 1]) == unit[i].letter) {
			n *= unit[i].seconds;
			return n < LIST_EVERY_MIN || n > LIST_EVERY_MAX ? 0 : (uint32_t)n;
		}
	return 0;
}

void list_every_format(uint32_t seconds, char out[16])
{
	for (size_t i = 0; i < ARRAY_LEN(unit); i++)
		if (seconds >= unit[i].seconds && seconds % unit[i].seconds == 0) {
			snprintf(out, 16, "%u%c", seconds / unit[i].seconds, unit[i].letter);
			return;
		}
	snprintf(out, 16, "%us", seconds);
}

/* @seconds, up to 10 % less or more */
static int64_t spread(uint32_t seconds, uint32_t chance)
{
	uint32_t tenth = seconds / 10;

	return (int64_t)seconds - tenth + chance % (2 * tenth + 1);
}

int64_t list_due_next(int64_t now, uint32_t every_s, uint32_t chance)
{
	return now + spread(every_s, chance);
}

int64_t list_due_retry(int64_t now, uint32_t every_s, unsigned failures, bool refused, uint32_t chance)
{
	uint32_t wait = LIMIT_FETCH_RETRY_MIN;

	while (failures-- > 1 && wait < every_s)
		wait *= 2;
	if (refused && wait < DUE_REFUSED)
		wait = DUE_REFUSED;
	if (wait > every_s)
		wait = every_s;
	return now + spread(wait, chance);
}

bool list_due_now(int64_t next, int64_t now, uint32_t every_s)
{
	return next <= now || next - now > (int64_t)every_s + every_s / 5;
}

enum list_change list_change_judge(uint32_t before, uint32_t after)
{
	if (before >= LIST_CHANGE_FLOOR && after < before / 2)
		return LIST_SHRANK;
	if (before && after > LIST_GROWTH_FLOOR && after / 4 > before)
		return LIST_GREW;
	return LIST_PLAUSIBLE;
}
