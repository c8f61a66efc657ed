/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_quic_initial - links: quic_initial quic_crypto tls_hello host ip_pkt addr
 * limits: QUIC_PACKETS HELLO_BYTES */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "capture.h"
#include "container.h"
#include "guard.h"
#include "ip_pkt.h"
#include "quic_build.h"
#include "quic_initial.h"
#include "tls_hello.h"

static struct quic *quic;
static struct quic_crypto *crypto;

#define CID SPAN_LIT("\x83\x94\xc8\xf0\x3e\x51\x57\x08")
static const struct initial plain = { .version = 1, .dcid = { "\x83\x94\xc8\xf0\x3e\x51\x57\x08", 8 }, .pn_bytes = 1 };

static int setup(void **state)
{
	(void)state;
	quic = quic_new();
	crypto = quic_crypto_new();
	return quic && crypto ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	quic_free(quic);
	quic_crypto_free(crypto);
	return 0;
}

static void unhex(struct bytes *b, const char *hex)
{
	for (; *hex; hex += 2) {
		unsigned c;

		assert_int_equal(sscanf(hex, "%2x", &c), 1);
		put_int(b, c, 1);
	}
}

static void is_hex(const void *p, const char *hex)
{
	struct bytes b = { 0 };

	unhex(&b, hex);
	assert_memory_equal(p, b.p, b.len);
}

static enum quic_result feed(struct quic_flow *f, const struct bytes *b)
{
	return quic_flow_feed(quic, f, guard_copy(bytes_span(b)));
}

static void expect(const char *why, enum quic_result got, enum quic_result want)
{
	if (got != want)
		fail_msg("%s: %s, not %s", why, quic_name(got), quic_name(want));
}

/* a datagram of one packet with @frames; @pn */
static void one(struct bytes *out, uint64_t pn, const struct bytes *frames)
{
	struct initial i = plain;

	out->len = 0;
	i.pn = pn;
	i.pad = 1200;
	build_initial(out, crypto, &i, bytes_span(frames));
}

/* RFC 9001 A.2: the CRYPTO frame of the sample packet, in RFC 9369 A.2 the same */
static const char sample[] =
	"060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c00000413011302010000c000000010000e0000"
	"0b6578616d706c652e636f6dff01000100000a00080006001d0017001800100007000504616c706e000500050100000000003300260024001d00209370"
	"b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e0403050306030203080408050806002d0002"
	"0101001c00024001003900320408ffffffffffffffff05048000ffff07048000ffff0801100104800075300901100f088394c8f03e51570806048000ffff";

static const struct vector {
	const char *rfc;
	uint32_t version;
	const char *key, *iv, *hp;	/* A.1 */
	const char *begin, *end;	/* A.2: of the protected packet; the end is the tag, which vouches for the middle */
} vectors[] = {
	{ "RFC 9001", 1, "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c", "9f50449e04a0e810283a1e9933adedd2",
	  "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9bd8bab936b47d92ec356c",
	  "e221af44860018ab0856972e194cd934" },
	{ "RFC 9369", 0x6b3343cf, "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f", "45b95e15235d6f45a6b19cbcb0294ba9",
	  "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485dd04de806071bf03dceebfa162e75d6c",
	  "a18b2faa745b6fe189cf772a9f84cbfc" },
};

