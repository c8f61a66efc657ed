/* SPDX-License-Identifier: GPL-3.0-or-later */
/* doctor - interfaces, routes, kernel settings, ports and queues; the other tables are in doctor_tables.c */
#include "doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "container.h"
#include "firewall.h"
#include "firewall_numbers.h"
#include "limits.h"
#include "sysctl.h"
#include "taken.h"

enum {
	WHERE_BYTES = 512,
	QUEUES = 64,			/* netfilter queues looked at */
	DNS_PORT = 53, DOT_PORT = 853,
	FULL_PERCENT = 90,
	CLOCK_BEGIN = 1700000000,	/* November 2023: a clock before that was never set */
};

const struct finding_text *finding_text(enum finding f)
{
	static const struct finding_text texts[] = {
#define FINDING(name, grade, what, means, does, you) { #name, GRADE_##grade, what, means, does, you },
#include "tbl/finding.h"
#undef FINDING
	};

	return &texts[f];
}

void doctor_tell(struct doctor *d, enum finding f, const char *fmt, ...)
{
	char where[WHERE_BYTES];
	va_list args;

	va_start(args, fmt);
	vsnprintf(where, sizeof(where), fmt, args);
	va_end(args);
	d->on(d->ctx, f, where);
}

/* --- ports and queues --------------------------------------------------------------------- */

static bool doctor_is_us(const struct doctor *d, const char *who)
{
	return d->running && strncmp(who, "dejunk", 6) == 0;
}

static void doctor_places(struct doctor *d)
{
	static const uint16_t ours[] = { FIREWALL_QUEUE_DNS, FIREWALL_QUEUE_SYN, FIREWALL_QUEUE_HELLO };
	struct taken_queue queue[QUEUES];
	unsigned n = taken_queues(queue, QUEUES);
	char who[TAKEN_TEXT];

	if (taken_port(d->gateway->listen, who) && !doctor_is_us(d, who))
		doctor_tell(d, FINDING_PORT_TAKEN, "port %u: %s", d->gateway->listen, who);
	for (unsigned i = 0; i < n; i++) {
		bool mine = false;

		for (size_t k = 0; k < ARRAY_LEN(ours); k++)
			mine |= queue[i].number == ours[k];
		if (!mine)
			doctor_tell(d, FINDING_OTHER_QUEUES, "queue %u: %s", queue[i].number, queue[i].who);
		else if (!doctor_is_us(d, queue[i].who))
			doctor_tell(d, FINDING_QUEUE_TAKEN, "queue %u: %s", queue[i].number, queue[i].who);
	}
	if (taken_udp(DNS_PORT, who)) {
		char up[TAKEN_TEXT];

		if (taken_remote(DOT_PORT, up))
			doctor_tell(d, FINDING_RESOLVER, "%s; %s asks others over TLS", who, up);
		else
			doctor_tell(d, FINDING_RESOLVER, "%s", who);
	}
}

/* --- interfaces and routes ------------------------------------------------------------------- */

static bool doctor_forwards(bool six)
{
	long on;

	return !sysctl_get(six ? "net/ipv6/conf/all/forwarding" : "net/ipv4/ip_forward", &on) || on;
}

static void doctor_lan(struct doctor *d)
{
	const struct lan *lan = d->lan;
	bool v4 = false, v6 = false;

	for (size_t i = 0; i < lan->n; i++) {
		const struct rtnl_link *l = rtnl_link(d->rtnl, lan->itf[i].arm.ifname), *links;
		size_t n = rtnl_links(d->rtnl, &links);

		v4 |= lan->itf[i].arm.v4;
		v6 |= lan->itf[i].arm.v6;
		if (!l)
			continue;
		for (size_t k = 0; l->master && k < n; k++)
			if (links[k].index == l->master && strcmp(links[k].kind, "bridge") == 0)
				doctor_tell(d, FINDING_BRIDGE_PORT, "%s, part of %s", l->name, links[k].name);
		if (l->xdp || rtnl_has_ingress(d->rtnl, l->index) > 0)
			doctor_tell(d, FINDING_INGRESS, "%s: %s", l->name, l->xdp ? "an XDP program" : "tc");
	}
	if (!lan->n && !lan->self4 && !lan->self6)
		doctor_tell(d, FINDING_NO_LAN, "%s", d->gateway->lan_auto ? "lan: auto" : "none of those named is there");
	if ((v4 && !doctor_forwards(false)) || (v6 && !doctor_forwards(true)))
		doctor_tell(d, FINDING_NOT_FORWARDING, "%s", v4 && !doctor_forwards(false) ? "IPv4" : "IPv6");
}

