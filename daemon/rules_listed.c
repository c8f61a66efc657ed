/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_listed - what the lists in force for a client say, all sets together
 *
 * Entries of lists of names and filters of Adblock syntax both block.  An exception ("@@") lifts what filters block,
 * whichever list either is of: important over exception over block.  A list with allow: yes lifts everything, names too.
 * With one set that is the whole of match_decide(); with more, the parts of a decision are asked of each.
 */
#include <string.h>

#include "rules_sets.h"

enum { LISTED_REDIRECTS = 32 };	/* filters that name a stand-in for one request; more are not looked at */

struct asked {
	const struct rules *r;
	const struct facts *f;
	const struct rules_set *block[LIMIT_LIST_SETS], *allow[LIMIT_LIST_SETS];	/* in force */
	unsigned blocks, allows;
	struct match_question q;
};

static const struct verdict undecided = { .action = ACT_PASS, .name = { "", 0 } };

/* --- the question --------------------------------------------------------- */

static uint32_t type_of(enum resource type)
{
	static const uint32_t types[] = {
		[RES_UNKNOWN] = FILTER_TYPE_OTHER, [RES_DOCUMENT] = FILTER_TYPE_DOCUMENT,
		[RES_SUBDOCUMENT] = FILTER_TYPE_SUBDOCUMENT, [RES_IMAGE] = FILTER_TYPE_IMAGE,
		[RES_STYLE] = FILTER_TYPE_STYLESHEET, [RES_SCRIPT] = FILTER_TYPE_SCRIPT, [RES_XHR] = FILTER_TYPE_XHR,
		[RES_FONT] = FILTER_TYPE_FONT, [RES_MEDIA] = FILTER_TYPE_MEDIA,
		[RES_WEBSOCKET] = FILTER_TYPE_WEBSOCKET, [RES_OTHER] = FILTER_TYPE_OTHER,
	};

	return types[type];
}

/* who is in force; those that only observe come last, so that what blocks is found first */
static void ask_sets(struct asked *a, const struct rules *r, const struct station *client, bool observe)
{
	a->r = r;
	a->blocks = a->allows = 0;
	for (unsigned pass = 0; pass < (observe ? 2 : 1); pass++)
		for (unsigned i = 0; i < r->sets; i++) {
			const struct rules_set *s = &r->set[i];
			uint32_t flags = s->image->flags;

			if (!!(flags & SET_OBSERVE) != pass ||
			    (flags & SET_GROUPED && !rules_station_among(r, s->image->group, client)))
				continue;
			if (!(flags & SET_ALLOW))
				a->block[a->blocks++] = s;
			else if (!(flags & SET_OBSERVE))
				a->allow[a->allows++] = s;
		}
}

static void ask_request(struct asked *a, const struct rules *r, const struct facts *f, bool hosts, bool observe)
{
	ask_sets(a, r, f->client, observe);
	a->f = f;
	a->q = (struct match_question){
		.url = f->url, .bare = true, .source = f->source_host, .skip_hosts = !hosts, .type = type_of(f->type),
		.method = f->method ? f->method : FILTER_METHOD_OTHER,
	};
	if (f->given) {
		a->q.url = f->given->url;
		a->q.bare = false;
		a->q.unknown_is_third = f->given->unknown_is_third;
		if (f->given->type)
			a->q.type = f->given->type;
	}
}

/* --- names ---------------------------------------------------------------- */

static bool named(const struct rules_set *const *set, unsigned sets, struct span host, struct verdict *v)
{
	for (unsigned i = 0; i < sets; i++) {
		int64_t at = names_find(&set[i]->names, host, &v->name);

		if (at < 0)
			continue;
		v->origin = (uint32_t)at + set[i]->names_origin;
		return true;
	}
	return false;
}

/* --- filters -------------------------------------------------------------- */

/* the first set that has a filter of the group which holds; the number of sets: none.  @not_in: not asked */
static unsigned find_in(struct asked *a, enum match_group group, bool important, unsigned not_in, struct match_verdict *v)
{
	for (unsigned i = 0; i < a->blocks; i++)
		if (i != not_in && a->block[i]->match && match_find(a->block[i]->match, &a->q, group, important, v))
			return i;
	return a->blocks;
}

/* Sets decided each by itself gave @block, of set @at: BLOCK; now what the others say.  @excepted: one found an
 * exception, in @v.  Fills @v and @at with what decides. */
