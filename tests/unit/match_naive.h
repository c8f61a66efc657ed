/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match_naive - Adblock filters one after the other: slow and obvious, to compare match with */
#ifndef DEJUNK_TESTS_MATCH_NAIVE_H
#define DEJUNK_TESTS_MATCH_NAIVE_H

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "match.h"
#include "regex.h"

static inline bool naive_separator(char c)
{
	return !isalnum((unsigned char)c) && !strchr("_-.%", c);
}

/* does the pattern match at exactly s? */
static inline bool naive_at(struct span p, struct span s, bool nocase, bool ends)
{
	if (p.len == 0)
		return !ends || s.len == 0;
	if (*p.p == '*') {
		for (size_t i = 0; i <= s.len; i++)
			if (naive_at(span_skip(p, 1), span_skip(s, i), nocase, ends))
				return true;
		return false;
	}
	if (*p.p == '^' && s.len == 0)
		return naive_at(span_skip(p, 1), s, nocase, ends);
	if (s.len == 0)
		return false;
	if (*p.p == '^' ? !naive_separator(*s.p) : nocase ? tolower(*p.p) != tolower(*s.p) : *p.p != *s.p)
		return false;
	return naive_at(span_skip(p, 1), span_skip(s, 1), nocase, ends);
}

static inline bool naive_is_address(const char *host)
{
	unsigned a, b, c, d;
	char end;

	return host[0] == '[' || sscanf(host, "%u.%u.%u.%u%c", &a, &b, &c, &d, &end) == 4;
}

static inline bool naive_below(const char *parent, const char *host)
{
	size_t p = strlen(parent), h = strlen(host);

	if (strcmp(parent, host) == 0)
		return true;
	return !naive_is_address(host) && h > p && host[h - p - 1] == '.' && strcmp(host + h - p, parent) == 0;
}

/* "name.*": host without its public suffix is name or below */
static inline bool naive_any_tld(const psl_ctx_t *psl, const char *name, const char *host)
{
	const char *domain = naive_is_address(host) ? NULL : psl_registrable_domain(psl, host);
	const char *suffix = domain ? strchr(domain, '.') : NULL;
	char rest[512];

	if (!suffix)
		return false;
	snprintf(rest, sizeof(rest), "%.*s", (int)(suffix - host), host);
	return naive_below(name, rest);
}

/* @flip: a list of hosts that must not be (denyallow) */
static inline bool naive_hosts(const psl_ctx_t *psl, struct span list, bool flip, const char *host)
{
	struct filter_domains it = { .rest = list };
	struct filter_domain d;
	bool included = false, any = false;

	while (list.len && filter_domain_next(&it, &d)) {
		char name[512];
		bool is;

		snprintf(name, sizeof(name), "%.*s", SPAN_FMT(d.name));
		is = d.any_tld ? naive_any_tld(psl, name, host) : naive_below(name, host);
		if (d.negated != flip) {
			if (is)
				return false;
		} else {
			any = true;
			included |= is;
		}
	}
	return !any || included;
}

static inline void naive_host(struct span url, size_t *at, char host[512])
{
	const char *slashes = memmem(url.p, url.len, "://", 3);
	size_t begin = slashes ? (size_t)(slashes - url.p) + 3 : url.len, end;

	for (end = begin; end < url.len && !strchr("/?#", url.p[end]); end++)
		;
	for (size_t i = begin; i < end; i++)
		if (url.p[i] == '@')
			begin = i + 1;
	for (size_t i = end; i > begin; i--)
		if (url.p[i - 1] == ':' && (url.p[begin] != '[' || url.p[i - 2] == ']')) {
			end = i - 1;
			break;
		}
	if (end > begin && url.p[end - 1] == '.')
		end--;
	*at = begin;
	snprintf(host, 512, "%.*s", (int)(end - begin), url.p + begin);
	for (char *c = host; *c; c++)
		*c = (char)tolower(*c);
}

