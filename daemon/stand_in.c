/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stand_in - what a client gets in place of what was blocked, and our error answers
 *
 * An empty image is a PNG: one bit a pixel, grey, the one grey transparent.  Its pixels
 * are all zero bytes, so the deflate stream is written directly: one block whose code has
 * one bit for "258 bytes from 1 back" (and one for the 1), which makes 4096 x 4096 about 2 KiB.
 */
#include "stand_in.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "container.h"
#include "limits.h"

/* --- a buffer that knows when it is full ---------------------------------- */

struct sink {
	char *out;
	size_t cap, len;
	bool full;
	uint32_t bits;		/* not yet written, the first in the lowest bit */
	unsigned held;		/* how many of them */
};

static void put(struct sink *k, const void *p, size_t n)
{
	if (n > k->cap - k->len) {
		k->full = true;
		return;
	}
	memcpy(k->out + k->len, p, n);
	k->len += n;
}

static void put_byte(struct sink *k, unsigned char c)
{
	put(k, &c, 1);
}

static void put_span(struct sink *k, struct span s)
{
	if (s.len)
		put(k, s.p, s.len);
}

static void put_be32(struct sink *k, uint32_t v)
{
	unsigned char b[4] = { (unsigned char)(v >> 24), (unsigned char)(v >> 16), (unsigned char)(v >> 8),
			       (unsigned char)v };

	put(k, b, 4);
}

__attribute__((format(printf, 2, 3)))
static void put_fmt(struct sink *k, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(k->out + k->len, k->cap - k->len, fmt, ap);

	va_end(ap);
	if (n < 0 || (size_t)n >= k->cap - k->len)
		k->full = true;
	else
		k->len += (size_t)n;
}

/* put_bits - @n bits of @v, lowest first: deflate's order, RFC 1951 s.3.1.1 */
static void put_bits(struct sink *k, uint32_t v, unsigned n)
{
	k->bits |= v << k->held;
	for (k->held += n; k->held >= 8; k->held -= 8, k->bits >>= 8)
		put_byte(k, (unsigned char)k->bits);
}

static void flush_bits(struct sink *k)
{
	if (k->held)
		put_byte(k, (unsigned char)k->bits);
	k->bits = k->held = 0;
}

/* --- the empty image ------------------------------------------------------ */

static uint32_t crc32_of(const char *p, size_t n)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < n; i++) {
		crc ^= (unsigned char)p[i];
		for (int b = 0; b < 8; b++)
			crc = crc >> 1 ^ (0xedb88320u & -(crc & 1));
	}
	return ~crc;
}

/* put_zeros - a deflate stream of @n zero bytes, n >= 1; RFC 1951 s.3.2.7
 *
 * Symbols: 0 (a zero byte), 256 (end), 285 (length 258), distance 0 (1 back).
 * Code lengths 2, 2, 1 and 1 give the codes 285: 0, 0: 10, 256: 11, distance 0: 0. */
static void put_zeros(struct sink *k, uint32_t n)
{
	/* code length code: 18 (run of zeros), 1 and 2 occur; lengths 18: 1, 1: 2, 2: 2 */
	static const unsigned char order_lengths[] = {
		/* 16 17 18 0  8  7  9  6  10 5  11 4  12 3  13 2  14 1 */
		0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2,
	};

	put_bits(k, 1, 1);				/* the last block */
	put_bits(k, 2, 2);				/* dynamic codes */
	put_bits(k, 286 - 257, 5);
	put_bits(k, 1 - 1, 5);
	put_bits(k, sizeof(order_lengths) - 4, 4);
	for (size_t i = 0; i < sizeof(order_lengths); i++)
		put_bits(k, order_lengths[i], 3);
	/* codes of that alphabet, first bit lowest: 18: 0, 1: 10 -> 1, 2: 11 -> 3 */
	put_bits(k, 3, 2);				/* symbol 0: 2 */
	put_bits(k, 0, 1), put_bits(k, 138 - 11, 7);	/* 1 to 138: 0 */
	put_bits(k, 0, 1), put_bits(k, 117 - 11, 7);	/* 139 to 255: 0 */
	put_bits(k, 3, 2);				/* 256: 2 */
	put_bits(k, 0, 1), put_bits(k, 28 - 11, 7);	/* 257 to 284: 0 */
	put_bits(k, 1, 2);				/* 285: 1 */
	put_bits(k, 1, 2);				/* distance 0: 1 */

	put_bits(k, 1, 2);				/* the byte that is copied on */
	for (n--; n >= 258; n -= 258)
		put_bits(k, 0, 2);			/* 258 bytes, 1 back */
	for (; n; n--)
		put_bits(k, 1, 2);
	put_bits(k, 3, 2);
	flush_bits(k);
}

