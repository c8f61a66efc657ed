/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_edit - a DNS answer rewritten: refused, or without what hides the server name
 *
 * Theory of operation of dns_edit_strip_ech().  The records are read into a table and the cuts are collected, in order.  Then
 * all other bytes are copied; what stood at offset x now stands at moved(x).  The lengths of the records that were cut
 * are written anew, and so are the compression pointers that end a name in a place where one can be (owners; data of
 * the types that may be compressed).  At last every such name is read in both messages: a name that led through bytes we
 * did not know for a name, or through what was cut out, differs, and the edit is given up.
 */
#include "dns_edit.h"

#include <stdint.h>

#include "container.h"
#include "dns_name.h"
#include "limits.h"

enum {
	RR_FIXED = 10,
	CLASS_IN = 1,
	TYPE_NS = 2, TYPE_SOA = 6, TYPE_PTR = 12, TYPE_MX = 15, TYPE_SIG = 24, TYPE_SRV = 33, TYPE_DNAME = 39, TYPE_OPT = 41,
	TYPE_TSIG = 250,
	PARAM_MANDATORY = 0, PARAM_ECH = 5,
	RCODE_NXDOMAIN = 3,
	FLAG_QR = 0x8000, FLAG_OPCODE = 0x7800, FLAG_RD = 0x0100, FLAG_RA = 0x0080, FLAG_CD = 0x0010,
	CUTS = 2 * LIMIT_DNS_MESSAGE_RECORDS,	/* of one record: the parameter, and its place in the mandatory ones */
};

struct record {
	uint16_t type, class;
	uint16_t owner, data, end;	/* offsets */
};

struct cut {
	uint16_t at, len;
};

struct edit {
	struct dns_wire m;
	unsigned records, cuts;
	struct record record[LIMIT_DNS_MESSAGE_RECORDS];
	struct cut cut[CUTS];
	uint16_t mandatory[LIMIT_DNS_MESSAGE_RECORDS];	/* for each record: offset of the length that two bytes are taken off, or 0 */
};

static void put16(char *p, size_t v)
{
	p[0] = (char)(v >> 8);
	p[1] = (char)v;
}

/* begin - is it an answer to one question?  *@at: behind the question */
static bool begin(struct dns_wire m, size_t *at)
{
	size_t pointer;

	*at = DNS_HEADER;
	if (m.len < DNS_HEADER || m.len > UINT16_MAX || (dns_get16(m.p + 2) & (FLAG_QR | FLAG_OPCODE)) != FLAG_QR || dns_get16(m.p + 4) != 1)
		return false;
	if (!dns_name_skip(m, at, &pointer) || pointer || m.len - *at < 4)
		return false;
	*at += 4;
	return true;
}

static unsigned records_of(struct dns_wire m)
{
	return (unsigned)dns_get16(m.p + 6) + dns_get16(m.p + 8) + dns_get16(m.p + 10);
}

static bool next_record(struct dns_wire m, size_t *at, struct record *r)
{
	size_t owner = *at, pointer, end;

	if (!dns_name_skip(m, at, &pointer) || m.len - *at < RR_FIXED)
		return false;
	end = *at + RR_FIXED + dns_get16(m.p + *at + 8);
	if (end > m.len)
		return false;
	*r = (struct record){
		.type = dns_get16(m.p + *at), .class = dns_get16(m.p + *at + 2), .owner = (uint16_t)owner,
		.data = (uint16_t)(*at + RR_FIXED), .end = (uint16_t)end,
	};
	*at = end;
	return true;
}

/* --- refused --- */

size_t dns_edit_refuse(struct span in, char *out)
{
	struct dns_wire m = { (const uint8_t *)in.p, in.len };
	size_t at, len, question;
	struct record r;
	unsigned flags;

	if (!begin(m, &at))
		return 0;
	flags = dns_get16(m.p + 2);
	question = len = at;
	memcpy(out, in.p, question);
	put16(out + 2, FLAG_QR | (flags & (FLAG_RD | FLAG_RA | FLAG_CD)) | RCODE_NXDOMAIN);
	memset(out + 6, 0, 6);
	for (unsigned n = records_of(m); n; n--) {
		if (!next_record(m, &at, &r))
			return 0;
		if (r.type == TYPE_TSIG || (r.type == TYPE_SIG && r.end - r.data > 2 && dns_get16(m.p + r.data) == 0))
			return 0;
		if (r.type != TYPE_OPT || m.p[r.owner] != 0 || len != question)
			continue;
		memcpy(out + len, m.p + r.owner, (size_t)(r.end - r.owner));
		out[len + 5] = 0;	/* the upper bits of the rcode, RFC 6891 s.6.1.3 */
		len += (size_t)(r.end - r.owner);
		out[11] = 1;
	}
	return len;
}

