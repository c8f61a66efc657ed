/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ruleset_eval - interpret the rules of base chains for a packet of which not all is known
 *
 * Kernel counterpart: nft_do_chain() in net/netfilter/nf_tables_core.c.  Theory of
 * operation in ruleset_model.h; the state that outlives a rule is the mark, and what a
 * rule does to it after a MAYBE leaves those bits unknown that it would have changed.
 */
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "limits.h"
#include "ruleset_model.h"

struct eval {
	const struct rs_model *m;
	struct rs_packet *k;
	struct rs_outcome *o;
	unsigned *steps;
	uint32_t base;
	bool accept;			/* this base chain can accept */
	bool forked;			/* ways have parted in this base chain: marks set from
					 * here on may not be set on all of them */
	uint8_t val[RS_REG_BYTES], known[RS_REG_BYTES];
};

/* how a rule, or a chain, can be left */
struct ways {
	bool next;			/* to the next rule; of a chain: by its end */
	bool back;			/* to the caller of this chain */
};

static struct ways eval_chain(struct eval *v, uint32_t chain, unsigned depth);

static bool reg_fits(unsigned at, unsigned len)
{
	return at + len <= RS_REG_BYTES;
}

static void eval_drop(struct eval *v, uint32_t chain, int64_t rule)
{
	v->o->drop = v->o->has_drop = true;
	v->o->drop_at = (struct rs_place){ v->base, chain, rule, NULL };
}

static void eval_unknown(struct eval *v, uint32_t chain, int64_t rule, const char *what)
{
	if (v->o->has_unknown)
		return;
	v->o->has_unknown = true;
	v->o->unknown_at = (struct rs_place){ v->base, chain, rule, what };
}

static void eval_anything(struct eval *v, struct ways *w, uint32_t chain, int64_t rule,
			  const char *what)
{
	eval_unknown(v, chain, rule, what);
	eval_drop(v, chain, rule);
	v->accept = v->forked = true;
	w->next = w->back = true;
}

/* follow a verdict; @surely: it is taken whenever this rule is reached */
static void eval_verdict(struct eval *v, struct ways *w, struct rs_target t, bool surely,
			 uint32_t chain, int64_t rule, unsigned depth)
{
	struct ways sub;

	if (!surely)
		w->next = true;
	switch ((enum rs_verdict)t.verdict) {
	case RS_CONTINUE:
		w->next = true;
		break;
	case RS_ACCEPT:
		v->accept = true;
		break;
	case RS_DROP:
		eval_drop(v, chain, rule);
		break;
	case RS_RETURN:
		w->back = true;
		break;
	case RS_JUMP:
	case RS_GOTO:
		if (depth >= RS_DEPTH || t.chain >= v->m->chains) {
			eval_anything(v, w, chain, rule, "a jump too deep");
			break;
		}
		sub = eval_chain(v, t.chain, depth + 1);
		if (t.verdict == RS_JUMP)
			w->next |= sub.next || sub.back;
		else
			w->back |= sub.next || sub.back;
		break;
	case RS_ANY:
		eval_anything(v, w, chain, rule, "a queue or a map");
		break;
	}
}

static enum rs_tri eval_load(struct eval *v, const struct rs_expr *e)
{
	uint8_t *val = v->val + e->dreg, *known = v->known + e->dreg;
	enum rs_tri t;

	if (!reg_fits(e->dreg, e->len))
		return RS_MAYBE;
	memset(val, 0, e->len);
	memset(known, 0, e->len);
	switch (e->op) {
	case RS_OP_META:
		t = rs_packet_meta(v->k, e->key, val, known, e->len);
		break;
	case RS_OP_CT:
		t = rs_packet_ct(v->k, e->key, e->base, val, known, e->len);
		break;
	case RS_OP_FIB:
		t = rs_packet_fib(v->k, e->key, e->flags, val, known, e->len);
		break;
	default:
		t = rs_packet_payload(v->k, e->base, e->key, val, known, e->len);
		break;
	}
	/* the kernel clears the rest of the last 32-bit register */
	for (unsigned i = e->len; i % 4 && e->dreg + i < RS_REG_BYTES; i++)
		val[i] = 0, known[i] = 0xff;
	return t;
}

