/* SPDX-License-Identifier: GPL-3.0-or-later */
/* names_table - fingerprints in buckets of one cache line, behind a Bloom filter */
#include "names_table.h"

#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "host.h"

enum { FILL_PERCENT = 85,	/* of the places in the buckets */
       AHEAD = 16,		/* names: a build asks for the memory it needs next */
       BLOOM_NAMES = 8,		/* names to a word of the filter */
       NAMES_LABELS = 127 };	/* labels a name can have */

_Static_assert(sizeof(struct names_bucket) == 64, "a bucket is a cache line");

static uint64_t name_fingerprint(struct span name, uint64_t seed)
{
	return XXH3_64bits_withSeed(name.p, name.len, seed);
}

static size_t bucket_of(uint64_t fp, size_t buckets) { return (size_t)((fp >> 32) * (uint64_t)buckets >> 32); }
static size_t bloom_word(uint64_t fp, size_t words) { return (size_t)((fp & 0xffffffff) * (uint64_t)words >> 32); }
static uint64_t bloom_bits(uint64_t fp)		/* by bits that did not choose the word */
{
	return (uint64_t)1 << (fp & 63) | (uint64_t)1 << (fp >> 6 & 63) | (uint64_t)1 << (fp >> 32 & 63);
}

/* which entry of the bucket it is; NAMES_BUCKET: none */
static unsigned entry_of(const struct names_bucket *b, uint64_t fp)
{
	unsigned found = 0;

	for (unsigned e = 0; e < NAMES_BUCKET; e++)
		found |= (unsigned)(b->low[e] == (uint32_t)fp && b->high[e] == (uint16_t)(fp >> 32)) << e;
	found &= (1u << (b->used & 15)) - 1;	/* nobody looked whether it is one that can be: what is found is below NAMES_BUCKET */
	return found ? (unsigned)__builtin_ctz(found) : NAMES_BUCKET;
}

void names_add(struct names_builder *b, struct span name, uint32_t where)
{
	if (b->failed)
		return;
	if (b->count == b->room) {
		size_t room = b->room ? b->room * 2 : 4096;
		uint64_t *fp = realloc(b->fp, room * sizeof(*fp));
		uint32_t *at;

		if (fp)
			b->fp = fp;
		at = realloc(b->where, room * sizeof(*at));
		if (at)
			b->where = at;
		if (!fp || !at) {
			b->failed = true;
			return;
		}
		b->room = room;
	}
	b->fp[b->count] = name_fingerprint(name, b->seed);
	b->where[b->count++] = where;
}

void names_builder_fini(struct names_builder *b)
{
	free(b->fp);
	free(b->where);
	free(b->bucket);
	free(b->place);
	free(b->bloom);
	*b = (struct names_builder){ .seed = b->seed };
}

/* false: it is there already */
static bool bucket_put(struct names_builder *b, uint64_t fp, uint32_t where)
{
	size_t i = bucket_of(fp, b->buckets);

	for (;; i = i + 1 < b->buckets ? i + 1 : 0) {
		struct names_bucket *to = &b->bucket[i];

		if (entry_of(to, fp) < NAMES_BUCKET)
			return false;
		if (to->used < NAMES_BUCKET) {
			to->low[to->used] = (uint32_t)fp;
			to->high[to->used] = (uint16_t)(fp >> 32);
			b->place[i * NAMES_BUCKET + to->used++] = where;
			return true;
		}
		to->spill = 1;
	}
}

/* room for @count names, empty; false: out of memory */
static bool tables_new(struct names_builder *b, size_t count)
{
	free(b->bucket);
	free(b->place);
	free(b->bloom);
	b->buckets = count * 100 / (FILL_PERCENT * NAMES_BUCKET) + 1;
	b->bloom_words = count / BLOOM_NAMES + 1;
	b->bucket = calloc(b->buckets, sizeof(*b->bucket));
	b->place = calloc(b->buckets, NAMES_BUCKET * sizeof(*b->place));
	b->bloom = calloc(b->bloom_words, sizeof(*b->bloom));
	return b->bucket && b->place && b->bloom;
}

