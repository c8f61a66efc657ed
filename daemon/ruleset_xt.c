/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ruleset_xt - the xtables matches and targets that iptables-nft puts into nft rules
 *
 * The info blobs are the kernel's own structs (linux/netfilter/xt_*.h).  Each is copied
 * out after a check of its length; a match of another revision or length is MAYBE.
 */
#include <net/if.h>	/* before linux/if.h, which some of the others include */

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_connmark.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_devgroup.h>
#include <linux/netfilter/xt_hashlimit.h>
#include <linux/netfilter/xt_connlimit.h>
#include <linux/netfilter/xt_iprange.h>
#include <linux/netfilter/xt_mac.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_pkttype.h>
#include <linux/netfilter/xt_state.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <netinet/in.h>
#include <string.h>

#include "container.h"
#include "ruleset_model.h"

/* the kernel pads info to 8 bytes, and userspace may or may not: accept both */
#define TAKE(into, e)	((e)->info && (e)->info_len >= sizeof(into) && \
			 (memcpy(&(into), (e)->info, sizeof(into)), true))

static enum rs_tri tri(bool yes) { return yes ? RS_YES : RS_NO; }
static enum rs_tri tri_inv(enum rs_tri t, bool invert) { return invert ? rs_not(t) : t; }

/* is a port (network order, 0: not known) within [from, to] (host order)? */
static enum rs_tri port_in(uint16_t port_be, uint16_t from, uint16_t to)
{
	uint16_t port = ntohs(port_be);

	if (!port)
		return from == 0 && to == 0xffff ? RS_YES : RS_MAYBE;
	return tri(port >= from && port <= to);
}

static enum rs_tri xt_tcp(const struct rs_packet *k, const struct rs_expr *e)
{
	struct xt_tcp t;
	uint8_t flags = k->tcp[13];
	enum rs_tri f;

	if (!TAKE(t, e))
		return RS_MAYBE;
	if ((t.flg_mask & ~k->tcp_known[13] & ~0xc0) == 0 && !(t.flg_mask & 0xc0))
		f = tri((flags & t.flg_mask) == t.flg_cmp);
	else	/* ECE, CWR are the client's choice; the others are not */
		f = (flags & t.flg_mask & 0x3f) == (t.flg_cmp & 0x3f) ? RS_MAYBE : RS_NO;
	f = tri_inv(f, t.invflags & XT_TCP_INV_FLAGS);
	f = rs_and(f, tri_inv(port_in(k->p->src.port_be, t.spts[0], t.spts[1]),
			      t.invflags & XT_TCP_INV_SRCPT));
	f = rs_and(f, tri_inv(port_in(k->p->dst.port_be, t.dpts[0], t.dpts[1]),
			      t.invflags & XT_TCP_INV_DSTPT));
	return t.option ? rs_and(f, RS_MAYBE) : f;
}

static enum rs_tri xt_masked(const union nf_inet_addr *is, const union nf_inet_addr *mask,
			     const struct rs_packet *k, bool reply, bool source)
{
	const uint8_t *want = (const uint8_t *)is, *m = (const uint8_t *)mask;
	struct addr a;

	if (!rs_packet_tuple(k, reply, source, &a))
		return RS_MAYBE;
	for (unsigned i = 0; i < addr_len(&a); i++)
		if ((a.ip[i] ^ want[i]) & m[i])
			return RS_NO;
	return RS_YES;
}

static uint16_t xt_tuple_port(const struct rs_packet *k, bool reply, bool source)
{
	struct addr a;

	rs_packet_tuple(k, reply, source, &a);
	return a.port_be;
}

/* conntrack, revisions 1 to 3; the first members are the same in all */
static enum rs_tri xt_conntrack(const struct rs_packet *k, const struct rs_expr *e)
{
	struct xt_conntrack_mtinfo1 one;
	struct xt_conntrack_mtinfo2 two;
	struct xt_conntrack_mtinfo3 c = { 0 };
	struct rs_word status = rs_packet_status(k);
	uint16_t state = XT_CONNTRACK_STATE_BIT(IP_CT_NEW), has, not;
	enum rs_tri t = RS_YES;

