/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_decide - facts in, verdict out
 *
 * Own rules: the host conditions of all rules are in one hash; a question walks the
 * request's name and its parents through it once, which gives a set of rules (a bit
 * each).  For a kind, the rules to look at are those in that set or without a host
 * condition, of that kind or of "everything", lowest bit first: file order.  The first
 * whose other conditions hold decides.
 *
 * A condition may be unknowable now (a URL at the SYN, the size of an image not yet
 * fetched): then the rule MAY hold.  Then the lists.
 */
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "glob.h"
#include "host.h"
#include "rules_sets.h"

enum truth { NO, MAYBE, YES };

/* what is asked; everything not known is NULL, or false */
struct question {
	const struct rules *r;
	struct span host;
	const struct station *client;
	const struct addr *server;
	const struct facts *f;		/* NULL: only the above and the minute are known */
	const struct span *name;	/* of the cookie */
	uint32_t width, height;		/* 0: not known */
	uint16_t minute;
	bool third_party;
	bool lowered;			/* lower_url holds this question's URL */
	uint64_t by_host[RULES_WORDS];	/* rules whose host condition holds */
};

static char lower_buf[LIMIT_HEAD_BYTES];	/* one question at a time: processes have one thread */

static struct span lower_url(struct question *q)
{
	size_t len = q->f->url.len;

	if (len > sizeof(lower_buf))
		len = sizeof(lower_buf);
	if (!q->lowered)
		for (size_t i = 0; i < len; i++)
			lower_buf[i] = char_lower(q->f->url.p[i]);
	q->lowered = true;
	return (struct span){ lower_buf, len };
}

/* --- host conditions ------------------------------------------------------ */

static const struct image_host *find_host(const struct rules *r, struct span name)
{
	size_t mask = r->host_count - 1;
	size_t s = RULES_HOST_HASH(name.p, name.len, r->image.header->seed) & mask;

	for (; r->host[s].postings.count; s = (s + 1) & mask)
		if (span_eq(name, rules_text(r, r->host[s].name)))
			return &r->host[s];
	return NULL;
}

/* the next name up: "b.c" of "a.b.c"; empty: none.  An address has no parents. */
static struct span parent_of(struct span name, bool address)
{
	struct span label = span_until(name, '.');

	return address ? span_skip(name, name.len) : span_skip(name, label.len + 1);
}

static void walk_hosts(struct question *q)
{
	const struct rules *r = q->r;
	bool address = host_is_address(q->host);

	memset(q->by_host, 0, r->words * sizeof(q->by_host[0]));
	if (r->host_count == 0)
		return;
	for (struct span name = q->host; name.len; name = parent_of(name, address)) {
		const struct image_host *h = find_host(r, name);

		for (uint32_t i = 0; h && i < h->postings.count; i++) {
			uint32_t p = r->posting[h->postings.first + i];

			if (!(p & 1) || name.len == q->host.len)
				q->by_host[p >> 7] |= (uint64_t)1 << (p >> 1) % 64;
		}
	}
}

/* which part of the host rule @index names; empty: none */
static struct span named_part(const struct question *q, uint32_t index)
{
	const struct rules *r = q->r;
	bool address = host_is_address(q->host);

	if (!(r->rule[index].conditions & RULE_HOST))
		return (struct span){ "", 0 };
	for (struct span name = q->host; name.len; name = parent_of(name, address)) {
		const struct image_host *h = find_host(r, name);

		for (uint32_t i = 0; h && i < h->postings.count; i++) {
			uint32_t p = r->posting[h->postings.first + i];

			if (p >> 1 == index && (!(p & 1) || name.len == q->host.len))
				return name;
		}
	}
	return (struct span){ "", 0 };
}

/* --- the other conditions ------------------------------------------------- */

static bool between(const struct rules *r, struct image_range range, uint16_t minute)
{
	for (uint32_t i = 0; i < range.count; i++)
		if (schedule_has(&r->span[range.first + i], minute))
			return true;
	return false;
}

