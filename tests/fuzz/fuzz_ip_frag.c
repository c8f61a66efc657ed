/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_ip_frag - links: ip_frag ip_pkt addr
 *
 * The input: packets with two bytes of length each.  Properties: what is put together is no fragment, is as long as its header
 * says, and is no longer than its pieces were; what is no fragment comes back as it is; the table stays within its bound.
 */
#include "check.h"
#include "ip_frag.h"
#include "ip_pkt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ip_frag *t = ip_frag_new();
	size_t bytes = 0;

	while (t && size > 2) {
		size_t len = (size_t)data[0] << 8 | data[1];
		struct span in, out = { NULL, 0 };
		struct ip_pkt pkt;

		data += 2, size -= 2;
		if (len > size)
			len = size;
		in = copy_of((struct span){ (const char *)data, len });
		bytes += len;
		if (ip_frag_add(t, in, &out) == IP_FRAG_WHOLE && out.p != in.p) {
			CHECK(out.len <= bytes);
			CHECK(ip_pkt_parse(out, &pkt) != IP_PKT_FRAGMENT || pkt.version == 6);	/* IPv6: another fragment header inside */
			if (pkt.version == 4)
				CHECK(((size_t)(uint8_t)out.p[2] << 8 | (uint8_t)out.p[3]) == out.len && !pkt.fragment);
		} else if (out.p == in.p && out.len) {
			CHECK(out.len == in.len);
		}
		CHECK(ip_frag_waiting(t) <= IP_FRAG_PACKETS);
		drop_copy(in);
		data += len, size -= len;
	}
	ip_frag_free(t);
	return 0;
}
