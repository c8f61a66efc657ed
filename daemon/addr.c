/* SPDX-License-Identifier: GPL-3.0-or-later */
/* addr - one IP address of either family; text, sockaddr, prefixes */
#include "addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const uint8_t v4_mapped[12] = { [10] = 0xff, [11] = 0xff };

void addr_from_ip(struct addr *a, int family, const void *ip)
{
	memset(a, 0, sizeof(*a));
	if (family == AF_INET6 && memcmp(ip, v4_mapped, sizeof(v4_mapped)) == 0) {
		a->family = AF_INET;
		memcpy(a->ip, (const uint8_t *)ip + sizeof(v4_mapped), 4);
		return;
	}
	a->family = (uint8_t)family;
	memcpy(a->ip, ip, addr_len(a));
}

bool addr_from_sockaddr(struct addr *a, const struct sockaddr_storage *ss)
{
	const struct sockaddr_in *in = (const void *)ss;
	const struct sockaddr_in6 *in6 = (const void *)ss;

	switch (ss->ss_family) {
	case AF_INET:
		addr_from_ip(a, AF_INET, &in->sin_addr);
		a->port_be = in->sin_port;
		return true;
	case AF_INET6:
		addr_from_ip(a, AF_INET6, &in6->sin6_addr);
		a->port_be = in6->sin6_port;
		return true;
	default:
		memset(a, 0, sizeof(*a));
		return false;
	}
}

socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *ss)
{
	struct sockaddr_in *in = (void *)ss;
	struct sockaddr_in6 *in6 = (void *)ss;

	memset(ss, 0, sizeof(*ss));
	switch (a->family) {
	case AF_INET:
		in->sin_family = AF_INET;
		in->sin_port = a->port_be;
		memcpy(&in->sin_addr, a->ip, 4);
		return sizeof(*in);
	case AF_INET6:
		in6->sin6_family = AF_INET6;
		in6->sin6_port = a->port_be;
		memcpy(&in6->sin6_addr, a->ip, 16);
		return sizeof(*in6);
	default:
		return 0;
	}
}

bool addr_parse(struct addr *a, struct span text)
{
	char s[INET6_ADDRSTRLEN];
	uint8_t ip[16];
	int family = AF_INET;

	memset(a, 0, sizeof(*a));
	if (text.len == 0 || text.len >= sizeof(s) || memchr(text.p, '\0', text.len))
		return false;
	memcpy(s, text.p, text.len);
	s[text.len] = '\0';
	if (memchr(s, ':', text.len))
		family = AF_INET6;
	if (inet_pton(family, s, ip) != 1)
		return false;
	addr_from_ip(a, family, ip);
	return true;
}

bool addr_parse_port(struct addr *a, struct span text)
{
	struct span host, port;
	unsigned n = 0;

	if (text.len && text.p[0] == '[') {
		host = span_until(span_skip(text, 1), ']');
		port = span_skip(text, host.len + 2);
	} else {
		host = span_until(text, ':');
		port = span_skip(text, host.len);
	}
	if (port.len < 2 || port.len > 6 || port.p[0] != ':' || !addr_parse(a, host))
		return false;
	for (size_t i = 1; i < port.len; i++) {
		if (port.p[i] < '0' || port.p[i] > '9')
			return false;
		n = n * 10 + (unsigned)(port.p[i] - '0');
	}
	if (n == 0 || n > 65535)
		return false;
	a->port_be = htons((uint16_t)n);
	return true;
}

const char *addr_format(const struct addr *a, char out[ADDR_TEXT])
{
	if (!a->family || !inet_ntop(a->family, a->ip, out, ADDR_TEXT))
		memcpy(out, "-", 2);
	return out;
}

const char *addr_format_port(const struct addr *a, char out[ADDR_TEXT])
{
	char ip[ADDR_TEXT];

	snprintf(out, ADDR_TEXT, a->family == AF_INET6 ? "[%.45s]:%u" : "%.45s:%u",
		 addr_format(a, ip), ntohs(a->port_be));
	return out;
}

