/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_buf - bytes stay in order whatever happens to the memory under them, and the memory comes back
 * links: buf */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "buf.h"
#include "limits.h"

static void append(struct buf *b, const char *s)
{
	assert_true(buf_append(b, span_of(s)));
}

static void holds(const struct buf *b, const char *want)
{
	assert_true(span_eq(buf_span(b), span_of(want)));
}

static void an_empty_buffer_owns_nothing(void **state)
{
	struct buf b = { 0 };

	(void)state;
	assert_int_equal(buf_pool_bytes(), 0);
	append(&b, "abc");
	assert_int_equal(buf_pool_bytes(), BUF_LEAST);
	buf_take(&b, 3);
	assert_null(b.mem);
	assert_int_equal(buf_pool_bytes(), 0);
	append(&b, "");
	assert_null(b.mem);
}

static void bytes_keep_their_order(void **state)
{
	struct buf b = { 0 };
	unsigned in = 0, out = 0, seed = 7;

	(void)state;
	/* a counter goes in and comes out, in pieces of every size, through all sizes of memory */
	for (int round = 0; round < 20000; round++) {
		seed = seed * 1103515245 + 12345;
		size_t n = seed >> 16 & (round % 100 == 0 ? 16383 : 255);
		size_t room = buf_room(&b, BUF_LEAST, n ? n : 1);

		if (room == 0) {
			assert_true(buf_len(&b) + n > BUF_MOST);
			n = 0;
		}
		for (size_t i = 0; i < n; i++)
			buf_end(&b)[i] = (char)in++;
		buf_added(&b, n);
		if (buf_len(&b) == 0)
			buf_clear(&b);
		seed = seed * 1103515245 + 12345;
		n = (seed >> 16) % (buf_len(&b) + 1);
		for (size_t i = 0; i < n; i++)
			assert_int_equal((uint8_t)buf_span(&b).p[i], (uint8_t)out++);
		buf_take(&b, n);
		if (round % 7 == 0)
			buf_fit(&b);
		assert_int_equal(buf_len(&b), in - out);
	}
	buf_clear(&b);
	assert_int_equal(buf_pool_bytes(), 0);
}

static void replaced_in_place(void **state)
{
	struct buf b = { 0 };

	(void)state;
	append(&b, "passHEAD HEADrest");
	buf_replace(&b, 4, 9, SPAN_LIT("edited"));
	holds(&b, "passeditedrest");
	buf_take(&b, 4);
	buf_replace(&b, 0, 6, SPAN_LIT(""));
	holds(&b, "rest");
	buf_replace(&b, 0, 4, SPAN_LIT(""));
	assert_null(b.mem);
}

static void replaced_by_more(void **state)
{
	struct buf b = { 0 };
	static char much[BUF_MOST];

	(void)state;
	append(&b, "passheadrest");
	buf_take(&b, 2);
	assert_true(buf_replace(&b, 2, 4, SPAN_LIT("longer head")));
	holds(&b, "sslonger headrest");
	assert_true(buf_replace(&b, 17, 0, SPAN_LIT("!")));
	holds(&b, "sslonger headrest!");
	/* beyond what it has: the bytes move to larger memory */
	memset(much, 'x', sizeof(much));
	assert_true(buf_replace(&b, 2, 11, (struct span){ much, 3 * BUF_LEAST }));
	assert_int_equal(buf_len(&b), 7 + 3 * BUF_LEAST);
	assert_memory_equal(buf_span(&b).p, "ssxxx", 5);
	assert_memory_equal(buf_span(&b).p + 2 + 3 * BUF_LEAST, "rest!", 5);
	assert_false(buf_replace(&b, 0, 0, (struct span){ much, sizeof(much) }));
	assert_int_equal(buf_len(&b), 7 + 3 * BUF_LEAST);
	buf_clear(&b);
}

static void what_waits_is_small(void **state)
{
	struct buf b = { 0 };

	(void)state;
	assert_true(buf_room(&b, BUF_BODY, 1) >= BUF_BODY);
	memcpy(buf_end(&b), "GET /", 5);
	buf_added(&b, 5);
	assert_int_equal(buf_pool_bytes(), BUF_BODY);
	buf_fit(&b);
	holds(&b, "GET /");
	assert_int_equal(buf_pool_bytes(), BUF_LEAST);
	buf_clear(&b);
}

static void bounded(void **state)
{
	static struct buf many[LIMIT_POOL_BYTES / BUF_BODY + 1];
	size_t n = 0;
	struct buf b = { 0 };

	(void)state;
	assert_int_equal(buf_room(&b, BUF_LEAST, BUF_MOST + 1), 0);
	while (n < sizeof(many) / sizeof(many[0]) && buf_room(&many[n], BUF_BODY, BUF_BODY))
		n++;
	/* half of it is for small ones: a large one is refused, and what can do with less gets less */
	assert_int_equal(n, LIMIT_POOL_BYTES / 2 / BUF_BODY);
	assert_int_equal(buf_room(&b, BUF_BODY, BUF_MODEST + 1), 0);
	assert_int_equal(buf_room(&b, BUF_BODY, 1), BUF_MODEST);
	buf_clear(&b);
	while (n)
		buf_clear(&many[--n]);
	buf_pool_trim();
	assert_int_equal(buf_pool_bytes(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_buffer_owns_nothing),
		cmocka_unit_test(bytes_keep_their_order),
		cmocka_unit_test(replaced_in_place),
		cmocka_unit_test(replaced_by_more),
		cmocka_unit_test(what_waits_is_small),
		cmocka_unit_test(bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
