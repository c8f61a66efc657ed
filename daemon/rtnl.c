/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rtnl - interfaces, addresses, routes and neighbours of this network namespace
 *
 * Two sockets: one is subscribed to changes, one asks.  A change only says "look again": the whole snapshot is
 * then taken anew, into fresh arrays that replace the old ones when all of it has arrived.
 */
#include "rtnl.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <libmnl/libmnl.h>

#include "clock.h"
#include "container.h"
#include "rtnl_parts.h"

enum {
	MESSAGE_BYTES = 256,	/* of a request of ours */
	READ_BYTES = 65536,
	TRIES = 4,		/* of a dump that changes under our hands */
	READS = 256,		/* datagrams of events taken at a time */
};

struct snapshot {
	struct rtnl_link *link;
	size_t links;
	struct addr *own;	/* sorted; without ports */
	size_t owns;
	bool has_default;	/* some default route exists */
};

struct rtnl {
	struct mnl_socket *ask, *events;
	uint32_t seq;
	struct snapshot now;
	uint8_t buf[READ_BYTES] __attribute__((aligned(8)));
};

/* --- reading what the kernel sends ------------------------------------------------ */

/* @tb by type; those above @max are left out */
void rtnl_attributes(const struct nlmsghdr *h, size_t head, const struct nlattr **tb, uint16_t max)
{
	const struct nlattr *a;

	memset(tb, 0, sizeof(*tb) * (max + 1u));
	if (mnl_nlmsg_get_payload_len(h) < head)
		return;
	mnl_attr_for_each(a, h, head)
		if (mnl_attr_get_type(a) <= max)
			tb[mnl_attr_get_type(a)] = a;
}

/* 0 where the attribute is missing or short */
uint32_t rtnl_attr_u32(const struct nlattr *a)
{
	return a && mnl_attr_get_payload_len(a) >= 4 ? mnl_attr_get_u32(a) : 0;
}

static void attr_text(const struct nlattr *a, char *out, size_t size)
{
	size_t len = a ? mnl_attr_get_payload_len(a) : 0;

	if (len >= size)
		len = size - 1;
	if (len)
		memcpy(out, mnl_attr_get_payload(a), len);
	out[len] = '\0';
}

static bool attr_addr(const struct nlattr *a, int family, struct addr *out)
{
	if (!a || (family != AF_INET && family != AF_INET6) ||
	    mnl_attr_get_payload_len(a) < (family == AF_INET ? 4 : 16))
		return false;
	addr_from_ip(out, family, mnl_attr_get_payload(a));
	return true;
}

static struct rtnl_link *link_by_index(const struct snapshot *s, uint32_t index)
{
	for (size_t i = 0; i < s->links; i++)
		if (s->link[i].index == index)
			return &s->link[i];
	return NULL;
}

static int on_link(const struct nlmsghdr *h, void *data)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(h);
	const struct nlattr *tb[IFLA_XDP + 1], *inner;
	struct snapshot *s = data;
	struct rtnl_link *l;

	if (h->nlmsg_type != RTM_NEWLINK || s->links == RTNL_LINKS)
		return MNL_CB_OK;
	rtnl_attributes(h, sizeof(*ifi), tb, IFLA_XDP);
	if (!tb[IFLA_IFNAME])
		return MNL_CB_OK;
	l = &s->link[s->links++];
	*l = (struct rtnl_link){
		.index = (uint32_t)ifi->ifi_index,
		.master = rtnl_attr_u32(tb[IFLA_MASTER]),
		.group = rtnl_attr_u32(tb[IFLA_GROUP]),
		.type = ifi->ifi_type,
		.up = ifi->ifi_flags & IFF_UP,
		.loopback = ifi->ifi_flags & IFF_LOOPBACK,
		.ether = ifi->ifi_type == ARPHRD_ETHER,
	};
	attr_text(tb[IFLA_IFNAME], l->name, sizeof(l->name));
	if (tb[IFLA_LINKINFO])
		mnl_attr_for_each_nested(inner, tb[IFLA_LINKINFO])
			if (mnl_attr_get_type(inner) == IFLA_INFO_KIND)
				attr_text(inner, l->kind, sizeof(l->kind));
	if (tb[IFLA_XDP])
		mnl_attr_for_each_nested(inner, tb[IFLA_XDP])
			if (mnl_attr_get_type(inner) == IFLA_XDP_ATTACHED && mnl_attr_get_payload_len(inner) >= 1)
				l->xdp = mnl_attr_get_u8(inner) != XDP_ATTACHED_NONE;
	return MNL_CB_OK;
}

