/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kset - the sets of nft/dejunk.nft: names, and the keys of their elements */
#include "kset.h"

#include <linux/netfilter.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

static const struct kset_row {
	const char *name;
	uint8_t key_len;
	bool interval;
} rows[KSET_COUNT] = {
	[KSET_LEASE]		= { "lease", 8, false },
	[KSET_LEASE_SELF]	= { "lease_self", 1, false },
	[KSET_LAN]		= { "lan", 20, false },
	[KSET_LAN_INDEX]	= { "lan_index", 4, false },
	[KSET_LAN_UNKNOWN]	= { "lan_unknown", 1, false },
	[KSET_EXEMPT4]		= { "exempt4", 4, true },
	[KSET_EXEMPT6]		= { "exempt6", 16, true },
	[KSET_EXEMPT_HW]	= { "exempt_hw", 6, false },
	[KSET_PAUSED4]		= { "paused4", 4, false },
	[KSET_PAUSED6]		= { "paused6", 16, false },
	[KSET_PAUSED_HW]	= { "paused_hw", 6, false },
	[KSET_REFUSED_HW4]	= { "refused_hw4", 12, false },
	[KSET_REFUSED_HW6]	= { "refused_hw6", 24, false },
	[KSET_REFUSED_IP4]	= { "refused_ip4", 8, false },
	[KSET_REFUSED_IP6]	= { "refused_ip6", 32, false },
	[KSET_REFUSED_SELF4]	= { "refused_self4", 4, false },
	[KSET_REFUSED_SELF6]	= { "refused_self6", 16, false },
	[KSET_SUSPECT4]		= { "suspect4", 4, false },
	[KSET_SUSPECT6]		= { "suspect6", 16, false },
	[KSET_SUSPECT_NET4]	= { "suspect_net4", 4, true },
	[KSET_SUSPECT_NET6]	= { "suspect_net6", 16, true },
	[KSET_DIRECT4]		= { "direct4", 8, false },
	[KSET_DIRECT6]		= { "direct6", 20, false },
	[KSET_DIRECT_PAIR4]	= { "direct_pair4", 8, false },
	[KSET_DIRECT_PAIR6]	= { "direct_pair6", 32, false },
	[KSET_OFFLOADED]	= { "offloaded", 1, false },
};

const char *kset_name(enum kset set)
{
	return (unsigned)set < KSET_COUNT ? rows[set].name : "?";
}

bool kset_is_interval(enum kset set)
{
	return (unsigned)set < KSET_COUNT && rows[set].interval;
}

size_t kset_key_len(enum kset set)
{
	return (unsigned)set < KSET_COUNT ? rows[set].key_len : 0;
}

/* --- keys --------------------------------------------------------------------- */

static void key_put(struct kset_key *k, const void *p, size_t len)
{
	size_t padded = (len + 3) & ~(size_t)3;

	if (k->len + padded > sizeof(k->bytes))
		return;
	memcpy(k->bytes + k->len, p, len);
	k->len = (uint8_t)(k->len + padded);
}

static void key_put_addr(struct kset_key *k, const struct addr *a)
{
	if (a->family == AF_INET || a->family == AF_INET6)
		key_put(k, a->ip, addr_len(a));
}

static uint8_t family_nfproto(int family)
{
	return family == AF_INET ? NFPROTO_IPV4 : family == AF_INET6 ? NFPROTO_IPV6 : NFPROTO_UNSPEC;
}

/* A key of one part is as long as the part, not padded */
struct kset_key kset_key_family(int family)
{
	return (struct kset_key){ .len = 1, .bytes = { family_nfproto(family) } };
}

struct kset_key kset_key_family_if(int family, const char *ifname)
{
	struct kset_key k = { 0 };
	uint8_t nfproto = family_nfproto(family);
	char name[IFNAMSIZ] = "";

	strncpy(name, ifname, sizeof(name) - 1);
	key_put(&k, &nfproto, sizeof(nfproto));
	key_put(&k, name, sizeof(name));
	return k;
}

struct kset_key kset_key_family_index(int family, uint32_t ifindex)
{
	struct kset_key k = { 0 };
	uint8_t nfproto = family_nfproto(family);

	key_put(&k, &nfproto, sizeof(nfproto));
	key_put(&k, &ifindex, sizeof(ifindex));
	return k;
}

struct kset_key kset_key_index(uint32_t ifindex)
{
	struct kset_key k = { 0 };

	key_put(&k, &ifindex, sizeof(ifindex));	/* host byte order */
	return k;
}

struct kset_key kset_key_hw(const uint8_t hw[6])
{
	struct kset_key k = { .len = 6 };

	memcpy(k.bytes, hw, 6);
	return k;
}

struct kset_key kset_key_hw_addr(const uint8_t hw[6], const struct addr *a)
{
	struct kset_key k = { 0 };

	key_put(&k, hw, 6);
	key_put_addr(&k, a);
	return k;
}

struct kset_key kset_key_addr(const struct addr *a)
{
	struct kset_key k = { 0 };

	key_put_addr(&k, a);
	return k;
}

struct kset_key kset_key_addr_addr(const struct addr *a, const struct addr *b)
{
	struct kset_key k = { 0 };

	if (a->family != b->family)
		return k;
	key_put_addr(&k, a);
	key_put_addr(&k, b);
	return k;
}

struct kset_key kset_key_addr_port(const struct addr *a)
{
	struct kset_key k = { 0 };

	key_put_addr(&k, a);
	key_put(&k, &a->port_be, sizeof(a->port_be));
	return k;
}
