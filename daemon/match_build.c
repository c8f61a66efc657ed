/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match_build - filters to sections
 *
 * Adding makes records, and their sets (match_build_set); finishing drops twins (match_build_fold), then writes the
 * table of whole hosts (match_build_hosts) and files each record under a key (match_build_file).
 */
#include "match_build.h"

#include <stdlib.h>

#include "match_draft.h"
#include "match_keys.h"
#include "match_pattern.h"
#include "names_table.h"

void match_build_exceptions(struct match_builder *b)
{
	b->exceptions = true;
}

#define REDIRECT_COPY ((uint64_t)1 << 63)	/* in the identity of a $redirect filter among the redirects */

struct match_builder *match_build_new(uint64_t seed)
{
	struct match_builder *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->seed = seed;
	b->key = url_key_of(seed);
	b->bads[b->bads_count++] = b;
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
				    &b->buckets, &b->bloom, &b->records, &b->probes };

	if (!b)
		return;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		image_buf_fini(all[i]);
	for (size_t i = 0; i < MATCH_GROUPS; i++) {
		image_buf_fini(&b->bitmap[i]);
		image_buf_fini(&b->slots[i]);
	}
	free(b->memo);
	free(b->off.v);
	free(b);
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

static int group_of(const struct match_builder *b, const struct filter *f)
{
	bool exception = f->exception || b->exceptions;

	switch (f->action) {
	case FILTER_BLOCK:
		return exception ? MATCH_EXCEPTIONS : MATCH_BLOCKS;
	case FILTER_REDIRECT:	/* its exception lifts the stand-in, not the block */
		return f->exception ? MATCH_REDIRECT_EXCEPTIONS : b->exceptions ? MATCH_EXCEPTIONS : MATCH_BLOCKS;
	case FILTER_REDIRECT_RULE:
		return exception ? MATCH_REDIRECT_EXCEPTIONS : MATCH_REDIRECTS;
	case FILTER_REMOVEPARAM:
		return exception ? MATCH_PARAM_EXCEPTIONS : MATCH_PARAMS;
	case FILTER_COOKIE:
		return exception ? MATCH_COOKIE_EXCEPTIONS : MATCH_COOKIES;
	}
	return -1;
}

/* a whole host, blocked for everyone without condition */
static bool is_plain(const struct match_builder *b, const struct filter *f)
{
	return f->host_only && !f->exception && !b->exceptions && f->action == FILTER_BLOCK && !f->types_named && !f->party &&
	       !f->important && !f->badfilter && f->methods == FILTER_METHODS_ALL && !f->from.len && !f->to.len &&
	       !f->denyallow.len;
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
	x.pattern = (uint32_t)match_draft_put(b, &b->text, f->pattern.p, f->pattern.len);
	x.literal = (uint32_t)match_draft_put(b, &b->text, literal, x.literal_len);
	match_draft_put(b, &b->text, "\n", 1);
	r->pattern = (uint32_t)(match_draft_put(b, &b->regexes, &x, sizeof(x)) / sizeof(x));
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
	r->pattern = (uint32_t)match_draft_put(b, &b->text, f->pattern.p, f->pattern.len);
	if (!b->failed && (!f->match_case || f->host_only))
		for (size_t i = 0; i < f->pattern.len; i++) {
			char *c = (char *)&b->text.p[r->pattern + i];

			*c = char_lower(*c);
		}
	match_draft_put(b, &b->text, "\n", 1);
}

/* what two filters have in common when one is the other's duplicate, of this builder or another
 * @sets: hashes of the sets, as match_draft_sets() filled them */
