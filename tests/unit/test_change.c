/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_change - own rules and filters of lists together: which parameters and cookies go, which cookies live shorter
 *
 * links: change action query cookie_cap cookie rules rules_decide rules_build rules_load rules_load_gateway rules_load_rule rules_load_list rules_sets rules_listed rules_build_sets rules_load_options rules_load_text match match_query match_open match_domain match_build match_build_set match_build_fold match_build_hosts match_build_file match_keys url_tokens filter_parse filter_pattern filter_options filter_domain list_adblock rules_load_url list_due list_store rules_report list_shown yaml_tree image names_table glob regex schedule host addr gateway list_detect list_hosts list_domains list_wildcard list_dnsmasq list_rpz
 * limits: FILTERED_NAMES
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "change.h"
#include "container.h"
#include "guard.h"
#include "rules_text.h"

static const char list[] =
	"[Adblock Plus 2.0]\n"
	"$removeparam=utm_source\n"
	"$removeparam=/^fb/\n"
	"||all.example^$removeparam\n"
	"||page.example^$removeparam=p,domain=other.example\n"
	"||img.example^$image,removeparam=i\n"
	"@@||quiet.example^$removeparam\n"
	"@@||half.example^$removeparam=utm_source\n"
	"||blocked.example^\n"
	"$cookie=_ga\n"
	"$cookie=/^_gid/\n"
	"||cap.example^$cookie=c;maxAge=60;sameSite=lax\n"
	"||third.example^$third-party,cookie\n"
	"@@||quiet.example^$cookie\n"
	"@@||half.example^$cookie=_ga\n";
static const char observed[] = "[Adblock Plus 2.0]\n$removeparam=would\n$cookie=would\n$cookie=_ga\n";
static const struct text_file lists[] = {
	{ "l.txt", { list, sizeof(list) - 1 } }, { "o.txt", { observed, sizeof(observed) - 1 } }, { NULL, { NULL, 0 } },
};
static const char rules_yaml[] =
	"lists:\n  - file: l.txt\n  - file: o.txt\n    mode: observe\n"
	"rules:\n"
	"  - allow: requests\n    host: mine.example\n"
	"  - allow: cookies\n    host: kept.example\n"
	"  - allow: cookies\n    name: mine\n"
	"  - limit: cookies\n    name: short\n"
	"  - block: cookies\n    name: own\n";

static struct rules *rules;

static int begin(void **state)
{
	(void)state;
	rules = rules_text_map(rules_yaml, lists);
	return 0;
}

static int end(void **state)
{
	(void)state;
	rules_put(rules);
	return 0;
}

static struct facts facts_of(const char *host, const char *source, const char *target, enum resource type)
{
	static char url[8192];
	struct facts f = { .host = span_of(host), .source_host = span_of(source), .type = type, .method = FILTER_METHOD_GET };

	snprintf(url, sizeof(url), "%s%s", host, target);
	f.url = span_of(url);
	f.third_party = rules_third_party(rules, f.host, f.source_host);
	return f;
}

struct told {
	unsigned removed, observed;
	uint32_t origin;
};

static void tell(struct span param, uint32_t origin, bool observe, void *arg)
{
	struct told *t = arg;

	assert_int_not_equal(param.len, 0);
	assert_int_not_equal(origin, 0);
	t->removed += !observe;
	t->observed += observe;
	t->origin = origin;
}