	if (e->rev == 3 && TAKE(c, e)) {
		has = c.match_flags;
	} else if (e->rev == 2 && TAKE(two, e)) {
		memcpy(&c, &two, sizeof(two));
		has = c.match_flags;
	} else if (e->rev == 1 && TAKE(one, e)) {
		memcpy(&c, &one, offsetof(struct xt_conntrack_mtinfo1, state_mask));
		c.state_mask = one.state_mask;
		c.status_mask = one.status_mask;
		has = c.match_flags;
	} else {
		return RS_MAYBE;
	}
	not = c.invert_flags;
	if (e->rev < 3) {
		c.origsrc_port_high = c.origsrc_port = ntohs(c.origsrc_port);
		c.origdst_port_high = c.origdst_port = ntohs(c.origdst_port);
		c.replsrc_port_high = c.replsrc_port = ntohs(c.replsrc_port);
		c.repldst_port_high = c.repldst_port = ntohs(c.repldst_port);
	}
	if (k->redirected)
		state |= XT_CONNTRACK_STATE_DNAT;
	if (has & XT_CONNTRACK_STATE)
		t = rs_and(t, tri(!!(c.state_mask & state) != !!(not & XT_CONNTRACK_STATE)));
	if (has & XT_CONNTRACK_DIRECTION)	/* set: original; inverted: reply */
		t = rs_and(t, tri(!(not & XT_CONNTRACK_DIRECTION)));
	if (has & XT_CONNTRACK_PROTO)
		t = rs_and(t, tri((c.l4proto == IPPROTO_TCP) != !!(not & XT_CONNTRACK_PROTO)));
	if (has & XT_CONNTRACK_ORIGSRC)
		t = rs_and(t, tri_inv(xt_masked(&c.origsrc_addr, &c.origsrc_mask, k, false, true),
				      not & XT_CONNTRACK_ORIGSRC));
	if (has & XT_CONNTRACK_ORIGDST)
		t = rs_and(t, tri_inv(xt_masked(&c.origdst_addr, &c.origdst_mask, k, false, false),
				      not & XT_CONNTRACK_ORIGDST));
	if (has & XT_CONNTRACK_REPLSRC)
		t = rs_and(t, tri_inv(xt_masked(&c.replsrc_addr, &c.replsrc_mask, k, true, true),
				      not & XT_CONNTRACK_REPLSRC));
	if (has & XT_CONNTRACK_REPLDST)
		t = rs_and(t, tri_inv(xt_masked(&c.repldst_addr, &c.repldst_mask, k, true, false),
				      not & XT_CONNTRACK_REPLDST));
	if (has & XT_CONNTRACK_ORIGSRC_PORT)
		t = rs_and(t, tri_inv(port_in(xt_tuple_port(k, false, true), c.origsrc_port,
					      c.origsrc_port_high), not & XT_CONNTRACK_ORIGSRC_PORT));
	if (has & XT_CONNTRACK_ORIGDST_PORT)
		t = rs_and(t, tri_inv(port_in(xt_tuple_port(k, false, false), c.origdst_port,
					      c.origdst_port_high), not & XT_CONNTRACK_ORIGDST_PORT));
	if (has & XT_CONNTRACK_REPLSRC_PORT)
		t = rs_and(t, tri_inv(port_in(xt_tuple_port(k, true, true), c.replsrc_port,
					      c.replsrc_port_high), not & XT_CONNTRACK_REPLSRC_PORT));
	if (has & XT_CONNTRACK_REPLDST_PORT)
		t = rs_and(t, tri_inv(port_in(xt_tuple_port(k, true, false), c.repldst_port,
					      c.repldst_port_high), not & XT_CONNTRACK_REPLDST_PORT));
	if (has & XT_CONNTRACK_STATUS) {
		enum rs_tri s = c.status_mask & status.val & status.known ? RS_YES :
				c.status_mask & ~status.known ? RS_MAYBE : RS_NO;

		/* without any status bit asked for: "NONE", which is no bit at all */
		t = rs_and(t, tri_inv(s, not & XT_CONNTRACK_STATUS));
	}
	return has & XT_CONNTRACK_EXPIRES ? rs_and(t, RS_MAYBE) : t;
}

static enum rs_tri xt_state(const struct rs_packet *k, const struct rs_expr *e)
{
	struct xt_state_info s;

