/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: list_include list_shown list_adblock filter_parse filter_pattern filter_options filter_domain list_detect host addr regex */
/* which lines of a list include others, the URL each means, and the whole as one text */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "container.h"
#include "guard.h"
#include "list_adblock.h"
#include "list_include.h"

static const char base[] = "https://lists.example/a/b/main.txt?v=1#top";

static void urls(void **state)
{
	static const struct { const char *path, *url, *why; } row[] = {
		{ "x.txt", "https://lists.example/a/b/x.txt", NULL },
		{ "./x.txt?q=/../", "https://lists.example/a/b/x.txt?q=/../", NULL },
		{ "c/x.txt#part", "https://lists.example/a/b/c/x.txt", NULL },
		{ "../x.txt", "https://lists.example/a/x.txt", NULL },
		{ "c/../../../x", "https://lists.example/x", NULL },
		{ "..", "https://lists.example/a/", NULL },
		{ ".", "https://lists.example/a/b/", NULL },
		{ "%2E%2e/x", "https://lists.example/a/x", NULL },
		{ "...", "https://lists.example/a/b/...", NULL },
		{ "%2e%2e%2e/x", "https://lists.example/a/b/%2e%2e%2e/x", NULL },
		{ "%2x/%", "https://lists.example/a/b/%2x/%", NULL },
		{ "/x//y.txt", "https://lists.example/x//y.txt", NULL },
		{ "?v=2", "https://lists.example/a/b/main.txt?v=2", NULL },
		{ "https://lists.example/x", "https://lists.example/x", NULL },
		{ "HTTPS://LISTS.example:443/x", "https://lists.example/x", NULL },
		{ "https://lists.example", "https://lists.example/", NULL },
		{ "//lists.example:/x", "https://lists.example/x", NULL },
		{ "http://lists.example/x", NULL, "another origin" },
		{ "https://lists.example:8443/x", NULL, "another origin" },
		{ "https://lists.example.evil.example/x", NULL, "another origin" },
		{ "https://lists.example@evil.example/x", NULL, "another origin" },
		{ "https://evil.example@lists.example/x", NULL, "another origin" },
		{ "//evil.example/x", NULL, "another origin" },
		{ "//", NULL, "names no file" },
		{ "///x", NULL, "another origin" },
		{ "https:x.txt", NULL, "another origin" },
		{ "file:///etc/shadow", NULL, "another origin" },
		{ "data:text/plain,x", NULL, "another origin" },
		{ "../../../x", NULL, "above the root" },
		{ "/..", NULL, "above the root" },
		{ "/.%2E/x", NULL, "above the root" },
		{ "https://lists.example/../x", NULL, "above the root" },
		{ "\\\\evil.example\\x", NULL, "no such characters" },
		{ "/\\evil.example/x", NULL, "no such characters" },
		{ "x\r\nHost:", NULL, "no such characters" },
		{ "\xc3\xa4", NULL, "no such characters" },
		{ "", NULL, "names no file" },
		{ "#x", NULL, "names no file" },
	};
	char out[LIMIT_LIST_URL_BYTES + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		const char *why = list_include_url(SPAN_LIT(base), guard_copy(span_of(row[i].path)), out);

		if (row[i].url) {
			assert_null(why);
			assert_string_equal(out, row[i].url);
		} else {
			assert_non_null(why);
			assert_non_null(strstr(why, row[i].why));
		}
	}
	assert_null(list_include_url(SPAN_LIT("http://a.example"), SPAN_LIT("x"), out));
	assert_string_equal(out, "http://a.example/x");
	assert_null(list_include_url(SPAN_LIT("http://a.example:80"), SPAN_LIT("http://A.example/"), out));
	assert_string_equal(out, "http://a.example:80/");
}

static void long_paths(void **state)
{
	char path[3 * LIMIT_LIST_URL_BYTES], out[LIMIT_LIST_URL_BYTES + 1];
	size_t most = LIMIT_LIST_URL_BYTES - strlen("https://lists.example/a/b/");

	(void)state;
	memset(path, 'x', sizeof(path));
	assert_null(list_include_url(SPAN_LIT(base), (struct span){ path, most }, out));
	assert_int_equal(strlen(out), LIMIT_LIST_URL_BYTES);
	for (size_t len = most + 1; len < sizeof(path); len++)
		assert_non_null(strstr(list_include_url(SPAN_LIT(base), (struct span){ path, len }, out), "too long"));
	for (size_t i = 0; i < sizeof(path); i++)
		path[i] = "/."[i % 2];
	assert_null(list_include_url(SPAN_LIT(base), (struct span){ path, LIMIT_LIST_URL_BYTES }, out));
	assert_string_equal(out, "https://lists.example/");
}

/* --- which lines ------------------------------------------------------------------ */

static struct list_tree *tree_of(const char *text)
{
	struct list_tree *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->parts = 1;
	t->part[0].text = span_of(text);
	strcpy(t->part[0].url, "https://l.example/main");
	return t;
}

static unsigned add_part(struct list_tree *t, const char *url, const char *text, unsigned depth)
{
	struct list_part *p = &t->part[t->parts];

	p->text = span_of(text);
	strcpy(p->url, url);
	p->depth = depth;
	assert_true(list_include_find(t, t->parts));
	return t->parts++;
}

