/* SPDX-License-Identifier: GPL-3.0-or-later */
/* see - which names do these packets tell?  The readers of the live path, put to work on a capture
 *
 * Takes IP packets one by one and tells what each flow says: DNS questions, Host fields, the server names of
 * ClientHellos, or why there is none.  Each row is told once a flow.  Other than the live path, which reads the first bytes of
 * a connection, it also looks at every place where a message may begin: the next request of a
 * connection, TLS behind CONNECT or STARTTLS.
 *
 * Memory is bounded: flows, bytes and rows remembered; the oldest are forgotten.  No input or output.
 */
#ifndef DEJUNK_SEE_H
#define DEJUNK_SEE_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "span.h"

enum see_proto { SEE_DNS, SEE_HTTP, SEE_TLS, SEE_QUIC, SEE_PROTOS };

enum { SEE_HOW = 120 };		/* bytes of struct see_row's how, NUL included */

struct see_row {
	enum see_proto proto;
	struct addr client, server;	/* with ports */
	const char *name;		/* "": none, and how says why; else normalised (host.h), or as dns_msg.h writes it */
	bool failed;			/* nothing could be read; how says why */
	const char *alpn;		/* TLS and QUIC: "h2,http/1.1"; else "" */
	bool ech;			/* TLS and QUIC: the name is the outer one */
	char how[SEE_HOW];		/* "server name" */
};

struct see_counts {
	uint64_t packets, rows;
	uint64_t unreadable;		/* headers that contradict each other or are cut */
	uint64_t fragments;		/* packets whose IP fragments could not be put together; known at the end */
	uint64_t forgotten;		/* flows that went at a bound before they were read */
};

struct see;

/* see_new - NULL without memory, or where libcrypto lacks something.  Before privileges are dropped (quic_new)
 * @on_row: called for each row, from within the functions below; the row is borrowed */
struct see *see_new(void (*on_row)(void *ctx, const struct see_row *row), void *ctx);
void see_free(struct see *s);
/* see_packet - one packet, from its IP header on (borrowed) */
void see_packet(struct see *s, struct span ip);
/* see_end - there are no more: tells what was left unfinished */
void see_end(struct see *s);
const struct see_counts *see_counts(const struct see *s);
/* see_proto_name - "dns", "http", "tls", "quic" */
const char *see_proto_name(enum see_proto proto);

#endif
