/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_ip_frag - fragments in any order give the packet that was cut
 *
 * links: ip_frag
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "container.h"
#include "guard.h"
#include "ip_frag.h"
#include "seed.h"

enum { PAYLOAD = 3000, PIECES = 40 };

static uint32_t turn = 1;

static uint32_t any(uint32_t below)
{
	turn = turn * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(turn >> 8) * below >> 24);
}

/* a whole packet of either version, with options or extension headers when @more; @id: IPv4 only */
static struct span packet(bool v6, bool more, uint16_t id, size_t payload)
{
	static char room[70000];
	size_t head = v6 ? 40 + (more ? 16 : 0) : more ? 24 : 20;

	memset(room, 0, head);
	room[0] = v6 ? 0x60 : (char)(0x40 | head / 4);
	if (v6) {
		room[4] = (char)((head - 40 + payload) >> 8), room[5] = (char)(head - 40 + payload);
		room[6] = more ? 0 : 17, room[23] = 2, room[39] = 7;
		if (more)	/* hop-by-hop, then destination options */
			room[40] = 60, room[48] = 17;
	} else {
		room[2] = (char)((head + payload) >> 8), room[3] = (char)(head + payload);
		room[4] = (char)(id >> 8), room[5] = (char)id;
		room[9] = 17, room[15] = 2, room[19] = 7;
	}
	for (size_t i = 0; i < payload; i++)
		room[head + i] = (char)any(256);
	return (struct span){ room, head + payload };
}

/* cut - the piece of @whole from @at on; static storage, a new one each time of PIECES */
static struct span cut(struct span whole, uint16_t id, size_t at, size_t len)
{
	static char rooms[PIECES][4096];
	static unsigned next;
	char *to = rooms[next++ % PIECES];
	bool v6 = (uint8_t)whole.p[0] >> 4 == 6;
	size_t head = v6 ? whole.p[6] == 0 ? 56 : 40 : (size_t)(whole.p[0] & 15) * 4;
	bool last = head + at + len == whole.len;

	memcpy(to, whole.p, head);
	if (v6) {
		size_t bytes = head - 40 + 8 + len;

		to[4] = (char)(bytes >> 8), to[5] = (char)bytes;
		to[head] = 17, to[head + 1] = 0;
		to[head + 2] = (char)(at >> 8), to[head + 3] = (char)(at | !last);
		to[head + 4] = to[head + 5] = 0, to[head + 6] = (char)(id >> 8), to[head + 7] = (char)id;
		if (head == 40)
			to[6] = 44;
		else
			to[48] = 44;
		head += 8;
		memcpy(to + head, whole.p + head - 8 + at, len);
	} else {
		to[2] = (char)((head + len) >> 8), to[3] = (char)(head + len);
		to[4] = (char)(id >> 8), to[5] = (char)id;
		to[6] = (char)((at / 8) >> 8 | (last ? 0 : 0x20)), to[7] = (char)(at / 8);
		memcpy(to + head, whole.p + head + at, len);
	}
	return (struct span){ to, head + len };
}

static void any_order_gives_the_packet(void **state)
{
	struct ip_frag *t = ip_frag_new();

	(void)state;
	for (int round = 0; round < 400; round++) {
		size_t pieces = 0, bytes = 1 + any(PAYLOAD);
		struct span whole = packet(round & 1, round & 2, (uint16_t)round, bytes), piece[PIECES], keep, out;
		unsigned done = 0;

		for (size_t at = 0; at < bytes && pieces < PIECES / 2; pieces++) {
			size_t len = pieces == PIECES / 2 - 1 ? bytes - at : (1 + any(60)) * 8;

			if (len > bytes - at)
				len = bytes - at;
			piece[pieces] = cut(whole, (uint16_t)round, at, len);
			at += len;
		}
		for (size_t i = 0, once = pieces; i < once; i++)
			if (any(3) == 0)
				piece[pieces++] = piece[i];
		for (size_t i = pieces; i > 1; i--) {
			size_t j = any((uint32_t)i);

			keep = piece[i - 1], piece[i - 1] = piece[j], piece[j] = keep;
		}
		for (size_t i = 0; i < pieces; i++) {
			enum ip_frag_result got = ip_frag_add(t, guard_copy(piece[i]), &out);

			if (round < 12)
				seed("ip_frag", piece[i]);
			if (got != IP_FRAG_WHOLE) {
				assert_int_equal(got, IP_FRAG_MORE);
				continue;
			}
			done++;
			assert_true(span_eq(out, whole) || out.len == piece[i].len);
		}
		assert_true(done >= 1);
		ip_frag_free(t);
		t = ip_frag_new();
	}
	ip_frag_free(t);
}

