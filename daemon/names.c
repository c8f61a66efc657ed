/* SPDX-License-Identifier: GPL-3.0-or-later */
/* names - which names does an address carry, for whom, and until when: what was learned from DNS
 *
 * Theory of operation.  Four kinds of things, each in a pool, found by hash:
 *
 *	owner	a client		its pairs in a heap, by when their last name expires
 *	place	an address		how many blocked names it carries, of all owners together
 *	pair	owner and place		its entries, at most pair_names and one ghost
 *	entry	one name of a pair	all entries in one heap, by when they expire
 *
 * and the text of a chain (struct text), shared and counted by reference.  A *ghost* is an entry without a text: the wanted
 * names that a pair had no room for; it keeps the pair from being all blocked until they would have expired.
 *
 * pair.told and place.told are what was last told to the caller, in a result or by on_change; a change is told
 * where what is true now differs.  Time alone changes what is true: names_pair() and place_ms() look at the
 * clock they are given, whether or not names_expire() has come by.
 */
#include "names.h"

#include <stdlib.h>
#include <string.h>

#include "container.h"
#include "limits.h"
#include "names_store.h"

/* --- what is true, and telling it --------------------------------------------- */

static enum pair_state pair_state_at(const struct pair *pair, uint64_t now_ms)
{
	bool blocked = false, wanted = false;

	for (const struct entry *e = pair->entries; e; e = e->next)
		if (e->due.due_ms > now_ms)
			*(e->blocked ? &blocked : &wanted) = true;
	if (blocked)
		return wanted ? PAIR_MIXED : PAIR_ALL_BLOCKED;
	return wanted ? PAIR_ALL_WANTED : PAIR_UNKNOWN;
}

/* how long the address stays suspect; 0: it is not */
static uint64_t place_ms(const struct place *p, uint64_t now_ms)
{
	return p->blocked && p->until_ms > now_ms ? p->until_ms - now_ms : 0;
}

/* what to tell about @pair; @was: pair_state_at() before the change.  From now on it counts as told. */
static void fill_change(struct pair *pair, enum pair_state was, uint64_t now_ms, struct names_change *ch)
{
	struct place *p = pair->place;

	memset(ch, 0, sizeof(*ch));
	ch->client = pair->owner->key;
	ch->addr = p->addr;
	ch->after = pair_state_at(pair, now_ms);
	ch->before = was == PAIR_ALL_BLOCKED && ch->after != PAIR_ALL_BLOCKED ? PAIR_ALL_BLOCKED : pair->told;
	ch->remaining_ms = ch->after == PAIR_UNKNOWN ? 0 : pair->last.due_ms - now_ms;
	ch->suspect_ms = place_ms(p, now_ms);
	ch->suspect = ch->suspect_ms != 0;
	ch->was_suspect = p->told;
	pair->told = ch->after;
	p->told = ch->suspect;
}

/* tell what became of a pair, and forget it when it has no entries left */
static void tell(struct names *n, struct pair *pair, enum pair_state was, uint64_t now_ms)
{
	struct names_change ch;

	fill_change(pair, was, now_ms, &ch);
	if (!pair->entries)
		pair_free(n, pair);
	if ((ch.before != ch.after || ch.was_suspect != ch.suspect) && n->on_change)
		n->on_change(n->arg, &ch);
}

/* forget the expired entries of a pair; returns how many */
static uint32_t pair_settle(struct names *n, struct pair *pair, uint64_t now_ms)
{
	struct entry *e, *next;
	uint32_t gone = 0;

	for (e = pair->entries; e; e = next) {
		next = e->next;
		if (e->due.due_ms <= now_ms) {
			entry_free(n, e);
			gone++;
		}
	}
	return gone;
}

/* --- eviction ------------------------------------------------------------------ */

static void evict_pair(struct names *n, struct pair *pair, uint64_t now_ms, uint32_t *evicted)
{
	enum pair_state was = pair_state_at(pair, now_ms);

	*evicted += pair->names;
	while (pair->entries)
		entry_free(n, pair->entries);
	tell(n, pair, was, now_ms);
}

