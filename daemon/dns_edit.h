/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_edit - a DNS answer rewritten: refused, or without what hides the server name
 *
 * Pure: reads bytes the caller owns, writes to a buffer of his, keeps nothing, allocates nothing.  An answer
 * never grows.  What cannot be rewritten with certainty is not: the caller then passes the original.
 *
 * Not repaired: signatures.  A client that validates DNSSEC itself takes a rewritten answer for forged.
 * RFC 1035 section 4, RFC 6891 (EDNS), RFC 9460 (SVCB), RFC 8914.
 */
#ifndef DEJUNK_DNS_EDIT_H
#define DEJUNK_DNS_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "span.h"

/* dns_edit_refuse - say that the name does not exist (NXDOMAIN)
 * @in:  an answer to one question
 * @out: room for @in.len bytes, elsewhere; filled
 *
 * Id, question, RD, CD and RA stay, so does EDNS with its options (the client's cookie); all other records go.
 * Returns the bytes of @out, or 0: not an answer to one question, malformed, or signed as a whole (TSIG, SIG(0)). */
size_t dns_edit_refuse(struct span in, char *out);

/* dns_edit_strip_ech - take the parameter "ech" out of the SVCB and HTTPS records of every section, also out of their list of
 * mandatory parameters; lengths and compression pointers are put right, all other bytes stay
 * @out: room for @in.len bytes, elsewhere; filled
 *
 * Returns the bytes of @out (@in.len, the same bytes, where there is none), or 0: not an answer to one question,
 * malformed, more than DNS_MESSAGE_RECORDS records, or names that would not be the same afterwards. */
size_t dns_edit_strip_ech(struct span in, char *out);

/* dns_edit_is_canary - must a resolver that filters deny this name, so that a client does not go around it?  Mozilla's canary
 * for DNS over HTTPS, and Apple's relays
 * @name: normalised (lower case, no final dot) */
bool dns_edit_is_canary(struct span name);

#endif