/* put all names into the empty tables; what is there already is dropped from b->fp and b->where */
static void tables_fill(struct names_builder *b, uint32_t dropped[256])
{
	size_t kept = 0;

	for (size_t i = 0; i < b->count; i++) {
		uint64_t fp = b->fp[i];
		uint32_t where = b->where[i];

		if (i + AHEAD < b->count) {
			__builtin_prefetch(&b->bucket[bucket_of(b->fp[i + AHEAD], b->buckets)], 1);
			__builtin_prefetch(&b->bloom[bloom_word(b->fp[i + AHEAD], b->bloom_words)], 1);
		}
		if (!bucket_put(b, fp, where)) {
			dropped[where >> 24]++;
			continue;
		}
		b->bloom[bloom_word(fp, b->bloom_words)] |= bloom_bits(fp);
		b->fp[kept] = fp;
		b->where[kept++] = where;
	}
	b->count = kept;
}

bool names_fold(struct names_builder *b, uint32_t dropped[256])
{
	size_t before = b->count;

	memset(dropped, 0, 256 * sizeof(dropped[0]));
	if (b->failed)
		return false;
	if (before == 0)
		return true;
	if (!tables_new(b, before))
		return false;
	tables_fill(b, dropped);
	if (b->count < before - before / 32) {	/* many duplicates: too much room */
		if (!tables_new(b, b->count))
			return false;
		tables_fill(b, dropped);
	}
	free(b->fp);
	free(b->where);
	b->fp = NULL;
	b->where = NULL;
	b->room = 0;
	return true;
}

/* the buckets themselves are not read: there may be a hundred thousand, and a lookup leaves none of them, whatever is in it */
static bool table_ok(const struct names_table *t, size_t places)
{
	if (t->buckets == 0)
		return t->bloom_words == 0 && places == 0 && t->count == 0;
	return t->bloom_words && t->buckets <= UINT32_MAX && t->bloom_words <= UINT32_MAX &&
	       places == t->buckets * NAMES_BUCKET && t->count <= places;
}

bool names_table_open(struct names_table *t, size_t places)
{
	if (table_ok(t, places))
		return true;
	*t = (struct names_table){ .seed = t->seed };
	return false;
}

static int64_t find_one(const struct names_table *t, uint64_t fp)
{
	size_t i = bucket_of(fp, t->buckets);

	for (size_t n = 0; n < t->buckets; n++) {
		unsigned e = entry_of(&t->bucket[i], fp);

		if (e < NAMES_BUCKET)
			return (int64_t)(i * NAMES_BUCKET + e);
		if (!t->bucket[i].spill)
			return -1;
		i = i + 1 < t->buckets ? i + 1 : 0;
	}
	return -1;
}

int64_t names_find(const struct names_table *t, struct span host, struct span *name)
{
	uint64_t fp[NAMES_LABELS];
	uint16_t skip[NAMES_LABELS];
	unsigned n = 0;

	if (t->count == 0 || host.len == 0 || host.len > HOST_MAX)
		return -1;
	if (host_is_address(host)) {
		fp[n++] = name_fingerprint(host, t->seed);
		skip[0] = 0;
	} else {
		/* all of them first: the cache misses then overlap.  (Asking for the buckets here, too, made what is
		 * listed 20 ns faster and what is not, which is most, 10 ns slower.) */
		for (struct span rest = host; n < NAMES_LABELS; ) {
			struct span label = span_until(rest, '.');

			if (label.len == rest.len)
				break;
			fp[n] = name_fingerprint(rest, t->seed);
			__builtin_prefetch(&t->bloom[bloom_word(fp[n], t->bloom_words)]);
			skip[n++] = (uint16_t)(host.len - rest.len);
			rest = span_skip(rest, label.len + 1);
		}
	}
	for (unsigned i = 0; i < n; i++) {
		uint64_t bits = bloom_bits(fp[i]);
		int64_t at;

		if ((t->bloom[bloom_word(fp[i], t->bloom_words)] & bits) != bits)
			continue;
		at = find_one(t, fp[i]);
		if (at >= 0) {
			*name = span_skip(host, skip[i]);
			return at;
		}
	}
	return -1;
}

bool names_entry(const struct names_table *t, uint64_t place, uint32_t *where)
{
	const struct names_bucket *b;

	if (place / NAMES_BUCKET >= t->buckets)
		return false;
	b = &t->bucket[place / NAMES_BUCKET];
	if (place % NAMES_BUCKET >= b->used)
		return false;
	*where = t->place[place];
	return true;
}
