/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_load_options - keys of a list that say whom it is for and what it does: mode, groups, allow, cookies */
#include "rules_loading.h"

void load_list_mode(struct load *l, const struct yaml_node *value)
{
	static const char *const modes[] = { "block", "observe", "doh", NULL };
	int mode = load_word(l, value, modes);

	l->list.options.observe = mode == 1;
	l->list.options.doh = mode == 2;
}

static void add_group(struct load *l, const struct yaml_node *s)
{
	const struct group *g = load_group_named(l, s);
	size_t i;

	if (!g)
		return;
	i = (size_t)(g - l->groups);
	l->list.options.groups[i / 64] |= (uint64_t)1 << i % 64;
	l->list.clients += g->count;
}

void load_list_groups(struct load *l, const struct yaml_node *value)
{
	l->list.options.grouped = true;
	l->list.groups = value;
	load_values(l, value, "names of groups", false, add_group);
}

void load_list_allow(struct load *l, const struct yaml_node *value)
{
	l->list.options.allow = load_yes(l, value) == 1;
	l->list.allow = value;
}

void load_list_cookies(struct load *l, const struct yaml_node *value)
{
	l->list.no_cookies = load_yes(l, value) == 0;
}

int load_list_set(struct load *l, const struct yaml_node *item)
{
	const struct list_entry *e = &l->list;
	bool fresh;
	int set;

	if (e->options.allow && (e->options.observe || e->options.doh)) {
		load_error(l, e->allow, e->options.doh ? "a list of exceptions is no list of resolvers; expected allow: yes or mode: doh" :
			   "a list of exceptions cannot be observed; expected allow: yes or mode: observe");
		return -1;
	}
	set = rules_build_set(&l->build, &e->options, &fresh);
	if (set < 0) {
		load_error(l, item, "too many kinds of lists; expected at most %d different combinations of mode, groups and allow",
			   LIMIT_LIST_SETS);
		return -1;
	}
	for (size_t i = 0; fresh && i < l->group_count; i++)
		if (e->options.groups[i / 64] >> i % 64 & 1)
			rules_build_set_group(&l->build, (unsigned)set, l->groups[i].prefix, l->groups[i].count);
	return set;
}
