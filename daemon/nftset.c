/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nftset - elements and queue rules of the table "inet dejunk", in transactions
 *
 * A batch is a run of netlink messages between NFNL_MSG_BATCH_BEGIN and _END, built in one buffer and
 * sent as one datagram.  The kernel answers each message that failed, and the last one before END because that asks for
 * it; all messages of a batch carry its sequence number, so that stale answers are told apart.
 */
#include "nftset.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/xt_NFQUEUE.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>

#include "clock.h"
#include "container.h"

static const char table_name[] = "dejunk";

enum {
	MESSAGE_BYTES = 512,	/* more than one element or rule can need */
	BUFFER_FIRST = 64 << 10,	/* bytes; grows to NFTSET_BATCH_BYTES */
};

struct nftset {
	struct mnl_socket *nl;
	uint32_t portid;
	uint32_t seq;		/* of the batch or request under way */
	uint8_t *buf;
	size_t size, used;
	struct nlmsghdr *last;	/* message of the batch; NULL: it is empty */
};

/* --- the socket --------------------------------------------------------------- */

int nftset_new(struct nftset **out)
{
	struct nftset *s = calloc(1, sizeof(*s));
	int err, one = 1, sndbuf = NFTSET_BATCH_BYTES + (1 << 20), rcvbuf = 1 << 20;

	if (!s)
		return -ENOMEM;
	s->size = BUFFER_FIRST;
	s->buf = malloc(s->size);
	if (!s->buf) {
		err = -ENOMEM;
		goto fail_s;
	}
	s->nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!s->nl) {
		err = -errno;
		goto fail_buf;
	}
	if (mnl_socket_bind(s->nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		goto fail_nl;
	}
	s->portid = mnl_socket_get_portid(s->nl);
	/* a batch is one datagram; errors need not repeat the message that failed */
	if (setsockopt(mnl_socket_get_fd(s->nl), SOL_SOCKET, SO_SNDBUFFORCE, &sndbuf, sizeof(sndbuf)) < 0)
		(void)setsockopt(mnl_socket_get_fd(s->nl), SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf));
	(void)setsockopt(mnl_socket_get_fd(s->nl), SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf, sizeof(rcvbuf));
	(void)mnl_socket_setsockopt(s->nl, NETLINK_CAP_ACK, &one, sizeof(one));
	s->seq = (uint32_t)clock_ms();
	*out = s;
	return 0;
fail_nl:
	mnl_socket_close(s->nl);
fail_buf:
	free(s->buf);
fail_s:
	free(s);
	return err;
}

uint32_t nftset_port(const struct nftset *s)
{
	return s->portid;
}

void nftset_free(struct nftset *s)
{
	if (!s)
		return;
	mnl_socket_close(s->nl);
	free(s->buf);
	free(s);
}

/* wait_for - receive one datagram of answers; bytes, or a negative errno; @until_ms 0: do not wait */
static ssize_t wait_for(struct nftset *s, void *buf, size_t size, uint64_t until_ms)
{
	struct pollfd p = { .fd = mnl_socket_get_fd(s->nl), .events = POLLIN };

	for (;;) {
		uint64_t now = clock_ms();
		int n = poll(&p, 1, now < until_ms ? (int)(until_ms - now) : 0);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			ssize_t got = recv(p.fd, buf, size, MSG_DONTWAIT);

			if (got >= 0)
				return got;
			if (errno != EAGAIN && errno != EINTR)
				return -errno;
		}
		if (n == 0 && now >= until_ms)
			return -ETIMEDOUT;
	}
}

/* --- a batch ------------------------------------------------------------------ */

/* room_for - make room for one more message at the end of the batch; NULL: the batch is full */
static void *room_for(struct nftset *s, size_t bytes)
{
	if (s->used + bytes > s->size) {
		size_t size = s->size * 2, last = s->last ? (size_t)((uint8_t *)s->last - s->buf) : 0;
		uint8_t *buf;

		if (size > NFTSET_BATCH_BYTES || s->used + bytes > size)
			return NULL;
		buf = realloc(s->buf, size);
		if (!buf)
			return NULL;
		if (s->last)
			s->last = (struct nlmsghdr *)(void *)(buf + last);
		s->buf = buf;
		s->size = size;
	}
	return s->buf + s->used;
}

