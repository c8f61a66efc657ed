/* SPDX-License-Identifier: GPL-3.0-or-later */
/* quic_flows - QUIC connections under way: one entry for each client and server, until its ClientHello was read
 *
 * Bounded by the number given to quic_flows_new(); the oldest goes first.  Pure: no clock, no input or output.
 */
#ifndef DEJUNK_QUIC_FLOWS_H
#define DEJUNK_QUIC_FLOWS_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "hash.h"
#include "quic_initial.h"

struct quic_entry {
	/* for the caller */
	struct addr client, server;	/* with ports */
	enum quic_result why;		/* its hello is not whole: MORE, or the first datagram's reason that says anything */
	bool done;			/* its hello was read (quic_flows_done) */
	/* for quic_flows.c */
	bool fed;
	struct quic_flow *flow;		/* NULL once done: up to 20 KB */
	uint64_t since_ms;
	uint32_t place;
	struct hash_node node;
};

struct quic_flows;

/* quic_flows_new - room for @max of them; NULL: no memory, or libcrypto lacks something.  Call it before privileges are
 * dropped (quic_new)
 * @seed:    random, so that nobody can choose what collides
 * @on_gone: called before an entry goes by eviction, age, or at the end, not by quic_flows_drop(); may be NULL */
struct quic_flows *quic_flows_new(uint32_t max, uint64_t seed, void (*on_gone)(void *ctx, const struct quic_entry *e), void *ctx);
/* quic_flows_free - with all entries, without on_gone */
void quic_flows_free(struct quic_flows *t);
/* quic_flows_find - NULL: none */
struct quic_entry *quic_flows_find(const struct quic_flows *t, const struct addr *client, const struct addr *server);
/* quic_flows_add - an entry that is not there yet; NULL: no memory.  May forget another */
struct quic_entry *quic_flows_add(struct quic_flows *t, const struct addr *client, const struct addr *server, uint64_t now_ms);
/* quic_flows_feed - one datagram of the client; HELLO: the whole handshake message is in *@hello until the next call on the
 * entry; MORE for what comes after quic_flows_done() */
enum quic_result quic_flows_feed(struct quic_flows *t, struct quic_entry *e, struct span datagram, struct span *hello);
/* quic_flows_alone - what a datagram says by itself, without an entry; @hello as above, until the next call */
enum quic_result quic_flows_alone(struct quic_flows *t, struct span datagram, struct span *hello);
/* quic_flows_count - entries there are */
uint32_t quic_flows_count(const struct quic_flows *t);
/* quic_flows_done - its hello was read: the entry stays, to know what comes after, the rest of it is let go
 * quic_flows_drop - forget the entry */
void quic_flows_done(struct quic_entry *e);
void quic_flows_drop(struct quic_flows *t, struct quic_entry *e);
/* quic_flows_age - those that began @ms ago or earlier go; quic_flows_end - all go, the oldest first */
void quic_flows_age(struct quic_flows *t, uint64_t now_ms, uint64_t ms);
void quic_flows_end(struct quic_flows *t);

#endif