static inline bool naive_pattern(const struct filter *f, const struct match_question *q, size_t host_at, const char *host)
{
	bool nocase = !f->match_case, ends = f->anchors & FILTER_ANCHOR_END;

	if (f->regex) {
		struct regex *r = regex_new(f->pattern, nocase, NULL, 0, NULL);
		struct regex_scratch *s = regex_scratch_new();
		bool is = r && regex_match(r, s, q->url);

		regex_free(r);
		regex_scratch_free(s);
		return is;
	}
	if (f->host_only) {
		char name[512];

		snprintf(name, sizeof(name), "%.*s", SPAN_FMT(f->pattern));
		return naive_below(name, host);
	}
	for (size_t i = 0; i <= q->url.len; i++) {
		if (f->anchors & FILTER_ANCHOR_START && i > 0)
			return false;
		if (f->anchors & FILTER_ANCHOR_HOST &&
		    (i < host_at || i >= host_at + strlen(host) ||
		     (i > host_at && (q->url.p[i - 1] != '.' || naive_is_address(host)))))
			continue;
		if (naive_at(f->pattern, span_skip(q->url, i), nocase, ends))
			return true;
	}
	return f->pattern.len == 0;
}

static inline bool naive_party(const struct filter *f, const struct match_question *q, const psl_ctx_t *psl,
			       const char *host, const char *source)
{
	const char *a = naive_is_address(host) ? NULL : psl_registrable_domain(psl, host);
	const char *b = naive_is_address(source) ? NULL : psl_registrable_domain(psl, source);
	bool third = strcmp(a ? a : host, b ? b : source) != 0, other = strcmp(host, source) != 0;

	if (!*source)
		third = other = q->unknown_is_third;
	if (q->type == FILTER_TYPE_DOCUMENT)
		third = other = false;
	return !(f->party & FILTER_FIRST_PARTY && third) && !(f->party & FILTER_THIRD_PARTY && !third) &&
	       !(f->party & FILTER_STRICT_FIRST && other) && !(f->party & FILTER_STRICT_THIRD && !other);
}

/* naive_holds - do all conditions of the filter hold? */
static inline bool naive_holds(const struct filter *f, const struct match_question *q, const psl_ctx_t *psl)
{
	uint32_t types = f->types | (f->document_host ? (uint32_t)FILTER_TYPE_DOCUMENT : 0);
	char host[512], source[512];
	size_t at;

	naive_host(q->url, &at, host);
	snprintf(source, sizeof(source), "%.*s", SPAN_FMT(q->source));
	return types & q->type && f->methods & q->method && naive_party(f, q, psl, host, source) &&
	       naive_hosts(psl, f->from, false, source) && naive_hosts(psl, f->to, false, host) &&
	       naive_hosts(psl, f->denyallow, true, host) && naive_pattern(f, q, at, host);
}

/* naive_decide - of all the filters, none of which is switched off by a badfilter */
static inline enum match_result naive_decide(const struct span *line, size_t lines, const struct match_question *q,
					     const psl_ctx_t *psl)
{
	static struct filter f, bad;
	bool found[2][2] = { 0 };	/* [exception][important] */

	for (size_t i = 0; i < lines; i++) {
		bool off = false;

		filter_parse(line[i], &f);
		if (f.kind != FILTER_NETWORK || f.badfilter ||
		    (f.action != FILTER_BLOCK && (f.action != FILTER_REDIRECT || f.exception)))
			continue;
		if (!naive_holds(&f, q, psl))
			continue;
		for (size_t j = 0; j < lines && !off; j++) {
			filter_parse(line[j], &bad);
			off = bad.kind == FILTER_NETWORK && bad.badfilter && filter_twin(&bad, true) == filter_twin(&f, true);
		}
		found[f.exception][f.important] |= !off;
	}
	if (found[0][1])
		return found[1][1] ? MATCH_ALLOW : MATCH_BLOCK;
	if (found[0][0])
		return found[1][0] || found[1][1] ? MATCH_ALLOW : MATCH_BLOCK;
	return MATCH_PASS;
}

#endif