static void batch_mark(struct nftset *s, uint16_t type)
{
	struct nlmsghdr *nlh = room_for(s, MESSAGE_BYTES);	/* always there: see nftset_begin and spare in batch_message */
	struct nfgenmsg *nfg;

	nlh = mnl_nlmsg_put_header(nlh);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = s->seq;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = AF_UNSPEC;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons(NFNL_SUBSYS_NFTABLES);
	s->used += nlh->nlmsg_len;
}

void nftset_begin(struct nftset *s)
{
	s->seq++;
	s->used = 0;
	s->last = NULL;
	batch_mark(s, NFNL_MSG_BATCH_BEGIN);
}

/* batch_message - begin a message of the batch; NULL: full.  Finished by batch_done. */
static struct nlmsghdr *batch_message(struct nftset *s, uint16_t type, uint16_t flags)
{
	void *at = room_for(s, 2 * MESSAGE_BYTES);	/* the second half is for the END mark */

	if (!at)
		return NULL;
	return nftnl_nlmsg_build_hdr(at, type, NFPROTO_INET, flags, s->seq);
}

static void batch_done(struct nftset *s, struct nlmsghdr *nlh)
{
	s->last = nlh;
	s->used += MNL_ALIGN(nlh->nlmsg_len);
}

/* element - one message with one element.  The attributes are few and fixed: written by hand rather than through
 * libnftnl objects, which cost several allocations an element. */
static int element(struct nftset *s, uint16_t type, uint16_t flags, enum kset set, const void *key, size_t len,
		   uint64_t timeout_ms, bool interval_end)
{
	struct nlmsghdr *nlh = batch_message(s, type, flags);
	struct nlattr *list, *elem, *k;

	if (!nlh)
		return -ENOBUFS;
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, table_name);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, kset_name(set));
	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	if (interval_end)
		mnl_attr_put_u32(nlh, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_INTERVAL_END));
	if (timeout_ms)
		mnl_attr_put_u64(nlh, NFTA_SET_ELEM_TIMEOUT, htobe64(timeout_ms));
	k = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
	mnl_attr_put(nlh, NFTA_DATA_VALUE, len, key);
	mnl_attr_nest_end(nlh, k);
	mnl_attr_nest_end(nlh, elem);
	mnl_attr_nest_end(nlh, list);
	batch_done(s, nlh);
	return 0;
}

static int element_key(struct nftset *s, uint16_t type, enum kset set, const struct kset_key *key,
		       uint64_t timeout_ms)
{
	if ((unsigned)set >= KSET_COUNT || kset_is_interval(set) || key->len != kset_key_len(set))
		return -EINVAL;
	return element(s, type, type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0, set, key->bytes, key->len,
		       timeout_ms, false);
}

int nftset_add(struct nftset *s, enum kset set, const struct kset_key *key, uint64_t timeout_ms)
{
	return element_key(s, NFT_MSG_NEWSETELEM, set, key, timeout_ms);
}

int nftset_delete(struct nftset *s, enum kset set, const struct kset_key *key)
{
	size_t used = s->used;
	struct nlmsghdr *last = s->last;
	int err = element_key(s, NFT_MSG_NEWSETELEM, set, key, 0);

	if (!err)
		err = element_key(s, NFT_MSG_DELSETELEM, set, key, 0);
	if (err) {
		s->used = used;
		s->last = last;
	}
	return err;
}

int nftset_renew(struct nftset *s, enum kset set, const struct kset_key *key, uint64_t timeout_ms)
{
	size_t used = s->used;
	struct nlmsghdr *last = s->last;
	int err = nftset_delete(s, set, key);

	if (!err)
		err = nftset_add(s, set, key, timeout_ms);
	if (err) {
		s->used = used;
		s->last = last;
	}
	return err;
}

/* nftset_add_prefix - an interval is two elements: where it begins, and the first key after it that is outside.
 * A prefix that reaches the last address of its family has no second one: it is open. */
