/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: host addr */
/* names come out in the one form that is compared */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

#include "guard.h"
#include "host.h"

static const struct {
	const char *reason;
	struct span in;
	const char *out;	/* NULL: no name */
} rows[] = {
	{ "plain", SPAN_LIT("www.example.com"), "www.example.com" },
	{ "upper case", SPAN_LIT("WWW.Example.COM"), "www.example.com" },
	{ "final dot", SPAN_LIT("example.com."), "example.com" },
	{ "two final dots", SPAN_LIT("example.com.."), NULL },
	{ "only a dot", SPAN_LIT("."), NULL },
	{ "nothing", SPAN_LIT(""), NULL },
	{ "empty label", SPAN_LIT("a..b"), NULL },
	{ "leading dot", SPAN_LIT(".a.b"), NULL },
	{ "underscore", SPAN_LIT("_dmarc.a_b.example"), "_dmarc.a_b.example" },
	{ "blank", SPAN_LIT("a b"), NULL },
	{ "NUL", SPAN_LIT("a\0b"), NULL },
	{ "slash", SPAN_LIT("a/b"), NULL },
	{ "star", SPAN_LIT("*.a"), NULL },
	{ "one label", SPAN_LIT("localhost"), "localhost" },
	{ "IDN", SPAN_LIT("M\xc3\xbcller.Example"), "xn--mller-kva.example" },
	{ "IDN, sharp s is kept (IDNA 2008)", SPAN_LIT("stra\xc3\x9f" "e.example"), "xn--strae-oqa.example" },
	{ "IDN, ideographic full stop", SPAN_LIT("a\xe3\x80\x82" "example"), "a.example" },
	{ "invalid UTF-8", SPAN_LIT("a\xff.example"), NULL },
	{ "punycode stays", SPAN_LIT("XN--MLLER-KVA.example"), "xn--mller-kva.example" },
	{ "IPv4", SPAN_LIT("192.0.2.1"), "192.0.2.1" },
	{ "IPv6", SPAN_LIT("2001:DB8::0:1"), "2001:db8::1" },
	{ "IPv6 in brackets", SPAN_LIT("[2001:db8::1]"), "2001:db8::1" },
	{ "half a bracket", SPAN_LIT("[2001:db8::1"), NULL },
	{ "a port is no part of a host", SPAN_LIT("a.example:80"), NULL },
	{ "63 bytes of label", SPAN_LIT("aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg.x"),
	  "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg.x" },
	{ "64 bytes of label", SPAN_LIT("aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg.x"), NULL },
};

static void normalises(void **state)
{
	char out[HOST_MAX + 1], again[HOST_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = host_normalise(guard_copy(rows[i].in), out);

		if (len != (rows[i].out ? strlen(rows[i].out) : 0) || (len && strcmp(out, rows[i].out) != 0))
			fail_msg("%s: got \"%s\"", rows[i].reason, len ? out : "");
		if (len) {	/* what is normal stays so */
			assert_int_equal(host_normalise((struct span){ out, len }, again), len);
			assert_string_equal(out, again);
		}
	}
}

static void bounds_the_length(void **state)
{
	char in[300], out[HOST_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = i % 2 ? '.' : 'a';
	assert_int_equal(host_normalise((struct span){ in, 253 }, out), 253);
	assert_int_equal(host_normalise((struct span){ in, 254 }, out), 253);	/* the 254th is a final dot */
	assert_int_equal(host_normalise((struct span){ in, 255 }, out), 0);
}

static void covers(void **state)
{
	(void)state;
	assert_true(host_covers(SPAN_LIT("a.b"), SPAN_LIT("a.b")));
	assert_true(host_covers(SPAN_LIT("a.b"), SPAN_LIT("x.a.b")));
	assert_false(host_covers(SPAN_LIT("a.b"), SPAN_LIT("xa.b")));
	assert_false(host_covers(SPAN_LIT("x.a.b"), SPAN_LIT("a.b")));
	assert_false(host_covers(SPAN_LIT("2.1"), SPAN_LIT("192.0.2.1")));
	assert_true(host_covers(SPAN_LIT("192.0.2.1"), SPAN_LIT("192.0.2.1")));
	assert_false(host_covers(SPAN_LIT(""), SPAN_LIT("a")));
	assert_true(host_is_address(SPAN_LIT("2001:db8::1")));
	assert_false(host_is_address(SPAN_LIT("1.2.3.x4")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normalises),
		cmocka_unit_test(bounds_the_length),
		cmocka_unit_test(covers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
