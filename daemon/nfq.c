/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nfq - netfilter_queue's messages by libmnl and the nlmsg helpers of libnetfilter_queue
 *
 * A verdict that cannot be applied (the packet went away with its interface) comes back
 * as an error message on the same socket; nothing can be done about it, it is skipped.
 */
#include "nfq.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	NFQ_OVERHEAD = 512,	/* bytes of netlink around one packet's copy: headers and all attributes we may get */
	NFQ_TRUESIZE = 1024,	/* bytes of receive buffer that a small packet costs */
	NFQ_SEND_BYTES = 8192,	/* of verdicts in one send, and a packet */
	NFQ_VERDICT_BYTES = 48,	/* one verdict with a mark, or the head of a packet: 16 + 4 + 12 + 8, and room */
};

_Static_assert(NFQ_HOOK_INPUT == (int)NF_INET_LOCAL_IN && NFQ_HOOK_FORWARD == (int)NF_INET_FORWARD &&
	       NFQ_HOOK_OUTPUT == (int)NF_INET_LOCAL_OUT, "hooks are numbered as in linux/netfilter.h");

/* neighbours that share a verdict, not yet written */
struct nfq_run {
	bool open, marked;
	enum nfq_verdict verdict;
	uint32_t last_id, mark;
};

struct nfq {
	struct mnl_socket *nl;
	uint16_t number;
	bool joined;
	size_t slot_bytes;		/* of one receive buffer */
	char *slots;			/* NFQ_BATCH of them */
	struct mmsghdr msgs[NFQ_BATCH];
	struct iovec iovs[NFQ_BATCH];
	struct nfq_run run;
	size_t sent_bytes;		/* used of send_buf */
	_Alignas(8) char send_buf[NFQ_SEND_BYTES + NFQ_PACKET_BYTES];
};

static int nfq_buffers(struct nfq *q, const struct nfq_setup *setup)
{
	unsigned bytes = setup->length * (NFQ_TRUESIZE + setup->copy_bytes);
	int fd = mnl_socket_get_fd(q->nl);

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	q->slot_bytes = (setup->copy_bytes + NFQ_OVERHEAD + 7u) & ~7u;
	q->slots = calloc(NFQ_BATCH, q->slot_bytes);
	if (!q->slots)
		return -ENOMEM;
	for (int i = 0; i < NFQ_BATCH; i++) {
		q->iovs[i] = (struct iovec){ q->slots + (size_t)i * q->slot_bytes, q->slot_bytes };
		q->msgs[i].msg_hdr.msg_iov = &q->iovs[i];
		q->msgs[i].msg_hdr.msg_iovlen = 1;
	}
	return 0;
}

void nfq_free(struct nfq *q)
{
	if (!q)
		return;
	if (q->nl)
		mnl_socket_close(q->nl);	/* the kernel unbinds with the socket */
	free(q->slots);
	free(q);
}

int nfq_socket(const struct nfq *q)
{
	return mnl_socket_get_fd(q->nl);
}

/* nfq_read - one netlink message to one packet; false: it is none */
static bool nfq_read(const struct nlmsghdr *nlh, struct nfq_packet *p)
{
	struct nlattr *attr[NFQA_MAX + 1] = { 0 };
	const struct nfqnl_msg_packet_hdr *head;
	const struct nfqnl_msg_packet_hw *hw;

	if (nlh->nlmsg_type != ((NFNL_SUBSYS_QUEUE << 8) | NFQNL_MSG_PACKET))
		return false;
	if (nfq_nlmsg_parse(nlh, attr) < 0 || !attr[NFQA_PACKET_HDR])
		return false;
	*p = (struct nfq_packet){ 0 };
	head = mnl_attr_get_payload(attr[NFQA_PACKET_HDR]);
	p->id = ntohl(head->packet_id);
	p->hook = head->hook;
	if (attr[NFQA_MARK])
		p->mark = ntohl(mnl_attr_get_u32(attr[NFQA_MARK]));
	if (attr[NFQA_IFINDEX_INDEV])
		p->indev = ntohl(mnl_attr_get_u32(attr[NFQA_IFINDEX_INDEV]));
	if (attr[NFQA_HWADDR]) {
		hw = mnl_attr_get_payload(attr[NFQA_HWADDR]);
		if (ntohs(hw->hw_addrlen) <= sizeof(p->hw)) {
			p->hw_len = (uint8_t)ntohs(hw->hw_addrlen);
			memcpy(p->hw, hw->hw_addr, p->hw_len);
		}
	}
	if (attr[NFQA_PAYLOAD]) {
		p->payload.p = mnl_attr_get_payload(attr[NFQA_PAYLOAD]);
		p->payload.len = mnl_attr_get_payload_len(attr[NFQA_PAYLOAD]);
	}
	p->bytes = (uint32_t)p->payload.len;
	if (attr[NFQA_CAP_LEN])
		p->bytes = ntohl(mnl_attr_get_u32(attr[NFQA_CAP_LEN]));
	return true;
}

