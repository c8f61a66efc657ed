/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_ip_edit - links: ip_edit ip_pkt addr */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "container.h"
#include "guard.h"
#include "ip_edit.h"
#include "ip_pkt.h"
#include "seed.h"

/* headers; the checksums in them are not looked at */
#define UDP4	"\x45\0\0\x21\x12\x34\x40\0\x3f\x11\x0c\x58\xcb\0\x71\2\x0a\1\0\2" "\0\x35\x9c\x40\0\x0d\0\0"
#define UDP6	"\x60\1\2\3\0\x0d\x11\x40\x20\1\x0d\xb8\0\2\0\0\0\0\0\0\0\0\0\2\xfd\1\0\0\0\0\0\0\0\0\0\0\0\0\0\2" "\0\x35\x9c\x40\0\x0d\0\0"
#define TCP4	"\x45\0\0\x39\x12\x34\x40\0\x3f\6\0\0\xcb\0\x71\2\x0a\1\0\2" "\0\x35\x9c\x40\1\2\3\4\5\6\7\x08\x80\x18\1\xf5\0\0\0\0" "\1\1\x08\x0a\1\2\3\4\5\6\7\x08"
#define TCP6	"\x60\1\2\3\0\x19\6\x40\x20\1\x0d\xb8\0\2\0\0\0\0\0\0\0\0\0\2\xfd\1\0\0\0\0\0\0\0\0\0\0\0\0\0\2" "\0\x35\x9c\x40\1\2\3\4\5\6\7\x08\x50\x18\1\xf5\0\0\0\0"

static const struct {
	const char *why;
	struct span packet;
	size_t head;
} rows[] = {
	{ "UDP over IPv4", SPAN_LIT(UDP4 "hello"), 28 },
	{ "UDP over IPv6", SPAN_LIT(UDP6 "hello"), 48 },
	{ "TCP over IPv4, with options", SPAN_LIT(TCP4 "hello"), 52 },
	{ "TCP over IPv6", SPAN_LIT(TCP6 "hello"), 60 },
	{ "a byte behind", SPAN_LIT(UDP4 "hello!"), 0 },
	{ "a byte too few", SPAN_LIT(UDP4 "hell"), 0 },
	{ "options of IPv4", SPAN_LIT("\x46\0\0\x1d\x12\x34\x40\0\x3f\x11\0\0\xcb\0\x71\2\x0a\1\0\2" "\1\1\1\1" "\0\x35\x9c\x40\0\x09\0\0" "h"), 0 },
	{ "the first fragment", SPAN_LIT("\x45\0\0\x1d\x12\x34\x20\0\x3f\x11\0\0\xcb\0\x71\2\x0a\1\0\2" "\0\x35\x9c\x40\0\x09\0\0" "h"), 0 },
	{ "a later one", SPAN_LIT("\x45\0\0\x1d\x12\x34\0\1\x3f\x11\0\0\xcb\0\x71\2\x0a\1\0\2" "\0\x35\x9c\x40\0\x09\0\0" "h"), 0 },
	{ "UDP shorter than IP says", SPAN_LIT("\x45\0\0\x1d\x12\x34\x40\0\x3f\x11\0\0\xcb\0\x71\2\x0a\1\0\2" "\0\x35\x9c\x40\0\x08\0\0" "h"), 0 },
	{ "half a UDP header", SPAN_LIT("\x45\0\0\x18\x12\x34\x40\0\x3f\x11\0\0\xcb\0\x71\2\x0a\1\0\2" "\0\x35\x9c\x40"), 0 },
	{ "ICMP", SPAN_LIT("\x45\0\0\x1d\x12\x34\x40\0\x3f\1\0\0\xcb\0\x71\2\x0a\1\0\2" "\0\x35\x9c\x40\0\x09\0\0" "h"), 0 },
	{ "an extension header", SPAN_LIT("\x60\1\2\3\0\x11\0\x40\x20\1\x0d\xb8\0\2\0\0\0\0\0\0\0\0\0\2\xfd\1\0\0\0\0\0\0\0\0\0\0\0\0\0\2"
		"\x11\0\1\4\0\0\0\0" "\0\x35\x9c\x40\0\x09\0\0" "h"), 0 },
	{ "a TCP header longer than the packet", SPAN_LIT("\x45\0\0\x28\x12\x34\x40\0\x3f\6\0\0\xcb\0\x71\2\x0a\1\0\2"
		"\0\x35\x9c\x40\1\2\3\4\5\6\7\x08\x80\x18\1\xf5\0\0\0\0"), 0 },
	{ "a TCP header too short", SPAN_LIT("\x45\0\0\x28\x12\x34\x40\0\x3f\6\0\0\xcb\0\x71\2\x0a\1\0\2"
		"\0\x35\x9c\x40\1\2\3\4\5\6\7\x08\x40\x18\1\xf5\0\0\0\0"), 0 },
	{ "no IP", SPAN_LIT("\x25\0\0\x21\x12\x34\x40\0\x3f\x11\x0c\x58\xcb\0\x71\2\x0a\1\0\2" "\0\x35\x9c\x40\0\x0d\0\0" "hello"), 0 },
	{ "nothing", SPAN_LIT(""), 0 },
};

