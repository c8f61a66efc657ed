/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_tcp_stream - segments in any order give the bytes that were sent; the table keeps its bounds
 *
 * limits: HELLO_BYTES STREAMS STREAMS_BYTES STREAM_MS
 * links: tcp_stream addr
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <arpa/inet.h>

#include <cmocka.h>

#include "container.h"
#include "guard.h"
#include "limits.h"
#include "tcp_stream.h"

static struct addr end_of(unsigned host, unsigned port)
{
	uint8_t ip[4] = { 10, (uint8_t)(host >> 16), (uint8_t)(host >> 8), (uint8_t)host };
	struct addr a;

	addr_from_ip(&a, AF_INET, ip);
	a.port_be = htons((uint16_t)port);
	return a;
}

struct gone_count {
	unsigned evicted, aged;
	struct addr last;
};

static void on_gone(void *ctx, struct tcp_stream *s, bool evicted)
{
	struct gone_count *g = ctx;

	*(evicted ? &g->evicted : &g->aged) += 1;
	g->last = s->src;
}

static struct tcp_streams *table(uint32_t streams, uint32_t each, uint64_t all, struct gone_count *g)
{
	struct tcp_streams_bounds b = { streams, each, all, 5000 };
	struct tcp_streams *t = tcp_streams_new(&b, 42, g ? on_gone : NULL, g);

	assert_non_null(t);
	return t;
}

static struct tcp_stream *stream(struct tcp_streams *t, unsigned host, uint32_t seq, bool certain, uint64_t now_ms)
{
	struct addr src = end_of(host, 50000), dst = end_of(1, 443);
	struct tcp_stream *s = tcp_stream_new(t, &src, &dst, seq, certain, now_ms);

	assert_non_null(s);
	return s;
}

/* each step: where, what, the answer, and what the beginning is afterwards */
struct step {
	int32_t at;		/* from sequence number 1000 */
	const char *bytes;
	enum tcp_stream_result want;
	const char *whole;
};

static const struct scene {
	const char *why;
	bool certain;
	struct step step[6];
} scenes[] = {
	{ "in order", true, { { 0, "abc", TCP_STREAM_GREW, "abc" }, { 3, "def", TCP_STREAM_GREW, "abcdef" } } },
	{ "the second first", true, { { 3, "def", TCP_STREAM_SAME, "" }, { 0, "abc", TCP_STREAM_GREW, "abcdef" } } },
	{ "sent again", true, { { 0, "abc", TCP_STREAM_GREW, "abc" }, { 0, "abc", TCP_STREAM_SAME, "abc" }, { 0, "ab", TCP_STREAM_SAME, "abc" } } },
	{ "sent again and more", true, { { 0, "abc", TCP_STREAM_GREW, "abc" }, { 1, "bcd", TCP_STREAM_GREW, "abcd" } } },
	{ "over a gap and both its sides", true, { { 0, "ab", TCP_STREAM_GREW, "ab" }, { 4, "ef", TCP_STREAM_SAME, "ab" },
						     { 1, "bcdefg", TCP_STREAM_GREW, "abcdefg" } } },
	{ "a keep-alive's byte", true, { { 0, "abc", TCP_STREAM_GREW, "abc" }, { -1, "x", TCP_STREAM_SAME, "abc" }, { 3, "d", TCP_STREAM_GREW, "abcd" } } },
	{ "begins before the beginning", true, { { -2, "xxabc", TCP_STREAM_GREW, "abc" } } },
	{ "disagree", true, { { 0, "abc", TCP_STREAM_GREW, "abc" }, { 2, "xd", TCP_STREAM_CONFLICT, "abc" }, { 3, "d", TCP_STREAM_CONFLICT, "abc" } } },
	{ "disagree behind a gap", true, { { 4, "ef", TCP_STREAM_SAME, "" }, { 0, "abcdxf", TCP_STREAM_CONFLICT, "" } } },
	{ "empty", true, { { 0, "", TCP_STREAM_SAME, "" } } },
	{ "far ahead", true, { { 0, "ab", TCP_STREAM_GREW, "ab" }, { 5000, "x", TCP_STREAM_OVER, "ab" }, { 2, "c", TCP_STREAM_GREW, "abc" } } },
	{ "no SYN seen: an earlier segment moves the beginning", false, { { 3, "def", TCP_STREAM_GREW, "def" }, { 0, "abc", TCP_STREAM_GREW, "abcdef" } } },
	{ "no SYN seen: earlier, with a gap", false, { { 4, "ef", TCP_STREAM_GREW, "ef" }, { 0, "ab", TCP_STREAM_GREW, "ab" },
							{ 2, "cd", TCP_STREAM_GREW, "abcdef" } } },
	{ "no SYN seen: earlier, overlapping", false, { { 3, "def", TCP_STREAM_GREW, "def" }, { 1, "bcd", TCP_STREAM_GREW, "bcdef" } } },
	{ "no SYN seen: earlier, disagreeing", false, { { 3, "def", TCP_STREAM_GREW, "def" }, { 1, "bcx", TCP_STREAM_CONFLICT, "" } } },
	{ "no SYN seen: too far back", false, { { 0, "a", TCP_STREAM_GREW, "a" }, { -5000, "x", TCP_STREAM_OVER, "a" } } },
};

