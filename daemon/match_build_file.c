/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match_build_file - each record is filed under the key that the fewest requests and filters share (match_keys); tables of keys */
#include <stdlib.h>

#include "match_draft.h"
#include "match_keys.h"

enum { FILE_SLOT_SPARE = 2 };	/* slots for each key */

struct posting {	/* record under key */
	uint32_t key, draft;
};

static struct match_filed filed_of(const struct match_builder *b, const struct match_record *r)
{
	const char *text = (const char *)b->text.p;
	struct match_filed f = { .record = r };

	if (r->flags & MATCH_REGEX) {
		const struct match_regex *x = (const struct match_regex *)(const void *)b->regexes.p + r->pattern;

		f.pattern = (struct span){ text + x->pattern, x->pattern_len };
	} else {
		f.pattern = (struct span){ text + r->pattern, r->pattern_len };
	}
	if (r->host_len)
		f.host_fp = match_draft_name(b, (struct span){ text + r->pattern, r->host_len });
	if (r->from) {
		const uint64_t *at = (const uint64_t *)(const void *)b->sets.p + r->from - 1;
		struct match_set set;

		memcpy(&set, at, sizeof(set));
		f.source = at + 1;
		f.sources = set.included;
	}
	return f;
}

static int posting_order(const void *x, const void *y)
{
	const struct posting *a = x, *b = y;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return (a->draft > b->draft) - (a->draft < b->draft);
}

static void put_record(struct match_builder *b, const struct match_draft *d)
{
	match_draft_put(b, &b->records, &d->record, sizeof(d->record));
	match_draft_put(b, &b->probes, &d->probe, sizeof(d->probe));
}

static uint64_t pages_of(const struct match_filed *f)
{
	uint64_t bits = f->sources ? 0 : 1;

	for (size_t i = 0; i < f->sources; i++)
		bits |= match_page_bit(f->source[i]);
	return bits;
}

static bool write_slots(struct match_builder *b, unsigned g, const struct posting *posting, size_t postings)
{
	const struct match_draft *draft = (const void *)b->draft.p;
	struct match_group_head *h = &b->head.group[g];
	size_t keys = 0, slots, bits;
	struct match_slot *slot;
	uint64_t *bitmap;

	for (size_t i = 0; i < postings; i++)
		keys += i == 0 || posting[i].key != posting[i - 1].key;
	for (h->slots_log2 = 1; (slots = (size_t)1 << h->slots_log2) < keys * FILE_SLOT_SPARE; )
		h->slots_log2++;
	for (h->bits_log2 = 9; (bits = (size_t)1 << h->bits_log2) < keys * 16 && h->bits_log2 < 24; )
		h->bits_log2++;
	slot = calloc(slots, sizeof(*slot));
	bitmap = calloc(bits / 64, sizeof(*bitmap));
	b->slots[g] = (struct image_buf){ (uint8_t *)slot, slots * sizeof(*slot), 0, false };
	b->bitmap[g] = (struct image_buf){ (uint8_t *)bitmap, bits / 8, 0, false };
	if (!slot || !bitmap)
		return false;
	for (size_t i = 0, n; i < postings; i += n) {
		uint32_t key = posting[i].key, bit = match_bit(key, h->bits_log2);
		uint32_t s = match_slot_of(key, h->slots_log2);

		for (n = 0; i + n < postings && posting[i + n].key == key; n++)
			;
		while (slot[s].range.count)
			s = (s + 1) & (uint32_t)(slots - 1);
		slot[s] = (struct match_slot){ key, { (uint32_t)(b->records.len / sizeof(struct match_record)), (uint32_t)n } };
		for (size_t j = i; j < i + n; j++)
			put_record(b, &draft[posting[j].draft]);
		bitmap[bit / 64] |= (uint64_t)1 << bit % 64;
	}
	return !b->failed;
}

/* where no good key files it: let the probe ask for three bytes that the URL must have */
static void put_needle(struct match_builder *b, unsigned g, const struct match_filed *f, uint16_t need[2])
{
	char needle[MATCH_NEEDLE];
	unsigned class = b->head.group[g].needles % MATCH_NEEDLES;

	if (need[1] || !match_keys_needle(f, needle))
		return;
	for (int i = 0; i < MATCH_NEEDLE; i++) {
		b->needles.low[i][needle[i] & 15] |= (uint8_t)(1u << class);
		b->needles.high[i][needle[i] >> 4 & 15] |= (uint8_t)(1u << class);
	}
	b->head.group[g].needles++;
	need[need[0] ? 1 : 0] = (uint16_t)(URL_SET_BITS + class);
}

static bool write_group(struct match_builder *b, unsigned g, struct match_counts *counts)
{
	struct match_draft *draft = (void *)b->draft.p;
	size_t drafts = b->draft.len / sizeof(*draft);
	struct match_group_head *h = &b->head.group[g];
	struct image_buf postings = { 0 };
	uint32_t keys[MATCH_KEYS_MAX];
	bool ok;

	h->unfiled.first = (uint32_t)(b->records.len / sizeof(struct match_record));
	for (size_t i = 0; i < drafts; i++) {
		struct match_filed f;
		bool by_source = false, common_key;
		size_t n;

		if (draft[i].group != g)
			continue;
		h->filters++;
		f = filed_of(b, &draft[i].record);
		n = match_keys_choose(&b->key, counts, &f, keys, &by_source, draft[i].probe.need,
				      &common_key);
		if (common_key && !by_source)
			put_needle(b, g, &f, draft[i].probe.need);
		draft[i].probe.pages = pages_of(&f);
		if (by_source)
			h->by_source = 1;
		for (size_t k = 0; k < n; k++) {
			struct posting p = { keys[k], (uint32_t)i };

			match_draft_put(b, &postings, &p, sizeof(p));
		}
		if (n == 0) {
			put_record(b, &draft[i]);
			h->unfiled.count++;
		}
	}
	b->head.filters += h->filters;
	if (h->filters == 0)
		return true;
	if (postings.p)
		qsort(postings.p, postings.len / sizeof(struct posting), sizeof(struct posting), posting_order);
	ok = !b->failed && write_slots(b, g, (const void *)postings.p, postings.len / sizeof(struct posting));
	image_buf_fini(&postings);
	return ok;
}

bool match_draft_file(struct match_builder *b)
{
	const struct match_draft *draft = (const void *)b->draft.p;
	size_t drafts = b->draft.len / sizeof(*draft);
	struct match_counts *counts = match_keys_new();
	bool ok = counts;

	for (size_t i = 0; ok && i < drafts; i++) {
		struct match_filed f = filed_of(b, &draft[i].record);

		match_keys_count(&b->key, counts, &f);
	}
	for (unsigned g = 0; ok && g < MATCH_GROUPS; g++)
		ok = write_group(b, g, counts);
	match_keys_free(counts);
	return ok;
}
