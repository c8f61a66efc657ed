/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match_build - filters to sections
 *
 * Adding makes records; finishing drops twins, then files each record under the key that the fewest requests and
 * filters share (match_keys), and writes the tables.
 */
#include "match_build.h"

#include <stdlib.h>

#include "match_hash.h"
#include "match_keys.h"
#include "names_table.h"

enum { BUILD_HOST_FILL_PERCENT = 75, BUILD_SLOT_SPARE = 2 };

struct plain {		/* a whole host, blocked without condition */
	uint64_t fp;
	uint32_t where;
};

struct draft {		/* any other filter */
	struct match_record record;
	uint64_t identity;
	uint8_t group;
};

struct posting {	/* record under key */
	uint32_t key, draft;
};

struct match_builder {
	struct url_key key;
	uint64_t seed;
	bool failed;
	struct image_buf plain, draft, text, sets, regexes, excepted;
	struct image_buf bad;		/* identities that badfilters name */
	struct set_memo { uint64_t hash; uint32_t index; } *memo;	/* sets seen: equal ones are kept once */
	size_t memo_mask, memo_used;
	/* made by finish */
	struct match_head head;
	struct image_buf buckets, bloom, records, bitmap[MATCH_GROUPS], slots[MATCH_GROUPS];
};

struct match_builder *match_build_new(uint64_t seed)
{
	struct match_builder *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->seed = seed;
	b->key = url_key_of(seed);
	b->memo_mask = 4095;
	b->memo = calloc(b->memo_mask + 1, sizeof(*b->memo));
	if (!b->memo) {
		free(b);
		return NULL;
	}
	return b;
}

void match_build_free(struct match_builder *b)
{
	struct image_buf *all[] = { &b->plain, &b->draft, &b->text, &b->sets, &b->regexes, &b->excepted, &b->bad,
				    &b->buckets, &b->bloom, &b->records };

	if (!b)
		return;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		image_buf_fini(all[i]);
	for (size_t i = 0; i < MATCH_GROUPS; i++) {
		image_buf_fini(&b->bitmap[i]);
		image_buf_fini(&b->slots[i]);
	}
	free(b->memo);
	free(b);
}

static size_t put(struct match_builder *b, struct image_buf *buf, const void *p, size_t len)
{
	size_t at = image_put(buf, p, len);

	if (at > UINT32_MAX - len) {
		b->failed = true;
		return 0;
	}
	return at;
}

/* --- fingerprints --------------------------------------------------------- */

/* the fingerprint of a normalised name */
static uint64_t name_fp(const struct match_builder *b, struct span name)
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

static uint64_t mix_span(const struct match_builder *b, uint64_t h, struct span s)
{
	char buf[256 + URL_TOKENS_PAD];

	h = url_mum(h ^ s.len, b->key.d);
	while (s.len) {
		size_t n = s.len < 256 ? s.len : 256;

		memcpy(buf, s.p, n);
		memset(buf + n, 0, 8);
		h = url_mum(h ^ url_hash(&b->key, buf, n), b->key.b);
		s = span_skip(s, n);
	}
	return h;
}

/* --- sets of hosts -------------------------------------------------------- */

static int fp_order(const void *a, const void *b)
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
		uint64_t fp = name_fp(b, d.name);
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
	struct set_memo *memo = calloc(mask + 1, sizeof(*memo));

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

/* write set_draft; 1 + its index, 0: it is empty */
static uint32_t set_put(struct match_builder *b)
{
	struct match_set head = { (uint16_t)set_draft.ins, (uint16_t)set_draft.exs, set_draft.any_tld, 0 };
	uint64_t hash = url_mum(set_draft.ins ^ b->key.a, set_draft.exs ^ b->key.b);
	size_t at, s;

	if (set_draft.ins + set_draft.exs == 0)
		return 0;
	qsort(set_draft.in, set_draft.ins, sizeof(uint64_t), fp_order);
	qsort(set_draft.ex, set_draft.exs, sizeof(uint64_t), fp_order);
	for (size_t i = 0; i < set_draft.ins; i++)
		hash = url_mum(hash ^ set_draft.in[i], b->key.b);
	for (size_t i = 0; i < set_draft.exs; i++)
		hash = url_mum(hash ^ set_draft.ex[i], b->key.d);
	for (s = (size_t)hash & b->memo_mask; b->memo[s].index; s = (s + 1) & b->memo_mask)
		if (b->memo[s].hash == hash)
			return b->memo[s].index;
	at = put(b, &b->sets, &head, sizeof(head));
	put(b, &b->sets, set_draft.in, set_draft.ins * sizeof(uint64_t));
	put(b, &b->sets, set_draft.ex, set_draft.exs * sizeof(uint64_t));
	b->memo[s] = (struct set_memo){ hash, 1 + (uint32_t)(at / sizeof(uint64_t)) };
	at = b->memo[s].index;
	if (++b->memo_used > b->memo_mask / 2)
		memo_grow(b);
	return (uint32_t)at;
}

