/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_hello - whatever its packets' sizes and order, a connection's ClientHello is read, and then forgotten
 *
 * limits: HELLO_BYTES STREAMS STREAM_MS QUIC_FLOWS
 * links: hello tcp_stream quic_flows quic_initial quic_crypto tls_hello host addr
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <arpa/inet.h>

#include <cmocka.h>

#include "../../daemon/hello.h"	/* beside this file there is another one of that name */
#include "container.h"
#include "guard.h"
#include "hello.h"
#include "limits.h"
#include "quic_build.h"

#define NAME		"\x00\x00\x00\x10\x00\x0e\x00\x00\x0b" "ads.example"
#define GREASE		"\x0a\x0a\x00\x00"
#define GREASE_LAST	"\xda\xda\x00\x01\x00"
#define GROUPS		"\x00\x0a\x00\x04\x00\x02\x00\x1d"
#define ECH		"\xfe\x0d\x00\x03\x00\x00\x01"

static struct hello *h;
static struct quic_crypto *crypto;
static struct hello_told told;
static uint64_t now_ms = 1000;

static int setup(void **state)
{
	(void)state;
	h = hello_new(42);
	crypto = quic_crypto_new();
	return h && crypto ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	hello_free(h);
	hello_free(NULL);
	quic_crypto_free(crypto);
	return 0;
}

static struct addr end_of(unsigned host, unsigned port)
{
	uint8_t ip[4] = { 10, (uint8_t)(host >> 16), (uint8_t)(host >> 8), (uint8_t)host };
	struct addr a;

	addr_from_ip(&a, AF_INET, ip);
	a.port_be = htons((uint16_t)port);
	return a;
}

static enum hello_what say(bool udp, unsigned host, uint32_t seq, struct span payload)
{
	struct hello_packet p = { .udp = udp, .src = end_of(host, 50000), .dst = end_of(1, 443), .seq = seq, .payload = guard_copy(payload) };
	enum hello_what what = hello_read(h, &p, now_ms, &told);

	assert_true(what < HELLO_WHATS && told.name_len == strlen(told.name));
	assert_true((what == HELLO_NAME) == (told.name_len > 0));
	return what;
}

static enum hello_what tcp(unsigned host, uint32_t seq, struct span payload) { return say(false, host, seq, payload); }
static enum hello_what udp(unsigned host, const struct bytes *b) { return say(true, host, 0, bytes_span(b)); }

/* part - bytes of @s from @from up to @to */
static struct span part(struct span s, size_t from, size_t to)
{
	return (struct span){ s.p + from, to - from };
}

/* forgotten - nothing waits any more */
static void forgotten(const char *why)
{
	if (hello_age(h, now_ms))
		fail_msg("%s: left something behind", why);
}

/* all_gone - what the test left undecided goes by its age; returns how many */
static uint64_t all_gone(void)
{
	uint64_t before = hello_overruns(h);

	now_ms += LIMIT_STREAM_MS;
	assert_false(hello_age(h, now_ms));
	return hello_overruns(h) - before;
}

/* --- TCP --------------------------------------------------------------------------- */

