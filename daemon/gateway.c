/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway - the defaults of DESIGN section 6, and whether a mapped section may be believed */
#include "gateway.h"

#include <string.h>

#include "firewall_numbers.h"
#include "limits.h"

void gateway_default(struct gateway *g)
{
	memset(g, 0, sizeof(*g));
	g->lan_auto = 1;
	g->filter_self = SWITCH_AUTO;
	g->on_failure = FAILURE_PASS;
	g->refuse_with = REFUSE_RESET;
	g->unlearned = UNLEARNED_DEFER;
	g->non_http = NON_HTTP_PASS;
	g->dns = DNS_LEARN;
	g->ech = ECH_PASS;
	g->doh = DOH_PASS;
	g->http_ports = 1;
	g->http_port[0] = 80;
	g->tls = TLS_ALL;
	g->quic = GATEWAY_QUIC_INSPECT;
	g->tls_ports = 1;
	g->tls_port[0] = 443;
	g->listen = 3129;
	g->mark = FIREWALL_MARK_BITS;
}

bool gateway_mark_good(uint32_t mark)
{
	return __builtin_popcount(mark) == MARK_BITS;
}

uint32_t gateway_mark(const struct gateway *g, enum gateway_mark which)
{
	uint32_t left = g->mark;

	for (unsigned i = 0; i < (unsigned)which; i++)
		left &= left - 1;	/* the lowest bit goes */
	return left & -left;
}

static bool addr_valid(const struct addr *a, bool none_too)
{
	return a->family == AF_INET || a->family == AF_INET6 || (none_too && a->family == 0);
}

static bool ports_valid(const uint16_t port[GATEWAY_PORTS], unsigned n)
{
	if (n < 1 || n > GATEWAY_PORTS)
		return false;
	for (unsigned i = 0; i < n; i++)
		if (port[i] == 0)
			return false;
	return true;
}

bool gateway_valid(const struct gateway *g)
{
	if (g->lan_auto > 1 || g->filter_self > SWITCH_AUTO || g->on_failure > FAILURE_BLOCK ||
	    g->refuse_with > REFUSE_DROP || g->unlearned > UNLEARNED_REFUSE || g->non_http > NON_HTTP_REFUSE ||
	    g->tls > TLS_OFF || g->quic > GATEWAY_QUIC_PASS ||
	    g->dns > DNS_REFUSE || g->ech > ECH_STRIP || g->doh > DOH_REFUSE)
		return false;
	if (g->lans > GATEWAY_LANS || g->exempts > GATEWAY_EXEMPT || g->workers > LIMIT_WORKERS || g->listen == 0 ||
	    !gateway_mark_good(g->mark))
		return false;
	if (!addr_valid(&g->probe, true) || !ports_valid(g->http_port, g->http_ports) || !ports_valid(g->tls_port, g->tls_ports))
		return false;
	for (unsigned i = 0; i < g->lans; i++)
		if (g->lan[i][0] == '\0' || !memchr(g->lan[i], '\0', IFNAMSIZ))
			return false;
	for (unsigned i = 0; i < g->exempts; i++) {
		const struct prefix *p = &g->exempt[i];

		if (p->net.family != FAMILY_HW && (!addr_valid(&p->net, false) || p->bits > addr_len(&p->net) * 8))
			return false;
	}
	return true;
}
