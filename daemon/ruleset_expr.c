/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ruleset_expr - from libnftnl's expressions to the model's */
#include <stdio.h>	/* before libnftnl, which needs FILE */

#include <errno.h>
#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#include "container.h"
#include "ruleset_model.h"

struct reader {
	const struct rs_model *m;
	uint8_t family;
	const char *table;
	bool *marks;
};

/* byte offset of a register: 1 to 4 are 16 bytes wide, those from NFT_REG32_00 on 4 bytes;
 * RS_REG_BYTES, which fits nothing, where there is no such register */
static uint8_t reg(const struct nftnl_expr *e, uint16_t attr)
{
	uint32_t r = nftnl_expr_get_u32(e, attr);

	if (r >= NFT_REG_1 && r <= NFT_REG_4)
		return (uint8_t)((r - NFT_REG_1) * 16);
	if (r >= NFT_REG32_00 && r <= NFT_REG32_15)
		return (uint8_t)((r - NFT_REG32_00) * 4);
	return RS_REG_BYTES;
}

static void set_why(struct rs_expr *out, enum rs_op op, const char *why)
{
	out->op = (uint8_t)op;
	snprintf(out->why, sizeof(out->why), "%s", why);
}

static void unknown_reg(struct rs_expr *out, const struct nftnl_expr *e, uint16_t attr)
{
	out->op = RS_OP_UNKNOWN_REG;
	out->dreg = reg(e, attr);
	out->len = out->dreg + 16 <= RS_REG_BYTES ? 16 : (uint8_t)(RS_REG_BYTES - out->dreg);
}

/* copy an attribute of at most RS_DATA_BYTES; its length, or 0: longer than that */
static uint8_t data_of(const struct nftnl_expr *e, uint16_t attr, uint8_t to[RS_DATA_BYTES])
{
	uint32_t len = 0;
	const void *p = nftnl_expr_get(e, attr, &len);

	if (!p || len > RS_DATA_BYTES)
		return 0;
	memcpy(to, p, len);
	return (uint8_t)len;
}

struct rs_target rs_expr_verdict(const struct rs_model *m, uint8_t family, const char *table,
				 uint32_t verdict, const char *chain)
{
	struct rs_target t = { RS_ANY, 0 };
	int64_t at;

	switch ((int32_t)verdict) {
	case NF_ACCEPT:
		t.verdict = RS_ACCEPT;
		break;
	case NF_DROP:
		t.verdict = RS_DROP;
		break;
	case NFT_RETURN:
		t.verdict = RS_RETURN;
		break;
	case NFT_CONTINUE:
	case NFT_BREAK:
		t.verdict = RS_CONTINUE;
		break;
	case NFT_JUMP:
	case NFT_GOTO:
		at = chain ? rs_model_chain(m, family, table, chain) : -1;
		if (at < 0)
			break;
		t.verdict = (int32_t)verdict == NFT_JUMP ? RS_JUMP : RS_GOTO;
		t.chain = (uint32_t)at;
		break;
	}
	return t;
}

static int read_meta(struct reader *r, const struct nftnl_expr *e, struct rs_expr *out)
{
	out->key = nftnl_expr_get_u32(e, NFTNL_EXPR_META_KEY);
	if (nftnl_expr_is_set(e, NFTNL_EXPR_META_SREG)) {
		out->op = RS_OP_META_SET;
		out->sreg = reg(e, NFTNL_EXPR_META_SREG);
		*r->marks |= out->key == NFT_META_MARK;
		return 0;
	}
	out->op = RS_OP_META;
	out->dreg = reg(e, NFTNL_EXPR_META_DREG);
	switch (out->key) {
	case NFT_META_IIFNAME:
	case NFT_META_OIFNAME:
	case NFT_META_BRI_IIFNAME:
	case NFT_META_BRI_OIFNAME:
	case NFT_META_IIFKIND:
	case NFT_META_OIFKIND:
	case NFT_META_SDIFNAME:
		out->len = IFNAMSIZ;
		break;
	case NFT_META_TIME_NS:
		out->len = 8;
		break;
	default:
		out->len = 4;
		break;
	}
	return 0;
}

