/* SPDX-License-Identifier: GPL-3.0-or-later */
/* exchange - one request and the answer it waits for; and the queue of them that a connection has
 *
 * Responses come in the order of the requests (RFC 9112 s.9.3.2).  A request that was sent on
 * waits for the origin's response, one that dejunk answers itself waits for its turn.  An
 * exchange keeps the facts of its request, since cookies and images of the response are
 * judged by them.
 */
#ifndef DEJUNK_EXCHANGE_H
#define DEJUNK_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "http1_head.h"
#include "rules.h"

struct exchange {
	struct exchange *next;
	uint32_t bytes;		/* of this struct and what it holds */
	uint16_t status;	/* 0: the origin answers.  Else dejunk does, with this status */
	uint8_t method;		/* enum http1_method */
	bool http10;		/* asked in HTTP/1.0 */
	bool close;		/* after its answer the connection ends: asked for, or there is no way on */
	bool upgrade;		/* Upgrade or CONNECT: may become a tunnel, nothing is read behind it */
	uint32_t width, height;	/* of the empty image to answer with; 0: 1x1 */
	const char *detail;	/* one more line for an error answer, a literal; NULL: none */
	struct verdict verdict;	/* of rules_request() */
	struct facts facts;	/* spans point into mem; addresses into the connection */
	char mem[];
};

struct exchanges {		/* all zero: empty */
	struct exchange *first, *last;
	uint32_t count;
	uint32_t bytes;		/* sum of their bytes */
};

/* exchange_new - copy the facts; NULL: no memory.  Undone by exchange_free() or exchanges_pop() */
struct exchange *exchange_new(const struct facts *facts);
void exchange_free(struct exchange *x);
/* exchanges_push - takes @x to the end of the queue */
void exchanges_push(struct exchanges *q, struct exchange *x);
/* exchanges_pop - the first leaves the queue; the caller owns it.  NULL: empty */
struct exchange *exchanges_pop(struct exchanges *q);
/* exchanges_clear - free them all */
void exchanges_clear(struct exchanges *q);

#endif
