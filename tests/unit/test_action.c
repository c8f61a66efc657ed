/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_action - what $removeparam and $cookie filters do to one parameter, one cookie; and every such filter of the lists
 *
 * links: action query cookie_cap cookie regex filter_parse filter_pattern filter_options filter_domain list_detect host addr
 * limits: FILTERS_AT_ONCE FILTERS_READ
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "action.h"
#include "container.h"
#include "guard.h"
#include "seed.h"
#include "shared.h"

/* for the fuzzer: "subject\nfilters" */
static void seed_row(const char *subject, const char *filters)
{
	char text[1024];
	int n = snprintf(text, sizeof(text), "%s\n%s", subject, filters);

	seed("action", (struct span){ text, (size_t)n });
}

static struct actions *actions;
static struct action_set set;

static int begin(void **state)
{
	(void)state;
	actions = actions_new();
	return !actions;
}

static int end(void **state)
{
	(void)state;
	actions_free(actions);
	return 0;
}

/* "filter\nfilter\n...", in this order or the other way round; origin: 1 + the filter's place */
static bool fill(const char *filters, bool cookies, bool backwards)
{
	struct span all = span_of(filters), line[16];
	unsigned n = 0;

	for (; all.len; all = span_skip(all, line[n++].len + 1))
		line[n] = span_until(all, '\n');
	action_set_begin(&set, cookies);
	for (unsigned i = 0; i < n; i++) {
		unsigned at = backwards ? n - 1 - i : i;

		assert_true(action_set_add(&set, actions, line[at], line[at].p[0] == '@', 1 + at));
	}
	return action_set_settle(&set);
}