static int read_ct(struct reader *r, const struct nftnl_expr *e, struct rs_expr *out)
{
	out->key = nftnl_expr_get_u32(e, NFTNL_EXPR_CT_KEY);
	if (nftnl_expr_is_set(e, NFTNL_EXPR_CT_SREG)) {
		out->op = RS_OP_CT_SET;
		out->sreg = reg(e, NFTNL_EXPR_CT_SREG);
		*r->marks |= out->key == NFT_CT_MARK;
		return 0;
	}
	out->op = RS_OP_CT;
	out->dreg = reg(e, NFTNL_EXPR_CT_DREG);
	if (nftnl_expr_is_set(e, NFTNL_EXPR_CT_DIR))
		out->base = (uint8_t)(nftnl_expr_get_u8(e, NFTNL_EXPR_CT_DIR) + 1);
	switch (out->key) {
	case NFT_CT_SRC:
	case NFT_CT_DST:
		out->len = r->family == NFPROTO_IPV4 ? 4 : 16;
		break;
	case NFT_CT_SRC_IP6:
	case NFT_CT_DST_IP6:
	case NFT_CT_LABELS:
	case NFT_CT_HELPER:
		out->len = 16;
		break;
	case NFT_CT_PKTS:
	case NFT_CT_BYTES:
	case NFT_CT_AVGPKT:
		out->len = 8;
		break;
	default:
		out->len = 4;
		break;
	}
	return 0;
}

static int read_payload(struct reader *r, const struct nftnl_expr *e, struct rs_expr *out)
{
	uint32_t len = nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_LEN);

	(void)r;
	if (nftnl_expr_is_set(e, NFTNL_EXPR_PAYLOAD_SREG))
		return 0;	/* rewrites a header field: nothing that is tested here */
	out->op = RS_OP_PAYLOAD;
	out->dreg = reg(e, NFTNL_EXPR_PAYLOAD_DREG);
	out->base = (uint8_t)nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_BASE);
	out->key = nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET);
	out->len = (uint8_t)len;
	if (len > RS_REG_BYTES || out->key > 0xffff)
		set_why(out, RS_OP_MAYBE, "payload");
	return 0;
}

static int read_fib(struct reader *r, const struct nftnl_expr *e, struct rs_expr *out)
{
	(void)r;
	out->op = RS_OP_FIB;
	out->dreg = reg(e, NFTNL_EXPR_FIB_DREG);
	out->key = nftnl_expr_get_u32(e, NFTNL_EXPR_FIB_RESULT);
	out->flags = nftnl_expr_get_u32(e, NFTNL_EXPR_FIB_FLAGS);
	out->len = out->key == NFT_FIB_RESULT_OIFNAME && !(out->flags & NFTA_FIB_F_PRESENT)
		 ? IFNAMSIZ : 4;
	return 0;
}

static int read_cmp(struct reader *r, const struct nftnl_expr *e, struct rs_expr *out)
{
	(void)r;
	out->op = RS_OP_CMP;
	out->sreg = reg(e, NFTNL_EXPR_CMP_SREG);
	out->cmp = (uint8_t)nftnl_expr_get_u32(e, NFTNL_EXPR_CMP_OP);
	out->len = data_of(e, NFTNL_EXPR_CMP_DATA, out->data);
	if (!out->len)
		set_why(out, RS_OP_MAYBE, "a comparison");
	return 0;
}

static int read_range(struct reader *r, const struct nftnl_expr *e, struct rs_expr *out)
{
	(void)r;
	out->op = RS_OP_RANGE;
	out->sreg = reg(e, NFTNL_EXPR_RANGE_SREG);
	out->cmp = (uint8_t)nftnl_expr_get_u32(e, NFTNL_EXPR_RANGE_OP);
	out->len = data_of(e, NFTNL_EXPR_RANGE_FROM_DATA, out->data);
	if (!out->len || data_of(e, NFTNL_EXPR_RANGE_TO_DATA, out->data2) != out->len)
		set_why(out, RS_OP_MAYBE, "a range");
	return 0;
}

static int read_immediate(struct reader *r, const struct nftnl_expr *e, struct rs_expr *out)
{
	if (nftnl_expr_is_set(e, NFTNL_EXPR_IMM_VERDICT)) {
		const char *chain = nftnl_expr_is_set(e, NFTNL_EXPR_IMM_CHAIN)
				  ? nftnl_expr_get_str(e, NFTNL_EXPR_IMM_CHAIN) : NULL;

		out->op = RS_OP_VERDICT;
		out->target = rs_expr_verdict(r->m, r->family, r->table,
					      nftnl_expr_get_u32(e, NFTNL_EXPR_IMM_VERDICT), chain);
		return 0;
	}
	out->op = RS_OP_IMMEDIATE;
	out->dreg = reg(e, NFTNL_EXPR_IMM_DREG);
	out->len = data_of(e, NFTNL_EXPR_IMM_DATA, out->data);
	if (!out->len)
		unknown_reg(out, e, NFTNL_EXPR_IMM_DREG);
	return 0;
}

