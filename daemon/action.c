/* SPDX-License-Identifier: GPL-3.0-or-later */
/* action - what filters of lists change in a request instead of blocking it: $removeparam and $cookie
 *
 * The same few hundred filters that name no host hold for nearly every request, so each filter is
 * parsed once and found again by the address of its text, and an expression is asked only when the literal text that it
 * begins with is there.
 */
#include "action.h"

#include <stdlib.h>

#include "container.h"
#include "filter.h"
#include "hash.h"
#include "query.h"
#include "regex.h"

struct action {
	struct hash_node node;
	const char *text;		/* where the filter is written */
	struct regex *regex;		/* NULL: a name */
	struct span name;		/* or the expression; empty: of any name.  Points to mem */
	struct span lead;		/* whatever the expression matches holds this; often empty.  Points to mem */
	int64_t max_age;		/* as in struct filter */
	uint8_t kind;			/* enum filter_action; FILTER_BLOCK: not of use here */
	uint8_t same_site;		/* enum same_site */
	bool important, negated, nocase;
	bool lead_first;		/* nothing may stand before the lead */
	char mem[];
};

struct actions {
	struct hash_table by_text;
	struct regex_scratch *scratch;
	uint32_t count;
	struct filter filter;		/* being read */
	char raw[LIMIT_REGEX_SUBJECT_BYTES + 1], decoded[LIMIT_REGEX_SUBJECT_BYTES + 1];
	char expression[LIMIT_REGEX_PATTERN_BYTES];
};

struct actions *actions_new(void)
{
	struct actions *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->scratch = regex_scratch_new();
	if (!a->scratch || !hash_init(&a->by_text, 2048)) {
		regex_scratch_free(a->scratch);
		free(a);
		return NULL;
	}
	return a;
}

void actions_free(struct actions *a)
{
	if (!a)
		return;
	for (uint64_t i = 0; i <= a->by_text.mask; i++) {
		struct hash_node *next;

		for (struct hash_node *n = a->by_text.bucket[i]; n; n = next) {
			struct action *f = CONTAINER_OF(n, struct action, node);

			next = n->next;
			if (f->regex)
				regex_free(f->regex);
			free(f);
		}
	}
	hash_fini(&a->by_text);
	regex_scratch_free(a->scratch);
	free(a);
}

bool actions_full(const struct actions *a)
{
	return a->count == LIMIT_FILTERS_READ;
}

/* --- reading one ---------------------------------------------------------- */

/* without the backslashes that were needed only because the expression stands among options: "\," is ",", and "\\$",
 * which could match nothing, is "\$" */
static struct span unescape(struct span s, char *out)
{
	size_t len = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\\' && i + 1 < s.len) {
			if (s.p[i + 1] == ',')
				i++;
			else if (s.p[i + 1] == '\\' && i + 2 < s.len && s.p[i + 2] == '$')
				i++;
			else
				out[len++] = s.p[i++];
		}
		out[len++] = s.p[i];
	}
	return (struct span){ out, len };
}