static void lines(void **state)
{
	struct list_tree *t = tree_of("\xef\xbb\xbf! Title: x\n!#include a.txt\r\n!#if env_firefox\n!#include b.txt\n!#else\n"
				      "  !#include\tc.txt  and more\n!#endif\n!#if who_knows\n!#include d.txt\n!#endif\n"
				      "!#include\n!#includex\n! !#include e.txt\n!#if false\n!#include f.txt\n");
	static const struct { unsigned line; const char *path; } row[] = { { 2, "a.txt" }, { 6, "c.txt" }, { 9, "d.txt" } };

	(void)state;
	assert_true(list_include_find(t, 0));
	assert_int_equal(t->includes, ARRAY_LEN(row));
	assert_int_equal(t->part[0].count, ARRAY_LEN(row));
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		assert_int_equal(t->include[i].line, row[i].line);
		assert_true(span_eq(t->include[i].path, span_of(row[i].path)));
	}
	free(t);
}

/* limits: LIST_INCLUDES */
static void too_many(void **state)
{
	static char text[(LIMIT_LIST_INCLUDES + 1) * 12 + 1];
	struct list_tree *t;

	(void)state;
	for (int i = 0; i < LIMIT_LIST_INCLUDES; i++)
		strcat(text, "!#include x\n");
	t = tree_of(text);
	assert_true(list_include_find(t, 0));
	assert_int_equal(t->part[0].count, LIMIT_LIST_INCLUDES);
	t->part[1].text = SPAN_LIT("!#include y\n");	/* of all files together */
	assert_false(list_include_find(t, 1));
	free(t);
	strcat(text, "!#include x\n");
	t = tree_of(text);
	assert_false(list_include_find(t, 0));
	free(t);
}

/* --- the whole ----------------------------------------------------------------------- */

struct text {
	char p[8192];
	size_t len, room;
};

static bool collect(void *ctx, struct span piece)
{
	struct text *t = ctx;

	if (t->len + piece.len > t->room)
		return false;
	memcpy(t->p + t->len, piece.p, piece.len);
	t->len += piece.len;
	t->p[t->len] = '\0';
	return true;
}

static void joined(void **state)
{
	struct list_tree *t = tree_of("! Title: x\r\n||one.example^\n!#include a\n!#include b\n||two.example^");
	struct text whole = { .room = sizeof(whole.p) - 1 };

	(void)state;
	assert_true(list_include_find(t, 0));
	t->include[0].part = add_part(t, "https://l.example/a", "\xef\xbb\xbf||a.example^\r\n!#include b\n!#include main\n||end.example^", 1);
	t->include[2].part = add_part(t, "https://l.example/b", "", 2);
	assert_true(list_include_join(t, collect, &whole));
	assert_string_equal(whole.p,
		"! Title: x\r\n||one.example^\n"
		"! dejunk: line 3 of https://l.example/main includes https://l.example/a\n"
		"||a.example^\r\n"
		"! dejunk: line 2 of https://l.example/a includes https://l.example/b\n"
		"! dejunk: end of https://l.example/b; line 3 of https://l.example/a follows\n"
		"! dejunk: !#include main: it is in this list already\n"
		"||end.example^\n"
		"! dejunk: end of https://l.example/a; line 4 of https://l.example/main follows\n"
		"! dejunk: !#include b: it is in this list already\n"
		"||two.example^");
	for (size_t room = 0; room < whole.len; room++) {
		struct text less = { .room = room };

		assert_false(list_include_join(t, collect, &less));
	}
	free(t);
}

static void count_filter(void *ctx, const struct filter *f, struct span line, uint32_t number)
{
	struct text *t = ctx;

	(void)f, (void)number;
	collect(t, line);
	collect(t, SPAN_LIT(" "));
}

/* conditions of an included file neither reach out of it nor are reached from it */
static void conditions_stay_inside(void **state)
{
	struct list_tree *t = tree_of("!#if adguard\n!#include a\n||yes.example^\n!#else\n||no.example^\n!#endif\n!#include b\n||last.example^\n");
	struct text whole = { .room = sizeof(whole.p) - 1 }, used = { .room = sizeof(used.p) - 1 };
	struct adblock_sink sink = { .filter = count_filter, .ctx = &used };
	struct adblock_stats stats;

	(void)state;
	assert_true(list_include_find(t, 0));
	t->include[0].part = add_part(t, "https://l.example/a", "!#endif\n!#else\n||a.example^\n!#if false\n||hidden.example^\n!#endif\n!#endif", 1);
	t->include[1].part = add_part(t, "https://l.example/b", "!#if true\n||b.example^\n!#if false\n||open.example^", 1);
	assert_true(list_include_join(t, collect, &whole));
	list_adblock_read((struct span){ whole.p, whole.len }, &sink, &stats);
	assert_string_equal(used.p, "||a.example^ ||yes.example^ ||b.example^ ||last.example^ ");
	assert_int_equal(stats.includes, 0);
	assert_non_null(strstr(whole.p, "! dejunk: without an !#if in this file: !#endif\n! dejunk: without an !#if in this file: !#else\n||a"));
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls), cmocka_unit_test(long_paths), cmocka_unit_test(lines), cmocka_unit_test(too_many),
		cmocka_unit_test(joined), cmocka_unit_test(conditions_stay_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
