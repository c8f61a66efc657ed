/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_build_sets - lists with the same options are one set: a table of names and an instance of the filters
 *
 * A badfilter acts on its twins in other sets, too, where that changes nothing for a client, nor in a mode, that its
 * own list is not for.  Where two sets have only some clients in common the filter stays.
 */
#include "rules_build_sets.h"

#include <stdlib.h>
#include <string.h>

#include "match_image.h"

enum { SET_PARTS = 3 + 10 + 2 * MATCH_GROUPS };	/* at most, of one set: names, filters */
_Static_assert(13 + 1 + LIMIT_LIST_SETS * SET_PARTS <= IMAGE_SECTIONS, "an image has room for all sets");
_Static_assert((int)LIMIT_LIST_SETS <= (int)MATCH_BADS, "a set can listen to all");

int rules_build_set(struct rules_build *b, const struct rules_build_options *o, bool *fresh)
{
	struct rules_build_set *s;

	*fresh = false;
	for (unsigned i = 0; i < b->sets; i++) {
		const struct rules_build_options *have = &b->set[i].options;

		if (have->observe == o->observe && have->allow == o->allow && have->doh == o->doh && have->grouped == o->grouped &&
		    memcmp(have->groups, o->groups, sizeof(o->groups)) == 0)
			return (int)i;
	}
	if (b->sets == LIMIT_LIST_SETS)
		return -1;
	*fresh = true;
	s = &b->set[b->sets];
	s->options = *o;
	s->names.seed = b->seed;
	s->set.flags = (o->observe ? SET_OBSERVE : 0) | (o->allow ? SET_ALLOW : 0) | (o->doh ? SET_DOH : 0) |
		       (o->grouped ? SET_GROUPED : 0);
	return (int)b->sets++;
}

void rules_build_set_group(struct rules_build *b, unsigned set, const struct prefix *p, size_t count)
{
	struct image_range *group = &b->set[set].set.group;

	for (size_t i = 0; i < count; i++) {
		size_t at = image_put(&b->prefixes, &p[i], sizeof(p[i]));

		if (at == (size_t)-1)
			return;		/* prefixes.failed says so */
		if (group->count == 0)
			group->first = (uint32_t)(at / sizeof(p[i]));
		group->count++;
	}
}

void rules_build_listed(struct rules_build *b, unsigned set, struct span name, unsigned list, uint32_t line)
{
	names_add(&b->set[set].names, name, names_where(list, line));
	b->failed |= b->set[set].names.failed;
}

void rules_build_filter(struct rules_build *b, unsigned set, const struct filter *f, struct span text, unsigned list,
			uint32_t line)
{
	struct rules_build_set *s = &b->set[set];

	if (!s->filters) {
		s->filters = match_build_new(b->seed);
		if (s->filters && s->options.allow)
			match_build_exceptions(s->filters);
	}
	b->failed |= !s->filters || !match_build_add(s->filters, f, text, list, line);
}

size_t rules_build_names(const struct rules_build *b)
{
	size_t n = 0;

	for (unsigned i = 0; i < b->sets; i++)
		n += b->set[i].names.count;
	return n;
}

void rules_build_forget(struct rules_build *b, unsigned set, unsigned list)
{
	struct names_builder *n = &b->set[set].names;

	while (n->count && n->where[n->count - 1] >> 24 == list)
		n->count--;
}

/* is whoever @inner is for also one that @outer is for? */
static bool clients_within(const struct rules_build *b, const struct image_set *inner, const struct image_set *outer)
{
	const struct prefix *prefix = (const void *)b->prefixes.p;

	if (!(outer->flags & SET_GROUPED))
		return true;
	if (!(inner->flags & SET_GROUPED))
		return false;
	for (uint32_t i = 0; i < inner->group.count; i++) {
		bool held = false;

		for (uint32_t k = 0; k < outer->group.count && !held; k++)
			held = prefix_holds(&prefix[outer->group.first + k], &prefix[inner->group.first + i]);
		if (!held)
			return false;
	}
	return true;
}

/* each set's filters listen to the badfilters of those that may take something away from it.  What is to be let through
 * (allow: yes) is nothing that a list which blocks has a say in, nor the other way round. */
static void join_bads(struct rules_build *b)
{
	for (unsigned i = 0; i < b->sets; i++)
		for (unsigned k = 0; k < b->sets; k++) {
			const struct rules_build_set *on = &b->set[i], *by = &b->set[k];

			if (i == k || !on->filters || !by->filters || on->options.allow != by->options.allow ||
			    (by->options.observe && !on->options.observe) || !clients_within(b, &on->set, &by->set))
				continue;
			match_build_bads_of(on->filters, by->filters);
		}
}

size_t rules_build_sets_parts(struct rules_build *b, struct image_part *part, size_t parts, uint32_t dropped[256])
{
	static struct image_set set[LIMIT_LIST_SETS];

	join_bads(b);
	for (unsigned i = 0; i < b->sets; i++) {
		struct rules_build_set *s = &b->set[i];
		uint32_t folded[256];
		size_t n;

		if (!names_fold(&s->names, folded))
			return 0;
		for (unsigned k = 0; k < 256; k++)
			dropped[k] += folded[k];
		set[i] = s->set;
		set[i].names = (uint32_t)s->names.count;
		part[parts++] = (struct image_part){ SECTION_NAMES_BUCKETS, i, s->names.bucket,
						     s->names.buckets * sizeof(*s->names.bucket) };
		part[parts++] = (struct image_part){ SECTION_NAMES_PLACES, i, s->names.place,
						     s->names.buckets * NAMES_BUCKET * sizeof(*s->names.place) };
		part[parts++] = (struct image_part){ SECTION_NAMES_BLOOM, i, s->names.bloom,
						     s->names.bloom_words * sizeof(*s->names.bloom) };
		if (!s->filters)
			continue;
		n = match_build_finish(s->filters, i, part + parts, dropped);
		if (!n)
			return 0;
		parts += n;
	}
	part[parts++] = (struct image_part){ SECTION_SETS, 0, set, b->sets * sizeof(set[0]) };
	return parts;
}

void rules_build_sets_fini(struct rules_build *b)
{
	for (unsigned i = 0; i < b->sets; i++) {
		names_builder_fini(&b->set[i].names);
		if (b->set[i].filters)
			match_build_free(b->set[i].filters);
	}
	b->sets = 0;
}
