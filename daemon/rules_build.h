/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_build - collects parsed rules and names, and writes them as a rule image
 *
 * Knows no YAML and no list format.  Call order: rules_build_init; for each rule
 * rule_begin, its conditions, rule_end; lists; rules_build_write; rules_build_fini.
 */
#ifndef DEJUNK_RULES_BUILD_H
#define DEJUNK_RULES_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway.h"
#include "image.h"
#include "limits.h"
#include "match_build.h"
#include "names_table.h"
#include "rules.h"
#include "rules_image.h"

/* the options that lists of one set share */
struct rules_build_options {
	bool observe, allow, doh;
	bool grouped;				/* only for these groups (a bit each); else for everyone */
	uint64_t groups[(LIMIT_GROUPS + 63) / 64];
};

struct rules_build_set {
	struct rules_build_options options;
	struct image_set set;
	struct names_builder names;
	struct match_builder *filters;		/* NULL: none yet */
};

struct rules_build {
	struct gateway gateway;
	uint64_t seed;
	struct image_buf text, rules, patterns, sizes, prefixes, spans, ahead, nets, lists;
	struct image_buf host_pairs;		/* struct { image_text name; uint32_t posting } until written */
	struct image_rule rule;			/* the one being built */
	struct rules_build_set set[LIMIT_LIST_SETS];
	unsigned sets;
	bool failed;				/* out of memory or over a limit */
};

/* rules_build_init - draws the seed, sets the gateway's defaults */
void rules_build_init(struct rules_build *b);
void rules_build_fini(struct rules_build *b);

void rules_build_rule_begin(struct rules_build *b, uint32_t line);
/* one value of a condition each; all spans are copied */
void rules_build_host(struct rules_build *b, struct span name, bool exact);	/* normalised */
void rules_build_url(struct rules_build *b, struct span pattern, bool regex);	/* a glob is lower-cased here */
void rules_build_name(struct rules_build *b, struct span pattern, bool regex);
void rules_build_size(struct rules_build *b, uint32_t width, uint32_t height);
void rules_build_address(struct rules_build *b, const struct prefix *p);
void rules_build_group(struct rules_build *b, const struct prefix *p, size_t count);	/* count 0: matches nobody */
void rules_build_between(struct rules_build *b, const struct schedule_span *s, unsigned count);
/* the rule is complete; @text is what explain shows */
void rules_build_rule_end(struct rules_build *b, enum rules_action action, enum rules_kind kind, struct span text);

/* rules_build_set - the set of lists with these options, found or made; -1: there would be too many
 * @fresh: filled: it was made, and rules_build_set_group() must say who its groups are */
int rules_build_set(struct rules_build *b, const struct rules_build_options *o, bool *fresh);
void rules_build_set_group(struct rules_build *b, unsigned set, const struct prefix *p, size_t count);
/* rules_build_listed - a normalised name of list @list at @line; rules_build_filter - a filter of Adblock syntax, as
 * match_build_add() takes it.  @list: its place in the order of rules_build_list() */
void rules_build_listed(struct rules_build *b, unsigned set, struct span name, unsigned list, uint32_t line);
void rules_build_filter(struct rules_build *b, unsigned set, const struct filter *f, struct span text, unsigned list,
			uint32_t line);
/* rules_build_names - names in all sets, duplicates included; rules_build_forget - take back all names of list @list, the
 * last one read, from the set */
size_t rules_build_names(const struct rules_build *b);
void rules_build_forget(struct rules_build *b, unsigned set, unsigned list);
/* rules_build_list - one list, in the order of the lists section; its number is what names_where() takes
 * @file: as it is shown to people */
void rules_build_list(struct rules_build *b, struct span file, bool in_force, unsigned set);

/* rules_build_list_url - the last one is fetched: from where, its short name (may be empty), how often, and whether by its checksum */
void rules_build_list_url(struct rules_build *b, struct span url, struct span name, uint32_t every_s, bool checksum);

/* rules_build_write - the sealed image; names and filters are folded here
 * @dropped: filled: duplicates for each list
 * Returns a descriptor or a negative errno. */
int rules_build_write(struct rules_build *b, const char *path, uint64_t generation, uint32_t dropped[256]);

#endif