static const struct row {
	const char *why;
	const char *exts;
	size_t len;
	enum hello_what what;
	enum hello_why fault;
	const char *name;
	bool ech;
} rows[] = {
#define EXTS(s) (s), sizeof(s) - 1
	{ "a name", EXTS(NAME), HELLO_NAME, HELLO_READ, "ads.example", false },
	{ "GREASE before and behind", EXTS(GREASE GROUPS NAME GREASE_LAST), HELLO_NAME, HELLO_READ, "ads.example", false },
	{ "ECH: the outer name", EXTS(NAME ECH), HELLO_NAME, HELLO_READ, "ads.example", true },
	{ "ECH without a name", EXTS(ECH), HELLO_NAMELESS, HELLO_READ, "", true },
	{ "no name", EXTS(GROUPS), HELLO_NAMELESS, HELLO_READ, "", false },
	{ "no extensions", EXTS(""), HELLO_NAMELESS, HELLO_READ, "", false },
	{ "malformed behind the name", EXTS(NAME "\x00\x0a\x00\x05\x00"), HELLO_NAME, HELLO_FAULT, "ads.example", false },
	{ "twice, with ECH behind", EXTS(NAME NAME ECH), HELLO_NAME, HELLO_FAULT, "ads.example", false },
	{ "malformed before the name", EXTS("\xfe\x0d\x00\x00" NAME), HELLO_PASS, HELLO_FAULT, "", false },
	{ "a name of spaces", EXTS("\x00\x00\x00\x08\x00\x06\x00\x00\x03" "a b"), HELLO_PASS, HELLO_FAULT, "", false },
};

static void expect(const char *why, const char *how, enum hello_what got, const struct row *row)
{
	if (got != row->what || told.why != row->fault || told.ech != row->ech || strcmp(told.name, row->name) != 0)
		fail_msg("%s, %s: %d, why %d, ech %d, \"%s\"", why, how, got, told.why, told.ech, told.name);
	forgotten(why);
}

static void each_row_is_read_in_one_segment_and_in_two(void **state)
{
	static const size_t records[] = { 16384, 60, 7 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows) * ARRAY_LEN(records); i++) {
		const struct row *row = &rows[i / ARRAY_LEN(records)];
		struct span in = hello_records(hello_good((struct span){ row->exts, row->len }), records[i % ARRAY_LEN(records)]);
		char how[80];

		expect(row->why, "whole", tcp(2, (uint32_t)i, in), row);
		for (size_t cut = 1; cut < in.len; cut++) {
			uint32_t seq = 0u - (uint32_t)in.len / 2;	/* the sequence numbers wrap within */

			snprintf(how, sizeof(how), "records of %zu, cut at %zu", records[i % ARRAY_LEN(records)], cut);
			if (tcp(2, seq, part(in, 0, cut)) != HELLO_MORE)
				fail_msg("%s, %s: the first part is no beginning", row->why, how);
			expect(row->why, how, tcp(2, seq + (uint32_t)cut, part(in, cut, in.len)), row);
			if (tcp(2, seq + (uint32_t)cut, part(in, cut, in.len)) > HELLO_ODD)
				fail_msg("%s, %s: the second part alone decides: why %d", row->why, how, told.why);
			assert_true(hello_age(h, now_ms));
			strcat(how, ", the second first");
			expect(row->why, how, tcp(2, seq, part(in, 0, cut)), row);
		}
	}
}

static void the_second_segment_first_is_odd(void **state)
{
	struct span in = hello_records(hello_good(hello_name("www.example")), 16384);

	(void)state;
	assert_int_equal(tcp(2, 1050, part(in, 50, in.len)), HELLO_ODD);
	assert_int_equal(tcp(2, 1050, part(in, 50, in.len)), HELLO_ODD);	/* again */
	assert_int_equal(tcp(3, 1000, part(in, 0, 50)), HELLO_MORE);	/* another connection */
	assert_int_equal(tcp(2, 1000, part(in, 0, 50)), HELLO_NAME);
	assert_int_equal(tcp(3, 1050, part(in, 50, in.len)), HELLO_NAME);
	forgotten("two connections");
}