static bool pattern_among(const struct rules *r, struct image_range range, struct span text, struct span lower)
{
	for (uint32_t i = range.first; i < range.first + range.count; i++) {
		if (r->regex[i]) {
			if (regex_match(r->regex[i], r->scratch, text))
				return true;
		} else if (glob_match(rules_text(r, r->pattern[i].text), lower)) {
			return true;
		}
	}
	return false;
}

static bool size_among(const struct rules *r, struct image_range range, uint32_t width, uint32_t height)
{
	for (uint32_t i = 0; i < range.count; i++)
		if (r->size[range.first + i].width == width && r->size[range.first + i].height == height)
			return true;
	return false;
}

/* do the conditions other than host hold? */
static enum truth holds(struct question *q, const struct image_rule *rule)
{
	const struct rules *r = q->r;
	unsigned c = rule->conditions;
	enum truth truth = YES;

	if (c & RULE_BETWEEN && !between(r, rule->between, q->minute))
		return NO;
	if (c & RULE_GROUP && !rules_station_among(r, rule->group, q->client))
		return NO;
	if (c & RULE_ADDRESS && !rules_prefix_among(r, rule->address, q->server))
		return NO;
	if (!q->f)
		return c & (RULE_URL | RULE_NAME | RULE_SIZE | RULE_THIRD_PARTY | RULE_FIRST_PARTY) ? MAYBE : YES;
	if ((c & RULE_THIRD_PARTY && !q->third_party) || (c & RULE_FIRST_PARTY && q->third_party))
		return NO;
	if (c & RULE_NAME) {
		if (!q->name)
			truth = MAYBE;
		else if (!pattern_among(r, rule->name, *q->name, *q->name))
			return NO;
	}
	if (c & RULE_SIZE) {
		if (q->width == 0)
			truth = MAYBE;
		else if (!size_among(r, rule->size, q->width, q->height))
			return NO;
	}
	if (c & RULE_URL && !pattern_among(r, rule->url, q->f->url, lower_url(q)))
		return NO;
	return truth;
}

/* --- own rules ------------------------------------------------------------ */

/* the first rule from index @from on, of @kind or everything, that holds or may hold; -1: none */
static int64_t next_rule(struct question *q, enum rules_kind kind, size_t from, enum truth *truth)
{
	const struct rules *r = q->r;

	for (size_t w = from / 64; w < r->words; w++) {
		uint64_t set = (q->by_host[w] | r->any_host[w]) & r->of_kind[kind][w];

		if (w == from / 64)
			set &= ~(uint64_t)0 << from % 64;
		for (; set; set &= set - 1) {
			size_t i = w * 64 + (size_t)__builtin_ctzll(set);

			*truth = holds(q, &r->rule[i]);
			if (*truth != NO)
				return (int64_t)i;
		}
	}
	return -1;
}

static struct verdict verdict_of(const struct question *q, int64_t index)
{
	const struct image_rule *rule = &q->r->rule[index];

	return (struct verdict){ .action = rule->action, .kind = rule->kind, .origin = (uint32_t)index + 1,
				 .name = named_part(q, (uint32_t)index) };
}

static const struct verdict undecided = { .action = ACT_PASS, .name = { "", 0 } };

/* the first rule of the kind that certainly holds.  An allow that may hold, met before it, leaves a
 * block undecided when @waits is not NULL, and sets it: the image must be fetched to know its size. */
static struct verdict first_rule(struct question *q, enum rules_kind kind, bool *waits)
{
	enum truth truth;

	for (int64_t i = next_rule(q, kind, 0, &truth); i >= 0; i = next_rule(q, kind, (size_t)i + 1, &truth)) {
		if (truth == YES)
			return verdict_of(q, i);
		if (waits && q->r->rule[i].action == ACT_ALLOW) {
			*waits = true;
			return undecided;
		}
	}
	return undecided;
}

