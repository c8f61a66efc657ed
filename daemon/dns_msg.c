/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_msg - one DNS message: who is asked for, and which addresses the answer gives that name
 *
 * Theory of operation.  The answer section is read once into a small table of the
 * records that can matter (struct rr: where the owner's name begins, its hash, where the
 * data is); then the chain is followed in that table, from the question to the last CNAME.
 * A name is compared byte by byte only where the hashes agree, which saves the honest message time; what a
 * hostile one can cost is bounded by DNS_CHAIN times DNS_MESSAGE_RECORDS names of 255 bytes.
 */
#include "dns_msg.h"

#include <sys/socket.h>

enum {
	HEADER = 12,		/* bytes, RFC 1035 s.4.1.1 */
	RR_FIXED = 10,		/* bytes of a record between its name and its data */
	CLASS_IN = 1,
	POINTERS = 127,		/* in one name: as many as it can have labels */
	FLAG_QR = 0x8000, FLAG_OPCODE = 0x7800, FLAG_TC = 0x0200, FLAG_RCODE = 0x000f,
};

/* the whole message, and nothing behind it */
struct msg {
	const uint8_t *p;
	size_t len;
};

struct rr {
	uint32_t hash;		/* of the owner */
	uint32_t ttl_s;
	uint16_t type;
	uint16_t owner;		/* offset of the owner's name */
	uint16_t data;		/* offset of the data; its length is right for the type */
};

struct answer {
	unsigned n;
	struct rr rr[LIMIT_DNS_MESSAGE_RECORDS];
};

static uint16_t get16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static uint32_t get32(const uint8_t *p) { return (uint32_t)get16(p) << 16 | get16(p + 2); }

/* what each byte of a label becomes in text */
static char text_byte(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c | 0x20);
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_')
		return (char)c;
	return '?';
}

static uint32_t hash_byte(uint32_t h, char c) { return (h ^ (uint8_t)c) * 16777619u; /* FNV-1a */ }

/* read_name - the name at *@at, following pointers
 * @text: at least DNS_TEXT + 1 bytes, filled
 *
 * Moves *@at behind the name as it stands there (not where a pointer led).  Returns 0 (then *@len and
 * *@hash are filled) or one of DNS_MSG_BAD_*.  A pointer must go to before the run of labels that it ends, so that
 * every hop goes back: RFC 1035 s.4.1.4 says "prior occurrence". */
static int read_name(struct msg m, size_t *at, char *text, size_t *len, uint32_t *hash)
{
	size_t pos = *at, run = pos, n = 0;
	uint32_t h = 2166136261u;
	unsigned pointers = 0;

	for (;;) {
		uint8_t c;

		if (pos >= m.len)
			return DNS_MSG_BAD_SHORT;
		c = m.p[pos++];
		if (c == 0)
			break;
		if (c >= 0xc0) {
			size_t to;

			if (pos >= m.len)
				return DNS_MSG_BAD_SHORT;
			to = (size_t)(c & 0x3f) << 8 | m.p[pos++];
			if (to < HEADER || to >= run || ++pointers > POINTERS)
				return DNS_MSG_BAD_POINTER;
			if (pointers == 1)
				*at = pos;
			pos = run = to;
			continue;
		}
		if (c > 63 || n + c + (n != 0) > DNS_TEXT)
			return DNS_MSG_BAD_NAME;
		if (c > m.len - pos)
			return DNS_MSG_BAD_SHORT;
		if (n) {
			text[n++] = '.';
			h = hash_byte(h, '.');
		}
		for (; c; c--, pos++) {
			text[n++] = text_byte(m.p[pos]);
			h = hash_byte(h, char_lower((char)m.p[pos]));
		}
	}
	if (!pointers)
		*at = pos;
	text[n] = '\0';
	*len = n;
	*hash = h;
	return 0;
}

/* from @at on to where the next label begins */
static size_t skip_pointers(struct msg m, size_t at)
{
	while (m.p[at] >= 0xc0)
		at = (size_t)(m.p[at] & 0x3f) << 8 | m.p[at + 1];
	return at;
}

/* Are the names at @a and @b, both of which read_name() liked, the same?  The bytes of the wire are compared: what
 * differs there may be the same text. */
static bool same_name(struct msg m, size_t a, size_t b)
{
	for (;;) {
		uint8_t len;

		a = skip_pointers(m, a);
		b = skip_pointers(m, b);
		if (a == b)
			return true;
		len = m.p[a++];
		if (len != m.p[b++])
			return false;
		if (len == 0)
			return true;
		if (!span_eq_nocase((struct span){ (const char *)m.p + a, len }, (struct span){ (const char *)m.p + b, len }))
			return false;
		a += len;
		b += len;
	}
}

