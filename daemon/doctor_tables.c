/* SPDX-License-Identifier: GPL-3.0-or-later */
/* doctor_tables - findings about the firewall tables of others, by what the model of them (ruleset) says */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "container.h"
#include "doctor.h"
#include "firewall_numbers.h"
#include "policy.h"

static void tables_on_fact(void *ctx, const struct ruleset_told *told)
{
	static const enum finding found[] = {
		[RULESET_OFFLOAD] = FINDING_FLOW_OFFLOAD, [RULESET_NOTRACK] = FINDING_NOTRACK,
		[RULESET_QUEUE] = FINDING_QUEUE_TAKEN, [RULESET_REDIRECT] = FINDING_REDIRECTED_BEFORE,
		[RULESET_PACKET_MARK] = FINDING_PACKET_MARK, [RULESET_CT_MARK] = FINDING_CT_MARK,
		[RULESET_MARK_COPY] = FINDING_MARK_COPY, [RULESET_PRIORITY] = FINDING_PRIORITY,
		[RULESET_DOCKER] = FINDING_DOCKER, [RULESET_FIREWALLD] = FINDING_FIREWALLD,
		[RULESET_LEGACY] = FINDING_LEGACY, [RULESET_INCOMPLETE] = FINDING_UNREADABLE,
	};
	static const uint16_t ours[] = { FIREWALL_QUEUE_DNS, FIREWALL_QUEUE_SYN, FIREWALL_QUEUE_HELLO };
	struct doctor *d = ctx;
	bool meets = told->fact != RULESET_QUEUE;

	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		meets |= told->fact == RULESET_QUEUE && ours[i] >= told->from && ours[i] <= told->to;
	if (meets)
		doctor_tell(d, found[told->fact], "%s", told->where);
}

static void tables_facts(struct doctor *d)
{
	uint16_t port[2 * GATEWAY_PORTS];
	struct ruleset_ours ours = {
		.mark = gateway_mark(d->gateway, MARK_REFUSE) | gateway_mark(d->gateway, MARK_DECIDED), .port = port, .ports = d->gateway->http_ports,
	};

	ours.ct_mark = d->gateway->mark & ~ours.mark;
	memcpy(port, d->gateway->http_port, d->gateway->http_ports * sizeof(port[0]));
	memcpy(port + ours.ports, d->gateway->tls_port, d->gateway->tls_ports * sizeof(port[0]));
	ours.ports += d->gateway->tls_ports;
	ruleset_facts(d->ruleset, &ours, tables_on_fact, d);
}

static void tables_input(struct doctor *d, const char *ifname, int family)
{
	struct ruleset_where w;

	if (policy_input(d->ruleset, d->rtnl, ifname, family, d->gateway->listen, &w) == RULESET_DROPPED)
		doctor_tell(d, FINDING_INPUT_DROPS, "%s, %s: %s%s%s", ifname, family == AF_INET ? "IPv4" : "IPv6", w.text,
			    w.command[0] ? "; to open it: " : "", w.command);
}

static void tables_policies(struct doctor *d)
{
	char text[4096], *line = text, *end;

	for (size_t i = 0; i < d->lan->n; i++) {
		if (d->lan->itf[i].arm.v4)
			tables_input(d, d->lan->itf[i].arm.ifname, AF_INET);
		if (d->lan->itf[i].arm.v6)
			tables_input(d, d->lan->itf[i].arm.ifname, AF_INET6);
	}
	if (d->lan->self4)
		tables_input(d, "lo", AF_INET);
	if (d->lan->self6)
		tables_input(d, "lo", AF_INET6);
	ruleset_report_chains(d->ruleset, text, sizeof(text));
	for (; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		doctor_tell(d, FINDING_FORWARD_DROPS, "%s", line);
	}
	if (policy_nat6_missing(d->ruleset, d->lan))
		doctor_tell(d, FINDING_NAT6, "%s", "");
}

void doctor_tables(struct doctor *d)
{
	if (!d->ruleset) {
		doctor_tell(d, FINDING_UNREADABLE, "%s", "");
		return;
	}
	tables_policies(d);
	tables_facts(d);
}
