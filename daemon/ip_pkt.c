/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ip_pkt - one IP packet: addresses, ports, TCP flags, and where the payload is
 *
 * Each step has two lengths: what was copied (span.len) and what the packet says it
 * has (bytes).  Headers must be within both; only the payload may be cut by the copy.
 */
#include "ip_pkt.h"

enum {
	IPV4_HEADER = 20, IPV6_HEADER = 40, EXTENSION_UNIT = 8, FRAGMENT_HEADER = 8,
	UDP_HEADER = 8, TCP_HEADER = 20,			/* bytes */
	NEXT_SHIM6 = 140, NEXT_HIP = 139,			/* not in netinet/in.h */
};

/* what is left of a packet behind the headers read so far */
struct rest {
	const uint8_t *p;
	size_t len;		/* bytes copied */
	size_t bytes;		/* bytes there are; >= len */
};

static uint16_t get16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static uint32_t get32(const uint8_t *p) { return (uint32_t)get16(p) << 16 | get16(p + 2); }

/* can a header of @n bytes be read?  SHORT: not all of it was copied; LENGTH: the packet has no room for it */
static bool has(const struct rest *r, size_t n, enum ip_pkt_result *bad)
{
	if (n <= r->len)
		return true;
	*bad = n > r->bytes ? IP_PKT_BAD_LENGTH : IP_PKT_BAD_SHORT;
	return false;
}

static void skip(struct rest *r, size_t n)
{
	r->bytes -= n;
	r->p += n < r->len ? n : r->len;
	r->len -= n < r->len ? n : r->len;
}

/* the end of the packet is where its header says, not where the copy ends */
static void limit(struct rest *r, size_t bytes)
{
	r->bytes = bytes;
	if (r->len > bytes)
		r->len = bytes;
}

static enum ip_pkt_result finish(struct ip_pkt *out, const struct rest *r, enum ip_pkt_result what)
{
	out->payload = (struct span){ (const char *)r->p, r->len };
	out->payload_bytes = r->bytes;
	out->cut = r->len < r->bytes;
	return what;
}

static enum ip_pkt_result read_tcp(struct rest *r, struct ip_pkt *out)
{
	enum ip_pkt_result bad;
	size_t header;

	if (!has(r, TCP_HEADER, &bad))
		return out->fragment ? IP_PKT_BAD_SHORT : bad;
	header = (size_t)(r->p[12] >> 4) * 4;
	if (header < TCP_HEADER || header > r->bytes)
		return IP_PKT_BAD_LENGTH;
	out->src.port_be = htons(get16(r->p));
	out->dst.port_be = htons(get16(r->p + 2));
	out->tcp_seq = get32(r->p + 4);
	out->tcp_ack = get32(r->p + 8);
	out->tcp_flags = r->p[13];
	skip(r, header);	/* options that were not copied are no loss */
	return finish(out, r, IP_PKT_TCP);
}

static enum ip_pkt_result read_udp(struct rest *r, struct ip_pkt *out)
{
	enum ip_pkt_result bad;
	size_t bytes;

	if (!has(r, UDP_HEADER, &bad))
		return out->fragment ? IP_PKT_BAD_SHORT : bad;
	bytes = get16(r->p + 4);
	if (bytes != 0 && bytes < UDP_HEADER)
		return IP_PKT_BAD_LENGTH;
	if (bytes > r->bytes && !out->fragment)
		return IP_PKT_BAD_LENGTH;
	if (bytes != 0 && bytes < r->bytes)	/* 0: a jumbogram, RFC 2675 s.4 */
		limit(r, bytes);
	out->src.port_be = htons(get16(r->p));
	out->dst.port_be = htons(get16(r->p + 2));
	skip(r, UDP_HEADER);
	return finish(out, r, IP_PKT_UDP);
}

static enum ip_pkt_result read_transport(struct rest *r, struct ip_pkt *out, bool later_fragment)
{
	if (later_fragment)
		return finish(out, r, IP_PKT_FRAGMENT);
	switch (out->protocol) {
	case IPPROTO_TCP:
		return read_tcp(r, out);
	case IPPROTO_UDP:
		return read_udp(r, out);
	default:
		return finish(out, r, IP_PKT_OTHER);
	}
}

