/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_tcp_stream - links: tcp_stream addr
 *
 * The input is a script: base, then segments (offset, length, whether its bytes differ), some skips.  Property: what the table
 * gives is what a plain array with a flag for each byte gives, whatever the order; without disagreement there is no conflict,
 * and the segments in reverse order give the same bytes.
 */
#include <arpa/inet.h>
#include <string.h>

#include "check.h"
#include "tcp_stream.h"

enum { EACH = 4096, STEP = 5 };

/* the byte that is sent at @at, without any disagreement */
static char byte_at(uint32_t at) { return (char)(at * 2654435761u >> 24); }

struct model {
	char bytes[EACH];
	bool have[EACH];
	uint32_t skipped;
	bool conflict;
};

static struct span segment_of(const uint8_t *step, uint32_t at, char room[EACH])
{
	size_t len = (step[2] << 8 | step[3]) % 1500;

	for (size_t i = 0; i < len; i++)
		room[i] = byte_at(at + (uint32_t)i);
	if (step[4] == 0xff && len)
		room[len / 2] ^= 1;
	return (struct span){ room, len };
}

static uint32_t whole(const struct model *m)
{
	uint32_t n = 0;

	while (n < EACH && m->have[n])
		n++;
	return n;
}

static void model_add(struct model *m, uint32_t at, struct span in)
{
	for (size_t i = 0; i < in.len && !m->conflict; i++) {
		uint32_t to = at + (uint32_t)i - m->skipped;

		if (at + i >= m->skipped && to < EACH && m->have[to] && m->bytes[to] != in.p[i])
			m->conflict = true;
	}
	for (size_t i = 0; i < in.len && !m->conflict; i++) {
		uint32_t to = at + (uint32_t)i - m->skipped;

		if (at + i < m->skipped || to >= EACH)
			continue;
		m->have[to] = true;
		m->bytes[to] = in.p[i];
	}
}

static void model_skip(struct model *m, uint32_t n)
{
	memmove(m->bytes, m->bytes + n, EACH - n);
	memmove(m->have, m->have + n, EACH - n);
	memset(m->have + EACH - n, 0, n);
	m->skipped += n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tcp_streams_bounds bounds = { 2, EACH, 1 << 20, 1000 };
	struct tcp_streams *t = tcp_streams_new(&bounds, 1, NULL, NULL);
	struct addr a = { .family = AF_INET, .port_be = 1 }, b = { .family = AF_INET, .port_be = 2 };
	struct tcp_stream *s, *back;
	static struct model m;
	uint32_t base, skips = 0;
	char room[EACH];

	memset(&m, 0, sizeof(m));
	if (!t || size < 4) {
		tcp_streams_free(t);
		return 0;
	}
	memcpy(&base, data, 4);
	data += 4, size = (size - 4) / STEP;
	s = tcp_stream_new(t, &a, &b, base, true, 0);
	back = tcp_stream_new(t, &b, &a, base, true, 0);
	for (size_t i = 0; i < size; i++) {
		uint32_t at = (uint32_t)(data[i * STEP] << 8 | data[i * STEP + 1]) % (2 * EACH), was = whole(&m);
		struct span in = copy_of(segment_of(data + i * STEP, at, room));
		enum tcp_stream_result got = tcp_stream_add(t, s, base + at, in);

		model_add(&m, at, in);
		drop_copy(in);
		CHECK(m.conflict == (got == TCP_STREAM_CONFLICT) && s->conflict == m.conflict);
		CHECK(m.conflict || (whole(&m) > was) == (got == TCP_STREAM_GREW));
		CHECK(tcp_stream_bytes(s).len == whole(&m) && memcmp(tcp_stream_bytes(s).p ? tcp_stream_bytes(s).p : "", m.bytes, whole(&m)) == 0);
		if (data[i * STEP + 4] == 0x55 && !m.conflict) {
			uint32_t n = whole(&m) / 2;

			tcp_stream_skip(t, s, n, 0);
			model_skip(&m, n);
			skips++;
			CHECK(tcp_stream_bytes(s).len == whole(&m));
		}
	}
	for (size_t i = size; i-- > 0; ) {
		uint32_t at = (uint32_t)(data[i * STEP] << 8 | data[i * STEP + 1]) % (2 * EACH);

		tcp_stream_add(t, back, base + at, segment_of(data + i * STEP, at, room));
	}
	if (!m.conflict && !skips) {
		CHECK(!back->conflict && back->whole == s->whole);
		CHECK(s->whole == 0 || memcmp(back->bytes, s->bytes, s->whole) == 0);
	}
	CHECK(tcp_streams_count(t) == 2 && tcp_streams_bytes(t) <= bounds.bytes_all);
	tcp_streams_free(t);
	return 0;
}
