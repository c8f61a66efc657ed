/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ruleset_text - which chain and rule decided, and the command that would open the way, for people */
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <stdio.h>
#include <string.h>

#include "ruleset_model.h"

const char *rs_family_name(uint8_t family)
{
	switch (family) {
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	default:
		return "?";
	}
}

/* what the rule at @at does to the packet, in a word */
static const char *rule_action(const struct rs_model *m, int64_t at)
{
	const struct rs_rule *r = &m->rule[at];

	for (uint32_t i = 0; i < r->count; i++) {
		const struct rs_expr *e = &m->expr[r->first + i];

		if (e->op == RS_OP_REJECT ||
		    (e->op == RS_OP_XT_TARGET && strcmp(e->why, "REJECT") == 0))
			return "reject";
		if (e->op == RS_OP_LOOKUP && e->verdict_map)
			return "a verdict map";
		if (e->op == RS_OP_ANYTHING || e->op == RS_OP_XT_TARGET)
			return e->why;
	}
	return "drop";
}

static void where_chain(const struct rs_model *m, const struct rs_place *at, char *out, size_t size)
{
	const struct rs_chain *base = &m->chain[at->base], *c = &m->chain[at->chain];

	if (at->base == at->chain)
		snprintf(out, size, "chain %.48s of table %s %.48s", c->name,
			 rs_family_name(c->family), c->table);
	else
		snprintf(out, size, "chain %.48s (from %.48s) of table %s %.48s", c->name, base->name,
			 rs_family_name(c->family), c->table);
}

void rs_where_rule(const struct rs_model *m, const struct rs_place *at, char *out, size_t size)
{
	char chain[200];

	where_chain(m, at, chain, sizeof(chain));
	if (at->rule < 0)
		snprintf(out, size, "%s", chain);
	else
		snprintf(out, size, "%s, rule handle %llu", chain, (unsigned long long)m->rule[at->rule].handle);
}

void rs_where_drop(const struct rs_model *m, const struct rs_place *at, struct ruleset_where *w)
{
	const struct rs_chain *base = &m->chain[at->base];
	char chain[200];

	w->family = base->family;
	snprintf(w->table, sizeof(w->table), "%s", base->table);
	snprintf(w->chain, sizeof(w->chain), "%s", base->name);
	where_chain(m, at, chain, sizeof(chain));
	if (at->rule < 0) {
		snprintf(w->text, sizeof(w->text), "%s, policy drop", chain);
		return;
	}
	w->handle = m->rule[at->rule].handle;
	snprintf(w->text, sizeof(w->text), "%s, rule handle %llu: %.48s", chain,
		 (unsigned long long)w->handle, rule_action(m, at->rule));
}

void rs_where_unknown(const struct rs_model *m, const struct rs_outcome *o, struct ruleset_where *w)
{
	char chain[200];

	if (o->gave_up) {
		snprintf(w->text, sizeof(w->text), "too many rules to follow");
		return;
	}
	if (!o->has_unknown)
		return;
	where_chain(m, &o->unknown_at, chain, sizeof(chain));
	snprintf(w->text, sizeof(w->text), "cannot tell: %s, rule handle %llu tests %.48s", chain,
		 (unsigned long long)(o->unknown_at.rule < 0 ? 0 : m->rule[o->unknown_at.rule].handle),
		 o->unknown_at.what ? o->unknown_at.what : "something not known");
}

static bool has_chain(const struct rs_model *m, uint8_t family, const char *table, const char *name)
{
	return rs_model_chain(m, family, table, name) >= 0;
}

/* Which tool owns the table is told by the names that it uses. */
void rs_where_command(const struct rs_model *m, const struct rs_place *at,
		      const struct ruleset_packet *p, struct ruleset_where *w)
{
	const struct rs_chain *c = &m->chain[at->base];
	unsigned port = ntohs(p->dst.port_be);
	const char *in = p->in.name;

	if (strcmp(c->table, "firewalld") == 0) {
		snprintf(w->command, sizeof(w->command),
			 "firewall-cmd --zone=$(firewall-cmd --get-zone-of-interface=%.15s) --add-port=%u/tcp",
			 in, port);
	} else if (c->family != NFPROTO_INET && strcmp(c->table, "filter") == 0 &&
		   (has_chain(m, c->family, "filter", "ufw-user-input") ||
		    has_chain(m, c->family, "filter", "ufw6-user-input"))) {
		snprintf(w->command, sizeof(w->command),
			 "ufw allow in on %.15s to any port %u proto tcp", in, port);
	} else if (c->family != NFPROTO_INET && strcmp(c->table, "filter") == 0 &&
		   strcmp(c->name, "INPUT") == 0) {
		snprintf(w->command, sizeof(w->command),
			 "%s -I INPUT -p tcp --dport %u -m conntrack --ctstate DNAT -j ACCEPT",
			 c->family == NFPROTO_IPV6 ? "ip6tables" : "iptables", port);
	} else {
		snprintf(w->command, sizeof(w->command),
			 "nft insert rule %s %.64s %.64s ct status dnat tcp dport %u accept",
			 rs_family_name(c->family), c->table, c->name, port);
	}
}
