/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ip_frag - IP packets put together from their fragments
 *
 * A packet under way keeps the headers of its first fragment apart from the payload, for which it has room at once, and
 * a bit for each 8 bytes of it that came.
 */
#include "ip_frag.h"

#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>

enum {
	IPV4_HEADER = 20, IPV6_HEADER = 40, FRAGMENT_HEADER = 8, UNIT = 8,	/* bytes */
	HEADERS_MAX = 512,		/* of the part before the fragmented one */
	PAYLOAD_MAX = 65535, UNITS = (PAYLOAD_MAX + UNIT - 1) / UNIT,
	KEY = 2 * 16 + 4 + 1 + 1,	/* addresses, identification, protocol, version */
};

/* one fragment, read */
struct piece {
	uint8_t key[KEY];
	struct span headers;		/* up to the fragment header, or to the payload (IPv4) */
	size_t next_at;			/* IPv6: where in headers the type of the fragment header stands, for what follows it */
	uint8_t next;			/* IPv6: what follows it */
	size_t at;			/* bytes into the payload */
	bool last;
	struct span payload;
};

struct packet {
	bool used;
	uint64_t since;
	uint8_t key[KEY];
	size_t headers_len;		/* 0: the first fragment did not come yet */
	size_t bytes;			/* of the payload; 0: the last fragment did not come yet */
	size_t end, have;		/* furthest byte; bytes that came */
	uint8_t units[(UNITS + 7) / 8];
	char headers[HEADERS_MAX];
	char payload[UNITS * UNIT];
};

struct ip_frag {
	struct packet *packet[IP_FRAG_PACKETS];
	uint64_t turn;
	unsigned lost;
	char out[HEADERS_MAX + UNITS * UNIT];
};

static unsigned get16(const char *p) { return (unsigned)(uint8_t)p[0] << 8 | (uint8_t)p[1]; }

static void put16(char *p, size_t v)
{
	p[0] = (char)(v >> 8);
	p[1] = (char)v;
}

/* --- reading one ---------------------------------------------------------------- */

enum kind { KIND_NONE, KIND_FRAGMENT, KIND_BAD };	/* NONE: not a fragment, or nothing we know */

static enum kind read_ipv4(struct span in, struct piece *out)
{
	size_t header, total;
	unsigned where;

	if (in.len < IPV4_HEADER)
		return KIND_NONE;
	where = get16(in.p + 6);
	if ((where & 0x3fff) == 0)
		return KIND_NONE;
	header = (size_t)(in.p[0] & 15) * 4;
	total = get16(in.p + 2);
	if (header < IPV4_HEADER || total <= header || total > in.len)
		return KIND_BAD;
	memcpy(out->key, in.p + 12, 8);
	memcpy(out->key + 32, in.p + 4, 2);
	out->key[36] = (uint8_t)in.p[9];
	out->key[37] = 4;
	out->headers = (struct span){ in.p, header };
	out->at = (size_t)(where & 0x1fff) * UNIT;
	out->last = !(where & 0x2000);
	out->payload = (struct span){ in.p + header, total - header };
	return KIND_FRAGMENT;
}

static enum kind read_ipv6(struct span in, struct piece *out)
{
	size_t at = IPV6_HEADER, end, next_at = 6;
	uint8_t next;
	unsigned where;

	if (in.len < IPV6_HEADER)
		return KIND_NONE;
	end = IPV6_HEADER + get16(in.p + 4);
	next = (uint8_t)in.p[6];
	/* what may stand before a fragment header, RFC 8200 s.4.1 */
	while (next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS) {
		if (in.len < at + 8 || at > HEADERS_MAX)
			return KIND_NONE;
		next_at = at;
		next = (uint8_t)in.p[at];
		at += ((size_t)(uint8_t)in.p[at + 1] + 1) * 8;
	}
	if (next != IPPROTO_FRAGMENT || in.len < at + FRAGMENT_HEADER)
		return KIND_NONE;
	where = get16(in.p + at + 2);
	if ((where & 0xfff9) == 0)		/* an atomic fragment is a packet, RFC 6946 */
		return KIND_NONE;
	if (end > in.len || at + FRAGMENT_HEADER >= end || at > HEADERS_MAX)
		return KIND_BAD;
	memcpy(out->key, in.p + 8, 32);
	memcpy(out->key + 32, in.p + at + 4, 4);
	out->key[37] = 6;
	out->headers = (struct span){ in.p, at };
	out->next_at = next_at;
	out->next = (uint8_t)in.p[at];
	out->at = where & 0xfff8;
	out->last = !(where & 1);
	out->payload = (struct span){ in.p + at + FRAGMENT_HEADER, end - at - FRAGMENT_HEADER };
	return KIND_FRAGMENT;
}

static enum kind read_piece(struct span in, struct piece *out)
{
	enum kind kind = KIND_NONE;