static int read_bitwise(struct reader *r, const struct nftnl_expr *e, struct rs_expr *out)
{
	uint32_t op = nftnl_expr_is_set(e, NFTNL_EXPR_BITWISE_OP)
		    ? nftnl_expr_get_u32(e, NFTNL_EXPR_BITWISE_OP) : NFT_BITWISE_BOOL;
	uint32_t len = nftnl_expr_get_u32(e, NFTNL_EXPR_BITWISE_LEN);
	uint8_t by[RS_DATA_BYTES] = { 0 };
	uint32_t count;

	(void)r;
	out->sreg = reg(e, NFTNL_EXPR_BITWISE_SREG);
	out->dreg = reg(e, NFTNL_EXPR_BITWISE_DREG);
	out->len = (uint8_t)len;
	if (op == NFT_BITWISE_BOOL && len <= RS_DATA_BYTES &&
	    data_of(e, NFTNL_EXPR_BITWISE_MASK, out->data) == len &&
	    data_of(e, NFTNL_EXPR_BITWISE_XOR, out->data2) == len) {
		out->op = RS_OP_BITWISE;
		return 0;
	}
	if ((op == NFT_BITWISE_LSHIFT || op == NFT_BITWISE_RSHIFT) &&
	    data_of(e, NFTNL_EXPR_BITWISE_DATA, by) == sizeof(count)) {
		memcpy(&count, by, sizeof(count));
		out->op = op == NFT_BITWISE_LSHIFT ? RS_OP_SHIFT_LEFT : RS_OP_SHIFT_RIGHT;
		out->cmp = (uint8_t)count;
		return 0;
	}
	out->sreg = 0;
	unknown_reg(out, e, NFTNL_EXPR_BITWISE_DREG);
	return 0;
}

static int read_byteorder(struct reader *r, const struct nftnl_expr *e, struct rs_expr *out)
{
	(void)r;
	out->op = RS_OP_BYTEORDER;
	out->sreg = reg(e, NFTNL_EXPR_BYTEORDER_SREG);
	out->dreg = reg(e, NFTNL_EXPR_BYTEORDER_DREG);
	out->len = (uint8_t)nftnl_expr_get_u32(e, NFTNL_EXPR_BYTEORDER_LEN);
	out->cmp = (uint8_t)nftnl_expr_get_u32(e, NFTNL_EXPR_BYTEORDER_SIZE);
	return 0;
}

static int read_lookup(struct reader *r, const struct nftnl_expr *e, struct rs_expr *out)
{
	int64_t set = rs_model_set(r->m, r->family, r->table,
				   nftnl_expr_get_str(e, NFTNL_EXPR_LOOKUP_SET));

	out->op = RS_OP_LOOKUP;
	out->set = set < 0 ? UINT32_MAX : (uint32_t)set;
	out->sreg = reg(e, NFTNL_EXPR_LOOKUP_SREG);
	if (nftnl_expr_is_set(e, NFTNL_EXPR_LOOKUP_FLAGS))
		out->invert = nftnl_expr_get_u32(e, NFTNL_EXPR_LOOKUP_FLAGS) & NFT_LOOKUP_F_INV;
	if (nftnl_expr_is_set(e, NFTNL_EXPR_LOOKUP_DREG)) {
		out->verdict_map = nftnl_expr_get_u32(e, NFTNL_EXPR_LOOKUP_DREG) == NFT_REG_VERDICT;
		out->dreg = out->verdict_map ? 0 : reg(e, NFTNL_EXPR_LOOKUP_DREG);
	}
	return 0;
}

static int read_xt(struct rs_expr *out, const struct nftnl_expr *e, enum rs_op op, uint16_t name,
		   uint16_t rev, uint16_t info)
{
	uint32_t len = 0;
	const void *p = nftnl_expr_get(e, info, &len);

	set_why(out, op, nftnl_expr_get_str(e, name));
	out->rev = nftnl_expr_get_u32(e, rev);
	if (!p || !len)
		return 0;
	out->info = malloc(len);
	if (!out->info)
		return -ENOMEM;
	memcpy(out->info, p, len);
	out->info_len = len;
	return 0;
}

static int read_match(struct reader *r, const struct nftnl_expr *e, struct rs_expr *out)
{
	(void)r;
	return read_xt(out, e, RS_OP_XT_MATCH, NFTNL_EXPR_MT_NAME, NFTNL_EXPR_MT_REV,
		       NFTNL_EXPR_MT_INFO);
}

