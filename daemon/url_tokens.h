/* SPDX-License-Identifier: GPL-3.0-or-later */
/* url_tokens - a URL in lower case and the hashes of its tokens, in one pass
 *
 * A token is a longest run of ASCII letters and digits.  Every separator of the filter syntax is outside of that
 * alphabet, so a filter whose text holds a whole token can only match a URL that holds the same token.
 * Hashes are keyed: who writes a list or a URL cannot choose what collides.  Pure.
 *
 * The pass is done 32 or 16 bytes at a time where the processor can (AVX2, SSE2), one at a time elsewhere; the answers
 * are the same.
 */
#ifndef DEJUNK_URL_TOKENS_H
#define DEJUNK_URL_TOKENS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { URL_TOKENS_PAD = 64 };	/* bytes after a text that may be read, and after a URL that are overwritten */

struct url_key {
	uint64_t a, b, c, d;	/* random; b and d are odd */
};

/* url_key_of - the key that follows from a seed */
struct url_key url_key_of(uint64_t seed);

/* url_mum - the two halves of the product, folded */
static inline uint64_t url_mum(uint64_t x, uint64_t y)
{
	unsigned __int128 r = (unsigned __int128)x * y;

	return (uint64_t)r ^ (uint64_t)(r >> 64);
}

static inline uint64_t url_load(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

extern const uint64_t url_mask[17][2];	/* of the first n of 16 bytes */

/* url_hash - of @len bytes; up to 16 bytes after them are read and do not count */
static inline uint64_t url_hash(const struct url_key *k, const char *p, size_t len)
{
	uint64_t h = k->a ^ (uint64_t)len << 56;

	for (; __builtin_expect(len > 16, 0); len -= 16, p += 16)
		h = url_mum(url_load(p) ^ h, url_load(p + 8) ^ k->b);
	return url_mum((url_load(p) & url_mask[len][0]) ^ h, (url_load(p + 8) & url_mask[len][1]) ^ k->b);
}

/* url_token_hash - what url_tokens() gives for this token: 32 bits of its length and its first 16 bytes.  Up to 16 bytes
 * from @p are read. */
static inline uint32_t url_token_hash(const struct url_key *k, const char *p, size_t len)
{
	size_t n = len < 16 ? len : 16;

	return (uint32_t)(url_mum((url_load(p) & url_mask[n][0]) ^ k->a ^ (uint64_t)len << 48,
				  (url_load(p + 8) & url_mask[n][1]) ^ k->b) >> 32);
}

/* a set of hashed tokens and beginnings of tokens, so that most of what is not there is told in one look.  All zero: empty */
enum { URL_SET_BITS = 4096, URL_SET_MORE = 8 /* for others */, URL_BEGINNING = 4 /* bytes */ };
struct url_set {
	uint8_t now;			/* counts the URLs: what was put into the set for another is not in it any more */
	uint8_t at[URL_SET_BITS + URL_SET_MORE];	/* a byte, not a bit, each: what is stored need not be loaded first */
};

/* url_bit_token, url_bit_beginning - the bit of a token (by its hash), and of the URL_BEGINNING bytes that one begins with */
static inline uint32_t url_bit_token(uint32_t hash) { return hash >> 3 & (URL_SET_BITS - 1); }
static inline uint32_t url_bit_beginning(const struct url_key *k, const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return (uint32_t)((v ^ (uint32_t)k->c) * (k->d | 1) >> 40) & (URL_SET_BITS - 1);
}
static inline void url_set_add(struct url_set *s, uint32_t bit) { s->at[bit] = s->now; }
static inline int url_set_has(const struct url_set *s, uint32_t bit) { return s->at[bit] == s->now; }
static inline void url_set_clear(struct url_set *s)
{
	if (++s->now == 0) {
		memset(s, 0, sizeof(*s));
		s->now = 1;
	}
}

/* url_tokens - copy a text in lower case, and hash its tokens in their order
 * @in: @len bytes
 * @text: filled with them; may be @in.  Then URL_TOKENS_PAD bytes that become zero
 * @hash: room for (len + 1) / 2 values
 * @set: filled: each token, and the beginning of each that is long enough (and perhaps of others)
 * Returns how many tokens there are. */
size_t url_tokens(const struct url_key *key, const char *in, char *text, size_t len, uint32_t *hash, struct url_set *set);
/* url_tokens_scalar - the same, one byte at a time: for other processors, and to test against */
size_t url_tokens_scalar(const struct url_key *key, const char *in, char *text, size_t len, uint32_t *hash,
			 struct url_set *set);

/* url_is_token - a letter (lower case) or digit? */
static inline int url_is_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

#endif
