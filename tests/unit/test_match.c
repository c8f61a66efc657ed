/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_match - against a naive matcher, against the engines' verdicts, and what a damaged image does
 *
 * links: match match_query match_open match_domain match_build match_build_set match_build_fold match_build_hosts match_build_file match_keys url_tokens image regex filter_parse filter_pattern filter_options filter_domain list_adblock list_detect host addr names_table list_hosts
 */
/* limits: MATCH_URL_BYTES */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "container.h"
#include "list.h"
#include "match_cases.h"
#include "match_mapped.h"
#include "match_naive.h"
#include "names_table.h"
#include "shared.h"

static struct match_verdict ask(struct match_made *m, const char *url, const char *source, uint32_t type)
{
	struct match_question q = { .url = span_of(url), .source = span_of(source), .unknown_is_third = true, .type = type,
				    .method = FILTER_METHOD_GET };
	struct match_verdict v;

	match_decide(m->match, &q, &v);
	return v;
}

/* rows: filters, a request, what is decided, by which line */
static void decides_as_written(void **state)
{
	static const struct {
		const char *why, *filters, *url, *source;
		uint32_t type;
		enum match_result result;
		unsigned line;
	} row[] = {
		{ "a host", "||ads.com^", "http://ads.com/", "x.org", FILTER_TYPE_IMAGE, MATCH_BLOCK, 1 },
		{ "below it", "||ads.com^", "http://a.b.ads.com:80/", "x.org", FILTER_TYPE_IMAGE, MATCH_BLOCK, 1 },
		{ "not beside it", "||ads.com^", "http://bads.com/", "x.org", FILTER_TYPE_IMAGE, MATCH_PASS, 0 },
		{ "a host blocks documents", "||ads.com^", "http://ads.com/", "ads.com", FILTER_TYPE_DOCUMENT, MATCH_BLOCK, 1 },
		{ "a path does not", "||ads.com/x", "http://ads.com/x", "ads.com", FILTER_TYPE_DOCUMENT, MATCH_PASS, 0 },
		{ "but with document", "||ads.com/x$document", "http://ads.com/x", "ads.com", FILTER_TYPE_DOCUMENT, MATCH_BLOCK, 1 },
		{ "exception", "||ads.com^\n@@||ads.com/ok", "http://ads.com/ok.js", "x.org", FILTER_TYPE_SCRIPT, MATCH_ALLOW, 2 },
		{ "elsewhere", "||ads.com^\n@@||ads.com/ok", "http://ads.com/no.js", "x.org", FILTER_TYPE_SCRIPT, MATCH_BLOCK, 1 },
		{ "important", "||ads.com^$important\n@@||ads.com^", "http://ads.com/", "x.org", FILTER_TYPE_SCRIPT, MATCH_BLOCK, 1 },
		{ "important exception", "||ads.com^$important\n@@||ads.com^$important", "http://ads.com/", "x.org", FILTER_TYPE_SCRIPT,
		  MATCH_ALLOW, 2 },
		{ "badfilter", "||ads.com^\n||ads.com^$badfilter", "http://ads.com/", "x.org", FILTER_TYPE_SCRIPT, MATCH_PASS, 0 },
		{ "badfilter before", "/ads/*$image,badfilter\n/ads/*$image", "http://x.com/ads/1", "x.org", FILTER_TYPE_IMAGE, MATCH_PASS, 0 },
		{ "type", "/ads/*$image", "http://x.com/ads/1", "x.org", FILTER_TYPE_SCRIPT, MATCH_PASS, 0 },
		{ "third party", "/ads/*$3p", "http://a.co.uk/ads/1", "b.co.uk", FILTER_TYPE_SCRIPT, MATCH_BLOCK, 1 },
		{ "first party", "/ads/*$3p", "http://a.b.co.uk/ads/1", "b.co.uk", FILTER_TYPE_SCRIPT, MATCH_PASS, 0 },
		{ "page", "$script,domain=x.org", "http://y.com/1.js", "www.x.org", FILTER_TYPE_SCRIPT, MATCH_BLOCK, 1 },
		{ "not that page", "$script,domain=x.org|~www.x.org", "http://y.com/1.js", "www.x.org", FILTER_TYPE_SCRIPT, MATCH_PASS, 0 },
		{ "any top-level domain", "/a1/*$domain=google.*", "http://y.com/a1/", "www.google.co.uk", FILTER_TYPE_SCRIPT, MATCH_BLOCK, 1 },
		{ "separator at the end", "/ads^", "http://y.com/ads", "x.org", FILTER_TYPE_SCRIPT, MATCH_BLOCK, 1 },
		{ "separator", "/ads^", "http://y.com/adsy", "x.org", FILTER_TYPE_SCRIPT, MATCH_PASS, 0 },
		{ "case", "/AdS.$match-case", "http://y.com/ads.js", "x.org", FILTER_TYPE_SCRIPT, MATCH_PASS, 0 },
		{ "same case", "/AdS.$match-case", "http://y.com/AdS.js", "x.org", FILTER_TYPE_SCRIPT, MATCH_BLOCK, 1 },
		{ "regex", "/\\/ads[0-9]+\\//", "http://y.com/ADS12/", "x.org", FILTER_TYPE_SCRIPT, MATCH_BLOCK, 1 },
		{ "end", "/ads.js|", "http://y.com/ads.js?x", "x.org", FILTER_TYPE_SCRIPT, MATCH_PASS, 0 },
		{ "no host", "||ads.com^", "ads.com", "x.org", FILTER_TYPE_SCRIPT, MATCH_PASS, 0 },
		{ "nothing", "||ads.com^", "", "", FILTER_TYPE_SCRIPT, MATCH_PASS, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct span list = span_of(row[i].filters);
		struct match_made m;
		struct match_verdict v;

		match_make(&m, &list, 1, i, psl_builtin());
		v = ask(&m, row[i].url, row[i].source, row[i].type);
		if (v.result != row[i].result || (v.result && v.line != row[i].line))
			fail_msg("%s: result %d, line %u", row[i].why, v.result, v.line);
		match_unmake(&m);
	}
}

static void a_naive_matcher_agrees(void **state)
{
	struct dice d = { NULL, 0, 20 };
	unsigned wrong = 0;

	(void)state;
	for (int i = 0; i < 3000 && wrong < 3; i++)
		wrong += case_disagreement(&d, psl_builtin());
	assert_int_equal(wrong, 0);
}

static void bare_urls_are_http(void **state)
{
	struct span list = SPAN_LIT("|http://ads.com/\n/Path/$match-case\n@@|https:");
	struct match_question q = { .bare = true, .url = SPAN_LIT("ads.com/"), .type = FILTER_TYPE_IMAGE, .method = FILTER_METHOD_GET };
	struct match_verdict v;
	struct match_made m;

	(void)state;
	match_make(&m, &list, 1, 7, NULL);
	match_decide(m.match, &q, &v);
	assert_int_equal(v.result, MATCH_BLOCK);
	assert_int_equal(v.line, 1);
	q.url = SPAN_LIT("x.com/Path/y?u=https://z");
	match_decide(m.match, &q, &v);
	assert_int_equal(v.result, MATCH_BLOCK);
	assert_int_equal(v.line, 2);
	match_unmake(&m);
}

static void long_urls_are_cut(void **state)
{
	enum { LONG = 200000 };
	struct span list = SPAN_LIT("/ads/\n||x.com^$image\n*b*c*d*e$font\n.b.b|");
	struct match_question q = { .type = FILTER_TYPE_SCRIPT, .method = FILTER_METHOD_GET };
	struct match_verdict v;
	struct match_made m;
	char *url = malloc(LONG);

	(void)state;
	memset(url, 'b', LONG);
	memcpy(url, "http://x.com/", 13);
	memcpy(url + LONG - 5, "/ads/", 5);
	for (size_t i = 100; i < LONG - 10; i += 2)
		url[i] = '.';
	q.url = (struct span){ url, LONG };
	match_make(&m, &list, 1, 7, NULL);
	match_decide(m.match, &q, &v);
	assert_int_equal(v.result, MATCH_PASS);
	q.type = FILTER_TYPE_IMAGE;
	match_decide(m.match, &q, &v);
	assert_int_equal(v.result, MATCH_BLOCK);
	match_unmake(&m);
	free(url);
}

static void hosts_for_the_connection_layer(void **state)
{
	struct span list = SPAN_LIT("||ads.com^\n||cdn.net^\n@@||js.cdn.net/lib\n||third.org^$third-party\n");
	struct match_verdict v;
	struct match_made m;

	(void)state;
	match_make(&m, &list, 1, 7, psl_builtin());
	assert_true(match_host(m.match, SPAN_LIT("x.ads.com"), &v));
	assert_int_equal(v.line, 1);
	assert_true(match_host(m.match, SPAN_LIT("cdn.net"), &v));
	assert_false(match_host(m.match, SPAN_LIT("js.cdn.net"), &v));
	assert_false(match_host(m.match, SPAN_LIT("a.js.cdn.net"), &v));
	assert_false(match_host(m.match, SPAN_LIT("third.org"), &v));
	assert_false(match_host(m.match, SPAN_LIT("com"), &v));
	match_unmake(&m);
}

/* a page is remembered: whatever was asked in between, the answer stays */
static void pages_are_told_apart(void **state)
{
	struct span list = SPAN_LIT("$script,domain=google.*|~google.fr|x.org\n@@$script,domain=mail.google.de|news.*\n*$script,domain=news.test\n");
	static const struct { const char *page; enum match_result result; } rows[] = {
		{ "google.de", MATCH_BLOCK }, { "WWW.Google.co.uk", MATCH_BLOCK }, { "www.google.fr", MATCH_PASS },
		{ "mail.google.de", MATCH_ALLOW }, { "MAIL.google.de", MATCH_ALLOW }, { "notgoogle.de", MATCH_PASS }, { "", MATCH_PASS },
		{ "a.x.org", MATCH_BLOCK }, { "x.org", MATCH_BLOCK }, { "org", MATCH_PASS }, { "google.x.net", MATCH_PASS },
		{ "news.test", MATCH_ALLOW }, { "google", MATCH_PASS }, { "10.0.0.1", MATCH_PASS },
	};
	struct match_question q = { .url = SPAN_LIT("http://a.com/"), .type = FILTER_TYPE_SCRIPT, .method = FILTER_METHOD_GET };
	struct dice d = { NULL, 0, 9 };
	struct match_verdict v;
	struct match_made m;

	(void)state;
	match_make(&m, &list, 1, 7, psl_builtin());
	for (int i = 0; i < 5000; i++) {
		unsigned row = dice_roll(&d, sizeof(rows) / sizeof(*rows));
		char other[32];

		q.source = span_of(rows[row].page);
		match_decide(m.match, &q, &v);
		if (v.result != rows[row].result)
			fail_msg("%s: %d", rows[row].page, v.result);
		q.source = (struct span){ other, (size_t)snprintf(other, sizeof(other), "p%u.test", dice_roll(&d, 100)) };
		match_decide(m.match, &q, &v);
		assert_int_equal(v.result, MATCH_PASS);
	}
	match_unmake(&m);
}

/* filters that no key files are asked for by three of their bytes: each must still be found wherever it is */
static void needles_are_found_anywhere(void **state)
{
	struct span list = SPAN_LIT("anner468x6\n*zqx*yy*\nq\xc3\xa9q9q\n/jq[a-z]+7v/\nVwX$match-case\n||[::]^\n*k0k$font\nw8w\nx6zz\n");
	static const char *const piece[] = { "anner468x6", "zqx-yy", "jqt7v", "VwX", "k0k", "w8w", "x6zz" };
	struct match_question q = { .type = FILTER_TYPE_FONT, .method = FILTER_METHOD_GET };
	struct match_verdict v;
	struct match_made m;
	char url[400];

	(void)state;
	match_make(&m, &list, 1, 7, NULL);
	assert_true(m.match->head->group[MATCH_BLOCKS].needles >= 6);
	for (size_t i = 0; i < sizeof(piece) / sizeof(*piece); i++)
		for (size_t at = 12; at < 200; at++) {
			memset(url, 'a', sizeof(url));
			memcpy(url, "http://e.fr/", 12);
			memcpy(url + at, piece[i], strlen(piece[i]));
			for (size_t behind = 0; behind < 40; behind += 13) {
				q.url = (struct span){ url, at + strlen(piece[i]) + behind };
				match_decide(m.match, &q, &v);
				if (v.result != MATCH_BLOCK)
					fail_msg("%s at %zu", piece[i], at);
			}
			q.url = (struct span){ url, at + strlen(piece[i]) - 1 };
			match_decide(m.match, &q, &v);
			assert_int_equal(v.result, MATCH_PASS);
		}
	match_unmake(&m);
}

static void groups_are_apart(void **state)
{
	struct span list = SPAN_LIT("$removeparam=utm_source\n||x.com^$removeparam=gclid\n@@||x.com^$removeparam=y\n$cookie=_ga\n");
	struct match_question q = { .url = SPAN_LIT("http://x.com/?utm_source=1"), .type = FILTER_TYPE_DOCUMENT,
				    .method = FILTER_METHOD_GET };
	struct match_verdict v;
	struct match_made m;
	struct span text[8];
	uint32_t where[8];

	(void)state;
	match_make(&m, &list, 1, 7, psl_builtin());
	match_decide(m.match, &q, &v);
	assert_int_equal(v.result, MATCH_PASS);
	assert_int_equal(match_collect(m.match, &q, MATCH_PARAMS, text, where, 8), 2);
	assert_int_equal(match_collect(m.match, &q, MATCH_PARAMS, text, where, 1), 1);
	assert_int_equal(match_collect(m.match, &q, MATCH_PARAM_EXCEPTIONS, text, where, 8), 1);
	assert_true(span_eq(text[0], SPAN_LIT("@@||x.com^$removeparam=y")));
	assert_int_equal(match_collect(m.match, &q, MATCH_COOKIES, text, where, 8), 1);
	assert_int_equal(match_collect(m.match, &q, MATCH_COOKIE_EXCEPTIONS, text, where, 8), 0);
	match_unmake(&m);
}

/* what several instances are decided together by */
static void parts_of_a_decision(void **state)
{
	struct span list = SPAN_LIT("||ads.com^\n/banner/*$important\n@@||cdn.ads.com/ok\n||r.com^$redirect=noopjs\n");
	struct match_question q = { .url = SPAN_LIT("http://cdn.ads.com/ok/banner/1"), .type = FILTER_TYPE_SCRIPT,
				    .method = FILTER_METHOD_GET };
	struct match_verdict v, w = { 0 };
	struct span text[2];
	uint32_t where[2];
	struct match_made m;

	(void)state;
	match_make(&m, &list, 1, 3, psl_builtin());
	assert_true(match_find(m.match, &q, MATCH_EXCEPTIONS, false, &v));
	assert_int_equal(v.result, MATCH_ALLOW);
	assert_int_equal(v.line, 3);
	assert_false(match_find(m.match, &q, MATCH_EXCEPTIONS, true, &v));
	assert_true(match_find(m.match, &q, MATCH_BLOCKS, true, &v));
	assert_int_equal(v.line, 2);
	q.url = SPAN_LIT("http://www.ads.com/");
	match_decide(m.match, &q, &v);
	assert_int_equal(v.result, MATCH_BLOCK);
	assert_true(v.whole && match_number(m.match, v.record, &w) && w.whole);
	assert_int_equal(w.line, 1);
	q.skip_hosts = true;
	match_decide(m.match, &q, &v);
	assert_int_equal(v.result, MATCH_PASS);
	for (uint32_t n = 1; n <= match_numbers(m.match); n++)
		assert_true(match_number(m.match, n, &w));
	assert_false(match_number(m.match, 0, &w) || match_number(m.match, match_numbers(m.match) + 1, &w));
	assert_true(match_excepted(m.match, SPAN_LIT("a.cdn.ads.com"), &w));
	assert_int_equal(w.line, 3);
	assert_false(match_excepted(m.match, SPAN_LIT("ads.com"), &w));
	assert_int_equal(match_hosts(m.match), 1);
	/* a redirect blocks, and names the stand-in for what others block */
	q.url = SPAN_LIT("http://r.com/");
	assert_int_equal(match_collect(m.match, &q, MATCH_REDIRECTS, text, where, 2), 1);
	assert_true(match_find(m.match, &q, MATCH_BLOCKS, false, &v));
	match_unmake(&m);
}

/* whatever names a host, or something below it, in an exception: only the request can tell whether that holds */
static void exceptions_name_hosts(void **state)
{
	static const struct { const char *filter, *host; bool names; } rows[] = {
		{ "@@||ads.com^", "ads.com", true },
		{ "@@||ads.com^", "www.ads.com", true },
		{ "@@||www.ads.com^", "ads.com", false },
		{ "@@||ads.com$domain=page.com", "ads.com", true },
		{ "@@||ads.com/Ad.js$match-case", "ads.com", true },
		{ "@@||Ads.com:8080/x", "www.ads.com", true },
		{ "@@||ads.com?x=", "ads.com", true },
		{ "@@||ads.com*x/y", "ads.com", true },
		{ "@@||cdn-*.ads.com/x.js^", "cdn-1.ads.com", true },
		{ "@@||cdn-*.ads.com/x.js^", "ads.org", false },
		{ "@@||cdn.*.com/x.js^", "ads.com", false },
		{ "@@://ads.com^", "ads.com", true },
		{ "@@|http://ads.com/x", "ads.com", true },
		{ "@@|http*://ads.com/x", "ads.com", true },
		{ "@@ads.com/x", "ads.com", true },
		{ "@@.ads.com/x", "a.ads.com", true },
		{ "@@/ads.com/x", "ads.com", false },
		{ "@@/x?*ads.com$domain=page.com", "ads.com", false },
		{ "@@*$script,to=ads.com", "ads.com", true },
		{ "@@*$script,domain=page.com,denyallow=other.com", "ads.com", false },
		{ "@@||ads.com^$removeparam=x", "ads.com", false },
		{ "@@||ads.com^\n@@||ads.com^$badfilter", "ads.com", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[200];
		struct match_verdict v = { .line = 0 };
		struct match_made m;
		struct span list;
		bool names;

		/* one that holds for no host in particular stands before it */
		snprintf(text, sizeof(text), "||ads.com^\n@@*$image,domain=page.com,denyallow=other.com\n%s\n", rows[i].filter);
		list = span_of(text);
		match_make(&m, &list, 1, 3, psl_builtin());
		names = match_excepted(m.match, span_of(rows[i].host), &v);
		if (names != rows[i].names || (names && v.line != 3))
			fail_msg("%s: %s is %s, line %u", rows[i].filter, rows[i].host, names ? "named" : "not named", v.line);
		match_unmake(&m);
	}
}

static void a_list_of_exceptions(void **state)
{
	struct span list = SPAN_LIT("||good.com^\n@@||fine.com^\n||c.com^$cookie=x\n");
	struct match_question q = { .url = SPAN_LIT("http://good.com/"), .type = FILTER_TYPE_DOCUMENT };
	struct match_builder *b = match_build_new(1);
	struct image_part part[MATCH_PARTS];
	struct match_verdict v, w;
	uint32_t filters = 0;
	struct match_made m;
	const char *why;
	int fd;

	(void)state;
	match_build_exceptions(b);
	match_add_list(b, list, 0, &filters);
	fd = image_write(part, match_build_finish(b, 0, part, NULL), 1, 1);
	match_build_free(b);
	assert_null(image_map(fd, &m.image));
	close(fd);
	m.match = match_open(&m.image, 0, psl_builtin(), &why);
	assert_int_equal(match_hosts(m.match), 0);
	match_decide(m.match, &q, &v);
	assert_int_equal(v.result, MATCH_PASS);
	assert_true(match_find(m.match, &q, MATCH_EXCEPTIONS, false, &v));
	q.url = SPAN_LIT("http://fine.com/");
	assert_true(match_find(m.match, &q, MATCH_EXCEPTIONS, false, &v));
	assert_true(match_excepted(m.match, SPAN_LIT("www.good.com"), &w));
	assert_true(match_has(m.match, MATCH_COOKIE_EXCEPTIONS) && !match_has(m.match, MATCH_COOKIES));
	match_unmake(&m);
}

/* all that can be asked of a damaged image; what it answers is its own affair */
static void ask_all(struct match *m, struct dice *d)
{
	static const char *const url[] = { "http://ads.com/", "http://b.com/ads/1?q=1", "http://c.com/ads12x/ok/" };
	static const char *const host[] = { "ads.com", "b.com", "x.c.com" };
	char text[HOST_MAX + 4];
	struct match_verdict v;

	for (size_t u = 0; u < 3; u++) {
		struct match_question q = { .url = span_of(url[u]), .source = SPAN_LIT("x.org"),
					    .type = 1u << dice_roll(d, FILTER_TYPE_BITS), .method = FILTER_METHOD_GET };
		struct span filter[4];
		uint32_t number[4];

		match_decide(m, &q, &v);
		if (v.result)
			match_text(m, &v, text, sizeof(text));
		for (unsigned g = 0; g < MATCH_GROUPS; g++)
			match_collect(m, &q, (enum match_group)g, filter, number, 4);
		match_host(m, span_of(host[u]), &v);
		match_excepted(m, span_of(host[u]), &v);
	}
	for (uint32_t n = 1; n <= match_numbers(m); n++) {
		v.name = (struct span){ "", 0 };
		if (match_number(m, n, &v))
			match_text(m, &v, text, sizeof(text));
	}
}

/* anything in any section may be anything: it is refused, or decided somehow, and never read past the end */
static void damaged_images_are_survived(void **state)
{
	struct span list = SPAN_LIT("||ads.com^\n||b.com^$domain=x.org|y.*\n/ads/*$image\n/ads[0-9]+x/$script\n@@/ok/\n$font,domain=x.org\n"
				    "@@||c.com/ok$to=x.c.com\n||b.com^$removeparam=q\n");
	struct match_builder *b = match_build_new(3);
	struct image_part part[MATCH_PARTS];
	struct dice d = { NULL, 0, 5 };
	uint32_t filters = 0;
	unsigned refused = 0;
	size_t parts;

	(void)state;
	match_add_list(b, list, 0, &filters);
	parts = match_build_finish(b, 0, part, NULL);
	assert_true(parts);
	for (int i = 0; i < 8000; i++) {
		struct image_part *p;
		uint8_t *at, was[4];
		const char *why;
		struct match *m;
		struct image im;
		size_t len;
		int fd;

		do
			p = &part[dice_roll(&d, (unsigned)parts)];
		while (!p->len);
		/* a byte, or a number that is as large as can be */
		len = i % 2 && p->len >= 4 ? 4 : 1;
		at = (uint8_t *)(uintptr_t)p->p + dice_roll(&d, (unsigned)(p->len / len)) * len;
		memcpy(was, at, len);
		memset(at, len == 4 ? 0xff : (int)dice_roll(&d, 256), len);
		fd = image_write(part, parts, 1, 3);
		memcpy(at, was, len);
		assert_null(image_map(fd, &im));
		close(fd);
		m = match_open(&im, 0, psl_builtin(), &why);
		refused += !m;
		if (m)
			ask_all(m, &d);
		match_close(m);
		image_unmap(&im);
	}
	assert_true(refused > 0);
	match_build_free(b);
}

static psl_ctx_t *shared_psl(void)
{
	struct span text = shared_read("lists/public_suffix_list.dat.xz");
	FILE *f = text.p ? fmemopen((void *)(uintptr_t)text.p, text.len, "r") : NULL;
	psl_ctx_t *psl = f ? psl_load_fp(f) : NULL;

	if (f)
		fclose(f);
	free((void *)(uintptr_t)text.p);
	return psl;
}

/* does the filter that is printed for this verdict block it, alone and by the naive matcher? */
static bool blocks_alone(struct match *m, const struct match_question *q, const struct match_verdict *v, const psl_ctx_t *psl)
{
	char room[HOST_MAX + 4];
	struct span text = match_text(m, v, room, sizeof(room));
	struct filter f;

	filter_parse(text, &f);
	if (f.kind == FILTER_NETWORK && !f.exception && naive_holds(&f, q, psl))
		return true;
	printf("\"%.*s\" does not block %.*s\n", SPAN_FMT(text), SPAN_FMT(q->url));
	return false;
}

/* the column gold, or another: 1 is block */
static unsigned compare(struct match *m, struct span requests, struct span verdicts, size_t column, const psl_ctx_t *psl,
			unsigned *rows)
{
	struct match_question q;
	struct span c[16];
	unsigned wrong = 0;

	*rows = 0;
	while (match_next_request(&requests, &q)) {
		struct match_verdict v;

		assert_true(match_columns(&verdicts, c, 16));
		if (*c[column].p == '-')
			continue;
		(*rows)++;
		match_decide(m, &q, &v);
		if (v.result == MATCH_BLOCK && !blocks_alone(m, &q, &v, psl))
			wrong++;
		if ((v.result == MATCH_BLOCK) == (*c[column].p == '1'))
			continue;
		if (wrong++ < 10)
			printf("%.*s instead of %.*s: %.*s\n", 1, v.result == MATCH_BLOCK ? "1" : "0", SPAN_FMT(c[column]),
			       SPAN_FMT(q.url));
	}
	return wrong;
}

static void the_engines_agree(void **state)
{
	struct span list[2] = { shared_read("lists/easylist.txt.xz"), shared_read("lists/easyprivacy.txt.xz") };
	struct span light = shared_read("lists/hagezi-light.adblock.txt.xz");
	struct span requests = shared_read("requests/requests.tsv.zst"), verdicts = shared_read("requests/verdicts.tsv.gz");
	psl_ctx_t *psl = shared_psl();
	struct match_made m;
	unsigned rows;

	(void)state;
	if (!list[0].p || !list[1].p || !light.p || !requests.p || !verdicts.p || !psl)
		skip();
	match_make(&m, list, 2, 11, psl);
	assert_int_equal(compare(m.match, requests, verdicts, 1, psl, &rows), 0);
	printf("gold: %u of %u requests agree; image of %zu bytes\n", rows, rows, m.image.bytes);
	assert_true(rows > 60000 && m.image.bytes <= 6000000);
	match_unmake(&m);
	match_make(&m, &light, 1, 12, psl);
	assert_int_equal(compare(m.match, requests, verdicts, 13, psl, &rows), 0);
	match_unmake(&m);
	psl_free(psl);
	for (int i = 0; i < 2; i++)
		free((void *)(uintptr_t)list[i].p);
	free((void *)(uintptr_t)light.p);
	free((void *)(uintptr_t)requests.p);
	free((void *)(uintptr_t)verdicts.p);
}

static void add_name(void *ctx, struct span name, uint32_t line)
{
	names_add(ctx, name, names_where(0, line));
}

static void a_hosts_list_agrees(void **state)
{
	struct span list = shared_read("lists/stevenblack-2024.hosts.xz");
	struct span requests = shared_read("requests/requests.tsv.zst"), verdicts = shared_read("requests/verdicts.tsv.gz");
	struct names_builder b = { .seed = 13 };
	struct list_sink sink = { add_name, &b };
	struct span rest = requests, verdict = verdicts, c[16], name;
	struct list_stats stats = { 0 };
	uint32_t dropped[256] = { 0 };
	unsigned rows = 0, blocked = 0;
	struct match_question q;
	struct names_table t;

	(void)state;
	if (!list.p || !requests.p || !verdicts.p)
		skip();
	list_hosts_read(list, &sink, &stats);
	assert_true(names_fold(&b, dropped));
	t = (struct names_table){ b.seed, b.bucket, b.place, b.bloom, b.buckets, b.bloom_words, b.count };
	assert_true(names_table_open(&t, b.buckets * NAMES_BUCKET));
	for (; match_next_request(&rest, &q); rows++) {
		char host[512];
		size_t at;

		assert_true(match_columns(&verdict, c, 16));
		naive_host(q.url, &at, host);
		if ((names_find(&t, span_of(host), &name) >= 0) != (*c[12].p == '1'))
			fail_msg("hosts_suffix is %c: %.*s", *c[12].p, SPAN_FMT(q.url));
		blocked += *c[12].p == '1';
	}
	assert_true(rows > 75000 && blocked > 1000);
	names_builder_fini(&b);
	free((void *)(uintptr_t)list.p);
	free((void *)(uintptr_t)requests.p);
	free((void *)(uintptr_t)verdicts.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides_as_written),
		cmocka_unit_test(a_naive_matcher_agrees),
		cmocka_unit_test(bare_urls_are_http),
		cmocka_unit_test(long_urls_are_cut),
		cmocka_unit_test(hosts_for_the_connection_layer),
		cmocka_unit_test(pages_are_told_apart),
		cmocka_unit_test(needles_are_found_anywhere),
		cmocka_unit_test(groups_are_apart),
		cmocka_unit_test(parts_of_a_decision),
		cmocka_unit_test(exceptions_name_hosts),
		cmocka_unit_test(a_list_of_exceptions),
		cmocka_unit_test(damaged_images_are_survived),
		cmocka_unit_test(the_engines_agree),
		cmocka_unit_test(a_hosts_list_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