static bool is_plain(char c)
{
	return (char_lower(c) >= 'a' && char_lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '=';
}

/* the literal text that an expression begins with; none with alternatives */
static struct span lead_of(struct span e, bool *first)
{
	size_t len = 0;

	*first = e.len && e.p[0] == '^';
	e = span_skip(e, *first);
	if (e.len == 0 || memchr(e.p, '|', e.len))
		return (struct span){ e.p, 0 };
	while (len < e.len && is_plain(e.p[len]))
		len++;
	/* the last one may be optional */
	if (len && len < e.len && (e.p[len] == '?' || e.p[len] == '*' || e.p[len] == '{'))
		len--;
	return (struct span){ e.p, len };
}

static uint8_t same_site_of(struct span s)
{
	return span_eq_nocase(s, SPAN_LIT("strict")) ? SAME_SITE_STRICT : span_eq_nocase(s, SPAN_LIT("lax")) ? SAME_SITE_LAX :
	       span_eq_nocase(s, SPAN_LIT("none")) ? SAME_SITE_NONE : SAME_SITE_AS_SENT;
}

static struct span keep(char **mem, struct span s)
{
	struct span kept = { *mem, s.len };

	if (s.len)
		memcpy(*mem, s.p, s.len);
	*mem += s.len;
	return kept;
}

static struct action *read_action(struct actions *a, struct span text)
{
	const struct filter *f = &a->filter;
	struct span name = { "", 0 }, lead = { "", 0 };
	bool usable, lead_first = false;
	struct action *x;
	char *mem;

	filter_parse(text, &a->filter);
	usable = f->kind == FILTER_NETWORK && (f->action == FILTER_REMOVEPARAM || f->action == FILTER_COOKIE);
	if (usable) {
		name = f->name;
		if (f->name_regex && name.len <= sizeof(a->expression))
			name = unescape(name, a->expression);
		if (f->name_regex && !f->name_nocase)
			lead = lead_of(name, &lead_first);
	}
	x = calloc(1, sizeof(*x) + name.len + lead.len);
	if (!x)
		return NULL;
	x->text = text.p;
	mem = x->mem;
	x->name = keep(&mem, name);
	x->lead = keep(&mem, lead);
	x->lead_first = lead_first;
	if (!usable)
		return x;
	if (f->name_regex) {
		x->regex = regex_new(name, f->name_nocase, NULL, 0, NULL);
		if (!x->regex)
			return x;
	}
	x->kind = (uint8_t)f->action;
	x->important = f->important;
	x->negated = f->name_negated;
	x->nocase = f->name_nocase;
	x->max_age = f->max_age;
	x->same_site = same_site_of(f->same_site);
	return x;
}

static uint64_t hash_of(const char *text)
{
	uint64_t h = (uint64_t)(uintptr_t)text * 0x9e3779b97f4a7c15u;

	return h ^ h >> 32;
}

static const struct action *get(struct actions *a, struct span text)
{
	uint64_t hash = hash_of(text.p);
	struct action *x;

	for (struct hash_node *n = hash_first(&a->by_text, hash); n; n = hash_next(n->next, hash)) {
		x = CONTAINER_OF(n, struct action, node);
		if (x->text == text.p)
			return x;
	}
	if (actions_full(a))
		return NULL;
	x = read_action(a, text);
	if (!x)
		return NULL;
	a->count++;
	hash_put(&a->by_text, &x->node, hash);
	return x;
}

/* --- sets ----------------------------------------------------------------- */

/* of a name: different for nearly all others, never 0, which says that the filter must be looked at */
static uint32_t tag_of(struct span name)
{
	uint32_t tag = 1u << 31 | (uint32_t)(name.len & 0x7f) << 24;

	for (size_t i = 0; i < 3 && i < name.len; i++)
		tag |= (uint32_t)(unsigned char)name.p[i] << 8 * i;
	return tag;
}

void action_set_begin(struct action_set *s, bool cookies)
{
	s->count = s->exceptions = 0;
	s->cookies = cookies;
}

static void swap(struct action_set *s, unsigned i, unsigned j)
{
	const struct action *x = s->action[i];
	uint32_t tag = s->tag[i], origin = s->origin[i];

	s->action[i] = s->action[j];
	s->tag[i] = s->tag[j];
	s->origin[i] = s->origin[j];
	s->action[j] = x;
	s->tag[j] = tag;
	s->origin[j] = origin;
}

bool action_set_add(struct action_set *s, struct actions *a, struct span text, bool exception, uint32_t origin)
{
	const struct action *x;

	if (s->count == LIMIT_FILTERS_AT_ONCE)
		return false;
	x = get(a, text);
	if (!x || x->kind != (s->cookies ? FILTER_COOKIE : FILTER_REMOVEPARAM))
		return false;
	s->action[s->count] = x;
	s->tag[s->count] = x->regex || x->name.len == 0 || x->negated ? 0 : tag_of(x->name);
	s->origin[s->count++] = origin;
	if (exception)
		swap(s, s->count - 1, s->exceptions++);
	return true;
}

static bool same_value(const struct action *x, const struct action *y)
{
	return !x->regex == !y->regex && x->negated == y->negated && x->nocase == y->nocase && span_eq(x->name, y->name);
}

/* is the parameter filter switched off by an exception? */
static bool switched_off(const struct action_set *s, const struct action *x)
{
	for (unsigned i = 0; i < s->exceptions; i++) {
		const struct action *e = s->action[i];

		if ((!x->important || e->important) && (e->name.len == 0 || same_value(x, e)))
			return true;
	}
	return false;
}

bool action_set_settle(struct action_set *s)
{
	unsigned kept = s->exceptions;

	if (s->cookies || s->exceptions == 0)
		return s->count > s->exceptions;
	for (unsigned i = s->exceptions; i < s->count; i++)
		if (!switched_off(s, s->action[i]))
			swap(s, i, kept++);
	s->count = kept;
	return s->count > s->exceptions;
}

/* --- asking --------------------------------------------------------------- */

static bool expression_matches(const struct action *x, struct actions *a, struct span text)
{
	if (x->lead.len && (x->lead_first ? text.len < x->lead.len || memcmp(text.p, x->lead.p, x->lead.len) != 0 :
					    !text.len || !memmem(text.p, text.len, x->lead.p, x->lead.len)))
		return false;
	return regex_match(x->regex, a->scratch, text);
}

/* one parameter, in the forms that filters are compared with */
struct param {
	struct span raw, decoded;		/* name=value; decoded: a null pointer when it is the same */
	struct span name, decoded_name;
	uint32_t tag, decoded_tag;
};

static void read_param(struct actions *a, struct span sent, struct param *p)
{
	struct span s = sent;
	size_t len;

	if (s.len > LIMIT_REGEX_SUBJECT_BYTES)
		s.len = LIMIT_REGEX_SUBJECT_BYTES;
	*p = (struct param){ .raw = s, .name = query_name(sent) };
	if (s.len < sizeof(a->raw) && !memchr(s.p, '=', s.len)) {
		memcpy(a->raw, s.p, s.len);
		a->raw[s.len] = '=';
		p->raw = (struct span){ a->raw, s.len + 1 };
	}
	p->tag = p->decoded_tag = tag_of(p->name);
	len = query_decode(p->raw, a->decoded);
	if (len == 0)
		return;
	p->decoded = (struct span){ a->decoded, len };
	/* the name by itself: a "=" in it may have been encoded */
	p->decoded_name = p->name;
	if (memchr(p->name.p, '%', p->name.len) && p->name.len < s.len + 1) {
		size_t pairs = 0;

		for (size_t i = 0; i < p->name.len && i < s.len; i++)
			pairs += s.p[i] == '%';
		p->decoded_name = (struct span){ a->decoded, p->name.len - 2 * pairs };
		p->decoded_tag = tag_of(p->decoded_name);
	}
}

static bool removes(const struct action *x, struct actions *a, const struct param *p)
{
	bool matches;

	if (x->regex)
		matches = expression_matches(x, a, p->raw) || (p->decoded.p && expression_matches(x, a, p->decoded));
	else if (x->name.len == 0)
		return true;
	else
		matches = span_eq(x->name, p->name) || (p->decoded.p && span_eq(x->name, p->decoded_name));
	return matches != x->negated;
}

bool action_param(const struct action_set *s, struct actions *a, struct span param, uint32_t *origin)
{
	struct param p;

	read_param(a, param, &p);
	for (unsigned i = s->exceptions; i < s->count; i++) {
		if (s->tag[i] && s->tag[i] != p.tag && s->tag[i] != p.decoded_tag)
			continue;
		if (!removes(s->action[i], a, &p))
			continue;
		*origin = s->origin[i];
		return true;
	}
	return false;
}

static bool names_cookie(const struct action_set *s, unsigned i, struct actions *a, struct span name, uint32_t tag)
{
	const struct action *x;

	if (s->tag[i] && s->tag[i] != tag)
		return false;
	x = s->action[i];
	return x->regex ? expression_matches(x, a, name) : x->name.len == 0 || span_eq(x->name, name);
}

/* 2: every filter that names the cookie is lifted; 1: all but the important; 0: none */
static unsigned lifted(const struct action_set *s, struct actions *a, struct span name, uint32_t tag)
{
	unsigned most = 0;

	for (unsigned i = 0; i < s->exceptions; i++)
		if (names_cookie(s, i, a, name, tag))
			most = s->action[i]->important ? 2 : most ? most : 1;
	return most;
}

enum action_cookie action_cookie(const struct action_set *s, struct actions *a, struct span name,
				 struct cookie_cap *cap, uint32_t *origin)
{
	enum action_cookie answer = ACTION_COOKIE_PASS;
	uint32_t tag = tag_of(name);
	unsigned lift = 0;
	bool asked = false;

	*cap = (struct cookie_cap){ .max_age = -1 };
	for (unsigned i = s->exceptions; i < s->count; i++) {
		const struct action *x = s->action[i];

		if (!names_cookie(s, i, a, name, tag))
			continue;
		if (!asked)
			lift = lifted(s, a, name, tag);
		asked = true;
		if (lift > x->important)
			continue;
		*origin = s->origin[i];
		if (x->max_age <= 0 && x->same_site == SAME_SITE_AS_SENT)
			return ACTION_COOKIE_BLOCK;
		answer = ACTION_COOKIE_CAP;
		if (x->max_age > 0 && (cap->max_age < 0 || x->max_age < cap->max_age))
			cap->max_age = x->max_age;
		if (x->same_site > cap->same_site)
			cap->same_site = x->same_site;
	}
	return answer;
}
