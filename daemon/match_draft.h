/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match_draft - filters while an instance is built: what the files of match_build share, and nobody else sees */
#ifndef DEJUNK_MATCH_DRAFT_H
#define DEJUNK_MATCH_DRAFT_H

#include "match_build.h"
#include "match_hash.h"

struct match_plain {		/* a whole host, blocked without condition */
	uint64_t fp;
	uint32_t where;
};

struct match_draft {		/* any other filter */
	struct match_record record;
	struct match_probe probe;
	uint64_t identity;	/* equal filters have the same, in every builder of this seed */
	uint8_t group;		/* enum match_group */
};

/* what a badfilter takes away: a filter with this identity, a plain host with this fingerprint (0: none) */
struct match_bad {
	uint64_t identity, plain;
};

struct match_excepted {		/* a host that an exception names */
	uint64_t identity;	/* of the exception */
	uint64_t fp;
};

/* a set of 64-bit values */
struct match_seen {
	uint64_t *v;		/* malloc'd; the owner frees */
	size_t mask;
};

struct match_builder {
	struct url_key key;
	uint64_t seed;
	bool exceptions;	/* whatever is added is one */
	bool failed;		/* once: memory or the limits of the format are exhausted */
	struct image_buf plain, draft, text, sets, regexes;
	struct image_buf excepted;	/* struct match_excepted; when finished the section */
	struct image_buf bad;		/* struct match_bad, of each badfilter */
	const struct match_builder *bads[MATCH_BADS];	/* whose badfilters act here; the first is this one */
	unsigned bads_count;
	struct match_set_memo { uint64_t hash; uint32_t index; } *memo;	/* sets seen: equal ones are kept once */
	size_t memo_mask, memo_used;
	/* made by finish */
	struct match_seen off;		/* identities and plain hosts that badfilters take away */
	struct match_head head;
	struct match_needles needles;
	struct image_buf buckets, bloom, records, probes, bitmap[MATCH_GROUPS], slots[MATCH_GROUPS];
};

/* match_draft_put - append to one of the builder's sections; returns the offset (0 on failure, with b->failed) */
static inline size_t match_draft_put(struct match_builder *b, struct image_buf *buf, const void *p, size_t len)
{
	size_t at = image_put(buf, p, len);

	if (at > UINT32_MAX - len) {
		b->failed = true;
		return 0;
	}
	return at;
}

/* match_draft_order - of two fingerprints, for qsort */
int match_draft_order(const void *a, const void *b);

/* match_draft_name - the fingerprint of a normalised name */
uint64_t match_draft_name(const struct match_builder *b, struct span name);

/* match_draft_sets - write the sets of from=, to= and denyallow=, and refer to them in the record
 * @hash: filled: of what from= holds, and of the other two; 0: nothing.  Equal in every builder of this seed.
 * Returns false: one has more than MATCH_SET_MAX names. */
bool match_draft_sets(struct match_builder *b, const struct filter *f, struct match_record *r, uint64_t hash[2]);

bool match_seen_init(struct match_seen *s, size_t count);	/* room for @count; false: out of memory */
/* match_seen_new - false: the value was there already.  @add: else it is now */
bool match_seen_new(struct match_seen *s, uint64_t fp, bool add);

/* match_draft_bads - what all badfilters that act here take away, in b->off.  Returns false: out of memory. */
bool match_draft_bads(struct match_builder *b);

/* match_draft_fold - drop duplicates and what a badfilter names; the order stays
 * @folded: how many of each list's, added to; may be NULL.  Returns false: out of memory. */
bool match_draft_fold(struct match_builder *b, uint32_t folded[MATCH_LISTS]);

/* match_draft_hosts - the plain ones to buckets and Bloom filter; duplicates as above */
bool match_draft_hosts(struct match_builder *b, uint32_t folded[MATCH_LISTS]);

/* match_draft_excepted - hosts that exceptions name to the section: sorted fingerprints, without what a badfilter took away */
void match_draft_excepted(struct match_builder *b);

/* match_draft_file - the others to records, each under its key, and the tables of keys.  Returns false: out of memory. */
bool match_draft_file(struct match_builder *b);

#endif
