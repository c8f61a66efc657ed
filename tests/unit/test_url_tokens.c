/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_url_tokens - links: url_tokens */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "guard.h"
#include "url_tokens.h"

enum { MOST = 400 };

static char fast[MOST + URL_TOKENS_PAD], slow[MOST + URL_TOKENS_PAD];
static struct url_set fast_set, slow_set;
static uint32_t fast_hash[MOST], slow_hash[MOST];

static void tokens_are_runs_of_letters_and_digits(void **state)
{
	struct url_key k = url_key_of(1);
	char text[64 + URL_TOKENS_PAD] = "HTTP://a-B.c/averyverylongtokenofmanyletters9%2F_";
	char word[16] = "b", lower[64] = "averyverylongtokenofmanyletters9";
	size_t n;

	(void)state;
	n = url_tokens(&k, text, text, strlen(text), fast_hash, &fast_set);
	assert_int_equal(n, 6);
	assert_string_equal(text, "http://a-b.c/averyverylongtokenofmanyletters9%2f_");
	assert_int_equal(fast_hash[2], url_token_hash(&k, word, 1));
	assert_true(url_set_has(&fast_set, url_bit_beginning(&k, "aver")) && url_set_has(&fast_set, url_bit_token(fast_hash[5])));
	assert_int_equal(fast_hash[4], url_token_hash(&k, lower, strlen(lower)));
}

/* every length and every alignment of tokens to blocks, with bytes of all kinds behind the text */
static void fast_and_slow_agree(void **state)
{
	struct url_key k = url_key_of(2);

	(void)state;
	srandom(3);
	for (int i = 0; i < 20000; i++) {
		size_t len = (size_t)random() % MOST, there = 0, a, b;
		unsigned sparse = 2 + (unsigned)random() % 40;

		for (size_t j = 0; j < MOST + URL_TOKENS_PAD; j++)
			slow[j] = (unsigned)random() % sparse ? "aZ09mK"[random() % 6] : (char)random();
		/* from elsewhere, up to an unreadable page, or in place */
		if (i % 2)
			a = url_tokens(&k, guard_copy((struct span){ slow, len }).p, fast, len, fast_hash, &fast_set);
		else
			a = url_tokens(&k, memcpy(fast, slow, len), fast, len, fast_hash, &fast_set);
		b = url_tokens_scalar(&k, slow, slow, len, slow_hash, &slow_set);
		assert_int_equal(a, b);
		for (uint32_t j = 0; j < URL_SET_BITS; j++)
			there += (size_t)url_set_has(&fast_set, j);
		assert_true(there <= 2 * a);		/* what other texts had is gone */
		assert_memory_equal(fast, slow, len + URL_TOKENS_PAD);
		for (size_t j = 0; j < a; j++)
			assert_true(url_set_has(&fast_set, url_bit_token(fast_hash[j])));
		for (size_t j = 0, n; j < len; j += n + 1) {
			for (n = 0; j + n < len && url_is_token(fast[j + n]); n++)
				;
			assert_true(n < URL_BEGINNING || url_set_has(&fast_set, url_bit_beginning(&k, fast + j)));
		}
		if (a)
			assert_memory_equal(fast_hash, slow_hash, a * sizeof(*fast_hash));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens_are_runs_of_letters_and_digits),
		cmocka_unit_test(fast_and_slow_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
