/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ruleset_facts - what rules of others do that concerns us, whatever packet they see: offload, marks, queues
 *
 * Follows each base chain through its jumps, once a chain, and looks at the rules one by one.  What a rule tests
 * before it acts is not weighed, but for the destination port, which tells whether a redirect is about ours, and
 * for the way of marks through registers, which tells the bits that are meant.
 */
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/xt_CT.h>
#include <linux/netfilter/xt_connmark.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "container.h"
#include "firewall_numbers.h"
#include "ruleset_model.h"

enum { REGS = RS_REG_BYTES / 4 };

/* where our chains stand (nft/dejunk.nft) */
enum {
	PRIO_raw = -300, PRIO_mangle = -150, PRIO_dstnat = -100, PRIO_number = 0,
	HOOK_prerouting = NF_INET_PRE_ROUTING, HOOK_input = NF_INET_LOCAL_IN, HOOK_forward = NF_INET_FORWARD,
	HOOK_output = NF_INET_LOCAL_OUT,
	PRIO_redirect = PRIO_dstnat - 5,
};
#define BASE(hook, prio, offset) { HOOK_##hook, PRIO_##prio offset },
static const struct { int hook, prio; } ours_at[] = { FIREWALL_BASES(BASE) };
#undef BASE

/* what a register of four bytes holds */
enum held { HELD_OTHER, HELD_CONSTANT, HELD_MARK, HELD_CT_MARK, HELD_DPORT };

struct reg {
	enum held held;
	uint32_t mask, xor;	/* of a mark: (mark & mask) ^ xor; of a constant: its value in xor */
};

struct walk {
	const struct rs_model *m;
	const struct ruleset_ours *ours;
	ruleset_on_fact *on;
	void *ctx;
	uint32_t base;
	bool *seen;		/* chains of this base chain */
	bool *told;		/* a bit a rule for each fact: those told already */
	uint32_t ports;		/* bits of ours->port[] that still may be meant */
	struct reg reg[REGS];
};

static void tell(struct walk *w, enum ruleset_fact fact, uint32_t chain, int64_t rule, uint16_t from, uint16_t to)
{
	struct rs_place at = { .base = w->base, .chain = chain, .rule = rule };
	struct ruleset_told told = { .fact = fact, .from = from, .to = to };
	char where[280];

	if (rule >= 0) {
		bool *done = &w->told[(size_t)rule * RULESET_FACTS + fact];

		if (*done)
			return;
		*done = true;
	}
	rs_where_rule(w->m, &at, where, sizeof(where));
	told.where = where;
	w->on(w->ctx, &told);
}

/* --- marks -------------------------------------------------------------------------- */

static struct reg *reg_at(struct walk *w, uint8_t byte)
{
	static struct reg none;

	none.held = HELD_OTHER;
	return byte / 4 < REGS ? &w->reg[byte / 4] : &none;
}

static uint32_t word_of(const uint8_t *data)
{
	uint32_t n;

	memcpy(&n, data, sizeof(n));	/* marks are in host order */
	return n;
}

static void mark_tested(struct walk *w, bool ct, uint32_t bits, uint32_t chain, int64_t rule)
{
	if (bits & (ct ? w->ours->ct_mark : w->ours->mark))
		tell(w, ct ? RULESET_CT_MARK : RULESET_PACKET_MARK, chain, rule, 0, 0);
}

/* a mark is written from @r; a packet mark that loses our bit does no harm, a connection mark does */
static void mark_set(struct walk *w, bool ct, const struct reg *r, uint32_t chain, int64_t rule)
{
	bool same = r->held == (ct ? HELD_CT_MARK : HELD_MARK);
	uint32_t set = r->held == HELD_CONSTANT || same ? r->xor : 0, cleared = same ? ~r->mask : ~(uint32_t)0;

	if (!ct && r->held == HELD_CT_MARK && r->mask & w->ours->ct_mark)
		tell(w, RULESET_MARK_COPY, chain, rule, 0, 0);
	mark_tested(w, ct, ct ? set | cleared : set, chain, rule);
}

