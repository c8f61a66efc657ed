/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_edit - a DNS answer without what hides the server name
 *
 * Pure: reads bytes the caller owns, writes to a buffer of his, keeps nothing, allocates nothing.  An answer
 * never grows.  What cannot be rewritten with certainty is not: the caller then passes the original.
 *
 * Not repaired: signatures.  A client that validates DNSSEC itself takes a rewritten answer for forged; so that nobody
 * else takes it for proved, what is rewritten does not claim to be authentic data (AD).
 * RFC 1035 section 4, RFC 9460 (SVCB).
 */
#ifndef DEJUNK_DNS_EDIT_H
#define DEJUNK_DNS_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "span.h"

/* dns_edit_strip_ech - take the parameter "ech" out of the SVCB and HTTPS records of every section, also out of their list of
 * mandatory parameters; lengths and compression pointers are put right, all other bytes stay but the AD bit
 * @same: it must keep its length (in a TCP stream): it is filled up, by EDNS padding where it ends with an OPT record, else by
 *        a record that says nothing
 * @out:  room for @in.len bytes, elsewhere; filled
 *
 * Returns the bytes of @out (@in.len, the same bytes, where there is none), or 0: not an answer to one question,
 * malformed, more than DNS_MESSAGE_RECORDS records, names that would not be the same afterwards, signed as a whole, or too
 * little to cut for what would fill it up. */
size_t dns_edit_strip_ech(struct span in, bool same, char *out);

#endif
