/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match_keys - under which key a filter is filed: the one that the fewest requests and filters share
 *
 * Every request that the filter matches must show the key.  Candidates: the host that the pattern begins with, each
 * whole token of the pattern, and - all of them together - the hosts of the page that domain= names.
 */
#ifndef DEJUNK_MATCH_KEYS_H
#define DEJUNK_MATCH_KEYS_H

#include <stdbool.h>

#include "match_image.h"
#include "span.h"
#include "url_tokens.h"

enum { MATCH_KEYS_MAX = 1024, MATCH_LITERAL_MAX = 64 };

struct match_filed {
	const struct match_record *record;
	struct span pattern;		/* or regular expression */
	uint64_t host_fp;		/* of the host the pattern begins with; 0: none */
	const uint64_t *source;		/* fingerprints of included hosts of the page */
	size_t sources;			/* 0: none */
};

struct match_counts;	/* how many filters could be filed under each key, and how common a token is in URLs */

struct match_counts *match_keys_new(void);	/* NULL: out of memory */
void match_keys_free(struct match_counts *c);
/* match_keys_count - take note of a filter; all of them come before the first is filed */
void match_keys_count(const struct url_key *k, struct match_counts *c, const struct match_filed *f);
/* match_keys_choose - the keys to file it under
 * @by_source: filled: the keys are of hosts of the page
 * @need: filled: as in a probe: up to two other tokens that must be there, else 0
 * @common_key: filled: many requests show the key, or there is none
 * Returns their number; 0: no key is known. */
size_t match_keys_choose(const struct url_key *k, struct match_counts *c, const struct match_filed *f,
			 uint32_t keys[MATCH_KEYS_MAX], bool *by_source, uint16_t need[2], bool *common_key);

/* match_keys_needle - the rarest MATCH_NEEDLE bytes that are in whatever the pattern matches, in lower case
 * Returns false: none, or none that is rare. */
bool match_keys_needle(const struct match_filed *f, char needle[MATCH_NEEDLE]);

/* match_keys_literal - the longest run of bytes that is in whatever the expression matches, in lower case
 * Returns its length; 0: none is known. */
size_t match_keys_literal(struct span expression, char literal[MATCH_LITERAL_MAX]);

#endif