/* forget the name of a full pair that expires first; a wanted one leaves a ghost */
static void evict_name(struct names *n, struct pair *pair, uint32_t *evicted)
{
	struct entry *first = NULL, *ghost = NULL;

	for (struct entry *e = pair->entries; e; e = e->next) {
		if (!e->chain)
			ghost = e;
		else if (!first || e->due.due_ms < first->due.due_ms)
			first = e;
	}
	++*evicted;
	if (first->blocked) {
		entry_free(n, first);
	} else if (ghost) {
		if (first->due.due_ms > ghost->due.due_ms)
			entry_set_due(n, ghost, first->due.due_ms);
		entry_free(n, first);
	} else {
		entry_set_text(n, first, NULL);
		pair->names--;
	}
}

static bool owner_is_over(const struct names *n, const struct owner *o)
{
	return o->pairs > n->bound.client_pairs || o->names > n->bound.client_names || o->bytes > n->bound.client_bytes;
}

static bool is_over(const struct names *n)
{
	return n->heap.n > n->bound.names || n->bytes > n->bound.bytes;
}

/* make_room - bring everything within the bounds again, without touching @keep, which is in no heap */
static void make_room(struct names *n, struct pair *keep, uint64_t now_ms, uint32_t *evicted)
{
	struct owner *o = keep->owner;
	struct heap_node *first;
	uint32_t kept = 0;

	while (owner_is_over(n, o) && (first = heap_first(&o->heap)))
		evict_pair(n, CONTAINER_OF(first, struct pair, last), now_ms, evicted);
	if (!is_over(n))
		return;
	for (struct entry *e = keep->entries; e; e = e->next, kept++)
		heap_remove(&n->heap, &e->due);
	while (n->heap.n + kept > n->bound.names || n->bytes > n->bound.bytes) {
		first = heap_first(&n->heap);
		if (!first)
			break;
		evict_pair(n, CONTAINER_OF(first, struct entry, due)->pair, now_ms, evicted);
	}
	for (struct entry *e = keep->entries; e; e = e->next)
		heap_put(&n->heap, &e->due);
}

/* --- the calls ------------------------------------------------------------------ */

struct names_bounds names_bounds_default(void)
{
	return (struct names_bounds){
		.names = LIMIT_NAMES_LEARNED,
		.pair_names = LIMIT_PAIR_NAMES,
		.client_pairs = LIMIT_CLIENT_PAIRS,
		.client_names = LIMIT_CLIENT_NAMES,
		.bytes = LIMIT_NAMES_BYTES,
		.client_bytes = LIMIT_CLIENT_NAMES_BYTES,
	};
}

struct names *names_new(const struct names_bounds *b, uint64_t seed, names_on_change *on_change, void *arg)
{
	struct names *n = calloc(1, sizeof(*n));
	uint32_t slots = b->names + b->pair_names + 2;	/* the pair that is being learned may stand beside a full table */

	if (!n)
		return NULL;
	n->bound = *b;
	n->seed = seed;
	n->on_change = on_change;
	n->arg = arg;
	if (pool_init(&n->owner_pool, slots, sizeof(struct owner)) &&
	    pool_init(&n->place_pool, slots, sizeof(struct place)) &&
	    pool_init(&n->pair_pool, slots, sizeof(struct pair)) &&
	    pool_init(&n->entry_pool, slots, sizeof(struct entry)) &&
	    hash_init(&n->owners, slots) && hash_init(&n->places, slots) && hash_init(&n->pairs, slots) &&
	    hash_init(&n->texts, slots) && heap_reserve(&n->heap, slots))
		return n;
	names_free(n);
	return NULL;
}

void names_free(struct names *n)
{
	if (!n)
		return;
	for (uint32_t i = 0; n->pair_pool.base && i < n->pair_pool.used; i++) {
		struct pair *pair = (struct pair *)(void *)n->pair_pool.base + i;

		if (!pair->owner)
			continue;
		while (pair->entries)
			entry_free(n, pair->entries);
		pair_free(n, pair);
	}
	free(n->owner_pool.base);
	free(n->place_pool.base);
	free(n->pair_pool.base);
	free(n->entry_pool.base);
	hash_fini(&n->owners);
	hash_fini(&n->places);
	hash_fini(&n->pairs);
	hash_fini(&n->texts);
	heap_fini(&n->heap);
	free(n);
}

