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
#include "kset.h"
#include "nftlan.h"

enum {
	NFTSET_WAIT_MS = 2000,		/* for the kernel's answer; then -ETIMEDOUT */
	NFTSET_BATCH_BYTES = 4 << 20,	/* of one transaction at most */
};

struct nftset;

/* nftset_new - open the socket; 0 or a negative errno.  Needs CAP_NET_ADMIN.  Undone by nftset_free (NULL allowed). */
int nftset_new(struct nftset **out);
void nftset_free(struct nftset *s);

/* nftset_port - the socket's netlink port: events of what it did carry it */
uint32_t nftset_port(const struct nftset *s);

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

enum nftset_queue_way { NFTSET_QUEUE_NATIVE = 1, NFTSET_QUEUE_TARGET = 2 };
/* numbers of the queues, each named as its chain is: ask_syn, ask_dns, ask_hello */
struct nftset_queues {
	uint16_t syn, dns, hello;
};
/* nftset_queue_rules - put the queue rules into their chains, replacing what is there, all or none of them.  Commits.
 * @bypass: packets pass when nobody listens (false for on_failure: block)
 * The native expression is tried first; where the kernel has none, xtables' NFQUEUE target.
 * Returns enum nftset_queue_way, or a negative errno. */
int nftset_queue_rules(struct nftset *s, const struct nftset_queues *q, bool bypass);

/* nftset_switch - "while" rules of the file: the only rule of @chain is a jump to @to, or it has none.  Commits. */
int nftset_switch(struct nftset *s, const char *chain, const char *to, bool on);

/* nftset_counter - read a named counter of the table ("redirected"); 0 or a negative errno */
int nftset_counter(struct nftset *s, const char *name, uint64_t *packets, uint64_t *bytes);
/* nftset_table - 1: our table is there, 0: it is not, or a negative errno
 * @handle: the kernel's number of it, another one after each load: a table replaced behind our back is empty */
int nftset_table(struct nftset *s, uint64_t *handle);
/* nftset_rules - how many rules our table has in all its chains; 0: there is no table, or a negative errno
 * -EINTR: they changed meanwhile, ask again */
int nftset_rules(struct nftset *s);

#endif