static int on_addr(const struct nlmsghdr *h, void *data)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(h);
	const struct nlattr *tb[IFA_FLAGS + 1];
	struct snapshot *s = data;
	struct rtnl_link *l;
	struct addr a;
	uint32_t flags;

	if (h->nlmsg_type != RTM_NEWADDR)
		return MNL_CB_OK;
	rtnl_attributes(h, sizeof(*ifa), tb, IFA_FLAGS);
	/* of a point-to-point link LOCAL is ours and ADDRESS the other end's */
	if (!attr_addr(tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS], ifa->ifa_family, &a))
		return MNL_CB_OK;
	if (s->owns < RTNL_ADDRS)
		s->own[s->owns++] = a;
	l = link_by_index(s, ifa->ifa_index);
	flags = tb[IFA_FLAGS] ? rtnl_attr_u32(tb[IFA_FLAGS]) : ifa->ifa_flags;
	if (!l)
		return MNL_CB_OK;
	if (ifa->ifa_family == AF_INET) {
		l->v4 = true;
	} else if (!(flags & IFA_F_TENTATIVE) || flags & IFA_F_OPTIMISTIC) {
		l->v6 = true;
		if (ifa->ifa_scope != RT_SCOPE_LINK)
			l->v6_global = true;
	}
	return MNL_CB_OK;
}

static void default_by(struct snapshot *s, uint32_t index)
{
	struct rtnl_link *l = link_by_index(s, index);

	if (l && !l->loopback)
		l->default_route = s->has_default = true;
}

static bool is_default(const struct nlmsghdr *h)
{
	const struct rtmsg *r = mnl_nlmsg_get_payload(h);

	return mnl_nlmsg_get_payload_len(h) >= sizeof(*r) && r->rtm_dst_len == 0 && r->rtm_type == RTN_UNICAST &&
	       (r->rtm_family == AF_INET || r->rtm_family == AF_INET6) && !(r->rtm_flags & RTM_F_CLONED);
}

static int on_route(const struct nlmsghdr *h, void *data)
{
	const struct rtmsg *r = mnl_nlmsg_get_payload(h);
	const struct nlattr *tb[RTA_TABLE + 1];
	struct snapshot *s = data;

	if (h->nlmsg_type != RTM_NEWROUTE || !is_default(h))
		return MNL_CB_OK;
	rtnl_attributes(h, sizeof(*r), tb, RTA_TABLE);
	if ((tb[RTA_TABLE] ? rtnl_attr_u32(tb[RTA_TABLE]) : r->rtm_table) != RT_TABLE_MAIN)
		return MNL_CB_OK;
	if (tb[RTA_OIF])
		default_by(s, rtnl_attr_u32(tb[RTA_OIF]));
	if (tb[RTA_MULTIPATH]) {
		const struct rtnexthop *nh = mnl_attr_get_payload(tb[RTA_MULTIPATH]);
		int left = mnl_attr_get_payload_len(tb[RTA_MULTIPATH]);

		for (; RTNH_OK(nh, left) && nh->rtnh_len; left -= (int)RTNH_ALIGN(nh->rtnh_len), nh = RTNH_NEXT(nh))
			default_by(s, (uint32_t)nh->rtnh_ifindex);
	}
	return MNL_CB_OK;
}

/* --- asking ----------------------------------------------------------------------- */

/* request - begin a request in @buf; @extra: the family's own header */
static struct nlmsghdr *request(struct rtnl *r, void *buf, uint16_t type, uint16_t flags, size_t extra, int family)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	uint8_t *head;

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	h->nlmsg_seq = ++r->seq;
	head = mnl_nlmsg_put_extra_header(h, extra);
	head[0] = (uint8_t)family;	/* the first byte of all of them */
	return h;
}

