/* SPDX-License-Identifier: GPL-3.0-or-later */
/* deadline - one sorted list for each length of wait, one timer for all */
#include "deadline.h"

#include <stddef.h>
#include <time.h>

#include "limits.h"

static const uint32_t deadline_ms[DEADLINE_COUNT] = {
	[DEADLINE_FIRST_BYTE] = LIMIT_FIRST_BYTE_MS,
	[DEADLINE_HEAD] = LIMIT_HEAD_MS,
	[DEADLINE_DIAL] = LIMIT_DIAL_MS,
	[DEADLINE_RESPONSE] = LIMIT_RESPONSE_MS,
	[DEADLINE_IDLE] = LIMIT_IDLE_MS,
	[DEADLINE_TUNNEL] = LIMIT_TUNNEL_IDLE_MS,
	[DEADLINE_LINGER] = LIMIT_LINGER_MS,
	[DEADLINE_IMAGE] = LIMIT_IMAGE_HELD_MS,
};

static struct {
	struct deadline list[DEADLINE_COUNT];	/* rings; the first to pass is next */
	ev_timer timer;
	ev_prepare prepare;
	uint32_t armed;				/* what the timer sleeps for; UINT32_MAX: nothing */
	void (*expired)(struct ev_loop *loop, struct deadline *d, enum deadline_kind kind);
} all;

/* the coarse clock: never a system call, never set back, a tick of 4 ms is fine enough here */
static uint32_t deadline_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (uint32_t)((uint64_t)t.tv_sec * (1000 / DEADLINE_GRAIN_MS) +
			  (uint64_t)t.tv_nsec / (DEADLINE_GRAIN_MS * 1000000));
}

static void deadline_unlink(struct deadline *d)
{
	if (!d->kind)
		return;
	d->prev->next = d->next;
	d->next->prev = d->prev;
	d->prev = d->next = NULL;
	d->kind = DEADLINE_NONE;
}

void deadline_set(struct deadline *d, enum deadline_kind kind)
{
	struct deadline *ring = &all.list[kind];

	deadline_unlink(d);
	if (kind == DEADLINE_NONE)
		return;
	d->kind = (uint8_t)kind;
	d->at = deadline_now() + 1 + deadline_ms[kind] / DEADLINE_GRAIN_MS;
	d->next = ring;
	d->prev = ring->prev;
	ring->prev->next = d;
	ring->prev = d;
}

uint32_t deadline_age_ms(const struct deadline *d)
{
	uint32_t set, now = deadline_now();

	if (!d->kind)
		return 0;
	set = d->at - 1 - deadline_ms[d->kind] / DEADLINE_GRAIN_MS;
	return now > set ? (now - set) * DEADLINE_GRAIN_MS : 0;
}

static void deadline_on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	uint32_t now = deadline_now();

	(void)w, (void)revents;
	all.armed = UINT32_MAX;
	for (int kind = 1; kind < DEADLINE_COUNT; kind++) {
		struct deadline *ring = &all.list[kind];

		/* one that is set again from within goes to the end, in the future */
		while (ring->next != ring && ring->next->at <= now) {
			struct deadline *d = ring->next;

			deadline_unlink(d);
			all.expired(loop, d, (enum deadline_kind)kind);
		}
	}
}

/* before the loop sleeps: is the timer set for the earliest?  A timer that is set too
 * early (what it was for is gone) is left alone: it wakes once, and is set anew. */
static void deadline_on_prepare(struct ev_loop *loop, ev_prepare *w, int revents)
{
	uint32_t first = UINT32_MAX, now;

	(void)w, (void)revents;
	for (int kind = 1; kind < DEADLINE_COUNT; kind++)
		if (all.list[kind].next != &all.list[kind] && all.list[kind].next->at < first)
			first = all.list[kind].next->at;
	if (first >= all.armed)
		return;
	now = deadline_now();
	all.armed = first;
	ev_timer_stop(loop, &all.timer);
	ev_timer_set(&all.timer, (first > now ? first - now : 0) * (DEADLINE_GRAIN_MS / 1000.), 0.);
	ev_timer_start(loop, &all.timer);
}

void deadline_init(struct ev_loop *loop, void (*expired)(struct ev_loop *loop, struct deadline *d, enum deadline_kind kind))
{
	all.expired = expired;
	all.armed = UINT32_MAX;
	for (int kind = 0; kind < DEADLINE_COUNT; kind++)
		all.list[kind].prev = all.list[kind].next = &all.list[kind];
	ev_timer_init(&all.timer, deadline_on_timer, 0., 0.);
	ev_prepare_init(&all.prepare, deadline_on_prepare);
	ev_prepare_start(loop, &all.prepare);
}