static int read_target(struct reader *r, const struct nftnl_expr *e, struct rs_expr *out)
{
	int err = read_xt(out, e, RS_OP_XT_TARGET, NFTNL_EXPR_TG_NAME, NFTNL_EXPR_TG_REV,
			  NFTNL_EXPR_TG_INFO);

	*r->marks |= strcmp(out->why, "MARK") == 0 || strcmp(out->why, "CONNMARK") == 0;
	return err;
}

enum rs_tri rs_expr_limits(const struct nftnl_expr *e)
{
	static const struct { const char *name; uint16_t flags; } limits[] = {
		{ "connlimit", NFTNL_EXPR_CONNLIMIT_FLAGS },
		{ "limit", NFTNL_EXPR_LIMIT_FLAGS },
		{ "quota", NFTNL_EXPR_QUOTA_FLAGS },
	};
	const char *name = nftnl_expr_get_str(e, NFTNL_EXPR_NAME);

	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		if (strcmp(limits[i].name, name) == 0)	/* flag 1 inverts all three: "over" */
			return nftnl_expr_get_u32(e, limits[i].flags) & 1 ? RS_NO : RS_YES;
	return strcmp(name, "counter") == 0 || strcmp(name, "last") == 0 ? RS_YES : RS_MAYBE;
}

static int read_limit(struct reader *r, const struct nftnl_expr *e, struct rs_expr *out)
{
	(void)r;
	out->op = rs_expr_limits(e) == RS_NO ? RS_OP_NO : RS_OP_YES;
	return 0;
}

static int dynset_on_expr(struct nftnl_expr *e, void *data)
{
	enum rs_tri *t = data;

	*t = rs_and(*t, rs_expr_limits(e));
	return 0;
}

/* adds the packet's key to a set; matches where it could, and its limits are kept */
static int read_dynset(struct reader *r, const struct nftnl_expr *e, struct rs_expr *out)
{
	enum rs_tri t = RS_YES;

	(void)r;
	nftnl_expr_expr_foreach(e, dynset_on_expr, &t);
	if (nftnl_expr_is_set(e, NFTNL_EXPR_DYNSET_FLAGS) &&
	    nftnl_expr_get_u32(e, NFTNL_EXPR_DYNSET_FLAGS) & NFT_DYNSET_F_INV)
		t = RS_NO;
	if (t == RS_MAYBE)
		set_why(out, RS_OP_MAYBE, "a dynamic set");
	else
		out->op = t == RS_YES ? RS_OP_YES : RS_OP_NO;
	return 0;
}

static int read_objref(struct reader *r, const struct nftnl_expr *e, struct rs_expr *out)
{
	(void)r;
	if (!nftnl_expr_is_set(e, NFTNL_EXPR_OBJREF_IMM_TYPE)) {
		set_why(out, RS_OP_MAYBE, "a map of objects");
		return 0;
	}
	switch (nftnl_expr_get_u32(e, NFTNL_EXPR_OBJREF_IMM_TYPE)) {
	case NFT_OBJECT_QUOTA:
	case NFT_OBJECT_LIMIT:
	case NFT_OBJECT_CONNLIMIT:	/* which way round it is, only the object says */
		set_why(out, RS_OP_MAYBE, "a named limit");
		break;
	case NFT_OBJECT_SYNPROXY:
		set_why(out, RS_OP_ANYTHING, "synproxy");
		break;
	default:
		out->op = RS_OP_YES;
		break;
	}
	return 0;
}

static int read_exthdr(struct reader *r, const struct nftnl_expr *e, struct rs_expr *out)
{
	uint32_t op = nftnl_expr_is_set(e, NFTNL_EXPR_EXTHDR_OP)
		    ? nftnl_expr_get_u32(e, NFTNL_EXPR_EXTHDR_OP) : NFT_EXTHDR_OP_IPV6;
	bool exists = nftnl_expr_is_set(e, NFTNL_EXPR_EXTHDR_FLAGS) &&
		      nftnl_expr_get_u32(e, NFTNL_EXPR_EXTHDR_FLAGS) & NFT_EXTHDR_F_PRESENT;

	(void)r;
	if (nftnl_expr_is_set(e, NFTNL_EXPR_EXTHDR_SREG))
		return 0;	/* writes an option */
	unknown_reg(out, e, NFTNL_EXPR_EXTHDR_DREG);
	if (op == NFT_EXTHDR_OP_IPV6) {	/* our SYN has no extension headers */
		out->op = exists ? RS_OP_ZERO_REG : RS_OP_NO;
		out->len = 4;
	}
	return 0;
}

