/* SPDX-License-Identifier: GPL-3.0-or-later */
/* image_size - width and height from the first bytes of a PNG, GIF, JPEG or WebP */
#include "image_size.h"

/* byte @i of @in, which the caller knows to be there */
static inline uint32_t at(struct span in, size_t i)
{
	return (unsigned char)in.p[i];
}

static inline uint32_t be16(struct span in, size_t i) { return at(in, i) << 8 | at(in, i + 1); }
static inline uint32_t le16(struct span in, size_t i) { return at(in, i + 1) << 8 | at(in, i); }
static inline uint32_t be32(struct span in, size_t i) { return be16(in, i) << 16 | be16(in, i + 2); }

/* magic - does @in begin with @m?  DONE, MORE (so far) or ALIEN */
static enum parse magic(struct span in, size_t from, struct span m)
{
	size_t n = in.len > from ? in.len - from : 0;

	if (n > m.len)
		n = m.len;
	if (n && memcmp(in.p + from, m.p, n) != 0)
		return PARSE_ALIEN;
	return n == m.len ? PARSE_DONE : PARSE_MORE;
}

static enum parse sized(struct image_size *out, enum image_format format, uint32_t width, uint32_t height)
{
	if (width == 0 || height == 0)
		return PARSE_BAD;
	*out = (struct image_size){ format, width, height };
	return PARSE_DONE;
}

/* PNG specification s.5.6, 11.2.2: the signature, then IHDR, always first */
static enum parse png(struct span in, struct image_size *out)
{
	enum parse ihdr = magic(in, 8, SPAN_LIT("\0\0\0\rIHDR"));

	if (ihdr == PARSE_ALIEN)
		return PARSE_BAD;
	if (in.len < 24)
		return PARSE_MORE;
	uint32_t width = be32(in, 16), height = be32(in, 20);

	if (width > INT32_MAX || height > INT32_MAX)
		return PARSE_BAD;
	return sized(out, IMAGE_PNG, width, height);
}

/* GIF89a s.18: the logical screen */
static enum parse gif(struct span in, struct image_size *out)
{
	if (in.len > 4 && in.p[4] != '7' && in.p[4] != '9')
		return PARSE_BAD;
	if (in.len > 5 && in.p[5] != 'a')
		return PARSE_BAD;
	if (in.len < 10)
		return PARSE_MORE;
	return sized(out, IMAGE_GIF, le16(in, 6), le16(in, 8));
}

/* ITU T.81 annex B: segments, until a frame header (SOFn) */
static enum parse jpeg(struct span in, struct image_size *out)
{
	size_t p = 2;

	for (;;) {
		if (p >= in.len)
			return PARSE_MORE;
		if (at(in, p) != 0xff)
			return PARSE_BAD;
		while (p < in.len && at(in, p) == 0xff)		/* fill bytes, B.1.1.2 */
			p++;
		if (p >= in.len)
			return PARSE_MORE;
		uint32_t marker = at(in, p++);

		if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8))
			continue;				/* TEM, RSTn, SOI: nothing follows them */
		if (marker == 0x00 || marker == 0xd9 || marker == 0xda)
			return PARSE_BAD;			/* the image, or its end, before a frame header */
		if (in.len - p < 2)
			return PARSE_MORE;
		uint32_t length = be16(in, p);

		if (length < 2)
			return PARSE_BAD;
		/* SOF0 to SOF15 without DHT, JPG and DAC */
		if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) {
			if (length < 8)
				return PARSE_BAD;
			if (in.len - p < 7)
				return PARSE_MORE;
			return sized(out, IMAGE_JPEG, be16(in, p + 5), be16(in, p + 3));
		}
		p += length;
	}
}

/* RFC 9649: a RIFF file whose first chunk tells */
static enum parse webp(struct span in, struct image_size *out)
{
	enum parse form = magic(in, 8, SPAN_LIT("WEBPVP8"));
	uint32_t bits;

	if (form != PARSE_DONE)
		return form;
	if (in.len < 16)
		return PARSE_MORE;
	switch (in.p[15]) {
	case ' ':	/* s.2.5, RFC 6386 s.9.1: a key frame's start code, then 14 bits and scaling each */
		if (in.len > 20 && (at(in, 20) & 1))
			return PARSE_BAD;
		if (magic(in, 23, SPAN_LIT("\x9d\x01\x2a")) == PARSE_ALIEN)
			return PARSE_BAD;
		if (in.len < 30)
			return PARSE_MORE;
		return sized(out, IMAGE_WEBP, le16(in, 26) & 0x3fff, le16(in, 28) & 0x3fff);
	case 'L':	/* s.3.4: signature, then 14 bits of width - 1 and height - 1 */
		if (in.len > 20 && at(in, 20) != 0x2f)
			return PARSE_BAD;
		if (in.len < 25)
			return PARSE_MORE;
		bits = le16(in, 21) | le16(in, 23) << 16;
		return sized(out, IMAGE_WEBP, (bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1);
	case 'X':	/* s.2.7: 24 bits of width - 1 and height - 1 of the canvas */
		if (in.len < 30)
			return PARSE_MORE;
		return sized(out, IMAGE_WEBP, (le16(in, 24) | at(in, 26) << 16) + 1,
			     (le16(in, 27) | at(in, 29) << 16) + 1);
	default:
		return PARSE_BAD;
	}
}

enum parse image_size(struct span in, struct image_size *out)
{
	static const struct {
		struct span begin;
		enum parse (*read)(struct span in, struct image_size *out);
	} formats[] = {
		{ { "\x89PNG\r\n\x1a\n", 8 }, png },
		{ { "GIF8", 4 }, gif },
		{ { "\xff\xd8\xff", 3 }, jpeg },
		{ { "RIFF", 4 }, webp },
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		enum parse m = magic(in, 0, formats[i].begin);

		if (m != PARSE_ALIEN)
			return m == PARSE_DONE ? formats[i].read(in, out) : m;
	}
	return PARSE_ALIEN;
}
