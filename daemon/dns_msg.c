/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_msg - one DNS message: who is asked for, and which addresses the answer gives that name
 *
 * Theory of operation.  The answer section is read once into a small table of the
 * records that can matter (struct rr: where the owner's name begins, its hash, where the
 * data is); then the chain is followed in that table, from the question to the last CNAME or alias.
 * A name is compared byte by byte only where the hashes agree, which saves the honest message time; what a
 * hostile one can cost is bounded by DNS_CHAIN times DNS_MESSAGE_RECORDS names of 255 bytes.
 */
#include "dns_msg.h"

#include <sys/socket.h>

#include "dns_name.h"

enum {
	RR_FIXED = 10,		/* bytes of a record between its name and its data */
	CLASS_IN = 1,
	SVCB_IPV4HINT = 4, SVCB_ECH = 5, SVCB_IPV6HINT = 6,	/* RFC 9460 s.14.3.2, draft-ietf-tls-svcb-ech */
	FLAG_QR = 0x8000, FLAG_OPCODE = 0x7800, FLAG_TC = 0x0200, FLAG_RCODE = 0x000f,
};

struct rr {
	uint32_t hash;		/* of the owner */
	uint32_t ttl_s;
	uint16_t type;
	uint16_t owner;		/* offset of the owner's name */
	uint16_t data;		/* offset of the data; its length is right for the type */
	uint16_t end;		/* behind it */
	uint16_t target;	/* CNAME, SVCB, HTTPS: offset of the name in the data */
	uint16_t params;	/* SVCB, HTTPS: offset of the parameters, which are well-formed up to end */
	uint16_t priority;	/* SVCB, HTTPS; 0: AliasMode */
};

struct answer {
	unsigned n;
	struct rr rr[LIMIT_DNS_MESSAGE_RECORDS];
};

/* svcb_next - the parameter at *@at, which moves behind it; returns its offset, 0: malformed */
static size_t svcb_next(struct dns_wire m, size_t *at, size_t end, uint16_t *key, size_t *len)
{
	size_t param = *at;

	if (end - param < 4)
		return 0;
	*key = dns_get16(m.p + param);
	*len = dns_get16(m.p + param + 2);
	if (*len > end - param - 4)
		return 0;
	*at = param + 4 + *len;
	return param;
}

/* check_params - RFC 9460 s.2.2: keys in order, none twice; hints of whole addresses.  @ech_at: moved to the first ech */
static bool check_params(struct dns_wire m, const struct rr *rr, uint16_t *ech_at)
{
	size_t at = rr->params, len;
	int last = -1;

	while (at < rr->end) {
		uint16_t key;
		size_t param = svcb_next(m, &at, rr->end, &key, &len);

		if (!param || key <= last)
			return false;
		last = key;
		if ((key == SVCB_IPV4HINT && (len == 0 || len % 4)) || (key == SVCB_IPV6HINT && (len == 0 || len % 16)))
			return false;
		if (key == SVCB_ECH && !*ech_at)
			*ech_at = (uint16_t)param;
	}
	return true;
}

/* read_target - the name in the data of @rr, at its target; *@behind is filled */
static int read_target(struct dns_wire m, const struct rr *rr, size_t *behind)
{
	struct dns_wire upto = { m.p, rr->end };
	char text[DNS_TEXT + 1];
	uint32_t hash;
	size_t len;
	int bad;

	*behind = rr->target;
	bad = dns_name_read(upto, behind, text, &len, &hash);
	return bad == DNS_MSG_BAD_SHORT ? DNS_MSG_BAD_RECORD : bad;
}

static int read_svcb(struct dns_wire m, struct rr *rr, uint16_t *ech_at)
{
	size_t behind;
	int bad;

	if (rr->end - rr->data < 3)
		return DNS_MSG_BAD_RECORD;
	rr->priority = dns_get16(m.p + rr->data);
	rr->target = (uint16_t)(rr->data + 2);
	bad = read_target(m, rr, &behind);
	if (bad)
		return bad;
	rr->params = (uint16_t)behind;
	/* those of AliasMode are to be ignored, RFC 9460 s.2.4.2 */
	return rr->priority == 0 || check_params(m, rr, ech_at) ? 0 : DNS_MSG_BAD_RECORD;
}

static bool is_svcb(uint16_t type) { return type == DNS_TYPE_SVCB || type == DNS_TYPE_HTTPS; }

