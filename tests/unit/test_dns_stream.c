/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_dns_stream - links: dns_stream
 * limits: DNS_STREAM_BYTES */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dns_stream.h"
#include "guard.h"
#include "limits.h"

/* an id, then what looks like a header, then @len bytes in all */
static size_t put(char *p, unsigned len)
{
	p[0] = (char)(len >> 8);
	p[1] = (char)len;
	for (unsigned i = 0; i < len; i++)
		p[2 + i] = (char)(i * 7 + len);
	return 2 + len;
}

/* read the stream @all in pieces of @piece bytes, keeping what is left; how many messages, in *@bytes their lengths together */
static unsigned read_pieces(struct span all, size_t piece, size_t *bytes, unsigned *longer)
{
	static char kept[2 * 65536];
	struct dns_stream s = { 0 };
	size_t have = 0, at = 0;
	unsigned n = 0;

	*bytes = *longer = 0;
	while (at < all.len) {
		size_t len = all.len - at < piece ? all.len - at : piece;
		enum dns_stream_result r;
		struct span in, message;

		memcpy(kept + have, all.p + at, len);
		at += len;
		in = guard_copy((struct span){ kept, have + len });
		while ((r = dns_stream_next(&s, &in, &message)) != DNS_STREAM_MORE) {
			assert_true(r == DNS_STREAM_MESSAGE || r == DNS_STREAM_LONG);
			if (r == DNS_STREAM_LONG) {
				++*longer;
				continue;
			}
			n++;
			*bytes += message.len;
			for (size_t i = 0; i < message.len; i++)
				assert_int_equal((uint8_t)message.p[i], (uint8_t)(i * 7 + message.len));
		}
		assert_true(in.len <= LIMIT_DNS_STREAM_BYTES + 1);
		have = in.len;
		memcpy(kept, in.p, in.len);
	}
	assert_int_equal(have, 0);
	return n;
}

static void messages_are_found_however_they_are_cut(void **state)
{
	static char all[200000];
	static const unsigned lengths[] = { 12, 600, 13, LIMIT_DNS_STREAM_BYTES, 40, LIMIT_DNS_STREAM_BYTES + 1, 12, 65535, 500 };
	size_t len = 0, want = 0, bytes;
	unsigned longer;

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		len += put(all + len, lengths[i]);
		if (lengths[i] <= LIMIT_DNS_STREAM_BYTES)
			want += lengths[i];
	}
	for (size_t piece = 1; piece < 70000; piece += piece < 20 ? 1 : piece / 3) {
		assert_int_equal(read_pieces((struct span){ all, len }, piece, &bytes, &longer), 7);
		assert_int_equal(bytes, want);
		assert_int_equal(longer, 2);
	}
}

static void what_is_no_dns_is_bad(void **state)
{
	struct span in = guard_copy(SPAN_LIT("\0\x0b" "abcdefghijk")), message;
	struct dns_stream s = { 0 };

	(void)state;
	assert_int_equal(dns_stream_next(&s, &in, &message), DNS_STREAM_BAD);
	in = guard_copy(SPAN_LIT("\0\0"));
	assert_int_equal(dns_stream_next(&s, &in, &message), DNS_STREAM_BAD);
	in = guard_copy(SPAN_LIT(""));
	assert_int_equal(dns_stream_next(&s, &in, &message), DNS_STREAM_MORE);
	in = guard_copy(SPAN_LIT("\0"));
	assert_int_equal(dns_stream_next(&s, &in, &message), DNS_STREAM_MORE);
	assert_int_equal(in.len, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_found_however_they_are_cut),
		cmocka_unit_test(what_is_no_dns_is_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