bool dns_edit_is_canary(struct span name)
{
	static const char *const names[] = { "use-application-dns.net", "mask.icloud.com", "mask-h2.icloud.com" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (span_eq(name, span_of(names[i])))
			return true;
	return false;
}

/* --- without ech --- */

static bool add_cut(struct edit *e, size_t at, size_t len)
{
	if (e->cuts == CUTS)
		return false;
	e->cut[e->cuts++] = (struct cut){ (uint16_t)at, (uint16_t)len };
	return true;
}

/* cut_mandatory - ech out of the list at @at, of @len bytes, of record @n */
static bool cut_mandatory(struct edit *e, unsigned n, size_t at, size_t len)
{
	for (size_t i = 0; i + 2 <= len; i += 2) {
		if (dns_get16(e->m.p + at + i) != PARAM_ECH)
			continue;
		if (len == 2)		/* an empty list is not allowed, RFC 9460 s.8 */
			return add_cut(e, at - 4, 6);
		e->mandatory[n] = (uint16_t)(at - 2);
		return add_cut(e, at + i, 2);
	}
	return true;
}

/* cut_record - false: malformed */
static bool cut_record(struct edit *e, unsigned n)
{
	const struct record *r = &e->record[n];
	struct dns_wire upto = { e->m.p, r->end };
	size_t at = r->data + 2u, pointer;
	unsigned first = e->cuts;
	bool ech = false;
	int last = -1;

	if (r->class != CLASS_IN || (r->type != DNS_TYPE_SVCB && r->type != DNS_TYPE_HTTPS))
		return true;
	if (r->end - r->data < 3 || !dns_name_skip(upto, &at, &pointer))
		return false;
	while (at < r->end) {
		size_t len;
		int key;

		if (r->end - at < 4)
			return false;
		key = dns_get16(e->m.p + at);
		len = dns_get16(e->m.p + at + 2);
		if (len > r->end - at - 4 || key <= last)
			return false;
		last = key;
		if (key == PARAM_MANDATORY && !cut_mandatory(e, n, at + 4, len))
			return false;
		if (key == PARAM_ECH) {
			ech = true;
			if (!add_cut(e, at, 4 + len))
				return false;
		}
		at += 4 + len;
	}
	if (!ech) {		/* mandatory, but not there: the client's business */
		e->cuts = first;
		e->mandatory[n] = 0;
	}
	return true;
}

/* read_all - the table of records and of cuts */
static bool read_all(struct edit *e)
{
	size_t at;

	if (!begin(e->m, &at))
		return false;
	e->cuts = 0;
	e->records = records_of(e->m);
	if (e->records > LIMIT_DNS_MESSAGE_RECORDS)
		return false;
	for (unsigned n = 0; n < e->records; n++) {
		e->mandatory[n] = 0;
		if (!next_record(e->m, &at, &e->record[n]) || !cut_record(e, n))
			return false;
	}
	return true;
}

/* bytes cut out before @at */
static size_t cut_before(const struct edit *e, size_t at)
{
	size_t n = 0;

	for (unsigned i = 0; i < e->cuts && e->cut[i].at < at; i++)
		n += e->cut[i].len;
	return n;
}

static size_t moved(const struct edit *e, size_t at) { return at - cut_before(e, at); }

/* names_in - where names stand in the data of @r that may be compressed (RFC 1035, RFC 3597 s.4), at most two; -1: malformed */
static int names_in(struct dns_wire m, const struct record *r, size_t name[2])
{
	struct dns_wire upto = { m.p, r->end };
	size_t at = r->data, pointer;
	int names = 1;

	switch (r->type) {
	case TYPE_NS:
	case DNS_TYPE_CNAME:
	case TYPE_PTR:
	case TYPE_DNAME:
		break;
	case TYPE_MX:
	case DNS_TYPE_SVCB:
	case DNS_TYPE_HTTPS:
		at += 2;
		break;
	case TYPE_SRV:
		at += 6;
		break;
	case TYPE_SOA:
		names = 2;
		break;
	default:
		return 0;
	}
	if (r->data == r->end)		/* in dynamic updates */
		return 0;
	for (int i = 0; i < names; i++) {
		name[i] = at;
		if (at >= r->end || !dns_name_skip(upto, &at, &pointer))
			return -1;
	}
	return names;
}

/* mend_name - the pointer that ends the name at @at in the original, a name that is whole and was not cut */
static void mend_name(const struct edit *e, size_t at, char *out)
{
	size_t pointer;

	if (dns_name_skip(e->m, &at, &pointer) && pointer)
		put16(out + moved(e, pointer), 0xc000 | moved(e, dns_get16(e->m.p + pointer) & 0x3fff));
}

static bool same_after(const struct edit *e, size_t at, struct dns_wire out)
{
	size_t a = at, b = moved(e, at), len;
	char text[DNS_TEXT + 1];
	uint32_t hash;

	return dns_name_read(e->m, &a, text, &len, &hash) == 0 && dns_name_read(out, &b, text, &len, &hash) == 0 &&
	       b == moved(e, a) && dns_name_same(e->m, at, out, moved(e, at));
}

/* each_name - mend them all (@check false), or check them all */
static bool each_name(const struct edit *e, char *out, size_t out_len, bool check)
{
	struct dns_wire after = { (const uint8_t *)out, out_len };

	for (unsigned n = 0; n < e->records; n++) {
		size_t name[3] = { e->record[n].owner };
		int names = names_in(e->m, &e->record[n], name + 1);

		if (names < 0)
			return false;
		for (int i = 0; i <= names; i++) {
			if (!check)
				mend_name(e, name[i], out);
			else if (!same_after(e, name[i], after))
				return false;
		}
	}
	return true;
}

size_t dns_edit_strip_ech(struct span in, char *out)
{
	struct edit e = { .m = { (const uint8_t *)in.p, in.len } };
	size_t len = 0, from = 0;

	if (!read_all(&e))
		return 0;
	for (unsigned i = 0; i <= e.cuts; i++) {
		size_t to = i < e.cuts ? e.cut[i].at : in.len;

		memcpy(out + len, in.p + from, to - from);
		len += to - from;
		from = i < e.cuts ? to + e.cut[i].len : to;
	}
	if (e.cuts == 0)
		return len;
	for (unsigned n = 0; n < e.records; n++) {
		const struct record *r = &e.record[n];

		put16(out + moved(&e, r->data - 2u), moved(&e, r->end) - moved(&e, r->data));
		if (e.mandatory[n])
			put16(out + moved(&e, e.mandatory[n]), dns_get16(e.m.p + e.mandatory[n]) - 2u);
	}
	return each_name(&e, out, len, false) && each_name(&e, out, len, true) ? len : 0;
}
