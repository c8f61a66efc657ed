/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_image - the sections of the rule image that hold rules.yaml and the tables of names
 *
 * Written by rules_build, read by rules.  Every offset and index below is checked by
 * rules_map() before it is used.  A new kind of list adds sections; it changes none of these.
 */
#ifndef DEJUNK_RULES_IMAGE_H
#define DEJUNK_RULES_IMAGE_H

#include <stdint.h>

#include "addr.h"
#include "schedule.h"

enum rules_section {
	SECTION_GATEWAY = 1,	/* struct gateway, one */
	SECTION_TEXT,		/* bytes: every string of rules.yaml */
	SECTION_RULES,		/* struct image_rule, in file order */
	SECTION_HOSTS,		/* struct image_host: open-addressed hash of host conditions */
	SECTION_POSTINGS,	/* uint32_t: rule index << 1 | exact */
	SECTION_PATTERNS,	/* struct image_pattern: url and cookie name conditions */
	SECTION_SIZES,		/* struct image_size_pair */
	SECTION_PREFIXES,	/* struct prefix: address and group conditions */
	SECTION_SPANS,		/* struct schedule_span */
	SECTION_AHEAD,		/* struct image_text: names of own block rules, to be resolved ahead */
	SECTION_NETS,		/* struct prefix: of own block rules with address */
	SECTION_LISTS,		/* struct image_list */
	SECTION_NAMES_BUCKETS,	/* struct names_bucket; of each set of lists one instance */
	SECTION_NAMES_BLOOM,	/* uint64_t; see names_table */
	SECTION_PATH,		/* bytes: the path of rules.yaml as it was given */
	SECTION_SETS,		/* struct image_set; set i is instance i of the names above and of match_image.h */
	SECTION_NAMES_PLACES,	/* uint32_t; see names_table */
};

struct image_text {		/* bytes of SECTION_TEXT */
	uint32_t at, len;
};

struct image_range {		/* records of another section */
	uint32_t first, count;
};

/* conditions a rule has; a bit that is not set is a condition that always holds */
enum rule_condition {
	RULE_HOST = 1, RULE_URL = 2, RULE_NAME = 4, RULE_SIZE = 8, RULE_ADDRESS = 16,
	RULE_GROUP = 32, RULE_BETWEEN = 64, RULE_THIRD_PARTY = 128, RULE_FIRST_PARTY = 256,
	RULE_CONDITIONS = 511,
};

struct image_rule {
	uint8_t action;		/* enum rules_action: ALLOW, BLOCK, LIMIT */
	uint8_t kind;		/* enum rules_kind */
	uint16_t conditions;	/* enum rule_condition, ORed */
	uint32_t line;
	struct image_text text;
	struct image_range url, name;		/* SECTION_PATTERNS */
	struct image_range size;		/* SECTION_SIZES */
	struct image_range address, group;	/* SECTION_PREFIXES; a group may have none, then it matches nobody */
	struct image_range between;		/* SECTION_SPANS */
};

struct image_host {		/* an empty slot has postings.count 0 */
	struct image_text name;
	struct image_range postings;
};

struct image_pattern {
	uint32_t regex;		/* 1: regular expression, 0: glob (url: lower case) */
	struct image_text text;
};

struct image_size_pair {
	uint32_t width, height;
};

struct image_list {
	struct image_text file;	/* or URL, as it is shown */
	struct image_text url;	/* of a list with a URL: where it is fetched from */
	struct image_text name;	/* the short one, of a list with a URL; may be empty */
	uint32_t every_s;	/* a list with a URL: how often it is fetched; 0: a file */
	uint32_t checksum;	/* 1: the checksum it states is looked at */
	uint32_t in_force;	/* 1: its rules are in a set */
	uint32_t set;		/* which one; not looked at when it is not in force */
};

/* lists that are decided together: all with the same options */
enum image_set_flag {
	SET_OBSERVE = 1,	/* decides nothing, but is asked what it would have done */
	SET_ALLOW = 2,		/* everything in it lifts what other lists block */
	SET_GROUPED = 4,	/* only for the clients of .group, which may be none */
	SET_DOH = 8,		/* of resolvers that speak DNS over HTTPS */
	SET_FLAGS = 15,
};

struct image_set {
	uint32_t flags;
	struct image_range group;	/* SECTION_PREFIXES */
	uint32_t names;			/* in the table of names */
};

/* the hash of a host condition's name */
#define RULES_HOST_HASH(p, len, seed)	XXH3_64bits_withSeed((p), (len), (seed))

#endif