static void the_samples_of_the_rfcs_are_read(void **state)
{
	(void)state;
	for (size_t n = 0; n < ARRAY_LEN(vectors); n++) {
		const struct vector *v = &vectors[n];
		struct initial i = { .version = v->version, .dcid = CID, .pn = 2, .pn_bytes = 4, .pad = 1200 };
		struct bytes frames = { 0 }, packet = { 0 };
		struct quic_keys k;
		struct quic_flow f;

		quic_keys_derive(crypto, quic_version_find(v->version), CID, &k);
		is_hex(k.key, v->key);
		is_hex(k.iv, v->iv);
		is_hex(k.hp, v->hp);
		unhex(&frames, sample);
		build_initial(&packet, crypto, &i, bytes_span(&frames));
		assert_int_equal(packet.len, 1200);
		is_hex(packet.p, v->begin);
		is_hex(packet.p + packet.len - QUIC_TAG, v->end);
		quic_flow_init(&f);
		expect(v->rfc, feed(&f, &packet), QUIC_HELLO);
		assert_int_equal(quic_flow_hello(&f).len, 241);
		assert_memory_equal(quic_flow_hello(&f).p, frames.p + 4, 241);
		assert_true(quic_is_initial(bytes_span(&packet)));
		for (size_t bit = 0; bit < packet.len * 8; bit += 13) {	/* every bit is covered by the tag, or it is no Initial packet */
			packet.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
			quic_flow_init(&f);
			if (feed(&f, &packet) == QUIC_HELLO || feed(&f, &packet) == QUIC_MORE)
				fail_msg("%s: bit %zu changed, still read", v->rfc, bit);
			packet.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		for (size_t len = 0; len < packet.len; len++) {
			quic_flow_init(&f);
			expect(v->rfc, quic_flow_feed(quic, &f, guard_copy((struct span){ (char *)packet.p, len })),
			       len ? QUIC_SHORT : QUIC_ALIEN);
		}
	}
}

static void every_version_in_the_table_is_read(void **state)
{
	static const uint32_t known[] = { 1, 0x6b3343cf, 0x709a50c4, 0xff000016, 0xff000017, 0xff00001c, 0xff00001d, 0xff000020, 0xff000021, 0xff000022,
					  0xfaceb001, 0xfaceb002, 0xfaceb00e, 0x54303530, 0x54303531, 0x1a2a3a4a };
	static const struct { uint32_t version; enum quic_result want; } not[] = {
		{ 0, QUIC_NEGOTIATION }, { 0x51303433, QUIC_GOOGLE }, { 0x51303530, QUIC_GOOGLE }, { 0xff000015, QUIC_VERSION },
		{ 0xff000023, QUIC_VERSION }, { 2, QUIC_VERSION }, { 0xff020000, QUIC_VERSION },
	};
	struct bytes frames = { 0 }, packet = { 0 };
	struct quic_flow f;

	(void)state;
	unhex(&frames, sample);
	for (size_t n = 0; n < ARRAY_LEN(known); n++) {
		struct initial i = plain;

		packet.len = 0;
		i.version = known[n];
		frames.p[0] = quic_version_find(known[n])->google ? 8 : 6;
		build_initial(&packet, crypto, &i, bytes_span(&frames));
		quic_flow_init(&f);
		expect("a known version", feed(&f, &packet), QUIC_HELLO);
	}
	for (size_t n = 0; n < ARRAY_LEN(not); n++) {
		for (int i = 0; i < 4; i++)
			packet.p[1 + i] = (uint8_t)(not[n].version >> (24 - 8 * i));
		quic_flow_init(&f);
		expect("an unknown version", feed(&f, &packet), not[n].want);
		assert_false(quic_is_initial(bytes_span(&packet)));
	}
}

static const struct row {
	const char *why;
	struct span in;
	enum quic_result want;
} rows[] = {
	{ "nothing", SPAN_LIT(""), QUIC_ALIEN },
	{ "a short header", SPAN_LIT("\x40\1\2\3\4\5\6\7\10\11\12\13"), QUIC_ALIEN },
	{ "DNS", SPAN_LIT("\x12\x34\1\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1"), QUIC_ALIEN },
	{ "a long header without the fixed bit", SPAN_LIT("\x80\0\0\0\1\0\0\0\0\0"), QUIC_ALIEN },
	{ "Version Negotiation", SPAN_LIT("\x80\0\0\0\0\0\0\0\0\0\1"), QUIC_NEGOTIATION },
	{ "Retry", SPAN_LIT("\xf0\0\0\0\1\0\0token and tag"), QUIC_RETRY },
	{ "Retry of version 2", SPAN_LIT("\xc0\x6b\x33\x43\xcf\0\0token and tag"), QUIC_RETRY },
	{ "Handshake", SPAN_LIT("\xe0\0\0\0\1\0\0\4abcd"), QUIC_NO_INITIAL },
	{ "0-RTT", SPAN_LIT("\xd0\0\0\0\1\0\0\4abcd"), QUIC_NO_INITIAL },
	{ "a connection ID of 21 bytes", SPAN_LIT("\xc0\0\0\0\1\x15" "abcdefghijklmnopqrstuvwxyz"), QUIC_CID },
	{ "a source connection ID of 21 bytes", SPAN_LIT("\xc0\0\0\0\1\0\x15" "abcdefghijklmnopqrstuvwxyz"), QUIC_CID },
	{ "a token longer than the datagram", SPAN_LIT("\xc0\0\0\0\1\0\0\x7f\xff" "abc"), QUIC_SHORT },
	{ "a token of 2^62 bytes", SPAN_LIT("\xc0\0\0\0\1\0\0\xff\xff\xff\xff\xff\xff\xff\xff" "abc"), QUIC_SHORT },
	{ "a length beyond the datagram", SPAN_LIT("\xc0\0\0\0\1\0\0\0\x7f\xff" "abc"), QUIC_SHORT },
	{ "a length of 2^62", SPAN_LIT("\xc0\0\0\0\1\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff" "abc"), QUIC_SHORT },
	{ "too short for a sample", SPAN_LIT("\xc0\0\0\0\1\0\0\0\x13" "abcdefghijklmnopqrs"), QUIC_SHORT },
	{ "noise", SPAN_LIT("\xc0\0\0\0\1\0\0\0\x1b" "abcdefghijklmnopqrstuvwxyza"), QUIC_DECRYPT },
};

static void each_row_is_answered_as_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct quic_flow f;

		quic_flow_init(&f);
		expect(rows[i].why, quic_flow_feed(quic, &f, guard_copy(rows[i].in)), rows[i].want);
	}
	for (unsigned r = 0; r < QUIC_RESULTS; r++)
		assert_true(quic_why(r)[0] != '?' && quic_name(r)[0] != '?');
}

