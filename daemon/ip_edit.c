/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ip_edit - a UDP datagram or TCP segment whose payload was changed */
#include "ip_edit.h"

#include <netinet/in.h>
#include <stdint.h>

enum { IPV4_HEADER = 20, IPV6_HEADER = 40, UDP_HEADER = 8, TCP_HEADER = 20 };	/* bytes */

static uint16_t get16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }

static void put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* sum - of 16-bit words, added to @so_far; the last byte may have no partner */
static uint32_t sum(const uint8_t *p, size_t len, uint32_t so_far)
{
	size_t i = 0;

	for (; i + 1 < len; i += 2)
		so_far += get16(p + i);
	return i < len ? so_far + (uint32_t)(p[i] << 8) : so_far;
}

static uint16_t fold(uint32_t sums)
{
	while (sums >> 16)
		sums = (sums & 0xffff) + (sums >> 16);
	return (uint16_t)~sums;
}

static bool is_v4(const uint8_t *p) { return p[0] >> 4 == 4; }
static size_t ip_header(const uint8_t *p) { return is_v4(p) ? IPV4_HEADER : IPV6_HEADER; }
static uint8_t protocol(const uint8_t *p) { return is_v4(p) ? p[9] : p[6]; }

size_t ip_edit_head(struct span packet)
{
	const uint8_t *p = (const uint8_t *)packet.p;
	size_t len = packet.len, ip, tcp;

	if (len < IPV4_HEADER || len > UINT16_MAX)
		return 0;
	if (p[0] == 0x45) {
		if (get16(p + 2) != len || (get16(p + 6) & 0x3fff) != 0)	/* a fragment */
			return 0;
	} else if (p[0] >> 4 != 6 || len < IPV6_HEADER || get16(p + 4) != len - IPV6_HEADER) {
		return 0;
	}
	ip = ip_header(p);
	if (protocol(p) == IPPROTO_UDP)
		return len - ip >= UDP_HEADER && get16(p + ip + 4) == len - ip ? ip + UDP_HEADER : 0;
	if (protocol(p) != IPPROTO_TCP || len - ip < TCP_HEADER)
		return 0;
	tcp = (size_t)(p[ip + 12] >> 4) * 4;
	return tcp >= TCP_HEADER && tcp <= len - ip ? ip + tcp : 0;
}

void ip_edit_mend(char *packet, size_t len)
{
	uint8_t *p = (uint8_t *)packet, *transport = p + ip_header(p), *check;
	bool v4 = is_v4(p), udp = protocol(p) == IPPROTO_UDP;
	size_t bytes = len - ip_header(p);
	uint16_t got;

	if (v4) {
		put16(p + 2, len);
		put16(p + 10, 0);
		put16(p + 10, fold(sum(p, IPV4_HEADER, 0)));
	} else {
		put16(p + 4, bytes);
	}
	if (udp)
		put16(transport + 4, bytes);
	check = transport + (udp ? 6 : 16);
	put16(check, 0);
	/* the pseudo header: addresses, length, protocol */
	got = fold(sum(transport, bytes, sum(v4 ? p + 12 : p + 8, v4 ? 8 : 32, (uint32_t)bytes + protocol(p))));
	put16(check, udp && got == 0 ? 0xffff : got);	/* 0 would mean: none */
}