static void parameters_are_removed_as_the_engines_do(void **state)
{
	/* @gone: the parameters of @in that go, parted by blanks */
	static const struct { const char *why, *filters, *in, *gone; } rows[] = {
		{ "by name", "$removeparam=a", "a=1 b=2 aa=3 A=4 a", "a=1 a" },
		{ "all of them", "||x.example^$removeparam", "a=1 b", "a=1 b" },
		{ "all but one", "$removeparam=~a", "a=1 b=2 a b", "b=2 b" },
		{ "an expression over name=value", "$removeparam=/^a=1/", "a=1 a=12 a=2 ba=1", "a=1 a=12" },
		{ "of the value", "$removeparam=/=secret$/", "a=secret b=secrets", "a=secret" },
		{ "with case", "$removeparam=/^Ab/", "Ab=1 ab=1", "Ab=1" },
		{ "without case", "$removeparam=/^Ab/i", "Ab=1 ab=1 xab", "Ab=1 ab=1" },
		{ "an expression, negated", "$removeparam=~/^(a|b)=/", "a=1 b c=1", "c=1" },
		{ "an expression sees = even where none is", "$removeparam=/^a=/", "a ab", "a" },
		{ "the older form", "$removeparam=|utm_", "utm_x=1 xutm_=1 UTM_Y=2", "utm_x=1 UTM_Y=2" },
		{ "an encoded name", "$removeparam=a[]", "a%5B%5D=1 a[]=1 a%5b%5d=%zz", "a%5B%5D=1 a[]=1" },
		{ "encoded in the filter", "$removeparam=%24a", "%24a=1 $a=1", "%24a=1" },
		{ "an encoded value", "$removeparam=/=https?:/", "u=http%3A%2F%2Fx u=http: u=x", "u=http%3A%2F%2Fx u=http:" },
		{ "encoded in the expression", "$removeparam=/^via%3D/", "via%3Dx via=x", "via%3Dx" },
		{ "an encoded = is of the name", "$removeparam=a=b", "a%3Db=1 a=b", "a%3Db=1" },
		{ "an escaped comma", "$removeparam=/^s=[a-z]{3\\,}/", "s=ab s=abc s=abcd", "s=abc s=abcd" },
		{ "an escaped dollar", "$removeparam=/^\\\\$ja=/", "$ja=1 ja=1", "$ja=1" },
		{ "two filters", "$removeparam=a\n$removeparam=/^b/", "a=1 b1=2 c=3", "a=1 b1=2" },
		{ "nothing of it there", "$removeparam=a\n$removeparam=/^b/\n$removeparam=~c", "c=1", "" },

		{ "an exception takes its filter away", "$removeparam=a\n$removeparam=b\n@@||x.example^$removeparam=a", "a=1 b=2", "b=2" },
		{ "not one that reads alike", "$removeparam=/^a=/\n@@||x.example^$removeparam=a", "a=1", "a=1" },
		{ "of an expression", "$removeparam=/^a=/\n@@||x.example^$removeparam=/^a=/", "a=1", "" },
		{ "nor the other case", "$removeparam=/^a=/i\n@@||x.example^$removeparam=/^a=/", "a=1", "a=1" },
		{ "nor its opposite", "$removeparam=~a\n@@||x.example^$removeparam=a", "b=1", "b=1" },
		{ "of all", "$removeparam=a\n$removeparam=/^b=/\n||x.example^$removeparam\n@@||x.example^$removeparam", "a=1 b=1", "" },
		{ "important stands", "$removeparam=a,important\n$removeparam=b\n@@||x.example^$removeparam", "a=1 b=1", "a=1" },
		{ "and again", "$removeparam=a,important\n@@||x.example^$removeparam=a", "a=1", "a=1" },
		{ "an exception alone", "@@||x.example^$removeparam=a", "a=1", "" },
		{ "important for important", "$removeparam=a,important\n@@||x.example^$removeparam,important", "a=1", "" },
		{ "queryprune is the same", "$queryprune=a\n$removeparam=b\n@@||x.example^$removeparam=a", "a=1 b=1", "b=1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		seed_row(rows[i].in, rows[i].filters);
		for (int backwards = 0; backwards < 2; backwards++) {
			char got[256] = "";
			int n = 0;

			fill(rows[i].filters, false, backwards);
			for (struct span rest = span_of(rows[i].in), param; rest.len; ) {
				uint32_t origin = 0;

				param = span_until(rest, ' ');
				rest = span_skip(rest, param.len + 1);
				if (!action_param(&set, actions, guard_copy(param), &origin))
					continue;
				assert_int_not_equal(origin, 0);
				n += snprintf(got + n, sizeof(got) - (size_t)n, "%s%.*s", n ? " " : "", SPAN_FMT(param));
			}
			if (strcmp(got, rows[i].gone) != 0)
				fail_msg("%s: %s", rows[i].why, got);
		}
	}
}

#define PASS	ACTION_COOKIE_PASS
#define BLOCK	ACTION_COOKIE_BLOCK
#define CAP	ACTION_COOKIE_CAP

static void cookies_are_judged_as_adguard_does(void **state)
{
	static const struct {
		const char *why, *filters, *cookie;
		enum action_cookie want;
		int64_t max_age;
		enum same_site same_site;
	} rows[] = {
		{ "by name", "$cookie=a", "a", BLOCK, 0, 0 },
		{ "another name", "$cookie=a", "ab", PASS, 0, 0 },
		{ "names have case", "$cookie=a", "A", PASS, 0, 0 },
		{ "all", "||x.example^$cookie", "anything", BLOCK, 0, 0 },
		{ "all, and one without a name", "||x.example^$cookie", "", BLOCK, 0, 0 },
		{ "an expression", "$cookie=/^_ga_/", "_ga_X1", BLOCK, 0, 0 },
		{ "anchored", "$cookie=/^_ga_/", "x_ga_", PASS, 0, 0 },
		{ "anywhere", "$cookie=/mp_.*_mixpanel/", "x_mp_0_mixpanel_", BLOCK, 0, 0 },
		{ "an optional letter", "$cookie=/^AMCVS?_.*AdobeOrg/", "AMCV_X@AdobeOrg", BLOCK, 0, 0 },
		{ "capped", "$cookie=a;maxAge=30", "a", CAP, 30, 0 },
		{ "same site", "$cookie=a;sameSite=lax", "a", CAP, -1, SAME_SITE_LAX },
		{ "both", "$cookie=a;maxAge=30;sameSite=strict", "a", CAP, 30, SAME_SITE_STRICT },
		{ "zero blocks", "$cookie=a;maxAge=0", "a", BLOCK, 0, 0 },
		{ "an expression capped", "$cookie=/^a;b/;maxAge=30", "a;bc", CAP, 30, 0 },
		{ "the shortest, the strictest", "$cookie=a;maxAge=30\n$cookie=/a/;maxAge=20;sameSite=strict\n$cookie=a;sameSite=lax",
		  "a", CAP, 20, SAME_SITE_STRICT },
		{ "a block before a cap", "$cookie=a;maxAge=30\n$cookie=/a/", "a", BLOCK, 0, 0 },
		{ "an exception by name", "$cookie=/^_g/\n@@||x.example^$cookie=_ga", "_ga", PASS, 0, 0 },
		{ "for this name only", "$cookie=/^_g/\n@@||x.example^$cookie=_ga", "_gb", BLOCK, 0, 0 },
		{ "an exception of all", "$cookie=a\n$cookie=/a/;maxAge=5\n@@||x.example^$cookie", "a", PASS, 0, 0 },
		{ "an exception by expression", "$cookie=_ga_x\n@@||x.example^$cookie=/^_ga_/", "_ga_x", PASS, 0, 0 },
		{ "important stands", "$cookie=a,important\n@@||x.example^$cookie", "a", BLOCK, 0, 0 },
		{ "an exception alone", "@@||x.example^$cookie=a", "a", PASS, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		seed_row(rows[i].cookie, rows[i].filters);
		for (int backwards = 0; backwards < 2; backwards++) {
			struct cookie_cap cap;
			uint32_t origin = 0;
			enum action_cookie got;

			fill(rows[i].filters, true, backwards);
			got = action_cookie(&set, actions, guard_copy(span_of(rows[i].cookie)), &cap, &origin);
			if (got != rows[i].want || (got == CAP && (cap.max_age != rows[i].max_age ||
								   cap.same_site != rows[i].same_site)))
				fail_msg("%s: %d, %lld, %d", rows[i].why, got, (long long)cap.max_age, cap.same_site);
			assert_int_equal(!origin, got == PASS);
		}
	}
}

static void what_is_no_such_filter_is_refused(void **state)
{
	static const char *const rows[] = {
		"||x.example^", "", "! $removeparam=a", "$removeparam=/(/", "$cookie=a", "$removeparam=a|b", "x.example##.ad",
	};

	(void)state;
	action_set_begin(&set, false);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (int again = 0; again < 2; again++)
			assert_false(action_set_add(&set, actions, span_of(rows[i]), false, 1));
	assert_false(action_set_settle(&set));
}

static void a_set_and_the_store_are_bounded(void **state)
{
	struct actions *few = actions_new();
	char *text = calloc(LIMIT_FILTERS_READ + 1, 32);
	unsigned added = 0;

	(void)state;
	for (unsigned i = 0; i <= LIMIT_FILTERS_READ; i++) {
		if (i % LIMIT_FILTERS_AT_ONCE == 0)
			action_set_begin(&set, false);
		snprintf(text + i * 32, 32, "$removeparam=p%u", i);
		added += action_set_add(&set, few, span_of(text + i * 32), false, i + 1);
	}
	assert_int_equal(added, LIMIT_FILTERS_READ);
	action_set_begin(&set, false);
	for (unsigned i = 0; i <= LIMIT_FILTERS_AT_ONCE; i++)
		assert_int_equal(action_set_add(&set, few, span_of(text + i * 32), false, i + 1), i < LIMIT_FILTERS_AT_ONCE);
	assert_true(action_set_settle(&set));
	actions_free(few);
	free(text);
}

static struct span next_line(struct span *rest)
{
	struct span line = span_until(*rest, '\n');

	*rest = span_skip(*rest, line.len + 1);
	line.len -= line.len && line.p[line.len - 1] == '\r';
	return line;
}

/* every line of @name that holds @option is read as an action; returns how many */
static unsigned every_filter(const char *name, const char *option, bool cookies)
{
	struct span all = shared_read(name);
	struct actions *mine = actions_new();
	unsigned n = 0;

	for (struct span rest = all; rest.len; ) {
		struct span line = next_line(&rest);

		if (line.len == 0 || line.p[0] == '!' || !memmem(line.p, line.len, option, strlen(option)))
			continue;
		action_set_begin(&set, cookies);
		if (!action_set_add(&set, mine, line, line.p[0] == '@', 1))
			fail_msg("%s: %.*s", name, SPAN_FMT(line));
		n++;
	}
	actions_free(mine);
	free((void *)(uintptr_t)all.p);
	return n;
}

static void every_filter_of_the_lists_is_an_action(void **state)
{
	unsigned params, cookies;

	(void)state;
	cookies = every_filter("cookies/adguard-cookie-rules.txt", "cookie", true);
	params = every_filter("lists/adguard-url-tracking.txt.xz", "removeparam", false);
	if (!cookies || !params)
		skip();
	assert_int_equal(cookies, 1056);
	assert_int_equal(params, 2464);
}

/* all filters that name no host, as they hold for every request; @set is settled */
static struct span generic(const char *name, const char *option, bool cookies)
{
	struct span all = shared_read(name);
	uint32_t line_no = 0;

	action_set_begin(&set, cookies);
	for (struct span rest = all; rest.len; ) {
		struct span line = next_line(&rest);

		line_no++;
		if (line.len > 8 && memcmp(line.p, option, strlen(option)) == 0 &&
		    (!memmem(line.p, line.len, ",domain=", 8) || memmem(line.p, line.len, ",domain=~", 9)))
			action_set_add(&set, actions, line, false, line_no);
	}
	action_set_settle(&set);
	return all;
}

static void real_cookies_meet_adguards_filters(void **state)
{
	struct span list = generic("cookies/adguard-cookie-rules.txt", "$cookie", true);
	struct span all = shared_read("cookies/setcookie.tsv.gz");
	unsigned n = 0, blocked = 0;

	(void)state;
	if (!list.p || !all.p)
		skip();
	for (struct span rest = all; rest.len; ) {
		struct span value = next_line(&rest);
		struct set_cookie c;
		struct cookie_cap cap;
		uint32_t origin;
		bool ga;

		if (value.len == 0 || value.p[0] == '#')
			continue;
		for (int i = 0; i < 4; i++)
			value = span_skip(value, span_until(value, '\t').len + 1);
		if (!cookie_set_parse(value, &c))
			continue;
		n++;
		ga = span_eq(c.name, SPAN_LIT("_ga")) || (c.name.len > 4 && memcmp(c.name.p, "_ga_", 4) == 0);
		if (action_cookie(&set, actions, c.name, &cap, &origin) == ACTION_COOKIE_BLOCK)
			blocked++;
		else
			assert_false(ga);
	}
	printf("%u filters for every request: %u of %u cookies blocked\n", set.count - set.exceptions, blocked, n);
	assert_true(n > 10000 && blocked > 100 && blocked < n / 2);
	free((void *)(uintptr_t)list.p);
	free((void *)(uintptr_t)all.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(parameters_are_removed_as_the_engines_do, begin, end),
		cmocka_unit_test_setup_teardown(cookies_are_judged_as_adguard_does, begin, end),
		cmocka_unit_test_setup_teardown(what_is_no_such_filter_is_refused, begin, end),
		cmocka_unit_test(a_set_and_the_store_are_bounded),
		cmocka_unit_test(every_filter_of_the_lists_is_an_action),
		cmocka_unit_test_setup_teardown(real_cookies_meet_adguards_filters, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
