/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_tls_hello - links: tls_hello host addr
 *
 * Properties: a beginning of the input gets the same answer or MORE, never for more than the limit nor for more than
 * turns out to be enough; later bytes take no answer back; the message without records, and in other records, says the same.
 */
#include <string.h>

#include "../unit/hello.h"
#include "check.h"
#include "tls_hello.h"

enum { CUTS = 24 };

static int same(const struct tls_hello *a, const struct tls_hello *b)
{
	return a->fault == b->fault && a->name_len == b->name_len && a->alpn_len == b->alpn_len && a->ech == b->ech && a->v2 == b->v2 &&
	       strcmp(a->name, b->name) == 0 && strcmp(a->alpn, b->alpn) == 0;
}

typedef enum parse parse_fn(struct span in, struct tls_hello *out);

static void check_beginnings(struct span in, parse_fn *parse, enum parse whole, const struct tls_hello *w, uint32_t *turn)
{
	struct tls_hello h;

	for (unsigned i = 0; i < CUTS && in.len; i++) {
		/* the first bytes, bytes around the end of the hello, and anything */
		size_t n = i < 12 ? i : i < 16 && w->len >= 2 ? w->len - 2 + i - 12 : cut_next(turn) % in.len;
		struct span part = copy_of((struct span){ in.p, n < in.len ? n : in.len });
		enum parse got = parse(part, &h);

		if (got == PARSE_MORE) {
			CHECK(h.need > part.len && h.need <= LIMIT_HELLO_BYTES);
			CHECK(whole != PARSE_DONE || h.need <= w->len);
			CHECK(whole != PARSE_MORE || h.need <= w->need);
		} else {
			CHECK(got == whole);
			CHECK(got == PARSE_ALIEN || same(&h, w));
			CHECK(got != PARSE_DONE || h.len == w->len);
		}
		drop_copy(part);
	}
}

/* unrecord - the message out of its records; what is in[0 .. len) was found good */
static struct span unrecord(struct span in, size_t len)
{
	static char room[LIMIT_HELLO_BYTES];
	size_t n = 0;

	for (size_t at = 0; at < len; ) {
		size_t record = (size_t)(unsigned char)in.p[at + 3] << 8 | (unsigned char)in.p[at + 4];

		at += 5;
		if (record > len - at)
			record = len - at;
		memcpy(room + n, in.p + at, record);
		n += record;
		at += record;
	}
	return (struct span){ room, n };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { (const char *)data, size }, message, again;
	uint32_t turn = cut_seed(data, size);
	struct tls_hello h, other;
	enum parse got;

	if (size > LIMIT_HELLO_BYTES + 1000)
		return 0;
	got = tls_hello_body(in, &h);
	CHECK(got != PARSE_ALIEN);
	check_beginnings(in, tls_hello_body, got, &h, &turn);
	got = tls_hello_parse(in, &h);
	check_beginnings(in, tls_hello_parse, got, &h, &turn);
	if (got != PARSE_DONE)
		return 0;
	CHECK(h.len <= size && h.len <= LIMIT_HELLO_BYTES && h.name_len == strlen(h.name) && h.alpn_len == strlen(h.alpn));
	CHECK(strspn(h.name, "abcdefghijklmnopqrstuvwxyz0123456789-_.:") == h.name_len);
	if (h.v2)
		return 0;
	message = unrecord(in, h.len);
	CHECK(tls_hello_body(message, &other) == PARSE_DONE && same(&h, &other) && other.len == message.len);
	again = hello_records(message, 1 + cut_next(&turn) % 300);
	got = tls_hello_parse(again, &other);
	if (again.len > LIMIT_HELLO_BYTES)
		CHECK(got == PARSE_BAD && other.fault == TLS_FAULT_LARGE);
	else
		CHECK(got == PARSE_DONE && same(&h, &other));
	return 0;
}
