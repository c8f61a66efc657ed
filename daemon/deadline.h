/* SPDX-License-Identifier: GPL-3.0-or-later */
/* deadline - very many timeouts of a few fixed lengths, with no timer restarted a byte
 *
 * Every kind of wait has one length (limits.h), so a list for each kind, appended at the
 * end, is sorted: setting, moving and clearing a deadline are a few pointer writes.  One
 * timer sleeps until the earliest; an ev_prepare watcher sets it.  Resolution:
 * DEADLINE_GRAIN_MS.  One thread, one loop.
 */
#ifndef DEJUNK_DEADLINE_H
#define DEJUNK_DEADLINE_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

enum { DEADLINE_GRAIN_MS = 10 };

enum deadline_kind {
	DEADLINE_NONE,
	DEADLINE_FIRST_BYTE,
	DEADLINE_HEAD,
	DEADLINE_DIAL,
	DEADLINE_RESPONSE,
	DEADLINE_IDLE,
	DEADLINE_TUNNEL,
	DEADLINE_LINGER,
	DEADLINE_IMAGE,
	DEADLINE_COUNT
};

struct deadline {		/* a member of what is waiting; all zero: none is set */
	struct deadline *prev, *next;
	uint32_t at;		/* units of DEADLINE_GRAIN_MS of the monotonic clock */
	uint8_t kind;		/* enum deadline_kind */
};

/* deadline_init - @expired is called for each deadline that passes; it is cleared by then */
void deadline_init(struct ev_loop *loop, void (*expired)(struct ev_loop *loop, struct deadline *d, enum deadline_kind kind));
/* deadline_set - let @d pass when the length of @kind has gone by from now; replaces what was set.
 * DEADLINE_NONE clears it. */
void deadline_set(struct deadline *d, enum deadline_kind kind);
/* deadline_age_ms - how long ago @d was set; 0: none is */
uint32_t deadline_age_ms(const struct deadline *d);

#endif
