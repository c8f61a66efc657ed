/* SPDX-License-Identifier: GPL-3.0-or-later */
/* names_table - very many host names in little memory: is this host, or a parent of it, listed, and where?
 *
 * A name is kept as a keyed 64-bit fingerprint (XXH3) and 32 bits that say list and line.  Ten fingerprints share a bucket
 * of one cache line: the leading bits choose the bucket, the other 48 are kept in it.  A full bucket spills into the next.
 * List and line lie apart, as a lookup needs them only when somebody asks why.  Before the buckets is a Bloom filter of one
 * byte a name, so that what is not listed seldom costs a cache miss.  About 13.2 bytes a name in all, of which a lookup
 * may touch 8.5.
 *
 * The key is drawn at each build, so nobody can write a list with names that collide with yours; by chance a lookup
 * is wrong once in 10^13.
 *
 * Names without a dot are never listed, so the last label of a host is never looked up.
 */
#ifndef DEJUNK_NAMES_TABLE_H
#define DEJUNK_NAMES_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "span.h"

enum { NAMES_LINE_MAX = 0xffffff,	/* line numbers from here on are kept as this one */
       NAMES_BUCKET = 10 };

struct names_bucket {		/* as it is in the image; one cache line */
	uint32_t low[NAMES_BUCKET];	/* bits 0 to 31 of a fingerprint */
	uint16_t high[NAMES_BUCKET];	/* bits 32 to 47 */
	uint16_t used;		/* filled from 0 */
	uint16_t spill;		/* 1: a name that belongs here, or before, is further on */
};

/* --- building ------------------------------------------------------------- */

struct names_builder {		/* all zero but seed: empty */
	uint64_t seed;
	uint64_t *fp;
	uint32_t *where;
	size_t count, room;
	bool failed;		/* out of memory */
	/* made by names_fold */
	struct names_bucket *bucket;
	size_t buckets;
	uint32_t *place;	/* names_where() of each place in the buckets: NAMES_BUCKET for each of them */
	uint64_t *bloom;
	size_t bloom_words;
};

/* names_where - list (0 to 255) and line in 32 bits */
static inline uint32_t names_where(unsigned list, uint32_t line)
{
	return (uint32_t)list << 24 | (line < NAMES_LINE_MAX ? line : NAMES_LINE_MAX);
}
/* names_add - one normalised name; of equal names the one added first stays */
void names_add(struct names_builder *b, struct span name, uint32_t where);
/* names_fold - drop duplicates and make buckets and Bloom filter; call once, after the last names_add
 * @dropped: for each list (256 of them), how many of its names were duplicates
 * b->count is then that of the names that stay.  No names: no buckets and no filter.  Returns false: out of memory. */
bool names_fold(struct names_builder *b, uint32_t dropped[256]);
void names_builder_fini(struct names_builder *b);

/* --- looking up ----------------------------------------------------------- */

struct names_table {		/* points into the image */
	uint64_t seed;
	const struct names_bucket *bucket;
	const uint32_t *place;
	const uint64_t *bloom;
	size_t buckets, bloom_words;
	size_t count;		/* names, as the builder counted them */
};

/* names_table_open - check that the three arrays and the count of @t, which the caller has filled, may belong together
 * @places: of t->place; false: they do not, and @t is then empty */
bool names_table_open(struct names_table *t, size_t places);
/* names_find - the longest listed name that is @host or a parent of it
 * @host: normalised; @name: filled with the part of @host that is listed
 * Returns its place in the table, or -1. */
int64_t names_find(const struct names_table *t, struct span host, struct span *name);
/* names_entry - list << 24 | line of the name at a place that names_find() gave; false: there is none */
bool names_entry(const struct names_table *t, uint64_t place, uint32_t *where);

#endif
