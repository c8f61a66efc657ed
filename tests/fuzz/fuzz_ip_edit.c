/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_ip_edit - links: ip_edit ip_pkt addr
 *
 * Property: what ip_edit_head() likes, ip_pkt reads as the same UDP datagram or TCP segment, whole; and mended to any length
 * it is liked again, with the same ports.
 */
#include "check.h"

#include "ip_edit.h"
#include "ip_pkt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = copy_of((struct span){ (const char *)data, size }), out;
	size_t head = ip_edit_head(in), more = size ? data[size - 1] : 0;
	struct ip_pkt before, after;
	enum ip_pkt_result was;

	if (head && in.len + more <= UINT16_MAX) {
		was = ip_pkt_parse(in, &before);
		CHECK((was == IP_PKT_UDP || was == IP_PKT_TCP) && !before.cut && !before.fragment);
		CHECK(before.payload.p == in.p + head && before.payload.len == in.len - head);
		out = (struct span){ calloc(1, in.len + more), in.len + more };
		memcpy((char *)(uintptr_t)out.p, in.p, head);
		ip_edit_mend((char *)(uintptr_t)out.p, out.len);
		CHECK(ip_edit_head(out) == head && ip_pkt_parse(out, &after) == was && !after.cut);
		CHECK(addr_eq_ip(&before.src, &after.src) && addr_eq_ip(&before.dst, &after.dst));
		CHECK(before.src.port_be == after.src.port_be && before.dst.port_be == after.dst.port_be);
		CHECK(after.payload.len == out.len - head);
		drop_copy(out);
	}
	drop_copy(in);
	return 0;
}
