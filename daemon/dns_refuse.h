/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_refuse - a DNS answer made to say that the name does not exist
 *
 * Pure: reads bytes the caller owns, writes to a buffer of his, keeps nothing, allocates nothing.
 *
 * Id, question, RD, CD and RA stay, and EDNS with its options (the client's cookie); all other records go.  The answer is neither
 * authoritative nor authentic data (AD).  It gets an SOA record of the name itself, so that negative caches keep it for
 * DNS_REFUSED_SECONDS and no longer (RFC 2308 s.5), and where there is EDNS the error "blocked" (RFC 8914 s.4.16).
 * A client that validates DNSSEC itself takes it for forged.
 */
#ifndef DEJUNK_DNS_REFUSE_H
#define DEJUNK_DNS_REFUSE_H

#include <stdbool.h>
#include <stddef.h>

#include "span.h"

enum { DNS_REFUSE_BYTES = 512 };	/* what every client takes over UDP, RFC 1035 s.4.2.1 */

/* dns_refuse - the answer @in, refused (NXDOMAIN)
 * @in:   an answer to one question
 * @same: it must have the length of @in (in a TCP stream); else it may be as long as @in, or DNS_REFUSE_BYTES
 * @out:  room for @in.len or DNS_REFUSE_BYTES bytes, whichever is more, elsewhere; filled
 *
 * Returns the bytes of @out, or 0: not an answer to one question, malformed, signed as a whole (TSIG, SIG(0)), or, @same, of
 * a length that cannot be had. */
size_t dns_refuse(struct span in, bool same, char *out);
/* dns_refuse_no_data - of a refused answer: the name exists, but has nothing of the type asked for */
void dns_refuse_no_data(char *refused);
/* dns_refuse_is - does the message refuse, as dns_refuse() or dns_refuse_no_data() made it?  Looks at the header only */
bool dns_refuse_is(struct span message);

#endif