/* frames in one packet, as written */
static enum quic_result frames_say(struct span s)
{
	struct bytes frames = { 0 }, packet = { 0 };
	struct quic_flow f;

	put(&frames, s.p, s.len);
	one(&packet, 0, &frames);
	quic_flow_init(&f);
	return feed(&f, &packet);
}

static void frames_are_read_as_the_rfc_has_them(void **state)
{
	static const struct row frames[] = {
		{ "PADDING", SPAN_LIT("\0\0\0"), QUIC_MORE },
		{ "PING", SPAN_LIT("\1"), QUIC_MORE },
		{ "ACK", SPAN_LIT("\2\5\0\1\0\0\0"), QUIC_MORE },
		{ "ACK with ECN", SPAN_LIT("\3\5\0\0\0\1\2\3"), QUIC_MORE },
		{ "ACK of too many ranges", SPAN_LIT("\2\5\0\xff\xff\xff\xff\xff\xff\xff\xff\0"), QUIC_FRAME },
		{ "CONNECTION_CLOSE", SPAN_LIT("\x1c\0\6\3bye"), QUIC_MORE },
		{ "CONNECTION_CLOSE of too long a reason", SPAN_LIT("\x1c\0\6\x7f\xff" "bye"), QUIC_FRAME },
		{ "CRYPTO beyond the packet", SPAN_LIT("\6\0\x7f\xff\1"), QUIC_FRAME },
		{ "CRYPTO of nothing", SPAN_LIT("\6\0\0"), QUIC_MORE },
		{ "STREAM", SPAN_LIT("\x08\0hello"), QUIC_FRAME },
		{ "HANDSHAKE_DONE", SPAN_LIT("\x1e"), QUIC_FRAME },
		{ "a type in two bytes", SPAN_LIT("\x40\6\0\1\1"), QUIC_FRAME },
		{ "a ServerHello", SPAN_LIT("\6\0\4\2\0\0\1"), QUIC_NO_HELLO },
		{ "the beginning of a hello", SPAN_LIT("\6\0\4\1\0\0\1"), QUIC_MORE },
		{ "a hello that is too long", SPAN_LIT("\6\0\4\1\0\x40\0"), QUIC_TOO_LONG },
		{ "a hello that is just not too long", SPAN_LIT("\6\0\4\1\0\x3f\xfc"), QUIC_MORE },
		{ "CRYPTO at 2^62 - 1", SPAN_LIT("\6\xff\xff\xff\xff\xff\xff\xff\xff\1\1"), QUIC_TOO_LONG },
		{ "CRYPTO that contradicts", SPAN_LIT("\6\0\2\1\0\6\1\2\1\0"), QUIC_CONFLICT },
		{ "CRYPTO that overlaps", SPAN_LIT("\6\0\2\1\0\6\1\2\0\0"), QUIC_MORE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(frames); i++)
		expect(frames[i].why, frames_say(frames[i].in), frames[i].want);
}

/* the hello arrives in every order of four pieces over two datagrams, mixed with what browsers mix in */
static void scattered_hellos_are_put_together(void **state)
{
	struct bytes hello = { 0 };

	(void)state;
	build_hello(&hello, SPAN_LIT("www.example.com"), 1600);
	for (unsigned order = 0; order < 4 * 3 * 2; order++) {
		unsigned left[4] = { 0, 1, 2, 3 }, n = order;
		struct bytes frames[2] = { { 0 }, { 0 } }, packet = { 0 };
		struct quic_flow f;

		for (unsigned i = 0; i < 4; i++) {
			struct bytes *to = &frames[i / 2];
			unsigned pick = n % (4 - i), piece = left[pick];

			n /= 4 - i;
			memmove(left + pick, left + pick + 1, (3 - pick) * sizeof(left[0]));
			put(to, "\1\0\0\0\0\0\0\0\0\0\0\1", 12);
			if (piece == 2)		/* in tiny chunks, backwards */
				for (unsigned c = 400; c; c -= 20)
					put_crypto(to, bytes_span(&hello), 800 + c - 20, 20);
			else			/* with ten bytes of its neighbour */
				put_crypto(to, bytes_span(&hello), piece * 400, piece == 3 ? 400 : 410);
		}
		quic_flow_init(&f);
		one(&packet, 1, &frames[0]);
		expect("the first half", feed(&f, &packet), QUIC_MORE);
		expect("the first half again", feed(&f, &packet), QUIC_MORE);
		one(&packet, 0, &frames[1]);
		expect("the second half", feed(&f, &packet), QUIC_HELLO);
		assert_true(span_eq(quic_flow_hello(&f), bytes_span(&hello)));
		expect("anything afterwards", quic_flow_feed(quic, &f, SPAN_LIT("x")), QUIC_HELLO);
	}
}

static void coalesced_packets_are_read(void **state)
{
	struct initial handshake = plain, i = plain;
	struct bytes hello = { 0 }, frames = { 0 }, packet = { 0 };
	struct quic_flow f;

	(void)state;
	build_hello(&hello, SPAN_LIT("www.example.com"), 600);
	handshake.type = 2;
	build_initial(&packet, crypto, &handshake, SPAN_LIT("whatever it says"));
	put_crypto(&frames, bytes_span(&hello), 300, 300);
	build_initial(&packet, crypto, &i, bytes_span(&frames));
	frames.len = 0;
	put_crypto(&frames, bytes_span(&hello), 0, 300);
	i.pn = 1;
	i.token = SPAN_LIT("a token");
	build_initial(&packet, crypto, &i, bytes_span(&frames));
	put(&packet, "\0\0\0\0 padding of the datagram", 27);
	quic_flow_init(&f);
	expect("Handshake, Initial, Initial, padding", feed(&f, &packet), QUIC_HELLO);
	assert_true(span_eq(quic_flow_hello(&f), bytes_span(&hello)));
}

static void at_most_so_many_packets_are_read(void **state)
{
	struct bytes hello = { 0 }, frames = { 0 }, packet = { 0 };
	struct initial i = plain, handshake = plain;
	struct quic_flow f;

	(void)state;
	build_hello(&hello, SPAN_LIT("a.example"), 0);
	put_crypto(&frames, bytes_span(&hello), 0, hello.len);
	handshake.type = 2;
	for (unsigned n = 0; n < LIMIT_QUIC_PACKETS - 1; n++)
		build_initial(&packet, crypto, &handshake, SPAN_LIT("x"));
	build_initial(&packet, crypto, &i, bytes_span(&frames));
	quic_flow_init(&f);
	expect("the last packet", feed(&f, &packet), QUIC_HELLO);
	packet.len = 0;
	for (unsigned n = 0; n < LIMIT_QUIC_PACKETS; n++)
		build_initial(&packet, crypto, &handshake, SPAN_LIT("x"));
	build_initial(&packet, crypto, &i, bytes_span(&frames));
	quic_flow_init(&f);
	expect("one too many", feed(&f, &packet), QUIC_NO_INITIAL);
}

/* the client takes the server's connection ID: the keys stay.  After a Retry they do not, and the hello begins anew */
static void keys_follow_the_connection(void **state)
{
	struct bytes hello = { 0 }, other = { 0 }, frames = { 0 }, packet = { 0 };
	struct initial i = plain;
	struct quic_flow f;

	(void)state;
	build_hello(&hello, SPAN_LIT("www.example.com"), 600);
	build_hello(&other, SPAN_LIT("another.example"), 600);
	put_crypto(&frames, bytes_span(&hello), 0, 300);
	build_initial(&packet, crypto, &i, bytes_span(&frames));
	quic_flow_init(&f);
	expect("the first half", feed(&f, &packet), QUIC_MORE);

	frames.len = packet.len = 0;
	put_crypto(&frames, bytes_span(&hello), 300, 300);
	i.key_cid = i.dcid;
	i.dcid = SPAN_LIT("chosen by the server");
	i.pn = 1;
	build_initial(&packet, crypto, &i, bytes_span(&frames));
	struct quic_flow before = f;

	expect("the second half, another ID", feed(&f, &packet), QUIC_HELLO);
	assert_true(span_eq(quic_flow_hello(&f), bytes_span(&hello)));

	f = before;
	frames.len = packet.len = 0;
	put_crypto(&frames, bytes_span(&other), 300, 300);
	i.key_cid.len = 0;
	build_initial(&packet, crypto, &i, bytes_span(&frames));
	expect("keys of the new ID", feed(&f, &packet), QUIC_MORE);
	assert_int_equal(f.whole, 0);
	frames.len = packet.len = 0;
	put_crypto(&frames, bytes_span(&other), 0, 300);
	build_initial(&packet, crypto, &i, bytes_span(&frames));
	expect("and the rest", feed(&f, &packet), QUIC_HELLO);
	assert_true(span_eq(quic_flow_hello(&f), bytes_span(&other)));

	f = before;	/* noise changes nothing */
	packet.p[packet.len - 1] ^= 1;
	expect("noise", feed(&f, &packet), QUIC_DECRYPT);
	assert_memory_equal(&f, &before, sizeof(f));
}

static void packet_numbers_are_completed(void **state)
{
	static const struct { uint64_t pn; unsigned bytes; } numbers[] = {	/* up and down over the edges of what fits the bytes */
		{ 0, 1 }, { 100, 1 }, { 200, 1 }, { 300, 1 }, { 250, 1 }, { 257, 2 }, { 33000, 2 }, { 65500, 2 }, { 70000, 2 }, { 60000, 2 },
		{ 0xa82f30ea, 4 }, { 0xa82f9b32, 2 }, { 0x123456789a, 4 },
	};
	struct bytes frames = { 0 }, packet = { 0 };
	struct quic_flow f;

	(void)state;
	put(&frames, "\1", 1);
	quic_flow_init(&f);
	for (size_t n = 0; n < ARRAY_LEN(numbers); n++) {
		struct initial i = plain;

		packet.len = 0;
		i.pn = numbers[n].pn;
		i.pn_bytes = numbers[n].bytes;
		if (n == ARRAY_LEN(numbers) - 1)
			f.next_pn = 0x1234000000;
		build_initial(&packet, crypto, &i, bytes_span(&frames));
		expect("a number", feed(&f, &packet), QUIC_MORE);
	}
	assert_int_equal(f.next_pn, 0x123456789b);
}

static void a_hello_of_the_largest_size_is_read(void **state)
{
	static uint8_t hello[LIMIT_HELLO_BYTES + 1];
	enum { PIECE = 1024 };
	struct quic_flow f;

	(void)state;
	hello[0] = 1;
	hello[2] = (LIMIT_HELLO_BYTES - 4) >> 8;
	hello[3] = (LIMIT_HELLO_BYTES - 4) & 0xff;
	for (size_t i = 4; i < sizeof(hello); i++)
		hello[i] = (uint8_t)(i * 31 >> 3);
	quic_flow_init(&f);
	for (size_t at = sizeof(hello) - 1; at;) {	/* the last piece first */
		struct bytes frames = { 0 }, packet = { 0 };

		at -= PIECE;
		put_crypto(&frames, (struct span){ (char *)hello, sizeof(hello) }, at, PIECE);
		one(&packet, at / PIECE, &frames);
		expect("a piece", feed(&f, &packet), at ? QUIC_MORE : QUIC_HELLO);
	}
	assert_int_equal(quic_flow_hello(&f).len, LIMIT_HELLO_BYTES);
	assert_memory_equal(quic_flow_hello(&f).p, hello, LIMIT_HELLO_BYTES);
}

/* the initial packets of a capture's frame, and those that the same client sent before it */
static enum quic_result read_capture(struct span file, const struct expected *row, struct quic_flow *f)
{
	enum quic_result r = QUIC_MORE;
	struct span ip;
	size_t at = 0;
	int last = atoi(row->frame.p);

	quic_flow_init(f);
	for (int n = 1; capture_next(file, &at, &ip) && r != QUIC_HELLO; n++) {
		struct ip_pkt pkt;
		enum quic_result one;

		if (ip_pkt_parse(ip, &pkt) != IP_PKT_UDP || ntohs(pkt.src.port_be) != atoi(row->client_port.p) ||
		    ntohs(pkt.dst.port_be) != atoi(row->server_port.p))
			continue;
		one = quic_flow_feed(quic, f, guard_copy(pkt.payload));
		if (n <= last || one <= QUIC_HELLO)
			r = one;
	}
	return r;
}

static void real_captures_are_read(void **state)
{
	struct span table = expected_read(), rest = table;
	unsigned checked = 0;
	struct expected row;

	(void)state;
	if (!table.p)
		skip();
	while (expected_next(&rest, &row)) {
		struct span file;
		struct quic_flow f;
		enum quic_result got;
		struct tls_hello hello;
		char path[256];

		if (!span_eq(row.proto, SPAN_LIT("quic")) || (!span_eq(row.crosscheck, SPAN_LIT("agree")) &&
							      !span_eq(row.crosscheck, SPAN_LIT("both-none"))))
			continue;
		file = expected_capture(&row, path);
		if (!capture_is(file)) {
			free((char *)file.p);
			continue;	/* a link type that the helper does not know */
		}
		got = read_capture(file, &row, &f);
		if (got != QUIC_HELLO)
			fail_msg("%s: %s", path, quic_why(got));
		if (tls_hello_body(guard_copy(quic_flow_hello(&f)), &hello) != PARSE_DONE)
			fail_msg("%s: %s", path, tls_fault_text(hello.fault));
		if (!span_eq(tls_hello_name(&hello), span_eq(row.name, SPAN_LIT("-")) ? SPAN_LIT("") : row.name))
			fail_msg("%s: %s, not %.*s", path, hello.name, SPAN_FMT(row.name));
		checked++;
		free((char *)file.p);
	}
	free((char *)table.p);
	printf("%u QUIC rows of the captures\n", checked);
	assert_true(checked >= 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_samples_of_the_rfcs_are_read),
		cmocka_unit_test(every_version_in_the_table_is_read),
		cmocka_unit_test(each_row_is_answered_as_it_says),
		cmocka_unit_test(frames_are_read_as_the_rfc_has_them),
		cmocka_unit_test(scattered_hellos_are_put_together),
		cmocka_unit_test(coalesced_packets_are_read),
		cmocka_unit_test(at_most_so_many_packets_are_read),
		cmocka_unit_test(keys_follow_the_connection),
		cmocka_unit_test(packet_numbers_are_completed),
		cmocka_unit_test(a_hello_of_the_largest_size_is_read),
		cmocka_unit_test(real_captures_are_read),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
