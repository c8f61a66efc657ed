/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_action - links: action query cookie_cap cookie regex filter_parse filter_pattern filter_options filter_domain list_detect host addr
 *
 * The first line is a parameter and the name of a cookie, the others are filters.  Properties: the order of the filters
 * does not matter; a set that settled to nothing does nothing; without exceptions each filter does in the set what it does
 * alone; with an exception of all that is important nothing happens.
 */
#include "action.h"
#include "check.h"

enum { LINES = 24 };

static struct action_set set;

static unsigned fill(struct actions *a, const struct span *line, unsigned n, bool cookies, bool backwards)
{
	unsigned added = 0;

	action_set_begin(&set, cookies);
	for (unsigned i = 0; i < n; i++) {
		const struct span *l = &line[backwards ? n - 1 - i : i];

		added += action_set_add(&set, a, *l, l->len && l->p[0] == '@', 1);
	}
	CHECK(set.count == added && set.exceptions <= added);
	action_set_settle(&set);
	return added;
}

/* what becomes of it: 1 removed, else the cap */
static int64_t ask(struct actions *a, bool cookies, struct span subject)
{
	struct cookie_cap cap = { -1, SAME_SITE_AS_SENT };
	uint32_t origin = 0;

	if (!cookies)
		return action_param(&set, a, subject, &origin);
	switch (action_cookie(&set, a, subject, &cap, &origin)) {
	case ACTION_COOKIE_BLOCK:
		return 1;
	case ACTION_COOKIE_CAP:
		CHECK(cap.max_age > 0 || cap.same_site != SAME_SITE_AS_SENT);
		return 2 + (cap.max_age + 1) * 4 + (int64_t)cap.same_site;
	default:
		return 0;
	}
}

static void check(struct actions *a, const struct span *line, unsigned n, bool cookies, struct span subject)
{
	static const char lift_params[] = "@@*$removeparam,important", lift_cookies[] = "@@*$cookie,important";
	struct span all[LINES + 1];
	bool exceptions = false, alone = false;
	int64_t answer;

	fill(a, line, n, cookies, false);
	answer = ask(a, cookies, subject);
	exceptions = set.exceptions;
	CHECK(set.count > set.exceptions || answer == 0);
	fill(a, line, n, cookies, true);
	CHECK(ask(a, cookies, subject) == answer);
	for (unsigned i = 0; i < n; i++) {
		fill(a, line + i, 1, cookies, false);
		alone |= ask(a, cookies, subject) != 0;
	}
	CHECK(exceptions ? alone || !answer : alone == (answer != 0));
	memcpy(all, line, n * sizeof(all[0]));
	all[n] = cookies ? SPAN_LIT(lift_cookies) : SPAN_LIT(lift_params);
	fill(a, all, n + 1, cookies, false);
	CHECK(ask(a, cookies, subject) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = copy_of((struct span){ (const char *)data, size }), rest = in, line[LINES], subject;
	struct actions *a = actions_new();
	unsigned n = 0;

	subject = span_until(rest, '\n');
	rest = span_skip(rest, subject.len + 1);
	for (; rest.len && n < LINES; rest = span_skip(rest, line[n++].len + 1))
		line[n] = span_until(rest, '\n');
	CHECK(a);
	check(a, line, n, false, subject);
	check(a, line, n, true, subject);
	actions_free(a);
	drop_copy(in);
	return 0;
}
