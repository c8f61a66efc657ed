/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_http1_head - heads as they come, as they trickle in, and as they are attacked
 *
 * links: http1_head
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "container.h"
#include "guard.h"
#include "http1_head.h"
#include "seed.h"
#include "shared.h"

typedef enum parse (*parser)(struct span in, size_t seen, struct http1_head *out);

static struct http1_head head;		/* 10 KiB: not on the stack of a loop */

struct row {
	const char *why;
	struct span in;
	enum parse want;
	enum http1_fault fault;		/* when BAD */
};

#define X100 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct row requests[] = {
	{ "nothing yet",		SPAN_LIT(""),				PARSE_MORE, 0 },
	{ "stops in the method",	SPAN_LIT("GE"),				PARSE_MORE, 0 },
	{ "stops in the target",	SPAN_LIT("GET /a"),			PARSE_MORE, 0 },
	{ "stops in the line end",	SPAN_LIT("GET / HTTP/1.1\r"),		PARSE_MORE, 0 },
	{ "stops mid-name",		SPAN_LIT("GET / HTTP/1.1\r\nHo"),	PARSE_MORE, 0 },
	{ "stops before the last LF",	SPAN_LIT("GET / HTTP/1.1\r\nHost: a\r\n\r"), PARSE_MORE, 0 },
	{ "whole",			SPAN_LIT("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), PARSE_DONE, 0 },
	{ "1.0 without Host",		SPAN_LIT("GET / HTTP/1.0\r\n\r\n"),	PARSE_DONE, 0 },
	{ "Host may be empty",		SPAN_LIT("GET / HTTP/1.1\r\nHost:\r\n\r\n"), PARSE_DONE, 0 },
	{ "empty lines first (s.2.2)",	SPAN_LIT("\r\n\r\nGET / HTTP/1.0\r\n\r\n"), PARSE_DONE, 0 },
	{ "empty lines only",		SPAN_LIT("\r\n\r\n\r"),			PARSE_MORE, 0 },
	{ "empty lines without end",	SPAN_LIT("\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"), PARSE_BAD, HTTP1_FAULT_START },
	{ "LF alone, throughout",	SPAN_LIT("GET / HTTP/1.1\nHost: a\n\n"), PARSE_DONE, 0 },
	{ "LF alone in one line",	SPAN_LIT("GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"), PARSE_BAD, HTTP1_FAULT_LINE_END },
	{ "LF alone at the end",	SPAN_LIT("GET / HTTP/1.1\r\nHost: a\r\n\n"), PARSE_BAD, HTTP1_FAULT_LINE_END },
	{ "CRLF after LF lines",	SPAN_LIT("GET / HTTP/1.1\nHost: a\r\n\r\n"), PARSE_BAD, HTTP1_FAULT_LINE_END },
	{ "a method of its own",	SPAN_LIT("M-SEARCH * HTTP/1.1\r\nHost: a\r\n\r\n"), PARSE_DONE, 0 },
	{ "bytes above 0x7f in target",	SPAN_LIT("GET /\xc3\xa9 HTTP/1.0\r\n\r\n"), PARSE_DONE, 0 },
	{ "bytes above 0x7f in value",	SPAN_LIT("GET / HTTP/1.0\r\nX: \xe9\r\n\r\n"), PARSE_DONE, 0 },
	{ "tab in a value",		SPAN_LIT("GET / HTTP/1.0\r\nX: a\tb\r\n\r\n"), PARSE_DONE, 0 },
	{ "a higher minor version",	SPAN_LIT("GET / HTTP/1.2\r\nHost: a\r\n\r\n"), PARSE_DONE, 0 },

	{ "no Host in 1.1",		SPAN_LIT("GET / HTTP/1.1\r\nX: a\r\n\r\n"), PARSE_BAD, HTTP1_FAULT_HOST_MISSING },
	{ "two Hosts",			SPAN_LIT("GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n"), PARSE_BAD, HTTP1_FAULT_HOST_MANY },
	{ "two equal Hosts",		SPAN_LIT("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), PARSE_BAD, HTTP1_FAULT_HOST_MANY },
	{ "two Hosts in 1.0",		SPAN_LIT("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"), PARSE_BAD, HTTP1_FAULT_HOST_MANY },
	{ "blank before the colon",	SPAN_LIT("GET / HTTP/1.1\r\nHost : a\r\n\r\n"), PARSE_BAD, HTTP1_FAULT_FIELD_NAME },
	{ "blank in a name",		SPAN_LIT("GET / HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n"), PARSE_BAD, HTTP1_FAULT_FIELD_NAME },
	{ "empty name",			SPAN_LIT("GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"), PARSE_BAD, HTTP1_FAULT_FIELD_NAME },
	{ "line without a colon",	SPAN_LIT("GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n"), PARSE_BAD, HTTP1_FAULT_FIELD_NAME },
	{ "folded line",		SPAN_LIT("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n"), PARSE_BAD, HTTP1_FAULT_FOLD },
	{ "folded line first",		SPAN_LIT("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), PARSE_BAD, HTTP1_FAULT_FOLD },
	{ "bare CR in a value",		SPAN_LIT("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"), PARSE_BAD, HTTP1_FAULT_CONTROL },
	{ "two CRs",			SPAN_LIT("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"), PARSE_BAD, HTTP1_FAULT_CONTROL },
	{ "NUL in a value",		SPAN_LIT("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n"), PARSE_BAD, HTTP1_FAULT_CONTROL },
	{ "control in a value",		SPAN_LIT("GET / HTTP/1.1\r\nHost: a\r\nX: 1234567\x0b\r\n\r\n"), PARSE_BAD, HTTP1_FAULT_CONTROL },
	{ "DEL in a value",		SPAN_LIT("GET / HTTP/1.1\r\nHost: a\r\nX: 1\x7f\r\n\r\n"), PARSE_BAD, HTTP1_FAULT_CONTROL },
	{ "NUL in the target",		SPAN_LIT("GET /\0 HTTP/1.1\r\n"),	PARSE_BAD, HTTP1_FAULT_CONTROL },
	{ "tab in the target",		SPAN_LIT("GET /a\tb HTTP/1.1\r\n"),	PARSE_BAD, HTTP1_FAULT_CONTROL },
	{ "blank in the target",	SPAN_LIT("GET /a b HTTP/1.1\r\n"),	PARSE_BAD, HTTP1_FAULT_START },
	{ "two blanks",			SPAN_LIT("GET  / HTTP/1.1\r\n"),	PARSE_BAD, HTTP1_FAULT_START },
	{ "no target",			SPAN_LIT("GET HTTP/1.1\r\n"),		PARSE_BAD, HTTP1_FAULT_START },
	{ "blank after the version",	SPAN_LIT("GET / HTTP/1.1 \r\n"),	PARSE_BAD, HTTP1_FAULT_START },
	{ "HTTP/0.9",			SPAN_LIT("GET /\r\n"),			PARSE_BAD, HTTP1_FAULT_START },
	{ "HTTP/2 by name",		SPAN_LIT("GET / HTTP/2.0\r\n"),		PARSE_BAD, HTTP1_FAULT_VERSION },
	{ "two digits of version",	SPAN_LIT("GET / HTTP/1.10\r\n"),	PARSE_BAD, HTTP1_FAULT_VERSION },
	/* longer than what is looked at before the line has ended */
	{ "long, and HTTP/2",		SPAN_LIT("GET /" X100 X100 " HTTP/2.0\r\n"), PARSE_BAD, HTTP1_FAULT_VERSION },
	{ "long, and not HTTP",		SPAN_LIT("EHLO " X100 X100 "\r\n"),	PARSE_ALIEN, 0 },
	{ "long, with a field begun",	SPAN_LIT("GET /" X100 X100 " HTTP/1.1\r\nHost: a\r\nX"), PARSE_MORE, 0 },
	{ "lower case version",		SPAN_LIT("GET / http/1.1\r\n"),		PARSE_BAD, HTTP1_FAULT_START },

	/* what some server reads as a request is not "something else", which would be tunnelled unread */
	{ "a CR first, as nginx skips",	SPAN_LIT("\rGET / HTTP/1.1\r\n"),	PARSE_BAD, HTTP1_FAULT_START },
	{ "CR CR LF first",		SPAN_LIT("\r\r\nGET / HTTP/1.1\r\n"), PARSE_BAD, HTTP1_FAULT_START },
	{ "a CR after an empty line",	SPAN_LIT("\r\n\rPOST / HTTP/1.1\r\n"), PARSE_BAD, HTTP1_FAULT_START },
	{ "CRs without end",		SPAN_LIT("\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r"), PARSE_BAD, HTTP1_FAULT_START },
	{ "a blank first",		SPAN_LIT(" GET / HTTP/1.1\r\n"),	PARSE_BAD, HTTP1_FAULT_START },
	{ "a tab first",		SPAN_LIT("\tHEAD / HTTP/1.1\r\n"),	PARSE_BAD, HTTP1_FAULT_START },
	{ "blanks and no more",		SPAN_LIT(" \r\n"),			PARSE_BAD, HTTP1_FAULT_START },
	{ "a blank, then half a method", SPAN_LIT(" DEL"),			PARSE_MORE, 0 },
	{ "a tab, any case",		SPAN_LIT("get\t/ HTTP/1.1\r\n"),		PARSE_BAD, HTTP1_FAULT_START },
	{ "a vertical tab before",	SPAN_LIT("\vPOST / HTTP/1.1\r\n"),	PARSE_BAD, HTTP1_FAULT_START },
	{ "a blank before, any case",	SPAN_LIT(" get / HTTP/1.1\r\n"),	PARSE_BAD, HTTP1_FAULT_START },
	{ "a form feed, and not HTTP",	SPAN_LIT("\f\x01"),			PARSE_ALIEN, 0 },
	{ "a CR for the blank",		SPAN_LIT("GET\r/ HTTP/1.1\r\n"),		PARSE_BAD, HTTP1_FAULT_START },
	{ "a CR before the blank",	SPAN_LIT("POST\r / HTTP/1.1\r\n"),	PARSE_BAD, HTTP1_FAULT_START },
	{ "a CR before the target",	SPAN_LIT("GET \r/ HTTP/1.1 \r\n"),	PARSE_BAD, HTTP1_FAULT_CONTROL },
	{ "a CR behind one word",	SPAN_LIT("GET\r\r\n"),			PARSE_BAD, HTTP1_FAULT_START },
	{ "a CR behind two",		SPAN_LIT("GET x\r\r\n"),			PARSE_BAD, HTTP1_FAULT_CONTROL },
	{ "unknown, a CR behind two",	SPAN_LIT("GEHTT HTTP]/: a\r\r\n"),	PARSE_BAD, HTTP1_FAULT_CONTROL },
	{ "not HTTP, a CR behind two",	SPAN_LIT("EHLO me\r\r\n"),		PARSE_ALIEN, 0 },
	{ "unknown, with a control",	SPAN_LIT("OST /a\vHTTP/1.0\r\n"),	PARSE_BAD, HTTP1_FAULT_CONTROL },
	{ "unknown, a blank behind",	SPAN_LIT("OST /a HTTP/1.0 \r\n"),		PARSE_BAD, HTTP1_FAULT_START },
	{ "a method and its line end",	SPAN_LIT("GET\r\n"),			PARSE_ALIEN, 0 },
	{ "a blank, and one word",	SPAN_LIT(" GET\r\n"),			PARSE_ALIEN, 0 },
	{ "a tab after the method",	SPAN_LIT("GET\t/ HTTP/1.1\r\n"),	PARSE_BAD, HTTP1_FAULT_START },
	{ "a form feed after it",	SPAN_LIT("POST\f/ HTTP/1.1\r\n"),	PARSE_BAD, HTTP1_FAULT_START },
	{ "HTTP/0.9 with a scheme",	SPAN_LIT("GET HTTP://a/\r\n"),		PARSE_BAD, HTTP1_FAULT_START },
	{ "PRI is a method too",	SPAN_LIT("PRI /x HTTP/1.1\r\nHost: a\r\n\r\n"), PARSE_DONE, 0 },
	{ "a method as long as nginx takes", SPAN_LIT("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA / HTTP/1.1\r\n"), PARSE_BAD,
	  HTTP1_FAULT_START },
	{ "a blank, and not HTTP",	SPAN_LIT(" hello\r\n"),			PARSE_ALIEN, 0 },
	{ "a blank, and nearly",	SPAN_LIT(" GETS / HTTP/1.1\r\n"),	PARSE_ALIEN, 0 },
	{ "a CR, and not HTTP",		SPAN_LIT("\r\x01\x02"),			PARSE_ALIEN, 0 },

	{ "TLS on the HTTP port",	SPAN_LIT("\x16\x03\x01\x02\x00"),	PARSE_ALIEN, 0 },
	{ "SSH",			SPAN_LIT("SSH-2.0-OpenSSH_9.2\r\n"),	PARSE_ALIEN, 0 },
	{ "HTTP/2 preface",		SPAN_LIT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), PARSE_ALIEN, 0 },
	{ "HTTP/2 preface, its line",	SPAN_LIT("PRI * HTTP/2.0\r\n"),		PARSE_ALIEN, 0 },
	{ "HTTP/2 preface begins",	SPAN_LIT("PRI *"),			PARSE_MORE, 0 },
	{ "its method in HTTP/1",	SPAN_LIT("PRI * HTTP/1.1\r\nHost: a\r\n\r\n"), PARSE_DONE, 0 },
	{ "SMTP",			SPAN_LIT("EHLO me\r\n"),		PARSE_ALIEN, 0 },
	{ "RTSP",			SPAN_LIT("OPTIONS rtsp://a/ RTSP/1.0\r\n"), PARSE_ALIEN, 0 },
	{ "one word",			SPAN_LIT("QUIT\r\n"),			PARSE_ALIEN, 0 },
	{ "a byte no token has",	SPAN_LIT("{\"a\""),			PARSE_ALIEN, 0 },
	{ "no end of the first word",	SPAN_LIT("aAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), PARSE_ALIEN, 0 },
	{ "NUL after a word",		SPAN_LIT("JRMI \0"),			PARSE_ALIEN, 0 },
	{ "BitTorrent",			SPAN_LIT("\x13" "BitTorrent protocol"),	PARSE_ALIEN, 0 },
};

static const struct row responses[] = {
	{ "nothing yet",		SPAN_LIT(""),				PARSE_MORE, 0 },
	{ "stops in the version",	SPAN_LIT("HTT"),			PARSE_MORE, 0 },
	{ "whole",			SPAN_LIT("HTTP/1.1 200 OK\r\n\r\n"),	PARSE_DONE, 0 },
	{ "no reason",			SPAN_LIT("HTTP/1.1 200 \r\n\r\n"),	PARSE_DONE, 0 },
	{ "no blank either",		SPAN_LIT("HTTP/1.1 200\r\n\r\n"),	PARSE_DONE, 0 },
	{ "a status of its own",	SPAN_LIT("HTTP/1.1 999 No\r\n\r\n"),	PARSE_DONE, 0 },
	{ "LF alone, as scripts do",	SPAN_LIT("HTTP/1.0 200 OK\r\nA: b\nC: d\n\n"), PARSE_DONE, 0 },
	{ "folded value",		SPAN_LIT("HTTP/1.1 200 OK\r\nP3P: a\r\n\tb\r\n\r\n"), PARSE_DONE, 0 },
	{ "blank before the colon",	SPAN_LIT("HTTP/1.1 200 OK\r\nServer : a\r\n\r\n"), PARSE_DONE, 0 },
	{ "line without a colon",	SPAN_LIT("HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"), PARSE_DONE, 0 },
	{ "control in a value",		SPAN_LIT("HTTP/1.1 200 OK\r\nX: a\x01\r\n\r\n"), PARSE_DONE, 0 },

	{ "folded length",		SPAN_LIT("HTTP/1.1 200 OK\r\nContent-Length:\r\n 5\r\n\r\n"), PARSE_BAD, HTTP1_FAULT_FOLD },
	{ "blank before length's colon", SPAN_LIT("HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n"), PARSE_BAD, HTTP1_FAULT_FIELD_NAME },
	{ "length without a colon",	SPAN_LIT("HTTP/1.1 200 OK\r\nContent-Length 5\r\n\r\n"), PARSE_BAD, HTTP1_FAULT_FIELD_NAME },
	{ "folded line first",		SPAN_LIT("HTTP/1.1 200 OK\r\n a: b\r\n\r\n"), PARSE_BAD, HTTP1_FAULT_FOLD },
	{ "NUL in a value",		SPAN_LIT("HTTP/1.1 200 OK\r\nX: a\0\r\n\r\n"), PARSE_BAD, HTTP1_FAULT_CONTROL },
	{ "bare CR in a value",		SPAN_LIT("HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\n\r\n"), PARSE_BAD, HTTP1_FAULT_CONTROL },
	{ "status of two digits",	SPAN_LIT("HTTP/1.1 20 OK\r\n"),		PARSE_BAD, HTTP1_FAULT_START },
	{ "status below 100",		SPAN_LIT("HTTP/1.1 099 OK\r\n"),	PARSE_BAD, HTTP1_FAULT_START },
	{ "status of four digits",	SPAN_LIT("HTTP/1.1 2000 OK\r\n"),	PARSE_BAD, HTTP1_FAULT_START },
	{ "version 2",			SPAN_LIT("HTTP/2.0 200 OK\r\n"),	PARSE_BAD, HTTP1_FAULT_VERSION },
	{ "shoutcast",			SPAN_LIT("ICY 200 OK\r\n"),		PARSE_ALIEN, 0 },
	{ "HTTP/0.9",			SPAN_LIT("<html>"),			PARSE_ALIEN, 0 },
	{ "a server that speaks first",	SPAN_LIT("220 mail ESMTP\r\n"),		PARSE_ALIEN, 0 },
};

static void table(const struct row *rows, size_t n, parser parse)
{
	for (size_t i = 0; i < n; i++) {
		struct span in = guard_copy(rows[i].in);
		enum parse got = parse(in, 0, &head);

		seed("http1_head", rows[i].in);
		if (got != rows[i].want)
			fail_msg("%s: answer %d, not %d", rows[i].why, got, rows[i].want);
		if (got == PARSE_BAD && head.fault != rows[i].fault)
			fail_msg("%s: \"%s\", not \"%s\"", rows[i].why, http1_fault_text(head.fault),
				 http1_fault_text(rows[i].fault));
		if (got == PARSE_DONE)
			assert_int_equal(head.len, in.len);
	}
}

static void requests_are_read_strictly(void **state)
{
	(void)state;
	table(requests, ARRAY_LEN(requests), http1_request_parse);
}

static void responses_are_read_as_browsers_do(void **state)
{
	(void)state;
	table(responses, ARRAY_LEN(responses), http1_response_parse);
}

/* trickle - @in one byte more each time, with @seen: the last answer */
static enum parse trickle(struct span in, parser parse)
{
	enum parse got = PARSE_MORE;

	for (size_t n = 0; n <= in.len && got == PARSE_MORE; n++)
		got = parse(guard_copy((struct span){ in.p, n }), n ? n - 1 : 0, &head);
	return got;
}

static void a_head_cut_anywhere_gets_the_same_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(requests); i++)
		if (trickle(requests[i].in, http1_request_parse) != requests[i].want)
			fail_msg("request: %s", requests[i].why);
	for (size_t i = 0; i < ARRAY_LEN(responses); i++)
		if (trickle(responses[i].in, http1_response_parse) != responses[i].want)
			fail_msg("response: %s", responses[i].why);
}

static void any_prefix_of_a_good_head_is_more(void **state)
{
	static const struct span all = SPAN_LIT(
		"\r\nGET /a?_ylh=X3oDMTEwdnZjMjFhBF9TAzI3MTYxNDkEdGVzdAMwBHRtcG HTTP/1.1\r\n"
		"Host: a.example\r\nUser-Agent: x\r\nAccept: */*\r\nCookie: a=1; b=2\r\nX-Empty:\r\n"
		"X-Long: 0123456789012345678901234567890123456789012345678901234567890123456789\r\n\r\n");

	(void)state;
	for (size_t n = 0; n < all.len; n++) {
		struct span in = guard_copy((struct span){ all.p, n });

		for (size_t seen = 0; seen <= n; seen++)
			assert_int_equal(http1_request_parse(in, seen, &head), PARSE_MORE);
	}
	for (size_t seen = 0; seen < all.len; seen++)
		assert_int_equal(http1_request_parse(guard_copy(all), seen, &head), PARSE_DONE);
	assert_int_equal(head.lead, 2);
	assert_int_equal(head.len, all.len);
}

/* a first word that HTTP does not know may be all that its sender says; a request cut anywhere is never taken for one */
static void only_foreign_words_are_doubtful(void **state)
{
	static const struct { const char *text; bool doubtful; } rows[] = {
		{ "", false }, { "PING", true }, { "ping", true }, { "G", false }, { "g", false }, { "GET", false }, { "gEt", false },
		{ "GETS", true }, { "PRI", true }, { "P", false }, { "PA", false }, { "PROPFIND", true }, { "PROPFIND ", true },
		{ "PROPFIND /", false }, { "PROPFIND h", false }, { "PROPFIND htt", false }, { "M-SEARCH *", false },
		{ "HELO ", true }, { "HELO a", true }, { "HELO http", false }, { "NICK x y", true }, { "GET x", false },
		{ "PING\r\n", false }, { "\r\nPING", false }, { " PING", false },
	};
	static const char *const lines[] = {
		"GET /a HTTP/1.1\r\n", "HEAD / HTTP/1.0\n", "POST http://a/ HTTP/1.1\r\n", "PUT /x HTTP/1.1", "DELETE /x",
		"CONNECT a.example:443 HTTP/1.1", "OPTIONS * HTTP/1.1", "TRACE / HTTP/1.1", "PATCH /x HTTP/1.1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct span in = guard_copy(span_of(rows[i].text));

		if (http1_request_doubtful(in) != rows[i].doubtful)
			fail_msg("%s", rows[i].text);
	}
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		for (size_t n = 0; n < strlen(lines[i]); n++)
			assert_false(http1_request_doubtful(guard_copy((struct span){ lines[i], n })));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].doubtful)
			assert_int_equal(http1_request_parse(span_of(rows[i].text), 0, &head), PARSE_MORE);
}

static void spans_say_where_everything_is(void **state)
{
	struct span in = guard_copy(SPAN_LIT("POST /x?y HTTP/1.0\r\nCookie:a=1\r\nX-Y: \t z \t\r\n"
					     "COOKIE: b=2; c\r\nConnection: Foo , Keep-Alive\r\n\r\nbody"));
	const struct http1_field *f;

	(void)state;
	assert_int_equal(http1_request_parse(in, 0, &head), PARSE_DONE);
	assert_int_equal(head.len, in.len - 4);
	assert_int_equal(head.method, METHOD_POST);
	assert_int_equal(head.minor, 0);
	assert_true(span_eq(head.target, SPAN_LIT("/x?y")));
	assert_int_equal(head.count, 4);
	assert_true(span_eq(head.fields[1].value, SPAN_LIT("z")));
	assert_int_equal(head.fields[1].line_len, 12);
	f = http1_first(&head, HTTP1_COOKIE);
	assert_true(span_eq(f->value, SPAN_LIT("a=1")));
	f = http1_next(&head, f);
	assert_true(span_eq(f->name, SPAN_LIT("COOKIE")));
	assert_null(http1_next(&head, f));
	assert_null(http1_first(&head, HTTP1_HOST));
	assert_ptr_equal(http1_find(&head, SPAN_LIT("x-y")), &head.fields[1]);
	assert_true(http1_has_token(&head, HTTP1_CONNECTION, SPAN_LIT("keep-alive")));
	assert_false(http1_has_token(&head, HTTP1_CONNECTION, SPAN_LIT("keep")));

	in = guard_copy(SPAN_LIT("HTTP/1.1 404 Not Found\r\nA:\r\n b \r\n\r\n c\r\n"));
	assert_int_equal(http1_response_parse(in, 0, &head), PARSE_DONE);
	assert_int_equal(head.status, 404);
	assert_true(span_eq(head.reason, SPAN_LIT("Not Found")));
	assert_int_equal(head.fields[0].line_len, 9);
	assert_true(span_eq(head.fields[0].value, SPAN_LIT("b")));
}

/* head_of - a request of @bytes in all, with a target that fills it */
static char *head_of(size_t bytes)
{
	static const char end[] = " HTTP/1.1\r\nHost: a\r\n\r\n";
	char *p = malloc(bytes);

	memset(p, 'x', bytes);
	memcpy(p, "GET /_ylh=", 10);
	memcpy(p + bytes - (sizeof(end) - 1), end, sizeof(end) - 1);
	return p;
}

static void long_targets_pass_and_too_long_ones_are_told(void **state)
{
	char *p = head_of(LIMIT_HEAD_BYTES);

	(void)state;
	assert_int_equal(http1_request_parse((struct span){ p, LIMIT_HEAD_BYTES }, 0, &head), PARSE_DONE);
	assert_int_equal(http1_request_parse((struct span){ p, LIMIT_HEAD_BYTES }, LIMIT_HEAD_BYTES - 1, &head),
			 PARSE_DONE);
	assert_true(head.target.len > 65536);
	free(p);
	p = head_of(LIMIT_HEAD_BYTES + 1);
	for (size_t n = LIMIT_HEAD_BYTES; n <= LIMIT_HEAD_BYTES + 1; n++) {
		assert_int_equal(http1_request_parse((struct span){ p, n }, n - 1, &head), PARSE_BAD);
		assert_int_equal(head.fault, HTTP1_FAULT_LARGE);
	}
	free(p);
}

static void more_fields_than_the_limit_are_told(void **state)
{
	char text[LIMIT_HEAD_FIELDS * 6 + 64];
	size_t n = (size_t)sprintf(text, "GET / HTTP/1.1\r\nHost: a\r\n");

	(void)state;
	for (int i = 1; i < LIMIT_HEAD_FIELDS; i++)
		n += (size_t)sprintf(text + n, "A: b\r\n");
	memcpy(text + n, "\r\n", 2);
	assert_int_equal(http1_request_parse((struct span){ text, n + 2 }, 0, &head), PARSE_DONE);
	assert_int_equal(head.count, LIMIT_HEAD_FIELDS);
	n += (size_t)sprintf(text + n, "A: b\r\n\r\n");
	assert_int_equal(http1_request_parse((struct span){ text, n }, 0, &head), PARSE_BAD);
	assert_int_equal(head.fault, HTTP1_FAULT_LARGE);
}

/* a target, or many lines, one byte at a time: a rescan from the start each time would take
 * minutes under the sanitizers, not a second */
static void a_trickle_costs_linear_time(void **state)
{
	char *p = head_of(LIMIT_HEAD_BYTES);
	clock_t begin = clock();

	(void)state;
	for (size_t n = 1; n < LIMIT_HEAD_BYTES; n++)
		assert_int_equal(http1_request_parse((struct span){ p, n }, n - 1, &head), PARSE_MORE);
	/* half target, half lines of 4 bytes */
	memcpy(p + LIMIT_HEAD_BYTES / 2, " HTTP/1.1\r\n", 11);
	for (size_t at = LIMIT_HEAD_BYTES / 2 + 11; at + 4 <= LIMIT_HEAD_BYTES; at += 4)
		memcpy(p + at, "a:\r\n", 4);
	for (size_t n = 1; n < LIMIT_HEAD_BYTES; n++)
		assert_int_equal(http1_request_parse((struct span){ p, n }, n - 1, &head), PARSE_MORE);
	assert_true((double)(clock() - begin) / CLOCKS_PER_SEC < 3);
	free(p);
}

/* every_head - run the parser over a file of heads, one after the other; returns how many */
static unsigned every_head(const char *name, parser parse)
{
	struct span all = shared_read(name);
	unsigned n = 0;

	if (!all.p)
		skip();
	for (struct span rest = all; rest.len; rest = span_skip(rest, head.len), n++) {
		enum parse got = parse(rest, 0, &head);

		if (got != PARSE_DONE)
			fail_msg("head %u: %d, %s: %.*s", n, got, got == PARSE_BAD ? http1_fault_text(head.fault) : "",
				 (int)(rest.len < 200 ? rest.len : 200), rest.p);
	}
	free((void *)(uintptr_t)all.p);
	return n;
}

static void real_requests_are_done(void **state)
{
	(void)state;
	assert_true(every_head("heads/http1-request-heads-2012.raw.gz", http1_request_parse) > 200);
}

static void real_responses_are_done(void **state)
{
	(void)state;
	assert_true(every_head("heads/http1-response-heads-2012.raw.gz", http1_response_parse) > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_read_strictly),
		cmocka_unit_test(responses_are_read_as_browsers_do),
		cmocka_unit_test(a_head_cut_anywhere_gets_the_same_answer),
		cmocka_unit_test(any_prefix_of_a_good_head_is_more),
		cmocka_unit_test(only_foreign_words_are_doubtful),
		cmocka_unit_test(spans_say_where_everything_is),
		cmocka_unit_test(long_targets_pass_and_too_long_ones_are_told),
		cmocka_unit_test(more_fields_than_the_limit_are_told),
		cmocka_unit_test(a_trickle_costs_linear_time),
		cmocka_unit_test(real_requests_are_done),
		cmocka_unit_test(real_responses_are_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
