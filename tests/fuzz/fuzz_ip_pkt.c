/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_ip_pkt - links: ip_pkt addr
 *
 * Property: the payload lies within the input and within what the packet says it has; a longer copy of a packet
 * that could be read tells the same, unless a length of 0 makes the end of the copy its end.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ip_pkt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ip_pkt p, more;
	enum ip_pkt_result r = ip_pkt_parse((struct span){ (const char *)data, size }, &p);
	const uint8_t *payload = (const uint8_t *)p.payload.p;
	uint8_t *longer;
	bool zero;

	if (r >= IP_PKT_BAD_SHORT)
		return 0;
	check(p.payload.len <= p.payload_bytes && p.cut == (p.payload.len < p.payload_bytes));
	check(payload >= data && payload + p.payload.len <= data + size);
	check((r == IP_PKT_TCP || r == IP_PKT_UDP) || (!p.src.port_be && !p.dst.port_be));
	zero = p.version == 4 ? !data[2] && !data[3] : !data[4] && !data[5];
	longer = malloc(size + 7);
	memcpy(longer, data, size);
	memset(longer + size, 0x45, 7);
	check(ip_pkt_parse((struct span){ (char *)longer, size + 7 }, &more) == r);
	check(!memcmp(&p.src, &more.src, sizeof(p.src)) && !memcmp(&p.dst, &more.dst, sizeof(p.dst)));
	check(zero || p.payload_bytes == more.payload_bytes);
	check(more.payload.len >= p.payload.len && !memcmp(p.payload.p, more.payload.p, p.payload.len));
	free(longer);
	return 0;
}
