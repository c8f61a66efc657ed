/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: glob regex */
/* globs against an obvious matcher; regular expressions against their limits */
/* limits: REGEX_STEPS REGEX_HEAP_KIB REGEX_SUBJECT_BYTES */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <time.h>

#include "glob.h"
#include "guard.h"
#include "limits.h"
#include "regex.h"

/* slow and obvious */
static bool naive(const char *p, size_t pl, const char *t, size_t tl)
{
	if (pl == 0)
		return tl == 0;
	if (*p == '*')
		return naive(p + 1, pl - 1, t, tl) || (tl && naive(p, pl, t + 1, tl - 1));
	return tl && *p == *t && naive(p + 1, pl - 1, t + 1, tl - 1);
}

static void agrees_with_the_obvious_matcher(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		char p[8], t[10];
		size_t pl = (size_t)rand_r(&seed) % 8, tl = (size_t)rand_r(&seed) % 10;

		for (size_t k = 0; k < pl; k++)
			p[k] = "ab*"[rand_r(&seed) % 3];
		for (size_t k = 0; k < tl; k++)
			t[k] = "ab"[rand_r(&seed) % 2];
		if (glob_match((struct span){ p, pl }, (struct span){ t, tl }) != naive(p, pl, t, tl))
			fail_msg("pattern %.*s text %.*s", (int)pl, p, (int)tl, t);
	}
}

static void never_reads_past_the_end(void **state)
{
	(void)state;
	assert_true(glob_match(SPAN_LIT("*abc"), guard_copy(SPAN_LIT("xxabc"))));
	assert_false(glob_match(SPAN_LIT("abc"), guard_copy(SPAN_LIT("ab"))));
	assert_false(glob_match(SPAN_LIT("*abcd*"), guard_copy(SPAN_LIT("xxabc"))));
	assert_true(glob_match(SPAN_LIT("*"), (struct span){ NULL, 0 }));
	assert_true(glob_match(SPAN_LIT(""), (struct span){ NULL, 0 }));
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void a_hostile_text_costs_little(void **state)
{
	size_t len = LIMIT_HEAD_BYTES;
	char *t = malloc(len);
	double began = seconds();

	(void)state;
	memset(t, 'a', len);
	for (int i = 0; i < 10; i++)
		assert_false(glob_match(SPAN_LIT("*aaaaaaaaab*aaaaaaaaaab*aaaaaaaaaaaaaab*"), (struct span){ t, len }));
	assert_true(seconds() - began < 0.5);
	free(t);
}

static bool match(const char *pattern, struct span text)
{
	struct regex_scratch *s = regex_scratch_new();
	struct regex *r = regex_new(span_of(pattern), true, NULL, 0, NULL);
	bool m;

	assert_non_null(s);
	assert_non_null(r);
	m = regex_match(r, s, text);
	regex_free(r);
	regex_scratch_free(s);
	return m;
}

static void expressions(void **state)
{
	char why[100];
	size_t at = 0;

	(void)state;
	assert_true(match("b[0-9]+", SPAN_LIT("xb12")));
	assert_true(match("^A", SPAN_LIT("abc")));
	assert_false(match("(?-i)^A", SPAN_LIT("abc")));
	assert_false(match("x", (struct span){ NULL, 0 }));
	assert_null(regex_new(SPAN_LIT("a(b"), true, why, sizeof(why), &at));
	assert_int_equal(at, 3);
	assert_non_null(strstr(why, "parenthesis"));
	assert_null(regex_new(SPAN_LIT("\\C"), true, why, sizeof(why), &at));
}

static void bombs_are_bounded(void **state)
{
	static const char *const bombs[] = { "(a+)+$x", "(a|aa)+$x", "(.*)*y", "a.*a.*a.*[xy]", "((a*)*)*b", "(?=(a+))\\1b|.*.*.*=.*[xy]" };
	char *t = malloc(70000);

	(void)state;
	memset(t, 'a', 70000);
	for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
		double began = seconds();

		for (size_t len = 10; len < 70000; len *= 5)
			match(bombs[i], (struct span){ t, len });
		if (seconds() - began > 3)	/* with sanitizers, on a busy machine */
			fail_msg("%s took %.1f s", bombs[i], seconds() - began);
	}
	free(t);
	/* a pattern that would explode when compiled */
	assert_null(regex_new(SPAN_LIT("((((a{1,200}){1,200}){1,200}){1,200})"), true, NULL, 0, NULL));
}

static void a_long_subject_is_cut(void **state)
{
	char *t = malloc(LIMIT_REGEX_SUBJECT_BYTES + 10);

	(void)state;
	memset(t, 'a', LIMIT_REGEX_SUBJECT_BYTES + 10);
	t[LIMIT_REGEX_SUBJECT_BYTES - 1] = 'x';
	t[LIMIT_REGEX_SUBJECT_BYTES] = 'y';
	assert_true(match("x", (struct span){ t, LIMIT_REGEX_SUBJECT_BYTES + 10 }));
	assert_false(match("y", (struct span){ t, LIMIT_REGEX_SUBJECT_BYTES + 10 }));
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_the_obvious_matcher),
		cmocka_unit_test(never_reads_past_the_end),
		cmocka_unit_test(a_hostile_text_costs_little),
		cmocka_unit_test(expressions),
		cmocka_unit_test(bombs_are_bounded),
		cmocka_unit_test(a_long_subject_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