	(void)k;
	if (!TAKE(s, e))
		return RS_MAYBE;
	return tri(s.statemask & XT_STATE_BIT(IP_CT_NEW));
}

static enum rs_tri xt_addrtype(const struct rs_packet *k, const struct rs_expr *e)
{
	struct xt_addrtype_info_v1 v1;
	struct xt_addrtype_info v0;
	enum rs_tri t = RS_YES;
	uint16_t source, dest;
	bool not_source, not_dest;

	if (e->rev == 1 && TAKE(v1, e)) {
		source = v1.source, dest = v1.dest;
		not_source = v1.flags & XT_ADDRTYPE_INVERT_SOURCE;
		not_dest = v1.flags & XT_ADDRTYPE_INVERT_DEST;
	} else if (e->rev == 0 && TAKE(v0, e)) {
		source = v0.source, dest = v0.dest;
		not_source = v0.invert_source, not_dest = v0.invert_dest;
	} else {
		return RS_MAYBE;
	}
	if (source)
		t = rs_and(t, tri(!!(source & (1u << rs_packet_addrtype(k, true))) != not_source));
	if (dest)
		t = rs_and(t, tri(!!(dest & (1u << rs_packet_addrtype(k, false))) != not_dest));
	return t;
}

static enum rs_tri port_list(const struct xt_multiport_v1 *m, uint16_t port_be)
{
	enum rs_tri any = RS_NO;

	for (unsigned i = 0; i < m->count && i < XT_MULTI_PORTS && any != RS_YES; i++) {
		uint16_t from = m->ports[i], to = from;
		enum rs_tri in;

		if (m->pflags[i] && i + 1 < XT_MULTI_PORTS)
			to = m->ports[++i];
		in = port_in(port_be, from, to);
		if (in != RS_NO)
			any = in;
	}
	return any;
}

static enum rs_tri xt_multiport(const struct rs_packet *k, const struct rs_expr *e)
{
	struct xt_multiport_v1 m;
	enum rs_tri src, dst;

	if (e->rev != 1 || !TAKE(m, e))
		return RS_MAYBE;
	src = m.flags == XT_MULTIPORT_DESTINATION ? RS_NO : port_list(&m, k->p->src.port_be);
	dst = m.flags == XT_MULTIPORT_SOURCE ? RS_NO : port_list(&m, k->p->dst.port_be);
	if (m.flags > XT_MULTIPORT_EITHER)
		return RS_MAYBE;
	/* either: not (not src and not dst) */
	return tri_inv(rs_not(rs_and(rs_not(src), rs_not(dst))), m.invert);
}

static enum rs_tri word_is(struct rs_word w, uint32_t want, uint32_t mask, bool invert)
{
	uint32_t sure = w.known | ~mask;	/* what the mask takes away is a sure 0 */
	enum rs_tri t = ((w.val & mask) ^ want) & sure ? RS_NO : sure == 0xffffffff ? RS_YES : RS_MAYBE;

	return tri_inv(t, invert);
}

static enum rs_tri xt_mark(const struct rs_packet *k, const struct rs_expr *e)
{
	struct xt_mark_mtinfo1 m;

	if (e->rev != 1 || !TAKE(m, e))
		return RS_MAYBE;
	return word_is(k->mark, m.mark, m.mask, m.invert);
}

static enum rs_tri xt_connmark(const struct rs_packet *k, const struct rs_expr *e)
{
	struct xt_connmark_mtinfo1 m;

	if (e->rev != 1 || !TAKE(m, e))
		return RS_MAYBE;
	return word_is(k->ctmark, m.mark, m.mask, m.invert);
}

static enum rs_tri xt_mac(const struct rs_packet *k, const struct rs_expr *e)
{
	struct xt_mac_info m;

	if (!TAKE(m, e))
		return RS_MAYBE;
	if (!k->link)
		return RS_NO;	/* not Ethernet: no match, inverted or not */
	if (!k->p->hw_known)
		return RS_MAYBE;
	return tri_inv(tri(memcmp(m.srcaddr, k->p->hw, ETH_ALEN) == 0), m.invert);
}

static enum rs_tri addr_range(const struct addr *a, const union nf_inet_addr *from,
			      const union nf_inet_addr *to)
{
	if (!a->family)
		return RS_MAYBE;
	return tri(memcmp(a->ip, from, addr_len(a)) >= 0 && memcmp(a->ip, to, addr_len(a)) <= 0);
}

