/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_frame - the IP packet in frames of each link type
 *
 * links: frame
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "container.h"
#include "frame.h"
#include "guard.h"
#include "seed.h"

#define MACS	"\x02\0\0\0\0\1\x02\0\0\0\0\2"
#define IP4	"\x45..."
#define IP6	"\x60..."

static const struct {
	const char *why;
	int link;
	struct span in;
	const char *ip;		/* NULL: not FRAME_IP */
	enum frame_result want;
} rows[] = {
	{ "Ethernet", FRAME_ETHERNET, SPAN_LIT(MACS "\x08\x00" IP4), IP4, FRAME_IP },
	{ "Ethernet, IPv6", FRAME_ETHERNET, SPAN_LIT(MACS "\x86\xdd" IP6), IP6, FRAME_IP },
	{ "ARP", FRAME_ETHERNET, SPAN_LIT(MACS "\x08\x06" "...."), NULL, FRAME_OTHER },
	{ "an 802.3 length", FRAME_ETHERNET, SPAN_LIT(MACS "\x00\x26" "\x42\x42\x03"), NULL, FRAME_OTHER },
	{ "VLAN", FRAME_ETHERNET, SPAN_LIT(MACS "\x81\x00\x00\x07\x08\x00" IP4), IP4, FRAME_IP },
	{ "VLAN in VLAN", FRAME_ETHERNET, SPAN_LIT(MACS "\x88\xa8\x00\x07\x81\x00\x00\x07\x86\xdd" IP6), IP6, FRAME_IP },
	{ "PPPoE", FRAME_ETHERNET, SPAN_LIT(MACS "\x88\x64\x11\x00\x00\x01\x00\x06\x00\x21" IP4), IP4, FRAME_IP },
	{ "PPPoE in a VLAN, IPv6", FRAME_ETHERNET, SPAN_LIT(MACS "\x81\x00\x00\x07\x88\x64\x11\x00\x00\x01\x00\x06\x00\x57" IP6), IP6, FRAME_IP },
	{ "PPPoE, link control", FRAME_ETHERNET, SPAN_LIT(MACS "\x88\x64\x11\x00\x00\x01\x00\x06\xc0\x21" "..."), NULL, FRAME_OTHER },
	{ "MPLS, two labels", FRAME_ETHERNET, SPAN_LIT(MACS "\x88\x47\x00\x01\x00\xff\x00\x02\x01\xff" IP4), IP4, FRAME_IP },
	{ "MPLS, Ethernet inside", FRAME_ETHERNET, SPAN_LIT(MACS "\x88\x47\x00\x02\x01\xff\x00..."), NULL, FRAME_OTHER },
	{ "MPLS without end", FRAME_ETHERNET, SPAN_LIT(MACS "\x88\x47" "\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\1\0" IP4), NULL, FRAME_OTHER },
	{ "half a header", FRAME_ETHERNET, SPAN_LIT(MACS "\x08"), NULL, FRAME_SHORT },
	{ "half a tag", FRAME_ETHERNET, SPAN_LIT(MACS "\x81\x00\x00"), NULL, FRAME_SHORT },
	{ "half of PPPoE", FRAME_ETHERNET, SPAN_LIT(MACS "\x88\x64\x11\x00\x00\x01"), NULL, FRAME_SHORT },
	{ "no packet behind", FRAME_ETHERNET, SPAN_LIT(MACS "\x08\x00"), NULL, FRAME_SHORT },
	{ "Linux cooked", FRAME_COOKED, SPAN_LIT("\0\0\0\1\0\6" "......" "\0\0\x08\x00" IP4), IP4, FRAME_IP },
	{ "Linux cooked, VLAN", FRAME_COOKED, SPAN_LIT("\0\0\0\1\0\6" "......" "\0\0\x81\x00\x00\x07\x08\x00" IP4), IP4, FRAME_IP },
	{ "Linux cooked, cut", FRAME_COOKED, SPAN_LIT("\0\0\0\1\0\6" "......" "\0\0\x08"), NULL, FRAME_SHORT },
	{ "Linux cooked 2", FRAME_COOKED2, SPAN_LIT("\x86\xdd\0\0\0\0\0\2\0\1\0\6" "........" IP6), IP6, FRAME_IP },
	{ "Linux cooked 2, cut", FRAME_COOKED2, SPAN_LIT("\x86\xdd\0\0\0\0\0\2\0\1\0\6" "......."), NULL, FRAME_SHORT },
	{ "raw", FRAME_RAW, SPAN_LIT(IP4), IP4, FRAME_IP },
	{ "raw, empty", FRAME_RAW, SPAN_LIT(""), NULL, FRAME_SHORT },
	{ "IPv6 alone", FRAME_IPV6, SPAN_LIT(IP6), IP6, FRAME_IP },
	{ "BSD loopback, little-endian", FRAME_NULL, SPAN_LIT("\2\0\0\0" IP4), IP4, FRAME_IP },
	{ "BSD loopback, big-endian, IPv6 of macOS", FRAME_NULL, SPAN_LIT("\0\0\0\x1e" IP6), IP6, FRAME_IP },
	{ "OpenBSD loopback", FRAME_LOOP, SPAN_LIT("\0\0\0\2" IP4), IP4, FRAME_IP },
	{ "loopback, another family", FRAME_NULL, SPAN_LIT("\7\0\0\0" IP4), NULL, FRAME_OTHER },
	{ "loopback, cut", FRAME_NULL, SPAN_LIT("\2\0"), NULL, FRAME_SHORT },
	{ "PPP", FRAME_PPP, SPAN_LIT("\xff\x03\x00\x21" IP4), IP4, FRAME_IP },
	{ "PPP without address and control, packed", FRAME_PPP, SPAN_LIT("\x21" IP4), IP4, FRAME_IP },
	{ "PPP, cut", FRAME_PPP, SPAN_LIT("\xff\x03\x00"), NULL, FRAME_SHORT },
	{ "PPP serial, Cisco's", FRAME_PPP_SERIAL, SPAN_LIT("\x0f\x00\x08\x00" IP4), IP4, FRAME_IP },
	{ "Cisco's HDLC", FRAME_CHDLC, SPAN_LIT("\x0f\x00\x86\xdd" IP6), IP6, FRAME_IP },
	{ "802.11", 105, SPAN_LIT("\x08\x00" "............................"), NULL, FRAME_UNKNOWN },
};

static void each_row_is_answered_as_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct span ip;
		enum frame_result got = frame_ip(rows[i].link, guard_copy(rows[i].in), &ip);

		if (got != rows[i].want || (rows[i].ip && !span_eq(ip, span_of(rows[i].ip))))
			fail_msg("%s: %d, \"%.*s\"", rows[i].why, got, SPAN_FMT(ip));
		for (size_t n = 0; n < rows[i].in.len; n++)	/* and no beginning of it is read beyond its end */
			frame_ip(rows[i].link, guard_copy((struct span){ rows[i].in.p, n }), &ip);
		if (getenv("DEJUNK_SEEDS")) {			/* the fuzz target's input begins with the link type */
			char room[256] = { (char)rows[i].link };

			memcpy(room + 1, rows[i].in.p, rows[i].in.len);
			seed("frame", (struct span){ room, rows[i].in.len + 1 });
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_row_is_answered_as_it_says) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
