/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_edit - a DNS answer without what hides the server name
 *
 * Theory of operation.  The records are read into a table and the cuts are collected, in order.  Then
 * all other bytes are copied; what stood at offset x now stands at moved(x).  The lengths of the records that were cut
 * are written anew, and so are the compression pointers that end a name in a place where one can be (owners; data of
 * the types that may be compressed).  At last every such name is read in both messages: a name that led through bytes we
 * did not know for a name, or through what was cut out, differs, and the edit is given up.
 */
#include "dns_edit.h"

#include <stdint.h>

#include "dns_record.h"
#include "limits.h"

enum {
	TYPE_NS = 2, TYPE_SOA = 6, TYPE_PTR = 12, TYPE_MX = 15, TYPE_SRV = 33, TYPE_DNAME = 39,
	PARAM_MANDATORY = 0, PARAM_ECH = 5,
	CUTS = 2 * LIMIT_DNS_MESSAGE_RECORDS,	/* of one record: the parameter, and its place in the mandatory ones */
};

struct cut {
	uint16_t at, len;
};

struct edit {
	struct dns_wire m;
	unsigned records, cuts;
	size_t end;			/* of the last record */
	struct dns_record record[LIMIT_DNS_MESSAGE_RECORDS];
	struct cut cut[CUTS];
	uint16_t mandatory[LIMIT_DNS_MESSAGE_RECORDS];	/* for each record: offset of the length that two bytes are taken off, or 0 */
};

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
	const struct dns_record *r = &e->record[n];
	struct dns_wire upto = { e->m.p, r->end };
	size_t at = r->data + 2u, pointer;
	unsigned first = e->cuts;
	bool ech = false;
	int last = -1;

	if (r->class != DNS_CLASS_IN || (r->type != DNS_TYPE_SVCB && r->type != DNS_TYPE_HTTPS))
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

	if (!dns_record_begin(e->m, &at))
		return false;
	e->cuts = 0;
	e->records = dns_record_count(e->m);
	if (e->records > LIMIT_DNS_MESSAGE_RECORDS)
		return false;
	for (unsigned n = 0; n < e->records; n++) {
		e->mandatory[n] = 0;
		if (!dns_record_next(e->m, &at, &e->record[n]) || dns_record_signs(e->m, &e->record[n]) || !cut_record(e, n))
			return false;
	}
	e->end = at;
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
static int names_in(struct dns_wire m, const struct dns_record *r, size_t name[2])
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
		dns_put16(out + moved(e, pointer), 0xc000 | moved(e, dns_get16(e->m.p + pointer) & 0x3fff));
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

/* pad - make the answer at @out, of @len bytes, as long as it was; false: it cannot be */
static bool pad(const struct edit *e, char *out, size_t len)
{
	const struct dns_record *last = &e->record[e->records - 1];
	bool opt = dns_record_is_opt(e->m, last);

	if (e->end != e->m.len || !dns_record_can_pad(e->m.len - len, opt))
		return false;
	dns_record_pad(out, len, e->m.len, opt ? moved(e, last->owner) : 0);
	return true;
}

size_t dns_edit_strip_ech(struct span in, bool same, char *out)
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
		const struct dns_record *r = &e.record[n];

		dns_put16(out + moved(&e, r->data - 2u), moved(&e, r->end) - moved(&e, r->data));
		if (e.mandatory[n])
			dns_put16(out + moved(&e, e.mandatory[n]), dns_get16(e.m.p + e.mandatory[n]) - 2u);
	}
	if (!each_name(&e, out, len, false) || !each_name(&e, out, len, true) || (same && !pad(&e, out, len)))
		return 0;
	out[3] &= (char)~DNS_FLAG_AD;
	return same ? in.len : len;
}