static void targets_lose_what_filters_name(void **state)
{
	static const struct { const char *why, *host, *source, *target; enum resource type; const char *want; unsigned observed; } rows[] = {
		{ "by name", "a.example", "", "/?utm_source=1&b=2", RES_DOCUMENT, "/?b=2", 0 },
		{ "by expression", "a.example", "", "/p?fbclid=1", RES_DOCUMENT, "/p", 0 },
		{ "documents only, where no type is named", "a.example", "", "/?utm_source=1", RES_IMAGE, NULL, 0 },
		{ "the type that is named", "img.example", "", "/?i=1&utm_source=1", RES_IMAGE, "/?utm_source=1", 0 },
		{ "all of them", "all.example", "", "/?a&b=1", RES_DOCUMENT, "/", 0 },
		{ "of a page", "page.example", "other.example", "/?p=1", RES_DOCUMENT, "/", 0 },
		{ "not of another", "page.example", "third.example", "/?p=1", RES_DOCUMENT, NULL, 0 },
		{ "an exception of all", "quiet.example", "", "/?utm_source=1&fb=1", RES_DOCUMENT, NULL, 0 },
		{ "an exception of one", "half.example", "", "/?utm_source=1&fb=1", RES_DOCUMENT, "/?utm_source=1", 0 },
		{ "an own rule allows", "mine.example", "", "/?utm_source=1", RES_DOCUMENT, NULL, 0 },
		{ "observed", "a.example", "", "/?would=1&fb", RES_DOCUMENT, "/?would=1", 1 },
		{ "no query", "a.example", "", "/utm_source=1", RES_DOCUMENT, NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct facts f = facts_of(rows[i].host, rows[i].source, rows[i].target, rows[i].type);
		struct told t = { 0 };
		char out[256], text[256];
		struct rules_origin o;
		size_t len = 0;
		unsigned n = change_target(rules, &f, guard_copy(span_of(rows[i].target)), out, &len, tell, &t);

		if (!n != !rows[i].want || (n && !span_eq((struct span){ out, len }, span_of(rows[i].want))))
			fail_msg("%s: %.*s", rows[i].why, (int)len, out);
		assert_int_equal(n, t.removed);
		assert_int_equal(rows[i].observed, t.observed);
		if (t.origin) {
			assert_true(rules_origin(rules, t.origin, &o, text, sizeof(text)));
			assert_true(o.line > 1 && memmem(o.text.p, o.text.len, "removeparam", 11));
		}
		f.method = FILTER_METHOD_POST;
		assert_int_equal(change_target(rules, &f, span_of(rows[i].target), out, &len, NULL, NULL), 0);
	}
}

static void cookies_meet_own_rules_first(void **state)
{
	static const struct { const char *why, *host, *source, *name; enum change want; bool listed, observed; } rows[] = {
		{ "nothing names it", "a.example", "", "x", CHANGE_NOTHING, false, false },
		{ "by name", "a.example", "", "_ga", CHANGE_REMOVE, true, false },
		{ "by expression", "a.example", "", "_gid2", CHANGE_REMOVE, true, false },
		{ "capped", "cap.example", "", "c", CHANGE_CAP, true, false },
		{ "third party", "third.example", "a.example", "x", CHANGE_REMOVE, true, false },
		{ "first party", "third.example", "www.third.example", "x", CHANGE_NOTHING, false, false },
		{ "an exception of all", "quiet.example", "", "_gid", CHANGE_NOTHING, false, false },
		{ "an exception of one", "half.example", "", "_ga", CHANGE_NOTHING, false, false },
		{ "and of no other", "half.example", "", "_gid", CHANGE_REMOVE, true, false },
		{ "an own rule blocks", "quiet.example", "", "own", CHANGE_REMOVE, false, false },
		{ "an own rule limits", "third.example", "a.example", "short", CHANGE_LIMIT, false, false },
		{ "an own rule allows by name", "third.example", "a.example", "mine", CHANGE_NOTHING, false, false },
		{ "observed", "a.example", "", "would", CHANGE_NOTHING, false, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct facts f = facts_of(rows[i].host, rows[i].source, "/", RES_IMAGE);
		struct change_cookie c;

		assert_true(change_cookies(rules, &f));
		change_cookie(guard_copy(span_of(rows[i].name)), &c);
		if (c.what != rows[i].want || c.listed != rows[i].listed || !c.observed == rows[i].observed)
			fail_msg("%s: %d, %d, %u", rows[i].why, c.what, c.listed, c.observed);
		assert_int_equal(!c.origin, c.what == CHANGE_NOTHING);
		if (c.what == CHANGE_CAP)
			assert_true(c.cap.max_age == 60 && c.cap.same_site == SAME_SITE_LAX);
	}
	/* all are allowed: nothing is asked */
	struct facts f = facts_of("kept.example", "", "/", RES_IMAGE);

	assert_false(change_cookies(rules, &f));
}

static void trailers_go_with_a_cookie_that_would_be_changed(void **state)
{
	static const struct { const char *host, *line; bool want; } rows[] = {
		{ "plain.example", "Set-Cookie: _ga=1; Path=/\r\n", true }, { "plain.example", "set-cookie:own\r\n", false },
		{ "plain.example", "set-cookie:own=\r\n", true }, { "plain.example", "Set-Cookie: a=1; own=2\r\n", false },
		{ "plain.example", "Set-Cookie: short=1\r\n", true }, { "plain.example", "Cookie: short=1\r\n", false },
		{ "plain.example", "Cookie: a=1; own=2\r\n", true }, { "plain.example", "COOKIE:a=1;b=own\r\n", false },
		{ "plain.example", "Cookie:\r\n", false }, { "plain.example", "Cookie: _gid9\r\n", false },
		{ "cap.example", "Set-Cookie: c=1\r\n", true }, { "cap.example", "Cookie: c=1\r\n", false },
		{ "kept.example", "Cookie: own=1; _ga=2\r\n", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct facts f = facts_of(rows[i].host, "", "/", RES_IMAGE);

		if (change_trailer(rules, &f, guard_copy(span_of(rows[i].line))) != rows[i].want)
			fail_msg("%s: %s", rows[i].host, rows[i].line);
	}
}

static void more_names_than_are_looked_at_pass(void **state)
{
	struct facts f = facts_of("all.example", "", "/?", RES_DOCUMENT);
	static char target[4 * LIMIT_FILTERED_NAMES + 16], out[sizeof(target)];
	struct change_cookie c;
	size_t len = 2, left;

	(void)state;
	memcpy(target, "/?", 2);
	for (unsigned i = 0; i < LIMIT_FILTERED_NAMES + 3; i++, len += 2)
		memcpy(target + len, i ? "&a" : "aa", 2);
	assert_int_equal(change_target(rules, &f, (struct span){ target, len }, out, &left, NULL, NULL), LIMIT_FILTERED_NAMES);
	assert_int_equal(change_limit(), LIMIT_ID_FILTERED_NAMES);
	assert_true(span_eq((struct span){ out, left }, SPAN_LIT("/?a&a&a")));
	assert_int_equal(change_target(rules, &f, SPAN_LIT("/?a"), out, &left, NULL, NULL), 1);
	assert_int_equal(change_limit(), -1);
	f = facts_of("a.example", "", "/", RES_DOCUMENT);
	assert_true(change_cookies(rules, &f));
	for (unsigned i = 0; i <= LIMIT_FILTERED_NAMES; i++) {
		assert_int_equal(change_limit(), -1);
		change_cookie(SPAN_LIT("_ga"), &c);
		assert_int_equal(c.what, i < LIMIT_FILTERED_NAMES ? CHANGE_REMOVE : CHANGE_NOTHING);
	}
	assert_int_equal(change_limit(), LIMIT_ID_FILTERED_NAMES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_lose_what_filters_name),
		cmocka_unit_test(cookies_meet_own_rules_first),
		cmocka_unit_test(trailers_go_with_a_cookie_that_would_be_changed),
		cmocka_unit_test(more_names_than_are_looked_at_pass),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
