/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nftlan - the sets that are stated anew as a whole: the lan, its lease, prefixes */
#include "nftlan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "nftset.h"

/* with_lan, with_lease - add an interface to the set, for the families it is armed for */
static int with_lan(struct nftset *s, const struct nftset_arm *a)
{
	struct kset_key k4 = kset_key_family_if(AF_INET, a->ifname), k6 = kset_key_family_if(AF_INET6, a->ifname);
	int err = a->v4 ? nftset_add(s, KSET_LAN, &k4, 0) : 0;

	return !err && a->v6 ? nftset_add(s, KSET_LAN, &k6, 0) : err;
}

static int with_lease(struct nftset *s, const struct nftset_arm *a, uint64_t timeout_ms)
{
	struct kset_key k4 = kset_key_family_index(AF_INET, a->ifindex), k6 = kset_key_family_index(AF_INET6, a->ifindex);
	int err;

	if (!a->ifindex)
		return 0;
	err = a->v4 ? nftset_add(s, KSET_LEASE, &k4, timeout_ms) : 0;
	return !err && a->v6 ? nftset_add(s, KSET_LEASE, &k6, timeout_ms) : err;
}

int nftset_lan(struct nftset *s, const struct nftset_arm *arm, size_t n)
{
	struct kset_key k = kset_key_index(0);
	int err;

	nftset_begin(s);
	err = nftset_flush(s, KSET_LAN);
	if (!err)
		err = nftset_flush(s, KSET_LAN_UNKNOWN);
	if (!err)
		err = nftset_flush(s, KSET_LAN_INDEX);
	if (!err)
		err = nftset_add(s, KSET_LAN_INDEX, &k, 0);
	for (size_t i = 0; i < n && !err; i++) {
		err = with_lan(s, &arm[i]);
		k = kset_key_index(arm[i].ifindex);
		if (!err && arm[i].ifindex)
			err = nftset_add(s, KSET_LAN_INDEX, &k, 0);
	}
	return err ? err : nftset_commit(s);
}

int nftset_lan_unknown(struct nftset *s)
{
	struct kset_key k4 = kset_key_family(AF_INET), k6 = kset_key_family(AF_INET6);
	int err;

	nftset_begin(s);
	err = nftset_add(s, KSET_LAN_UNKNOWN, &k4, 0);
	if (!err)
		err = nftset_add(s, KSET_LAN_UNKNOWN, &k6, 0);
	return err ? err : nftset_commit(s);
}

int nftset_offloaded(struct nftset *s, bool yes)
{
	struct kset_key k4 = kset_key_family(AF_INET), k6 = kset_key_family(AF_INET6);
	int err;

	nftset_begin(s);
	err = nftset_flush(s, KSET_OFFLOADED);
	if (!err && yes)
		err = nftset_add(s, KSET_OFFLOADED, &k4, 0);
	if (!err && yes)
		err = nftset_add(s, KSET_OFFLOADED, &k6, 0);
	return err ? err : nftset_commit(s);
}

/* nftset_lease - flushed and filled in one transaction: packets see the old elements or the new ones, and an
 * interface that is no longer armed loses its lease by not being mentioned.  (Deleting each instead fails when one
 * has just expired; adding alone does not renew.) */
int nftset_lease(struct nftset *s, const struct nftset_arm *arm, size_t n, bool self4, bool self6, uint64_t timeout_ms)
{
	struct kset_key k4 = kset_key_family(AF_INET), k6 = kset_key_family(AF_INET6);
	int err;

	nftset_begin(s);
	err = nftset_flush(s, KSET_LEASE);
	if (!err)
		err = nftset_flush(s, KSET_LEASE_SELF);
	for (size_t i = 0; i < n && !err; i++)
		err = with_lease(s, &arm[i], timeout_ms);
	if (!err && self4)
		err = nftset_add(s, KSET_LEASE_SELF, &k4, timeout_ms);
	if (!err && self6)
		err = nftset_add(s, KSET_LEASE_SELF, &k6, timeout_ms);
	return err ? err : nftset_commit(s);
}

int nftset_lease_end(struct nftset *s)
{
	return nftset_lease(s, NULL, 0, false, false, 0);
}

static int prefix_wider(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;
	int d = memcmp(x->net.ip, y->net.ip, sizeof(x->net.ip));

	return x->net.family != y->net.family ? x->net.family - y->net.family : d ? d : x->bits - y->bits;
}

size_t nftset_merge(struct prefix *p, size_t n)
{
	size_t kept = 0;

	if (n > 1)
		qsort(p, n, sizeof(*p), prefix_wider);
	for (size_t i = 0; i < n; i++)	/* a prefix sorts right after those that hold it */
		if (!kept || !prefix_has(&p[kept - 1], &p[i].net))
			p[kept++] = p[i];
	return kept;
}

/* the prefixes of both families, in the transaction that is open */
static int lan_prefixes(struct nftset *s, enum kset four, struct prefix *p, size_t n)
{
	int err;

	n = nftset_merge(p, n);
	err = nftset_flush(s, four);
	if (!err)
		err = nftset_flush(s, (enum kset)(four + 1));
	for (size_t i = 0; i < n && !err; i++)
		err = nftset_add_prefix(s, kset_of(four, &p[i].net), &p[i]);
	return err;
}

int nftset_prefixes(struct nftset *s, enum kset four, struct prefix *p, size_t n)
{
	int err;

	nftset_begin(s);
	err = lan_prefixes(s, four, p, n);
	return err ? err : nftset_commit(s);
}

int nftset_exempt(struct nftset *s, struct prefix *p, size_t n)
{
	size_t kept = 0;
	int err;

	nftset_begin(s);
	err = nftset_flush(s, KSET_EXEMPT_HW);
	for (size_t i = 0; i < n && !err; i++) {
		struct kset_key hw;

		if (p[i].net.family != FAMILY_HW) {
			p[kept++] = p[i];
			continue;
		}
		hw = kset_key_hw(p[i].net.ip);
		err = nftset_add(s, KSET_EXEMPT_HW, &hw, 0);
	}
	if (!err)
		err = lan_prefixes(s, KSET_EXEMPT4, p, kept);
	return err ? err : nftset_commit(s);
}
