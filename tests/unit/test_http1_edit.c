/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_http1_edit - what is not edited keeps every byte
 *
 * links: http1_edit http1_head cookie
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "container.h"
#include "guard.h"
#include "http1_edit.h"
#include "seed.h"
#include "shared.h"

static struct http1_head head;
static struct http1_edit edit;
static char buf[LIMIT_HEAD_BYTES];

static bool keep_listed(const struct cookie *c, void *arg)
{
	const char *drop = arg;

	for (; *drop; drop++)
		if (c->name.len == 1 && *c->name.p == *drop)
			return false;
	return true;
}

/* cookies_of - the head "GET" with this Cookie line, less the cookies named by a letter of @drop */
static unsigned cookies_of(struct span line, const char *drop, size_t *len)
{
	static char text[512];
	int n = snprintf(text, sizeof(text), "GET / HTTP/1.0\r\nA: b\r\n%.*sZ:  z \r\n\r\n", SPAN_FMT(line));
	struct span in = guard_copy((struct span){ text, (size_t)n });

	seed("http1_edit", in);
	assert_int_equal(http1_request_parse(in, 0, &head), PARSE_DONE);
	http1_edit_begin(&edit, in, &head, buf, head.len);
	unsigned removed = http1_edit_cookies(&edit, http1_first(&head, HTTP1_COOKIE), keep_listed, (void *)(uintptr_t)drop);

	*len = http1_edit_end(&edit);
	return removed;
}