static void eval_bitwise(struct eval *v, const struct rs_expr *e)
{
	for (unsigned i = 0; i < e->len && i < RS_DATA_BYTES; i++) {
		uint8_t val = v->val[e->sreg + i], known = v->known[e->sreg + i];

		v->val[e->dreg + i] = (uint8_t)((val & e->data[i]) ^ e->data2[i]);
		v->known[e->dreg + i] = (uint8_t)(known | ~e->data[i]);
	}
}

/* the kernel shifts 32-bit words in host order, carrying from each to the one before */
static void shift_words(uint8_t *out, const uint8_t *in, unsigned len, unsigned by, bool left)
{
	uint32_t w[RS_DATA_BYTES / 4] = { 0 }, r[RS_DATA_BYTES / 4], carry = 0;
	unsigned n = len / 4;

	memcpy(w, in, len);
	if (left) {
		for (unsigned i = n; i > 0; i--) {
			r[i - 1] = (w[i - 1] << by) | carry;
			carry = by ? w[i - 1] >> (32 - by) : 0;
		}
	} else {
		for (unsigned i = 0; i < n; i++) {
			r[i] = carry | (w[i] >> by);
			carry = by ? w[i] << (32 - by) : 0;
		}
	}
	memcpy(out, r, len);
}

static void eval_shift(struct eval *v, const struct rs_expr *e)
{
	uint8_t unknown[RS_DATA_BYTES];

	if (e->len > RS_DATA_BYTES || e->len % 4 || e->cmp >= 32) {
		memset(v->known + e->dreg, 0, e->len);
		return;
	}
	for (unsigned i = 0; i < e->len; i++)
		unknown[i] = (uint8_t)~v->known[e->sreg + i];
	shift_words(v->val + e->dreg, v->val + e->sreg, e->len, e->cmp, e->op == RS_OP_SHIFT_LEFT);
	shift_words(unknown, unknown, e->len, e->cmp, e->op == RS_OP_SHIFT_LEFT);
	for (unsigned i = 0; i < e->len; i++)
		v->known[e->dreg + i] = (uint8_t)~unknown[i];
}

static void eval_byteorder(struct eval *v, const struct rs_expr *e)
{
	unsigned size = e->cmp;
	uint8_t val[RS_REG_BYTES], known[RS_REG_BYTES];

	memcpy(val, v->val + e->sreg, e->len);
	memcpy(known, v->known + e->sreg, e->len);
	if (size != 2 && size != 4 && size != 8) {
		memset(v->known + e->dreg, 0, e->len);
		return;
	}
	/* whole units only, as the kernel does; nft swaps a single byte by a size of two */
	for (unsigned i = 0; i < e->len / size * size; i++) {
		unsigned from = i;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		from = i / size * size + (size - 1 - i % size);
#endif
		v->val[e->dreg + i] = val[from];
		v->known[e->dreg + i] = known[from];
	}
}

static enum rs_tri eval_range(struct eval *v, const struct rs_expr *e)
{
	const uint8_t *val = v->val + e->sreg, *known = v->known + e->sreg;
	enum rs_tri in = rs_and(rs_compare(NFT_CMP_GTE, val, known, e->data, e->len),
				rs_compare(NFT_CMP_LTE, val, known, e->data2, e->len));

	return e->cmp == NFT_RANGE_EQ ? in : rs_not(in);
}

