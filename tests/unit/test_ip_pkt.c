/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_ip_pkt - links: ip_pkt addr */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "capture.h"
#include "container.h"
#include "guard.h"
#include "ip_pkt.h"

#define V4(total, frag, proto)	"\x45\x00" total "\x00\x01" frag "\x40" proto "\x00\x00" "\x0a\x01\x00\x02" "\xc6\x33\x64\x07"
#define V6(bytes, next)		"\x60\x00\x00\x00" bytes next "\x40" \
				"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" \
				"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"
#define TCP(doff, flags)	"\xc3\x50\x01\xbb" "\x00\x00\x00\x07" "\x00\x00\x00\x00" doff flags "\x72\x10\x00\x00\x00\x00"
#define UDP(len)		"\xc3\x50\x00\x35" len "\x00\x00"
#define SYN			TCP("\x50", "\x02")
#define DESTOPT(next)		next "\x00\x01\x04\x00\x00\x00\x00"

static const struct row {
	const char *why;
	struct span in;
	enum ip_pkt_result want;
	const char *payload;
} rows[] = {
	{ "a SYN", SPAN_LIT(V4("\x00\x28", "\x40\x00", "\x06") SYN), IP_PKT_TCP, "" },
	{ "TCP with data", SPAN_LIT(V4("\x00\x2a", "\x40\x00", "\x06") TCP("\x50", "\x18") "hi"), IP_PKT_TCP, "hi" },
	{ "TCP options", SPAN_LIT(V4("\x00\x2e", "\x40\x00", "\x06") TCP("\x60", "\x18") "\x02\x04\x05\xb4" "hi"), IP_PKT_TCP, "hi" },
	{ "UDP", SPAN_LIT(V4("\x00\x1f", "\x00\x00", "\x11") UDP("\x00\x0b") "dns"), IP_PKT_UDP, "dns" },
	{ "IPv4 options", SPAN_LIT("\x46\x00\x00\x23\x00\x01\x00\x00\x40\x11\x00\x00\x0a\x01\x00\x02\xc6\x33\x64\x07" "\x01\x01\x01\x00"
				   UDP("\x00\x0b") "dns"), IP_PKT_UDP, "dns" },
	{ "Ethernet padding is not payload", SPAN_LIT(V4("\x00\x1f", "\x00\x00", "\x11") UDP("\x00\x0b") "dns\0\0\0\0"), IP_PKT_UDP, "dns" },
	{ "UDP shorter than its packet", SPAN_LIT(V4("\x00\x1f", "\x00\x00", "\x11") UDP("\x00\x0a") "dns"), IP_PKT_UDP, "dn" },
	{ "ICMP has no ports", SPAN_LIT(V4("\x00\x1c", "\x00\x00", "\x01") "\x08\x00\x00\x00\x00\x00\x00\x00"), IP_PKT_OTHER, NULL },
	{ "first fragment of UDP", SPAN_LIT(V4("\x00\x1f", "\x20\x00", "\x11") UDP("\x05\x00") "dns"), IP_PKT_UDP, "dns" },
	{ "a later fragment", SPAN_LIT(V4("\x00\x1f", "\x20\xb9", "\x11") UDP("\x00\x0b") "dns"), IP_PKT_FRAGMENT, NULL },
	{ "the last fragment", SPAN_LIT(V4("\x00\x1f", "\x00\xb9", "\x11") UDP("\x00\x0b") "dns"), IP_PKT_FRAGMENT, NULL },
	{ "a tiny first fragment hides the flags, RFC 1858", SPAN_LIT(V4("\x00\x1c", "\x20\x00", "\x06") "\xc3\x50\x01\xbb\0\0\0\7"), IP_PKT_BAD_SHORT, NULL },
	{ "a SYN cut behind its fixed header", SPAN_LIT(V4("\x00\x3c", "\x40\x00", "\x06") TCP("\xa0", "\x02")), IP_PKT_TCP, "" },
	{ "data cut by the copy", SPAN_LIT(V4("\x05\xdc", "\x40\x00", "\x06") TCP("\x50", "\x18") "beginning"), IP_PKT_TCP, "beginning" },
	{ "total length 0: GSO beyond 64 KiB", SPAN_LIT(V4("\x00\x00", "\x40\x00", "\x06") TCP("\x50", "\x18") "hi"), IP_PKT_TCP, "hi" },
	{ "nothing", SPAN_LIT(""), IP_PKT_BAD_SHORT, NULL },
	{ "half an IPv4 header", SPAN_LIT("\x45\x00\x00\x28\x00\x01"), IP_PKT_BAD_SHORT, NULL },
	{ "version 5", SPAN_LIT("\x55" "0123456789012345678901234567890"), IP_PKT_BAD_VERSION, NULL },
	{ "header length 16", SPAN_LIT("\x44\x00\x00\x28\x00\x01\x40\x00\x40\x06\0\0\x0a\x01\x00\x02\xc6\x33\x64\x07" SYN), IP_PKT_BAD_LENGTH, NULL },
	{ "total length below the header", SPAN_LIT(V4("\x00\x13", "\x00\x00", "\x11") UDP("\x00\x08")), IP_PKT_BAD_LENGTH, NULL },
	{ "no room for TCP in the packet", SPAN_LIT(V4("\x00\x20", "\x40\x00", "\x06") SYN), IP_PKT_BAD_LENGTH, NULL },
	{ "the copy ends in TCP", SPAN_LIT(V4("\x00\x28", "\x40\x00", "\x06") "\xc3\x50\x01\xbb"), IP_PKT_BAD_SHORT, NULL },
	{ "data offset 16", SPAN_LIT(V4("\x00\x28", "\x40\x00", "\x06") TCP("\x40", "\x02")), IP_PKT_BAD_LENGTH, NULL },
	{ "data offset beyond the packet", SPAN_LIT(V4("\x00\x28", "\x40\x00", "\x06") TCP("\xf0", "\x02")), IP_PKT_BAD_LENGTH, NULL },
	{ "UDP length 7", SPAN_LIT(V4("\x00\x1c", "\x00\x00", "\x11") UDP("\x00\x07")), IP_PKT_BAD_LENGTH, NULL },
	{ "UDP longer than its packet", SPAN_LIT(V4("\x00\x1c", "\x00\x00", "\x11") UDP("\x00\x09")), IP_PKT_BAD_LENGTH, NULL },
	{ "IPv6 SYN", SPAN_LIT(V6("\x00\x14", "\x06") SYN), IP_PKT_TCP, "" },
	{ "IPv6 UDP", SPAN_LIT(V6("\x00\x0b", "\x11") UDP("\x00\x0b") "dns"), IP_PKT_UDP, "dns" },
	{ "IPv6 jumbo: length 0", SPAN_LIT(V6("\x00\x00", "\x11") UDP("\x00\x00") "dns"), IP_PKT_UDP, "dns" },
	{ "IPv6 padding", SPAN_LIT(V6("\x00\x0b", "\x11") UDP("\x00\x0b") "dns\0\0"), IP_PKT_UDP, "dns" },
	{ "destination options", SPAN_LIT(V6("\x00\x13", "\x3c") DESTOPT("\x11") UDP("\x00\x0b") "dns"), IP_PKT_UDP, "dns" },
	{ "hop-by-hop, routing, destination", SPAN_LIT(V6("\x00\x23", "\x00") DESTOPT("\x2b") DESTOPT("\x3c") DESTOPT("\x11") UDP("\x00\x0b") "dns"),
	  IP_PKT_UDP, "dns" },
	{ "authentication header counts in 4 bytes", SPAN_LIT(V6("\x00\x1b", "\x33") "\x11\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0" UDP("\x00\x0b") "dns"),
	  IP_PKT_UDP, "dns" },
	{ "an atomic fragment is none, RFC 6946", SPAN_LIT(V6("\x00\x13", "\x2c") "\x11\0\0\0\0\0\0\1" UDP("\x00\x0b") "dns"), IP_PKT_UDP, "dns" },
	{ "IPv6 first fragment", SPAN_LIT(V6("\x00\x13", "\x2c") "\x11\0\0\1\0\0\0\1" UDP("\x05\x00") "dns"), IP_PKT_UDP, "dns" },
	{ "IPv6 later fragment", SPAN_LIT(V6("\x00\x0b", "\x2c") "\x11\0\5\xa8\0\0\0\1" "dns"), IP_PKT_FRAGMENT, NULL },
	{ "no next header", SPAN_LIT(V6("\x00\x01", "\x3b") "x"), IP_PKT_OTHER, NULL },
	{ "encrypted", SPAN_LIT(V6("\x00\x08", "\x32") "01234567"), IP_PKT_OTHER, NULL },
	{ "8 extensions", SPAN_LIT(V6("\x00\x4b", "\x00") DESTOPT("\x3c") DESTOPT("\x3c") DESTOPT("\x3c") DESTOPT("\x3c") DESTOPT("\x3c")
				   DESTOPT("\x3c") DESTOPT("\x3c") DESTOPT("\x11") UDP("\x00\x0b") "dns"), IP_PKT_UDP, "dns" },
	{ "9 extensions", SPAN_LIT(V6("\x00\x53", "\x00") DESTOPT("\x3c") DESTOPT("\x3c") DESTOPT("\x3c") DESTOPT("\x3c") DESTOPT("\x3c")
				   DESTOPT("\x3c") DESTOPT("\x3c") DESTOPT("\x3c") DESTOPT("\x11") UDP("\x00\x0b") "dns"), IP_PKT_BAD_EXTENSIONS, NULL },
	{ "an extension beyond the packet", SPAN_LIT(V6("\x00\x10", "\x3c") "\x11\x02\0\0\0\0\0\0" UDP("\x00\x08")), IP_PKT_BAD_LENGTH, NULL },
	{ "an extension beyond the copy", SPAN_LIT(V6("\x01\x00", "\x3c") "\x11\x02\0\0\0\0\0\0" UDP("\x00\x08")), IP_PKT_BAD_SHORT, NULL },
	{ "half an IPv6 header", SPAN_LIT("\x60\x00\x00\x00\x00\x14\x06\x40"), IP_PKT_BAD_SHORT, NULL },
};

