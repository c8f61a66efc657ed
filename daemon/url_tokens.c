/* SPDX-License-Identifier: GPL-3.0-or-later */
/* url_tokens - lower case, find and hash tokens: 64 bytes give a mask of token bytes, its edges are the tokens' ends */
#include "url_tokens.h"

#include "span.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define ONES(n)	((n) >= 8 ? ~(uint64_t)0 : ((uint64_t)1 << 8 * ((n) & 7)) - 1)
#define ROW(n)	{ ONES(n), (n) > 8 ? ONES((n) - 8) : 0 }
const uint64_t url_mask[17][2] = {	/* on little-endian machines the first bytes are the low ones */
	ROW(0), ROW(1), ROW(2), ROW(3), ROW(4), ROW(5), ROW(6), ROW(7), ROW(8), ROW(9), ROW(10), ROW(11), ROW(12), ROW(13),
	ROW(14), ROW(15), ROW(16),
};
#undef ROW
#undef ONES

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

/* @now: that of the set, which a store to it might change for all that the compiler knows; likewise the key */
static inline __attribute__((always_inline)) uint32_t
token(struct url_key k, const char *p, size_t len, struct url_set *set, uint8_t now)
{
	uint32_t h = url_token_hash(&k, p, len);

	set->at[url_bit_token(h)] = now;
	set->at[url_bit_beginning(&k, p)] = now;
	return h;
}

size_t url_tokens_scalar(const struct url_key *key, const char *in, char *text, size_t len, uint32_t *hash,
			 struct url_set *set)
{
	size_t n = 0, start = 0;

	for (size_t i = 0; i < len; i++)
		text[i] = char_lower(in[i]);
	memset(text + len, 0, URL_TOKENS_PAD);
	url_set_clear(set);
	for (size_t i = 0; i <= len; i++) {
		if (url_is_token(text[i]))
			continue;
		if (i > start)
			hash[n++] = token(*key, text + start, i - start, set, set->now);
		start = i + 1;
	}
	return n;
}

#if defined(__x86_64__)
/* what of the tokens has been seen so far */
struct run {
	struct url_key key;
	struct url_set *set;
	uint32_t *hash;
	size_t count;
	const char *open;	/* where the token began that the last block ended in, or NULL */
	uint8_t now;
};

static inline __attribute__((always_inline)) void run_block(struct run *run, const char *base, uint64_t mask)
{
	uint64_t before = mask << 1 | (run->open ? 1 : 0);
	uint64_t starts = mask & ~before, ends = ~mask & before;
	size_t n = run->count;

	if (run->open && ends) {
		const char *end = base + __builtin_ctzll(ends);

		run->hash[n++] = token(run->key, run->open, (size_t)(end - run->open), run->set, run->now);
		ends &= ends - 1;
		run->open = NULL;
	}
	for (; ends; ends &= ends - 1, starts &= starts - 1) {
		unsigned s = (unsigned)__builtin_ctzll(starts), e = (unsigned)__builtin_ctzll(ends);

		run->hash[n++] = token(run->key, base + s, e - s, run->set, run->now);
	}
	if (starts)
		run->open = base + __builtin_ctzll(starts);
	run->count = n;
}

static inline uint64_t block_sse2(const char *in, char *out)
{
	uint64_t mask = 0;

	for (int i = 0; i < 4; i++) {
		__m128i v = _mm_loadu_si128((const __m128i *)(in + 16 * i));
		__m128i up = _mm_sub_epi8(v, _mm_set1_epi8('A'));
		__m128i is_up = _mm_cmpeq_epi8(_mm_min_epu8(up, _mm_set1_epi8(25)), up);
		__m128i low = _mm_or_si128(v, _mm_and_si128(is_up, _mm_set1_epi8(0x20)));
		__m128i letter = _mm_sub_epi8(low, _mm_set1_epi8('a'));
		__m128i digit = _mm_sub_epi8(low, _mm_set1_epi8('0'));
		__m128i is = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(25)), letter),
					  _mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit));

		_mm_storeu_si128((__m128i *)(out + 16 * i), low);
		mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(is) << 16 * i;
	}
	return mask;
}