static bool put_sets(struct match_builder *b, const struct filter *f, struct match_record *r)
{
	set_draft.ins = set_draft.exs = 0;
	set_draft.any_tld = set_draft.full = false;
	set_collect(b, f->from, false);
	r->from = set_put(b);
	set_draft.ins = set_draft.exs = 0;
	set_draft.any_tld = false;
	set_collect(b, f->to, false);
	set_collect(b, f->denyallow, true);
	r->to = set_put(b);
	return !set_draft.full;
}

/* --- adding --------------------------------------------------------------- */

static int group_of(const struct filter *f)
{
	switch (f->action) {
	case FILTER_BLOCK:
		return f->exception ? MATCH_EXCEPTIONS : MATCH_BLOCKS;
	case FILTER_REDIRECT:	/* its exception lifts the stand-in, not the block */
		return f->exception ? MATCH_REDIRECT_EXCEPTIONS : MATCH_BLOCKS;
	case FILTER_REDIRECT_RULE:
		return f->exception ? MATCH_REDIRECT_EXCEPTIONS : MATCH_REDIRECTS;
	case FILTER_REMOVEPARAM:
		return f->exception ? MATCH_PARAM_EXCEPTIONS : MATCH_PARAMS;
	case FILTER_COOKIE:
		return f->exception ? MATCH_COOKIE_EXCEPTIONS : MATCH_COOKIES;
	}
	return -1;
}

/* a whole host, blocked for everyone without condition */
static bool is_plain(const struct filter *f)
{
	return f->host_only && !f->exception && f->action == FILTER_BLOCK && !f->types_named && !f->party && !f->important &&
	       !f->badfilter && f->methods == FILTER_METHODS_ALL && !f->from.len && !f->to.len && !f->denyallow.len;
}

/* the part of the pattern after "||" that is a host, when what follows it ends the host; 0: none such */
static size_t host_part(struct span pattern)
{
	size_t i = 0;

	while (i < pattern.len && (url_is_token(char_lower(pattern.p[i])) || (i && strchr("-_.", pattern.p[i]))))
		i++;
	if (i == 0 && pattern.len && pattern.p[0] == '[') {	/* an IPv6 address */
		while (i < pattern.len && pattern.p[i] != ']')
			i += !strchr("*^/", pattern.p[i]) ? 1 : pattern.len;
		i++;
	}
	return i && i < pattern.len && i <= HOST_MAX && pattern.p[i - 1] != '.' &&
	       (pattern.p[i] == '/' || pattern.p[i] == '^') ? i : 0;
}

static void put_regex(struct match_builder *b, const struct filter *f, struct match_record *r)
{
	char literal[MATCH_LITERAL_MAX];
	struct match_regex x = { .match_case = f->match_case, .pattern_len = (uint32_t)f->pattern.len };

	x.literal_len = (uint32_t)match_keys_literal(f->pattern, literal);
	x.pattern = (uint32_t)put(b, &b->text, f->pattern.p, f->pattern.len);
	x.literal = (uint32_t)put(b, &b->text, literal, x.literal_len);
	put(b, &b->text, "\n", 1);
	r->pattern = (uint32_t)(put(b, &b->regexes, &x, sizeof(x)) / sizeof(x));
	r->flags |= MATCH_REGEX;
}

/* the pattern as it is compared: within the filter's text where it reads the same there */
static void put_pattern(struct match_builder *b, const struct filter *f, struct span line, struct match_record *r)
{
	bool same = f->pattern.p >= line.p && f->pattern.p + f->pattern.len <= line.p + line.len;
	bool literal = true;

	if (f->regex) {
		put_regex(b, f, r);
		return;
	}
	for (size_t i = 0; i < f->pattern.len; i++) {
		same = same && ((f->match_case && !f->host_only) || f->pattern.p[i] == char_lower(f->pattern.p[i]));
		literal = literal && f->pattern.p[i] != '*' && f->pattern.p[i] != '^';
	}
	r->pattern_len = (uint16_t)f->pattern.len;
	if (literal)
		r->flags |= MATCH_LITERAL;
	if (f->host_only)
		r->host_len = (uint8_t)f->pattern.len;
	else if (f->anchors & FILTER_ANCHOR_HOST && !f->match_case)
		r->host_len = (uint8_t)host_part(f->pattern);
	if (same) {
		r->pattern = r->text + (uint32_t)(f->pattern.p - line.p);
		return;
	}
	r->pattern = (uint32_t)put(b, &b->text, f->pattern.p, f->pattern.len);
	if (!b->failed && (!f->match_case || f->host_only))
		for (size_t i = 0; i < f->pattern.len; i++) {
			char *c = (char *)&b->text.p[r->pattern + i];

			*c = char_lower(*c);
		}
	put(b, &b->text, "\n", 1);
}