static void decide_together(struct asked *a, const struct match_verdict *block, unsigned *at, struct match_verdict *v,
			    bool excepted, unsigned by)
{
	struct match_verdict decides = *block, other;
	unsigned i = *at;

	if (!excepted) {
		by = find_in(a, MATCH_EXCEPTIONS, false, i, v);
		excepted = by < a->blocks;
	}
	if (excepted && !decides.important) {
		i = find_in(a, MATCH_BLOCKS, true, a->blocks, &decides);
		if (i == a->blocks) {
			*at = by;
			return;			/* v is the exception */
		}
	}
	if (decides.important) {
		by = find_in(a, MATCH_EXCEPTIONS, true, a->blocks, &other);
		if (by < a->blocks) {
			*v = other;
			*at = by;
			return;
		}
	}
	*v = decides;
	*at = i;
}

/* BLOCK, ALLOW or PASS; @at: filled: the set that decides */
static enum match_result filtered(struct asked *a, struct match_verdict *v, unsigned *at)
{
	struct match_verdict block, exception;
	unsigned filters = 0, by = 0;
	bool blocked = false, excepted = false;

	for (unsigned i = 0; i < a->blocks; i++) {
		struct match_verdict one = { .name = { "", 0 } };

		if (!a->block[i]->match)
			continue;
		filters++;
		match_decide(a->block[i]->match, &a->q, &one);
		if (one.result == MATCH_ALLOW && !excepted) {
			exception = one;
			excepted = true;
			by = i;
		} else if (one.result == MATCH_BLOCK && (!blocked || (one.important && !block.important))) {
			block = one;
			blocked = true;
			*at = i;
		}
	}
	if (!blocked && excepted) {
		*v = exception;
		*at = by;
	} else if (!blocked) {
		return MATCH_PASS;
	} else if (filters == 1) {
		*v = block;
	} else {
		if (excepted)
			*v = exception;
		decide_together(a, &block, at, v, excepted, by);
	}
	return v->result;
}

/* the part of the host that the filter names; the verdict must outlive the matcher's memory */
static struct span name_in(struct span host, struct span name)
{
	if (name.len == 0 || name.len > host.len || memcmp(host.p + host.len - name.len, name.p, name.len) != 0)
		return (struct span){ "", 0 };
	return span_skip(host, host.len - name.len);
}

/* --- what lifts, and what stands in --------------------------------------- */

static bool lifted(struct asked *a, struct verdict *v)
{
	struct match_verdict m;

	if (named(a->allow, a->allows, a->f->host, v))
		return true;
	for (unsigned i = 0; i < a->allows; i++)
		if (a->allow[i]->match && match_find(a->allow[i]->match, &a->q, MATCH_EXCEPTIONS, false, &m)) {
			v->origin = a->allow[i]->match_origin + m.record;
			v->name = name_in(a->f->host, m.name);
			return true;
		}
	return false;
}

static size_t collect(struct asked *a, enum match_group group, bool allows, struct rules_filter *out, size_t max)
{
	static struct span text[LIMIT_FILTERS_AT_ONCE];		/* one thread, never re-entered */
	static uint32_t number[LIMIT_FILTERS_AT_ONCE];
	size_t n = 0;

	for (unsigned i = 0; i < a->blocks + (allows ? a->allows : 0) && n < max; i++) {
		const struct rules_set *s = i < a->blocks ? a->block[i] : a->allow[i - a->blocks];
		size_t room = max - n < LIMIT_FILTERS_AT_ONCE ? max - n : LIMIT_FILTERS_AT_ONCE, got;

		if (!s->match || !match_has(s->match, group))
			continue;
		got = match_collect(s->match, &a->q, group, text, number, room);
		for (size_t k = 0; k < got; k++)
			out[n++] = (struct rules_filter){ .text = text[k], .origin = s->match_origin + number[k],
							  .observe = s->image->flags & SET_OBSERVE };
	}
	return n;
}

/* the stand-in that redirects name for a blocked request: of the highest priority that no exception takes away */
static enum filter_resource stand_in_of(struct asked *a)
{
	static struct filter f, e;	/* one thread, never re-entered; large */
	struct rules_filter redirect[LISTED_REDIRECTS], exception[LISTED_REDIRECTS];
	enum filter_resource resource = FILTER_RESOURCE_NONE;
	int64_t priority = INT64_MIN;
	size_t n, exceptions;

	/* who navigates is told what blocks the page, whatever the filter has for other pages to load */
	n = a->f->type == RES_DOCUMENT ? 0 : collect(a, MATCH_REDIRECTS, false, redirect, LISTED_REDIRECTS);
	if (n == 0)
		return FILTER_RESOURCE_NONE;
	exceptions = collect(a, MATCH_REDIRECT_EXCEPTIONS, true, exception, LISTED_REDIRECTS);
	for (size_t i = 0; i < n; i++) {
		bool off = false;

		filter_parse(redirect[i].text, &f);
		if (f.redirect_priority <= priority)
			continue;
		for (size_t k = 0; k < exceptions && !off; k++) {
			filter_parse(exception[k].text, &e);
			off = e.resource_name.len == 0 || span_eq(e.resource_name, f.resource_name);
		}
		if (off)
			continue;
		priority = f.redirect_priority;
		resource = f.resource;
	}
	return resource;
}

