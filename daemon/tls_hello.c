/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tls_hello - the ClientHello at the start of a TLS connection
 *
 * Theory of operation.  The record headers are walked first (records_scan): they tell whether the whole
 * message is there and how many bytes are missing.  Only then is the body read, once, through a reader
 * that hops over record headers (bring): nearly always the message is in one piece and the hop never
 * happens; where a field of interest lies across records it is gathered in a small buffer.
 */
#include "tls_hello.h"

enum {
	RECORD_HEADER = 5,		/* type, version, length: RFC 8446 s.5.1 */
	RECORD_MAX = 16384,		/* 2^14, RFC 8446 s.5.1 */
	RECORD_HANDSHAKE = 22,
	MESSAGE_HEADER = 4,		/* type, three bytes of length: RFC 8446 s.4 */
	MESSAGE_CLIENT_HELLO = 1,
	VERSION_MAJOR = 3,
	RANDOM_BYTES = 32, SESSION_ID_MAX = 32,
	EXT_SERVER_NAME = 0, EXT_ALPN = 16, EXT_ECH = 0xfe0d,
	NAME_HOST = 0,			/* NameType, RFC 6066 s.3 */
	ECH_OUTER = 0,			/* ECHClientHelloType */
	NAME_INPUT = 1024,		/* bytes of a name before it is brought into the compared form; UTF-8 is longer than its ASCII */
	V2_HEADER = 2, V2_FIXED = 9, V2_CHALLENGE_MIN = 16, V2_CHALLENGE_MAX = 32,	/* bytes, RFC 5246 E.2 */
};

/* what is left of the message, or of one field of it */
struct reader {
	const uint8_t *p;
	size_t run;		/* bytes at p up to the end of the record (or of the field, if that is less) */
	size_t left;		/* bytes of the message or field, those behind record headers too; >= run */
};

static uint16_t get16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static size_t get24(const uint8_t *p) { return (size_t)p[0] << 16 | (size_t)p[1] << 8 | p[2]; }

static enum parse bad(struct tls_hello *out, enum tls_fault fault)
{
	out->fault = fault;
	return PARSE_BAD;
}

/* more - @need bytes from the start of the input */
static enum parse more(struct tls_hello *out, size_t need)
{
	if (need > LIMIT_HELLO_BYTES)
		return bad(out, TLS_FAULT_LARGE);
	out->need = need;
	return PARSE_MORE;
}

/* --- reading across records ------------------------------------------------------ */

/* hop - over the header of the next record, which records_scan() found good */
static void hop(struct reader *r)
{
	r->run = get16(r->p + 3);
	r->p += RECORD_HEADER;
	if (r->run > r->left)
		r->run = r->left;
}

/* skip - @n bytes; @n <= left */
static void skip(struct reader *r, size_t n)
{
	while (n > r->run) {
		n -= r->run;
		r->left -= r->run;
		r->p += r->run;
		hop(r);
	}
	r->p += n;
	r->run -= n;
	r->left -= n;
}

/* bring - @n bytes in one piece, where they lie or gathered in @room; @n <= left, @room holds @n */
static const uint8_t *bring(struct reader *r, size_t n, uint8_t *room)
{
	const uint8_t *p = r->p;

	if (n <= r->run) {
		r->p += n;
		r->run -= n;
		r->left -= n;
		return p;
	}
	for (size_t at = 0; at < n; ) {
		size_t part = n - at < r->run ? n - at : r->run;

		memcpy(room + at, r->p, part);
		at += part;
		r->p += part;
		r->run -= part;
		r->left -= part;
		if (at < n)
			hop(r);
	}
	return room;
}

/* take16, take8 - a number, or a length of what follows; false: the field ends before it */
static bool take16(struct reader *r, size_t *v)
{
	uint8_t room[2];

	if (r->left < 2)
		return false;
	*v = get16(bring(r, 2, room));
	return true;
}

static bool take8(struct reader *r, size_t *v)
{
	uint8_t room[1];

	if (r->left < 1)
		return false;
	*v = *bring(r, 1, room);
	return true;
}

