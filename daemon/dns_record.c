/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_record - the records of a DNS answer one after the other */
#include "dns_record.h"

enum {
	TYPE_NULL = 10, TYPE_SIG = 24, TYPE_TSIG = 250,
	OPTION_PADDING = 12,
	OPTION_FIXED = 4,	/* bytes of an option before its data */
	NULL_FIXED = 1 + DNS_RR_FIXED,
};

bool dns_record_begin(struct dns_wire m, size_t *at)
{
	size_t pointer;

	*at = DNS_HEADER;
	if (m.len < DNS_HEADER || m.len > UINT16_MAX || (dns_get16(m.p + 2) & (DNS_FLAG_QR | DNS_FLAG_OPCODE)) != DNS_FLAG_QR ||
	    dns_get16(m.p + 4) != 1)
		return false;
	if (!dns_name_skip(m, at, &pointer) || pointer || m.len - *at < 4)
		return false;
	*at += 4;
	return true;
}

unsigned dns_record_count(struct dns_wire m)
{
	return (unsigned)dns_get16(m.p + 6) + dns_get16(m.p + 8) + dns_get16(m.p + 10);
}

bool dns_record_next(struct dns_wire m, size_t *at, struct dns_record *r)
{
	size_t owner = *at, pointer, end;

	if (!dns_name_skip(m, at, &pointer) || m.len - *at < DNS_RR_FIXED)
		return false;
	end = *at + DNS_RR_FIXED + dns_get16(m.p + *at + 8);
	if (end > m.len)
		return false;
	*r = (struct dns_record){
		.type = dns_get16(m.p + *at), .class = dns_get16(m.p + *at + 2), .owner = (uint16_t)owner,
		.data = (uint16_t)(*at + DNS_RR_FIXED), .end = (uint16_t)end,
	};
	*at = end;
	return true;
}

bool dns_record_is_opt(struct dns_wire m, const struct dns_record *r)
{
	return r->type == DNS_TYPE_OPT && m.p[r->owner] == 0;
}

bool dns_record_signs(struct dns_wire m, const struct dns_record *r)
{
	/* a SIG that covers no type is one over the message, RFC 2931 s.3 */
	return r->type == TYPE_TSIG || (r->type == TYPE_SIG && r->end - r->data > 2 && dns_get16(m.p + r->data) == 0);
}

bool dns_record_can_pad(size_t more, bool opt)
{
	return more == 0 || more >= (opt ? OPTION_FIXED : NULL_FIXED);
}

void dns_record_pad(char *m, size_t len, size_t want, size_t opt)
{
	size_t more = want - len;

	if (more == 0)
		return;
	memset(m + len, 0, more);
	if (opt) {
		dns_put16(m + opt + 9, len - opt - DNS_OPT_FIXED + more);
		dns_put16(m + len, OPTION_PADDING);
		dns_put16(m + len + 2, more - OPTION_FIXED);
		return;
	}
	dns_put16(m + 10, dns_get16((const uint8_t *)m + 10) + 1u);
	dns_put16(m + len + 1, TYPE_NULL);
	dns_put16(m + len + 3, DNS_CLASS_IN);
	dns_put16(m + len + 9, more - NULL_FIXED);
}
