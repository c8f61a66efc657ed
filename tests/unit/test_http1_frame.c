/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_http1_frame - where bodies end, and which heads leave that open
 *
 * links: http1_frame http1_head
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
#include "http1_frame.h"
#include "seed.h"
#include "shared.h"

static struct http1_head head;

static const struct {
	const char *why;
	const char *start, *fields;
	enum parse want;
	enum http1_frame_kind kind;
	uint64_t length;
	enum http1_fault fault;
} requests[] = {
	{ "GET has none",		"GET / HTTP/1.1", "", PARSE_DONE, FRAME_NONE, 0, 0 },
	{ "POST has none either",	"POST / HTTP/1.1", "", PARSE_DONE, FRAME_NONE, 0, 0 },
	{ "length",			"POST / HTTP/1.1", "Content-Length: 5\r\n", PARSE_DONE, FRAME_LENGTH, 5, 0 },
	{ "length of a GET",		"GET / HTTP/1.1", "Content-Length: 5\r\n", PARSE_DONE, FRAME_LENGTH, 5, 0 },
	{ "length in 1.0",		"POST / HTTP/1.0", "Content-Length: 5\r\n", PARSE_DONE, FRAME_LENGTH, 5, 0 },
	{ "length 0",			"POST / HTTP/1.1", "Content-Length: 0\r\n", PARSE_DONE, FRAME_NONE, 0, 0 },
	{ "leading zeros",		"POST / HTTP/1.1", "Content-Length: 0010\r\n", PARSE_DONE, FRAME_LENGTH, 10, 0 },
	{ "same length twice",		"POST / HTTP/1.1", "Content-Length: 5\r\ncontent-length: 5\r\n", PARSE_DONE, FRAME_LENGTH, 5, 0 },
	{ "the largest length",		"POST / HTTP/1.1", "Content-Length: 9223372036854775807\r\n", PARSE_DONE, FRAME_LENGTH, INT64_MAX, 0 },
	{ "chunked",			"POST / HTTP/1.1", "Transfer-Encoding: Chunked\r\n", PARSE_DONE, FRAME_CHUNKED, 0, 0 },
	{ "gzip, chunked",		"POST / HTTP/1.1", "Transfer-Encoding: gzip, chunked\r\n", PARSE_DONE, FRAME_CHUNKED, 0, 0 },
	{ "in two fields",		"POST / HTTP/1.1", "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", PARSE_DONE, FRAME_CHUNKED, 0, 0 },

	{ "one more than the largest",	"POST / HTTP/1.1", "Content-Length: 9223372036854775808\r\n", PARSE_BAD, 0, 0, HTTP1_FAULT_LENGTH },
	{ "wraps 64 bits",		"POST / HTTP/1.1", "Content-Length: 18446744073709551621\r\n", PARSE_BAD, 0, 0, HTTP1_FAULT_LENGTH },
	{ "empty length",		"POST / HTTP/1.1", "Content-Length:\r\n", PARSE_BAD, 0, 0, HTTP1_FAULT_LENGTH },
	{ "a sign",			"POST / HTTP/1.1", "Content-Length: +5\r\n", PARSE_BAD, 0, 0, HTTP1_FAULT_LENGTH },
	{ "negative",			"POST / HTTP/1.1", "Content-Length: -1\r\n", PARSE_BAD, 0, 0, HTTP1_FAULT_LENGTH },
	{ "hexadecimal",		"POST / HTTP/1.1", "Content-Length: 0x5\r\n", PARSE_BAD, 0, 0, HTTP1_FAULT_LENGTH },
	{ "trailing text",		"POST / HTTP/1.1", "Content-Length: 5 6\r\n", PARSE_BAD, 0, 0, HTTP1_FAULT_LENGTH },
	{ "a list",			"POST / HTTP/1.1", "Content-Length: 5, 5\r\n", PARSE_BAD, 0, 0, HTTP1_FAULT_LENGTH },
	{ "lengths differ",		"POST / HTTP/1.1", "Content-Length: 5\r\nContent-Length: 6\r\n", PARSE_BAD, 0, 0, HTTP1_FAULT_LENGTH_DIFFERS },
	{ "length and chunked",		"POST / HTTP/1.1", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", PARSE_BAD, 0, 0, HTTP1_FAULT_LENGTH_AND_CODING },
	{ "chunked in 1.0",		"POST / HTTP/1.0", "Transfer-Encoding: chunked\r\n", PARSE_BAD, 0, 0, HTTP1_FAULT_CODING_VERSION },
	{ "chunked is not last",	"POST / HTTP/1.1", "Transfer-Encoding: chunked, gzip\r\n", PARSE_BAD, 0, 0, HTTP1_FAULT_CODING_LAST },
	{ "chunked twice",		"POST / HTTP/1.1", "Transfer-Encoding: chunked, chunked\r\n", PARSE_BAD, 0, 0, HTTP1_FAULT_CODING_LAST },
	{ "not chunked at all",		"POST / HTTP/1.1", "Transfer-Encoding: gzip\r\n", PARSE_BAD, 0, 0, HTTP1_FAULT_CODING_LAST },
	{ "identity",			"POST / HTTP/1.1", "Transfer-Encoding: identity\r\n", PARSE_BAD, 0, 0, HTTP1_FAULT_CODING },
	{ "unknown coding",		"POST / HTTP/1.1", "Transfer-Encoding: xchunked\r\n", PARSE_BAD, 0, 0, HTTP1_FAULT_CODING },
	{ "unknown before chunked",	"POST / HTTP/1.1", "Transfer-Encoding: x, chunked\r\n", PARSE_BAD, 0, 0, HTTP1_FAULT_CODING },
	{ "quoted",			"POST / HTTP/1.1", "Transfer-Encoding: \"chunked\"\r\n", PARSE_BAD, 0, 0, HTTP1_FAULT_CODING },
	{ "parameter",			"POST / HTTP/1.1", "Transfer-Encoding: chunked;q=1\r\n", PARSE_BAD, 0, 0, HTTP1_FAULT_CODING },
	{ "parameter of gzip",		"POST / HTTP/1.1", "Transfer-Encoding: gzip;q=1, chunked\r\n", PARSE_BAD, 0, 0, HTTP1_FAULT_CODING },
	{ "empty element",		"POST / HTTP/1.1", "Transfer-Encoding: ,chunked\r\n", PARSE_BAD, 0, 0, HTTP1_FAULT_CODING },
	{ "empty field",		"POST / HTTP/1.1", "Transfer-Encoding:\r\n", PARSE_BAD, 0, 0, HTTP1_FAULT_CODING },
	{ "CONNECT with a body",	"CONNECT a:1 HTTP/1.1", "Content-Length: 5\r\n", PARSE_BAD, 0, 0, HTTP1_FAULT_CONNECT_BODY },
};

static const struct {
	const char *why;
	enum http1_method method;
	const char *start, *fields;
	enum parse want;
	enum http1_frame_kind kind;
	uint64_t length;
	bool drop;
} responses[] = {
	{ "until close",		METHOD_GET, "HTTP/1.1 200 OK", "", PARSE_DONE, FRAME_CLOSE, 0, 0 },
	{ "length",			METHOD_GET, "HTTP/1.1 200 OK", "Content-Length: 7\r\n", PARSE_DONE, FRAME_LENGTH, 7, 0 },
	{ "length 0",			METHOD_GET, "HTTP/1.1 200 OK", "Content-Length: 0\r\n", PARSE_DONE, FRAME_NONE, 0, 0 },
	{ "equal lengths in a list",	METHOD_GET, "HTTP/1.1 200 OK", "Content-Length: 7, 7\r\n", PARSE_DONE, FRAME_LENGTH, 7, 0 },
	{ "chunked",			METHOD_GET, "HTTP/1.1 200 OK", "Transfer-Encoding: chunked\r\n", PARSE_DONE, FRAME_CHUNKED, 0, 0 },
	{ "chunked and length",		METHOD_GET, "HTTP/1.1 200 OK", "Content-Length: 7\r\nTransfer-Encoding: chunked\r\n", PARSE_DONE, FRAME_CHUNKED, 0, true },
	{ "identity and length",	METHOD_GET, "HTTP/1.1 200 OK", "Content-Length: 7\r\nTransfer-Encoding: identity\r\n", PARSE_DONE, FRAME_LENGTH, 7, 0 },
	{ "gzip only",			METHOD_GET, "HTTP/1.1 200 OK", "Transfer-Encoding: gzip\r\n", PARSE_DONE, FRAME_CLOSE, 0, 0 },
	{ "chunked, then gzip",		METHOD_GET, "HTTP/1.1 200 OK", "Transfer-Encoding: chunked, gzip\r\n", PARSE_DONE, FRAME_CLOSE, 0, 0 },
	{ "chunked of a 1.0 server",	METHOD_GET, "HTTP/1.0 200 OK", "Transfer-Encoding: chunked\r\n", PARSE_DONE, FRAME_CLOSE, 0, 0 },
	{ "HEAD",			METHOD_HEAD, "HTTP/1.1 200 OK", "Content-Length: 7\r\n", PARSE_DONE, FRAME_NONE, 0, 0 },
	{ "HEAD, chunked",		METHOD_HEAD, "HTTP/1.1 200 OK", "Transfer-Encoding: chunked\r\n", PARSE_DONE, FRAME_NONE, 0, 0 },
	{ "204",			METHOD_GET, "HTTP/1.1 204 No", "Content-Length: 7\r\n", PARSE_DONE, FRAME_NONE, 0, 0 },
	{ "304",			METHOD_GET, "HTTP/1.1 304 Not", "Content-Length: 7\r\n", PARSE_DONE, FRAME_NONE, 0, 0 },
	{ "100",			METHOD_POST, "HTTP/1.1 100 Continue", "", PARSE_DONE, FRAME_NONE, 0, 0 },
	{ "103",			METHOD_GET, "HTTP/1.1 103 Early Hints", "", PARSE_DONE, FRAME_NONE, 0, 0 },
	{ "101",			METHOD_GET, "HTTP/1.1 101 Switching", "", PARSE_DONE, FRAME_TUNNEL, 0, 0 },
	{ "CONNECT granted",		METHOD_CONNECT, "HTTP/1.1 200 OK", "Content-Length: 7\r\n", PARSE_DONE, FRAME_TUNNEL, 0, 0 },
	{ "CONNECT refused",		METHOD_CONNECT, "HTTP/1.1 407 No", "Content-Length: 7\r\n", PARSE_DONE, FRAME_LENGTH, 7, 0 },

	{ "lengths differ",		METHOD_GET, "HTTP/1.1 200 OK", "Content-Length: 7\r\nContent-Length: 8\r\n", PARSE_BAD, 0, 0, 0 },
	{ "lengths differ in a list",	METHOD_GET, "HTTP/1.1 200 OK", "Content-Length: 7, 8\r\n", PARSE_BAD, 0, 0, 0 },
	{ "no number",			METHOD_GET, "HTTP/1.1 200 OK", "Content-Length: x\r\n", PARSE_BAD, 0, 0, 0 },
	{ "chunked twice",		METHOD_GET, "HTTP/1.1 200 OK", "Transfer-Encoding: chunked, chunked\r\n", PARSE_BAD, 0, 0, 0 },
	{ "length and coding in 1.0",	METHOD_GET, "HTTP/1.0 200 OK", "Content-Length: 7\r\nTransfer-Encoding: chunked\r\n", PARSE_BAD, 0, 0, 0 },
};

/* parse_head - one head from a start line and fields; requests get a Host */
static void parse_head(const char *start, const char *fields, bool response)
{
	static char text[4096];
	int n = snprintf(text, sizeof(text), "%s\r\n%s%s\r\n", start, response ? "" : "Host: a\r\n", fields);
	struct span in = { text, (size_t)n };

	seed("http1_frame", in);
	seed("http1_edit", in);
	assert_int_equal(response ? http1_response_parse(in, 0, &head) : http1_request_parse(in, 0, &head),
			 PARSE_DONE);
}

static void requests_with_two_readings_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		struct http1_frame f;

		parse_head(requests[i].start, requests[i].fields, false);
		enum parse got = http1_frame_request(&head, &f);

		if (got != requests[i].want)
			fail_msg("%s: answer %d", requests[i].why, got);
		if (got == PARSE_BAD && f.fault != requests[i].fault)
			fail_msg("%s: \"%s\"", requests[i].why, http1_fault_text(f.fault));
		if (got == PARSE_DONE && (f.kind != requests[i].kind ||
					  (f.kind == FRAME_LENGTH && f.length != requests[i].length)))
			fail_msg("%s: kind %d, length %llu", requests[i].why, f.kind, (unsigned long long)f.length);
	}
}

