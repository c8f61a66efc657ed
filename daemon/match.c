/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match - a request to a verdict
 *
 * The question is taken apart (match_query).  The host and its parents are looked up among the whole hosts; then
 * the keys of host, page and tokens go through the bitmap of a group, and the records of those that are left are
 * checked.  Blocks first; exceptions only for what is blocked.
 */
#include "match.h"

#include <string.h>

#include "match_pattern.h"
#include "match_query.h"

/* --- a group of records --------------------------------------------------- */

static const struct match_record *first_in(struct match_query *c, struct match_range range, bool important,
					   const struct match_record *after)
{
	size_t i = after ? (size_t)(after - c->m->record) + 1 : range.first, end = (size_t)range.first + range.count;

	for (; i < end; i++) {
		const struct match_record *r = &c->m->record[i];

		if (match_query_may(c, &c->m->probe[i]) && (!important || r->flags & MATCH_IMPORTANT) && match_query_holds(c, r))
			return r;
	}
	return NULL;
}

/* NULL: nothing is filed under the key */
static const struct match_slot *slot_of(const struct match *m, const struct match_table *t, uint32_t key)
{
	uint32_t mask = (1u << t->head->slots_log2) - 1;
	uint32_t s = match_slot_of(key, t->head->slots_log2);

	for (uint32_t n = 0; n <= mask && t->slot[s].range.count; n++, s = (s + 1) & mask)
		if (t->slot[s].key == key)
			return match_range_ok(m, &t->slot[s].range) ? &t->slot[s] : NULL;
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

/* Of equal keys keep one: a URL may have "com" a thousand times, and what is filed there is not to be tested as often.
 * (Two keys that share a place in m->seen may be kept again, where they take turns.) */
static size_t hits_once(struct match *m, size_t hits)
{
	size_t kept = 0;

	if (++m->searches == 0) {
		memset(m->seen, 0, sizeof(m->seen));
		m->searches = 1;
	}
	for (size_t i = 0; i < hits; i++) {
		uint32_t key = m->hit[i];
		uint64_t *seen = &m->seen[key & (MATCH_SEEN - 1)], now = (uint64_t)m->searches << 32 | key;

		m->hit[kept] = key;
		kept += *seen != now;
		*seen = now;
	}
	return kept;
}

/* the keys of the question that the bitmap knows, in m->hit */
static size_t hits_of(struct match_query *c, const struct match_table *t)
{
	size_t hits = t->head->by_source ? hits_among(t, c->page->key, c->page->keys, c->m->hit) : 0;

	hits += hits_among(t, c->key, c->keys, c->m->hit + hits);
	return hits_once(c->m, hits);
}

/* some record of the group that holds */
static const struct match_record *search(struct match_query *c, enum match_group group, bool important)
{
	const struct match_table *t = &c->m->table[group];
	const struct match_record *r;
	size_t hits;

	if (!t->head->filters)
		return NULL;
	if (t->head->needles)
		match_query_needles(c);
	hits = hits_of(c, t);
	for (size_t i = 0; i < hits; i++)
		__builtin_prefetch(&t->slot[match_slot_of(c->m->hit[i], t->head->slots_log2)]);
	for (size_t i = 0; i < hits; i++) {
		const struct match_slot *s = slot_of(c->m, t, c->m->hit[i]);

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
	struct match_query c;
	uint32_t at;
	unsigned plain;

	match_query_begin(&c, m, q);
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
	struct match_query c;

	if (!m->table[group].head->filters)
		return false;
	match_query_begin(&c, m, q);
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
	struct match_query c;

	if (!t->head->filters || !max)
		return 0;
	match_query_begin(&c, m, q);
	if (t->head->needles)
		match_query_needles(&c);
	hits = hits_of(&c, t);
	for (size_t i = 0; i <= hits && n < max; i++) {
		const struct match_slot *s = i < hits ? slot_of(m, t, m->hit[i]) : NULL;
		struct match_range range = i == hits ? t->head->unfiled : s ? s->range : (struct match_range){ 0, 0 };

		for (const struct match_record *r = NULL; (r = first_in(&c, range, false, r)) && n < max; ) {
			bool again = false;

			/* under several keys perhaps; under none at all once */
			for (size_t j = 0; i < hits && j < n; j++)
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

static bool names_host(struct match *m, const struct match_record *r, const struct match_names *n)
{
	struct span pattern, name;
	size_t above;

	if (!match_record_ok(m, r))
		return false;
	pattern = (struct span){ m->text.p + r->pattern, r->flags & MATCH_REGEX ? 0 : r->pattern_len };
	name = r->host_len ? (struct span){ pattern.p, r->host_len } : match_pattern_host(pattern, r->flags & MATCH_HOST);
	above = name.len && name.len <= n->host.len ? n->host.len - name.len : 0;
	if (name.len && name.len <= n->host.len && span_eq_nocase(span_skip(n->host, above), name) &&
	    (above == 0 || (!n->address && n->host.p[above - 1] == '.')))
		return true;
	return r->to && match_set_names(m, r->to, n);
}

static const struct match_record *first_naming(struct match *m, struct match_range range, const struct match_names *n)
{
	if (range.count == 0 || !match_range_ok(m, &range))
		return NULL;
	for (const struct match_record *r = &m->record[range.first], *end = r + range.count; r < end; r++)
		if (names_host(m, r, n))
			return r;
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
	if (!t->head->filters)
		return false;
	for (size_t i = 0; !r && i < (size_t)1 << t->head->slots_log2; i++)
		r = first_naming(m, t->slot[i].range, &n);
	if (!r)
		r = first_naming(m, t->head->unfiled, &n);
	if (r)
		say(v, m, r, MATCH_ALLOW);
	return r;
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
