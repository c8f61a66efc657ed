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
#include "names_table.h"
#include "rules.h"
#include "rules_image.h"

struct rules_build {
	struct gateway gateway;
	uint64_t seed;
	struct image_buf text, rules, patterns, sizes, prefixes, spans, ahead, nets, lists;
	struct image_buf host_pairs;		/* struct { image_text name; uint32_t posting } until written */
	struct image_rule rule;			/* the one being built */
	struct names_builder names;
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

/* rules_build_list - one list, in the order of the lists section; its number is what names_where() takes */
void rules_build_list(struct rules_build *b, struct span file, bool in_force);

/* rules_build_list_url - the last one is fetched: its short name (may be empty), how often, and whether by its checksum */
void rules_build_list_url(struct rules_build *b, struct span name, uint32_t every_s, bool checksum);

/* rules_build_write - the sealed image; names are folded here
 * @dropped: filled: duplicates for each list
 * Returns a descriptor or a negative errno. */
int rules_build_write(struct rules_build *b, const char *path, uint64_t generation, uint32_t dropped[256]);

#endif
