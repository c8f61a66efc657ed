/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: list_adblock filter_parse filter_pattern filter_options filter_domain list_detect host addr regex */
/* whole lists of filters: directives, hints, counts */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"
#include "list_adblock.h"

struct got {
	char text[1024];
};

static void note(void *ctx, const struct filter *f, struct span line, uint32_t number)
{
	struct got *g = ctx;

	assert_int_equal(f->kind, FILTER_NETWORK);
	assert_true(line.len > 0);
	snprintf(g->text + strlen(g->text), sizeof(g->text) - strlen(g->text), "%u:%.*s ", number, SPAN_FMT(f->pattern));
}

static void note_include(void *ctx, struct span path, uint32_t number)
{
	struct got *g = ctx;

	snprintf(g->text + strlen(g->text), sizeof(g->text) - strlen(g->text), "%u<%.*s> ", number, SPAN_FMT(path));
}

static struct adblock_stats read_list(const char *text, struct got *g)
{
	struct adblock_sink sink = { note, note_include, g };
	struct adblock_stats s;
	uint32_t kinds = 0, reasons = 0;

	*g = (struct got){ "" };
	list_adblock_read(guard_copy(span_of(text)), &sink, &s);
	for (int i = 0; i < FILTER_KINDS; i++)
		kinds += s.kind[i];
	for (int i = 0; i < FILTER_REASONS; i++)
		reasons += s.reason[i];
	assert_int_equal(kinds, s.lines);
	assert_int_equal(reasons, s.lines);
	return s;
}

