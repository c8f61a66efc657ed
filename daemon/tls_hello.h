/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tls_hello - the ClientHello at the start of a TLS connection: which server does the client name?
 *
 * Pure: reads bytes the caller owns, keeps nothing, allocates nothing, logs nothing.  What is
 * copied is the name, brought into the compared form (host.h), and the ALPN list as text.
 *
 * The record version is ignored, as RFC 8446 section 5.1 demands, but for its first byte, which tells TLS
 * from other protocols.  A hello may be cut into records at any byte, and several may lie behind it.  What breaks
 * the grammar of the hello is BAD even where it does not touch the name: a server that reads on
 * would read something else than we did.  A name that was read before is told all the same: who refuses that name
 * may refuse the hello, but no name speaks for one that is BAD.  Extensions that are not read (GREASE, RFC 8701) may come in any order.
 *
 * An answer other than MORE is never taken back by later bytes.
 * Grammar: RFC 8446 section 4.1.2, 4.2 and 5.1; RFC 6066 section 3; RFC 7301 section 3.1; RFC 5246 appendix E.2 (SSLv2 form).
 */
#ifndef DEJUNK_TLS_HELLO_H
#define DEJUNK_TLS_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host.h"
#include "limits.h"
#include "parse.h"
#include "span.h"

/* why a hello is refused */
enum tls_fault {
#define FAULT(name, text) TLS_FAULT_##name,
#include "tbl/tls_fault.h"
#undef FAULT
	TLS_FAULTS
};

enum { TLS_ALPN_TEXT = 63 };	/* bytes of the ALPN list that are kept */

struct tls_hello {
	/* DONE; of BAD name alone */
	uint8_t name_len;		/* of name; 0: the hello names no server (BAD: or none was read before the fault) */
	bool ech;			/* has an encrypted inner hello (or GREASE that looks like one): name is the outer name */
	bool v2;			/* in the form of SSL 2: no extensions, so no name */
	uint8_t alpn_len;
	char name[HOST_MAX + 1];	/* normalised, terminated; an address in text is possible (RFC 6066 forbids it) */
	char alpn[TLS_ALPN_TEXT + 1];	/* "h2,http/1.1": protocols as far as they fit, in order; odd bytes are '?' */
	size_t len;			/* bytes of the input that the hello took (of its last record, only what is its own) */
	/* MORE */
	size_t need;			/* bytes of the input, from its start, without which there is no DONE; > in.len */
	/* BAD */
	enum tls_fault fault;		/* TLS_FAULT_LARGE: pass unread */
};

static inline struct span tls_hello_name(const struct tls_hello *h)
{
	return (struct span){ h->name, h->name_len };
}

/* tls_hello_parse - the ClientHello at the start of a TCP stream
 * @in:  all bytes of the client so far (borrowed; not needed afterwards)
 * @out: filled as the answer says
 *
 * DONE   a whole hello; out->name_len 0: without a server name
 * MORE   a valid beginning, or nothing yet; out->need is filled and never more than LIMIT_HELLO_BYTES
 * BAD    out->fault says why; for fault LARGE more than LIMIT_HELLO_BYTES would be needed
 * ALIEN  was never TLS.  Found at the earliest byte that tells
 * Never reads past @in. */
enum parse tls_hello_parse(struct span in, struct tls_hello *out);

/* tls_hello_body - the same for a hello without record layer: the start of QUIC's CRYPTO stream, RFC 9001 section 4
 * @in: from the handshake header on (type 1, three bytes of length)
 * Answers and @out as above, but there is no ALIEN: another handshake type is BAD. */
enum parse tls_hello_body(struct span in, struct tls_hello *out);

/* tls_fault_text - for the log; never NULL */
const char *tls_fault_text(enum tls_fault fault);

#endif