static uint64_t identity_of(const struct match_builder *b, const struct filter *f, const struct match_draft *d,
			    const uint64_t sets[2])
{
	const struct match_record *r = &d->record;
	uint64_t h = url_mum(b->key.a ^ (uint64_t)r->flags ^ (uint64_t)d->probe.types << 16 ^ (uint64_t)r->methods << 32 ^
			     (uint64_t)group_of(b, f) << 48 ^ (uint64_t)f->action << 52 ^ (uint64_t)f->types_named << 56,
			     b->key.b);
	char low[256];

	h = url_mum(h ^ sets[0], b->key.d);
	h = url_mum(h ^ sets[1], b->key.b);
	h = url_mum(h ^ r->resource, b->key.d);
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
static void put_excepted(struct match_builder *b, const struct filter *f, const struct match_draft *draft)
{
	const struct match_record *r = &draft->record;
	struct match_excepted e = { .identity = draft->identity };
	struct filter_domains it = { .rest = f->to };
	struct span host = { "", 0 };
	struct filter_domain d;
	char low[HOST_MAX];

	if (!f->regex)
		host = r->host_len ? (struct span){ f->pattern.p, r->host_len } :
				     match_pattern_host(f->pattern, f->anchors & FILTER_ANCHOR_HOST);
	if (host.len && host.len <= HOST_MAX) {
		for (size_t i = 0; i < host.len; i++)
			low[i] = char_lower(host.p[i]);
		e.fp = match_draft_name(b, (struct span){ low, host.len });
		match_draft_put(b, &b->excepted, &e, sizeof(e));
	}
	while (f->to.len && filter_domain_next(&it, &d)) {
		e.fp = match_draft_name(b, d.name);
		match_draft_put(b, &b->excepted, &e, sizeof(e));
	}
}

static void put_bad(struct match_builder *b, const struct filter *f, const struct match_draft *d)
{
	const struct match_record *r = &d->record;
	struct match_bad bad = { .identity = d->identity };

	/* its twin may be among the plain ones */
	if (f->host_only && !f->exception && f->action == FILTER_BLOCK && !f->types_named && !f->party && !f->important &&
	    !r->from && !r->to && f->methods == FILTER_METHODS_ALL)
		bad.plain = match_draft_name(b, f->pattern);
	match_draft_put(b, &b->bad, &bad, sizeof(bad));
	if (f->action == FILTER_REDIRECT) {
		bad.identity ^= REDIRECT_COPY;
		match_draft_put(b, &b->bad, &bad, sizeof(bad));
	}
}

void match_build_bads_of(struct match_builder *b, const struct match_builder *other)
{
	if (b->bads_count < MATCH_BADS)
		b->bads[b->bads_count++] = other;
	else
		b->failed = true;
}

bool match_build_add(struct match_builder *b, const struct filter *f, struct span line, unsigned list, uint32_t number)
{
	struct match_draft d = { .record = { .where = names_where(list, number) } };
	struct match_record *r = &d.record;
	int group = group_of(b, f);
	uint64_t sets[2];

	if (b->failed)
		return false;
	if (is_plain(b, f)) {
		struct match_plain p = { match_draft_name(b, f->pattern), r->where };

		match_draft_put(b, &b->plain, &p, sizeof(p));
		return !b->failed;
	}
	if (group < 0 || f->pattern.len > UINT16_MAX || line.len > UINT16_MAX)
		return true;
	d.group = (uint8_t)group;
	d.probe.types = (uint16_t)(f->types | (f->document_host ? FILTER_TYPE_DOCUMENT : 0));
	if (b->exceptions && f->host_only && !f->types_named)	/* "@@||host^" says as much as "||host^" */
		d.probe.types |= FILTER_TYPE_DOCUMENT;
	r->flags = flags_of(f);
	r->methods = (uint16_t)f->methods;
	r->resource = (uint8_t)f->resource;
	if (!match_draft_sets(b, f, r, sets))
		return true;
	d.identity = identity_of(b, f, &d, sets);
	if (f->badfilter) {
		put_bad(b, f, &d);
		return !b->failed;
	}
	r->text = (uint32_t)match_draft_put(b, &b->text, line.p, line.len);
	match_draft_put(b, &b->text, "\n", 1);
	put_pattern(b, f, line, r);
	if (group == MATCH_EXCEPTIONS && !b->failed)
		put_excepted(b, f, &d);
	match_draft_put(b, &b->draft, &d, sizeof(d));
	if (group == MATCH_BLOCKS && f->action == FILTER_REDIRECT) {	/* it names the stand-in for other blocks, too */
		d.group = MATCH_REDIRECTS;
		d.identity ^= REDIRECT_COPY;
		match_draft_put(b, &b->draft, &d, sizeof(d));
	}
	return !b->failed;
}

size_t match_build_finish(struct match_builder *b, uint32_t instance, struct image_part part[MATCH_PARTS],
			  uint32_t folded[MATCH_LISTS])
{
	size_t n = 0;

	match_draft_put(b, &b->text, "\n", 1);
	b->head.seed = b->seed;
	if (b->failed || !match_draft_bads(b) || !match_draft_fold(b, folded) || !match_draft_hosts(b, folded) || !match_draft_file(b) || b->failed)
		return 0;
	match_draft_excepted(b);
	image_buf_fini(&b->draft);
#define PART(section, buf) (part[n++] = (struct image_part){ (section), instance, (buf)->p, (buf)->len })
	part[n++] = (struct image_part){ SECTION_MATCH_HEAD, instance, &b->head, sizeof(b->head) };
	PART(SECTION_MATCH_BLOOM, &b->bloom);
	PART(SECTION_MATCH_HOSTS, &b->buckets);
	PART(SECTION_MATCH_RECORDS, &b->records);
	PART(SECTION_MATCH_PROBES, &b->probes);
	part[n++] = (struct image_part){ SECTION_MATCH_NEEDLES, instance, &b->needles, sizeof(b->needles) };
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