static void each_row_is_answered_as_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ip_pkt p;
		enum ip_pkt_result got = ip_pkt_parse(guard_copy(rows[i].in), &p);

		if (got != rows[i].want)
			fail_msg("%s: %d, not %d", rows[i].why, got, rows[i].want);
		if (rows[i].payload && !span_eq(p.payload, span_of(rows[i].payload)))
			fail_msg("%s: payload '%.*s'", rows[i].why, SPAN_FMT(p.payload));
		if (got != IP_PKT_TCP && got != IP_PKT_UDP)
			continue;
		assert_int_equal(ntohs(p.src.port_be), 50000);
		assert_int_equal(ntohs(p.dst.port_be), got == IP_PKT_TCP ? 443 : 53);
	}
}

static void addresses_flags_and_lengths(void **state)
{
	struct span syn = SPAN_LIT(V4("\x00\x3c", "\x40\x00", "\x06") TCP("\xa0", "\xc2"));	/* with ECN, options cut */
	struct span data = SPAN_LIT(V6("\x05\xdc", "\x06") TCP("\x50", "\x12") "abc");
	struct span first = SPAN_LIT(V4("\x00\x1f", "\x20\x00", "\x11") UDP("\x05\x00") "dns");
	char text[ADDR_TEXT];
	struct ip_pkt p;

	(void)state;
	assert_int_equal(ip_pkt_parse(guard_copy(syn), &p), IP_PKT_TCP);
	assert_string_equal(addr_format_port(&p.src, text), "10.1.0.2:50000");
	assert_string_equal(addr_format_port(&p.dst, text), "198.51.100.7:443");
	assert_true(ip_pkt_is_syn(&p));
	assert_int_equal(p.tcp_seq, 7);
	assert_int_equal(p.payload_bytes, 0);
	assert_false(p.cut);
	assert_int_equal(ip_pkt_parse(guard_copy(data), &p), IP_PKT_TCP);
	assert_string_equal(addr_format_port(&p.dst, text), "[2001:db8::2]:443");
	assert_false(ip_pkt_is_syn(&p));
	assert_int_equal(p.payload_bytes, 1480);
	assert_true(p.cut);
	assert_false(p.fragment);
	assert_int_equal(ip_pkt_parse(guard_copy(first), &p), IP_PKT_UDP);
	assert_true(p.fragment);
}

