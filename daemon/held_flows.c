/* SPDX-License-Identifier: GPL-3.0-or-later */
/* held_flows - arrays of flows and packets, chained by index: flows in three lines, oldest first, and in a hash table */
#include "held_flows.h"

#include <stdlib.h>
#include <xxhash.h>

#include "container.h"
#include "limits.h"

enum { NONE = UINT32_MAX };

enum line { LINE_SHORT, LINE_LONG, LINE_DECIDED, LINES };

static const uint64_t patience_ms[LINES] = { LIMIT_HELLO_ODD_MS, LIMIT_HELLO_HOLD_MS, LIMIT_HELLO_MEMORY_MS };

struct packet {
	uint32_t id, mark;
	uint32_t newer;
};

struct held_flows {
	struct hash_table table;
	uint64_t seed;
	uint32_t max;
	uint32_t spare, spare_packet;	/* chained by newer */
	uint32_t packets;
	uint32_t oldest[LINES], newest[LINES];
	struct packet *packet;
	struct held_flow flow[];
};

static enum line line_of(enum held_state s)
{
	return s >= HELD_PASS ? LINE_DECIDED : s == HELD_ODD ? LINE_SHORT : LINE_LONG;
}

static uint32_t index_of(const struct held_flows *t, const struct held_flow *f)
{
	return (uint32_t)(f - t->flow);
}

static uint64_t key_hash(const struct held_flows *t, bool udp, const struct addr *src, const struct addr *dst)
{
	struct addr key[2] = { *src, *dst };

	key[0]._pad = udp;
	key[1]._pad = 0;
	return XXH3_64bits_withSeed(key, sizeof(key), t->seed);
}

struct held_flows *held_flows_new(uint32_t max, uint32_t packets, uint64_t seed)
{
	struct held_flows *t = calloc(1, sizeof(*t) + max * sizeof(t->flow[0]));

	if (!t)
		return NULL;
	t->packet = calloc(packets, sizeof(t->packet[0]));
	if (!t->packet || !hash_init(&t->table, max)) {
		free(t->packet);
		free(t);
		return NULL;
	}
	t->seed = seed;
	t->max = max;
	for (uint32_t i = 0; i < max; i++)
		t->flow[i].newer = i + 1 < max ? i + 1 : NONE;
	for (uint32_t i = 0; i < packets; i++)
		t->packet[i].newer = i + 1 < packets ? i + 1 : NONE;
	for (enum line l = 0; l < LINES; l++)
		t->oldest[l] = t->newest[l] = NONE;
	return t;
}

void held_flows_free(struct held_flows *t)
{
	if (!t)
		return;
	hash_fini(&t->table);
	free(t->packet);
	free(t);
}

/* --- lines ---------------------------------------------------------------------- */

static void line_append(struct held_flows *t, struct held_flow *f)
{
	enum line l = line_of(f->state);
	uint32_t i = index_of(t, f);

	f->older = t->newest[l];
	f->newer = NONE;
	*(f->older == NONE ? &t->oldest[l] : &t->flow[f->older].newer) = i;
	t->newest[l] = i;
}

static void line_remove(struct held_flows *t, struct held_flow *f)
{
	enum line l = line_of(f->state);

	*(f->older == NONE ? &t->oldest[l] : &t->flow[f->older].newer) = f->newer;
	*(f->newer == NONE ? &t->newest[l] : &t->flow[f->newer].older) = f->older;
}

static struct held_flow *line_due(struct held_flows *t, enum line l, uint64_t now_ms)
{
	struct held_flow *f = t->oldest[l] == NONE ? NULL : &t->flow[t->oldest[l]];

	return f && now_ms >= f->since_ms && now_ms - f->since_ms >= patience_ms[l] ? f : NULL;
}

/* --- flows ---------------------------------------------------------------------- */

static bool same_end(const struct addr *a, const struct addr *b)
{
	return a->port_be == b->port_be && addr_eq_ip(a, b);
}

struct held_flow *held_flow_find(const struct held_flows *t, bool udp, const struct addr *src, const struct addr *dst)
{
	uint64_t hash = key_hash(t, udp, src, dst);

	for (struct hash_node *n = hash_first(&t->table, hash); n; n = hash_next(n->next, hash)) {
		struct held_flow *f = CONTAINER_OF(n, struct held_flow, node);

		if (f->udp == udp && same_end(&f->src, src) && same_end(&f->dst, dst))
			return f;
	}
	return NULL;
}

