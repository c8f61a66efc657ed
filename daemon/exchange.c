/* SPDX-License-Identifier: GPL-3.0-or-later */
/* exchange - a request, the facts of it, and its place in the queue of answers */
#include "exchange.h"

#include <stdlib.h>

static char *exchange_copy(char *to, struct span *s)
{
	if (s->len)
		memcpy(to, s->p, s->len);
	s->p = to;
	return to + s->len;
}

struct exchange *exchange_new(const struct facts *facts)
{
	size_t bytes = sizeof(struct exchange) + facts->host.len + facts->url.len + facts->source_host.len;
	struct exchange *x = malloc(bytes);
	char *to;

	if (!x)
		return NULL;
	*x = (struct exchange){ .bytes = (uint32_t)bytes, .facts = *facts };
	to = exchange_copy(x->mem, &x->facts.host);
	to = exchange_copy(to, &x->facts.source_host);
	exchange_copy(to, &x->facts.url);
	return x;
}

void exchange_free(struct exchange *x)
{
	free(x);
}

void exchanges_push(struct exchanges *q, struct exchange *x)
{
	x->next = NULL;
	if (q->last)
		q->last->next = x;
	else
		q->first = x;
	q->last = x;
	q->count++;
	q->bytes += x->bytes;
}

struct exchange *exchanges_pop(struct exchanges *q)
{
	struct exchange *x = q->first;

	if (!x)
		return NULL;
	q->first = x->next;
	if (!q->first)
		q->last = NULL;
	q->count--;
	q->bytes -= x->bytes;
	x->next = NULL;
	return x;
}

void exchanges_clear(struct exchanges *q)
{
	struct exchange *x;

	while ((x = exchanges_pop(q)))
		exchange_free(x);
}
