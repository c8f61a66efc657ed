/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match - a request to a verdict
 *
 * The URL is lowered and its tokens hashed in one pass (url_tokens).  The host and its parents are looked up among the
 * whole hosts; then the keys of host, page and tokens go through the bitmap of a group, and the records of those
 * that are left are checked.  Blocks first; exceptions only for what is blocked.
 */
#include "match.h"

#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "limits.h"
#include "match_mapped.h"
#include "match_pattern.h"

struct query {
	struct match *m;
	const struct match_question *q;
	struct span url;		/* lower case, with scheme; padded */
	size_t host_at, host_end;	/* in url, without user, port and final dot */
	struct match_names host;
	const struct match_page *page;
	bool cut;			/* the URL goes on, where nobody looks */
	bool original_ready, needles_ready;
	bool third_known, third;
	const uint32_t *key;		/* in m->keys: of the host, then of the tokens */
	size_t keys;
};

static const char bare_scheme[] = "http://";
enum { BARE = sizeof(bare_scheme) - 1 };

/* --- taking the question apart -------------------------------------------- */

/* where the host begins; url.len: there is none */
static size_t authority_at(struct span url)
{
	size_t i = 0;

	while (i < url.len && (url_is_token(url.p[i]) || (i && strchr("+-.", url.p[i]))))
		i++;
	return i && i + 3 <= url.len && memcmp(url.p + i, "://", 3) == 0 ? i + 3 : url.len;
}

static void find_host(struct query *c)
{
	const char *p = c->url.p;
	size_t at = c->q->bare ? BARE : authority_at(c->url), end, colon = 0;

	for (end = at; end < c->url.len && p[end] != '/' && p[end] != '?' && p[end] != '#'; end++) {
		if (p[end] == '@') {
			at = end + 1;
			colon = 0;
		} else if (p[end] == ':') {
			colon = end;
		} else if (p[end] == ']') {
			colon = 0;
		}
	}
	if (colon && (p[at] != '[' || p[colon - 1] == ']'))
		end = colon;
	if (end > at && p[end - 1] == '.')
		end--;
	c->host_at = at;
	c->host_end = end;
	match_names_of(&c->m->key, (struct span){ p + at, end - at }, &c->host);
}

static void begin(struct query *c, struct match *m, const struct match_question *q)
{
	size_t len = q->url.len, before = q->bare ? BARE : 0;
	uint32_t *tokens = m->keys + MATCH_LABELS;	/* there is room for the host before them */

	c->m = m;
	c->q = q;
	c->cut = len > LIMIT_MATCH_URL_BYTES;
	c->original_ready = c->needles_ready = c->third_known = false;
	c->page = match_page_of(m, q->source);
	if (len > LIMIT_MATCH_URL_BYTES)
		len = LIMIT_MATCH_URL_BYTES;
	if (before) {
		memcpy(m->lower, bare_scheme, BARE);
		memcpy(m->lower + before, q->url.p, len);
	}
	c->url = (struct span){ m->lower, before + len };
	c->keys = url_tokens(&m->key, before ? m->lower : q->url.p, m->lower, c->url.len, tokens, &m->tokens);
	url_set_add(&m->tokens, 0);
	find_host(c);
	for (unsigned i = 0; i < c->host.count; i++)
		tokens[-1 - (int)i] = match_key_host(c->host.fp[i]);
	c->key = tokens - c->host.count;
	c->keys += c->host.count;
}

static bool third_party(struct query *c)
{
	unsigned a, b;

	if (c->third_known)
		return c->third;
	c->third_known = true;
	if (c->q->type == FILTER_TYPE_DOCUMENT)
		return c->third = false;
	if (!c->page->names.count)
		return c->third = c->q->unknown_is_third;
	if (!c->host.count)
		return c->third = true;
	a = match_domain_labels(c->m, &c->host, NULL);
	b = match_domain_labels(c->m, &c->page->names, NULL);
	return c->third = c->host.fp[a - 1] != c->page->names.fp[b - 1];
}

/* --- one record ----------------------------------------------------------- */

static struct span original(struct query *c)
{
	size_t before = c->q->bare ? BARE : 0;

