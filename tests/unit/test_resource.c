/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_resource - the kind of a request, guessed from the wire
 *
 * links: resource url http1_head
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "container.h"
#include "resource.h"
#include "shared.h"
#include "url.h"

static struct http1_head head;

static enum resource guess(const char *method, const char *path, const char *fields, bool cross)
{
	static char text[8192];
	int n = snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: a\r\n%s\r\n", method, path, fields);

	assert_int_equal(http1_request_parse((struct span){ text, (size_t)n }, 0, &head), PARSE_DONE);
	return resource_guess(&head, url_extension(head.target), cross);
}

#define HTML "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n"
#define ANY "Accept: */*\r\n"

static void kinds_are_guessed(void **state)
{
	static const struct { const char *method, *path, *fields; bool cross; enum resource want; } rows[] = {
		{ "GET", "/", HTML, false, RES_DOCUMENT },
		{ "POST", "/x.js", HTML, false, RES_DOCUMENT },
		{ "GET", "/", HTML, true, RES_SUBDOCUMENT },
		{ "GET", "/x.js", "Accept: image/avif,image/webp,*/*;q=0.8\r\n", false, RES_IMAGE },
		{ "GET", "/x", "Accept: text/css,*/*;q=0.1\r\n", false, RES_STYLE },
		{ "GET", "/x.js?y", ANY, true, RES_SCRIPT },
		{ "GET", "/x.GIF", ANY, true, RES_IMAGE },
		{ "GET", "/x.woff2", "", true, RES_FONT },
		{ "GET", "/x.mp4", ANY, true, RES_MEDIA },
		{ "GET", "/x.json", ANY, true, RES_XHR },
		{ "POST", "/x", ANY, true, RES_XHR },
		{ "GET", "/x", "Accept: application/json, text/plain, */*\r\n", true, RES_XHR },
		{ "GET", "/x", ANY, true, RES_UNKNOWN },
		{ "GET", "/x", "", true, RES_UNKNOWN },
		{ "GET", "/x", "Connection: Upgrade\r\nUpgrade: WebSocket\r\n", true, RES_WEBSOCKET },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum resource got = guess(rows[i].method, rows[i].path, rows[i].fields, rows[i].cross);

		if (got != rows[i].want)
			fail_msg("%s %s %s: %d", rows[i].method, rows[i].path, rows[i].fields, got);
	}
}

static void the_answer_tells_what_the_request_did_not(void **state)
{
	(void)state;
	assert_int_equal(resource_of_answer(RES_UNKNOWN, SPAN_LIT("Image/GIF")), RES_IMAGE);
	assert_int_equal(resource_of_answer(RES_UNKNOWN, SPAN_LIT("text/html; charset=utf-8")), RES_DOCUMENT);
	assert_int_equal(resource_of_answer(RES_SCRIPT, SPAN_LIT("image/gif")), RES_SCRIPT);
	assert_int_equal(resource_of_answer(RES_UNKNOWN, SPAN_LIT("")), RES_UNKNOWN);
}

/* the corpus states what an observer of plain HTTP can infer: agree with it where Accept says nothing */
static void the_corpus_agrees(void **state)
{
	static const struct { const char *name; enum resource type; } names[] = {
		{ "script", RES_SCRIPT }, { "font", RES_FONT }, { "media", RES_MEDIA }, { "xhr", RES_XHR },
		{ "unknown", RES_UNKNOWN },
	};
	struct span all = shared_read("requests/requests.tsv.zst");
	unsigned n = 0, same = 0;

	(void)state;
	if (!all.p)
		skip();
	for (struct span rest = all, line; rest.len; rest = span_skip(rest, line.len + 1)) {
		struct span at = line = span_until(rest, '\n'), column[6];
		char method[32], path[4200];
		const char *slash;

		for (int i = 0; i < 6; i++) {
			column[i] = span_until(at, '\t');
			at = span_skip(at, column[i].len + 1);
		}
		snprintf(method, sizeof(method), "%.*s", SPAN_FMT(column[1]));
		slash = column[5].len > 8 ? memchr(column[5].p + 8, '/', column[5].len - 8) : NULL;
		for (size_t i = 0; slash && i < ARRAY_LEN(names); i++) {
			if (!span_eq(column[3], span_of(names[i].name)))
				continue;
			snprintf(path, sizeof(path), "%.*s", (int)(column[5].p + column[5].len - slash), slash);
			n++;
			same += guess(method[0] == '-' ? "GET" : method, path, ANY, true) == names[i].type;
		}
	}
	free((void *)(uintptr_t)all.p);
	print_message("%u of %u agree\n", same, n);
	assert_true(n > 10000 && same >= n * 99 / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_are_guessed),
		cmocka_unit_test(the_answer_tells_what_the_request_did_not),
		cmocka_unit_test(the_corpus_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