/* read_record - the record at *@at; one that can matter goes into @a */
static int read_record(struct dns_wire m, size_t *at, struct answer *a, struct dns_msg *out)
{
	char text[DNS_TEXT + 1];
	struct rr *rr = &a->rr[a->n];
	size_t owner = *at, len, data, end;
	uint16_t type, class;
	int bad = dns_name_read(m, at, text, &len, &rr->hash);

	if (bad)
		return bad;
	if (m.len - *at < RR_FIXED)
		return DNS_MSG_BAD_SHORT;
	type = dns_get16(m.p + *at);
	class = dns_get16(m.p + *at + 2);
	rr->ttl_s = dns_get32(m.p + *at + 4);
	if (rr->ttl_s & 0x80000000)	/* RFC 2181 s.8 */
		rr->ttl_s = 0;
	data = *at + RR_FIXED;
	end = data + dns_get16(m.p + *at + 8);
	if (end > m.len)
		return DNS_MSG_BAD_SHORT;
	*at = end;
	if (class != CLASS_IN)
		return 0;
	rr->data = (uint16_t)data;
	rr->end = (uint16_t)end;
	if (type == DNS_TYPE_CNAME) {
		size_t behind;

		rr->target = rr->data;
		bad = read_target(m, rr, &behind);
		if (!bad && behind != end)
			bad = DNS_MSG_BAD_RECORD;
	} else if (type == DNS_TYPE_A || type == DNS_TYPE_AAAA) {
		if (end - data != (type == DNS_TYPE_A ? 4 : 16))
			bad = DNS_MSG_BAD_RECORD;
	} else if (is_svcb(type) && type == out->qtype) {
		bad = read_svcb(m, rr, &out->ech_at);
	} else {
		return 0;
	}
	if (bad)
		return bad;
	rr->type = type;
	rr->owner = (uint16_t)owner;
	a->n++;
	return 0;
}

/* read_records - the answer section; where SVCB or HTTPS was asked for the additional one too, which is where resolvers put what
 * belongs to a target (RFC 9460 s.4.2), and so all that is between them */
static int read_records(struct dns_wire m, size_t *at, struct answer *a, struct dns_msg *out)
{
	unsigned left = LIMIT_DNS_MESSAGE_RECORDS, sections = is_svcb(out->qtype) ? 3 : 1;

	a->n = 0;
	for (unsigned s = 0; s < sections; s++) {
		unsigned records = dns_get16(m.p + 6 + 2 * s), kept = a->n;

		if (records > left) {
			records = left;
			out->more = true;
		}
		for (left -= records; records; records--) {
			int bad = read_record(m, at, a, out);

			if (bad)
				return bad;
		}
		if (s == 1)	/* authority */
			a->n = kept;
	}
	return 0;
}

static void lower_ttl(struct dns_msg *out, uint32_t ttl_s)
{
	if (ttl_s < out->ttl_s)
		out->ttl_s = ttl_s;
}

static bool owns(struct dns_wire m, const struct rr *rr, size_t name, uint32_t hash)
{
	return rr->hash == hash && dns_name_same(m, rr->owner, m, name);
}

/* find_link - the CNAME of @name; where SVCB or HTTPS was asked for, else its alias */
static const struct rr *find_link(struct dns_wire m, const struct answer *a, uint16_t qtype, size_t name, uint32_t hash)
{
	const struct rr *alias = NULL;

	for (unsigned i = 0; i < a->n; i++) {
		const struct rr *rr = &a->rr[i];

		if (rr->type == DNS_TYPE_CNAME && owns(m, rr, name, hash))
			return rr;
		/* the root as target: no such service, RFC 9460 s.2.5.1 */
		if (!alias && rr->type == qtype && is_svcb(qtype) && rr->priority == 0 && m.p[dns_name_land(m, rr->target)] &&
		    owns(m, rr, name, hash))
			alias = rr;
	}
	return alias;
}

static void add_addr(struct dns_msg *out, int family, const uint8_t *ip)
{
	if (out->addrs == LIMIT_DNS_MESSAGE_RECORDS)	/* hints: several to a record */
		out->more = true;
	else
		addr_from_ip(&out->addr[out->addrs++], family, ip);
}

static void add_hints(struct dns_wire m, const struct rr *rr, struct dns_msg *out)
{
	size_t at = rr->params, len, param;
	uint16_t key;

	while (at < rr->end && (param = svcb_next(m, &at, rr->end, &key, &len))) {
		size_t bytes = key == SVCB_IPV4HINT ? 4 : 16;

		if (key != SVCB_IPV4HINT && key != SVCB_IPV6HINT)
			continue;
		for (size_t i = 0; i < len; i += bytes)
			add_addr(out, bytes == 4 ? AF_INET : AF_INET6, m.p + param + 4 + i);
		lower_ttl(out, rr->ttl_s);
	}
}

/* append - the name at @at becomes the chain's next, unless it is there already; @hash is filled */
static bool append(struct dns_wire m, size_t at, struct dns_msg *out, uint32_t *hash, bool again)
{
	struct dns_name *next = &out->name[out->names];
	size_t len;

	if (out->names == 1 + DNS_CHAIN)	/* a circle comes here too */
		return false;
	if (dns_name_read(m, &at, next->text, &len, hash))
		return false;
	next->len = (uint8_t)len;
	for (unsigned i = 0; !again && i < out->names; i++)
		if (span_eq(dns_name_span(&out->name[i]), dns_name_span(next)))
			return true;
	out->names++;
	return true;
}

