/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match_build_hosts - whole hosts to buckets of one cache line, and the Bloom filter before them */
#include <stdlib.h>

#include "match_draft.h"

enum { HOSTS_FILL_PERCENT = 75 };

static bool bucket_put(struct match_bucket *bucket, size_t buckets, const struct match_plain *p)
{
	size_t i = match_bucket_of(p->fp, buckets);

	for (;; i = i + 1 < buckets ? i + 1 : 0) {
		for (int e = 0; e < MATCH_BUCKET; e++) {
			if (bucket[i].fp[e] == p->fp)
				return false;
			if (bucket[i].fp[e] == 0) {
				bucket[i].fp[e] = p->fp;
				bucket[i].where[e] = p->where;
				return true;
			}
		}
		bucket[i].spill = 1;
	}
}

bool match_draft_hosts(struct match_builder *b, uint32_t folded[MATCH_LISTS])
{
	const struct match_plain *plain = (const void *)b->plain.p;
	size_t count = b->plain.len / sizeof(*plain), words = 8;
	size_t buckets = count * 100 / (HOSTS_FILL_PERCENT * MATCH_BUCKET) + 2;
	struct match_bucket *bucket = calloc(buckets, sizeof(*bucket));
	uint64_t *bloom;

	while (words * 4 < count)
		words *= 2;
	bloom = calloc(words, sizeof(*bloom));
	if (!bucket || !bloom) {
		free(bucket);
		free(bloom);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (!match_seen_new(&b->off, plain[i].fp, false) || !bucket_put(bucket, buckets, &plain[i])) {
			if (folded)
				folded[plain[i].where >> 24]++;
			continue;
		}
		bloom[match_bloom_word(plain[i].fp, words)] |= match_bloom_bits(plain[i].fp);
		b->head.hosts++;
	}
	b->buckets = (struct image_buf){ (uint8_t *)bucket, buckets * sizeof(*bucket), buckets * sizeof(*bucket), false };
	b->bloom = (struct image_buf){ (uint8_t *)bloom, words * sizeof(*bloom), words * sizeof(*bloom), false };
	image_buf_fini(&b->plain);
	b->head.filters += b->head.hosts;
	return true;
}
