/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_http1_frame - links: http1_frame http1_head
 *
 * Properties: the scanner gives the same answer and takes the same bytes however they are cut, shown or
 * passed unseen; what a request's reader takes a response's takes too; a request with a body has one
 * framing field only; what is left without the trailers that are held is cut-proof, has none of them, and ends as before.
 * The input is read as a head, and as a chunked body.
 */
#include "check.h"
#include "http1_frame.h"

static struct http1_head head;

/* run - the body in pieces; @seed 0: in one.  Returns the answer, fills @total */
static enum parse run(struct span all, bool response, uint32_t seed, size_t *total)
{
	struct http1_frame f = { .kind = FRAME_CHUNKED };
	struct http1_body b;
	enum parse got = PARSE_MORE;

	*total = 0;
	http1_body_init(&b, &f, response);
	while (got == PARSE_MORE && *total < all.len) {
		size_t n = all.len - *total, taken;
		uint64_t blind = http1_body_blind(&b);

		if (seed && n > 1)
			n = 1 + cut_next(&seed) % (n < 40 ? n : 40);
		if (seed && blind && (cut_next(&seed) & 1)) {
			n = n < blind ? n : (size_t)blind;
			CHECK(!http1_body_passed(&b, n));
			*total += n;
			continue;
		}
		struct span piece = copy_of((struct span){ all.p + *total, n });

		got = http1_body_scan(&b, piece, &taken);
		CHECK(taken <= n && (got != PARSE_MORE || taken == n));
		CHECK(http1_body_ended(&b) == (got == PARSE_DONE));
		*total += taken;
		drop_copy(piece);
	}
	return got;
}

/* run_held - the body in pieces, @seed 0: in one, without the trailers that are held: in @out.  Returns the answer */
static enum parse run_held(struct span all, bool response, uint32_t seed, char *out, size_t *out_len)
{
	struct http1_frame f = { .kind = FRAME_CHUNKED };
	struct http1_body b;
	enum parse got = PARSE_MORE;
	size_t at = 0, seen = 0, taken, len;

	*out_len = 0;
	http1_body_init(&b, &f, response);
	http1_body_hold(&b);
	while (got == PARSE_MORE && seen < all.len) {
		seen += seed && all.len - seen > 1 ? 1 + cut_next(&seed) % (all.len - seen < 40 ? all.len - seen : 40) : all.len - seen;
		do {
			struct span piece = copy_of((struct span){ all.p + at, seen - at });

			got = http1_body_scan(&b, piece, &taken);
			CHECK(taken <= piece.len);
			drop_copy(piece);
			memcpy(out + *out_len, all.p + at, taken);
			*out_len += taken;
			at += taken;
			len = 0;
			http1_body_held(&b, &len);
			CHECK(len <= seen - at);
			at += len;
		} while (got == PARSE_MORE && len && at < seen);
	}
	return got;
}

static void trailers(struct span all, bool response, uint32_t seed, enum parse answer)
{
	static char whole[1 << 20], cut[1 << 20];
	size_t whole_len, cut_len, again;
	enum parse got;

	if (all.len > sizeof(whole))
		return;
	got = run_held(all, response, 0, whole, &whole_len);
	CHECK(run_held(all, response, seed, cut, &cut_len) == got && cut_len == whole_len && memcmp(whole, cut, cut_len) == 0);
	CHECK(got == answer);
	if (got == PARSE_BAD)
		return;
	/* what has passed has nothing to be held */
	CHECK(run_held((struct span){ whole, whole_len }, response, 0, cut, &again) == got && again == whole_len);
	CHECK(run((struct span){ whole, whole_len }, response, 0, &again) == got && again == whole_len);
}

static void frames(struct span all)
{
	struct http1_frame f;

	if (http1_request_parse(all, 0, &head) == PARSE_DONE && http1_frame_request(&head, &f) == PARSE_DONE) {
		CHECK(f.kind == FRAME_NONE || f.kind == FRAME_LENGTH || f.kind == FRAME_CHUNKED);
		CHECK(f.kind != FRAME_CHUNKED || (head.minor && !head.first[HTTP1_CONTENT_LENGTH]));
		CHECK(f.kind != FRAME_LENGTH || !head.first[HTTP1_TRANSFER_ENCODING]);
		CHECK(head.first[HTTP1_TRANSFER_ENCODING] == 0 || f.kind == FRAME_CHUNKED);
	}
	if (http1_response_parse(all, 0, &head) == PARSE_DONE) {
		for (int m = METHOD_OTHER; m <= METHOD_PATCH; m++)
			if (http1_frame_response(&head, (enum http1_method)m, &f) == PARSE_DONE)
				CHECK(!f.drop_length || (f.kind != FRAME_LENGTH && head.first[HTTP1_CONTENT_LENGTH]));
		http1_persists(&head);
		http1_upgrades(&head);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span all = { (const char *)data, size };
	size_t whole, strict = 0, cut;
	enum parse answers[2];

	frames(all);
	for (int response = 0; response < 2; response++) {
		answers[response] = run(all, response, 0, &whole);
		CHECK(run(all, response, cut_seed(data, size), &cut) == answers[response] && cut == whole);
		trailers(all, response, cut_seed(data, size), answers[response]);
		if (!response)
			strict = whole;
	}
	if (answers[0] != PARSE_BAD)
		CHECK(answers[1] == answers[0] && strict == whole);
	return 0;
}
