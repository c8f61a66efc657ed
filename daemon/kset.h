/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kset - the sets of nft/dejunk.nft: names, and the keys of their elements */
#ifndef DEJUNK_KSET_H
#define DEJUNK_KSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

enum { KSET_KEY = 40 };	/* bytes of the longest key, padding included */

/* the sets of nft/dejunk.nft, see there; names and key lengths in one table in kset.c */
enum kset {
	KSET_LEASE,		/* nfproto . ifindex, timeout: this interface is filtered for this family */
	KSET_LEASE_SELF,	/* nfproto, timeout: this machine's own traffic is filtered */
	KSET_LAN,		/* nfproto . ifname, no timeout: for on_failure: block */
	KSET_LAN_INDEX,		/* ifindex of the lan; 0 stands for "here or nowhere" */
	KSET_LAN_UNKNOWN,	/* nfproto: on_failure: block before anybody told which interfaces are the lan */
	KSET_EXEMPT4, KSET_EXEMPT6,		/* prefixes of clients never filtered */
	KSET_EXEMPT_HW,				/* link-layer address of such clients */
	KSET_PAUSED4, KSET_PAUSED6, KSET_PAUSED_HW,	/* clients not filtered for a time */
	KSET_REFUSED_HW4, KSET_REFUSED_HW6,	/* link-layer address . server */
	KSET_REFUSED_IP4, KSET_REFUSED_IP6,	/* client . server */
	KSET_REFUSED_SELF4, KSET_REFUSED_SELF6,	/* server */
	KSET_SUSPECT4, KSET_SUSPECT6,		/* server */
	KSET_SUSPECT_NET4, KSET_SUSPECT_NET6,	/* prefixes of servers */
	KSET_DIRECT4, KSET_DIRECT6,		/* server . port: not redirected for a time */
	KSET_DIRECT_PAIR4, KSET_DIRECT_PAIR6,	/* client . server: not redirected for a time */
	KSET_OFFLOADED,				/* nfproto: another table offloads flows of this family */
	KSET_COUNT
};

struct kset_key {
	uint8_t len;			/* 0: could not be built */
	uint8_t bytes[KSET_KEY];	/* as in the kernel's registers: each part padded to 4 */
};

/* Keys.  Each takes its parts in the order of the set. */
struct kset_key kset_key_family(int family);					/* AF_INET or AF_INET6; LEASE_SELF, OFFLOADED */
struct kset_key kset_key_family_if(int family, const char *ifname);		/* LAN */
struct kset_key kset_key_family_index(int family, uint32_t ifindex);		/* LEASE */
struct kset_key kset_key_index(uint32_t ifindex);				/* LAN_INDEX */
struct kset_key kset_key_hw(const uint8_t hw[6]);				/* EXEMPT_HW, PAUSED_HW */
struct kset_key kset_key_hw_addr(const uint8_t hw[6], const struct addr *a);	/* REFUSED_HW* */
struct kset_key kset_key_addr(const struct addr *a);				/* SUSPECT*, PAUSED*, REFUSED_SELF* */
struct kset_key kset_key_addr_addr(const struct addr *a, const struct addr *b);	/* REFUSED_IP*, DIRECT_PAIR*; same family */
struct kset_key kset_key_addr_port(const struct addr *a);			/* DIRECT* */
/* kset_of - the IPv4 or the IPv6 one of a pair of sets, given its IPv4 name */
static inline enum kset kset_of(enum kset four, const struct addr *a)
{
	return (enum kset)(a->family == AF_INET ? four : four + 1);
}
/* kset_name - as in nft/dejunk.nft ("refused_hw4") */
const char *kset_name(enum kset set);
/* kset_is_interval - does it hold prefixes? */
bool kset_is_interval(enum kset set);
/* kset_key_len - bytes of its keys */
size_t kset_key_len(enum kset set);

#endif
