/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_stream - the DNS messages in one direction of a TCP connection
 *
 * Each has its length before it, in two bytes.  Several may follow each other, and one may be cut into segments at
 * any byte.  Reads contiguous bytes (of tcp_stream, say), and remembers only how many of a message that is too long are yet to
 * come.  Pure.  RFC 1035 section 4.2.2, RFC 7766 section 8.
 */
#ifndef DEJUNK_DNS_STREAM_H
#define DEJUNK_DNS_STREAM_H

#include <stdint.h>

#include "span.h"

struct dns_stream {
	uint32_t skip;		/* bytes to come that are passed over; 0 at the beginning */
};

enum dns_stream_result {
	DNS_STREAM_MESSAGE,	/* *message is one, without its length */
	DNS_STREAM_MORE,	/* what is left of *in is the beginning of a message: call again with it and what follows */
	DNS_STREAM_LONG,	/* a message of over DNS_STREAM_BYTES is passed over from here on; call again */
	DNS_STREAM_BAD,		/* a length under that of a header: this is not DNS, or its beginning was missed */
};

/* dns_stream_next - the next message of @in
 * @in: bytes that follow those consumed so far; moves behind what is consumed now.  At MORE at most DNS_STREAM_BYTES + 1 are left
 * @message: points into @in (borrowed) */
enum dns_stream_result dns_stream_next(struct dns_stream *s, struct span *in, struct span *message);

#endif
