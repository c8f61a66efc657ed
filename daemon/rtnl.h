/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rtnl - interfaces, addresses, routes and neighbours of this network namespace (rtnetlink, libmnl)
 *
 * Keeps a snapshot of links, addresses and default routes, refreshed when the kernel says that something
 * changed.  Route and neighbour questions go to the kernel each time.  Nothing here waits longer than RTNL_WAIT_MS.
 */
#ifndef DEJUNK_RTNL_H
#define DEJUNK_RTNL_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

enum { RTNL_WAIT_MS = 1000, RTNL_LINKS = 1024, RTNL_ADDRS = 4096 };

struct rtnl_link {
	uint32_t index;
	uint32_t master;	/* index of the bridge or bond it belongs to, or 0 */
	char name[IFNAMSIZ];
	uint16_t type;		/* ARPHRD_*, 1: Ethernet */
	uint32_t group;		/* IFLA_GROUP, 0: default */
	char kind[16];		/* "veth", "bridge", "wireguard", ...; "" for hardware */
	bool up;
	bool loopback;
	bool ether;		/* has 6-byte link-layer addresses */
	bool xdp;		/* an XDP program sees its packets first */
	bool v4;		/* has an IPv4 address: REDIRECT works */
	bool v6;		/* has an IPv6 address, link-local included, no longer tentative: REDIRECT works */
	bool v6_global;		/* has one that is not link-local */
	bool default_route;	/* a default route of either family leaves here */
};

struct rtnl;

/* rtnl_new - open the sockets and take the first snapshot; 0 or a negative errno.  Undone by rtnl_free (NULL allowed). */
int rtnl_new(struct rtnl **out);
/* rtnl_open - the same without snapshot and events: only for questions to the kernel, which need no privilege */
int rtnl_open(struct rtnl **out);
void rtnl_free(struct rtnl *r);
/* rtnl_fd - descriptor to watch for reading; then call rtnl_read().  Owned by @r. */
int rtnl_fd(const struct rtnl *r);
/* rtnl_read - take in events; returns 1: the snapshot changed, 0: it did not, or a negative errno (the old one stays) */
int rtnl_read(struct rtnl *r);

/* rtnl_links - the snapshot's links (borrowed until the next rtnl_read); returns how many */
size_t rtnl_links(const struct rtnl *r, const struct rtnl_link **links);
/* rtnl_link - by name; NULL: there is none */
const struct rtnl_link *rtnl_link(const struct rtnl *r, const char *name);
/* rtnl_lan_auto - the interfaces that "lan: auto" means: those that are up and have an address of their own, less lo,
 * those with a default route, and those of containers, virtual machines and tunnels (rtnl.c says how they are told).
 * With no default route at all: none.  Fills at most @max pointers (borrowed as above), returns how many. */
size_t rtnl_lan_auto(const struct rtnl *r, const struct rtnl_link *lan[], size_t max);
/* rtnl_lan_why_not - why "lan: auto" leaves this link out, for people and logs; NULL: it does not */
const char *rtnl_lan_why_not(const struct rtnl *r, const struct rtnl_link *link);
/* rtnl_is_own - is this an address of this machine?  Loopback included; ports not looked at */
bool rtnl_is_own(const struct rtnl *r, const struct addr *a);
/* rtnl_source_rules - number of "ip rule"s that select by source, mark or interface (policy routing: what the proxy
 * dials may leave elsewhere than what it replaces); or a negative errno */
int rtnl_source_rules(struct rtnl *r);
/* rtnl_mark_rules - number of "ip rule"s that select by a mark, @bits: filled with the bits that they look at; or a
 * negative errno */
int rtnl_mark_rules(struct rtnl *r, uint32_t *bits);
/* rtnl_has_ingress - may tc filters see what comes in by this interface (a qdisc ingress or clsact)?  1, 0, or a negative errno */
int rtnl_has_ingress(struct rtnl *r, uint32_t index);
/* rtnl_route_oif - by which interface would a packet to @dst leave?
 * @src: of which source, or NULL; @iif: as received on that interface index, or 0
 * Returns its index, or a negative errno (-ENETUNREACH: no route; -EINVAL: family). */
int rtnl_route_oif(struct rtnl *r, const struct addr *dst, const struct addr *src, uint32_t iif);
/* rtnl_neighbour - the link-layer address of a neighbour; 0, -ENOENT: not known, or another negative errno */
int rtnl_neighbour(struct rtnl *r, const struct addr *a, uint8_t hw[6]);

#endif