static void responses_end_where_rfc_9112_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(responses); i++) {
		struct http1_frame f;

		parse_head(responses[i].start, responses[i].fields, true);
		enum parse got = http1_frame_response(&head, responses[i].method, &f);

		if (got != responses[i].want)
			fail_msg("%s: answer %d", responses[i].why, got);
		if (got == PARSE_DONE && (f.kind != responses[i].kind || f.drop_length != responses[i].drop ||
					  (f.kind == FRAME_LENGTH && f.length != responses[i].length)))
			fail_msg("%s: kind %d, length %llu", responses[i].why, f.kind, (unsigned long long)f.length);
	}
}

static const struct {
	const char *why;
	struct span in;
	bool response;
	enum parse want;
	int taken;		/* when DONE: bytes of the body; -1: all */
} chunks[] = {
	{ "nothing yet",		SPAN_LIT(""), false, PARSE_MORE, 0 },
	{ "no chunk",			SPAN_LIT("0\r\n\r\n"), false, PARSE_DONE, -1 },
	{ "one chunk, next message",	SPAN_LIT("5\r\nhello\r\n0\r\n\r\nGET /"), false, PARSE_DONE, 15 },
	{ "hexadecimal, both cases",	SPAN_LIT("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"), false, PARSE_DONE, -1 },
	{ "leading zeros",		SPAN_LIT("0000000000000001\r\nx\r\n000\r\n\r\n"), false, PARSE_DONE, -1 },
	{ "extension",			SPAN_LIT("1;a=b;c=\"d e\"\r\nx\r\n0;z\r\n\r\n"), false, PARSE_DONE, -1 },
	{ "blanks before an extension",	SPAN_LIT("1 ;a\r\nx\r\n0\r\n\r\n"), false, PARSE_DONE, -1 },
	{ "trailers",			SPAN_LIT("0\r\nA: b\r\nC:\r\n\r\n"), false, PARSE_DONE, -1 },
	{ "data that looks like an end", SPAN_LIT("5\r\n0\r\n\r\n\r\n0\r\n\r\n"), false, PARSE_DONE, -1 },
	{ "blanks after the size",	SPAN_LIT("1  \r\nx\r\n0\r\n\r\n"), true, PARSE_DONE, -1 },
	{ "stops in the data",		SPAN_LIT("5\r\nhel"), false, PARSE_MORE, 0 },
	{ "stops before the last LF",	SPAN_LIT("0\r\n\r"), false, PARSE_MORE, 0 },

	{ "blanks after the size",	SPAN_LIT("1  \r\nx\r\n0\r\n\r\n"), false, PARSE_BAD, 0 },
	{ "no size",			SPAN_LIT("\r\nx"), false, PARSE_BAD, 0 },
	{ "no size, extension",		SPAN_LIT(";a\r\nx"), false, PARSE_BAD, 0 },
	{ "blank before the size",	SPAN_LIT(" 1\r\nx"), true, PARSE_BAD, 0 },
	{ "0x",				SPAN_LIT("0x1\r\nx"), false, PARSE_BAD, 0 },
	{ "a sign",			SPAN_LIT("-1\r\nx"), false, PARSE_BAD, 0 },
	{ "not hexadecimal",		SPAN_LIT("g\r\n"), false, PARSE_BAD, 0 },
	{ "size over 63 bits",		SPAN_LIT("8000000000000000\r\n"), false, PARSE_BAD, 0 },
	{ "size wraps 64 bits",		SPAN_LIT("10000000000000005\r\nhello"), false, PARSE_BAD, 0 },
	{ "too many digits",		SPAN_LIT("00000000000000001\r\n"), false, PARSE_BAD, 0 },
	{ "LF alone after the size",	SPAN_LIT("1\nx\r\n0\r\n\r\n"), true, PARSE_BAD, 0 },
	{ "CR alone after the size",	SPAN_LIT("1\rx\r\n"), false, PARSE_BAD, 0 },
	{ "LF in an extension",		SPAN_LIT("1;a\nx\r\n"), false, PARSE_BAD, 0 },
	{ "open quote",			SPAN_LIT("1;a=\"\r\nx\r\n0;b=\"\r\n\r\n"), false, PARSE_BAD, 5 },
	{ "open quote, response",	SPAN_LIT("1;a=\"\r\nx\r\n0;b=\"\r\n\r\n"), true, PARSE_DONE, -1 },
	{ "escaped end of a quote",	SPAN_LIT("1;a=\"\\\"\r\nx\r\n0\r\n\r\n"), false, PARSE_BAD, 7 },
	{ "escapes in a quote",		SPAN_LIT("1;a=\"\\\"\\\\\";b=\"\"\r\nx\r\n0\r\n\r\n"), false, PARSE_DONE, -1 },
	{ "escaped CR in a quote",	SPAN_LIT("1;a=\"\\\r\n\"\r\nx\r\n"), false, PARSE_BAD, 6 },
	{ "a LF in a quote",		SPAN_LIT("1;a=\"\n\"\r\nx\r\n"), false, PARSE_BAD, 5 },
	{ "NUL in an extension",	SPAN_LIT("1;\0\r\n"), false, PARSE_BAD, 0 },
	{ "data longer than said",	SPAN_LIT("1\r\nxy\r\n"), false, PARSE_BAD, 0 },
	{ "LF alone after the data",	SPAN_LIT("1\r\nx\n0\r\n\r\n"), true, PARSE_BAD, 0 },
	{ "LF alone after a trailer",	SPAN_LIT("0\r\nA: b\n\r\n"), true, PARSE_BAD, 0 },
	{ "LF alone at the end",	SPAN_LIT("0\r\n\n"), true, PARSE_BAD, 0 },
	{ "folded trailer",		SPAN_LIT("0\r\nA: b\r\n c\r\n\r\n"), true, PARSE_BAD, 0 },
	{ "blank before a colon",	SPAN_LIT("0\r\nA : b\r\n\r\n"), false, PARSE_BAD, 0 },
	{ "trailer without a colon",	SPAN_LIT("0\r\nA\r\n\r\n"), false, PARSE_BAD, 0 },
	{ "no token in a trailer's name", SPAN_LIT("0\r\nA?: b\r\n\r\n"), false, PARSE_BAD, 0 },
	{ "a parenthesis begins a trailer", SPAN_LIT("0\r\n(: b\r\n\r\n"), false, PARSE_BAD, 0 },
	{ "no token there, response",	SPAN_LIT("0\r\nA?: b\r\n\r\n"), true, PARSE_DONE, -1 },
	{ "a length as trailer",	SPAN_LIT("0\r\nA: b\r\nContent-LENGTH: 5\r\n\r\n"), false, PARSE_BAD, 0 },
	{ "a coding as trailer",	SPAN_LIT("0\r\ntransfer-encoding:chunked\r\n\r\n"), false, PARSE_BAD, 0 },
	{ "a host as trailer",		SPAN_LIT("0\r\nHost: b\r\n\r\n"), false, PARSE_BAD, 0 },
	{ "a name that begins alike",	SPAN_LIT("0\r\nHosts: b\r\nHos: b\r\nContent-Lengths: 5\r\n\r\n"), false, PARSE_DONE, -1 },
	{ "a length as trailer of a response", SPAN_LIT("0\r\nContent-Length: 5\r\n\r\n"), true, PARSE_DONE, -1 },
	{ "the next request as trailer", SPAN_LIT("0\r\nGET / HTTP/1.1\r\n"), false, PARSE_BAD, 0 },
};