static int read_accept(struct reader *r, const struct nftnl_expr *e, struct rs_expr *out)
{
	(void)r;
	set_why(out, RS_OP_VERDICT, nftnl_expr_get_str(e, NFTNL_EXPR_NAME));
	out->target.verdict = RS_ACCEPT;	/* nat statements accept; only in chains of type nat */
	if (strcmp(out->why, "nat") == 0 && nftnl_expr_get_u32(e, NFTNL_EXPR_NAT_TYPE) == NFT_NAT_DNAT)
		set_why(out, RS_OP_VERDICT, "dnat");
	return 0;
}

static int read_queue(struct reader *r, const struct nftnl_expr *e, struct rs_expr *out)
{
	(void)r;
	set_why(out, RS_OP_ANYTHING, "queue");
	if (nftnl_expr_is_set(e, NFTNL_EXPR_QUEUE_NUM)) {
		out->key = nftnl_expr_get_u16(e, NFTNL_EXPR_QUEUE_NUM);
		out->flags = nftnl_expr_get_u16(e, NFTNL_EXPR_QUEUE_TOTAL);
	}
	return 0;
}

static int read_reject(struct reader *r, const struct nftnl_expr *e, struct rs_expr *out)
{
	(void)r, (void)e;
	out->op = RS_OP_REJECT;
	return 0;
}

static int read_nothing(struct reader *r, const struct nftnl_expr *e, struct rs_expr *out)
{
	(void)r;
	set_why(out, RS_OP_YES, nftnl_expr_get_str(e, NFTNL_EXPR_NAME));
	return 0;
}

static const struct {
	const char *name;
	int (*read)(struct reader *r, const struct nftnl_expr *e, struct rs_expr *out);
	uint16_t dreg;		/* of those that only load something unknown, else 0 */
} readers[] = {
	{ "bitwise", read_bitwise, 0 },
	{ "byteorder", read_byteorder, 0 },
	{ "cmp", read_cmp, 0 },
	{ "connlimit", read_limit, 0 },
	{ "counter", read_nothing, 0 },
	{ "ct", read_ct, 0 },
	{ "dup", read_nothing, 0 },
	{ "dynset", read_dynset, 0 },
	{ "exthdr", read_exthdr, 0 },
	{ "fib", read_fib, 0 },
	{ "flow_offload", read_nothing, 0 },
	{ "hash", NULL, NFTNL_EXPR_HASH_DREG },
	{ "immediate", read_immediate, 0 },
	{ "last", read_nothing, 0 },
	{ "limit", read_limit, 0 },
	{ "log", read_nothing, 0 },
	{ "lookup", read_lookup, 0 },
	{ "masq", read_accept, 0 },
	{ "match", read_match, 0 },
	{ "meta", read_meta, 0 },
	{ "nat", read_accept, 0 },
	{ "notrack", read_nothing, 0 },
	{ "numgen", NULL, NFTNL_EXPR_NG_DREG },
	{ "objref", read_objref, 0 },
	{ "osf", NULL, NFTNL_EXPR_OSF_DREG },
	{ "payload", read_payload, 0 },
	{ "queue", read_queue, 0 },
	{ "quota", read_limit, 0 },
	{ "range", read_range, 0 },
	{ "redir", read_accept, 0 },
	{ "reject", read_reject, 0 },
	{ "rt", NULL, NFTNL_EXPR_RT_DREG },
	{ "socket", NULL, NFTNL_EXPR_SOCKET_DREG },
	{ "target", read_target, 0 },
	{ "tunnel", NULL, NFTNL_EXPR_TUNNEL_DREG },
	{ "xfrm", NULL, NFTNL_EXPR_XFRM_DREG },
};

int rs_expr_read(const struct rs_model *m, uint8_t family, const char *table,
		 const struct nftnl_expr *from, struct rs_expr *e, bool *marks)
{
	struct reader r = { m, family, table, marks };
	const char *name = nftnl_expr_get_str(from, NFTNL_EXPR_NAME);

	memset(e, 0, sizeof(*e));
	for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
		if (strcmp(readers[i].name, name) != 0)
			continue;
		if (readers[i].read)
			return readers[i].read(&r, from, e);
		unknown_reg(e, from, readers[i].dreg);
		return 0;
	}
	set_why(e, RS_OP_ANYTHING, name);	/* synproxy, tproxy, what comes in the future */
	return 0;
}