/* what two filters have in common when one is the other's duplicate */
static uint64_t identity_of(const struct match_builder *b, const struct filter *f, const struct match_record *r)
{
	uint64_t h = url_mum(b->key.a ^ (uint64_t)r->flags ^ (uint64_t)r->types << 16 ^ (uint64_t)r->methods << 32 ^
			     (uint64_t)group_of(f) << 48 ^ (uint64_t)f->action << 52 ^ (uint64_t)f->types_named << 56,
			     b->key.b);
	char low[256];

	h = url_mum(h ^ r->from, b->key.d);
	h = url_mum(h ^ (uint64_t)r->to << 32 ^ r->resource, b->key.d);
	for (struct span s = f->pattern; s.len; s = span_skip(s, sizeof(low))) {
		size_t n = s.len < sizeof(low) ? s.len : sizeof(low);

		for (size_t i = 0; i < n; i++)
			low[i] = f->match_case || f->regex ? s.p[i] : char_lower(s.p[i]);
		h = mix_span(b, h, (struct span){ low, n });
	}
	if (f->action == FILTER_REDIRECT || f->action == FILTER_REDIRECT_RULE)
		h = mix_span(b, url_mum(h ^ (uint32_t)f->redirect_priority, b->key.d), f->resource_name);
	h = mix_span(b, h, f->name);
	if (f->name.len || f->max_age != -1)
		h = url_mum(h ^ (uint64_t)f->max_age ^ (uint64_t)f->name_regex << 62 ^ (uint64_t)f->name_nocase << 61 ^
			    (uint64_t)f->name_negated << 60, b->key.d);
	if (f->action == FILTER_COOKIE)
		h = mix_span(b, h, f->same_site);
	return h;
}

static uint16_t flags_of(const struct filter *f)
{
	return (uint16_t)((f->anchors & FILTER_ANCHOR_START ? MATCH_START : 0) |
			  (f->anchors & FILTER_ANCHOR_HOST ? MATCH_HOST : 0) |
			  (f->anchors & FILTER_ANCHOR_END ? MATCH_END : 0) |
			  (f->host_only ? MATCH_HOST_ONLY : 0) | (f->match_case ? MATCH_CASE : 0) |
			  (f->important ? MATCH_IMPORTANT : 0) |
			  (f->party & FILTER_FIRST_PARTY ? MATCH_FIRST_PARTY : 0) |
			  (f->party & FILTER_THIRD_PARTY ? MATCH_THIRD_PARTY : 0) |
			  (f->party & FILTER_STRICT_FIRST ? MATCH_STRICT_FIRST : 0) |
			  (f->party & FILTER_STRICT_THIRD ? MATCH_STRICT_THIRD : 0));
}

/* hosts that an exception names: what they block is not refused before the whole request is known */
static void put_excepted(struct match_builder *b, const struct filter *f, const struct match_record *r)
{
	struct filter_domains it = { .rest = f->to };
	struct filter_domain d;
	uint64_t fp;

	if (r->host_len) {
		fp = name_fp(b, (struct span){ (const char *)b->text.p + r->pattern, r->host_len });
		put(b, &b->excepted, &fp, sizeof(fp));
	}
	while (f->to.len && filter_domain_next(&it, &d)) {
		fp = name_fp(b, d.name);
		put(b, &b->excepted, &fp, sizeof(fp));
	}
}