/* scan - @in in pieces of @cut bytes; returns the last answer and the bytes taken */
static enum parse scan(struct span in, size_t cut, bool response, size_t *total)
{
	struct http1_frame chunked = { .kind = FRAME_CHUNKED };
	struct http1_body b;
	enum parse got = PARSE_MORE;

	*total = 0;
	http1_body_init(&b, &chunked, response);
	do {
		struct span piece = span_skip(in, *total);
		size_t taken;

		if (piece.len > cut)
			piece.len = cut;
		got = http1_body_scan(&b, guard_copy(piece), &taken);
		assert_true(taken <= piece.len && (got != PARSE_MORE || taken == piece.len));
		*total += taken;
	} while (got == PARSE_MORE && *total < in.len);
	assert_int_equal(http1_body_ended(&b), got == PARSE_DONE);
	assert_int_equal(http1_body_eof_ok(&b), got == PARSE_DONE);
	return got;
}

static void chunks_are_followed_however_they_are_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(chunks); i++) {
		size_t whole, total;

		seed("http1_frame", chunks[i].in);
		enum parse got = scan(chunks[i].in, SIZE_MAX, chunks[i].response, &whole);

		if (got != chunks[i].want)
			fail_msg("%s: answer %d", chunks[i].why, got);
		if (got == PARSE_DONE)
			assert_int_equal(whole, chunks[i].taken < 0 ? chunks[i].in.len : (size_t)chunks[i].taken);
		for (size_t cut = 1; cut < chunks[i].in.len; cut++) {
			if (scan(chunks[i].in, cut, chunks[i].response, &total) != got || total != whole)
				fail_msg("%s: cut at %zu differs", chunks[i].why, cut);
		}
	}
}