static void xt_marks(struct walk *w, const struct rs_expr *e, uint32_t chain, int64_t rule)
{
	struct xt_mark_mtinfo1 test;
	struct xt_connmark_tginfo2 two;
	struct xt_connmark_tginfo1 c;
	struct xt_mark_tginfo2 set;

	if (e->op == RS_OP_XT_MATCH && e->info_len >= sizeof(test) &&
	    (strcmp(e->why, "mark") == 0 || strcmp(e->why, "connmark") == 0)) {	/* the same layout */
		memcpy(&test, e->info, sizeof(test));
		mark_tested(w, e->why[0] == 'c', test.mask, chain, rule);
	} else if (e->op == RS_OP_XT_TARGET && strcmp(e->why, "MARK") == 0 && e->info_len >= sizeof(set)) {
		memcpy(&set, e->info, sizeof(set));
		mark_set(w, false, &(struct reg){ HELD_MARK, ~set.mask, set.mark }, chain, rule);
	} else if (e->op == RS_OP_XT_TARGET && strcmp(e->why, "CONNMARK") == 0 && e->info_len >= sizeof(c)) {
		memcpy(&c, e->info, sizeof(c));
		if (e->rev >= 2 && e->info_len >= sizeof(two)) {	/* its shifts are not followed */
			memcpy(&two, e->info, sizeof(two));
			c.mode = two.mode;
		}
		if (c.mode == XT_CONNMARK_RESTORE)
			mark_set(w, false, &(struct reg){ HELD_CT_MARK, c.ctmask, 0 }, chain, rule);
		else
			mark_set(w, true, &(struct reg){ HELD_CT_MARK, ~c.ctmask, c.mode == XT_CONNMARK_SET ? c.ctmark : 0 },
				 chain, rule);
	}
}

/* --- ports -------------------------------------------------------------------------- */

/* the rule goes on for ports of ours that @test does not rule out */
static void ports_keep(struct walk *w, enum rs_tri (*test)(const struct rs_model *m, const struct rs_expr *e, uint16_t port_be),
		       const struct rs_expr *e)
{
	for (unsigned i = 0; i < w->ours->ports; i++)
		if (test(w->m, e, htons(w->ours->port[i])) == RS_NO)
			w->ports &= ~(1u << i);
}

static enum rs_tri port_compare(const struct rs_model *m, const struct rs_expr *e, uint16_t port_be)
{
	static const uint8_t known[2] = { 0xff, 0xff };

	(void)m;
	return e->len == sizeof(port_be) ? rs_compare(e->cmp, (uint8_t *)&port_be, known, e->data, sizeof(port_be)) : RS_MAYBE;
}

static enum rs_tri port_lookup(const struct rs_model *m, const struct rs_expr *e, uint16_t port_be)
{
	uint8_t val[RS_REG_BYTES] = { 0 }, known[RS_REG_BYTES];
	const struct rs_set *s = e->set < m->sets ? &m->set[e->set] : NULL;
	struct rs_data out;
	enum rs_tri t;

	if (!s || s->klen > 4 || s->ask)
		return RS_MAYBE;
	memset(known, 0xff, sizeof(known));
	memcpy(val, &port_be, sizeof(port_be));
	t = rs_set_lookup(m, s, val, known, &out);
	return e->invert ? rs_not(t) : t;
}

static enum rs_tri port_xt(const struct rs_model *m, const struct rs_expr *e, uint16_t port_be)
{
	uint16_t port = ntohs(port_be);
	struct xt_tcp t;

	(void)m;
	if (e->info_len < sizeof(t))
		return RS_MAYBE;
	memcpy(&t, e->info, sizeof(t));
	return (port >= t.dpts[0] && port <= t.dpts[1]) != !!(t.invflags & XT_TCP_INV_DSTPT) ? RS_YES : RS_NO;
}

/* --- one expression -------------------------------------------------------------------- */

