/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ruleset - what the other firewall tables would say to a packet: load, watch, ask */
#include "ruleset.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "ruleset_model.h"

/* our redirect stands at dstnat - 5 (nft/dejunk.nft; dstnat is -100): what comes before it on
 * prerouting has seen the real packet already */
enum { REDIRECT_PRIO = -105, EVENTS_AT_ONCE = 512 };

struct ruleset {
	struct rs_model m;
	struct rs_load_asker asker;
	struct mnl_socket *ask;		/* dumps, then elements of sets */
	struct mnl_socket *events;
	bool stale;
	bool open;			/* ruleset_forward_open */
};

/* Drops in the kernel what would wake us for nothing: NEWGEN, and set elements of our own
 * table (the lease, each second).  Looks at the first message of a datagram; those of one
 * transaction come together, and ours touch nothing else. */
static int events_filter(int fd)
{
	static const char own[] = "dejunk";	/* the first attribute is the table's name */
	const uint32_t elem_new = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWSETELEM;
	const uint32_t elem_del = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_DELSETELEM;
	const uint32_t gen = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWGEN;
	uint32_t name4, name3;
	struct sock_filter code[] = {		/* loads are big endian, the messages host order */
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4),				/* nlmsg_type */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons((uint16_t)gen), 9, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons((uint16_t)elem_new), 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons((uint16_t)elem_del), 0, 6),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 16),				/* nfgen_family */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NFPROTO_INET, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 24),				/* "deju" */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 27),				/* "unk\0" */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	memcpy(&name4, own, 4);
	memcpy(&name3, own + 3, 4);
	code[7].k = ntohl(name4);
	code[9].k = ntohl(name3);
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog));
}

static struct mnl_socket *open_socket(unsigned groups)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	int err;

	if (nl && mnl_socket_bind(nl, groups, MNL_SOCKET_AUTOPID) == 0)
		return nl;
	err = errno;
	if (nl)
		mnl_socket_close(nl);
	errno = err;
	return NULL;
}

/* nf_tables events from now on; NULL and errno */
static struct mnl_socket *open_events(void)
{
	struct mnl_socket *nl = open_socket(0);
	int group = NFNLGRP_NFTABLES, bytes = 1 << 20, fd;

	if (!nl)
		return NULL;
	fd = mnl_socket_get_fd(nl);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	if (events_filter(fd) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0 &&
	    mnl_socket_setsockopt(nl, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) == 0)
		return nl;
	group = errno;
	mnl_socket_close(nl);
	errno = group;
	return NULL;
}

static enum ruleset_answer ask(struct ruleset *rs, const struct ruleset_packet *p, bool redirected,
			       struct rs_outcome *o);

static bool find_open(struct ruleset *rs)
{
	struct ruleset_packet p = { .family = AF_INET };
	struct rs_outcome o;

	if (ask(rs, &p, false, &o) != RULESET_PASSES)
		return false;
	p.family = AF_INET6;
	return ask(rs, &p, false, &o) == RULESET_PASSES;
}

struct ruleset *ruleset_load(char *why, size_t size)
{
	struct ruleset *rs = calloc(1, sizeof(*rs));
	int err = -ENOMEM;

	if (!rs)
		goto fail;
	rs->events = open_events();
	rs->ask = rs->events ? open_socket(0) : NULL;
	err = rs->ask ? rs_load(&rs->m, rs->ask) : -errno;
	if (err)
		goto fail;
	rs->asker = (struct rs_load_asker){ &rs->m, rs->ask };
	rs->m.ask = rs_load_ask;
	rs->m.ask_ctx = &rs->asker;
	rs->m.legacy = rs_legacy_may_drop();
	rs->open = find_open(rs);
	return rs;
fail:
	snprintf(why, size, "cannot read the firewall's tables: %s", strerror(-err));
	ruleset_free(rs);
	return NULL;
}

void ruleset_free(struct ruleset *rs)
{
	if (!rs)
		return;
	rs_model_fini(&rs->m);
	if (rs->ask)
		mnl_socket_close(rs->ask);
	if (rs->events)
		mnl_socket_close(rs->events);
	free(rs);
}