bool addr_eq_ip(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

bool prefix_parse(struct prefix *p, struct span text)
{
	struct span ip = span_until(text, '/');
	struct span bits = span_skip(text, ip.len);
	unsigned n = 0;

	if (!addr_parse(&p->net, ip))
		return false;
	p->bits = (uint8_t)(addr_len(&p->net) * 8);
	if (bits.len == 0)
		return true;
	if (bits.len < 2 || bits.len > 4)
		return false;
	for (size_t i = 1; i < bits.len; i++) {
		if (bits.p[i] < '0' || bits.p[i] > '9')
			return false;
		n = n * 10 + (unsigned)(bits.p[i] - '0');
	}
	if (n > p->bits)
		return false;
	p->bits = (uint8_t)n;
	for (unsigned i = 0; i < addr_len(&p->net); i++) {
		unsigned keep = n > i * 8 ? n - i * 8 : 0;

		if (keep < 8)
			p->net.ip[i] &= (uint8_t)(0xff00u >> keep);
	}
	return true;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool prefix_parse_hw(struct prefix *p, struct span text)
{
	struct prefix hw = { .net.family = FAMILY_HW, .bits = 48 };

	if (text.len != 17)
		return false;
	for (size_t i = 0; i < 6; i++) {
		int high = hex_digit(text.p[i * 3]), low = hex_digit(text.p[i * 3 + 1]);

		if (high < 0 || low < 0 || (i < 5 && text.p[i * 3 + 2] != ':' && text.p[i * 3 + 2] != '-'))
			return false;
		hw.net.ip[i] = (uint8_t)(high << 4 | low);
	}
	*p = hw;
	return true;
}

bool prefix_has_station(const struct prefix *p, const struct station *s)
{
	if (p->net.family == FAMILY_HW)
		return s->hw_known && memcmp(p->net.ip, s->hw, sizeof(s->hw)) == 0;
	return prefix_has(p, &s->ip);
}

bool prefix_has(const struct prefix *p, const struct addr *a)
{
	unsigned whole = p->bits / 8, rest = p->bits % 8;

	if (a->family != p->net.family || memcmp(a->ip, p->net.ip, whole) != 0)
		return false;
	return rest == 0 || ((a->ip[whole] ^ p->net.ip[whole]) & (0xff00u >> rest) & 0xff) == 0;
}

bool prefix_holds(const struct prefix *p, const struct prefix *inner)
{
	return p->bits <= inner->bits && prefix_has(p, &inner->net);
}

bool addr_is_public(const struct addr *a)
{
	/* prefixes of the IANA special-purpose registries (RFC 6890) that can never
	 * be a host of the Internet; documentation prefixes are left out on purpose:
	 * laboratories use them as if they were the Internet */
	static const struct { uint8_t family, bits, ip[2]; } not[] = {
		{ AF_INET, 8, { 0 } },			/* this network */
		{ AF_INET, 8, { 10 } },			/* RFC 1918 */
		{ AF_INET, 10, { 100, 64 } },		/* RFC 6598 */
		{ AF_INET, 8, { 127 } },		/* loopback */
		{ AF_INET, 16, { 169, 254 } },		/* link-local */
		{ AF_INET, 12, { 172, 16 } },		/* RFC 1918 */
		{ AF_INET, 16, { 192, 168 } },		/* RFC 1918 */
		{ AF_INET, 3, { 224 } },		/* multicast, class E, broadcast */
		{ AF_INET6, 16, { 0 } },		/* unspecified, loopback, v4 embedded */
		{ AF_INET6, 7, { 0xfc } },		/* RFC 4193 */
		{ AF_INET6, 10, { 0xfe, 0x80 } },	/* link-local */
		{ AF_INET6, 8, { 0xff } },		/* multicast */
	};

	for (size_t i = 0; i < sizeof(not) / sizeof(not[0]); i++) {
		struct prefix p = { .net.family = not[i].family, .bits = not[i].bits };

		memcpy(p.net.ip, not[i].ip, 2);
		if (prefix_has(&p, a))
			return false;
	}
	return a->family != 0;
}
