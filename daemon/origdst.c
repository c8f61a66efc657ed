/* SPDX-License-Identifier: GPL-3.0-or-later */
/* origdst - where a redirected connection was going before nft redirected it */
#include "origdst.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum { ORIGINAL_DST = 80 };	/* SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST: linux/netfilter_ipv4.h, netfilter_ipv6/ip6_tables.h */

/* The trap: on a dual-stack listener an IPv4 connection is an IPv6 socket with v4-mapped addresses.  Asked at the level
 * IPPROTO_IPV6 conntrack looks for an IPv6 flow and finds none; asked at IPPROTO_IP it answers. */
int origdst_get(int fd, const struct addr *client, uint16_t listen_be, struct addr *dst)
{
	struct sockaddr_storage own, orig;
	socklen_t own_len = sizeof(own), len;
	struct addr here;
	bool v4 = client->family == AF_INET;

	memset(&orig, 0, sizeof(orig));
	len = v4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	if (getsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, ORIGINAL_DST, &orig, &len) < 0) {
		/* ENOENT: not a flow that conntrack knows; ENOPROTOOPT: no conntrack here at all.  So nobody redirected it. */
		return errno == ENOENT || errno == ENOPROTOOPT ? ORIGDST_DIRECT : -errno;
	}
	if (!addr_from_sockaddr(dst, &orig))
		return -EAFNOSUPPORT;
	if (dst->port_be != listen_be)	/* it went to another port than where it arrived: no need to ask where that is */
		return ORIGDST_REDIRECTED;
	if (getsockname(fd, (struct sockaddr *)&own, &own_len) < 0)
		return -errno;
	if (!addr_from_sockaddr(&here, &own))	/* takes v4-mapped to IPv4 */
		return -EAFNOSUPPORT;
	if (addr_eq_ip(dst, &here) && dst->port_be == here.port_be)
		return ORIGDST_DIRECT;
	return ORIGDST_REDIRECTED;
}