int nftset_add_prefix(struct nftset *s, enum kset set, const struct prefix *p)
{
	uint8_t end[16];
	size_t len = addr_len(&p->net), used = s->used;
	struct nlmsghdr *last = s->last;
	bool open = true;
	int err;

	if ((unsigned)set >= KSET_COUNT || !kset_is_interval(set) || kset_key_len(set) != len ||
	    p->bits > len * 8)
		return -EINVAL;
	memcpy(end, p->net.ip, len);
	for (size_t i = p->bits; i < len * 8; i++)
		end[i / 8] |= (uint8_t)(0x80 >> i % 8);
	for (size_t i = len; open && i-- > 0;)
		open = ++end[i] == 0;
	err = element(s, NFT_MSG_NEWSETELEM, NLM_F_CREATE, set, p->net.ip, len, 0, false);
	if (!err && !open)
		err = element(s, NFT_MSG_NEWSETELEM, NLM_F_CREATE, set, end, len, 0, true);
	if (err) {
		s->used = used;
		s->last = last;
	}
	return err;
}

int nftset_flush(struct nftset *s, enum kset set)
{
	struct nlmsghdr *nlh;

	if ((unsigned)set >= KSET_COUNT)
		return -EINVAL;
	nlh = batch_message(s, NFT_MSG_DELSETELEM, 0);
	if (!nlh)
		return -ENOBUFS;
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, table_name);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, kset_name(set));
	batch_done(s, nlh);
	return 0;
}

/* answers - work through one datagram of answers to the batch; returns whether one of them was the last message's */
static bool answers(const struct nftset *s, const void *buf, size_t len, int *error)
{
	const struct nlmsghdr *h = buf;
	int left = (int)len;
	bool done = false;

	for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);

		if (h->nlmsg_type != NLMSG_ERROR || h->nlmsg_seq != s->seq || h->nlmsg_pid != s->portid)
			continue;
		if (e->error && !*error)
			*error = e->error;
		done = true;
	}
	return done;
}

int nftset_commit(struct nftset *s)
{
	uint8_t buf[16384] __attribute__((aligned(8)));
	uint64_t until = clock_ms() + NFTSET_WAIT_MS;
	int error = 0;

	if (!s->last)
		return 0;
	s->last->nlmsg_flags |= NLM_F_ACK;
	s->last = NULL;
	batch_mark(s, NFNL_MSG_BATCH_END);
	if (mnl_socket_sendto(s->nl, s->buf, s->used) < 0)
		return -errno;
	/* The kernel has worked through the whole batch, and said all it has to say, before sendto returns:
	 * wait for the first answer only out of caution, then take what is there. */
	for (bool any = false, over = false;;) {
		ssize_t n = wait_for(s, buf, sizeof(buf), any ? 0 : until);

		if (n == -ETIMEDOUT && any)
			return error ? error : over ? -ENOBUFS : 0;
		if (n == -ENOBUFS) {	/* more failures than our buffer holds: there was an error, read on to empty it */
			any = over = true;
			continue;
		}
		if (n < 0)
			return error ? error : (int)n;
		any |= answers(s, buf, (size_t)n, &error);
	}
}

/* --- queue rules -------------------------------------------------------------- */

static int rules_flush(struct nftset *s, const char *chain)
{
	struct nlmsghdr *nlh = batch_message(s, NFT_MSG_DELRULE, 0);

	if (!nlh)
		return -ENOBUFS;
	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, table_name);
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, chain);
	batch_done(s, nlh);
	return 0;
}

static struct nftnl_expr *queue_expr_native(uint16_t queue, bool bypass)
{
	struct nftnl_expr *e = nftnl_expr_alloc("queue");

	if (!e)
		return NULL;
	nftnl_expr_set_u16(e, NFTNL_EXPR_QUEUE_NUM, queue);
	nftnl_expr_set_u16(e, NFTNL_EXPR_QUEUE_TOTAL, 1);
	nftnl_expr_set_u16(e, NFTNL_EXPR_QUEUE_FLAGS, bypass ? NFT_QUEUE_FLAG_BYPASS : 0);
	return e;
}