static void ask_facts(struct question *q, const struct rules *r, const struct facts *f)
{
	*q = (struct question){ .r = r, .host = f->host, .client = f->client, .server = f->server, .f = f,
				.minute = f->minute,
				/* a navigation is never third party: following a link must not lose a session */
				.third_party = f->third_party && f->type != RES_DOCUMENT };
	walk_hosts(q);
}

/* --- the connection layer ------------------------------------------------- */

/* does a URL glob name this host, so that only its path is open? "www.example/x*", "*.example/x*" */
static bool glob_names_host(struct span glob, struct span host)
{
	struct span name = span_until(glob, '/');
	bool below = name.len && name.p[0] == '*';

	if (name.len == glob.len)	/* no "/": nothing certain about the host */
		return false;
	name = span_until(span_skip(name, below), ':');
	if (name.len == 0 || memchr(name.p, '*', name.len) || name.len > host.len)
		return false;
	if (!below)
		return span_eq(name, host);
	return memcmp(host.p + host.len - name.len, name.p, name.len) == 0;
}

static bool urls_name_host(const struct question *q, const struct image_rule *rule)
{
	for (uint32_t i = rule->url.first; i < rule->url.first + rule->url.count; i++)
		if (!q->r->pattern[i].regex && glob_names_host(rules_text(q->r, q->r->pattern[i].text), q->host))
			return true;
	return false;
}

/* an own rule that allows requests, images or - of some URLs - everything on this very host or address: what it
 * allows can only be told on port 80.  A rule that names neither is about no host and keeps none off.  -1: none */
static int64_t keeps_off(struct question *q)
{
	static const enum rules_kind kinds[] = { KIND_REQUESTS, KIND_IMAGES };	/* each with everything */
	enum truth truth;

	for (unsigned k = 0; k < 2; k++)
		for (int64_t i = next_rule(q, kinds[k], 0, &truth); i >= 0;
		     i = next_rule(q, kinds[k], (size_t)i + 1, &truth)) {
			const struct image_rule *rule = &q->r->rule[i];

			if (rule->action != ACT_ALLOW || (rule->kind == KIND_EVERYTHING && truth == YES))
				continue;
			if (rule->conditions & (RULE_HOST | RULE_ADDRESS) || urls_name_host(q, rule))
				return i;
		}
	return -1;
}

struct verdict rules_connection(const struct rules *r, const struct station *client, const struct addr *server,
				struct span name, uint16_t minute)
{
	struct question q = { .r = r, .host = name, .client = client, .server = server, .minute = minute };
	struct verdict v;
	int64_t i;

	if (host_is_address(name))	/* what is dialled by address has no name here: rules with address: are for that */
		q.host = name = (struct span){ "", 0 };
	walk_hosts(&q);
	v = first_rule(&q, KIND_CONNECTIONS, NULL);
	if (v.action == ACT_PASS)
		v = rules_listed_host(r, client, name);
	if (v.action != ACT_BLOCK)
		return v;
	i = keeps_off(&q);
	return i < 0 ? v : verdict_of(&q, i);
}

/* --- port 80 -------------------------------------------------------------- */

/* @observe: as if the lists of mode observe were in force */
static struct verdict decide(const struct rules *r, const struct facts *f, bool observe)
{
	struct verdict connection, request, image = undecided, listed = undecided;
	struct question q;
	bool waits = false;	/* for the size of the image: an own rule may allow it */

	ask_facts(&q, r, f);
	connection = first_rule(&q, KIND_CONNECTIONS, NULL);
	request = first_rule(&q, KIND_REQUESTS, NULL);
	if (f->type == RES_IMAGE)
		image = first_rule(&q, KIND_IMAGES, &waits);
	/* the whole host is blocked: unless this very request, or this very image, is allowed */
	if (connection.action == ACT_BLOCK && request.action != ACT_ALLOW && image.action != ACT_ALLOW)
		return connection;
	if (request.action == ACT_BLOCK)
		return request;
	if (image.action != ACT_PASS)
		return image;
	if (request.action == ACT_ALLOW)
		return request;
	/* an own "allow: connections" lifts what lists block of the whole host, not what they block of requests */
	listed = rules_listed_request(r, f, connection.action == ACT_PASS, observe);
	if (waits && listed.action == ACT_BLOCK && listed.kind == KIND_IMAGES)
		listed = undecided;	/* rules_image_size() will say */
	return listed.action == ACT_BLOCK || connection.action == ACT_PASS ? listed : connection;
}