struct held_flow *held_flow_named(struct held_flows *t, uint32_t token)
{
	struct held_flow *f = &t->flow[token % t->max];

	return token && f->token == token ? f : NULL;
}

struct held_flow *held_flow_add(struct held_flows *t, bool udp, const struct addr *src, const struct addr *dst,
				const struct client *client, uint64_t now_ms)
{
	struct held_flow *f;
	uint32_t i, turn;

	if (t->spare == NONE) {
		if (t->oldest[LINE_DECIDED] == NONE)
			return NULL;
		held_flow_drop(t, &t->flow[t->oldest[LINE_DECIDED]]);
	}
	i = t->spare;
	f = &t->flow[i];
	t->spare = f->newer;
	turn = f->turn < UINT32_MAX / t->max - 1 ? f->turn + 1 : 1;	/* token % max is i, also when tokens begin anew */
	*f = (struct held_flow){
		.src = *src, .dst = *dst, .udp = udp, .client = *client, .token = turn * t->max + i, .turn = turn,
		.state = HELD_ASKED, .since_ms = now_ms, .oldest = NONE, .newest = NONE,
	};
	line_append(t, f);
	hash_put(&t->table, &f->node, key_hash(t, udp, src, dst));
	return f;
}

void held_flow_enter(struct held_flows *t, struct held_flow *f, enum held_state state, uint64_t now_ms)
{
	if (line_of(state) == line_of(f->state)) {
		f->state = state;
		return;
	}
	line_remove(t, f);
	f->state = state;
	f->since_ms = now_ms;
	line_append(t, f);
}

void held_flow_drop(struct held_flows *t, struct held_flow *f)
{
	line_remove(t, f);
	hash_remove(&t->table, &f->node);
	f->token = 0;
	f->newer = t->spare;
	t->spare = index_of(t, f);
}

/* --- packets -------------------------------------------------------------------- */

bool held_flow_hold(struct held_flows *t, struct held_flow *f, uint32_t id, uint32_t mark)
{
	uint32_t i = t->spare_packet;

	if (i == NONE || f->packets == LIMIT_HELLO_FLOW_PACKETS)
		return false;
	t->spare_packet = t->packet[i].newer;
	t->packet[i] = (struct packet){ id, mark, NONE };
	*(f->newest == NONE ? &f->oldest : &t->packet[f->newest].newer) = i;
	f->newest = i;
	f->packets++;
	t->packets++;
	return true;
}

bool held_flow_take(struct held_flows *t, struct held_flow *f, uint32_t *id, uint32_t *mark)
{
	uint32_t i = f->oldest;

	if (i == NONE)
		return false;
	*id = t->packet[i].id;
	*mark = t->packet[i].mark;
	f->oldest = t->packet[i].newer;
	if (f->oldest == NONE)
		f->newest = NONE;
	t->packet[i].newer = t->spare_packet;
	t->spare_packet = i;
	f->packets--;
	t->packets--;
	return true;
}

/* --- time ----------------------------------------------------------------------- */

struct held_flow *held_flows_due(struct held_flows *t, uint64_t now_ms)
{
	struct held_flow *f = line_due(t, LINE_SHORT, now_ms);

	return f ? f : line_due(t, LINE_LONG, now_ms);
}

uint64_t held_flows_due_ms(const struct held_flows *t)
{
	uint64_t due = UINT64_MAX;

	for (enum line l = LINE_SHORT; l <= LINE_LONG; l++)
		if (t->oldest[l] != NONE && t->flow[t->oldest[l]].since_ms + patience_ms[l] < due)
			due = t->flow[t->oldest[l]].since_ms + patience_ms[l];
	return due;
}

struct held_flow *held_flows_oldest(struct held_flows *t)
{
	uint32_t i = t->oldest[LINE_SHORT] != NONE ? t->oldest[LINE_SHORT] : t->oldest[LINE_LONG];

	return i == NONE ? NULL : &t->flow[i];
}

void held_flows_age(struct held_flows *t, uint64_t now_ms)
{
	struct held_flow *f;

	while ((f = line_due(t, LINE_DECIDED, now_ms)))
		held_flow_drop(t, f);
}

uint32_t held_flows_waiting(const struct held_flows *t) { return t->packets; }
