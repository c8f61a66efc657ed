/* SPDX-License-Identifier: GPL-3.0-or-later */
/* queries - a hash table whose entries are also one list, oldest first: all live equally long */
#include "queries.h"

#include <stdlib.h>
#include <xxhash.h>

#include "limits.h"

enum {
	QUERY_REPEATS = 4,	/* answers one question may get, when it was asked as often */
	QUERY_NONE = UINT32_MAX,
};

struct entry {
	uint64_t key[2];
	uint64_t asked_ms;
	uint32_t chain;		/* next of the same bucket */
	uint32_t older, newer;
	uint8_t open;		/* answers still expected */
};

struct queries {
	uint64_t seed;
	size_t max, count;
	uint32_t mask;		/* of buckets */
	uint32_t *bucket;
	struct entry *entry;
	uint32_t spare;		/* unused entries, chained */
	uint32_t oldest, newest;
};

struct queries *queries_new(size_t max, uint64_t seed)
{
	struct queries *t = calloc(1, sizeof(*t));
	uint32_t buckets = 1;

	if (!t)
		return NULL;
	while (buckets < max)
		buckets *= 2;
	t->seed = seed;
	t->max = max;
	t->mask = buckets - 1;
	t->bucket = malloc(buckets * sizeof(*t->bucket));
	t->entry = calloc(max, sizeof(*t->entry));
	if (!t->bucket || !t->entry) {
		queries_free(t);
		return NULL;
	}
	for (uint32_t i = 0; i < buckets; i++)
		t->bucket[i] = QUERY_NONE;
	for (uint32_t i = 0; i < max; i++)
		t->entry[i].chain = i + 1 < max ? i + 1 : QUERY_NONE;
	t->oldest = t->newest = QUERY_NONE;
	return t;
}

void queries_free(struct queries *t)
{
	if (!t)
		return;
	free(t->bucket);
	free(t->entry);
	free(t);
}

size_t queries_count(const struct queries *t)
{
	return t->count;
}

static XXH128_hash_t query_key(const struct queries *t, const struct query *q)
{
	char bytes[2 * 19 + 4 + 256];
	size_t n = 0, name = q->name.len < 256 ? q->name.len : 256;

	for (int i = 0; i < 2; i++) {
		const struct addr *a = i ? &q->server : &q->client;

		bytes[n++] = (char)a->family;
		memcpy(bytes + n, &a->port_be, 2);
		memcpy(bytes + n + 2, a->ip, 16);
		n += 18;
	}
	memcpy(bytes + n, &q->id, 2);
	memcpy(bytes + n + 2, &q->type, 2);
	n += 4;
	memcpy(bytes + n, q->name.p, name);
	return XXH3_128bits_withSeed(bytes, n + name, t->seed);
}

static uint32_t *query_find(struct queries *t, XXH128_hash_t key)
{
	uint32_t *at = &t->bucket[key.low64 & t->mask];

	while (*at != QUERY_NONE && (t->entry[*at].key[0] != key.low64 || t->entry[*at].key[1] != key.high64))
		at = &t->entry[*at].chain;
	return at;
}

static void query_unlist(struct queries *t, uint32_t i)
{
	struct entry *e = &t->entry[i];

	*(e->older == QUERY_NONE ? &t->oldest : &t->entry[e->older].newer) = e->newer;
	*(e->newer == QUERY_NONE ? &t->newest : &t->entry[e->newer].older) = e->older;
}

static void query_list(struct queries *t, uint32_t i)
{
	struct entry *e = &t->entry[i];

	e->older = t->newest;
	e->newer = QUERY_NONE;
	*(t->newest == QUERY_NONE ? &t->oldest : &t->entry[t->newest].newer) = i;
	t->newest = i;
}

/* query_drop - forget the entry that *@at names */
static void query_drop(struct queries *t, uint32_t *at)
{
	uint32_t i = *at;

	*at = t->entry[i].chain;
	query_unlist(t, i);
	t->entry[i].chain = t->spare;
	t->spare = i;
	t->count--;
}

static void query_drop_oldest(struct queries *t)
{
	const struct entry *e = &t->entry[t->oldest];

	query_drop(t, query_find(t, (XXH128_hash_t){ e->key[0], e->key[1] }));
}

static bool query_is_old(const struct entry *e, uint64_t now_ms)
{
	return now_ms - e->asked_ms > LIMIT_DNS_QUERY_MS;
}

bool queries_add(struct queries *t, const struct query *q, uint64_t now_ms)
{
	XXH128_hash_t key = query_key(t, q);
	uint32_t *at;
	struct entry *e;
	bool full;

	while (t->oldest != QUERY_NONE && query_is_old(&t->entry[t->oldest], now_ms))
		query_drop_oldest(t);
	at = query_find(t, key);
	if (*at != QUERY_NONE) {
		e = &t->entry[*at];
		query_unlist(t, *at);
		query_list(t, *at);
		e->asked_ms = now_ms;
		if (e->open < QUERY_REPEATS)
			e->open++;
		return false;
	}
	full = t->count == t->max;
	if (full) {
		query_drop_oldest(t);
		at = query_find(t, key);	/* the chain may have changed */
	}
	*at = t->spare;
	e = &t->entry[*at];
	t->spare = e->chain;
	*e = (struct entry){ .key = { key.low64, key.high64 }, .asked_ms = now_ms, .chain = QUERY_NONE, .open = 1 };
	query_list(t, *at);
	t->count++;
	return full;
}

bool queries_take(struct queries *t, const struct query *q, uint64_t now_ms)
{
	uint32_t *at = query_find(t, query_key(t, q));
	bool fresh;

	if (*at == QUERY_NONE)
		return false;
	fresh = !query_is_old(&t->entry[*at], now_ms);
	if (!fresh || --t->entry[*at].open == 0)
		query_drop(t, at);
	return fresh;
}
