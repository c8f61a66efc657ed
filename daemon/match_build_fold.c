/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match_build_fold - duplicates, and filters that a badfilter names, are dropped; so are the hosts that exceptions name */
#include <stdlib.h>

#include "match_draft.h"

bool match_seen_init(struct match_seen *s, size_t count)
{
	s->mask = 15;
	while (s->mask < count * 2)
		s->mask = s->mask * 2 + 1;
	s->v = calloc(s->mask + 1, sizeof(*s->v));
	return s->v;
}

/* false: it was there already.  @add: else it is now */
bool match_seen_new(struct match_seen *s, uint64_t fp, bool add)
{
	size_t i = (size_t)(fp * 0x9e3779b97f4a7c15 >> 20) & s->mask;

	fp = fp ? fp : 1;
	for (; s->v[i]; i = (i + 1) & s->mask)
		if (s->v[i] == fp)
			return false;
	if (add)
		s->v[i] = fp;
	return true;
}

bool match_draft_bads(struct match_builder *b)
{
	size_t bads = 0;

	for (unsigned i = 0; i < b->bads_count; i++)
		bads += b->bads[i]->bad.len / sizeof(struct match_bad);
	if (!match_seen_init(&b->off, 2 * bads))
		return false;
	for (unsigned i = 0; i < b->bads_count; i++) {
		const struct match_bad *bad = (const void *)b->bads[i]->bad.p;
		size_t n = b->bads[i]->bad.len / sizeof(*bad);

		for (size_t k = 0; k < n; k++) {
			match_seen_new(&b->off, bad[k].identity, true);
			if (bad[k].plain)
				match_seen_new(&b->off, bad[k].plain, true);
		}
	}
	return true;
}

/* drop duplicates and what a badfilter names; the order stays */
bool match_draft_fold(struct match_builder *b, uint32_t folded[MATCH_LISTS])
{
	struct match_draft *draft = (void *)b->draft.p;
	size_t drafts = b->draft.len / sizeof(*draft), kept = 0;
	struct match_seen seen;

	if (!match_seen_init(&seen, drafts))
		return false;
	for (size_t i = 0; i < drafts; i++) {
		if (match_seen_new(&b->off, draft[i].identity, false) && match_seen_new(&seen, draft[i].identity, true))
			draft[kept++] = draft[i];
		else if (folded)
			folded[draft[i].record.where >> 24]++;
	}
	b->draft.len = kept * sizeof(*draft);
	free(seen.v);
	return true;
}

void match_draft_excepted(struct match_builder *b)
{
	const struct match_excepted *e = (const void *)b->excepted.p;
	uint64_t *fp = (void *)b->excepted.p;		/* each is read before what is written reaches it */
	size_t n = b->excepted.len / sizeof(*e), named = 0, kept = 0;

	for (size_t i = 0; i < n; i++)
		if (match_seen_new(&b->off, e[i].identity, false))
			fp[named++] = e[i].fp;
	if (named)
		qsort(fp, named, sizeof(*fp), match_draft_order);
	for (size_t i = 0; i < named; i++)
		if (i == 0 || fp[i] != fp[i - 1])
			fp[kept++] = fp[i];
	b->excepted.len = kept * sizeof(*fp);
}
