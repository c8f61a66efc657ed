/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_hello - links: hello tcp_stream quic_flows quic_initial quic_crypto tls_hello host addr
 *
 * The input is a plan: what a good ClientHello looks like, then steps, each of which sends a part of it over TCP or QUIC, in
 * any order and again and overlapping, or what the input holds as data of other connections, or noise on the same one.
 * Properties: over TCP the answer is what the parser says of the bytes without a gap behind the earliest one sent, never
 * malformed once that is the first one; over QUIC it is MORE, up to the datagram that brings the last missing byte, and then
 * the name; the rest of the hello, sent at the end, always brings the name; what was decided leaves nothing behind.
 */
#include "check.h"

#include <arpa/inet.h>
#include <string.h>

#include "../../daemon/hello.h"
#include "../unit/hello.h"
#include "../unit/quic_build.h"

enum { STEP = 4, ROOM = 8192, OTHERS = 8, OURS = 100, QUIC_HELLO_MAX = 1700, LAST = 400 };

static struct hello *h;
static struct quic_crypto *crypto;
static uint64_t now_ms;

/* what was sent of one hello since its connection was last decided */
struct sent {
	struct span hello;
	bool have[ROOM];
	size_t missing;
	const char *name;
};

static enum hello_what tell(const struct hello_packet *p, struct hello_told *told)
{
	struct hello_packet exact = *p;
	enum hello_what what;

	exact.payload = copy_of(p->payload);
	what = hello_read(h, &exact, now_ms, told);
	drop_copy(exact.payload);
	CHECK(what < HELLO_WHATS && told->name_len == strlen(told->name));
	CHECK((what == HELLO_NAME) == (told->name_len > 0));
	CHECK((what == HELLO_PASS) <= (told->why != HELLO_READ));
	return what;
}

static struct hello_packet packet_of(unsigned host, bool udp, uint32_t seq, struct span payload)
{
	return (struct hello_packet){
		.udp = udp, .seq = seq, .payload = payload,
		.src = { .family = AF_INET, .port_be = htons(50000), .ip = { 10, 0, 0, (uint8_t)host } },
		.dst = { .family = AF_INET, .port_be = htons(443), .ip = { 10, 1, 0, 1 } },
	};
}

static void reset(struct sent *s)
{
	memset(s->have, 0, s->hello.len);
	s->missing = s->hello.len;
}

static void mark(struct sent *s, size_t at, size_t len)
{
	for (size_t i = at; i < at + len; i++) {
		s->missing -= !s->have[i];
		s->have[i] = true;
	}
}

static void send_tcp(struct sent *s, uint32_t base, size_t at, size_t len)
{
	struct hello_packet p = packet_of(OURS, false, base + (uint32_t)at, (struct span){ s->hello.p + at, len });
	struct hello_told told;
	enum hello_what got = tell(&p, &told);
	struct tls_hello t;
	size_t from = 0, to;
	enum parse is;

	mark(s, at, len);
	while (!s->have[from])
		from++;
	for (to = from; to < s->hello.len && s->have[to]; )
		to++;
	is = tls_hello_parse((struct span){ s->hello.p + from, to - from }, &t);
	if (is == PARSE_MORE)
		CHECK(got == HELLO_MORE);
	else if (is == PARSE_ALIEN || (is == PARSE_BAD && t.fault == TLS_FAULT_MESSAGE))
		CHECK(got == HELLO_ODD);
	else
		CHECK(got >= HELLO_NAME);
	CHECK(from > 0 || got == (s->missing ? HELLO_MORE : HELLO_NAME));
	CHECK(from > 0 || s->missing || strcmp(told.name, s->name) == 0);
	if (got >= HELLO_NAME)
		reset(s);
}

/* send_quic - true: that was all */
static bool send_quic(struct sent *s, unsigned version, unsigned pn, size_t at, size_t len)
{
	static const uint32_t versions[] = { 1, 0x6b3343cf };
	struct initial i = { .version = versions[version % 2], .dcid = SPAN_LIT("seedseed"), .pn = pn, .pn_bytes = 2 };
	struct bytes frames = { 0 }, out = { 0 };
	struct hello_packet p;
	struct hello_told told;
	enum hello_what got;

	put_crypto(&frames, s->hello, at + len / 2, len - len / 2);	/* two frames, the later bytes first */
	put(&frames, "\0\1\0", 3);
	put_crypto(&frames, s->hello, at, len / 2);
	build_initial(&out, crypto, &i, bytes_span(&frames));
	p = packet_of(OURS, true, 0, bytes_span(&out));
	got = tell(&p, &told);
	mark(s, at, len);
	CHECK(got == (s->missing ? HELLO_MORE : HELLO_NAME));
	CHECK(s->missing || strcmp(told.name, s->name) == 0);
	if (got == HELLO_NAME)
		reset(s);
	return got == HELLO_NAME;
}

