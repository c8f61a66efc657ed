/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match_query - a question taken apart, and whether a record holds for it
 *
 * The URL is lowered and its tokens hashed in one pass (url_tokens).
 */
#include "match_query.h"

#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "limits.h"
#include "match_pattern.h"

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

static void find_host(struct match_query *c)
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

void match_query_begin(struct match_query *c, struct match *m, const struct match_question *q)
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

static bool third_party(struct match_query *c)
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

/* --- needles -------------------------------------------------------------- */

#if defined(__x86_64__)
static bool has_avx2(void)
{
	static int has = -1;

	if (has < 0)
		has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
	return has;
}

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

void match_query_needles(struct match_query *c)
{
	unsigned found = 255;

	if (c->needles_ready)
		return;
	c->needles_ready = true;
#if defined(__x86_64__)
	if (has_avx2())
		found = needles_avx2(c->m->needles, c->url);
#endif
	for (; found; found &= found - 1)
		url_set_add(&c->m->tokens, URL_SET_BITS + (uint32_t)__builtin_ctz(found));
}

/* --- one record ----------------------------------------------------------- */

static struct span original(struct match_query *c)
{
	size_t before = c->q->bare ? BARE : 0;

	if (!c->original_ready) {
		memcpy(c->m->original, bare_scheme, BARE);
		memcpy(c->m->original + before, c->q->url.p, c->url.len - before);
	}
	c->original_ready = true;
	return (struct span){ c->m->original, c->url.len };
}

static bool parties_hold(struct match_query *c, unsigned flags)
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

static bool regex_holds(struct match_query *c, uint32_t index)
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
static bool host_below(const struct match_query *c, const char *name, size_t len)
{
	size_t host = c->host.host.len;

	if (len > host || memcmp(c->host.host.p + host - len, name, len) != 0)
		return false;
	return len == host || (!c->host.address && c->host.host.p[host - len - 1] == '.');
}

/* of a filter that is no expression */
static bool pattern_holds(struct match_query *c, const struct match_record *r)
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
			if ((i == c->host_at || (c->url.p[i - 1] == '.' && !c->host.address)) &&
			    match_pattern(p, span_skip(text, i), true, ends))
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

bool match_query_holds(struct match_query *c, const struct match_record *r)
{
	if (!match_record_ok(c->m, r))
		return false;
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
