/* SPDX-License-Identifier: GPL-3.0-or-later */
/* quic_flows - QUIC connections under way
 *
 * Entries stand in a ring in the order of their making, with holes where one was dropped, and in a hash table.
 */
#include "quic_flows.h"

#include <stdlib.h>
#include <xxhash.h>

#include "container.h"

struct quic_flows {
	struct quic *quic;
	uint64_t seed;
	void (*on_gone)(void *ctx, const struct quic_entry *e);
	void *ctx;
	struct hash_table table;
	uint64_t made, first;		/* entries there ever were; the number of the oldest that may still be there */
	uint32_t max, count;
	struct quic_flow alone;		/* of datagrams without an entry */
	struct quic_entry *ring[];	/* max of them; number n at n % max */
};

static uint64_t key_hash(const struct quic_flows *t, const struct addr *client, const struct addr *server)
{
	struct addr key[2] = { *client, *server };

	key[0]._pad = key[1]._pad = 0;
	return XXH3_64bits_withSeed(key, sizeof(key), t->seed);
}

struct quic_flows *quic_flows_new(uint32_t max, uint64_t seed, void (*on_gone)(void *ctx, const struct quic_entry *e), void *ctx)
{
	struct quic_flows *t = calloc(1, sizeof(*t) + max * sizeof(t->ring[0]));

	if (!t)
		return NULL;
	t->max = max;
	t->seed = seed;
	t->on_gone = on_gone;
	t->ctx = ctx;
	t->quic = quic_new();
	if (t->quic && hash_init(&t->table, max))
		return t;
	quic_flows_free(t);
	return NULL;
}

void quic_flows_drop(struct quic_flows *t, struct quic_entry *e)
{
	t->ring[e->place] = NULL;
	t->count--;
	hash_remove(&t->table, &e->node);
	free(e->flow);
	free(e);
}

void quic_flows_free(struct quic_flows *t)
{
	if (!t)
		return;
	for (uint32_t i = 0; i < t->max; i++)
		if (t->ring[i])
			quic_flows_drop(t, t->ring[i]);
	hash_fini(&t->table);
	quic_free(t->quic);
	free(t);
}

static void gone(struct quic_flows *t, struct quic_entry *e)
{
	if (t->on_gone)
		t->on_gone(t->ctx, e);
	quic_flows_drop(t, e);
}

static bool same_end(const struct addr *a, const struct addr *b)
{
	return a->port_be == b->port_be && addr_eq_ip(a, b);
}

struct quic_entry *quic_flows_find(const struct quic_flows *t, const struct addr *client, const struct addr *server)
{
	uint64_t hash = key_hash(t, client, server);

	for (struct hash_node *n = hash_first(&t->table, hash); n; n = hash_next(n->next, hash)) {
		struct quic_entry *e = CONTAINER_OF(n, struct quic_entry, node);

		if (same_end(&e->client, client) && same_end(&e->server, server))
			return e;
	}
	return NULL;
}

struct quic_entry *quic_flows_add(struct quic_flows *t, const struct addr *client, const struct addr *server, uint64_t now_ms)
{
	struct quic_entry *e = calloc(1, sizeof(*e));

	if (e)
		e->flow = malloc(sizeof(*e->flow));
	if (!e || !e->flow) {
		free(e);
		return NULL;
	}
	quic_flow_init(e->flow);
	e->client = *client;
	e->server = *server;
	e->since_ms = now_ms;
	e->place = (uint32_t)(t->made % t->max);
	if (t->made - t->first == t->max) {
		if (t->ring[e->place])
			gone(t, t->ring[e->place]);
		t->first++;
	}
	t->ring[e->place] = e;
	t->made++;
	t->count++;
	hash_put(&t->table, &e->node, key_hash(t, client, server));
	return e;
}

enum quic_result quic_flows_feed(struct quic_flows *t, struct quic_entry *e, struct span datagram, struct span *hello)
{
	enum quic_result got;

	if (e->done)
		return QUIC_MORE;
	got = quic_flow_feed(t->quic, e->flow, datagram);
	if (!e->fed || got == QUIC_MORE || e->why == QUIC_ALIEN)	/* ALIEN: what follows a handshake, or was never QUIC */
		e->why = got;
	e->fed = true;
	if (got == QUIC_HELLO)
		*hello = quic_flow_hello(e->flow);
	return got;
}

enum quic_result quic_flows_alone(struct quic_flows *t, struct span datagram, struct span *hello)
{
	enum quic_result got;

	quic_flow_init(&t->alone);
	got = quic_flow_feed(t->quic, &t->alone, datagram);
	if (got == QUIC_HELLO)
		*hello = quic_flow_hello(&t->alone);
	return got;
}

uint32_t quic_flows_count(const struct quic_flows *t) { return t->count; }

void quic_flows_done(struct quic_entry *e)
{
	e->done = true;
	free(e->flow);
	e->flow = NULL;
}

/* oldest - the entry made first of those that are there; NULL: none */
static struct quic_entry *oldest(struct quic_flows *t)
{
	for (; t->first < t->made; t->first++)
		if (t->ring[t->first % t->max])
			return t->ring[t->first % t->max];
	return NULL;
}

void quic_flows_age(struct quic_flows *t, uint64_t now_ms, uint64_t ms)
{
	struct quic_entry *e;

	while ((e = oldest(t)) && now_ms >= e->since_ms && now_ms - e->since_ms >= ms)
		gone(t, e);
}

void quic_flows_end(struct quic_flows *t)
{
	struct quic_entry *e;

	while ((e = oldest(t)))
		gone(t, e);
}
