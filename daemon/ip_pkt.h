/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ip_pkt - one IP packet: addresses, ports, TCP flags, and where the payload is
 *
 * Pure: reads bytes the caller owns, keeps nothing, allocates nothing, logs
 * nothing.  The payload span points into the caller's buffer and dies with it.
 * Takes the packet as netfilter's queue hands it over: it begins at the IP header
 * and may be a copy of its first bytes only (the queue copies 128 bytes of a SYN).
 * Checksums are not looked at: the kernel did, or hardware has yet to fill them in.
 * Grammar: RFC 791, RFC 8200, RFC 9293, RFC 768.
 */
#ifndef DEJUNK_IP_PKT_H
#define DEJUNK_IP_PKT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "span.h"

enum ip_pkt_result {
	IP_PKT_TCP,		/* everything in struct ip_pkt is filled */
	IP_PKT_UDP,		/* all but the tcp_ fields */
	IP_PKT_OTHER,		/* another protocol: addresses without ports, protocol, payload behind the IP headers */
	IP_PKT_FRAGMENT,	/* not the first fragment: as OTHER; ports are in the first one only */
	/* bad: nothing in struct ip_pkt may be used */
	IP_PKT_BAD_SHORT,	/* the copy, or a tiny first fragment, ends before the ports and flags */
	IP_PKT_BAD_VERSION,	/* neither IPv4 nor IPv6 */
	IP_PKT_BAD_LENGTH,	/* lengths in the headers contradict each other */
	IP_PKT_BAD_EXTENSIONS,	/* more than IP_PKT_EXTENSIONS IPv6 extension headers */
};

enum { IP_PKT_EXTENSIONS = 8 };	/* headers walked of one IPv6 packet */

enum ip_pkt_flag {		/* tcp_flags, RFC 9293 s.3.1 */
	TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_PSH = 0x08,
	TCP_ACK = 0x10, TCP_URG = 0x20, TCP_ECE = 0x40, TCP_CWR = 0x80,
};

struct ip_pkt {
	struct addr src, dst;	/* with ports for TCP and UDP; a v4-mapped address became IPv4 */
	uint8_t version;	/* 4 or 6: of the IP header */
	uint8_t protocol;	/* IPPROTO_TCP..., behind any extension headers */
	uint8_t tcp_flags;	/* enum ip_pkt_flag */
	bool fragment;		/* the first fragment: payload is the beginning only */
	bool cut;		/* the copy is shorter than the packet (payload holds less than payload_bytes) */
	uint32_t tcp_seq;	/* host byte order */
	uint32_t tcp_ack;
	size_t payload_bytes;	/* behind the last header, as the packet's own lengths say */
	struct span payload;	/* as much of it as was copied (borrowed) */
};

/* ip_pkt_parse - read the headers of one IP packet
 * @in:  the packet or its beginning (borrowed; must outlive @out)
 * @out: filled as the answer says
 *
 * Returns one of enum ip_pkt_result; never reads past @in.  A length of 0 in the IP header (GSO packets beyond
 * 64 KiB, jumbograms) means: up to the end of @in.  Bytes behind the packet's own length are not payload. */
enum ip_pkt_result ip_pkt_parse(struct span in, struct ip_pkt *out);

/* ip_pkt_is_syn - a first packet: SYN and none of FIN, RST, ACK (DESIGN section 4) */
static inline bool ip_pkt_is_syn(const struct ip_pkt *p)
{
	return p->protocol == IPPROTO_TCP && (p->tcp_flags & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK)) == TCP_SYN;
}

#endif