/* held - @in through a scanner that holds trailers, in pieces of @cut bytes; what it does not hold is written to @out */
static enum parse held(struct span in, size_t cut, bool response, char *out)
{
	static char pending[256];	/* as a connection's buffer */
	struct http1_body b;
	enum parse got = PARSE_MORE;
	size_t used = 0, at = 0, taken, len;

	http1_body_init(&b, &(struct http1_frame){ .kind = FRAME_CHUNKED }, response);
	http1_body_hold(&b);
	while (got == PARSE_MORE && at < in.len) {
		for (size_t n = 0; n < cut && at < in.len; n++)
			pending[used++] = in.p[at++];
		do {
			got = http1_body_scan(&b, guard_copy((struct span){ pending, used }), &taken);
			memcpy(out, pending, taken);
			out += taken;
			len = 0;
			http1_body_held(&b, &len);
			assert_true(taken + len <= used);
			used -= taken + len;
			memmove(pending, pending + taken + len, used);
		} while (got == PARSE_MORE && len);
	}
	*out = '\0';
	assert_int_equal(http1_body_ended(&b), got == PARSE_DONE);
	return got;
}

static void trailers_of_cookies_and_framing_are_held(void **state)
{
	static const struct { const char *in, *request, *response; } rows[] = {	/* without what was held; NULL: BAD */
		{ "3\r\nabc\r\n0\r\nX: y\r\n\r\n", "3\r\nabc\r\n0\r\nX: y\r\n\r\n", "3\r\nabc\r\n0\r\nX: y\r\n\r\n" },
		{ "0\r\nCookie: a=b\r\nX: y\r\n\r\n", "0\r\nX: y\r\n\r\n", "0\r\nX: y\r\n\r\n" },
		{ "0\r\nX: y\r\nSET-cookie:\r\n\r\n", "0\r\nX: y\r\n\r\n", "0\r\nX: y\r\n\r\n" },
		{ "0\r\nset-cookie: a\r\ncookie: b\r\n\r\n", "0\r\n\r\n", "0\r\n\r\n" },
		{ "0\r\nSet-Cookie2: a\r\nCookies: b\r\nCook: c\r\n\r\n", "0\r\nSet-Cookie2: a\r\nCookies: b\r\nCook: c\r\n\r\n",
		  "0\r\nSet-Cookie2: a\r\nCookies: b\r\nCook: c\r\n\r\n" },
		{ "0\r\nContent-Length: 5\r\nA: b\r\n\r\n", NULL, "0\r\nA: b\r\n\r\n" },
		{ "0\r\nA: b\r\ntransfer-Encoding:chunked\r\n\r\n", NULL, "0\r\nA: b\r\n\r\n" },
		{ "0\r\nCookie : a=b\r\n\r\n", NULL, NULL }, { "0\r\nCookie: a\r\n folded\r\n\r\n", NULL, NULL },
		{ "0\r\nCookie: a\n\r\n", NULL, NULL }, { "0\r\nCookie: a\001\r\n\r\n", NULL, NULL },
		{ "0\r\n\r\nCookie: next\r\n\r\n", "0\r\n\r\n", "0\r\n\r\n" },
	};
	char out[256];

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		const char *want = i % 2 ? rows[i / 2].response : rows[i / 2].request;
		struct span in = span_of(rows[i / 2].in);

		seed("http1_frame", in);
		for (size_t cut = 1; cut <= in.len; cut++) {
			if (held(in, cut, i % 2, out) != (want ? PARSE_DONE : PARSE_BAD) || (want && strcmp(out, want) != 0))
				fail_msg("%s: cut at %zu: %s", rows[i / 2].in, cut, out);
			if (!want && strcasestr(out, "cookie: a"))
				fail_msg("%s: cut at %zu: a part of a held line passed: %s", rows[i / 2].in, cut, out);
		}
	}
}

