/* SPDX-License-Identifier: GPL-3.0-or-later */
/* policy - questions to the other firewall tables about our own interfaces, for the monitor and for doctor */
#ifndef DEJUNK_POLICY_H
#define DEJUNK_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "lan.h"
#include "rtnl.h"
#include "ruleset.h"

/* policy_link - what rules may ask about an interface; @link NULL: nothing is known, @out stays */
void policy_link(const struct rtnl_link *link, struct ruleset_link *out);
/* policy_input - would a connection that comes by @ifname and is redirected to @port of this machine get in?
 * @family: AF_INET or AF_INET6; @where: filled */
enum ruleset_answer policy_input(struct ruleset *rs, const struct rtnl *r, const char *ifname, int family, uint16_t port,
				 struct ruleset_where *where);
/* policy_nat6_missing - is IPv6 armed on some interface of @lan, and certainly not masqueraded? */
bool policy_nat6_missing(const struct ruleset *rs, const struct lan *lan);

#endif
