/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_http1_random - what dejunk lets through is one whole message to a second, slow and plain reader of RFC 9112, too
 * (http1_naive.h): heads with every body, and messages put together of the words of HTTP at random
 *
 * links: http1_frame http1_head
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "container.h"
#include "guard.h"
#include "http1_naive.h"
#include "seed.h"

enum { RANDOM_MESSAGES = 60000 };

static const enum http1_method methods[] = { METHOD_GET, METHOD_HEAD, METHOD_CONNECT };

static unsigned done, refused;

static void agree(struct span in)
{
	static struct http1_head head;
	struct span all = guard_copy(in);
	const char *wrong = naive_differs(all, false, METHOD_GET);
	struct naive_other o;

	for (size_t i = 0; i < ARRAY_LEN(methods) && !wrong; i++)
		wrong = naive_differs(all, true, methods[i]);
	if (wrong)
		fail_msg("%s:\n%.*s", wrong, SPAN_FMT(in));
	o = naive_dejunk(all, false, METHOD_GET, &head);
	done += o.answer == PARSE_DONE;
	refused += o.answer == PARSE_BAD;
}

static const char *const starts[] = {
	"POST / HTTP/1.1\r\nHost: h\r\n", "GET / HTTP/1.1\r\nHost: h\r\n", "POST / HTTP/1.0\r\n", "CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n",
	"HTTP/1.1 200 OK\r\n", "HTTP/1.0 200 OK\r\n", "HTTP/1.1 204 No\r\n",
};
static const char *const fields[] = {
	"", "Content-Length: 5\r\n", "Content-Length: 0\r\n", "Content-Length: 05\r\n", "Content-Length: +5\r\n", "Content-Length: 5, 5\r\n",
	"Content-Length: 5\r\nContent-Length: 5\r\n", "Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length:\r\n",
	"Content-Length : 5\r\n", "Content-Length:\r\n 5\r\n", "Content-Length: 9223372036854775808\r\n", "Content-Length: 0x5\r\n",
	"Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: chunked, gzip\r\n",
	"Transfer-Encoding: chunked, \r\n", "Transfer-Encoding: identity\r\n", "Transfer-Encoding : chunked\r\n", "Transfer-Encoding: xchunked\r\n",
	"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
};
static const char *const bodies[] = {
	"", "hello", "hello\r\n", "5\r\nhello\r\n0\r\n\r\n", "5;a=\"\r\n\"\r\nhello\r\n0\r\n\r\n", "5;a=\"b\"\r\nhello\r\n0\r\nX: y\r\n\r\n",
	"5 \r\nhello\r\n0\r\n\r\n", "5\nhello\n0\n\n", "0\r\n\r\n", "00000\r\nX:\r\n\r\n", "0\r\nX?: y\r\n\r\n", "0\r\nX : y\r\n\r\n",
	"0\r\nContent-Length: 5\r\n\r\n", "+5\r\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n", "10000000000000005\r\nhello\r\n0\r\n\r\n",
	"5\r\nhello0\r\n\r\n", "6\r\nhello\r\n0\r\n\r\n", "0\r\n", "0\r\n\r", "5\r\nhel",
};

static void heads_with_every_body(void **state)
{
	char text[512];

	(void)state;
	done = refused = 0;
	for (size_t s = 0; s < ARRAY_LEN(starts); s++)
		for (size_t f = 0; f < ARRAY_LEN(fields); f++)
			for (size_t b = 0; b < ARRAY_LEN(bodies); b++) {
				int n = snprintf(text, sizeof(text), "%s%s\r\n%s", starts[s], fields[f], bodies[b]);
				struct span in = { text, (size_t)n };

				if (s % 4 == 0 && (f + b) % 7 == 0)
					seed("http1_naive", in);
				agree(in);
			}
	assert_true(done > 200 && refused > 200);
}

static void http2_preface_is_told_from_a_request(void **state)
{
	static struct http1_head head;

	(void)state;
	agree(SPAN_LIT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
	agree(SPAN_LIT("PRI * HTTP/1.1\r\nHost: h\r\n\r\n"));
	assert_int_equal(naive_dejunk(SPAN_LIT("PRI * HTTP/1.1\r\nHost: h\r\n\r\n"), false, METHOD_GET, &head).answer, PARSE_DONE);
}

static void messages_of_random_words(void **state)
{
	char bytes[24], text[4096];
	uint32_t r = 1;

	(void)state;
	done = refused = 0;
	for (unsigned i = 0; i < RANDOM_MESSAGES; i++) {
		size_t len = 1 + i % sizeof(bytes);

		for (size_t k = 0; k < len; k++) {
			r = r * 1664525 + 1013904223;
			bytes[k] = (char)((r >> 16) % 104);	/* words, and a few bytes */
		}
		if (i % 2)
			bytes[0] = (char)(r % 9);	/* a start line */
		agree(naive_compose((struct span){ bytes, len }, text, sizeof(text)));
	}
	assert_true(done > 100 && refused > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_with_every_body),
		cmocka_unit_test(http2_preface_is_told_from_a_request),
		cmocka_unit_test(messages_of_random_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