static void each_scene_ends_as_it_says(void **state)
{
	static const uint32_t bases[] = { 1000, 0, UINT32_MAX, UINT32_MAX - 2, 0x7fffffff, 0x80000000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(scenes); i++)
		for (size_t b = 0; b < ARRAY_LEN(bases); b++) {
			const struct scene *c = &scenes[i];
			struct tcp_streams *t = table(4, 4096, 1 << 20, NULL);
			struct tcp_stream *s = stream(t, 2, bases[b] + (c->certain ? 0 : (uint32_t)c->step[0].at), c->certain, 0);

			for (size_t n = 0; n < ARRAY_LEN(c->step) && c->step[n].bytes; n++) {
				const struct step *p = &c->step[n];
				enum tcp_stream_result got = tcp_stream_add(t, s, bases[b] + (uint32_t)p->at, guard_copy(span_of(p->bytes)));

				if (got != p->want || !span_eq(tcp_stream_bytes(s), span_of(p->whole)))
					fail_msg("%s, step %zu: %d, \"%.*s\"", c->why, n, got, SPAN_FMT(tcp_stream_bytes(s)));
			}
			tcp_streams_free(t);
		}
}

static uint32_t turn = 1;

static uint32_t any(uint32_t below)
{
	turn = turn * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(turn >> 8) * below >> 24);
}

/* segments of random lengths, each sent once or twice, with overlaps, in a random order */
static void any_order_gives_the_same_bytes(void **state)
{
	enum { BYTES = 5000, SEGMENTS = 400 };
	static char text[BYTES];
	struct { uint32_t at, len; } segment[SEGMENTS], keep;

	(void)state;
	for (size_t i = 0; i < BYTES; i++)
		text[i] = (char)any(256);
	for (int round = 0; round < 300; round++) {
		uint32_t n = 0, base = any(1 << 24) << 8, at, longest = round % 3 ? 1460 : 40;
		struct tcp_streams *t = table(4, BYTES, 1 << 20, NULL);
		struct tcp_stream *s;

		for (at = 0; at < BYTES && n < SEGMENTS / 2; n++) {
			segment[n].at = at > 20 && any(3) == 0 ? at - any(20) : at;
			segment[n].len = 1 + any(longest);
			if (n == SEGMENTS / 2 - 1 || segment[n].len > BYTES - segment[n].at)
				segment[n].len = BYTES - segment[n].at;
			if (at < segment[n].at + segment[n].len)
				at = segment[n].at + segment[n].len;
		}
		for (uint32_t i = 0, once = n; i < once; i++)
			if (any(4) == 0)
				segment[n++] = segment[i];
		for (uint32_t i = n; i > 1; i--) {
			uint32_t j = any(i);

			keep = segment[i - 1], segment[i - 1] = segment[j], segment[j] = keep;
		}
		s = stream(t, 2, base + (round % 2 ? 0 : segment[0].at), round % 2, 0);
		for (uint32_t i = 0; i < n; i++) {
			enum tcp_stream_result got = tcp_stream_add(t, s, base + segment[i].at,
								    guard_copy((struct span){ text + segment[i].at, segment[i].len }));

			assert_true(got == TCP_STREAM_GREW || got == TCP_STREAM_SAME);
			assert_memory_equal(s->bytes, text + (s->base - base), s->whole);
		}
		assert_int_equal(s->base, base);
		assert_int_equal(tcp_stream_bytes(s).len, BYTES);
		tcp_streams_free(t);
	}
}

static void bytes_that_were_read_make_room(void **state)
{
	struct tcp_streams *t = table(4, 64, 1 << 20, NULL);
	struct tcp_stream *s = stream(t, 2, 1000, false, 0);
	char sixty[60];

	(void)state;
	memset(sixty, 'x', sizeof(sixty));
	assert_int_equal(tcp_stream_add(t, s, 1000, (struct span){ sixty, 60 }), TCP_STREAM_GREW);
	assert_int_equal(tcp_stream_add(t, s, 1060, SPAN_LIT("abcdefgh")), TCP_STREAM_GREW);	/* four of them fit */
	assert_int_equal(tcp_stream_bytes(s).len, 64);
	tcp_stream_skip(t, s, 60, 10);
	assert_true(span_eq(tcp_stream_bytes(s), SPAN_LIT("abcd")));
	assert_int_equal(tcp_stream_add(t, s, 1060, SPAN_LIT("abcdefgh")), TCP_STREAM_GREW);
	assert_true(span_eq(tcp_stream_bytes(s), SPAN_LIT("abcdefgh")));
	assert_int_equal(tcp_stream_add(t, s, 1000, SPAN_LIT("old")), TCP_STREAM_SAME);		/* its beginning is certain now */
	assert_int_equal(tcp_stream_add(t, s, 1070, SPAN_LIT("kl")), TCP_STREAM_SAME);		/* behind a gap */
	tcp_stream_skip(t, s, 3, 10);
	assert_int_equal(tcp_stream_add(t, s, 1068, SPAN_LIT("ij")), TCP_STREAM_GREW);
	assert_true(span_eq(tcp_stream_bytes(s), SPAN_LIT("defghijkl")));
	tcp_stream_skip(t, s, 9, 10);
	assert_int_equal(tcp_stream_bytes(s).len, 0);
	assert_int_equal(tcp_stream_add(t, s, 1072, SPAN_LIT("m")), TCP_STREAM_GREW);
	assert_true(span_eq(tcp_stream_bytes(s), SPAN_LIT("m")));
	tcp_streams_free(t);
}

