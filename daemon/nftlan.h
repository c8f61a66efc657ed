/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nftlan - the sets that are stated anew as a whole: the lan, its lease, prefixes
 *
 * Each function is one transaction of nftset, and answers as nftset_commit().
 */
#ifndef DEJUNK_NFTLAN_H
#define DEJUNK_NFTLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "kset.h"

struct nftset;

/* An interface and the families it is armed for */
struct nftset_arm {
	char ifname[16];
	uint32_t ifindex;
	bool v4, v6;
};
/* nftset_lan - state the lan anew: LAN and LAN_INDEX replaced, LAN_UNKNOWN emptied.  Commits.
 * An @arm with ifindex 0 is an interface that does not exist yet.  Does not arm and does not disarm: nftset_lease() does.
 * Call it whenever rtnetlink says something changed, and after firewall_load(). */
int nftset_lan(struct nftset *s, const struct nftset_arm *arm, size_t n);
/* nftset_lan_unknown - for on_failure: block with lan: auto, before the daemon runs: any interface may be the lan.  Commits. */
int nftset_lan_unknown(struct nftset *s);
/* nftset_offloaded - does another table offload flows?  States the set OFFLOADED anew, for both families.  Commits. */
int nftset_offloaded(struct nftset *s, bool yes);
/* nftset_merge - sort prefixes and leave out those inside others; returns how many remain */
size_t nftset_merge(struct prefix *p, size_t n);
/* nftset_prefixes - replace the prefixes of a set and of its sister for IPv6 (SUSPECT_NET4 and 6), named by the first.  Commits.
 * @p is sorted and merged in place.  Returns as nftset_commit(), or -ENOBUFS: more than one transaction can hold. */
int nftset_prefixes(struct nftset *s, enum kset four, struct prefix *p, size_t n);
/* nftset_exempt - the same for EXEMPT4, 6 and HW: prefixes of clients, and link-layer addresses (FAMILY_HW) */
int nftset_exempt(struct nftset *s, struct prefix *p, size_t n);
/* nftset_lease - arm, or renew for @timeout_ms: exactly these interfaces and families, and own traffic for the families
 * of @self.  What is not mentioned is disarmed at once.  Commits.  -ENOENT: the table is gone. */
int nftset_lease(struct nftset *s, const struct nftset_arm *arm, size_t n, bool self4, bool self6, uint64_t timeout_ms);
/* nftset_lease_end - disarm at once.  Commits.  -ENOENT: the table is gone, which disarms as well. */
int nftset_lease_end(struct nftset *s);

#endif