static void chunk_lines_and_trailers_have_a_bound(void **state)
{
	size_t room = LIMIT_TRAILER_BYTES + 64, total, n;
	char *p = malloc(room);

	(void)state;
	/* a line of exactly the limit, its end included */
	memset(p, 'e', room);
	memcpy(p, "0;", 2);
	memcpy(p + LIMIT_CHUNK_LINE_BYTES - 2, "\r\n\r\n", 4);
	assert_int_equal(scan((struct span){ p, LIMIT_CHUNK_LINE_BYTES + 2 }, SIZE_MAX, false, &total), PARSE_DONE);
	memset(p + LIMIT_CHUNK_LINE_BYTES - 2, 'e', 4);
	memcpy(p + LIMIT_CHUNK_LINE_BYTES - 1, "\r\n\r\n", 4);
	assert_int_equal(scan((struct span){ p, LIMIT_CHUNK_LINE_BYTES + 3 }, SIZE_MAX, false, &total), PARSE_BAD);
	/* a line that is held is within it, too, and nothing of one beyond it passes */
	for (n = LIMIT_TRAILER_BYTES; n <= LIMIT_TRAILER_BYTES + 1; n++) {
		struct http1_body b;
		size_t len = 0;

		memset(p, 't', room);
		memcpy(p, "0\r\nCookie:", 10);
		memcpy(p + 3 + n - 2, "\r\n", 2);
		http1_body_init(&b, &(struct http1_frame){ .kind = FRAME_CHUNKED }, true);
		http1_body_hold(&b);
		assert_int_equal(http1_body_scan(&b, (struct span){ p, 3 + n }, &total),
				 n <= LIMIT_TRAILER_BYTES ? PARSE_MORE : PARSE_BAD);
		assert_int_equal(total, 3);
		assert_int_equal(http1_body_held(&b, &len), n <= LIMIT_TRAILER_BYTES ? TRAILER_COOKIE : TRAILER_OTHER);
		assert_int_equal(len, n <= LIMIT_TRAILER_BYTES ? n : 0);
	}
	/* trailers: the limit counts all their lines and the empty one */
	memset(p, 't', room);
	memcpy(p, "0\r\nA:", 5);
	n = 3 + LIMIT_TRAILER_BYTES;
	memcpy(p + n - 4, "\r\n\r\n", 4);
	assert_int_equal(scan((struct span){ p, n }, SIZE_MAX, false, &total), PARSE_DONE);
	memset(p + n - 4, 't', 4);
	memcpy(p + n - 3, "\r\n\r\n", 4);
	assert_int_equal(scan((struct span){ p, n + 1 }, SIZE_MAX, false, &total), PARSE_BAD);
	free(p);
}