static void single_cookies_are_removed(void **state)
{
	static const struct { const char *why; struct span in; const char *drop; unsigned n; const char *want; } rows[] = {
		{ "none",		SPAN_LIT("cookie:  a=1;b=2 \r\n"), "x", 0, "cookie:  a=1;b=2 \r\n" },
		{ "the first",		SPAN_LIT("Cookie: a=1; b=2; c=3\r\n"), "a", 1, "Cookie: b=2; c=3\r\n" },
		{ "the middle",		SPAN_LIT("Cookie: a=1; b=2; c=3\r\n"), "b", 1, "Cookie: a=1; c=3\r\n" },
		{ "the last",		SPAN_LIT("Cookie: a=1; b=2; c=3\r\n"), "c", 1, "Cookie: a=1; b=2\r\n" },
		{ "two",		SPAN_LIT("Cookie: a=1; b=2; c=3\r\n"), "ac", 2, "Cookie: b=2\r\n" },
		{ "all",		SPAN_LIT("Cookie: a=1; b=2\r\n"), "ab", 2, "" },
		{ "the only one",	SPAN_LIT("Cookie:a=1\r\n"), "a", 1, "" },
		{ "of the same name",	SPAN_LIT("Cookie: a=1; a=2; b=3\r\n"), "a", 2, "Cookie: b=3\r\n" },
		{ "odd blanks stay",	SPAN_LIT("Cookie:\t a=1;b = 2 ;  c=3; \t\r\n"), "a", 1, "Cookie:\t b = 2 ;  c=3; \t\r\n" },
		{ "empty parts stay",	SPAN_LIT("Cookie: a=1;; b=2;\r\n"), "b", 1, "Cookie: a=1;;\r\n" },
		{ "all, with empty parts", SPAN_LIT("Cookie: ; a=1;;\r\n"), "a", 1, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char want[512];
		size_t len;
		unsigned n = cookies_of(rows[i].in, rows[i].drop, &len);

		snprintf(want, sizeof(want), "GET / HTTP/1.0\r\nA: b\r\n%sZ:  z \r\n\r\n", rows[i].want);
		if (n != rows[i].n || len != strlen(want) || memcmp(buf, want, len) != 0)
			fail_msg("%s: %u removed: %.*s", rows[i].why, n, (int)len, buf);
		assert_int_equal(edit.changed, n != 0);
	}
}

static void limited_cookies_lose_their_lifetime(void **state)
{
	static const struct { const char *why; struct span in; const char *want; } rows[] = {
		{ "nothing to drop",	SPAN_LIT("a=1; Path=/"), NULL },
		{ "expires",		SPAN_LIT("a=1; expires=Sat, 03-Nov-42 12:56:32 GMT; path=/"), "a=1; path=/" },
		{ "both, any case",	SPAN_LIT("a=1;MAX-AGE=5;Path=/; EXPIRES=x"), "a=1;Path=/" },
		{ "without a value",	SPAN_LIT("a=1; max-age; Secure"), "a=1; Secure" },
		{ "the name stays",	SPAN_LIT("expires=1; Max-Age=5"), "expires=1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[256], want[256];
		int n = snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nset-COOKIE:%.*s \r\nB: c\r\n\r\n", SPAN_FMT(rows[i].in));
		struct span in = guard_copy((struct span){ text, (size_t)n });

		seed("http1_edit", in);
		assert_int_equal(http1_response_parse(in, 0, &head), PARSE_DONE);
		http1_edit_begin(&edit, in, &head, buf, head.len);
		assert_int_equal(http1_edit_limit(&edit, http1_first(&head, HTTP1_SET_COOKIE)), rows[i].want != NULL);
		size_t len = http1_edit_end(&edit);

		snprintf(want, sizeof(want), "HTTP/1.1 200 OK\r\nset-COOKIE:%s \r\nB: c\r\n\r\n",
			 rows[i].want ? rows[i].want : rows[i].in.p);
		if (len != strlen(want) || memcmp(buf, want, len) != 0)
			fail_msg("%s: %.*s", rows[i].why, (int)len, buf);
	}
}

static void a_target_is_replaced(void **state)
{
	static const struct { const char *why; struct span in; const char *target, *want; } rows[] = {
		{ "shorter",	SPAN_LIT("GET /p?a=1&b=2 HTTP/1.0\r\nX: 1\r\n\r\n"), "/p?b=2", "GET /p?b=2 HTTP/1.0\r\nX: 1\r\n\r\n" },
		{ "empty lines before it", SPAN_LIT("\r\nGET /p HTTP/1.0\n\n"), "/", "\r\nGET / HTTP/1.0\n\n" },
		{ "absolute",	SPAN_LIT("GET http://h.example/?x HTTP/1.1\r\nHost: h.example\r\n\r\n"), "http://h.example/",
		  "GET http://h.example/ HTTP/1.1\r\nHost: h.example\r\n\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct span in = guard_copy(rows[i].in);
		size_t len;

		seed("http1_edit", in);
		assert_int_equal(http1_request_parse(in, 0, &head), PARSE_DONE);
		http1_edit_begin(&edit, in, &head, buf, head.len);
		http1_edit_target(&edit, span_of(rows[i].target));
		len = http1_edit_end(&edit);
		assert_true(edit.changed);
		if (!span_eq((struct span){ buf, len }, span_of(rows[i].want)))
			fail_msg("%s: %.*s", rows[i].why, (int)len, buf);
	}
	/* and with cookies */
	struct span in = SPAN_LIT("GET /p?a HTTP/1.0\r\nCookie: a=1; b=2\r\nX: 1\r\n\r\n");
	static const char want[] = "GET /p HTTP/1.0\r\nCookie: b=2\r\nX: 1\r\n\r\n";

	assert_int_equal(http1_request_parse(in, 0, &head), PARSE_DONE);
	http1_edit_begin(&edit, in, &head, buf, head.len);
	http1_edit_target(&edit, SPAN_LIT("/p"));
	http1_edit_cookies(&edit, http1_first(&head, HTTP1_COOKIE), keep_listed, (void *)(uintptr_t)"a");
	assert_int_equal(http1_edit_end(&edit), sizeof(want) - 1);
	assert_memory_equal(buf, want, sizeof(want) - 1);
}

static void fields_are_dropped_replaced_and_added(void **state)
{
	static const char want[] = "\r\nHTTP/1.1 200 OK\r\nA:  new \r\nC: d\r\nnonsense\r\nX: y\r\n\r\n";
	struct span in = guard_copy(SPAN_LIT("\r\nHTTP/1.1 200 OK\r\nA:  old \r\nB: f\r\n olded\r\nC: d\r\nnonsense\r\n\r\nbody"));

	(void)state;
	assert_int_equal(http1_response_parse(in, 0, &head), PARSE_DONE);
	http1_edit_begin(&edit, in, &head, buf, sizeof(buf));
	http1_edit_replace(&edit, &head.fields[0], SPAN_LIT("new"));
	http1_edit_drop(&edit, &head.fields[1]);
	http1_edit_add(&edit, SPAN_LIT("X"), SPAN_LIT("y"));
	assert_int_equal(http1_edit_end(&edit), sizeof(want) - 1);
	assert_memory_equal(buf, want, sizeof(want) - 1);

	/* one byte too few: told, and not written over */
	char *tight = (char *)(uintptr_t)guard_copy((struct span){ want, sizeof(want) - 2 }).p;

	http1_edit_begin(&edit, in, &head, tight, sizeof(want) - 2);
	http1_edit_replace(&edit, &head.fields[0], SPAN_LIT("new"));
	http1_edit_drop(&edit, &head.fields[1]);
	http1_edit_add(&edit, SPAN_LIT("X"), SPAN_LIT("y"));
	assert_int_equal(http1_edit_end(&edit), 0);
}

/* for each real head: the copy is the same; and with one field dropped, the others are */
static void real_heads_keep_every_other_byte(void **state)
{
	struct span all = shared_read("heads/http1-response-heads-2012.raw.gz");
	static struct http1_head again;
	unsigned turn = 0;

	(void)state;
	if (!all.p)
		skip();
	for (struct span rest = all; rest.len; rest = span_skip(rest, head.len), turn++) {
		assert_int_equal(http1_response_parse(rest, 0, &head), PARSE_DONE);
		http1_edit_begin(&edit, rest, &head, buf, head.len);
		assert_int_equal(http1_edit_end(&edit), head.len);
		assert_memory_equal(buf, rest.p, head.len);
		assert_false(edit.changed);
		if (head.count == 0)
			continue;
		unsigned victim = turn % head.count;

		http1_edit_begin(&edit, rest, &head, buf, head.len);
		http1_edit_drop(&edit, &head.fields[victim]);
		size_t len = http1_edit_end(&edit);

		assert_int_equal(http1_response_parse((struct span){ buf, len }, 0, &again), PARSE_DONE);
		assert_int_equal(again.count, head.count - 1);
		for (unsigned i = 0, j = 0; i < head.count; i++) {
			if (i == victim)
				continue;
			assert_true(span_eq(head.fields[i].name, again.fields[j].name) &&
				    span_eq(head.fields[i].value, again.fields[j].value));
			j++;
		}
	}
	free((void *)(uintptr_t)all.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(single_cookies_are_removed),
		cmocka_unit_test(limited_cookies_lose_their_lifetime),
		cmocka_unit_test(a_target_is_replaced),
		cmocka_unit_test(fields_are_dropped_replaced_and_added),
		cmocka_unit_test(real_heads_keep_every_other_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