/* in every order of four segments, each with @extra bytes of the next, and each sent twice where @twice says */
static void segments_in_any_order_say_the_same(void **state)
{
	struct span in = hello_records(hello_good(hello_name("www.example")), 40);
	size_t cut[] = { 0, in.len / 5, in.len / 2, in.len - 9, in.len };

	(void)state;
	for (unsigned n = 0; n < 24 * 2 * 2; n++) {
		unsigned left[4] = { 0, 1, 2, 3 }, order = n % 24, again = n / 24 % 2, got = 0;
		size_t extra = n / 48 ? 5 : 0;

		for (unsigned i = 0; i < 4; i++) {
			unsigned pick = order % (4 - i), piece = left[pick];
			size_t end = cut[piece + 1] + (piece < 3 ? extra : 0);

			order /= 4 - i;
			memmove(left + pick, left + pick + 1, (3 - pick) * sizeof(left[0]));
			got = tcp(2, 5000 + (uint32_t)cut[piece], part(in, cut[piece], end));
			if (i < 3 && again)
				got = tcp(2, 5000 + (uint32_t)cut[piece], part(in, cut[piece], end));
			if (i < 3 && got > HELLO_ODD)
				fail_msg("order %u: %u, why %d", n, got, told.why);
		}
		assert_int_equal(got, HELLO_NAME);
		assert_string_equal(told.name, "www.example");
		forgotten("an order");
	}
}

static void segments_that_contradict_each_other_pass(void **state)
{
	struct span in = hello_records(hello_good(hello_name("ads.example")), 16384), other;

	(void)state;
	other = hello_records(hello_good(hello_name("www.example")), 16384);
	for (unsigned turned = 0; turned < 2; turned++) {
		size_t cut = in.len - 10, from = turned ? cut : 0, to = turned ? in.len : cut;

		assert_true(tcp(2, (uint32_t)from, part(in, from, to)) <= HELLO_ODD);
		assert_int_equal(tcp(2, 0, other), HELLO_PASS);
		assert_int_equal(told.why, HELLO_CONFLICT);
		forgotten("a conflict");
	}
}