	memset(out, 0, sizeof(*out));
	if (in.len && (uint8_t)in.p[0] >> 4 == 4)
		kind = read_ipv4(in, out);
	else if (in.len && (uint8_t)in.p[0] >> 4 == 6)
		kind = read_ipv6(in, out);
	if (kind == KIND_FRAGMENT && ((!out->last && out->payload.len % UNIT) || out->at + out->payload.len > PAYLOAD_MAX))
		kind = KIND_BAD;
	return kind;
}

/* --- the table --------------------------------------------------------------------- */

struct ip_frag *ip_frag_new(void)
{
	return calloc(1, sizeof(struct ip_frag));
}

void ip_frag_free(struct ip_frag *t)
{
	for (size_t i = 0; t && i < IP_FRAG_PACKETS; i++)
		free(t->packet[i]);
	free(t);
}

unsigned ip_frag_waiting(const struct ip_frag *t)
{
	unsigned n = 0;

	for (size_t i = 0; i < IP_FRAG_PACKETS; i++)
		n += t->packet[i] && t->packet[i]->used;
	return n;
}

unsigned ip_frag_lost(const struct ip_frag *t) { return t->lost; }

/* find - the packet of @key, or a new one in the place of the oldest; NULL: no memory */
static struct packet *find(struct ip_frag *t, const uint8_t key[KEY])
{
	size_t place = 0;
	struct packet *p;

	for (size_t i = 0; i < IP_FRAG_PACKETS; i++) {
		p = t->packet[i];
		if (p && p->used && memcmp(p->key, key, KEY) == 0)
			return p;
		if (!t->packet[place] || !t->packet[place]->used)
			continue;		/* a free place was found before */
		if (!p || !p->used || p->since < t->packet[place]->since)
			place = i;
	}
	if (!t->packet[place]) {
		t->packet[place] = malloc(sizeof(*p));
		if (!t->packet[place])
			return NULL;
		t->packet[place]->used = false;
	}
	p = t->packet[place];
	t->lost += p->used;
	p->used = true;
	p->since = ++t->turn;
	memcpy(p->key, key, KEY);
	p->headers_len = p->bytes = p->end = p->have = 0;
	memset(p->units, 0, sizeof(p->units));
	return p;
}

/* put - the payload; false: it contradicts what came before */
static bool put(struct packet *p, const struct piece *piece)
{
	size_t end = piece->at + piece->payload.len;

	if ((piece->last && p->bytes && p->bytes != end) || (p->bytes && end > p->bytes) || (piece->last && p->end > end))
		return false;
	for (size_t at = piece->at; at < end; at += UNIT) {
		size_t unit = at / UNIT, n = end - at < UNIT ? end - at : UNIT;
		const char *from = piece->payload.p + (at - piece->at);

		if (p->units[unit / 8] >> unit % 8 & 1) {
			if (memcmp(p->payload + at, from, n) != 0)
				return false;
			continue;
		}
		p->units[unit / 8] |= (uint8_t)(1 << unit % 8);
		memcpy(p->payload + at, from, n);
		p->have += n;
	}
	if (end > p->end)
		p->end = end;
	if (piece->last)
		p->bytes = end;
	return true;
}

/* whole - the packet as it was before somebody cut it; false: too long for an IP packet */
static bool whole(struct ip_frag *t, const struct packet *p, struct span *out)
{
	size_t len = p->headers_len + p->bytes;

	if (len - (p->key[37] == 6 ? IPV6_HEADER : 0) > PAYLOAD_MAX)
		return false;
	memcpy(t->out, p->headers, p->headers_len);
	memcpy(t->out + p->headers_len, p->payload, p->bytes);
	if (p->key[37] == 6) {
		put16(t->out + 4, len - IPV6_HEADER);
	} else {
		put16(t->out + 2, len);
		put16(t->out + 6, 0);
	}
	*out = (struct span){ t->out, len };
	return true;
}

enum ip_frag_result ip_frag_add(struct ip_frag *t, struct span in, struct span *out)
{
	struct piece piece;
	struct packet *p;

	switch (read_piece(in, &piece)) {
	case KIND_NONE:
		*out = in;
		return IP_FRAG_WHOLE;
	case KIND_BAD:
		t->lost++;
		return IP_FRAG_BAD;
	case KIND_FRAGMENT:
		break;
	}
	p = find(t, piece.key);
	if (!p)
		return IP_FRAG_NO_MEMORY;
	if (!put(p, &piece)) {
		p->used = false;
		t->lost++;
		return IP_FRAG_BAD;
	}
	if (piece.at == 0 && !p->headers_len) {
		memcpy(p->headers, piece.headers.p, piece.headers.len);
		p->headers_len = piece.headers.len;
		if (piece.key[37] == 6)
			p->headers[piece.next_at] = (char)piece.next;
	}
	if (!p->headers_len || !p->bytes || p->have < p->bytes)
		return IP_FRAG_MORE;
	p->used = false;
	if (whole(t, p, out))
		return IP_FRAG_WHOLE;
	t->lost++;
	return IP_FRAG_BAD;
}