/* a lookup; for verdict maps all verdicts that the key may lead to are followed at once */
static enum rs_tri eval_lookup(struct eval *v, struct ways *w, const struct rs_expr *e, bool surely,
			       uint32_t chain, int64_t rule, unsigned depth, bool *done)
{
	const struct rs_set *s;
	struct rs_data d = { 0 };
	enum rs_tri in;

	s = e->set < v->m->sets ? &v->m->set[e->set] : NULL;
	if (!s || !reg_fits(e->sreg, s->klen) || !reg_fits(e->dreg, s->dlen)) {
		*done = e->verdict_map;
		if (*done)
			eval_anything(v, w, chain, rule, "a map");
		return RS_MAYBE;
	}
	in = rs_set_lookup(v->m, s, v->val + e->sreg, v->known + e->sreg, &d);
	if (s->stateful)	/* its elements have limits of their own */
		in = rs_and(in, RS_MAYBE);
	if (e->invert)
		return rs_not(in);
	if (in == RS_NO || !s->map)
		return in;
	if (!e->verdict_map) {
		unsigned len = s->dlen < RS_DATA_BYTES ? s->dlen : RS_DATA_BYTES;

		memcpy(v->val + e->dreg, d.data, len);
		memset(v->known + e->dreg, in == RS_YES ? 0xff : 0, s->dlen);
		return in;
	}
	*done = true;
	if (in == RS_YES) {
		if (!surely)
			eval_unknown(v, chain, rule, "a test before this map");
		eval_verdict(v, w, d.target, surely, chain, rule, depth);
		return in;
	}
	if (s->ask) {
		eval_anything(v, w, chain, rule, "a map too large or changing");
		return in;
	}
	eval_unknown(v, chain, rule, "the key of a map");
	v->forked = true;
	w->next = true;
	for (uint32_t i = 0; i < s->count; i++)
		if (rs_set_could(s, i, v->val + e->sreg, v->known + e->sreg))
			eval_verdict(v, w, s->data[i].target, false, chain, rule, depth);
	if (s->catchall)
		eval_verdict(v, w, s->catchall_data.target, false, chain, rule, depth);
	return in;
}

static void eval_set_word(struct eval *v, const struct rs_expr *e, bool surely)
{
	struct rs_word n = { 0, 0 };

	if (e->key != (e->op == RS_OP_META_SET ? (uint32_t)NFT_META_MARK : (uint32_t)NFT_CT_MARK))
		return;
	if (reg_fits(e->sreg, 4)) {
		memcpy(&n.val, v->val + e->sreg, 4);
		memcpy(&n.known, v->known + e->sreg, 4);
	}
	rs_word_set(e->op == RS_OP_META_SET ? &v->k->mark : &v->k->ctmark, n, 0xffffffff,
		    surely && !v->forked);
}

/* expressions that only move values; @t: YES, NO or MAYBE of the rule so far */
static enum rs_tri eval_value(struct eval *v, const struct rs_expr *e, bool surely)
{
	if (!reg_fits(e->sreg, e->len) || !reg_fits(e->dreg, e->len))
		return RS_MAYBE;
	switch ((enum rs_op)e->op) {
	case RS_OP_META:
	case RS_OP_CT:
	case RS_OP_PAYLOAD:
	case RS_OP_FIB:
		return eval_load(v, e);
	case RS_OP_META_SET:
	case RS_OP_CT_SET:
		eval_set_word(v, e, surely);
		return RS_YES;
	case RS_OP_UNKNOWN_REG:
		memset(v->known + e->dreg, 0, e->len);
		return RS_YES;
	case RS_OP_ZERO_REG:
		memset(v->val + e->dreg, 0, e->len);
		memset(v->known + e->dreg, 0xff, e->len);
		return RS_YES;
	case RS_OP_IMMEDIATE:
		if (e->len > RS_DATA_BYTES)
			return RS_MAYBE;
		memcpy(v->val + e->dreg, e->data, e->len);
		memset(v->known + e->dreg, 0xff, e->len);
		return RS_YES;
	case RS_OP_BITWISE:
		eval_bitwise(v, e);
		return RS_YES;
	case RS_OP_SHIFT_LEFT:
	case RS_OP_SHIFT_RIGHT:
		eval_shift(v, e);
		return RS_YES;
	case RS_OP_BYTEORDER:
		eval_byteorder(v, e);
		return RS_YES;
	case RS_OP_CMP:
		if (e->len > RS_DATA_BYTES)
			return RS_MAYBE;
		return rs_compare(e->cmp, v->val + e->sreg, v->known + e->sreg, e->data, e->len);
	case RS_OP_RANGE:
		return e->len > RS_DATA_BYTES ? RS_MAYBE : eval_range(v, e);
	default:
		return RS_MAYBE;
	}
}

static const char *expr_what(const struct rs_expr *e)
{
	switch (e->op) {
	case RS_OP_XT_MATCH:
	case RS_OP_XT_TARGET:
	case RS_OP_MAYBE:
	case RS_OP_ANYTHING:
		return e->why;
	case RS_OP_META:
		return "meta";
	case RS_OP_CT:
		return "ct";
	case RS_OP_PAYLOAD:
		return "payload";
	case RS_OP_FIB:
		return "fib";
	case RS_OP_LOOKUP:
		return "a set lookup";
	default:
		return "something not known";
	}
}

