/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_query - parameters of a target, and targets without some of them
 *
 * links: query
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

#include "container.h"
#include "guard.h"
#include "query.h"
#include "seed.h"

static void parameters_are_split_as_sent(void **state)
{
	static const struct { const char *why; struct span in; const char *want; } rows[] = {
		{ "two",			SPAN_LIT("/p?a=1&b=2"),		"a=1|b=2|" },
		{ "no query",			SPAN_LIT("/p&a=1"),		"none" },
		{ "empty query",		SPAN_LIT("/p?"),		"|" },
		{ "a second ? is a byte",	SPAN_LIT("/p?a=1?b=2"),		"a=1?b=2|" },
		{ "a fragment is no part",	SPAN_LIT("/p?a=1#x?b&c"),	"a=1|" },
		{ "nor is what is in it",	SPAN_LIT("/p#x?b&c"),		"none" },
		{ "empty ones",			SPAN_LIT("/?&a&&b=&"),		"|a||b=||" },
		{ "absolute form",		SPAN_LIT("http://h.example?a=1"), "a=1|" },
		{ "; parts nothing",		SPAN_LIT("/?a=1;b=2"),		"a=1;b=2|" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct span rest = query_of(guard_copy(rows[i].in)), param;
		char got[128] = "";
		int n = 0;

		if (!rest.p)
			n = snprintf(got, sizeof(got), "none");
		while (query_next(&rest, &param))
			n += snprintf(got + n, sizeof(got) - (size_t)n, "%.*s|", SPAN_FMT(param));
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s: %s", rows[i].why, got);
	}
}

static void decodes_what_is_encoded(void **state)
{
	static const struct { const char *why; struct span in; const char *want; } rows[] = {
		{ "nothing to do",	SPAN_LIT("abc=d+e"),	"" },
		{ "upper and lower",	SPAN_LIT("%5B%5d"),	"[]" },
		{ "plus stays",		SPAN_LIT("a+%20"),	"a+ " },
		{ "once only",		SPAN_LIT("%2541"),	"%41" },
		{ "cut short",		SPAN_LIT("%41%4"),	"" },
		{ "a lone percent",	SPAN_LIT("%41%"),	"" },
		{ "no digits",		SPAN_LIT("%zz"),	"" },
		{ "nothing",		SPAN_LIT(""),		"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char out[64];
		size_t len = query_decode(guard_copy(rows[i].in), out);

		if (!span_eq((struct span){ out, len }, span_of(rows[i].want)))
			fail_msg("%s: %.*s", rows[i].why, (int)len, out);
	}
}

/* those that begin with x go */
static bool keep_but_x(struct span param, void *arg)
{
	++*(unsigned *)arg;
	assert_int_not_equal(param.len, 0);
	return param.p[0] != 'x';
}

static void leaves_out_what_is_refused_and_no_other_byte(void **state)
{
	static const struct { const char *why; struct span in; const char *want; unsigned asked; } rows[] = {
		{ "the only one",		SPAN_LIT("/p?x=1"),		"/p", 1 },
		{ "the first",			SPAN_LIT("/p?x=1&b=2"),		"/p?b=2", 2 },
		{ "the last",			SPAN_LIT("/p?a=1&x"),		"/p?a=1", 2 },
		{ "in the middle",		SPAN_LIT("/p?a=1&x&b=2"),	"/p?a=1&b=2", 3 },
		{ "twice",			SPAN_LIT("/p?x&a=1&x=2&b=&x="),	"/p?a=1&b=", 5 },
		{ "none",			SPAN_LIT("/p?a=1&b=2"),		NULL, 2 },
		{ "no query",			SPAN_LIT("/x=1&x=2"),		NULL, 0 },
		{ "empty query",		SPAN_LIT("/p?"),		NULL, 0 },
		{ "empty ones stay",		SPAN_LIT("/p?&a&&x&b&"),	"/p?&a&&b&", 3 },
		{ "nothing but empty ones",	SPAN_LIT("/p?&x&&"),		"/p", 1 },
		{ "the fragment stays",		SPAN_LIT("/p?x#y?x&x"),		"/p#y?x&x", 1 },
		{ "absolute form",		SPAN_LIT("http://h.example/?x=1&a"), "http://h.example/?a", 2 },
		{ "encoded bytes stay",		SPAN_LIT("/%78?%61=%31&x&c=%zz"), "/%78?%61=%31&c=%zz", 3 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char out[64];
		size_t len = 0;
		unsigned asked = 0, removed;

		seed("query", rows[i].in);
		removed = query_edit(guard_copy(rows[i].in), keep_but_x, &asked, out, &len);
		assert_int_equal(!removed, !rows[i].want);
		if (removed && !span_eq((struct span){ out, len }, span_of(rows[i].want)))
			fail_msg("%s: %.*s", rows[i].why, (int)len, out);
		if (asked != rows[i].asked)
			fail_msg("%s: asked %u times", rows[i].why, asked);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_are_split_as_sent),
		cmocka_unit_test(decodes_what_is_encoded),
		cmocka_unit_test(leaves_out_what_is_refused_and_no_other_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