static void bytes_may_go_by_unseen(void **state)
{
	struct http1_frame f = { .kind = FRAME_CHUNKED };
	struct http1_body b;
	size_t taken;

	(void)state;
	http1_body_init(&b, &f, true);
	assert_int_equal(http1_body_blind(&b), 0);
	assert_int_equal(http1_body_scan(&b, SPAN_LIT("10\r\nab"), &taken), PARSE_MORE);
	assert_int_equal(http1_body_blind(&b), 14);
	assert_false(http1_body_passed(&b, 14));
	assert_int_equal(http1_body_blind(&b), 0);
	assert_int_equal(http1_body_scan(&b, SPAN_LIT("\r\n0\r\n\r\n"), &taken), PARSE_DONE);
	assert_int_equal(http1_body_scan(&b, SPAN_LIT("GET"), &taken), PARSE_DONE);
	assert_int_equal(taken, 0);

	f = (struct http1_frame){ .kind = FRAME_LENGTH, .length = 10 };
	http1_body_init(&b, &f, true);
	assert_int_equal(http1_body_scan(&b, SPAN_LIT("abc"), &taken), PARSE_MORE);
	assert_false(http1_body_eof_ok(&b));
	assert_false(http1_body_passed(&b, 5));
	assert_int_equal(http1_body_scan(&b, SPAN_LIT("yzGET"), &taken), PARSE_DONE);
	assert_int_equal(taken, 2);

	f = (struct http1_frame){ .kind = FRAME_CLOSE };
	http1_body_init(&b, &f, true);
	assert_true(http1_body_blind(&b) == UINT64_MAX);
	assert_int_equal(http1_body_scan(&b, SPAN_LIT("abc"), &taken), PARSE_MORE);
	assert_int_equal(taken, 3);
	assert_true(http1_body_eof_ok(&b));

	f = (struct http1_frame){ .kind = FRAME_NONE };
	http1_body_init(&b, &f, true);
	assert_int_equal(http1_body_scan(&b, SPAN_LIT("abc"), &taken), PARSE_DONE);
	assert_int_equal(taken, 0);
}

