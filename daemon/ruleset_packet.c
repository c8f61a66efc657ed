/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ruleset_packet - the synthetic SYN: what each expression of nf_tables would load from it
 *
 * Kernel counterparts: net/netfilter/nft_meta.c, nft_ct.c, nft_payload.c, nft_fib.c.
 */
#include <arpa/inet.h>

#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <string.h>

#include "ruleset_model.h"

static void put(uint8_t *at, uint8_t *known, const void *from, unsigned len)
{
	memcpy(at, from, len);
	memset(known, 0xff, len);
}

static void packet_network(struct rs_packet *k)
{
	const struct ruleset_packet *p = k->p;

	if (p->family == AF_INET) {
		k->net_len = 20;
		k->net[0] = 0x45;	/* version, no options */
		k->net_known[0] = 0xff;
		k->net_known[6] = 0x3f;	/* not a fragment; DF is the client's choice */
		k->net_known[7] = 0xff;
		k->net[9] = IPPROTO_TCP;
		k->net_known[9] = 0xff;
		if (p->src.family)
			put(k->net + 12, k->net_known + 12, p->src.ip, 4);
		if (p->dst.family)
			put(k->net + 16, k->net_known + 16, p->dst.ip, 4);
		return;
	}
	k->net_len = 40;
	k->net[0] = 0x60;
	k->net_known[0] = 0xf0;
	k->net[6] = IPPROTO_TCP;
	k->net_known[6] = 0xff;
	if (p->src.family)
		put(k->net + 8, k->net_known + 8, p->src.ip, 16);
	if (p->dst.family)
		put(k->net + 24, k->net_known + 24, p->dst.ip, 16);
}

void rs_packet_init(struct rs_packet *k, const struct ruleset_packet *p, bool redirected,
		    bool marks_known)
{
	uint16_t type = htons(p->family == AF_INET ? ETH_P_IP : ETH_P_IPV6);

	memset(k, 0, sizeof(*k));
	k->p = p;
	k->redirected = redirected;
	k->mark.known = k->ctmark.known = marks_known ? 0xffffffff : 0;
	k->link = p->in.type == 0 || p->in.type == ARPHRD_ETHER;
	if (p->hw_known)
		put(k->eth + 6, k->eth_known + 6, p->hw, 6);
	put(k->eth + 12, k->eth_known + 12, &type, 2);
	packet_network(k);
	if (p->src.port_be)
		put(k->tcp, k->tcp_known, &p->src.port_be, 2);
	if (p->dst.port_be)
		put(k->tcp + 2, k->tcp_known + 2, &p->dst.port_be, 2);
	k->tcp[13] = 0x02;		/* SYN; CWR and ECE as the client likes (RFC 3168) */
	k->tcp_known[13] = 0x3f;
}

enum rs_tri rs_packet_payload(const struct rs_packet *k, unsigned base, unsigned offset,
			      uint8_t *val, uint8_t *known, unsigned len)
{
	const uint8_t *from, *from_known;
	unsigned size;

	switch (base) {
	case NFT_PAYLOAD_LL_HEADER:
		if (!k->link)
			return RS_NO;	/* the kernel: no link-layer header, NFT_BREAK */
		from = k->eth, from_known = k->eth_known, size = sizeof(k->eth);
		break;
	case NFT_PAYLOAD_NETWORK_HEADER:
		from = k->net, from_known = k->net_known, size = k->net_len;
		break;
	case NFT_PAYLOAD_TRANSPORT_HEADER:
		from = k->tcp, from_known = k->tcp_known, size = sizeof(k->tcp);
		break;
	default:
		return RS_MAYBE;
	}
	for (unsigned i = 0; i < len; i++) {
		if (offset + i >= size)
			return RS_MAYBE;	/* options: may be there or not */
		val[i] = from[offset + i];
		known[i] = from_known[offset + i];
	}
	return k->p->in.type == 0 && base == NFT_PAYLOAD_LL_HEADER ? RS_MAYBE : RS_YES;
}

static void put_u8(uint8_t *val, uint8_t *known, unsigned len, uint8_t n)
{
	if (len >= 1)
		put(val, known, &n, 1);
	if (len > 1)
		memset(known, 0xff, len);	/* the kernel clears the rest of the register */
}

