/* SPDX-License-Identifier: GPL-3.0-or-later */
/* refusal - is a DNS answer to be refused, and how? */
#include "refusal.h"

#include "container.h"
#include "judge.h"
#include "names.h"

/* Names that a network which filters is asked to deny: Mozilla's canary, which keeps Firefox from its own DNS over HTTPS
 * (support.mozilla.org, "Canary domain - use-application-dns.net"); the relays of Apple's Private Relay
 * (developer.apple.com, "Prepare your network or web server for iCloud Private Relay"); and where clients ask a resolver for
 * its own encrypted services (RFC 9462 s.4, which wants no data there) */
static const struct {
	const char *name;
	enum refusal refusal;
} ways_around[] = {
	{ "use-application-dns.net", REFUSAL_NO_NAME },
	{ "mask.icloud.com", REFUSAL_NO_NAME },
	{ "mask-h2.icloud.com", REFUSAL_NO_NAME },
	{ "_dns.resolver.arpa", REFUSAL_NO_DATA },
};

static enum refusal way_around(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(ways_around); i++)
		if (span_eq(name, span_of(ways_around[i].name)))
			return ways_around[i].refusal;
	return REFUSAL_NONE;
}

bool refusal_possible(const struct gateway *g)
{
	return g->dns == DNS_REFUSE || g->doh == DOH_REFUSE;
}

/* is an address of the answer allowed after all? */
static bool address_allowed(const struct rules *r, const struct refusal_asked *a)
{
	uint32_t origin;

	for (size_t i = 0; i < a->addrs; i++)
		if (!judge_chain(r, a->client, &a->addr[i], a->chain, a->minute, &origin))
			return true;
	return false;
}

enum refusal refusal_of(const struct rules *r, const struct refusal_asked *a, uint32_t *origin)
{
	const struct gateway *g = rules_gateway(r);
	struct span rest = a->chain, name;
	enum refusal canary = REFUSAL_NONE;
	struct verdict v = { .action = ACT_PASS };
	unsigned at;

	*origin = 0;
	if (!refusal_possible(g))
		return REFUSAL_NONE;
	for (at = 0; v.action != ACT_BLOCK && chain_next(&rest, &name); at++) {
		v = rules_connection(r, a->client, NULL, name, a->minute);
		if (v.action == ACT_ALLOW)
			return REFUSAL_NONE;
		if (at == 0 && g->doh == DOH_REFUSE)
			canary = way_around(name);
		if (canary)
			return canary;
	}
	if (v.action != ACT_BLOCK || (g->dns != DNS_REFUSE && !rules_is_resolver(r, a->client, name)) || address_allowed(r, a))
		return REFUSAL_NONE;
	*origin = v.origin;
	return at <= a->links ? REFUSAL_NO_NAME : REFUSAL_NO_DATA;
}