static void answers_conditions(void **state)
{
	static const struct { const char *text; enum adblock_answer answer; } rows[] = {
		{ "adguard", ADBLOCK_TRUE }, { "!adguard", ADBLOCK_FALSE }, { "adguard_app_cli", ADBLOCK_TRUE }, { "(adguard)", ADBLOCK_TRUE },
		{ "ext_ublock", ADBLOCK_FALSE }, { "env_firefox || adguard", ADBLOCK_TRUE }, { "adguard && !adguard_ext_safari", ADBLOCK_TRUE },
		{ "(adguard && !adguard_ext_safari)", ADBLOCK_TRUE }, { "adguard&&env_mobile||true", ADBLOCK_TRUE },
		{ "true || env_mobile && false", ADBLOCK_TRUE }, { "(true || env_mobile) && false", ADBLOCK_FALSE },
		{ "!(env_mobile || env_firefox)", ADBLOCK_TRUE }, { "!!adguard", ADBLOCK_TRUE }, { "cap_html_filtering", ADBLOCK_FALSE },
		{ "!cap_never_heard_of", ADBLOCK_TRUE }, { "never_heard_of", ADBLOCK_UNKNOWN }, { "adguard || never_heard_of", ADBLOCK_UNKNOWN },
		{ "", ADBLOCK_UNKNOWN }, { "(adguard", ADBLOCK_UNKNOWN }, { "adguard)", ADBLOCK_UNKNOWN }, { "adguard env_mobile", ADBLOCK_UNKNOWN },
		{ "&& adguard", ADBLOCK_UNKNOWN }, { "adguard ||", ADBLOCK_UNKNOWN },
		{ "((((((((((((((((((((adguard))))))))))))))))))))", ADBLOCK_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (adblock_condition(guard_copy(span_of(rows[i].text))) != rows[i].answer)
			fail_msg("%s", rows[i].text);
}

static void follows_directives(void **state)
{
	static const struct { const char *text, *got; unsigned off; const char *why; } rows[] = {
		{ "!#if env_firefox\n||a.test^\n!#endif\n||b.test^", "4:b.test ", 1, "not for us" },
		{ "!#if adguard\n||a.test^\n!#else\n||b.test^\n!#endif", "2:a.test ", 1, "the first branch" },
		{ "!#if ext_ubol\n||a.test^\n!#else\n||b.test^\n!#endif", "4:b.test ", 1, "the second branch" },
		{ "!#if what\n||a.test^\n!#else\n||b.test^\n!#endif", "2:a.test 4:b.test ", 0, "who knows: both" },
		{ "!#if env_mobile\n!#if adguard\n||a.test^\n!#else\n||b.test^\n!#endif\n||c.test^\n!#endif\n||d.test^", "9:d.test ", 3, "nested" },
		{ "!#if adguard\n!#if env_mobile\n||a.test^\n!#endif\n||b.test^\n!#endif", "5:b.test ", 1, "nested" },
		{ "!#endif\n||a.test^\n!#else\n||b.test^", "2:a.test 4:b.test ", 0, "ends of nothing" },
		{ "!#if env_mobile\n||a.test^", "", 1, "never ended" },
		{ "!#if env_mobile\n! c\n\n##.x\n||a.test^$popup\n!#endif", "", 2, "comments stay comments" },
		{ "!#iffy\n||a.test^", "2:a.test ", 0, "another directive" }, { "!# if env_mobile\n||a.test^", "2:a.test ", 0, "a comment" },
		{ "!#include b.txt\n||a.test^", "1<b.txt> 2:a.test ", 0, "reported" },
		{ "!#if env_mobile\n!#include b.txt\n!#endif", "", 0, "not for us" },
		{ "!+ PLATFORM(windows, mac)\n||a.test^\n||b.test^", "3:b.test ", 1, "one filter only" },
		{ "!+ PLATFORM(windows, cli)\n||a.test^", "2:a.test ", 0, "ours" }, { "!+ NOT_PLATFORM(ios)\n||a.test^", "2:a.test ", 0, "others" },
		{ "!+ NOT_OPTIMIZED NOT_PLATFORM(windows, mac, android, cli)\n! c\n||a.test^", "", 1, "a comment between" },
		{ "!+ NOT_OPTIMIZED\n||a.test^", "2:a.test ", 0, "means nothing here" },
		{ "!+ NOT_PLATFORM(cli)\n!+ NOT_OPTIMIZED\n||a.test^\n||b.test^", "4:b.test ", 1, "two hints" },
		{ "!+ PLATFORM(\n||a.test^", "", 1, "no platform at all" },
	};
	struct got g;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct adblock_stats s = read_list(rows[i].text, &g);

		if (strcmp(g.text, rows[i].got) || s.reason[FILTER_REASON_SWITCHED_OFF] != rows[i].off)
			fail_msg("row %zu (%s): %s, %u off", i, rows[i].why, g.text, s.reason[FILTER_REASON_SWITCHED_OFF]);
	}
}

static void counts_kinds(void **state)
{
	struct got g;
	struct adblock_stats s = read_list("\xef\xbb\xbf[Adblock Plus 2.0]\r\n! c\r\n\r\n||a.test^\r\n@@||b.test^\r\n##.x\r\n||c.test^$popup\r\n"
					   "||d.test^$csp=x\r\n||e.test^$what\r\nx\r\n0.0.0.0 f.test\r\ng.test\r\n", &g);

	(void)state;
	assert_int_equal(s.lines, 12);
	assert_int_equal(s.kind[FILTER_COMMENT], 3);
	assert_int_equal(s.kind[FILTER_NETWORK], 4);
	assert_int_equal(s.kind[FILTER_COSMETIC], 1);
	assert_int_equal(s.kind[FILTER_BROWSER], 1);
	assert_int_equal(s.kind[FILTER_MODIFIER], 2);
	assert_int_equal(s.kind[FILTER_INVALID], 1);
	assert_string_equal(g.text, "4:a.test 5:b.test 11:f.test 12:g.test ");
}

static void survives_depth_and_length(void **state)
{
	size_t len = 2000000, n = 0;
	char *text = malloc(len);
	struct adblock_stats s;
	struct got g = { "" };
	struct adblock_sink sink = { note, NULL, &g };

	(void)state;
	assert_non_null(text);
	for (int i = 0; i < 1000; i++)
		n += (size_t)sprintf(text + n, "!#if env_mobile\n");
	for (int i = 0; i < 1000; i++)
		n += (size_t)sprintf(text + n, "||x.test^\n!#else\n!#endif\n");
	n += (size_t)sprintf(text + n, "||a.test^\n");
	list_adblock_read((struct span){ text, n }, &sink, &s);
	assert_string_equal(g.text, "4001:a.test ");
	assert_int_equal(s.reason[FILTER_REASON_SWITCHED_OFF], 1000);
	for (int fill = 0; fill < 256; fill += 51) {	/* millions of one byte, NUL to 0xff, and of some that are signs */
		memset(text, fill, len);
		list_adblock_read((struct span){ text, len }, &sink, &s);
		assert_int_equal(s.lines, 1);
		assert_int_equal(s.kind[FILTER_INVALID], 1);
	}
	for (const char *sign = "$,|#!(~*^/@"; *sign; sign++) {
		memset(text, *sign, len);
		for (size_t i = 60000; i < len; i += 60001)
			text[i] = '\n';
		list_adblock_read((struct span){ text, len }, &sink, &s);
		assert_int_equal(s.kind[FILTER_NETWORK], 0);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_conditions),
		cmocka_unit_test(follows_directives),
		cmocka_unit_test(counts_kinds),
		cmocka_unit_test(survives_depth_and_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