static void what_is_no_fragment_passes(void **state)
{
	struct span v4 = packet(false, false, 1, 100), out;
	struct ip_frag *t = ip_frag_new();
	char atomic[200];

	(void)state;
	assert_int_equal(ip_frag_add(t, v4, &out), IP_FRAG_WHOLE);
	assert_ptr_equal(out.p, v4.p);
	assert_int_equal(ip_frag_add(t, (struct span){ "", 0 }, &out), IP_FRAG_WHOLE);
	assert_int_equal(ip_frag_add(t, SPAN_LIT("\x45\x00"), &out), IP_FRAG_WHOLE);
	assert_int_equal(ip_frag_add(t, SPAN_LIT("text"), &out), IP_FRAG_WHOLE);
	memcpy(atomic, cut(packet(true, false, 1, 100), 1, 0, 100).p, 148);
	assert_int_equal(ip_frag_add(t, (struct span){ atomic, 148 }, &out), IP_FRAG_WHOLE);
	assert_ptr_equal(out.p, atomic);
	assert_int_equal(ip_frag_waiting(t), 0);
	ip_frag_free(t);
}

static void contradictions_and_malformed_ones_are_given_up(void **state)
{
	struct ip_frag *t = ip_frag_new();
	struct span whole = packet(false, false, 1, 800), piece, out;
	char other[4096];

	(void)state;
	/* another byte in the same place */
	assert_int_equal(ip_frag_add(t, cut(whole, 1, 0, 400), &out), IP_FRAG_MORE);
	piece = cut(whole, 1, 200, 400);
	memcpy(other, piece.p, piece.len);
	other[30] ^= 1;
	assert_int_equal(ip_frag_add(t, (struct span){ other, piece.len }, &out), IP_FRAG_BAD);
	assert_int_equal(ip_frag_waiting(t), 0);
	assert_int_equal(ip_frag_lost(t), 1);
	/* two ends */
	assert_int_equal(ip_frag_add(t, cut(whole, 2, 400, 400), &out), IP_FRAG_MORE);
	piece = cut(whole, 2, 0, 408);
	memcpy(other, piece.p, piece.len);
	other[6] = other[7] = 0, other[7] = 1;
	assert_int_equal(ip_frag_add(t, (struct span){ other, piece.len }, &out), IP_FRAG_BAD);
	/* an end before what came already */
	assert_int_equal(ip_frag_add(t, cut(whole, 8, 400, 392), &out), IP_FRAG_MORE);
	piece = cut(whole, 8, 0, 392);
	memcpy(other, piece.p, piece.len);
	other[6] = 0, other[7] = 1;
	assert_int_equal(ip_frag_add(t, (struct span){ other, piece.len }, &out), IP_FRAG_BAD);
	/* one that is not a multiple of 8 and not the last; one that ends behind 65,535; one longer than what was captured */
	piece = cut(whole, 3, 0, 401);
	assert_int_equal(ip_frag_add(t, piece, &out), IP_FRAG_BAD);
	piece = cut(whole, 4, 400, 400);
	memcpy(other, piece.p, piece.len);
	other[6] = 0x1f, other[7] = (char)0xff;
	assert_int_equal(ip_frag_add(t, (struct span){ other, piece.len }, &out), IP_FRAG_BAD);
	piece = cut(whole, 5, 0, 400);
	assert_int_equal(ip_frag_add(t, (struct span){ piece.p, piece.len - 1 }, &out), IP_FRAG_BAD);
	/* other addresses, identification: another packet */
	assert_int_equal(ip_frag_add(t, cut(whole, 6, 0, 400), &out), IP_FRAG_MORE);
	assert_int_equal(ip_frag_add(t, cut(whole, 7, 400, 400), &out), IP_FRAG_MORE);
	assert_int_equal(ip_frag_waiting(t), 2);
	assert_int_equal(ip_frag_lost(t), 6);
	ip_frag_free(t);
}

static void the_oldest_goes_where_there_is_no_place(void **state)
{
	struct ip_frag *t = ip_frag_new();
	struct span whole = packet(true, false, 1, 800), out;

	(void)state;
	for (uint16_t i = 0; i <= IP_FRAG_PACKETS; i++)
		assert_int_equal(ip_frag_add(t, cut(whole, i, 0, 400), &out), IP_FRAG_MORE);
	assert_int_equal(ip_frag_waiting(t), IP_FRAG_PACKETS);
	assert_int_equal(ip_frag_lost(t), 1);
	assert_int_equal(ip_frag_add(t, cut(whole, 1, 400, 400), &out), IP_FRAG_WHOLE);
	assert_true(span_eq(out, whole));
	assert_int_equal(ip_frag_add(t, cut(whole, 0, 400, 400), &out), IP_FRAG_MORE);	/* its first half is gone */
	ip_frag_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order_gives_the_packet),
		cmocka_unit_test(what_is_no_fragment_passes),
		cmocka_unit_test(contradictions_and_malformed_ones_are_given_up),
		cmocka_unit_test(the_oldest_goes_where_there_is_no_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
