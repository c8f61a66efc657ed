/* SPDX-License-Identifier: GPL-3.0-or-later */
/* frame - from a captured frame to the IP packet in it
 *
 * Pure.  Reads the link headers of capture files, which the live path never meets: there packets begin with their IP
 * header.  VLAN tags, PPPoE sessions and MPLS labels are stepped over, up to FRAME_TAGS of them.
 * IEEE 802.3 and 802.1Q; RFC 2516 (PPPoE); RFC 3032 (MPLS).
 */
#ifndef DEJUNK_FRAME_H
#define DEJUNK_FRAME_H

#include "span.h"

/* link types, by the numbers that libpcap gives them */
enum frame_link {
	FRAME_NULL = 0, FRAME_ETHERNET = 1, FRAME_PPP = 9, FRAME_RAW = 12, FRAME_RAW_BSD = 14, FRAME_PPP_SERIAL = 50,
	FRAME_CHDLC = 104, FRAME_LOOP = 108, FRAME_COOKED = 113, FRAME_IPV4 = 228, FRAME_IPV6 = 229, FRAME_COOKED2 = 276,
};

enum { FRAME_TAGS = 8 };

enum frame_result {
	FRAME_IP,	/* the IP packet and what padding follows it */
	FRAME_OTHER,	/* something else: ARP, spanning tree... */
	FRAME_SHORT,	/* ends within its headers */
	FRAME_UNKNOWN,	/* a link type that is not read */
};

/* frame_ip - the packet in @frame (borrowed)
 * @link: one of enum frame_link, or any other number
 * @ip:   filled for FRAME_IP, from the IP header to the end of the frame; points into @frame */
enum frame_result frame_ip(int link, struct span frame, struct span *ip);

#endif
