/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lan - from rules.yaml and the machine's interfaces to what is armed */
#include "lan.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "container.h"
#include "log.h"
#include "span.h"

static struct lan_if *lan_by_name(struct lan *lan, const char *name)
{
	for (size_t i = 0; i < lan->n; i++)
		if (strcmp(lan->itf[i].arm.ifname, name) == 0)
			return &lan->itf[i];
	return NULL;
}

static void lan_take(struct lan *lan, const struct rtnl_link *link)
{
	static unsigned long long last_ms;
	struct lan_if *itf;

	if (!link->v4 && !link->v6)
		return;
	if (lan->n == LAN_MAX) {
		if (log_once(&last_ms, 60000))
			log_warn("limit of %d interfaces reached, %s is not filtered", LAN_MAX, link->name);
		return;
	}
	itf = &lan->itf[lan->n++];
	*itf = (struct lan_if){
		.arm = { .ifindex = link->index, .v4 = link->v4, .v6 = link->v6 },
	};
	snprintf(itf->arm.ifname, sizeof(itf->arm.ifname), "%s", link->name);
}

static bool lan_own(const struct rtnl *r, const char *text)
{
	struct addr a;

	return addr_parse(&a, (struct span){ text, strlen(text) }) && rtnl_is_own(r, &a);
}

static void lan_interfaces(struct lan *lan, const struct gateway *g, const struct rtnl *r)
{
	const struct rtnl_link *link[LAN_MAX + 1];
	size_t n;

	if (g->lan_auto) {
		n = rtnl_lan_auto(r, link, ARRAY_LEN(link));
		for (size_t i = 0; i < n; i++)
			lan_take(lan, link[i]);
		return;
	}
	for (unsigned i = 0; i < g->lans; i++) {
		link[0] = rtnl_link(r, g->lan[i]);
		if (link[0] && link[0]->up && !lan_by_name(lan, g->lan[i]))
			lan_take(lan, link[0]);
	}
}

static const char *lan_families(bool v4, bool v6)
{
	return v4 && v6 ? "IPv4 and IPv6" : v4 ? "IPv4" : v6 ? "IPv6" : "no family";
}

static void lan_log(struct lan *old, struct lan *new)
{
	for (size_t i = 0; i < new->n; i++) {
		const struct lan_if *a = &new->itf[i], *b = lan_by_name(old, a->arm.ifname);

		if (!b || b->arm.v4 != a->arm.v4 || b->arm.v6 != a->arm.v6)
			log_info("filtering %s for %s", a->arm.ifname, lan_families(a->arm.v4, a->arm.v6));
	}
	for (size_t i = 0; i < old->n; i++)
		if (!lan_by_name(new, old->itf[i].arm.ifname))
			log_info("no longer filtering %s", old->itf[i].arm.ifname);
	if ((old->self4 || old->self6) != (new->self4 || new->self6))
		log_info("%s this machine's own traffic", new->self4 || new->self6 ? "filtering" : "no longer filtering");
}

static bool lan_same(const struct lan *a, const struct lan *b)
{
	if (a->n != b->n || a->self4 != b->self4 || a->self6 != b->self6)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct nftset_arm *x = &a->itf[i].arm, *y = &b->itf[i].arm;

		if (strcmp(x->ifname, y->ifname) != 0 || x->ifindex != y->ifindex || x->v4 != y->v4 || x->v6 != y->v6)
			return false;
	}
	return true;
}

bool lan_find(struct lan *lan, const struct gateway *g, const struct rtnl *r)
{
	static struct lan new;
	bool self;

	new = (struct lan){ .self_drop4 = lan->self_drop4, .self_drop6 = lan->self_drop6 };
	lan_interfaces(&new, g, r);
	/* auto: where no lan was found; a lan that was named and is down is none of that */
	self = g->filter_self == SWITCH_YES || (g->filter_self == SWITCH_AUTO && g->lan_auto && !new.n);
	new.self4 = self && lan_own(r, "127.0.0.1");
	new.self6 = self && lan_own(r, "::1");
	if (lan_same(lan, &new))
		return false;
	for (size_t i = 0; i < new.n; i++) {
		const struct lan_if *was = lan_by_name(lan, new.itf[i].arm.ifname);

		if (was) {
			new.itf[i].drop4 = was->drop4;
			new.itf[i].drop6 = was->drop6;
		}
	}
	lan_log(lan, &new);
	*lan = new;
	return true;
}

size_t lan_arms(const struct lan *lan, struct nftset_arm arm[LAN_MAX])
{
	for (size_t i = 0; i < lan->n; i++) {
		const struct lan_if *itf = &lan->itf[i];

		arm[i] = itf->arm;
		arm[i].v4 = itf->arm.v4 && !itf->drop4;
		arm[i].v6 = itf->arm.v6 && !itf->drop6;
	}
	return lan->n;
}

bool lan_self(const struct lan *lan, int family)
{
	return family == AF_INET ? lan->self4 && !lan->self_drop4 : lan->self6 && !lan->self_drop6;
}

bool lan_any(const struct lan *lan)
{
	for (size_t i = 0; i < lan->n; i++)
		if ((lan->itf[i].arm.v4 && !lan->itf[i].drop4) || (lan->itf[i].arm.v6 && !lan->itf[i].drop6))
			return true;
	return lan_self(lan, AF_INET) || lan_self(lan, AF_INET6);
}

bool lan_dropped(const struct lan *lan)
{
	for (size_t i = 0; i < lan->n; i++)
		if ((lan->itf[i].arm.v4 && lan->itf[i].drop4) || (lan->itf[i].arm.v6 && lan->itf[i].drop6))
			return true;
	return (lan->self4 && lan->self_drop4) || (lan->self6 && lan->self_drop6);
}