static void what_is_no_tls_is_odd_and_what_is_no_hello_too(void **state)
{
	static const struct { const char *why; struct span in; enum hello_what want; enum hello_why fault; } raw[] = {
		{ "HTTP", SPAN_LIT("GET / HTTP/1.1\r\n\r\n"), HELLO_ODD, 0 },
		{ "SSH", SPAN_LIT("SSH-2.0-OpenSSH\r\n"), HELLO_ODD, 0 },
		{ "application data", SPAN_LIT("\x17\x03\x03\x00\x03" "abc"), HELLO_ODD, 0 },
		{ "a server's hello, or the middle of a message", SPAN_LIT("\x16\x03\x01\x00\x30\x02"), HELLO_ODD, 0 },
		{ "one byte", SPAN_LIT("\x16"), HELLO_MORE, 0 },
		{ "nothing", SPAN_LIT(""), HELLO_MORE, 0 },
		{ "an empty record", SPAN_LIT("\x16\x03\x01\x00\x00"), HELLO_PASS, HELLO_FAULT },
		{ "a hello of 65,536", SPAN_LIT("\x16\x03\x01\x40\x00\x01\x01\x00\x00"), HELLO_PASS, HELLO_LARGE },
		{ "the form of SSL 2", SPAN_LIT("\x80\x1c\x01\x03\x01\x00\x03\x00\x00\x00\x10\x01\x00\x80" "0123456789012345"), HELLO_NAMELESS, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(raw); i++) {
		enum hello_what got = tcp(100 + (unsigned)i, 77, raw[i].in);

		if (got != raw[i].want || told.why != raw[i].fault)
			fail_msg("%s: %d, why %d", raw[i].why, got, told.why);
	}
	assert_int_equal(all_gone(), 6);	/* those that are undecided */
	forgotten("what was no TLS");
}

static void a_hello_has_a_greatest_length(void **state)
{
	static char pad[LIMIT_HELLO_BYTES] = { 0, 21 };
	struct span name = hello_name("www.example"), in;
	char exts[sizeof(pad) + 100];
	size_t room = LIMIT_HELLO_BYTES - 5 - hello_good(name).len - 4, at = 0;	/* for the padding's bytes */

	(void)state;
	for (unsigned over = 0; over < 2; over++) {
		enum hello_what what = HELLO_MORE;

		pad[2] = (char)((room + over) >> 8);
		pad[3] = (char)(room + over);
		memcpy(exts, pad, 4 + room + over);
		memcpy(exts + 4 + room + over, name.p, name.len);
		in = hello_records(hello_good((struct span){ exts, 4 + room + over + name.len }), 20000);
		assert_int_equal(in.len, LIMIT_HELLO_BYTES + over);
		for (at = 0; what == HELLO_MORE; at += 1400)
			what = tcp(2, (uint32_t)at, part(in, at, at + 1400 < in.len ? at + 1400 : in.len));
		assert_int_equal(what, over ? HELLO_PASS : HELLO_NAME);
		assert_int_equal(told.why, over ? HELLO_LARGE : HELLO_READ);
		assert_true(over ? at == 1400 : at >= in.len);	/* is known at once */
	}
	/* data that can be no part of it */
	assert_int_equal(tcp(2, 1000, SPAN_LIT("\x16\x03\x01")), HELLO_MORE);
	assert_int_equal(tcp(2, 1000 + LIMIT_HELLO_BYTES, SPAN_LIT("x")), HELLO_PASS);
	assert_int_equal(told.why, HELLO_NO_ROOM);
	forgotten("too long");
}

static void a_connection_is_forgotten_by_age_and_by_bound(void **state)
{
	struct span in = hello_records(hello_good(hello_name("www.example")), 16384);
	uint64_t before = hello_overruns(h), begun_ms = now_ms;

	(void)state;
	assert_int_equal(tcp(2, 0, part(in, 0, 50)), HELLO_MORE);
	now_ms = begun_ms + LIMIT_STREAM_MS - 1;
	assert_true(hello_age(h, now_ms));
	assert_int_equal(tcp(2, 50, part(in, 50, 60)), HELLO_MORE);	/* makes it no younger */
	now_ms++;
	assert_int_equal(tcp(2, 60, part(in, 60, in.len)), HELLO_ODD);
	assert_int_equal(hello_overruns(h), before + 1);
	assert_int_equal(all_gone(), 1);

	for (unsigned i = 0; i < LIMIT_STREAMS; i++)
		assert_int_equal(tcp(10 + i, 0, part(in, 0, 6)), HELLO_MORE);
	assert_int_equal(hello_overruns(h), before + 2);
	assert_int_equal(tcp(10 + LIMIT_STREAMS, 0, part(in, 0, 6)), HELLO_MORE);	/* the first one goes */
	assert_int_equal(hello_overruns(h), before + 3);
	assert_int_equal(tcp(11, 6, part(in, 6, in.len)), HELLO_NAME);
	assert_int_equal(tcp(10, 6, part(in, 6, in.len)), HELLO_ODD);
	assert_int_equal(all_gone(), LIMIT_STREAMS);
}

/* --- QUIC -------------------------------------------------------------------------- */

static void datagram(struct bytes *out, const struct initial *i, struct span frames)
{
	struct initial full = *i;

	full.dcid = i->dcid.len ? i->dcid : SPAN_LIT("\x83\x94\xc8\xf0\x3e\x51\x57\x08");
	full.pn_bytes = 2;
	full.pad = 1200;
	build_initial(out, crypto, &full, frames);
}

/* piece - a datagram with bytes from..to of the hello for @name, which is 1600 bytes long */
static struct bytes piece(const char *name, uint32_t version, unsigned pn, size_t from, size_t to)
{
	struct bytes hello = { 0 }, frames = { 0 }, out = { 0 };

	build_hello(&hello, span_of(name), 1600);
	put_crypto(&frames, bytes_span(&hello), from, to - from);
	datagram(&out, &(struct initial){ .version = version, .pn = pn }, bytes_span(&frames));
	return out;
}

enum { V1 = 1, V2 = 0x6b3343cf };

static void one_datagram_says_it(void **state)
{
	static const struct { const char *why, *exts; size_t len; uint32_t version; enum hello_what what; enum hello_why fault; bool ech; } in[] = {
		{ "version 1", EXTS(NAME), V1, HELLO_NAME, HELLO_READ, false },
		{ "version 2", EXTS(GREASE NAME), V2, HELLO_NAME, HELLO_READ, false },
		{ "ECH", EXTS(NAME ECH), V1, HELLO_NAME, HELLO_READ, true },
		{ "no name", EXTS(GROUPS), V1, HELLO_NAMELESS, HELLO_READ, false },
		{ "malformed behind the name", EXTS(NAME "\0"), V1, HELLO_NAME, HELLO_FAULT, false },
		{ "malformed", EXTS("\0"), V1, HELLO_PASS, HELLO_FAULT, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(in); i++) {
		struct span message = hello_good((struct span){ in[i].exts, in[i].len });
		struct bytes frames = { 0 }, out = { 0 };
		enum hello_what got;

		put_crypto(&frames, message, 0, message.len);
		datagram(&out, &(struct initial){ .version = in[i].version }, bytes_span(&frames));
		got = udp(2, &out);
		if (got != in[i].what || told.why != in[i].fault || told.ech != in[i].ech)
			fail_msg("%s: %d, why %d, ech %d", in[i].why, got, told.why, told.ech);
		assert_string_equal(told.name, got == HELLO_NAME ? "ads.example" : "");
		forgotten(in[i].why);
	}
}

static void two_datagrams_say_it_in_either_order(void **state)
{
	static const uint32_t version[] = { V1, V2 };

	(void)state;
	for (unsigned n = 0; n < 4; n++) {
		struct bytes a = piece("www.example", version[n / 2], 0, 0, 1000), b = piece("www.example", version[n / 2], 1, 1000, 1600);
		const struct bytes *first = n % 2 ? &b : &a, *second = n % 2 ? &a : &b;

		assert_int_equal(udp(2, first), HELLO_MORE);
		assert_int_equal(udp(2, first), HELLO_MORE);		/* again */
		assert_int_equal(told.quic, QUIC_MORE);
		assert_true(hello_age(h, now_ms));
		assert_int_equal(udp(3, second), HELLO_MORE);		/* another client */
		assert_int_equal(udp(2, second), HELLO_NAME);
		assert_string_equal(told.name, "www.example");
		assert_int_equal(udp(3, first), HELLO_NAME);
		forgotten("two datagrams");
	}
}

static void scattered_frames_are_put_together(void **state)
{
	struct bytes hello = { 0 }, frames[2] = { { 0 }, { 0 } }, out = { 0 };

	(void)state;
	build_hello(&hello, SPAN_LIT("www.example"), 1600);
	for (size_t at = 1600; at; at -= 40) {		/* backwards, every other one in the other datagram, with PING and PADDING */
		struct bytes *to = &frames[at / 40 % 2];

		put(to, "\1\0\0\1", 4);
		put_crypto(to, bytes_span(&hello), at - 40, 40);
	}
	datagram(&out, &(struct initial){ .version = V1, .pn = 1 }, bytes_span(&frames[1]));
	assert_int_equal(udp(2, &out), HELLO_MORE);
	out.len = 0;
	datagram(&out, &(struct initial){ .version = V1 }, bytes_span(&frames[0]));
	assert_int_equal(udp(2, &out), HELLO_NAME);
	assert_string_equal(told.name, "www.example");
	forgotten("scattered frames");
}

/* 0-RTT or whatever else before the Initial packet, in one datagram with it or in one of its own */
static void an_initial_packet_may_come_behind_others(void **state)
{
	struct bytes other = { 0 }, out = { 0 }, a = piece("www.example", V1, 0, 0, 1000), b = piece("www.example", V1, 1, 1000, 1600);
	struct bytes hello = { 0 }, frames = { 0 };

	(void)state;
	build_initial(&other, crypto, &(struct initial){ .version = V1, .dcid = SPAN_LIT("abcdefgh"), .pn_bytes = 1, .type = 1 }, SPAN_LIT("early data"));
	assert_int_equal(udp(2, &other), HELLO_PASS);
	assert_int_equal(told.quic, QUIC_NO_INITIAL);
	forgotten("0-RTT alone");
	out = other;
	put(&out, a.p, a.len);
	assert_int_equal(udp(2, &out), HELLO_MORE);
	assert_int_equal(udp(2, &other), HELLO_MORE);		/* after the beginning it says nothing */
	assert_int_equal(told.quic, QUIC_NO_INITIAL);
	out = other;
	put(&out, b.p, b.len);
	assert_int_equal(udp(2, &out), HELLO_NAME);
	out = other;
	build_hello(&hello, SPAN_LIT("www.example"), 600);
	put_crypto(&frames, bytes_span(&hello), 0, hello.len);
	datagram(&out, &(struct initial){ .version = V1 }, bytes_span(&frames));
	assert_int_equal(udp(2, &out), HELLO_NAME);
	assert_string_equal(told.name, "www.example");
	forgotten("behind 0-RTT");
}

static void what_cannot_be_read_passes_and_says_why(void **state)
{
	static const struct { const char *why; struct span in; enum quic_result quic; } raw[] = {
		{ "nothing", SPAN_LIT(""), QUIC_ALIEN },
		{ "DNS", SPAN_LIT("\x12\x34\1\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1"), QUIC_ALIEN },
		{ "a short header", SPAN_LIT("\x40\1\2\3\4\5\6\7\10\11\12\13"), QUIC_ALIEN },
		{ "Version Negotiation", SPAN_LIT("\x80\0\0\0\0\0\0\0\0\0\1"), QUIC_NEGOTIATION },
		{ "a version of the future", SPAN_LIT("\xc0\0\0\0\x7f\0\0\0\0\0\1"), QUIC_VERSION },
		{ "Google QUIC", SPAN_LIT("\xc0Q046\0\0\0\0\0\1"), QUIC_GOOGLE },
		{ "Handshake", SPAN_LIT("\xe0\0\0\0\1\0\0\4abcd"), QUIC_NO_INITIAL },
		{ "too short", SPAN_LIT("\xc0\0\0\0\1\0\0\0\x7f\xff" "abc"), QUIC_SHORT },
		{ "noise in an Initial packet", SPAN_LIT("\xc0\0\0\0\1\0\0\0\x1b" "abcdefghijklmnopqrstuvwxyza"), QUIC_DECRYPT },
	};
	struct bytes out = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(raw); i++) {
		enum hello_what got = say(true, 2, 0, raw[i].in);

		if (got != HELLO_PASS || told.why != HELLO_QUIC || told.quic != raw[i].quic)
			fail_msg("%s: %d, why %d, %s", raw[i].why, got, told.why, quic_name(told.quic));
		forgotten(raw[i].why);
	}
	datagram(&out, &(struct initial){ .version = V1 }, SPAN_LIT("\6\0\4\2\0\0\1"));
	assert_int_equal(udp(2, &out), HELLO_PASS);
	assert_int_equal(told.quic, QUIC_NO_HELLO);
	out.len = 0;
	datagram(&out, &(struct initial){ .version = V1 }, SPAN_LIT("\6\0\4\1\0\x40\0"));
	assert_int_equal(udp(2, &out), HELLO_PASS);
	assert_int_equal(told.quic, QUIC_TOO_LONG);
	forgotten("no hello");

	out = piece("ads.example", V1, 0, 0, 1000);	/* after a beginning: noise is nothing, a contradiction is the end */
	assert_int_equal(udp(2, &out), HELLO_MORE);
	assert_int_equal(say(true, 2, 0, raw[8].in), HELLO_MORE);
	assert_int_equal(told.quic, QUIC_DECRYPT);
	out = piece("www.example", V1, 1, 0, 1000);
	assert_int_equal(udp(2, &out), HELLO_PASS);
	assert_int_equal(told.quic, QUIC_CONFLICT);
	forgotten("a contradiction");
}

static void quic_is_forgotten_by_age_and_by_bound(void **state)
{
	struct bytes a = piece("www.example", V1, 0, 0, 1000), b = piece("www.example", V1, 1, 1000, 1600);
	struct bytes hello = { 0 }, frames = { 0 }, whole = { 0 };
	uint64_t before = hello_overruns(h);

	(void)state;
	assert_int_equal(udp(2, &a), HELLO_MORE);
	now_ms += LIMIT_STREAM_MS - 1;
	assert_true(hello_age(h, now_ms));
	now_ms++;
	assert_int_equal(udp(2, &b), HELLO_MORE);		/* begins anew */
	assert_int_equal(hello_overruns(h), before + 1);
	assert_int_equal(all_gone(), 1);

	for (unsigned i = 0; i < LIMIT_QUIC_FLOWS; i++)
		assert_int_equal(udp(10 + i, &a), HELLO_MORE);
	assert_int_equal(hello_overruns(h), before + 2);
	/* what needs no memory, or is nothing, pushes nobody out */
	build_hello(&hello, SPAN_LIT("www.example"), 600);
	put_crypto(&frames, bytes_span(&hello), 0, hello.len);
	datagram(&whole, &(struct initial){ .version = V1 }, bytes_span(&frames));
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(udp(5000 + i, &whole), HELLO_NAME);
		assert_int_equal(say(true, 6000 + i, 0, SPAN_LIT("\xc0\0\0\0\1\0\0\0\x1b" "abcdefghijklmnopqrstuvwxyza")), HELLO_PASS);
	}
	assert_int_equal(hello_overruns(h), before + 2);
	assert_int_equal(udp(10 + LIMIT_QUIC_FLOWS, &a), HELLO_MORE);	/* the first one goes */
	assert_int_equal(hello_overruns(h), before + 3);
	assert_int_equal(udp(11, &b), HELLO_NAME);
	assert_int_equal(all_gone(), LIMIT_QUIC_FLOWS - 1);
}