/* part - a reader of the next @n bytes, which @r skips; @n <= left */
static struct reader part(struct reader *r, size_t n)
{
	struct reader sub = { r->p, r->run < n ? r->run : n, n };

	skip(r, n);
	return sub;
}

/* --- extensions -------------------------------------------------------------------- */

/* RFC 6066 s.3: a list of names of different types, of which host_name is the only one there is */
static enum tls_fault read_name(struct reader ext, struct tls_hello *out)
{
	uint8_t room[NAME_INPUT];
	bool seen = false;
	size_t n, type;

	if (!take16(&ext, &n) || n != ext.left || n == 0)
		return TLS_FAULT_NAME_LIST;
	while (ext.left) {
		if (!take8(&ext, &type) || !take16(&ext, &n) || n > ext.left || n == 0)
			return TLS_FAULT_NAME_LIST;
		if (type != NAME_HOST) {
			skip(&ext, n);
			continue;
		}
		if (seen)
			return TLS_FAULT_NAME_TWICE;
		seen = true;
		if (n > NAME_INPUT)
			return TLS_FAULT_NAME;
		out->name_len = (uint8_t)host_normalise((struct span){ (const char *)bring(&ext, n, room), n }, out->name);
		if (out->name_len == 0) {
			out->name[0] = '\0';	/* half of it may stand there */
			return TLS_FAULT_NAME;
		}
	}
	return TLS_FAULT_NONE;
}

/* RFC 7301 s.3.1 */
static enum tls_fault read_alpn(struct reader ext, struct tls_hello *out)
{
	uint8_t room[255];
	const uint8_t *p;
	size_t n, len = 0;

	if (!take16(&ext, &n) || n != ext.left || n == 0)
		return TLS_FAULT_ALPN;
	while (ext.left) {
		if (!take8(&ext, &n) || n > ext.left || n == 0)
			return TLS_FAULT_ALPN;
		p = bring(&ext, n, room);
		if (len + (len != 0) + n > TLS_ALPN_TEXT) {
			len = TLS_ALPN_TEXT + 1;	/* no later one either: the order stays */
			continue;
		}
		if (len)
			out->alpn[len++] = ',';
		for (size_t i = 0; i < n; i++)
			out->alpn[len++] = p[i] > ' ' && p[i] < 0x7f && p[i] != ',' ? (char)p[i] : '?';
		out->alpn_len = (uint8_t)len;
	}
	return TLS_FAULT_NONE;
}

static enum tls_fault read_extensions(struct reader *r, struct tls_hello *out)
{
	enum { SEEN_NAME = 1, SEEN_ALPN = 2, SEEN_ECH = 4 };
	unsigned seen = 0, bit;
	enum tls_fault fault;
	uint8_t room[4];

	while (r->left) {
		const uint8_t *head;
		unsigned type;
		size_t n;

		if (r->left < 4)
			return TLS_FAULT_EXTENSIONS;
		head = bring(r, 4, room);
		type = get16(head);
		n = get16(head + 2);
		if (n > r->left)
			return TLS_FAULT_EXTENSIONS;
		bit = type == EXT_SERVER_NAME ? SEEN_NAME : type == EXT_ALPN ? SEEN_ALPN : type == EXT_ECH ? SEEN_ECH : 0;
		if (seen & bit)		/* RFC 8446 s.4.2 */
			return TLS_FAULT_TWICE;
		seen |= bit;
		if (bit == 0) {
			skip(r, n);
			continue;
		}
		if (bit == SEEN_ECH) {
			struct reader ech = part(r, n);

			if (!take8(&ech, &n))
				return TLS_FAULT_ECH;
			out->ech = n == ECH_OUTER;
			continue;
		}
		fault = bit == SEEN_NAME ? read_name(part(r, n), out) : read_alpn(part(r, n), out);
		if (fault)
			return fault;
	}
	return TLS_FAULT_NONE;
}

/* --- the message, RFC 8446 s.4.1.2 ---------------------------------------------------- */

static enum tls_fault read_hello(struct reader *r, struct tls_hello *out)
{
	size_t n;