	if (!c->original_ready) {
		memcpy(c->m->original, bare_scheme, BARE);
		memcpy(c->m->original + before, c->q->url.p, c->url.len - before);
	}
	c->original_ready = true;
	return (struct span){ c->m->original, c->url.len };
}

static bool parties_hold(struct query *c, unsigned flags)
{
	bool same;

	if ((flags & MATCH_THIRD_PARTY && !third_party(c)) || (flags & MATCH_FIRST_PARTY && third_party(c)))
		return false;
	if (!(flags & (MATCH_STRICT_FIRST | MATCH_STRICT_THIRD)))
		return true;
	same = c->q->type == FILTER_TYPE_DOCUMENT ||
	       (c->page->names.count ? span_eq(c->host.host, c->page->names.host) : !c->q->unknown_is_third);
	return !(flags & MATCH_STRICT_THIRD && same) && !(flags & MATCH_STRICT_FIRST && !same);
}

#if defined(__x86_64__)
static bool has_avx2(void)
{
	static int has = -1;

	if (has < 0)
		has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
	return has;
}

/* candidates: places where the first and the last byte of @p are; 32 at a time */
__attribute__((target("avx2,bmi"))) static const char *find_avx2(struct span text, struct span p)
{
	const __m256i first = _mm256_set1_epi8(p.p[0]), last = _mm256_set1_epi8(p.p[p.len - 1]);

	for (size_t i = 0; i + p.len <= text.len; i += 32) {
		__m256i a = _mm256_loadu_si256((const __m256i *)(const void *)(text.p + i));
		__m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(text.p + i + p.len - 1));
		unsigned mask = (unsigned)_mm256_movemask_epi8(_mm256_and_si256(_mm256_cmpeq_epi8(a, first),
										_mm256_cmpeq_epi8(b, last)));

		for (; mask; mask &= mask - 1) {
			size_t at = i + (unsigned)__builtin_ctz(mask);

			if (at + p.len <= text.len && memcmp(text.p + at, p.p, p.len) == 0)
				return text.p + at;
		}
	}
	return NULL;
}
#endif

/* find - where @p (not empty) first is in @text, behind which URL_TOKENS_PAD bytes may be read; NULL: nowhere */
static const char *find(struct span text, struct span p)
{
#if defined(__x86_64__)
	if (has_avx2())
		return find_avx2(text, p);
#endif
	return memmem(text.p, text.len, p.p, p.len);
}

/* anywhere - is the pattern, which may have "*" and "^", somewhere in the text?  What is before the first "*" is best
 * found as far left as possible. */
static bool anywhere(struct span p, struct span text, bool ends)
{
	struct span head = span_until(p, '*'), run = span_until(head, '^');
	bool star = head.len < p.len;

	if (run.len == 0)
		return match_pattern(p, text, false, ends);
	for (const char *s; (s = find(text, run)); ) {
		text = span_skip(text, (size_t)(s - text.p));
		if (match_pattern(head, text, true, ends && !star))
			return !star || match_pattern(p, text, true, ends);
		text = span_skip(text, 1);
	}
	return false;
}

static bool regex_holds(struct query *c, uint32_t index)
{
	const struct match_regex *x = &c->m->regex[index];
	struct regex **r = &c->m->compiled[index];
	const char *text = c->m->text.p;

	if (x->literal_len && !find(c->url, (struct span){ text + x->literal, x->literal_len }))
		return false;
	if (!*r)
		*r = regex_new((struct span){ text + x->pattern, x->pattern_len }, !x->match_case, NULL, 0, NULL);
	return *r && regex_match(*r, c->m->scratch, x->match_case ? original(c) : c->url);
}

/* does the host end with the name, at a label? */
static bool host_below(const struct query *c, const char *name, size_t len)
{
	size_t host = c->host.host.len;

	if (len > host || memcmp(c->host.host.p + host - len, name, len) != 0)
		return false;
	return len == host || (!c->host.address && c->host.host.p[host - len - 1] == '.');
}

