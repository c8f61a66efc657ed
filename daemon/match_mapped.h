/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match_mapped - an opened instance of the filters, checked: what the files of match share, and nobody else sees */
#ifndef DEJUNK_MATCH_MAPPED_H
#define DEJUNK_MATCH_MAPPED_H

#include "match.h"
#include "match_hash.h"
#include "regex.h"

enum { MATCH_DOMAINS = 2048 };	/* remembered answers of the public suffix list; a power of two */

struct match_table {		/* one group */
	const struct match_group_head *head;
	const uint64_t *bitmap;
	const struct match_slot *slot;
};

struct match {
	const struct match_head *head;
	struct url_key key;
	const uint64_t *bloom;
	const struct match_bucket *bucket;
	const struct match_record *record;
	const uint64_t *set, *excepted;
	const struct match_regex *regex;
	size_t bloom_words, buckets, record_count, set_words, excepted_count, regex_count;
	struct span text;
	struct match_table table[MATCH_GROUPS];
	const psl_ctx_t *psl;

	/* working memory */
	struct regex **compiled;	/* NULL: not needed yet, or does not compile */
	struct regex_scratch *scratch;
	char *lower, *original;
	uint32_t *keys, *hit;
	const struct match_slot **slot;		/* of the hits */
	struct { uint64_t fp; uint8_t labels, suffix; } domain[MATCH_DOMAINS];
};

/* a host and the fingerprints of what it is below: fp[0] of its last label, fp[count - 1] of all of it */
struct match_names {
	struct span host;		/* lower case; 8 bytes after it may be read */
	unsigned count;			/* 0: no host */
	bool address;			/* count is then 1 */
	uint64_t fp[MATCH_LABELS];
	uint16_t start[MATCH_LABELS];	/* where each begins in host */
};

/* match_names_of - take a host apart */
void match_names_of(const struct url_key *k, struct span host, struct match_names *out);
/* match_domain_labels - of how many labels is its registrable domain?  the whole, where it has none
 * @suffix: filled: labels of its public suffix, or of the whole where nothing is before that; may be NULL */
unsigned match_domain_labels(struct match *m, const struct match_names *n, unsigned *suffix);
/* match_set_holds - is the host in the set (index as in a record, not 0)? */
bool match_set_holds(struct match *m, uint32_t index, const struct match_names *n);

#endif