	if (r->left < 2 + RANDOM_BYTES)
		return TLS_FAULT_SHORT;
	skip(r, 2 + RANDOM_BYTES);	/* legacy_version: any; which versions the client speaks is of no interest here */
	if (!take8(r, &n))
		return TLS_FAULT_SHORT;
	if (n > SESSION_ID_MAX)
		return TLS_FAULT_SESSION_ID;
	if (n > r->left)
		return TLS_FAULT_SHORT;
	skip(r, n);
	if (!take16(r, &n))
		return TLS_FAULT_SHORT;
	if (n == 0 || n % 2)
		return TLS_FAULT_CIPHERS;
	if (n > r->left)
		return TLS_FAULT_SHORT;
	skip(r, n);
	if (!take8(r, &n))
		return TLS_FAULT_SHORT;
	if (n == 0)
		return TLS_FAULT_COMPRESSION;
	if (n > r->left)
		return TLS_FAULT_SHORT;
	skip(r, n);
	if (r->left == 0)		/* before TLS 1.3 extensions may be missing, RFC 5246 s.7.4.1.2 */
		return TLS_FAULT_NONE;
	if (!take16(r, &n) || n > r->left)
		return TLS_FAULT_SHORT;
	if (n < r->left)
		return TLS_FAULT_TRAILING;
	return read_extensions(r, out);
}

static void clear(struct tls_hello *out)
{
	out->name_len = out->alpn_len = 0;
	out->name[0] = out->alpn[0] = '\0';
	out->ech = out->v2 = false;
	out->len = out->need = 0;
	out->fault = TLS_FAULT_NONE;
}

static enum parse finish(struct reader *r, struct tls_hello *out, const char *start)
{
	enum tls_fault fault = read_hello(r, out);

	if (fault) {
		out->alpn_len = 0;
		out->alpn[0] = '\0';
		out->ech = false;
		return bad(out, fault);
	}
	out->alpn[out->alpn_len] = '\0';
	out->len = (size_t)((const char *)r->p - start);
	return PARSE_DONE;
}

enum parse tls_hello_body(struct span in, struct tls_hello *out)
{
	struct reader r = { (const uint8_t *)in.p, 0, 0 };
	size_t whole;

	clear(out);
	if (in.len == 0)
		return more(out, MESSAGE_HEADER);
	if (r.p[0] != MESSAGE_CLIENT_HELLO)
		return bad(out, TLS_FAULT_MESSAGE);
	if (in.len < MESSAGE_HEADER)
		return more(out, MESSAGE_HEADER);
	whole = MESSAGE_HEADER + get24(r.p + 1);
	if (whole > in.len || whole > LIMIT_HELLO_BYTES)
		return more(out, whole);
	r = (struct reader){ r.p + MESSAGE_HEADER, whole - MESSAGE_HEADER, whole - MESSAGE_HEADER };
	return finish(&r, out, in.p);
}

/* --- records ---------------------------------------------------------------------------- */

/* RFC 5246 E.2: a hello that servers of SSL 2 understood; it has no extensions */
static enum parse read_v2(struct span in, struct tls_hello *out)
{
	const uint8_t *p = (const uint8_t *)in.p;
	size_t len, ciphers, challenge;

	/* 0x80 and length, type, version: what else begins so is not TLS */
	if (in.len > 2 && p[2] != MESSAGE_CLIENT_HELLO)
		return PARSE_ALIEN;
	if (in.len > 3 && p[3] != VERSION_MAJOR)
		return PARSE_ALIEN;
	if (in.len < V2_HEADER + V2_FIXED)
		return more(out, V2_HEADER + V2_FIXED);
	len = get16(p) & 0x7fff;
	ciphers = get16(p + 5);
	challenge = get16(p + 9);
	if (ciphers == 0 || ciphers % 3 || get16(p + 7) != 0 || challenge < V2_CHALLENGE_MIN || challenge > V2_CHALLENGE_MAX ||
	    len != V2_FIXED + ciphers + challenge)
		return bad(out, TLS_FAULT_V2);
	if (in.len < V2_HEADER + len || V2_HEADER + len > LIMIT_HELLO_BYTES)
		return more(out, V2_HEADER + len);
	out->v2 = true;
	out->len = V2_HEADER + len;
	return PARSE_DONE;
}