/* the same by xtables' target, for kernels without nft_queue (DESIGN section 10) */
static struct nftnl_expr *queue_expr_target(uint16_t queue, bool bypass)
{
	struct nftnl_expr *e = nftnl_expr_alloc("target");
	struct xt_NFQ_info_v3 *info;

	if (!e)
		return NULL;
	info = calloc(1, sizeof(*info));
	if (!info) {
		nftnl_expr_free(e);
		return NULL;
	}
	info->queuenum = queue;
	info->queues_total = 1;
	info->flags = bypass ? NFQ_FLAG_BYPASS : 0;
	nftnl_expr_set_str(e, NFTNL_EXPR_TG_NAME, "NFQUEUE");
	nftnl_expr_set_u32(e, NFTNL_EXPR_TG_REV, 3);
	nftnl_expr_set(e, NFTNL_EXPR_TG_INFO, info, sizeof(*info));	/* takes info */
	return e;
}

/* rule_of - append a rule of one expression (taken, NULL: none could be had) */
static int rule_of(struct nftset *s, const char *chain, struct nftnl_expr *e)
{
	struct nftnl_rule *r = nftnl_rule_alloc();
	struct nlmsghdr *nlh = batch_message(s, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);

	if (!r || !e || !nlh) {
		if (e)
			nftnl_expr_free(e);
		if (r)
			nftnl_rule_free(r);
		return -ENOMEM;
	}
	nftnl_rule_add_expr(r, e);
	nftnl_rule_set_str(r, NFTNL_RULE_TABLE, table_name);
	nftnl_rule_set_str(r, NFTNL_RULE_CHAIN, chain);
	nftnl_rule_nlmsg_build_payload(nlh, r);
	nftnl_rule_free(r);
	batch_done(s, nlh);
	return 0;
}

static int queue_rules(struct nftset *s, const struct nftset_queues *q, bool bypass, enum nftset_queue_way way)
{
	const struct { const char *chain; uint16_t number; } rule[] = {
		{ "ask_syn", q->syn }, { "ask_dns", q->dns }, { "ask_hello", q->hello },
	};
	int err = 0;

	nftset_begin(s);
	for (size_t i = 0; i < ARRAY_LEN(rule) && !err; i++)
		err = rules_flush(s, rule[i].chain);
	for (size_t i = 0; i < ARRAY_LEN(rule) && !err; i++)
		err = rule_of(s, rule[i].chain, way == NFTSET_QUEUE_NATIVE ? queue_expr_native(rule[i].number, bypass) :
			      queue_expr_target(rule[i].number, bypass));
	return err ? err : nftset_commit(s);
}

int nftset_queue_rules(struct nftset *s, const struct nftset_queues *q, bool bypass)
{
	int err = queue_rules(s, q, bypass, NFTSET_QUEUE_NATIVE);

	if (!err)
		return NFTSET_QUEUE_NATIVE;
	/* ENOENT is also what a missing table says; then the second attempt says it again */
	if (err != -ENOENT && err != -EOPNOTSUPP)
		return err;
	err = queue_rules(s, q, bypass, NFTSET_QUEUE_TARGET);
	return err ? err : NFTSET_QUEUE_TARGET;
}

int nftset_switch(struct nftset *s, const char *chain, const char *to, bool on)
{
	struct nftnl_expr *e;
	int err;

	nftset_begin(s);
	err = rules_flush(s, chain);
	if (!err && on) {
		e = nftnl_expr_alloc("immediate");
		if (e) {
			nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
			nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_VERDICT, (uint32_t)NFT_JUMP);
			nftnl_expr_set_str(e, NFTNL_EXPR_IMM_CHAIN, to);
		}
		err = rule_of(s, chain, e);
	}
	return err ? err : nftset_commit(s);
}

/* --- questions ---------------------------------------------------------------- */