/* ask - send, and run @cb on all that comes back; 0 or a negative errno.  -EINTR: a dump was changed under way */
static int ask(struct rtnl *r, const struct nlmsghdr *h, mnl_cb_t cb, void *data)
{
	uint32_t port = mnl_socket_get_portid(r->ask);
	bool dump = h->nlmsg_flags & NLM_F_DUMP;
	int ret;

	if (mnl_socket_sendto(r->ask, h, h->nlmsg_len) < 0)
		return -errno;
	do {
		ssize_t n = mnl_socket_recvfrom(r->ask, r->buf, sizeof(r->buf));
		const struct nlmsghdr *got = (const void *)r->buf;

		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (!mnl_nlmsg_ok(got, (int)n) || got->nlmsg_seq != r->seq) {
			ret = MNL_CB_OK;	/* late answer to something older */
			continue;
		}
		ret = mnl_cb_run(r->buf, (size_t)n, r->seq, port, cb, data);
		if (ret < 0)
			return -errno;
		if (!dump)
			return 0;
	} while (ret > MNL_CB_STOP);
	return 0;
}

int rtnl_dump(struct rtnl *r, uint16_t type, size_t extra, int family, mnl_cb_t cb, void *data)
{
	uint8_t buf[MESSAGE_BYTES] __attribute__((aligned(8)));

	return ask(r, request(r, buf, type, NLM_F_DUMP, extra, family), cb, data);
}

static int own_order(const void *a, const void *b)
{
	const struct addr *x = a, *y = b;

	return x->family != y->family ? x->family - y->family : memcmp(x->ip, y->ip, sizeof(x->ip));
}

static void snapshot_fini(struct snapshot *s)
{
	free(s->link);
	free(s->own);
	memset(s, 0, sizeof(*s));
}

static int snapshot_try(struct rtnl *r, struct snapshot *s)
{
	int err;

	s->links = s->owns = 0;
	s->has_default = false;
	err = rtnl_dump(r, RTM_GETLINK, sizeof(struct ifinfomsg), AF_UNSPEC, on_link, s);
	if (!err)
		err = rtnl_dump(r, RTM_GETADDR, sizeof(struct ifaddrmsg), AF_UNSPEC, on_addr, s);
	if (!err)
		err = rtnl_dump(r, RTM_GETROUTE, sizeof(struct rtmsg), AF_INET, on_route, s);
	if (!err)
		err = rtnl_dump(r, RTM_GETROUTE, sizeof(struct rtmsg), AF_INET6, on_route, s);
	return err;
}

static int snapshot_take(struct rtnl *r)
{
	struct snapshot s = {
		.link = calloc(RTNL_LINKS, sizeof(*s.link)),
		.own = calloc(RTNL_ADDRS, sizeof(*s.own)),
	};
	int err = -ENOMEM;

	if (s.link && s.own)
		for (int i = 0; i < TRIES; i++) {
			err = snapshot_try(r, &s);
			if (err != -EINTR)
				break;
		}
	if (err) {
		snapshot_fini(&s);
		return err;
	}
	qsort(s.own, s.owns, sizeof(*s.own), own_order);
	snapshot_fini(&r->now);
	r->now = s;
	return 0;
}