/* put_chunk - close the PNG chunk whose length field is at @at: length and CRC */
static void end_chunk(struct sink *k, size_t at)
{
	if (k->full)
		return;
	size_t end = k->len;

	k->len = at;
	put_be32(k, (uint32_t)(end - at - 8));
	k->len = end;
	put_be32(k, crc32_of(k->out + at + 4, end - at - 4));
}

static size_t begin_chunk(struct sink *k, const char *type)
{
	size_t at = k->len;

	put_be32(k, 0);
	put(k, type, 4);
	return at;
}

static void put_image(struct sink *k, uint32_t width, uint32_t height)
{
	/* each row: a filter byte and the pixels, all zero */
	uint32_t bytes = (1 + (width + 7) / 8) * height;
	size_t chunk;

	put(k, "\x89PNG\r\n\x1a\n", 8);
	chunk = begin_chunk(k, "IHDR");
	put_be32(k, width);
	put_be32(k, height);
	put(k, "\x01\0\0\0\0", 5);		/* depth 1, grey, deflate, no filter, not interlaced */
	end_chunk(k, chunk);
	chunk = begin_chunk(k, "tRNS");
	put(k, "\0\0", 2);			/* grey 0 is transparent */
	end_chunk(k, chunk);
	chunk = begin_chunk(k, "IDAT");
	put(k, "\x78\x9c", 2);			/* RFC 1950: 32 KiB window */
	put_zeros(k, bytes);
	put_be32(k, bytes % 65521 << 16 | 1);	/* Adler-32 of zeros */
	end_chunk(k, chunk);
	chunk = begin_chunk(k, "IEND");
	end_chunk(k, chunk);
}

size_t stand_in_image(uint32_t width, uint32_t height, char *out, size_t cap)
{
	struct sink k = { .out = out, .cap = cap };

	if (width == 0 || height == 0 || width > LIMIT_STAND_IN_PIXELS || height > LIMIT_STAND_IN_PIXELS)
		return 0;
	put_image(&k, width, height);
	return k.full ? 0 : k.len;
}

/* --- pages ---------------------------------------------------------------- */

static const struct status { unsigned code; const char *reason, *says; } statuses[] = {
	{ 200, "OK", "" },
	{ 400, "Bad Request", "The request is malformed, or can be read in two ways." },
	{ 403, "Forbidden", "A rule of this network blocks it." },
	{ 408, "Request Timeout", "The request did not arrive in time." },
	{ 414, "URI Too Long", "The address asked for is too long." },
	{ 431, "Request Header Fields Too Large", "The head of the request is too large." },
	{ 502, "Bad Gateway", "The server cannot be reached, or its answer cannot be understood." },
	{ 503, "Service Unavailable", "The gateway cannot do this now." },
	{ 504, "Gateway Timeout", "The server did not answer in time." },
};

static const struct status *status_of(unsigned code)
{
	const struct status *fallback = &statuses[6];

	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (statuses[i].code == code)
			return &statuses[i];
	return fallback;
}

/* put_text - at most @max bytes of @s, escaped for HTML; what is not printable ASCII or UTF-8 is
 * shown as "?" */
static void put_text(struct sink *k, struct span s, size_t max)
{
	for (size_t i = 0; i < s.len && i < max; i++) {
		unsigned char c = (unsigned char)s.p[i];

		switch (c) {
		case '&': put(k, "&amp;", 5); break;
		case '<': put(k, "&lt;", 4); break;
		case '>': put(k, "&gt;", 4); break;
		case '"': put(k, "&quot;", 6); break;
		case '\'': put(k, "&#39;", 5); break;
		default: put_byte(k, c < 0x20 || c == 0x7f ? '?' : c);
		}
	}
	if (s.len > max)
		put(k, "...", 3);
}

