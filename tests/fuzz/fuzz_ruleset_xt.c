/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_ruleset_xt - matches and targets of xtables, from blobs of any content
 * links: addr ruleset_packet ruleset_set ruleset_xt
 *
 * Property: what is answered for a packet of which little is known holds for each packet that
 * it may be: NO or YES never changes when more becomes known.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "container.h"
#include "ruleset_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {
		"addrtype", "connlimit", "connmark", "conntrack", "devgroup", "hashlimit", "iprange",
		"mac", "mark", "multiport", "pkttype", "state", "tcp", "MARK", "CONNMARK", "REJECT",
	};
	struct ruleset_packet some = { 0 }, all = { 0 };
	struct rs_packet ks, ka;
	struct rs_expr e = { 0 };
	bool redirected;

	if (size < 20)
		return 0;
	strcpy(e.why, names[data[0] % ARRAY_LEN(names)]);
	e.rev = data[1] & 3;
	some.family = all.family = data[2] & 1 ? AF_INET6 : AF_INET;
	redirected = data[2] & 2;
	addr_from_ip(&all.src, all.family, data + 4);
	addr_from_ip(&all.dst, all.family, data + 3);
	all.family = all.src.family;
	if (all.family != all.dst.family || all.family != some.family)
		return 0;	/* a v4-mapped address */
	all.src.port_be = htons((uint16_t)(data[3] + 1));
	all.dst.port_be = htons((uint16_t)(data[4] + 1));
	all.orig_dst = all.dst;
	all.in.type = 1;
	all.in.group_known = all.out.group_known = true;
	all.in.group = data[5], all.out.group = data[6];
	all.hw_known = true;
	if (data[2] & 4)
		some.src = all.src;
	if (data[2] & 8)
		some.dst = all.dst, some.orig_dst = all.orig_dst;
	if (data[2] & 16)
		some.in = all.in;
	e.info_len = (uint32_t)(size - 20);
	e.info = malloc(size);
	memcpy(e.info, data + 20, e.info_len);
	e.info = realloc(e.info, e.info_len ? e.info_len : 1);
	rs_packet_init(&ks, &some, redirected, !(data[2] & 32));
	rs_packet_init(&ka, &all, redirected, true);
	if (rs_xt_match(&ks, &e) != RS_MAYBE && rs_xt_match(&ks, &e) != rs_xt_match(&ka, &e))
		abort();
	if (rs_xt_target(&ks, &e, !(data[2] & 64)) != rs_xt_target(&ka, &e, true))
		abort();
	if ((ks.mark.val ^ ka.mark.val) & ks.mark.known & ka.mark.known)
		abort();
	free(e.info);
	return 0;
}