struct verdict rules_request(const struct rules *r, const struct facts *f)
{
	return decide(r, f, false);
}

struct verdict rules_observe(const struct rules *r, const struct facts *f)
{
	struct verdict v = r->observes ? decide(r, f, true) : undecided;

	return v.action == ACT_BLOCK ? v : undecided;
}

/* a list blocks this image, but it was let through so far for an own rule that may allow images of its size: BLOCK */
static struct verdict listed_but_waits(struct question *q)
{
	struct verdict v;
	bool waits = false;

	if (q->f->type != RES_IMAGE || q->r->sets == 0 || first_rule(q, KIND_IMAGES, &waits).action != ACT_PASS || !waits ||
	    first_rule(q, KIND_REQUESTS, NULL).action == ACT_ALLOW)
		return undecided;
	v = rules_listed_request(q->r, q->f, false, false);
	return v.action == ACT_BLOCK ? v : undecided;
}

struct verdict rules_image_size(const struct rules *r, const struct facts *f, uint32_t width, uint32_t height)
{
	struct verdict v, waiting;
	struct question q;

	ask_facts(&q, r, f);
	waiting = listed_but_waits(&q);
	q.width = width;
	q.height = height;
	v = first_rule(&q, KIND_IMAGES, NULL);
	return v.action == ACT_PASS ? waiting : v;
}

struct verdict rules_cookie(const struct rules *r, const struct facts *f, struct span name)
{
	struct question q;

	ask_facts(&q, r, f);
	q.name = &name;
	return first_rule(&q, KIND_COOKIES, NULL);
}

/* could a rule of @kind do anything here, whatever the cookie's name or the image's size? */
static bool may_touch(const struct rules *r, const struct facts *f, enum rules_kind kind)
{
	struct question q;
	enum truth truth;

	ask_facts(&q, r, f);
	for (int64_t i = next_rule(&q, kind, 0, &truth); i >= 0; i = next_rule(&q, kind, (size_t)i + 1, &truth)) {
		if (r->rule[i].action != ACT_ALLOW)
			return true;
		if (truth == YES)
			return false;
	}
	return false;
}

bool rules_may_touch_cookies(const struct rules *r, const struct facts *f)
{
	return may_touch(r, f, KIND_COOKIES);
}

bool rules_may_touch_sizes(const struct rules *r, const struct facts *f)
{
	struct question q;

	if (may_touch(r, f, KIND_IMAGES))
		return true;
	ask_facts(&q, r, f);
	return listed_but_waits(&q).action == ACT_BLOCK;
}

size_t rules_filters(const struct rules *r, const struct facts *f, enum rules_filter_kind kind,
		     struct rules_filter *out, size_t max)
{
	struct question q;

	if (!r->has_filters[kind])
		return 0;
	ask_facts(&q, r, f);
	if (first_rule(&q, kind == RULES_FILTER_PARAMS ? KIND_REQUESTS : KIND_COOKIES, NULL).action == ACT_ALLOW)
		return 0;
	return rules_listed_filters(r, f, kind, out, max);
}

uint32_t rules_candidate(const struct rules *r, const struct facts *f, enum rules_kind kind, uint32_t after,
			 enum rules_action *action, bool *certain)
{
	struct question q;
	enum truth truth;
	int64_t i;

	ask_facts(&q, r, f);
	i = next_rule(&q, kind, after, &truth);
	if (i < 0)
		return 0;
	*action = r->rule[i].action;
	*certain = truth == YES;
	return (uint32_t)i + 1;
}
