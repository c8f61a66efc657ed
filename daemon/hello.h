/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hello - which server does a client name? Its ClientHello, put together from packets on their way, TCP or QUIC
 *
 * Takes the first packets with data of connections, client to server, in the order in which they come by, and
 * answers for each what is known of its connection now.  Where a TCP connection begins is not known: packets that
 * overtook the first one look like no TLS until it comes, so they are ODD rather than not TLS; how long to wait for it is
 * the caller's to say.  A connection is forgotten with the answer that decides it, else after STREAM_MS.
 *
 * Bounded by STREAMS, STREAMS_BYTES, HELLO_BYTES and QUIC_FLOWS; at a bound the oldest goes, and what came of it
 * then looks like something ODD.  Pure: no clock, no input or output.
 */
#ifndef DEJUNK_HELLO_H
#define DEJUNK_HELLO_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "quic_initial.h"
#include "span.h"
#include "tls_hello.h"

enum hello_what {
	HELLO_MORE,	/* the beginning of a ClientHello: what follows will tell */
	HELLO_ODD,	/* not the beginning of a ClientHello; perhaps out of order */
	/* decided: */
	HELLO_NAME,	/* told.name is what the client names */
	HELLO_NAMELESS,	/* a whole ClientHello without a server name */
	HELLO_PASS,	/* it cannot be read, told.why says why */
	HELLO_WHATS
};

enum hello_why {
	HELLO_READ,	/* nothing was wrong */
	HELLO_FAULT,	/* breaks the grammar of a ClientHello; a name that was read before is told all the same (HELLO_NAME) */
	HELLO_LARGE,	/* longer than HELLO_BYTES */
	HELLO_CONFLICT,	/* segments that contradict each other */
	HELLO_NO_ROOM,	/* no memory, or data beyond the bound of one connection */
	HELLO_QUIC,	/* told.quic says why */
};

struct hello_told {
	enum hello_why why;	/* PASS; and FAULT beside NAME, where the hello is malformed behind its name */
	enum quic_result quic;	/* why QUIC, and beside MORE: what was wrong with this datagram (MORE: nothing) */
	bool ech;		/* NAME, NAMELESS: there is an encrypted hello within, name is the outer one */
	uint8_t name_len;
	char name[HOST_MAX + 1];	/* normalised, terminated */
};

struct hello_packet {
	bool udp;
	struct addr src, dst;	/* with ports; src is the client */
	uint32_t seq;		/* TCP: sequence number of the first byte of payload */
	struct span payload;	/* borrowed */
};

struct hello;

/* hello_new - NULL: no memory, or libcrypto lacks something; call it before privileges are dropped (quic_new)
 * @seed: random */
struct hello *hello_new(uint64_t seed);
void hello_free(struct hello *h);
/* hello_read - one packet with data; what is known of its connection now
 * @told: filled as the answer says */
enum hello_what hello_read(struct hello *h, const struct hello_packet *p, uint64_t now_ms, struct hello_told *told);
/* hello_age - forget connections that are too old; true: there are younger ones */
bool hello_age(struct hello *h, uint64_t now_ms);
/* hello_overruns - connections forgotten undecided so far, for lack of room or over their time */
uint64_t hello_overruns(const struct hello *h);

#endif
