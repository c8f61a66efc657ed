/* SPDX-License-Identifier: GPL-3.0-or-later */
/* names_store - the things that names is made of, and how they hang together; for names.c alone
 *
 * Owners, places, pairs, entries and texts are made, found and freed here, so that counts, heaps and hashes agree after each
 * call.  What any of it means, and who is to be told, is for names.c, whose first lines explain the five of them.
 */
#ifndef DEJUNK_NAMES_STORE_H
#define DEJUNK_NAMES_STORE_H

#include "hash.h"
#include "heap.h"
#include "names.h"

struct text {
	struct hash_node node;
	uint32_t refs;
	uint32_t len;
	char bytes[];
};

struct owner {
	struct hash_node node;
	struct client key;
	uint32_t pairs;		/* all; heap lacks the one that is being learned */
	uint32_t names;		/* ghosts included */
	uint32_t bytes;
	struct heap heap;	/* pair.last */
};

struct place {
	struct hash_node node;
	struct addr addr;
	uint32_t pairs;
	uint32_t blocked;	/* entries, expired ones included */
	uint64_t until_ms;	/* no blocked entry lives longer */
	bool told;
};

struct entry {
	struct heap_node due;
	struct entry *next;	/* of the pair */
	struct pair *pair;
	struct text *chain;	/* NULL: a ghost */
	struct addr client_ip;
	uint32_t origin;
	bool blocked;
};

struct pair {
	struct hash_node node;
	struct heap_node last;	/* due: the largest of its entries' */
	struct owner *owner;	/* NULL: the slot is free */
	struct place *place;
	struct entry *entries;
	uint32_t names;		/* ghosts not included */
	enum pair_state told;
};

/* slots of one size, reserved at once, touched as they are used; free ones in a list through their first bytes */
struct pool {
	char *base;
	size_t size;
	uint32_t used, slots;
	void *free;
};

struct names {
	struct names_bounds bound;
	uint64_t seed;
	names_on_change *on_change;
	void *arg;
	struct pool owner_pool, place_pool, pair_pool, entry_pool;
	struct hash_table owners, places, pairs, texts;
	struct heap heap;	/* entry.due */
	uint32_t bytes;		/* of all texts */
};

/* pool_init - reserve @slots of @size bytes; false: no memory
 * pool_get - a slot of zeroes; NULL only if a bound was not kept */
bool pool_init(struct pool *p, uint32_t slots, size_t size);
void *pool_get(struct pool *p);

/* addr_key, client_key - only what identifies it, the rest zero: as it is hashed and compared */
struct addr addr_key(const struct addr *a);
struct client client_key(const struct client *c);

/* owner_find, place_find - by such a key; pair_find - of these two, either may be NULL; NULL: there is none */
struct owner *owner_find(const struct names *n, const struct client *key);
struct place *place_find(const struct names *n, const struct addr *key);
struct pair *pair_find(const struct names *n, const struct owner *o, const struct place *p);
/* pair_make - the pair of these two keys, made where there is none; not in the owner's heap when new.  NULL: no memory */
struct pair *pair_make(struct names *n, const struct client *client, const struct addr *addr);
/* pair_free - of a pair without entries; its owner and place go with their last pair */
void pair_free(struct names *n, struct pair *pair);

/* text_get - one more reference to this chain, made where there is none; NULL: no memory.  text_put - one less */
struct text *text_get(struct names *n, struct span chain);
void text_put(struct names *n, struct text *t);
/* text_chain - the names as they were given; text_question - the first of them.  Borrowed */
struct span text_chain(const struct text *t);
struct span text_question(const struct text *t);

/* entry_set_blocked, entry_set_text (takes the reference; NULL: a ghost), entry_set_due (never earlier) - change an entry
 * of a pair, and all that counts it; entry_free - the pair loses it */
void entry_set_blocked(struct entry *e, bool blocked, uint32_t origin);
void entry_set_text(struct names *n, struct entry *e, struct text *t);
void entry_set_due(struct names *n, struct entry *e, uint64_t due_ms);
void entry_free(struct names *n, struct entry *e);

#endif