static void put_line(struct sink *k, const char *tag, const char *label, struct span s, size_t max)
{
	if (s.len == 0)
		return;
	put_fmt(k, "<p>%s<%s>", label, tag);
	put_text(k, s, max);
	put_fmt(k, "</%s></p>\n", tag);
}

static void put_page(struct sink *k, const struct stand_in *s, const struct status *st)
{
	bool blocked = st->code == 403;

	put_fmt(k, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>%s</title></head>\n"
		"<body>\n<h1>%s</h1>\n<p>%s</p>\n", blocked ? "Blocked" : st->reason,
		blocked ? "Blocked" : st->reason, st->says);
	if (blocked) {
		put_line(k, "code", "Asked for: ", s->url, 256);
		put_line(k, "code", "Rule: ", s->rule, 512);
	} else {
		put_line(k, "code", "", s->detail, 256);
	}
	put_fmt(k, "<hr><p>dejunk</p>\n</body></html>\n");
}

/* --- heads ---------------------------------------------------------------- */

unsigned stand_in_status(enum resource type)
{
	switch (type) {
	case RES_IMAGE:
	case RES_STYLE:
	case RES_SCRIPT:
	case RES_XHR:
	case RES_FONT:
	case RES_MEDIA:
		return 200;
	default:
		return 403;
	}
}

/* media_type - of the empty answer */
static const char *media_type(enum resource type, struct span extension)
{
	static const struct { enum resource type; const char *extension, *media; } types[] = {
		/* the first of a type is what it is without an extension */
		{ RES_STYLE, "css", "text/css" },
		{ RES_SCRIPT, "js", "text/javascript" },
		{ RES_XHR, "txt", "text/plain" },
		{ RES_XHR, "json", "application/json" },
		{ RES_XHR, "xml", "application/xml" },
		{ RES_FONT, "woff2", "font/woff2" },
		{ RES_FONT, "woff", "font/woff" },
		{ RES_FONT, "ttf", "font/ttf" },
		{ RES_FONT, "otf", "font/otf" },
		{ RES_MEDIA, "mp4", "video/mp4" },
		{ RES_MEDIA, "webm", "video/webm" },
		{ RES_MEDIA, "mp3", "audio/mpeg" },
		{ RES_MEDIA, "ogg", "audio/ogg" },
	};
	const char *first = NULL;

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (types[i].type != type)
			continue;
		if (span_eq_nocase(extension, span_of(types[i].extension)))
			return types[i].media;
		if (!first)
			first = types[i].media;
	}
	return first ? first : "text/plain";
}

/* --- what redirect filters name -------------------------------------------- */

#define VAST(version)	SPAN_LIT("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<VAST version=\"" version "\"></VAST>\n")

/* one transparent pixel, GIF89a: two colours, the first of which is not shown */
static const char gif[] = "GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\4\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;";

