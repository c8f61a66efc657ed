/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_see - links: see see_tell quic_flows quic_initial quic_crypto tls_hello tcp_stream ip_frag dns_stream dns_msg dns_name http1_head http1_frame url host ip_pkt addr
 *
 * The input is a capture in short: for each packet two bytes of length, then the packet; or, with the high bit of the length
 * set, two bytes that name a flow and a flag byte, and the rest is a TCP payload that continues it.
 * Properties: a row has a name that can be compared or says why there is none; the same packets give the same rows again, but no more
 * when each comes twice in a row.
 */
#include <string.h>

#include "check.h"
#include "see.h"

enum { TCP_HEADERS = 40, FLOWS = 4 };

struct rows {
	unsigned count;
	uint64_t sum;
};

static void on_row(void *ctx, const struct see_row *r)
{
	struct rows *rows = ctx;

	CHECK(r->how[0] && strlen(r->how) < SEE_HOW && (unsigned)r->proto < SEE_PROTOS && r->name && r->alpn);
	CHECK(strspn(r->name, "abcdefghijklmnopqrstuvwxyz0123456789-_.:?") == strlen(r->name));
	CHECK(r->client.family && r->server.family);
	rows->count++;
	rows->sum = rows->sum * 31 + strlen(r->name) * 7 + strlen(r->how) + r->proto;
}

/* a segment of flow @which, in sequence unless the flag says otherwise */
static struct span segment(char *room, unsigned which, uint8_t flag, uint32_t next[FLOWS], struct span payload)
{
	static const unsigned ports[FLOWS] = { 443, 80, 53, 25 };
	size_t len = TCP_HEADERS + payload.len;
	uint32_t seq = next[which % FLOWS] + (flag & 0x40 ? 7u : 0);

	memset(room, 0, TCP_HEADERS);
	room[0] = 0x45, room[2] = (char)(len >> 8), room[3] = (char)len, room[8] = 64, room[9] = 6;
	room[12] = 10, room[15] = 2, room[16] = (char)198, room[17] = 51, room[18] = 100, room[19] = 7;
	room[20] = (char)0xc0, room[21] = (char)(which % FLOWS);
	room[22] = (char)(ports[which % FLOWS] >> 8), room[23] = (char)ports[which % FLOWS];
	for (int i = 0; i < 4; i++)
		room[24 + i] = (char)(seq >> (24 - 8 * i));
	room[32] = 0x50;
	room[33] = (char)(flag & 1 ? 0x02 : 0x18);
	memcpy(room + TCP_HEADERS, payload.p, payload.len);
	if (!(flag & 0x40))
		next[which % FLOWS] += (uint32_t)payload.len + (flag & 1);
	return (struct span){ room, len };
}

static struct rows run(struct see *s, const uint8_t *data, size_t size, unsigned times, struct rows *rows)
{
	static char room[TCP_HEADERS + 0x8000];
	uint32_t next[FLOWS] = { 0 };
	struct span packet, copy;

	while (size > 2) {
		size_t len = (size_t)(data[0] & 0x7f) << 8 | data[1];
		bool tcp = data[0] & 0x80;

		data += 2, size -= 2;
		if (len > size)
			len = size;
		packet = (struct span){ (const char *)data, len };
		if (tcp && len >= 2)
			packet = segment(room, data[0], data[1], next, span_skip(packet, 2));
		copy = copy_of(packet);
		for (unsigned i = 0; i < times; i++)
			see_packet(s, copy);
		drop_copy(copy);
		data += len, size -= len;
	}
	see_end(s);
	see_free(s);
	return *rows;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rows once = { 0 }, again = { 0 }, twice = { 0 };

	run(see_new(on_row, &once), data, size, 1, &once);
	run(see_new(on_row, &again), data, size, 1, &again);
	CHECK(once.count == again.count && once.sum == again.sum);
	run(see_new(on_row, &twice), data, size, 2, &twice);
	CHECK(twice.count == once.count);
	return 0;
}
