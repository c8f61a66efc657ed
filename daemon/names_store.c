/* SPDX-License-Identifier: GPL-3.0-or-later */
/* names_store - owners, places, pairs, entries and texts: made, found and freed */
#include "names_store.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "container.h"

/* --- pools and keys ----------------------------------------------------------- */

bool pool_init(struct pool *p, uint32_t slots, size_t size)
{
	p->base = calloc(slots, size);
	p->size = size;
	p->slots = slots;
	return p->base;
}

void *pool_get(struct pool *p)
{
	void *slot = p->free;

	if (slot) {
		memcpy(&p->free, slot, sizeof(p->free));
		return memset(slot, 0, p->size);
	}
	return p->used < p->slots ? p->base + p->size * p->used++ : NULL;
}

static void pool_put(struct pool *p, void *slot)
{
	memset(slot, 0, p->size);
	memcpy(slot, &p->free, sizeof(p->free));
	p->free = slot;
}

static uint64_t hash_of(const struct names *n, const void *key, size_t len)
{
	return XXH3_64bits_withSeed(key, len, n->seed);
}

struct addr addr_key(const struct addr *a)
{
	struct addr key = { .family = a->family };

	memcpy(key.ip, a->ip, addr_len(a));
	return key;
}

struct client client_key(const struct client *c)
{
	struct client key = { .kind = c->kind };

	if (c->kind == CLIENT_HW)
		memcpy(key.hw, c->hw, sizeof(key.hw));
	else if (c->kind == CLIENT_IP)
		key.ip = addr_key(&c->ip);
	return key;
}

struct owner *owner_find(const struct names *n, const struct client *key)
{
	uint64_t hash = hash_of(n, key, sizeof(*key));

	for (struct hash_node *i = hash_first(&n->owners, hash); i; i = hash_next(i->next, hash)) {
		struct owner *o = CONTAINER_OF(i, struct owner, node);

		if (memcmp(&o->key, key, sizeof(*key)) == 0)
			return o;
	}
	return NULL;
}

struct place *place_find(const struct names *n, const struct addr *key)
{
	uint64_t hash = hash_of(n, key, sizeof(*key));

	for (struct hash_node *i = hash_first(&n->places, hash); i; i = hash_next(i->next, hash)) {
		struct place *p = CONTAINER_OF(i, struct place, node);

		if (memcmp(&p->addr, key, sizeof(*key)) == 0)
			return p;
	}
	return NULL;
}

static uint64_t pair_hash(const struct names *n, const struct owner *o, const struct place *p)
{
	const void *key[2] = { o, p };

	return hash_of(n, key, sizeof(key));
}

struct pair *pair_find(const struct names *n, const struct owner *o, const struct place *p)
{
	uint64_t hash;

	if (!o || !p)
		return NULL;
	hash = pair_hash(n, o, p);
	for (struct hash_node *i = hash_first(&n->pairs, hash); i; i = hash_next(i->next, hash)) {
		struct pair *pair = CONTAINER_OF(i, struct pair, node);

		if (pair->owner == o && pair->place == p)
			return pair;
	}
	return NULL;
}

struct text *text_get(struct names *n, struct span chain)
{
	uint64_t hash = hash_of(n, chain.p, chain.len);
	struct text *t;

	for (struct hash_node *i = hash_first(&n->texts, hash); i; i = hash_next(i->next, hash)) {
		t = CONTAINER_OF(i, struct text, node);
		if (span_eq(chain, (struct span){ t->bytes, t->len })) {
			t->refs++;
			return t;
		}
	}
	t = malloc(sizeof(*t) + chain.len);
	if (!t)
		return NULL;
	t->refs = 1;
	t->len = (uint32_t)chain.len;
	memcpy(t->bytes, chain.p, chain.len);
	hash_put(&n->texts, &t->node, hash);
	n->bytes += t->len;
	return t;
}

void text_put(struct names *n, struct text *t)
{
	if (!t || --t->refs)
		return;
	hash_remove(&n->texts, &t->node);
	n->bytes -= t->len;
	free(t);
}

struct span text_chain(const struct text *t) { return (struct span){ t->bytes, t->len }; }

