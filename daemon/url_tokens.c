/* SPDX-License-Identifier: GPL-3.0-or-later */
/* url_tokens - lower case, find and hash tokens: 64 bytes give a mask of token bytes, its edges are the tokens' ends */
#include "url_tokens.h"

#include "span.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

struct url_key url_key_of(uint64_t seed)
{
	uint64_t v[4];

	for (int i = 0; i < 4; i++) {	/* splitmix64 */
		uint64_t z = seed += 0x9e3779b97f4a7c15;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
		z = (z ^ z >> 27) * 0x94d049bb133111eb;
		v[i] = z ^ z >> 31;
	}
	return (struct url_key){ v[0], v[1] | 1, v[2], v[3] | 1 };
}

size_t url_tokens_scalar(const struct url_key *k, char *text, size_t len, uint32_t *hash)
{
	size_t n = 0, start = 0;

	for (size_t i = 0; i < len; i++)
		text[i] = char_lower(text[i]);
	memset(text + len, 0, URL_TOKENS_PAD);
	for (size_t i = 0; i <= len; i++) {
		if (url_is_token(text[i]))
			continue;
		if (i > start)
			hash[n++] = url_token_hash(k, text + start, i - start);
		start = i + 1;
	}
	return n;
}

#if defined(__x86_64__)
/* what of the tokens has been seen so far */
struct run {
	size_t count;
	const char *open;	/* where the token began that the last block ended in, or NULL */
};

static inline __attribute__((always_inline)) void
run_block(const struct url_key *k, struct run *run, const char *base, uint64_t mask, uint32_t *hash)
{
	uint64_t before = mask << 1 | (run->open ? 1 : 0);
	uint64_t starts = mask & ~before, ends = ~mask & before;
	size_t n = run->count;

	if (run->open && ends) {
		hash[n++] = url_token_hash(k, run->open, (size_t)(base + __builtin_ctzll(ends) - run->open));
		ends &= ends - 1;
		run->open = NULL;
	}
	for (; ends; ends &= ends - 1, starts &= starts - 1) {
		unsigned s = (unsigned)__builtin_ctzll(starts), e = (unsigned)__builtin_ctzll(ends);

		hash[n++] = url_token_hash(k, base + s, e - s);
	}
	if (starts)
		run->open = base + __builtin_ctzll(starts);
	run->count = n;
}

static inline uint64_t block_sse2(char *p)
{
	uint64_t mask = 0;

	for (int i = 0; i < 4; i++) {
		__m128i v = _mm_loadu_si128((const __m128i *)(p + 16 * i));
		__m128i up = _mm_sub_epi8(v, _mm_set1_epi8('A'));
		__m128i is_up = _mm_cmpeq_epi8(_mm_min_epu8(up, _mm_set1_epi8(25)), up);
		__m128i low = _mm_or_si128(v, _mm_and_si128(is_up, _mm_set1_epi8(0x20)));
		__m128i letter = _mm_sub_epi8(low, _mm_set1_epi8('a'));
		__m128i digit = _mm_sub_epi8(low, _mm_set1_epi8('0'));
		__m128i is = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(25)), letter),
					  _mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit));

		_mm_storeu_si128((__m128i *)(p + 16 * i), low);
		mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(is) << 16 * i;
	}
	return mask;
}

__attribute__((target("avx2,bmi,bmi2"))) static inline uint64_t block_avx2(char *p)
{
	uint64_t mask = 0;

	for (int i = 0; i < 2; i++) {
		__m256i v = _mm256_loadu_si256((const __m256i *)(p + 32 * i));
		__m256i up = _mm256_sub_epi8(v, _mm256_set1_epi8('A'));
		__m256i is_up = _mm256_cmpeq_epi8(_mm256_min_epu8(up, _mm256_set1_epi8(25)), up);
		__m256i low = _mm256_or_si256(v, _mm256_and_si256(is_up, _mm256_set1_epi8(0x20)));
		__m256i letter = _mm256_sub_epi8(low, _mm256_set1_epi8('a'));
		__m256i digit = _mm256_sub_epi8(low, _mm256_set1_epi8('0'));
		__m256i is = _mm256_or_si256(
			_mm256_cmpeq_epi8(_mm256_min_epu8(letter, _mm256_set1_epi8(25)), letter),
			_mm256_cmpeq_epi8(_mm256_min_epu8(digit, _mm256_set1_epi8(9)), digit));

		_mm256_storeu_si256((__m256i *)(p + 32 * i), low);
		mask |= (uint64_t)(uint32_t)_mm256_movemask_epi8(is) << 32 * i;
	}
	return mask;
}

/* the pad is zero, which is no token: each token but one that ends at a multiple of 64 is ended by a block */
static inline __attribute__((always_inline)) size_t
run_end(const struct url_key *k, struct run *run, const char *end, uint32_t *hash)
{
	if (run->open)
		hash[run->count++] = url_token_hash(k, run->open, (size_t)(end - run->open));
	return run->count;
}

static size_t tokens_sse2(const struct url_key *k, char *text, size_t len, uint32_t *hash)
{
	struct run run = { 0, NULL };

	memset(text + len, 0, URL_TOKENS_PAD);
	for (size_t at = 0; at < len; at += 64) {
		uint64_t mask = block_sse2(text + at);

		run_block(k, &run, text + at, mask, hash);
	}
	return run_end(k, &run, text + len, hash);
}

__attribute__((target("avx2,bmi,bmi2")))
static size_t tokens_avx2(const struct url_key *k, char *text, size_t len, uint32_t *hash)
{
	struct run run = { 0, NULL };

	memset(text + len, 0, URL_TOKENS_PAD);
	for (size_t at = 0; at < len; at += 64) {
		uint64_t mask = block_avx2(text + at);

		run_block(k, &run, text + at, mask, hash);
	}
	return run_end(k, &run, text + len, hash);
}

size_t url_tokens(const struct url_key *k, char *text, size_t len, uint32_t *hash)
{
	static int avx2 = -1;

	if (avx2 < 0)
		avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
	return avx2 ? tokens_avx2(k, text, len, hash) : tokens_sse2(k, text, len, hash);
}
#else
size_t url_tokens(const struct url_key *k, char *text, size_t len, uint32_t *hash)
{
	return url_tokens_scalar(k, text, len, hash);
}
#endif
