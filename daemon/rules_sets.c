/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_sets - the sections of each set of lists, opened; and where an entry was written */
#include "rules_sets.h"

#include <string.h>

static const char *open_names(struct rules *r, unsigned i, size_t *total)
{
	struct names_table *t = &r->set[i].names;
	size_t places;

	*t = (struct names_table){ .seed = r->image.header->seed, .count = r->set[i].image->names };
	if (!image_find(&r->image, SECTION_NAMES_BUCKETS, i, sizeof(*t->bucket), (const void **)&t->bucket, &t->buckets) ||
	    !image_find(&r->image, SECTION_NAMES_PLACES, i, sizeof(*t->place), (const void **)&t->place, &places) ||
	    !image_find(&r->image, SECTION_NAMES_BLOOM, i, sizeof(*t->bloom), (const void **)&t->bloom, &t->bloom_words) ||
	    t->buckets > (ORIGIN_FILTERS - ORIGIN_NAMES - *total) / NAMES_BUCKET || !names_table_open(t, places))
		return "names";
	r->set[i].names_origin = ORIGIN_NAMES + (uint32_t)*total;
	*total += t->buckets * NAMES_BUCKET;
	return NULL;
}

const char *rules_sets_open(struct rules *r)
{
	static const enum match_group group[] = { [RULES_FILTER_PARAMS] = MATCH_PARAMS, [RULES_FILTER_COOKIES] = MATCH_COOKIES };
	const struct image_set *set;
	size_t sets, names = 0, origin = ORIGIN_FILTERS;
	const char *wrong;

	if (!image_find(&r->image, SECTION_SETS, 0, sizeof(*set), (const void **)&set, &sets) || sets > LIMIT_LIST_SETS)
		return "sets";
	for (unsigned i = 0; i < sets; i++) {
		struct rules_set *s = &r->set[i];

		s->image = &set[i];
		r->sets = i + 1;
		wrong = open_names(r, i, &names);
		if (wrong)
			return wrong;
		s->match = match_open(&r->image, i, r->psl, &wrong);
		if (wrong)
			return wrong;
		s->match_origin = (uint32_t)origin;
		if (s->match)
			origin += (size_t)match_numbers(s->match) + 1;
		if (origin > UINT32_MAX)
			return "filters";
		r->resolvers |= set[i].flags & SET_DOH;
		r->observes |= (set[i].flags & (SET_OBSERVE | SET_ALLOW)) == SET_OBSERVE;
		for (unsigned k = 0; s->match && k <= RULES_FILTER_COOKIES; k++)
			r->has_filters[k] |= match_has(s->match, group[k]);
	}
	return NULL;
}

void rules_sets_close(struct rules *r)
{
	for (unsigned i = 0; i < r->sets; i++)
		match_close(r->set[i].match);
	r->sets = 0;
}

/* which set has this origin, as a name or as a filter? */
static const struct rules_set *set_of(const struct rules *r, uint32_t origin)
{
	for (unsigned i = 0; i < r->sets; i++) {
		const struct rules_set *s = &r->set[i];

		if (origin >= s->names_origin && origin - s->names_origin < s->names.buckets * NAMES_BUCKET)
			return s;
		if (s->match && origin > s->match_origin && origin - s->match_origin <= match_numbers(s->match))
			return s;
	}
	return NULL;
}

bool rules_sets_origin(const struct rules *r, uint32_t origin, struct rules_origin *out, char *text, size_t text_len)
{
	const struct rules_set *s = origin < ORIGIN_NAMES ? NULL : set_of(r, origin);
	struct match_verdict v = { .name = { "", 0 } };

	if (!s)
		return false;
	if (origin < ORIGIN_FILTERS) {
		uint32_t where;

		if (!names_entry(&s->names, origin - s->names_origin, &where))
			return false;
		v.list = where >> 24;
		v.line = where & NAMES_LINE_MAX;
	} else if (!match_number(s->match, origin - s->match_origin, &v)) {
		return false;
	}
	if (v.list >= r->list_count)
		return false;
	*out = (struct rules_origin){ .file = rules_text(r, r->list[v.list].file), .line = v.line, .text = SPAN_LIT(""),
				      .filter = origin >= ORIGIN_FILTERS, .observe = s->image->flags & SET_OBSERVE };
	if (out->filter && !v.whole)
		out->text = match_text(s->match, &v, text, text_len);
	return true;
}

void rules_sets_count(const struct rules *r, uint64_t *names, uint64_t *filters)
{
	*names = *filters = 0;
	for (unsigned i = 0; i < r->sets; i++) {
		if (r->set[i].image->flags & SET_OBSERVE)
			continue;
		*names += r->set[i].names.count;
		*filters += r->set[i].match ? match_filters(r->set[i].match) : 0;
	}
}

bool rules_sets_block_hosts(const struct rules *r)
{
	for (unsigned i = 0; i < r->sets; i++)
		if (!(r->set[i].image->flags & (SET_OBSERVE | SET_ALLOW)) &&
		    (r->set[i].names.count || (r->set[i].match && match_hosts(r->set[i].match))))
			return true;
	return false;
}

bool rules_observes(const struct rules *r)
{
	return r->observes;
}

bool rules_has_filters(const struct rules *r, enum rules_filter_kind kind)
{
	return r->has_filters[kind];
}