/* of a filter that is no expression */
static bool pattern_holds(struct query *c, const struct match_record *r)
{
	struct span p = { c->m->text.p + r->pattern, r->pattern_len }, text = c->url;
	bool ends = r->flags & MATCH_END;

	if (p.len == 0)
		return true;
	if (ends && c->cut)
		return false;
	if (r->host_len) {
		if (!host_below(c, p.p, r->host_len))
			return false;
		return r->flags & MATCH_HOST_ONLY || match_pattern(span_skip(p, r->host_len), span_skip(text, c->host_end),
								   true, ends);
	}
	if (r->flags & MATCH_CASE)
		text = original(c);
	if (r->flags & MATCH_HOST) {
		for (size_t i = c->host_at; i < c->host_end; i++)
			if ((i == c->host_at || (c->url.p[i - 1] == '.' && !c->host.address)) && match_pattern(p, span_skip(text, i), true, ends))
				return true;
		return false;
	}
	if (r->flags & MATCH_START)
		return match_pattern(p, text, true, ends);
	if (r->flags & MATCH_LITERAL && ends)
		return p.len <= text.len && memcmp(text.p + text.len - p.len, p.p, p.len) == 0;
	if (r->flags & MATCH_LITERAL)
		return find(text, p);
	return anywhere(p, text, ends);
}

/* could it hold? */
static inline bool probe_passes(const struct query *c, const struct match_probe *p)
{
	return p->types & c->q->type && p->pages & c->page->bits && url_set_has(&c->m->tokens, p->need[0]) &&
	       url_set_has(&c->m->tokens, p->need[1]);
}

/* of a record whose probe passes */
static bool record_holds(struct query *c, const struct match_record *r)
{
	if (r->methods != FILTER_METHODS_ALL && !(r->methods & c->q->method))
		return false;
	/* expressions are dear: last */
	if (!(r->flags & MATCH_REGEX) && !pattern_holds(c, r))
		return false;
	if ((r->from && !match_set_holds(c->m, r->from, &c->page->names)) ||
	    (r->flags & MATCH_PARTIES && !parties_hold(c, r->flags)) || (r->to && !match_set_holds(c->m, r->to, &c->host)))
		return false;
	return !(r->flags & MATCH_REGEX) || regex_holds(c, r->pattern);
}

/* --- a group of records --------------------------------------------------- */

static const struct match_record *first_in(struct query *c, struct match_range range, bool important,
					   const struct match_record *after)
{
	size_t i = after ? (size_t)(after - c->m->record) + 1 : range.first, end = (size_t)range.first + range.count;

	for (; i < end; i++) {
		const struct match_record *r = &c->m->record[i];

		if (probe_passes(c, &c->m->probe[i]) && (!important || r->flags & MATCH_IMPORTANT) && record_holds(c, r))
			return r;
	}
	return NULL;
}

static const struct match_slot *slot_of(const struct match_table *t, uint32_t key)
{
	uint32_t mask = (1u << t->head->slots_log2) - 1;
	uint32_t s = match_slot_of(key, t->head->slots_log2);

	for (; t->slot[s].range.count; s = (s + 1) & mask)
		if (t->slot[s].key == key)
			return &t->slot[s];
	return NULL;
}

static size_t hits_among(const struct match_table *t, const uint32_t *key, size_t keys, uint32_t *hit)
{
	unsigned shift = 32 - t->head->bits_log2;
	size_t hits = 0;

	for (size_t i = 0; i < keys; i++) {
		uint32_t bit = key[i] >> shift;

		hit[hits] = key[i];
		hits += t->bitmap[bit / 64] >> bit % 64 & 1;
	}
	return hits;
}

/* the keys of the question that the bitmap knows, in m->hit */
static size_t hits_of(struct query *c, const struct match_table *t)
{
	size_t hits = t->head->by_source ? hits_among(t, c->page->key, c->page->keys, c->m->hit) : 0;

	return hits + hits_among(t, c->key, c->keys, c->m->hit + hits);
}

