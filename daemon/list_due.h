/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list_due - when a list is to be fetched, and whether what came may take the place of what was there
 *
 * Pure: numbers in, numbers out; time and chance are the caller's.
 */
#ifndef DEJUNK_LIST_DUE_H
#define DEJUNK_LIST_DUE_H

#include <stdbool.h>
#include <stdint.h>

#include "span.h"

enum {
	LIST_EVERY_STANDARD = 86400,	/* s */
	LIST_EVERY_MIN = 600,
	LIST_EVERY_MAX = 30 * 86400,
};

/* list_every_parse - "90m", "12h", "1d" in seconds; 0: not an interval, or one outside of LIST_EVERY_MIN to MAX */
uint32_t list_every_parse(struct span text);
/* list_every_format - the shortest way to write it: "1d"; at most 16 bytes, NUL included */
void list_every_format(uint32_t seconds, char out[16]);

/* list_due_next - the wall time of the next fetch after one that succeeded at @now: @every_s, 10 % less or more by
 * @chance (any number, drawn anew each time), so that gateways which began together spread */
int64_t list_due_next(int64_t now, uint32_t every_s, uint32_t chance);
/* list_due_retry - the same after the @failures-th failure in a row (from 1): LIMIT_FETCH_RETRY_MIN s, doubled each
 * time up to @every_s; where the server answered and what it sent was @refused, not before an hour */
int64_t list_due_retry(int64_t now, uint32_t every_s, unsigned failures, bool refused, uint32_t chance);
/* list_due_now - is it time?  @next: as stored; 0: never fetched.  A time too far ahead to be ours (the clock was
 * wrong once, or @every_s was shortened) is due */
bool list_due_now(int64_t next, int64_t now, uint32_t every_s);

/* what a new copy is to the one it replaces */
enum list_change { LIST_PLAUSIBLE, LIST_SHRANK, LIST_GREW };
/* list_change_judge - by rules used: fewer than half, when there were LIST_CHANGE_FLOOR at least; more than four
 * times as many, when they are more than LIST_GROWTH_FLOOR.  @before 0: nothing to compare with */
enum list_change list_change_judge(uint32_t before, uint32_t after);
enum { LIST_CHANGE_FLOOR = 20, LIST_GROWTH_FLOOR = 10000 };

#endif
