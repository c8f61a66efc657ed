/* SPDX-License-Identifier: GPL-3.0-or-later */
/* quic_initial - the ClientHello in a client's Initial packets, put together from datagrams in any order */
#include "quic_initial.h"

#include <stdlib.h>

#include "container.h"

enum {
	LONG_HEADER = 0x80, FIXED_BIT = 0x40,
	TYPE_RETRY_V1 = 3,
	HEADER_MIN = 7,			/* first byte, version, two empty connection IDs */
	DATAGRAM = 65535,
	HELLO_HEADER = 4, CLIENT_HELLO = 1,	/* RFC 8446 s.4 */
	FRAME_PADDING = 0x00, FRAME_PING = 0x01, FRAME_ACK = 0x02, FRAME_ACK_ECN = 0x03, FRAME_CRYPTO = 0x06, FRAME_CLOSE = 0x1c,
	GOOGLE_PING = 0x07, GOOGLE_CRYPTO = 0x08,
};

struct quic {
	struct quic_crypto *crypto;
	uint8_t plain[DATAGRAM];
};

/* one packet with a long header */
struct packet {
	const struct quic_version *version;
	struct span dcid;
	struct span head;	/* from its first byte up to the packet number */
	struct span rest;	/* packet number, payload, tag: as many bytes as its length says */
};