static void put_u16(uint8_t *val, uint8_t *known, unsigned len, uint16_t n)
{
	if (len >= 2) {
		put(val, known, &n, 2);
		memset(known, 0xff, len);
	}
}

static void put_word(uint8_t *val, uint8_t *known, unsigned len, struct rs_word w)
{
	if (len >= 4) {
		memcpy(val, &w.val, 4);
		memcpy(known, &w.known, 4);
	}
}

static struct rs_word word(uint32_t n)
{
	return (struct rs_word){ n, 0xffffffff };
}

/* the interfaces as the hook sees them; NULL: the hook has none on that side */
static const struct ruleset_link *packet_link(const struct rs_packet *k, bool out)
{
	if (!out)
		return &k->p->in;
	return k->hook == NF_INET_FORWARD || k->hook == NF_INET_POST_ROUTING ? &k->p->out : NULL;
}

static enum rs_tri packet_meta_link(const struct rs_packet *k, uint32_t key, uint8_t *val,
				    uint8_t *known, unsigned len)
{
	bool out = key == NFT_META_OIF || key == NFT_META_OIFNAME || key == NFT_META_OIFTYPE ||
		   key == NFT_META_OIFGROUP;
	const struct ruleset_link *l = packet_link(k, out);

	switch (key) {
	case NFT_META_IIF:
	case NFT_META_OIF:
		if (!l || l->index)
			put_word(val, known, len, word(l ? l->index : 0));
		return RS_YES;
	case NFT_META_IIFNAME:
	case NFT_META_OIFNAME:
		if (!l || l->name[0]) {
			if (len > IFNAMSIZ)
				len = IFNAMSIZ;
			if (l)
				memcpy(val, l->name, strnlen(l->name, len));
			memset(known, 0xff, len);
		}
		return RS_YES;
	case NFT_META_IIFTYPE:
	case NFT_META_OIFTYPE:
		if (!l)
			return RS_NO;
		if (l->type)
			put_u16(val, known, len, l->type);
		return RS_YES;
	default:
		if (!l)
			return RS_NO;
		if (l->group_known)
			put_word(val, known, len, word(l->group));
		return RS_YES;
	}
}

enum rs_tri rs_packet_meta(const struct rs_packet *k, uint32_t key, uint8_t *val, uint8_t *known,
			   unsigned len)
{
	switch (key) {
	case NFT_META_PROTOCOL:
		put_u16(val, known, len, htons(k->net_len == 20 ? ETH_P_IP : ETH_P_IPV6));
		return RS_YES;
	case NFT_META_NFPROTO:
		put_u8(val, known, len, k->net_len == 20 ? NFPROTO_IPV4 : NFPROTO_IPV6);
		return RS_YES;
	case NFT_META_L4PROTO:
		put_u8(val, known, len, IPPROTO_TCP);
		return RS_YES;
	case NFT_META_PKTTYPE:
		put_u8(val, known, len, 0);	/* PACKET_HOST: it came to our link-layer address */
		return RS_YES;
	case NFT_META_MARK:
		put_word(val, known, len, k->mark);
		return RS_YES;
	case NFT_META_IIF:
	case NFT_META_OIF:
	case NFT_META_IIFNAME:
	case NFT_META_OIFNAME:
	case NFT_META_IIFTYPE:
	case NFT_META_OIFTYPE:
	case NFT_META_IIFGROUP:
	case NFT_META_OIFGROUP:
		return packet_meta_link(k, key, val, known, len);
	case NFT_META_SKUID:		/* a packet from outside has no socket yet: NFT_BREAK */
	case NFT_META_SKGID:
	case NFT_META_CGROUP:
		return RS_NO;
	default:
		return RS_MAYBE;
	}
}

struct rs_word rs_packet_status(const struct rs_packet *k)
{
	/* new and not confirmed; whether nat was set up depends on others' chains */
	return (struct rs_word){
		k->redirected ? IPS_DST_NAT : 0,
		~(uint32_t)(IPS_NAT_DONE_MASK | IPS_HELPER | IPS_OFFLOAD),
	};
}

bool rs_packet_tuple(const struct rs_packet *k, bool reply, bool source, struct addr *a)
{
	if (!reply && !source && k->redirected)
		*a = k->p->orig_dst;
	else
		*a = source != reply ? k->p->src : k->p->dst;
	return a->family != 0;
}

