/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match_mapped - an opened instance of the filters: what the files of match share, and nobody else sees */
#ifndef DEJUNK_MATCH_MAPPED_H
#define DEJUNK_MATCH_MAPPED_H

#include <string.h>

#include "host.h"
#include "match.h"
#include "match_hash.h"
#include "regex.h"

enum { MATCH_DOMAINS = 2048,	/* remembered answers of the public suffix list; a power of two */
       MATCH_PAGES = 16,	/* remembered hosts of pages; a power of two */
       MATCH_SEEN = 256 };	/* keys that a search remembers to have met; a power of two */

/* a host and the fingerprints of what it is below: fp[0] of its last label, fp[count - 1] of all of it */
struct match_names {
	struct span host;		/* lower case; 8 bytes after it may be read */
	unsigned count;			/* 0: no host */
	bool address;			/* count is then 1 */
	uint64_t fp[MATCH_LABELS];
	uint16_t start[MATCH_LABELS];	/* where each begins in host */
};

/* the host of a page, which many requests have in common */
struct match_page {
	char sent[HOST_MAX];		/* as in the question */
	size_t sent_len;
	char lower[HOST_MAX + 1 + URL_TOKENS_PAD];
	struct match_names names;
	uint64_t bits;			/* for probes: match_page_bit() of each name, and bit 0 */
	unsigned keys;
	uint32_t key[2 * MATCH_LABELS];	/* match_key_source() of each name, and of each name.* */
};

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
	const struct match_probe *probe;
	const uint64_t *set, *excepted;
	const struct match_regex *regex;
	const struct match_needles *needles;
	size_t bloom_words, buckets, record_count, set_words, excepted_count, regex_count;
	struct span text;
	struct match_table table[MATCH_GROUPS];
	const psl_ctx_t *psl;

	/* working memory */
	struct regex **compiled;	/* NULL: not needed yet, or does not compile */
	struct regex_scratch *scratch;
	char *lower, *original;
	struct url_set tokens;		/* of the URL */
	uint32_t *keys, *hit;
	const struct match_slot **slot;		/* of the hits */
	uint32_t searches;
	uint64_t seen[MATCH_SEEN];		/* number of the search << 32 | key */
	struct { uint64_t fp; uint8_t labels, suffix; } domain[MATCH_DOMAINS];
	struct match_page page[MATCH_PAGES + 1];	/* the last: no page is known */
};

/* What an image says is believed only as far as memory is safe.  Single things are looked at when they are opened, but
 * slots, records and sets, of which there are very many and a request needs few, only where they are used: what is
 * broken holds for no request. */
static inline bool match_range_ok(const struct match *m, const struct match_range *r)
{
	return r->first <= m->record_count && r->count <= m->record_count - r->first;
}

static inline bool match_text_ok(const struct match *m, uint32_t at, uint32_t len)
{
	return at < m->text.len && len <= m->text.len - at;
}

static inline bool match_set_ok(const struct match *m, uint32_t index)	/* index as in a record, not 0 */
{
	struct match_set s;

	if (index > m->set_words)
		return false;
	memcpy(&s, &m->set[index - 1], sizeof(s));
	return (size_t)s.included + s.excluded <= m->set_words - index;
}

static inline bool match_record_ok(const struct match *m, const struct match_record *r)		/* its sets apart */
{
	if (r->text >= m->text.len)
		return false;
	if (r->flags & MATCH_REGEX)
		return r->pattern < m->regex_count && !r->host_len && !(r->flags & MATCH_HOST_ONLY);
	return match_text_ok(m, r->pattern, r->pattern_len) && r->host_len <= r->pattern_len &&
	       (!r->host_len || r->flags & MATCH_HOST) &&
	       (!(r->flags & MATCH_HOST_ONLY) || (r->host_len && r->host_len == r->pattern_len));
}

/* match_names_of - take a host apart */
void match_names_of(const struct url_key *k, struct span host, struct match_names *out);
/* match_page_of - the page of this host as a question has it; one that is not known has no names.  Lives until the next call */
const struct match_page *match_page_of(struct match *m, struct span source);
/* match_domain_labels - of how many labels is its registrable domain?  the whole, where it has none
 * @suffix: filled: labels of its public suffix, or of the whole where nothing is before that; may be NULL */
unsigned match_domain_labels(struct match *m, const struct match_names *n, unsigned *suffix);
/* match_set_holds - is the host in the set (index as in a record, not 0)?  One that lies elsewhere holds for none */
bool match_set_holds(struct match *m, uint32_t index, const struct match_names *n);
/* match_set_names - the same, but that a set which only excludes names no host */
bool match_set_names(struct match *m, uint32_t index, const struct match_names *n);

#endif
