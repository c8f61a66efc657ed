/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match_hash - the hash functions that match_build and match must agree on */
#ifndef DEJUNK_MATCH_HASH_H
#define DEJUNK_MATCH_HASH_H

#include "match_image.h"
#include "url_tokens.h"

/* match_label - the fingerprint of a name from that of its parent (match_root: none) and its first label.  Reads up
 * to 8 bytes past the label. */
static inline uint64_t match_root(const struct url_key *k) { return k->c; }
static inline uint64_t match_label(const struct url_key *k, uint64_t parent, const char *label, size_t len)
{
	return url_mum(parent ^ k->a, url_hash(k, label, len) ^ k->d);
}

/* the keys that records are filed under: of a token, of a host, of a host of the page */
static inline uint32_t match_key_token(uint32_t hash) { return hash; }
static inline uint32_t match_key_host(uint64_t fp) { return (uint32_t)(fp >> 32); }
static inline uint32_t match_key_source(uint64_t fp) { return (uint32_t)(fp >> 20) * 0x9e3779b1; }
/* "name.*", from the fingerprint of name */
static inline uint64_t match_any_tld(uint64_t fp) { return fp * 0x9e3779b97f4a7c15 ^ 0x2a; }

/* the bit of a page (or of "name.*") in a probe; bit 0 is for those that name none */
static inline uint64_t match_page_bit(uint64_t fp) { return (uint64_t)2 << ((fp >> 32) * 63 >> 32); }

static inline uint32_t match_bit(uint32_t key, unsigned bits_log2) { return key >> (32 - bits_log2); }
static inline uint32_t match_slot_of(uint32_t key, unsigned slots_log2) { return key & ((1u << slots_log2) - 1); }

/* the two bits of a fingerprint in its word of the Bloom filter; the word; the bucket */
static inline uint64_t match_bloom_bits(uint64_t fp)
{
	return (uint64_t)1 << (fp >> 58) | (uint64_t)1 << (fp >> 52 & 63);
}
static inline size_t match_bloom_word(uint64_t fp, size_t words) { return (size_t)(fp & (words - 1)); }
static inline size_t match_bucket_of(uint64_t fp, size_t buckets)
{
	return (size_t)((fp >> 20 & 0xffffffff) * (uint64_t)buckets >> 32);
}

#endif
