/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_cookie - cookies, their attributes, and dates as servers write them
 *
 * links: cookie
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "container.h"
#include "cookie.h"
#include "guard.h"
#include "seed.h"
#include "shared.h"

static void cookies_are_split_as_browsers_send_them(void **state)
{
	static const struct { const char *why; struct span in; const char *want; } rows[] = {
		{ "one",		SPAN_LIT("a=1"),		"a=1|" },
		{ "as browsers write",	SPAN_LIT("a=1; b=2"),		"a=1|b=2|" },
		{ "no blank",		SPAN_LIT("a=1;b=2"),		"a=1|b=2|" },
		{ "blanks everywhere",	SPAN_LIT(" a = 1 ;\tb=2 "),	"a=1|b=2|" },
		{ "= in the value",	SPAN_LIT("a=b=c; d=="),		"a=b=c|d==|" },
		{ "empty value",	SPAN_LIT("a=; b=2"),		"a=|b=2|" },
		{ "no name",		SPAN_LIT("=x; y"),		"=x|=y|" },
		{ "quotes are bytes",	SPAN_LIT("a=\"x y\"; b=2"),	"a=\"x y\"|b=2|" },
		{ "comma is a byte",	SPAN_LIT("a=1,2; b=2"),		"a=1,2|b=2|" },
		{ "empty parts",	SPAN_LIT(";a=1;; ;b=2;"),	"a=1|b=2|" },
		{ "nothing",		SPAN_LIT(""),			"" },
		{ "only semicolons",	SPAN_LIT("; ;"),		"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct span rest = guard_copy(rows[i].in);
		struct cookie c;
		char got[128] = "";
		int n = 0;

		seed("cookie", rows[i].in);
		while (cookie_next(&rest, &c))
			n += snprintf(got + n, sizeof(got) - (size_t)n, "%.*s=%.*s|", SPAN_FMT(c.name), SPAN_FMT(c.value));
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s: %s", rows[i].why, got);
	}
}

/* 2026-01-01 00:00:00 UTC */
static const time_t now = 1767225600;

static void deletions_are_told_from_settings(void **state)
{
	static const struct { const char *why; struct span in; bool want, lives; } rows[] = {
		{ "session cookie",		SPAN_LIT("a=1"), false, false },
		{ "max-age 0",			SPAN_LIT("a=; Max-Age=0"), true, true },
		{ "max-age negative",		SPAN_LIT("a=; max-age=-1"), true, true },
		{ "max-age positive",		SPAN_LIT("a=1;MAX-AGE=60"), false, true },
		{ "expired",			SPAN_LIT("a=; expires=Thu, 01-Jan-1970 00:00:01 GMT"), true, true },
		{ "expired a second ago",	SPAN_LIT("a=; Expires=Wed, 31 Dec 2025 23:59:59 GMT"), true, true },
		{ "expires in a second",	SPAN_LIT("a=; Expires=Thu, 01 Jan 2026 00:00:01 GMT"), false, true },
		{ "max-age wins over past",	SPAN_LIT("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60"), false, true },
		{ "max-age wins over future",	SPAN_LIT("a=1; Max-Age=0; Expires=Thu, 01 Jan 2099 00:00:00 GMT"), true, true },
		{ "the last max-age counts",	SPAN_LIT("a=1; Max-Age=0; Max-Age=5"), false, true },
		{ "unreadable max-age is none",	SPAN_LIT("a=1; Max-Age=0; Max-Age=x"), true, true },
		{ "max-age with text",		SPAN_LIT("a=1; Max-Age=0s"), false, true },
		{ "empty max-age",		SPAN_LIT("a=1; Max-Age="), false, true },
		{ "huge max-age",		SPAN_LIT("a=1; Max-Age=99999999999999999999999999"), false, true },
		{ "huge negative max-age",	SPAN_LIT("a=1; Max-Age=-99999999999999999999999999"), true, true },
		{ "unreadable date is none",	SPAN_LIT("a=1; Expires=0"), false, true },
		{ "name is not an attribute",	SPAN_LIT("max-age=0"), false, false },
		{ "value is not an attribute",	SPAN_LIT("a=Max-Age=0; path=/"), false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct span in = guard_copy(rows[i].in);
		struct set_cookie c;

		seed("cookie", in);
		assert_true(cookie_set_parse(in, &c));
		if (cookie_is_deletion(&c, now) != rows[i].want || cookie_lives(in) != rows[i].lives)
			fail_msg("%s", rows[i].why);
	}
}

static void attributes_are_found(void **state)
{
	struct set_cookie c;

	(void)state;
	assert_true(cookie_set_parse(guard_copy(SPAN_LIT(
		" id = a=b ; Path=/x; DOMAIN=.a.example; path=/y; Secure; httponly ; SameSite=Lax; Max-Age=-07; x")), &c));
	assert_true(span_eq(c.name, SPAN_LIT("id")));
	assert_true(span_eq(c.value, SPAN_LIT("a=b")));
	assert_true(span_eq(c.path, SPAN_LIT("/y")));
	assert_true(span_eq(c.domain, SPAN_LIT(".a.example")));
	assert_true(span_eq(c.same_site, SPAN_LIT("Lax")));
	assert_true(c.secure && c.http_only);
	assert_int_equal(c.max_age_s, -7);
	assert_true(cookie_set_parse(SPAN_LIT("lonely"), &c));
	assert_int_equal(c.name.len, 0);
	assert_true(span_eq(c.value, SPAN_LIT("lonely")));
	assert_false(cookie_set_parse(SPAN_LIT("; path=/"), &c));
	assert_false(cookie_set_parse(SPAN_LIT("= ; path=/"), &c));
	assert_false(cookie_set_parse(SPAN_LIT(""), &c));
}

static void dates_are_read_as_user_agents_do(void **state)
{
	static const struct { const char *in; bool ok; time_t at; } rows[] = {
		{ "Thu, 01 Jan 1970 00:00:00 GMT", true, 0 },
		{ "Thu, 01-Jan-1970 00:00:01 GMT", true, 1 },
		{ "Thu, 01-Jan-70 00:00:01 GMT", true, 1 },
		{ "Sat, 03-Nov-42 12:56:32 GMT", true, 2298632192 },
		{ "Sat Nov 3 2042 12:56:32", true, 2298632192 },
		{ "3 Nov 2042 12:56:32", true, 2298632192 },
		{ "2042 3 nov 12:56:32", true, 2298632192 },
		{ "Tue, 29 Feb 2028 00:00:00 GMT", true, 1835395200 },
		{ "Tue, 1 Mar 2028 0:0:0 GMT", true, 1835481600 },
		{ "Fri, 31 Dec 9999 23:59:59 GMT", true, 253402300799 },
		{ "Mon, 01 Jan 1601 00:00:00 GMT", true, -11644473600 },
		{ "Thu, 01 Jan 1970 00:00:00GMT", true, 0 },
		{ "Tue, 29 Feb 2027 00:00:00 GMT", false, 0 },
		{ "Thu, 29 Feb 2100 00:00:00 GMT", false, 0 },
		{ "Sun, 31 Dec 1600 23:59:59 GMT", false, 0 },
		{ "Thu, 32 Jan 1970 00:00:00 GMT", false, 0 },
		{ "Thu, 00 Jan 1970 00:00:00 GMT", false, 0 },
		{ "Thu, 01 Jan 1970 24:00:00 GMT", false, 0 },
		{ "Thu, 01 Jan 1970 00:60:00 GMT", false, 0 },
		{ "Thu, 01 Jan 1970 00:00 GMT", false, 0 },
		{ "Thu, 01 Foo 1970 00:00:00 GMT", false, 0 },
		{ "0", false, 0 }, { "-1", false, 0 }, { "", false, 0 }, { "session", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		time_t at = 0;
		bool ok = cookie_date(guard_copy(span_of(rows[i].in)), &at);

		seed("cookie", span_of(rows[i].in));
		if (ok != rows[i].ok || (ok && at != rows[i].at))
			fail_msg("%s: %d, %lld", rows[i].in, ok, (long long)at);
	}
}

/* nearly every Set-Cookie of a real crawl has a name, and an Expires that is a date */
static void real_set_cookies_are_read(void **state)
{
	struct span all = shared_read("cookies/setcookie.tsv.gz");
	unsigned rows = 0, named = 0, dated = 0, dates = 0;

	(void)state;
	if (!all.p)
		skip();
	for (struct span rest = all, line; rest.len; rest = span_skip(rest, line.len + 1)) {
		struct span value = line = span_until(rest, '\n'), part, raw, name, text;
		struct set_cookie c;

		for (int column = 0; column < 4; column++)
			value = span_skip(value, span_until(value, '\t').len + 1);
		if (value.len == 0 || *line.p == '#')
			continue;
		rows++;
		named += cookie_set_parse(guard_copy(value), &c) && c.name.len;
		for (part = value; cookie_attribute_next(&part, &raw, &name, &text); )
			dates += raw.p != value.p && text.len && span_eq_nocase(name, SPAN_LIT("expires"));
		dated += c.expires.len != 0;
	}
	free((void *)(uintptr_t)all.p);
	print_message("%u rows, %u with a name, %u of %u dates read\n", rows, named, dated, dates);
	assert_true(rows > 10000 && named >= rows * 999 / 1000 && dated >= dates * 99 / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cookies_are_split_as_browsers_send_them),
		cmocka_unit_test(deletions_are_told_from_settings),
		cmocka_unit_test(attributes_are_found),
		cmocka_unit_test(dates_are_read_as_user_agents_do),
		cmocka_unit_test(real_set_cookies_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