struct span text_question(const struct text *t)
{
	return (struct span){ t->bytes + 1, (uint8_t)t->bytes[0] };
}

static void owner_drop_if_unused(struct names *n, struct owner *o)
{
	if (o->pairs)
		return;
	hash_remove(&n->owners, &o->node);
	heap_fini(&o->heap);
	pool_put(&n->owner_pool, o);
}

static void place_drop_if_unused(struct names *n, struct place *p)
{
	if (p->pairs)
		return;
	hash_remove(&n->places, &p->node);
	pool_put(&n->place_pool, p);
}

struct pair *pair_make(struct names *n, const struct client *client, const struct addr *addr)
{
	struct owner *o = owner_find(n, client);
	struct place *p = place_find(n, addr);
	struct pair *pair = pair_find(n, o, p);

	if (pair)
		return pair;
	if (!o) {
		o = pool_get(&n->owner_pool);
		if (!o)
			return NULL;
		o->key = *client;
		hash_put(&n->owners, &o->node, hash_of(n, client, sizeof(*client)));
	}
	if (!heap_reserve(&o->heap, o->pairs + 1)) {
		owner_drop_if_unused(n, o);
		return NULL;
	}
	if (!p) {
		p = pool_get(&n->place_pool);
		if (p) {
			p->addr = *addr;
			hash_put(&n->places, &p->node, hash_of(n, addr, sizeof(*addr)));
		}
	}
	pair = p ? pool_get(&n->pair_pool) : NULL;
	if (!pair) {
		owner_drop_if_unused(n, o);
		if (p)
			place_drop_if_unused(n, p);
		return NULL;
	}
	pair->owner = o;
	pair->place = p;
	o->pairs++;
	p->pairs++;
	hash_put(&n->pairs, &pair->node, pair_hash(n, o, p));
	return pair;
}

void pair_free(struct names *n, struct pair *pair)
{
	struct owner *o = pair->owner;
	struct place *p = pair->place;

	hash_remove(&n->pairs, &pair->node);
	heap_remove(&o->heap, &pair->last);
	o->pairs--;
	p->pairs--;
	pool_put(&n->pair_pool, pair);
	owner_drop_if_unused(n, o);
	place_drop_if_unused(n, p);
}

/* --- entries ------------------------------------------------------------------ */

void entry_set_blocked(struct entry *e, bool blocked, uint32_t origin)
{
	struct place *p = e->pair->place;

	p->blocked -= e->blocked;
	p->blocked += blocked;
	e->blocked = blocked;
	e->origin = blocked ? origin : 0;
	if (p->blocked == 0)
		p->until_ms = 0;
	else if (blocked && e->due.due_ms > p->until_ms)
		p->until_ms = e->due.due_ms;
}

void entry_set_text(struct names *n, struct entry *e, struct text *t)
{
	struct owner *o = e->pair->owner;

	if (e->chain) {
		o->bytes -= e->chain->len;
		text_put(n, e->chain);
	}
	e->chain = t;
	if (t)
		o->bytes += t->len;
}

void entry_set_due(struct names *n, struct entry *e, uint64_t due_ms)
{
	struct pair *pair = e->pair;

	e->due.due_ms = due_ms;
	if (e->due.slot)
		heap_move(&n->heap, &e->due);
	if (due_ms > pair->last.due_ms) {
		pair->last.due_ms = due_ms;
		if (pair->last.slot)
			heap_move(&pair->owner->heap, &pair->last);
	}
}

void entry_free(struct names *n, struct entry *e)
{
	struct pair *pair = e->pair;
	struct entry **at = &pair->entries;

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	entry_set_blocked(e, false, 0);
	pair->names -= e->chain != NULL;
	entry_set_text(n, e, NULL);
	pair->owner->names--;
	heap_remove(&n->heap, &e->due);
	pool_put(&n->entry_pool, e);
	pair->last.due_ms = 0;
	for (e = pair->entries; e; e = e->next)
		if (e->due.due_ms > pair->last.due_ms)
			pair->last.due_ms = e->due.due_ms;
	if (pair->last.slot)
		heap_move(&pair->owner->heap, &pair->last);
}
