/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_name - names as they stand in a DNS message, compressed */
#include "dns_name.h"

enum { POINTERS = 127 };	/* in one name: as many as it can have labels */

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

int dns_name_read(struct dns_wire m, size_t *at, char *text, size_t *len, uint32_t *hash)
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
			if (to < DNS_HEADER || to >= run || ++pointers > POINTERS)
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

size_t dns_name_land(struct dns_wire m, size_t at)
{
	while (m.p[at] >= 0xc0)
		at = (size_t)(m.p[at] & 0x3f) << 8 | m.p[at + 1];
	return at;
}

bool dns_name_same(struct dns_wire ma, size_t a, struct dns_wire mb, size_t b)
{
	for (;;) {
		uint8_t len;

		a = dns_name_land(ma, a);
		b = dns_name_land(mb, b);
		if (a == b && ma.p == mb.p)
			return true;
		len = ma.p[a++];
		if (len != mb.p[b++])
			return false;
		if (len == 0)
			return true;
		if (!span_eq_nocase((struct span){ (const char *)ma.p + a, len }, (struct span){ (const char *)mb.p + b, len }))
			return false;
		a += len;
		b += len;
	}
}

bool dns_name_skip(struct dns_wire m, size_t *at, size_t *pointer)
{
	*pointer = 0;
	while (*at < m.len) {
		uint8_t c = m.p[(*at)++];

		if (c == 0)
			return true;
		if (c >= 0xc0) {
			*pointer = *at - 1;
			return (*at)++ < m.len;
		}
		if (c > 63 || c > m.len - *at)
			return false;
		*at += c;
	}
	return false;
}
