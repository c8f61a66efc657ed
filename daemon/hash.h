/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hash - a table of chained nodes that live inside their owners; a fixed number of buckets
 *
 * Neither hashes nor compares: the caller brings a hash made with a random seed (XXH3_64bits_withSeed) and compares
 * what hash_first() and hash_next() offer.
 */
#ifndef DEJUNK_HASH_H
#define DEJUNK_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct hash_node {
	struct hash_node *next;
	uint64_t hash;
};

struct hash_table {
	struct hash_node **bucket;
	uint64_t mask;
};

/* hash_init - buckets for about @nodes nodes; false: no memory.  hash_fini frees the buckets, not the nodes */
static inline bool hash_init(struct hash_table *t, uint32_t nodes)
{
	uint64_t n = 16;

	while (n < nodes)
		n *= 2;
	t->mask = n - 1;
	t->bucket = calloc(n, sizeof(t->bucket[0]));
	return t->bucket;
}

static inline void hash_fini(struct hash_table *t) { free(t->bucket); }

static inline void hash_put(struct hash_table *t, struct hash_node *n, uint64_t hash)
{
	n->hash = hash;
	n->next = t->bucket[hash & t->mask];
	t->bucket[hash & t->mask] = n;
}

/* hash_remove - @n is in @t */
static inline void hash_remove(struct hash_table *t, struct hash_node *n)
{
	struct hash_node **at = &t->bucket[n->hash & t->mask];

	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
}

/* hash_next - from @n on (itself included), the first node with this hash; NULL: none */
static inline struct hash_node *hash_next(struct hash_node *n, uint64_t hash)
{
	while (n && n->hash != hash)
		n = n->next;
	return n;
}

static inline struct hash_node *hash_first(const struct hash_table *t, uint64_t hash)
{
	return hash_next(t->bucket[hash & t->mask], hash);
}

#endif