__attribute__((target("avx2,bmi,bmi2"))) static inline uint64_t block_avx2(const char *in, char *out)
{
	uint64_t mask = 0;

	for (int i = 0; i < 2; i++) {
		__m256i v = _mm256_loadu_si256((const __m256i *)(in + 32 * i));
		__m256i up = _mm256_sub_epi8(v, _mm256_set1_epi8('A'));
		__m256i is_up = _mm256_cmpeq_epi8(_mm256_min_epu8(up, _mm256_set1_epi8(25)), up);
		__m256i low = _mm256_or_si256(v, _mm256_and_si256(is_up, _mm256_set1_epi8(0x20)));
		__m256i letter = _mm256_sub_epi8(low, _mm256_set1_epi8('a'));
		__m256i digit = _mm256_sub_epi8(low, _mm256_set1_epi8('0'));
		__m256i is = _mm256_or_si256(
			_mm256_cmpeq_epi8(_mm256_min_epu8(letter, _mm256_set1_epi8(25)), letter),
			_mm256_cmpeq_epi8(_mm256_min_epu8(digit, _mm256_set1_epi8(9)), digit));

		_mm256_storeu_si256((__m256i *)(out + 32 * i), low);
		mask |= (uint64_t)(uint32_t)_mm256_movemask_epi8(is) << 32 * i;
	}
	return mask;
}

static inline __attribute__((always_inline)) struct run
run_begin(const struct url_key *key, char *text, size_t len, uint32_t *hash, struct url_set *set)
{
	memset(text + len, 0, URL_TOKENS_PAD);
	url_set_clear(set);
	return (struct run){ *key, set, hash, 0, NULL, set->now };
}

/* the block at @at: whole blocks are read where they are, the rest is first copied to where the pad is behind it */
static inline __attribute__((always_inline)) const char *run_input(const char *in, char *text, size_t len, size_t at)
{
	if (len - at >= 64)
		return in + at;
	if (in != text)
		memcpy(text + at, in + at, len - at);
	return text + at;
}

/* the pad is zero, which is no token: each token but one that ends at a multiple of 64 is ended by a block */
static inline __attribute__((always_inline)) size_t run_end(struct run *run, const char *end)
{
	if (run->open)
		run->hash[run->count++] = token(run->key, run->open, (size_t)(end - run->open), run->set, run->now);
	return run->count;
}

static size_t
tokens_sse2(const struct url_key *key, const char *in, char *text, size_t len, uint32_t *hash, struct url_set *set)
{
	struct run run = run_begin(key, text, len, hash, set);

	for (size_t at = 0; at < len; at += 64) {
		uint64_t mask = block_sse2(run_input(in, text, len, at), text + at);

		run_block(&run, text + at, mask);
	}
	return run_end(&run, text + len);
}

__attribute__((target("avx2,bmi,bmi2"))) static size_t
tokens_avx2(const struct url_key *key, const char *in, char *text, size_t len, uint32_t *hash, struct url_set *set)
{
	struct run run = run_begin(key, text, len, hash, set);

	for (size_t at = 0; at < len; at += 64) {
		uint64_t mask = block_avx2(run_input(in, text, len, at), text + at);

		run_block(&run, text + at, mask);
	}
	return run_end(&run, text + len);
}

size_t url_tokens(const struct url_key *key, const char *in, char *text, size_t len, uint32_t *hash, struct url_set *set)
{
	static int avx2 = -1;

	if (avx2 < 0)
		avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
	return avx2 ? tokens_avx2(key, in, text, len, hash, set) : tokens_sse2(key, in, text, len, hash, set);
}
#else
size_t url_tokens(const struct url_key *key, const char *in, char *text, size_t len, uint32_t *hash, struct url_set *set)
{
	return url_tokens_scalar(key, in, text, len, hash, set);
}
#endif
