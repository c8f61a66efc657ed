/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rtnl_policy - what else decides about routes and packets: ip rules, and tc on an interface */
#include <linux/fib_rules.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>

#include "rtnl.h"
#include "rtnl_parts.h"

static int on_rule(const struct nlmsghdr *h, void *data)
{
	const struct fib_rule_hdr *f = mnl_nlmsg_get_payload(h);
	const struct nlattr *tb[FRA_MAX + 1];
	int *n = data;

	rtnl_attributes(h, sizeof(*f), tb, FRA_MAX);
	if (h->nlmsg_type == RTM_NEWRULE && (f->src_len || f->tos || tb[FRA_SRC] || tb[FRA_FWMARK] || tb[FRA_IIFNAME] ||
					     tb[FRA_OIFNAME] || tb[FRA_UID_RANGE] || tb[FRA_SPORT_RANGE]))
		++*n;
	return MNL_CB_OK;
}

int rtnl_source_rules(struct rtnl *r)
{
	int n = 0, err = rtnl_dump(r, RTM_GETRULE, sizeof(struct fib_rule_hdr), AF_INET, on_rule, &n);

	if (!err)
		err = rtnl_dump(r, RTM_GETRULE, sizeof(struct fib_rule_hdr), AF_INET6, on_rule, &n);
	return err ? err : n;
}

struct mark_rules {
	int n;
	uint32_t bits;
};

static int on_mark_rule(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *tb[FRA_MAX + 1];
	struct mark_rules *m = data;

	rtnl_attributes(h, sizeof(struct fib_rule_hdr), tb, FRA_MAX);
	if (h->nlmsg_type == RTM_NEWRULE && tb[FRA_FWMARK]) {
		m->n++;
		m->bits |= tb[FRA_FWMASK] ? rtnl_attr_u32(tb[FRA_FWMASK]) : ~(uint32_t)0;
	}
	return MNL_CB_OK;
}

int rtnl_mark_rules(struct rtnl *r, uint32_t *bits)
{
	struct mark_rules m = { 0 };
	int err = rtnl_dump(r, RTM_GETRULE, sizeof(struct fib_rule_hdr), AF_INET, on_mark_rule, &m);

	if (!err)
		err = rtnl_dump(r, RTM_GETRULE, sizeof(struct fib_rule_hdr), AF_INET6, on_mark_rule, &m);
	*bits = m.bits;
	return err ? err : m.n;
}

struct ingress {
	int index;
	bool found;
};

static int on_qdisc(const struct nlmsghdr *h, void *data)
{
	const struct tcmsg *t = mnl_nlmsg_get_payload(h);
	struct ingress *i = data;

	/* clsact stands at the same place */
	if (h->nlmsg_type == RTM_NEWQDISC && mnl_nlmsg_get_payload_len(h) >= sizeof(*t) && t->tcm_ifindex == i->index &&
	    t->tcm_parent == TC_H_INGRESS)
		i->found = true;
	return MNL_CB_OK;
}

int rtnl_has_ingress(struct rtnl *r, uint32_t index)
{
	struct ingress i = { .index = (int)index };
	int err = rtnl_dump(r, RTM_GETQDISC, sizeof(struct tcmsg), AF_UNSPEC, on_qdisc, &i);

	return err ? err : i.found;
}
