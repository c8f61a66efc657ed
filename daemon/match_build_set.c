/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match_build_set - names to fingerprints, and the sets of hosts that filters name; equal sets are written once */
#include <stdlib.h>

#include "match_draft.h"

/* the fingerprint of a normalised name */
uint64_t match_draft_name(const struct match_builder *b, struct span name)
{
	char buf[HOST_MAX + 1 + URL_TOKENS_PAD] = { 0 };
	uint64_t fp = match_root(&b->key);
	size_t end;

	if (name.len > HOST_MAX)
		name.len = HOST_MAX;
	memcpy(buf, name.p, name.len);
	for (end = name.len; ; ) {
		size_t start = end;

		while (start && buf[start - 1] != '.')
			start--;
		fp = match_label(&b->key, fp, buf + start, end - start);
		if (!start)
			return fp ? fp : 1;
		end = start - 1;
	}
}

int match_draft_order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

struct set_draft {
	uint64_t in[MATCH_SET_MAX], ex[MATCH_SET_MAX];
	size_t ins, exs;
	bool any_tld, full;
};
static struct set_draft set_draft;	/* too large for a stack; a build has one thread */

static void set_collect(const struct match_builder *b, struct span list, bool flip)
{
	struct filter_domains it = { .rest = list };
	struct filter_domain d;

	while (list.len && filter_domain_next(&it, &d)) {
		uint64_t fp = match_draft_name(b, d.name);
		bool out = d.negated != flip;

		if (d.any_tld) {
			fp = match_any_tld(fp);
			set_draft.any_tld = true;
		}
		if ((out ? set_draft.exs : set_draft.ins) == MATCH_SET_MAX) {
			set_draft.full = true;
			return;
		}
		if (out)
			set_draft.ex[set_draft.exs++] = fp;
		else
			set_draft.in[set_draft.ins++] = fp;
	}
}

static void memo_grow(struct match_builder *b)
{
	size_t mask = b->memo_mask * 2 + 1;
	struct match_set_memo *memo = calloc(mask + 1, sizeof(*memo));

	if (!memo)
		return;			/* equal sets are then kept twice, no more */
	for (size_t i = 0; i <= b->memo_mask; i++) {
		size_t s = (size_t)b->memo[i].hash & mask;

		if (!b->memo[i].index)
			continue;
		while (memo[s].index)
			s = (s + 1) & mask;
		memo[s] = b->memo[i];
	}
	free(b->memo);
	b->memo = memo;
	b->memo_mask = mask;
}

/* write set_draft; 1 + its index, 0: it is empty.  @same: filled: its hash */
static uint32_t set_put(struct match_builder *b, uint64_t *same)
{
	struct match_set head = { (uint16_t)set_draft.ins, (uint16_t)set_draft.exs, set_draft.any_tld, 0 };
	uint64_t hash = url_mum(set_draft.ins ^ b->key.a, set_draft.exs ^ b->key.b);
	size_t at, s;

	*same = 0;
	if (set_draft.ins + set_draft.exs == 0)
		return 0;
	qsort(set_draft.in, set_draft.ins, sizeof(uint64_t), match_draft_order);
	qsort(set_draft.ex, set_draft.exs, sizeof(uint64_t), match_draft_order);
	for (size_t i = 0; i < set_draft.ins; i++)
		hash = url_mum(hash ^ set_draft.in[i], b->key.b);
	for (size_t i = 0; i < set_draft.exs; i++)
		hash = url_mum(hash ^ set_draft.ex[i], b->key.d);
	*same = hash;
	for (s = (size_t)hash & b->memo_mask; b->memo[s].index; s = (s + 1) & b->memo_mask)
		if (b->memo[s].hash == hash)
			return b->memo[s].index;
	b->head.any_tld |= head.any_tld;
	at = match_draft_put(b, &b->sets, &head, sizeof(head));
	match_draft_put(b, &b->sets, set_draft.in, set_draft.ins * sizeof(uint64_t));
	match_draft_put(b, &b->sets, set_draft.ex, set_draft.exs * sizeof(uint64_t));
	b->memo[s] = (struct match_set_memo){ hash, 1 + (uint32_t)(at / sizeof(uint64_t)) };
	at = b->memo[s].index;
	if (++b->memo_used > b->memo_mask / 2)
		memo_grow(b);
	return (uint32_t)at;
}

bool match_draft_sets(struct match_builder *b, const struct filter *f, struct match_record *r, uint64_t hash[2])
{
	set_draft.ins = set_draft.exs = 0;
	set_draft.any_tld = set_draft.full = false;
	set_collect(b, f->from, false);
	r->from = set_put(b, &hash[0]);
	set_draft.ins = set_draft.exs = 0;
	set_draft.any_tld = false;
	set_collect(b, f->to, false);
	set_collect(b, f->denyallow, true);
	r->to = set_put(b, &hash[1]);
	return !set_draft.full;
}
