/* SPDX-License-Identifier: GPL-3.0-or-later */
/* conns - what happens to all connections at once: new rules, a schedule's boundary, the stop */
#include <time.h>

#include "conn.h"
#include "counters.h"
#include "limits.h"
#include "reached.h"

static struct rules *current;	/* for new requests */

struct rules *conn_current(void)
{
	return current;
}

void conn_refresh(struct conn *c)
{
	if (c->rules == current || c->queue.first)
		return;
	rules_put(c->rules);
	c->rules = rules_get(current);
}

/* the oldest image still held by some connection, and how many there are; the current one counts */
static struct rules *conn_oldest(unsigned *images)
{
	struct rules *seen[LIMIT_IMAGES_ALIVE + 2] = { current }, *oldest = current;
	unsigned n = 1;

	for (struct conn *c = conn_first(); c; c = c->next) {
		unsigned i = 0;

		if (!c->rules)
			continue;
		while (i < n && seen[i] != c->rules)
			i++;
		if (i == n && n < LIMIT_IMAGES_ALIVE + 2)
			seen[n++] = c->rules;
		if (rules_generation(c->rules) < rules_generation(oldest))
			oldest = c->rules;
	}
	*images = n;
	return oldest;
}

/* only the rest of a body is to come: nothing of it is asked of the rules any more */
static bool conn_decided(const struct conn *c)
{
	return c->queue.count == 1 && (c->down == DOWN_BODY || c->down == DOWN_RAW);
}

void conn_rules(struct ev_loop *loop, struct rules *r)
{
	struct rules *old = current, *oldest;
	struct conn *next;
	unsigned images;

	current = rules_get(r);
	rules_put(old);
	for (struct conn *c = conn_first(); c; c = c->next) {
		conn_identify(c);
		if (c->rules)
			conn_refresh(c);
	}
	while ((oldest = conn_oldest(&images)) != current && images > LIMIT_IMAGES_ALIVE) {
		reached(LIMIT_ID_IMAGES_ALIVE, NULL);
		for (struct conn *c = conn_first(); c; c = next) {
			next = c->next;
			if (c->rules != oldest)
				continue;
			if (conn_decided(c)) {	/* a long download is not cut for rules it needs no more */
				rules_put(c->rules);
				c->rules = rules_get(current);
			} else {
				count(COUNTER_IMAGES_EXHAUSTED);
				conn_reset(loop, c, REASON_RULES_GONE);
			}
		}
	}
}

static bool conn_blocked_now(struct conn *c, uint16_t minute)
{
	const struct span none = { "", 0 };

	if (c->state == CONN_TUNNEL && c->tunnel) {
		c->tunnel->facts.minute = minute;
		return rules_request(current, &c->tunnel->facts).action == ACT_BLOCK;
	}
	if (c->state == CONN_TUNNEL)
		return rules_connection(current, &c->station, &c->server, none, minute).action == ACT_BLOCK;
	for (struct exchange *x = c->queue.first; x; x = x->next) {
		x->facts.minute = minute;
		if (x->status == 0 && rules_request(c->rules, &x->facts).action == ACT_BLOCK)
			return true;
	}
	return false;
}

void conn_recheck(struct ev_loop *loop)
{
	uint16_t minute = rules_minute(time(NULL));
	struct conn *next;

	for (struct conn *c = conn_first(); c; c = next) {
		next = c->next;
		if (conn_blocked_now(c, minute))
			conn_reset(loop, c, REASON_BETWEEN);
	}
}

/* nothing is under way, and nothing has come for a while: who closes now meets no request */
static bool conn_quiet(const struct conn *c, uint32_t ms)
{
	return c->deadline.kind == DEADLINE_IDLE && c->state != CONN_TUNNEL && !c->queue.first && !buf_len(&c->out) &&
	       deadline_age_ms(&c->deadline) >= ms;
}

unsigned conn_stop(struct ev_loop *loop, uint32_t quiet_ms)
{
	struct conn *next;

	for (struct conn *c = conn_first(); c; c = next) {
		next = c->next;
		if (conn_quiet(c, quiet_ms))
			conn_close(loop, c, REASON_STOPPING);
	}
	return conn_alive();
}

void conn_stop_now(struct ev_loop *loop)
{
	struct conn *next;

	for (struct conn *c = conn_first(); c; c = next) {
		next = c->next;
		if (conn_quiet(c, 0) || c->state == CONN_SILENT || c->state == CONN_LINGER)
			conn_close(loop, c, REASON_STOPPING);
		else
			conn_reset(loop, c, REASON_STOPPING);
	}
}