/* --- the answers ---------------------------------------------------------- */

struct verdict rules_listed_request(const struct rules *r, const struct facts *f, bool hosts, bool observe)
{
	struct verdict v = undecided;
	struct match_verdict m;
	struct asked a;
	unsigned at = 0;

	ask_request(&a, r, f, hosts, observe);
	if (a.blocks == 0)
		return v;
	if (hosts && named(a.block, a.blocks, f->host, &v)) {
		v.action = ACT_BLOCK;
		v.kind = KIND_CONNECTIONS;
	} else {
		enum match_result result = filtered(&a, &m, &at);

		if (result == MATCH_PASS)
			return v;
		v.action = result == MATCH_BLOCK ? ACT_BLOCK : ACT_ALLOW;
		v.kind = m.whole ? KIND_CONNECTIONS : f->type == RES_IMAGE ? KIND_IMAGES : KIND_REQUESTS;
		v.origin = a.block[at]->match_origin + m.record;
		v.name = name_in(f->host, m.name);
	}
	if (v.action != ACT_BLOCK)
		return v;
	if (a.allows && lifted(&a, &v)) {
		v.action = ACT_ALLOW;
		return v;
	}
	v.resource = stand_in_of(&a);
	return v;
}

/* an exception of one of the sets that names the host: the verdict it is */
static bool host_excepted(const struct rules_set *const *set, unsigned sets, struct span host, struct verdict *v)
{
	struct match_verdict m;

	for (unsigned i = 0; i < sets; i++)
		if (set[i]->match && match_excepted(set[i]->match, host, &m)) {
			*v = (struct verdict){ .action = ACT_ALLOW, .kind = KIND_REQUESTS, .name = name_in(host, m.name),
					       .origin = set[i]->match_origin + m.record };
			return true;
		}
	return false;
}

/* is the host blocked whole by a filter?  ALLOW: it is, but only port 80 can tell what exceptions say */
static bool host_filtered(struct asked *a, struct span host, struct verdict *v)
{
	struct match_verdict m;

	for (unsigned i = 0; i < a->blocks; i++) {
		struct match *match = a->block[i]->match;

		if (!match || !match_host_whole(match, host, &m))
			continue;
		v->origin = a->block[i]->match_origin + m.record;
		v->name = m.name;
		v->action = ACT_BLOCK;
		host_excepted(a->block, a->blocks, host, v);
		return true;
	}
	return false;
}

struct verdict rules_listed_host(const struct rules *r, const struct station *client, struct span host)
{
	struct verdict v = undecided;
	struct asked a;

	ask_sets(&a, r, client, false);
	v.kind = KIND_CONNECTIONS;
	if (named(a.block, a.blocks, host, &v))
		v.action = ACT_BLOCK;
	else
		host_filtered(&a, host, &v);
	if (v.action != ACT_BLOCK)
		return v;
	if (named(a.allow, a.allows, host, &v))
		v.action = ACT_ALLOW;
	else
		host_excepted(a.allow, a.allows, host, &v);
	return v;
}

bool rules_is_resolver(const struct rules *r, const struct station *client, struct span name)
{
	struct verdict v = undecided;
	struct asked a;
	unsigned n = 0;

	if (!r->resolvers)
		return false;
	ask_sets(&a, r, client, false);
	for (unsigned i = 0; i < a.blocks; i++)
		if (a.block[i]->image->flags & SET_DOH)
			a.block[n++] = a.block[i];
	a.blocks = n;
	return named(a.block, n, name, &v) || host_filtered(&a, name, &v);
}

size_t rules_listed_filters(const struct rules *r, const struct facts *f, enum rules_filter_kind kind,
			    struct rules_filter *out, size_t max)
{
	bool params = kind == RULES_FILTER_PARAMS;
	struct asked a;
	size_t n, all;

	ask_request(&a, r, f, true, true);
	n = collect(&a, params ? MATCH_PARAMS : MATCH_COOKIES, false, out, max);
	if (n == 0)
		return 0;
	all = n + collect(&a, params ? MATCH_PARAM_EXCEPTIONS : MATCH_COOKIE_EXCEPTIONS, true, out + n, max - n);
	for (size_t i = n; i < all; i++)
		out[i].exception = true;
	return all;
}