static const struct resource_text {
	const char *media;
	struct span body;
	uint32_t width, height;		/* of a PNG; 0: the body is it */
} resources[] = {
	[FILTER_RESOURCE_TEXT] = { "text/plain; charset=utf-8", SPAN_LIT(""), 0, 0 },
	[FILTER_RESOURCE_SCRIPT] = { "text/javascript; charset=utf-8", SPAN_LIT(""), 0, 0 },
	[FILTER_RESOURCE_STYLE] = { "text/css; charset=utf-8", SPAN_LIT(""), 0, 0 },
	[FILTER_RESOURCE_JSON] = { "application/json", SPAN_LIT("{}\n"), 0, 0 },
	[FILTER_RESOURCE_VAST2] = { "application/xml", VAST("2.0"), 0, 0 },
	[FILTER_RESOURCE_VAST3] = { "application/xml", VAST("3.0"), 0, 0 },
	[FILTER_RESOURCE_VAST4] = { "application/xml", VAST("4.0"), 0, 0 },
	[FILTER_RESOURCE_VMAP] = { "application/xml", SPAN_LIT("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<vmap:VMAP xmlns:vmap=\"http://www.iab.net/videosuite/vmap\" version=\"1.0\"></vmap:VMAP>\n"), 0, 0 },
	[FILTER_RESOURCE_FRAME] = { "text/html; charset=utf-8", SPAN_LIT("<!DOCTYPE html>\n"), 0, 0 },
	[FILTER_RESOURCE_IMAGE] = { "image/gif", { gif, sizeof(gif) - 1 }, 0, 0 },
	[FILTER_RESOURCE_IMAGE_2X2] = { "image/png", SPAN_LIT(""), 2, 2 },
	[FILTER_RESOURCE_IMAGE_3X2] = { "image/png", SPAN_LIT(""), 3, 2 },
	[FILTER_RESOURCE_IMAGE_32X32] = { "image/png", SPAN_LIT(""), 32, 32 },
	[FILTER_RESOURCE_AUDIO] = { "audio/mpeg", SPAN_LIT(""), 0, 0 },		/* put_silence() */
	[FILTER_RESOURCE_VIDEO] = { "video/mp4", SPAN_LIT(""), 0, 0 },
};

/* put_silence - a tenth of a second of it: frames of MPEG-1 layer III, 44100 Hz, mono, 32 kbit/s; what follows a
 * header is zero, which is silence (ISO/IEC 11172-3, 2.4.1) */
static void put_silence(struct sink *k)
{
	enum { FRAMES = 4, FRAME_BYTES = 144 * 32000 / 44100 };
	static const char zero[FRAME_BYTES - 4];

	for (int i = 0; i < FRAMES; i++) {
		put(k, "\xff\xfb\x10\xc4", 4);
		put(k, zero, sizeof(zero));
	}
}

/* returns the media type */
static const char *put_resource(struct sink *k, enum filter_resource resource)
{
	const struct resource_text *r = &resources[resource];

	if (r->width)
		put_image(k, r->width, r->height);
	else if (resource == FILTER_RESOURCE_AUDIO)
		put_silence(k);
	else
		put_span(k, r->body);
	return r->media;
}

bool stand_in_named(enum filter_resource resource)
{
	return (size_t)resource < ARRAY_LEN(resources) && resources[resource].media;
}

static void put_date(struct sink *k, time_t now)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm t;

	if (now == 0 || !gmtime_r(&now, &t))
		return;
	put_fmt(k, "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d GMT\r\n", days + t.tm_wday * 3, t.tm_mday,
		months + t.tm_mon * 3, t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

size_t stand_in_write(const struct stand_in *s, char *out, size_t cap, size_t *body_at)
{
	char room[STAND_IN_BYTES - 512];
	struct sink body = { .out = room, .cap = sizeof(room) }, k = { .out = out, .cap = cap };
	const struct status *st = status_of(s->status);
	const char *type = "text/html; charset=utf-8";

	if (st->code != 200) {
		put_page(&body, s, st);
	} else if (stand_in_named(s->resource)) {
		type = put_resource(&body, s->resource);
	} else if (s->type == RES_IMAGE) {
		bool fits = s->width && s->height && s->width <= LIMIT_STAND_IN_PIXELS &&
			s->height <= LIMIT_STAND_IN_PIXELS;

		type = "image/png";
		put_image(&body, fits ? s->width : 1, fits ? s->height : 1);
	} else {
		type = media_type(s->type, s->extension);
	}
	put_fmt(&k, "HTTP/1.1 %u %s\r\n", st->code, st->reason);
	put_date(&k, s->now);
	put_fmt(&k, "Content-Type: %s\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n", type, body.len);
	if (s->close)
		put_fmt(&k, "Connection: close\r\n");
	else if (s->http10)
		put_fmt(&k, "Connection: keep-alive\r\n");
	put_fmt(&k, "\r\n");
	if (body_at)
		*body_at = k.len;
	if (!s->head_only)
		put_span(&k, (struct span){ body.out, body.len });
	return k.full || body.full ? 0 : k.len;
}