#if defined(__x86_64__)
/* the classes of needles that may be in the text: a byte each in each of the places, all of them at last in one */
__attribute__((target("avx2"))) static unsigned needles_avx2(const struct match_needles *n, struct span text)
{
	const __m256i nibble = _mm256_set1_epi8(15);
	__m256i low[MATCH_NEEDLE], high[MATCH_NEEDLE], found = _mm256_setzero_si256();
	__m128i half;
	uint64_t all;

	for (int i = 0; i < MATCH_NEEDLE; i++) {
		low[i] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)n->low[i]));
		high[i] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)n->high[i]));
	}
	for (size_t at = 0; at < text.len; at += 32) {
		__m256i here = _mm256_set1_epi8(-1);

		for (int i = 0; i < MATCH_NEEDLE; i++) {
			__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(text.p + at + i));
			__m256i a = _mm256_shuffle_epi8(low[i], _mm256_and_si256(v, nibble));
			__m256i b = _mm256_shuffle_epi8(high[i], _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble));

			here = _mm256_and_si256(here, _mm256_and_si256(a, b));
		}
		found = _mm256_or_si256(found, here);
	}
	half = _mm_or_si128(_mm256_castsi256_si128(found), _mm256_extracti128_si256(found, 1));
	all = (uint64_t)(_mm_cvtsi128_si64(half) | _mm_cvtsi128_si64(_mm_srli_si128(half, 8)));
	all |= all >> 32;
	all |= all >> 16;
	return (unsigned)(all | all >> 8) & 255;
}
#endif

/* put the needles into the set, once; where that would take long, all of them */
static void find_needles(struct query *c, const struct match_table *t)
{
	unsigned found = 255;

	if (c->needles_ready || !t->head->needles)
		return;
	c->needles_ready = true;
#if defined(__x86_64__)
	if (has_avx2())
		found = needles_avx2(c->m->needles, c->url);
#endif
	for (; found; found &= found - 1)
		url_set_add(&c->m->tokens, URL_SET_BITS + (uint32_t)__builtin_ctz(found));
}

/* some record of the group that holds */
static const struct match_record *search(struct query *c, enum match_group group, bool important)
{
	const struct match_table *t = &c->m->table[group];
	const struct match_record *r;
	size_t hits;

	if (!t->head->filters)
		return NULL;
	find_needles(c, t);
	hits = hits_of(c, t);
	for (size_t i = 0; i < hits; i++)
		__builtin_prefetch(&t->slot[match_slot_of(c->m->hit[i], t->head->slots_log2)]);
	for (size_t i = 0; i < hits; i++) {
		const struct match_slot *s = slot_of(t, c->m->hit[i]);

		c->m->slot[i] = s;
		if (s)
			__builtin_prefetch(&c->m->probe[s->range.first]);
	}
	for (size_t i = 0; i < hits; i++) {
		const struct match_slot *s = c->m->slot[i];

		r = s ? first_in(c, s->range, important, NULL) : NULL;
		if (r)
			return r;
	}
	return first_in(c, t->head->unfiled, important, NULL);
}

/* --- whole hosts ---------------------------------------------------------- */

/* @at: filled: which entry it is */
static bool bucket_find(const struct match *m, uint64_t fp, uint32_t *at)
{
	size_t i = match_bucket_of(fp, m->buckets), bits = match_bloom_bits(fp);

	if ((m->bloom[match_bloom_word(fp, m->bloom_words)] & bits) != bits)
		return false;
	for (size_t n = 0; n < m->buckets; n++) {
		const struct match_bucket *b = &m->bucket[i];

		for (int e = 0; e < MATCH_BUCKET; e++)
			if (b->fp[e] == fp) {
				*at = (uint32_t)(i * MATCH_BUCKET) + (uint32_t)e;
				return true;
			}
		if (!b->spill)
			return false;
		i = i + 1 < m->buckets ? i + 1 : 0;
	}
	return false;
}

/* the longest name that is listed; 1 + its index in @n, 0: none */
static unsigned plain_find(const struct match *m, const struct match_names *n, uint32_t *at)
{
	for (unsigned i = n->count; i; i--)
		if (bucket_find(m, n->fp[i - 1], at))
			return i;
	return 0;
}