const struct rs_model *ruleset_model(const struct ruleset *rs)
{
	return &rs->m;
}

int ruleset_fd(const struct ruleset *rs)
{
	return mnl_socket_get_fd(rs->events);
}

static const char *attr_text(const struct nlattr *a)
{
	return mnl_attr_validate(a, MNL_TYPE_NUL_STRING) == 0 ? mnl_attr_get_str(a) : NULL;
}

/* one event: is it about another table, in a way that the model would show? */
static int on_event(const struct nlmsghdr *nlh, void *data)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(nlh);
	unsigned type = NFNL_MSG_TYPE(nlh->nlmsg_type);
	const char *table = NULL, *name = NULL;
	struct ruleset *rs = data;
	const struct nlattr *a;

	if (NFNL_SUBSYS_ID(nlh->nlmsg_type) != NFNL_SUBSYS_NFTABLES || type == NFT_MSG_NEWGEN)
		return MNL_CB_OK;
	mnl_attr_for_each(a, nlh, sizeof(*g)) {
		/* attribute 1 is the table in every message; 2 the set in those about elements */
		if (mnl_attr_get_type(a) == NFTA_SET_ELEM_LIST_TABLE)
			table = attr_text(a);
		else if (mnl_attr_get_type(a) == NFTA_SET_ELEM_LIST_SET &&
			 (type == NFT_MSG_NEWSETELEM || type == NFT_MSG_DELSETELEM))
			name = attr_text(a);
	}
	if (table && g->nfgen_family == NFPROTO_INET && strcmp(table, "dejunk") == 0)
		return MNL_CB_OK;
	if (table && g->nfgen_family != NFPROTO_INET && g->nfgen_family != NFPROTO_IPV4 &&
	    g->nfgen_family != NFPROTO_IPV6)
		return MNL_CB_OK;
	if (table && name) {	/* elements that we ask for each time need no new model */
		int64_t set = rs_model_set(&rs->m, g->nfgen_family, table, name);

		if (set >= 0 && rs->m.set[set].ask)
			return MNL_CB_OK;
	}
	rs->stale = true;
	return MNL_CB_OK;
}

bool ruleset_stale(struct ruleset *rs)
{
	char buf[65536] __attribute__((aligned(8)));
	ssize_t n = 1;

	for (unsigned i = 0; i < EVENTS_AT_ONCE && n > 0; i++) {
		n = mnl_socket_recvfrom(rs->events, buf, sizeof(buf));
		if (n > 0)
			mnl_cb_run(buf, (size_t)n, 0, 0, on_event, rs);
		else if (n < 0 && errno != EAGAIN && errno != EINTR)
			rs->stale = true;	/* ENOBUFS: some were lost */
	}
	return rs->stale;
}

static enum ruleset_answer ask(struct ruleset *rs, const struct ruleset_packet *p, bool redirected,
			       struct rs_outcome *o)
{
	unsigned steps = LIMIT_RULESET_STEPS;
	struct rs_packet k;

	rs_packet_init(&k, p, redirected, !rs->m.marks);
	*o = (struct rs_outcome){ .pass = true };
	rs_evaluate(&rs->m, &k, NF_INET_PRE_ROUTING, REDIRECT_PRIO, o, &steps);
	if (redirected) {
		rs_evaluate(&rs->m, &k, NF_INET_LOCAL_IN, INT64_MIN, o, &steps);
	} else {
		rs_evaluate(&rs->m, &k, NF_INET_FORWARD, INT64_MIN, o, &steps);
		rs_evaluate(&rs->m, &k, NF_INET_POST_ROUTING, INT64_MIN, o, &steps);
	}
	if (o->gave_up || rs->m.incomplete)
		return RULESET_UNKNOWN;
	if (!o->pass)	/* whatever iptables-legacy may say on top */
		return RULESET_DROPPED;
	return o->drop || rs->m.legacy ? RULESET_UNKNOWN : RULESET_PASSES;
}

