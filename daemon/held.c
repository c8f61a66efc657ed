/* SPDX-License-Identifier: GPL-3.0-or-later */
/* held - an array of entries in three lists: spare, waiting, released; the last two oldest first */
#include "held.h"

#include <stdlib.h>

enum { HELD_NONE = UINT32_MAX };

struct slot {
	struct held_packet packet;	/* first: a packet is found back from its address */
	uint32_t older, newer;
	uint32_t turn;			/* how often the slot was used: the upper part of its token */
};

struct list {
	uint32_t oldest, newest, count;
};

struct held {
	uint32_t max;
	uint32_t spare;			/* chained by newer */
	struct list waiting, released;
	struct slot slot[];
};

struct held *held_new(uint32_t max)
{
	struct held *h = calloc(1, sizeof(*h) + max * sizeof(h->slot[0]));

	if (!h)
		return NULL;
	h->max = max;
	for (uint32_t i = 0; i < max; i++)
		h->slot[i].newer = i + 1 < max ? i + 1 : HELD_NONE;
	h->waiting = h->released = (struct list){ HELD_NONE, HELD_NONE, 0 };
	return h;
}

void held_free(struct held *h)
{
	for (uint32_t i = 0; h && i < h->max; i++)
		free(h->slot[i].packet.packet);
	free(h);
}

static void list_append(struct held *h, struct list *l, uint32_t i)
{
	h->slot[i].older = l->newest;
	h->slot[i].newer = HELD_NONE;
	*(l->newest == HELD_NONE ? &l->oldest : &h->slot[l->newest].newer) = i;
	l->newest = i;
	l->count++;
}

static void list_remove(struct held *h, struct list *l, uint32_t i)
{
	const struct slot *s = &h->slot[i];

	*(s->older == HELD_NONE ? &l->oldest : &h->slot[s->older].newer) = s->newer;
	*(s->newer == HELD_NONE ? &l->newest : &h->slot[s->newer].older) = s->older;
	l->count--;
}

static uint32_t held_index(const struct held *h, const struct held_packet *p)
{
	return (uint32_t)((const struct slot *)(const void *)p - h->slot);
}

static struct held_packet *held_at(struct held *h, uint32_t i)
{
	return i == HELD_NONE ? NULL : &h->slot[i].packet;
}

struct held_packet *held_add(struct held *h, uint32_t id, uint64_t now_ms)
{
	uint32_t i;
	struct slot *s;

	if (h->spare == HELD_NONE) {
		if (h->released.count == 0)
			return NULL;
		held_drop(h, held_at(h, h->released.oldest));
	}
	i = h->spare;
	s = &h->slot[i];
	h->spare = s->newer;
	do
		s->turn++;
	while (s->turn * h->max + i == 0);
	s->packet = (struct held_packet){
		.token = s->turn * h->max + i, .carrier = s->turn * h->max + i, .id = id, .waiting = true, .since_ms = now_ms,
		.until = UINT64_MAX,
	};
	list_append(h, &h->waiting, i);
	return &s->packet;
}

struct held_packet *held_find(struct held *h, uint32_t token)
{
	/* the product in held_add() may have wrapped: every slot's own token is compared, so at worst an
	 * old token is not found */
	struct held_packet *p = &h->slot[token % h->max].packet;

	return token && p->token == token ? p : NULL;
}

static void forget_packet(struct held_packet *p)
{
	free(p->packet);
	p->packet = NULL;
}

void held_release(struct held *h, struct held_packet *p)
{
	uint32_t i = held_index(h, p);

	if (!p->waiting)
		return;
	list_remove(h, &h->waiting, i);
	list_append(h, &h->released, i);
	p->waiting = false;
	forget_packet(p);
}

void held_drop(struct held *h, struct held_packet *p)
{
	uint32_t i = held_index(h, p);

	list_remove(h, p->waiting ? &h->waiting : &h->released, i);
	forget_packet(p);
	p->token = 0;
	h->slot[i].newer = h->spare;
	h->spare = i;
}

struct held_packet *held_oldest(struct held *h)
{
	return held_at(h, h->waiting.oldest);
}

struct held_packet *held_next(struct held *h, const struct held_packet *p)
{
	return held_at(h, h->slot[held_index(h, p)].newer);
}

void held_age(struct held *h, uint64_t before_ms)
{
	struct held_packet *p;

	while ((p = held_at(h, h->released.oldest)) && p->since_ms < before_ms)
		held_drop(h, p);
}

uint32_t held_waiting(const struct held *h)
{
	return h->waiting.count;
}
