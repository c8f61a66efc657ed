/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clients - the link-layer address behind a client's IP address, learned from its DNS queries */
#include "clients.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "container.h"
#include "hash.h"

struct known {
	struct hash_node node;
	struct known *older, *newer;	/* in the order of learning; older of a free one: the next free one */
	struct addr ip;
	uint8_t hw[6];
};

struct clients {
	struct hash_table table;
	uint64_t seed;
	struct known *slots, *free;
	struct known *oldest, *newest;
	uint32_t max, used, count;	/* used: slots touched so far */
};

struct clients *clients_new(uint32_t max, uint64_t seed)
{
	struct clients *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->seed = seed;
	c->max = max;
	c->slots = calloc(max, sizeof(c->slots[0]));
	if (c->slots && hash_init(&c->table, max))
		return c;
	free(c->slots);
	free(c);
	return NULL;
}

void clients_free(struct clients *c)
{
	if (!c)
		return;
	hash_fini(&c->table);
	free(c->slots);
	free(c);
}

static uint64_t hash_ip(const struct clients *c, const struct addr *ip)
{
	return XXH3_64bits_withSeed(ip->ip, sizeof(ip->ip), c->seed);
}

static struct known *find(const struct clients *c, const struct addr *ip)
{
	uint64_t hash = hash_ip(c, ip);

	for (struct hash_node *i = hash_first(&c->table, hash); i; i = hash_next(i->next, hash)) {
		struct known *k = CONTAINER_OF(i, struct known, node);

		if (addr_eq_ip(&k->ip, ip))
			return k;
	}
	return NULL;
}

static void unlink_known(struct clients *c, struct known *k)
{
	*(k->older ? &k->older->newer : &c->oldest) = k->newer;
	*(k->newer ? &k->newer->older : &c->newest) = k->older;
}

static void link_newest(struct clients *c, struct known *k)
{
	k->older = c->newest;
	k->newer = NULL;
	*(c->newest ? &c->newest->newer : &c->oldest) = k;
	c->newest = k;
}

static void drop(struct clients *c, struct known *k)
{
	hash_remove(&c->table, &k->node);
	unlink_known(c, k);
	k->older = c->free;
	c->free = k;
	c->count--;
}

bool clients_learn(struct clients *c, const struct addr *ip, const uint8_t hw[6])
{
	struct known *k = find(c, ip);
	bool forgot = false;

	if (k) {
		unlink_known(c, k);
	} else {
		if (c->count == c->max) {
			drop(c, c->oldest);
			forgot = true;
		}
		k = c->free;
		if (k)
			c->free = k->older;
		else
			k = &c->slots[c->used++];
		k->ip = *ip;
		hash_put(&c->table, &k->node, hash_ip(c, ip));
		c->count++;
	}
	memcpy(k->hw, hw, sizeof(k->hw));
	link_newest(c, k);
	return forgot;
}

void clients_forget(struct clients *c, const struct addr *ip)
{
	struct known *k = find(c, ip);

	if (k)
		drop(c, k);
}

struct client clients_find(const struct clients *c, const struct addr *ip)
{
	const struct known *k = find(c, ip);
	struct client client;

	memset(&client, 0, sizeof(client));
	if (k) {
		client.kind = CLIENT_HW;
		memcpy(client.hw, k->hw, sizeof(client.hw));
	} else {
		client.kind = CLIENT_IP;
		client.ip = *ip;
		client.ip.port_be = 0;
	}
	return client;
}

uint32_t clients_count(const struct clients *c)
{
	return c->count;
}
