/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_frame - links: frame
 *
 * Property: the packet found is the end of the frame; a frame cut shorter holds the beginning of the same packet, or is refused.
 * The first byte is the link type (20: Linux cooked 2).
 */
#include "check.h"
#include "frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in, cut, ip, shorter;
	enum frame_result got;
	int link;

	if (size < 1)
		return 0;
	link = data[0] == 20 ? FRAME_COOKED2 : data[0];
	in = copy_of((struct span){ (const char *)data + 1, size - 1 });
	got = frame_ip(link, in, &ip);
	if (got == FRAME_IP) {
		CHECK(ip.len && ip.p + ip.len == in.p + in.len);
		cut = copy_of((struct span){ in.p, in.len - 1 - cut_seed(data, size) % in.len });
		got = frame_ip(link, cut, &shorter);
		CHECK(got == FRAME_SHORT || got == FRAME_OTHER || (got == FRAME_IP));
		if (got == FRAME_IP && link != FRAME_PPP && link != FRAME_PPP_SERIAL)
			CHECK(shorter.p - cut.p == ip.p - in.p);
		drop_copy(cut);
	}
	drop_copy(in);
	return 0;
}
