/* SPDX-License-Identifier: GPL-3.0-or-later */
/* setbox - a ring of set changes, grown by doubling up to its bound */
#include "setbox.h"

#include <stdlib.h>
#include <string.h>

enum { SETBOX_FIRST = 1024 };	/* changes; room at the beginning */

struct setbox {
	uint32_t max;
	uint32_t room;			/* of ring, a power of two */
	struct msg_set *ring;
	uint64_t put, sent, done;	/* positions */
	uint32_t seq;			/* of the next transaction */
	uint32_t under_way;
	struct { uint32_t seq; uint64_t end; } way[SETBOX_UNDER_WAY];	/* oldest first */
	struct msg_set batch[LIMIT_SET_BATCH];
};

struct setbox *setbox_new(uint32_t max)
{
	struct setbox *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->max = max;
	b->seq = 1;
	b->room = SETBOX_FIRST;
	b->ring = malloc(b->room * sizeof(*b->ring));
	if (!b->ring) {
		free(b);
		return NULL;
	}
	return b;
}

void setbox_free(struct setbox *b)
{
	if (!b)
		return;
	free(b->ring);
	free(b);
}

static bool setbox_grow(struct setbox *b)
{
	struct msg_set *ring = malloc(2 * (size_t)b->room * sizeof(*ring));

	if (!ring)
		return false;
	for (uint64_t i = b->sent; i < b->put; i++)
		ring[i & (2 * b->room - 1)] = b->ring[i & (b->room - 1)];
	free(b->ring);
	b->ring = ring;
	b->room *= 2;
	return true;
}

bool setbox_put(struct setbox *b, const struct msg_set *set)
{
	if (setbox_waiting(b) >= b->max)
		return false;
	if (setbox_waiting(b) == b->room && !setbox_grow(b))
		return false;
	b->ring[b->put++ & (b->room - 1)] = *set;
	return true;
}

uint64_t setbox_position(const struct setbox *b)
{
	return b->put;
}

uint64_t setbox_done_position(const struct setbox *b)
{
	return b->done;
}

uint32_t setbox_waiting(const struct setbox *b)
{
	return (uint32_t)(b->put - b->sent);
}

size_t setbox_peek(struct setbox *b, const struct msg_set **sets)
{
	uint32_t n = setbox_waiting(b);

	if (b->under_way == SETBOX_UNDER_WAY)
		return 0;
	if (n > LIMIT_SET_BATCH)
		n = LIMIT_SET_BATCH;
	for (uint32_t i = 0; i < n; i++)
		b->batch[i] = b->ring[(b->sent + i) & (b->room - 1)];
	*sets = b->batch;
	return n;
}

uint32_t setbox_seq(const struct setbox *b)
{
	return b->seq;
}

void setbox_sent(struct setbox *b, size_t n)
{
	b->sent += n;
	b->way[b->under_way].seq = b->seq++;
	b->way[b->under_way++].end = b->sent;
}

bool setbox_done(struct setbox *b, uint32_t seq)
{
	for (uint32_t i = 0; i < b->under_way; i++) {
		if (b->way[i].seq != seq)
			continue;
		b->done = b->way[i].end;
		b->under_way -= i + 1;
		memmove(&b->way[0], &b->way[i + 1], b->under_way * sizeof(b->way[0]));
		return true;
	}
	return false;
}
