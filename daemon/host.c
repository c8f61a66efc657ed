/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host - host names in the one form that is compared */
#include "host.h"

#include <idn2.h>
#include <stdint.h>

#include "addr.h"

enum { HOST_LABEL = 63,		/* bytes of a label, RFC 1035 section 2.3.4 */
       HOST_INPUT = 1024 };	/* bytes of UTF-8 that are worth trying: a name of 253 needs fewer */

/* what a byte of an ASCII name becomes; 0: not allowed.  Underscores occur in real names. */
static const char host_byte[256] = {
	['-'] = '-', ['_'] = '_',
	['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4',
	['5'] = '5', ['6'] = '6', ['7'] = '7', ['8'] = '8', ['9'] = '9',
	['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd', ['e'] = 'e', ['f'] = 'f', ['g'] = 'g', ['h'] = 'h', ['i'] = 'i',
	['j'] = 'j', ['k'] = 'k', ['l'] = 'l', ['m'] = 'm', ['n'] = 'n', ['o'] = 'o', ['p'] = 'p', ['q'] = 'q', ['r'] = 'r',
	['s'] = 's', ['t'] = 't', ['u'] = 'u', ['v'] = 'v', ['w'] = 'w', ['x'] = 'x', ['y'] = 'y', ['z'] = 'z',
	['A'] = 'a', ['B'] = 'b', ['C'] = 'c', ['D'] = 'd', ['E'] = 'e', ['F'] = 'f', ['G'] = 'g', ['H'] = 'h', ['I'] = 'i',
	['J'] = 'j', ['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o', ['P'] = 'p', ['Q'] = 'q', ['R'] = 'r',
	['S'] = 's', ['T'] = 't', ['U'] = 'u', ['V'] = 'v', ['W'] = 'w', ['X'] = 'x', ['Y'] = 'y', ['Z'] = 'z',
};

static size_t host_ascii(struct span in, char out[HOST_MAX + 1])
{
	size_t label = 0, n = 0;

	for (; n < in.len; n++) {
		unsigned char c = (unsigned char)in.p[n];

		if (n == HOST_MAX)
			return 0;
		if (c == '.') {
			if (label == 0)
				return 0;
			label = 0;
			out[n] = '.';
			continue;
		}
		if (host_byte[c] == 0 || ++label > HOST_LABEL)
			return 0;
		out[n] = host_byte[c];
	}
	if (n == 0 || label == 0)
		return 0;
	out[n] = '\0';
	return n;
}

static size_t host_idn(struct span in, char out[HOST_MAX + 1])
{
	uint8_t *ascii = NULL;
	char text[HOST_INPUT];
	size_t n = 0;

	if (in.len >= sizeof(text) || memchr(in.p, '\0', in.len))
		return 0;
	memcpy(text, in.p, in.len);
	text[in.len] = '\0';
	if (idn2_lookup_u8((const uint8_t *)text, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) != IDN2_OK)
		return 0;
	in = span_of((const char *)ascii);
	if (in.len && in.p[in.len - 1] == '.')	/* an ideographic full stop at the end */
		in.len--;
	n = host_ascii(in, out);
	idn2_free(ascii);
	return n;
}

static size_t host_ipv6(struct span in, char out[HOST_MAX + 1])
{
	struct addr a;
	char text[ADDR_TEXT];

	if (in.len >= 2 && in.p[0] == '[' && in.p[in.len - 1] == ']')
		in = (struct span){ in.p + 1, in.len - 2 };
	if (!memchr(in.p, ':', in.len) || !addr_parse(&a, in))
		return 0;
	addr_format(&a, text);
	memcpy(out, text, strlen(text) + 1);
	return strlen(text);
}

size_t host_normalise(struct span in, char out[HOST_MAX + 1])
{
	size_t dot = in.len && in.p[in.len - 1] == '.', len;

	/* most names by far are right as they are: look for why not only when they are not */
	len = host_ascii((struct span){ in.p, in.len - dot }, out);
	if (len || in.len == 0)
		return len;
	if (in.p[0] == '[' || memchr(in.p, ':', in.len))
		return host_ipv6(in, out);
	in.len -= dot;
	for (size_t i = 0; i < in.len; i++)
		if ((unsigned char)in.p[i] >= 0x80)
			return host_idn(in, out);
	return 0;
}

bool host_is_address(struct span host)
{
	size_t label = host.len;

	if (host.len && memchr(host.p, ':', host.len))
		return true;
	/* no top-level domain is all digits: a last label of digits is an IPv4 address */
	while (label && host.p[label - 1] != '.') {
		if (host.p[label - 1] < '0' || host.p[label - 1] > '9')
			return false;
		label--;
	}
	return host.len != 0;
}

bool host_covers(struct span parent, struct span host)
{
	if (parent.len == 0 || host.len < parent.len ||
	    memcmp(host.p + host.len - parent.len, parent.p, parent.len) != 0)
		return false;
	if (host.len == parent.len)
		return true;
	return host.p[host.len - parent.len - 1] == '.' && !host_is_address(host);
}
