/* SPDX-License-Identifier: GPL-3.0-or-later */
/* monitor_policy - what the other firewall tables do to our traffic: their INPUT and FORWARD policies
 *
 * They are read again when one of them changed and has settled.  An interface whose redirected connections an INPUT
 * policy is certain to drop is not armed for that family; whom a FORWARD policy drops is not served by the proxy.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "container.h"
#include "doctor.h"
#include "log.h"
#include "monitor.h"
#include "policy.h"
#include "rtnl.h"

enum { SETTLE_MS = 100 };	/* after a change of other tables, until we read them */

/* true: certain to be dropped; then m->arm.input says where */
static bool policy_input_drops(struct monitor *m, const char *ifname, int family, bool was)
{
	struct ruleset_where where = { .text = "" };

	if (!m->ruleset || policy_input(m->ruleset, m->rtnl, ifname, family, m->socks.port, &where) != RULESET_DROPPED)
		return false;
	snprintf(m->arm.input, sizeof(m->arm.input), "%s%s%s", where.text, where.command[0] ? "; to open it: " : "",
		 where.command);
	if (!was) {
		log_warn("%s is not filtered for %s: connections redirected to port %u would be dropped by %s", ifname,
			 family == AF_INET ? "IPv4" : "IPv6", m->socks.port, where.text);
		if (where.command[0])
			log_warn("to open it: %s", where.command);
	}
	return true;
}

void policy_check_input(struct monitor *m)
{
	struct lan *lan = &m->lan;

	for (size_t i = 0; i < lan->n; i++) {
		struct lan_if *f = &lan->itf[i];

		if (f->arm.v4)
			f->drop4 = policy_input_drops(m, f->arm.ifname, AF_INET, f->drop4);
		if (f->arm.v6)
			f->drop6 = policy_input_drops(m, f->arm.ifname, AF_INET6, f->drop6);
	}
	if (lan->self4)
		lan->self_drop4 = policy_input_drops(m, "lo", AF_INET, lan->self_drop4);
	if (lan->self6)
		lan->self_drop6 = policy_input_drops(m, "lo", AF_INET6, lan->self_drop6);
}

static void policy_report(struct monitor *m)
{
	char text[4096], *line = text, *end;
	int n;

	ruleset_report(m->ruleset, text, sizeof(text));
	for (; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		log_warn("%s", line);
	}
	n = rtnl_source_rules(m->rtnl);
	if (n > 0)
		log_warn("%d ip rules select by source, mark or interface: what the proxy dials may leave elsewhere than what it replaces", n);
}

/* what the proxy dials comes from this machine; with masquerading that is so anyway */
void policy_report_nat6(struct monitor *m)
{
	if (m->ruleset && policy_nat6_missing(m->ruleset, &m->lan))
		log_info("IPv6 of the lan is not masqueraded: to HTTP servers the clients appear with this machine's address");
}

static void policy_on_fact(void *ctx, const struct ruleset_told *told)
{
	struct monitor *m = ctx;

	m->arm.offloads |= told->fact == RULESET_OFFLOAD;
}

static void policy_read(struct monitor *m, bool first)
{
	static const struct ruleset_ours nothing;

	bool open = true;
	char why[256];

	ev_io_stop(m->loop, &m->ruleset_io);
	ruleset_free(m->ruleset);
	m->arm.offloads = false;
	m->ruleset = ruleset_load(why, sizeof(why));
	if (m->ruleset) {
		ev_io_set(&m->ruleset_io, ruleset_fd(m->ruleset), EV_READ);
		ev_io_start(m->loop, &m->ruleset_io);
		open = ruleset_forward_open(m->ruleset);
		ruleset_facts(m->ruleset, &nothing, policy_on_fact, m);
		if (first || (m->settings.forward_open && !open))
			policy_report(m);
	} else {
		log_warn("the other firewall tables could not be read, their policies are not known: %s", why);
	}
	m->settings.forward_open = open;
	m->settings.forward_epoch++;
	m->arm.missing_ms = 0;		/* what kept connections out may be gone */
	arrival_reset(&m->arm.arrival, 0, 0);
}

static void policy_on_settled(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct monitor *m = CONTAINER_OF(w, struct monitor, ruleset_soon);

	(void)loop, (void)revents;
	if (m->stopping)
		return;
	log_debug("another firewall table changed");
	policy_read(m, false);
	policy_check_input(m);
	monitor_settings_changed(m);
	arm_lan_changed(m);		/* a family may have been opened or closed */
	status_send(m);
}

static void policy_changed(struct monitor *m)
{
	if (!ev_is_active(&m->ruleset_soon)) {
		ev_timer_set(&m->ruleset_soon, SETTLE_MS / 1000.0, 0);
		ev_timer_start(m->loop, &m->ruleset_soon);
	}
}

static void policy_on_stale(struct ev_loop *loop, ev_io *w, int revents)
{
	struct monitor *m = CONTAINER_OF(w, struct monitor, ruleset_io);

	(void)revents;
	if (!ruleset_stale(m->ruleset))
		return;
	ev_io_stop(loop, w);
	policy_changed(m);
}

enum forward_verdict policy_forward(struct monitor *m, const struct addr *client, const struct addr *server)
{
	struct ruleset_packet p = { .family = client->family, .src = *client, .dst = *server };
	const struct rtnl_link *link;
	size_t n;
	int in, out;

	if (!m->ruleset || client->family != server->family)
		return FORWARD_UNKNOWN;
	if (rtnl_is_own(m->rtnl, client))
		return FORWARD_PASSES;		/* our own traffic is not forwarded */
	p.src.port_be = 0;
	in = rtnl_route_oif(m->rtnl, client, NULL, 0);
	out = in > 0 ? rtnl_route_oif(m->rtnl, server, client, (uint32_t)in) : in;
	p.back_index = in > 0 ? (uint32_t)in : 0;
	n = rtnl_links(m->rtnl, &link);
	for (size_t i = 0; i < n; i++) {
		if (in > 0 && link[i].index == (uint32_t)in)
			policy_link(&link[i], &p.in);
		if (out > 0 && link[i].index == (uint32_t)out)
			policy_link(&link[i], &p.out);
	}
	p.hw_known = rtnl_neighbour(m->rtnl, client, p.hw) == 0;
	switch (ruleset_forward(m->ruleset, &p, NULL)) {
	case RULESET_PASSES:
		return FORWARD_PASSES;
	case RULESET_DROPPED:
		return FORWARD_DROPPED;
	case RULESET_UNKNOWN:
		break;
	}
	return FORWARD_UNKNOWN;
}

static void policy_on_finding(void *ctx, enum finding f, const char *where)
{
	const struct finding_text *t = finding_text(f);

	(void)ctx;
	/* INPUT is told, and told again, by policy_check_input() */
	if (t->grade == GRADE_GRAVE && f != FINDING_INPUT_DROPS)
		log_warn("%s%s%s: %s (dejunk doctor says more)", t->what, where[0] ? ": " : "", where, t->means);
}

void policy_report_gravest(struct monitor *m)
{
	struct doctor d = {
		.gateway = monitor_gateway(m), .lan = &m->lan, .rtnl = m->rtnl, .ruleset = m->ruleset, .starting = true,
		.on = policy_on_finding,
	};

	doctor_examine(&d);
}

void policy_open(struct monitor *m)
{
	ev_io_init(&m->ruleset_io, policy_on_stale, -1, EV_READ);
	ev_timer_init(&m->ruleset_soon, policy_on_settled, SETTLE_MS / 1000.0, 0);
	policy_read(m, true);
}
