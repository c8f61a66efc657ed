/* SPDX-License-Identifier: GPL-3.0-or-later */
/* quic_initial - the ClientHello in a client's Initial packets, put together from datagrams in any order
 *
 * Of a flow's datagrams, client to server, in the order in which they were seen: Initial packets are
 * decrypted, their CRYPTO frames put where they belong.  Scattering is normal: browsers spread a ClientHello
 * over two datagrams and mix its pieces with PING and PADDING, out of order.  Overlapping frames are fine
 * while they agree; where they contradict each other the flow is unreadable, for which bytes a server takes nobody knows.
 *
 * The keys come from the first packet's destination connection ID and stay when the client later
 * addresses the server by another one.  A packet that only decrypts with a key made of its own ID (after a Retry, or of
 * another connection from the same port) begins the ClientHello anew.
 *
 * Pure: no clock, no tables, no input or output.  A struct quic_flow is of fixed size; a table of them, with a bound
 * and an end in time, belongs to the caller.  The server name is read from the ClientHello by tls_hello.
 * RFC 9000 section 12, 14, 17.2, 19; RFC 9001 section 5; RFC 9369.
 */
#ifndef DEJUNK_QUIC_INITIAL_H
#define DEJUNK_QUIC_INITIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limits.h"
#include "quic_crypto.h"
#include "span.h"

enum quic_result {
	QUIC_MORE,	/* Initial packets of a ClientHello that is not whole yet */
	QUIC_HELLO,	/* the ClientHello is whole: quic_flow_hello() */
	/* nothing could be read of this datagram, and why */
#define QUIC_REASON(name, json, text) QUIC_##name,
#include "tbl/quic_reason.h"
#undef QUIC_REASON
	QUIC_RESULTS
};

struct quic_flow {
	const struct quic_version *version;	/* NULL: no packet was decrypted yet; the keys are worth nothing */
	struct quic_keys keys;
	uint8_t dcid_len;
	char dcid[QUIC_CID_MAX];		/* of which the keys were made */
	uint64_t next_pn;			/* behind the highest packet number seen */
	uint32_t whole;				/* bytes of crypto[] without a gap from its beginning on */
	uint32_t hello_bytes;			/* of the ClientHello with its four bytes of header; 0: not known yet */
	bool over;				/* there was data behind HELLO_BYTES */
	uint64_t have[LIMIT_HELLO_BYTES / 64];	/* a bit for each byte of crypto[] */
	char crypto[LIMIT_HELLO_BYTES];
};

/* a reader: contexts and one packet in the clear, for all flows of a process */
struct quic;

/* quic_new - as quic_crypto_new(), whose demands it shares; NULL: no memory, or libcrypto lacks an algorithm */
struct quic *quic_new(void);
void quic_free(struct quic *q);

/* quic_flow_init - before the first datagram; writes the first few bytes only */
void quic_flow_init(struct quic_flow *f);
/* quic_flow_feed - one datagram from the client, its packets in order
 * @datagram: the UDP payload (borrowed)
 *
 * Returns MORE, HELLO, or why it could not be read; a datagram of which anything was read answers for that.  Once HELLO
 * was returned, it is for every further datagram, none of which is looked at.  After a reason the flow is as usable as
 * before, but for CONFLICT, NO_HELLO and TOO_LONG, after which only another connection's packets make it readable again. */
enum quic_result quic_flow_feed(struct quic *q, struct quic_flow *f, struct span datagram);
/* quic_flow_hello - after HELLO: the handshake message, header included (points into @f) */
struct span quic_flow_hello(const struct quic_flow *f);

/* quic_is_initial - does @datagram begin with a long header of a known version's Initial packet?  Cheap: for the decision which
 * flows get an entry at all */
bool quic_is_initial(struct span datagram);
/* quic_why - a few words for people; quic_name - the word for counters and JSON; static storage */
const char *quic_why(enum quic_result r);
const char *quic_name(enum quic_result r);

#endif