/* ask - send a request that has one answer, run @cb on it; 0 or a negative errno */
static int ask(struct nftset *s, struct nlmsghdr *nlh, mnl_cb_t cb, void *data)
{
	uint8_t buf[8192] __attribute__((aligned(8)));
	uint64_t until = clock_ms() + NFTSET_WAIT_MS;

	if (mnl_socket_sendto(s->nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		ssize_t n = wait_for(s, buf, sizeof(buf), until);
		const struct nlmsghdr *h = (const void *)buf;

		if (n < 0)
			return (int)n;
		if (!mnl_nlmsg_ok(h, (int)n) || h->nlmsg_seq != s->seq)
			continue;	/* a late answer to something older */
		if (mnl_cb_run(buf, (size_t)n, s->seq, s->portid, cb, data) < 0)
			return -errno;
		return 0;
	}
}

struct reading {
	uint64_t packets, bytes;
	bool found;
};

static int on_counter(const struct nlmsghdr *nlh, void *data)
{
	struct reading *r = data;
	struct nftnl_obj *o = nftnl_obj_alloc();

	if (!o)
		return MNL_CB_ERROR;
	if (nftnl_obj_nlmsg_parse(nlh, o) == 0) {
		r->packets = nftnl_obj_get_u64(o, NFTNL_OBJ_CTR_PKTS);
		r->bytes = nftnl_obj_get_u64(o, NFTNL_OBJ_CTR_BYTES);
		r->found = true;
	}
	nftnl_obj_free(o);
	return MNL_CB_OK;
}

int nftset_counter(struct nftset *s, const char *name, uint64_t *packets, uint64_t *bytes)
{
	uint8_t buf[MESSAGE_BYTES] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = nftnl_nlmsg_build_hdr((char *)buf, NFT_MSG_GETOBJ, NFPROTO_INET, 0, ++s->seq);
	struct reading r = { 0 };
	int err;

	mnl_attr_put_strz(nlh, NFTA_OBJ_TABLE, table_name);
	mnl_attr_put_strz(nlh, NFTA_OBJ_NAME, name);
	mnl_attr_put_u32(nlh, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
	err = ask(s, nlh, on_counter, &r);
	if (err)
		return err;
	if (!r.found)
		return -EPROTO;
	*packets = r.packets;
	*bytes = r.bytes;
	return 0;
}

static int on_table(const struct nlmsghdr *nlh, void *data)
{
	uint64_t *handle = data;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == NFTA_TABLE_HANDLE && mnl_attr_get_payload_len(attr) == sizeof(*handle))
			*handle = be64toh(mnl_attr_get_u64(attr));
	return MNL_CB_OK;
}

int nftset_table(struct nftset *s, uint64_t *handle)
{
	uint8_t buf[MESSAGE_BYTES] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = nftnl_nlmsg_build_hdr((char *)buf, NFT_MSG_GETTABLE, NFPROTO_INET, 0, ++s->seq);
	int err;

	*handle = 0;
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, table_name);
	err = ask(s, nlh, on_table, handle);
	return err == -ENOENT ? 0 : err ? err : 1;
}

static int on_rule(const struct nlmsghdr *nlh, void *data)
{
	int *n = data;

	(void)nlh;
	++*n;
	return MNL_CB_OK;
}

int nftset_rules(struct nftset *s)
{
	uint8_t buf[32768] __attribute__((aligned(8)));	/* the kernel's part of a dump is smaller */
	struct nlmsghdr *nlh = nftnl_nlmsg_build_hdr((char *)buf, NFT_MSG_GETRULE, NFPROTO_INET, NLM_F_DUMP, ++s->seq);
	uint64_t until = clock_ms() + NFTSET_WAIT_MS;
	int n = 0, more = MNL_CB_OK;

	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, table_name);
	if (mnl_socket_sendto(s->nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	while (more == MNL_CB_OK) {
		ssize_t got = wait_for(s, buf, sizeof(buf), until);

		if (got < 0)
			return (int)got;
		if (!mnl_nlmsg_ok((const void *)buf, (int)got) || ((const struct nlmsghdr *)buf)->nlmsg_seq != s->seq)
			continue;	/* a late answer to something older */
		more = mnl_cb_run(buf, (size_t)got, s->seq, s->portid, on_rule, &n);
	}
	return more < 0 ? (errno == ENOENT ? 0 : -errno) : n;
}
