/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_quic_initial - links: quic_initial quic_crypto
 *
 * The first byte says what the rest is.
 * 0: datagrams as they are, two bytes of length before each.  Property: the answer is a known one, a hello is
 * whole and within bounds, and after it nothing is taken back.
 * 1: frames, encrypted here, so that what lies behind the decryption is reached too.  Property: the same.
 * 2: a plan how to scatter a good hello over packets.  Property: whatever the order, the overlaps and what is mixed in, the same
 * hello comes out, and not before its last byte came.
 */
#include "check.h"

#include <string.h>

#include "../unit/quic_build.h"
#include "quic_initial.h"

static struct quic *quic;
static struct quic_crypto *crypto;
static struct quic_flow flow;
static const struct initial plain = { .version = 1, .dcid = { "seedseed", 8 }, .pn_bytes = 1 };

static enum quic_result feed(struct span datagram)
{
	struct span exact = copy_of(datagram);
	enum quic_result r = quic_flow_feed(quic, &flow, exact);

	drop_copy(exact);
	CHECK(r < QUIC_RESULTS && quic_why(r)[0] != '?');
	CHECK(flow.whole <= LIMIT_HELLO_BYTES);
	if (r == QUIC_HELLO) {
		struct span hello = quic_flow_hello(&flow);

		CHECK(hello.len >= 4 && hello.len <= LIMIT_HELLO_BYTES && hello.p[0] == 1);
		CHECK(hello.len == 4 + ((size_t)(uint8_t)hello.p[1] << 16 | (size_t)(uint8_t)hello.p[2] << 8 | (uint8_t)hello.p[3]));
	}
	return r;
}

/* the next datagram of @rest */
static struct span next(struct span *rest)
{
	size_t len = (size_t)(uint8_t)rest->p[0] << 8 | (uint8_t)rest->p[1];
	struct span s;

	*rest = span_skip(*rest, 2);
	s = (struct span){ rest->p, len < rest->len ? len : rest->len };
	*rest = span_skip(*rest, s.len);
	return s;
}

static void raw(struct span rest)
{
	bool whole = false;

	while (rest.len >= 2) {
		enum quic_result r = feed(next(&rest));

		CHECK(!whole || r == QUIC_HELLO);
		whole = r == QUIC_HELLO;
	}
}

static void frames_of(struct span rest)
{
	for (unsigned n = 0; rest.len >= 2 && n < 8; n++) {
		struct initial i = plain;
		struct span frames = next(&rest);
		struct bytes packet = { 0 };

		if (frames.len > 2000)
			return;
		i.pn = n;
		i.version = frames.len && frames.p[0] & 0x10 ? 0x54303530 : 1;
		build_initial(&packet, crypto, &i, frames);
		feed(bytes_span(&packet));
	}
}

/* send - one packet of @frames; @done: every byte of the hello was sent */
static void send(const struct bytes *frames, const struct bytes *hello, unsigned pn, bool done)
{
	struct initial i = plain;
	struct bytes packet = { 0 };
	enum quic_result r;

	i.pn = pn;
	i.pn_bytes = 2;
	build_initial(&packet, crypto, &i, bytes_span(frames));
	r = feed(bytes_span(&packet));
	CHECK(r == (done ? QUIC_HELLO : QUIC_MORE));
	CHECK(!done || span_eq(quic_flow_hello(&flow), bytes_span(hello)));
}

/* mark - returns how many were not marked */
static size_t mark(bool *have, size_t len)
{
	size_t n = 0;

	for (; len; len--, have++) {
		n += !*have;
		*have = true;
	}
	return n;
}

static void scatter(const uint8_t *p, size_t size)
{
	struct bytes hello = { 0 }, frames = { 0 };
	static bool have[2048];
	unsigned pn = 0;
	size_t left;

	if (size < 4)
		return;
	build_hello(&hello, (struct span){ "a.very.long.name.example", 1u + p[0] % 24 }, (size_t)p[1] * 7);
	left = hello.len;
	memset(have, 0, sizeof(have));
	for (p += 2, size -= 2; size >= 3; p += 3, size -= 3) {
		size_t at = (size_t)(p[0] << 8 | p[1]) % hello.len, len = p[2] % 64 * 8u;

		if (len > hello.len - at)
			len = hello.len - at;
		if (p[2] >= 192)
			put(&frames, p[2] & 1 ? "\1\1\1" : "\0\1\0", 3);
		put_crypto(&frames, bytes_span(&hello), at, len);
		left -= mark(have + at, len);
		if (frames.len > 1000 || p[2] & 64) {
			send(&frames, &hello, pn++, left == 0);
			frames.len = 0;
		}
	}
	/* the end, so that each plan comes to one */
	for (size_t i = 0; i < hello.len; i += 400) {
		size_t len = hello.len - i < 400 ? hello.len - i : 400;

		put_crypto(&frames, bytes_span(&hello), i, len);
		left -= mark(have + i, len);
		send(&frames, &hello, pn++, left == 0);
		frames.len = 0;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = { (const char *)data, size };

	if (!quic) {
		quic = quic_new();
		crypto = quic_crypto_new();
	}
	if (size == 0 || size > 16384)
		return 0;
	quic_flow_init(&flow);
	rest = span_skip(rest, 1);
	switch (data[0] % 3) {
	case 0:
		raw(rest);
		break;
	case 1:
		frames_of(rest);
		break;
	default:
		scatter(data + 1, size - 1);
	}
	return 0;
}
