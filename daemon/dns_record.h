/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_record - the records of a DNS answer one after the other, and an answer made longer that must not change its length
 *
 * Pure.  For what rewrites answers: dns_edit and dns_refuse.  RFC 1035 section 4, RFC 6891, RFC 7830.
 */
#ifndef DEJUNK_DNS_RECORD_H
#define DEJUNK_DNS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns_name.h"

enum dns_flag {		/* bytes 2 and 3 of a message */
	DNS_FLAG_QR = 0x8000, DNS_FLAG_OPCODE = 0x7800, DNS_FLAG_RD = 0x0100, DNS_FLAG_RA = 0x0080, DNS_FLAG_AD = 0x0020,
	DNS_FLAG_CD = 0x0010, DNS_FLAG_RCODE = 0x000f,
};

enum {
	DNS_RR_FIXED = 10,	/* bytes of a record between its name and its data */
	DNS_OPT_FIXED = 11,	/* bytes of an OPT record before its options */
	DNS_CLASS_IN = 1,
	DNS_TYPE_OPT = 41,
};

struct dns_record {
	uint16_t type, class;
	uint16_t owner, data, end;	/* offsets */
};

static inline void dns_put16(char *p, size_t v)
{
	p[0] = (char)(v >> 8);
	p[1] = (char)v;
}

/* dns_record_begin - is it an answer to one question?  *@at: filled with where the records begin */
bool dns_record_begin(struct dns_wire m, size_t *at);
/* dns_record_count - of all three sections, as the header says */
unsigned dns_record_count(struct dns_wire m);
/* dns_record_next - the record at *@at, which moves behind it; false: malformed or not whole */
bool dns_record_next(struct dns_wire m, size_t *at, struct dns_record *r);
/* dns_record_is_opt - the record of EDNS?
 * dns_record_signs - a signature over the whole message (TSIG, SIG(0)), which no rewriting leaves right? */
bool dns_record_is_opt(struct dns_wire m, const struct dns_record *r);
bool dns_record_signs(struct dns_wire m, const struct dns_record *r);

/* dns_record_can_pad - can a message get @more bytes longer?  @opt: it ends with an OPT record */
bool dns_record_can_pad(size_t more, bool opt);
/* dns_record_pad - make the message at @m, of @len bytes, @want bytes long (dns_record_can_pad), by EDNS padding where it ends
 * with an OPT record, else by a record of type NULL that says nothing
 * @opt: offset of the OPT record with which it ends, or 0 */
void dns_record_pad(char *m, size_t len, size_t want, size_t opt);

#endif
