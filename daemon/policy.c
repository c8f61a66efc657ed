/* SPDX-License-Identifier: GPL-3.0-or-later */
/* policy - from our interfaces to the packets that the other tables are asked about */
#include "policy.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* the address that REDIRECT would choose on this interface, with the proxy's port */
static void policy_own_address(const char *ifname, int family, uint16_t port, struct addr *out)
{
	struct ifaddrs *list, *i;

	*out = (struct addr){ .family = (uint8_t)family };
	if (getifaddrs(&list) == 0) {
		for (i = list; i; i = i->ifa_next) {
			struct sockaddr_storage ss = { 0 };

			if (!i->ifa_addr || i->ifa_addr->sa_family != family || strcmp(i->ifa_name, ifname) != 0)
				continue;
			memcpy(&ss, i->ifa_addr, family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
			if (addr_from_sockaddr(out, &ss))
				break;
		}
		freeifaddrs(list);
	}
	out->port_be = htons(port);
}

void policy_link(const struct rtnl_link *link, struct ruleset_link *out)
{
	if (!link)
		return;
	*out = (struct ruleset_link){ .index = link->index, .type = link->type, .group_known = true, .group = link->group };
	snprintf(out->name, sizeof(out->name), "%s", link->name);
}

enum ruleset_answer policy_input(struct ruleset *rs, const struct rtnl *r, const char *ifname, int family, uint16_t port,
				 struct ruleset_where *where)
{
	struct ruleset_packet p = { .family = (uint8_t)family };

	snprintf(p.in.name, sizeof(p.in.name), "%s", ifname);
	policy_link(rtnl_link(r, ifname), &p.in);
	policy_own_address(ifname, family, port, &p.dst);
	return ruleset_input(rs, &p, where);
}

bool policy_nat6_missing(const struct ruleset *rs, const struct lan *lan)
{
	bool lan6 = false;

	for (size_t i = 0; i < lan->n; i++)
		lan6 |= lan->itf[i].arm.v6;
	return lan6 && !ruleset_nat6(rs);
}