static enum ip_pkt_result read_ipv4(struct rest *r, struct ip_pkt *out)
{
	enum ip_pkt_result bad;
	size_t header, total;
	uint16_t fragment;

	if (!has(r, IPV4_HEADER, &bad))
		return IP_PKT_BAD_SHORT;
	header = (size_t)(r->p[0] & 15) * 4;
	total = get16(r->p + 2);
	if (total == 0)		/* GSO beyond 64 KiB */
		total = r->len;
	if (header < IPV4_HEADER || header > total)
		return IP_PKT_BAD_LENGTH;
	limit(r, total);
	if (!has(r, header, &bad))
		return bad;
	fragment = get16(r->p + 6);
	out->version = 4;
	out->protocol = r->p[9];
	out->fragment = (fragment & 0x2000) != 0 && (fragment & 0x1fff) == 0;	/* more follow this, the first */
	addr_from_ip(&out->src, AF_INET, r->p + 12);
	addr_from_ip(&out->dst, AF_INET, r->p + 16);
	skip(r, header);
	return read_transport(r, out, (fragment & 0x1fff) != 0);
}

/* is @next an extension header of the common form: next header, length in 8-byte units (AH: 4-byte)? RFC 8200 s.4, RFC 6564 */
static bool is_extension(uint8_t next)
{
	switch (next) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
	case IPPROTO_AH:
	case IPPROTO_MH:
	case NEXT_HIP:
	case NEXT_SHIM6:
		return true;
	default:
		return false;
	}
}

static enum ip_pkt_result read_extensions(struct rest *r, struct ip_pkt *out)
{
	enum ip_pkt_result bad;
	size_t header;

	for (unsigned n = 0; ; n++) {
		bool fragment = out->protocol == IPPROTO_FRAGMENT;

		if (!fragment && !is_extension(out->protocol))
			return read_transport(r, out, false);
		if (n == IP_PKT_EXTENSIONS)
			return IP_PKT_BAD_EXTENSIONS;
		if (!has(r, EXTENSION_UNIT, &bad))
			return bad;
		if (fragment) {
			uint16_t where = get16(r->p + 2);	/* offset, 2 bits, M: RFC 8200 s.4.5 */

			header = FRAGMENT_HEADER;
			out->protocol = r->p[0];
			if (where >> 3) {
				skip(r, header);
				return read_transport(r, out, true);
			}
			out->fragment |= where & 1;
		} else {
			header = out->protocol == IPPROTO_AH ? ((size_t)r->p[1] + 2) * 4 : ((size_t)r->p[1] + 1) * 8;
			out->protocol = r->p[0];
		}
		if (header > r->bytes)
			return IP_PKT_BAD_LENGTH;
		if (!has(r, header, &bad))
			return bad;
		skip(r, header);
	}
}

static enum ip_pkt_result read_ipv6(struct rest *r, struct ip_pkt *out)
{
	enum ip_pkt_result bad;
	size_t bytes;

	if (!has(r, IPV6_HEADER, &bad))
		return IP_PKT_BAD_SHORT;
	bytes = get16(r->p + 4);
	out->version = 6;
	out->protocol = r->p[6];
	addr_from_ip(&out->src, AF_INET6, r->p + 8);
	addr_from_ip(&out->dst, AF_INET6, r->p + 24);
	if (bytes == 0)		/* a jumbogram, RFC 2675 s.3, or GSO beyond 64 KiB */
		bytes = r->len - IPV6_HEADER;
	limit(r, IPV6_HEADER + bytes);
	skip(r, IPV6_HEADER);
	return read_extensions(r, out);
}

enum ip_pkt_result ip_pkt_parse(struct span in, struct ip_pkt *out)
{
	struct rest r = { (const uint8_t *)in.p, in.len, in.len };

	memset(out, 0, sizeof(*out));
	if (in.len == 0)
		return IP_PKT_BAD_SHORT;
	switch (r.p[0] >> 4) {
	case 4:
		return read_ipv4(&r, out);
	case 6:
		return read_ipv6(&r, out);
	default:
		return IP_PKT_BAD_VERSION;
	}
}