static uint32_t get32(const char *p)
{
	const uint8_t *b = (const uint8_t *)p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* take_varint - RFC 9000 s.16; false: @s is too short */
static bool take_varint(struct span *s, uint64_t *out)
{
	const uint8_t *p = (const uint8_t *)s->p;
	size_t len;
	uint64_t v;

	if (s->len == 0)
		return false;
	len = (size_t)1 << (p[0] >> 6);
	if (s->len < len)
		return false;
	v = p[0] & 0x3f;
	for (size_t i = 1; i < len; i++)
		v = v << 8 | p[i];
	*s = span_skip(*s, len);
	*out = v;
	return true;
}

/* take - the next @len bytes of @s; false: it has fewer */
static bool take(struct span *s, uint64_t len, struct span *out)
{
	if (len > s->len)
		return false;
	*out = (struct span){ s->p, (size_t)len };
	*s = span_skip(*s, (size_t)len);
	return true;
}

/* --- headers --- */

/* take_cid - a length of one byte, and as many bytes */
static enum quic_result take_cid(struct span *s, struct span *out)
{
	size_t len;

	if (s->len == 0)
		return QUIC_SHORT;
	len = (uint8_t)s->p[0];
	if (len > QUIC_CID_MAX)
		return QUIC_CID;
	*s = span_skip(*s, 1);
	return take(s, len, out) ? QUIC_MORE : QUIC_SHORT;
}

/* of a version not in the table */
static enum quic_result unknown_version(uint32_t version)
{
	if (version == 0)
		return QUIC_NEGOTIATION;
	return version >> 16 == 0x5130 ? QUIC_GOOGLE : QUIC_VERSION;	/* "Q0.." */
}

/* take_packet - the packet at the beginning of @s, which moves behind it
 * Returns MORE for an Initial packet; otherwise why not, with @s empty where no other packet can follow. */
static enum quic_result take_packet(struct span *s, struct packet *p)
{
	struct span at = *s, scid, token;
	enum quic_result r;
	uint64_t len;
	uint8_t type;

	*s = (struct span){ s->p, 0 };
	if (at.len == 0 || !(at.p[0] & LONG_HEADER))
		return QUIC_ALIEN;
	if (at.len < HEADER_MIN)
		return QUIC_SHORT;
	p->version = quic_version_find(get32(at.p + 1));
	if (!p->version)
		return unknown_version(get32(at.p + 1));
	if (!(at.p[0] & FIXED_BIT))
		return QUIC_ALIEN;
	type = (uint8_t)((((uint8_t)at.p[0] >> 4 & 3) - p->version->initial) & 3);	/* as in version 1 */
	p->head.p = at.p;
	at = span_skip(at, 5);
	r = take_cid(&at, &p->dcid);
	if (r != QUIC_MORE)
		return r;
	r = take_cid(&at, &scid);
	if (r != QUIC_MORE)
		return r;
	if (type == TYPE_RETRY_V1)
		return QUIC_RETRY;
	if (type == 0 && (!take_varint(&at, &len) || !take(&at, len, &token)))
		return QUIC_SHORT;
	if (!take_varint(&at, &len))
		return QUIC_SHORT;
	p->head.len = (size_t)(at.p - p->head.p);
	if (!take(&at, len, &p->rest))
		return QUIC_SHORT;
	*s = at;
	return type == 0 ? QUIC_MORE : QUIC_NO_INITIAL;
}

bool quic_is_initial(struct span datagram)
{
	struct packet p;

	return take_packet(&datagram, &p) == QUIC_MORE;
}

/* --- decryption --- */

/* full_pn - RFC 9000 A.3 */
static uint64_t full_pn(uint64_t next, uint32_t cut, unsigned bytes)
{
	uint64_t win = (uint64_t)1 << 8 * bytes, half = win / 2, pn = (next & ~(win - 1)) | cut;

	if (pn + half <= next && pn < ((uint64_t)1 << 62) - win)
		return pn + win;
	if (pn > next + half && pn >= win)
		return pn - win;
	return pn;
}

/* open_packet - @p in the clear into q->plain; DECRYPT where these are not its keys */
static enum quic_result open_packet(struct quic *q, const struct quic_keys *keys, const struct packet *p, uint64_t next_pn,
				    uint64_t *pn, struct span *plain)
{
	char first, number[4];
	uint8_t mask[QUIC_MASK];
	unsigned bytes;
	uint32_t cut = 0;

	if (p->rest.len < 4 + QUIC_SAMPLE)	/* RFC 9001 s.5.4.2 */
		return QUIC_SHORT;
	if (!quic_mask(q->crypto, keys, (const uint8_t *)p->rest.p + 4, mask))
		return QUIC_LIBRARY;
	first = (char)(p->head.p[0] ^ (mask[0] & 0x0f));
	bytes = (first & 3) + 1;
	for (unsigned i = 0; i < bytes; i++) {
		number[i] = (char)(p->rest.p[i] ^ mask[1 + i]);
		cut = cut << 8 | (uint8_t)number[i];
	}
	*pn = full_pn(next_pn, cut, bytes);
	struct span aad[3] = { { &first, 1 }, span_skip(p->head, 1), { number, bytes } }, in = span_skip(p->rest, bytes);

	if (!quic_open(q->crypto, keys, *pn, aad, in, q->plain))
		return QUIC_DECRYPT;
	*plain = (struct span){ (char *)q->plain, in.len - QUIC_TAG };
	return QUIC_MORE;
}

static void flow_begin(struct quic_flow *f, const struct packet *p, const struct quic_keys *keys)
{
	f->version = p->version;
	f->keys = *keys;
	f->dcid_len = (uint8_t)p->dcid.len;
	memcpy(f->dcid, p->dcid.p, p->dcid.len);
	f->next_pn = 0;
	f->whole = f->hello_bytes = 0;
	f->over = false;
	memset(f->have, 0, sizeof(f->have));
}

/* flow_open - with the keys of the flow, else with those of the packet's own connection ID */
static enum quic_result flow_open(struct quic *q, struct quic_flow *f, const struct packet *p, struct span *plain)
{
	struct span dcid = { f->dcid, f->dcid_len };
	enum quic_result r;
	struct quic_keys keys;
	uint64_t pn;

	if (f->version == p->version) {
		r = open_packet(q, &f->keys, p, f->next_pn, &pn, plain);
		if (r == QUIC_DECRYPT && !span_eq(dcid, p->dcid))
			goto anew;
		if (r == QUIC_MORE && pn >= f->next_pn)
			f->next_pn = pn + 1;
		return r;
	}
anew:
	quic_keys_derive(q->crypto, p->version, p->dcid, &keys);
	r = open_packet(q, &keys, p, 0, &pn, plain);
	if (r == QUIC_MORE) {
		flow_begin(f, p, &keys);
		f->next_pn = pn + 1;
	}
	return r;
}

/* --- the handshake's bytes --- */

/* the bits of have[] from @from to @to that lie in word @w, of which the range touches some */
static uint64_t word_bits(size_t w, size_t from, size_t to)
{
	uint64_t bits = ~(uint64_t)0;

	if (from > w * 64)
		bits &= ~(uint64_t)0 << (from - w * 64);
	if (to < w * 64 + 64)
		bits &= ~(uint64_t)0 >> (w * 64 + 64 - to);
	return bits;
}

/* store - @data at @at, which fits; false: other bytes are there */
static bool store(struct quic_flow *f, size_t at, struct span data)
{
	size_t end = at + data.len;
	uint64_t any = 0;

	if (data.len == 0)
		return true;
	for (size_t w = at / 64; w <= (end - 1) / 64; w++)
		any |= f->have[w] & word_bits(w, at, end);
	for (size_t i = 0; any && i < data.len; i++)	/* seldom: some of it came before */
		if (f->have[(at + i) / 64] >> (at + i) % 64 & 1 && f->crypto[at + i] != data.p[i])
			return false;
	memcpy(f->crypto + at, data.p, data.len);
	for (size_t w = at / 64; w <= (end - 1) / 64; w++)
		f->have[w] |= word_bits(w, at, end);
	return true;
}

/* count_whole - move the end of what has no gap */
static void count_whole(struct quic_flow *f)
{
	while (f->whole < LIMIT_HELLO_BYTES) {
		uint64_t missing = ~f->have[f->whole / 64] >> f->whole % 64;

		if (missing) {
			unsigned run = (unsigned)__builtin_ctzll(missing);

			if (run < 64 - f->whole % 64) {
				f->whole += run;
				return;
			}
		}
		f->whole = (f->whole / 64 + 1) * 64;
	}
}

static enum quic_result read_crypto(struct quic_flow *f, struct span *s)
{
	struct span data;
	uint64_t at, len;

	if (!take_varint(s, &at) || !take_varint(s, &len) || !take(s, len, &data))
		return QUIC_FRAME;
	if (at + len > LIMIT_HELLO_BYTES) {	/* neither is over 2^62 */
		f->over = true;
		if (at >= LIMIT_HELLO_BYTES)
			return QUIC_MORE;
		data.len = (size_t)(LIMIT_HELLO_BYTES - at);
	}
	return store(f, (size_t)at, data) ? QUIC_MORE : QUIC_CONFLICT;
}

/* skip_ack - RFC 9000 s.19.3 */
static bool skip_ack(struct span *s, bool ecn)
{
	uint64_t ranges, ignored;

	if (!take_varint(s, &ignored) || !take_varint(s, &ignored) || !take_varint(s, &ranges) || !take_varint(s, &ignored))
		return false;
	for (; ranges; ranges--)	/* two bytes each at least, so the packet is the bound */
		if (!take_varint(s, &ignored) || !take_varint(s, &ignored))
			return false;
	return !ecn || (take_varint(s, &ignored) && take_varint(s, &ignored) && take_varint(s, &ignored));
}

/* skip_close - RFC 9000 s.19.19 */
static bool skip_close(struct span *s)
{
	uint64_t ignored, len;
	struct span why;

	return take_varint(s, &ignored) && take_varint(s, &ignored) && take_varint(s, &len) && take(s, len, &why);
}

/* read_frames - those of one packet; RFC 9000 s.12.4 says which an Initial packet may have */
static enum quic_result read_frames(struct quic_flow *f, struct span s)
{
	enum quic_result r;

	while (s.len) {
		uint8_t type = (uint8_t)s.p[0];

		s = span_skip(s, 1);
		switch (type) {
		case FRAME_PADDING:
			while (s.len >= 8 && memcmp(s.p, "\0\0\0\0\0\0\0\0", 8) == 0)
				s = span_skip(s, 8);
			break;
		case FRAME_PING:
			break;
		case FRAME_ACK:
		case FRAME_ACK_ECN:
			if (!skip_ack(&s, type == FRAME_ACK_ECN))
				return QUIC_FRAME;
			break;
		case FRAME_CRYPTO:
			r = read_crypto(f, &s);
			if (r != QUIC_MORE)
				return r;
			break;
		case FRAME_CLOSE:
			if (!skip_close(&s))
				return QUIC_FRAME;
			break;
		default:
			return QUIC_FRAME;
		}
	}
	return QUIC_MORE;
}

/* read_google - as read_frames(), for T050 and T051, whose frames are documented nowhere but in the captures: CRYPTO has
 * another number, the rest is Google QUIC's.  What follows a frame of unknown length is not read. */
static enum quic_result read_google(struct quic_flow *f, struct span s)
{
	enum quic_result r = QUIC_MORE;

	while (s.len && r == QUIC_MORE) {
		uint8_t type = (uint8_t)s.p[0];

		if (type != FRAME_PADDING && type != GOOGLE_PING && type != GOOGLE_CRYPTO)
			break;
		s = span_skip(s, 1);
		if (type == GOOGLE_CRYPTO)
			r = read_crypto(f, &s);
	}
	return r;
}

/* flow_state - is the ClientHello whole? */
static enum quic_result flow_state(struct quic_flow *f)
{
	count_whole(f);
	if (f->whole >= 1 && f->crypto[0] != CLIENT_HELLO)
		return QUIC_NO_HELLO;
	if (f->hello_bytes == 0 && f->whole >= HELLO_HEADER)
		f->hello_bytes = HELLO_HEADER + (get32(f->crypto) & 0xffffff);
	if (f->hello_bytes > LIMIT_HELLO_BYTES)
		return QUIC_TOO_LONG;
	if (f->hello_bytes && f->whole >= f->hello_bytes)
		return QUIC_HELLO;
	return f->over && !f->hello_bytes ? QUIC_TOO_LONG : QUIC_MORE;
}

/* --- flows --- */

void quic_flow_init(struct quic_flow *f)
{
	f->version = NULL;
	f->whole = f->hello_bytes = 0;
}

enum quic_result quic_flow_feed(struct quic *q, struct quic_flow *f, struct span datagram)
{
	enum quic_result worst = QUIC_MORE, r = QUIC_MORE;
	struct span rest = datagram, plain;
	struct packet p;
	bool read = false;

	if (f->hello_bytes && f->whole >= f->hello_bytes)
		return QUIC_HELLO;
	if (rest.len > DATAGRAM)
		rest.len = DATAGRAM;
	for (unsigned n = 0; n == 0 || rest.len; n++) {
		if (n == LIMIT_QUIC_PACKETS) {
			r = QUIC_PACKETS;
		} else {
			r = take_packet(&rest, &p);
			if (r == QUIC_MORE)
				r = flow_open(q, f, &p, &plain);
		}
		if (r == QUIC_MORE) {
			read = true;
			r = p.version->google ? read_google(f, plain) : read_frames(f, plain);
			if (r != QUIC_MORE)
				return r;
		} else if (worst == QUIC_MORE) {
			worst = r;
		}
		if (r == QUIC_PACKETS)
			break;
	}
	return read ? flow_state(f) : worst;
}

struct span quic_flow_hello(const struct quic_flow *f)
{
	return (struct span){ f->crypto, f->hello_bytes };
}

struct quic *quic_new(void)
{
	struct quic *q = malloc(sizeof(*q));

	if (!q)
		return NULL;
	q->crypto = quic_crypto_new();
	if (!q->crypto) {
		free(q);
		return NULL;
	}
	return q;
}

void quic_free(struct quic *q)
{
	if (!q)
		return;
	quic_crypto_free(q->crypto);
	free(q);
}

static const struct {
	const char *json, *text;
} reason[QUIC_RESULTS] = {
	[QUIC_MORE] = { "more", "a ClientHello that is not whole yet" },
	[QUIC_HELLO] = { "hello", "a ClientHello" },
#define QUIC_REASON(name, json, text) [QUIC_##name] = { json, text },
#include "tbl/quic_reason.h"
#undef QUIC_REASON
};

const char *quic_why(enum quic_result r) { return r < QUIC_RESULTS ? reason[r].text : "?"; }
const char *quic_name(enum quic_result r) { return r < QUIC_RESULTS ? reason[r].json : "?"; }