static int socket_ask(struct rtnl *r)
{
	struct timeval wait = { .tv_sec = RTNL_WAIT_MS / 1000, .tv_usec = RTNL_WAIT_MS % 1000 * 1000 };
	int one = 1;

	r->ask = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!r->ask || mnl_socket_bind(r->ask, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    setsockopt(mnl_socket_get_fd(r->ask), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0)
		return -errno;
	/* RTM_GETNEIGH and others then check, and heed, what we put into the request */
	(void)mnl_socket_setsockopt(r->ask, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	return 0;
}

static int socket_events(struct rtnl *r)
{
	static const int groups[] = {
		RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
	};

	r->events = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!r->events || mnl_socket_bind(r->events, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		if (mnl_socket_setsockopt(r->events, NETLINK_ADD_MEMBERSHIP, (void *)(uintptr_t)&groups[i], sizeof(groups[i])) < 0)
			return -errno;
	return 0;
}

int rtnl_open(struct rtnl **out)
{
	struct rtnl *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	r->seq = (uint32_t)clock_ms();
	err = socket_ask(r);
	if (err) {
		rtnl_free(r);
		return err;
	}
	*out = r;
	return 0;
}

int rtnl_new(struct rtnl **out)
{
	struct rtnl *r;
	int err = rtnl_open(&r);

	if (err)
		return err;
	err = socket_events(r);
	if (!err)
		err = snapshot_take(r);
	if (err) {
		rtnl_free(r);
		return err;
	}
	*out = r;
	return 0;
}

void rtnl_free(struct rtnl *r)
{
	if (!r)
		return;
	if (r->ask)
		mnl_socket_close(r->ask);
	if (r->events)
		mnl_socket_close(r->events);
	snapshot_fini(&r->now);
	free(r);
}

int rtnl_fd(const struct rtnl *r)
{
	return mnl_socket_get_fd(r->events);
}

/* matters - could this event change the snapshot?  A router that takes a full table must not wake us for each route */
static bool matters(const struct nlmsghdr *h)
{
	return (h->nlmsg_type != RTM_NEWROUTE && h->nlmsg_type != RTM_DELROUTE) || is_default(h);
}

int rtnl_read(struct rtnl *r)
{
	bool changed = false;
	int err;

	for (int i = 0; i < READS; i++) {
		ssize_t n = recv(rtnl_fd(r), r->buf, sizeof(r->buf), MSG_DONTWAIT);
		const struct nlmsghdr *h = (const void *)r->buf;
		int left = (int)n;

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0 && errno == ENOBUFS)	/* some were lost: look */
			changed = true;
		else if (n < 0 && errno != EINTR)
			return -errno;
		for (; n > 0 && mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
			changed |= matters(h);
	}
	if (!changed)
		return 0;
	err = snapshot_take(r);
	return err ? err : 1;
}

/* --- what the snapshot says --------------------------------------------------------- */

size_t rtnl_links(const struct rtnl *r, const struct rtnl_link **links)
{
	*links = r->now.link;
	return r->now.links;
}

const struct rtnl_link *rtnl_link(const struct rtnl *r, const char *name)
{
	for (size_t i = 0; i < r->now.links; i++)
		if (strcmp(r->now.link[i].name, name) == 0)
			return &r->now.link[i];
	return NULL;
}

/* docker names the bridges of its networks br- and twelve hexadecimal digits; br-lan is a lan */
static bool is_docker_bridge(const char *name)
{
	size_t hex = 0;

	if (strncmp(name, "br-", 3) != 0)
		return false;
	while (isxdigit((unsigned char)name[3 + hex]))
		hex++;
	return hex == 12 && name[3 + hex] == '\0';
}

static bool begins_with_any(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strncmp(name, list[i], strlen(list[i])) == 0)
			return true;
	return false;
}

/* By kind first; names serve where bridges and taps of container and machine managers look like any other.
 * A veth is a lan when it has an address of its own and belongs to no bridge: the host's ends of containers' veths have
 * none, or sit in a bridge.  Laboratories made of veths thus work with "lan: auto". */
static const char *not_by_kind(const struct rtnl_link *l)
{
	static const char *const tunnels[] = {
		"wireguard", "tun", "ppp", "ipip", "sit", "gre", "gretap", "ip6tnl", "ip6gre", "ip6gretap", "erspan", "ip6erspan",
		"vti", "vti6", "xfrm", "vxlan", "geneve", "bareudp", "gtp", "l2tpeth", "amt", "ovpn",
	};
	static const char *const containers[] = {
		"docker", "virbr", "vnet", "cni", "cbr0", "flannel", "cali", "cilium", "lxc", "lxdbr", "incusbr", "podman", "nerdctl",
		"kube", "vmnet", "vboxnet", "waydroid", "ve-", "vb-", "vz-", "fwbr", "fwpr", "fwln", "mpqemubr",
	};
	static const char *const tunnel_names[] = { "tun", "tap", "wg", "zt", "tailscale", "ppp" };

	for (size_t i = 0; i < ARRAY_LEN(tunnels); i++)
		if (strcmp(l->kind, tunnels[i]) == 0)
			return "a tunnel";
	if (l->type == ARPHRD_PPP || l->type == ARPHRD_NONE ||
	    begins_with_any(l->name, tunnel_names, ARRAY_LEN(tunnel_names)))
		return "a tunnel";
	if (strcmp(l->kind, "dummy") == 0 || strcmp(l->kind, "ifb") == 0 || strcmp(l->kind, "nlmon") == 0)
		return "no wire behind it";
	if (begins_with_any(l->name, containers, ARRAY_LEN(containers)) || is_docker_bridge(l->name))
		return "belongs to containers or virtual machines";
	return NULL;
}

const char *rtnl_lan_why_not(const struct rtnl *r, const struct rtnl_link *l)
{
	const struct rtnl_link *master = l->master ? link_by_index(&r->now, l->master) : NULL;
	const char *kind;

	if (l->loopback)
		return "loopback";
	if (!l->up)
		return "down";
	if (l->default_route)
		return "carries a default route";
	if (master && strcmp(master->kind, "vrf") != 0)
		return "part of a bridge or bond";
	kind = not_by_kind(l);
	if (kind)
		return kind;
	if (!l->v4 && !l->v6_global)
		return "has no address";
	return r->now.has_default ? NULL : "there is no default route yet";
}

size_t rtnl_lan_auto(const struct rtnl *r, const struct rtnl_link *lan[], size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < r->now.links && n < max; i++)
		if (!rtnl_lan_why_not(r, &r->now.link[i]))
			lan[n++] = &r->now.link[i];
	return n;
}

bool rtnl_is_own(const struct rtnl *r, const struct addr *a)
{
	static const uint8_t loopback6[16] = { [15] = 1 };
	struct addr key = *a;

	if (a->family == AF_INET ? a->ip[0] == 127 : memcmp(a->ip, loopback6, sizeof(loopback6)) == 0)
		return true;
	key.port_be = 0;
	return r->now.owns && bsearch(&key, r->now.own, r->now.owns, sizeof(*r->now.own), own_order);
}

/* --- questions to the kernel ---------------------------------------------------------- */

static int on_route_answer(const struct nlmsghdr *h, void *data)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *tb[RTA_OIF + 1];
	int *oif = data;

	rtnl_attributes(h, sizeof(*m), tb, RTA_OIF);
	if (h->nlmsg_type == RTM_NEWROUTE && tb[RTA_OIF] && (m->rtm_type == RTN_UNICAST || m->rtm_type == RTN_LOCAL))
		*oif = (int)rtnl_attr_u32(tb[RTA_OIF]);
	return MNL_CB_OK;
}

