/* SPDX-License-Identifier: GPL-3.0-or-later */
/* frame - from a captured frame to the IP packet in it */
#include "frame.h"

#include <stdint.h>

enum {
	TYPE_IPV4 = 0x0800, TYPE_VLAN = 0x8100, TYPE_VLAN_OLD = 0x9100, TYPE_IPV6 = 0x86dd, TYPE_MPLS = 0x8847,
	TYPE_PPPOE = 0x8864, TYPE_QINQ = 0x88a8,
	PPP_IPV4 = 0x0021, PPP_IPV6 = 0x0057,
	ETHERNET_HEADER = 14, COOKED_HEADER = 16, COOKED2_HEADER = 20, TAG = 4, PPPOE_HEADER = 6,	/* bytes */
};

static unsigned get16(struct span s, size_t at) { return (unsigned)(uint8_t)s.p[at] << 8 | (uint8_t)s.p[at + 1]; }

static enum frame_result found(struct span rest, struct span *ip)
{
	*ip = rest;
	return rest.len ? FRAME_IP : FRAME_SHORT;
}

/* of PPP behind its address and control bytes; the protocol may be packed into one byte, RFC 1661 s.6.5 */
static enum frame_result ppp(struct span rest, struct span *ip)
{
	unsigned protocol;

	if (rest.len < 2)
		return FRAME_SHORT;
	protocol = rest.p[0] & 1 ? (uint8_t)rest.p[0] : get16(rest, 0);
	if (protocol != PPP_IPV4 && protocol != PPP_IPV6)
		return FRAME_OTHER;
	return found(span_skip(rest, rest.p[0] & 1 ? 1 : 2), ip);
}

/* mpls - labels up to the last, then IP by its version: nothing else tells */
static enum frame_result mpls(struct span rest, struct span *ip)
{
	for (unsigned n = 0; n < FRAME_TAGS; n++) {
		bool last;

		if (rest.len < TAG + 1)
			return FRAME_SHORT;
		last = rest.p[2] & 1;
		rest = span_skip(rest, TAG);
		if (last)
			return (uint8_t)rest.p[0] >> 4 == 4 || (uint8_t)rest.p[0] >> 4 == 6 ? found(rest, ip) : FRAME_OTHER;
	}
	return FRAME_OTHER;
}

/* by_type - what follows an Ethernet type */
static enum frame_result by_type(unsigned type, struct span rest, struct span *ip)
{
	for (unsigned n = 0; n < FRAME_TAGS; n++) {
		switch (type) {
		case TYPE_IPV4:
		case TYPE_IPV6:
			return found(rest, ip);
		case TYPE_VLAN:
		case TYPE_VLAN_OLD:
		case TYPE_QINQ:
			if (rest.len < TAG)
				return FRAME_SHORT;
			type = get16(rest, 2);
			rest = span_skip(rest, TAG);
			break;
		case TYPE_PPPOE:
			return rest.len < PPPOE_HEADER ? FRAME_SHORT : ppp(span_skip(rest, PPPOE_HEADER), ip);
		case TYPE_MPLS:
			return mpls(rest, ip);
		default:
			return FRAME_OTHER;
		}
	}
	return FRAME_OTHER;
}

/* an address family in the capturing machine's byte order; those of IPv6 differ between systems */
static enum frame_result by_family(struct span frame, struct span *ip)
{
	unsigned family;

	if (frame.len < 4)
		return FRAME_SHORT;
	family = (uint8_t)frame.p[0] ? (uint8_t)frame.p[0] : (uint8_t)frame.p[3];
	if (family != 2 && family != 10 && family != 24 && family != 28 && family != 30)
		return FRAME_OTHER;
	return found(span_skip(frame, 4), ip);
}

enum frame_result frame_ip(int link, struct span frame, struct span *ip)
{
	*ip = (struct span){ "", 0 };
	switch (link) {
	case FRAME_ETHERNET:
		return frame.len < ETHERNET_HEADER ? FRAME_SHORT :
		       by_type(get16(frame, 12), span_skip(frame, ETHERNET_HEADER), ip);
	case FRAME_COOKED:
		return frame.len < COOKED_HEADER ? FRAME_SHORT : by_type(get16(frame, 14), span_skip(frame, COOKED_HEADER), ip);
	case FRAME_COOKED2:
		return frame.len < COOKED2_HEADER ? FRAME_SHORT : by_type(get16(frame, 0), span_skip(frame, COOKED2_HEADER), ip);
	case FRAME_CHDLC:
		return frame.len < 4 ? FRAME_SHORT : by_type(get16(frame, 2), span_skip(frame, 4), ip);
	case FRAME_PPP:
	case FRAME_PPP_SERIAL:
		if (frame.len >= 2 && get16(frame, 0) == 0xff03)	/* address and control, which may be left out */
			frame = span_skip(frame, 2);
		else if (link == FRAME_PPP_SERIAL && frame.len >= 4 && ((uint8_t)frame.p[0] == 0x0f || (uint8_t)frame.p[0] == 0x8f))
			return by_type(get16(frame, 2), span_skip(frame, 4), ip);	/* Cisco's HDLC */
		return ppp(frame, ip);
	case FRAME_NULL:
	case FRAME_LOOP:
		return by_family(frame, ip);
	case FRAME_RAW:
	case FRAME_RAW_BSD:
	case FRAME_IPV4:
	case FRAME_IPV6:
		return found(frame, ip);
	default:
		return FRAME_UNKNOWN;
	}
}
