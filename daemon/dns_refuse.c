/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_refuse - a DNS answer made to say that the name does not exist */
#include "dns_refuse.h"

#include <stdint.h>

#include "dns_record.h"
#include "limits.h"

enum {
	RCODE_NXDOMAIN = 3,
	OPTION_PADDING = 12, OPTION_EDE = 15, EDE_BLOCKED = 15,
	EDE_BYTES = 6, SOA_BYTES = 35,
};

/* what an answer is made of */
struct parts {
	size_t question;		/* bytes up to the end of it */
	struct dns_record opt;		/* end 0: no EDNS */
	size_t options;			/* bytes of options that stay */
	bool soa, ede;			/* are added */
};

/* each_option - those that stay, copied to @out where that is not NULL; their bytes.  Malformed: none */
static size_t each_option(struct dns_wire m, const struct dns_record *opt, char *out)
{
	size_t at = opt->data, n = 0;

	while (at < opt->end) {
		size_t bytes = 4;
		unsigned code;

		if (opt->end - at < 4)
			return 0;
		code = dns_get16(m.p + at);
		bytes += dns_get16(m.p + at + 2);
		if (bytes > opt->end - at)
			return 0;
		/* what was wrong with the true answer, and its filling, do not concern this one */
		if (code != OPTION_EDE && code != OPTION_PADDING) {
			if (out)
				memcpy(out + n, m.p + at, bytes);
			n += bytes;
		}
		at += bytes;
	}
	return n;
}

/* read_parts - what there is in @m; false: it cannot be refused */
static bool read_parts(struct dns_wire m, struct parts *p)
{
	struct dns_record r;
	size_t at;

	*p = (struct parts){ 0 };
	if (!dns_record_begin(m, &at))
		return false;
	p->question = at;
	for (unsigned n = dns_record_count(m); n; n--) {
		if (!dns_record_next(m, &at, &r) || dns_record_signs(m, &r))
			return false;
		if (dns_record_is_opt(m, &r) && !p->opt.end)
			p->opt = r;
	}
	if (p->opt.end)
		p->options = each_option(m, &p->opt, NULL);
	return true;
}

static size_t length_of(const struct parts *p)
{
	return p->question + (p->soa ? SOA_BYTES : 0) + (p->opt.end ? DNS_OPT_FIXED : 0) + p->options + (p->ede ? EDE_BYTES : 0);
}

/* choose - as much as there is room for; false: no length is right */
static bool choose(struct parts *p, size_t len, bool same)
{
	size_t most = same || len > DNS_REFUSE_BYTES ? len : DNS_REFUSE_BYTES;

	for (unsigned less = 0; less < 4; less++) {
		p->soa = !(less & 2);
		p->ede = !(less & 1) && p->opt.end;
		if (length_of(p) <= most && (!same || dns_record_can_pad(most - length_of(p), p->opt.end)))
			return true;
	}
	return false;
}

/* put_soa - of the name of the question, by itself; the time to live is that of the negative answer too, RFC 2308 s.4 */
static size_t put_soa(char *out)
{
	static const char soa[SOA_BYTES] = "\xc0\x0c\0\6\0\1\0\0\0\0\0\x17" "\xc0\x0c\0" "\0\0\0\1" "\0\0\x0e\x10" "\0\0\x0e\x10" "\0\1\x51\x80" "\0\0\0\0";

	memcpy(out, soa, sizeof(soa));
	dns_put16(out + 8, LIMIT_DNS_REFUSED_SECONDS);
	dns_put16(out + SOA_BYTES - 2, LIMIT_DNS_REFUSED_SECONDS);
	return sizeof(soa);
}

size_t dns_refuse(struct span in, bool same, char *out)
{
	struct dns_wire m = { (const uint8_t *)in.p, in.len };
	struct parts p;
	size_t len, opt = 0;

	if (!read_parts(m, &p) || !choose(&p, in.len, same))
		return 0;
	len = p.question;
	memcpy(out, in.p, len);
	dns_put16(out + 2, DNS_FLAG_QR | (dns_get16(m.p + 2) & (DNS_FLAG_RD | DNS_FLAG_RA | DNS_FLAG_CD)) | RCODE_NXDOMAIN);
	memset(out + 6, 0, 6);
	if (p.soa) {
		out[9] = 1;
		len += put_soa(out + len);
	}
	if (p.opt.end) {
		opt = len;
		out[11] = 1;
		memcpy(out + opt, in.p + p.opt.owner, DNS_OPT_FIXED);
		out[opt + 5] = 0;	/* the upper bits of the rcode, RFC 6891 s.6.1.3 */
		len += DNS_OPT_FIXED;
		len += p.options ? each_option(m, &p.opt, out + len) : 0;
		if (p.ede) {
			dns_put16(out + len, OPTION_EDE);
			dns_put16(out + len + 2, 2);
			dns_put16(out + len + 4, EDE_BLOCKED);
			len += EDE_BYTES;
		}
		dns_put16(out + opt + 9, len - opt - DNS_OPT_FIXED);
	}
	if (same) {
		dns_record_pad(out, len, in.len, opt);
		len = in.len;
	}
	return len;
}

void dns_refuse_no_data(char *refused)
{
	refused[3] &= (char)~DNS_FLAG_RCODE;
}

bool dns_refuse_is(struct span message)
{
	const uint8_t *p = (const uint8_t *)message.p;
	unsigned flags;

	if (message.len < DNS_HEADER || dns_get16(p + 6) != 0)
		return false;
	flags = dns_get16(p + 2);
	return (flags & DNS_FLAG_QR) && ((flags & DNS_FLAG_RCODE) == RCODE_NXDOMAIN || (flags & DNS_FLAG_RCODE) == 0);
}