static enum rs_tri xt_iprange(const struct rs_packet *k, const struct rs_expr *e)
{
	struct xt_iprange_mtinfo r;
	enum rs_tri t = RS_YES;

	if (e->rev != 1 || !TAKE(r, e))
		return RS_MAYBE;
	if (r.flags & IPRANGE_SRC)
		t = rs_and(t, tri_inv(addr_range(&k->p->src, &r.src_min, &r.src_max),
				      r.flags & IPRANGE_SRC_INV));
	if (r.flags & IPRANGE_DST)
		t = rs_and(t, tri_inv(addr_range(&k->p->dst, &r.dst_min, &r.dst_max),
				      r.flags & IPRANGE_DST_INV));
	return t;
}

static enum rs_tri xt_pkttype(const struct rs_packet *k, const struct rs_expr *e)
{
	struct xt_pkttype_info t;

	(void)k;
	if (!TAKE(t, e))
		return RS_MAYBE;
	return tri((t.pkttype == 0) != !!t.invert);	/* PACKET_HOST */
}

/* below its limit; inverted ("above") it does not match */
static enum rs_tri xt_hashlimit(const struct rs_packet *k, const struct rs_expr *e)
{
	struct xt_hashlimit_mtinfo1 one;
	struct xt_hashlimit_mtinfo2 two;
	struct xt_hashlimit_mtinfo3 three;

	(void)k;
	if (e->rev == 1 && TAKE(one, e))
		return tri(!(one.cfg.mode & XT_HASHLIMIT_INVERT));
	if (e->rev == 2 && TAKE(two, e))
		return tri(!(two.cfg.mode & XT_HASHLIMIT_INVERT));
	if (e->rev == 3 && TAKE(three, e) && !(three.cfg.mode & XT_HASHLIMIT_RATE_MATCH))
		return tri(!(three.cfg.mode & XT_HASHLIMIT_INVERT));
	return RS_MAYBE;
}

static enum rs_tri xt_connlimit(const struct rs_packet *k, const struct rs_expr *e)
{
	struct xt_connlimit_info c;

	(void)k;
	if (e->rev != 1 || !TAKE(c, e))
		return RS_MAYBE;
	return tri(c.flags & XT_CONNLIMIT_INVERT);	/* plain: "above", inverted: "up to" */
}

static enum rs_tri xt_devgroup(const struct rs_packet *k, const struct rs_expr *e)
{
	struct xt_devgroup_info d;
	const struct ruleset_link *in = &k->p->in, *out = &k->p->out;
	enum rs_tri t = RS_YES;

	if (!TAKE(d, e))
		return RS_MAYBE;
	if (d.flags & XT_DEVGROUP_MATCH_SRC)
		t = rs_and(t, !in->group_known ? RS_MAYBE :
			   tri(((d.src_group ^ in->group) & d.src_mask ? 1 : 0) ==
			       !!(d.flags & XT_DEVGROUP_INVERT_SRC)));
	if (d.flags & XT_DEVGROUP_MATCH_DST)
		t = rs_and(t, !out->group_known || k->redirected ? RS_MAYBE :
			   tri(((d.dst_group ^ out->group) & d.dst_mask ? 1 : 0) ==
			       !!(d.flags & XT_DEVGROUP_INVERT_DST)));
	return t;
}

static enum rs_tri xt_always(const struct rs_packet *k, const struct rs_expr *e)
{
	(void)k, (void)e;
	return RS_YES;
}

static enum rs_tri xt_never(const struct rs_packet *k, const struct rs_expr *e)
{
	(void)k, (void)e;
	return RS_NO;
}

static const struct {
	const char *name;
	enum rs_tri (*match)(const struct rs_packet *k, const struct rs_expr *e);
} matches[] = {
	{ "addrtype", xt_addrtype },
	{ "comment", xt_always },
	{ "connlimit", xt_connlimit },
	{ "connmark", xt_connmark },
	{ "conntrack", xt_conntrack },
	{ "dccp", xt_never },		/* other protocols than TCP */
	{ "devgroup", xt_devgroup },
	{ "esp", xt_never },
	{ "hashlimit", xt_hashlimit },
	{ "icmp", xt_never },
	{ "icmp6", xt_never },
	{ "iprange", xt_iprange },
	{ "limit", xt_always },		/* within its limit */
	{ "mac", xt_mac },
	{ "mark", xt_mark },
	{ "multiport", xt_multiport },
	{ "pkttype", xt_pkttype },
	{ "sctp", xt_never },
	{ "state", xt_state },
	{ "tcp", xt_tcp },
	{ "udp", xt_never },
	{ "udplite", xt_never },
};

