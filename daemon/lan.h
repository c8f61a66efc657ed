/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lan - which interfaces are to be filtered, for which family, and is our own traffic
 *
 * Computed anew from the rtnetlink snapshot each time something changes; says what changed
 * in the log.  An interface without an address of a family is not armed for it (REDIRECT would drop).
 */
#ifndef DEJUNK_LAN_H
#define DEJUNK_LAN_H

#include <stdbool.h>
#include <stddef.h>

#include "addr.h"
#include "gateway.h"
#include "nftset.h"
#include "rtnl.h"

enum { LAN_MAX = 128 };		/* interfaces filtered at once; more are left out, and the log says so */

struct lan_if {
	struct nftset_arm arm;	/* v4, v6: it has an address of the family */
	bool drop4, drop6;	/* the INPUT policy drops what would be redirected: not armed for this family */
};

struct lan {
	size_t n;
	struct lan_if itf[LAN_MAX];
	bool self4, self6;	/* filter_self is in force and the family is there */
	bool self_drop4, self_drop6;
};

/* lan_find - what the gateway section and the snapshot mean now; drop4, drop6 of interfaces that stay are kept
 * Returns true when @lan changed, after logging each interface that came or went. */
bool lan_find(struct lan *lan, const struct gateway *g, const struct rtnl *r);
/* lan_arms - what nftset_lan() and nftset_lease() take: each interface, less the families that its INPUT policy drops.
 * @arm has room for LAN_MAX.  Returns how many. */
size_t lan_arms(const struct lan *lan, struct nftset_arm arm[LAN_MAX]);
/* lan_self - is own traffic to be armed for this family (AF_INET or AF_INET6)? */
bool lan_self(const struct lan *lan, int family);
/* lan_any - is there anything at all to be armed? */
bool lan_any(const struct lan *lan);
/* lan_dropped - is any family of any interface, or of our own traffic, kept out by its INPUT policy? */
bool lan_dropped(const struct lan *lan);

#endif