/* one expression with a verdict of its own, or none; true: the rule ends here */
static bool eval_final(struct eval *v, struct ways *w, const struct rs_expr *e, bool surely,
		       const char *unsure, uint32_t chain, int64_t rule, unsigned depth)
{
	struct rs_target t = { RS_DROP, 0 };

	switch (e->op) {
	case RS_OP_ANYTHING:
		eval_anything(v, w, chain, rule, e->why);
		return true;
	case RS_OP_VERDICT:
		t = e->target;
		break;
	case RS_OP_REJECT:
		break;
	case RS_OP_XT_TARGET:
		t.verdict = (uint8_t)rs_xt_target(v->k, e, surely && !v->forked);
		if (t.verdict == RS_ANY) {
			eval_anything(v, w, chain, rule, e->why);
			return true;
		}
		break;
	default:
		return false;
	}
	if (t.verdict == RS_CONTINUE)
		return false;
	if (!surely)
		eval_unknown(v, chain, rule, unsure);
	eval_verdict(v, w, t, surely, chain, rule, depth);
	return true;
}

static struct ways eval_rule(struct eval *v, uint32_t chain, int64_t at, unsigned depth)
{
	const struct rs_rule *r = &v->m->rule[at];
	struct ways w = { false, false };
	const char *unsure = NULL;
	bool surely = true, done = false;

	memset(v->known, 0, sizeof(v->known));
	for (uint32_t i = 0; i < r->count && !done; i++) {
		const struct rs_expr *e = &v->m->expr[r->first + i];
		enum rs_tri t;

		if (*v->steps == 0) {
			v->o->gave_up = true;
			eval_anything(v, &w, chain, at, "too many rules");
			return w;
		}
		--*v->steps;
		if (eval_final(v, &w, e, surely, unsure, chain, at, depth))
			return w;
		switch (e->op) {
		case RS_OP_YES:
		case RS_OP_XT_TARGET:
		case RS_OP_VERDICT:
			t = RS_YES;
			break;
		case RS_OP_NO:
			t = RS_NO;
			break;
		case RS_OP_MAYBE:
			t = RS_MAYBE;
			break;
		case RS_OP_XT_MATCH:
			t = rs_xt_match(v->k, e);
			break;
		case RS_OP_LOOKUP:
			t = eval_lookup(v, &w, e, surely, chain, at, depth, &done);
			break;
		default:
			t = eval_value(v, e, surely);
			break;
		}
		if (done)
			return w;
		if (t == RS_NO)
			break;
		if (t == RS_MAYBE) {
			surely = false;
			v->forked = true;
			if (!unsure)
				unsure = expr_what(e);
		}
	}
	w.next = true;
	return w;
}

static struct ways eval_chain(struct eval *v, uint32_t chain, unsigned depth)
{
	const struct rs_chain *c = &v->m->chain[chain];
	struct ways w = { true, false };

	for (uint32_t i = 0; i < c->count && w.next; i++) {
		struct ways r = eval_rule(v, chain, (int64_t)c->first + i, depth);

		w.next = r.next;
		w.back |= r.back;
		if (v->o->gave_up)
			break;
	}
	return w;
}

void rs_evaluate(const struct rs_model *m, struct rs_packet *k, unsigned hook, int64_t after,
		 struct rs_outcome *o, unsigned *steps)
{
	bool nat_too = hook == NF_INET_LOCAL_IN || hook == NF_INET_FORWARD;
	struct eval v = { .m = m, .k = k, .o = o, .steps = steps };

	k->hook = (uint8_t)hook;
	for (uint32_t i = 0; i < m->bases && o->pass && !o->gave_up; i++) {
		const struct rs_chain *c = &m->chain[m->base[i]];
		uint8_t own = k->p->family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6;
		struct ways w;

		if (c->hook != hook || c->prio <= after || (c->nat && !nat_too) ||
		    (c->family != NFPROTO_INET && c->family != own))
			continue;
		v.base = m->base[i];
		v.accept = v.forked = false;
		w = eval_chain(&v, m->base[i], 0);
		if (w.next || w.back) {
			if (c->policy_drop)
				eval_drop(&v, m->base[i], -1);
			else
				v.accept = true;
		}
		o->pass = v.accept;
	}
}
