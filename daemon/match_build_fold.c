/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match_build_fold - duplicates, and filters that a badfilter names, are dropped */
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

/* drop duplicates and what a badfilter names; the order stays */
bool match_draft_fold(struct match_builder *b, uint32_t folded[MATCH_LISTS])
{
	const uint64_t *bad = (const void *)b->bad.p;
	struct match_draft *draft = (void *)b->draft.p;
	size_t bads = b->bad.len / sizeof(*bad), drafts = b->draft.len / sizeof(*draft), kept = 0;
	struct match_seen off, seen;

	if (!match_seen_init(&off, bads))
		return false;
	if (!match_seen_init(&seen, drafts)) {
		free(off.v);
		return false;
	}
	for (size_t i = 0; i < bads; i += 2)
		match_seen_new(&off, bad[i], true);
	for (size_t i = 0; i < drafts; i++) {
		if (match_seen_new(&off, draft[i].identity, false) && match_seen_new(&seen, draft[i].identity, true))
			draft[kept++] = draft[i];
		else if (folded)
			folded[draft[i].record.where >> 24]++;
	}
	b->draft.len = kept * sizeof(*draft);
	free(off.v);
	free(seen.v);
	return true;
}
