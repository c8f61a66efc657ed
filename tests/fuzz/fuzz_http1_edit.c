/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_http1_edit - links: http1_edit http1_head cookie query
 *
 * Property: edit, then parse, gives the same fields, but for those dropped or changed; no edit, no
 * byte changed.  A request's target that lost parameters is read back as it was written.  Which fields and parameters
 * go depends on the input.
 */
#include "check.h"
#include "http1_edit.h"
#include "query.h"

static struct http1_head head, again;
static char out[LIMIT_HEAD_BYTES];

static bool keep(const struct cookie *c, void *arg)
{
	(void)c;
	return cut_next(arg) & 1;
}

static bool keep_param(struct span param, void *arg)
{
	(void)param;
	return cut_next(arg) & 1;
}

/* edited - drop, replace or edit cookies; returns how many fields must be left */
static unsigned edited(struct http1_edit *e, uint32_t seed, bool gone[], bool changed[])
{
	unsigned left = 0;

	for (unsigned i = 0; i < head.count; i++) {
		const struct http1_field *f = &head.fields[i];
		uint32_t choice = cut_next(&seed) % 4;
		size_t from = e->from;

		gone[i] = changed[i] = false;
		if (f->id == HTTP1_HOST) {
			;	/* or the request would be refused when read again */
		} else if (f->id == HTTP1_COOKIE) {
			changed[i] = http1_edit_cookies(e, f, keep, &seed) > 0;
			gone[i] = changed[i] && e->from == (size_t)(f->name.p - e->in.p) + f->line_len;
		} else if (f->id == HTTP1_SET_COOKIE) {
			changed[i] = http1_edit_limit(e, f);
		} else if (choice == 0) {
			http1_edit_drop(e, f);
			gone[i] = true;
		} else if (choice == 1 && f->value.p > f->name.p + f->name.len) {
			http1_edit_replace(e, f, SPAN_LIT("x"));
			changed[i] = true;
		}
		CHECK(e->from >= from);
		left += !gone[i];
	}
	return left;
}

static void one(struct span in, uint32_t seed, enum parse (*parse)(struct span, size_t, struct http1_head *))
{
	static bool gone[LIMIT_HEAD_FIELDS], changed[LIMIT_HEAD_FIELDS];
	static char target[LIMIT_HEAD_BYTES];
	struct span want = { NULL, 0 };
	uint32_t dice = seed;
	struct http1_edit e;

	if (parse(in, 0, &head) != PARSE_DONE)
		return;
	http1_edit_begin(&e, in, &head, out, sizeof(out));
	CHECK(http1_edit_end(&e) == head.len && !e.changed && memcmp(out, in.p, head.len) == 0);

	http1_edit_begin(&e, in, &head, out, sizeof(out));
	if (parse == http1_request_parse) {
		want = head.target;
		if (query_edit(head.target, keep_param, &dice, target, &want.len))
			want.p = target;
		/* a query alone would leave nothing */
		if (want.p == target && want.len)
			http1_edit_target(&e, want);
		else
			want = head.target;
	}
	unsigned left = edited(&e, seed, gone, changed);
	size_t len = http1_edit_end(&e);

	CHECK(len > 0);
	CHECK(parse((struct span){ out, len }, 0, &again) == PARSE_DONE && again.len == len);
	CHECK(again.count == left);
	CHECK(!want.p || span_eq(again.target, want));
	for (unsigned i = 0, j = 0; i < head.count; i++) {
		if (gone[i])
			continue;
		CHECK(span_eq(head.fields[i].name, again.fields[j].name));
		CHECK(changed[i] || span_eq(head.fields[i].value, again.fields[j].value));
		CHECK(!changed[i] || head.fields[i].id != HTTP1_SET_COOKIE || !cookie_lives(again.fields[j].value));
		j++;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = copy_of((struct span){ (const char *)data, size });

	one(in, cut_seed(data, size), http1_request_parse);
	one(in, cut_seed(data, size), http1_response_parse);
	drop_copy(in);
	return 0;
}