/* read_record - the record at *@at; one that can matter goes into @a */
static int read_record(struct msg m, size_t *at, struct answer *a)
{
	char text[DNS_TEXT + 1];
	struct rr *rr = &a->rr[a->n];
	size_t owner = *at, len, data, end;
	uint16_t type, class;
	int bad = read_name(m, at, text, &len, &rr->hash);

	if (bad)
		return bad;
	if (m.len - *at < RR_FIXED)
		return DNS_MSG_BAD_SHORT;
	type = get16(m.p + *at);
	class = get16(m.p + *at + 2);
	rr->ttl_s = get32(m.p + *at + 4);
	if (rr->ttl_s & 0x80000000)	/* RFC 2181 s.8 */
		rr->ttl_s = 0;
	data = *at + RR_FIXED;
	end = data + get16(m.p + *at + 8);
	if (end > m.len)
		return DNS_MSG_BAD_SHORT;
	*at = end;
	if (class != CLASS_IN)
		return 0;
	if (type == DNS_TYPE_CNAME) {
		struct msg upto = { m.p, end };
		size_t behind = data;
		uint32_t hash;

		bad = read_name(upto, &behind, text, &len, &hash);
		if (bad == DNS_MSG_BAD_SHORT || (!bad && behind != end))
			bad = DNS_MSG_BAD_RECORD;
		if (bad)
			return bad;
	} else if (type == DNS_TYPE_A || type == DNS_TYPE_AAAA) {
		if (end - data != (type == DNS_TYPE_A ? 4 : 16))
			return DNS_MSG_BAD_RECORD;
	} else {
		return 0;
	}
	rr->type = type;
	rr->owner = (uint16_t)owner;
	rr->data = (uint16_t)data;
	a->n++;
	return 0;
}

static void lower_ttl(struct dns_msg *out, uint32_t ttl_s)
{
	if (ttl_s < out->ttl_s)
		out->ttl_s = ttl_s;
}

static bool owns(struct msg m, const struct rr *rr, size_t name, uint32_t hash)
{
	return rr->hash == hash && same_name(m, rr->owner, name);
}

static const struct rr *find_cname(struct msg m, const struct answer *a, size_t name, uint32_t hash)
{
	for (unsigned i = 0; i < a->n; i++)
		if (a->rr[i].type == DNS_TYPE_CNAME && owns(m, &a->rr[i], name, hash))
			return &a->rr[i];
	return NULL;
}

/* follow - from the question along the CNAMEs to the addresses; @hash: of the question's name */
static enum dns_msg_result follow(struct msg m, const struct answer *a, uint32_t hash, struct dns_msg *out)
{
	size_t name = HEADER;	/* where the last name of the chain is */
	const struct rr *rr;

	out->ttl_s = UINT32_MAX;
	while ((rr = find_cname(m, a, name, hash))) {
		struct dns_name *next = &out->name[out->names];
		size_t behind = rr->data, len;

		if (out->names == 1 + DNS_CHAIN)	/* a circle comes here too */
			return DNS_MSG_BAD_CHAIN;
		if (read_name(m, &behind, next->text, &len, &hash))
			return DNS_MSG_BAD_CHAIN;
		next->len = (uint8_t)len;
		name = rr->data;
		out->names++;
		lower_ttl(out, rr->ttl_s);
	}
	for (unsigned i = 0; i < a->n && out->rcode == 0; i++) {
		rr = &a->rr[i];
		if (rr->type == DNS_TYPE_CNAME || !owns(m, rr, name, hash))
			continue;
		addr_from_ip(&out->addr[out->addrs++], rr->type == DNS_TYPE_A ? AF_INET : AF_INET6, m.p + rr->data);
		lower_ttl(out, rr->ttl_s);
	}
	if (out->ttl_s == UINT32_MAX)
		out->ttl_s = 0;
	return DNS_MSG_ANSWER;
}

enum dns_msg_result dns_msg_parse(struct span in, struct dns_msg *out)
{
	struct msg m = { (const uint8_t *)in.p, in.len > UINT16_MAX ? UINT16_MAX : in.len };
	struct answer a;
	size_t at = HEADER, len;
	unsigned flags, records;
	uint32_t hash;
	int bad;

	if (m.len < HEADER)
		return DNS_MSG_BAD_SHORT;
	flags = get16(m.p + 2);
	if ((flags & FLAG_OPCODE) != 0 || get16(m.p + 4) != 1)
		return DNS_MSG_OTHER;
	bad = read_name(m, &at, out->name[0].text, &len, &hash);
	if (bad)
		return bad;
	if (m.len - at < 4)
		return DNS_MSG_BAD_SHORT;
	if (get16(m.p + at + 2) != CLASS_IN)
		return DNS_MSG_OTHER;
	out->id = get16(m.p);
	out->qtype = get16(m.p + at);
	out->rcode = flags & FLAG_RCODE;
	out->truncated = flags & FLAG_TC;
	out->more = false;
	out->name[0].len = (uint8_t)len;
	out->names = 1;
	out->addrs = 0;
	out->ttl_s = 0;
	if (!(flags & FLAG_QR)) {
		out->rcode = 0;
		out->truncated = false;
		return DNS_MSG_QUERY;
	}
	at += 4;
	records = get16(m.p + 6);
	if (records > LIMIT_DNS_MESSAGE_RECORDS) {
		records = LIMIT_DNS_MESSAGE_RECORDS;
		out->more = true;
	}
	for (a.n = 0; records; records--) {
		bad = read_record(m, &at, &a);
		if (bad)
			return bad;
	}
	return follow(m, &a, hash, out);
}

const char *dns_msg_why(enum dns_msg_result r)
{
	static const char *const why[DNS_MSG_RESULTS] = {
		[DNS_MSG_QUERY] = "a query",
		[DNS_MSG_ANSWER] = "an answer",
		[DNS_MSG_OTHER] = "not a standard query or answer",
		[DNS_MSG_BAD_SHORT] = "ends too early",
		[DNS_MSG_BAD_NAME] = "malformed name",
		[DNS_MSG_BAD_POINTER] = "malformed compression pointer",
		[DNS_MSG_BAD_RECORD] = "record data of a wrong length",
		[DNS_MSG_BAD_CHAIN] = "CNAMEs in a circle or too many",
	};

	return r < DNS_MSG_RESULTS ? why[r] : "?";
}