bool match_build_add(struct match_builder *b, const struct filter *f, struct span line, unsigned list, uint32_t number)
{
	struct draft d = { .record = { .where = names_where(list, number) } };
	struct match_record *r = &d.record;
	int group = group_of(f);

	if (b->failed)
		return false;
	if (is_plain(f)) {
		struct plain p = { name_fp(b, f->pattern), r->where };

		put(b, &b->plain, &p, sizeof(p));
		return !b->failed;
	}
	if (group < 0 || f->pattern.len > UINT16_MAX || line.len > UINT16_MAX)
		return true;
	d.group = (uint8_t)group;
	r->types = (uint16_t)(f->types | (f->document_host ? FILTER_TYPE_DOCUMENT : 0));
	r->flags = flags_of(f);
	r->methods = (uint16_t)f->methods;
	r->resource = (uint8_t)f->resource;
	if (!put_sets(b, f, r))
		return true;
	d.identity = identity_of(b, f, r);
	if (f->badfilter) {
		uint64_t both[2] = { d.identity, 0 };

		if (f->host_only)		/* its twin may be among the plain ones */
			both[1] = name_fp(b, f->pattern);
		if (f->exception || f->action != FILTER_BLOCK || f->types_named || f->party || f->important || r->from ||
		    r->to || f->methods != FILTER_METHODS_ALL)
			both[1] = 0;
		put(b, &b->bad, both, sizeof(both));
		return !b->failed;
	}
	r->text = (uint32_t)put(b, &b->text, line.p, line.len);
	put(b, &b->text, "\n", 1);
	put_pattern(b, f, line, r);
	if (group == MATCH_EXCEPTIONS && !b->failed)
		put_excepted(b, f, r);
	put(b, &b->draft, &d, sizeof(d));
	return !b->failed;
}

/* --- finishing: twins ----------------------------------------------------- */

/* a set of 64-bit values */
struct fp_set {
	uint64_t *v;
	size_t mask;
};

static bool fp_set_init(struct fp_set *s, size_t count)
{
	s->mask = 15;
	while (s->mask < count * 2)
		s->mask = s->mask * 2 + 1;
	s->v = calloc(s->mask + 1, sizeof(*s->v));
	return s->v;
}

/* false: it was there already.  @add: else it is now */
static bool fp_set_new(struct fp_set *s, uint64_t fp, bool add)
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
static bool drop_twins(struct match_builder *b, uint32_t folded[MATCH_LISTS])
{
	const uint64_t *bad = (const void *)b->bad.p;
	struct draft *draft = (void *)b->draft.p;
	size_t bads = b->bad.len / sizeof(*bad), drafts = b->draft.len / sizeof(*draft), kept = 0;
	struct fp_set off, seen;

	if (!fp_set_init(&off, bads))
		return false;
	if (!fp_set_init(&seen, drafts)) {
		free(off.v);
		return false;
	}
	for (size_t i = 0; i < bads; i += 2)
		fp_set_new(&off, bad[i], true);
	for (size_t i = 0; i < drafts; i++) {
		if (fp_set_new(&off, draft[i].identity, false) && fp_set_new(&seen, draft[i].identity, true))
			draft[kept++] = draft[i];
		else if (folded)
			folded[draft[i].record.where >> 24]++;
	}
	b->draft.len = kept * sizeof(*draft);
	free(off.v);
	free(seen.v);
	return true;
}

/* --- finishing: whole hosts ----------------------------------------------- */

static bool bucket_put(struct match_bucket *bucket, size_t buckets, const struct plain *p)
{
	size_t i = match_bucket_of(p->fp, buckets);

	for (;; i = i + 1 < buckets ? i + 1 : 0) {
		for (int e = 0; e < MATCH_BUCKET; e++) {
			if (bucket[i].fp[e] == p->fp)
				return false;
			if (bucket[i].fp[e] == 0) {
				bucket[i].fp[e] = p->fp;
				bucket[i].where[e] = p->where;
				return true;
			}
		}
		bucket[i].spill = 1;
	}
}

static bool write_hosts(struct match_builder *b, uint32_t folded[MATCH_LISTS])
{
	const struct plain *plain = (const void *)b->plain.p;
	const uint64_t *bad = (const void *)b->bad.p;
	size_t count = b->plain.len / sizeof(*plain), words = 8;
	size_t buckets = count * 100 / (BUILD_HOST_FILL_PERCENT * MATCH_BUCKET) + 2;
	struct match_bucket *bucket = calloc(buckets, sizeof(*bucket));
	struct fp_set off;
	uint64_t *bloom;

	while (words * 4 < count)
		words *= 2;
	bloom = calloc(words, sizeof(*bloom));
	if (!bucket || !bloom || !fp_set_init(&off, b->bad.len / sizeof(*bad))) {
		free(bucket);
		free(bloom);
		return false;
	}
	for (size_t i = 1; i < b->bad.len / sizeof(*bad); i += 2)
		if (bad[i])
			fp_set_new(&off, bad[i], true);
	for (size_t i = 0; i < count; i++) {
		if (!fp_set_new(&off, plain[i].fp, false) || !bucket_put(bucket, buckets, &plain[i])) {
			if (folded)
				folded[plain[i].where >> 24]++;
			continue;
		}
		bloom[match_bloom_word(plain[i].fp, words)] |= match_bloom_bits(plain[i].fp);
		b->head.hosts++;
	}
	free(off.v);
	b->buckets = (struct image_buf){ (uint8_t *)bucket, buckets * sizeof(*bucket), buckets * sizeof(*bucket), false };
	b->bloom = (struct image_buf){ (uint8_t *)bloom, words * sizeof(*bloom), words * sizeof(*bloom), false };
	image_buf_fini(&b->plain);
	b->head.filters += b->head.hosts;
	return true;
}