/* first_record - is this the beginning of TLS at all? */
static enum parse first_record(struct span in, struct tls_hello *out)
{
	const uint8_t *p = (const uint8_t *)in.p;

	if (in.len == 0)
		return more(out, RECORD_HEADER + 1);
	if (p[0] & 0x80)
		return read_v2(in, out);
	if (p[0] != RECORD_HANDSHAKE || (in.len > 1 && p[1] != VERSION_MAJOR))
		return PARSE_ALIEN;
	if (in.len < RECORD_HEADER)
		return more(out, RECORD_HEADER + 1);
	return PARSE_DONE;
}

/* message_byte - byte @i of the four of the message's header arrived */
static enum parse message_byte(struct tls_hello *out, unsigned i, uint8_t c, size_t *whole)
{
	if (i == 0 && c != MESSAGE_CLIENT_HELLO)
		return bad(out, TLS_FAULT_MESSAGE);
	*whole = i == 0 ? 0 : *whole << 8 | c;
	if (i == MESSAGE_HEADER - 1) {
		*whole += MESSAGE_HEADER;
		if (*whole + RECORD_HEADER > LIMIT_HELLO_BYTES)
			return bad(out, TLS_FAULT_LARGE);
	}
	return PARSE_DONE;
}

/* records_scan - walk the records until the message is whole: DONE, and *@whole is its length with the header */
static enum parse records_scan(struct span in, struct tls_hello *out, size_t *whole)
{
	const uint8_t *p = (const uint8_t *)in.p;
	size_t at = 0, got = 0;		/* where the record begins; bytes of the message before it */

	for (;;) {
		size_t len, here;

		/* a header that has not arrived in full is followed by at least one byte */
		if (in.len > at && p[at] != RECORD_HANDSHAKE)
			return bad(out, TLS_FAULT_RECORD_TYPE);
		if (in.len - at < RECORD_HEADER)
			return more(out, at + RECORD_HEADER + 1);
		len = get16(p + at + 3);
		if (len == 0)
			return bad(out, TLS_FAULT_RECORD_EMPTY);
		if (len > RECORD_MAX)
			return bad(out, TLS_FAULT_RECORD_LONG);
		at += RECORD_HEADER;
		here = in.len - at < len ? in.len - at : len;
		for (size_t i = 0; i < here && got + i < MESSAGE_HEADER; i++)
			if (message_byte(out, (unsigned)(got + i), p[at + i], whole) != PARSE_DONE)
				return PARSE_BAD;
		if (got + here < MESSAGE_HEADER) {
			if (here < len)		/* of the header, what this record still has */
				return more(out, at + (len < MESSAGE_HEADER - got ? len : MESSAGE_HEADER - got));
		} else if (got + here >= *whole) {
			return at + *whole - got > LIMIT_HELLO_BYTES ? bad(out, TLS_FAULT_LARGE) : PARSE_DONE;
		} else if (here < len) {
			return more(out, at + (got + len < *whole ? len : *whole - got));
		}
		got += len;
		at += len;
		if (at + RECORD_HEADER + 1 > LIMIT_HELLO_BYTES)
			return bad(out, TLS_FAULT_LARGE);
	}
}

enum parse tls_hello_parse(struct span in, struct tls_hello *out)
{
	struct reader r = { (const uint8_t *)in.p, 0, 0 };
	enum parse result;
	size_t whole = 0;

	clear(out);
	result = first_record(in, out);
	if (result != PARSE_DONE || out->v2)
		return result;
	result = records_scan(in, out, &whole);
	if (result != PARSE_DONE)
		return result;
	r.left = whole;
	hop(&r);
	skip(&r, MESSAGE_HEADER);
	return finish(&r, out, in.p);
}

const char *tls_fault_text(enum tls_fault fault)
{
	static const char *const text[] = {
#define FAULT(name, text) text,
#include "tbl/tls_fault.h"
#undef FAULT
	};

	return (unsigned)fault < TLS_FAULTS ? text[fault] : "?";
}
