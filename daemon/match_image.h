/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match_image - the sections of the rule image that hold Adblock filters
 *
 * Written by match_build, read by match, which uses no offset unchecked.  A set of lists that is
 * decided together is one instance of each section.
 *
 * Whole hosts without any condition (five filters of six) are 64-bit fingerprints with list and line in buckets of one
 * cache line, behind a Bloom filter.  Every other filter is a record, filed under one key that any request it matches
 * must show: a host, a token of the URL, or a host of the page.  Keys are 32-bit hashes: a bitmap turns most
 * away, a hash table leads to the records of a key, which lie together.  Their probes are looked at first, four to a cache
 * line: whatever fails one cannot match.  The condition of the few that are left is then checked in full.
 */
#ifndef DEJUNK_MATCH_IMAGE_H
#define DEJUNK_MATCH_IMAGE_H

#include <stdint.h>

enum match_section {
	SECTION_MATCH_HEAD = 32,	/* struct match_head, one */
	SECTION_MATCH_BLOOM,		/* uint64_t, a power of two of them */
	SECTION_MATCH_HOSTS,		/* struct match_bucket */
	SECTION_MATCH_RECORDS,		/* struct match_record */
	SECTION_MATCH_PROBES,		/* struct match_probe: one for each record, in the same order */
	SECTION_MATCH_NEEDLES,		/* struct match_needles, one */
	SECTION_MATCH_SETS,		/* uint64_t: struct match_set, then its fingerprints */
	SECTION_MATCH_REGEXES,		/* struct match_regex */
	SECTION_MATCH_TEXT,		/* bytes: filters as written, each ended by a line feed; patterns in lower case */
	SECTION_MATCH_EXCEPTED,		/* uint64_t, sorted: fingerprints of hosts that exceptions name */
	SECTION_MATCH_BITMAP,		/* uint64_t; one section for each group, in order */
	SECTION_MATCH_SLOTS = SECTION_MATCH_BITMAP + 16,	/* struct match_slot; likewise */
};

/* filters that are looked up together */
enum match_group {
	MATCH_BLOCKS, MATCH_EXCEPTIONS,
	MATCH_REDIRECTS,	/* redirect-rule: names the stand-in for what others block */
	MATCH_REDIRECT_EXCEPTIONS,
	MATCH_PARAMS, MATCH_PARAM_EXCEPTIONS,
	MATCH_COOKIES, MATCH_COOKIE_EXCEPTIONS,
	MATCH_GROUPS
};

struct match_range {		/* records */
	uint32_t first, count;
};

struct match_head {
	uint64_t seed;
	uint32_t hosts;		/* fingerprints */
	uint32_t filters;	/* records, each filter counted once; and hosts */
	uint32_t any_tld;	/* 1: some page is named as name.* */
	uint32_t _pad;
	struct match_group_head {
		uint32_t bits_log2;	/* of the bitmap */
		uint32_t slots_log2;
		uint32_t by_source;	/* 1: some key is a host of the page */
		uint32_t needles;	/* records whose probes ask for a needle */
		uint32_t filters;	/* 0: no bitmap, no slots, no unfiled */
		struct match_range unfiled;	/* records that could be filed under no key */
	} group[MATCH_GROUPS];
};

enum { MATCH_BUCKET = 5 };

struct match_bucket {			/* filled from 0; a full one is followed by the next */
	uint64_t fp[MATCH_BUCKET];	/* 0: free */
	uint32_t where[MATCH_BUCKET];	/* list << 24 | line */
	uint32_t spill;			/* 1: an entry that belongs here, or before, is further on */
};

struct match_slot {		/* open addressing; free when range.count is 0 */
	uint32_t key;
	struct match_range range;
};

enum match_flag {
	MATCH_START = 1, MATCH_HOST = 2, MATCH_END = 4,	/* anchors, as in filter.h */
	MATCH_HOST_ONLY = 8,	/* the whole pattern is a host */
	MATCH_LITERAL = 16,	/* neither "*" nor "^" in the pattern */
	MATCH_REGEX = 32,	/* pattern is an index into the regexes */
	MATCH_CASE = 64,
	MATCH_IMPORTANT = 128,
	MATCH_FIRST_PARTY = 256, MATCH_THIRD_PARTY = 512, MATCH_STRICT_FIRST = 1024, MATCH_STRICT_THIRD = 2048,
	MATCH_PARTIES = MATCH_FIRST_PARTY | MATCH_THIRD_PARTY | MATCH_STRICT_FIRST | MATCH_STRICT_THIRD,
	MATCH_FLAGS = 4095,
};

/* what a request must have before the record is worth a look */
struct match_probe {
	uint64_t pages;		/* one of these bits (match_page_bit): a page that from= names.  1: any page will do */
	uint16_t types;		/* enum filter_type */
	uint16_t need[2];	/* bits of the URL's set (url_set), which are there when the URL matches; bit 0 always is,
				 * and those from URL_SET_BITS on are of needles */
	uint16_t _pad;
};

struct match_record {
	uint16_t flags;		/* enum match_flag */
	uint16_t methods;	/* enum filter_method */
	uint32_t pattern;	/* offset in the text */
	uint16_t pattern_len;
	uint8_t host_len;	/* of the pattern, with MATCH_HOST: a host that "/" or "^" follows; 0: none such */
	uint8_t resource;	/* enum filter_resource */
	uint32_t from, to;	/* 1 + index of a set; 0: none */
	uint32_t text;		/* of the filter as written */
	uint32_t where;		/* list << 24 | line */
};

/* a set of hosts: one of the included (where there are any) and none of the excluded must be the host or above it */
struct match_set {
	uint16_t included, excluded;	/* fingerprints that follow, in this order; each part sorted */
	uint16_t any_tld;		/* 1: some are of the form name.* */
	uint16_t _pad;
};

/* three bytes that a record's URL has somewhere, for those that share no good key: each is in one of eight classes.
 * A URL may have a needle of class n where bit n is in low[i][b & 15] and in high[i][b >> 4] for three bytes b in a row. */
enum { MATCH_NEEDLE = 3, MATCH_NEEDLES = 8 };
struct match_needles {
	uint8_t low[MATCH_NEEDLE][16], high[MATCH_NEEDLE][16];
};

struct match_regex {
	uint32_t pattern, pattern_len;	/* in the text */
	uint32_t literal, literal_len;	/* lower case, part of everything that matches; may be empty */
	uint32_t match_case;
};

enum { MATCH_LABELS = 128,		/* of a host; those further up are not looked at */
       MATCH_SET_MAX = 16384 };		/* hosts of one set */

#endif