static void walk_registers(struct walk *w, const struct rs_expr *e, uint32_t chain, int64_t rule)
{
	struct reg *s = reg_at(w, e->sreg), *d = reg_at(w, e->dreg);

	switch (e->op) {
	case RS_OP_META:
		*d = (struct reg){ e->key == NFT_META_MARK ? HELD_MARK : HELD_OTHER, ~(uint32_t)0, 0 };
		break;
	case RS_OP_CT:
		*d = (struct reg){ e->key == NFT_CT_MARK ? HELD_CT_MARK : HELD_OTHER, ~(uint32_t)0, 0 };
		break;
	case RS_OP_PAYLOAD:
		d->held = e->base == NFT_PAYLOAD_TRANSPORT_HEADER && e->key == 2 && e->len == 2 ? HELD_DPORT : HELD_OTHER;
		break;
	case RS_OP_IMMEDIATE:
		*d = (struct reg){ e->len == 4 ? HELD_CONSTANT : HELD_OTHER, 0, word_of(e->data) };
		break;
	case RS_OP_BITWISE:
		if (s->held == HELD_OTHER || s->held == HELD_DPORT || e->len != 4) {
			d->held = HELD_OTHER;
			break;
		}
		*d = (struct reg){ s->held, s->mask & word_of(e->data), (s->xor & word_of(e->data)) ^ word_of(e->data2) };
		break;
	case RS_OP_META_SET:
		if (e->key == NFT_META_MARK)
			mark_set(w, false, s, chain, rule);
		break;
	case RS_OP_CT_SET:
		if (e->key == NFT_CT_MARK)
			mark_set(w, true, s, chain, rule);
		break;
	case RS_OP_CMP:
		if (s->held == HELD_DPORT)
			ports_keep(w, port_compare, e);
		/* fall through */
	case RS_OP_RANGE:
	case RS_OP_LOOKUP:
		if (e->op == RS_OP_LOOKUP && s->held == HELD_DPORT)
			ports_keep(w, port_lookup, e);
		if (s->held == HELD_MARK || s->held == HELD_CT_MARK)
			mark_tested(w, s->held == HELD_CT_MARK, s->mask, chain, rule);
		break;
	default:
		d->held = HELD_OTHER;
		break;
	}
}

/* statements, by the kernel's names */
static void walk_named(struct walk *w, const struct rs_expr *e, uint32_t chain, int64_t rule)
{
	static const char *const turns[] = { "redir", "dnat", "tproxy", "REDIRECT", "DNAT", "TPROXY" };
	const struct rs_chain *base = &w->m->chain[w->base];
	struct xt_ct_target_info ct;
	uint16_t number[2] = { 0, 1 };

	if (strcmp(e->why, "flow_offload") == 0 || strcmp(e->why, "FLOWOFFLOAD") == 0)
		tell(w, RULESET_OFFLOAD, chain, rule, 0, 0);
	if (strcmp(e->why, "notrack") == 0 || strcmp(e->why, "NOTRACK") == 0)
		tell(w, RULESET_NOTRACK, chain, rule, 0, 0);
	if (strcmp(e->why, "CT") == 0 && e->info_len >= sizeof(ct.flags)) {
		memcpy(&ct.flags, e->info, sizeof(ct.flags));
		if (ct.flags & XT_CT_NOTRACK)
			tell(w, RULESET_NOTRACK, chain, rule, 0, 0);
	}
	if (strcmp(e->why, "queue") == 0 && e->flags)
		tell(w, RULESET_QUEUE, chain, rule, (uint16_t)e->key, (uint16_t)(e->key + e->flags - 1));
	if (strcmp(e->why, "NFQUEUE") == 0 && e->info_len >= 2) {	/* first number, since revision 1 how many */
		memcpy(number, e->info, e->rev && e->info_len >= 4 ? 4 : 2);
		tell(w, RULESET_QUEUE, chain, rule, number[0], (uint16_t)(number[0] + number[1] - 1));
	}
	for (size_t i = 0; i < ARRAY_LEN(turns); i++)
		if (strcmp(e->why, turns[i]) == 0 && base->hook == NF_INET_PRE_ROUTING && base->prio <= PRIO_redirect && w->ports)
			tell(w, RULESET_REDIRECT, chain, rule, 0, 0);
	xt_marks(w, e, chain, rule);
	if (e->op == RS_OP_XT_MATCH && strcmp(e->why, "tcp") == 0)
		ports_keep(w, port_xt, e);
}

