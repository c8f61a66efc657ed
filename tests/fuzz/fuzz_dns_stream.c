/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_dns_stream - links: dns_stream
 *
 * Property: however a stream is cut, the same messages come out, and never more is left over than one message.
 */
#include "check.h"

#include "dns_stream.h"
#include "limits.h"

enum { CALLS = 100000 };

/* run - a hash of all messages; @seed 0: the stream in one piece, else cut by it */
static uint64_t run(struct span all, uint32_t seed)
{
	struct dns_stream s = { 0 };
	uint64_t h = 1;
	size_t have = 0, from = 0;	/* all[from, have) was not consumed */

	for (unsigned calls = 0; calls < CALLS; calls++) {
		enum dns_stream_result r = DNS_STREAM_MORE;
		struct span in, message, exact;

		have += seed ? cut_next(&seed) % 50 : all.len;
		if (have > all.len)
			have = all.len;
		exact = in = copy_of((struct span){ all.p + from, have - from });
		while ((r = dns_stream_next(&s, &in, &message)) == DNS_STREAM_MESSAGE || r == DNS_STREAM_LONG) {
			if (r == DNS_STREAM_LONG) {
				h = h * 31 + 7;
				continue;
			}
			CHECK(message.len >= 12 && message.len <= LIMIT_DNS_STREAM_BYTES && message.p + message.len <= in.p);
			for (size_t i = 0; i < message.len; i++)
				h = (h ^ (uint8_t)message.p[i]) * 1099511628211u;
		}
		from = have - in.len;
		CHECK(r == DNS_STREAM_BAD || in.len <= LIMIT_DNS_STREAM_BYTES + 1);
		drop_copy(exact);
		if (r == DNS_STREAM_BAD)
			return h * 31 + 3;
		if (have == all.len)
			return h;
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span all = { (const char *)data, size };

	CHECK(run(all, 0) == run(all, cut_seed(data, size)));
	return 0;
}