enum rs_tri rs_packet_ct(const struct rs_packet *k, uint32_t key, unsigned dir, uint8_t *val,
			 uint8_t *known, unsigned len)
{
	bool reply = dir == IP_CT_DIR_REPLY + 1;
	struct addr a;

	switch (key) {
	case NFT_CT_STATE:
		put_word(val, known, len, word(NF_CT_STATE_BIT(IP_CT_NEW)));
		return RS_YES;
	case NFT_CT_DIRECTION:
		put_u8(val, known, len, IP_CT_DIR_ORIGINAL);
		return RS_YES;
	case NFT_CT_STATUS:
		put_word(val, known, len, rs_packet_status(k));
		return RS_YES;
	case NFT_CT_MARK:
		put_word(val, known, len, k->ctmark);
		return RS_YES;
	case NFT_CT_L3PROTOCOL:
		put_u8(val, known, len, k->net_len == 20 ? NFPROTO_IPV4 : NFPROTO_IPV6);
		return RS_YES;
	case NFT_CT_PROTOCOL:
		put_u8(val, known, len, IPPROTO_TCP);
		return RS_YES;
	case NFT_CT_SRC_IP:
	case NFT_CT_DST_IP:
		if (k->net_len != 20)
			return RS_NO;
		break;
	case NFT_CT_SRC_IP6:
	case NFT_CT_DST_IP6:
		if (k->net_len != 40)
			return RS_NO;
		break;
	case NFT_CT_SRC:
	case NFT_CT_DST:
	case NFT_CT_PROTO_SRC:
	case NFT_CT_PROTO_DST:
		break;
	default:
		return RS_MAYBE;
	}
	if (dir == 0)
		return RS_MAYBE;
	rs_packet_tuple(k, reply, key == NFT_CT_SRC || key == NFT_CT_SRC_IP ||
			key == NFT_CT_SRC_IP6 || key == NFT_CT_PROTO_SRC, &a);
	if (key == NFT_CT_PROTO_SRC || key == NFT_CT_PROTO_DST) {
		if (a.port_be)
			put_u16(val, known, len, a.port_be);
	} else if (a.family && len >= addr_len(&a)) {
		put(val, known, a.ip, addr_len(&a));
		memset(known, 0xff, len);
	}
	return RS_YES;
}

unsigned rs_packet_addrtype(const struct rs_packet *k, bool source)
{
	if (source)
		return RTN_UNICAST;	/* a martian source never gets this far */
	if (k->hook == NF_INET_LOCAL_IN || k->redirected)
		return RTN_LOCAL;
	return RTN_UNICAST;		/* it is forwarded */
}

enum rs_tri rs_packet_fib(const struct rs_packet *k, uint32_t result, uint32_t flags, uint8_t *val,
			  uint8_t *known, unsigned len)
{
	bool source = flags & NFTA_FIB_F_SADDR;
	const struct ruleset_link *l = source ? &k->p->in : &k->p->out;
	uint32_t index = l->index;

	if (result == NFT_FIB_RESULT_ADDRTYPE) {
		put_word(val, known, len, word(rs_packet_addrtype(k, source)));
		return RS_YES;
	}
	/* the reverse path: by the interface it came in by, unless the caller knows better */
	if (source && k->p->back_index && k->p->back_index != index) {
		if (flags & NFTA_FIB_F_IIF)
			index = 0;	/* not that way: a miss */
		else
			index = k->p->back_index;
		l = NULL;
	} else if (!source && k->redirected) {
		return RS_MAYBE;
	}
	if (flags & NFTA_FIB_F_PRESENT) {
		put_u8(val, known, len, !(l == NULL && index == 0));
		return RS_YES;
	}
	if (result == NFT_FIB_RESULT_OIF) {
		if (l == NULL || index)
			put_word(val, known, len, word(index));
		return RS_YES;
	}
	if (result == NFT_FIB_RESULT_OIFNAME && len <= IFNAMSIZ) {
		if (l && l->name[0])
			memcpy(val, l->name, strnlen(l->name, len));
		if ((l && l->name[0]) || (!l && index == 0))
			memset(known, 0xff, len);
		return RS_YES;
	}
	return RS_MAYBE;
}
