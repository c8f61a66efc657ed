/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ruleset - what would the other firewall tables of this machine say to this packet?
 *
 * Reads every nf_tables table but our own into a model and interprets it for the first
 * packet (TCP SYN, conntrack state new) of a connection that may never have been sent:
 *
 *   ruleset_input    would a redirected SYN reach our listening socket?
 *   ruleset_forward  would this client's SYN be forwarded, were it not redirected?
 *
 * What a rule tests and the model cannot know (a random number, an ipset, the payload)
 * is followed both ways; where every way ends alike the answer is still certain.
 * Limits (limit, quota, connlimit, hashlimit) are taken as not yet exceeded.
 *
 * Not seen: rules of iptables-legacy (where it has any, what would pass is unknown), tc, XDP, netdev and bridge
 * hooks, and what other tables' nat would do to the destination of a forwarded packet.
 * Knows nothing of interfaces and routes: the caller states them (rtnl).
 */
#ifndef DEJUNK_RULESET_H
#define DEJUNK_RULESET_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

struct ruleset;

enum ruleset_answer { RULESET_PASSES, RULESET_DROPPED, RULESET_UNKNOWN };

/* an interface, as far as known */
struct ruleset_link {
	char name[IFNAMSIZ];	/* "": not known */
	uint32_t index;		/* 0: not known */
	uint16_t type;		/* ARPHRD_* (1: Ethernet); 0: not known */
	bool group_known;
	uint32_t group;		/* IFLA_GROUP; 0 is "default" */
};

/* The packet asked about.  All zero but family means "any TCP SYN of this family". */
struct ruleset_packet {
	uint8_t family;			/* AF_INET or AF_INET6; always needed */
	bool hw_known;
	uint8_t hw[6];			/* source link-layer address, when hw_known */
	struct addr src;		/* the client; family 0: not known; port_be 0: not known */
	struct addr dst;		/* with port.  Input: as REDIRECT leaves it, an own address
					 * and the listen port.  Forward: the server. */
	struct addr orig_dst;		/* input: destination before REDIRECT; family 0: not known */
	struct ruleset_link in;
	struct ruleset_link out;	/* forward: where it would leave; input: not looked at */
	uint32_t back_index;		/* interface that the route to src leaves by (reverse path
					 * filters); 0: not known */
};

/* Which rule decided, or kept us from deciding */
struct ruleset_where {
	char text[320];		/* DROPPED: "chain input of table inet filter, policy drop" or
				 * "... , rule handle 12: reject".  UNKNOWN: what could not be
				 * evaluated and where.  PASSES: "" */
	char command[320];	/* input only: a command which lets the packet in; "": none known */
	char table[64];		/* the rest only where DROPPED, names cut where longer */
	char chain[64];		/* the base chain */
	uint64_t handle;	/* of the rule; 0: the policy */
	uint8_t family;		/* NFPROTO_INET, NFPROTO_IPV4, NFPROTO_IPV6 */
};

/* ruleset_load - read all tables but ours (inet dejunk)
 * @why: filled on failure, for people
 * Returns the model (freed by ruleset_free), or NULL: no permission, no nf_tables, or out of memory.
 * A ruleset larger than LIMIT_RULESET_RULES loads and answers UNKNOWN. */
struct ruleset *ruleset_load(char *why, size_t size);
/* ruleset_free - NULL is fine */
void ruleset_free(struct ruleset *rs);

/* ruleset_stale - has any other table changed since the load?  Reads pending nf_tables events,
 * never blocks; once true, true for ever.  Changes to our own table do not count (nf_tables'
 * own generation counter does count them: the lease alone moves it every second).  Changes of
 * iptables-legacy are not seen either. */
bool ruleset_stale(struct ruleset *rs);
/* ruleset_fd - readable when ruleset_stale() may have something to tell: for an ev_io.
 * Owned by @rs: stop the watcher before ruleset_free. */
int ruleset_fd(const struct ruleset *rs);

/* ruleset_input - does a redirected SYN get through the input hook?
 * @where: filled; may be NULL.  Microseconds, no allocation; sets with timeouts and sets
 * larger than LIMIT_RULESET_ELEMENTS are asked of the kernel (one system call more each). */
enum ruleset_answer ruleset_input(struct ruleset *rs, const struct ruleset_packet *p,
				  struct ruleset_where *where);
/* ruleset_forward - does this SYN get through the forward hook?  As above; command stays "". */
enum ruleset_answer ruleset_forward(struct ruleset *rs, const struct ruleset_packet *p,
				    struct ruleset_where *where);
/* ruleset_forward_open - true: no TCP SYN whatever can be dropped on the forward hook, so that
 * nobody needs to ask ruleset_forward.  Computed at the load. */
bool ruleset_forward_open(const struct ruleset *rs);
/* ruleset_nat6 - might some rule translate the source of forwarded IPv6?  false: certainly none does */
bool ruleset_nat6(const struct ruleset *rs);
/* ruleset_report - for the start-up log: a line for each base chain on the forward hook that
 * can drop connections, and one for what cannot be seen; lines end with '\n', "" when there is
 * nothing to say.  Returns the number of lines; always terminated, cut at a line where @size is short. */
unsigned ruleset_report(const struct ruleset *rs, char *out, size_t size);
/* ruleset_report_chains - the lines about chains only */
unsigned ruleset_report_chains(const struct ruleset *rs, char *out, size_t size);

/* What rules of other tables do that concerns us, whatever packet they see (ruleset_facts.c) */
enum ruleset_fact {
	RULESET_OFFLOAD,	/* flows are taken past the hooks */
	RULESET_NOTRACK,	/* packets are kept from connection tracking */
	RULESET_QUEUE,		/* packets go to the queues .from to .to */
	RULESET_REDIRECT,	/* a port of ours gets another destination before our own redirect sees it */
	RULESET_PACKET_MARK,	/* bits that are ours of the packet mark are set or tested */
	RULESET_CT_MARK,	/* bits that are ours of the connection mark are written or tested */
	RULESET_MARK_COPY,	/* bits that are ours of the connection mark are copied to the packet mark */
	RULESET_PRIORITY,	/* a chain stands at the very priority of one of ours */
	RULESET_DOCKER,		/* chains named as Docker's */
	RULESET_FIREWALLD,	/* a table named as firewalld's */
	RULESET_LEGACY,		/* iptables-legacy has rules, which cannot be read */
	RULESET_INCOMPLETE,	/* not all rules could be read */
	RULESET_FACTS
};
struct ruleset_told {
	enum ruleset_fact fact;
	const char *where;	/* for the call only: "chain x of table inet t, rule handle 7", or "" */
	uint16_t from, to;	/* RULESET_QUEUE */
};
struct ruleset_ours {
	uint32_t mark, ct_mark;		/* bits */
	const uint16_t *port;		/* whose connections we take, host byte order; at most 32 */
	unsigned ports;
};
typedef void ruleset_on_fact(void *ctx, const struct ruleset_told *told);
/* ruleset_facts - tell each fact, once a rule, chain or table, to @on.  Chains that nothing leads to do not count. */
void ruleset_facts(const struct ruleset *rs, const struct ruleset_ours *ours, ruleset_on_fact *on, void *ctx);

#endif
