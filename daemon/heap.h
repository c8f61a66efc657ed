/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heap - what is due first: a binary heap of nodes that live inside their owners
 *
 * A node knows its slot, so that any node can be moved or removed in O(log n).
 */
#ifndef DEJUNK_HEAP_H
#define DEJUNK_HEAP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct heap_node {
	uint64_t due_ms;
	uint32_t slot;		/* from 1; 0: in no heap */
};

struct heap {
	struct heap_node **slots;	/* slots[1..n] */
	uint32_t n, room;
};

static inline void heap_fini(struct heap *h) { free(h->slots); }

/* heap_reserve - room for @n nodes altogether; false: no memory, and nothing changed */
static inline bool heap_reserve(struct heap *h, uint32_t n)
{
	uint32_t room = h->room ? h->room : 4;
	struct heap_node **slots;

	if (n <= h->room)
		return true;
	while (room < n)
		room *= 2;
	slots = realloc(h->slots, ((size_t)room + 1) * sizeof(slots[0]));
	if (!slots)
		return false;
	h->slots = slots;
	h->room = room;
	return true;
}

static inline void heap_set(struct heap *h, uint32_t slot, struct heap_node *n)
{
	h->slots[slot] = n;
	n->slot = slot;
}

/* heap_move - @n is in @h and its due_ms may have changed */
static inline void heap_move(struct heap *h, struct heap_node *n)
{
	uint32_t at = n->slot, child;

	for (; at > 1 && h->slots[at / 2]->due_ms > n->due_ms; at /= 2)
		heap_set(h, at, h->slots[at / 2]);
	for (; (child = at * 2) <= h->n; at = child) {
		if (child < h->n && h->slots[child + 1]->due_ms < h->slots[child]->due_ms)
			child++;
		if (h->slots[child]->due_ms >= n->due_ms)
			break;
		heap_set(h, at, h->slots[child]);
	}
	heap_set(h, at, n);
}

/* heap_put - the room was reserved */
static inline void heap_put(struct heap *h, struct heap_node *n)
{
	n->slot = ++h->n;
	h->slots[n->slot] = n;
	heap_move(h, n);
}

/* heap_remove - @n is in @h, or in none */
static inline void heap_remove(struct heap *h, struct heap_node *n)
{
	struct heap_node *last;

	if (!n->slot)
		return;
	last = h->slots[h->n--];
	if (last != n) {
		last->slot = n->slot;
		h->slots[last->slot] = last;
		heap_move(h, last);
	}
	n->slot = 0;
}

/* heap_first - the node that is due first; NULL: empty */
static inline struct heap_node *heap_first(const struct heap *h) { return h->n ? h->slots[1] : NULL; }

#endif
