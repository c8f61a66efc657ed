/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_mapped - a mapped rule image, checked: what rules and rules_decide share, and nobody else sees */
#ifndef DEJUNK_RULES_MAPPED_H
#define DEJUNK_RULES_MAPPED_H

#include <libpsl.h>

#include "image.h"
#include "limits.h"
#include "match.h"
#include "names_table.h"
#include "regex.h"
#include "rules.h"
#include "rules_image.h"

enum { RULES_WORDS = (LIMIT_RULES + 63) / 64,	/* of a set with a bit for each rule */
       RULES_KINDS = KIND_EVERYTHING + 1,
       RULES_DOMAINS = 1024,	/* remembered answers of the public suffix list; a power of two */
       /* verdict.origin: below, 1 + own rule; from the first, index of a listed name, those of all sets counted on;
	* from the second, number of a filter, likewise */
       ORIGIN_NAMES = 1 << 24, ORIGIN_FILTERS = 1 << 27 };

struct rules_domain {		/* of a host that was asked about: how long the registrable domain at its end is */
	uint64_t fp;		/* of the host; 0: none */
	size_t len;
};

/* one set of lists, opened (rules_sets) */
struct rules_set {
	const struct image_set *image;
	struct names_table names;
	struct match *match;		/* NULL: no filters */
	uint32_t names_origin, match_origin;	/* of index 0 */
};

struct rules {
	unsigned refs;
	struct image image;
	const struct gateway *gateway;
	struct span text, path;
	const struct image_rule *rule;
	const struct image_host *host;		/* host_count is 0 or a power of two, and one slot is empty */
	const uint32_t *posting;
	const struct image_pattern *pattern;
	const struct image_size_pair *size;
	const struct prefix *prefix;
	const struct schedule_span *span;
	const struct image_text *ahead;
	const struct prefix *net;
	const struct image_list *list;
	size_t rule_count, host_count, posting_count, pattern_count, size_count, prefix_count, span_count,
	       ahead_count, net_count, list_count;
	struct rules_set set[LIMIT_LIST_SETS];
	unsigned sets;

	/* made at mapping */
	struct regex **regex;			/* one for each pattern, NULL for a glob */
	struct regex_scratch *scratch;
	void *kept;				/* rules_keep() */
	void (*kept_undo)(void *p);
	const psl_ctx_t *psl;
	struct rules_domain *domain;		/* RULES_DOMAINS */
	unsigned words;				/* in use, of each set below */
	uint64_t of_kind[RULES_KINDS][RULES_WORDS];	/* KIND_EVERYTHING is in each of the others too */
	uint64_t any_host[RULES_WORDS];		/* rules without a host condition */
	bool blocks_connections, observes, resolvers;
	bool hardware;				/* some group has a link-layer address */
	bool has_filters[RULES_FILTER_COOKIES + 1];
};

static inline struct span rules_text(const struct rules *r, struct image_text t)
{
	return (struct span){ r->text.p + t.at, t.len };
}

/* is the address in one of the prefixes?  NULL: in none */
static inline bool rules_prefix_among(const struct rules *r, struct image_range range, const struct addr *a)
{
	for (uint32_t i = 0; a && i < range.count; i++)
		if (prefix_has(&r->prefix[range.first + i], a))
			return true;
	return false;
}

/* is the client in one of the prefixes?  NULL: in none */
static inline bool rules_station_among(const struct rules *r, struct image_range range, const struct station *s)
{
	for (uint32_t i = 0; s && i < range.count; i++)
		if (prefix_has_station(&r->prefix[range.first + i], s))
			return true;
	return false;
}

#endif