static void doctor_bridges(struct doctor *d)
{
	const struct rtnl_link *l;
	size_t n = rtnl_links(d->rtnl, &l);
	bool bridges = false;
	long on;

	for (size_t i = 0; i < n; i++) {
		unsigned ports = 0;

		if (strcmp(l[i].kind, "bridge") != 0 || !l[i].up)
			continue;
		bridges = true;
		for (size_t k = 0; k < n; k++)
			ports += l[k].master == l[i].index && l[k].up;
		if (l[i].default_route && ports > 1)
			doctor_tell(d, FINDING_BRIDGED, "%s, %u ports", l[i].name, ports);
	}
	if (bridges && ((sysctl_get("net/bridge/bridge-nf-call-iptables", &on) && on) ||
			(sysctl_get("net/bridge/bridge-nf-call-ip6tables", &on) && on)))
		doctor_tell(d, FINDING_BRIDGE_NETFILTER, "net.bridge.bridge-nf-call-*");
}

/* the kernel takes the larger of the two */
static bool doctor_strict(const char *ifname)
{
	char name[64];
	long all = 0, one = 0;

	snprintf(name, sizeof(name), "net/ipv4/conf/%s/rp_filter", ifname);
	sysctl_get("net/ipv4/conf/all/rp_filter", &all);
	sysctl_get(name, &one);
	return (all > one ? all : one) == 1;
}

static void doctor_routes(struct doctor *d)
{
	int n = rtnl_source_rules(d->rtnl);
	uint32_t bits = 0;

	if (n > 0)
		doctor_tell(d, FINDING_SOURCE_RULES, "%d of them", n);
	for (size_t i = 0; n > 0 && i < d->lan->n; i++)
		if (doctor_strict(d->lan->itf[i].arm.ifname))
			doctor_tell(d, FINDING_RP_FILTER, "%s", d->lan->itf[i].arm.ifname);
	/* a mask of all bits is no mask: such rules compare with values that others write, and ours is never among them */
	if (rtnl_mark_rules(d->rtnl, &bits) > 0 && bits != ~(uint32_t)0 && bits & d->gateway->mark)
		doctor_tell(d, FINDING_MARK_ROUTES, "bits 0x%08x", bits & d->gateway->mark);
}

/* --- the kernel's settings ---------------------------------------------------------------------- */

static void doctor_conntrack(struct doctor *d)
{
	long count, max, established, udp, loose;

	if (sysctl_get("net/netfilter/nf_conntrack_count", &count) && sysctl_get("net/netfilter/nf_conntrack_max", &max) &&
	    max > 0 && count >= max / 100 * FULL_PERCENT + max % 100 * FULL_PERCENT / 100)
		doctor_tell(d, FINDING_CONNTRACK_FULL, "%ld of %ld", count, max);
	if (sysctl_get("net/netfilter/nf_conntrack_tcp_timeout_established", &established) &&
	    sysctl_get("net/netfilter/nf_conntrack_udp_timeout", &udp) &&
	    (established < LIMIT_TUNNEL_IDLE_MS / 1000 || udp < LIMIT_DNS_QUERY_MS / 1000))
		doctor_tell(d, FINDING_CONNTRACK_TIMES, "%ld s for TCP, %ld s for UDP", established, udp);
	if (sysctl_get("net/netfilter/nf_conntrack_tcp_loose", &loose) && !loose)
		doctor_tell(d, FINDING_CONNTRACK_STRICT, "net.netfilter.nf_conntrack_tcp_loose");
}

static void doctor_process(struct doctor *d)
{
	struct rlimit r;

	/* a connection has two sockets, those that are spliced four ends of pipes more */
	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_max < 2 * LIMIT_CONNECTIONS + 4 * LIMIT_PIPES)
		doctor_tell(d, FINDING_DESCRIPTORS, "%llu of %d", (unsigned long long)r.rlim_max,
			    2 * LIMIT_CONNECTIONS + 4 * LIMIT_PIPES);
	if (time(NULL) < CLOCK_BEGIN)
		doctor_tell(d, FINDING_CLOCK, "%s", "");
}

void doctor_examine(struct doctor *d)
{
	doctor_lan(d);
	if (!d->starting)
		doctor_places(d);
	doctor_tables(d);
	doctor_routes(d);
	doctor_bridges(d);
	doctor_conntrack(d);
	doctor_process(d);
}

void doctor_try(struct doctor *d, uint32_t uid, const char *file)
{
	char err[FIREWALL_TEXT];

	if (firewall_check(d->gateway, uid, file, err))
		doctor_tell(d, FINDING_TABLE_REFUSED, "%.*s", (int)strcspn(err, "\n"), err);
	else if (firewall_try("table inet dejunk_try { chain c { queue bypass; }; }\n", err))
		doctor_tell(d, FINDING_QUEUE_TARGET, "%s", "");
}
