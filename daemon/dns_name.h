/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_name - names as they stand in a DNS message, compressed
 *
 * Pure.  For dns_msg, which reads messages, and dns_edit, which changes them.  RFC 1035 section 3.1, 4.1.4.
 */
#ifndef DEJUNK_DNS_NAME_H
#define DEJUNK_DNS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns_msg.h"

enum { DNS_HEADER = 12 };	/* bytes, RFC 1035 s.4.1.1 */

/* the whole message, and nothing behind it */
struct dns_wire {
	const uint8_t *p;
	size_t len;
};

static inline uint16_t dns_get16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static inline uint32_t dns_get32(const uint8_t *p) { return (uint32_t)dns_get16(p) << 16 | dns_get16(p + 2); }

/* dns_name_read - the name at *@at, following pointers
 * @text: at least DNS_TEXT + 1 bytes, filled as dns_msg.h says
 *
 * Moves *@at behind the name as it stands there (not where a pointer led).  Returns 0 (then *@len and
 * *@hash are filled) or one of DNS_MSG_BAD_*.  A pointer must go to before the run of labels that it ends, so that
 * every hop goes back: RFC 1035 s.4.1.4 says "prior occurrence". */
int dns_name_read(struct dns_wire m, size_t *at, char *text, size_t *len, uint32_t *hash);
/* dns_name_land - from @at, in a name that dns_name_read() liked, over pointers to where the next label begins */
size_t dns_name_land(struct dns_wire m, size_t at);
/* dns_name_same - are the names at @a and @b, both of which dns_name_read() liked, the same?  The bytes of the wire are compared:
 * what differs there may be the same text. */
bool dns_name_same(struct dns_wire ma, size_t a, struct dns_wire mb, size_t b);
/* dns_name_skip - move *@at behind the name as it stands there; pointers are not followed
 * @pointer: filled with the offset of the pointer that ends it, or 0
 * Returns false where it is malformed or not whole. */
bool dns_name_skip(struct dns_wire m, size_t *at, size_t *pointer);

#endif