static void say(struct match_verdict *v, const struct match *m, const struct match_record *r, enum match_result result)
{
	*v = (struct match_verdict){
		.result = result, .important = r->flags & MATCH_IMPORTANT, .resource = r->resource,
		.list = r->where >> 24, .line = r->where & 0xffffff, .record = 1 + (uint32_t)(r - m->record),
	};
	if (r->flags & MATCH_HOST_ONLY)
		v->name = (struct span){ m->text.p + r->pattern, r->pattern_len };
}

/* whole hosts are numbered from behind the records */
static uint32_t plain_where(const struct match *m, uint32_t at)
{
	return m->bucket[at / MATCH_BUCKET].where[at % MATCH_BUCKET];
}

static void say_plain(struct match_verdict *v, const struct match *m, const struct match_names *n, unsigned index,
		      uint32_t at)
{
	uint32_t where = plain_where(m, at);

	*v = (struct match_verdict){
		.result = MATCH_BLOCK, .list = where >> 24, .line = where & 0xffffff,
		.record = 1 + (uint32_t)m->record_count + at, .whole = true,
		.name = span_skip(n->host, n->start[index]),
	};
}

void match_decide(struct match *m, const struct match_question *q, struct match_verdict *v)
{
	const struct match_record *block = NULL, *important = NULL;
	struct query c;
	uint32_t at;
	unsigned plain;

	begin(&c, m, q);
	plain = q->skip_hosts ? 0 : plain_find(m, &c.host, &at);
	if (!plain)
		block = search(&c, MATCH_BLOCKS, false);
	if (!plain && !block) {
		v->result = MATCH_PASS;
		v->important = false;
		return;
	}
	if (!block || !(block->flags & MATCH_IMPORTANT)) {
		const struct match_record *other = search(&c, MATCH_EXCEPTIONS, false);

		important = other ? search(&c, MATCH_BLOCKS, true) : NULL;
		if (other && !important) {
			say(v, m, other, MATCH_ALLOW);
			return;
		}
		block = important ? important : block;
	}
	if (block && block->flags & MATCH_IMPORTANT) {
		const struct match_record *other = search(&c, MATCH_EXCEPTIONS, true);

		if (other) {
			say(v, m, other, MATCH_ALLOW);
			return;
		}
	}
	if (block)
		say(v, m, block, MATCH_BLOCK);
	else
		say_plain(v, m, &c.host, plain - 1, at);
}

bool match_find(struct match *m, const struct match_question *q, enum match_group group, bool important,
		struct match_verdict *v)
{
	bool exception = group == MATCH_EXCEPTIONS || group == MATCH_REDIRECT_EXCEPTIONS ||
			 group == MATCH_PARAM_EXCEPTIONS || group == MATCH_COOKIE_EXCEPTIONS;
	const struct match_record *r;
	struct query c;

	if (!m->table[group].head->filters)
		return false;
	begin(&c, m, q);
	r = search(&c, group, important);
	if (r)
		say(v, m, r, exception ? MATCH_ALLOW : MATCH_BLOCK);
	return r;
}

uint32_t match_numbers(const struct match *m)
{
	return (uint32_t)(m->record_count + m->buckets * MATCH_BUCKET);
}

bool match_number(const struct match *m, uint32_t number, struct match_verdict *v)
{
	uint32_t where;

	if (number == 0 || number > match_numbers(m))
		return false;
	where = number <= m->record_count ? m->record[number - 1].where :
					    plain_where(m, number - 1 - (uint32_t)m->record_count);
	v->list = where >> 24;
	v->line = where & 0xffffff;
	v->record = number;
	v->whole = number > m->record_count;
	return true;
}

struct span match_text(const struct match *m, const struct match_verdict *v, char *text, size_t text_len)
{
	struct span s;

	if (!v->whole) {
		s = span_skip(m->text, m->record[v->record - 1].text);
		return span_until(s, '\n');
	}
	if (text_len < v->name.len + 4)
		return (struct span){ "", 0 };
	memcpy(text, "||", 2);
	memcpy(text + 2, v->name.p, v->name.len);
	text[2 + v->name.len] = '^';
	return (struct span){ text, v->name.len + 3 };
}

