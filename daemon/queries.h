/* SPDX-License-Identifier: GPL-3.0-or-later */
/* queries - DNS questions that wait for their answer, so that only asked answers are learned
 *
 * An answer belongs to a query when client address and port, server address and port,
 * message id, question name and type are all the same, and the query was seen within
 * LIMIT_DNS_QUERY_MS.  A client that repeats a query may be answered as often as it asked, up
 * to a few times; an answer more is nobody's.
 *
 * Entries are known by a keyed 128-bit hash, so an entry has one size whatever the name,
 * and nobody outside can make two questions meet.  Pure but for the memory it owns.
 */
#ifndef DEJUNK_QUERIES_H
#define DEJUNK_QUERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "span.h"

struct query {
	struct addr client;	/* with port */
	struct addr server;	/* with port */
	uint16_t id;		/* of the DNS message */
	uint16_t type;		/* of the question */
	struct span name;	/* of the question, normalised; borrowed for the call */
};

struct queries;

/* queries_new - a table for at most @max queries; @seed: a secret.  NULL: no memory */
struct queries *queries_new(size_t max, uint64_t seed);
void queries_free(struct queries *t);
/* queries_add - @q was asked at @now_ms; true: at the bound, the oldest one that may still be answered was forgotten */
bool queries_add(struct queries *t, const struct query *q, uint64_t now_ms);
/* queries_take - was @q asked, recently, and not yet answered as often as it was asked? */
bool queries_take(struct queries *t, const struct query *q, uint64_t now_ms);
/* queries_count - how many wait, expired ones included until they are met */
size_t queries_count(const struct queries *t);

#endif
