/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nftevent - what changed in nf_tables: our table deleted, or somebody's rules */
#include "nftevent.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include "container.h"

static const char table_name[] = "dejunk";

enum {
	READS = 256,	/* datagrams taken at a time: somebody else's flood must not hold the monitor */
	/* offsets in a message: struct nlmsghdr, struct nfgenmsg, then the table's name as first attribute */
	AT_TYPE = 4, AT_PORT = 12, AT_FAMILY = 16, AT_ATTR_LEN = 20, AT_ATTR_TYPE = 22, AT_NAME = 24,
};

static uint16_t nft_type(unsigned msg)
{
	return (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | msg);
}

/* filter_attach - drop, in the kernel, what @own does to elements of our sets, elements that others add to them, and the
 * "new generation" that ends each transaction
 * The filter sees the first message of a datagram only; that is enough, as all in it is by one program. */
static int filter_attach(int fd, uint32_t own)
{
	/* loads are in network order and the fields in host order: so are the constants, through htons */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, AT_TYPE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(nft_type(NFT_MSG_NEWGEN)), 17, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(nft_type(NFT_MSG_NEWSETELEM)), 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(nft_type(NFT_MSG_DELSETELEM)), 0, 14),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT_PORT),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(own), 0, 12),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, AT_FAMILY),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NFPROTO_INET, 0, 10),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, AT_ATTR_LEN),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(4 + sizeof(table_name)), 0, 8),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, AT_ATTR_TYPE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(NFTA_SET_ELEM_LIST_TABLE), 0, 6),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT_NAME),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'd' << 24 | 'e' << 16 | 'j' << 8 | 'u', 0, 4),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, AT_NAME + 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'n' << 8 | 'k', 0, 2),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, AT_NAME + 6),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { .len = ARRAY_LEN(code), .filter = code };

	_Static_assert(sizeof(table_name) == 7, "the filter compares seven bytes");
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) < 0 ? -errno : 0;
}

int nftevent_open(uint32_t own)
{
	struct sockaddr_nl sa = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
	int group = NFNLGRP_NFTABLES, rcvbuf = 4 << 20, err;

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf, sizeof(rcvbuf));
	err = filter_attach(fd, own);
	if (!err && (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
		     setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0))
		err = -errno;
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* is_ours - is this message about our table?  Its name is the first attribute, number 1, of every kind of message */
static int is_ours(const struct nlmsghdr *h)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(h);
	const struct nlattr *attr;

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*nfg) || nfg->nfgen_family != NFPROTO_INET)
		return 0;
	mnl_attr_for_each(attr, h, sizeof(*nfg))
		if (mnl_attr_get_type(attr) == NFTA_TABLE_NAME)
			return mnl_attr_get_payload_len(attr) == sizeof(table_name) &&
			       memcmp(mnl_attr_get_payload(attr), table_name, sizeof(table_name)) == 0;
	return 0;
}

static int event_of(const struct nlmsghdr *h, int seen)
{
	if (h->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES || h->nlmsg_type == nft_type(NFT_MSG_NEWGEN))
		return seen;
	if (!is_ours(h))
		return seen | NFTEVENT_OTHERS;
	if (h->nlmsg_type == nft_type(NFT_MSG_DELSETELEM))
		return seen | NFTEVENT_ELEMENTS;
	if (h->nlmsg_type == nft_type(NFT_MSG_NEWSETELEM))
		return seen;
	if (h->nlmsg_type == nft_type(NFT_MSG_DELTABLE))
		seen |= NFTEVENT_GONE;
	if (h->nlmsg_type == nft_type(NFT_MSG_NEWTABLE))
		seen &= ~NFTEVENT_GONE;		/* deleted and put back: replaced */
	return seen | NFTEVENT_OWN;
}

int nftevent_read(int fd)
{
	uint8_t buf[65536] __attribute__((aligned(8)));
	int seen = 0;

	for (int i = 0; i < READS; i++) {
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		const struct nlmsghdr *h = (const void *)buf;
		int left = (int)n;

		if (n < 0 && errno == ENOBUFS) {
			seen |= NFTEVENT_LOST;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			return -errno;
		for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
			seen = event_of(h, seen);
	}
	return seen;
}