static enum ruleset_answer answer(struct ruleset *rs, const struct ruleset_packet *p,
				  bool redirected, struct ruleset_where *w)
{
	struct rs_outcome o;
	enum ruleset_answer r = ask(rs, p, redirected, &o);

	if (!w)
		return r;
	memset(w, 0, sizeof(*w));
	if (r == RULESET_DROPPED) {
		rs_where_drop(&rs->m, &o.drop_at, w);
		if (redirected)
			rs_where_command(&rs->m, &o.drop_at, p, w);
	} else if (r == RULESET_UNKNOWN) {
		rs_where_unknown(&rs->m, &o, w);
		if (w->text[0] == '\0')
			snprintf(w->text, sizeof(w->text), "%s", rs->m.legacy
				 ? "cannot tell: iptables-legacy has rules, which cannot be read"
				 : "cannot tell: not all rules could be read");
	}
	return r;
}

enum ruleset_answer ruleset_input(struct ruleset *rs, const struct ruleset_packet *p,
				  struct ruleset_where *where)
{
	return answer(rs, p, true, where);
}

enum ruleset_answer ruleset_forward(struct ruleset *rs, const struct ruleset_packet *p,
				    struct ruleset_where *where)
{
	return answer(rs, p, false, where);
}

bool ruleset_forward_open(const struct ruleset *rs)
{
	return rs->open;
}

/* can this one chain drop a connection of either family? */
static bool chain_can_drop(const struct ruleset *rs, uint32_t base, struct ruleset_where *w)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct rs_model one = rs->m;	/* the same arrays with a single base chain */

	one.base = &base;
	one.bases = 1;
	memset(w, 0, sizeof(*w));
	for (size_t i = 0; i < sizeof(families); i++) {
		struct ruleset_packet p = { .family = families[i] };
		struct rs_outcome o = { .pass = true };
		unsigned steps = LIMIT_RULESET_STEPS;
		struct rs_packet k;

		rs_packet_init(&k, &p, false, !one.marks);
		rs_evaluate(&one, &k, NF_INET_FORWARD, INT64_MIN, &o, &steps);
		if (!o.drop)
			continue;
		rs_where_drop(&one, &o.drop_at, w);
		return true;
	}
	return false;
}

bool ruleset_nat6(const struct ruleset *rs)
{
	if (rs->m.legacy || rs->m.incomplete)
		return true;
	for (uint32_t i = 0; i < rs->m.bases; i++) {
		const struct rs_chain *c = &rs->m.chain[rs->m.base[i]];

		if (c->nat && c->hook == NF_INET_POST_ROUTING && c->count && !c->dormant && c->family != NFPROTO_IPV4)
			return true;
	}
	return false;
}

/* append a line when it fits as a whole */
static bool report_line(char *out, size_t size, const char *text)
{
	size_t used = strlen(out), len = strlen(text);

	if (used + len + 2 > size)
		return false;
	memcpy(out + used, text, len);
	memcpy(out + used + len, "\n", 2);
	return true;
}

unsigned ruleset_report_chains(const struct ruleset *rs, char *out, size_t size)
{
	struct ruleset_where w;
	char line[400];
	unsigned lines = 0;

	if (size == 0)
		return 0;
	out[0] = '\0';
	for (uint32_t i = 0; i < rs->m.bases; i++) {
		if (rs->m.chain[rs->m.base[i]].hook != NF_INET_FORWARD ||
		    !chain_can_drop(rs, rs->m.base[i], &w))
			continue;
		snprintf(line, sizeof(line), "some forwarded connections are dropped: %s", w.text);
		lines += report_line(out, size, line);
	}
	return lines;
}

unsigned ruleset_report(const struct ruleset *rs, char *out, size_t size)
{
	unsigned lines = ruleset_report_chains(rs, out, size);

	if (size && rs->m.legacy)
		lines += report_line(out, size, "iptables-legacy has rules, which cannot be read: "
						"what they drop is not known");
	if (size && rs->m.incomplete)
		lines += report_line(out, size, "not all firewall rules could be read: "
						"what they drop is not known");
	return lines;
}