static void connections_persist_as_their_heads_say(void **state)
{
	static const struct { const char *start, *fields; bool want; } rows[] = {
		{ "GET / HTTP/1.1", "", true },
		{ "GET / HTTP/1.1", "Connection: Close\r\n", false },
		{ "GET / HTTP/1.1", "Connection: x, close\r\n", false },
		{ "GET / HTTP/1.1", "Connection: keep-alive\r\nConnection: close\r\n", false },
		{ "GET / HTTP/1.0", "", false },
		{ "GET / HTTP/1.0", "Connection: Keep-Alive\r\n", true },
		{ "GET / HTTP/1.0", "Connection: keep-alive, close\r\n", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		parse_head(rows[i].start, rows[i].fields, false);
		assert_int_equal(http1_persists(&head), rows[i].want);
	}
	parse_head("POST / HTTP/1.1", "Expect: 100-Continue\r\n", false);
	assert_true(http1_expects_continue(&head));
	parse_head("POST / HTTP/1.0", "Expect: 100-continue\r\n", false);
	assert_false(http1_expects_continue(&head));
	parse_head("GET / HTTP/1.1", "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n", false);
	assert_true(http1_upgrades(&head));
	parse_head("GET / HTTP/1.1", "Upgrade: h2c\r\n", false);
	assert_false(http1_upgrades(&head));
}

static void real_heads_are_framed(void **state)
{
	struct span all = shared_read("heads/http1-response-heads-2012.raw.gz");
	struct http1_frame f;

	(void)state;
	if (!all.p)
		skip();
	for (struct span rest = all; rest.len; rest = span_skip(rest, head.len)) {
		assert_int_equal(http1_response_parse(rest, 0, &head), PARSE_DONE);
		if (http1_frame_response(&head, METHOD_GET, &f) != PARSE_DONE)
			fail_msg("%s: %.*s", http1_fault_text(f.fault), (int)head.len, rest.p);
	}
	free((void *)(uintptr_t)all.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_with_two_readings_are_refused),
		cmocka_unit_test(responses_end_where_rfc_9112_says),
		cmocka_unit_test(chunks_are_followed_however_they_are_cut),
		cmocka_unit_test(trailers_of_cookies_and_framing_are_held),
		cmocka_unit_test(chunk_lines_and_trailers_have_a_bound),
		cmocka_unit_test(bytes_may_go_by_unseen),
		cmocka_unit_test(connections_persist_as_their_heads_say),
		cmocka_unit_test(real_heads_are_framed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
