/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nftset - elements and queue rules of the table "inet dejunk", in transactions (libnftnl, libmnl)
 *
 * One object holds one netlink socket and one bounded batch.  Between nftset_begin() and
 * nftset_commit() calls only collect; commit sends, waits for the kernel at most NFTSET_WAIT_MS, and answers for
 * the whole: all of the batch or nothing of it.  Knows no policy: setsync decides what may go in.
 */
#ifndef DEJUNK_NFTSET_H
#define DEJUNK_NFTSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

enum {
	NFTSET_WAIT_MS = 2000,		/* for the kernel's answer; then -ETIMEDOUT */
	NFTSET_KEY = 40,		/* bytes of the longest key, padding included */
	NFTSET_BATCH_BYTES = 4 << 20,	/* of one transaction at most */
};

/* the sets of nft/dejunk.nft, see there; order and names in one table in nftset.c */
enum kset {
	KSET_LEASE,		/* nfproto . ifname, timeout: this interface is filtered for this family */
	KSET_LEASE_SELF,	/* nfproto, timeout: this machine's own traffic is filtered */
	KSET_LAN,		/* nfproto . ifname: the same without the timeout, for on_failure: block */
	KSET_LAN_INDEX,		/* ifindex of the lan; 0 stands for "here or nowhere" */
	KSET_LAN_UNKNOWN,	/* nfproto: on_failure: block before anybody told which interfaces are the lan */
	KSET_EXEMPT4, KSET_EXEMPT6,		/* prefixes of clients never filtered */
	KSET_EXEMPT_HW,				/* link-layer address of such clients */
	KSET_PAUSED4, KSET_PAUSED6, KSET_PAUSED_HW,	/* clients not filtered for a time */
	KSET_REFUSED_HW4, KSET_REFUSED_HW6,	/* link-layer address . server */
	KSET_REFUSED_IP4, KSET_REFUSED_IP6,	/* client . server */
	KSET_REFUSED_SELF4, KSET_REFUSED_SELF6,	/* server */
	KSET_SUSPECT4, KSET_SUSPECT6,		/* server */
	KSET_SUSPECT_NET4, KSET_SUSPECT_NET6,	/* prefixes of servers */
	KSET_DIRECT4, KSET_DIRECT6,		/* server . port: not redirected for a time */
	KSET_DIRECT_PAIR4, KSET_DIRECT_PAIR6,	/* client . server: not redirected for a time */
	KSET_COUNT
};

struct kset_key {
	uint8_t len;			/* 0: could not be built */
	uint8_t bytes[NFTSET_KEY];	/* as in the kernel's registers: each part padded to 4 */
};

/* Keys.  Each takes its parts in the order of the set. */
struct kset_key kset_key_family(int family);					/* AF_INET or AF_INET6; LEASE_SELF */
struct kset_key kset_key_family_if(int family, const char *ifname);		/* LEASE, LAN */
struct kset_key kset_key_index(uint32_t ifindex);				/* LAN_INDEX */
struct kset_key kset_key_hw(const uint8_t hw[6]);				/* EXEMPT_HW, PAUSED_HW */
struct kset_key kset_key_hw_addr(const uint8_t hw[6], const struct addr *a);	/* REFUSED_HW* */
struct kset_key kset_key_addr(const struct addr *a);				/* SUSPECT*, PAUSED*, REFUSED_SELF* */
struct kset_key kset_key_addr_addr(const struct addr *a, const struct addr *b);	/* REFUSED_IP*, DIRECT_PAIR*; same family */
struct kset_key kset_key_addr_port(const struct addr *a);			/* DIRECT* */
/* kset_of - the IPv4 or the IPv6 one of a pair of sets, given its IPv4 name */
static inline enum kset kset_of(enum kset four, const struct addr *a)
{
	return (enum kset)(a->family == AF_INET ? four : four + 1);
}
/* kset_name - as in nft/dejunk.nft ("refused_hw4") */
const char *kset_name(enum kset set);

struct nftset;

/* nftset_new - open the socket; 0 or a negative errno.  Needs CAP_NET_ADMIN.  Undone by nftset_free (NULL allowed). */
int nftset_new(struct nftset **out);
void nftset_free(struct nftset *s);

