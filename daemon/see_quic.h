/* SPDX-License-Identifier: GPL-3.0-or-later */
/* see_quic - QUIC connections of a capture: one entry for each client and server, until its ClientHello was read
 *
 * Bounded by SEE_QUIC_FLOWS; the oldest goes first.
 */
#ifndef DEJUNK_SEE_QUIC_H
#define DEJUNK_SEE_QUIC_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "hash.h"
#include "quic_initial.h"

enum { SEE_QUIC_FLOWS = 1024 };		/* each up to 20 KB */

struct see_quic_flow {
	struct hash_node node;
	struct addr client, server;	/* with ports */
	struct quic_flow *flow;		/* NULL: its hello was read */
	bool fed;
	enum quic_result why;		/* its hello is not whole: MORE, or the first datagram's reason that says anything */
};

struct see_quic;

/* see_quic_new - NULL: no memory, or libcrypto lacks something.  Call it before privileges are dropped (quic_new)
 * @on_gone: called before a flow is forgotten, also at the end; see_quic_free() does not call it */
struct see_quic *see_quic_new(uint64_t seed, void (*on_gone)(void *ctx, const struct see_quic_flow *f), void *ctx);
void see_quic_free(struct see_quic *t);
/* see_quic_find - NULL: none */
struct see_quic_flow *see_quic_find(const struct see_quic *t, const struct addr *client, const struct addr *server);
/* see_quic_add - a flow that is not there yet; NULL: no memory.  May forget another */
struct see_quic_flow *see_quic_add(struct see_quic *t, const struct addr *client, const struct addr *server);
/* see_quic_feed - one datagram of the client; HELLO: the whole handshake message is in *@hello until the next call on the
 * flow; later datagrams give MORE */
enum quic_result see_quic_feed(struct see_quic *t, struct see_quic_flow *f, struct span datagram, struct span *hello);
/* see_quic_done - its hello was read: the rest of it is let go */
void see_quic_done(struct see_quic_flow *f);
/* see_quic_end - on_gone for all that are left, and forget them */
void see_quic_end(struct see_quic *t);

#endif
