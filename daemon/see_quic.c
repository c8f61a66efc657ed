/* SPDX-License-Identifier: GPL-3.0-or-later */
/* see_quic - QUIC connections of a capture */
#include "see_quic.h"

#include <stdlib.h>
#include <xxhash.h>

#include "container.h"

struct see_quic {
	struct quic *quic;
	uint64_t seed;
	void (*on_gone)(void *ctx, const struct see_quic_flow *f);
	void *ctx;
	struct hash_table table;
	uint64_t made;				/* flows there ever were */
	struct see_quic_flow *ring[SEE_QUIC_FLOWS];	/* in the order of their making; a full ring's next place is the oldest */
};

static uint64_t key_hash(const struct see_quic *t, const struct addr *client, const struct addr *server)
{
	struct addr key[2] = { *client, *server };

	return XXH3_64bits_withSeed(key, sizeof(key), t->seed);
}

struct see_quic *see_quic_new(uint64_t seed, void (*on_gone)(void *ctx, const struct see_quic_flow *f), void *ctx)
{
	struct see_quic *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->seed = seed;
	t->on_gone = on_gone;
	t->ctx = ctx;
	t->quic = quic_new();
	if (t->quic && hash_init(&t->table, SEE_QUIC_FLOWS))
		return t;
	see_quic_free(t);
	return NULL;
}

static void forget(struct see_quic *t, size_t place)
{
	struct see_quic_flow *f = t->ring[place];

	if (!f)
		return;
	hash_remove(&t->table, &f->node);
	free(f->flow);
	free(f);
	t->ring[place] = NULL;
}

void see_quic_free(struct see_quic *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < SEE_QUIC_FLOWS; i++)
		forget(t, i);
	hash_fini(&t->table);
	quic_free(t->quic);
	free(t);
}

struct see_quic_flow *see_quic_find(const struct see_quic *t, const struct addr *client, const struct addr *server)
{
	uint64_t hash = key_hash(t, client, server);

	for (struct hash_node *n = hash_first(&t->table, hash); n; n = hash_next(n->next, hash)) {
		struct see_quic_flow *f = CONTAINER_OF(n, struct see_quic_flow, node);

		if (addr_eq_ip(&f->client, client) && addr_eq_ip(&f->server, server) && f->client.port_be == client->port_be &&
		    f->server.port_be == server->port_be)
			return f;
	}
	return NULL;
}

struct see_quic_flow *see_quic_add(struct see_quic *t, const struct addr *client, const struct addr *server)
{
	struct see_quic_flow *f = calloc(1, sizeof(*f));
	size_t place = t->made % SEE_QUIC_FLOWS;

	if (f)
		f->flow = malloc(sizeof(*f->flow));
	if (!f || !f->flow) {
		free(f);
		return NULL;
	}
	quic_flow_init(f->flow);
	f->client = *client;
	f->server = *server;
	if (t->ring[place])
		t->on_gone(t->ctx, t->ring[place]);
	forget(t, place);
	t->ring[place] = f;
	t->made++;
	hash_put(&t->table, &f->node, key_hash(t, client, server));
	return f;
}

enum quic_result see_quic_feed(struct see_quic *t, struct see_quic_flow *f, struct span datagram, struct span *hello)
{
	enum quic_result got;

	if (!f->flow)
		return QUIC_MORE;
	got = quic_flow_feed(t->quic, f->flow, datagram);
	if (!f->fed || got == QUIC_MORE || f->why == QUIC_ALIEN)	/* ALIEN: what follows a handshake, or was never QUIC */
		f->why = got;
	f->fed = true;
	if (got == QUIC_HELLO)
		*hello = quic_flow_hello(f->flow);
	return got;
}

void see_quic_done(struct see_quic_flow *f)
{
	free(f->flow);
	f->flow = NULL;
}

void see_quic_end(struct see_quic *t)
{
	for (uint64_t i = 0; i < SEE_QUIC_FLOWS; i++) {
		size_t place = (t->made + i) % SEE_QUIC_FLOWS;	/* the oldest first */

		if (t->ring[place])
			t->on_gone(t->ctx, t->ring[place]);
		forget(t, place);
	}
}