size_t match_collect(struct match *m, const struct match_question *q, enum match_group group, struct span *text,
		     uint32_t *number, size_t max)
{
	const struct match_table *t = &m->table[group];
	size_t hits, n = 0;
	struct query c;

	if (!t->head->filters || !max)
		return 0;
	begin(&c, m, q);
	find_needles(&c, t);
	hits = hits_of(&c, t);
	for (size_t i = 0; i <= hits && n < max; i++) {
		const struct match_slot *s = i < hits ? slot_of(t, m->hit[i]) : NULL;
		struct match_range range = i == hits ? t->head->unfiled : s ? s->range : (struct match_range){ 0, 0 };

		for (const struct match_record *r = NULL; (r = first_in(&c, range, false, r)) && n < max; ) {
			bool again = false;

			for (size_t j = 0; j < n; j++)
				again |= text[j].p == m->text.p + r->text;
			if (again)
				continue;
			number[n] = 1 + (uint32_t)(r - m->record);
			text[n++] = span_until(span_skip(m->text, r->text), '\n');
		}
	}
	return n;
}

bool match_has(const struct match *m, enum match_group group)
{
	return m->head->group[group].filters;
}

static bool names_of_host(struct match *m, struct span host, struct match_names *n)
{
	if (host.len == 0 || host.len > HOST_MAX)
		return false;
	memcpy(m->lower, host.p, host.len);
	memset(m->lower + host.len, 0, 8);
	match_names_of(&m->key, (struct span){ m->lower, host.len }, n);
	return true;
}

static bool excepted(const struct match *m, const struct match_names *n)
{
	for (unsigned i = 0; i < n->count; i++)
		for (size_t low = 0, high = m->excepted_count; low < high; ) {
			size_t mid = (low + high) / 2;

			if (m->excepted[mid] == n->fp[i])
				return true;
			if (m->excepted[mid] < n->fp[i])
				low = mid + 1;
			else
				high = mid;
		}
	return false;
}

static const struct match_record *names_host(struct match *m, struct match_range range, const struct match_names *n)
{
	for (const struct match_record *r = &m->record[range.first], *end = r + range.count; r < end; r++) {
		struct span name = { m->text.p + r->pattern, r->flags & MATCH_REGEX ? 0 : r->host_len };
		size_t above = name.len && name.len <= n->host.len ? n->host.len - name.len : 0;

		if (name.len && name.len <= n->host.len && memcmp(n->host.p + above, name.p, name.len) == 0 &&
		    (above == 0 || (!n->address && n->host.p[above - 1] == '.')))
			return r;
		if (r->to && match_set_holds(m, r->to, n))
			return r;
	}
	return NULL;
}

bool match_excepted(struct match *m, struct span host, struct match_verdict *v)
{
	const struct match_table *t = &m->table[MATCH_EXCEPTIONS];
	const struct match_record *r = NULL;
	struct match_names n;

	if (!m->excepted_count || !names_of_host(m, host, &n) || !excepted(m, &n))
		return false;
	if (!v)
		return true;
	*v = (struct match_verdict){ .result = MATCH_ALLOW, .name = { "", 0 } };
	if (!t->head->filters)
		return true;
	for (size_t i = 0; !r && i < (size_t)1 << t->head->slots_log2; i++)
		r = names_host(m, t->slot[i].range, &n);
	if (!r)
		r = names_host(m, t->head->unfiled, &n);
	if (r)
		say(v, m, r, MATCH_ALLOW);
	return true;
}

bool match_host(struct match *m, struct span host, struct match_verdict *v)
{
	return match_host_whole(m, host, v) && !match_excepted(m, host, NULL);
}

bool match_host_whole(struct match *m, struct span host, struct match_verdict *v)
{
	struct match_names n;
	uint32_t at;
	unsigned plain;

	if (!names_of_host(m, host, &n))
		return false;
	plain = plain_find(m, &n, &at);
	if (!plain)
		return false;
	say_plain(v, m, &n, plain - 1, at);
	v->name = span_skip(host, n.start[plain - 1]);
	return true;
}

uint32_t match_hosts(const struct match *m)
{
	return m->head->hosts;
}

uint32_t match_filters(const struct match *m)
{
	return m->head->filters;
}
