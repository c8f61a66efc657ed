/* SPDX-License-Identifier: GPL-3.0-or-later */
/* change - what own rules and filters of lists change in a message that passes
 *
 * Theory of operation.  rules_filters() says which filters hold for a request; they are put into two sets, of those that
 * act and of those that are observed, with the exceptions in both.  Then each parameter or cookie is asked for.
 */
#include "change.h"

#include "action.h"
#include "query.h"

enum { ACTING, OBSERVED, SETS };

/* one thread, one message at a time; large, and touched only where there are such filters */
static struct rules_filter found[LIMIT_FILTERS_AT_ONCE];
static struct action_set sets[SETS];
static bool holds[SETS];		/* is there anything in the set? */
static struct {
	const struct rules *r;
	const struct facts *f;
	struct actions *actions;	/* of r; valid while a set holds something */
	unsigned names;			/* asked for so far */
	int limit;			/* reached by the filters; -1: none */
} asked;

static void undo(void *p)
{
	actions_free(p);
}

/* filters that were read are kept with the image their texts are in.  NULL: out of memory */
static struct actions *actions_of(struct rules *r)
{
	struct actions *a = rules_kept(r);

	if (!a) {
		a = actions_new();
		if (a)
			rules_keep(r, a, undo);
	}
	return a;
}

/* the filters that hold are in the sets; false: there are none */
static bool collect(struct rules *r, const struct facts *f, enum rules_filter_kind kind)
{
	size_t n;

	holds[ACTING] = holds[OBSERVED] = false;
	asked.r = r;
	asked.f = f;
	asked.names = 0;
	asked.limit = -1;
	if (!rules_has_filters(r, kind))
		return false;
	n = rules_filters(r, f, kind, found, LIMIT_FILTERS_AT_ONCE);
	asked.actions = n ? actions_of(r) : NULL;
	if (!asked.actions)
		return false;
	for (int s = 0; s < SETS; s++)
		action_set_begin(&sets[s], kind == RULES_FILTER_COOKIES);
	for (size_t i = 0; i < n; i++) {
		const struct rules_filter *x = &found[i];

		if (!x->observe)
			action_set_add(&sets[ACTING], asked.actions, x->text, x->exception, x->origin);
		if (x->observe || x->exception)
			action_set_add(&sets[OBSERVED], asked.actions, x->text, x->exception, x->origin);
	}
	asked.limit = actions_full(asked.actions) ? (int)LIMIT_ID_FILTERS_READ :
		      n == LIMIT_FILTERS_AT_ONCE ? (int)LIMIT_ID_FILTERS_AT_ONCE : -1;
	for (int s = 0; s < SETS; s++)
		holds[s] = action_set_settle(&sets[s]);
	return holds[ACTING] || holds[OBSERVED];
}

bool change_trailer(struct rules *r, const struct facts *f, struct span line)
{
	struct span name = span_until(line, ':'), rest = span_skip(line, name.len + 1);
	bool set = span_eq_nocase(name, SPAN_LIT("set-cookie"));
	struct change_cookie change;
	struct cookie cookie;

	if (!change_cookies(r, f))
		return false;
	rest = span_until(rest, '\r');
	while (cookie_next(&rest, &cookie)) {
		change_cookie(cookie.name, &change);
		if (change.what == CHANGE_REMOVE || (set && change.what != CHANGE_NOTHING))
			return true;
		if (set)	/* attributes follow */
			break;
	}
	return false;
}

int change_limit(void)
{
	return asked.names > LIMIT_FILTERED_NAMES ? (int)LIMIT_ID_FILTERED_NAMES : asked.limit;
}

/* --- parameters ----------------------------------------------------------- */

struct telling {
	void (*told)(struct span param, uint32_t origin, bool observe, void *arg);
	void *arg;
};

static bool keep_param(struct span param, void *arg)
{
	const struct telling *t = arg;
	uint32_t origin;

	if (++asked.names > LIMIT_FILTERED_NAMES)
		return true;
	if (holds[ACTING] && action_param(&sets[ACTING], asked.actions, param, &origin)) {
		if (t->told)
			t->told(param, origin, false, t->arg);
		return false;
	}
	if (holds[OBSERVED] && t->told && action_param(&sets[OBSERVED], asked.actions, param, &origin))
		t->told(param, origin, true, t->arg);
	return true;
}

unsigned change_target(struct rules *r, const struct facts *f, struct span target, char *out, size_t *len,
		       void (*told)(struct span param, uint32_t origin, bool observe, void *arg), void *arg)
{
	struct telling t = { told, arg };

	asked.names = 0;
	asked.limit = -1;
	if (!(f->method & (FILTER_METHOD_GET | FILTER_METHOD_HEAD | FILTER_METHOD_OPTIONS)) || query_of(target).len == 0 ||
	    !collect(r, f, RULES_FILTER_PARAMS))
		return 0;
	return query_edit(target, keep_param, &t, out, len);
}

/* --- cookies -------------------------------------------------------------- */

bool change_cookies(struct rules *r, const struct facts *f)
{
	return collect(r, f, RULES_FILTER_COOKIES) || rules_may_touch_cookies(r, f);
}

/* what the filters of a set do; false: nothing */
static bool listed(unsigned set, struct span name, struct change_cookie *out)
{
	switch (holds[set] ? action_cookie(&sets[set], asked.actions, name, &out->cap, &out->origin) :
			     ACTION_COOKIE_PASS) {
	case ACTION_COOKIE_BLOCK:
		out->what = CHANGE_REMOVE;
		return true;
	case ACTION_COOKIE_CAP:
		out->what = CHANGE_CAP;
		return true;
	default:
		return false;
	}
}

void change_cookie(struct span name, struct change_cookie *out)
{
	struct change_cookie would = { .what = CHANGE_NOTHING };
	struct verdict v = rules_cookie(asked.r, asked.f, name);

	*out = (struct change_cookie){ .what = CHANGE_NOTHING, .origin = v.origin };
	if (v.action == ACT_BLOCK) {
		out->what = CHANGE_REMOVE;
	} else if (v.action == ACT_LIMIT) {
		out->what = CHANGE_LIMIT;
	} else if (v.action != ACT_ALLOW && ++asked.names <= LIMIT_FILTERED_NAMES) {
		out->listed = listed(ACTING, name, out);
		if (!out->listed && listed(OBSERVED, name, &would))
			out->observed = would.origin;
	}
	if (out->what == CHANGE_NOTHING)
		out->origin = 0;
}