/* noise - data of another connection, or on the same one over QUIC, where it says nothing */
static void noise(unsigned host, bool udp, uint32_t seq, struct span data, bool begun)
{
	struct hello_packet p = packet_of(udp && host == 0 ? OURS : host, udp, seq, data);
	struct hello_told told;
	enum hello_what got = tell(&p, &told);

	if (udp && host == 0)
		CHECK(got == (begun ? HELLO_MORE : HELLO_PASS) && told.quic > QUIC_HELLO);
}

/* good - a hello for @name with an extension of @pad bytes before or behind the name */
static struct span good(const char *name, size_t pad, bool before)
{
	static char room[4096];
	struct span ext = hello_name(name);
	size_t at = 0;

	if (before)
		at = hello_put(room, at, ext);
	memcpy(room + at, "\x0a\x0a", 2);	/* GREASE */
	room[at + 2] = (char)(pad >> 8);
	room[at + 3] = (char)pad;
	memset(room + at + 4, 'g', pad);
	at += 4 + pad;
	if (!before)
		at = hello_put(room, at, ext);
	return hello_good((struct span){ room, at });
}

static void steps(const uint8_t *data, size_t size, struct sent *tcp, struct sent *quic, uint32_t base, unsigned version)
{
	unsigned pn = 0;

	for (; size >= STEP; data += STEP, size -= STEP) {
		struct span rest = { (const char *)data + STEP, size - STEP };
		struct sent *s = data[0] & 1 ? quic : tcp;
		size_t at = (size_t)(data[1] << 8 | data[2]) % s->hello.len, len = 1 + (size_t)data[3] * 6;

		if (len > s->hello.len - at)
			len = s->hello.len - at;
		if (rest.len > (size_t)data[3] * 4)
			rest.len = (size_t)data[3] * 4;
		if (data[0] & 2)	/* the steps that follow are its data */
			noise(data[0] >> 2 & (OTHERS - 1), data[0] & 1, (uint32_t)data[1] << 24 | data[2], rest, quic->missing < quic->hello.len);
		else if (s == tcp)
			send_tcp(s, base, at, len);
		else
			send_quic(s, version, pn++, at, len > 1200 ? 1200 : len);
	}
	/* the end, so that each plan comes to one: TCP in one segment, QUIC backwards */
	send_tcp(tcp, base, 0, tcp->hello.len);
	for (size_t at = (quic->hello.len - 1) / LAST * LAST; ; at -= LAST) {
		if (send_quic(quic, version, pn++, at, quic->hello.len - at < LAST ? quic->hello.len - at : LAST))
			break;
		CHECK(at > 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "a.example", "ads.example", "a.very.long.name.of.a.server.that.nobody.knows.example", "192.0.2.7" };
	static struct sent tcp, quic;
	uint64_t overruns;

	if (!h) {
		h = hello_new(1);
		crypto = quic_crypto_new();
	}
	if (size < 8 || size > 4096)
		return 0;
	tcp.name = names[data[0] % 4];
	tcp.hello = hello_records(good(tcp.name, (size_t)data[1] * 8, data[0] & 4), 1 + (size_t)data[2] * 8);
	quic.name = names[data[0] / 8 % 4];
	quic.hello = good(quic.name, (size_t)data[3] * 6, data[0] & 64);
	if (tcp.hello.len > ROOM || quic.hello.len > QUIC_HELLO_MAX)
		return 0;
	reset(&tcp);
	reset(&quic);
	overruns = hello_overruns(h);
	steps(data + 8, size - 8, &tcp, &quic, (uint32_t)data[4] << 24 | (uint32_t)data[5] << 16 | (uint32_t)data[6] << 8 | data[7], data[0] >> 7);
	CHECK(hello_overruns(h) == overruns);	/* neither age nor room took anything */
	now_ms += LIMIT_STREAM_MS;
	CHECK(!hello_age(h, now_ms));
	CHECK(hello_overruns(h) < overruns + 2 * OTHERS);	/* nothing of ours was left */
	return 0;
}