static bool chain_is_good(struct span chain)
{
	struct span name;

	if (chain.len == 0 || chain.len > NAMES_CHAIN_BYTES)
		return false;
	while (chain_next(&chain, &name))
		;
	return chain.len == 0;
}

/* the entry of @pair for this question, made where there is none; NULL only if a bound was not kept */
static struct entry *entry_make(struct names *n, struct pair *pair, struct text *t, uint32_t *evicted)
{
	struct entry *e;

	for (e = pair->entries; e; e = e->next)
		if (e->chain && span_eq(text_question(e->chain), text_question(t)))
			return e;
	while (pair->names >= n->bound.pair_names)
		evict_name(n, pair, evicted);
	e = pool_get(&n->entry_pool);
	if (!e)
		return NULL;
	e->pair = pair;
	e->next = pair->entries;
	pair->entries = e;
	pair->names++;
	pair->owner->names++;
	heap_put(&n->heap, &e->due);
	return e;
}

enum names_learned names_learn(struct names *n, const struct names_answer *a, const struct addr *addr,
			       uint64_t now_ms, struct names_change *ch, uint32_t *evicted)
{
	struct client client = client_key(&a->client);
	struct addr key = addr_key(addr);
	uint32_t ttl_s = a->ttl_s;
	enum pair_state was;
	struct pair *pair;
	struct entry *e;
	struct text *t;
	uint64_t due_ms;

	if (!chain_is_good(a->chain))
		return NAMES_MALFORMED;
	if (ttl_s < LIMIT_NAME_TTL_FLOOR)
		ttl_s = LIMIT_NAME_TTL_FLOOR;
	if (ttl_s > LIMIT_NAME_TTL_CEILING)
		ttl_s = LIMIT_NAME_TTL_CEILING;
	due_ms = now_ms + (uint64_t)ttl_s * 1000;
	t = text_get(n, a->chain);
	if (!t)
		return NAMES_NO_MEMORY;
	pair = pair_make(n, &client, &key);
	if (!pair) {
		text_put(n, t);
		return NAMES_NO_MEMORY;
	}
	was = pair_state_at(pair, now_ms);
	heap_remove(&pair->owner->heap, &pair->last);	/* so that make_room() leaves it alone */
	pair_settle(n, pair, now_ms);
	e = entry_make(n, pair, t, evicted);
	if (!e) {
		text_put(n, t);
		heap_put(&pair->owner->heap, &pair->last);
		tell(n, pair, was, now_ms);
		return NAMES_NO_MEMORY;
	}
	entry_set_text(n, e, t);
	e->client_ip = a->client_ip;
	entry_set_due(n, e, due_ms > e->due.due_ms ? due_ms : e->due.due_ms);
	entry_set_blocked(e, a->blocked, a->origin);
	make_room(n, pair, now_ms, evicted);
	heap_put(&pair->owner->heap, &pair->last);
	fill_change(pair, was, now_ms, ch);
	return NAMES_LEARNED;
}

enum pair_state names_pair(const struct names *n, const struct client *client, const struct addr *addr,
			   uint64_t now_ms, struct names_pair *out)
{
	struct client ckey = client_key(client);
	struct addr akey = addr_key(addr);
	const struct owner *owner = owner_find(n, &ckey);
	const struct pair *pair = owner ? pair_find(n, owner, place_find(n, &akey)) : NULL;	/* a flood comes from clients that asked nothing */
	const struct entry *best = NULL;

	memset(out, 0, sizeof(*out));
	if (!pair)
		return PAIR_UNKNOWN;
	out->state = pair_state_at(pair, now_ms);
	for (const struct entry *e = pair->entries; e; e = e->next) {
		uint64_t ms = e->due.due_ms - now_ms;

		if (e->due.due_ms <= now_ms)
			continue;
		if (ms > out->longest_ms)
			out->longest_ms = ms;
		if (!out->shortest_ms || ms < out->shortest_ms)
			out->shortest_ms = ms;
		if (e->chain && (!best || e->blocked > best->blocked ||
				 (e->blocked == best->blocked && e->due.due_ms > best->due.due_ms)))
			best = e;
	}
	if (best) {
		out->origin = best->origin;
		out->name = text_question(best->chain);
	}
	return out->state;
}