/* nftset_begin - start a batch; one that was begun and not committed is forgotten */
void nftset_begin(struct nftset *s);
/* nftset_add - add an element, or leave it as it is where it exists (its timeout is not renewed: nftset_renew)
 * @timeout_ms: 0: none (or what the set says).
 * Returns 0, -EINVAL (key does not fit the set) or -ENOBUFS (the batch is full; what is in it stands). */
int nftset_add(struct nftset *s, enum kset set, const struct kset_key *key, uint64_t timeout_ms);
/* nftset_renew - add an element with a new timeout, whether or not it is there (add, delete, add) */
int nftset_renew(struct nftset *s, enum kset set, const struct kset_key *key, uint64_t timeout_ms);
/* nftset_delete - take an element out, whether or not it is there (add, delete) */
int nftset_delete(struct nftset *s, enum kset set, const struct kset_key *key);
/* nftset_add_prefix - add a prefix to an interval set; an overlap fails the commit with -EEXIST */
int nftset_add_prefix(struct nftset *s, enum kset set, const struct prefix *p);
/* nftset_flush - take all elements out */
int nftset_flush(struct nftset *s, enum kset set);
/* nftset_commit - send the batch; the kernel takes all of it or nothing
 * Returns 0, or the first error: -ENOENT (no table, or no such set), -ENFILE (a set is full), -EEXIST (prefixes overlap),
 * -EPERM, -ETIMEDOUT (no answer; whether it was taken is unknown), ... */
int nftset_commit(struct nftset *s);

/* An interface and the families it is armed for */
struct nftset_arm {
	char ifname[16];
	uint32_t ifindex;
	bool v4, v6;
};
/* nftset_lan - state the lan anew: LAN and LAN_INDEX replaced, LAN_UNKNOWN emptied.  Commits.
 * An @arm with ifindex 0 is an interface that does not exist yet.  Does not arm and does not disarm: nftset_lease() does.
 * Call it whenever rtnetlink says something changed, and after firewall_load(). */
int nftset_lan(struct nftset *s, const struct nftset_arm *arm, size_t n);
/* nftset_lan_unknown - for on_failure: block with lan: auto, before the daemon runs: any interface may be the lan.  Commits. */
int nftset_lan_unknown(struct nftset *s);
/* nftset_merge - sort prefixes and leave out those inside others; returns how many remain */
size_t nftset_merge(struct prefix *p, size_t n);
/* nftset_prefixes - replace the prefixes of EXEMPT4 and 6 or SUSPECT_NET4 and 6, named by the first.  Commits.
 * @p is sorted and merged in place.  Returns as nftset_commit(), or -ENOBUFS: more than one transaction can hold. */
int nftset_prefixes(struct nftset *s, enum kset four, struct prefix *p, size_t n);
/* nftset_lease - arm, or renew for @timeout_ms: exactly these interfaces and families, and own traffic for the families
 * of @self.  What is not mentioned is disarmed at once.  Commits.  -ENOENT: the table is gone. */
int nftset_lease(struct nftset *s, const struct nftset_arm *arm, size_t n, bool self4, bool self6, uint64_t timeout_ms);
/* nftset_lease_end - disarm at once.  Commits.  -ENOENT: the table is gone, which disarms as well. */
int nftset_lease_end(struct nftset *s);

enum nftset_queue_way { NFTSET_QUEUE_NATIVE = 1, NFTSET_QUEUE_TARGET = 2 };
/* nftset_queue_rules - put the queue rules into the chains ask_syn and ask_dns, replacing what is there.  Commits.
 * @bypass: packets pass when nobody listens (false for on_failure: block)
 * The native expression is tried first; where the kernel has none, xtables' NFQUEUE target.
 * Returns enum nftset_queue_way, or a negative errno. */
int nftset_queue_rules(struct nftset *s, uint16_t queue_syn, uint16_t queue_dns, bool bypass);

/* nftset_counter - read a named counter of the table ("redirected"); 0 or a negative errno */
int nftset_counter(struct nftset *s, const char *name, uint64_t *packets, uint64_t *bytes);
/* nftset_table - 1: our table is there, 0: it is not, or a negative errno
 * @handle: the kernel's number of it, another one after each load: a table replaced behind our back is empty */
int nftset_table(struct nftset *s, uint64_t *handle);

#endif