int rtnl_route_oif(struct rtnl *r, const struct addr *dst, const struct addr *src, uint32_t iif)
{
	uint8_t buf[MESSAGE_BYTES] __attribute__((aligned(8)));
	struct nlmsghdr *h = request(r, buf, RTM_GETROUTE, 0, sizeof(struct rtmsg), dst->family);
	struct rtmsg *m = mnl_nlmsg_get_payload(h);
	int oif = -ENETUNREACH, err;

	if ((dst->family != AF_INET && dst->family != AF_INET6) || (src && src->family != dst->family))
		return -EINVAL;
	m->rtm_dst_len = (uint8_t)(addr_len(dst) * 8);
	mnl_attr_put(h, RTA_DST, addr_len(dst), dst->ip);
	if (src) {
		m->rtm_src_len = m->rtm_dst_len;
		mnl_attr_put(h, RTA_SRC, addr_len(src), src->ip);
	}
	if (iif)
		mnl_attr_put_u32(h, RTA_IIF, iif);
	err = ask(r, h, on_route_answer, &oif);
	return err ? err : oif;
}

struct neighbour {
	uint8_t *hw;
	bool found;
};

static int on_neighbour(const struct nlmsghdr *h, void *data)
{
	const struct ndmsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *tb[NDA_LLADDR + 1];
	struct neighbour *n = data;

	rtnl_attributes(h, sizeof(*m), tb, NDA_LLADDR);
	if (h->nlmsg_type == RTM_NEWNEIGH && tb[NDA_LLADDR] && mnl_attr_get_payload_len(tb[NDA_LLADDR]) == 6 &&
	    m->ndm_state & (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)) {
		memcpy(n->hw, mnl_attr_get_payload(tb[NDA_LLADDR]), 6);
		n->found = true;
	}
	return MNL_CB_OK;
}

int rtnl_neighbour(struct rtnl *r, const struct addr *a, uint8_t hw[6])
{
	uint8_t buf[MESSAGE_BYTES] __attribute__((aligned(8)));
	struct neighbour n = { .hw = hw };
	int oif = rtnl_route_oif(r, a, NULL, 0), err;
	struct nlmsghdr *h;
	struct ndmsg *m;

	if (oif < 0)
		return oif == -EINVAL ? oif : -ENOENT;
	h = request(r, buf, RTM_GETNEIGH, 0, sizeof(*m), a->family);
	m = mnl_nlmsg_get_payload(h);
	m->ndm_ifindex = oif;
	mnl_attr_put(h, NDA_DST, addr_len(a), a->ip);
	err = ask(r, h, on_neighbour, &n);
	return err ? err : n.found ? 0 : -ENOENT;
}