static void a_stream_is_found_by_both_its_ends_and_direction(void **state)
{
	struct addr a = end_of(2, 50000), b = end_of(1, 443), other = end_of(2, 50001);
	struct tcp_streams *t = table(8, 64, 1 << 20, NULL);
	struct tcp_stream *s = tcp_stream_new(t, &a, &b, 0, true, 0), *back = tcp_stream_new(t, &b, &a, 0, true, 0);

	(void)state;
	assert_ptr_equal(tcp_stream_find(t, &a, &b), s);
	assert_ptr_equal(tcp_stream_find(t, &b, &a), back);
	assert_null(tcp_stream_find(t, &other, &b));
	tcp_stream_drop(t, s);
	assert_null(tcp_stream_find(t, &a, &b));
	assert_int_equal(tcp_streams_count(t), 1);
	tcp_streams_free(t);
}

static void the_oldest_go_where_a_bound_is_reached(void **state)
{
	struct tcp_streams_bounds b = tcp_streams_bounds_default();
	struct gone_count g = { 0 };
	struct tcp_streams *t = tcp_streams_new(&b, 42, on_gone, &g);
	static char full[LIMIT_HELLO_BYTES];
	struct tcp_stream *s;

	(void)state;
	for (unsigned i = 0; i < LIMIT_STREAMS; i++)
		assert_int_equal(tcp_stream_add(t, stream(t, i, 7, true, i), 7, SPAN_LIT("x")), TCP_STREAM_GREW);
	assert_int_equal(g.evicted, 0);
	assert_true(tcp_streams_bytes(t) <= LIMIT_STREAMS_BYTES);
	stream(t, LIMIT_STREAMS, 7, true, LIMIT_STREAMS);
	assert_int_equal(g.evicted, 1);
	assert_int_equal(g.last.ip[3], 0);
	assert_int_equal(tcp_streams_count(t), LIMIT_STREAMS);

	/* bytes of all together: a stream that grows is not the one that goes, however old it is */
	s = tcp_streams_oldest(t);
	for (unsigned i = 0; i < LIMIT_STREAMS_BYTES / LIMIT_HELLO_BYTES; i++) {
		assert_int_equal(tcp_stream_add(t, s, 7, (struct span){ full, 1 }), i ? TCP_STREAM_GREW : TCP_STREAM_CONFLICT);
		assert_int_equal(tcp_stream_add(t, s, 8, (struct span){ full, sizeof(full) - 1 }), i ? TCP_STREAM_GREW : TCP_STREAM_CONFLICT);
		assert_true(tcp_streams_bytes(t) <= LIMIT_STREAMS_BYTES);
		s = stream(t, LIMIT_STREAMS + 1 + i, 7, true, LIMIT_STREAMS + 1);
	}
	assert_true(g.evicted > LIMIT_STREAMS / 2);
	assert_true(tcp_streams_count(t) > 1000);

	/* and age */
	g = (struct gone_count){ 0 };
	tcp_streams_age(t, LIMIT_STREAMS + LIMIT_STREAM_MS);
	assert_int_equal(g.evicted, 0);
	assert_true(tcp_streams_count(t) > 1000);
	tcp_streams_age(t, LIMIT_STREAMS + 1 + LIMIT_STREAM_MS);
	assert_int_equal(tcp_streams_count(t), 0);
	assert_int_equal(tcp_streams_bytes(t), 0);
	assert_true(g.aged > 1000);
	tcp_streams_free(t);
}

static void one_stream_alone_may_be_too_much(void **state)
{
	struct tcp_streams *t = table(4, 64, 10, NULL);
	struct tcp_stream *s = stream(t, 2, 7, true, 0);

	(void)state;
	assert_int_equal(tcp_stream_add(t, s, 7, SPAN_LIT("x")), TCP_STREAM_NO_MEMORY);
	assert_int_equal(tcp_stream_bytes(s).len, 0);
	tcp_streams_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_scene_ends_as_it_says),
		cmocka_unit_test(any_order_gives_the_same_bytes),
		cmocka_unit_test(bytes_that_were_read_make_room),
		cmocka_unit_test(a_stream_is_found_by_both_its_ends_and_direction),
		cmocka_unit_test(the_oldest_go_where_a_bound_is_reached),
		cmocka_unit_test(one_stream_alone_may_be_too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