static void tcp_and_udp_are_two_connections(void **state)
{
	struct span in = hello_records(hello_good(hello_name("ads.example")), 16384);
	struct bytes a = piece("www.example", V1, 0, 0, 1000), b = piece("www.example", V1, 1, 1000, 1600);

	(void)state;
	assert_int_equal(tcp(2, 0, part(in, 0, 50)), HELLO_MORE);
	assert_int_equal(udp(2, &a), HELLO_MORE);
	assert_int_equal(tcp(2, 50, part(in, 50, in.len)), HELLO_NAME);
	assert_string_equal(told.name, "ads.example");
	assert_true(hello_age(h, now_ms));
	assert_int_equal(udp(2, &b), HELLO_NAME);
	assert_string_equal(told.name, "www.example");
	forgotten("both");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_row_is_read_in_one_segment_and_in_two),
		TEST(the_second_segment_first_is_odd),
		TEST(segments_in_any_order_say_the_same),
		TEST(segments_that_contradict_each_other_pass),
		TEST(what_is_no_tls_is_odd_and_what_is_no_hello_too),
		TEST(a_hello_has_a_greatest_length),
		TEST(a_connection_is_forgotten_by_age_and_by_bound),
		TEST(one_datagram_says_it),
		TEST(two_datagrams_say_it_in_either_order),
		TEST(scattered_frames_are_put_together),
		TEST(an_initial_packet_may_come_behind_others),
		TEST(what_cannot_be_read_passes_and_says_why),
		TEST(quic_is_forgotten_by_age_and_by_bound),
		TEST(tcp_and_udp_are_two_connections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
