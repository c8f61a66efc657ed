/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_http1_head - links: http1_head
 *
 * Properties: an answer other than MORE is never taken back by later bytes; a head that trickles in
 * (with @seen) gets the answer of the whole; the fields lie one after the other and fill the head.
 */
#include "check.h"
#include "http1_head.h"

typedef enum parse (*parser)(struct span in, size_t seen, struct http1_head *out);

static struct http1_head head, other;

static void fills(struct span in, const struct http1_head *h)
{
	const char *at, *end = in.p + h->len;

	CHECK(h->len <= in.len && h->len > h->lead && h->count <= LIMIT_HEAD_FIELDS);
	at = (const char *)memchr(in.p + h->lead, '\n', h->len - h->lead) + 1;
	for (unsigned i = 0; i < h->count; i++) {
		const struct http1_field *f = &h->fields[i];

		CHECK(f->name.p == at && f->name.len > 0);
		at += f->line_len;
		CHECK(at[-1] == '\n' && f->value.p >= f->name.p + f->name.len && f->value.p + f->value.len < at);
		CHECK(!f->same || (f->same - 1u > i && f->same <= h->count && h->fields[f->same - 1].id == f->id));
	}
	CHECK(end - at >= 1 && end - at <= 2 && end[-1] == '\n');
}

static void one(struct span all, uint32_t seed, parser parse)
{
	struct span in = copy_of(all);
	enum parse whole = parse(in, 0, &head), got = PARSE_MORE;
	size_t n = 0, seen = 0;

	if (whole == PARSE_DONE)
		fills(in, &head);
	drop_copy(in);
	for (int i = 0; i < 8; i++) {
		struct span part = copy_of((struct span){ all.p, cut_next(&seed) % (all.len + 1) });
		enum parse early = parse(part, 0, &other);

		CHECK(early == PARSE_MORE || early == whole);
		if (early == PARSE_DONE)
			CHECK(other.len == head.len && other.count == head.count);
		drop_copy(part);
	}
	while (got == PARSE_MORE && seen < all.len) {
		n += 1 + cut_next(&seed) % (all.len / 8 + 2);
		if (n > all.len)
			n = all.len;
		struct span part = copy_of((struct span){ all.p, n });

		got = parse(part, seen, &other);
		seen = n;
		drop_copy(part);
	}
	/* bytes that end no line are not looked at again: BAD may come later, but nothing else */
	CHECK(got == whole || (got == PARSE_MORE && whole == PARSE_BAD));
	if (got == PARSE_DONE)
		CHECK(other.len == head.len && other.count == head.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span all = { (const char *)data, size };

	one(all, cut_seed(data, size), http1_request_parse);
	one(all, cut_seed(data, size), http1_response_parse);
	return 0;
}