static void only_plain_headers_are_liked(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t head = ip_edit_head(guard_copy(rows[i].packet));

		seed("ip_edit", rows[i].packet);
		if (head != rows[i].head)
			fail_msg("%s: %zu, not %zu", rows[i].why, head, rows[i].head);
		for (size_t len = 0; len < rows[i].packet.len; len++)
			assert_true(ip_edit_head(guard_copy((struct span){ rows[i].packet.p, len })) == 0 || rows[i].head == 0);
	}
}

/* the receiver's check: everything and the pseudo header sum up to ffff */
static bool is_right(const uint8_t *p, size_t len)
{
	bool v4 = p[0] >> 4 == 4;
	size_t ip = v4 ? 20 : 40;
	uint32_t header = 0, all = (uint32_t)(len - ip) + (v4 ? p[9] : p[6]);

	for (size_t i = v4 ? 12 : 8; i < len; i++)
		all += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	for (size_t i = 0; i < ip; i++)
		header += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return all % 0xffff == 0 && (!v4 || header % 0xffff == 0);
}

static void what_was_changed_is_right_afterwards(void **state)
{
	static const size_t lengths[] = { 0, 1, 2, 5, 6, 300, 1372 };
	static char buf[2000];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		for (size_t l = 0; l < ARRAY_LEN(lengths); l++) {
			size_t head = rows[i].head, len = head + lengths[l];
			struct span in = { buf, len };
			struct ip_pkt ip;

			memcpy(buf, rows[i].packet.p, head);
			for (size_t k = 0; k < lengths[l]; k++)
				buf[head + k] = (char)(k * 37 + l);
			ip_edit_mend(buf, len);
			assert_true(is_right((const uint8_t *)buf, len));
			assert_int_equal(ip_edit_head(in), head);
			assert_int_equal(ip_pkt_parse(in, &ip), i < 2 ? IP_PKT_UDP : IP_PKT_TCP);
			assert_int_equal(ip.payload_bytes, lengths[l]);
			assert_false(ip.cut || ip.fragment);
		}
}

static void a_checksum_of_0_is_written_as_ffff(void **state)
{
	char buf[30];
	unsigned found = 0;

	(void)state;
	memcpy(buf, UDP4, 28);
	for (unsigned n = 0; n < 65536; n++) {
		buf[28] = (char)(n >> 8);
		buf[29] = (char)n;
		ip_edit_mend(buf, 30);
		assert_true(buf[26] || buf[27]);
		found += (uint8_t)buf[26] == 0xff && (uint8_t)buf[27] == 0xff;
	}
	assert_int_equal(found, 1);
}

static void the_rest_stays(void **state)
{
	char buf[64];

	(void)state;
	memcpy(buf, UDP4 "hello", 33);
	ip_edit_mend(buf, 33);
	for (size_t i = 0; i < 33; i++)
		if (i != 10 && i != 11 && i != 26 && i != 27)
			assert_int_equal(buf[i], (UDP4 "hello")[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_plain_headers_are_liked),
		cmocka_unit_test(what_was_changed_is_right_afterwards),
		cmocka_unit_test(a_checksum_of_0_is_written_as_ffff),
		cmocka_unit_test(the_rest_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