/* --- chains -------------------------------------------------------------------------------- */

static void walk_chain(struct walk *w, uint32_t chain, unsigned depth);

static void walk_jump(struct walk *w, const struct rs_target *t, unsigned depth)
{
	uint32_t ports = w->ports;

	if ((t->verdict != RS_JUMP && t->verdict != RS_GOTO) || depth >= RS_DEPTH)
		return;
	walk_chain(w, t->chain, depth + 1);
	w->ports = ports;
	memset(w->reg, 0, sizeof(w->reg));
}

static void walk_chain(struct walk *w, uint32_t chain, unsigned depth)
{
	const struct rs_chain *c = &w->m->chain[chain];
	uint32_t ports = w->ports;

	if (w->seen[chain])
		return;
	w->seen[chain] = true;
	for (uint32_t i = 0; i < c->count; i++) {
		const struct rs_rule *r = &w->m->rule[c->first + i];

		memset(w->reg, 0, sizeof(w->reg));
		w->ports = ports;
		for (uint32_t k = 0; k < r->count; k++) {
			const struct rs_expr *e = &w->m->expr[r->first + k];
			const struct rs_set *s = e->op == RS_OP_LOOKUP && e->verdict_map && e->set < w->m->sets ?
						 &w->m->set[e->set] : NULL;

			if (e->why[0])
				walk_named(w, e, chain, (int64_t)c->first + i);
			else
				walk_registers(w, e, chain, (int64_t)c->first + i);
			if (e->op == RS_OP_VERDICT)
				walk_jump(w, &e->target, depth);
			for (uint32_t n = 0; s && s->data && n < s->count; n++)
				walk_jump(w, &s->data[n].target, depth);
		}
	}
}

static void facts_priority(struct walk *w)
{
	const struct rs_chain *c = &w->m->chain[w->base];

	for (size_t i = 0; i < ARRAY_LEN(ours_at); i++)
		if (c->count && c->hook == ours_at[i].hook && c->prio == ours_at[i].prio) {
			tell(w, RULESET_PRIORITY, w->base, -1, 0, 0);
			return;
		}
}

/* who made them is told by the names that they use */
static void facts_neighbours(struct walk *w)
{
	bool docker = false, firewalld = false;

	for (uint32_t i = 0; i < w->m->chains; i++) {
		const struct rs_chain *c = &w->m->chain[i];

		w->base = i;
		if (!docker && strncmp(c->name, "DOCKER", 6) == 0)
			tell(w, RULESET_DOCKER, i, -1, 0, 0);
		if (!firewalld && strcmp(c->table, "firewalld") == 0)
			tell(w, RULESET_FIREWALLD, i, -1, 0, 0);
		docker |= strncmp(c->name, "DOCKER", 6) == 0;
		firewalld |= strcmp(c->table, "firewalld") == 0;
	}
}

/* what is not read at all */
static void facts_unread(struct walk *w)
{
	struct ruleset_told legacy = { .fact = RULESET_LEGACY, .where = "" }, incomplete = { .fact = RULESET_INCOMPLETE, .where = "" };

	if (w->m->legacy)
		w->on(w->ctx, &legacy);
	if (w->m->incomplete)
		w->on(w->ctx, &incomplete);
}

void ruleset_facts(const struct ruleset *rs, const struct ruleset_ours *ours, ruleset_on_fact *on, void *ctx)
{
	const struct rs_model *m = ruleset_model(rs);
	struct walk w = { .m = m, .ours = ours, .on = on, .ctx = ctx };

	w.seen = calloc(m->chains + 1u, sizeof(*w.seen));
	w.told = calloc((size_t)(m->rules + 1u) * RULESET_FACTS, sizeof(*w.told));
	for (uint32_t i = 0; w.seen && w.told && i < m->bases; i++) {
		memset(w.seen, 0, m->chains * sizeof(*w.seen));
		w.base = m->base[i];
		w.ports = ours->ports < 32 ? (1u << ours->ports) - 1 : ~0u;
		walk_chain(&w, w.base, 0);
		facts_priority(&w);
	}
	facts_neighbours(&w);
	facts_unread(&w);
	free(w.seen);
	free(w.told);
}