static bool good(enum ip_pkt_result r) { return r < IP_PKT_BAD_SHORT; }

/* a length of 0 means the end of the copy: a prefix is another packet */
static bool ends_with_copy(struct span in)
{
	return memcmp(in.p + ((in.p[0] & 0xf0) == 0x60 ? 4 : 2), "\0\0", 2) == 0;
}

/* a shorter copy of a packet is refused as short or gives the same facts with a shorter payload */
static void any_prefix_is_short_or_says_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ip_pkt all, cut;
		enum ip_pkt_result want = ip_pkt_parse(rows[i].in, &all);

		if (!good(want) || ends_with_copy(rows[i].in))
			continue;
		for (size_t n = 0; n < rows[i].in.len; n++) {
			enum ip_pkt_result got = ip_pkt_parse(guard_copy((struct span){ rows[i].in.p, n }), &cut);

			if (got == IP_PKT_BAD_SHORT)
				continue;
			if (got != want)
				fail_msg("%s, %zu bytes: %d", rows[i].why, n, got);
			assert_memory_equal(&cut.src, &all.src, sizeof(all.src));
			assert_memory_equal(&cut.dst, &all.dst, sizeof(all.dst));
			assert_int_equal(cut.tcp_flags, all.tcp_flags);
			assert_int_equal(cut.payload_bytes, all.payload_bytes);
			assert_true(cut.payload.len <= all.payload.len);
			assert_memory_equal(cut.payload.p, all.payload.p, cut.payload.len);
		}
	}
}