/* --- finishing: keyed records --------------------------------------------- */

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
		f.host_fp = name_fp(b, (struct span){ text + r->pattern, r->host_len });
	if (r->from) {
		const uint64_t *at = (const uint64_t *)(const void *)b->sets.p + r->from - 1;
		struct match_set set;

		memcpy(&set, at, sizeof(set));
		f.source = at + 1;
		f.sources = set.any_tld ? 0 : set.included;
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

static void put_record(struct match_builder *b, const struct draft *d)
{
	put(b, &b->records, &d->record, sizeof(d->record));
}

static bool write_slots(struct match_builder *b, unsigned g, const struct posting *posting, size_t postings)
{
	const struct draft *draft = (const void *)b->draft.p;
	struct match_group_head *h = &b->head.group[g];
	size_t keys = 0, slots, bits;
	struct match_slot *slot;
	uint64_t *bitmap;

	for (size_t i = 0; i < postings; i++)
		keys += i == 0 || posting[i].key != posting[i - 1].key;
	for (h->slots_log2 = 1; (slots = (size_t)1 << h->slots_log2) < keys * BUILD_SLOT_SPARE; )
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

static bool write_group(struct match_builder *b, unsigned g, struct match_counts *counts)
{
	struct draft *draft = (void *)b->draft.p;
	size_t drafts = b->draft.len / sizeof(*draft);
	struct match_group_head *h = &b->head.group[g];
	struct image_buf postings = { 0 };
	uint32_t keys[MATCH_KEYS_MAX];
	bool ok;

	h->unfiled.first = (uint32_t)(b->records.len / sizeof(struct match_record));
	for (size_t i = 0; i < drafts; i++) {
		struct match_filed f;
		bool by_source = false;
		size_t n;

		if (draft[i].group != g)
			continue;
		h->filters++;
		f = filed_of(b, &draft[i].record);
		n = match_keys_choose(&b->key, counts, &f, keys, &by_source, &draft[i].record.need);
		if (by_source)
			h->by_source = 1;
		for (size_t k = 0; k < n; k++) {
			struct posting p = { keys[k], (uint32_t)i };

			put(b, &postings, &p, sizeof(p));
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

static bool write_groups(struct match_builder *b)
{
	const struct draft *draft = (const void *)b->draft.p;
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

static void sort_excepted(struct match_builder *b)
{
	uint64_t *v = (void *)b->excepted.p;
	size_t n = b->excepted.len / sizeof(*v), kept = 0;

	if (!n)
		return;
	qsort(v, n, sizeof(*v), fp_order);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || v[i] != v[i - 1])
			v[kept++] = v[i];
	b->excepted.len = kept * sizeof(*v);
}

size_t match_build_finish(struct match_builder *b, uint32_t instance, struct image_part part[MATCH_PARTS],
			  uint32_t folded[MATCH_LISTS])
{
	size_t n = 0;

	put(b, &b->text, "\n", 1);
	b->head.seed = b->seed;
	if (b->failed || !drop_twins(b, folded) || !write_hosts(b, folded) || !write_groups(b) || b->failed)
		return 0;
	sort_excepted(b);
	image_buf_fini(&b->draft);
#define PART(section, buf) (part[n++] = (struct image_part){ (section), instance, (buf)->p, (buf)->len })
	part[n++] = (struct image_part){ SECTION_MATCH_HEAD, instance, &b->head, sizeof(b->head) };
	PART(SECTION_MATCH_BLOOM, &b->bloom);
	PART(SECTION_MATCH_HOSTS, &b->buckets);
	PART(SECTION_MATCH_RECORDS, &b->records);
	PART(SECTION_MATCH_SETS, &b->sets);
	PART(SECTION_MATCH_REGEXES, &b->regexes);
	PART(SECTION_MATCH_TEXT, &b->text);
	PART(SECTION_MATCH_EXCEPTED, &b->excepted);
	for (uint32_t g = 0; g < MATCH_GROUPS; g++) {
		if (!b->bitmap[g].len)
			continue;
		PART(SECTION_MATCH_BITMAP + g, &b->bitmap[g]);
		PART(SECTION_MATCH_SLOTS + g, &b->slots[g]);
	}
#undef PART
	return n;
}
