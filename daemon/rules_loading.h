/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_loading - what the parts of the loader share (rules_load, rules_load_gateway, rules_load_rule, rules_load_list) */
#ifndef DEJUNK_RULES_LOADING_H
#define DEJUNK_RULES_LOADING_H

#include "rules_build.h"
#include "rules_load.h"
#include "yaml_tree.h"

enum key_section { KEYS_TOP, KEYS_GATEWAY, KEYS_LIST, KEYS_RULE };

/* places in the table of keys, for sets of bits */
enum key_index {
#define KEY(section, name, function, standard, example, help) KEY_##section##_##name,
#include "tbl/rules_key.h"
#undef KEY
	KEY_COUNT
};

struct group {
	struct span name;		/* borrowed from the tree */
	struct prefix *prefix;
	size_t count;
};

struct list_entry {			/* the list being read */
	const struct yaml_node *file;	/* or url: where it is */
	const struct yaml_node *url, *every, *checksum, *name;
	uint32_t every_s;
	bool no_checksum;
	const struct yaml_node *groups, *allow;	/* values of these keys; NULL: it has not got it */
	struct rules_build_options options;
	size_t clients;				/* addresses in its groups */
	bool no_cookies;
};

struct rule_entry {			/* the rule being read */
	const struct yaml_node *node;
	const struct yaml_node *key[KEY_COUNT];	/* where each of its keys stands; NULL: it has not got it */
	enum rules_action action;	/* ACT_PASS: not yet known */
	enum rules_kind kind;
	bool kind_known;
};

#define LOAD_STOP (SIZE_MAX / 2)

struct load {
	const char *path;
	struct span text;		/* of rules.yaml */
	const struct rules_opener *opener;
	struct rules_report *report;
	struct rules_build build;
	struct group *groups;
	size_t group_count;
	struct list_entry list;
	struct rule_entry rule;
	size_t values;			/* visited, for LIMIT_RULES_VALUES; LOAD_STOP: read no further, an error says why */
	bool no_memory;
};

/* load_error, load_warn - about the place of @n */
#define load_error(l, n, ...) \
	rules_report_add((l)->report, false, (l)->path, (l)->text, (n)->line, (n)->column, __VA_ARGS__)
#define load_warn(l, n, ...) \
	rules_report_add((l)->report, true, (l)->path, (l)->text, (n)->line, (n)->column, __VA_ARGS__)

/* load_map - each key of a map by the functions of the table; unknown and duplicate keys are errors
 * @seen: NULL, or filled with the key node of each key by its place in the table */
void load_map(struct load *l, const struct yaml_node *map, enum key_section section, const char *expected,
	      const struct yaml_node **seen);
/* load_values - @fn for each scalar of a value that is one or a list of them; anything else is an error that says
 * what was expected.  @none_too: an empty list is not an error. */
void load_values(struct load *l, const struct yaml_node *value, const char *expected, bool none_too,
		 void (*fn)(struct load *l, const struct yaml_node *scalar));
/* load_one - the scalar @value, or NULL after an error */
const struct yaml_node *load_one(struct load *l, const struct yaml_node *value, const char *expected);
/* load_word - which of @words (ended by NULL) @value is; -1 after an error */
int load_word(struct load *l, const struct yaml_node *value, const char *const *words);
/* load_yes - yes or no; -1 after an error */
int load_yes(struct load *l, const struct yaml_node *value);
/* load_group_named - which of the groups section @s names; NULL after an error */
const struct group *load_group_named(struct load *l, const struct yaml_node *s);
/* load_bool - yes/no, true/false, on/off; -1: neither (no error is reported) */
int load_bool(struct span s);
/* load_number - a decimal number from @min to @max; -1: not one (no error is reported) */
long load_number(struct span s, long min, long max);
/* load_nearest - the word of @words (NULL: an end) closest to @s, NULL when none is close */
const char *load_nearest(struct span s, const char *const *words, size_t count);
/* load_read - all bytes of a regular file; malloc'd into @out
 * Returns 0 or a negative errno (-EFBIG: over @limit). */
int load_read(const struct rules_opener *opener, const char *path, size_t limit, struct span *out);

/* load_list_place - once the keys of a list are read: the node of its file or url, or NULL after an error
 * @errors_before: of the report, when the list began */
const struct yaml_node *load_list_place(struct load *l, const struct yaml_node *item, size_t errors_before);
/* load_list_set - the set that the list being read belongs to; -1 after an error */
int load_list_set(struct load *l, const struct yaml_node *item);
/* load_list_text - read the text of list @index into @set; @note: filled with what was found
 * Returns NULL, or why the list cannot be used. */
const char *load_list_text(struct load *l, struct span text, unsigned index, unsigned set, struct rules_list_note *note);

/* one entry of its section each; load_groups: the whole section */
void load_list(struct load *l, const struct yaml_node *item);
void load_rule(struct load *l, const struct yaml_node *item);
void load_groups(struct load *l, const struct yaml_node *map);
void load_groups_free(struct load *l);

/* the functions of the table; @value is what stands after the key */
#define KEY(section, name, function, standard, example, help) \
	void load_##function(struct load *l, const struct yaml_node *value);
#include "tbl/rules_key.h"
#undef KEY

#endif