int nfq_recv(struct nfq *q, void (*on_packet)(void *ctx, const struct nfq_packet *p), void *ctx)
{
	struct nfq_packet p;
	int n, packets = 0;

	n = recvmmsg(mnl_socket_get_fd(q->nl), q->msgs, NFQ_BATCH, MSG_DONTWAIT, NULL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		const struct nlmsghdr *nlh = q->iovs[i].iov_base;
		int left = (int)q->msgs[i].msg_len;

		for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			if (!nfq_read(nlh, &p))
				continue;
			packets++;
			on_packet(ctx, &p);
		}
	}
	return packets;
}

/* nfq_room - where the next verdict is written; sends first when the buffer is full */
static char *nfq_room(struct nfq *q)
{
	if (q->sent_bytes + NFQ_VERDICT_BYTES > NFQ_SEND_BYTES) {
		mnl_socket_sendto(q->nl, q->send_buf, q->sent_bytes);
		q->sent_bytes = 0;
	}
	return q->send_buf + q->sent_bytes;
}

static void nfq_put(struct nfq *q, int type, const struct nfq_run *r)
{
	struct nlmsghdr *nlh = nfq_nlmsg_put(nfq_room(q), type, q->number);

	nfq_nlmsg_verdict_put(nlh, (int)r->last_id, r->verdict == NFQ_DROP ? NF_DROP : NF_ACCEPT);
	if (r->marked)
		nfq_nlmsg_verdict_put_mark(nlh, r->mark);
	q->sent_bytes += MNL_ALIGN(nlh->nlmsg_len);
}

static void nfq_decide(struct nfq *q, struct nfq_run one)
{
	struct nfq_run *r = &q->run;

	if (!q->joined) {
		nfq_put(q, NFQNL_MSG_VERDICT, &one);
		return;
	}
	if (r->open && (r->verdict != one.verdict || r->marked != one.marked || r->mark != one.mark)) {
		nfq_put(q, NFQNL_MSG_VERDICT_BATCH, r);
		r->open = false;
	}
	*r = one;
	r->open = true;
}

void nfq_verdict(struct nfq *q, uint32_t id, enum nfq_verdict verdict)
{
	nfq_decide(q, (struct nfq_run){ .verdict = verdict, .last_id = id });
}

void nfq_verdict_mark(struct nfq *q, uint32_t id, enum nfq_verdict verdict, uint32_t mark)
{
	nfq_decide(q, (struct nfq_run){ .marked = true, .verdict = verdict, .last_id = id, .mark = mark });
}

void nfq_verdict_packet(struct nfq *q, uint32_t id, struct span packet)
{
	struct nlmsghdr *nlh;

	if (packet.len > NFQ_PACKET_BYTES) {
		nfq_verdict(q, id, NFQ_ACCEPT);
		return;
	}
	nlh = nfq_nlmsg_put(nfq_room(q), NFQNL_MSG_VERDICT, q->number);
	nfq_nlmsg_verdict_put(nlh, (int)id, NF_ACCEPT);
	nfq_nlmsg_verdict_put_pkt(nlh, packet.p, (uint32_t)packet.len);
	q->sent_bytes += MNL_ALIGN(nlh->nlmsg_len);
}

int nfq_flush(struct nfq *q)
{
	size_t bytes;

	if (q->run.open) {
		nfq_put(q, NFQNL_MSG_VERDICT_BATCH, &q->run);
		q->run.open = false;
	}
	bytes = q->sent_bytes;
	if (bytes == 0)
		return 0;
	q->sent_bytes = 0;
	return mnl_socket_sendto(q->nl, q->send_buf, bytes) < 0 ? -errno : 0;
}

/* nfq_bind - take the number and say how it is to be served, in one message: between two, packets
 * would be dropped for want of a copy mode.  0 or a negative errno */