/* the addresses and ports that the other dissectors saw in the shared captures */
static void real_captures_have_the_expected_ends(void **state)
{
	struct span table = expected_read(), rest = table;
	unsigned checked = 0;
	struct expected row;

	(void)state;
	if (!table.p)
		skip();
	while (expected_next(&rest, &row)) {
		char path[256], number[16], text[ADDR_TEXT];
		struct span file, ip = { NULL, 0 };
		struct ip_pkt p;
		struct addr client, server;
		size_t at = 0;

		file = expected_capture(&row, path);
		snprintf(number, sizeof(number), "%.*s", SPAN_FMT(row.frame));
		if (!capture_is(file) || !addr_parse(&client, row.client) || !addr_parse(&server, row.server)) {
			free((char *)file.p);
			continue;
		}
		for (int n = atoi(number); n > 0; n--)
			if (!capture_next(file, &at, &ip))
				fail_msg("%s has no frame %s", path, number);
		if (ip.len) {	/* else ARP and the like */
			enum ip_pkt_result got = ip_pkt_parse(guard_copy(ip), &p);

			if ((got == IP_PKT_TCP || got == IP_PKT_UDP) && ntohs(p.dst.port_be) != 2152) {	/* not a GTP tunnel */
				snprintf(number, sizeof(number), "%u", ntohs(p.src.port_be));
				if (!addr_eq_ip(&p.src, &client) || !addr_eq_ip(&p.dst, &server) || !span_eq(row.client_port, span_of(number)))
					fail_msg("%s frame %.*s: from %s", path, SPAN_FMT(row.frame), addr_format_port(&p.src, text));
				checked++;
			} else if (!good(got)) {
				fail_msg("%s frame %.*s: %d", path, SPAN_FMT(row.frame), got);
			}
		}
		free((char *)file.p);
	}
	free((char *)table.p);
	assert_true(checked > 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_is_answered_as_it_says),
		cmocka_unit_test(addresses_flags_and_lengths),
		cmocka_unit_test(any_prefix_is_short_or_says_the_same),
		cmocka_unit_test(real_captures_have_the_expected_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