/* where the target of @rr stands: the root is the owner itself (RFC 9460 s.2.5.2), who stands at @name */
static size_t svcb_target(struct dns_wire m, const struct rr *rr, size_t name)
{
	return m.p[dns_name_land(m, rr->target)] ? rr->target : name;
}

/* serve - the preferred target of the SVCB or HTTPS records of *@name, to which *@name moves, and the hints given for it */
static bool serve(struct dns_wire m, const struct answer *a, struct dns_msg *out, size_t *name, uint32_t *hash)
{
	const struct rr *best = NULL;
	size_t owner = *name, target;
	uint32_t owner_hash = *hash;

	for (unsigned i = 0; i < a->n; i++) {
		const struct rr *rr = &a->rr[i];

		if (rr->type == out->qtype && rr->priority && owns(m, rr, owner, owner_hash) && (!best || rr->priority < best->priority))
			best = rr;
	}
	if (!best)
		return true;
	target = svcb_target(m, best, owner);
	if (!dns_name_same(m, target, m, owner)) {
		if (!append(m, target, out, hash, false))
			return false;
		lower_ttl(out, best->ttl_s);
		*name = target;
	}
	for (unsigned i = 0; i < a->n && out->rcode == 0; i++) {
		const struct rr *rr = &a->rr[i];

		if (rr->type == out->qtype && rr->priority && owns(m, rr, owner, owner_hash) &&
		    dns_name_same(m, svcb_target(m, rr, owner), m, target))
			add_hints(m, rr, out);
	}
	return true;
}

/* follow - from the question along the links to the addresses; @hash: of the question's name */
static enum dns_msg_result follow(struct dns_wire m, const struct answer *a, uint32_t hash, struct dns_msg *out)
{
	size_t name = DNS_HEADER;	/* where the last name of the chain is */
	const struct rr *rr;

	out->ttl_s = UINT32_MAX;
	while ((rr = find_link(m, a, out->qtype, name, hash))) {
		if (!append(m, rr->target, out, &hash, true))
			return DNS_MSG_BAD_CHAIN;
		name = rr->target;
		lower_ttl(out, rr->ttl_s);
		if (rr->type == DNS_TYPE_CNAME && out->links == out->names - 1)
			out->links++;
	}
	if (is_svcb(out->qtype) && !serve(m, a, out, &name, &hash))
		return DNS_MSG_BAD_CHAIN;
	for (unsigned i = 0; i < a->n && out->rcode == 0; i++) {
		rr = &a->rr[i];
		if ((rr->type != DNS_TYPE_A && rr->type != DNS_TYPE_AAAA) || !owns(m, rr, name, hash))
			continue;
		add_addr(out, rr->type == DNS_TYPE_A ? AF_INET : AF_INET6, m.p + rr->data);
		lower_ttl(out, rr->ttl_s);
	}
	if (out->ttl_s == UINT32_MAX)
		out->ttl_s = 0;
	return DNS_MSG_ANSWER;
}

enum dns_msg_result dns_msg_parse(struct span in, struct dns_msg *out)
{
	struct dns_wire m = { (const uint8_t *)in.p, in.len > UINT16_MAX ? UINT16_MAX : in.len };
	struct answer a;
	size_t at = DNS_HEADER, len;
	unsigned flags;
	uint32_t hash;
	int bad;

	if (m.len < DNS_HEADER)
		return DNS_MSG_BAD_SHORT;
	flags = dns_get16(m.p + 2);
	if ((flags & FLAG_OPCODE) != 0 || dns_get16(m.p + 4) != 1)
		return DNS_MSG_OTHER;
	bad = dns_name_read(m, &at, out->name[0].text, &len, &hash);
	if (bad)
		return bad;
	if (m.len - at < 4)
		return DNS_MSG_BAD_SHORT;
	if (dns_get16(m.p + at + 2) != CLASS_IN)
		return DNS_MSG_OTHER;
	out->id = dns_get16(m.p);
	out->qtype = dns_get16(m.p + at);
	out->rcode = flags & FLAG_RCODE;
	out->truncated = flags & FLAG_TC;
	out->more = false;
	out->name[0].len = (uint8_t)len;
	out->names = out->links = 1;
	out->addrs = 0;
	out->ttl_s = 0;
	out->ech_at = 0;
	if (!(flags & FLAG_QR)) {
		out->rcode = 0;
		out->truncated = false;
		return DNS_MSG_QUERY;
	}
	at += 4;
	bad = read_records(m, &at, &a, out);
	if (bad)
		return bad;
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
		[DNS_MSG_BAD_CHAIN] = "aliases in a circle or too many",
	};

	return r < DNS_MSG_RESULTS ? why[r] : "?";
}