static int nfq_bind(struct nfq *q, const struct nfq_setup *setup)
{
	char buf[256];
	struct nlmsghdr *nlh = nfq_nlmsg_put(buf, NFQNL_MSG_CONFIG, q->number);
	unsigned port = mnl_socket_get_portid(q->nl);
	uint32_t flags = 0;
	struct nfq_packet p;
	ssize_t n;

	if (setup->flags & NFQ_FAIL_OPEN)
		flags |= NFQA_CFG_F_FAIL_OPEN;
	if (setup->flags & NFQ_GSO)
		flags |= NFQA_CFG_F_GSO;
	nfq_nlmsg_cfg_put_cmd(nlh, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
	nfq_nlmsg_cfg_put_params(nlh, NFQNL_COPY_PACKET, (int)setup->copy_bytes);
	nfq_nlmsg_cfg_put_qmaxlen(nlh, setup->length);
	mnl_attr_put_u32(nlh, NFQA_CFG_FLAGS, htonl(flags));
	mnl_attr_put_u32(nlh, NFQA_CFG_MASK, htonl(NFQA_CFG_F_FAIL_OPEN | NFQA_CFG_F_GSO));
	nlh->nlmsg_flags |= NLM_F_ACK;
	nlh->nlmsg_seq = 1;
	if (mnl_socket_sendto(q->nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	/* the kernel has answered within sendto(); packets queued in that moment may stand before
	 * the answer, and pass */
	for (;;) {
		n = mnl_socket_recvfrom(q->nl, q->slots, q->slot_bytes);
		if (n < 0)
			return -errno;
		if (nfq_read((struct nlmsghdr *)q->slots, &p))
			nfq_verdict(q, p.id, NFQ_ACCEPT);
		else
			break;
	}
	if (mnl_cb_run(q->slots, (size_t)n, 1, port, NULL, NULL) < 0)
		/* without the capability EPERM comes for every number; with it, only for one in use */
		return errno == EPERM && nfq_owner(q->number) ? -EBUSY : -errno;
	return nfq_flush(q);
}

struct nfq *nfq_new(const struct nfq_setup *setup, int *err)
{
	struct nfq *q = calloc(1, sizeof(*q));

	if (!q) {
		*err = -ENOMEM;
		return NULL;
	}
	q->number = setup->number;
	q->joined = setup->flags & NFQ_JOINED;
	q->nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (!q->nl || mnl_socket_bind(q->nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		*err = -errno;
		goto fail;
	}
	*err = nfq_buffers(q, setup);
	if (*err == 0)
		*err = nfq_bind(q, setup);
	if (*err == 0)
		return q;
fail:
	nfq_free(q);
	return NULL;
}

struct nfq *nfq_adopt(int fd, const struct nfq_setup *setup, int *err)
{
	struct nfq *q = calloc(1, sizeof(*q));

	if (q)
		q->nl = mnl_socket_fdopen(fd);
	if (!q || !q->nl) {
		*err = -errno;
		close(fd);
		free(q);
		return NULL;
	}
	q->number = setup->number;
	q->joined = setup->flags & NFQ_JOINED;
	*err = nfq_buffers(q, setup);
	if (*err == 0)
		return q;
	nfq_free(q);
	return NULL;
}

int nfq_fail_open(struct nfq *q, bool on)
{
	char buf[256];
	struct nlmsghdr *nlh = nfq_nlmsg_put(buf, NFQNL_MSG_CONFIG, q->number);

	mnl_attr_put_u32(nlh, NFQA_CFG_FLAGS, htonl(on ? NFQA_CFG_F_FAIL_OPEN : 0));
	mnl_attr_put_u32(nlh, NFQA_CFG_MASK, htonl(NFQA_CFG_F_FAIL_OPEN));
	/* no acknowledgement: packets may stand before it, and a flag that this kernel took at bind it takes now */
	return mnl_socket_sendto(q->nl, nlh, nlh->nlmsg_len) < 0 ? -errno : 0;
}

/* nfq_line - what /proc says of queue @number: who listens, and how many packets it had; false: nobody */
static bool nfq_line(uint16_t number, unsigned *owner, unsigned *sequence)
{
	FILE *f = fopen("/proc/net/netfilter/nfnetlink_queue", "re");
	unsigned num;
	bool found = false;
	char line[256];

	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%u %u %*u %*u %*u %*u %*u %u", &num, owner, sequence) == 3 && num == number;
	fclose(f);
	return found;
}

uint64_t nfq_queued(uint16_t number)
{
	unsigned owner, sequence;

	return nfq_line(number, &owner, &sequence) ? sequence : 0;
}

uint32_t nfq_owner(uint16_t number)
{
	unsigned owner, sequence;

	return nfq_line(number, &owner, &sequence) ? owner : 0;
}