uint64_t names_suspect(const struct names *n, const struct addr *addr, uint64_t now_ms)
{
	struct addr key = addr_key(addr);
	const struct place *p = place_find(n, &key);

	return p ? place_ms(p, now_ms) : 0;
}

uint32_t names_expire(struct names *n, uint64_t now_ms, uint32_t max)
{
	struct heap_node *first;
	uint32_t gone = 0;

	while (gone < max && (first = heap_first(&n->heap)) && first->due_ms <= now_ms) {
		struct pair *pair = CONTAINER_OF(first, struct entry, due)->pair;
		enum pair_state was = pair_state_at(pair, now_ms);

		gone += pair_settle(n, pair, now_ms);
		tell(n, pair, was, now_ms);
	}
	return gone;
}

uint64_t names_next_ms(const struct names *n)
{
	const struct heap_node *first = heap_first(&n->heap);

	return first ? first->due_ms : 0;
}

/* the next pair from slot *@at on, before @end; moves *@at behind it */
static struct pair *pair_from(struct names *n, uint32_t *at, uint32_t end)
{
	for (; *at < end; ++*at) {
		struct pair *pair = (struct pair *)(void *)n->pair_pool.base + *at;

		if (pair->owner) {
			++*at;
			return pair;
		}
	}
	return NULL;
}

/* where a walk of @pairs slots from @from on ends */
static uint32_t walk_end(const struct names *n, uint32_t from, uint32_t pairs)
{
	uint32_t used = n->pair_pool.used;

	return from >= used || used - from <= pairs ? used : from + pairs;
}

uint32_t names_review(struct names *n, uint32_t from, uint32_t pairs, uint64_t now_ms, names_judge *judge, void *arg)
{
	uint32_t end = walk_end(n, from, pairs);
	struct pair *pair;

	while ((pair = pair_from(n, &from, end))) {
		enum pair_state was = pair_state_at(pair, now_ms);

		pair_settle(n, pair, now_ms);
		for (struct entry *e = pair->entries; e; e = e->next) {
			uint32_t origin = 0;
			bool blocked;

			if (!e->chain)
				continue;
			blocked = judge(arg, &pair->owner->key, &e->client_ip, &pair->place->addr, text_chain(e->chain), &origin);
			entry_set_blocked(e, blocked, origin);
		}
		tell(n, pair, was, now_ms);
	}
	return end < n->pair_pool.used ? end : 0;
}

uint32_t names_each(struct names *n, uint32_t from, uint32_t pairs, uint64_t now_ms, names_on_change *fn, void *arg)
{
	uint32_t end = walk_end(n, from, pairs);
	struct pair *pair;

	while ((pair = pair_from(n, &from, end))) {
		struct names_change ch;

		fill_change(pair, PAIR_UNKNOWN, now_ms, &ch);
		ch.before = ch.after;
		ch.was_suspect = ch.suspect;
		fn(arg, &ch);
	}
	return end < n->pair_pool.used ? end : 0;
}

static bool pair_is_whole(const struct pair *pair)
{
	for (const struct entry *e = pair->entries; e; e = e->next)
		if (!e->chain)
			return false;
	return true;
}

void names_tell(struct names *n, uint64_t now_ms, names_on_name *fn, void *arg)
{
	uint32_t at = 0;
	struct pair *pair;

	while ((pair = pair_from(n, &at, n->pair_pool.used))) {
		if (!pair_is_whole(pair))
			continue;
		for (const struct entry *e = pair->entries; e; e = e->next) {
			if (e->due.due_ms <= now_ms)
				continue;
			if (!fn(arg, &pair->owner->key, &e->client_ip, &pair->place->addr, text_chain(e->chain),
				(uint32_t)((e->due.due_ms - now_ms + 999) / 1000)))
				return;
		}
	}
}

uint32_t names_count(const struct names *n)
{
	return n->heap.n;
}