enum rs_tri rs_xt_match(const struct rs_packet *k, const struct rs_expr *e)
{
	for (size_t i = 0; i < ARRAY_LEN(matches); i++)
		if (strcmp(matches[i].name, e->why) == 0)
			return matches[i].match(k, e);
	return RS_MAYBE;
}

void rs_word_set(struct rs_word *w, struct rs_word val, uint32_t mask, bool certain)
{
	struct rs_word n;

	n.val = (w->val & ~mask) ^ val.val;
	n.known = (w->known | mask) & val.known;
	if (!certain)
		n.known &= w->known & ~(n.val ^ w->val);
	*w = n;
}

/* CONNMARK, revisions 1 and 2: set the connection's mark, save the packet's in it, restore it */
static void xt_connmark_set(struct rs_packet *k, const struct rs_expr *e, bool certain)
{
	struct xt_connmark_tginfo1 c;
	struct xt_connmark_tginfo2 two;
	struct rs_word val;

	if (e->rev == 2 && TAKE(two, e) && two.shift_bits == 0) {
		c = (struct xt_connmark_tginfo1){ two.ctmark, two.ctmask, two.nfmask, two.mode };
	} else if (e->rev != 1 || !TAKE(c, e)) {
		k->mark.known = k->ctmark.known = 0;
		return;
	}
	switch (c.mode) {
	case XT_CONNMARK_SET:
		val = (struct rs_word){ c.ctmark, 0xffffffff };
		rs_word_set(&k->ctmark, val, c.ctmask, certain);
		break;
	case XT_CONNMARK_SAVE:
		val = (struct rs_word){ k->mark.val & c.nfmask, k->mark.known | ~c.nfmask };
		rs_word_set(&k->ctmark, val, c.ctmask, certain);
		break;
	default:
		val = (struct rs_word){ k->ctmark.val & c.ctmask, k->ctmark.known | ~c.ctmask };
		rs_word_set(&k->mark, val, c.nfmask, certain);
		break;
	}
}

enum rs_verdict rs_xt_target(struct rs_packet *k, const struct rs_expr *e, bool certain)
{
	static const char *const passing[] = {
		"AUDIT", "CHECKSUM", "CLASSIFY", "CONNSECMARK", "CT", "DSCP", "ECN", "HL", "HMARK",
		"IDLETIMER", "LED", "LOG", "NFLOG", "NOTRACK", "RATEEST", "SECMARK", "SET", "TCPMSS",
		"TCPOPTSTRIP", "TEE", "TOS", "TRACE", "TTL", "ULOG",
	};
	static const char *const accepting[] = {	/* in chains of type nat only */
		"DNAT", "MASQUERADE", "NETMAP", "REDIRECT", "SNAT",
	};
	struct xt_mark_tginfo2 m;

	for (size_t i = 0; i < ARRAY_LEN(passing); i++)
		if (strcmp(passing[i], e->why) == 0)
			return RS_CONTINUE;
	for (size_t i = 0; i < ARRAY_LEN(accepting); i++)
		if (strcmp(accepting[i], e->why) == 0)
			return RS_ACCEPT;
	if (strcmp(e->why, "REJECT") == 0)
		return RS_DROP;
	if (strcmp(e->why, "MARK") == 0) {
		if (e->rev == 2 && TAKE(m, e))
			rs_word_set(&k->mark, (struct rs_word){ m.mark, 0xffffffff }, m.mask, certain);
		else
			k->mark.known = 0;
		return RS_CONTINUE;
	}
	if (strcmp(e->why, "CONNMARK") == 0) {
		xt_connmark_set(k, e, certain);
		return RS_CONTINUE;
	}
	return RS_ANY;	/* NFQUEUE, SYNPROXY, what is not known */
}
